//! The command in a terminal of its own, between the person and it.
//!
//! Two threads carry bytes, one each way, and put what they carried on the tape; a third waits for
//! the command's end. They are plain threads because terminals block: a person can stop output with
//! Ctrl-S for an hour, a command need not read what is typed.
//!
//! Without a person (standard input is a file, a pipe, or nothing) the command gets what is to be
//! read from there, then end of file, and its terminal does not echo.

mod keys;
mod person;
mod tty;

use std::ffi::OsString;
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pty_process::blocking::Pty;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcgetpgrp, tcsetattr,
};
use tokio::sync::oneshot;

use super::clock::Clock;
use super::tape::Entry;
use keys::KeyMask;
pub use person::{PersonScreen, Place};
pub(super) use tty::{RawMode, Size, is_interactive};

/// How much is read at once.
const READ_BYTES: usize = 16 << 10;
/// After the command's end, output of what it left running is waited for as long as it keeps coming
/// this quickly,
const QUIET: Duration = Duration::from_millis(100);
/// but no longer than this.
const DRAIN_MAX: Duration = Duration::from_secs(2);

/// What the threads share with the session.
pub(super) struct Shared {
    pub(super) clock: Clock,
    /// What the person's terminal shows.
    pub(super) screen: Arc<PersonScreen>,
    /// Whether what is typed is recorded. The policy can change while the session runs.
    pub(super) record_keys: AtomicBool,
    /// When something was typed last.
    typed: Mutex<Instant>,
}

impl Shared {
    pub(super) fn new(clock: Clock, screen: Arc<PersonScreen>, record_keys: bool) -> Self {
        Self {
            clock,
            screen,
            record_keys: AtomicBool::new(record_keys),
            typed: Mutex::new(Instant::now()),
        }
    }

    /// How long nothing was typed; without a person, how long nothing was written either.
    pub(super) fn idle(&self) -> Duration {
        self.typed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .elapsed()
    }

    fn note_typed(&self) {
        *self.typed.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

/// What runs in the terminal.
#[derive(Debug, Clone)]
pub struct Command {
    /// The program.
    pub program: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Variables of the environment that it does not get: what is the recorder's alone.
    pub without: Vec<OsString>,
}

/// The command, running.
pub(super) struct Running {
    pty: Arc<Pty>,
    pid: Option<Pid>,
    /// Told when the command has ended.
    pub(super) exited: oneshot::Receiver<io::Result<ExitStatus>>,
    /// Told when the person's terminal does not take output any more.
    pub(super) gone: oneshot::Receiver<()>,
    drained: oneshot::Receiver<()>,
    drain: PipeWriter,
    stop_input: PipeWriter,
}

impl Running {
    /// Starts the command and the threads.
    pub(super) fn start(
        command: &Command,
        environment: &[(&str, String)],
        size: Size,
        person: Option<&RawMode>,
        tape: SyncSender<Entry>,
        shared: &Arc<Shared>,
    ) -> io::Result<Self> {
        let (pty, pts) = pty_process::blocking::open().map_err(to_io)?;
        pty.resize(pty_process::Size::new(size.rows, size.columns))
            .map_err(to_io)?;
        match person {
            // Its erase key, its character set: the command finds what it would have found outside.
            Some(person) => tcsetattr(&pty, OptionalActions::Now, person.before())?,
            None => {
                let mut modes = tcgetattr(&pty)?;
                modes.local_modes &= !LocalModes::ECHO;
                tcsetattr(&pty, OptionalActions::Now, &modes)?;
            }
        }
        let mut child = pty_process::blocking::Command::new(&command.program)
            .args(&command.arguments)
            .envs(environment.iter().map(|(name, value)| (name, value)));
        for name in &command.without {
            child = child.env_remove(name);
        }
        let mut child = child.spawn(pts).map_err(to_io)?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let pty = Arc::new(pty);

        let (tell_exited, exited) = oneshot::channel();
        thread("wait", move || {
            // Nobody waits any more when the recorder is ending itself.
            let _ = tell_exited.send(child.wait());
        })?;

        let (is_drain, drain) = io::pipe()?;
        let (tell_drained, drained) = oneshot::channel();
        let (tell_gone, gone) = oneshot::channel();
        let output = Output {
            pty: Arc::clone(&pty),
            tape: tape.clone(),
            shared: Arc::clone(shared),
            is_drain,
            is_person: person.is_some(),
            tell_gone: Some(tell_gone),
        };
        thread("output", move || {
            output.carry();
            let _ = tell_drained.send(());
        })?;

        let (is_stopped, stop_input) = io::pipe()?;
        let input = Input {
            pty: Arc::clone(&pty),
            tape,
            shared: Arc::clone(shared),
            is_stopped,
            is_person: person.is_some(),
            mask: KeyMask::default(),
        };
        thread("input", move || input.carry())?;
        Ok(Self {
            pty,
            pid,
            exited,
            gone,
            drained,
            drain,
            stop_input,
        })
    }

    /// Gives the command's terminal another size.
    pub(super) fn resize(&self, size: Size) {
        // A terminal that is gone has no size.
        let _ = self
            .pty
            .resize(pty_process::Size::new(size.rows, size.columns));
    }

    /// Sends a signal to the command, and to what it runs in the foreground.
    pub(super) fn signal(&self, signal: Signal) {
        let foreground = tcgetpgrp(&*self.pty).ok();
        let also = foreground.filter(|group| Some(*group) != self.pid);
        for group in [self.pid, also].into_iter().flatten() {
            // It may have ended just now.
            let _ = kill_process_group(group, signal);
        }
    }

    /// The command has ended: takes what is left of its output. Answers whether all of it was
    /// taken; the thread keeps to its own limit, unless the person's terminal is stopped.
    pub(super) async fn drain(self) -> bool {
        drop((self.drain, self.stop_input));
        tokio::time::timeout(DRAIN_MAX + QUIET * 2, self.drained)
            .await
            .is_ok()
    }
}

/// From the command to the person.
struct Output {
    pty: Arc<Pty>,
    tape: SyncSender<Entry>,
    shared: Arc<Shared>,
    is_drain: PipeReader,
    is_person: bool,
    tell_gone: Option<oneshot::Sender<()>>,
}

impl Output {
    fn carry(mut self) {
        let mut buffer = vec![0; READ_BYTES];
        let mut until: Option<Instant> = None;
        loop {
            let wait = until.map(|_| QUIET);
            let ready = ready(
                self.pty.as_fd(),
                until.is_none().then(|| self.is_drain.as_fd()),
                wait,
            );
            match ready {
                Ready::First => {}
                Ready::Second => {
                    until = Some(Instant::now() + DRAIN_MAX);
                    continue;
                }
                Ready::Neither => return,
            }
            let read = match rustix::io::read(&self.pty, &mut buffer[..]) {
                Err(Errno::INTR | Errno::AGAIN) => continue,
                // EIO: the last program that had the terminal open has ended.
                Ok(0) | Err(_) => return,
                Ok(read) => read,
            };
            let bytes = buffer[..read].to_vec();
            if !self.is_person {
                // Nobody types: what works unattended is idle when it says nothing.
                self.shared.note_typed();
            }
            let at = self.shared.clock.now();
            // Recorded before it is shown. When the tape has ended, so has the session.
            if self.tape.send(Entry::Output { at, bytes }).is_err() {
                return;
            }
            if self.tell_gone.is_some()
                && self.shared.screen.write(&buffer[..read]).is_err()
                && let Some(tell_gone) = self.tell_gone.take()
            {
                let _ = tell_gone.send(());
            }
            if until.is_some_and(|until| until <= Instant::now()) {
                return;
            }
        }
    }
}

/// From the person to the command.
struct Input {
    pty: Arc<Pty>,
    tape: SyncSender<Entry>,
    shared: Arc<Shared>,
    is_stopped: PipeReader,
    is_person: bool,
    mask: KeyMask,
}

impl Input {
    fn carry(mut self) {
        let mut buffer = vec![0; READ_BYTES];
        let mut last = b'\n';
        loop {
            let stdin = rustix::stdio::stdin();
            if ready(stdin, Some(self.is_stopped.as_fd()), None) != Ready::First {
                let rest = self.mask.finish();
                self.record(rest);
                return;
            }
            let read = match rustix::io::read(stdin, &mut buffer[..]) {
                Err(Errno::INTR | Errno::AGAIN) => continue,
                Ok(0) | Err(_) => break,
                Ok(read) => read,
            };
            let typed = &buffer[..read];
            self.shared.note_typed();
            let text = self.mask.take(typed, self.is_unseen());
            self.record(text);
            last = typed[read - 1];
            if write_all(self.pty.as_fd(), typed).is_err() {
                return;
            }
        }
        let rest = self.mask.finish();
        self.record(rest);
        if !self.is_person {
            self.end_of_file(last);
        }
    }

    /// Whether what is typed now is read as a line and not shown: a password. Editors and shells
    /// turn the echo off as well, but they read keys, not lines, and show them themselves.
    fn is_unseen(&self) -> bool {
        self.is_person
            && tcgetattr(&*self.pty).is_ok_and(|modes| {
                let local = modes.local_modes;
                local.contains(LocalModes::ICANON) && !local.contains(LocalModes::ECHO)
            })
    }

    fn record(&self, text: String) {
        if !text.is_empty() && self.shared.record_keys.load(Ordering::Relaxed) {
            let at = self.shared.clock.now();
            // When the tape has ended, so has the session.
            let piped = !self.is_person;
            let _ = self.tape.send(Entry::Keys { at, text, piped });
        }
    }

    /// Tells a program that reads lines that there are no more. In the middle of a line the first
    /// sign of the end only ends the line.
    fn end_of_file(&self, last: u8) {
        let Ok(modes) = tcgetattr(&*self.pty) else {
            return;
        };
        let end = modes.special_codes[SpecialCodeIndex::VEOF];
        let signs = [end, end];
        let count = if last == b'\n' { 1 } else { 2 };
        let _ = write_all(self.pty.as_fd(), &signs[..count]);
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Ready {
    First,
    Second,
    Neither,
}

/// Waits until one of two can be read from (or has ended), the second one first, or `longest` is
/// over.
fn ready(
    first: BorrowedFd<'_>,
    second: Option<BorrowedFd<'_>>,
    longest: Option<Duration>,
) -> Ready {
    let longest = longest.and_then(|longest| Timespec::try_from(longest).ok());
    loop {
        let mut fds = vec![PollFd::new(&first, PollFlags::IN)];
        if let Some(second) = &second {
            fds.push(PollFd::new(second, PollFlags::IN));
        }
        match poll(&mut fds, longest.as_ref()) {
            Err(Errno::INTR) => {}
            Err(_) | Ok(0) => return Ready::Neither,
            Ok(_) if fds.get(1).is_some_and(|fd| !fd.revents().is_empty()) => return Ready::Second,
            Ok(_) => return Ready::First,
        }
    }
}

fn write_all(fd: BorrowedFd<'_>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(fd, bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::INTR) => {}
            // Whoever gave us this descriptor does not want writers to wait; we want to.
            Err(Errno::AGAIN) => {
                poll(&mut [PollFd::new(&fd, PollFlags::OUT)], None)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn thread(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .map(|_| ())
}

fn to_io(error: pty_process::Error) -> io::Error {
    match error {
        pty_process::Error::Io(error) => error,
        pty_process::Error::Rustix(error) => error.into(),
    }
}
