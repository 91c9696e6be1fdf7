//! Placing a legal hold on a session, and lifting it.

use retrace_core::event::{EventBatch, EventBody, HoldPlaced, HoldReleased};
use retrace_core::log::{AppendError, StoreError};
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
    /// The log could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
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
    let (matter, by, reason) = (matter.to_owned(), by.to_owned(), reason.to_owned());
    let body: EventBody = match change {
        HoldChange::Place => HoldPlaced { by, matter, reason }.into(),
        HoldChange::Release => HoldReleased { by, matter, reason }.into(),
    };
    let matter = match &body {
        EventBody::HoldPlaced(told) => told.matter.clone(),
        EventBody::HoldReleased(told) => told.matter.clone(),
        _ => String::new(),
    };
    let events = EventBatch::of(Timestamp::now(), body).map_err(ControlError::from)?;
    let appended = book
        .session(session)
        .append(|control| {
            if control.is_purged() {
                return Err(HoldError::Purged(session));
            }
            let is_held = control.holds().contains_key(&matter);
            let is_wanted = change == HoldChange::Place;
            Ok((is_held != is_wanted).then(|| events.clone()))
        })
        .await;
    match appended {
        Ok(Some(_)) => Ok(HoldOutcome::Done),
        Ok(None) => Ok(HoldOutcome::Already),
        Err(HoldError::Control(ControlError::Append(AppendError::Purged { session }))) => {
            Err(HoldError::Purged(session))
        }
        Err(error) => Err(error),
    }
}
