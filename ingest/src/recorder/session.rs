//! A session from its launch to its end: the command, its terminal, the spool, the server.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use retrace_core::event::{
    EndReason, EventBatch, EventBody, IdleWarned, RecordingDegraded, SessionEnded, SourceAttached,
    TerminalResized,
};
use retrace_core::{SessionId, SourceName};
use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::task::JoinHandle;

use super::client::{CallError, Client};
use super::clock::Clock;
use super::control::{self, Order};
use super::notice::{Notice, Tell};
use super::pending;
use super::reach::Reach;
use super::schedule::Schedule;
use super::spool::{SessionFacts, SessionSpool, Spool, SpoolError};
use super::tape::{Entry, Tape};
use super::terminal::{Command, RawMode, Running, Shared, Size, is_interactive};
use super::upload::{self, LaunchError, Uploader};
use crate::protocol::{ErrorCode, LaunchRequest, Policy};

/// The source that a recorder of a terminal is, as that of an imported recording.
const SOURCE: &str = "recorder";
/// The environment variable in which the command finds the id of its session.
pub const SESSION_VARIABLE: &str = "RETRACE_SESSION";
/// How often limits of time are looked at.
const TICK: Duration = Duration::from_millis(250);
/// How long a server that was silent lately is tried at the end; one that was heard lately gets
/// [`RecordOptions::finish_within`].
const FINISH_SILENT: Duration = Duration::from_secs(2);
const HEARD_LATELY: Duration = Duration::from_secs(30);
const FINISH_PAUSE: Duration = Duration::from_millis(500);

/// What happens when the spool, or its disk, is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFull {
    /// The session is ended: nothing happens in it that is not recorded.
    End,
    /// The session goes on, and the recording says what it lacks.
    Gap,
}

/// What is recorded, and how.
#[derive(Debug, Clone)]
pub struct RecordOptions {
    /// What is known of the session. The id, the time and the command are filled in.
    pub launch: LaunchRequest,
    /// The command.
    pub command: Command,
    /// Start only if the server promises the recording now.
    pub require_server: bool,
    /// Record what is typed, if the policy allows.
    pub record_keys: bool,
    /// When to try again.
    pub schedule: Schedule,
    /// What happens when the spool is full.
    pub when_full: WhenFull,
    /// How long the server may take to answer the launch, before the command starts without it.
    pub launch_within: Duration,
    /// How long a command that is to end is given before it is killed.
    pub end_within: Duration,
    /// How long the rest is uploaded after the command has ended.
    pub finish_within: Duration,
}

impl RecordOptions {
    /// The usual options for a command.
    pub fn new(command: Command) -> Self {
        Self {
            launch: LaunchRequest::default(),
            command,
            require_server: false,
            record_keys: true,
            schedule: Schedule::launcher(),
            when_full: WhenFull::End,
            launch_within: Duration::from_secs(5),
            end_within: Duration::from_secs(5),
            finish_within: Duration::from_secs(10),
        }
    }
}

/// What became of a session.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The session.
    pub session: SessionId,
    /// The exit status of the command, as a shell would show it: 128 and the signal for one that
    /// was ended by a signal.
    pub exit_status: i32,
    /// Why it ended.
    pub reason: EndReason,
    /// Whether the server was ever reached.
    pub launched: bool,
    /// Events that wait in the spool.
    pub waiting: u64,
    /// Streams that the server refused for good, and why.
    pub quarantined: Vec<(String, String)>,
    /// Events that were not recorded because there was no room; the recording says so.
    pub lost_events: u64,
    /// What could not even be written at the end.
    pub unwritten: Option<String>,
    /// Where the rest waits.
    pub folder: PathBuf,
}

/// Why a session did not start. Nothing of it is left.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The recording is required, and the server does not promise it.
    #[error("the session is not started, because its recording cannot be promised: {0}")]
    NotPromised(String),
    /// The server refused the launch for good.
    #[error("the session is not started, because the server refuses to record it: {0}")]
    Refused(String),
    /// The spool does not take it.
    #[error("the session is not started, because it cannot be recorded: {0}")]
    Spool(#[from] SpoolError),
    /// The system did not do what a recorder needs.
    #[error("the session is not started: {what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The command cannot be run. The session was launched, and its recording says so.
    #[error("`{program}` cannot be run: {source}")]
    Command {
        /// The program.
        program: String,
        /// What the system said.
        source: io::Error,
        /// The exit status that a shell has for it.
        exit_status: i32,
    },
}

/// Runs a command, records it, and uploads the recording.
///
/// # Errors
/// When the session is not started.
pub async fn record(
    client: &Client,
    spool: &Spool,
    options: RecordOptions,
    tell: Tell,
) -> Result<Outcome, RecordError> {
    let id = SessionId::launched_now();
    let clock = Clock::start();
    let at = clock.now();
    let mut launch = options.launch.clone();
    launch.session = Some(id);
    launch.at = Some(at);
    launch.recording_required |= options.require_server;
    let facts = SessionFacts {
        server: client.url().to_owned(),
        launch,
    };
    let session = Arc::new(spool.create(id, facts)?);
    let source = SourceName::new(SOURCE).expect("`recorder` is a source name");
    let mut writer = session.begin_stream(&source)?;
    let size = Size::of_person();
    let attached = SourceAttached {
        columns: Some(size.columns.into()),
        recording: None,
        rows: Some(size.rows.into()),
    };
    let attached = EventBatch::of(at, attached).map_err(SpoolError::from)?;
    writer.append(&attached, false)?;
    session.set_durable(&source, writer.sync()?);

    let reach = Arc::new(Reach::default());
    if let Err(error) = launch_first(client, &session, &reach, &options, &tell).await {
        session.discard()?;
        return Err(error);
    }
    let policy = session.launched().map(|answer| answer.policy);
    let allowed = policy.as_ref().map_or_else(
        || spool.last_policy_records_keys(),
        |policy| policy.record_keys,
    );
    let shared = Arc::new(Shared::new(clock, options.record_keys && allowed));

    let (tell_fault, faults) = mpsc::unbounded_channel();
    let (tape, entries) = Tape::start(Arc::clone(&session), source, writer, tell_fault)
        .map_err(|source| system("a thread cannot be started", source))?;
    let (tell_order, orders) = mpsc::unbounded_channel();
    let tasks = Tasks::start(client, spool, &session, &reach, &options, &tell, tell_order);

    let mut running = Session {
        options: &options,
        session: &session,
        shared: &shared,
        reach: &reach,
        tape: &entries,
        tell: &tell,
        policy,
        started: Instant::now(),
        warned: false,
        ending: None,
        size,
    };
    let ended = running.run(orders, faults).await;
    let (exit_status, reason) = match &ended {
        Ok(status) => (exit_status(*status), running.reason()),
        Err(StartError { exit_status, .. }) => (*exit_status, EndReason::User),
    };
    let body = SessionEnded {
        exit_status: Some(exit_status),
        reason,
    };
    let end = Entry::End {
        at: shared.clock.now(),
        body: body.into(),
    };
    // When the thread of the tape failed, waiting for it tells so.
    let _ = entries.send(end);
    let taped = tokio::task::spawn_blocking(move || tape.wait())
        .await
        .unwrap_or_default();
    tasks.stop().await;
    finish(client, &session, &reach, &options, &tell).await;

    let outcome = Outcome {
        session: id,
        exit_status,
        reason,
        launched: session.launched().is_some(),
        waiting: session.waiting(),
        quarantined: session
            .quarantined()
            .into_iter()
            .map(|(source, quarantine)| (source.to_string(), quarantine.reason))
            .collect(),
        lost_events: taped.lost_events,
        unwritten: taped.unwritten,
        folder: session.folder().to_path_buf(),
    };
    session.remove_if_done()?;
    match ended {
        Ok(_) => Ok(outcome),
        Err(StartError {
            source,
            exit_status,
        }) => Err(RecordError::Command {
            program: options.command.program.to_string_lossy().into_owned(),
            source,
            exit_status,
        }),
    }
}

/// The first launch, before the command starts.
async fn launch_first(
    client: &Client,
    session: &SessionSpool,
    reach: &Reach,
    options: &RecordOptions,
    tell: &Tell,
) -> Result<(), RecordError> {
    let launched = tokio::time::timeout(
        options.launch_within,
        upload::launch(client, session, reach),
    );
    let reason = match launched.await {
        Ok(Ok(answer)) => {
            session.keep_policy(&answer.policy);
            return Ok(());
        }
        Ok(Err(LaunchError::Spool(error))) => return Err(error.into()),
        Ok(Err(LaunchError::Call(error))) => match error.code() {
            // A server that has no time now is as good as one that is away.
            Some(ErrorCode::Overloaded | ErrorCode::TooManyRequests | ErrorCode::Internal) => {
                error.to_string()
            }
            Some(ErrorCode::RecordingNotPossible) => {
                return Err(RecordError::NotPromised(error.to_string()));
            }
            Some(_) => return Err(RecordError::Refused(error.to_string())),
            None if matches!(error, CallError::NoToken { .. }) => {
                return Err(RecordError::Refused(error.to_string()));
            }
            None => error.to_string(),
        },
        Err(_) => format!("{} does not answer", client.url()),
    };
    if options.require_server {
        return Err(RecordError::NotPromised(reason));
    }
    tell(Notice::ServerAway { reason });
    Ok(())
}

/// What goes on beside the command.
struct Tasks {
    handles: Vec<JoinHandle<()>>,
}

impl Tasks {
    fn start(
        client: &Client,
        spool: &Spool,
        session: &Arc<SessionSpool>,
        reach: &Arc<Reach>,
        options: &RecordOptions,
        tell: &Tell,
        orders: mpsc::UnboundedSender<Order>,
    ) -> Self {
        let mut uploader = Uploader::new(
            client,
            Arc::clone(session),
            Arc::clone(reach),
            options.schedule.clone(),
            Arc::clone(tell),
        );
        if session.launched().is_none() {
            uploader.was_told_away();
        }
        let (spool, schedule, tell) = (spool.clone(), options.schedule.clone(), Arc::clone(tell));
        let earlier = client.clone();
        let handles = vec![
            tokio::spawn(async move { uploader.run().await }),
            tokio::spawn(control::listen(
                client.clone(),
                Arc::clone(session),
                Arc::clone(reach),
                orders,
            )),
            tokio::spawn(async move {
                // What it has to tell of earlier sessions it tells; that they wait is no news here.
                let _ = pending::upload_all(&spool, &earlier, &schedule, &tell, false).await;
            }),
        ];
        Self { handles }
    }

    /// Stops all of it, and waits until nobody holds the session any more.
    async fn stop(self) {
        for handle in self.handles {
            handle.abort();
            let _ = handle.await;
        }
    }
}

/// Uploads the rest, for a bounded time.
async fn finish(
    client: &Client,
    session: &Arc<SessionSpool>,
    reach: &Arc<Reach>,
    options: &RecordOptions,
    tell: &Tell,
) {
    let was_heard = session.launched().is_some() && reach.silence() < HEARD_LATELY;
    let within = if was_heard {
        options.finish_within
    } else {
        FINISH_SILENT.min(options.finish_within)
    };
    let mut uploader = Uploader::new(
        client,
        Arc::clone(session),
        Arc::clone(reach),
        options.schedule.clone(),
        Arc::clone(tell),
    );
    let all = async {
        while session.waiting() > 0 && uploader.run_once().await.is_err() {
            tokio::time::sleep(FINISH_PAUSE).await;
        }
    };
    // What is left then waits in the spool.
    let _ = tokio::time::timeout(within, all).await;
}

/// The command could not be started.
struct StartError {
    source: io::Error,
    exit_status: i32,
}

/// A session that is being ended.
struct Ending {
    reason: EndReason,
    kill_at: Instant,
}

/// The running session.
struct Session<'a> {
    options: &'a RecordOptions,
    session: &'a SessionSpool,
    shared: &'a Arc<Shared>,
    reach: &'a Reach,
    tape: &'a SyncSender<Entry>,
    tell: &'a Tell,
    /// The policy in force; not known until the server was reached.
    policy: Option<Policy>,
    started: Instant,
    warned: bool,
    ending: Option<Ending>,
    size: Size,
}

impl Session<'_> {
    async fn run(
        &mut self,
        mut orders: UnboundedReceiver<Order>,
        mut faults: UnboundedReceiver<String>,
    ) -> Result<ExitStatus, StartError> {
        let not_started = |source: io::Error| StartError {
            exit_status: match source.kind() {
                io::ErrorKind::NotFound => 127,
                _ => 126,
            },
            source,
        };
        let mut signals = Signals::catch().map_err(not_started)?;
        let person = is_interactive().then(RawMode::enter).flatten();
        let environment = [(SESSION_VARIABLE, self.session.id().to_string())];
        let mut running = Running::start(
            &self.options.command,
            &environment,
            self.size,
            person.as_ref(),
            self.tape.clone(),
            self.shared,
        )
        .map_err(not_started)?;
        let mut tick = tokio::time::interval(TICK);
        let (mut is_gone, mut has_faults) = (false, true);
        let status = loop {
            tokio::select! {
                status = &mut running.exited => {
                    break status.unwrap_or_else(|_| Err(io::Error::other("nobody waited for it")));
                }
                gone = &mut running.gone, if !is_gone => {
                    is_gone = true;
                    // Otherwise the command merely has closed its terminal.
                    if gone.is_ok() {
                        self.end(&running, EndReason::ConnectionLost, None);
                    }
                }
                Some(signal) = signals.next() => self.on_signal(&running, signal),
                Some(order) = orders.recv() => self.on_order(&running, order),
                fault = faults.recv(), if has_faults => match fault {
                    Some(fault) => self.on_fault(&running, &fault),
                    None => has_faults = false,
                },
                _ = tick.tick() => self.on_tick(&running),
            }
        };
        let is_whole = running.drain().await;
        drop(person);
        if !is_whole {
            self.event(RecordingDegraded {
                reason: "the terminal was stopped: the last output was not taken".to_owned(),
            });
        }
        status.map_err(not_started)
    }

    fn reason(&self) -> EndReason {
        self.ending.as_ref().map_or(EndReason::User, |e| e.reason)
    }

    fn event(&self, body: impl Into<EventBody>) {
        let at = self.shared.clock.now();
        // A tape that failed is told of at the end.
        let _ = self.tape.send(Entry::Event {
            at,
            body: body.into(),
        });
    }

    /// Asks the command to end, as a terminal does that is closed; what does not is killed.
    fn end(&mut self, running: &Running, reason: EndReason, told: Option<String>) {
        if self.ending.is_some() {
            return;
        }
        if let Some(reason) = told {
            (self.tell)(Notice::Ending { reason });
        }
        let kill_at = Instant::now() + self.options.end_within;
        self.ending = Some(Ending { reason, kill_at });
        running.signal(Signal::HUP);
        // One that is stopped would not notice.
        running.signal(Signal::CONT);
    }

    fn on_signal(&mut self, running: &Running, signal: Signal) {
        if signal == Signal::WINCH {
            let size = Size::of_person();
            if size != self.size {
                self.size = size;
                running.resize(size);
                self.event(TerminalResized {
                    columns: size.columns.into(),
                    rows: size.rows.into(),
                });
            }
        } else if signal == Signal::HUP {
            self.end(running, EndReason::ConnectionLost, None);
        } else {
            running.signal(signal);
            // Who ends a recorder ends what it records: a shell at a prompt ignores SIGTERM.
            if signal == Signal::TERM {
                self.end(running, EndReason::User, None);
            }
        }
    }

    fn on_order(&mut self, running: &Running, order: Order) {
        match order {
            Order::Terminate(asked) => {
                let told = match asked.reason {
                    Some(reason) => format!("{} ended this session: {reason}", asked.by),
                    None => format!("{} ended this session", asked.by),
                };
                self.end(running, EndReason::Terminated, Some(told));
            }
            Order::Message(message) => (self.tell)(Notice::Message {
                by: message.by,
                text: message.text,
            }),
            Order::Policy(policy) => self.set_policy(*policy),
        }
    }

    fn set_policy(&mut self, policy: Policy) {
        self.session.keep_policy(&policy);
        let record_keys = self.options.record_keys && policy.record_keys;
        self.shared
            .record_keys
            .store(record_keys, Ordering::Relaxed);
        self.policy = Some(policy);
        self.warned = false;
    }

    fn on_fault(&mut self, running: &Running, fault: &str) {
        match self.options.when_full {
            WhenFull::Gap => (self.tell)(Notice::NotRecorded {
                reason: fault.to_owned(),
            }),
            WhenFull::End => {
                self.event(RecordingDegraded {
                    reason: format!("the session is ended: {fault}"),
                });
                let told = format!("it cannot be recorded any more: {fault}");
                // The spool is full because the server did not take what is in it.
                self.end(running, EndReason::ServerUnreachable, Some(told));
            }
        }
    }

    fn on_tick(&mut self, running: &Running) {
        let now = Instant::now();
        if let Some(ending) = &mut self.ending {
            if ending.kill_at <= now {
                running.signal(Signal::KILL);
                ending.kill_at = now + self.options.end_within;
            }
            return;
        }
        if self.policy.is_none()
            && let Some(launched) = self.session.launched()
        {
            self.set_policy(launched.policy);
        }
        let Some(policy) = self.policy.clone() else {
            return;
        };
        let seconds = |s: u32| Duration::from_secs(s.into());
        if let Some(limit) = policy.end_when_unreachable_after_s
            && self.reach.silence() > seconds(limit)
        {
            let told = format!("the server was out of reach for more than {limit} s");
            self.end(running, EndReason::ServerUnreachable, Some(told));
        } else if let Some(limit) = policy.max_length_s
            && self.started.elapsed() > seconds(limit)
        {
            let told = format!("it has reached the longest time allowed, {limit} s");
            self.end(running, EndReason::MaxLength, Some(told));
        } else if let Some(limit) = policy.inactivity_s {
            self.check_idle(running, limit, policy.idle_warning_s);
        }
    }

    fn check_idle(&mut self, running: &Running, limit_s: u32, warning_s: Option<u32>) {
        let limit = Duration::from_secs(limit_s.into());
        let idle = self.shared.idle();
        if idle > limit {
            let told = format!("nothing was typed for {limit_s} s");
            self.end(running, EndReason::Inactivity, Some(told));
            return;
        }
        let left = limit - idle;
        let warn_at = warning_s.map(|s| Duration::from_secs(s.min(limit_s / 2).into()));
        let is_time = warn_at.is_some_and(|warn_at| left <= warn_at);
        if is_time && !self.warned {
            let ends_in_s = u32::try_from(left.as_secs()).unwrap_or(u32::MAX);
            self.event(IdleWarned { ends_in_s });
            (self.tell)(Notice::IdleWarning { ends_in_s });
        }
        self.warned = is_time;
    }
}

/// The signals that a recorder passes on or acts on.
struct Signals {
    caught: UnboundedReceiver<Signal>,
    tasks: Vec<JoinHandle<()>>,
}

impl Signals {
    fn catch() -> io::Result<Self> {
        let (sender, caught) = mpsc::unbounded_channel();
        let kinds = [
            (SignalKind::window_change(), Signal::WINCH),
            (SignalKind::hangup(), Signal::HUP),
            (SignalKind::terminate(), Signal::TERM),
            (SignalKind::interrupt(), Signal::INT),
            (SignalKind::quit(), Signal::QUIT),
        ];
        let mut tasks = Vec::new();
        for (kind, name) in kinds {
            let (mut stream, sender) = (signal(kind)?, sender.clone());
            tasks.push(tokio::spawn(async move {
                while stream.recv().await.is_some() && sender.send(name).is_ok() {}
            }));
        }
        Ok(Self { caught, tasks })
    }

    async fn next(&mut self) -> Option<Signal> {
        self.caught.recv().await
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// The exit status as a shell shows it.
fn exit_status(status: ExitStatus) -> i32 {
    let by_signal = || status.signal().map(|signal| 128 + signal);
    status.code().or_else(by_signal).unwrap_or(1)
}

fn system(what: &'static str, source: io::Error) -> RecordError {
    RecordError::System { what, source }
}
