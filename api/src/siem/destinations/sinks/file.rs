//! Files of lines, below the folder that the server allows (`retrace serve --export-folder`).
//!
//! A batch is taken once it is on the disk. One that was written in part, because the disk is full or the process ended, is
//! cut off again, so that each line is whole. A file that is larger than `rotate_bytes` gets the position after its last
//! event behind its name, and another is begun.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::task::spawn_blocking;

use super::{Outgoing, Sink, SinkError};
use crate::export_folder::{NO_FOLDER, folder_below};
use crate::siem::destinations::definition::Destination;

const ROTATE_BYTES: u64 = 1 << 30;
/// The end of a file is looked through backwards in pieces of so many bytes.
const PIECE: u64 = 64 << 10;

pub(super) struct FileSink {
    /// Away while it is written.
    open: Option<OpenFile>,
}

struct OpenFile {
    path: PathBuf,
    file: File,
    length: u64,
    rotate_bytes: u64,
}

impl FileSink {
    pub(super) async fn open(
        destination: &Arc<Destination>,
        folder: Option<PathBuf>,
    ) -> Result<Self, SinkError> {
        let Some(folder) = folder else {
            return Err(SinkError::away(NO_FOLDER));
        };
        let below = destination.target.clone();
        let rotate_bytes = destination.number("rotate_bytes", ROTATE_BYTES);
        let opened = spawn_blocking(move || OpenFile::open(&folder, &below, rotate_bytes)).await;
        let opened = opened.map_err(|_| SinkError::away("the server is about to end"))?;
        let open = opened.map_err(|error| SinkError::away(error.to_string()))?;
        Ok(Self { open: Some(open) })
    }
}

impl OpenFile {
    fn open(folder: &Path, below: &str, rotate_bytes: u64) -> io::Result<Self> {
        let below = Path::new(below);
        let parent = folder_below(folder, below.parent().unwrap_or(Path::new("")))?;
        let name = below.file_name();
        let path = parent.join(name.ok_or_else(|| io::Error::other("it has no name"))?);
        if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file()) {
            return Err(io::Error::other("it is there, and no file"));
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path)?;
        let length = whole_lines(&mut file)?;
        file.set_len(length)?;
        file.seek(SeekFrom::Start(length))?;
        Ok(Self {
            path,
            file,
            length,
            rotate_bytes,
        })
    }

    fn write(&mut self, lines: &[u8], next: u64) -> io::Result<()> {
        let written = self
            .file
            .write_all(lines)
            .and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // What was written in part is not there, also when this is tried again much later.
            self.file.set_len(self.length)?;
            self.file.seek(SeekFrom::Start(self.length))?;
            return Err(error);
        }
        self.length += lines.len() as u64;
        if self.length >= self.rotate_bytes {
            self.rotate(next)?;
        }
        Ok(())
    }

    fn rotate(&mut self, next: u64) -> io::Result<()> {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{next}"));
        fs::rename(&self.path, name)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        self.file = options.open(&self.path)?;
        self.length = 0;
        Ok(())
    }
}

/// The length of a file up to the end of its last whole line.
fn whole_lines(file: &mut File) -> io::Result<u64> {
    let mut end = file.seek(SeekFrom::End(0))?;
    let mut piece = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(PIECE);
        file.seek(SeekFrom::Start(start))?;
        piece.clear();
        Read::by_ref(file)
            .take(end - start)
            .read_to_end(&mut piece)?;
        if let Some(at) = piece.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

#[async_trait]
impl Sink for FileSink {
    async fn send(&mut self, events: &[Outgoing]) -> Result<(), SinkError> {
        let Some(last) = events.last() else {
            return Ok(());
        };
        let next = last.position.0 + 1;
        let mut lines = Vec::new();
        for event in events {
            lines.extend_from_slice(&event.line);
            lines.push(b'\n');
        }
        let gone = || SinkError::away("the file was given up");
        let mut open = self.open.take().ok_or_else(gone)?;
        let work = spawn_blocking(move || {
            let written = open.write(&lines, next);
            (open, written)
        });
        let (open, written) = work.await.map_err(|_| gone())?;
        self.open = Some(open);
        written.map_err(|error| SinkError::away(format!("the file cannot be written: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_line_is_cut_off_and_files_are_begun_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("siem/events");
        let mut open = OpenFile::open(dir.path(), "siem/events", 20).unwrap();
        open.write(b"one\ntwo\n", 2).unwrap();
        drop(open);
        OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap()
            .write_all(&[b'x'; 200_000])
            .unwrap();
        let mut open = OpenFile::open(dir.path(), "siem/events", 20).unwrap();
        open.write(b"three\n", 3).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\nthree\n");
        open.write(b"four five\n", 4).unwrap();
        open.write(b"six\n", 5).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "six\n");
        let before = fs::read_to_string(dir.path().join("siem/events.4")).unwrap();
        assert_eq!(before, "one\ntwo\nthree\nfour five\n");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_leads_nowhere_else() {
        let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::os::unix::fs::symlink(other.path(), dir.path().join("out")).unwrap();
        assert!(OpenFile::open(dir.path(), "out/events", 20).is_err());
        let target = other.path().join("target");
        fs::write(&target, "kept").unwrap();
        std::os::unix::fs::symlink(&target, dir.path().join("events")).unwrap();
        assert!(OpenFile::open(dir.path(), "events", 20).is_err());
        assert_eq!(fs::read_to_string(&target).unwrap(), "kept");
    }
}
