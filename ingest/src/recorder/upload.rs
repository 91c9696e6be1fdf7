//! A session of the spool on its way to the server.
//!
//! The uploader launches the session if that was not done yet, asks where each stream goes on, and
//! sends what is durable, a batch at a time, blobs first. Each receipt is verified by the spool,
//! which then drops its copy. What it does about an error stands in `reaction`, one line for each
//! code of `docs/ingest.md`.
//!
//! It can be stopped between any two steps (its task is aborted, its process is killed): all that
//! it knows beside the spool is asked of the server again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use retrace_core::{SourceName, StreamVersion};

use super::client::{CallError, Client};
use super::notice::{Notice, Tell};
use super::reach::Reach;
use super::schedule::{Retry, Schedule, chance};
use super::spool::{Batch, SessionSpool, SpoolError};
use crate::protocol::{ErrorBody, ErrorCode, IngestLimits, LaunchAnswer};

/// The most unpacked bytes of a batch, whatever more the server takes: up to here no rate of
/// compression is suspicious to it, and a part of the spool fits.
const BATCH_BYTES: u64 = IngestLimits::RATIO_FREE_BYTES as u64;
/// A server that asks for more patience than this is asked again all the same.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// Uploads one session.
pub struct Uploader {
    client: Client,
    session: Arc<SessionSpool>,
    reach: Arc<Reach>,
    tell: Tell,
    retry: Retry,
    /// Where each stream goes on, as the server said. Asked again after each failure.
    cursors: HashMap<SourceName, StreamVersion>,
    /// Halved whenever a batch was too much.
    batch_bytes: u64,
    /// The upload token was refused: launch again before anything else.
    needs_token: bool,
    told_away: bool,
}

/// Why a round ended early.
#[derive(Debug)]
enum Trouble {
    /// Try again by the schedule.
    Later(String),
    /// The server said when to try again.
    After(Duration),
    /// Try again at once, with what was learned.
    Again,
}

/// What to do about a refused batch.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Reaction {
    /// Try again by the schedule.
    Later,
    /// Wait so long, then try again.
    After(Duration),
    /// Launch again for a new token, then send again.
    Launch,
    /// Send from there on.
    GoTo(StreamVersion),
    /// Send fewer events at once.
    Cut,
    /// Send the blob, then the batch again.
    SendBlob(String),
    /// Set the stream aside from there on.
    Quarantine(StreamVersion),
    /// Set the whole session aside.
    QuarantineAll,
}

/// What to do when the server refused a batch that begins at `first`.
fn reaction(body: &ErrorBody, retry_after: Option<Duration>, first: StreamVersion) -> Reaction {
    match body.code {
        ErrorCode::Unauthenticated | ErrorCode::NotFound => Reaction::Launch,
        ErrorCode::Conflict => Reaction::Quarantine(body.version.unwrap_or(first)),
        ErrorCode::InvalidEvent => {
            let before = body.line.map_or(0, |line| line.saturating_sub(1));
            Reaction::Quarantine(first.plus(before))
        }
        ErrorCode::InvalidArgument
        | ErrorCode::MethodNotAllowed
        | ErrorCode::UnsupportedEncoding => Reaction::Quarantine(first),
        ErrorCode::Gap => body.expected.map_or(Reaction::Later, Reaction::GoTo),
        ErrorCode::SessionConflict | ErrorCode::Purged => Reaction::QuarantineAll,
        ErrorCode::TooLarge | ErrorCode::TooSlow => Reaction::Cut,
        ErrorCode::BlobAbsent => body
            .blob
            .clone()
            .map_or(Reaction::Later, Reaction::SendBlob),
        ErrorCode::TooManyRequests | ErrorCode::Overloaded => retry_after
            .map_or(Reaction::Later, |wait| {
                Reaction::After(wait.min(RETRY_AFTER_MAX))
            }),
        // A token for something else, a full disk, a fault: nothing that this recorder can mend,
        // and each may be mended by somebody.
        ErrorCode::Forbidden
        | ErrorCode::DigestMismatch
        | ErrorCode::Internal
        | ErrorCode::RecordingNotPossible
        | ErrorCode::StorageFull
        | ErrorCode::Other => Reaction::Later,
    }
}

impl Uploader {
    /// An uploader of a session, which has done nothing yet.
    pub fn new(
        client: &Client,
        session: Arc<SessionSpool>,
        reach: Arc<Reach>,
        schedule: Schedule,
        tell: Tell,
    ) -> Self {
        // A session of an earlier run goes where it was to go.
        let client = client.for_server(&session.facts().server);
        Self {
            client,
            session,
            reach,
            tell,
            retry: Retry::new(schedule),
            cursors: HashMap::new(),
            batch_bytes: BATCH_BYTES,
            needs_token: false,
            told_away: false,
        }
    }

    /// The person knows already that the server is away.
    pub(super) fn was_told_away(&mut self) {
        self.told_away = true;
    }

    /// Uploads until the session is complete and all of it stands in the log (or is quarantined),
    /// however long that takes.
    pub async fn run(&mut self) {
        let mut recorded = self.session.recorded();
        loop {
            recorded.mark_unchanged();
            match self.round().await {
                Ok(()) => {
                    if recorded.borrow().complete && self.session.waiting() == 0 {
                        return;
                    }
                    // The sender lives as long as the session does.
                    let _ = recorded.changed().await;
                }
                Err(Trouble::Again) => {}
                Err(Trouble::After(wait)) => tokio::time::sleep(wait).await,
                Err(Trouble::Later(reason)) => {
                    self.away(reason);
                    let wait = self.retry.failed(chance());
                    self.reach.wait(wait).await;
                }
            }
        }
    }

    /// Tries once to upload all that is durable now.
    ///
    /// # Errors
    /// Says why something is left.
    pub async fn run_once(&mut self) -> Result<(), String> {
        // A round that ended for a reason it could mend is followed by another one, but not by any
        // number of them.
        for _ in 0..8 {
            match self.round().await {
                Ok(()) => return Ok(()),
                Err(Trouble::Again) => {}
                Err(Trouble::After(wait)) if wait <= Duration::from_secs(5) => {
                    tokio::time::sleep(wait).await;
                }
                Err(Trouble::After(_)) => {
                    return Err("the server has too much in hand".to_owned());
                }
                Err(Trouble::Later(reason)) => return Err(reason),
            }
        }
        Err("the server refuses again and again".to_owned())
    }

    /// The sources that have something on the disk.
    fn sources(&self) -> Vec<SourceName> {
        let recorded = self.session.recorded();
        recorded.borrow().durable.keys().cloned().collect()
    }

    async fn round(&mut self) -> Result<(), Trouble> {
        if self.needs_token || self.session.launched().is_none() {
            self.launch().await?;
        }
        // A quarantine adds a stream, which is sent in the same round.
        let mut done = Vec::new();
        loop {
            let sources = self.sources();
            let Some(source) = sources.into_iter().find(|source| !done.contains(source)) else {
                return Ok(());
            };
            while self.step(&source).await? {}
            done.push(source);
        }
    }

    /// Sends one batch of a stream. Answers whether there may be more.
    async fn step(&mut self, source: &SourceName) -> Result<bool, Trouble> {
        if self.session.state(source).quarantined.is_some() {
            return Ok(false);
        }
        let launched = self.launched()?;
        let from = match self.cursors.get(source) {
            Some(next) => *next,
            None => match self.ask(source, &launched).await? {
                Some(next) => next,
                None => return Ok(false),
            },
        };
        let events = launched.limits.batch_events.max(1);
        let bytes = self.batch_bytes.min(launched.limits.batch_bytes);
        let batch = self.session.batch(source, from, events, bytes);
        let Some(batch) = batch.map_err(|error| Trouble::Later(error.to_string()))? else {
            return Ok(false);
        };
        for blob in batch.blobs() {
            self.send_blob(&launched, &blob).await?;
        }
        let token = &launched.upload_token;
        let sent = self
            .client
            .append(self.session.id(), source, token, &batch)
            .await;
        match sent {
            Ok(answer) if answer.next_version != batch.next() => {
                self.cursors.remove(source);
                Err(Trouble::Later(format!(
                    "the server says that `{source}` goes on at {}, expected {}",
                    answer.next_version,
                    batch.next()
                )))
            }
            Ok(answer) => {
                self.back();
                let next = batch.next();
                self.note(self.session.note_sent(source, next))?;
                self.note(self.session.commit(source, next, &answer.receipt))?;
                self.cursors.insert(source.clone(), next);
                Ok(true)
            }
            Err(error) => {
                self.cursors.remove(source);
                self.react(source, &batch, error).await?;
                Ok(true)
            }
        }
    }

    /// Asks where a stream goes on, and takes the receipt for what the server has of it. `None`
    /// when the stream was set aside.
    async fn ask(
        &mut self,
        source: &SourceName,
        launched: &LaunchAnswer,
    ) -> Result<Option<StreamVersion>, Trouble> {
        let token = &launched.upload_token;
        let asked = self.client.stream(self.session.id(), source, token).await;
        let answer = match asked {
            Ok(answer) => answer,
            Err(error) => {
                return Err(match self.refused(error, StreamVersion(0))? {
                    Reaction::Launch => self.launch_next(),
                    Reaction::After(wait) => Trouble::After(wait),
                    other => Trouble::Later(format!("the stream `{source}` is refused: {other:?}")),
                });
            }
        };
        self.back();
        let next = answer.next_version;
        let committed = self.session.state(source).committed;
        if next < committed {
            let reason = format!(
                "the server has lost events: it asks for version {next} on, and gave a receipt \
                 for all below {committed}"
            );
            self.quarantine(source, committed, &reason)?;
            return Ok(None);
        }
        let from = match answer.receipt {
            Some(receipt) if next > committed => {
                match self.session.commit(source, next, &receipt) {
                    Ok(()) => next,
                    // Perhaps other events stand there: sending ours again tells, and which.
                    Err(SpoolError::Receipt(_) | SpoolError::OtherHistory(_)) => committed,
                    Err(error) => return Err(Trouble::Later(error.to_string())),
                }
            }
            _ => committed,
        };
        self.cursors.insert(source.clone(), from);
        Ok(Some(from))
    }

    async fn react(
        &mut self,
        source: &SourceName,
        batch: &Batch,
        error: CallError,
    ) -> Result<(), Trouble> {
        let message = error.to_string();
        match self.refused(error, batch.first)? {
            Reaction::Later => Err(Trouble::Later(message)),
            Reaction::After(wait) => Err(Trouble::After(wait)),
            Reaction::Launch => Err(self.launch_next()),
            Reaction::GoTo(expected) => {
                let committed = self.session.state(source).committed;
                if expected < committed {
                    let reason = format!("{message}; it gave a receipt for all below {committed}");
                    return self.quarantine(source, committed, &reason);
                }
                if expected == batch.first {
                    return Err(Trouble::Later(message));
                }
                self.cursors.insert(source.clone(), expected);
                Ok(())
            }
            Reaction::Cut if batch.events == 1 => self.quarantine(source, batch.first, &message),
            Reaction::Cut => {
                self.batch_bytes = (batch.lines.len() as u64 / 2).max(1);
                Ok(())
            }
            Reaction::SendBlob(blob) => {
                let launched = self.launched()?;
                if self.send_blob(&launched, &blob).await? {
                    return Ok(());
                }
                self.quarantine(source, batch.first, &format!("{message}; it is not here"))
            }
            Reaction::Quarantine(from) => self.quarantine(source, from, &message),
            Reaction::QuarantineAll => self.quarantine_all(&message),
        }
    }

    /// What to do about a refusal; by the schedule when there was no answer at all.
    fn refused(&self, error: CallError, first: StreamVersion) -> Result<Reaction, Trouble> {
        match error {
            CallError::Refused { body, retry_after } => {
                self.reach.heard();
                Ok(reaction(&body, retry_after, first))
            }
            error => Err(Trouble::Later(error.to_string())),
        }
    }

    /// Sends a blob. Answers whether it is here at all.
    async fn send_blob(&self, launched: &LaunchAnswer, blob: &str) -> Result<bool, Trouble> {
        let bytes = self.session.blob(blob);
        let Some(bytes) = bytes.map_err(|error| Trouble::Later(error.to_string()))? else {
            // Uploaded before, most likely; if not, the server says so.
            return Ok(false);
        };
        let token = &launched.upload_token;
        self.client
            .put_blob(self.session.id(), blob, token, bytes)
            .await
            .map(|()| true)
            .map_err(|error| Trouble::Later(format!("blob {blob}: {error}")))
    }

    fn launched(&self) -> Result<LaunchAnswer, Trouble> {
        self.session.launched().ok_or(Trouble::Again)
    }

    /// The token does not work any more. Once a fresh one is refused, too, there is no hurry.
    fn launch_next(&mut self) -> Trouble {
        if self.needs_token {
            return Trouble::Later("the server refuses the upload token it has just given".into());
        }
        self.needs_token = true;
        Trouble::Again
    }

    async fn launch(&mut self) -> Result<(), Trouble> {
        match launch(&self.client, &self.session, &self.reach).await {
            Ok(_) => {
                self.cursors.clear();
                Ok(())
            }
            Err(LaunchError::Spool(error)) => Err(Trouble::Later(error.to_string())),
            Err(LaunchError::Call(error)) => {
                let message = error.to_string();
                match self.refused(error, StreamVersion(0))? {
                    Reaction::After(wait) => Err(Trouble::After(wait)),
                    Reaction::QuarantineAll => self.quarantine_all(&message),
                    _ => Err(Trouble::Later(message)),
                }
            }
        }
    }

    fn quarantine(
        &self,
        source: &SourceName,
        from: StreamVersion,
        reason: &str,
    ) -> Result<(), Trouble> {
        self.session
            .quarantine(source, from, reason)
            .map_err(|error| Trouble::Later(error.to_string()))?;
        (self.tell)(Notice::Quarantined {
            session: self.session.id(),
            source: source.to_string(),
            reason: reason.to_owned(),
        });
        Ok(())
    }

    fn quarantine_all(&self, reason: &str) -> Result<(), Trouble> {
        for source in self.sources() {
            if self.session.state(&source).quarantined.is_none() {
                let committed = self.session.state(&source).committed;
                self.quarantine(&source, committed, reason)?;
            }
        }
        Ok(())
    }

    fn note(&mut self, outcome: Result<(), SpoolError>) -> Result<(), Trouble> {
        outcome.map_err(|error| {
            self.cursors.clear();
            Trouble::Later(error.to_string())
        })
    }

    fn back(&mut self) {
        self.reach.heard();
        self.retry.succeeded();
        self.needs_token = false;
        if std::mem::take(&mut self.told_away) {
            (self.tell)(Notice::ServerBack);
        }
    }

    fn away(&mut self, reason: String) {
        self.cursors.clear();
        // A restart of the server is over before anybody needs to know.
        let worth_telling = self.retry.failures() > 0 || self.session.launched().is_none();
        if worth_telling && !std::mem::replace(&mut self.told_away, true) {
            (self.tell)(Notice::ServerAway { reason });
        }
    }
}

/// Why a launch failed.
pub(super) enum LaunchError {
    Call(CallError),
    Spool(SpoolError),
}

/// Launches a session, for the first time or for another upload token.
pub(super) async fn launch(
    client: &Client,
    session: &SessionSpool,
    reach: &Reach,
) -> Result<LaunchAnswer, LaunchError> {
    let answer = client
        .launch(&session.facts().launch)
        .await
        .map_err(LaunchError::Call)?;
    reach.heard();
    session
        .set_launched(answer.clone())
        .map_err(LaunchError::Spool)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One line for each code of `docs/ingest.md`.
    #[test]
    fn each_code_has_its_reaction() {
        use Reaction::*;
        let first = StreamVersion(10);
        let five = Some(Duration::from_secs(5));
        let cases = [
            (ErrorCode::InvalidArgument, None, Quarantine(first)),
            (ErrorCode::InvalidEvent, None, Quarantine(StreamVersion(12))),
            (ErrorCode::Unauthenticated, None, Launch),
            (ErrorCode::Forbidden, None, Later),
            (ErrorCode::NotFound, None, Launch),
            (ErrorCode::TooSlow, None, Cut),
            (ErrorCode::Conflict, None, Quarantine(StreamVersion(11))),
            (ErrorCode::Gap, None, GoTo(StreamVersion(7))),
            (ErrorCode::SessionConflict, None, QuarantineAll),
            (ErrorCode::Purged, None, QuarantineAll),
            (ErrorCode::TooLarge, None, Cut),
            (ErrorCode::UnsupportedEncoding, None, Quarantine(first)),
            (ErrorCode::BlobAbsent, None, SendBlob("b".to_owned())),
            (ErrorCode::DigestMismatch, None, Later),
            (
                ErrorCode::TooManyRequests,
                five,
                After(Duration::from_secs(5)),
            ),
            (ErrorCode::TooManyRequests, None, Later),
            (ErrorCode::Internal, None, Later),
            (ErrorCode::Overloaded, five, After(Duration::from_secs(5))),
            (
                ErrorCode::Overloaded,
                Some(Duration::MAX),
                After(RETRY_AFTER_MAX),
            ),
            (ErrorCode::RecordingNotPossible, None, Later),
            (ErrorCode::StorageFull, None, Later),
            (ErrorCode::Other, None, Later),
        ];
        for (code, retry_after, want) in cases {
            let body = ErrorBody {
                line: Some(3),
                version: Some(StreamVersion(11)),
                expected: Some(StreamVersion(7)),
                blob: Some("b".to_owned()),
                ..ErrorBody::new(code, "m")
            };
            assert_eq!(reaction(&body, retry_after, first), want, "{code:?}");
        }
    }
}
