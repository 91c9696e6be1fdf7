//! Sessions that earlier runs left in the spool.
//!
//! Whoever runs next takes them up: another recorder while it records, `retrace record --upload`,
//! and the uploader that a recorder leaves behind when it ends. A session is held by one process at
//! a time, so they do not get in each other's way.

use std::collections::HashSet;
use std::sync::Arc;

use retrace_core::SessionId;

use super::client::Client;
use super::notice::{Notice, Tell};
use super::reach::Reach;
use super::schedule::{Retry, Schedule, chance};
use super::spool::{Spool, SpoolError};
use super::upload::Uploader;

/// What a pass over the spool did, and what it left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pass {
    /// Sessions that stand in the log as a whole and were removed.
    pub uploaded: u64,
    /// Sessions of which events wait.
    pub waiting_sessions: u64,
    /// Events that wait.
    pub waiting_events: u64,
    /// Sessions of which the server refused something for good.
    pub quarantined: u64,
    /// Sessions that another process holds.
    pub held: u64,
    /// Sessions that cannot be read.
    pub damaged: u64,
    /// Why the first session that waits does.
    pub reason: Option<String>,
}

impl Pass {
    /// Whether nothing is left that another pass could upload.
    pub fn is_done(&self) -> bool {
        self.waiting_sessions == 0 && self.held == 0
    }
}

/// Tries once to upload each session that no other process holds.
///
/// # Errors
/// When the spool cannot be read.
pub async fn upload_once(
    spool: &Spool,
    client: &Client,
    schedule: &Schedule,
    tell: &Tell,
) -> Result<Pass, SpoolError> {
    pass(spool, client, schedule, tell, &mut HashSet::new()).await
}

/// A pass. Each session that cannot be read is told of once, and then known to be `damaged`.
async fn pass(
    spool: &Spool,
    client: &Client,
    schedule: &Schedule,
    tell: &Tell,
    damaged: &mut HashSet<SessionId>,
) -> Result<Pass, SpoolError> {
    let mut pass = Pass::default();
    for id in spool.sessions()? {
        let session = match spool.take(id) {
            Ok(Some((session, recovered))) => {
                if recovered.was_cut_off {
                    tell(Notice::CutOff {
                        session: id,
                        torn_bytes: recovered.torn_bytes,
                    });
                }
                Arc::new(session)
            }
            Ok(None) => {
                pass.held += u64::from(spool.is_held(id));
                continue;
            }
            Err(error) => {
                pass.damaged += 1;
                if damaged.insert(id) {
                    tell(Notice::Damaged {
                        session: id,
                        reason: error.to_string(),
                    });
                }
                continue;
            }
        };
        // After one server that does not answer the others still get their try: sessions can be
        // of several servers, and each waits only for a connection.
        let mut outcome = Ok(());
        if session.waiting() > 0 {
            let reach = Arc::new(Reach::default());
            let (session, tell) = (Arc::clone(&session), Arc::clone(tell));
            let mut uploader = Uploader::new(client, session, reach, schedule.clone(), tell);
            outcome = uploader.run_once().await;
        }
        let waiting = session.waiting();
        if waiting > 0 {
            pass.waiting_sessions += 1;
            pass.waiting_events += waiting;
            pass.reason = pass.reason.or(outcome.err());
        }
        pass.quarantined += u64::from(!session.quarantined().is_empty());
        pass.uploaded += u64::from(session.remove_if_done()?);
    }
    Ok(pass)
}

/// Uploads what is left, pass after pass by the schedule, until nothing is. Sessions that other
/// processes hold are waited for, because they may leave something behind, if `also_held`.
///
/// # Errors
/// When the spool cannot be read.
pub async fn upload_all(
    spool: &Spool,
    client: &Client,
    schedule: &Schedule,
    tell: &Tell,
    also_held: bool,
) -> Result<Pass, SpoolError> {
    let mut retry = Retry::new(schedule.clone());
    let (mut uploaded, mut damaged) = (0, HashSet::new());
    loop {
        let mut pass = pass(spool, client, schedule, tell, &mut damaged).await?;
        uploaded += pass.uploaded;
        if pass.waiting_sessions == 0 && (pass.held == 0 || !also_held) {
            pass.uploaded = uploaded;
            return Ok(pass);
        }
        if pass.uploaded > 0 || pass.waiting_sessions == 0 {
            retry.succeeded();
        }
        tokio::time::sleep(retry.failed(chance())).await;
    }
}

/// Whether there is a session that an uploader could have something to do with.
///
/// # Errors
/// When the spool cannot be read.
pub fn has_work(spool: &Spool) -> Result<bool, SpoolError> {
    for id in spool.sessions()? {
        // One that cannot be read is nothing to wait for.
        let is_work = match spool.take(id) {
            Ok(Some((session, _))) => session.waiting() > 0,
            Ok(None) => spool.is_held(id),
            Err(_) => false,
        };
        if is_work {
            return Ok(true);
        }
    }
    Ok(false)
}
