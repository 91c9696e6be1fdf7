//! Pieces of footage, one row each.

use retrace_core::blob::BlobDigest;
use retrace_core::event::{Event, FramesCaptured, VideoEncoded};
use retrace_core::{SessionId, Timestamp};
use rusqlite::OptionalExtension;

use super::Writing;
use super::runs::{Found, OpenRun, begins_a_file};
use crate::ProjectionError;
use crate::starts::Start;
use crate::store::to_sql;

/// One piece, as its event tells of it.
struct Piece<'a> {
    position: i64,
    session: SessionId,
    key: i64,
    made: bool,
    source: &'a str,
    media_type: &'a str,
    digest: BlobDigest,
    bytes: u64,
    first_us: i64,
    last_us: i64,
    frames: u32,
    codec: Option<&'a str>,
    size: Option<(u32, u32)>,
}

/// Where a moment stands in its session; before the start of the session it is negative.
fn session_us(start: &Start, at: Timestamp) -> i64 {
    at.micros_since(start.started)
}

impl Writing<'_> {
    pub(super) fn captured(
        &mut self,
        event: &Event,
        start: &Start,
        captured: &FramesCaptured,
    ) -> Result<(), ProjectionError> {
        let (Some(session), Some(digest)) = (event.session(), BlobDigest::parse(&captured.blob))
        else {
            return Ok(());
        };
        self.piece(&Piece {
            position: to_sql(event.position().0),
            session,
            key: start.key,
            made: false,
            source: event.stream().source().unwrap_or_default(),
            media_type: &captured.media_type,
            digest,
            bytes: captured.bytes,
            first_us: session_us(start, captured.first_at),
            last_us: session_us(start, captured.last_at),
            frames: captured.frame_count,
            codec: captured.codec.as_deref(),
            size: captured.width.zip(captured.height),
        })
    }

    pub(super) fn encoded(
        &mut self,
        event: &Event,
        start: &Start,
        encoded: &VideoEncoded,
    ) -> Result<(), ProjectionError> {
        let (Some(session), Some(digest)) = (event.session(), BlobDigest::parse(&encoded.blob))
        else {
            return Ok(());
        };
        self.piece(&Piece {
            position: to_sql(event.position().0),
            session,
            key: start.key,
            made: true,
            source: super::BUILT_BY_SERVER,
            media_type: &encoded.media_type,
            digest,
            bytes: encoded.bytes,
            first_us: session_us(start, encoded.first_at),
            last_us: session_us(start, encoded.last_at),
            frames: encoded.frame_count,
            codec: Some(&encoded.codec),
            size: None,
        })
    }

    fn piece(&mut self, piece: &Piece<'_>) -> Result<(), ProjectionError> {
        // H.264 comes in the same container under its general name.
        let is_webm = matches!(piece.media_type, "video/webm" | "video/x-matroska");
        // The same screenshot twice is a screen that did not change; the same video twice is a mistake.
        if piece.media_type.starts_with("video/") && self.is_there(piece)? {
            return Ok(());
        }
        let placed = if is_webm {
            Some(self.scan(piece)?)
        } else {
            None
        };
        let (run, run_offset, problem) = match placed {
            Some((run, offset, problem)) => (Some(run), Some(to_sql(offset)), problem),
            None => (None, None, None),
        };
        self.connection
            .prepare_cached(
                "INSERT INTO footage VALUES
                    (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
            )?
            .execute(rusqlite::params![
                piece.position,
                piece.key,
                piece.made,
                piece.source,
                piece.media_type,
                piece.digest.as_bytes(),
                to_sql(piece.bytes),
                piece.first_us,
                piece.last_us.max(piece.first_us),
                piece.frames,
                piece.codec,
                piece.size.map(|(width, _)| width),
                piece.size.map(|(_, height)| height),
                run,
                run_offset,
                problem,
            ])?;
        Ok(())
    }

    fn is_there(&self, piece: &Piece<'_>) -> rusqlite::Result<bool> {
        self.connection
            .prepare_cached(
                "SELECT 1 FROM footage
                 WHERE session = ?1 AND first_us = ?2 AND blob = ?3 AND made = ?4 AND source = ?5",
            )?
            .exists((
                piece.key,
                piece.first_us,
                piece.digest.as_bytes(),
                piece.made,
                piece.source,
            ))
    }

    /// Finds the frames of a WebM piece, and answers its run, its place in it, and its problem.
    fn scan(&mut self, piece: &Piece<'_>) -> Result<(i64, u64, Option<String>), ProjectionError> {
        let begins = begins_a_file(self.blobs, piece.session, piece.digest)?;
        let before = if begins {
            None
        } else {
            self.run_before(piece)?
        };
        let mut run = before.unwrap_or_else(|| OpenRun::new(piece.position, piece.first_us));
        // That the piece before ended in the middle of something was no problem: here is the rest.
        if run.bytes > 0
            && !run.scanner.is_damaged()
            && let Some(missing) = run.missing()
        {
            self.connection
                .prepare_cached(
                    "UPDATE footage SET problem = NULL WHERE run = ?1 AND problem = ?2",
                )?
                .execute((run.id, missing))?;
        }
        let offset = run.bytes;
        let found = run.read(self.blobs, piece.session, piece.digest)?;
        self.store(piece, &run, &found)?;
        let problem = found.problem.or_else(|| run.missing());
        let id = run.id;
        self.open.put(piece.key, piece.source, run);
        Ok((id, offset, problem))
    }

    /// The run that the piece goes on with: from memory, or from its pieces.
    fn run_before(&mut self, piece: &Piece<'_>) -> Result<Option<OpenRun>, ProjectionError> {
        if let Some(run) = self.open.take(piece.key, piece.source) {
            return Ok(Some(run));
        }
        let last: Option<i64> = self
            .connection
            .prepare_cached(
                "SELECT run FROM footage WHERE session = ?1 AND source = ?2 AND run IS NOT NULL
                 ORDER BY position DESC LIMIT 1",
            )?
            .query_row((piece.key, piece.source), |row| row.get(0))
            .optional()?;
        let Some(id) = last else {
            return Ok(None);
        };
        let mut statement = self.connection.prepare_cached(
            "SELECT blob, first_us FROM footage WHERE run = ?1 ORDER BY run_offset",
        )?;
        let pieces =
            statement.query_map([id], |row| Ok((row.get::<_, [u8; 32]>(0)?, row.get(1)?)))?;
        let mut run: Option<OpenRun> = None;
        for row in pieces {
            let (blob, first_us) = row?;
            let run = run.get_or_insert_with(|| OpenRun::new(id, first_us));
            run.read(self.blobs, piece.session, BlobDigest::from_bytes(blob))?;
        }
        Ok(run)
    }

    fn store(
        &self,
        piece: &Piece<'_>,
        run: &OpenRun,
        found: &Found,
    ) -> Result<(), ProjectionError> {
        let (Some(track), Some(base_us)) = (run.scanner.track(), run.base_us) else {
            return Ok(());
        };
        self.connection
            .prepare_cached(
                "INSERT OR IGNORE INTO runs VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute((
                run.id,
                piece.key,
                piece.made,
                piece.source,
                base_us,
                &track.codec_id,
                &track.codec_private,
                track.width,
                track.height,
            ))?;
        for (number, group) in &found.groups {
            self.connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO groups VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                )?
                .execute((
                    run.id,
                    number,
                    to_sql(group.first_us()),
                    to_sql(group.last_us()),
                    group.frames.len() as i64,
                    to_sql(group.bytes()),
                    group.key(),
                    group.pack(),
                ))?;
        }
        Ok(())
    }
}
