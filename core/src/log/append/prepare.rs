//! The first stage of an append: everything that does not depend on its place in the log. Done by
//! whoever appends, so that many do it at once.

use std::ops::Range;
use std::sync::Arc;

use crate::log::data_keys::{DataKeys, KnownKey, sealing};
use crate::log::{Append, StoreError, payload};
use crate::seal::random;

/// An append is cut into commits of at most so many events and about so many bytes, so that
/// reading one event does not unpack a whole recording.
const COMMIT_EVENTS: usize = 2048;
const COMMIT_BYTES: usize = 256 << 10;

/// The events of an append, cut into commits, packed and sealed.
pub(super) struct Prepared {
    pub(super) key: Arc<KnownKey>,
    pub(super) pieces: Vec<Piece>,
}

/// One commit to be.
pub(super) struct Piece {
    /// Which events of the append.
    pub(super) range: Range<usize>,
    /// What the salts of their leaves are derived from.
    pub(super) secret: [u8; 16],
    pub(super) payload: Vec<u8>,
}

impl Prepared {
    /// Packs and seals the events of an append from index `from` on.
    pub(super) fn new(
        keys: &DataKeys,
        key: Arc<KnownKey>,
        append: &Append,
        from: usize,
    ) -> Result<Self, StoreError> {
        let mut pieces = Vec::new();
        for range in append.events.pieces(from, COMMIT_EVENTS, COMMIT_BYTES) {
            let secret = random().map_err(sealing)?;
            let first_version = append.first_version.plus(range.start as u64);
            let packed = payload::pack(&append.events, range.clone(), &secret)?;
            let place = (&append.stream, first_version);
            pieces.push(Piece {
                range,
                secret,
                payload: payload::seal(keys.log(), place, (key.scope, &key.key), &packed)
                    .map_err(sealing)?,
            });
        }
        Ok(Self { key, pieces })
    }
}
