//! A command while it runs: messages in, commit points and orders out.

use std::time::{Duration, Instant};

use retrace_core::event::{
    ControlAnswered, EndReason, Event, EventBatch, EventBody, TerminateRequested,
};
use retrace_core::{StreamVersion, Timestamp};
use retrace_ingest::protocol::Policy;
use retrace_ingest::sudo_logsrv::elapsed::Elapsed;
use retrace_ingest::sudo_logsrv::messages::ServerEvent;
use retrace_ingest::sudo_logsrv::recorder::Recorder;
use tokio::io::{AsyncRead, AsyncWrite};

use super::SudoServer;
use super::append::{PieceError, Stream};
use super::connection::Fault;
use super::seats::Seat;
use super::wire::{Wire, WireError};
use crate::control::{ControlError, Session, tell_policy};
use crate::server::ingest::limits;

/// What has come is appended, and its commit point told, after this time at the latest.
const COMMIT_EVERY: Duration = Duration::from_secs(1);
/// Or at once when it is more than this.
const COMMIT_BYTES: usize = 256 << 10;
/// Policy and orders that other processes wrote are looked for so often; this one's are heard at once.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const ORDERS_PAGE: usize = 100;

/// A command that runs, with everything that belongs to it.
pub(super) struct Recording<'a, S> {
    server: &'a SudoServer,
    wire: &'a mut Wire<S>,
    seat: Seat,
    session: Session,
    stream: Stream,
    recorder: Recorder,
    /// Whether the client waits for commit points. If not, it sends no input and output either.
    expects_commits: bool,
    told: Option<Elapsed>,
    /// When what waits is cut.
    cut_at: Option<Instant>,
    /// Nothing is read before this: the session sends faster than its limit.
    read_after: Instant,
    /// The next version of the control stream that was not looked at yet.
    next_order: StreamVersion,
    policy: Option<Policy>,
}

/// What the wait was for.
enum Wake {
    Message(Result<Option<retrace_ingest::sudo_logsrv::messages::ClientEvent>, WireError>),
    Cut,
    Look,
    TakenOver,
    Stopping,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Recording<'a, S> {
    pub(super) fn new(
        server: &'a SudoServer,
        wire: &'a mut Wire<S>,
        seat: Seat,
        session: Session,
        stream: Stream,
        recorder: Recorder,
    ) -> Self {
        Self {
            server,
            wire,
            seat,
            session,
            stream,
            recorder,
            expects_commits: false,
            told: None,
            cut_at: None,
            read_after: Instant::now(),
            next_order: StreamVersion(0),
            policy: None,
        }
    }

    pub(super) fn set_expects_commits(&mut self, expects_commits: bool) {
        self.expects_commits = expects_commits;
    }

    pub(super) async fn send(&mut self, event: ServerEvent) -> Result<(), Fault> {
        Ok(self.wire.send(event).await?)
    }

    /// Appends what has come since the last time. Answers the commit point that the client may be
    /// told now.
    pub(super) async fn cut(&mut self) -> Result<Option<Elapsed>, Fault> {
        self.cut_at = None;
        let piece = self.recorder.cut()?;
        let events = piece.events.len();
        let append = self.stream.append(piece.events);
        self.wire.reading_on(append).await?;
        let limits = limits(&self.server.app).await?;
        let mut pace = self.session.pace();
        pace.spend(events);
        self.read_after = Instant::now() + pace.wait(limits.events_per_second, Instant::now());
        Ok(piece.commit)
    }

    /// Until the command ends, the connection breaks, or somebody ends it. Answers the last message
    /// to the client.
    pub(super) async fn run(mut self) -> Result<Option<ServerEvent>, Fault> {
        let ran = self.run_on().await;
        if matches!(ran, Err(Fault::Piece(_))) {
            return ran;
        }
        // Whatever happened to the connection: what has come is kept.
        let kept = self.cut().await;
        if self.recorder.has_ended() && kept.is_ok() {
            self.seat.set_ended();
        }
        let commit = kept?;
        match ran {
            Ok(None) if self.expects_commits => {
                let commit = commit.unwrap_or_default().to_time_spec();
                Ok(Some(ServerEvent::CommitPoint(commit)))
            }
            ran => ran,
        }
    }

    async fn run_on(&mut self) -> Result<Option<ServerEvent>, Fault> {
        let mut growth = self.session.growth();
        let mut stopping = self.server.stopping.clone();
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let cut_at = self.cut_at;
            let cut = async {
                match cut_at {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            let read_after = self.read_after;
            let message = async {
                if read_after > Instant::now() {
                    tokio::time::sleep_until(read_after.into()).await;
                }
                self.wire.next().await
            };
            let wake = tokio::select! {
                message = message => Wake::Message(message),
                () = cut => Wake::Cut,
                _ = look.tick() => Wake::Look,
                _ = growth.changed() => Wake::Look,
                () = self.seat.asked_to_leave() => Wake::TakenOver,
                _ = stopping.wait_for(|stop| *stop) => Wake::Stopping,
            };
            match wake {
                Wake::Message(Ok(Some(message))) => {
                    self.seat.heard();
                    self.recorder.take(message)?;
                    if self.recorder.has_ended() {
                        return Ok(None);
                    }
                    if self.recorder.waiting_bytes() >= COMMIT_BYTES {
                        self.commit().await?;
                    } else if self.recorder.is_waiting() {
                        let at = Instant::now() + COMMIT_EVERY;
                        self.cut_at.get_or_insert(at);
                    }
                }
                Wake::Message(Ok(None)) if !self.expects_commits => {
                    // sudo that records no input and output replaces itself with the command, and
                    // does not see how it ends.
                    let at = self.recorder.now_after(Duration::ZERO);
                    self.recorder.end(EndReason::Unknown, at)?;
                    return Ok(None);
                }
                Wake::Message(Ok(None)) => return Err(Fault::HungUp),
                Wake::Message(Err(error)) => return Err(error.into()),
                Wake::Cut => self.commit().await?,
                Wake::Look => {
                    growth.mark_unchanged();
                    if let Some(last_words) = self.look().await? {
                        return Ok(Some(last_words));
                    }
                }
                Wake::TakenOver => return Err(PieceError::TakenOver.into()),
                Wake::Stopping => return Err(Fault::Stopping),
            }
        }
    }

    /// Appends what has come, and tells the client so.
    async fn commit(&mut self) -> Result<(), Fault> {
        let commit = self.cut().await?;
        // The time that this took is not the client's.
        self.wire.forgive();
        if self.expects_commits
            && commit > self.told
            && let Some(point) = commit
        {
            self.told = commit;
            self.send(ServerEvent::CommitPoint(point.to_time_spec()))
                .await?;
        }
        Ok(())
    }

    /// Looks whether the session is to be ended, and whether the policy is another. Answers the last
    /// message to the client when it is ended.
    async fn look(&mut self) -> Result<Option<ServerEvent>, Fault> {
        let looked = match self.orders().await {
            Ok(looked) => looked,
            Err(error) => {
                // Recording does not depend on it; it is looked again in a moment.
                tracing::warn!(session = %self.session.id(), %error, "orders could not be read");
                return Ok(None);
            }
        };
        let (reason, why) = match looked {
            Some(order) => (EndReason::Terminated, order),
            None => match self.over_limit() {
                Some(over) => over,
                None => return Ok(None),
            },
        };
        let at = self.recorder.now_after(self.seat.quiet());
        self.recorder.end(reason, at)?;
        Ok(Some(ServerEvent::Abort(why)))
    }

    /// What an administrator ends the session with, if one does.
    async fn orders(&mut self) -> Result<Option<String>, ControlError> {
        let app = &self.server.app;
        let settings = app.ingest.policy(&app.settings).await?;
        let (policy, is_told, is_behind) = {
            let control = self.session.recent_control().await?;
            let policy = control.in_force(&settings);
            let is_told = control.policy() == Some(&policy);
            (policy, is_told, control.next_version() > self.next_order)
        };
        if !is_told {
            tell_policy(&self.session, &settings).await?;
        }
        self.recorder.set_record_keys(policy.record_keys);
        self.policy = Some(policy);
        if !is_behind {
            return Ok(None);
        }
        self.follow_orders().await
    }

    /// Answers what was asked since the last time. Gives the last words to the client when that is to
    /// end the session.
    async fn follow_orders(&mut self) -> Result<Option<String>, ControlError> {
        loop {
            let events = self.session.events(self.next_order, ORDERS_PAGE).await?;
            let Some(last) = events.last() else {
                return Ok(None);
            };
            let next = last.version().plus(1);
            for event in &events {
                match event.body() {
                    Ok(EventBody::TerminateRequested(request)) => {
                        self.answer(event, true, None).await?;
                        self.next_order = next;
                        return Ok(Some(words(&request)));
                    }
                    Ok(EventBody::MessageSent(_)) => {
                        let why = "sudo shows no messages while a command runs";
                        self.answer(event, false, Some(why)).await?;
                    }
                    Ok(EventBody::PolicySet(_)) => self.answer(event, true, None).await?,
                    _ => {}
                }
            }
            self.next_order = next;
        }
    }

    /// Answers in the control stream: it is the server that records here. A connection that goes on with
    /// the recording of another answers nothing twice.
    async fn answer(
        &self,
        request: &Event,
        done: bool,
        detail: Option<&str>,
    ) -> Result<(), ControlError> {
        let answered = ControlAnswered {
            detail: detail.map(str::to_owned),
            done,
            request: request.kind().clone(),
            version: request.version(),
        };
        self.session
            .append(|control| {
                if control.is_answered(request.version()) {
                    return Ok(None);
                }
                let events = EventBatch::of(Timestamp::now(), answered.clone())?;
                Ok::<_, ControlError>(Some(events))
            })
            .await?;
        Ok(())
    }

    /// Whether the session has gone on for too long, or has been silent for too long.
    fn over_limit(&self) -> Option<(EndReason, String)> {
        let policy = self.policy.as_ref()?;
        let is_over = |limit: Option<u32>, since: Duration| {
            limit.filter(|limit| since >= Duration::from_secs(u64::from(*limit)))
        };
        let ran = self.recorder.ran_after(self.seat.quiet());
        if let Some(limit) = is_over(policy.max_length_s, ran) {
            let why = format!("the session has reached its longest time, {limit} s");
            return Some((EndReason::MaxLength, why));
        }
        // Of a session without input and output nothing is heard while it goes on.
        if self.expects_commits
            && let Some(limit) = is_over(policy.inactivity_s, self.seat.quiet())
        {
            let why = format!("nothing was typed or shown for {limit} s");
            return Some((EndReason::Inactivity, why));
        }
        None
    }
}

/// What the person in the session is told. It is shown on their terminal as it is.
fn words(request: &TerminateRequested) -> String {
    let TerminateRequested { by, reason, .. } = request;
    let words = match reason {
        Some(reason) => format!("the session was terminated by {by}: {reason}"),
        None => format!("the session was terminated by {by}"),
    };
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    words.chars().map(printable).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_is_told_has_no_escape_sequences() {
        let request = TerminateRequested {
            by: "ann".to_owned(),
            cause: None,
            reason: Some("over\u{1b}[2J\u{9b}31mnow\n".to_owned()),
        };
        let told = words(&request);
        assert_eq!(told, "the session was terminated by ann: over [2J 31mnow ");
    }
}
