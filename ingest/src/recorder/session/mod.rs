//! A session from its launch to its end.
//!
//! | module | holds |
//! |---|---|
//! | `desk` | what goes on beside the command: launching, uploading, listening to the server |
//! | `running` | what can happen to the session while its command runs, and how it is ended |
//! | `signals` | the signals that the recorder passes on |

mod desk;
mod running;
mod signals;

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use retrace_core::event::{EndReason, EventBatch, SessionEnded, SourceAttached};
use retrace_core::{SessionId, SourceName};
use tokio::sync::mpsc;

use super::client::Client;
use super::clock::Clock;
use super::notice::Tell;
use super::reach::Reach;
use super::schedule::Schedule;
use super::spool::{SessionFacts, Spool, SpoolError};
use super::tape::{Entry, Tape};
use super::terminal::{Command, PersonScreen, Shared, Size};
use crate::protocol::LaunchRequest;
use desk::Desk;
use running::{Session, StartError};

/// The source that a recorder of a terminal is, as that of an imported recording.
const SOURCE: &str = "recorder";
/// The environment variable in which the command finds the id of its session.
pub const SESSION_VARIABLE: &str = "RETRACE_SESSION";
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
    /// The person's terminal, for whoever tells them something while the command runs.
    pub screen: Arc<PersonScreen>,
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
            screen: Arc::default(),
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

    let desk = Desk {
        client: client.clone(),
        spool: spool.clone(),
        session,
        source,
        reach: Arc::new(Reach::default()),
        options,
        tell,
    };
    let (session, options) = (&desk.session, &desk.options);
    if let Err(error) = desk.launch().await {
        session.discard()?;
        return Err(error);
    }
    let allowed = session.launched().map_or_else(
        || spool.last_policy_records_keys(),
        |launched| launched.policy.record_keys,
    );
    let screen = Arc::clone(&options.screen);
    let shared = Arc::new(Shared::new(clock, screen, options.record_keys && allowed));

    let (tell_fault, faults) = mpsc::unbounded_channel();
    let (tape, entries) = Tape::start(Arc::clone(session), desk.source.clone(), writer, tell_fault)
        .map_err(|source| RecordError::System {
            what: "a thread cannot be started",
            source,
        })?;
    let (tell_order, orders) = mpsc::unbounded_channel();
    let tasks = desk.open(tell_order);

    let mut running = Session::new(&desk, &shared, &entries, size);
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
    desk.finish(reason).await;

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

/// The exit status as a shell shows it.
fn exit_status(status: ExitStatus) -> i32 {
    let by_signal = || status.signal().map(|signal| 128 + signal);
    status.code().or_else(by_signal).unwrap_or(1)
}
