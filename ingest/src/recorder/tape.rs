//! The tape: what happens in the terminal, on its way to the spool.
//!
//! One thread takes everything in one order, joins output, and writes it. So the times in a stream
//! never run backwards, and a slow disk slows the command down instead of losing what it shows.
//!
//! Output that follows within [`JOIN_WITHIN`] becomes one event, up to [`JOIN_BYTES`]: at most 60
//! events a second for what a person watches. Anything else that happens ends the event before it.
//!
//! What cannot be written (the spool or the disk is full) is counted, and becomes a
//! `recording.gap_detected` for each channel as soon as something can be written again, at the
//! latest with the end of the session, for which the spool keeps a reserve.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use retrace_core::event::{
    EventBatch, EventBody, EventError, GapDetected, KeysTyped, TerminalWritten,
};
use retrace_core::{SourceName, Timestamp};
use tokio::sync::mpsc::UnboundedSender;

use super::spool::{SessionSpool, SpoolError, StreamWriter};
use crate::utf8::Decoder;

/// Output that follows within this time is one event: a 60th of a second.
const JOIN_WITHIN: Duration = Duration::from_micros(16_667);
/// An event of output is ended once it has so many bytes.
const JOIN_BYTES: usize = 16 << 10;
/// How much may wait to be written before whoever sends has to wait.
const WAITING_ENTRIES: usize = 256;

/// Something that happened.
#[derive(Debug)]
pub(super) enum Entry {
    /// The command wrote to the terminal.
    Output { at: Timestamp, bytes: Vec<u8> },
    /// Keys were typed.
    Keys {
        at: Timestamp,
        text: String,
        /// They did not come from a terminal.
        piped: bool,
    },
    /// Anything else.
    Event { at: Timestamp, body: EventBody },
    /// The last event; what comes after it is not recorded.
    End { at: Timestamp, body: EventBody },
}

/// What became of a recording.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Taped {
    /// Events that could not be written, and are told as a gap in the recording.
    pub(super) lost_events: u64,
    /// Why the end of the recording could not be written, if so.
    pub(super) unwritten: Option<String>,
}

/// The thread that writes.
pub(super) struct Tape {
    thread: JoinHandle<Taped>,
}

impl Tape {
    /// Starts the thread. `faults` is told once when something cannot be written.
    pub(super) fn start(
        session: Arc<SessionSpool>,
        source: SourceName,
        writer: StreamWriter,
        faults: UnboundedSender<String>,
    ) -> std::io::Result<(Self, SyncSender<Entry>)> {
        let (sender, entries) = sync_channel(WAITING_ENTRIES);
        let recorder = Recorder {
            session,
            source,
            writer,
            faults,
            decoder: Decoder::default(),
            joined: None,
            batch: EventBatch::new(),
            last_at: Timestamp::MIN,
            unsynced_since: None,
            sync_failed: false,
            lost: Vec::new(),
            taped: Taped::default(),
        };
        let thread = std::thread::Builder::new()
            .name("tape".to_owned())
            .spawn(move || recorder.run(&entries))?;
        Ok((Self { thread }, sender))
    }

    /// Waits until the last entry is written.
    pub(super) fn wait(self) -> Taped {
        self.thread.join().unwrap_or_else(|_| Taped {
            lost_events: 0,
            unwritten: Some("the thread that writes the recording failed".to_owned()),
        })
    }
}

struct Recorder {
    session: Arc<SessionSpool>,
    source: SourceName,
    writer: StreamWriter,
    faults: UnboundedSender<String>,
    decoder: Decoder,
    joined: Option<Joined>,
    /// Events that are made and not written yet; empty between two entries.
    batch: EventBatch,
    last_at: Timestamp,
    unsynced_since: Option<Instant>,
    /// A sync failed. The system may then believe that it wrote what it did not, and the next sync
    /// proves nothing: what is on the disk is found out when the session is taken up again.
    sync_failed: bool,
    lost: Vec<GapDetected>,
    taped: Taped,
}

/// Output that more may be joined to.
struct Joined {
    at: Timestamp,
    text: String,
    until: Instant,
}

impl Recorder {
    fn run(mut self, entries: &Receiver<Entry>) -> Taped {
        loop {
            let entry = match self.deadline() {
                None => entries.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => entries.recv_timeout(at.saturating_duration_since(Instant::now())),
            };
            match entry {
                Ok(Entry::End { at, body }) => {
                    self.end(at, body);
                    return self.taped;
                }
                Ok(entry) => self.take(entry),
                Err(RecvTimeoutError::Timeout) => {}
                // Everybody who could have said how it ended is gone.
                Err(RecvTimeoutError::Disconnected) => {
                    self.flush();
                    self.sync();
                    return self.taped;
                }
            }
            let now = Instant::now();
            if self
                .joined
                .as_ref()
                .is_some_and(|joined| joined.until <= now)
            {
                self.flush();
            }
            self.sync_if_due(now);
        }
    }

    /// When something is due, if nothing happens until then.
    fn deadline(&self) -> Option<Instant> {
        let sync_after = self.session.settings().sync_after;
        let sync = self.unsynced_since.map(|since| since + sync_after);
        let joined = self.joined.as_ref().map(|joined| joined.until);
        [sync, joined].into_iter().flatten().min()
    }

    fn take(&mut self, entry: Entry) {
        match entry {
            Entry::Output { at, bytes } => {
                let joined = self.joined.get_or_insert_with(|| Joined {
                    at,
                    text: String::new(),
                    until: Instant::now() + JOIN_WITHIN,
                });
                self.decoder.push(&bytes, &mut joined.text);
                if joined.text.len() >= JOIN_BYTES {
                    self.flush();
                }
            }
            Entry::Keys { at, text, piped } => {
                self.flush();
                self.push_text(at, &text, |text, _| KeysTyped { piped, text }.into());
                self.write(false);
            }
            Entry::Event { at, body } | Entry::End { at, body } => {
                self.flush();
                self.push(at, body);
                self.write(false);
            }
        }
    }

    fn end(&mut self, at: Timestamp, body: EventBody) {
        let joined = self.joined.get_or_insert_with(|| Joined {
            at,
            text: String::new(),
            until: Instant::now(),
        });
        self.decoder.finish(&mut joined.text);
        self.flush();
        self.push(at, body);
        self.write(true);
        self.sync();
        if !self.sync_failed {
            self.session.set_complete();
        }
    }

    /// Ends the event that output is being joined to.
    fn flush(&mut self) {
        if let Some(Joined { at, text, .. }) = self.joined.take()
            && !text.is_empty()
        {
            self.push_text(at, &text, |text, continued| {
                TerminalWritten { continued, text }.into()
            });
            self.write(false);
        }
    }

    /// Adds a text as one event, or as several if it is too long for one. Only control characters
    /// in large numbers make it so: each takes six bytes in JSON.
    fn push_text(&mut self, at: Timestamp, text: &str, body: impl Fn(String, bool) -> EventBody) {
        let at = self.ordered(at);
        let mut rest = text;
        while !rest.is_empty() {
            let mut end = rest.len();
            loop {
                let continued = end < rest.len();
                match self.batch.push(at, body(rest[..end].to_owned(), continued)) {
                    Err(EventError::TooLarge { .. }) => end = rest.floor_char_boundary(end / 2),
                    Err(error) => {
                        self.lose(at, &error.to_string());
                        return;
                    }
                    Ok(()) => break,
                }
            }
            rest = &rest[end..];
        }
    }

    fn push(&mut self, at: Timestamp, body: EventBody) {
        let at = self.ordered(at);
        if let Err(error) = self.batch.push(at, body) {
            self.lose(at, &error.to_string());
        }
    }

    /// The threads that send tell the time themselves, so two entries can arrive in the other
    /// order, by microseconds.
    fn ordered(&mut self, at: Timestamp) -> Timestamp {
        self.last_at = self.last_at.max(at);
        self.last_at
    }

    /// Writes the events that were made, and before them the gaps that are still untold: all or
    /// none, so that a gap is not told again for each event that does not fit.
    fn write(&mut self, urgent: bool) {
        if self.batch.is_empty() {
            return;
        }
        let batch = std::mem::take(&mut self.batch);
        let written = self
            .after_gaps(&batch)
            .map_err(SpoolError::from)
            .and_then(|events| self.writer.append(&events, urgent));
        match written {
            Ok(()) => {
                self.unsynced_since.get_or_insert_with(Instant::now);
                self.lost.clear();
            }
            Err(error) => {
                if urgent {
                    self.taped.unwritten = Some(error.to_string());
                }
                for (at, kind, _) in batch.iter_from(0) {
                    self.lose_one(at, kind.as_str(), &error);
                }
            }
        }
    }

    fn after_gaps(&self, batch: &EventBatch) -> Result<EventBatch, EventError> {
        let mut events = EventBatch::new();
        for gap in &self.lost {
            events.push(gap.to, gap.clone())?;
        }
        for (at, kind, data) in batch.iter_from(0) {
            events.push_canonical(at, kind.clone(), |out| out.extend_from_slice(data))?;
        }
        Ok(events)
    }

    fn lose(&mut self, at: Timestamp, reason: &str) {
        self.lost_event(at, "terminal", reason.to_owned());
    }

    fn lose_one(&mut self, at: Timestamp, kind: &str, error: &SpoolError) {
        let channel = if kind.starts_with("keys.") {
            "keys"
        } else {
            "terminal"
        };
        self.lost_event(at, channel, error.to_string());
    }

    fn lost_event(&mut self, at: Timestamp, channel: &str, reason: String) {
        if self.taped.lost_events == 0 {
            // Nobody listens any more when the session is being ended already.
            let _ = self.faults.send(reason.clone());
        }
        self.taped.lost_events += 1;
        match self.lost.iter_mut().find(|gap| gap.channel == channel) {
            Some(gap) => gap.to = at,
            None => self.lost.push(GapDetected {
                channel: channel.to_owned(),
                from: at,
                reason,
                to: at,
            }),
        }
    }

    fn sync_if_due(&mut self, now: Instant) {
        let settings = self.session.settings();
        let (after, bytes) = (settings.sync_after, settings.sync_bytes);
        let waited = self
            .unsynced_since
            .is_some_and(|since| since + after <= now);
        if waited || self.writer.unsynced_bytes() >= bytes {
            self.sync();
        }
    }

    fn sync(&mut self) {
        if self.unsynced_since.take().is_none() || self.sync_failed {
            return;
        }
        match self.writer.sync() {
            Ok(next) => self.session.set_durable(&self.source, next),
            Err(error) => {
                self.sync_failed = true;
                self.taped.unwritten = Some(error.to_string());
                // Nobody listens any more when the session has ended.
                let _ = self.faults.send(error.to_string());
            }
        }
    }
}
