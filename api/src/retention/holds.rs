//! Placing a legal hold on a session, and lifting it.

use retrace_core::event::{EventBatch, EventBody, HoldPlaced, HoldReleased};
use retrace_core::{SessionId, Timestamp};

use crate::control::{ControlBook, ControlError};

/// What to do with a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldChange {
    /// Place it.
    Place,
    /// Lift it.
    Release,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldOutcome {
    /// It was placed, or lifted.
    Done,
    /// It was as it is to be before: nothing was appended.
    Already,
}

/// Why a hold is not changed.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// There is nothing to hold any more.
    #[error("session {0} was purged: what was recorded of it is destroyed")]
    Purged(SessionId),
    /// The log did not take it.
    #[error(transparent)]
    Control(#[from] ControlError),
}

/// Places a hold on a session that is in the log, for a matter (which may be empty), or lifts it.
///
/// # Errors
/// When the session was purged, or the log does not take it.
pub async fn change_hold(
    book: &ControlBook,
    session: SessionId,
    change: HoldChange,
    matter: &str,
    by: &str,
    reason: &str,
) -> Result<HoldOutcome, HoldError> {
    let (is_placed, by, reason) = (
        change == HoldChange::Place,
        by.to_owned(),
        reason.to_owned(),
    );
    let named = matter.to_owned();
    let body: EventBody = if is_placed {
        HoldPlaced {
            by,
            matter: named,
            reason,
        }
        .into()
    } else {
        HoldReleased {
            by,
            matter: named,
            reason,
        }
        .into()
    };
    let events = EventBatch::of(Timestamp::now(), body).map_err(ControlError::from)?;
    let appended = book
        .session(session)
        .append(|control| {
            if control.is_purged() {
                return Err(HoldError::Purged(session));
            }
            let is_held = control.holds().contains_key(matter);
            Ok((is_held != is_placed).then(|| events.clone()))
        })
        .await?;
    Ok(match appended {
        Some(_) => HoldOutcome::Done,
        None => HoldOutcome::Already,
    })
}
