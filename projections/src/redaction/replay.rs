//! The output of a terminal, drawn anew without what is redacted in it.

use std::sync::Arc;

use retrace_core::event::{Event, EventBody, EventType};

use super::veil::{Veil, with_text};
use super::{MASK, MaskedScreen};
use crate::terminal::{TerminalReplay, TerminalSize, may_draw};

/// Takes the events of one stream, from its beginning on, and answers them as they may be seen: what was written is
/// replaced by what makes the masked screen before it into the masked screen behind it. What scrolled off is not drawn.
pub struct MaskedReplay {
    veil: Arc<Veil>,
    replay: TerminalReplay,
    shown: Option<MaskedScreen>,
}

impl MaskedReplay {
    /// Begins with the stream's first event.
    #[must_use]
    pub fn new(veil: Arc<Veil>) -> Self {
        Self {
            veil,
            replay: TerminalReplay::with_scrollback(TerminalSize::DEFAULT),
            shown: None,
        }
    }

    /// The stream's next event as it may be seen.
    #[must_use]
    pub fn next(&mut self, event: &Event) -> Event {
        if !may_draw(event.kind()) {
            return self.veil.masked(event).unwrap_or_else(|| event.clone());
        }
        let Ok(body) = event.body() else {
            return event.clone();
        };
        self.replay.apply(&body);
        if *event.kind() != EventType::TERMINAL_WRITTEN {
            if !matches!(&body, EventBody::SourceAttached(attached) if attached.columns.or(attached.rows).is_none())
            {
                // The player's terminal has other content than this one, and wraps it otherwise.
                self.shown = None;
            }
            return self.veil.masked(event).unwrap_or_else(|| event.clone());
        }
        let is_new = event.position() >= self.veil.checkpoint();
        let screen = if is_new {
            Some(MaskedScreen::hidden(&self.replay))
        } else {
            self.veil.screen(&self.replay, event.at().micros())
        };
        let Some(screen) = screen else {
            return event.clone();
        };
        let text = screen.ansi(self.shown.as_ref());
        self.shown = Some(screen);
        with_text(event, &text)
            .or_else(|| with_text(event, MASK))
            .unwrap_or_else(|| event.clone())
    }
}
