//! The folder in which a node keeps everything: its log, its keys, its read models.
//!
//! ```text
//! log.sqlite        the log, unless it is in PostgreSQL; back this up
//! blobs/            segments and screenshots, sealed; back this up
//! keys/log.key      the private key that signs checkpoints, mode 0600; back this up elsewhere
//! keys/log.pub      the key to check them with; give it to auditors
//! keys/master.key   wraps the keys of sealed data, mode 0600, unless the operator keeps it
//!                   elsewhere; back this up elsewhere: without it nothing opens
//! destinations.sqlite  how far this node has come with sending events elsewhere
//! read-models/      one folder or file for each projection; disposable
//! ```

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::hkdf;

use crate::blob::BlobStore;
use crate::id::LogId;
use crate::log::StoreError;
use crate::log::checkpoint::{CheckpointError, LogKey};
use crate::log::{LogKeys, StoredLog};
use crate::seal::SealError;
use crate::seal::keys::MasterKeys;

/// A node's data folder.
#[derive(Debug, Clone)]
pub struct DataDir {
    path: PathBuf,
    /// The URL of the PostgreSQL database that holds the log, if it is not in the folder.
    database: Option<String>,
    master_key: MasterKeySource,
}

/// Where the master key is.
#[derive(Clone, Default)]
pub enum MasterKeySource {
    /// In the data folder: made with the log.
    #[default]
    Folder,
    /// In a file that the operator provides.
    File(PathBuf),
    /// In this text, which the operator passed.
    Text(String),
}

impl fmt::Debug for MasterKeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder => f.write_str("Folder"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Text(_) => f.write_str("Text(…)"),
        }
    }
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
    /// The master key is gone, or was never there.
    #[error(
        "the master key `{}` is missing, and without it nothing in the log opens: put it back from \
         its backup, or name it with --master-key-file or RETRACE_MASTER_KEY",
        path.display()
    )]
    NoMasterKey {
        /// Where it is looked for.
        path: PathBuf,
    },
    /// What should be a master key is none.
    #[error("the master key in {place}: {source}")]
    BadMasterKey {
        /// Where it is.
        place: String,
        /// What is wrong with it.
        source: SealError,
    },
    /// The master key can be read by others.
    #[error(
        "the master key `{}` can be read by other users (mode {mode:o}): chmod 600 it",
        path.display()
    )]
    OpenMasterKey {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Only a key that Retrace made and keeps can be replaced by it.
    #[error(
        "the master key is not in the data folder but provided by its operator: put the new key \
         before the old one there, run `retrace keys rewrap`, and take the old one out"
    )]
    NotOurMasterKey,
    /// Something could not be read or written.
    #[error("`{}`: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The log could not be opened.
    #[error("the log {place}: {source}")]
    Log {
        /// Where it is.
        place: String,
        /// What the store said.
        source: StoreError,
    },
}

impl DataDir {
    /// The data folder at `path`, which need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            database: None,
            master_key: MasterKeySource::default(),
        }
    }

    /// With the log in the PostgreSQL database at `url`.
    #[must_use]
    pub fn with_database(mut self, url: Option<String>) -> Self {
        self.database = url;
        self
    }

    /// With the master key somewhere else.
    #[must_use]
    pub fn with_master_key(mut self, source: MasterKeySource) -> Self {
        self.master_key = source;
        self
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of the read models.
    pub fn read_models(&self) -> PathBuf {
        self.path.join("read-models")
    }

    /// The blobs that the events of the log name.
    pub fn blobs_of(&self, log: &StoredLog) -> BlobStore {
        BlobStore::new(self.path.join("blobs"), log.clone())
    }

    fn log_file(&self) -> PathBuf {
        self.path.join("log.sqlite")
    }

    fn key_file(&self) -> PathBuf {
        self.path.join("keys/log.key")
    }

    fn own_master_key_file(&self) -> PathBuf {
        self.path.join("keys/master.key")
    }

    /// Opens the log that is there.
    ///
    /// # Errors
    /// When there is none, or it cannot be opened.
    pub async fn open_log(&self) -> Result<StoredLog, DataDirError> {
        let there = match self.database {
            Some(_) => self.key_file().exists(),
            None => self.log_file().exists(),
        };
        if !there {
            return Err(DataDirError::NoLog {
                path: self.path.clone(),
            });
        }
        self.open_log_with(self.read_keys()?).await
    }

    /// Opens the log that is there, or creates folder, keys and log.
    ///
    /// # Errors
    /// When it can neither be opened nor created.
    pub async fn open_or_create_log(&self) -> Result<StoredLog, DataDirError> {
        let there = self.key_file().exists() || self.log_file().exists();
        let keys = if there {
            self.read_keys()?
        } else {
            self.create_keys()?
        };
        self.open_log_with(keys).await
    }

    async fn open_log_with(&self, keys: LogKeys) -> Result<StoredLog, DataDirError> {
        if let Some(url) = &self.database {
            let opened = StoredLog::open_postgres(url, keys).await;
            return opened.map_err(|source| DataDirError::Log {
                // Not the URL: it may hold a password.
                place: "in PostgreSQL".to_owned(),
                source,
            });
        }
        let path = self.log_file();
        StoredLog::open_sqlite(&path, keys).map_err(|source| DataDirError::Log {
            place: format!("`{}`", path.display()),
            source,
        })
    }

    /// Replaces the master key by a fresh one, and wraps all data keys with it. The key before it
    /// stays in the file, behind the new one, until the next time: a server that is running may
    /// have wrapped a key with it in between. Answers how many keys were wrapped. Blocks.
    ///
    /// # Errors
    /// When the master key is the operator's, or keys or log cannot be read or written.
    pub fn rotate_master_key(&self, log: &StoredLog) -> Result<u64, DataDirError> {
        let MasterKeySource::Folder = self.master_key else {
            return Err(DataDirError::NotOurMasterKey);
        };
        let path = self.own_master_key_file();
        let io = |source| DataDirError::Io {
            path: path.clone(),
            source,
        };
        let bad = |source| self.bad_master_key(source);
        let all = self.read_master_keys()?.with_fresh_key().map_err(bad)?;
        let kept = all.newest(2);
        replace_private(&path, &all.to_secret_text()).map_err(io)?;
        let wrapped = self.rewrap(log, &all)?;
        replace_private(&path, &kept.to_secret_text()).map_err(io)?;
        Ok(wrapped)
    }

    /// Wraps all data keys with the first key of the master key file, as its operator arranged it.
    /// Answers how many keys were wrapped. Blocks.
    ///
    /// # Errors
    /// When keys or log cannot be read, or the log cannot be written.
    pub fn rewrap_keys(&self, log: &StoredLog) -> Result<u64, DataDirError> {
        self.rewrap(log, &self.read_master_keys()?)
    }

    fn rewrap(&self, log: &StoredLog, master: &MasterKeys) -> Result<u64, DataDirError> {
        log.rewrap_keys(master).map_err(|source| DataDirError::Log {
            place: "while its keys were wrapped".to_owned(),
            source,
        })
    }

    /// A key for one purpose, which follows from the key of the log: all nodes of a log have the same, and nobody who
    /// has it learns the key of the log.
    ///
    /// # Errors
    /// When the key of the log cannot be read.
    pub fn derived_key(&self, purpose: &str) -> Result<[u8; 32], DataDirError> {
        let secret = self.read_signing_key()?.to_secret_text();
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"retrace derived key");
        let mut key = [0; 32];
        salt.extract(secret.trim().as_bytes())
            .expand(&[purpose.as_bytes()], hkdf::HKDF_SHA256)
            .and_then(|expanded| expanded.fill(&mut key))
            .map_err(|_| DataDirError::Io {
                path: self.key_file(),
                source: io::Error::other("no key follows from it"),
            })?;
        Ok(key)
    }

    fn read_keys(&self) -> Result<LogKeys, DataDirError> {
        let again = self.clone();
        Ok(LogKeys {
            signing: self.read_signing_key()?,
            master: self.read_master_keys()?,
            reread_master: Some(Box::new(move || {
                again.read_master_keys().map_err(|error| error.to_string())
            })),
        })
    }

    fn read_signing_key(&self) -> Result<LogKey, DataDirError> {
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

    fn read_master_keys(&self) -> Result<MasterKeys, DataDirError> {
        let path = match &self.master_key {
            MasterKeySource::Text(text) => {
                return MasterKeys::parse(text).map_err(|source| self.bad_master_key(source));
            }
            MasterKeySource::File(path) => path.clone(),
            MasterKeySource::Folder => self.own_master_key_file(),
        };
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(DataDirError::NoMasterKey { path });
            }
            Err(source) => return Err(DataDirError::Io { path, source }),
        };
        self.check_private(&path)?;
        MasterKeys::parse(&text).map_err(|source| self.bad_master_key(source))
    }

    /// A key of ours must be readable by its owner alone. How an operator mounts one is theirs to say.
    #[cfg(unix)]
    fn check_private(&self, path: &Path) -> Result<(), DataDirError> {
        use std::os::unix::fs::PermissionsExt;
        let metadata = fs::metadata(path).map_err(|source| DataDirError::Io {
            path: path.to_owned(),
            source,
        })?;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 && matches!(self.master_key, MasterKeySource::Folder) {
            return Err(DataDirError::OpenMasterKey {
                path: path.to_owned(),
                mode,
            });
        }
        Ok(())
    }

    #[cfg(not(unix))]
    fn check_private(&self, _: &Path) -> Result<(), DataDirError> {
        Ok(())
    }

    fn bad_master_key(&self, source: SealError) -> DataDirError {
        let place = match &self.master_key {
            MasterKeySource::Folder => format!("`{}`", self.own_master_key_file().display()),
            MasterKeySource::File(path) => format!("`{}`", path.display()),
            MasterKeySource::Text(_) => "RETRACE_MASTER_KEY".to_owned(),
        };
        DataDirError::BadMasterKey { place, source }
    }

    /// The master key is written first: where the signing key is, all is.
    fn create_keys(&self) -> Result<LogKeys, DataDirError> {
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
        if matches!(self.master_key, MasterKeySource::Folder) {
            let master = MasterKeys::generate().map_err(|source| self.bad_master_key(source))?;
            create_key_file(
                &self.own_master_key_file(),
                master.to_secret_text().trim_end(),
            )?;
        }
        let path = self.key_file();
        let signing = LogKey::generate(LogId::new_random()).map_err(|error| DataDirError::Io {
            path: path.clone(),
            source: io::Error::other(error),
        })?;
        if create_key_file(&path, &signing.to_secret_text())? {
            create_key_file(&self.path.join("keys/log.pub"), signing.verifier_key())?;
        }
        self.read_keys()
    }
}

/// Writes a key, and answers whether it is the one: another process may have been quicker.
fn create_key_file(path: &Path, text: &str) -> Result<bool, DataDirError> {
    match write_whole_private(path, text) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(source) => Err(DataDirError::Io {
            path: path.to_owned(),
            source,
        }),
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
    let partial = write_partial(path, text)?;
    // A link, unlike a rename, does not replace a file that is there.
    let linked = fs::hard_link(&partial, path);
    fs::remove_file(&partial)?;
    linked?;
    sync_folder_of(path)
}

/// Replaces such a file, whole: a crash leaves the old one or the new one.
fn replace_private(path: &Path, text: &str) -> io::Result<()> {
    let partial = write_partial(path, text.trim_end())?;
    fs::rename(&partial, path)?;
    sync_folder_of(path)
}

fn write_partial(path: &Path, text: &str) -> io::Result<PathBuf> {
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&partial)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    Ok(partial)
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::EventLog;

    #[tokio::test]
    async fn a_log_is_created_once_and_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::new(dir.path().join("new"));
        let missing = data.open_log().await;
        assert!(matches!(missing, Err(DataDirError::NoLog { .. })));
        let id = data.open_or_create_log().await.unwrap().id();
        assert_eq!(data.open_or_create_log().await.unwrap().id(), id);
        assert_eq!(data.open_log().await.unwrap().id(), id);
        #[cfg(unix)]
        for file in [data.key_file(), data.own_master_key_file()] {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[tokio::test]
    async fn a_log_without_its_keys_is_not_given_new_ones() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::new(dir.path());
        drop(data.open_or_create_log().await.unwrap());
        let master = fs::read_to_string(data.own_master_key_file()).unwrap();
        fs::remove_file(data.own_master_key_file()).unwrap();
        assert!(matches!(
            data.open_or_create_log().await,
            Err(DataDirError::NoMasterKey { .. })
        ));
        let elsewhere = dir.path().join("mounted");
        fs::write(&elsewhere, &master).unwrap();
        for source in [
            MasterKeySource::File(elsewhere),
            MasterKeySource::Text(master),
        ] {
            let data = data.clone().with_master_key(source);
            let log = data.open_or_create_log().await.unwrap();
            let refused = data.rotate_master_key(&log);
            assert!(matches!(refused, Err(DataDirError::NotOurMasterKey)));
        }
        fs::remove_file(data.key_file()).unwrap();
        assert!(matches!(
            data.open_or_create_log().await,
            Err(DataDirError::NoKey { .. })
        ));
        fs::write(data.key_file(), "nonsense").unwrap();
        assert!(matches!(
            data.open_log().await,
            Err(DataDirError::BadKey { .. })
        ));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_master_key_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::new(dir.path());
        drop(data.open_or_create_log().await.unwrap());
        let open = fs::Permissions::from_mode(0o640);
        fs::set_permissions(data.own_master_key_file(), open).unwrap();
        let refused = data.open_log().await;
        assert!(matches!(
            refused,
            Err(DataDirError::OpenMasterKey { mode: 0o640, .. })
        ));
    }
}
