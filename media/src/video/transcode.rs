//! Any video to one file of one codec and one size, with the times that the pictures had.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use ffmpeg::{Rational, frame};
use ffmpeg_next as ffmpeg;

use super::decode::{self, Options};
use super::encode::{Colors, Purpose, VideoEncoder};
use super::job::{Codec, EncoderSettings, Size, Transcode};
use super::mux::FileMuxer;
use super::output::{Done, Input, Output};
use super::pace::Pace;
use super::protocol;
use super::scale::{self, Canvas, Scaler};
use super::source::{Feed, PipeFeed, Runs};
use super::worker::{Fault, Sink};

/// A player finds its way by keyframes: there is one at least this often.
pub(super) const KEYFRAME_EVERY_US: u64 = 30_000_000;

/// Does the job [`Transcode`].
pub(super) fn run(
    job: &Transcode,
    feed: impl Feed + 'static,
    out: &mut impl Sink,
) -> Result<Done, Fault> {
    let options = Options {
        threads: job.encoder.threads,
        folder: Some(&job.folder),
        ..Options::default()
    };
    let (mut runs, largest) = match job.canvas {
        Some(canvas) => (Runs::new(feed), canvas),
        None => keep_and_measure(&job.folder, feed, out)?,
    };
    let mut transcoder = Transcoder {
        settings: &job.encoder,
        folder: &job.folder,
        size: scale::bounded(largest, &job.encoder),
        pace: Pace::new(job.encoder.max_frame_rate),
        canvas: None,
        file: None,
        last_us: None,
        keyframe_us: 0,
        frame_count: 0,
    };
    decode::each_frame(&mut runs, &options, out, |time_us, picture, _| {
        transcoder.push(time_us, picture)?;
        Ok(ControlFlow::Continue(()))
    })?;
    let inputs_us = runs.last_us();
    drop(runs);
    transcoder.finish(inputs_us, out)
}

/// Copies the inputs to the folder, decoding their keyframes to find the largest size.
fn keep_and_measure(
    folder: &Path,
    feed: impl Feed + 'static,
    out: &mut impl Sink,
) -> Result<(Runs, Size), Fault> {
    // Without a name as soon as it is open: nothing is left behind, however this ends.
    let path = folder.join("inputs");
    let file = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(&path)?;
    std::fs::remove_file(&path)?;
    let kept = BufWriter::new(file.try_clone()?);
    let mut runs = Runs::new(KeepingFeed { feed, kept });
    let options = Options {
        keyframes_only: true,
        folder: Some(folder),
        ..Options::default()
    };
    let mut largest = Size {
        width: 0,
        height: 0,
    };
    decode::each_frame(&mut runs, &options, &mut Quiet(out), |_, picture, _| {
        let (width, height) = (picture.width(), picture.height());
        let pixels = |size: Size| u64::from(size.width) * u64::from(size.height);
        if pixels(Size { width, height }) > pixels(largest) {
            largest = Size { width, height };
        }
        Ok(ControlFlow::Continue(()))
    })?;
    drop(runs);
    let mut file = file;
    file.rewind()?;
    let runs = Runs::new(PipeFeed(BufReader::new(file)));
    if largest.width == 0 {
        largest = Size {
            width: 2,
            height: 2,
        };
    }
    Ok((runs, largest))
}

/// Writes down what passes, as it came over the wire.
struct KeepingFeed<F> {
    feed: F,
    kept: BufWriter<File>,
}

impl<F: Feed> Feed for KeepingFeed<F> {
    fn next(&mut self) -> io::Result<Option<Input>> {
        let input = self.feed.next()?;
        match &input {
            Some(input) => protocol::write_input(&mut self.kept, input)?,
            None => {
                protocol::write_end(&mut self.kept)?;
                self.kept.flush()?;
            }
        }
        Ok(input)
    }
}

/// The first reading says that it is alive, and nothing else: what is wrong is said by the second.
struct Quiet<'a, S>(&'a mut S);

impl<S: Sink> Sink for Quiet<'_, S> {
    fn send(&mut self, _: Output) -> Result<(), Fault> {
        Ok(())
    }

    fn progress(&mut self, _: u64) -> Result<(), Fault> {
        self.0.progress(0)
    }
}

struct Transcoder<'a> {
    settings: &'a EncoderSettings,
    folder: &'a Path,
    size: Size,
    pace: Pace<frame::Video>,
    canvas: Option<Canvas>,
    file: Option<OpenFile>,
    last_us: Option<u64>,
    keyframe_us: u64,
    frame_count: u64,
}

/// The one file of a job, and its encoder.
pub(super) struct OpenFile {
    encoder: VideoEncoder,
    muxer: FileMuxer,
    /// For encoders that want another order of the same numbers.
    reorder: Option<(Scaler, frame::Video)>,
    last_tick: Option<i64>,
}

impl Transcoder<'_> {
    fn push(&mut self, time_us: u64, picture: &mut frame::Video) -> Result<(), Fault> {
        // Where one file reaches into the next, what was shown already stays.
        if self.last_us.is_some_and(|last| time_us <= last) {
            return Ok(());
        }
        self.last_us = Some(time_us);
        if let Some((held_us, held)) = self.pace.release(time_us) {
            self.encode(held_us, held)?;
        }
        let canvas = match &mut self.canvas {
            Some(canvas) => canvas,
            None => self.canvas.insert(Canvas::new(self.size)?),
        };
        let placed = canvas.place(picture)?;
        match self.pace.offer(time_us, placed) {
            Some((time_us, placed)) => self.encode(time_us, placed),
            None => Ok(()),
        }
    }

    fn encode(&mut self, time_us: u64, mut frame: frame::Video) -> Result<(), Fault> {
        let is_first = self.file.is_none();
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let colors = Colors::of(&frame);
                let file = OpenFile::begin(self.settings, self.folder, self.size, colors)?;
                self.file.insert(file)
            }
        };
        let keyframe = is_first || time_us - self.keyframe_us.min(time_us) >= KEYFRAME_EVERY_US;
        if keyframe {
            self.keyframe_us = time_us;
        }
        self.frame_count += 1;
        file.encode(time_us, &mut frame, keyframe)
    }

    fn finish(mut self, inputs_us: u64, out: &mut impl Sink) -> Result<Done, Fault> {
        if let Some((held_us, held)) = self.pace.finish() {
            self.encode(held_us, held)?;
        }
        let Some(file) = self.file else {
            return Err(Fault::Impossible(
                "there is no picture in any input".to_owned(),
            ));
        };
        let duration_us = inputs_us.max(self.last_us.unwrap_or(0));
        let (path, encoder) = file.finish(duration_us)?;
        out.send(Output::File(path))?;
        Ok(Done {
            duration_us,
            frame_count: self.frame_count,
            encoder: Some(encoder.to_owned()),
        })
    }
}

impl OpenFile {
    pub(super) fn begin(
        settings: &EncoderSettings,
        folder: &Path,
        size: Size,
        colors: Colors,
    ) -> Result<Self, Fault> {
        let time_base = match settings.codec {
            Codec::H264 => Rational(1, 90_000),
            Codec::Vp9 => Rational(1, 1_000),
        };
        let encoder = VideoEncoder::open(settings, size, colors, Purpose::File, time_base)?;
        let parameters = (&encoder.encoder).into();
        let muxer = FileMuxer::begin(folder, settings.codec, parameters, time_base)?;
        Ok(Self {
            encoder,
            muxer,
            reorder: None,
            last_tick: None,
        })
    }

    pub(super) fn encode(
        &mut self,
        time_us: u64,
        frame: &mut frame::Video,
        keyframe: bool,
    ) -> Result<(), Fault> {
        let tick = ticks(time_us, self.encoder.time_base);
        let tick = tick.max(self.last_tick.map_or(0, |last| last + 1));
        self.last_tick = Some(tick);
        let muxer = &mut self.muxer;
        if frame.format() == self.encoder.pixel {
            return self
                .encoder
                .encode(frame, tick, keyframe, |p| muxer.write(p));
        }
        let (scaler, reordered) = match &mut self.reorder {
            Some(reorder) => reorder,
            None => {
                let size = Size {
                    width: frame.width(),
                    height: frame.height(),
                };
                let target = scale::frame(self.encoder.pixel, size)?;
                self.reorder.insert((Scaler::new(frame, &target)?, target))
            }
        };
        scaler.run(frame, reordered)?;
        self.encoder
            .encode(reordered, tick, keyframe, |p| muxer.write(p))
    }

    /// Ends the file at this time. Gives its path, and the name of the encoder.
    pub(super) fn finish(mut self, end_us: u64) -> Result<(PathBuf, &'static str), Fault> {
        let muxer = &mut self.muxer;
        self.encoder.finish(|packet| muxer.write(packet))?;
        let end = ticks(end_us, self.encoder.time_base);
        Ok((self.muxer.end(end)?, self.encoder.name))
    }
}

/// Microseconds in units of the time base, to the nearest.
fn ticks(us: u64, time_base: Rational) -> i64 {
    let per_second = i128::from(time_base.denominator());
    let ticks = (i128::from(us) * per_second + 500_000) / 1_000_000;
    // Far beyond any recording, and well within what is calculated with later.
    i64::try_from(ticks).unwrap_or(i64::MAX).min(1 << 50)
}
