//! The moments of one stream: its terminal, its keys and what else it tells, replayed.

use std::sync::Arc;

use retrace_core::event::{EndReason, EventBody, SessionEnded, SourceAttached, VideoAnalyzed};

use super::commands::Commands;
use super::escapes::{Escapes, Sequence};
use super::happenings::{self, Happenings};
use super::keys::Recalled;
use super::lines::ScreenLines;
use super::moment::{Draft, MomentKind};
use super::typed_runs::TypedRuns;
use crate::redaction::Rules;
use crate::terminal::{TerminalReplay, TerminalSize};

/// Replays a stream and finds its moments. A function of the events alone.
pub(super) struct StreamMoments {
    terminal: TerminalReplay,
    lines: ScreenLines,
    commands: Commands,
    keys: TypedRuns,
    recalled: Recalled,
    escapes: Escapes,
    happenings: Happenings,
    has_output: bool,
    now_us: i64,
}

impl StreamMoments {
    pub(super) fn new(rules: Arc<Rules>) -> Self {
        let size = TerminalSize::DEFAULT;
        Self {
            terminal: TerminalReplay::new(size),
            lines: ScreenLines::new(size.rows().into()),
            commands: Commands::default(),
            keys: TypedRuns::new(Arc::clone(&rules)),
            recalled: Recalled::new(rules),
            escapes: Escapes::default(),
            happenings: Happenings::default(),
            has_output: false,
            now_us: i64::MIN,
        }
    }

    /// How many characters its screens hold: what its memory is in proportion to.
    pub(super) fn cells(&self) -> usize {
        2 * self.terminal.size().cells()
    }

    /// Beginnings of lines of the screen behind which secrets were shown.
    pub(super) fn leads(&self) -> &[String] {
        self.keys.leads()
    }

    /// Whether something was written to its terminal.
    pub(super) fn has_output(&self) -> bool {
        self.has_output
    }

    /// Applies an event of the stream that happened at `at_us`, in microseconds after 1970.
    pub(super) fn apply(&mut self, body: &EventBody, at_us: i64, out: &mut Vec<Draft>) {
        let start = out.len();
        self.find(body, at_us, out);
        self.recalled.look(start, out);
    }

    fn find(&mut self, body: &EventBody, at_us: i64, out: &mut Vec<Draft>) {
        // A clock that is set back does not take back what was shown.
        self.now_us = self.now_us.max(at_us);
        self.lines
            .settle(self.terminal.terminal(), self.now_us, out);
        self.happenings.title_stands(self.now_us, out);
        let now_us = self.now_us;
        self.keys.apply(body, self.terminal.terminal(), now_us, out);
        match body {
            EventBody::SourceAttached(attached) => self.attached(attached, body, out),
            EventBody::TerminalWritten(written) => self.written(&written.text, out),
            EventBody::TerminalResized(resized) => {
                let size = TerminalSize::clamped(resized.columns, resized.rows);
                let done = self.terminal.resize_with(size, &mut self.lines);
                self.observed(done, out);
            }
            EventBody::KeysTyped(typed) => self.commands.typed(&typed.text, now_us, out),
            EventBody::MarkerSet(marker) => {
                out.push(Draft::at(now_us, MomentKind::Marker, marker.label.clone()));
            }
            EventBody::ProcessStarted(started) => self.happenings.started(started, now_us, out),
            EventBody::ProcessStopped(stopped) => self.happenings.stopped(stopped, now_us, out),
            EventBody::WindowFocused(focused) => self.happenings.focused(focused, now_us, out),
            EventBody::ClipboardCopied(copied) => happenings::copied(copied, now_us, out),
            EventBody::FileTransferred(file) => happenings::transferred(file, now_us, out),
            EventBody::MessageSent(message) => happenings::sent(message, now_us, out),
            EventBody::VideoAnalyzed(analyzed) => large_changes(analyzed, out),
            _ => {}
        }
    }

    /// The session ends, at `at_us`. `only` tells whether no other stream has a terminal.
    pub(super) fn end(
        &mut self,
        ended: &SessionEnded,
        only: bool,
        at_us: i64,
        out: &mut Vec<Draft>,
    ) {
        self.lines
            .settle(self.terminal.terminal(), self.now_us, out);
        let start = out.len();
        self.keys.end(out);
        self.recalled.look(start, out);
        self.recalled.end(out);
        // Of a session that somebody else ended it is not known how what ran in it ended.
        let by_itself = ended.exit_status.is_some() || ended.reason == EndReason::User;
        let end_us = (only && by_itself).then_some(at_us.max(self.now_us));
        self.commands.end(end_us, ended.exit_status, out);
        self.happenings.end(out);
        self.lines.end(out);
    }

    fn attached(&mut self, attached: &SourceAttached, body: &EventBody, out: &mut Vec<Draft>) {
        if attached.columns.is_none() && attached.rows.is_none() {
            return;
        }
        self.lines.end(out);
        self.terminal.apply(body);
        self.lines.restart(self.terminal.size().rows().into());
        self.commands.restart(out);
        self.escapes = Escapes::default();
    }

    fn written(&mut self, text: &str, out: &mut Vec<Draft>) {
        self.has_output = true;
        self.commands.output_begins(self.now_us);
        let was_alternate = self.lines.on_alternate();
        let mut rest = text;
        while !rest.is_empty() {
            let (piece, left) = self.escapes.next_piece(rest);
            rest = left;
            let observers = (&mut self.lines, &mut self.commands);
            let done = self.terminal.write_with(piece.text, observers).map(|_| ());
            if done.is_none() {
                self.observed(done, out);
                return;
            }
            match piece.sequence {
                Some(Sequence::PasteMode(on)) => {
                    self.commands.paste_mode(on, self.terminal.terminal());
                    if on && !self.lines.on_alternate() {
                        self.keys.finish(out);
                    }
                }
                Some(Sequence::Osc(command)) => {
                    if let Some(title) = title(&command) {
                        self.happenings.titled(title, self.now_us, out);
                    }
                    self.commands.marked(&command, self.terminal.terminal());
                }
                None => {}
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
            self.commands.restart(out);
        }
        self.lines.look(self.terminal.terminal(), out);
    }
}

/// The title that an operating system command gives to the terminal.
fn title(command: &str) -> Option<&str> {
    command
        .strip_prefix("0;")
        .or_else(|| command.strip_prefix("2;"))
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
            out.push(Draft::at(at_us, MomentKind::Change, String::new()));
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
