//! Pictures become video: only what changed is encoded, in segments that play alone.
//!
//! [`PictureEncoder`] takes screens that are in memory already, such as those of a replayed protocol;
//! [`Job::EncodePictures`](super::Job::EncodePictures) feeds it with pictures from files, and with the
//! recordings of Apache Guacamole.

use ffmpeg::Rational;
use ffmpeg::format::Pixel;
use ffmpeg::frame;
use ffmpeg_next as ffmpeg;

use super::convert::convert;
use super::decode::is_reasonable;
use super::encode::{Colors, Purpose, VideoEncoder};
use super::job::{Codec, EncodePictures, EncoderSettings, Size};
use super::mux::MemoryMuxer;
use super::output::{Done, Output, Segment};
use super::pace::Pace;
use super::picture::{Picture, Rect};
use super::scale::{self, Scaler};
use super::worker::{Fault, Sink};

mod guacamole;
mod image;
mod inputs;

pub(super) use inputs::encode_inputs;

/// The unit of time in a segment: a millisecond.
const TIME_BASE: Rational = Rational(1, 1_000);
/// A segment ends early when it has grown to this: it must fit into one output.
const SEGMENT_BYTES: usize = 24 << 20;

/// Encodes screens as they change.
pub struct PictureEncoder {
    settings: EncodePictures,
    scene: Option<Scene>,
    pace: Pace<()>,
    /// The time of the last picture.
    last_us: u64,
    /// Until when the last picture is known to be shown.
    known_us: u64,
    /// The time of the last frame, in milliseconds.
    last_ms: Option<i64>,
    frame_count: u64,
    encoder: Option<&'static str>,
}

/// What lasts as long as pictures have the same size.
struct Scene {
    size: Size,
    target: Size,
    scaler: Option<(Scaler, frame::Video)>,
    frame: frame::Video,
    open: Option<OpenSegment>,
}

struct OpenSegment {
    encoder: VideoEncoder,
    muxer: MemoryMuxer,
    first_us: u64,
    frame_count: u64,
}

impl PictureEncoder {
    /// An encoder that has not seen a picture yet.
    pub fn new(settings: EncodePictures) -> Self {
        ffmpeg::log::set_level(ffmpeg::log::Level::Error);
        let pace = Pace::new(settings.encoder.max_frame_rate);
        Self {
            settings,
            scene: None,
            pace,
            last_us: 0,
            known_us: 0,
            last_ms: None,
            frame_count: 0,
            encoder: None,
        }
    }

    /// Shows a picture. One whose time is before the one before it is taken to be shown with it.
    /// Segments that are finished go to `sink`.
    ///
    /// # Errors
    /// [`Fault::Impossible`] if it has no pixels, more than 36 million, or fewer bytes than its size
    /// says; else what the encoder and the sink return.
    pub fn push(&mut self, picture: &Picture<'_>, sink: &mut impl Sink) -> Result<(), Fault> {
        let Size { width, height } = picture.size;
        if !is_reasonable(width, height) || !picture.is_whole() {
            return Err(Fault::Impossible(format!(
                "a picture of {width} x {height} with {} bytes",
                picture.pixels.len()
            )));
        }
        let time_us = picture.time_us.max(self.last_us);
        if self.scene.as_ref().is_some_and(|s| s.size != picture.size) {
            self.known_us = self.known_us.min(time_us);
            self.end_scene(sink)?;
        }
        // A picture ends the one before it, whatever was said of that one.
        let known_us = self.known_us.min(time_us);
        if let Some((held_us, ())) = self.pace.release(time_us) {
            self.encode(held_us, known_us, sink)?;
        }
        self.last_us = time_us;
        self.known_us = time_us;
        let whole = Rect {
            x: 0,
            y: 0,
            width,
            height,
        };
        let (scene, part) = match &mut self.scene {
            Some(scene) => (scene, picture.changed.unwrap_or(whole)),
            None => {
                let scene = Scene::new(picture.size, &self.settings.encoder)?;
                (self.scene.insert(scene), whole)
            }
        };
        let Some(part) = part.within(picture.size) else {
            return Ok(());
        };
        scene.draw(picture, part);
        if self.settings.after_us.is_some_and(|after| time_us <= after) {
            return Ok(());
        }
        match self.pace.offer(time_us, ()) {
            Some(_) => self.encode(time_us, known_us, sink),
            None => Ok(()),
        }
    }

    /// Says that the last picture is shown until this time at least, in microseconds.
    pub fn hold(&mut self, until_us: u64) {
        self.known_us = self.known_us.max(until_us);
    }

    /// Ends the video. The last segment goes to `sink`.
    ///
    /// # Errors
    /// What the encoder and the sink return.
    pub fn finish(mut self, sink: &mut impl Sink) -> Result<Done, Fault> {
        self.end_scene(sink)?;
        Ok(Done {
            duration_us: self.known_us,
            frame_count: self.frame_count,
            encoder: self.encoder.map(str::to_owned),
        })
    }

    fn end_scene(&mut self, sink: &mut impl Sink) -> Result<(), Fault> {
        if let Some((held_us, ())) = self.pace.finish() {
            self.encode(held_us, self.known_us, sink)?;
        }
        self.end_segment(self.known_us, sink)?;
        self.scene = None;
        Ok(())
    }

    /// Encodes the screen as it is, as the frame shown from this time on. The frame before it is known
    /// to be shown until `known_us`.
    fn encode(&mut self, time_us: u64, known_us: u64, sink: &mut impl Sink) -> Result<(), Fault> {
        let segment_us = u64::from(self.settings.segment_ms).saturating_mul(1_000);
        let open = self.scene.as_ref().and_then(|scene| scene.open.as_ref());
        let is_full = open.is_some_and(|open| {
            time_us.saturating_sub(open.first_us) >= segment_us || open.muxer.len() > SEGMENT_BYTES
        });
        if is_full {
            self.end_segment(time_us.min(known_us), sink)?;
        }
        let Some(scene) = &mut self.scene else {
            return Ok(());
        };
        let ms = milliseconds(time_us).max(self.last_ms.map_or(0, |last| last + 1));
        self.last_ms = Some(ms);
        self.frame_count += 1;
        if let Some((scaler, source)) = &mut scene.scaler {
            scaler.run(source, &mut scene.frame)?;
        }
        let open = match &mut scene.open {
            Some(open) => open,
            None => {
                let open = OpenSegment::begin(&self.settings.encoder, scene.target, time_us)?;
                self.encoder = Some(open.encoder.name);
                scene.open.insert(open)
            }
        };
        let muxer = &mut open.muxer;
        let keyframe = open.frame_count == 0;
        open.frame_count += 1;
        open.encoder
            .encode(&mut scene.frame, ms, keyframe, |packet| muxer.write(packet))
    }

    fn end_segment(&mut self, last_us: u64, sink: &mut impl Sink) -> Result<(), Fault> {
        let Some(scene) = &mut self.scene else {
            return Ok(());
        };
        let Some(mut open) = scene.open.take() else {
            return Ok(());
        };
        let muxer = &mut open.muxer;
        open.encoder.finish(|packet| muxer.write(packet))?;
        let bytes = open.muxer.end(milliseconds(last_us))?;
        let (codec, media_type) = match self.settings.encoder.codec {
            Codec::Vp9 => ("vp9", "video/webm"),
            Codec::H264 => ("h264", "video/x-matroska"),
        };
        let segment = Segment {
            first_us: open.first_us,
            last_us: last_us.max(open.first_us),
            frame_count: open.frame_count,
            width: scene.target.width,
            height: scene.target.height,
            codec: codec.to_owned(),
            media_type: media_type.to_owned(),
        };
        sink.send(Output::Segment(segment, bytes))
    }
}

impl Scene {
    fn new(size: Size, settings: &EncoderSettings) -> Result<Self, Fault> {
        let target = scale::bounded(size, settings);
        let frame = scale::frame(Pixel::YUV420P, target)?;
        let fits = target.width >= size.width && target.height >= size.height;
        let scaler = if fits {
            None
        } else {
            let source = scale::frame(Pixel::RGBA, size)?;
            Some((Scaler::new(&source, &frame)?, source))
        };
        Ok(Self {
            size,
            target,
            scaler,
            frame,
            open: None,
        })
    }

    fn draw(&mut self, picture: &Picture<'_>, part: Rect) {
        match &mut self.scaler {
            None => convert(picture, part, &mut self.frame),
            Some((_, source)) => scale::copy_rgba(picture, part, source),
        }
    }
}

impl OpenSegment {
    fn begin(settings: &EncoderSettings, size: Size, first_us: u64) -> Result<Self, Fault> {
        let encoder =
            VideoEncoder::open(settings, size, Colors::CONVERTED, Purpose::Live, TIME_BASE)?;
        let muxer = MemoryMuxer::begin(settings.codec, (&encoder.encoder).into(), TIME_BASE)?;
        Ok(Self {
            encoder,
            muxer,
            first_us,
            frame_count: 0,
        })
    }
}

/// To the nearest.
fn milliseconds(us: u64) -> i64 {
    i64::try_from(us / 1_000 + u64::from(us % 1_000 >= 500)).unwrap_or(i64::MAX / 2)
}
