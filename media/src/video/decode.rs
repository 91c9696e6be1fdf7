//! From files to pictures, each with its time in the session.

use std::ops::ControlFlow;
use std::path::Path;

use ffmpeg::codec::{self, Id};
use ffmpeg::format::context::{Input, StreamIo};
use ffmpeg::util::error::EAGAIN;
use ffmpeg::{Dictionary, Discard, Packet, Rational, format, frame, media};
use ffmpeg_next as ffmpeg;

use super::container::Kind;
use super::source::{Collected, Run, Runs};
use super::worker::{Fault, Sink, send_notes};

/// No picture that is wider or higher is looked at: it is a mistake or a bomb.
pub(super) const MAX_SIDE: u32 = 16_384;
/// No picture of more pixels: decoders keep a dozen of them. 8K has 33 million.
pub(super) const MAX_PIXELS: u64 = 36_000_000;

/// How to decode.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Options<'a> {
    /// 0 lets the decoder choose.
    pub(super) threads: u32,
    pub(super) keyframes_only: bool,
    /// Where a file may be kept that must be read back and forth.
    pub(super) folder: Option<&'a Path>,
}

/// The video track of one file.
pub(super) struct Track {
    pub(super) input: Input,
    pub(super) stream: usize,
    pub(super) time_base: Rational,
    pub(super) parameters: codec::Parameters,
    first_us: u64,
    /// The first packet's time stands for the first picture's in the session.
    first_time: Option<i64>,
}

impl Track {
    /// Opens the file that is next. `None`: it has no video that can be read, and its inputs are noted.
    pub(super) fn open(
        run: &Run,
        runs: &mut Runs,
        folder: Option<&Path>,
    ) -> Result<Option<Self>, Fault> {
        let io = if run.streams {
            StreamIo::from_read(runs.reader())
        } else {
            match runs.collect(folder)? {
                Some(Collected::File(file)) => StreamIo::from_read_seek(file),
                Some(Collected::Memory(bytes)) => StreamIo::from_read_seek(bytes),
                None => {
                    runs.note_all("its index is at the end, and it is too large to hold");
                    return Ok(None);
                }
            }
        };
        let io = io.map_err(|e| Fault::ffmpeg("reading an input", e))?;
        let (name, formats) = match run.kind {
            Kind::WebM => ("input.webm", "matroska,webm"),
            Kind::Mp4 => ("input.mp4", "mov,mp4,m4a,3gp,3g2,mj2"),
        };
        // Nothing but these bytes is read, whatever they refer to, and little of them ahead.
        let options = [
            ("format_whitelist", formats),
            ("codec_whitelist", "vp8,vp9,libdav1d,av1,h264"),
            ("protocol_whitelist", "none"),
            ("analyzeduration", "100000"),
            ("probesize", "1000000"),
            ("fpsprobesize", "0"),
        ];
        let input = match format::input_from_stream(
            io,
            Some(name),
            Some(options.into_iter().collect::<Dictionary>()),
        ) {
            Ok(input) => input,
            Err(error) => {
                runs.note_all(&format!("no video file can be read from it: {error}"));
                return Ok(None);
            }
        };
        let Some(found) = input.streams().best(media::Type::Video) else {
            runs.note_all("there is no video in it");
            return Ok(None);
        };
        let (stream, time_base, parameters) =
            (found.index(), found.time_base(), found.parameters());
        if time_base.numerator() <= 0 || time_base.denominator() <= 0 {
            runs.note_all("its times have no unit");
            return Ok(None);
        }
        Ok(Some(Self {
            input,
            stream,
            time_base,
            parameters,
            first_us: run.first_us,
            first_time: None,
        }))
    }

    /// When its first picture was shown, in microseconds from the job's time 0.
    pub(super) fn first_us(&self) -> u64 {
        self.first_us
    }

    /// The next packet of the track, or `None` at the end of the file. Damage is noted.
    pub(super) fn next_packet(&mut self, runs: &mut Runs) -> Option<Packet> {
        let mut failures = 0;
        loop {
            let mut packet = Packet::empty();
            match packet.read(&mut self.input) {
                Ok(()) if packet.stream() != self.stream => {}
                Ok(()) => {
                    let time = packet.pts().or(packet.dts());
                    if self.first_time.is_none() {
                        self.first_time = time;
                    }
                    if let Ok(position) = u64::try_from(packet.position()) {
                        runs.used(position, packet.size() as u64);
                    }
                    return Some(packet);
                }
                Err(ffmpeg::Error::Eof) => return None,
                Err(ffmpeg::Error::InvalidData) if failures < 1_000 => {
                    runs.note_at(None, "part of it cannot be read");
                    failures += 1;
                }
                Err(error) => {
                    runs.note_at(None, &format!("it cannot be read to its end: {error}"));
                    return None;
                }
            }
        }
    }

    /// A time of the file in the session, in microseconds from the job's time 0.
    pub(super) fn time_us(&self, time: i64) -> u64 {
        let since = i128::from(time) - i128::from(self.first_time.unwrap_or(time));
        let (numerator, denominator) = (self.time_base.numerator(), self.time_base.denominator());
        // Rounded to the nearest: the unit of WebM is a millisecond, but others are not whole.
        let scaled = since * 1_000_000 * i128::from(numerator);
        let denominator = i128::from(denominator);
        let us = (scaled + denominator / 2).div_euclid(denominator);
        u64::try_from(i128::from(self.first_us) + us).unwrap_or(0)
    }

    /// A decoder for the track. `None`: there is none, and the inputs are noted.
    fn decoder(&self, runs: &mut Runs, options: &Options<'_>) -> Option<codec::decoder::Video> {
        let names: &[&str] = match self.parameters.id() {
            Id::VP8 => &["vp8"],
            Id::VP9 => &["vp9"],
            Id::AV1 => &["libdav1d", "av1"],
            Id::H264 => &["h264"],
            other => {
                runs.note_all(&format!("video of {} is not read", other.name()));
                return None;
            }
        };
        let codec = names
            .iter()
            .find_map(|name| codec::decoder::find_by_name(name));
        let opened = codec
            .ok_or(ffmpeg::Error::DecoderNotFound)
            .and_then(|codec| {
                let mut decoder =
                    codec::Context::from_parameters(self.parameters.clone())?.decoder();
                decoder.set_packet_time_base(self.time_base);
                decoder.set_threading(codec::threading::Config {
                    kind: codec::threading::Type::Frame,
                    count: options.threads as usize,
                    ..Default::default()
                });
                if options.keyframes_only {
                    decoder.skip_frame(Discard::NonKey);
                }
                decoder.open_as(codec)?.video()
            });
        match opened {
            Ok(decoder) => Some(decoder),
            Err(error) => {
                runs.note_all(&format!("its video cannot be decoded: {error}"));
                None
            }
        }
    }
}

/// Decodes all inputs, and hands over each frame with its time, in microseconds from the job's time 0.
///
/// Times do not decrease within a file, but may where one file reaches into the next. The frame may be
/// taken away: it is filled anew.
pub(super) fn each_frame<S: Sink>(
    runs: &mut Runs,
    options: &Options<'_>,
    out: &mut S,
    mut on_frame: impl FnMut(u64, &mut frame::Video, &mut S) -> Result<ControlFlow<()>, Fault>,
) -> Result<(), Fault> {
    let mut ended = false;
    while let Some(run) = runs.next_run()? {
        send_notes(runs, out)?;
        if let Some(track) = Track::open(&run, runs, options.folder)?
            && let Some(decoder) = track.decoder(runs, options)
            && decode_file(track, decoder, runs, out, &mut on_frame)?.is_break()
        {
            ended = true;
        }
        send_notes(runs, out)?;
        if ended {
            return Ok(());
        }
    }
    send_notes(runs, out)
}

fn decode_file<S: Sink>(
    mut track: Track,
    mut decoder: codec::decoder::Video,
    runs: &mut Runs,
    out: &mut S,
    on_frame: &mut impl FnMut(u64, &mut frame::Video, &mut S) -> Result<ControlFlow<()>, Fault>,
) -> Result<ControlFlow<()>, Fault> {
    let mut picture = frame::Video::empty();
    let mut latest_us = track.first_us;
    let mut failures = 0;
    loop {
        let packet = track.next_packet(runs);
        let position = packet
            .as_ref()
            .and_then(|p| u64::try_from(p.position()).ok());
        let sent = match &packet {
            Some(packet) => decoder.send_packet(packet),
            None => decoder.send_eof(),
        };
        if let Err(error) = sent
            && error != ffmpeg::Error::Eof
        {
            runs.note_at(
                position,
                &format!("a picture in it cannot be decoded: {error}"),
            );
        }
        loop {
            match decoder.receive_frame(&mut picture) {
                Ok(()) => {}
                Err(ffmpeg::Error::Other { errno: EAGAIN } | ffmpeg::Error::Eof) => break,
                Err(error) => {
                    runs.note_at(
                        position,
                        &format!("a picture in it cannot be decoded: {error}"),
                    );
                    failures += 1;
                    // At the end, what follows the damage still has to come out.
                    if packet.is_some() || failures > 1_000 {
                        break;
                    }
                    continue;
                }
            }
            let (width, height) = (picture.width(), picture.height());
            if !is_reasonable(width, height) {
                runs.note_at(position, &format!("a picture of {width} x {height} in it"));
                continue;
            }
            let time = picture.timestamp().or(picture.pts());
            latest_us = time
                .map_or(latest_us, |time| track.time_us(time))
                .max(latest_us);
            out.progress(latest_us)?;
            if on_frame(latest_us, &mut picture, out)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        out.progress(latest_us)?;
        if packet.is_none() {
            return Ok(ControlFlow::Continue(()));
        }
    }
}

/// Whether a picture of this size is looked at.
pub(super) fn is_reasonable(width: u32, height: u32) -> bool {
    (1..=MAX_SIDE).contains(&width)
        && (1..=MAX_SIDE).contains(&height)
        && u64::from(width) * u64::from(height) <= MAX_PIXELS
}
