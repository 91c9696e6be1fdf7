//! The moments of one stream: its terminal, its keys and its markers, replayed.

use retrace_core::event::{EventBody, SourceAttached, VideoAnalyzed};

use super::commands::Commands;
use super::growth::Growth;
use super::keys::KeyRuns;
use super::lines::ScreenLines;
use super::moment::{Detail, Draft, MomentKind};
use super::paste_mode::PasteModeScanner;
use crate::terminal::{TerminalReplay, TerminalSize};

/// Replays a stream and finds its moments. A function of the events alone.
pub(super) struct StreamMoments {
    terminal: TerminalReplay,
    lines: ScreenLines,
    commands: Commands,
    keys: KeyRuns,
    paste_mode: PasteModeScanner,
    now_us: i64,
}

impl StreamMoments {
    pub(super) fn new() -> Self {
        let size = TerminalSize::DEFAULT;
        Self {
            terminal: TerminalReplay::new(size),
            lines: ScreenLines::new(size.rows().into()),
            commands: Commands::default(),
            keys: KeyRuns::default(),
            paste_mode: PasteModeScanner::default(),
            now_us: i64::MIN,
        }
    }

    /// How many characters its screens hold: what its memory is in proportion to.
    pub(super) fn cells(&self) -> usize {
        2 * self.terminal.size().cells()
    }

    /// Applies an event of the stream that happened at `at_us`, in microseconds after 1970.
    pub(super) fn apply(&mut self, body: &EventBody, at_us: i64, out: &mut Vec<Draft>) {
        // A clock that is set back does not take back what was shown.
        self.now_us = self.now_us.max(at_us);
        self.lines
            .settle(self.terminal.terminal(), self.now_us, out);
        match body {
            EventBody::SourceAttached(attached) => self.attached(attached, body, out),
            EventBody::TerminalWritten(written) => self.written(&written.text, out),
            EventBody::TerminalResized(resized) => {
                let size = TerminalSize::clamped(resized.columns, resized.rows);
                let done = self.terminal.resize_with(size, &mut self.lines);
                self.observed(done, out);
            }
            EventBody::KeysTyped(typed) => {
                self.commands.typed(&typed.text, self.now_us);
                self.keys.typed(&typed.text, self.now_us, out);
            }
            EventBody::MarkerSet(marker) => out.push(Draft {
                kind: MomentKind::Marker,
                start_us: self.now_us,
                complete_us: self.now_us,
                text: marker.label.clone(),
                detail: Detail::default(),
                growth: Growth::default(),
            }),
            EventBody::VideoAnalyzed(analyzed) => large_changes(analyzed, out),
            _ => {}
        }
    }

    /// The session ends.
    pub(super) fn end(&mut self, out: &mut Vec<Draft>) {
        self.lines
            .settle(self.terminal.terminal(), self.now_us, out);
        self.keys.finish(out);
        self.lines.end(out);
    }

    fn attached(&mut self, attached: &SourceAttached, body: &EventBody, out: &mut Vec<Draft>) {
        if attached.columns.is_none() && attached.rows.is_none() {
            return;
        }
        self.lines.end(out);
        self.terminal.apply(body);
        self.lines.restart(self.terminal.size().rows().into());
        self.commands = Commands::default();
        self.paste_mode = PasteModeScanner::default();
    }

    fn written(&mut self, text: &str, out: &mut Vec<Draft>) {
        self.commands.output_begins(self.now_us);
        let was_alternate = self.lines.on_alternate();
        let mut rest = text;
        while !rest.is_empty() {
            let (piece, left) = self.paste_mode.next_piece(rest);
            rest = left;
            let observers = (&mut self.lines, &mut self.commands);
            let done = self.terminal.write_with(piece.text, observers).map(|_| ());
            if done.is_none() {
                self.observed(done, out);
                return;
            }
            if let Some(on) = piece.switched {
                self.commands.paste_mode(on, self.terminal.terminal());
                if on && !self.lines.on_alternate() {
                    self.keys.finish(out);
                }
            }
        }
        if self.lines.on_alternate() != was_alternate {
            self.keys.finish(out);
        }
        self.commands.output_ended(self.terminal.terminal(), out);
        self.observed(Some(()), out);
    }

    /// Looks at what the terminal shows now; if the emulator failed, it shows nothing.
    fn observed(&mut self, done: Option<()>, out: &mut Vec<Draft>) {
        if done.is_none() {
            self.lines.restart(self.terminal.size().rows().into());
            self.commands = Commands::default();
        }
        self.lines.look(self.terminal.terminal(), out);
    }
}

/// From this share of the screen on, in thousandths, a change is one to jump to.
const LARGE_PERMILLE: u16 = 300;

/// The seconds in which much of the screen changed, and not yet in the second before.
fn large_changes(analyzed: &VideoAnalyzed, out: &mut Vec<Draft>) {
    let mut was_large = false;
    for (second, permille) in (0..).zip(&analyzed.changed_permille) {
        let is_large = *permille >= LARGE_PERMILLE;
        if is_large && !was_large {
            let at_us = analyzed
                .first_at
                .saturating_add_micros(second * 1_000_000)
                .micros();
            out.push(Draft {
                kind: MomentKind::Change,
                start_us: at_us,
                complete_us: at_us,
                text: String::new(),
                detail: Detail::default(),
                growth: Growth::default(),
            });
        }
        was_large = is_large;
    }
}

#[cfg(test)]
impl StreamMoments {
    /// Panics when the rows that are followed are not those of the screen.
    pub(super) fn check(&self) {
        self.lines.check(self.terminal.terminal());
    }
}
