//! The files of a run. They are written whole under another name before the run is told, and get their own after that.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use retrace_core::Position;
use retrace_query::reports::Report;

use super::definition::{Schedule, Turn};
use crate::export_folder::folder_below;
use crate::reports::render;

const PARTIAL: &str = ".partial";
/// What a process left that was killed is in nobody's hands after so long.
const LEFT_FOR: Duration = Duration::from_secs(3_600);

/// Where a node writes the files of its runs. Nodes may share a folder.
#[derive(Debug, Clone)]
pub struct Files {
    exports: PathBuf,
    node: String,
}

impl Files {
    /// Below a folder for exports, by a node.
    pub fn new(exports: PathBuf, node: String) -> Self {
        Self { exports, node }
    }

    /// Writes a report in all formats of a schedule. Blocks.
    pub(super) fn write(
        &self,
        folder: &str,
        schedule: &Schedule,
        turn: &Turn,
        report: &Report,
    ) -> io::Result<Written> {
        let into = folder_below(&self.exports, Path::new(folder))?;
        remove_what_was_left(&into, schedule);
        let mut written = Written {
            files: self.clone(),
            paths: Vec::new(),
            wanted: false,
        };
        for format in &schedule.formats {
            let bytes = render(report, *format).map_err(io::Error::other)?;
            let name = file_name(schedule, turn, report.position, format.name());
            let path = format!("{folder}/{name}");
            let partial = self.partial(&path);
            written.paths.push(path);
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(partial)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
        }
        Ok(written)
    }

    /// Gives files of this node their names: what was written just now, or by a process that was killed before it did.
    pub(super) fn place(&self, paths: &[String]) -> io::Result<()> {
        for path in paths {
            let whole = self.exports.join(path);
            match fs::rename(self.partial(path), &whole) {
                Ok(()) => {
                    if let Some(folder) = whole.parent() {
                        File::open(folder)?.sync_all()?;
                    }
                }
                // It has its name already, or another node wrote it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// What a file of this node is called until it gets its name.
    fn partial(&self, path: &str) -> PathBuf {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let partial = format!(".{name}.{}{PARTIAL}", self.node);
        self.exports.join(folder).join(partial)
    }
}

/// Files that do not have their names yet, removed when nobody wants them any more.
pub(super) struct Written {
    files: Files,
    /// Their paths below the folder for exports.
    pub(super) paths: Vec<String>,
    wanted: bool,
}

impl Written {
    /// Whether they are kept: from when the log may have taken in that they are there.
    pub(super) fn set_wanted(&mut self, wanted: bool) {
        self.wanted = wanted;
    }

    /// Gives them their names.
    pub(super) fn place(self) -> io::Result<()> {
        self.files.place(&self.paths)
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        if !self.wanted {
            for path in &self.paths {
                // It may never have been begun.
                let _ = fs::remove_file(self.files.partial(path));
            }
        }
    }
}

fn file_name(schedule: &Schedule, turn: &Turn, position: Position, ending: &str) -> String {
    let first = turn.period.first;
    let last = turn.period.after.yesterday().unwrap_or(first);
    let name = &schedule.name;
    format!("{name}-{first}--{last}-at-{position}.{ending}")
}

fn remove_what_was_left(folder: &Path, schedule: &Schedule) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let before = format!(".{}-", schedule.name);
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let changed = entry.metadata().and_then(|about| about.modified());
        let is_old = changed.is_ok_and(|changed| {
            let age = SystemTime::now().duration_since(changed);
            age.is_ok_and(|age| age > LEFT_FOR)
        });
        if is_old && name.starts_with(&before) && name.ends_with(PARTIAL) {
            // Nobody needs it; that it cannot be removed is no further news.
            let _ = fs::remove_file(entry.path());
        }
    }
}
