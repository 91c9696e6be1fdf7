//! One file of video, read to its end without decoding it.

use retrace_media::{mp4, webm};

use crate::import::{ContentFacts, FormatError, Input};

const READ_BYTES: usize = 64 << 10;
/// Nobody records for ten years.
const LENGTH_US_MAX: u64 = 315_576_000_000_000;

/// What is known of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clip {
    pub(super) content: ContentFacts,
    /// `video/webm`, `video/mp4`, or of neither.
    pub(super) media_type: &'static str,
    /// Its frames, if it has any.
    pub(super) video: Option<Video>,
    /// When it says it was made, in microseconds since 1970.
    pub(super) made_us: Option<i64>,
    /// Why there is not more of it.
    pub(super) problem: Option<String>,
}

/// The frames of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Video {
    /// In the words of the log: `vp8`, `h264`.
    pub(super) codec: String,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) frames: u32,
    /// The times of the first and the last frame, and until when that is shown, in microseconds of the
    /// file's clock.
    pub(super) first_us: u64,
    pub(super) last_us: u64,
    pub(super) end_us: u64,
}

/// What an import can be of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Webm,
    Mp4,
}

impl Kind {
    /// By how a file begins.
    pub(super) fn of(beginning: &[u8]) -> Option<Self> {
        if webm::looks_like(beginning) {
            Some(Self::Webm)
        } else {
            mp4::looks_like(beginning).then_some(Self::Mp4)
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Webm => "video/webm",
            Self::Mp4 => "video/mp4",
        }
    }
}

/// Codec and size, as far as the beginning of a file tells.
pub(super) fn parameters(beginning: &[u8]) -> Option<(String, u32, u32)> {
    match Kind::of(beginning)? {
        Kind::Webm => {
            let mut scanner = webm::Scanner::new();
            // Damage further on does not make what was found wrong.
            let _ = scanner.push(beginning);
            let track = scanner.track()?;
            Some((track.codec_id.clone(), track.width, track.height))
        }
        Kind::Mp4 => {
            let mut scanner = mp4::Scanner::new();
            let _ = scanner.push(beginning);
            let track = scanner.track()?;
            Some((track.codec.clone(), track.width, track.height))
        }
    }
}

impl Clip {
    /// Reads a file to its end. What it holds may be anything.
    pub(super) fn read(input: &mut Input) -> Result<Self, FormatError> {
        let kind = Kind::of(input.peek(READ_BYTES)?);
        let mut clip = match kind {
            Some(Kind::Webm) => read_webm(input)?,
            Some(Kind::Mp4) => read_mp4(input)?,
            None => Self::nothing(match input.peek(1)? {
                [] => "it is empty".to_owned(),
                _ => "neither WebM nor MP4: it begins like neither".to_owned(),
            }),
        };
        input.read_to_end()?;
        clip.content = input.facts();
        clip.media_type = kind.map_or("application/octet-stream", Kind::media_type);
        if let Some(video) = &clip.video
            && video.end_us - video.first_us > LENGTH_US_MAX
        {
            clip.video = None;
            clip.problem = Some("its times reach over more than ten years".to_owned());
        }
        Ok(clip)
    }

    fn nothing(problem: String) -> Self {
        Self {
            content: ContentFacts {
                bytes: 0,
                sha256: [0; 32],
            },
            media_type: "application/octet-stream",
            video: None,
            made_us: None,
            problem: Some(problem),
        }
    }
}

/// Gives the bytes of a file to `push`, until it wants no more.
fn each_piece(input: &mut Input, mut push: impl FnMut(&[u8]) -> bool) -> Result<(), FormatError> {
    loop {
        let piece = input.peek(READ_BYTES)?;
        let count = piece.len();
        if count == 0 || !push(piece) {
            return Ok(());
        }
        input.skip(count);
    }
}

fn read_webm(input: &mut Input) -> Result<Clip, FormatError> {
    let mut scanner = webm::Scanner::new();
    let (mut frames, mut first_us, mut last_us) = (0_u64, u64::MAX, 0);
    each_piece(input, |piece| {
        let good = scanner.push(piece).is_ok();
        for frame in scanner.frames() {
            frames += 1;
            first_us = first_us.min(frame.time_us);
            last_us = last_us.max(frame.time_us);
        }
        good
    })?;
    let problem = scanner.finish().map(|error| error.to_string());
    let video = scanner.track().filter(|_| frames > 0).map(|track| {
        let between = (last_us - first_us) / (frames - 1).max(1);
        Video {
            codec: codec(&track.codec_id),
            width: track.width,
            height: track.height,
            frames: u32::try_from(frames).unwrap_or(u32::MAX),
            first_us,
            last_us,
            end_us: last_us.saturating_add(between),
        }
    });
    let no_frames = || Some("it has no frame of video".to_owned());
    Ok(Clip {
        problem: problem.or_else(|| if video.is_some() { None } else { no_frames() }),
        video,
        made_us: scanner.date_us(),
        ..Clip::nothing(String::new())
    })
}

fn read_mp4(input: &mut Input) -> Result<Clip, FormatError> {
    let mut scanner = mp4::Scanner::new();
    each_piece(input, |piece| scanner.push(piece).is_ok())?;
    Ok(match scanner.finish() {
        Err(error) => Clip::nothing(error.to_string()),
        Ok((facts, problem)) => {
            let no_frames = || Some("it has no frame of video".to_owned());
            let video = (facts.frames > 0).then(|| Video {
                codec: codec(&facts.track.codec),
                width: facts.track.width,
                height: facts.track.height,
                frames: u32::try_from(facts.frames).unwrap_or(u32::MAX),
                first_us: facts.first_us,
                last_us: facts.last_us,
                end_us: facts.end_us,
            });
            let problem = problem.map(|error| error.to_string());
            Clip {
                problem: problem.or_else(|| if video.is_some() { None } else { no_frames() }),
                video,
                made_us: facts.created_s.and_then(|s| s.checked_mul(1_000_000)),
                ..Clip::nothing(String::new())
            }
        }
    })
}

/// A codec in the words of the log; one that is not known as the container names it.
fn codec(name: &str) -> String {
    let known = match name {
        "V_VP8" | "vp08" => "vp8",
        "V_VP9" | "vp09" => "vp9",
        "V_AV1" | "av01" => "av1",
        "V_MPEG4/ISO/AVC" | "avc1" | "avc3" => "h264",
        "V_MPEGH/ISO/HEVC" | "hvc1" | "hev1" => "h265",
        "V_MPEG4/ISO/ASP" | "mp4v" => "mpeg4",
        other => other.get(..other.floor_char_boundary(64)).unwrap_or(other),
    };
    known.to_owned()
}
