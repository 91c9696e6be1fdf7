//! A command's messages as the events of its session.
//!
//! Promises:
//! - *exact*: what is cut and appended stands for all messages taken before, each once, also when the
//!   connection broke and the client sends some of them again ([`super::resume`]);
//! - *ordered*: times never run backwards; they are the client's own, from the start of the command;
//! - *bounded*: it holds the events since the last cut, and at most three bytes of each channel.
//!
//! Output that follows within a 60th of a second becomes one event of at most 16 KiB, as in
//! `retrace record`. How it is joined depends on when it was cut, what it says does not.

use std::time::Duration;

use retrace_core::Timestamp;
use retrace_core::event::{
    EndReason, EventBatch, EventError, RecordingCommented, SessionEnded, SourceAttached,
    TerminalResized, UploadCommitted,
};

use super::batch::Batch;
use super::channels::{Channel, Channels};
use super::elapsed::{Elapsed, wall_time};
use super::facts::Facts;
use super::messages::{
    ChangeWindowSize, ClientEvent, CommandSuspend, ExitMessage, IoBuffer, TimeSpec,
};
use super::opening::Accepted;
use super::progress::Progress;
use super::resume::{ResumeKey, Sent, Stored};
use super::{ProtocolError, notes};

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
    progress: Progress,
    channels: Channels,
    batch: Batch,
    /// What a commit has told of last.
    told: Option<Sent>,
    resume_key_sha256: Option<String>,
    has_ended: bool,
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
        let mut batch = Batch::after(*at);
        let attached = SourceAttached {
            columns: facts.columns,
            recording: None,
            rows: facts.rows,
        };
        batch.push(*at, attached)?;
        if !facts.others.is_empty() {
            let text = facts.others.clone();
            batch.push(*at, RecordingCommented { text })?;
        }
        batch.push(*at, facts.process())?;
        Ok(Self {
            started: *at,
            node: node.to_owned(),
            record_keys,
            progress: Progress::default(),
            channels: Channels::default(),
            batch,
            told: None,
            resume_key_sha256: key.map(ResumeKey::sha256),
            has_ended: false,
        })
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
            progress: Progress::resume(from, last, *is_complete),
            channels: Channels::holding(held),
            batch: Batch::after(*last_at),
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
        !self.batch.is_empty() || self.is_untold()
    }

    /// About how many bytes wait to be cut.
    pub fn waiting_bytes(&self) -> usize {
        self.batch.bytes()
    }

    /// The time of the recording when nothing has come for so long.
    pub fn now_after(&self, quiet: Duration) -> Timestamp {
        let quiet = i64::try_from(quiet.as_micros()).unwrap_or(i64::MAX);
        let now = self
            .at(self.progress.elapsed())
            .saturating_add_micros(quiet);
        self.batch.last_at().max(now)
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
            ClientEvent::Suspend(suspend) => self.take_suspend(&suspend),
            // Within a session these are of commands that the first one started.
            ClientEvent::Accept(accept) => {
                let at = wall_time("AcceptMessage", accept.submit_time)?;
                if self.progress.note()? {
                    self.batch
                        .push(at, Facts::of(&accept.info_msgs).process())?;
                }
                Ok(())
            }
            ClientEvent::Reject(reject) => {
                let at = wall_time("RejectMessage", reject.submit_time)?;
                if self.progress.note()? {
                    let facts = Facts::of(&reject.info_msgs);
                    self.batch.push(at, notes::denied(&reject.reason, &facts))?;
                }
                Ok(())
            }
            ClientEvent::Alert(alert) => {
                let at = wall_time("AlertMessage", alert.alert_time)?;
                if self.progress.note()? {
                    let marker = notes::alert(&alert.reason, &alert.info_msgs);
                    self.batch.push(at, marker)?;
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
        if !self.has_ended && self.is_waiting() {
            self.commit(self.batch.last_at())?;
        }
        let commit = (!self.progress.is_behind()).then(|| self.progress.elapsed());
        Ok(Piece {
            events: self.batch.take()?,
            commit,
        })
    }

    fn take_buffer(&mut self, channel: Channel, buffer: &IoBuffer) -> Result<(), RecorderError> {
        let Some(at) = self.entry("IoBuffer", buffer.delay)? else {
            return Ok(());
        };
        let channels = &mut self.channels;
        if !channel.is_input() {
            let write = |text: &mut String| channels.push(channel, &buffer.data, text);
            return Ok(self.batch.output(at, write)?);
        }
        let mut text = String::new();
        channels.push(channel, &buffer.data, &mut text);
        if self.record_keys && !text.is_empty() {
            self.batch.keys(at, &text, channel == Channel::StdIn)?;
        }
        Ok(())
    }

    fn take_size(&mut self, change: &ChangeWindowSize) -> Result<(), RecorderError> {
        let Some(at) = self.entry("ChangeWindowSize", change.delay)? else {
            return Ok(());
        };
        // A terminal without a size says 0: it has the size that it had.
        let size = |number: i32| u32::try_from(number).ok().filter(|number| *number > 0);
        if let (Some(columns), Some(rows)) = (size(change.cols), size(change.rows)) {
            self.batch.push(at, TerminalResized { columns, rows })?;
        }
        Ok(())
    }

    fn take_suspend(&mut self, suspend: &CommandSuspend) -> Result<(), RecorderError> {
        if let Some(at) = self.entry("CommandSuspend", suspend.delay)? {
            self.batch.push(at, notes::suspended(&suspend.signal))?;
        }
        Ok(())
    }

    fn take_exit(&mut self, exit: &ExitMessage) -> Result<(), RecorderError> {
        let ran = match exit.run_time {
            None => self.progress.elapsed(),
            time => Elapsed::of("ExitMessage", time)?,
        };
        if self.progress.is_behind() {
            return Err(ProtocolError::OtherLog.into());
        }
        if self.progress.is_complete() {
            self.has_ended = true;
            return Ok(());
        }
        let at = self.at(ran);
        self.finish(at)?;
        if let Some(marker) = notes::exited(exit) {
            self.batch.push(at, marker)?;
        }
        let status = exit.error.is_empty().then_some(exit.exit_value);
        Ok(self.end_with(EndReason::User, status, at)?)
    }

    /// Counts an entry, and answers when it happened if it is new.
    fn entry(
        &mut self,
        message: &'static str,
        delay: Option<TimeSpec>,
    ) -> Result<Option<Timestamp>, ProtocolError> {
        let delay = Elapsed::of(message, delay)?;
        let elapsed = self.progress.entry(message, delay)?;
        Ok(elapsed.map(|elapsed| self.at(elapsed)))
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
                self.batch.output(at, |output| output.push_str(&text))?;
            } else if self.record_keys {
                self.batch.keys(at, &text, channel == Channel::StdIn)?;
            }
        }
        Ok(())
    }

    fn end_with(
        &mut self,
        reason: EndReason,
        exit_status: Option<i32>,
        at: Timestamp,
    ) -> Result<(), EventError> {
        self.commit(at)?;
        let ended = SessionEnded {
            exit_status,
            reason,
        };
        self.batch.push(at, ended)?;
        self.has_ended = true;
        Ok(())
    }

    /// Whether the log does not know yet how far the client has come.
    fn is_untold(&self) -> bool {
        !self.has_ended && self.told != Some(self.progress.commit_point().sent)
    }

    fn commit(&mut self, at: Timestamp) -> Result<(), EventError> {
        let point = self.progress.commit_point();
        let (elapsed_s, elapsed_ns) = point.elapsed.parts();
        let event = UploadCommitted {
            elapsed_ns,
            elapsed_s,
            entries: point.sent.entries,
            entries_before: point.before.entries,
            held: self.channels.held(),
            node: self.node.clone(),
            notes: point.sent.notes,
            notes_before: point.before.notes,
            resume_key_sha256: self.resume_key_sha256.take(),
        };
        self.told = Some(point.sent);
        self.batch.push(at, event)
    }

    fn at(&self, elapsed: Elapsed) -> Timestamp {
        self.started.saturating_add_micros(elapsed.micros())
    }
}

fn unexpected(message: &ClientEvent, expected: &'static str) -> ProtocolError {
    ProtocolError::Unexpected {
        found: message.name(),
        expected,
    }
}
