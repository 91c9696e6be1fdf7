//! I/O logs of sudo, as the importer sees them.

use std::fs;
use std::path::{Path, PathBuf};

use super::facts::Facts;
use super::reader::{Opened, Reader};
use super::timing::Record;
use crate::import::{
    Candidate, Files, Folder, Format, FormatError, ImportError, Input, Look, RecordingReader,
};

/// The files of a log, in the order of their names.
const NAMES: [&str; 8] = [
    "log", "log.json", "stderr", "stdin", "stdout", "timing", "ttyin", "ttyout",
];

/// The format of the I/O logs of sudo.
#[derive(Debug)]
pub struct SudoIoLog;

impl Format for SudoIoLog {
    fn name(&self) -> &'static str {
        "sudo I/O log"
    }

    /// A file of a log that was named means the log.
    fn recognise(&'static self, file: &Look<'_>) -> Result<Vec<Candidate>, ImportError> {
        let name = file.file_name();
        if !NAMES.contains(&name.as_str()) {
            return Ok(Vec::new());
        }
        self.recognise_folder(file.folder())
    }

    fn recognise_folder(&'static self, folder: &Folder) -> Result<Vec<Candidate>, ImportError> {
        if !folder.has("timing") || !(folder.has("log") || folder.has("log.json")) {
            return Ok(Vec::new());
        }
        let is_timing = folder.look("timing").is_some_and(|timing| {
            let mut lines = timing.beginning().split(|&b| b == b'\n');
            let first = lines.next().unwrap_or_default();
            first.is_empty() || Record::read(first).is_some()
        });
        let is_log = |name, read: fn(&[u8]) -> Option<Facts>| {
            let log = folder.look(name);
            log.is_some_and(|log| read(log.beginning()).is_some())
        };
        if !is_timing || !(is_log("log", Facts::of_lines) || is_log("log.json", Facts::of_json)) {
            return Ok(Vec::new());
        }
        let parts = NAMES
            .iter()
            .filter_map(|name| Some(folder.look(name)?.part(name)));
        Ok(vec![Candidate {
            format: self,
            path: named(folder.path()),
            parts: parts.collect(),
            section: None,
        }])
    }

    fn open(
        &self,
        candidate: &Candidate,
        files: &Files,
    ) -> Result<Box<dyn RecordingReader>, FormatError> {
        let open = |part: &crate::import::Part| {
            let input = files.open_good(part)?.named(&part.name);
            Ok((part.role, input))
        };
        let opened: Result<Opened, FormatError> = candidate.parts.iter().map(open).collect();
        Ok(Box::new(Reader::open(opened?, files.limits())?))
    }

    fn open_kept(
        &self,
        candidate: &Candidate,
        index: usize,
        files: &Files,
    ) -> Result<Input, FormatError> {
        files.open_good(&candidate.parts[index])
    }
}

/// The folder's path with its name in it, which the current folder does not have.
fn named(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    match path.file_name() {
        Some(_) => path.to_path_buf(),
        None => fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf()),
    }
}
