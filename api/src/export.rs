//! A session as a file in a format of others, made while it is read: in memory is one page of
//! events, however long the session.

use std::io::{self, Write};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use retrace_core::event::{Event, EventBody, EventType};
use retrace_core::log::{EventLog, StoreError};
use retrace_core::{SessionId, StreamName, StreamVersion};
use retrace_ingest::asciicast::{self, Version, WriteError};

/// How many events are read at once.
const PAGE_EVENTS: usize = 2_048;

/// What a session can be exported as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// asciicast, version 2: what most tools read.
    AsciicastV2,
    /// asciicast, version 3: with exit status and comments.
    AsciicastV3,
    /// All events, a line each: the very bytes that are proved.
    Ndjson,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 3] = [Self::AsciicastV2, Self::AsciicastV3, Self::Ndjson];

    /// The name of the format.
    pub fn name(self) -> &'static str {
        match self {
            Self::AsciicastV2 => "asciicast-v2",
            Self::AsciicastV3 => "asciicast-v3",
            Self::Ndjson => "ndjson",
        }
    }

    fn asciicast_version(self) -> Option<Version> {
        match self {
            Self::AsciicastV2 => Some(Version::V2),
            Self::AsciicastV3 => Some(Version::V3),
            Self::Ndjson => None,
        }
    }
}

/// A name that is not the name of a format.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0:?} is not a format: expected asciicast-v2, asciicast-v3 or ndjson")]
pub struct UnknownFormat(String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        Self::ALL
            .into_iter()
            .find(|format| format.name() == name)
            .ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

/// Why a session cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// There is no such session.
    #[error("there is no session {0}")]
    NoSuchSession(SessionId),
    /// It holds nothing that the format can show.
    #[error("session {0} has no terminal: export it as ndjson")]
    NoTerminal(SessionId),
    /// The log could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// An export on its way.
pub struct SessionExport {
    log: Arc<dyn EventLog>,
    /// The streams that are still to be written, the last first; the last is being written.
    streams: Vec<StreamName>,
    next: StreamVersion,
    encoder: Encoder,
}

enum Encoder {
    Lines,
    Asciicast {
        writer: Box<asciicast::Writer<Shared>>,
        written: Shared,
    },
}

/// What the writer of a format has written and nobody has taken yet.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl SessionExport {
    /// Opens a session for export.
    ///
    /// # Errors
    /// When there is no such session, or it holds nothing that the format can show.
    pub async fn open(
        log: Arc<dyn EventLog>,
        session: SessionId,
        format: Format,
    ) -> Result<Self, ExportError> {
        let mut streams = log.session_streams(session).await?;
        if streams.is_empty() {
            return Err(ExportError::NoSuchSession(session));
        }
        streams.reverse();
        let encoder = match format.asciicast_version() {
            None => Encoder::Lines,
            Some(version) => {
                let terminal = terminal_stream(&*log, &streams).await?;
                streams = vec![terminal.ok_or(ExportError::NoTerminal(session))?];
                let written = Shared::default();
                let writer = asciicast::Writer::new(written.clone(), version)?;
                Encoder::Asciicast {
                    writer: Box::new(writer),
                    written,
                }
            }
        };
        Ok(Self {
            log,
            streams,
            next: StreamVersion(0),
            encoder,
        })
    }

    /// The next piece of the file. `None` at its end.
    ///
    /// # Errors
    /// When the log cannot be read, or an event cannot be written. What was given so far is then
    /// not the whole file.
    pub async fn next_piece(&mut self) -> Result<Option<Vec<u8>>, ExportError> {
        while let Some(stream) = self.streams.last() {
            let events = self.log.read_stream(stream, self.next, PAGE_EVENTS).await?;
            let Some(last) = events.last() else {
                self.streams.pop();
                self.next = StreamVersion(0);
                if self.streams.is_empty() {
                    return self.finish();
                }
                continue;
            };
            self.next = last.version().plus(1);
            let piece = self.encode(&events)?;
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }

    fn encode(&mut self, events: &[Event]) -> Result<Vec<u8>, ExportError> {
        match &mut self.encoder {
            Encoder::Lines => {
                let mut lines = Vec::new();
                for event in events {
                    lines.extend_from_slice(&event.leaf());
                    lines.push(b'\n');
                }
                Ok(lines)
            }
            Encoder::Asciicast { writer, written } => {
                events
                    .iter()
                    .try_for_each(|event| writer.write_event(event))?;
                Ok(written.take())
            }
        }
    }

    fn finish(&mut self) -> Result<Option<Vec<u8>>, ExportError> {
        match std::mem::replace(&mut self.encoder, Encoder::Lines) {
            Encoder::Lines => Ok(None),
            Encoder::Asciicast { writer, written } => {
                writer.finish()?;
                Ok(Some(written.take()).filter(|rest| !rest.is_empty()))
            }
        }
    }
}

/// The first stream of a session that holds a terminal; `streams` has the last stream first.
async fn terminal_stream(
    log: &dyn EventLog,
    streams: &[StreamName],
) -> Result<Option<StreamName>, StoreError> {
    for stream in streams.iter().rev() {
        let mut next = StreamVersion(0);
        loop {
            let events = log.read_stream(stream, next, PAGE_EVENTS).await?;
            let Some(last) = events.last() else { break };
            if events.iter().any(is_of_a_terminal) {
                return Ok(Some(stream.clone()));
            }
            next = last.version().plus(1);
        }
    }
    Ok(None)
}

fn is_of_a_terminal(event: &Event) -> bool {
    let kind = event.kind();
    if *kind == EventType::SOURCE_ATTACHED {
        return matches!(
            event.body(),
            Ok(EventBody::SourceAttached(attached)) if attached.columns.is_some()
        );
    }
    *kind == EventType::TERMINAL_WRITTEN || *kind == EventType::TERMINAL_RESIZED
}
