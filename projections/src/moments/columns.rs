//! The columns of one segment of the index, opened once for as long as the segment lives.

use std::sync::OnceLock;

use retrace_core::{Position, SessionId};
use tantivy::columnar::{Column, StrColumn};
use tantivy::index::SegmentId;
use tantivy::{DocId, SegmentReader, TantivyError};

use super::moment::MomentId;

/// What is known of so many documents together is when the earliest and the latest of them were.
const BLOCK: u32 = 1024;

/// A column of names: of what its values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NamedColumn {
    /// Users.
    User,
    /// Groups of users; a moment may have several.
    Group,
    /// Hosts.
    Host,
    /// Targets.
    Target,
    /// Sites.
    Site,
    /// Protocols.
    Protocol,
    /// What opened the session.
    Launcher,
    /// Programs.
    App,
}

impl NamedColumn {
    /// All of them, in order.
    pub const ALL: [Self; 8] = [
        Self::User,
        Self::Group,
        Self::Host,
        Self::Target,
        Self::Site,
        Self::Protocol,
        Self::Launcher,
        Self::App,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Host => "host",
            Self::Target => "target",
            Self::Site => "site",
            Self::Protocol => "protocol",
            Self::Launcher => "launcher",
            Self::App => "app",
        }
    }
}

/// The columns of a segment.
pub struct SegmentColumns {
    /// Of this segment.
    pub segment: SegmentId,
    /// [`MomentId::sequence`].
    pub sequence: Column<u64>,
    /// When each moment was, in microseconds after 1970.
    pub at_us: Column<i64>,
    /// Microseconds from the start of the session.
    pub offset_us: Column<u64>,
    /// Microseconds from the start of the session.
    pub start_us: Column<u64>,
    /// [`super::MomentKind`]'s number.
    pub kind: Column<u64>,
    /// With which status it ended, where that is known.
    pub exit_status: Column<i64>,
    /// How long it took in microseconds, where that is known.
    pub duration_us: Column<u64>,
    /// The ordinal of its session, see [`Self::session_of`].
    pub session_ordinals: Column<u64>,
    documents: u32,
    sessions: Option<StrColumn>,
    ids: OnceLock<Vec<Option<SessionId>>>,
    names: [Option<StrColumn>; NamedColumn::ALL.len()],
    spans: OnceLock<Spans>,
}

/// For each block of documents, when its moments were.
#[derive(Debug, Default)]
struct Spans {
    /// The latest of it and of the blocks before it.
    latest: Vec<i64>,
    /// The earliest of it and of the blocks behind it.
    earliest: Vec<i64>,
}

impl SegmentColumns {
    pub(super) fn open(reader: &SegmentReader) -> Result<Self, TantivyError> {
        let fields = reader.fast_fields();
        let documents = reader.max_doc();
        let sessions = fields.str("session")?;
        let session_ordinals = match &sessions {
            Some(column) => column.ords().clone(),
            None => Column::build_empty_column(documents),
        };
        let mut names = [const { None }; NamedColumn::ALL.len()];
        for (slot, column) in names.iter_mut().zip(NamedColumn::ALL) {
            *slot = fields.str(column.name())?;
        }
        let empty = || Column::build_empty_column(documents);
        Ok(Self {
            segment: reader.segment_id(),
            sequence: fields.u64("sequence")?,
            at_us: fields.i64("at_us")?,
            offset_us: fields.u64("offset_us")?,
            start_us: fields.u64("start_us")?,
            kind: fields.u64("kind")?,
            exit_status: fields
                .column_opt("exit_status")?
                .unwrap_or_else(empty_i64(documents)),
            duration_us: fields.column_opt("duration_us")?.unwrap_or_else(empty),
            session_ordinals,
            documents,
            sessions,
            ids: OnceLock::new(),
            names,
            spans: OnceLock::new(),
        })
    }

    /// The id of a document's moment.
    pub(super) fn id(&self, document: DocId) -> Option<MomentId> {
        self.sequence.first(document).map(MomentId::from_sequence)
    }

    /// The session of a document's moment.
    #[must_use]
    pub fn session(&self, document: DocId) -> Option<SessionId> {
        self.session_of(self.session_ordinals.first(document)?)
    }

    /// The session with this ordinal in this segment.
    #[must_use]
    pub fn session_of(&self, ordinal: u64) -> Option<SessionId> {
        let ids = self.ids.get_or_init(|| self.session_ids());
        ids.get(usize::try_from(ordinal).ok()?).copied().flatten()
    }

    /// How many sessions have moments in this segment.
    #[must_use]
    pub fn session_count(&self) -> usize {
        self.sessions
            .as_ref()
            .map_or(0, |column| column.dictionary().num_terms())
    }

    fn session_ids(&self) -> Vec<Option<SessionId>> {
        let Some(column) = &self.sessions else {
            return Vec::new();
        };
        let mut ids = Vec::with_capacity(self.session_count());
        let Ok(mut names) = column.dictionary().stream() else {
            return ids;
        };
        while names.advance() {
            let name = std::str::from_utf8(names.key()).ok();
            ids.push(name.and_then(|name| name.parse().ok()));
        }
        ids
    }

    /// A column of names; none when no moment of the segment has such a name.
    #[must_use]
    pub fn names(&self, column: NamedColumn) -> Option<&StrColumn> {
        self.names[column as usize].as_ref()
    }

    /// The names of a column, in the order of their ordinals.
    #[must_use]
    pub fn name_list(&self, column: NamedColumn) -> Vec<String> {
        let Some(column) = self.names(column) else {
            return Vec::new();
        };
        let mut list = Vec::with_capacity(column.dictionary().num_terms());
        if let Ok(mut names) = column.dictionary().stream() {
            while names.advance() {
                list.push(String::from_utf8_lossy(names.key()).into_owned());
            }
        }
        list
    }

    /// When the latest moment of the documents below `document` was; the earliest time there is when
    /// there are none.
    #[must_use]
    pub fn latest_below(&self, document: DocId) -> i64 {
        if document == 0 {
            return i64::MIN;
        }
        let block = (document - 1) / BLOCK;
        let latest = &self.spans().latest;
        latest.get(block as usize).copied().unwrap_or(i64::MAX)
    }

    /// A document below which no moment was at `at_us` or later; the greatest that is known.
    #[must_use]
    pub fn none_at_or_after(&self, at_us: i64) -> DocId {
        let latest = &self.spans().latest;
        self.block_start(latest.partition_point(|latest| *latest < at_us))
    }

    /// A document from which on all moments were later than `at_us`; the least that is known.
    #[must_use]
    pub fn none_later_from(&self, at_us: i64) -> DocId {
        let earliest = &self.spans().earliest;
        self.block_start(earliest.partition_point(|earliest| *earliest <= at_us))
    }

    fn block_start(&self, block: usize) -> DocId {
        let block = u32::try_from(block).unwrap_or(u32::MAX);
        block.saturating_mul(BLOCK).min(self.documents)
    }

    fn spans(&self) -> &Spans {
        self.spans.get_or_init(|| {
            let mut spans = Spans::default();
            let mut times = [0; BLOCK as usize];
            let mut latest = i64::MIN;
            for start in (0..self.documents).step_by(BLOCK as usize) {
                let count = (self.documents - start).min(BLOCK) as usize;
                let times = &mut times[..count];
                self.at_us.values.get_range(start.into(), times);
                latest = times.iter().copied().fold(latest, i64::max);
                spans.latest.push(latest);
                let earliest = times.iter().copied().fold(i64::MAX, i64::min);
                spans.earliest.push(earliest);
            }
            let mut earliest = i64::MAX;
            for of_block in spans.earliest.iter_mut().rev() {
                earliest = earliest.min(*of_block);
                *of_block = earliest;
            }
            spans
        })
    }

    /// How many documents the segment has, those that were taken out included.
    #[must_use]
    pub fn documents(&self) -> u32 {
        self.documents
    }

    /// The position up to which the segment can have events.
    #[must_use]
    pub fn last_position(&self) -> Position {
        MomentId::from_sequence(self.sequence.max_value()).position
    }
}

fn empty_i64(documents: u32) -> impl FnOnce() -> Column<i64> {
    move || Column::build_empty_column(documents)
}
