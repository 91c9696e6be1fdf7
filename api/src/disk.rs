//! What the data folder takes, and what is left on its disk.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Files are counted again after so long.
const COUNTED_FOR: Duration = Duration::from_secs(60);
/// With more files than this, they are not counted.
const FILES_MAX: u64 = 2_000_000;

/// The free space on the disk of a folder, and the size of the disk, in bytes.
///
/// # Errors
/// When the system does not say.
pub fn space(folder: &Path) -> std::io::Result<Space> {
    let space = rustix::fs::statvfs(folder)?;
    Ok(Space {
        free: space.f_bavail.saturating_mul(space.f_frsize),
        total: space.f_blocks.saturating_mul(space.f_frsize),
    })
}

/// The space on a disk, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// How much may still be written.
    pub free: u64,
    /// How large it is.
    pub total: u64,
}

/// What the parts of a data folder take, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The log; `None` when it is in another database.
    pub log: Option<u64>,
    /// Segments, screenshots, files that are kept; `None` when there are too many to count.
    pub blobs: Option<u64>,
    /// The read models.
    pub read_models: Option<u64>,
}

/// A data folder that is measured. What it takes is a minute old at most.
pub struct DataFolder {
    path: PathBuf,
    taken: Mutex<Option<(Instant, Taken)>>,
}

impl DataFolder {
    /// The data folder at `path`. Nothing is measured yet.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            taken: Mutex::default(),
        }
    }

    /// The space on its disk.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn space(&self) -> std::io::Result<Space> {
        space(&self.path)
    }

    /// What its parts take. Blocks while files are counted.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn taken(&self) -> std::io::Result<Taken> {
        let mut known = self
            .taken
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((at, taken)) = *known
            && at.elapsed() < COUNTED_FOR
        {
            return Ok(taken);
        }
        let log = self.path.join("log.sqlite");
        let taken = Taken {
            log: match log.exists() {
                true => size_of([&log, &self.path.join("log.sqlite-wal")])?,
                false => None,
            },
            blobs: size_of([&self.path.join("blobs")])?,
            read_models: size_of([&self.path.join("read-models")])?,
        };
        *known = Some((Instant::now(), taken));
        Ok(taken)
    }
}

/// The size of files and folders. What is not there, or goes meanwhile, takes nothing.
fn size_of<'a>(paths: impl IntoIterator<Item = &'a PathBuf>) -> std::io::Result<Option<u64>> {
    let mut waiting: Vec<PathBuf> = paths.into_iter().cloned().collect();
    let (mut bytes, mut files) = (0_u64, 0_u64);
    while let Some(path) = waiting.pop() {
        files += 1;
        if files > FILES_MAX {
            return Ok(None);
        }
        let Some(known) = if_there(path.symlink_metadata())? else {
            continue;
        };
        if known.is_dir() {
            let Some(entries) = if_there(std::fs::read_dir(&path))? else {
                continue;
            };
            for entry in entries {
                waiting.push(entry?.path());
            }
        } else {
            bytes = bytes.saturating_add(known.len());
        }
    }
    Ok(Some(bytes))
}

fn if_there<T>(found: std::io::Result<T>) -> std::io::Result<Option<T>> {
    match found {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_the_folders_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, bytes: usize| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, vec![0; bytes]).unwrap();
        };
        write("blobs/aa/one", 3);
        write("blobs/bb/two", 4);
        write("read-models/moments/x", 5);
        let data = DataFolder::new(folder.path().to_owned());
        let taken = Taken {
            log: None,
            blobs: Some(7),
            read_models: Some(5),
        };
        assert_eq!(data.taken().unwrap(), taken);
        // Counted a moment ago.
        write("log.sqlite", 9);
        assert_eq!(data.taken().unwrap(), taken);
        let data = DataFolder::new(folder.path().to_owned());
        assert_eq!(data.taken().unwrap().log, Some(9));
        let Space { free, total } = data.space().unwrap();
        assert!(free <= total && total > 0);
    }
}
