//! Reading a ttyrec.

use retrace_core::Timestamp;

use super::frame::{self, Head, Order};
use crate::Limits;
use crate::asciicast::decimal::MAX_US;
use crate::import::{About, FormatError, Input, Problems, RecordingReader, Sink};
use crate::terminal::Stream;

/// Reads the frames of a ttyrec.
pub struct Reader {
    input: Input,
    order: Order,
    /// The most bytes that a frame may have.
    max_frame_bytes: u32,
    first: Head,
    last_us: u64,
    offset_us: u64,
    frames: u64,
    /// How many bytes of the frame that is being read were not given yet.
    left: u64,
    written: Stream,
    problems: Problems,
    ended: bool,
}

impl Reader {
    /// Reads the head of the first frame.
    ///
    /// # Errors
    /// When there is none, or it cannot be one.
    pub fn open(mut input: Input, limits: &Limits) -> Result<Self, FormatError> {
        let beginning = input.peek(limits.max_header_bytes)?;
        let is_all = beginning.len() < limits.max_header_bytes;
        let order = frame::order_of(beginning, is_all).unwrap_or(Order::Little);
        let Some(first) = Head::read(beginning, order) else {
            return Err(input.ends("a frame of a ttyrec"));
        };
        let max_frame_bytes = u32::try_from(limits.max_line_bytes).unwrap_or(u32::MAX);
        if !first.is_valid() || first.length > max_frame_bytes {
            let (micros, length) = (first.micros, first.length);
            return Err(input.at_byte(format!(
                "{micros} microseconds and {length} bytes, expected a frame of a ttyrec"
            )));
        }
        Ok(Self {
            input,
            order,
            max_frame_bytes,
            first,
            last_us: first.us(),
            offset_us: 0,
            frames: 0,
            left: 0,
            written: Stream::written_finding_size(),
            problems: Problems::default(),
            ended: false,
        })
    }

    /// How many frames were read.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    fn read_next(&mut self, sink: &mut Sink<'_>) -> Result<bool, FormatError> {
        if self.ended {
            return Ok(false);
        }
        if self.left > 0 {
            return self.read_output(sink);
        }
        let at = self.input.position();
        let bytes = self.input.peek(Head::BYTES)?;
        let Some(head) = Head::read(bytes, self.order) else {
            let cut = bytes.len();
            if cut > 0 {
                let reason = format!(
                    "byte {at}: the file ends within the head of frame {}, after {cut} of 12 bytes",
                    self.frames + 1
                );
                sink.degraded(&mut self.problems, self.offset_us, reason)?;
            }
            return self.end(sink);
        };
        self.frames += 1;
        let (step_us, back_us) = (
            head.us().saturating_sub(self.last_us),
            self.last_us.saturating_sub(head.us()),
        );
        if !head.is_valid()
            || head.length > self.max_frame_bytes
            || step_us > MAX_US - self.offset_us
        {
            self.frames -= 1;
            let reason = format!(
                "byte {at}: frame {} says {}.{:06} seconds and {} bytes, which cannot be; what \
                 follows is in the file and not shown",
                self.frames + 1,
                head.seconds,
                head.micros,
                head.length
            );
            sink.degraded(&mut self.problems, self.offset_us, reason)?;
            return self.end(sink);
        }
        if back_us > 0 {
            let reason = format!(
                "byte {at}: the clock was set back by {} microseconds before frame {}",
                back_us, self.frames
            );
            sink.degraded(&mut self.problems, self.offset_us, reason)?;
        }
        self.offset_us += step_us;
        self.last_us = head.us();
        self.input.skip(Head::BYTES);
        self.left = u64::from(head.length);
        Ok(true)
    }

    fn read_output(&mut self, sink: &mut Sink<'_>) -> Result<bool, FormatError> {
        let (input, offset_us) = (&mut self.input, self.offset_us);
        let count = self.written.take(input, sink, offset_us, self.left)?;
        self.left -= count;
        if count == 0 {
            let reason = format!(
                "byte {}: the file ends within frame {}, {} bytes before its end",
                self.input.position(),
                self.frames,
                self.left
            );
            sink.degraded(&mut self.problems, offset_us, reason)?;
            return self.end(sink);
        }
        Ok(true)
    }

    fn end(&mut self, sink: &mut Sink<'_>) -> Result<bool, FormatError> {
        self.ended = true;
        self.written.finish(sink, self.offset_us)?;
        self.input.read_to_end()?;
        sink.ended(&mut self.problems, self.offset_us, &self.input)?;
        Ok(false)
    }
}

impl RecordingReader for Reader {
    fn started_at(&self) -> Option<Timestamp> {
        let us = i64::try_from(self.first.us()).ok()?;
        let dated = self.first.is_dated().then_some(us)?;
        Timestamp::from_micros(dated).ok()
    }

    fn read_batch(&mut self, sink: &mut Sink<'_>) -> Result<bool, FormatError> {
        while !sink.is_full() {
            if !self.read_next(sink)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn about(&mut self) -> Result<About, FormatError> {
        self.input.read_to_end()?;
        let size = self.written.size();
        Ok(About {
            format: "ttyrec",
            contents: vec![self.input.facts()],
            duration_us: self.offset_us,
            columns: size.map(|size| size.columns),
            rows: size.map(|size| size.rows),
            problems: self.problems.clone(),
            ..About::default()
        })
    }
}
