//! What stays known of a session when what was recorded of it is destroyed.
//!
//! Read from the log and not from a read model, which may be behind: afterwards nobody can.

use retrace_core::event::{Event, EventBody, EventType, RetentionPurged, SessionLaunched};
use retrace_core::log::{EventLog, StoreError};
use retrace_core::{Position, SessionId, StreamVersion, Timestamp};

/// Recorders say who and where among the first events, and that a session ended among the last.
const FIRST_EVENTS: usize = 16;
const LAST_EVENTS: u64 = 64;

#[derive(Default)]
struct Facts {
    /// The first event of all streams: when the session began.
    began: Option<(Position, Timestamp)>,
    ended: Option<Timestamp>,
    /// The first that says it.
    launched: Option<(Position, SessionLaunched)>,
}

impl Facts {
    fn take(&mut self, event: &Event) {
        let (position, kind) = (event.position(), event.kind());
        if self.began.is_none_or(|(first, _)| position < first) {
            self.began = Some((position, event.at()));
        }
        let concerns = [EventType::SESSION_LAUNCHED, EventType::SESSION_ENDED].contains(kind);
        match event.body().ok().filter(|_| concerns) {
            Some(EventBody::SessionLaunched(launched)) => {
                let is_first = self
                    .launched
                    .as_ref()
                    .is_none_or(|(first, _)| position < *first);
                if is_first {
                    self.launched = Some((position, launched));
                }
            }
            Some(EventBody::SessionEnded(_)) => {
                let earlier = self.ended.map_or(event.at(), |at| at.min(event.at()));
                self.ended = Some(earlier);
            }
            _ => {}
        }
    }
}

/// What the event of a purge is to say of the session: who, where and how, when it began and ended. Not its title and its
/// command, which are of what happened in it.
pub(super) async fn facts_of(
    log: &dyn EventLog,
    session: SessionId,
) -> Result<RetentionPurged, StoreError> {
    let mut facts = Facts::default();
    for stream in log.session_streams(session).await? {
        let first = log
            .read_stream(&stream, StreamVersion(0), FIRST_EVENTS)
            .await?;
        first.iter().for_each(|event| facts.take(event));
        let next = log.next_version(&stream).await?;
        let from = next.0.saturating_sub(LAST_EVENTS).max(first.len() as u64);
        let last = log.read_stream(&stream, StreamVersion(from), LAST_EVENTS as usize);
        last.await?.iter().for_each(|event| facts.take(event));
    }
    let session = facts.launched.map(|(_, launched)| SessionLaunched {
        command: None,
        title: None,
        ..launched
    });
    Ok(RetentionPurged {
        ended_at: facts.ended,
        session,
        started_at: facts.began.map(|(_, at)| at),
        ..RetentionPurged::default()
    })
}
