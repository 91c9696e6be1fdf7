//! tlog: terminal recordings as JSON messages, in a file, in the journal or in syslog.
//!
//! A message (`log_format.md` of tlog, versions 2.x) has the text of some seconds and, in `timing`, when
//! how many characters of it came. It names its recording (`rec`) and its number in it (`id`). A file can
//! hold messages of several recordings, between other entries of a journal: each is a session. What is
//! kept, and what the session's id is a function of, is the messages of the recording, a line each, as
//! `tlog-rec --writer=file` writes them: so it is the same session from wherever it comes.
//!
//! | where | how |
//! |---|---|
//! | a file, syslog | lines that hold a message |
//! | `journalctl -o export`, `-o json` | entries whose `MESSAGE` is one |
//!
//! | in `timing` | event |
//! |---|---|
//! | `>n`, `]n/m` | `terminal.written` |
//! | `<n`, `[n/m` | `keys.typed` |
//! | `=WxH` | the size at the start; `terminal.resized` where it is another than before |
//! | a number in between that is missing | `recording.gap_detected` |
//! | a message that cannot be read | `recording.gap_detected` up to the next one; the others are read |
//! | a message that was there before, or comes too late | `recording.degraded` |

mod format;
mod message;
mod reader;
mod source;
mod timing;

pub use format::Tlog;
pub use reader::Reader;
pub use source::Source;
