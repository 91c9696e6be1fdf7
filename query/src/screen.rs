//! The terminal screen at a moment.

use retrace_core::SessionId;
use retrace_media::terminal::font::FontSize;
use retrace_media::terminal::html::html;
use retrace_media::terminal::picture::{PictureError, png};
use retrace_media::terminal::theme::Theme;
use retrace_projections::ProjectionError;
use retrace_projections::screens::screen_at;
use retrace_projections::terminal::TerminalReplay;

pub use retrace_projections::terminal::Cursor as ScreenCursor;

use crate::Reader;
use crate::page::QueryError;
use crate::redaction::MaskedScreen;

/// What a terminal showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screen {
    /// The moment, in milliseconds from the start of the session.
    pub at_ms: u64,
    /// Characters in a line.
    pub columns: u16,
    /// Lines.
    pub rows: u16,
    /// One line of text for each row, trailing spaces cut off.
    pub lines: Vec<String>,
    /// The escape sequences that draw this screen on an empty terminal of the same size; the
    /// stream's next output may be written behind them, until the terminal is resized: then lines
    /// come back that had scrolled off, and those are not in them.
    pub ansi: String,
    /// The screen as HTML, with its colours ([`retrace_media::terminal::html`]).
    pub html: String,
    /// Where the cursor stands.
    pub cursor: ScreenCursor,
}

impl Screen {
    fn of(replay: &TerminalReplay, at_ms: u64) -> Self {
        Self {
            at_ms,
            columns: replay.size().columns(),
            rows: replay.size().rows(),
            lines: replay.lines(),
            ansi: replay.ansi(),
            html: html(replay.terminal(), &Theme::default()),
            cursor: replay.cursor(),
        }
    }
}

impl Reader {
    /// The terminal as this reader may see it, `limit_us` from the start of the session. Nothing when all of it may be
    /// seen.
    fn masked_screen(
        &self,
        session: SessionId,
        replay: &TerminalReplay,
        limit_us: u64,
    ) -> Result<Option<MaskedScreen>, QueryError> {
        let Some(veil) = self.veil(session)? else {
            return Ok(None);
        };
        let Some(started_us) = self.redactions_began(session)? else {
            // Nobody has looked through it yet.
            return Ok(Some(MaskedScreen::hidden(replay)));
        };
        let at_us = started_us.saturating_add_unsigned(limit_us);
        let masked = veil.masked_screen(replay, at_us);
        // Only where something is hidden: what the terminal says of itself is more than what it shows.
        let hides = masked.lines() != replay.lines() || masked.cursor() != replay.cursor();
        Ok(hides.then_some(masked))
    }

    /// What a session's terminal showed once everything had happened whose offset, in whole
    /// milliseconds, is at most `at_ms`: so a moment that was found at a millisecond is on the
    /// screen of that millisecond. Nothing when the session has no terminal.
    ///
    /// # Errors
    /// When the read model or the log does not answer.
    pub async fn screen(
        &self,
        session: SessionId,
        at_ms: u64,
    ) -> Result<Option<Screen>, QueryError> {
        let shown = self.terminal_at(session, at_ms).await?;
        Ok(shown.map(|replay| Screen::of(&replay, at_ms)))
    }

    /// The same as a picture: a PNG file.
    ///
    /// # Errors
    /// When the read model or the log does not answer, or the terminal is too large for a picture.
    pub async fn screen_picture(
        &self,
        session: SessionId,
        at_ms: u64,
    ) -> Result<Option<Vec<u8>>, QueryError> {
        let Some(replay) = self.terminal_at(session, at_ms).await? else {
            return Ok(None);
        };
        let drawn = png(replay.terminal(), Theme::default(), FontSize::DEFAULT);
        drawn
            .map(Some)
            .map_err(|error: PictureError| QueryError::internal(error))
    }

    async fn terminal_at(
        &self,
        session: SessionId,
        at_ms: u64,
    ) -> Result<Option<TerminalReplay>, QueryError> {
        if !self.may_view_recording(session)? {
            return Ok(None);
        }
        let limit_us = at_ms.saturating_mul(1_000).saturating_add(999);
        let found = screen_at(&self.screens, &self.log, session, limit_us).await;
        match found {
            Ok(None) => Ok(None),
            Ok(Some(replay)) => {
                let masked = self.masked_screen(session, &replay, limit_us)?;
                Ok(Some(masked.map_or(replay, |masked| masked.terminal())))
            }
            Err(ProjectionError::Log(error)) => Err(error.into()),
            Err(error) => Err(QueryError::internal(error)),
        }
    }
}
