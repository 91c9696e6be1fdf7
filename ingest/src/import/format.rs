//! What a format is to the importer.

use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use retrace_core::blob::BlobError;
use retrace_core::event::EventError;

use super::discover::{Folder, Look};
use super::input::Input;
use super::progress::{Meter, Metered};
use super::reader::RecordingReader;
use super::{ImportError, shown_path};
use crate::container::{Compression, ContainerError};
use crate::{
    Limits, asciicast, guacamole, screenshots, sudo_iolog, tlog, ttyrec, typescript, video,
};

/// The formats that are read. A file is asked for by each, in this order; the first that knows it
/// has it.
pub(super) const FORMATS: &[&dyn Format] = &[
    &asciicast::Asciicast,
    &guacamole::Guacamole,
    &video::Video,
    &screenshots::Screenshots,
    &sudo_iolog::SudoIoLog,
    &typescript::Typescript,
    &tlog::Tlog,
    &ttyrec::Ttyrec,
];

/// A format of recordings.
pub trait Format: fmt::Debug + Send + Sync {
    /// Its name in messages: `ttyrec`.
    fn name(&self) -> &'static str;

    /// The recordings that a file is part of, by its content: none when it is not of this format.
    /// Most files are one recording ([`Look::whole`]). Those of which a recording has several name
    /// all of them, whichever of them is looked at, and a file that holds several recordings names
    /// each.
    ///
    /// # Errors
    /// When the file is of this format and no recording can be had of it, or it cannot be read.
    fn recognise(&'static self, file: &Look<'_>) -> Result<Vec<Candidate>, ImportError>;

    /// The recordings that a folder is. Its files that are no part of them are looked at one by one
    /// afterwards.
    ///
    /// # Errors
    /// As for [`Self::recognise`].
    fn recognise_folder(&'static self, _folder: &Folder) -> Result<Vec<Candidate>, ImportError> {
        Ok(Vec::new())
    }

    /// How names of such files end (in lower case, without the ending of a compression): a file
    /// that no format knows by its content is believed to be of the format that it is named after,
    /// so that what is wrong with it is said.
    fn endings(&self) -> &[&'static str] {
        &[]
    }

    /// Opens a recording.
    ///
    /// # Errors
    /// When it cannot be read, or is none.
    fn open(
        &self,
        candidate: &Candidate,
        files: &Files,
    ) -> Result<Box<dyn RecordingReader>, FormatError>;

    /// Whether the files of a recording are kept as they are, in blobs: yes, unless the events hold
    /// every byte of them (or name blobs that do).
    fn keeps_files(&self) -> bool {
        true
    }

    /// Opens what is kept of the file `index` of a recording: what the reader has told the digest of.
    ///
    /// # Errors
    /// When it cannot be read.
    fn open_kept(
        &self,
        candidate: &Candidate,
        index: usize,
        files: &Files,
    ) -> Result<Input, FormatError> {
        files.open(&candidate.parts[index])
    }
}

/// A recording that was found and not yet read.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its format.
    pub format: &'static dyn Format,
    /// The file, or the folder, that stands for it in reports.
    pub path: PathBuf,
    /// Its files. At least one.
    pub parts: Vec<Part>,
    /// Which recording of the file it is, where that holds several.
    pub section: Option<Section>,
}

impl Candidate {
    /// Files of one folder that are a recording together. The folder stands for it, where there is no
    /// other such recording in it; else the first of its files does.
    pub(crate) fn of_set(
        format: &'static dyn Format,
        folder: &Folder,
        parts: Vec<Part>,
        only: bool,
    ) -> Self {
        let is_named = folder.path().file_name().is_some();
        let path = match parts.first() {
            Some(first) if !(only && is_named) => first.path.clone(),
            _ => folder.path().to_path_buf(),
        };
        Self {
            format,
            path,
            parts,
            section: None,
        }
    }

    /// The size of its files on disk, in bytes.
    pub fn bytes(&self) -> u64 {
        let bytes = |part: &Part| part.bytes;
        match &self.section {
            Some(section) => {
                let length = section.bytes.end.saturating_sub(section.bytes.start);
                length.min(self.parts.iter().map(bytes).sum())
            }
            None => self.parts.iter().map(bytes).fold(0, u64::saturating_add),
        }
    }

    /// What people may call it, if it says nothing itself: its name without ending.
    pub fn title(&self) -> Option<String> {
        let name = match (&self.parts[..], self.path.is_dir()) {
            ([only], false) => &*only.name,
            _ => self.path.file_name()?.to_str()?,
        };
        let stem = Path::new(name).file_stem()?.to_str()?;
        Some(stem.to_owned())
    }

    /// The file that plays `role` in it.
    pub fn part(&self, role: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.role == role)
    }
}

/// A file of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Where it is.
    pub path: PathBuf,
    /// Its name within the recording, without the ending of a compression.
    pub name: String,
    /// What it is to the recording, in the words of its format: `timing`, `output`.
    pub role: &'static str,
    /// Its size on disk, in bytes.
    pub bytes: u64,
}

/// One of several recordings in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its name in the file.
    pub id: String,
    /// From its first to its last byte, decompressed. Other recordings may stand in between.
    pub bytes: Range<u64>,
}

/// Opens the files of one recording.
#[derive(Clone)]
pub struct Files {
    pub(super) limits: Limits,
    pub(super) picture_interval_us: u64,
    pub(super) meter: Option<Arc<Meter>>,
}

impl Files {
    /// Pictures without times are taken to be this far apart, unless it is said otherwise.
    pub(super) const PICTURE_INTERVAL_US: u64 = 1_000_000;

    /// Opens files within `limits`.
    pub fn new(limits: &Limits) -> Self {
        Self {
            limits: limits.clone(),
            picture_interval_us: Self::PICTURE_INTERVAL_US,
            meter: None,
        }
    }

    /// How much of a file is believed.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// How far apart pictures were taken that do not say when, in microseconds.
    pub fn picture_interval_us(&self) -> u64 {
        self.picture_interval_us
    }

    /// Opens a file to be read from its beginning.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(&self, part: &Part) -> Result<Input, FormatError> {
        let container = |source| FormatError::Container { file: None, source };
        Input::open(self.raw(part)?, &self.limits).map_err(container)
    }

    /// The same, for formats whose recorders are stopped in the middle of a file: where its compressed
    /// data is cut off or damaged, it ends, and [`Input::damage`] tells why.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open_good(&self, part: &Part) -> Result<Input, FormatError> {
        self.open(part).map(Input::keeping_what_is_good)
    }

    /// The same, from `from` on, a place in its decompressed content.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open_at(&self, part: &Part, from: u64) -> Result<Input, FormatError> {
        let container = |source| FormatError::Container { file: None, source };
        let mut input = self.open_good(part)?;
        if input.compression() == Compression::None {
            let mut file = self.file(part)?;
            let sought = file.file.seek(SeekFrom::Start(from));
            sought.map_err(|error| container(ContainerError::Io(error)))?;
            return Input::open(file, &self.limits).map_err(container);
        }
        let mut left = from;
        while left > 0 {
            let count = input.peek(left.min(64 << 10) as usize)?.len();
            if count == 0 {
                break;
            }
            input.skip(count);
            left -= count as u64;
        }
        input.begin_here();
        Ok(input)
    }

    /// Opens a file as it lies on the disk.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn raw(&self, part: &Part) -> Result<Box<dyn Read + Send>, FormatError> {
        Ok(Box::new(self.file(part)?))
    }

    fn file(&self, part: &Part) -> Result<Metered<File>, FormatError> {
        let file = File::open(&part.path).map_err(|error| FormatError::Container {
            file: None,
            source: ContainerError::Io(error),
        })?;
        Ok(Metered {
            file,
            meter: self.meter.clone(),
        })
    }
}

/// Why a recording cannot be read. It is refused whole then.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// The bytes of a file cannot be had.
    #[error("{}{source}", in_file(file.as_deref()))]
    Container {
        /// Which file, where the recording has several.
        file: Option<String>,
        /// Why.
        source: ContainerError,
    },
    /// An asciicast breaks its format.
    #[error(transparent)]
    Asciicast(asciicast::ReadError),
    /// A line is not what the format says.
    #[error("{}line {line}: {problem}", in_file(file.as_deref()))]
    Line {
        /// Which file, where the recording has several.
        file: Option<String>,
        /// The line, from 1.
        line: u64,
        /// What was found, and what was expected.
        problem: String,
    },
    /// Bytes are not what the format says.
    #[error("{}byte {byte}: {problem}", in_file(file.as_deref()))]
    Byte {
        /// Which file, where the recording has several.
        file: Option<String>,
        /// How many bytes of the file come before.
        byte: u64,
        /// What was found, and what was expected.
        problem: String,
    },
    /// A recording as a whole is not what the format says.
    #[error("{0}")]
    Whole(String),
    /// It is in no format that is known here.
    #[error("in none of the formats that are read ({})", names())]
    Unknown,
    /// What it says cannot become an event.
    #[error(transparent)]
    Event(#[from] EventError),
    /// A blob of it cannot be stored.
    #[error(transparent)]
    Blob(#[from] BlobError),
}

impl From<asciicast::ReadError> for FormatError {
    fn from(error: asciicast::ReadError) -> Self {
        match error {
            asciicast::ReadError::Container(source) => Self::Container { file: None, source },
            error @ asciicast::ReadError::Line { .. } => Self::Asciicast(error),
        }
    }
}

impl FormatError {
    /// The same, of the file or folder `path`.
    pub(crate) fn of(self, path: &Path) -> ImportError {
        let path = path.to_path_buf();
        match self {
            Self::Container {
                source: ContainerError::Io(source),
                ..
            } => ImportError::Unreadable { path, source },
            Self::Blob(source) => ImportError::blob(&path, 0, source),
            reason => ImportError::NotARecording { path, reason },
        }
    }
}

fn in_file(name: Option<&str>) -> String {
    name.map(|name| format!("`{}`, ", shown_path(Path::new(name))))
        .unwrap_or_default()
}

fn names() -> String {
    let names: Vec<&str> = FORMATS.iter().map(|format| format.name()).collect();
    names.join(", ")
}
