//! A command's messages as the events of its session.
//!
//! Promises:
//! - *exact*: what is cut and appended stands for all messages taken before, each once, also when the
//!   connection broke and the client sends some of them again ([`super::resume`]);
//! - *ordered*: times never run backwards; they are the client's own, from the start of the command;
//! - *bounded*: it holds the events since the last cut, and at most three bytes of each channel.
//!
//! Output that follows within [`JOIN_WITHIN`] becomes one event, up to [`JOIN_BYTES`], as in
//! `retrace record`. How it is joined depends on when it was cut, what it says does not.

use std::time::Duration;

use retrace_core::Timestamp;
use retrace_core::event::{
    EndReason, EventBatch, EventBody, EventError, KeysTyped, RecordingCommented, SessionEnded,
    SourceAttached, TerminalResized, TerminalWritten, UploadCommitted,
};

use super::channels::{Channel, Channels};
use super::elapsed::{Elapsed, wall_time};
use super::facts::Facts;
use super::messages::{ChangeWindowSize, ClientEvent, ExitMessage, IoBuffer};
use super::opening::Accepted;
use super::resume::{CommitPoint, ResumeKey, Sent, Stored};
use super::{ProtocolError, notes};

/// Output that follows within this time is one event: a 60th of a second, in microseconds.
pub const JOIN_WITHIN: i64 = 16_667;
/// An event of output is ended once it has so many bytes.
pub const JOIN_BYTES: usize = 16 << 10;

/// Why a message was not taken. The recording cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum RecorderError {
    /// The client is to blame: tell it, and hang up.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// An event could not be written, which limits on texts rule out.
    #[error(transparent)]
    Event(#[from] EventError),
}

/// What is to be appended, and what the client may be told then.
#[derive(Debug, Clone)]
pub struct Piece {
    /// The events; none when there is nothing new.
    pub events: EventBatch,
    /// The commit point. `None` while the client sends again what stands in the log already: the
    /// log has no place that it could go on from in between.
    pub commit: Option<Elapsed>,
}

/// Takes the messages of one command.
#[derive(Debug)]
pub struct Recorder {
    started: Timestamp,
    node: String,
    record_keys: bool,
    elapsed: Elapsed,
    sent: Sent,
    /// What had been sent when `elapsed` was reached.
    before: Sent,
    /// What stands in the log already, and is dropped when it comes again.
    stored: Option<CommitPoint>,
    /// Nothing can be added: the command had ended before the connection broke.
    is_complete: bool,
    channels: Channels,
    joined: Option<Joined>,
    batch: EventBatch,
    last_at: Timestamp,
    /// What a commit has told of last.
    told: Option<Sent>,
    resume_key_sha256: Option<String>,
    has_ended: bool,
}

/// Output that more may be joined to.
#[derive(Debug)]
struct Joined {
    at: Timestamp,
    text: String,
}

impl Recorder {
    /// Begins a recording on `node`. `key` is what the client will be given, if it is to be able to
    /// go on when the connection breaks.
    ///
    /// # Errors
    /// When an event cannot be written.
    pub fn begin(
        accepted: &Accepted,
        key: Option<&ResumeKey>,
        record_keys: bool,
        node: &str,
    ) -> Result<Self, EventError> {
        let Accepted { at, facts, .. } = accepted;
        let mut recorder = Self {
            started: *at,
            node: node.to_owned(),
            record_keys,
            elapsed: Elapsed::default(),
            sent: Sent::default(),
            before: Sent::default(),
            stored: None,
            is_complete: false,
            channels: Channels::default(),
            joined: None,
            batch: EventBatch::new(),
            last_at: *at,
            told: None,
            resume_key_sha256: key.map(ResumeKey::sha256),
            has_ended: false,
        };
        let attached = SourceAttached {
            columns: facts.columns,
            recording: None,
            rows: facts.rows,
        };
        recorder.push(*at, attached)?;
        if !facts.others.is_empty() {
            let text = facts.others.clone();
            recorder.push(*at, RecordingCommented { text })?;
        }
        recorder.push(*at, facts.process())?;
        Ok(recorder)
    }

    /// Goes on with a recording, now on `node`. The first cut tells the log so, unless the recording
    /// is complete.
    pub fn resume(stored: &Stored, record_keys: bool, node: &str) -> Self {
        let Stored {
            started,
            last_at,
            from,
            last,
            held,
            is_complete,
        } = stored;
        Self {
            started: *started,
            node: node.to_owned(),
            record_keys,
            elapsed: from.elapsed,
            sent: from.before,
            before: from.before,
            stored: Some(last.clone()),
            is_complete: *is_complete,
            channels: Channels::holding(held),
            joined: None,
            batch: EventBatch::new(),
            last_at: *last_at,
            told: is_complete.then_some(last.sent),
            resume_key_sha256: None,
            has_ended: false,
        }
    }

    /// Whether keys are recorded from now on.
    pub fn set_record_keys(&mut self, record_keys: bool) {
        self.record_keys = record_keys;
    }

    /// Whether the command has ended, or the session was ended.
    pub fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Whether there is something to cut.
    pub fn is_waiting(&self) -> bool {
        !self.batch.is_empty() || self.joined.is_some() || self.is_untold()
    }

    /// About how many bytes wait to be cut.
    pub fn waiting_bytes(&self) -> usize {
        let joined = self.joined.as_ref().map_or(0, |joined| joined.text.len());
        self.batch.data_bytes() + joined
    }

    /// The time of the recording when nothing has come for so long.
    pub fn now_after(&self, quiet: Duration) -> Timestamp {
        let quiet = i64::try_from(quiet.as_micros()).unwrap_or(i64::MAX);
        self.last_at
            .max(self.at(self.elapsed).saturating_add_micros(quiet))
    }

    /// How long the command has run when nothing has come for so long.
    pub fn ran_after(&self, quiet: Duration) -> Duration {
        let micros = self.now_after(quiet).micros_since(self.started);
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }

    /// Takes a message.
    ///
    /// # Errors
    /// When it has no place here, or cannot be written. Nothing more may be given then.
    pub fn take(&mut self, message: ClientEvent) -> Result<(), RecorderError> {
        if self.has_ended {
            return Err(unexpected(&message, "nothing after the ExitMessage").into());
        }
        match message {
            ClientEvent::TtyIn(buffer) => self.take_buffer(Channel::TtyIn, &buffer),
            ClientEvent::TtyOut(buffer) => self.take_buffer(Channel::TtyOut, &buffer),
            ClientEvent::StdIn(buffer) => self.take_buffer(Channel::StdIn, &buffer),
            ClientEvent::StdOut(buffer) => self.take_buffer(Channel::StdOut, &buffer),
            ClientEvent::StdErr(buffer) => self.take_buffer(Channel::StdErr, &buffer),
            ClientEvent::WindowSize(change) => self.take_size(&change),
            ClientEvent::Suspend(suspend) => {
                const MESSAGE: &str = "CommandSuspend";
                if let Some(at) = self.entry(MESSAGE, Elapsed::of(MESSAGE, suspend.delay)?)? {
                    self.push(at, notes::suspended(&suspend.signal))?;
                }
                Ok(())
            }
            // Within a session these are of commands that the first one started.
            ClientEvent::Accept(accept) => {
                let at = wall_time("AcceptMessage", accept.submit_time)?;
                if self.note()? {
                    self.push(at, Facts::of(&accept.info_msgs).process())?;
                }
                Ok(())
            }
            ClientEvent::Reject(reject) => {
                let at = wall_time("RejectMessage", reject.submit_time)?;
                if self.note()? {
                    let facts = Facts::of(&reject.info_msgs);
                    self.push(at, notes::denied(&reject.reason, &facts))?;
                }
                Ok(())
            }
            ClientEvent::Alert(alert) => {
                let at = wall_time("AlertMessage", alert.alert_time)?;
                if self.note()? {
                    self.push(at, notes::alert(&alert.reason, &alert.info_msgs))?;
                }
                Ok(())
            }
            ClientEvent::Exit(exit) => self.take_exit(&exit),
            message @ (ClientEvent::Hello(_) | ClientEvent::Restart(_)) => {
                Err(unexpected(&message, "a message of a command that runs").into())
            }
        }
    }

    /// Ends the session for a reason that is not the client's.
    ///
    /// # Errors
    /// When an event cannot be written.
    pub fn end(&mut self, reason: EndReason, at: Timestamp) -> Result<(), EventError> {
        self.finish(at)?;
        self.end_with(reason, None, at)
    }

    /// Takes out the events of everything since the last cut. Once they stand in the log, the client
    /// may be told the commit point.
    ///
    /// # Errors
    /// When an event cannot be written.
    pub fn cut(&mut self) -> Result<Piece, EventError> {
        if !self.has_ended {
            self.flush()?;
            if !self.batch.is_empty() || self.is_untold() {
                self.commit()?;
            }
        }
        Ok(Piece {
            events: std::mem::take(&mut self.batch),
            commit: (!self.is_behind()).then_some(self.elapsed),
        })
    }

    fn take_buffer(&mut self, channel: Channel, buffer: &IoBuffer) -> Result<(), RecorderError> {
        let delay = Elapsed::of("IoBuffer", buffer.delay)?;
        let Some(at) = self.entry("IoBuffer", delay)? else {
            return Ok(());
        };
        if channel.is_input() {
            let mut text = String::new();
            self.channels.push(channel, &buffer.data, &mut text);
            if self.record_keys && !text.is_empty() {
                self.flush()?;
                self.push_text(at, &text, |text, _| KeysTyped { text }.into())?;
            }
            return Ok(());
        }
        let is_late = |joined: &Joined| at.micros_since(joined.at) > JOIN_WITHIN;
        if self.joined.as_ref().is_some_and(is_late) {
            self.flush()?;
        }
        let text = String::new();
        let joined = self.joined.get_or_insert(Joined { at, text });
        self.channels.push(channel, &buffer.data, &mut joined.text);
        if joined.text.len() >= JOIN_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn take_size(&mut self, change: &ChangeWindowSize) -> Result<(), RecorderError> {
        const MESSAGE: &str = "ChangeWindowSize";
        let Some(at) = self.entry(MESSAGE, Elapsed::of(MESSAGE, change.delay)?)? else {
            return Ok(());
        };
        // A terminal without a size says 0: it has the size that it had.
        let size = |number: i32| u32::try_from(number).ok().filter(|number| *number > 0);
        if let (Some(columns), Some(rows)) = (size(change.cols), size(change.rows)) {
            self.push(at, TerminalResized { columns, rows })?;
        }
        Ok(())
    }

    fn take_exit(&mut self, exit: &ExitMessage) -> Result<(), RecorderError> {
        let ran = match exit.run_time {
            None => self.elapsed,
            time => Elapsed::of("ExitMessage", time)?,
        };
        if self.is_behind() {
            return Err(ProtocolError::OtherLog.into());
        }
        if self.is_complete {
            self.has_ended = true;
            return Ok(());
        }
        let at = self.at(ran);
        self.finish(at)?;
        if let Some(marker) = notes::exited(exit) {
            self.push(at, marker)?;
        }
        let status = exit.error.is_empty().then_some(exit.exit_value);
        Ok(self.end_with(EndReason::User, status, at)?)
    }

    /// Counts an entry, and answers its time if it is new.
    fn entry(
        &mut self,
        message: &'static str,
        delay: Elapsed,
    ) -> Result<Option<Timestamp>, ProtocolError> {
        let elapsed = self.elapsed.later(delay, message)?;
        self.sent.entries = self.sent.entries.saturating_add(1);
        if elapsed > self.elapsed {
            self.elapsed = elapsed;
            self.before = self.sent;
        }
        if let Some(stored) = &self.stored
            && self.sent.entries <= stored.sent.entries
        {
            // The last one that is there: the two must have come as far by the client's clock, too.
            if self.sent.entries == stored.sent.entries && elapsed != stored.elapsed {
                return Err(ProtocolError::OtherLog);
            }
            return Ok(None);
        }
        if self.is_complete {
            return Err(ProtocolError::Complete);
        }
        Ok(Some(self.at(elapsed)))
    }

    /// Counts a note, and answers whether it is new.
    fn note(&mut self) -> Result<bool, ProtocolError> {
        self.sent.notes = self.sent.notes.saturating_add(1);
        let stored = self.stored.as_ref();
        let is_new = stored.is_none_or(|stored| self.sent.notes > stored.sent.notes);
        if is_new && self.is_complete {
            return Err(ProtocolError::Complete);
        }
        Ok(is_new)
    }

    /// Nothing more will come of any channel.
    fn finish(&mut self, at: Timestamp) -> Result<(), EventError> {
        for channel in Channel::ALL {
            let mut text = String::new();
            self.channels.finish(channel, &mut text);
            if text.is_empty() {
                continue;
            }
            if !channel.is_input() {
                let joined = self.joined.get_or_insert(Joined {
                    at,
                    text: String::new(),
                });
                joined.text.push_str(&text);
            } else if self.record_keys {
                self.flush()?;
                self.push_text(at, &text, |text, _| KeysTyped { text }.into())?;
            }
        }
        self.flush()
    }

    fn end_with(
        &mut self,
        reason: EndReason,
        exit_status: Option<i32>,
        at: Timestamp,
    ) -> Result<(), EventError> {
        self.last_at = self.last_at.max(at);
        self.commit()?;
        let ended = SessionEnded {
            exit_status,
            reason,
        };
        self.push(at, ended)?;
        self.has_ended = true;
        Ok(())
    }

    /// Whether the log does not know yet how far the client has come.
    fn is_untold(&self) -> bool {
        !self.has_ended && self.told != Some(self.commit_point().sent)
    }

    /// Whether the client has not come yet to what it had sent before.
    fn is_behind(&self) -> bool {
        let stored = self.stored.as_ref();
        stored.is_some_and(|stored| self.sent.entries < stored.sent.entries)
    }

    /// The place that the log will have come to with the next cut: while the client sends again what
    /// is there, the one that it has.
    fn commit_point(&self) -> CommitPoint {
        let mine = CommitPoint {
            elapsed: self.elapsed,
            sent: self.sent,
            before: self.before,
        };
        match &self.stored {
            None => mine,
            Some(stored) if self.is_behind() => CommitPoint {
                sent: stored.sent.max(self.sent),
                ..stored.clone()
            },
            Some(stored) => CommitPoint {
                sent: stored.sent.max(self.sent),
                ..mine
            },
        }
    }

    fn commit(&mut self) -> Result<(), EventError> {
        let CommitPoint {
            elapsed,
            sent,
            before,
        } = self.commit_point();
        let (elapsed_s, elapsed_ns) = elapsed.parts();
        let event = UploadCommitted {
            elapsed_ns,
            elapsed_s,
            entries: sent.entries,
            entries_before: before.entries,
            held: self.channels.held(),
            node: self.node.clone(),
            notes: sent.notes,
            notes_before: before.notes,
            resume_key_sha256: self.resume_key_sha256.take(),
        };
        self.told = Some(sent);
        self.push(self.last_at, event)
    }

    fn flush(&mut self) -> Result<(), EventError> {
        match self.joined.take() {
            Some(Joined { at, text }) if !text.is_empty() => {
                self.push_text(at, &text, |text, continued| {
                    TerminalWritten { continued, text }.into()
                })
            }
            _ => Ok(()),
        }
    }

    /// Adds a text as one event, or as several if it is too long for one.
    fn push_text(
        &mut self,
        at: Timestamp,
        text: &str,
        body: fn(String, bool) -> EventBody,
    ) -> Result<(), EventError> {
        let at = self.ordered(at);
        let mut rest = text;
        while !rest.is_empty() {
            let mut end = rest.len();
            loop {
                let continued = end < rest.len();
                match self.batch.push(at, body(rest[..end].to_owned(), continued)) {
                    Err(EventError::TooLarge { .. }) => end = rest.floor_char_boundary(end / 2),
                    pushed => break pushed?,
                }
            }
            rest = &rest[end..];
        }
        Ok(())
    }

    fn push(&mut self, at: Timestamp, body: impl Into<EventBody>) -> Result<(), EventError> {
        self.flush()?;
        let at = self.ordered(at);
        self.batch.push(at, body)
    }

    fn at(&self, elapsed: Elapsed) -> Timestamp {
        self.started.saturating_add_micros(elapsed.micros())
    }

    fn ordered(&mut self, at: Timestamp) -> Timestamp {
        self.last_at = self.last_at.max(at);
        self.last_at
    }
}

fn unexpected(message: &ClientEvent, expected: &'static str) -> ProtocolError {
    ProtocolError::Unexpected {
        found: message.name(),
        expected,
    }
}
