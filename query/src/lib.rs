//! Questions over the read models, answered to callers that need no knowledge of their tables.
//!
//! | module | answers |
//! |---|---|
//! | [`sessions`] | which sessions there are, filtered, ordered, page by page |
//! | [`activity`] | how much happened when, in any number of buckets |
//! | [`screen`] | what the terminal showed at a moment |
//! | [`moments`] | what was typed, run, seen and marked in a session, and where to jump to |
//! | [`search`] | the same over all sessions, by words |
//! | [`reports`] | what auditors file: tables and charts as of a position |
//! | [`redaction`] | what is hidden in a session, and from whom |
//! | [`trail`] | who did what in Retrace itself |
//! | [`sql`] | whatever can be asked in SQL, over tables |
//! | [`video`] | footage: clips, files that play, what is built of it |
//! | [`page`] | pages, cursors and errors, which all of them share |
//!
//! Each is answered as if there were nothing but what the viewer may see (`sight`).
//!
//! A [`Reader`] only reads. What it answers is as new as the read models are: a caller who has to
//! see their own append waits for the projections first.
//!
//! Functions that are not `async` read SQLite or the index and block for a few milliseconds; call
//! them where blocking is allowed.

pub mod activity;
pub mod moments;
pub mod page;
pub mod redaction;
pub mod reports;
pub mod screen;
pub mod search;
pub mod sessions;
mod sight;
pub mod sql;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod trail;
pub mod video;

use std::path::Path;
use std::sync::Arc;

use retrace_core::Position;
use retrace_core::access::Sight;
use retrace_core::log::EventLog;
use retrace_projections::columns::ColumnsReader;
use retrace_projections::moments::{MomentsReader, MomentsView};
use retrace_projections::redaction::CompiledRules;
use retrace_projections::store::{Readers, from_sql};

pub use activity::{ActivityKind, ActivityMap, ActivitySeries, IdleStretch, Stretch};
pub use moments::{MomentMap, SeekPoint, TimelineFilter};
pub use page::{Cursor, Page, PageRequest, QueryError};
pub use screen::Screen;
pub use search::{
    FacetKind, InvalidQuery, SearchBucket, SearchFacet, SearchFacets, SearchFilter, SearchHit,
    SearchOrder, SearchPage, SearchQuestion, SearchSource, SessionHits, SessionHitsPage,
    SnippetRun, Suggestion, SuggestionKind, TimeUnit, Total, check_query,
};
pub use sessions::{Facet, Facets, SessionFilter, SessionOrder, SessionState};
pub use trail::{Act, ActFilter};
pub use video::VideoWork;

/// Answers questions. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Reader {
    sessions: Readers,
    activity: Readers,
    screens: Readers,
    video: Readers,
    redactions: Readers,
    trail: Readers,
    rules: CompiledRules,
    moments: Arc<MomentsReader>,
    sql: Arc<sql::SqlEngine>,
    log: Arc<dyn EventLog>,
    sight: Arc<Sight>,
    seen: Arc<sight::Seen>,
    reveals: bool,
}

impl Reader {
    /// Reads the read models of `log` in `dir`, for the server itself: nothing is hidden. They need not be there yet:
    /// until they are, questions end with [`QueryError::Unavailable`].
    pub fn open(dir: &Path, log: Arc<dyn EventLog>) -> Self {
        Self {
            sessions: Readers::new(dir, retrace_projections::sessions::SCHEMA),
            activity: Readers::new(dir, retrace_projections::activity::SCHEMA),
            screens: Readers::new(dir, retrace_projections::screens::SCHEMA),
            video: Readers::new(dir, retrace_projections::video::SCHEMA),
            redactions: Readers::new(dir, retrace_projections::redaction::SCHEMA),
            trail: Readers::new(dir, retrace_projections::trail::SCHEMA),
            rules: CompiledRules::default(),
            moments: Arc::new(MomentsReader::new(dir)),
            sql: Arc::new(sql::SqlEngine::new(
                dir,
                ColumnsReader::new(dir, Arc::clone(&log)),
            )),
            log,
            sight: Arc::new(Sight::everything()),
            seen: Arc::default(),
            reveals: false,
        }
    }

    /// The same read models, as a viewer with this sight may see them.
    #[must_use]
    pub fn seen_by(&self, sight: Arc<Sight>) -> Self {
        Self {
            sight,
            ..self.clone()
        }
    }

    /// The same, but that what is redacted is shown as far as the viewer may reveal it. Only for a request that asks for
    /// it, and that is written down.
    #[must_use]
    pub fn revealing(&self) -> Self {
        Self {
            reveals: true,
            ..self.clone()
        }
    }

    /// Whether what is redacted is to be shown where the viewer has [`Right::Reveal`](retrace_core::access::Right::Reveal).
    #[must_use]
    pub fn reveals(&self) -> bool {
        self.reveals
    }

    /// What the viewer may see.
    #[must_use]
    pub fn sight(&self) -> &Sight {
        &self.sight
    }

    /// How many questions the read models in SQLite were asked through this reader and its clones: a question that is
    /// answered for many sessions at once counts once.
    #[must_use]
    pub fn store_reads(&self) -> u64 {
        [&self.sessions, &self.activity, &self.screens, &self.video]
            .map(Readers::reads)
            .into_iter()
            .sum()
    }

    /// The position up to which the read models of footage, of what is hidden and of moments have seen the log, as far as
    /// can be told from their files: for processes that do not keep them themselves.
    ///
    /// # Errors
    /// When one does not answer.
    pub fn known_up_to(&self) -> Result<Position, QueryError> {
        let of = |readers: &Readers| {
            readers.read(|connection| {
                let sql = "SELECT checkpoint FROM meta";
                let checkpoint: i64 = connection.query_row(sql, [], |row| row.get(0))?;
                Ok::<_, QueryError>(Position(from_sql(checkpoint)))
            })
        };
        // The index of moments stores its checkpoint with moments only, so it may be further than it says.
        self.moments_view()?;
        Ok(of(&self.video)?.min(of(&self.redactions)?))
    }

    /// The index of moments as it is now; questions about moments and searches begin here.
    ///
    /// # Errors
    /// When the read model is not there yet or does not answer.
    pub(crate) fn moments_view(&self) -> Result<MomentsView, QueryError> {
        self.moments.view().map_err(QueryError::internal)
    }
}
