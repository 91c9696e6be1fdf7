//! The session while its command runs: what can happen to it, and how it is ended.

use std::io;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use retrace_core::StreamVersion;
use retrace_core::event::{
    ControlAnswered, EndReason, EventBody, EventType, IdleWarned, RecordingDegraded,
    TerminalResized,
};
use rustix::process::Signal;
use tokio::sync::mpsc::UnboundedReceiver;

use super::super::control::{Order, Wish};
use super::super::notice::Notice;
use super::super::tape::Entry;
use super::super::terminal::{RawMode, Running, Shared, Size, is_interactive};
use super::desk::Desk;
use super::signals::Signals;
use super::{SESSION_VARIABLE, WhenFull};
use crate::protocol::Policy;

/// How often limits of time are looked at.
const TICK: Duration = Duration::from_millis(250);

/// The command could not be started.
pub(super) struct StartError {
    pub(super) source: io::Error,
    pub(super) exit_status: i32,
}

/// A session that is being ended.
struct Ending {
    reason: EndReason,
    kill_at: Instant,
}

/// The running session.
pub(super) struct Session<'a> {
    desk: &'a Desk,
    shared: &'a Arc<Shared>,
    tape: &'a SyncSender<Entry>,
    /// The policy in force; not known until the server was reached.
    policy: Option<Policy>,
    started: Instant,
    warned: bool,
    ending: Option<Ending>,
    size: Size,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        desk: &'a Desk,
        shared: &'a Arc<Shared>,
        tape: &'a SyncSender<Entry>,
        size: Size,
    ) -> Self {
        Self {
            desk,
            shared,
            tape,
            policy: desk.session.launched().map(|answer| answer.policy),
            started: Instant::now(),
            warned: false,
            ending: None,
            size,
        }
    }

    /// Runs the command to its end, and answers its status.
    pub(super) async fn run(
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
        if let Some(policy) = &self.policy {
            self.note_silence_limit(policy);
        }
        let mut signals = Signals::catch().map_err(not_started)?;
        let person = is_interactive().then(RawMode::enter).flatten();
        let environment = [(SESSION_VARIABLE, self.desk.session.id().to_string())];
        let mut running = Running::start(
            &self.desk.options.command,
            &environment,
            self.size,
            person.as_ref(),
            self.tape.clone(),
            self.shared,
        )
        .map_err(not_started)?;
        // The window may have changed its size before anybody listened for that.
        self.on_signal(&running, Signal::WINCH);
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

    /// Why it ended.
    pub(super) fn reason(&self) -> EndReason {
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
            (self.desk.tell)(Notice::Ending { reason });
        }
        let kill_at = Instant::now() + self.desk.options.end_within;
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
        let Order { version, wish } = order;
        match wish {
            Wish::Terminate(asked) => {
                let is_ending = self.ending.is_some();
                // Answered first: the end is the last that a recording says.
                let detail = is_ending.then(|| "the session was ending already".to_owned());
                self.answer(EventType::TERMINATE_REQUESTED, version, !is_ending, detail);
                let limit = asked
                    .cause
                    .filter(|cause| matches!(cause, EndReason::Inactivity | EndReason::MaxLength));
                let told = match (asked.reason, limit) {
                    (Some(reason), Some(_)) => reason,
                    (Some(reason), None) => format!("{} ended this session: {reason}", asked.by),
                    (None, _) => format!("{} ended this session", asked.by),
                };
                let reason = limit.unwrap_or(EndReason::Terminated);
                self.end(running, reason, Some(told));
            }
            Wish::Message(message) => {
                (self.desk.tell)(Notice::Message {
                    by: message.by,
                    text: message.text,
                });
                let detail = (!is_interactive())
                    .then(|| "nobody is at a terminal: written to standard error".to_owned());
                self.answer(EventType::MESSAGE_SENT, version, true, detail);
            }
            Wish::PolicySet(set) => {
                let known = self.policy.clone();
                // A recorder that was never told one follows what was set, and nothing else.
                let policy = known.unwrap_or_else(Policy::without_limits).with(&set);
                self.set_policy(policy);
                self.answer(EventType::POLICY_SET, version, true, None);
            }
            Wish::Policy(policy) => self.set_policy(*policy),
        }
    }

    fn answer(
        &self,
        request: EventType,
        version: StreamVersion,
        done: bool,
        detail: Option<String>,
    ) {
        self.event(ControlAnswered {
            detail,
            done,
            request,
            version,
        });
    }

    fn set_policy(&mut self, policy: Policy) {
        self.desk.session.keep_policy(&policy);
        let record_keys = self.desk.options.record_keys && policy.record_keys;
        self.shared
            .record_keys
            .store(record_keys, Ordering::Relaxed);
        self.note_silence_limit(&policy);
        // Whoever was warned of another limit is warned anew.
        let before = self.policy.as_ref().map(|before| before.inactivity_s);
        self.warned &= before == Some(policy.inactivity_s);
        self.policy = Some(policy);
    }

    fn note_silence_limit(&self, policy: &Policy) {
        let limit = policy.end_when_unreachable_after_s;
        self.desk
            .reach
            .set_silence_limit(limit.map(|s| Duration::from_secs(s.into())));
    }

    fn on_fault(&mut self, running: &Running, fault: &str) {
        match self.desk.options.when_full {
            WhenFull::Gap => (self.desk.tell)(Notice::NotRecorded {
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
        if self.shared.screen.take_covered(self.shared.idle()) {
            // Programs that have the whole screen draw it anew then.
            running.signal(Signal::WINCH);
        }
        if let Some(ending) = &mut self.ending {
            if ending.kill_at <= now {
                running.signal(Signal::KILL);
                ending.kill_at = now + self.desk.options.end_within;
            }
            return;
        }
        if self.policy.is_none()
            && let Some(launched) = self.desk.session.launched()
        {
            self.set_policy(launched.policy);
        }
        let Some(policy) = self.policy.clone() else {
            return;
        };
        let seconds = |s: u32| Duration::from_secs(s.into());
        if let Some(limit) = policy.end_when_unreachable_after_s
            && self.desk.reach.silence() > seconds(limit)
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
            (self.desk.tell)(Notice::IdleWarning { ends_in_s });
        }
        self.warned = is_time;
    }
}
