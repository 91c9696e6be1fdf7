//! Sending to one destination: read, mask, send, try again.
//!
//! The cursor moves when events are taken, and not before. Whatever goes wrong, sending goes on from the cursor, after a
//! pause that doubles up to a minute; so does a process that is started again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use retrace_core::event::{DestinationProgressed, Event, EventType};
use retrace_core::log::{EventLog, StoreError};
use retrace_core::settings::SettingsBook;
use retrace_core::{Position, Timestamp};
use retrace_projections::redaction;
use retrace_projections::runner::Projections;
use retrace_query::Reader;
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use super::definition::{Destination, Kind};
use super::lease::{Lease, LeaseError, STALE};
use super::sinks::{self, Outgoing, Sink, SinkContext, SinkError};
use super::status::{State, StatusBook};
use super::store::{Progress, ProgressStore};
use crate::siem::formats::{LineLimit, LineWriter, meaning};
use crate::siem::sight::{Sieve, SightError};

/// About so many bytes of events are read at once, and sent at once.
const PAGE_BYTES: usize = 1 << 20;
const PAGE_EVENTS_MAX: usize = 2_048;
const PAGE_EVENTS_MIN: usize = 16;
const BATCH_EVENTS: u64 = 500;
/// rsyslog cuts messages above 8 KiB, and takes the rest for another.
const FRAME_BYTES: u64 = 8 << 10;
/// What of a frame is not the line.
const FRAME_HEAD_BYTES: u64 = 600;
/// The longest line of ways that have no frames: a leaf as JSON within JSON.
const LINE_BYTES: usize = 512 << 10;
/// So long sending waits until what is to be hidden is known. What is not by then is sent hidden.
const LOOKED_THROUGH_WITHIN: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LAST_PAUSE: Duration = Duration::from_secs(60);
/// A node that does not send looks so often whether it is to.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// A receiver that takes longer for a batch does not keep up: what it has may lie unread for as long.
const SLOW: Duration = Duration::from_secs(1);
/// While nothing is sent, the cursor is kept so often.
const KEPT_EVERY: Duration = Duration::from_secs(5);

/// What all destinations of a node share.
pub(super) struct Shared {
    pub(super) log: Arc<dyn EventLog>,
    /// The server's own.
    pub(super) reader: Reader,
    pub(super) projections: Arc<Projections>,
    pub(super) settings: Arc<SettingsBook>,
    pub(super) store: ProgressStore,
    pub(super) statuses: StatusBook,
    pub(super) sinks: SinkContext,
    /// The name of this node.
    pub(super) node: String,
}

/// Why sending stopped.
#[derive(Debug, thiserror::Error)]
enum DeliveryError {
    #[error(transparent)]
    Sink(#[from] SinkError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Sight(#[from] SightError),
    #[error("how far sending has come cannot be kept: {0}")]
    Progress(#[from] rusqlite::Error),
    #[error(transparent)]
    Lease(LeaseError),
    #[error("another node sends")]
    Elsewhere,
    #[error("this process is about to end")]
    GivenUp,
}

impl From<LeaseError> for DeliveryError {
    fn from(error: LeaseError) -> Self {
        match error {
            LeaseError::Lost => Self::Elsewhere,
            error => Self::Lease(error),
        }
    }
}

/// What was sent and may still be lost.
struct Held {
    since: Instant,
    next: Position,
    count: u64,
}

pub(super) struct Delivery {
    shared: Arc<Shared>,
    destination: Arc<Destination>,
    stop: watch::Receiver<bool>,
    progress: Progress,
    kept: Option<(Instant, Progress)>,
    held: VecDeque<Held>,
    /// How many were taken when that was told last.
    told: u64,
    /// How many events are read at once.
    at_once: usize,
}

impl Delivery {
    pub(super) fn new(
        shared: Arc<Shared>,
        destination: Arc<Destination>,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Self {
            shared,
            destination,
            stop,
            progress: Progress::default(),
            kept: None,
            held: VecDeque::new(),
            told: 0,
            at_once: PAGE_EVENTS_MIN * 4,
        }
    }

    fn name(&self) -> &str {
        self.destination.name.as_str()
    }

    /// Sends until it is told to stop.
    pub(super) async fn run(mut self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let delivered = self.progress.delivered;
            let error = match self.deliver().await {
                Ok(()) => break,
                Err(error) => error,
            };
            self.held.clear();
            if self.progress.delivered > delivered {
                pause = FIRST_PAUSE;
            }
            let wait = match &error {
                DeliveryError::Elsewhere => {
                    self.say(State::Elsewhere, None);
                    LOOK_EVERY
                }
                error => {
                    self.failed(error).await;
                    let said = match error {
                        DeliveryError::Sink(SinkError::Away { wait, .. }) => *wait,
                        _ => None,
                    };
                    let wait = said.unwrap_or(pause).max(pause);
                    pause = (pause * 2).min(LAST_PAUSE);
                    wait
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                // An error means that the sender is gone, which is a reason to stop too.
                _ = self.stop.wait_for(|stop| *stop) => break,
            }
        }
        self.say(State::Stopped, None);
        if let Err(error) = self.keep().await {
            tracing::error!(destination = self.name(), %error, "how far sending has come was not kept");
        }
    }

    async fn failed(&mut self, error: &DeliveryError) {
        tracing::warn!(destination = self.name(), %error, "events could not be sent, and will be");
        self.progress.failed += 1;
        let text: String = error.to_string().chars().take(500).collect();
        self.say(State::Retrying, Some(text));
        // What cannot be kept here is told all the same.
        let _ = self.keep().await;
    }

    /// Sends until it is told to stop, or something fails.
    async fn deliver(&mut self) -> Result<(), DeliveryError> {
        let shared = Arc::clone(&self.shared);
        let (log, node) = (Arc::clone(&shared.log), shared.node.clone());
        let mut lease = Lease::read(log, &self.destination.name, node).await?;
        self.find_progress(&lease).await?;
        let reader = shared.reader.seen_by(Arc::new(self.destination.sight()));
        let reader = if self.destination.reveal {
            reader.revealing()
        } else {
            reader
        };
        let mut sieve = Some(Sieve::new(Arc::clone(&shared.log), reader));
        let writer = self.writer().await?;
        let mut sink: Option<Box<dyn Sink>> = None;
        let mut next = self.progress.next;
        loop {
            if *self.stop.borrow() {
                return self.end(sink, lease, next).await;
            }
            self.take_held(sink.as_deref());
            self.tell(&mut lease).await?;
            let size = shared.log.head().await?.size;
            if next >= size {
                self.rest(&mut sink, next).await?;
                continue;
            }
            let events = shared.log.read(next, self.at_once).await?;
            let Some(last) = events.last() else {
                return Err(DeliveryError::GivenUp);
            };
            let end = last.position().plus(1);
            self.measure(&events);
            self.looked_through(end).await;
            let sifted = self.sift(events, sieve.take(), &writer).await?;
            sieve = Some(sifted.0);
            let outgoing = sifted.1;
            if let Some(first) = outgoing.first() {
                self.claim(&mut lease, first).await?;
                self.say(State::Delivering, None);
                if sink.is_none() {
                    sink = Some(sinks::open(&self.destination, &shared.sinks).await?);
                }
                if let Some(sink) = &mut sink {
                    self.send_all(&mut **sink, &outgoing).await?;
                }
            }
            next = end;
            self.sent(next);
            if self.held.is_empty() {
                self.progress.next = next;
                self.keep_now_and_then(!outgoing.is_empty()).await?;
            }
        }
    }

    /// How far sending has come: as this node knows, or as the one that has sent says.
    async fn find_progress(&mut self, lease: &Lease) -> Result<(), DeliveryError> {
        let (store, name) = (self.shared.store.clone(), self.name().to_owned());
        let kept = spawn_blocking(move || store.find(&name)).await;
        let kept = kept.map_err(|_| DeliveryError::GivenUp)??;
        let said = lease.said.as_ref().map(|said| &said.progress);
        let begun = self.destination.begun;
        let mut progress = kept.unwrap_or_default();
        let is_known = progress.begun == begun && (lease.is_ours() || said.is_none());
        match said.filter(|said| said.revision == begun) {
            _ if is_known => {}
            Some(said) => {
                progress.next = Position(said.next);
                progress.delivered = said.delivered;
                progress.dead = said.dead;
            }
            None => progress.next = self.destination.begin,
        }
        progress.begun = begun;
        self.told = said.map_or(0, |said| said.delivered);
        self.progress = progress;
        self.sent(self.progress.next);
        Ok(())
    }

    async fn writer(&self) -> Result<LineWriter, DeliveryError> {
        let settings = self.shared.settings.recent().await?;
        let framed = matches!(
            self.destination.kind,
            Kind::SyslogUdp | Kind::SyslogTcp | Kind::SyslogTls
        );
        let bytes = if framed {
            let frame = self.destination.number("frame_bytes", FRAME_BYTES);
            usize::try_from(frame.saturating_sub(FRAME_HEAD_BYTES)).unwrap_or(LINE_BYTES)
        } else {
            LINE_BYTES
        };
        let address = settings.server.public_url.trim_end_matches('/');
        let limit = LineLimit {
            bytes,
            events: format!("{address}/v1/events"),
        };
        let log = self.shared.log.id();
        Ok(LineWriter::new(self.destination.format, log).limited(limit))
    }

    /// How many events are to be read at once, as these were.
    fn measure(&mut self, events: &[Event]) {
        let bytes: usize = events.iter().map(|event| event.data().len() + 250).sum();
        let each = bytes / events.len().max(1);
        self.at_once = (PAGE_BYTES / each.max(1)).clamp(PAGE_EVENTS_MIN, PAGE_EVENTS_MAX);
    }

    async fn looked_through(&mut self, size: Position) {
        let Some(mut known) = self.shared.projections.follow(redaction::SCHEMA.name) else {
            return;
        };
        tokio::select! {
            _ = known.wait_for(|known| *known >= size) => {}
            () = tokio::time::sleep(LOOKED_THROUGH_WITHIN) => {}
            _ = self.stop.wait_for(|stop| *stop) => {}
        }
    }

    async fn sift(
        &self,
        events: Vec<Event>,
        sieve: Option<Sieve>,
        writer: &LineWriter,
    ) -> Result<(Sieve, Vec<Outgoing>), DeliveryError> {
        let mut sieve = sieve.ok_or(DeliveryError::GivenUp)?;
        let (destination, writer) = (Arc::clone(&self.destination), writer.clone());
        let work = spawn_blocking(move || {
            let mut outgoing = Vec::new();
            let mut events = events;
            events.retain(|event| is_sent(&destination, event));
            let sifted = sieve.sift(&events, |shown| {
                let mut line = Vec::with_capacity(shown.event.data().len() + 512);
                let truncated = writer.push(shown, &mut line);
                outgoing.push(Outgoing {
                    position: shown.event.position(),
                    id: writer.id_of(shown.event),
                    at: shown.event.at(),
                    recorded_at: shown.event.recorded_at(),
                    kind: shown.event.kind().clone(),
                    severity: meaning::of(shown.event.kind()).severity,
                    truncated,
                    line,
                });
            });
            sifted.map(|()| (sieve, outgoing))
        });
        Ok(work.await.map_err(|_| DeliveryError::GivenUp)??)
    }

    /// Sends events, in batches, in their order.
    async fn send_all(
        &mut self,
        sink: &mut dyn Sink,
        outgoing: &[Outgoing],
    ) -> Result<(), DeliveryError> {
        let count = self.destination.number("batch_events", BATCH_EVENTS);
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let mut rest = outgoing;
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = rest.iter().take(count).take_while(|event| {
                bytes += event.line.len();
                bytes <= PAGE_BYTES
            });
            let taken = fits.count().max(1);
            let (batch, after) = rest.split_at(taken);
            let begun = Instant::now();
            let dead = self.send(sink, batch).await?;
            if begun.elapsed() >= SLOW {
                let now = Instant::now();
                self.held.iter_mut().for_each(|held| held.since = now);
            }
            let next = batch
                .last()
                .map_or(self.progress.next, |last| last.position.plus(1));
            let count = (batch.len() as u64).saturating_sub(dead);
            if sink.holds().is_zero() {
                self.progress.next = next;
                self.progress.delivered += count;
            } else {
                self.held.push_back(Held {
                    since: Instant::now(),
                    next,
                    count,
                });
            }
            self.sent(next);
            self.keep_now_and_then(true).await?;
            self.take_held(Some(sink));
            rest = after;
        }
        Ok(())
    }

    /// Sends a batch, and finds those in it that are refused: answers how many.
    async fn send(
        &mut self,
        sink: &mut dyn Sink,
        batch: &[Outgoing],
    ) -> Result<u64, DeliveryError> {
        let mut dead = 0;
        let mut waiting = vec![batch];
        while let Some(batch) = waiting.pop() {
            match (sink.send(batch).await, batch) {
                (Ok(()), _) => {}
                (Err(SinkError::Refused { why }), [only]) => {
                    self.set_aside(only, why).await?;
                    dead += 1;
                }
                (Err(SinkError::Refused { .. }), batch) => {
                    let (first, second) = batch.split_at(batch.len() / 2);
                    waiting.extend([second, first]);
                }
                (Err(error), _) => return Err(error.into()),
            }
        }
        Ok(dead)
    }

    async fn set_aside(&mut self, event: &Outgoing, why: String) -> Result<(), DeliveryError> {
        tracing::warn!(destination = self.name(), position = %event.position, why, "an event is refused");
        self.progress.dead += 1;
        let (store, name) = (self.shared.store.clone(), self.name().to_owned());
        let position = event.position;
        let work = spawn_blocking(move || store.set_aside(&name, position, &why));
        Ok(work.await.map_err(|_| DeliveryError::GivenUp)??)
    }

    /// What was sent so long ago that it is taken.
    fn take_held(&mut self, sink: Option<&dyn Sink>) {
        let Some(hold) = sink.map(Sink::holds) else {
            return;
        };
        while let Some(held) = self.held.front() {
            if held.since.elapsed() < hold {
                return;
            }
            self.progress.next = held.next;
            self.progress.delivered += held.count;
            self.held.pop_front();
        }
    }

    /// Waits until there is something to do.
    async fn rest(
        &mut self,
        sink: &mut Option<Box<dyn Sink>>,
        next: Position,
    ) -> Result<(), DeliveryError> {
        if self.held.is_empty() {
            self.progress.next = next;
            // What was taken is kept before anybody is told that it was: others look into the store too.
            let taken = self.kept.as_ref().map(|(_, kept)| kept.delivered);
            let at_once = taken != Some(self.progress.delivered);
            self.keep_now_and_then(at_once).await?;
            self.sent(next);
            self.say(State::Idle, None);
        } else {
            self.say(State::Delivering, None);
        }
        let holding = !self.held.is_empty();
        let look = if holding {
            Duration::from_millis(250)
        } else {
            LOOK_EVERY
        };
        let broken = async {
            match sink {
                Some(sink) => sink.broken().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            grown = self.shared.log.grown_past(next) => {
                grown?;
            }
            why = broken => {
                if holding {
                    return Err(SinkError::Away { why, wait: None }.into());
                }
                // It has everything: it is opened again when there is more.
                *sink = None;
            }
            () = tokio::time::sleep(look) => {}
            _ = self.stop.wait_for(|stop| *stop) => {}
        }
        Ok(())
    }

    /// Makes this node the one that sends, from this event on.
    async fn claim(&mut self, lease: &mut Lease, first: &Outgoing) -> Result<(), DeliveryError> {
        if lease.is_ours() {
            return Ok(());
        }
        // Whoever has sent so far is given as long to send what has just happened.
        let waits = Timestamp::now().micros_since(first.recorded_at);
        if lease.said.is_some() && waits < STALE.as_micros() as i64 {
            return Err(DeliveryError::Elsewhere);
        }
        let said = lease.said.as_ref().map(|said| said.progress.clone());
        lease.read_on().await?;
        let moved = lease.said.as_ref().map(|said| &said.progress) != said.as_ref();
        if moved || !lease.is_free() {
            return Err(DeliveryError::Elsewhere);
        }
        lease.tell(self.told_progress()).await?;
        self.told = self.progress.delivered;
        Ok(())
    }

    fn told_progress(&self) -> DestinationProgressed {
        DestinationProgressed {
            dead: self.progress.dead,
            delivered: self.progress.delivered,
            name: self.name().to_owned(),
            next: self.progress.next.0,
            node: String::new(),
            revision: self.progress.begun,
        }
    }

    /// Tells the other nodes, and the log, how far sending has come, now and then.
    async fn tell(&mut self, lease: &mut Lease) -> Result<(), DeliveryError> {
        if lease.is_ours() && lease.is_due() && self.told != self.progress.delivered {
            lease.tell(self.told_progress()).await?;
            self.told = self.progress.delivered;
        }
        Ok(())
    }

    /// Ends in order: what was sent is taken if the receiver says so.
    async fn end(
        &mut self,
        sink: Option<Box<dyn Sink>>,
        mut lease: Lease,
        next: Position,
    ) -> Result<(), DeliveryError> {
        if let Some(mut sink) = sink
            && sink.close().await
        {
            let held: u64 = self.held.drain(..).map(|held| held.count).sum();
            self.progress.delivered += held;
            self.progress.next = next;
        }
        self.held.clear();
        if lease.is_ours() && self.told != self.progress.delivered {
            lease.tell(self.told_progress()).await?;
        }
        Ok(())
    }

    fn sent(&self, next: Position) {
        let held: u64 = self.held.iter().map(|held| held.count).sum();
        let progress = &self.progress;
        self.shared.statuses.change(self.name(), |status| {
            status.sent = next;
            status.cursor = progress.next;
            status.delivered = progress.delivered + held;
            status.failed = progress.failed;
            status.dead = progress.dead;
        });
    }

    fn say(&mut self, state: State, error: Option<String>) {
        if let Some(error) = error {
            self.progress.last_error = Some((error, Timestamp::now()));
        }
        state.name().clone_into(&mut self.progress.state);
        let progress = &self.progress;
        self.shared.statuses.change(self.name(), |status| {
            status.state = state;
            status.cursor = progress.next;
            status.failed = progress.failed;
            status.dead = progress.dead;
            status.last_error.clone_from(&progress.last_error);
        });
    }

    /// Keeps how far sending has come, at once when something was taken, else not too often.
    async fn keep_now_and_then(&mut self, at_once: bool) -> Result<(), DeliveryError> {
        let due = match &self.kept {
            Some((_, kept)) if *kept == self.progress => false,
            Some((at, _)) => at_once || at.elapsed() >= KEPT_EVERY,
            None => true,
        };
        if due { self.keep().await } else { Ok(()) }
    }

    async fn keep(&mut self) -> Result<(), DeliveryError> {
        let (store, name) = (self.shared.store.clone(), self.name().to_owned());
        let progress = self.progress.clone();
        let work = spawn_blocking(move || store.keep(&name, &progress));
        work.await.map_err(|_| DeliveryError::GivenUp)??;
        self.kept = Some((Instant::now(), self.progress.clone()));
        Ok(())
    }
}

/// Whether an event is to be sent to a destination, if that may see it. How far sending has come is sent nowhere: it would
/// make more of it.
pub(super) fn is_sent(destination: &Destination, event: &Event) -> bool {
    *event.kind() != EventType::DESTINATION_PROGRESSED && destination.types.matches(event.kind())
}
