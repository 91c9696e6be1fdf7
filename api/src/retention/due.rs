//! Which sessions the settings let go.

use retrace_core::Timestamp;
use retrace_core::settings::{Retention, RetentionRules};
use retrace_projections::sessions::SessionRow;
use retrace_query::{QueryError, Reader};

/// So many sessions are looked at at once.
const PAGE: u32 = 1_000;
const DAY_US: i64 = 86_400_000_000;

/// How long sessions are kept, by the settings of a moment.
#[derive(Debug, Clone)]
pub struct Periods {
    days: u64,
    rules: RetentionRules,
}

impl Periods {
    /// Those of settings.
    #[must_use]
    pub fn of(settings: &Retention) -> Self {
        Self {
            days: settings.days,
            rules: settings.rules(),
        }
    }

    /// For how many days a session is kept, if not for ever.
    #[must_use]
    pub fn days(&self, session: &SessionRow) -> Option<u64> {
        let days = self.rules.days(&session.traits()).unwrap_or(self.days);
        (days > 0).then_some(days)
    }

    /// The day from which on a session is not kept any more. None when it is kept for ever.
    #[must_use]
    pub fn until(&self, session: &SessionRow) -> Option<Timestamp> {
        let days = i64::try_from(self.days(session)?).ok()?;
        Some(
            session
                .kept_from
                .saturating_add_micros(days.saturating_mul(DAY_US)),
        )
    }

    /// Whether a session may go at a time.
    #[must_use]
    pub fn let_go(&self, session: &SessionRow, now: Timestamp) -> bool {
        self.until(session).is_some_and(|until| until <= now)
    }

    /// No session may go of which the last was recorded after this. None when all are kept for ever.
    fn latest(&self, now: Timestamp) -> Option<Timestamp> {
        let all = (self.days > 0).then_some(self.days);
        let shortest = all.into_iter().chain(self.rules.shortest()).min()?;
        let days = i64::try_from(shortest).ok()?;
        Some(now.saturating_add_micros(-days.saturating_mul(DAY_US)))
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
    /// How many bytes were recorded of the first, as far as is known: output and typed text, without footage.
    pub output_bytes: u64,
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
        preview.output_bytes += session.counts.output_bytes;
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
