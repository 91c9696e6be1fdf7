//! What is missing from the recording of a session, read from its streams in the log.

use std::sync::Arc;

use async_graphql::{Context, Result, SimpleObject};
use retrace_core::event::{Event, EventBody};
use retrace_core::log::EventLog;
use retrace_core::{SessionId, StreamName, StreamVersion, Timestamp};

use super::error::{blocking, of_store};
use super::look;
use super::scalar::Long;

/// So many are told; `Session.gaps` counts all.
const GAPS_MAX: usize = 500;
const READ_AT_ONCE: usize = 4_096;

/// A part of a session that is missing from its recording, or from which on it shows less than it should.
#[derive(SimpleObject)]
pub(super) struct RecordingGap {
    /// Where it begins, in milliseconds from the start of the session.
    from_ms: Long,
    /// Where it ends. Null when the recording goes on and shows less than it should from there on.
    to_ms: Option<Long>,
    /// What is missing: `frames`, `keys`, `terminal`, `processes`. Null when that is not told.
    channel: Option<String>,
    /// Why, as far as it is known.
    reason: String,
    /// Who recorded it.
    source: Option<String>,
}

impl RecordingGap {
    fn of(event: &Event, started: Timestamp) -> Option<Self> {
        let offset =
            |at: Timestamp| Long(at.micros().saturating_sub(started.micros()).max(0) / 1000);
        let source = event.stream().source().map(str::to_owned);
        match event.body().ok()? {
            EventBody::GapDetected(gap) => Some(Self {
                from_ms: offset(gap.from),
                to_ms: Some(offset(gap.to)),
                channel: Some(gap.channel),
                reason: gap.reason,
                source,
            }),
            EventBody::RecordingDegraded(degraded) => Some(Self {
                from_ms: offset(event.at()),
                to_ms: None,
                channel: None,
                reason: degraded.reason,
                source,
            }),
            _ => None,
        }
    }
}

/// The gaps of a session, in the order of time.
pub(super) async fn gaps_of(ctx: &Context<'_>, session: SessionId) -> Result<Vec<RecordingGap>> {
    let reader = look::list(ctx, "gaps").await?;
    let found = blocking(move || {
        let row = reader.session(session)?;
        Ok((row, reader.session_streams(session)?))
    });
    let (Some(row), streams) = found.await? else {
        return Ok(Vec::new());
    };
    // Most recordings have none, and then nothing is read.
    let wanted = usize::try_from(row.gaps).unwrap_or(GAPS_MAX).min(GAPS_MAX);
    let log = ctx.data::<Arc<dyn EventLog>>()?;
    let mut gaps = Vec::new();
    for stream in streams {
        let Ok(stream) = StreamName::try_from(stream) else {
            continue;
        };
        let mut next = StreamVersion(0);
        while gaps.len() < wanted {
            let events = log.read_stream(&stream, next, READ_AT_ONCE).await;
            let events = events.map_err(of_store)?;
            let Some(last) = events.last() else {
                break;
            };
            next = last.version().plus(1);
            let found = events
                .iter()
                .filter_map(|event| RecordingGap::of(event, row.started));
            gaps.extend(found);
        }
    }
    gaps.truncate(wanted);
    gaps.sort_by_key(|gap| gap.from_ms.0);
    Ok(gaps)
}
