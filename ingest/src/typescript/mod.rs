//! typescript: what `script` of util-linux records, and guacd for SSH and telnet.
//!
//! A recording is of several files: what was written, what was typed, or both in one, and the timing,
//! whose lines say when how many bytes of which come. There are two kinds of timing (`man script`):
//! classic, `seconds bytes`, and of several streams, `O`, `I`, `S`, `H` and the seconds since the line
//! before. The first line of each file of bytes is a header, whatever it says (scriptreplay skips it,
//! too); it tells the start, the size and the command since util-linux 2.35. After the last byte that
//! the timing tells of comes a footer.
//!
//! | in the files | event |
//! |---|---|
//! | `O`, or a line of a classic timing | `terminal.written` |
//! | `I` | `keys.typed` |
//! | `S … SIGWINCH ROWS=r COLS=c` | `terminal.resized` |
//! | another signal | `recording.code_kept` |
//! | `H`, header and footer | what is known of the session: start, size, command, exit status |
//! | a line of the timing that cannot be read | `recording.degraded`; the others are read |
//! | bytes without time at the end, or no timing at all | `terminal.written` at the end, and `recording.degraded` |
//!
//! The partners of a file are looked for by name: those that [`Typescript`] names.

mod format;
mod header;
mod reader;
mod timing;

pub use format::Typescript;
pub use reader::{Reader, Streams};
