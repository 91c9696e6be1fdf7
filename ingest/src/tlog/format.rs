//! tlog, as the importer sees it.

use std::collections::BTreeMap;
use std::ops::Range;

use super::message::recording_of;
use super::reader::{Messages, Reader};
use super::source::Source;
use crate::import::{
    Candidate, Files, Format, FormatError, ImportError, Input, Look, Part, RecordingReader, Section,
};

/// The most recordings of a file. Their names are in memory together.
const MAX_RECORDINGS: usize = 100_000;

/// The format of tlog.
#[derive(Debug)]
pub struct Tlog;

impl Format for Tlog {
    fn name(&self) -> &'static str {
        "tlog"
    }

    fn recognise(&'static self, file: &Look<'_>) -> Result<Vec<Candidate>, ImportError> {
        if !Source::is_one(file.beginning()) {
            return Ok(Vec::new());
        }
        let recordings = recordings(file).map_err(|error| error.of(file.path()))?;
        let only_one = recordings.len() == 1;
        let candidate = |(id, bytes): (String, Range<u64>)| {
            let mut part = file.part("messages");
            if !only_one {
                let rec = id.rsplit_once('@').map_or(&*id, |(rec, _)| rec);
                let plain = |c: char| {
                    if c.is_ascii_alphanumeric() || c == '-' {
                        c
                    } else {
                        '_'
                    }
                };
                let name: String = rec.chars().take(100).map(plain).collect();
                part.name = format!("{name}.tlog.json");
            }
            Candidate {
                format: self,
                path: file.path().to_path_buf(),
                parts: vec![part],
                section: Some(Section { id, bytes }),
            }
        };
        Ok(recordings.into_iter().map(candidate).collect())
    }

    fn endings(&self) -> &[&'static str] {
        &[".tlog", ".tlog.json"]
    }

    fn open(
        &self,
        candidate: &Candidate,
        files: &Files,
    ) -> Result<Box<dyn RecordingReader>, FormatError> {
        let section = candidate.section.as_ref();
        let source = source(&candidate.parts[0], section, files)?;
        let recording = section.map(|section| section.id.as_str());
        Ok(Box::new(Reader::open(source, recording)?))
    }

    fn open_kept(
        &self,
        candidate: &Candidate,
        index: usize,
        files: &Files,
    ) -> Result<Input, FormatError> {
        let section = candidate.section.as_ref();
        let open = || source(&candidate.parts[index], section, files);
        let recording = match section {
            Some(section) => section.id.clone(),
            None => Reader::open(open()?, None)?.recording().to_owned(),
        };
        let messages = Messages::new(open()?, &recording);
        Input::open(messages, files.limits())
            .map_err(|source| FormatError::Container { file: None, source })
    }
}

fn source(part: &Part, section: Option<&Section>, files: &Files) -> Result<Source, FormatError> {
    let max_bytes = files.limits().max_line_bytes;
    match section {
        Some(Section { bytes, .. }) => {
            let input = files.open_at(part, bytes.start)?;
            Source::open(input, bytes.start, bytes.end, max_bytes)
        }
        None => Source::open(files.open_good(part)?, 0, u64::MAX, max_bytes),
    }
}

/// The recordings in a file, in the order in which they begin, with the part of the file that they
/// stand in.
fn recordings(file: &Look<'_>) -> Result<Vec<(String, Range<u64>)>, FormatError> {
    let files = file.files();
    let mut source = source(&file.part("messages"), None, &files)?;
    let mut found: BTreeMap<String, Range<u64>> = BTreeMap::new();
    while let Some(text) = source.next()? {
        let Some(recording) = recording_of(&text.json) else {
            continue;
        };
        let bytes = found.entry(recording).or_insert(text.begins..text.ends);
        bytes.end = text.ends;
        if found.len() > MAX_RECORDINGS {
            let reason = format!("more than {MAX_RECORDINGS} recordings in one file");
            return Err(FormatError::Whole(reason));
        }
    }
    let mut found: Vec<_> = found.into_iter().collect();
    // The only one has the whole file, with what cannot be read.
    if let [(_, bytes)] = &mut found[..] {
        *bytes = 0..u64::MAX;
    }
    found.sort_by_key(|(_, bytes)| bytes.start);
    Ok(found)
}
