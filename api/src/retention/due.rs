//! Which sessions the settings let go.

use retrace_core::Timestamp;
use retrace_core::settings::{Retention, RetentionRules};
use retrace_projections::sessions::SessionRow;
use retrace_query::{QueryError, Reader};

/// So many sessions are looked at at once.
const PAGE: u32 = 1_000;
const SECOND_US: i64 = 1_000_000;

/// How long sessions are kept, by the settings of a moment.
#[derive(Debug, Clone)]
pub struct Periods {
    keep_s: u64,
    rules: RetentionRules,
}

impl Periods {
    /// Those of settings.
    #[must_use]
    pub fn of(settings: &Retention) -> Self {
        Self {
            keep_s: settings.keep_s,
            rules: settings.rules(),
        }
    }

    /// How long a session is kept, in seconds, if not for ever.
    #[must_use]
    pub fn keep_s(&self, session: &SessionRow) -> Option<u64> {
        let keep_s = self.rules.keep_s(&session.traits()).unwrap_or(self.keep_s);
        (keep_s > 0).then_some(keep_s)
    }

    /// From when on a session is not kept any more. None when it is kept for ever.
    #[must_use]
    pub fn until(&self, session: &SessionRow) -> Option<Timestamp> {
        let seconds = i64::try_from(self.keep_s(session)?).ok()?;
        let kept_us = seconds.saturating_mul(SECOND_US);
        Some(session.kept_from.saturating_add_micros(kept_us))
    }

    /// Whether a session may go at a time.
    #[must_use]
    pub fn let_go(&self, session: &SessionRow, now: Timestamp) -> bool {
        self.until(session).is_some_and(|until| until <= now)
    }

    /// No session may go of which the last was recorded after this. None when all are kept for ever.
    fn latest(&self, now: Timestamp) -> Option<Timestamp> {
        let all = (self.keep_s > 0).then_some(self.keep_s);
        let shortest = all.into_iter().chain(self.rules.shortest()).min()?;
        let seconds = i64::try_from(shortest).ok()?;
        Some(now.saturating_add_micros(-seconds.saturating_mul(SECOND_US)))
    }
}

/// Calls `found` for each session that may go at a time, whether or not it is on hold, the oldest first, until that answers
/// false. Blocks.
///
/// # Errors
/// When the read model does not answer.
pub fn each_due(
    reader: &Reader,
    periods: &Periods,
    now: Timestamp,
    mut found: impl FnMut(&SessionRow) -> bool,
) -> Result<(), QueryError> {
    let Some(latest) = periods.latest(now) else {
        return Ok(());
    };
    // The latest itself may go, too.
    let before = latest.saturating_add_micros(1);
    let mut behind: Option<SessionRow> = None;
    loop {
        let mut page = reader.recorded_before(before, behind.as_ref(), PAGE)?;
        for session in page.iter().filter(|session| periods.let_go(session, now)) {
            if !found(session) {
                return Ok(());
            }
        }
        behind = page.pop();
        if behind.is_none() {
            return Ok(());
        }
    }
}

/// What a change of the settings would do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Preview {
    /// How many sessions would be purged that are not by the settings as they are.
    pub purged: u64,
    /// How many more would be, if they were not on hold.
    pub held: u64,
    /// The time of the oldest of them.
    pub oldest: Option<Timestamp>,
    /// The time of the newest of them.
    pub newest: Option<Timestamp>,
}

/// What would be purged under other settings, and is not under those of now. Blocks.
///
/// # Errors
/// When the read model does not answer.
pub fn preview(
    reader: &Reader,
    now: &Periods,
    then: &Periods,
    time: Timestamp,
) -> Result<Preview, QueryError> {
    let mut preview = Preview::default();
    each_due(reader, then, time, |session| {
        if now.let_go(session, time) {
            return true;
        }
        if session.holds > 0 {
            preview.held += 1;
            return true;
        }
        preview.purged += 1;
        let earliest = preview
            .oldest
            .map_or(session.started, |at| at.min(session.started));
        let latest = preview
            .newest
            .map_or(session.started, |at| at.max(session.started));
        (preview.oldest, preview.newest) = (Some(earliest), Some(latest));
        true
    })?;
    Ok(preview)
}
