//! The I/O logs of sudo: a folder for each command.
//!
//! `log.json` (since sudo 1.9) and `log` tell who ran what, as whom and where; `timing` tells when how
//! many bytes of which stream come; the streams lie beside it. All but the first two are compressed
//! with gzip, unless sudo is told otherwise. See `sudoers(5)`, I/O LOG FILES. A stream that is cut off,
//! because sudo was killed, is taken up to there.
//!
//! | record | event |
//! |---|---|
//! | 3 (`ttyin`), 0 (`stdin`) | `keys.typed`; the latter says that it was piped |
//! | 4, 6 (`ttyout`) | `terminal.written` |
//! | 1 (`stdout`), 2 (`stderr`) | `terminal.written`, with a carriage return before each line feed: they come from pipes and files |
//! | 5 rows columns | `terminal.resized` |
//! | 7 signal | `recording.code_kept`: the command was stopped, or went on |
//! | a record that cannot be read | `recording.degraded`; the others are read |
//! | bytes without time at the end | their event at the end, and `recording.degraded` |

mod facts;
mod format;
mod reader;
mod timing;

pub use format::SudoIoLog;
pub use reader::{Opened, Reader};
