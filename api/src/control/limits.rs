//! Sessions that are over a limit of time, and whose recorders do not end them.
//!
//! A recorder ends its session itself when the policy says so, and warns the person before
//! (`docs/recording.md`). Of one that does not, the server asks for it over the control channel, a
//! while after the limit (`policy.enforce_after_s`), once: what becomes of that shows as of any other
//! request.
//!
//! What the server knows of a session is what was uploaded. So a session counts as idle when no key
//! came in; one of which no keys are recorded at all, when nothing came in. Time is counted by the
//! server's clock, from when it took the launch in, and idle time from when it began to watch: after a
//! restart a session is ended later, never earlier. Each node watches the sessions whose recorders
//! listen to it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use retrace_core::event::{EndReason, EventBatch, TerminateRequested};
use retrace_core::settings::SettingsBook;
use retrace_core::{SessionId, Timestamp};
use retrace_ingest::protocol::Policy;
use retrace_projections::counts::Counts;
use retrace_projections::sessions::SessionRow;
use retrace_query::Reader;
use tokio::sync::watch;

use super::{BY_SERVER, ControlBook, ControlError, Session};

const LOOK_EVERY: Duration = Duration::from_secs(2);
/// So many sessions are looked up at once.
const LOOKED_UP_AT_ONCE: usize = 500;

/// What ends sessions that are over a limit.
pub struct TimeLimits {
    /// The sessions whose recorders listen.
    pub control: Arc<ControlBook>,
    /// What the policy is, and how long recorders are given.
    pub settings: Arc<SettingsBook>,
    /// The catalogue, as the server itself sees it.
    pub reader: Reader,
}

/// What was seen of a session last, and since when that is so.
#[derive(Debug, Clone, Copy)]
struct Seen {
    activity: Counts,
    since: Instant,
}

impl TimeLimits {
    /// Watches until `stopped` says so.
    pub async fn run(self, mut stopped: watch::Receiver<bool>) {
        let mut seen = HashMap::new();
        loop {
            tokio::select! {
                // The sender is gone: that is the end, too.
                _ = stopped.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            if let Err(error) = self.look(&mut seen).await {
                tracing::warn!(%error, "limits of time could not be looked at, tried again");
            }
        }
    }

    async fn look(&self, seen: &mut HashMap<SessionId, Seen>) -> Result<(), ControlError> {
        let sessions = self.control.listened_to();
        let settings = self.settings.recent().await?;
        let policy = Policy::of(&settings.policy);
        let grace = Duration::from_secs(settings.policy.enforce_after_s);
        let mut still = HashMap::with_capacity(sessions.len());
        for some in sessions.chunks(LOOKED_UP_AT_ONCE) {
            let (reader, ids) = (self.reader.clone(), some.iter().map(Session::id));
            let ids: Vec<SessionId> = ids.collect();
            let rows = tokio::task::spawn_blocking(move || reader.sessions_by_id(ids)).await;
            let rows = match rows {
                Ok(Ok(rows)) => rows,
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the catalogue does not answer");
                    continue;
                }
                Err(_) => continue,
            };
            for session in some {
                let Some(row) = rows.get(&session.id()).filter(|row| row.ended.is_none()) else {
                    continue;
                };
                let now = Instant::now();
                let activity = activity_of(row);
                let unchanged = seen.get(&row.id).filter(|seen| seen.activity == activity);
                let since = unchanged.map_or(now, |seen| seen.since);
                still.insert(row.id, Seen { activity, since });
                let in_force = {
                    let control = session.recent_control().await?;
                    if control.is_asked_to_end() {
                        continue;
                    }
                    control.in_force(&policy)
                };
                let ran = Timestamp::now().micros_since(row.recorded);
                let ran = Duration::from_micros(u64::try_from(ran).unwrap_or(0));
                if let Some(over) = over_limit(&in_force, ran, now - since, grace) {
                    ask_to_end(session, over).await?;
                }
            }
        }
        *seen = still;
        Ok(())
    }
}

/// What tells that somebody is there.
fn activity_of(row: &SessionRow) -> Counts {
    if row.counts.keys == 0 {
        return row.counts;
    }
    Counts {
        keys: row.counts.keys,
        ..Counts::default()
    }
}

/// The limit that a session is over for longer than recorders are given, and what its person is told.
fn over_limit(
    policy: &Policy,
    ran: Duration,
    idle: Duration,
    grace: Duration,
) -> Option<(EndReason, String)> {
    let is_over = |limit: Option<u32>, time: Duration| {
        limit.filter(|limit| time > Duration::from_secs(u64::from(*limit)).saturating_add(grace))
    };
    if let Some(limit) = is_over(policy.max_length_s, ran) {
        let why = format!("it has reached the longest time allowed, {limit} s");
        return Some((EndReason::MaxLength, why));
    }
    is_over(policy.inactivity_s, idle).map(|limit| {
        let why = format!("nothing was typed for {limit} s");
        (EndReason::Inactivity, why)
    })
}

async fn ask_to_end(session: &Session, over: (EndReason, String)) -> Result<(), ControlError> {
    let (cause, why) = over;
    let asked = TerminateRequested {
        by: BY_SERVER.to_owned(),
        cause: Some(cause),
        reason: Some(why),
    };
    session
        .append(|control| {
            // Another node, or a person, may have been quicker.
            if control.is_asked_to_end() {
                return Ok(None);
            }
            let events = EventBatch::of(Timestamp::now(), asked.clone())?;
            Ok::<_, ControlError>(Some(events))
        })
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_over_a_limit_once_its_recorder_had_time_to_end_it() {
        let policy = |max_length_s, inactivity_s| Policy {
            max_length_s,
            inactivity_s,
            ..Policy::without_limits()
        };
        let (max, idle) = (Some(EndReason::MaxLength), Some(EndReason::Inactivity));
        // (longest, inactivity, ran for, idle for, the limit that it is over; 10 s are given)
        let cases = [
            (None, None, 1_000_000, 1_000_000, None),
            (Some(60), None, 69, 0, None),
            (Some(60), None, 71, 0, max),
            (None, Some(30), 1_000, 39, None),
            (None, Some(30), 1_000, 41, idle),
            (Some(60), Some(30), 71, 41, max),
            (Some(u32::MAX), Some(u32::MAX), 71, 41, None),
        ];
        for (longest, inactivity, ran, quiet, expected) in cases {
            let found = over_limit(
                &policy(longest, inactivity),
                Duration::from_secs(ran),
                Duration::from_secs(quiet),
                Duration::from_secs(10),
            );
            assert_eq!(found.map(|(reason, _)| reason), expected, "{ran} {quiet}");
        }
    }
}
