//! From packets to files.

use std::io::{self, Cursor, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ffmpeg::format::context::{Output, StreamIo};
use ffmpeg::{Dictionary, Packet, Rational, codec, format};
use ffmpeg_next as ffmpeg;

use super::job::Codec;
use super::worker::Fault;

/// Writes one track to one file. Each frame lasts until the next.
pub(super) struct Muxer {
    output: Output,
    /// The unit of the packets that come.
    from: Rational,
    /// The unit of the file.
    to: Rational,
    /// Held back until it is known how long it lasts.
    held: Option<Packet>,
    first_dts: Option<i64>,
    last_dts: i64,
    last_pts: i64,
    first_pts: i64,
}

impl Muxer {
    /// A file of a track with these parameters, whose packets' times are in `time_base`.
    fn begin(
        mut output: Output,
        parameters: codec::Parameters,
        time_base: Rational,
        options: &[(&str, &str)],
    ) -> Result<Self, Fault> {
        let wrong = |error| Fault::ffmpeg("beginning a file", error);
        let mut stream = output.add_stream(None::<ffmpeg::Codec>).map_err(wrong)?;
        stream.set_parameters(parameters);
        stream.set_time_base(time_base);
        // The same pictures give the same bytes: no random ids, no version of a library.
        let options = options.iter().chain(&[("fflags", "+bitexact")]);
        let options = options.copied().collect::<Dictionary>();
        drop(output.write_header_with(options).map_err(wrong)?);
        let to = output
            .stream(0)
            .map_or(time_base, |stream| stream.time_base());
        Ok(Self {
            output,
            from: time_base,
            to,
            held: None,
            first_dts: None,
            last_dts: 0,
            last_pts: i64::MIN,
            first_pts: i64::MAX,
        })
    }

    /// Adds a packet. In decoding order; a decoding time that goes back is moved on.
    pub(super) fn write(&mut self, mut packet: Packet) -> Result<(), Fault> {
        packet.rescale_ts(self.from, self.to);
        let pts = packet.pts().or(packet.dts()).unwrap_or(self.last_dts);
        let mut dts = packet.dts().unwrap_or(pts);
        if self.first_dts.is_some() {
            dts = dts.max(self.last_dts.saturating_add(1));
        }
        packet.set_dts(Some(dts));
        packet.set_pts(Some(pts.max(dts)));
        packet.set_stream(0);
        packet.set_position(-1);
        self.first_dts.get_or_insert(dts);
        self.first_pts = self.first_pts.min(pts.max(dts));
        self.last_dts = dts;
        self.last_pts = self.last_pts.max(pts.max(dts));
        if let Some(mut held) = self.held.replace(packet) {
            held.set_duration(dts.saturating_sub(held.dts().unwrap_or(dts)));
            self.put(&held)?;
        }
        Ok(())
    }

    /// Ends the file; its last frame lasts until `end`, in units of the packets.
    fn end(mut self, end: i64) -> Result<(), Fault> {
        if let Some(mut held) = self.held.take() {
            let mut at_end = Packet::empty();
            at_end.set_pts(Some(end));
            at_end.rescale_ts(self.from, self.to);
            let end = at_end.pts().unwrap_or(end).max(self.last_pts);
            // The file's length is counted in decoding order, where frames come a little earlier.
            let decoded = self.last_dts - self.first_dts.unwrap_or(self.last_dts);
            let duration = (end - self.first_pts.min(end)).saturating_sub(decoded);
            // And where the last in decoding order is not the last that is shown, by what is shown last.
            let shown = end.saturating_sub(held.pts().unwrap_or(end));
            held.set_duration(duration.max(shown).max(1));
            self.put(&held)?;
        }
        self.output
            .write_trailer()
            .map_err(|e| Fault::ffmpeg("ending a file", e))
    }

    fn put(&mut self, packet: &Packet) -> Result<(), Fault> {
        packet
            .write_interleaved(&mut self.output)
            .map_err(|e| Fault::ffmpeg("writing a file", e))
    }
}

/// A file in the job's folder.
pub(super) struct FileMuxer {
    muxer: Muxer,
    path: PathBuf,
}

impl FileMuxer {
    /// Begins `video.mp4` or `video.webm`.
    pub(super) fn begin(
        folder: &Path,
        codec: Codec,
        parameters: codec::Parameters,
        time_base: Rational,
    ) -> Result<Self, Fault> {
        let (name, format, options): (_, _, &[_]) = match codec {
            Codec::H264 => ("video.mp4", "mp4", &[("movflags", "+faststart")]),
            // The index first, so that a player finds its way in one request.
            Codec::Vp9 => ("video.webm", "webm", &[("cues_to_front", "1")]),
        };
        let path = folder.join(name);
        if path.to_str().is_none_or(|path| path.contains('\0')) {
            return Err(Fault::Impossible(format!(
                "the folder {} cannot be named to FFmpeg",
                folder.display()
            )));
        }
        let output =
            format::output_as(&path, format).map_err(|e| Fault::ffmpeg("beginning a file", e))?;
        Ok(Self {
            muxer: Muxer::begin(output, parameters, time_base, options)?,
            path,
        })
    }

    pub(super) fn write(&mut self, packet: Packet) -> Result<(), Fault> {
        self.muxer.write(packet)
    }

    /// Ends the file, at `end` in units of the packets, and gives its path.
    pub(super) fn end(self, end: i64) -> Result<PathBuf, Fault> {
        self.muxer.end(end)?;
        Ok(self.path)
    }
}

/// A file in memory: WebM, or Matroska for H.264.
pub(super) struct MemoryMuxer {
    muxer: Muxer,
    bytes: SharedBytes,
}

impl MemoryMuxer {
    pub(super) fn begin(
        codec: Codec,
        parameters: codec::Parameters,
        time_base: Rational,
    ) -> Result<Self, Fault> {
        let bytes = SharedBytes::default();
        let format = match codec {
            Codec::Vp9 => "webm",
            Codec::H264 => "matroska",
        };
        let output = StreamIo::from_write_seek(bytes.clone())
            .and_then(|io| format::output_to_stream(io, None, Some(format)))
            .map_err(|e| Fault::ffmpeg("beginning a segment", e))?;
        Ok(Self {
            muxer: Muxer::begin(output, parameters, time_base, &[])?,
            bytes,
        })
    }

    pub(super) fn write(&mut self, packet: Packet) -> Result<(), Fault> {
        self.muxer.write(packet)
    }

    /// Bytes written so far.
    pub(super) fn len(&self) -> usize {
        self.bytes.lock().get_ref().len()
    }

    /// Ends the file, at `end` in units of the packets.
    pub(super) fn end(self, end: i64) -> Result<Vec<u8>, Fault> {
        self.muxer.end(end)?;
        Ok(std::mem::take(&mut *self.bytes.lock()).into_inner())
    }
}

/// What FFmpeg writes to, kept so that it can be taken back.
#[derive(Clone, Default)]
struct SharedBytes(Arc<Mutex<Cursor<Vec<u8>>>>);

impl SharedBytes {
    fn lock(&self) -> std::sync::MutexGuard<'_, Cursor<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for SharedBytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lock().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for SharedBytes {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.lock().seek(to)
    }
}
