//! The blobs that the events of a recording name.
//!
//! A blob is sealed under the key of its session, and that exists once the session has begun. So the
//! check only computes digests, and blobs are stored while the entries are appended, each before the
//! event that names it.

use std::io::Read;

use retrace_core::SessionId;
use retrace_core::blob::{BlobDigest, BlobError, BlobStore};

use super::format::FormatError;
use super::input::{ContentFacts, Input};

/// What becomes of blobs.
pub struct Blobs {
    store: Option<(BlobStore, SessionId)>,
    named: bool,
}

impl Blobs {
    /// They get their names, and are not stored.
    pub fn named_only() -> Self {
        Self {
            store: None,
            named: false,
        }
    }

    /// They are stored under the key of a session that has begun.
    pub(super) fn stored(store: BlobStore, session: SessionId) -> Self {
        Self {
            store: Some((store, session)),
            named: false,
        }
    }

    /// Whether there were any.
    pub(super) fn named(&self) -> bool {
        self.named
    }

    pub(super) fn put(&mut self, content: &[u8]) -> Result<BlobDigest, BlobError> {
        self.named = true;
        let digest = BlobDigest::of(content);
        if let Some((store, session)) = &self.store
            && !store.contains(*session, digest)?
        {
            store.put(*session, digest, &mut &*content)?;
        }
        Ok(digest)
    }

    pub(super) fn put_file(
        &mut self,
        mut open: impl FnMut() -> Result<Input, FormatError>,
    ) -> Result<(BlobDigest, u64), FormatError> {
        self.named = true;
        let mut input = open()?;
        input.read_to_end()?;
        let facts = input.facts();
        let digest = digest_of(facts.sha256);
        if let Some((store, session)) = &self.store {
            put_input(store, *session, digest, &mut open()?)?;
        }
        Ok((digest, facts.bytes))
    }

    pub(super) fn put_known(
        &mut self,
        content: ContentFacts,
        open: impl FnOnce() -> Result<Input, FormatError>,
    ) -> Result<BlobDigest, FormatError> {
        self.named = true;
        let digest = digest_of(content.sha256);
        if let Some((store, session)) = &self.store
            && !store.contains(*session, digest)?
        {
            store.put(*session, digest, &mut open()?)?;
        }
        Ok(digest)
    }
}

/// A digest that was computed elsewhere.
pub(super) fn digest_of(sha256: [u8; 32]) -> BlobDigest {
    BlobDigest::parse(&hex::encode(sha256)).expect("64 hexadecimal digits in lower case")
}

/// Stores a file, unless it is there. What was there is not read again.
pub(super) fn put_input(
    store: &BlobStore,
    session: SessionId,
    digest: BlobDigest,
    input: &mut dyn Read,
) -> Result<(), BlobError> {
    if !store.contains(session, digest)? {
        store.put(session, digest, input)?;
    }
    Ok(())
}
