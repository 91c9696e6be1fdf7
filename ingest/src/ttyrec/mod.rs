//! ttyrec: frames of output with the time of each.
//!
//! A frame is three numbers of 32 bits (seconds since 1970, microseconds, length in bytes), in the byte
//! order of the machine that recorded it, and that many bytes of output. There is no header: the size
//! of the terminal is found from what was written (`terminal/size.rs`), the start is the time of the first
//! frame. The format is that of Matthew Jadud's and Satoru Takabayashi's ttyrec 1.0.8 (`io.c`).
//!
//! | in the file | event |
//! |---|---|
//! | a frame | `terminal.written` |
//! | `CSI 8;rows;columns t` in a frame | `terminal.resized` beside it |
//! | the clock is set back between two frames | `recording.degraded`; the later frame has the time of the earlier |
//! | a frame that cannot be one, or is cut off | `recording.degraded`; what comes before is kept, and of a frame that is cut off what is there |

mod format;
mod frame;
mod reader;

pub use format::Ttyrec;
pub use reader::Reader;
