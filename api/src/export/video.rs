//! A terminal session as a video file, drawn and encoded by a worker while its events are read. The
//! file is given when it is whole: its index comes first.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::vec;

use retrace_core::event::Event;
use retrace_media::terminal::changes::write_line;
use retrace_media::video::{
    Codec, EncoderSettings, FilmTerminal, Input, InputHead, Job, Output, WorkerError,
};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::film::{Reader, Showing, Survey};
use crate::processing::media_worker;

/// The worker is given what happened in pieces of about this size.
const LINES_BYTES: usize = 1 << 20;
/// How many pieces may wait for the worker.
const LINES_AHEAD: usize = 2;
/// The file is given in pieces of this size.
const PIECE_BYTES: u64 = 256 << 10;
/// Larger pictures are made smaller: what players are made for.
const WIDTH_MAX: u32 = 3_840;
const HEIGHT_MAX: u32 = 2_160;

/// Why a video cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum VideoError {
    /// The worker did not make it.
    #[error(transparent)]
    Worker(#[from] WorkerError<Infallible>),
    /// The file that it made, or its folder.
    #[error(transparent)]
    File(#[from] io::Error),
    /// The worker was given up, or made no file.
    #[error("the worker left no file")]
    NoFile,
}

/// A video on its way.
pub(super) struct Video {
    reader: Reader,
    lines: Option<mpsc::Sender<Vec<u8>>>,
    work: Option<JoinHandle<Result<Option<PathBuf>, WorkerError<Infallible>>>>,
    stop: Arc<AtomicBool>,
    file: Option<File>,
    /// Where the file is; removed at the end.
    _folder: TempDir,
}

impl Video {
    pub(super) fn begin(
        codec: Codec,
        survey: &Survey,
        showing: Showing,
    ) -> Result<Box<Self>, VideoError> {
        let folder = tempfile::Builder::new()
            .prefix("retrace-video-")
            .tempdir()?;
        let encoder = EncoderSettings {
            codec,
            max_width: WIDTH_MAX,
            max_height: HEIGHT_MAX,
            ..EncoderSettings::default()
        };
        let settings = survey.settings(showing);
        let path = folder.path().to_owned();
        let job = Job::FilmTerminal(FilmTerminal::new(encoder, survey.size(), &settings, path));
        let stop = Arc::new(AtomicBool::new(false));
        let (send, mut receive) = mpsc::channel(LINES_AHEAD);
        let stopped = Arc::clone(&stop);
        let work = tokio::task::spawn_blocking(move || {
            let inputs = std::iter::from_fn(|| receive.blocking_recv());
            let mut file = None;
            let on_output = |output| {
                match output {
                    Output::File(path) => file = Some(path),
                    Output::Note(note) => {
                        tracing::warn!(problem = note.problem, "left out of a video");
                    }
                    _ => {}
                }
                Ok(())
            };
            let worker = media_worker();
            worker.run(
                &job,
                inputs.map(|lines| Ok(input(lines))),
                on_output,
                &stopped,
            )?;
            Ok(file)
        });
        Ok(Box::new(Self {
            reader: survey.reader(showing),
            lines: Some(send),
            work: Some(work),
            stop,
            file: None,
            _folder: folder,
        }))
    }

    /// Takes the next events of the terminal.
    pub(super) async fn take(&mut self, events: vec::IntoIter<Event>) -> Result<(), VideoError> {
        let mut lines = Vec::new();
        for event in events {
            let Ok(()) = self.reader.read(&event, |offset_us, change| {
                write_line(&mut lines, offset_us, change);
                Ok::<_, Infallible>(())
            });
            if lines.len() >= LINES_BYTES {
                self.send(std::mem::take(&mut lines)).await?;
            }
        }
        self.send(lines).await
    }

    async fn send(&mut self, lines: Vec<u8>) -> Result<(), VideoError> {
        let Some(to) = &self.lines else {
            return Ok(());
        };
        if !lines.is_empty() && to.send(lines).await.is_err() {
            // It does not listen any more, and says why.
            self.finish().await?;
            return Err(VideoError::NoFile);
        }
        Ok(())
    }

    /// The next piece of the file, once all events were taken. `None` at its end.
    pub(super) async fn next_piece(&mut self) -> Result<Option<Vec<u8>>, VideoError> {
        self.finish().await?;
        let Some(file) = &mut self.file else {
            return Ok(None);
        };
        let mut piece = Vec::new();
        file.take(PIECE_BYTES).read_to_end(&mut piece)?;
        Ok(Some(piece).filter(|piece| !piece.is_empty()))
    }

    /// Waits for the worker to be done.
    async fn finish(&mut self) -> Result<(), VideoError> {
        self.lines = None;
        if let Some(work) = self.work.take() {
            let made = work.await.map_err(|_| VideoError::NoFile)??;
            self.file = Some(File::open(made.ok_or(VideoError::NoFile)?)?);
        }
        Ok(())
    }
}

impl Drop for Video {
    fn drop(&mut self) {
        // Nobody waits for it any more: the worker need not finish.
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn input(lines: Vec<u8>) -> Input {
    let head = InputHead {
        first_us: 0,
        last_us: 0,
        media_type: "application/x-ndjson".to_owned(),
    };
    Input { head, bytes: lines }
}
