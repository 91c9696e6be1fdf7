//! The side that gives the work and outlives whatever happens to it.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{self, BufWriter, Read};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::job::{Job, Limits};
use super::output::{Done, Input, Output};
use super::protocol::{self, FromWorker, Order};

/// How often a flag is looked at while nothing comes.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long a worker that has said its last word may take to end.
const ENDING: Duration = Duration::from_secs(5);
/// What is kept of stderr, in bytes.
const STDERR_TAIL: usize = 8 << 10;
/// What a worker sees of the environment: where libraries and drivers are, and nothing else.
const ENVIRONMENT: [&str; 7] = [
    "PATH",
    "LD_LIBRARY_PATH",
    "TMPDIR",
    "LIBVA_DRIVER_NAME",
    "LIBVA_DRIVERS_PATH",
    "CUDA_VISIBLE_DEVICES",
    "NVIDIA_VISIBLE_DEVICES",
];

/// How to start workers, and how long to wait for them. Each [`run`](Worker::run) starts one.
#[derive(Debug, Clone)]
pub struct Worker {
    program: OsString,
    arguments: Vec<OsString>,
    /// A worker that sends nothing for so long is ended. 60 s.
    pub silence: Duration,
    /// A worker that is not done after so long is ended. 24 hours.
    pub total: Duration,
    /// What its process may use.
    pub limits: Limits,
}

/// Why a job was not done. What came out before stays true.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError<E> {
    /// The inputs failed: `E` says how.
    #[error("the inputs failed: {0}")]
    Source(E),
    /// The worker found that it cannot be done. Doing it again will not help.
    #[error("the job cannot be done: {reason}")]
    Failed {
        /// What it said.
        reason: String,
    },
    /// The worker ended without a last word.
    #[error("the worker ended with {status}: {stderr}")]
    Crashed {
        /// The exit code, or the signal.
        status: ExitStatus,
        /// The end of what it said on stderr.
        stderr: String,
    },
    /// The worker sent nothing for as long as [`Worker::silence`], and was ended.
    #[error("the worker sent nothing for {0:?}")]
    Hung(Duration),
    /// The worker needed more than it may use, and was ended.
    #[error("the worker ran out of {what}")]
    Limit {
        /// `memory`, `processor time` or `time`.
        what: &'static str,
    },
    /// The flag was raised; the worker was ended.
    #[error("the job was cancelled")]
    Cancelled,
    /// The worker could not be started, or sent what no worker sends.
    #[error("the worker cannot be used: {0}")]
    Io(#[from] io::Error),
}

impl Worker {
    /// Workers that this command starts, with times and limits as they are by default.
    pub fn new(program: impl Into<OsString>, arguments: &[&str]) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.iter().map(OsString::from).collect(),
            silence: Duration::from_secs(60),
            total: Duration::from_secs(24 * 3600),
            limits: Limits::default(),
        }
    }

    /// Does one job in a process of its own. Blocks until it is done, and ends the process in any case.
    ///
    /// `inputs` is drawn from on another thread, one at a time, as the worker takes them; `on_output`
    /// is called on this one, in order. While `inputs` blocks, cancelling waits for it.
    ///
    /// # Errors
    /// See [`WorkerError`]. An error of `on_output` ends the job and comes back as
    /// [`WorkerError::Source`].
    pub fn run<E: Send>(
        &self,
        job: &Job,
        inputs: impl Iterator<Item = Result<Input, E>> + Send,
        mut on_output: impl FnMut(Output) -> Result<(), E>,
        cancel: &AtomicBool,
    ) -> Result<Done, WorkerError<E>> {
        let started = Instant::now();
        let mut child = self.start()?;
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = (stdin, stdout, stderr) else {
            return Err(io::Error::other("the worker has no pipes").into());
        };
        let order = Order {
            job: job.clone(),
            limits: self.limits,
        };
        let source_error = Mutex::new(None);
        let tail = Mutex::new(VecDeque::new());
        let (sender, receiver) = mpsc::sync_channel(4);
        thread::scope(|scope| {
            let mut child = Ended(child);
            scope.spawn(|| feed(stdin, &order, inputs, &source_error));
            scope.spawn(|| keep_tail(stderr, &tail));
            scope.spawn(move || listen(stdout, &sender));
            let result = self.attend(started, &receiver, &mut on_output, &source_error, cancel);
            // What ends the threads: the pipes of a dead process are closed.
            let status = child.end(matches!(result, Ok(Last::Done(_) | Last::Silence)))?;
            if let Some(error) = take(&source_error) {
                return Err(WorkerError::Source(error));
            }
            match result? {
                Last::Done(done) => Ok(done),
                Last::Silence => {
                    // The thread that reads stderr may be a little behind.
                    drop(receiver);
                    Err(crashed(status, &tail))
                }
            }
        })
    }

    fn start(&self) -> io::Result<Child> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for name in ENVIRONMENT {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.spawn()
    }

    /// Hands on what comes until the last word, or until it is enough.
    fn attend<E>(
        &self,
        started: Instant,
        receiver: &Receiver<io::Result<FromWorker>>,
        on_output: &mut impl FnMut(Output) -> Result<(), E>,
        source_error: &Mutex<Option<E>>,
        cancel: &AtomicBool,
    ) -> Result<Last, WorkerError<E>> {
        let mut heard = Instant::now();
        loop {
            if cancel.load(Ordering::Relaxed) {
                return Err(WorkerError::Cancelled);
            }
            if let Some(error) = take(source_error) {
                return Err(WorkerError::Source(error));
            }
            if started.elapsed() >= self.total {
                return Err(WorkerError::Limit { what: "time" });
            }
            match receiver.recv_timeout(LOOK_EVERY) {
                Ok(Ok(FromWorker::Output(output))) => {
                    on_output(output).map_err(WorkerError::Source)?;
                    heard = Instant::now();
                }
                Ok(Ok(FromWorker::Done(done))) => return Ok(Last::Done(done)),
                Ok(Ok(FromWorker::Failed(failure))) if failure.out_of_memory => {
                    return Err(WorkerError::Limit { what: "memory" });
                }
                Ok(Ok(FromWorker::Failed(failure))) => {
                    return Err(WorkerError::Failed {
                        reason: failure.reason,
                    });
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Ok(Last::Silence);
                }
                Ok(Err(error)) => return Err(error.into()),
                Err(RecvTimeoutError::Disconnected) => return Ok(Last::Silence),
                Err(RecvTimeoutError::Timeout) if heard.elapsed() >= self.silence => {
                    return Err(WorkerError::Hung(self.silence));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

/// How a worker's words end.
enum Last {
    Done(Done),
    /// In the middle.
    Silence,
}

/// A process that does not outlive this.
struct Ended(Child);

impl Ended {
    /// Ends the process; one that ends by itself is given a moment to.
    fn end(&mut self, by_itself: bool) -> io::Result<ExitStatus> {
        let asked = Instant::now();
        while by_itself && asked.elapsed() < ENDING {
            if let Some(status) = self.0.try_wait()? {
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(2));
        }
        self.0.kill()?;
        self.0.wait()
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        // Nothing is left to be told: after `end` there is no process any more.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn take<E>(error: &Mutex<Option<E>>) -> Option<E> {
    error.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn feed<E>(
    stdin: ChildStdin,
    order: &Order,
    inputs: impl Iterator<Item = Result<Input, E>>,
    source_error: &Mutex<Option<E>>,
) {
    let mut stdin = BufWriter::new(stdin);
    // A worker that does not listen any more says why by another way.
    if protocol::write_order(&mut stdin, order).is_err() {
        return;
    }
    for input in inputs {
        match input {
            Ok(input) => {
                if protocol::write_input(&mut stdin, &input).is_err() {
                    return;
                }
            }
            Err(error) => {
                *source_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                return;
            }
        }
    }
    let _ = protocol::write_end(&mut stdin);
}

fn listen(mut stdout: impl Read, sender: &SyncSender<io::Result<FromWorker>>) {
    loop {
        let message = protocol::read_from_worker(&mut stdout);
        let is_last = !matches!(message, Ok(FromWorker::Output(_)));
        if sender.send(message).is_err() || is_last {
            return;
        }
    }
}

fn keep_tail(mut stderr: impl Read, tail: &Mutex<VecDeque<u8>>) {
    let mut buffer = [0; 1024];
    while let Ok(count @ 1..) = stderr.read(&mut buffer) {
        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.extend(&buffer[..count]);
        let excess = tail.len().saturating_sub(STDERR_TAIL);
        tail.drain(..excess);
    }
}

/// What the end of the process says.
fn crashed<E>(status: ExitStatus, tail: &Mutex<VecDeque<u8>>) -> WorkerError<E> {
    use std::os::unix::process::ExitStatusExt;
    // What it said last is read on another thread, which the end of the process ends.
    thread::sleep(LOOK_EVERY);
    let tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
    let stderr = tail.iter().copied().collect::<Vec<_>>();
    let stderr = String::from_utf8_lossy(&stderr).into_owned();
    // The words of Rust's own allocator when it gives up.
    if stderr.contains("memory allocation of") {
        return WorkerError::Limit { what: "memory" };
    }
    if status.signal() == Some(rustix::process::Signal::XCPU.as_raw()) {
        return WorkerError::Limit {
            what: "processor time",
        };
    }
    WorkerError::Crashed { status, stderr }
}
