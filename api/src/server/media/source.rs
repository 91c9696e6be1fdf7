//! The bytes of a file: laid out over footage, or one blob. Opened by ranges, and unsealed on the way out.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use retrace_core::blob::{Blob, BlobDigest, BlobError, BlobStore};
use retrace_core::{Position, SessionId};
use retrace_query::video::{MediaPiece, Playable, Selection};
use retrace_query::{QueryError, Reader};

/// How much is read and sent at once.
pub(in crate::server) const WINDOW_BYTES: u64 = 512 << 10;
/// How many layouts are kept: each viewer asks for many ranges of one.
const LAYOUTS_MAX: usize = 32;

/// Why bytes cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MediaError {
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error(transparent)]
    Blob(#[from] BlobError),
    #[error("decoding: {0}")]
    Worker(String),
}

/// A file of a session.
#[derive(Clone)]
pub(crate) enum Source {
    /// Laid out over footage.
    Footage(Arc<Playable>),
    /// A blob.
    Blob(BlobDigest, u64),
}

impl Source {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Footage(playable) => playable.layout.len(),
            Self::Blob(_, bytes) => *bytes,
        }
    }
}

/// Reads files of one session. Blocks.
pub(crate) struct MediaReader {
    reader: Reader,
    blobs: BlobStore,
    session: SessionId,
    /// The blob that was read last: the next range is mostly of the same.
    open: Option<(BlobDigest, Blob)>,
}

impl MediaReader {
    pub(crate) fn new(reader: Reader, blobs: BlobStore, session: SessionId) -> Self {
        Self {
            reader,
            blobs,
            session,
            open: None,
        }
    }

    /// The bytes of a range, which ends within the file.
    pub(crate) fn read(
        &mut self,
        source: &Source,
        range: Range<u64>,
    ) -> Result<Vec<u8>, MediaError> {
        match source {
            Source::Blob(digest, _) => self.blob(*digest, range),
            Source::Footage(playable) => {
                let mut out = Vec::with_capacity((range.end - range.start) as usize);
                let mut pieces = VecDeque::from(self.reader.media_pieces(playable, range)?);
                while let Some(piece) = pieces.pop_front() {
                    match piece {
                        MediaPiece::Own(bytes) => out.extend(bytes),
                        MediaPiece::Blob(digest, range) => {
                            self.frames(digest, range, &mut pieces, &mut out)?;
                        }
                    }
                }
                Ok(out)
            }
        }
    }

    /// A range of a blob, and what follows of the same blob: frames stand close together, so they are
    /// unsealed in one go.
    fn frames(
        &mut self,
        digest: BlobDigest,
        first: Range<u64>,
        rest: &mut VecDeque<MediaPiece>,
        out: &mut Vec<u8>,
    ) -> Result<(), MediaError> {
        let mut end = first.end;
        for piece in rest.iter() {
            match piece {
                MediaPiece::Own(_) => {}
                MediaPiece::Blob(next, range)
                    if *next == digest
                        && range.start >= end
                        && range.end - first.start <= 2 * WINDOW_BYTES =>
                {
                    end = range.end;
                }
                MediaPiece::Blob(..) => break,
            }
        }
        let bytes = self.blob(digest, first.start..end)?;
        let part = |range: &Range<u64>| {
            // Both lie within what was read, as long as the blob is as large as its event says.
            let within = (range.start - first.start) as usize..(range.end - first.start) as usize;
            bytes.get(within).ok_or_else(|| {
                let what = format!("blob {digest} ends before byte {}", range.end);
                BlobError::from(std::io::Error::other(what))
            })
        };
        out.extend_from_slice(part(&first)?);
        while let Some(piece) = rest.front() {
            match piece {
                MediaPiece::Own(own) => out.extend_from_slice(own),
                MediaPiece::Blob(next, range)
                    if *next == digest && range.start >= first.start && range.end <= end =>
                {
                    out.extend_from_slice(part(range)?);
                }
                MediaPiece::Blob(..) => break,
            }
            rest.pop_front();
        }
        Ok(())
    }

    fn blob(&mut self, digest: BlobDigest, range: Range<u64>) -> Result<Vec<u8>, MediaError> {
        if self.open.as_ref().is_none_or(|(open, _)| *open != digest) {
            self.open = Some((digest, self.blobs.open(self.session, digest)?));
        }
        match &mut self.open {
            Some((_, blob)) => Ok(blob.read(range)?),
            None => Ok(Vec::new()),
        }
    }
}

/// What a layout is of: it is the same for as long as nothing concerned the footage.
type LayoutKey = (SessionId, Selection, Position);

/// Layouts that were asked for lately.
#[derive(Default)]
pub(crate) struct Layouts {
    recent: Mutex<VecDeque<(LayoutKey, Arc<Playable>)>>,
}

impl Layouts {
    /// The file over the footage of a session, and the position as of which it is. Blocks.
    pub(crate) fn get(
        &self,
        reader: &Reader,
        session: SessionId,
        selection: Selection,
    ) -> Result<Option<(Arc<Playable>, Position)>, QueryError> {
        let Some(changed_at) = reader.footage_changed_at(session)? else {
            return Ok(None);
        };
        let key = (session, selection, changed_at);
        let known = {
            let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
            recent
                .iter()
                .find(|(known, _)| *known == key)
                .map(|(_, playable)| Arc::clone(playable))
        };
        if let Some(playable) = known {
            return Ok(Some((playable, changed_at)));
        }
        let Some(playable) = reader.playable(session, selection)?.map(Arc::new) else {
            return Ok(None);
        };
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|((of, selected, _), _)| (*of, *selected) != (session, selection));
        recent.truncate(LAYOUTS_MAX - 1);
        recent.push_front((key, Arc::clone(&playable)));
        Ok(Some((playable, changed_at)))
    }
}
