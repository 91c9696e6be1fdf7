//! The process that does the work: what a program runs when it is started as its own worker.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use ffmpeg_next as ffmpeg;

use super::job::Job;
use super::output::{Done, Note, Output};
use super::protocol::{self, Failure};
use super::source::{PipeFeed, Runs};
use super::{analyze, film, join, limits, pictures, still, transcode};

/// How often progress is told while there is nothing else to tell.
const PROGRESS_EVERY: Duration = Duration::from_millis(500);

/// Does one job: reads it and its inputs from `stdin`, writes what comes of it to `stdout`.
///
/// It changes the whole process: it lowers the limits of memory and processor time, takes a low
/// priority (but for a still), turns off core dumps, and dies with its parent. FFmpeg's own complaints go to stderr.
/// A job that fails is told to the parent, and is `Ok` here.
///
/// # Errors
/// When the parent cannot be heard or reached any more.
pub fn run(mut stdin: impl Read + Send + 'static, stdout: impl Write) -> io::Result<()> {
    limits::be_humble()?;
    let order = protocol::read_order(&mut stdin)?;
    limits::apply(&order.limits)?;
    // Somebody waits for a still.
    if !matches!(order.job, Job::Still(_)) {
        limits::yield_to_others()?;
    }
    let mut out = Out {
        to: stdout,
        told: Instant::now(),
    };
    let result = initialize().and_then(|()| perform(&order.job, stdin, &mut out));
    match result {
        Ok(done) => protocol::write_done(&mut out.to, &done),
        Err(Fault::Pipe(error)) if error.kind() != io::ErrorKind::OutOfMemory => Err(error),
        Err(fault) => {
            let failure = Failure {
                out_of_memory: fault.is_out_of_memory(),
                reason: fault.to_string(),
            };
            protocol::write_failed(&mut out.to, &failure)
        }
    }
}

fn initialize() -> Result<(), Fault> {
    ffmpeg::init().map_err(|e| Fault::ffmpeg("starting FFmpeg", e))?;
    ffmpeg::log::set_level(ffmpeg::log::Level::Error);
    Ok(())
}

fn perform<W: Write>(
    job: &Job,
    stdin: impl Read + Send + 'static,
    out: &mut Out<W>,
) -> Result<Done, Fault> {
    let mut feed = PipeFeed(stdin);
    match job {
        Job::EncodePictures(job) => pictures::encode_inputs(job, &mut feed, out),
        Job::FilmTerminal(job) => film::run(job, &mut feed, out),
        Job::Transcode(job) => transcode::run(job, feed, out),
        Job::JoinMp4(job) => join::run(job, &mut Runs::new(feed), out),
        Job::Analyze(job) => analyze::run(job, &mut Runs::new(feed), out),
        Job::Still(job) => still::run(job, &mut Runs::new(feed), out),
    }
}

/// Why a job cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The parent is gone.
    #[error("the other side is gone: {0}")]
    Pipe(io::Error),
    /// A file of the job's folder.
    #[error("in the job's folder: {0}")]
    File(#[from] io::Error),
    /// FFmpeg refused.
    #[error("{during}: {error}")]
    Ffmpeg {
        /// What was being done.
        during: &'static str,
        /// What it said.
        error: ffmpeg::Error,
    },
    /// What was asked for is not possible.
    #[error("{0}")]
    Impossible(String),
}

impl Fault {
    pub(super) fn ffmpeg(during: &'static str, error: ffmpeg::Error) -> Self {
        Self::Ffmpeg { during, error }
    }

    fn is_out_of_memory(&self) -> bool {
        match self {
            Self::Pipe(error) | Self::File(error) => error.kind() == io::ErrorKind::OutOfMemory,
            Self::Ffmpeg { error, .. } => {
                let errno = ffmpeg::error::ENOMEM;
                *error == ffmpeg::Error::Other { errno }
            }
            Self::Impossible(_) => false,
        }
    }
}

/// Takes what a job brings forth.
pub trait Sink {
    /// Takes one output.
    ///
    /// # Errors
    /// [`Fault::Pipe`] when nobody takes it any more.
    fn send(&mut self, output: Output) -> Result<(), Fault>;

    /// Says how far the job has come, if it is time to.
    ///
    /// # Errors
    /// As [`Sink::send`].
    fn progress(&mut self, us: u64) -> Result<(), Fault>;
}

/// The parent, as the job sees it.
struct Out<W> {
    to: W,
    told: Instant,
}

impl<W: Write> Sink for Out<W> {
    fn send(&mut self, output: Output) -> Result<(), Fault> {
        self.told = Instant::now();
        protocol::write_output(&mut self.to, output).map_err(Fault::Pipe)
    }

    fn progress(&mut self, us: u64) -> Result<(), Fault> {
        if self.told.elapsed() < PROGRESS_EVERY {
            return Ok(());
        }
        self.send(Output::Progress { us })
    }
}

/// Passes on what was found wrong.
pub(super) fn send_notes(runs: &mut Runs, out: &mut impl Sink) -> Result<(), Fault> {
    for note in runs.take_notes() {
        out.send(Output::Note(note))?;
    }
    Ok(())
}

pub(super) fn note(
    out: &mut impl Sink,
    input_index: u64,
    problem: impl Into<String>,
) -> Result<(), Fault> {
    out.send(Output::Note(Note {
        input_index,
        problem: problem.into(),
    }))
}
