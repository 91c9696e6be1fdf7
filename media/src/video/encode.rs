//! From pictures to packets.
//!
//! Chosen by measurement on 343 changed frames of a 1024 x 768 desktop (VNC, terminal and `top`), one
//! core, time with reading the pictures:
//!
//! | encoder                                            | time   | size   | SSIM (luma, mean, least) |
//! |----------------------------------------------------|--------|--------|--------------------------|
//! | VP9 realtime, speed 8, screen, crf 32, no AQ       | 0.73 s | 425 kB | 0.9983, 0.9942           |
//! | the same without `tune-content=screen`             | 0.74 s | 815 kB | 0.9963, 0.9856           |
//! | the same at speed 7                                | 0.78 s | 379 kB | 0.9985, 0.9960           |
//! | VP8 realtime, speed 16, crf 20                     | 0.46 s | 901 kB | 0.9990                   |
//! | H.264 ultrafast, crf 23                            | 0.47 s | 993 kB | 0.9994                   |
//! | H.264 veryfast, crf 23                             | 0.89 s | 472 kB | 0.9990                   |
//!
//! `static-thresh` changed nothing that matters: without it nothing is at risk of being left out.

use ffmpeg::codec::{self, encoder};
use ffmpeg::format::Pixel;
use ffmpeg::util::error::EAGAIN;
use ffmpeg::{Dictionary, Packet, Rational, color, frame, picture};
use ffmpeg_next as ffmpeg;

use super::job::{Codec, EncoderSettings, Hardware, Size};
use super::worker::Fault;

/// What an encoder makes is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Segments, soon after the pictures: nothing is looked ahead.
    Live,
    /// A file, as small as may be.
    File,
}

/// How the numbers of pixels are to be understood.
#[derive(Debug, Clone, Copy)]
pub(super) struct Colors {
    pub(super) space: color::Space,
    pub(super) range: color::Range,
}

impl Colors {
    /// What this crate and swscale make of RGB: BT.601, of limited range.
    pub(super) const CONVERTED: Self = Self {
        space: color::Space::SMPTE170M,
        range: color::Range::MPEG,
    };

    /// What a decoded frame says of itself.
    pub(super) fn of(frame: &frame::Video) -> Self {
        if frame.color_space() == color::Space::RGB || frame.format() != Pixel::YUV420P {
            return Self::CONVERTED;
        }
        Self {
            space: frame.color_space(),
            range: frame.color_range(),
        }
    }
}

/// An encoder that is open.
pub(super) struct VideoEncoder {
    pub(super) encoder: encoder::Video,
    /// As FFmpeg calls it.
    pub(super) name: &'static str,
    /// What its frames are to be.
    pub(super) pixel: Pixel,
    pub(super) time_base: Rational,
}

impl VideoEncoder {
    /// Opens the encoder that the settings ask for, for frames of this even size.
    pub(super) fn open(
        settings: &EncoderSettings,
        size: Size,
        colors: Colors,
        purpose: Purpose,
        time_base: Rational,
    ) -> Result<Self, Fault> {
        let names: &[&'static str] = match (settings.codec, settings.hardware) {
            (Codec::Vp9, _) => &["libvpx-vp9"],
            (Codec::H264, Hardware::None) => &["libx264"],
            (Codec::H264, Hardware::Any) => &["h264_nvenc", "h264_qsv", "h264_vaapi", "libx264"],
            (Codec::H264, Hardware::Nvenc) => &["h264_nvenc", "libx264"],
            (Codec::H264, Hardware::Vaapi) => &["h264_vaapi", "libx264"],
            (Codec::H264, Hardware::Qsv) => &["h264_qsv", "libx264"],
        };
        let mut last = ffmpeg::Error::EncoderNotFound;
        for &name in names {
            let Some(codec) = encoder::find_by_name(name) else {
                continue;
            };
            let pixel = if name == "h264_qsv" {
                Pixel::NV12
            } else {
                Pixel::YUV420P
            };
            let mut video = codec::Context::new_with_codec(codec)
                .encoder()
                .video()
                .map_err(|e| Fault::ffmpeg("opening the encoder", e))?;
            video.set_width(size.width);
            video.set_height(size.height);
            video.set_format(pixel);
            video.set_time_base(time_base);
            // Times vary; this is for the encoder's own planning.
            video.set_frame_rate(Some(Rational(30, 1)));
            video.set_colorspace(colors.space);
            video.set_color_range(colors.range);
            video.set_bit_rate(settings.bitrate as usize);
            video.set_gop(9_999);
            video.set_flags(codec::Flags::GLOBAL_HEADER);
            video.set_threading(codec::threading::Config {
                kind: codec::threading::Type::Slice,
                count: settings.threads as usize,
                ..Default::default()
            });
            if name == "libx264" {
                // Threads by frame: a slice each would cost size.
                video.set_threading(codec::threading::Config {
                    kind: codec::threading::Type::Frame,
                    count: settings.threads as usize,
                    ..Default::default()
                });
            }
            let options = options(name, settings.bitrate > 0, purpose);
            match video.open_as_with(codec, options.into_iter().collect::<Dictionary>()) {
                Ok(encoder) => {
                    return Ok(Self {
                        encoder,
                        name,
                        pixel,
                        time_base,
                    });
                }
                Err(error) => last = error,
            }
        }
        Err(Fault::ffmpeg("opening the encoder", last))
    }

    /// Encodes a frame at a time, which must be later than the one before it, in units of the time
    /// base. Packets that are ready go to `on_packet`.
    pub(super) fn encode(
        &mut self,
        frame: &mut frame::Video,
        time: i64,
        keyframe: bool,
        on_packet: impl FnMut(Packet) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        frame.set_pts(Some(time));
        frame.set_kind(if keyframe {
            picture::Type::I
        } else {
            picture::Type::None
        });
        self.encoder
            .send_frame(frame)
            .map_err(|e| Fault::ffmpeg("encoding a frame", e))?;
        self.receive(on_packet)
    }

    /// Ends the video: the packets that are left go to `on_packet`.
    pub(super) fn finish(
        &mut self,
        on_packet: impl FnMut(Packet) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.encoder
            .send_eof()
            .map_err(|e| Fault::ffmpeg("ending the video", e))?;
        self.receive(on_packet)
    }

    fn receive(
        &mut self,
        mut on_packet: impl FnMut(Packet) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        loop {
            let mut packet = Packet::empty();
            match self.encoder.receive_packet(&mut packet) {
                Ok(()) => on_packet(packet)?,
                Err(ffmpeg::Error::Other { errno: EAGAIN } | ffmpeg::Error::Eof) => return Ok(()),
                Err(error) => return Err(Fault::ffmpeg("encoding a frame", error)),
            }
        }
    }
}

fn options(
    encoder: &str,
    has_bitrate: bool,
    purpose: Purpose,
) -> Vec<(&'static str, &'static str)> {
    let mut options = match encoder {
        "libvpx-vp9" => vec![
            ("deadline", "realtime"),
            ("cpu-used", "8"),
            ("tune-content", "screen"),
            ("lag-in-frames", "0"),
            ("auto-alt-ref", "0"),
            ("aq-mode", "0"),
            ("row-mt", "1"),
        ],
        "libx264" => vec![
            ("preset", "veryfast"),
            ("profile", "high"),
            ("forced-idr", "1"),
        ],
        "h264_nvenc" => vec![("profile", "high"), ("forced-idr", "1")],
        _ => vec![("profile", "high"), ("forced_idr", "1")],
    };
    match encoder {
        _ if has_bitrate => {}
        "libvpx-vp9" => options.push(("crf", "32")),
        "libx264" => options.push(("crf", "23")),
        "h264_nvenc" => options.extend([("rc", "constqp"), ("qp", "23")]),
        _ => options.push(("global_quality", "23")),
    }
    if encoder == "libx264" && purpose == Purpose::Live {
        options.push(("tune", "zerolatency"));
    }
    options
}
