//! Blobs: segments of video and screenshots, beside the log, named by their SHA-256.

use std::io::{self, Read};

use retrace_core::SessionId;

/// Where blobs are kept. Every implementation promises:
/// - *what it says*: the bytes under a digest have that SHA-256;
/// - *whole*: a blob is there with all its bytes or not at all;
/// - *durable*: after `Ok` a crash does not lose it;
/// - *apart*: what one session has stored is not there for another.
///
/// All of it blocks.
pub trait Blobs: Send + Sync {
    /// Whether the blob is there.
    ///
    /// # Errors
    /// When that cannot be found out.
    fn contains(&self, session: SessionId, sha256: &str) -> io::Result<bool>;

    /// Stores what `content` gives, up to its end, if it has the digest.
    ///
    /// # Errors
    /// When it has another digest, cannot be read to its end, or cannot be stored. Then nothing is.
    fn put(
        &self,
        session: SessionId,
        sha256: &str,
        content: &mut dyn Read,
    ) -> Result<Stored, PutError>;
}

/// What became of a blob that was to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It is there now.
    New,
    /// It was there before.
    Already,
}

/// Why a blob was not stored.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// The bytes are not those of the digest.
    #[error("the bytes have the SHA-256 {found}")]
    OtherDigest {
        /// The digest that they have.
        found: String,
    },
    /// No space is left.
    #[error("no space left for blobs")]
    Full,
    /// It could not be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// No place for blobs: none is there, and none is taken.
pub struct NoBlobs;

impl Blobs for NoBlobs {
    fn contains(&self, _: SessionId, _: &str) -> io::Result<bool> {
        Ok(false)
    }

    fn put(&self, _: SessionId, _: &str, _: &mut dyn Read) -> Result<Stored, PutError> {
        Err(PutError::Full)
    }
}
