//! Blobs: segments and screenshots, beside the log. Named by the SHA-256 of their content, and sealed
//! under the data key of their session, so that they are gone when it is.
//!
//! `{folder}/{session}/{sha256}` holds [`crate::seal::chunked`] with the context
//! `retrace blob\0{log}/{session}/{sha256}`: any range of it opens without the rest.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::id::SessionId;
use crate::log::stored::SessionKey;
use crate::log::{EventLog, StoreError, StoredLog};
use crate::seal::SealError;
use crate::seal::chunked::{self, CHUNK_BYTES, HEADER_BYTES, Opener, Sealer};
use crate::seal::keys::DataKey;

/// How much is taken from a reader at once.
const PIECE_BYTES: usize = 64 << 10;

/// The SHA-256 of a blob's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlobDigest([u8; 32]);

impl BlobDigest {
    /// Reads a digest from exactly 64 lower-case hexadecimal digits. `None` for anything else, so
    /// that no two names mean one blob and none is a path.
    pub fn parse(text: &str) -> Option<Self> {
        let lower = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let mut bytes = [0; 32];
        (lower && hex::decode_to_slice(text, &mut bytes).is_ok()).then_some(Self(bytes))
    }

    /// The digest that was [`BlobDigest::as_bytes`].
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest as it is computed.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The digest of some content.
    pub fn of(content: &[u8]) -> Self {
        Self(Sha256::digest(content).into())
    }
}

impl std::fmt::Display for BlobDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// Why a blob cannot be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The session is not in the log, so there is no key to seal with.
    #[error("there is no session {session}")]
    NoSession {
        /// The session.
        session: SessionId,
    },
    /// The session was purged, and its blobs with it.
    #[error("session {session} was purged: what was recorded of it is destroyed")]
    Purged {
        /// The session.
        session: SessionId,
    },
    /// There is no such blob.
    #[error("session {session} has no blob {digest}")]
    Absent {
        /// The session.
        session: SessionId,
        /// The blob.
        digest: BlobDigest,
    },
    /// What was written is not what was announced. Nothing is kept.
    #[error("the content has the digest {found}, expected {expected}")]
    DigestMismatch {
        /// The digest that was announced.
        expected: BlobDigest,
        /// The digest of what was written.
        found: BlobDigest,
    },
    /// The disk, or the quota, is full. Nothing is kept.
    #[error("no space left for blobs")]
    Full(#[source] io::Error),
    /// What is stored is not what was written.
    #[error("the blob {digest} of session {session} is damaged: {source}")]
    Damaged {
        /// The session.
        session: SessionId,
        /// The blob.
        digest: BlobDigest,
        /// What is wrong.
        source: SealError,
    },
    /// The key could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Anything else that the system said.
    #[error("blobs: {0}")]
    Io(#[source] io::Error),
}

impl From<io::Error> for BlobError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(error),
            _ => Self::Io(error),
        }
    }
}

/// How much the blobs of a session are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BlobExtent {
    /// How many.
    pub blobs: u64,
    /// How many bytes they take on the disk.
    pub bytes: u64,
}

/// The blobs of a log, in a folder. Cheap to clone. All calls block.
#[derive(Clone)]
pub struct BlobStore {
    folder: PathBuf,
    log: StoredLog,
}

impl std::fmt::Debug for BlobStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlobStore")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl BlobStore {
    /// The blobs in `folder`, which is made when the first blob is stored. Nodes of one log share
    /// the folder.
    pub fn new(folder: impl Into<PathBuf>, log: StoredLog) -> Self {
        Self {
            folder: folder.into(),
            log,
        }
    }

    fn path(&self, session: SessionId, digest: BlobDigest) -> PathBuf {
        self.folder
            .join(session.to_string())
            .join(digest.to_string())
    }

    fn context(&self, session: SessionId, digest: BlobDigest) -> Vec<u8> {
        format!("retrace blob\0{}/{session}/{digest}", self.log.id()).into_bytes()
    }

    fn key(&self, session: SessionId) -> Result<DataKey, BlobError> {
        match self.log.session_key(session)? {
            SessionKey::Key(key) => Ok(key),
            SessionKey::None => Err(BlobError::NoSession { session }),
            SessionKey::Destroyed => Err(BlobError::Purged { session }),
        }
    }

    /// Whether a blob is there, whole.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn contains(&self, session: SessionId, digest: BlobDigest) -> Result<bool, BlobError> {
        Ok(self.path(session, digest).try_exists()?)
    }

    /// Begins to store a blob.
    ///
    /// # Errors
    /// When there is no such session, or the folder cannot be written.
    pub fn writer(&self, session: SessionId, digest: BlobDigest) -> Result<BlobWriter, BlobError> {
        let sealer = Sealer::new(self.key(session)?.bytes(), &self.context(session, digest))
            .map_err(|error| io::Error::other(error.to_string()))?;
        let path = self.path(session, digest);
        let folder = self.folder.join(session.to_string());
        create_private_folders(&folder)?;
        let partial = tempfile_in(&folder)?;
        let mut writer = BlobWriter {
            expected: digest,
            path,
            hasher: Sha256::new(),
            sealer,
            chunk: Vec::with_capacity(CHUNK_BYTES),
            sealed: Vec::new(),
            bytes: 0,
            partial,
        };
        let header = writer.sealer.header();
        writer.partial.file.write_all(&header)?;
        Ok(writer)
    }

    /// Stores a blob with all that `content` gives. Answers whether it is new. What was there is
    /// read to its end too, so that other bytes are not taken for it.
    ///
    /// # Errors
    /// As for [`Self::writer`] and [`BlobWriter::finish`], and when `content` breaks off.
    pub fn put(
        &self,
        session: SessionId,
        digest: BlobDigest,
        content: &mut dyn Read,
    ) -> Result<bool, BlobError> {
        let new = !self.contains(session, digest)?;
        let mut writer = self.writer(session, digest)?;
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            match content.read(&mut piece)? {
                0 => break,
                count => writer.write(&piece[..count])?,
            }
        }
        writer.finish()?;
        Ok(new)
    }

    /// How many blobs a session has, and how many bytes they take.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn extent(&self, session: SessionId) -> Result<BlobExtent, BlobError> {
        let mut extent = BlobExtent::default();
        let entries = match fs::read_dir(self.folder.join(session.to_string())) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(extent),
            Err(error) => return Err(error.into()),
        };
        for entry in entries {
            extent.blobs += 1;
            extent.bytes += entry?.metadata()?.len();
        }
        Ok(extent)
    }

    /// Removes all blobs of a session, whose key is destroyed. Answers whether there were any.
    ///
    /// # Errors
    /// When the folder cannot be changed.
    pub fn remove_session(&self, session: SessionId) -> Result<bool, BlobError> {
        match fs::remove_dir_all(self.folder.join(session.to_string())) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a blob for reading.
    ///
    /// # Errors
    /// When it is not there, or was sealed with another key.
    pub fn open(&self, session: SessionId, digest: BlobDigest) -> Result<Blob, BlobError> {
        let absent = BlobError::Absent { session, digest };
        let mut file = match File::open(self.path(session, digest)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(absent),
            Err(error) => return Err(error.into()),
        };
        let damaged = |source| BlobError::Damaged {
            session,
            digest,
            source,
        };
        let sealed = file.metadata()?.len();
        let length = chunked::opened_len(sealed).ok_or_else(|| damaged(SealError::Truncated))?;
        let mut header = [0; HEADER_BYTES];
        file.read_exact(&mut header)?;
        let key = self.key(session)?;
        let opener =
            Opener::new(key.bytes(), &self.context(session, digest), &header).map_err(damaged)?;
        Ok(Blob {
            session,
            digest,
            file,
            opener,
            length,
        })
    }
}

/// A blob on its way to the disk. Dropped before [`Self::finish`], it leaves nothing.
pub struct BlobWriter {
    expected: BlobDigest,
    path: PathBuf,
    hasher: Sha256,
    sealer: Sealer,
    chunk: Vec<u8>,
    sealed: Vec<u8>,
    bytes: u64,
    partial: Partial,
}

impl BlobWriter {
    /// Adds content.
    ///
    /// # Errors
    /// When the disk is full or cannot be written.
    pub fn write(&mut self, mut content: &[u8]) -> Result<(), BlobError> {
        self.hasher.update(content);
        self.bytes += content.len() as u64;
        while !content.is_empty() {
            let (fits, rest) = content.split_at(content.len().min(CHUNK_BYTES - self.chunk.len()));
            self.chunk.extend_from_slice(fits);
            content = rest;
            if self.chunk.len() == CHUNK_BYTES {
                self.seal_chunk()?;
            }
        }
        Ok(())
    }

    fn seal_chunk(&mut self) -> Result<(), BlobError> {
        self.sealed.clear();
        self.sealer
            .push(&self.chunk, &mut self.sealed)
            .map_err(|error| io::Error::other(error.to_string()))?;
        self.partial.file.write_all(&self.sealed)?;
        self.chunk.clear();
        Ok(())
    }

    /// Ends the content, checks that it is what was announced, and makes it durable. Answers its
    /// size in bytes.
    ///
    /// # Errors
    /// When it is something else, or the disk is full or cannot be written.
    pub fn finish(mut self) -> Result<u64, BlobError> {
        let found = BlobDigest(self.hasher.finalize_reset().into());
        if found != self.expected {
            return Err(BlobError::DigestMismatch {
                expected: self.expected,
                found,
            });
        }
        self.seal_chunk()?;
        self.partial.file.sync_all()?;
        // The same content may have been stored in between: either is as good.
        fs::rename(&self.partial.path, &self.path)?;
        if let Some(folder) = self.path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(self.bytes)
    }
}

/// A file that is not whole yet.
struct Partial {
    path: PathBuf,
    file: File,
}

impl Drop for Partial {
    fn drop(&mut self) {
        // After `finish` there is none any more.
        let _ = fs::remove_file(&self.path);
    }
}

fn tempfile_in(folder: &std::path::Path) -> Result<Partial, BlobError> {
    let name: [u8; 8] = crate::seal::random().map_err(|e| io::Error::other(e.to_string()))?;
    let path = folder.join(format!(".{}.partial", hex::encode(name)));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path)?;
    Ok(Partial { path, file })
}

fn create_private_folders(path: &std::path::Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// A blob that is being read.
pub struct Blob {
    session: SessionId,
    digest: BlobDigest,
    file: File,
    opener: Opener,
    length: u64,
}

impl Blob {
    /// The size of the content in bytes.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Whether the content is empty.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Reads a range of the content, which is cut at its end. Only the chunks that hold it are
    /// read and opened.
    ///
    /// # Errors
    /// When the file cannot be read, or a chunk is not what was written.
    pub fn read(&mut self, range: Range<u64>) -> Result<Vec<u8>, BlobError> {
        let range = range.start.min(self.length)..range.end.min(self.length);
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let (first, sealed) = chunked::sealed_range(&range);
        let mut chunks = Vec::new();
        self.file.seek(SeekFrom::Start(sealed.start))?;
        (&mut self.file)
            .take(sealed.end - sealed.start)
            .read_to_end(&mut chunks)?;
        let mut content = Vec::with_capacity(chunks.len());
        for (number, chunk) in (first..).zip(chunks.chunks(chunked::SEALED_CHUNK_BYTES)) {
            self.opener
                .open_chunk(number, chunk, &mut content)
                .map_err(|source| BlobError::Damaged {
                    session: self.session,
                    digest: self.digest,
                    source,
                })?;
        }
        let skipped = (range.start - first * CHUNK_BYTES as u64) as usize;
        let wanted = (range.end - range.start) as usize;
        if content.len() < skipped + wanted {
            return Err(BlobError::Damaged {
                session: self.session,
                digest: self.digest,
                source: SealError::Truncated,
            });
        }
        content.truncate(skipped + wanted);
        content.drain(..skipped);
        Ok(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;
    use crate::event::{EventBatch, MarkerSet};
    use crate::id::{SourceName, StreamName, StreamVersion};
    use crate::log::{Append, LogKeys};

    async fn store() -> (BlobStore, SessionId, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let keys = LogKeys::generate().unwrap();
        let log = StoredLog::open_sqlite(&dir.path().join("log.sqlite"), keys).unwrap();
        let session = SessionId::launched_now();
        let source = SourceName::new("agent").unwrap();
        let label = "begin".to_owned();
        log.append(Append {
            stream: StreamName::of_session(session, &source),
            first_version: StreamVersion(0),
            events: EventBatch::of(Timestamp::now(), MarkerSet { label }).unwrap(),
        })
        .await
        .unwrap();
        (BlobStore::new(dir.path().join("blobs"), log), session, dir)
    }

    #[tokio::test]
    async fn a_blob_is_read_by_ranges_and_stands_nowhere_in_clear() {
        let (blobs, session, dir) = store().await;
        let content: Vec<u8> = (0..100_000_u32)
            .flat_map(|i| (i / 7).to_le_bytes())
            .collect();
        let digest = BlobDigest::of(&content);
        assert!(!blobs.contains(session, digest).unwrap());
        let mut writer = blobs.writer(session, digest).unwrap();
        for part in content.chunks(12_345) {
            writer.write(part).unwrap();
        }
        assert_eq!(writer.finish().unwrap(), content.len() as u64);
        assert!(blobs.contains(session, digest).unwrap());
        let mut blob = blobs.open(session, digest).unwrap();
        assert_eq!(blob.len(), content.len() as u64);
        for range in [
            0..1,
            0..400_000,
            16_383..16_385,
            399_999..500_000,
            500_000..600_000,
        ] {
            let found = blob.read(range.clone()).unwrap();
            let end = (range.end as usize).min(content.len());
            assert_eq!(found, &content[(range.start as usize).min(end)..end]);
        }
        let folder = dir.path().join("blobs").join(session.to_string());
        let stored = fs::read(folder.join(digest.to_string())).unwrap();
        assert!(
            !stored
                .windows(64)
                .any(|window| window == &content[4000..4064])
        );
        assert_eq!(fs::read_dir(folder).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn what_is_not_as_announced_leaves_nothing() {
        let (blobs, session, dir) = store().await;
        let digest = BlobDigest::of(b"announced");
        let mut writer = blobs.writer(session, digest).unwrap();
        writer.write(b"other").unwrap();
        let refused = writer.finish();
        assert!(matches!(refused, Err(BlobError::DigestMismatch { .. })));
        drop(blobs.writer(session, digest).unwrap());
        let folder = dir.path().join("blobs").join(session.to_string());
        assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
        let absent = blobs.open(session, digest);
        assert!(matches!(absent, Err(BlobError::Absent { .. })));
        let nobody = blobs.writer(SessionId::launched_now(), digest);
        assert!(matches!(nobody, Err(BlobError::NoSession { .. })));
        for text in ["", "../../etc/passwd", &"A".repeat(64), &"a".repeat(63)] {
            assert_eq!(BlobDigest::parse(text), None, "{text}");
        }
    }

    #[tokio::test]
    async fn a_changed_or_exchanged_blob_is_found() {
        let (blobs, session, _dir) = store().await;
        let digests = [b"one", b"two"].map(|content| {
            let digest = BlobDigest::of(content);
            let mut writer = blobs.writer(session, digest).unwrap();
            writer.write(content).unwrap();
            writer.finish().unwrap();
            digest
        });
        let path = blobs.path(session, digests[0]);
        fs::copy(blobs.path(session, digests[1]), &path).unwrap();
        assert!(matches!(
            blobs.open(session, digests[0]),
            Err(BlobError::Damaged { .. })
        ));
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(10).unwrap();
        assert!(matches!(
            blobs.open(session, digests[0]),
            Err(BlobError::Damaged { .. })
        ));
    }
}
