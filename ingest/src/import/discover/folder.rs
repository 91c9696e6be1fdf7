//! What a format is shown of a file, and of the folder around it.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::unreadable;
use crate::Limits;
use crate::container::{Compression, ContainerError, Content};
use crate::import::ImportError;
use crate::import::format::{Candidate, Files, Format, Part};

/// A folder, and the names in it.
pub struct Folder {
    path: PathBuf,
    limits: Limits,
    names: OnceCell<Vec<String>>,
    found_out: RefCell<HashMap<&'static str, Rc<Vec<Candidate>>>>,
}

impl Folder {
    pub(super) fn of(path: &Path, entries: &[PathBuf], limits: &Limits) -> Self {
        Self {
            path: path.to_path_buf(),
            limits: limits.clone(),
            names: OnceCell::from(names_of(entries)),
            found_out: RefCell::default(),
        }
    }

    /// The folder that `file` lies in, which is listed when somebody asks for it.
    pub(in crate::import) fn around(file: &Path, limits: &Limits) -> Self {
        Self {
            path: file.parent().unwrap_or(Path::new("")).to_path_buf(),
            limits: limits.clone(),
            names: OnceCell::new(),
            found_out: RefCell::default(),
        }
    }

    /// Where it is. Empty for the current folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names of what lies in it, in order. Names that are not UTF-8 are not among them: nobody
    /// can be looked for by such a name.
    pub fn names(&self) -> &[String] {
        self.names.get_or_init(|| {
            let path = if self.path.as_os_str().is_empty() {
                Path::new(".")
            } else {
                &self.path
            };
            let entries = fs::read_dir(path).into_iter().flatten().flatten();
            names_of(&entries.map(|entry| entry.path()).collect::<Vec<_>>())
        })
    }

    /// Whether there is something of this name.
    pub fn has(&self, name: &str) -> bool {
        self.names()
            .binary_search_by(|known| known.as_str().cmp(name))
            .is_ok()
    }

    /// Looks at the file `name`. `None` when there is no such file.
    pub fn look(&self, name: &str) -> Option<Look<'_>> {
        if !self.has(name) {
            return None;
        }
        let path = self.path.join(name);
        let data = fs::metadata(&path).ok().filter(fs::Metadata::is_file)?;
        Some(Look::at(&path, data.len(), self))
    }

    /// What a format finds out about the folder as a whole, which is found out once, however many of its
    /// files are looked at.
    pub fn once(
        &self,
        format: &'static str,
        find_out: impl FnOnce() -> Vec<Candidate>,
    ) -> Rc<Vec<Candidate>> {
        let known = self.found_out.borrow().get(format).map(Rc::clone);
        known.unwrap_or_else(|| {
            let found = Rc::new(find_out());
            self.found_out
                .borrow_mut()
                .insert(format, Rc::clone(&found));
            found
        })
    }

    /// How much of a file is believed.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }
}

fn names_of(entries: &[PathBuf]) -> Vec<String> {
    let name = |path: &PathBuf| Some(path.file_name()?.to_str()?.to_owned());
    let mut names: Vec<String> = entries.iter().filter_map(name).collect();
    names.sort();
    names
}

/// A file, and how it begins.
pub struct Look<'a> {
    path: PathBuf,
    bytes: u64,
    folder: &'a Folder,
    beginning: Vec<u8>,
    compression: Compression,
    /// Why the beginning ends before the file, and before it is long enough.
    damage: Option<ContainerError>,
}

impl<'a> Look<'a> {
    pub(in crate::import) fn at(path: &Path, bytes: u64, folder: &'a Folder) -> Self {
        let mut look = Self {
            path: path.to_path_buf(),
            bytes,
            folder,
            beginning: Vec::new(),
            compression: Compression::None,
            damage: None,
        };
        look.damage = look.read().err();
        look
    }

    fn read(&mut self) -> Result<(), ContainerError> {
        let limits = &self.folder.limits;
        let file = File::open(&self.path).map_err(ContainerError::Io)?;
        let mut content = Content::open(file, limits)?;
        self.compression = content.compression();
        self.beginning = vec![0; limits.max_header_bytes];
        let mut filled = 0;
        let read = loop {
            match content.read(&mut self.beginning[filled..]) {
                Ok(0) => break Ok(()),
                Ok(count) => filled += count,
                Err(error) => break Err(error),
            }
        };
        self.beginning.truncate(filled);
        read
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder that it lies in.
    pub fn folder(&self) -> &'a Folder {
        self.folder
    }

    /// Its first bytes, decompressed, up to [`Limits::max_header_bytes`].
    pub fn beginning(&self) -> &[u8] {
        &self.beginning
    }

    /// Whether [`Self::beginning`] is all of it.
    pub fn is_all(&self) -> bool {
        self.damage.is_none() && self.beginning.len() < self.folder.limits.max_header_bytes
    }

    /// Whether it is not compressed.
    pub fn is_plain(&self) -> bool {
        self.compression == Compression::None
    }

    /// Its name, as it stands in the folder.
    pub fn file_name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// Its name without the ending of its compression.
    pub fn name(&self) -> String {
        let mut name = self.file_name();
        let ending = self.compression.ending();
        if !ending.is_empty() && name.to_ascii_lowercase().ends_with(ending) {
            name.truncate(name.len() - ending.len());
        }
        name
    }

    /// Whether its name ends like this (in lower case), before the ending of a compression.
    pub fn name_ends_with(&self, ending: &str) -> bool {
        let name = self.file_name().to_ascii_lowercase();
        let packed = [".gz", ".bz2", ".zst"];
        let plain = packed.iter().find_map(|ending| name.strip_suffix(ending));
        plain.unwrap_or(&name).ends_with(ending)
    }

    /// This file as a part of a recording.
    pub fn part(&self, role: &'static str) -> Part {
        Part {
            path: self.path.clone(),
            name: self.name(),
            role,
            bytes: self.bytes,
        }
    }

    /// The recording that this file is, alone and whole.
    pub fn whole(&self, format: &'static dyn Format) -> Candidate {
        Candidate {
            format,
            path: self.path.clone(),
            parts: vec![self.part("recording")],
            section: None,
        }
    }

    /// Opens it, to look at more of it.
    pub fn files(&self) -> Files {
        Files::new(&self.folder.limits)
    }

    pub(super) fn unreadable(&mut self) -> Option<ImportError> {
        match self.damage.take() {
            Some(ContainerError::Io(source)) => Some(unreadable(&self.path, source)),
            damage => {
                self.damage = damage;
                None
            }
        }
    }

    pub(super) fn into_damage(self) -> Option<ContainerError> {
        self.damage
    }
}
