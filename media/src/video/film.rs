//! A terminal session to one file: drawn, and encoded as it is drawn.
//!
//! Each change of the screen is a frame at its own time; between changes there is none.

use std::path::Path;

use ffmpeg::format::Pixel;
use ffmpeg::frame;
use ffmpeg_next as ffmpeg;

use super::convert::convert;
use super::encode::Colors;
use super::job::{EncoderSettings, FilmTerminal, Size};
use super::output::{Done, Output};
use super::picture::{Picture, PixelOrder, Rect};
use super::scale::{self, Scaler};
use super::source::Feed;
use super::transcode::{KEYFRAME_EVERY_US, OpenFile};
use super::worker::{Fault, Sink, note};
use crate::terminal::changes;
use crate::terminal::frames::{Animation, Change, Extent, Frame, FrameSink};

/// Does the job [`FilmTerminal`].
pub(super) fn run(
    job: &FilmTerminal,
    feed: &mut impl Feed,
    out: &mut impl Sink,
) -> Result<Done, Fault> {
    let mut extent = Extent::default();
    extent.note(Change::Started(job.size()));
    let film = Film {
        settings: &job.encoder,
        folder: &job.folder,
        scene: None,
        keyframe_us: 0,
        frame_count: 0,
        end_us: 0,
    };
    let mut animation = Animation::new(extent, &job.settings(), film)
        .map_err(|error| Fault::Impossible(error.to_string()))?;
    let mut index = 0;
    while let Some(input) = feed.next().map_err(Fault::Pipe)? {
        for moment in changes::read_lines(&input.bytes) {
            match moment {
                Ok(moment) => match moment.change() {
                    Some(change) => animation.apply(moment.offset_us, change)?,
                    None => animation.advance_to(moment.offset_us)?,
                },
                Err(problem) => note(out, index, problem.to_string())?,
            }
            out.progress(animation.now_us())?;
        }
        index += 1;
    }
    animation.finish()?.finish(out)
}

/// Takes frames of a terminal to a file.
struct Film<'a> {
    settings: &'a EncoderSettings,
    folder: &'a Path,
    scene: Option<Scene>,
    keyframe_us: u64,
    frame_count: u64,
    end_us: u64,
}

struct Scene {
    file: OpenFile,
    frame: frame::Video,
    /// Where pictures are larger than they may be encoded.
    scaler: Option<(Scaler, frame::Video)>,
}

impl Scene {
    fn begin(settings: &EncoderSettings, folder: &Path, size: Size) -> Result<Self, Fault> {
        let target = scale::bounded(size, settings);
        let frame = scale::frame(Pixel::YUV420P, target)?;
        let scaler = if target == size {
            None
        } else {
            let source = scale::frame(Pixel::RGBA, size)?;
            Some((Scaler::new(&source, &frame)?, source))
        };
        Ok(Self {
            file: OpenFile::begin(settings, folder, target, Colors::CONVERTED)?,
            frame,
            scaler,
        })
    }
}

impl FrameSink for Film<'_> {
    type Error = Fault;

    fn frame(&mut self, shown: Frame<'_>) -> Result<(), Fault> {
        let size = Size {
            width: shown.picture.width(),
            height: shown.picture.height(),
        };
        let is_first = self.scene.is_none();
        let scene = match &mut self.scene {
            Some(scene) => scene,
            None => self
                .scene
                .insert(Scene::begin(self.settings, self.folder, size)?),
        };
        let picture = Picture {
            time_us: shown.time_us,
            size,
            order: PixelOrder::Rgba,
            stride: 4 * size.width as usize,
            pixels: shown.picture.rgba(),
            changed: None,
        };
        for rect in shown.changed {
            let part = Rect {
                x: rect.left,
                y: rect.top,
                width: rect.width,
                height: rect.height,
            };
            match &mut scene.scaler {
                None => convert(&picture, part, &mut scene.frame),
                Some((_, source)) => scale::copy_rgba(&picture, part, source),
            }
        }
        if let Some((scaler, source)) = &mut scene.scaler {
            scaler.run(source, &mut scene.frame)?;
        }
        let since = shown.time_us.saturating_sub(self.keyframe_us);
        let keyframe = is_first || since >= KEYFRAME_EVERY_US;
        if keyframe {
            self.keyframe_us = shown.time_us;
        }
        self.frame_count += 1;
        scene.file.encode(shown.time_us, &mut scene.frame, keyframe)
    }

    fn end(&mut self, time_us: u64) -> Result<(), Fault> {
        self.end_us = time_us;
        Ok(())
    }
}

impl Film<'_> {
    fn finish(self, out: &mut impl Sink) -> Result<Done, Fault> {
        let Some(scene) = self.scene else {
            return Err(Fault::Impossible("there is no picture".to_owned()));
        };
        let (path, encoder) = scene.file.finish(self.end_us)?;
        out.send(Output::File(path))?;
        Ok(Done {
            duration_us: self.end_us,
            frame_count: self.frame_count,
            encoder: Some(encoder.to_owned()),
        })
    }
}
