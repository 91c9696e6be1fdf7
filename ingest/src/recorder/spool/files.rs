//! Files as the spool needs them: private, whole, durable.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use super::SpoolError;

/// Says which file an error is about.
pub(super) trait InFile<T> {
    fn in_file(self, path: &Path) -> Result<T, SpoolError>;
}

impl<T> InFile<T> for io::Result<T> {
    fn in_file(self, path: &Path) -> Result<T, SpoolError> {
        self.map_err(|source| SpoolError::Io {
            path: path.to_path_buf(),
            source,
        })
    }
}

/// Makes a folder that only its owner can look into, and those above it. One that is there already
/// is closed to others.
pub(super) fn make_private_folder(path: &Path) -> Result<(), SpoolError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .in_file(path)?;
    let mode = fs::metadata(path).in_file(path)?.permissions().mode();
    if mode & 0o077 != 0 {
        fs::set_permissions(path, Permissions::from_mode(0o700)).in_file(path)?;
    }
    Ok(())
}

/// How the files of the spool are opened for writing.
pub(super) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

/// Replaces a file as a whole: after a crash it is the old one or the new one.
pub(super) fn replace(path: &Path, content: &[u8]) -> Result<(), SpoolError> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = Path::new(&partial);
    let written = private_file()
        .create(true)
        .truncate(true)
        .open(partial)
        .and_then(|mut file| {
            file.write_all(content)?;
            file.sync_data()
        });
    written.in_file(partial)?;
    fs::rename(partial, path).in_file(path)?;
    sync_folder_of(path)
}

/// Makes durable that a file is there, has its name, or is gone.
pub(super) fn sync_folder_of(path: &Path) -> Result<(), SpoolError> {
    let folder = path.parent().unwrap_or(path);
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .in_file(folder)
}

/// Locks a file for as long as the answer lives. `None` when another process has it.
pub(super) fn lock(path: &Path) -> Result<Option<File>, SpoolError> {
    let file = private_file()
        .create(true)
        .truncate(false)
        .open(path)
        .in_file(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error).in_file(path),
    }
}

/// Removes a file that may be gone already.
pub(super) fn remove_if_there(path: &Path) -> Result<(), SpoolError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error).in_file(path),
        _ => Ok(()),
    }
}
