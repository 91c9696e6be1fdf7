//! The folder in which a node keeps everything: its log, its keys, its read models.
//!
//! ```text
//! log.sqlite      the log; back this up
//! keys/log.key    the private key that signs checkpoints, mode 0600; back this up elsewhere
//! keys/log.pub    the key to check them with; give it to auditors
//! read-models/    one folder or file for each projection; disposable
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::id::LogId;
use crate::log::StoreError;
use crate::log::checkpoint::{CheckpointError, LogKey};
use crate::log::sqlite::SqliteLog;

/// A node's data folder.
#[derive(Debug, Clone)]
pub struct DataDir {
    path: PathBuf,
}

/// Why a data folder cannot be used. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// There is no log in it, and the caller did not want a new one.
    #[error(
        "no log in `{}`: import a recording into it or start the server on it first, or name \
         another folder with --data",
        path.display()
    )]
    NoLog {
        /// The folder.
        path: PathBuf,
    },
    /// The key is gone, but the log that it signs is there.
    #[error(
        "the log in `{}` has lost its key `keys/log.key`: put the key back from its backup",
        path.display()
    )]
    NoKey {
        /// The folder.
        path: PathBuf,
    },
    /// The key cannot be read.
    #[error("the key `{}`: {source}", path.display())]
    BadKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: CheckpointError,
    },
    /// Something could not be read or written.
    #[error("`{}`: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The log could not be opened.
    #[error("the log `{}`: {source}", path.display())]
    Log {
        /// The file.
        path: PathBuf,
        /// What the store said.
        source: StoreError,
    },
}

impl DataDir {
    /// The data folder at `path`, which need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of the read models.
    pub fn read_models(&self) -> PathBuf {
        self.path.join("read-models")
    }

    fn log_file(&self) -> PathBuf {
        self.path.join("log.sqlite")
    }

    fn key_file(&self) -> PathBuf {
        self.path.join("keys/log.key")
    }

    /// Opens the log that is there. Blocks.
    ///
    /// # Errors
    /// When there is none, or it cannot be opened.
    pub fn open_log(&self) -> Result<SqliteLog, DataDirError> {
        if !self.log_file().exists() {
            return Err(DataDirError::NoLog {
                path: self.path.clone(),
            });
        }
        self.open_log_with(self.read_key()?)
    }

    /// Opens the log that is there, or creates folder, key and log. Blocks.
    ///
    /// # Errors
    /// When it can neither be opened nor created.
    pub fn open_or_create_log(&self) -> Result<SqliteLog, DataDirError> {
        let key = if self.key_file().exists() || self.log_file().exists() {
            self.read_key()?
        } else {
            self.create_key()?
        };
        self.open_log_with(key)
    }

    fn open_log_with(&self, key: LogKey) -> Result<SqliteLog, DataDirError> {
        let path = self.log_file();
        SqliteLog::open(&path, key).map_err(|source| DataDirError::Log { path, source })
    }

    fn read_key(&self) -> Result<LogKey, DataDirError> {
        let path = self.key_file();
        match fs::read_to_string(&path) {
            Ok(text) => {
                LogKey::parse(&text).map_err(|source| DataDirError::BadKey { path, source })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(DataDirError::NoKey {
                path: self.path.clone(),
            }),
            Err(source) => Err(DataDirError::Io { path, source }),
        }
    }

    fn create_key(&self) -> Result<LogKey, DataDirError> {
        let path = self.key_file();
        let io_error = |source| DataDirError::Io {
            path: path.clone(),
            source,
        };
        for folder in [
            self.path.clone(),
            self.path.join("keys"),
            self.read_models(),
        ] {
            create_private_folder(&folder).map_err(|source| DataDirError::Io {
                path: folder,
                source,
            })?;
        }
        let key = LogKey::generate(LogId::new_random())
            .map_err(|error| io_error(io::Error::other(error)))?;
        match write_whole_private(&path, &key.to_secret_text()) {
            Ok(()) => {}
            // Another process was quicker: its key is the one.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return self.read_key(),
            Err(error) => return Err(io_error(error)),
        }
        write_whole_private(&self.path.join("keys/log.pub"), key.verifier_key())
            .map_err(io_error)?;
        Ok(key)
    }
}

fn create_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Writes a file that only its owner can read, durably, and never over another. The file has its
/// name only once it is whole, so a crash leaves no half a key.
fn write_whole_private(path: &Path, text: &str) -> io::Result<()> {
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&partial)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    // A link, unlike a rename, does not replace a file that is there.
    let linked = fs::hard_link(&partial, path);
    fs::remove_file(&partial)?;
    linked?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::EventLog;

    #[test]
    fn a_log_is_created_once_and_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::new(dir.path().join("new"));
        assert!(matches!(data.open_log(), Err(DataDirError::NoLog { .. })));
        let id = data.open_or_create_log().unwrap().id();
        assert_eq!(data.open_or_create_log().unwrap().id(), id);
        assert_eq!(data.open_log().unwrap().id(), id);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(data.key_file()).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_log_without_its_key_is_not_given_a_new_one() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::new(dir.path());
        drop(data.open_or_create_log().unwrap());
        fs::remove_file(data.key_file()).unwrap();
        assert!(matches!(
            data.open_or_create_log(),
            Err(DataDirError::NoKey { .. })
        ));
        fs::write(data.key_file(), "nonsense").unwrap();
        assert!(matches!(data.open_log(), Err(DataDirError::BadKey { .. })));
    }
}
