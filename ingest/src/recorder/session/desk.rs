//! What goes on beside the command: launching, uploading, listening.

use std::sync::Arc;
use std::time::Duration;

use retrace_core::SourceName;
use retrace_core::event::EndReason;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;

use super::super::client::{CallError, Client};
use super::super::control::{self, Order};
use super::super::notice::{Notice, Tell};
use super::super::pending;
use super::super::reach::Reach;
use super::super::spool::{SessionSpool, Spool};
use super::super::upload::{self, LaunchError, Uploader};
use super::{RecordError, RecordOptions};
use crate::protocol::ErrorCode;

/// How long a server that was silent lately is tried at the end; one that was heard lately gets
/// [`RecordOptions::finish_within`].
const FINISH_SILENT: Duration = Duration::from_secs(2);
const HEARD_LATELY: Duration = Duration::from_secs(8);
const FINISH_PAUSE: Duration = Duration::from_millis(500);

/// A session, and all that is needed to deal with the server about it.
pub(super) struct Desk {
    pub(super) client: Client,
    pub(super) spool: Spool,
    pub(super) session: Arc<SessionSpool>,
    pub(super) source: SourceName,
    pub(super) reach: Arc<Reach>,
    pub(super) options: RecordOptions,
    pub(super) tell: Tell,
}

impl Desk {
    /// The first launch, before the command starts.
    pub(super) async fn launch(&self) -> Result<(), RecordError> {
        let launched = tokio::time::timeout(
            self.options.launch_within,
            upload::launch(&self.client, &self.session, &self.reach),
        );
        let reason = match launched.await {
            Ok(Ok(answer)) => {
                self.session.keep_policy(&answer.policy);
                return Ok(());
            }
            Ok(Err(LaunchError::Spool(error))) => return Err(error.into()),
            Ok(Err(LaunchError::Call(error))) => match error.code() {
                // A server that has no time, or no space, now is as good as one that is away.
                Some(
                    ErrorCode::Overloaded
                    | ErrorCode::TooManyRequests
                    | ErrorCode::Internal
                    | ErrorCode::StorageFull,
                ) => error.to_string(),
                Some(ErrorCode::RecordingNotPossible) => {
                    return Err(RecordError::NotPromised(error.to_string()));
                }
                Some(_) => return Err(RecordError::Refused(error.to_string())),
                None if matches!(error, CallError::NoToken { .. }) => {
                    return Err(RecordError::Refused(error.to_string()));
                }
                None => error.to_string(),
            },
            Err(_) => format!("{} does not answer", self.client.url()),
        };
        if self.options.require_server {
            return Err(RecordError::NotPromised(reason));
        }
        (self.tell)(Notice::ServerAway { reason });
        Ok(())
    }

    fn uploader(&self) -> Uploader {
        Uploader::new(
            &self.client,
            Arc::clone(&self.session),
            Arc::clone(&self.reach),
            self.options.schedule.clone(),
            Arc::clone(&self.tell),
        )
    }

    /// Starts what goes on until the command ends.
    pub(super) fn open(&self, orders: UnboundedSender<Order>) -> Tasks {
        let mut uploader = self.uploader();
        if self.session.launched().is_none() {
            uploader.was_told_away();
        }
        let client = || self.client.clone();
        let session = || Arc::clone(&self.session);
        let reach = || Arc::clone(&self.reach);
        let (earlier, spool, tell) = (client(), self.spool.clone(), Arc::clone(&self.tell));
        let schedule = self.options.schedule.clone();
        let source = self.source.clone();
        Tasks(vec![
            tokio::spawn(async move { uploader.run().await }),
            tokio::spawn(control::listen(client(), session(), reach(), orders)),
            tokio::spawn(control::probe(client(), session(), source, reach())),
            tokio::spawn(async move {
                // What it has to tell of earlier sessions it tells; that they wait is no news here.
                let _ = pending::upload_all(&spool, &earlier, &schedule, &tell, false).await;
            }),
        ])
    }

    /// Uploads the rest, for a bounded time.
    pub(super) async fn finish(&self, ended: EndReason) {
        let was_heard = ended != EndReason::ServerUnreachable
            && self.session.launched().is_some()
            && self.reach.silence() < HEARD_LATELY;
        let longest = self.options.finish_within;
        let within = if was_heard {
            longest
        } else {
            FINISH_SILENT.min(longest)
        };
        let mut uploader = self.uploader();
        let all = async {
            while self.session.waiting() > 0 && uploader.run_once().await.is_err() {
                tokio::time::sleep(FINISH_PAUSE).await;
            }
        };
        // What is left then waits in the spool.
        let _ = tokio::time::timeout(within, all).await;
    }
}

/// What goes on until the command ends.
pub(super) struct Tasks(Vec<JoinHandle<()>>);

impl Tasks {
    /// Stops all of it, and waits until it holds the session no more.
    pub(super) async fn stop(self) {
        for handle in self.0 {
            handle.abort();
            let _ = handle.await;
        }
    }
}
