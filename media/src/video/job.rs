//! What a worker may be asked to do, and within which bounds.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::terminal;

/// One piece of work. The inputs follow it, one by one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "camelCase")]
pub enum Job {
    /// Pictures become video segments, each of which plays alone.
    EncodePictures(EncodePictures),
    /// A terminal session becomes one file.
    FilmTerminal(FilmTerminal),
    /// Any video becomes one file of one codec and one size.
    Transcode(Transcode),
    /// H.264 in MP4 pieces becomes one file, without encoding again.
    JoinMp4(JoinMp4),
    /// How much of the screen changes, second by second, and thumbnails.
    Analyze(Analyze),
    /// The picture that is shown at one time.
    Still(Still),
}

/// What the worker's process may use. Beyond it, the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Limits {
    /// Address space, in bytes. Libraries and the stacks of threads count, so this is several times
    /// what is in use.
    pub memory_bytes: u64,
    /// Time of all processors together, in seconds: the last resort against an endless loop.
    pub cpu_seconds: u64,
}

impl Default for Limits {
    /// 2 GiB and 24 hours.
    fn default() -> Self {
        Self {
            memory_bytes: 2 << 30,
            cpu_seconds: 24 * 3600,
        }
    }
}

/// A width and a height, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Size {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
}

/// What video is encoded as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// VP9 by libvpx, tuned for screens. In WebM.
    Vp9,
    /// H.264, high profile, 4:2:0. In MP4; segments of it are in Matroska, as browsers record it.
    H264,
}

/// How H.264 is encoded, where there is a choice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hardware {
    /// By libx264.
    #[default]
    None,
    /// The first that opens of `h264_nvenc`, `h264_qsv`, `h264_vaapi`; libx264 if none does.
    Any,
    /// NVIDIA's, or libx264.
    Nvenc,
    /// VA-API, or libx264.
    Vaapi,
    /// Intel's Quick Sync, or libx264.
    Qsv,
}

/// How to encode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct EncoderSettings {
    /// What to encode as.
    pub codec: Codec,
    /// Bits per second on average; 0 is constant quality, however many bits it takes.
    pub bitrate: u32,
    /// At most this many frames a second; 0 is as many as come. Of frames that come too soon after
    /// each other the last is kept, at its own time.
    pub max_frame_rate: u32,
    /// Wider pictures are scaled down, keeping the aspect; 0 is 16,384.
    pub max_width: u32,
    /// Higher pictures are scaled down, keeping the aspect; 0 is 16,384.
    pub max_height: u32,
    /// Threads to encode with; 0 lets the encoder choose.
    pub threads: u32,
    /// Which encoder for H.264.
    pub hardware: Hardware,
}

impl Default for EncoderSettings {
    fn default() -> Self {
        Self {
            codec: Codec::Vp9,
            bitrate: 0,
            max_frame_rate: 0,
            max_width: 0,
            max_height: 0,
            threads: 0,
            hardware: Hardware::None,
        }
    }
}

/// See [`Job::EncodePictures`]. Inputs are `image/png`, `image/jpeg` and `image/webp`, one picture each,
/// and `application/x-guacamole-recording`: one recording, in as many pieces as follow each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EncodePictures {
    /// How to encode.
    pub encoder: EncoderSettings,
    /// A segment ends at the first changed picture this long after its beginning, in milliseconds.
    pub segment_ms: u32,
    /// Pictures up to this time, in microseconds, are encoded already: they are looked at only for
    /// what they leave on the screen.
    pub after_us: Option<u64>,
}

impl Default for EncodePictures {
    /// VP9 of constant quality, at most 10 frames a second, segments of 30 s.
    fn default() -> Self {
        Self {
            encoder: EncoderSettings {
                max_frame_rate: 10,
                ..EncoderSettings::default()
            },
            segment_ms: 30_000,
            after_us: None,
        }
    }
}

/// See [`Job::FilmTerminal`]. Inputs are lines of what happened ([`terminal::changes`]), of any media type,
/// each cut at the end of a line; their times are those of the lines. The times of the file are counted
/// from its first frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FilmTerminal {
    /// How to encode: H.264 gives an MP4 whose index comes first, VP9 a WebM. Frames come as often as
    /// `frames_per_second` below says.
    pub encoder: EncoderSettings,
    /// The most columns that the terminal has.
    pub columns: u16,
    /// The most rows that it has.
    pub rows: u16,
    /// Colours.
    pub theme: terminal::theme::Theme,
    /// The size of the letters in pixels.
    pub font_size: u16,
    /// The most frames in a second, 1 to 50.
    pub frames_per_second: u32,
    /// How many times faster than recorded, in thousandths.
    pub speed_permille: u32,
    /// Pauses that are longer are shown as this long, in milliseconds; 0 for all as they were.
    pub idle_limit_ms: u64,
    /// How long the last screen is shown, in milliseconds.
    pub last_frame_ms: u64,
    /// A folder of the caller's, private to this job: the output is written to it.
    pub folder: PathBuf,
}

impl FilmTerminal {
    /// The film of a terminal up to this size, shown in this way.
    pub fn new(
        encoder: EncoderSettings,
        size: terminal::Size,
        settings: &terminal::frames::Settings,
        folder: PathBuf,
    ) -> Self {
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            encoder,
            columns: size.columns(),
            rows: size.rows(),
            theme: settings.theme.clone(),
            font_size: settings.font_size.pixels(),
            frames_per_second: settings.frames_per_second,
            // Out of range becomes the nearest, and no number 0, which is clamped later.
            speed_permille: (settings.speed * 1_000.0).round() as u32,
            idle_limit_ms: settings.idle_limit.map_or(0, milliseconds),
            last_frame_ms: milliseconds(settings.last_frame),
            folder,
        }
    }

    /// The largest that the terminal is.
    pub(super) fn size(&self) -> terminal::Size {
        terminal::Size::clamped(self.columns.into(), self.rows.into())
    }

    /// How it is shown.
    pub(super) fn settings(&self) -> terminal::frames::Settings {
        let idle_limit = Some(self.idle_limit_ms).filter(|&limit| limit > 0);
        terminal::frames::Settings {
            theme: self.theme.clone(),
            font_size: terminal::font::FontSize::clamped(self.font_size.into()),
            frames_per_second: self.frames_per_second,
            idle_limit: idle_limit.map(Duration::from_millis),
            speed: f64::from(self.speed_permille) / 1_000.0,
            last_frame: Duration::from_millis(self.last_frame_ms),
        }
    }
}

/// See [`Job::Transcode`]. Inputs are WebM or MP4 in order of time; one that does not begin with the
/// header of such a file continues the one before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Transcode {
    /// How to encode: H.264 gives an MP4 whose index comes first, VP9 a WebM.
    pub encoder: EncoderSettings,
    /// The size of every frame: smaller pictures are scaled up to it and padded with black, keeping
    /// the aspect. Without it, it is the largest size of any keyframe, and the inputs are kept in the
    /// folder until all have come.
    pub canvas: Option<Size>,
    /// A folder of the caller's, private to this job: the output is written to it.
    pub folder: PathBuf,
}

/// See [`Job::JoinMp4`]. Inputs are H.264 in MP4, whole or fragmented, in order of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JoinMp4 {
    /// A folder of the caller's, private to this job: the output is written to it.
    pub folder: PathBuf,
}

/// See [`Job::Analyze`]. Inputs as for [`Transcode`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Analyze {
    /// Whether to measure how much of the screen changes. That decodes every frame; thumbnails alone
    /// decode keyframes only.
    pub changes: bool,
    /// One thumbnail per so many milliseconds; 0 is none.
    pub tile_ms: u32,
    /// Threads to decode with; 0 lets the decoder choose.
    pub threads: u32,
    /// A folder of the caller's, private to this job; used only for MP4 whose index is at the end.
    pub folder: Option<PathBuf>,
}

/// What kind of file a still becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageKind {
    /// `image/png`.
    Png,
    /// `image/webp`, without loss.
    Webp,
}

/// See [`Job::Still`]. The inputs begin with the keyframe at or before the time and go on past it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Still {
    /// The time, in microseconds: of the frames at or before it, the last; if there is none, the first.
    pub at_us: u64,
    /// What to write.
    pub image: ImageKind,
    /// Wider pictures are scaled down, keeping the aspect; 0 is no maximum.
    pub max_width: u32,
    /// A folder of the caller's, private to this job; used only for MP4 whose index is at the end.
    pub folder: Option<PathBuf>,
}
