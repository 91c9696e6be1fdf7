//! What the reader of a format tells the importer, and what it is given.

use retrace_core::blob::BlobDigest;
use retrace_core::event::{
    EndReason, EventBatch, EventBody, EventError, GapDetected, RecordingDegraded,
};
use retrace_core::{SessionId, Timestamp};
use sha2::{Digest, Sha256};

use super::blobs::Blobs;
use super::format::FormatError;
use super::input::{ContentFacts, Input};
use crate::written::{self, Text};

/// Reads one recording, from its first byte to its last, and gives its entries as events.
///
/// An importer asks for [`Self::started_at`] at once, then for batches until there are no more,
/// then for [`Self::about`]. The same files give the same events and facts, however the batches are
/// cut. No event is before the one that was given before it.
pub trait RecordingReader: Send {
    /// When the recording began, if it says so. Known before anything is read.
    fn started_at(&self) -> Option<Timestamp>;

    /// Goes on with a recording that is in the log already, perhaps not with all of it. Asked for before
    /// anything is read, of formats with an [`About::identity`]: the blobs there have these sizes, and
    /// behind the last stand `loose` events. What is read must come out as it did then; the log compares.
    fn go_on(&mut self, _cuts: &[u64], _loose: usize) {}

    /// Adds entries until the sink is full. Answers whether there may be more. What does not break
    /// the rest of the recording is told as [`Sink::gap`] or [`Sink::degraded`]; the reading goes on.
    ///
    /// # Errors
    /// When the recording cannot be used. What the sink got before is of no use then.
    fn read_batch(&mut self, sink: &mut Sink<'_>) -> Result<bool, FormatError>;

    /// What is known of the recording once there are no more entries. Reads each file to its end, if
    /// that was not done before.
    ///
    /// # Errors
    /// As for [`Self::read_batch`].
    fn about(&mut self) -> Result<About, FormatError>;
}

/// What a recording says about itself, and what was found reading it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// The format, with its version where that matters: `asciicast-v2`, `ttyrec`.
    pub format: &'static str,
    /// What the session's id is a function of, where it is not all of the content: of recordings that are
    /// followed while they are made. Their content is told of at the end of the session, not at its beginning.
    pub identity: Option<[u8; 32]>,
    /// The header, letter for letter, where it has one. Cut for the log where the file is kept.
    pub header: String,
    /// Each file of the recording, in the order of the candidate's parts.
    pub contents: Vec<ContentFacts>,
    /// From the start to the last entry, in microseconds.
    pub duration_us: u64,
    /// Columns of the terminal at the start.
    pub columns: Option<u32>,
    /// Rows of the terminal at the start.
    pub rows: Option<u32>,
    /// Pauses longer than this are to be shown as this long, in microseconds.
    pub idle_limit_us: Option<u64>,
    /// Who was recorded.
    pub user: Option<String>,
    /// The machine that was recorded.
    pub host: Option<String>,
    /// The command that was recorded.
    pub command: Option<String>,
    /// A title for people.
    pub title: Option<String>,
    /// The account or resource that was reached.
    pub target: Option<String>,
    /// How the machine was reached, where it is not a `terminal`.
    pub protocol: Option<String>,
    /// The exit status of the command.
    pub exit_status: Option<i32>,
    /// Why the recording ended, where more is known than the exit status tells.
    pub end_reason: Option<EndReason>,
    /// What is wrong with it.
    pub problems: Problems,
}

impl About {
    /// The same with texts that fit into events: whole they are in the files that are kept.
    pub(super) fn shortened(&self) -> Self {
        const HEADER: usize = 16 << 10;
        const TEXT: usize = 4 << 10;
        let text = |text: &Option<String>| text.as_deref().map(|text| cut(text, TEXT));
        Self {
            header: cut(&self.header, HEADER),
            user: text(&self.user),
            host: text(&self.host),
            command: text(&self.command),
            title: text(&self.title),
            target: text(&self.target),
            protocol: text(&self.protocol),
            ..self.clone()
        }
    }

    /// The id of the session: of one file a function of its content, of several one of their contents
    /// and names.
    pub(super) fn session(&self, names: &[&str]) -> (SessionId, [u8; 32], u64) {
        let bytes = self
            .contents
            .iter()
            .fold(0_u64, |sum, content| sum.saturating_add(content.bytes));
        let sha256 = match &self.contents[..] {
            [one] => one.sha256,
            several => {
                let mut named: Vec<_> = names.iter().zip(several).collect();
                named.sort_by_key(|(name, _)| **name);
                let mut digest = Sha256::new();
                for (name, content) in named {
                    let line = format!("{}  {name}\n", hex::encode(content.sha256));
                    digest.update(line.as_bytes());
                }
                digest.finalize().into()
            }
        };
        let session = SessionId::of_recording(&self.identity.unwrap_or(sha256));
        (session, sha256, bytes)
    }
}

/// The beginning of a text that takes no more than `max_bytes` as JSON.
fn cut(text: &str, max_bytes: usize) -> String {
    let mut bytes = 0;
    let fits = |c: &char| {
        bytes += if c.is_ascii_control() {
            6
        } else {
            c.len_utf8() + 1
        };
        bytes <= max_bytes
    };
    let cut: String = text.chars().take_while(fits).collect();
    if cut.len() < text.len() {
        cut + "…"
    } else {
        cut
    }
}

/// What is wrong with a recording that was taken all the same. Each is an event of the session, too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems {
    first: Vec<String>,
    count: u64,
}

impl Problems {
    const KEPT: usize = 20;

    /// Notes one.
    pub fn note(&mut self, problem: impl Into<String>) {
        self.count = self.count.saturating_add(1);
        if self.first.len() < Self::KEPT {
            self.first.push(problem.into());
        }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The first of them, in words.
    pub fn first(&self) -> &[String] {
        &self.first
    }
}

/// Where the entries of a recording go.
pub struct Sink<'a> {
    start: Timestamp,
    batch: &'a mut EventBatch,
    blobs: &'a mut Blobs,
    max_events: usize,
    max_bytes: usize,
    literal: Vec<u8>,
}

impl<'a> Sink<'a> {
    /// Entries of a recording that began at `start` go into `batch`, until that has `max_events` or
    /// about `max_bytes`.
    pub fn new(
        start: Timestamp,
        batch: &'a mut EventBatch,
        blobs: &'a mut Blobs,
        max_events: usize,
        max_bytes: usize,
    ) -> Self {
        Self {
            start,
            batch,
            blobs,
            max_events,
            max_bytes,
            literal: Vec::new(),
        }
    }

    /// Whether no more entries should be added.
    pub fn is_full(&self) -> bool {
        self.batch.len() >= self.max_events || self.batch.data_bytes() >= self.max_bytes
    }

    /// When the recording began.
    pub fn start(&self) -> Timestamp {
        self.start
    }

    /// The time `offset_us` microseconds after the start.
    pub fn at(&self, offset_us: u64) -> Timestamp {
        let offset_us = i64::try_from(offset_us).unwrap_or(i64::MAX);
        self.start.saturating_add_micros(offset_us)
    }

    /// The batch itself, its bounds on events and on bytes.
    pub(crate) fn parts(&mut self) -> (&mut EventBatch, usize, usize) {
        (self.batch, self.max_events, self.max_bytes)
    }

    /// Adds an event.
    ///
    /// # Errors
    /// When its data does not fit into a leaf.
    pub fn push(&mut self, offset_us: u64, body: impl Into<EventBody>) -> Result<(), EventError> {
        self.batch.push(self.at(offset_us), body)
    }

    /// Adds what was written to the terminal; nothing for an empty text. `continued` when the next
    /// text belongs to the same write.
    ///
    /// # Errors
    /// None that a text can cause.
    pub fn written(
        &mut self,
        offset_us: u64,
        text: &str,
        continued: bool,
    ) -> Result<(), EventError> {
        self.text(Text::Written { continued }, offset_us, text)
    }

    /// Adds what was typed; nothing for an empty text.
    ///
    /// # Errors
    /// None that a text can cause.
    pub fn typed(&mut self, offset_us: u64, text: &str) -> Result<(), EventError> {
        self.text(Text::Typed, offset_us, text)
    }

    /// Adds input that no terminal sent; nothing for an empty text.
    ///
    /// # Errors
    /// None that a text can cause.
    pub fn piped(&mut self, offset_us: u64, text: &str) -> Result<(), EventError> {
        self.text(Text::Piped, offset_us, text)
    }

    fn text(&mut self, kind: Text, offset_us: u64, text: &str) -> Result<(), EventError> {
        if text.is_empty() {
            return Ok(());
        }
        let at = self.at(offset_us);
        written::encode(text, &mut self.literal);
        written::push_text(self.batch, at, kind, &self.literal)
    }

    /// Tells that a part of the terminal's recording is missing.
    ///
    /// # Errors
    /// When the reason does not fit into a leaf.
    pub fn gap(
        &mut self,
        problems: &mut Problems,
        from_us: u64,
        to_us: u64,
        reason: String,
    ) -> Result<(), EventError> {
        problems.note(reason.clone());
        let gap = GapDetected {
            channel: "terminal".to_owned(),
            from: self.at(from_us),
            reason,
            to: self.at(to_us),
        };
        self.push(to_us, gap)
    }

    /// Tells that the recording shows less than it should.
    ///
    /// # Errors
    /// When the reason does not fit into a leaf.
    pub fn degraded(
        &mut self,
        problems: &mut Problems,
        offset_us: u64,
        reason: String,
    ) -> Result<(), EventError> {
        problems.note(reason.clone());
        self.push(offset_us, RecordingDegraded { reason })
    }

    /// Stores a blob that an event will name. Call it before that event is added.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub fn blob(&mut self, content: &[u8]) -> Result<BlobDigest, FormatError> {
        Ok(self.blobs.put(content)?)
    }

    /// Stores a whole file as a blob that an event will name, without holding it in memory. `open` is
    /// called twice: for its digest, and to store it. Answers its size as well.
    ///
    /// # Errors
    /// When it cannot be read or stored.
    pub fn blob_of(
        &mut self,
        open: impl FnMut() -> Result<Input, FormatError>,
    ) -> Result<(BlobDigest, u64), FormatError> {
        self.blobs.put_file(open)
    }

    /// The same of a file that was read to its end: it is read again only to be stored.
    ///
    /// # Errors
    /// As for [`Self::blob_of`], and when the file is not what it was.
    pub fn blob_known(
        &mut self,
        content: ContentFacts,
        open: impl FnOnce() -> Result<Input, FormatError>,
    ) -> Result<BlobDigest, FormatError> {
        self.blobs.put_known(content, open)
    }

    /// Tells when a file ended before its end, because its compressed data is cut off or damaged.
    ///
    /// # Errors
    /// When the reason does not fit into a leaf.
    pub fn ended(
        &mut self,
        problems: &mut Problems,
        offset_us: u64,
        input: &Input,
    ) -> Result<(), EventError> {
        match input.damage() {
            Some(damage) => self.degraded(problems, offset_us, damage.to_string()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_too_long_for_an_event_is_cut() {
        let about = About {
            header: "\u{1b}é".repeat(10_000),
            command: Some("x".repeat(5_000)),
            user: Some("ops".to_owned()),
            ..About::default()
        };
        let short = about.shortened();
        let json = |text: &str| serde_json::to_string(text).unwrap().len();
        assert!((8_000..17_000).contains(&json(&short.header)));
        assert!(about.header.starts_with(short.header.trim_end_matches('…')));
        assert_eq!(short.command.unwrap().len(), 2_048 + "…".len());
        assert_eq!(short.user, about.user);
    }
}
