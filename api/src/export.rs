//! A session as a file in a format of others, made while it is read: in memory is one page of
//! events of each of its streams, however long the session.
//!
//! An export holds what the log held when the export began, even when the session goes on. As NDJSON
//! it has the events of all streams in the order of the log, and comes with its proof
//! ([`retrace_core::log::multiproof`]).

mod film;
mod video;

use std::collections::VecDeque;
use std::io::{self, Write};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::{mem, vec};

use retrace_core::event::{Event, EventBody, EventType};
use retrace_core::log::checkpoint::Checkpoint;
use retrace_core::log::multiproof::{Complement, LinesProof, Mark, MultiproofError};
use retrace_core::log::{EventLog, StoreError};
use retrace_core::{Position, SessionId, StreamName, StreamVersion};
use retrace_ingest::asciicast::{self, Version, WriteError};
use retrace_media::terminal::frames::Clipped;
use retrace_media::terminal::gif::{GifError, GifWriter};
use retrace_media::terminal::picture::TooLarge;
use retrace_media::video::Codec;
use retrace_projections::redaction::{MaskedReplay, Veil};

use film::{Film, Survey};
pub use film::{Showing, Stretch};
use video::Video;
pub use video::VideoError;

/// How many events are read at once.
const PAGE_EVENTS: usize = 2_048;
/// Pictures of so many bytes are given before more are made.
const PICTURES_BYTES: usize = 256 << 10;

/// What a session can be exported as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// asciicast, version 2: what most tools read.
    AsciicastV2,
    /// asciicast, version 3: with exit status and comments.
    AsciicastV3,
    /// What the terminal showed, as a GIF.
    Gif,
    /// The same as H.264 in MP4.
    Mp4,
    /// All events, a line each: the very bytes that are proved.
    Ndjson,
    /// What the terminal showed, as VP9 in WebM.
    Webm,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 6] = [
        Self::AsciicastV2,
        Self::AsciicastV3,
        Self::Gif,
        Self::Mp4,
        Self::Ndjson,
        Self::Webm,
    ];

    /// The name of the format.
    pub fn name(self) -> &'static str {
        match self {
            Self::AsciicastV2 => "asciicast-v2",
            Self::AsciicastV3 => "asciicast-v3",
            Self::Gif => "gif",
            Self::Mp4 => "mp4",
            Self::Ndjson => "ndjson",
            Self::Webm => "webm",
        }
    }
}

/// A name that is not the name of a format.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0:?} is not a format: expected asciicast-v2, asciicast-v3, gif, mp4, ndjson or webm")]
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
    /// What was recorded of it is destroyed.
    #[error(
        "session {0} was purged: what was recorded of it is destroyed; what stays can be exported as ndjson"
    )]
    Purged(SessionId),
    /// The log was never of that size.
    #[error("the log has {size} events, expected at least {asked}")]
    Ahead {
        /// The size that was asked for.
        asked: Position,
        /// The size that the log has.
        size: Position,
    },
    /// The events are not in the order of the log, so there is no proof for them.
    #[error(transparent)]
    Unprovable(#[from] MultiproofError),
    /// The log could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The pictures of the session would have too many pixels.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// A picture could not be written.
    #[error(transparent)]
    Gif(#[from] GifError),
    /// The video could not be made.
    #[error("the video cannot be made: {0}")]
    Video(#[from] VideoError),
    /// The server or the command is about to end.
    #[error("the export was given up: this process is about to end")]
    GivenUp,
}

/// An export on its way.
pub struct SessionExport {
    log: Arc<dyn EventLog>,
    checkpoint: Checkpoint,
    events: Merge,
    /// Those that were read and are not in any piece yet.
    page: vec::IntoIter<Event>,
    encoder: Encoder,
    clipped: Option<Clipped>,
    veil: Option<Arc<Veil>>,
    /// Draws the terminal anew, where something of it is hidden.
    replay: Option<Box<MaskedReplay>>,
}

enum Encoder {
    Lines(ProvedLines),
    Asciicast {
        writer: Box<asciicast::Writer<Shared>>,
        written: Shared,
    },
    Gif {
        film: Box<Film<GifWriter<Shared>>>,
        written: Shared,
    },
    Video(Box<Video>),
    Done,
}

impl Encoder {
    /// Whether it works so long on a page of events that nothing else may wait for it.
    fn is_slow(&self) -> bool {
        matches!(self, Self::Gif { .. })
    }

    /// Takes events, all of them or as many as make a large piece.
    fn encode(&mut self, events: &mut vec::IntoIter<Event>) -> Result<Vec<u8>, ExportError> {
        match self {
            Self::Lines(proved) => {
                let mut lines = Vec::new();
                for event in events {
                    proved.take(&event, &mut lines)?;
                }
                Ok(lines)
            }
            Self::Asciicast { writer, written } => {
                events.try_for_each(|event| writer.write_event(&event))?;
                Ok(written.take())
            }
            Self::Gif { film, written } => {
                for event in events {
                    film.take(&event)?;
                    if written.len() >= PICTURES_BYTES {
                        break;
                    }
                }
                Ok(written.take())
            }
            Self::Video(_) | Self::Done => Ok(Vec::new()),
        }
    }

    /// What is left to be written at the end.
    fn finish(self) -> Result<Vec<u8>, ExportError> {
        match self {
            Self::Asciicast { writer, written } => {
                writer.finish()?;
                Ok(written.take())
            }
            Self::Gif { film, written } => {
                film.finish()?;
                Ok(written.take())
            }
            Self::Lines(_) | Self::Video(_) | Self::Done => Ok(Vec::new()),
        }
    }
}

/// What the proof of the lines needs to know of them.
struct ProvedLines {
    veil: Option<Arc<Veil>>,
    complement: Complement,
    marks: Vec<Mark>,
}

impl ProvedLines {
    fn take(&mut self, event: &Event, lines: &mut Vec<u8>) -> Result<(), MultiproofError> {
        self.complement.leaf(event.position())?;
        let [a, b, c, d, ..] = event.leaf_hash();
        self.marks.push([a, b, c, d]);
        let masked = self.veil.as_ref().and_then(|veil| veil.masked(event));
        match masked {
            Some(masked) => lines.extend_from_slice(&event.redacted_line(&masked)),
            None => event.push_leaf(lines),
        }
        lines.push(b'\n');
        Ok(())
    }
}

/// What the writer of a format has written and nobody has taken yet.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn take(&self) -> Vec<u8> {
        mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
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
    /// Opens a session for export, as of now.
    ///
    /// # Errors
    /// When there is no such session, or it holds nothing that the format can show.
    pub async fn open(
        log: Arc<dyn EventLog>,
        session: SessionId,
        format: Format,
    ) -> Result<Self, ExportError> {
        Self::open_as_of(log, session, format, None).await
    }

    /// Opens a session for export, as it was when the log had `size` events.
    ///
    /// # Errors
    /// When there was no such session, it held nothing that the format can show, or the log is not
    /// as large.
    pub async fn open_as_of(
        log: Arc<dyn EventLog>,
        session: SessionId,
        format: Format,
        size: Option<Position>,
    ) -> Result<Self, ExportError> {
        Self::open_showing(log, session, format, size, Showing::default()).await
    }

    /// As [`Self::open_as_of`], shown in this way if the format is one of pictures.
    ///
    /// # Errors
    /// As for [`Self::open_as_of`], and when the pictures would have too many pixels.
    pub async fn open_showing(
        log: Arc<dyn EventLog>,
        session: SessionId,
        format: Format,
        size: Option<Position>,
        showing: Showing,
    ) -> Result<Self, ExportError> {
        Self::open_veiled(log, session, format, size, showing, None).await
    }

    /// As [`Self::open_showing`], for a reader who may see the session only through a veil.
    ///
    /// # Errors
    /// As for [`Self::open_showing`].
    pub async fn open_veiled(
        log: Arc<dyn EventLog>,
        session: SessionId,
        format: Format,
        size: Option<Position>,
        showing: Showing,
        veil: Option<Arc<Veil>>,
    ) -> Result<Self, ExportError> {
        let shown = |event: Event| match &veil {
            Some(veil) => veil.masked(&event).unwrap_or(event),
            None => event,
        };
        let head = log.head().await?;
        let before = size.unwrap_or(head.size);
        if before > head.size {
            return Err(ExportError::Ahead {
                asked: before,
                size: head.size,
            });
        }
        let mut streams = log.session_streams(session).await?;
        let mut clipped = None;
        let encoder = match format {
            Format::Ndjson => Encoder::Lines(ProvedLines {
                veil: veil.clone(),
                complement: Complement::new(head.size),
                marks: Vec::new(),
            }),
            Format::AsciicastV2 | Format::AsciicastV3 => {
                let (terminal, launched) = terminal_of(&*log, session, &streams).await?;
                let version = match format {
                    Format::AsciicastV3 => Version::V3,
                    _ => Version::V2,
                };
                let written = Shared::default();
                let mut writer = asciicast::Writer::new(written.clone(), version)?;
                if let Some(launched) = launched {
                    writer.write_event(&shown(launched))?;
                }
                streams = vec![terminal];
                Encoder::Asciicast {
                    writer: Box::new(writer),
                    written,
                }
            }
            Format::Gif | Format::Mp4 | Format::Webm => {
                let (terminal, launched) = terminal_of(&*log, session, &streams).await?;
                let first = match launched {
                    Some(launched) => Some(launched),
                    None => first_event(&*log, &terminal).await?,
                };
                let first = first.ok_or(ExportError::NoSuchSession(session))?;
                let survey = Survey::read(&*log, &terminal, first.at(), before).await?;
                clipped = survey.clipped();
                streams = vec![terminal];
                match format {
                    Format::Mp4 => Encoder::Video(Video::begin(Codec::H264, &survey, showing)?),
                    Format::Webm => Encoder::Video(Video::begin(Codec::Vp9, &survey, showing)?),
                    _ => {
                        let written = Shared::default();
                        let out = written.clone();
                        let film = survey.film(showing, |theme| GifWriter::new(out, theme))?;
                        Encoder::Gif {
                            film: Box::new(film),
                            written,
                        }
                    }
                }
            }
        };
        let mut events = Merge::new(streams, before);
        events.fill(&*log).await?;
        if events.is_at_end() {
            return Err(ExportError::NoSuchSession(session));
        }
        Ok(Self {
            log,
            checkpoint: head.checkpoint,
            events,
            page: Vec::new().into_iter(),
            replay: match (&veil, format) {
                (None, _) | (_, Format::Ndjson) => None,
                (Some(veil), _) => {
                    let hides = veil.hides_screens() || veil.checkpoint() < before;
                    hides.then(|| Box::new(MaskedReplay::new(Arc::clone(veil))))
                }
            },
            encoder,
            clipped,
            veil,
        })
    }

    /// The same, with the proof for its lines under this checkpoint, which is of at least the size that the export is as
    /// of.
    #[must_use]
    pub fn proved_by(mut self, checkpoint: Checkpoint) -> Self {
        if let Encoder::Lines(proved) = &mut self.encoder {
            proved.complement = Complement::new(checkpoint.size);
        }
        self.checkpoint = checkpoint;
        self
    }

    /// What of the terminal the pictures do not show, if anything.
    pub fn clipped(&self) -> Option<Clipped> {
        self.clipped
    }

    /// The size that the log had: the export holds all events of the session below it.
    pub fn log_size(&self) -> Position {
        self.events.before
    }

    /// The next piece of the file. `None` at its end.
    ///
    /// # Errors
    /// When the log cannot be read, or an event cannot be written. What was given so far is then
    /// not the whole file.
    pub async fn next_piece(&mut self) -> Result<Option<Vec<u8>>, ExportError> {
        loop {
            if self.page.as_slice().is_empty() {
                let page = self.events.next_page(&*self.log).await?;
                self.page = self.unveiled(page).await?.into_iter();
                if self.page.as_slice().is_empty() {
                    if let Encoder::Video(video) = &mut self.encoder {
                        return Ok(video.next_piece().await?);
                    }
                    return self.finish();
                }
            }
            if let Encoder::Video(video) = &mut self.encoder {
                video.take(mem::take(&mut self.page)).await?;
                continue;
            }
            let piece = self.encode().await?;
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
    }

    /// The events as they may be shown in formats other than lines, which say themselves what is left out.
    async fn unveiled(&mut self, page: Vec<Event>) -> Result<Vec<Event>, ExportError> {
        let Some(veil) = self.veil.clone() else {
            return Ok(page);
        };
        if matches!(self.encoder, Encoder::Lines(_)) || page.is_empty() {
            return Ok(page);
        }
        let mut replay = self.replay.take();
        // An emulator works on it.
        let work = tokio::task::spawn_blocking(move || {
            let shown = |event: &Event| match &mut replay {
                Some(replay) => replay.next(event),
                None => veil.masked(event).unwrap_or_else(|| event.clone()),
            };
            let mut shown: Vec<Event> = page.iter().map(shown).collect();
            // One that says nothing any more may be the last of the page, which must not be empty.
            let last = shown.len() - 1;
            let mut index = 0;
            shown.retain(|event| {
                index += 1;
                index > last || event.data() != b"{\"text\":\"\"}"
            });
            (replay, shown)
        });
        let (replay, shown) = work.await.map_err(|_| ExportError::GivenUp)?;
        self.replay = replay;
        Ok(shown)
    }

    /// The proof of the lines that were given. `None` when the format has no lines.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn prove(self) -> Result<Option<LinesProof>, ExportError> {
        let Encoder::Lines(ProvedLines {
            complement, marks, ..
        }) = self.encoder
        else {
            return Ok(None);
        };
        Ok(Some(LinesProof {
            key: self.log.verifier_key().to_owned(),
            hashes: complement.prove(&*self.log).await?,
            marks,
            note: self.checkpoint.as_note().to_owned(),
        }))
    }

    async fn encode(&mut self) -> Result<Vec<u8>, ExportError> {
        if !self.encoder.is_slow() {
            return self.encoder.encode(&mut self.page);
        }
        let mut encoder = mem::replace(&mut self.encoder, Encoder::Done);
        let mut page = mem::take(&mut self.page);
        let work = tokio::task::spawn_blocking(move || {
            let piece = encoder.encode(&mut page);
            (encoder, page, piece)
        });
        let (encoder, page, piece) = work.await.map_err(|_| ExportError::GivenUp)?;
        (self.encoder, self.page) = (encoder, page);
        piece
    }

    fn finish(&mut self) -> Result<Option<Vec<u8>>, ExportError> {
        if matches!(self.encoder, Encoder::Lines(_)) {
            // It is still to be asked for the proof.
            return Ok(None);
        }
        let rest = mem::replace(&mut self.encoder, Encoder::Done).finish()?;
        Ok(Some(rest).filter(|rest| !rest.is_empty()))
    }
}

/// The events of some streams below a position, in the order of the log.
struct Merge {
    sources: Vec<Source>,
    before: Position,
}

struct Source {
    stream: StreamName,
    next: StreamVersion,
    page: VecDeque<Event>,
    at_end: bool,
}

impl Merge {
    fn new(streams: Vec<StreamName>, before: Position) -> Self {
        let source = |stream| Source {
            stream,
            next: StreamVersion(0),
            page: VecDeque::new(),
            at_end: false,
        };
        Self {
            sources: streams.into_iter().map(source).collect(),
            before,
        }
    }

    /// Reads on in each stream of which no event is in memory.
    async fn fill(&mut self, log: &dyn EventLog) -> Result<(), StoreError> {
        for source in &mut self.sources {
            if !source.page.is_empty() || source.at_end {
                continue;
            }
            let mut page = log
                .read_stream(&source.stream, source.next, PAGE_EVENTS)
                .await?;
            source.next = source.next.plus(page.len() as u64);
            let read = page.len();
            page.retain(|event| event.position() < self.before);
            source.at_end = page.len() < read || read == 0;
            source.page = page.into();
        }
        self.sources
            .retain(|source| !source.page.is_empty() || !source.at_end);
        Ok(())
    }

    fn is_at_end(&self) -> bool {
        self.sources.is_empty()
    }

    /// The next events: until one of the streams must be read on. Empty at the end.
    async fn next_page(&mut self, log: &dyn EventLog) -> Result<Vec<Event>, StoreError> {
        self.fill(log).await?;
        if let [only] = self.sources.as_mut_slice() {
            return Ok(mem::take(&mut only.page).into());
        }
        let mut events = Vec::new();
        loop {
            let first = self
                .sources
                .iter_mut()
                .filter_map(|source| Some((source.page.front()?.position(), source)))
                .min_by_key(|(position, _)| *position);
            let Some((_, source)) = first else {
                return Ok(events);
            };
            events.extend(source.page.pop_front());
            if source.page.is_empty() && !source.at_end {
                return Ok(events);
            }
        }
    }
}

/// The stream that holds the terminal of the session, with the launch if that stands in another
/// stream, as it does when a recorder launched the session: it has its title and its start.
async fn terminal_of(
    log: &dyn EventLog,
    session: SessionId,
    streams: &[StreamName],
) -> Result<(StreamName, Option<Event>), ExportError> {
    let Some(first) = streams.first() else {
        return Err(ExportError::NoSuchSession(session));
    };
    let Some(terminal) = terminal_stream(log, streams).await? else {
        for stream in streams {
            let first = first_event(log, stream).await?;
            if first.is_some_and(|first| first.is_destroyed()) {
                return Err(ExportError::Purged(session));
            }
        }
        return Err(ExportError::NoTerminal(session));
    };
    let launched = if *first == terminal {
        None
    } else {
        let is_launch = |event: &Event| *event.kind() == EventType::SESSION_LAUNCHED;
        first_event(log, first).await?.filter(is_launch)
    };
    Ok((terminal, launched))
}

async fn first_event(log: &dyn EventLog, stream: &StreamName) -> Result<Option<Event>, StoreError> {
    let events = log.read_stream(stream, StreamVersion(0), 1).await?;
    Ok(events.into_iter().next())
}

/// The first stream that holds a terminal.
async fn terminal_stream(
    log: &dyn EventLog,
    streams: &[StreamName],
) -> Result<Option<StreamName>, StoreError> {
    for stream in streams {
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

#[cfg(test)]
mod tests {
    use retrace_core::data_dir::DataDir;
    use retrace_core::event::{EventBatch, MarkerSet};
    use retrace_core::log::Append;
    use retrace_core::log::lines::{LinesCheck, ProofFile};
    use retrace_core::{SourceName, Timestamp};

    use super::*;

    const TURNS: u64 = 9;
    const AT_ONCE: u64 = 1_000;

    /// A session of two sources that take turns, in between another session.
    async fn log() -> (Arc<dyn EventLog>, SessionId, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let log = DataDir::new(dir.path()).open_or_create_log().await.unwrap();
        let session = SessionId::of_recording(&[1; 32]);
        let other = SessionId::of_recording(&[2; 32]);
        let sources = [(session, "agent"), (session, "launcher"), (other, "agent")];
        for turn in 0..TURNS {
            let (session, source) = sources[turn as usize % sources.len()];
            let mut events = EventBatch::new();
            for number in 0..AT_ONCE {
                let label = format!("{turn} {number}");
                events.push(Timestamp::now(), MarkerSet { label }).unwrap();
            }
            let append = Append {
                stream: StreamName::of_session(session, &SourceName::new(source).unwrap()),
                first_version: StreamVersion(turn / 3 * AT_ONCE),
                events,
            };
            log.append(append).await.unwrap();
        }
        (Arc::new(log), session, dir)
    }

    async fn export(
        log: &Arc<dyn EventLog>,
        session: SessionId,
        size: u64,
    ) -> (Vec<u8>, ProofFile) {
        let log = Arc::clone(log);
        let size = Some(Position(size));
        let mut export = SessionExport::open_as_of(log, session, Format::Ndjson, size)
            .await
            .unwrap();
        let mut file = Vec::new();
        while let Some(piece) = export.next_piece().await.unwrap() {
            file.extend(piece);
        }
        let proof = export.prove().await.unwrap().unwrap();
        (file, ProofFile::parse(&proof.to_string()).unwrap())
    }

    #[tokio::test]
    async fn the_lines_of_all_streams_come_in_the_order_of_the_log_as_of_any_size_of_it() {
        let (log, session, _dir) = log().await;
        for (size, lines) in [(1, 1), (1_500, 1_500), (3_500, 2_500), (9_000, 6_000)] {
            let (file, proof) = export(&log, session, size).await;
            let mut check = LinesCheck::new(&proof, log.verifier_key()).unwrap();
            for line in file.split_inclusive(|byte| *byte == b'\n') {
                check.line(line.strip_suffix(b"\n").unwrap()).unwrap();
            }
            let checked = check.finish().unwrap();
            assert_eq!(checked.lines, lines, "as of {size}");
            assert_eq!(checked.checkpoint.size, Position(TURNS * AT_ONCE));
        }
    }

    #[tokio::test]
    async fn there_is_no_export_from_before_the_session_or_after_the_log() {
        let (log, session, _dir) = log().await;
        let open = |size| {
            let log = Arc::clone(&log);
            SessionExport::open_as_of(log, session, Format::Ndjson, Some(Position(size)))
        };
        assert!(matches!(open(0).await, Err(ExportError::NoSuchSession(_))));
        assert!(matches!(open(9_001).await, Err(ExportError::Ahead { .. })));
    }
}
