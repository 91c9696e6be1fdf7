//! What of the footage of a session belongs in its bundle.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use retrace_core::blob::{BlobDigest, BlobStore};
use retrace_core::{Position, SessionId};
use retrace_projections::redaction::Veil;
use retrace_query::Reader;
use retrace_query::video::{ProductState, Selection};

use super::BundleError;
use super::survey::Captured;
use crate::processing::MP4;
use crate::server::{MediaReader, Source};

/// How much is read and written at once.
const PIECE_BYTES: u64 = 512 << 10;

/// The files of footage.
pub(super) struct Media {
    reader: MediaReader,
    /// As it was captured: names below `media/captured/`.
    pub(super) captured: Vec<(String, Source)>,
    /// As it plays.
    pub(super) video: Option<Video>,
    /// What cannot be masked, and is left out.
    pub(super) withheld: Vec<&'static str>,
    /// What events name and nobody has any more, or not yet: digests.
    pub(super) absent: Vec<String>,
}

/// The joined footage.
pub(super) struct Video {
    pub(super) name: &'static str,
    pub(super) source: Source,
    /// What its beginning is, in microseconds from the start of the session.
    pub(super) first_us: i64,
}

impl Media {
    /// Looks for the footage below a position. Blocks.
    pub(super) fn find(
        reader: &Reader,
        blobs: &BlobStore,
        session: SessionId,
        before: Position,
        named: &BTreeMap<String, Captured>,
        veil: Option<&Veil>,
    ) -> Result<Self, BundleError> {
        let mut media = Self {
            reader: MediaReader::new(reader.clone(), blobs.clone(), session),
            captured: Vec::new(),
            video: None,
            withheld: Vec::new(),
            absent: Vec::new(),
        };
        if veil.is_some_and(|veil| {
            !veil.hand.spans().is_empty() && veil.hides_pictures(i64::MIN, i64::MAX)
        }) {
            media
                .withheld
                .push("media: a part of what it shows is redacted");
            return Ok(media);
        }
        for (digest, Captured { media_type, bytes }) in named {
            let Some(parsed) = BlobDigest::parse(digest) else {
                continue;
            };
            // Files of other recorders hold what was typed, too.
            let shows_only = media_type
                .as_deref()
                .is_some_and(|kind| kind.starts_with("video/") || kind.starts_with("image/"));
            if veil.is_some() && !shows_only {
                media
                    .withheld
                    .push("recordings as they were imported: they hold what was typed");
                continue;
            }
            if !matches!(blobs.contains(session, parsed), Ok(true)) {
                media.absent.push(digest.clone());
                continue;
            }
            let name = format!("{digest}.{}", ending(media_type.as_deref()));
            media.captured.push((name, Source::Blob(parsed, *bytes)));
        }
        media.withheld.dedup();
        media.video = video(reader, session, before)?;
        Ok(media)
    }

    /// Writes all of a file.
    pub(super) fn copy(&mut self, source: &Source, out: &mut dyn Write) -> Result<(), BundleError> {
        let mut at = 0;
        while at < source.len() {
            let end = (at + PIECE_BYTES).min(source.len());
            out.write_all(&self.reader.read(source, at..end)?)
                .map_err(|error: io::Error| BundleError::Write(error))?;
            at = end;
        }
        Ok(())
    }
}

/// The footage as one file, as far as it was there at a position.
fn video(
    reader: &Reader,
    session: SessionId,
    before: Position,
) -> Result<Option<Video>, BundleError> {
    let footage = reader.footage(session, i64::MIN)?;
    let there = footage.iter().filter(|piece| piece.position < before);
    let Some(until_us) = there.map(|piece| piece.last_us).max() else {
        return Ok(None);
    };
    let grew = footage.iter().any(|piece| piece.position >= before);
    let selection = Selection {
        until_us: grew.then_some(until_us),
        ..Selection::ALL
    };
    if let Some(playable) = reader.playable(session, selection)? {
        return Ok(Some(Video {
            name: "media/video.webm",
            first_us: playable.first_us,
            source: Source::Footage(Arc::new(playable)),
        }));
    }
    let changed_at = reader.footage_changed_at(session)?;
    if changed_at.is_none_or(|at| at >= before) {
        return Ok(None);
    }
    let products = reader.products(session)?;
    let mp4 = products.into_iter().find(|product| {
        product.media_type == MP4 && matches!(product.state, ProductState::Completed)
    });
    let first_us = footage
        .iter()
        .map(|piece| piece.first_us)
        .min()
        .unwrap_or(0);
    Ok(mp4
        .and_then(|mp4| Some(Source::Blob(mp4.blob?, mp4.bytes?)))
        .map(|source| Video {
            name: "media/video.mp4",
            source,
            first_us,
        }))
}

fn ending(media_type: Option<&str>) -> &'static str {
    match media_type {
        Some("video/webm") => "webm",
        Some("video/mp4") => "mp4",
        Some("image/png") => "png",
        Some("image/jpeg") => "jpg",
        Some("image/webp") => "webp",
        _ => "bin",
    }
}
