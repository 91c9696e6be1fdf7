//! Sealing: what the database, the object store and their backups hold of a session is encrypted
//! and authenticated under the session's own data key.
//!
//! | module | holds |
//! |---|---|
//! | [`chunked`] | the one format of sealed bytes, for commits, blobs and keys alike |
//! | [`keys`] | master keys, data keys, and how the one wraps the other |
//!
//! Destroying a wrapped data key makes everything that was sealed under it unreadable for ever,
//! wherever copies of it lie: deletion rests on that.

pub mod chunked;
pub mod keys;

/// Why something sealed cannot be opened, or not be sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It was sealed with another key, for another place, or was changed since.
    #[error("sealed with another key, for another place, or changed since")]
    NotAuthentic,
    /// Its end is missing.
    #[error("its end is missing")]
    Truncated,
    /// The system has no randomness to give.
    #[error("no random numbers: {0}")]
    Random(String),
    /// The master key that wraps a data key is not in the keyring.
    #[error(
        "wrapped with the master key {id}, which is not among the keys given: add it to the master \
         key file"
    )]
    NoMasterKey {
        /// The id of the master key.
        id: String,
    },
    /// Text that is not a keyring.
    #[error("line {line} is not a master key: expected `{expected}`", expected = keys::LINE_FORM)]
    NotAKey {
        /// The line, counted from 1; 0 when there is no key at all.
        line: usize,
    },
}

pub(crate) fn random<const N: usize>() -> Result<[u8; N], SealError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| SealError::Random(error.to_string()))?;
    Ok(bytes)
}
