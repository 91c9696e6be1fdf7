//! Session recordings of Apache Guacamole, as guacd writes them.
//!
//! | in the dump | in the log |
//! |---|---|
//! | the instructions themselves | blobs that, one after the other, are the dump byte for byte, each named by a `frames.captured` and cut between instructions, behind a `sync` where there is one |
//! | `key` | `keys.typed`: what the keys typed, and what was pasted with them |
//! | `mouse`, `touch` | `pointer.clicked`, for each button that goes down |
//! | `clipboard` | `clipboard.copied` |
//! | the end | a second `session.source_attached` with the SHA-256 of the whole dump, `session.ended` |
//!
//! A dump is the same session whether it was imported when it was finished or followed while guacd
//! wrote it: the id is that of its [`opening`], its first bytes up to the second `sync`, which hold the first
//! pictures and two readings of a clock in milliseconds. Where pieces were cut is a fact of the log: an import
//! that goes on with a session cuts what is there in the same places, and the log compares what it is given
//! with what it has. So another dump that opens alike is refused, and not taken for this one.
//!
//! Times are those of the `sync`s: since 1970 where they are later than 2001, else since some start of guacd's
//! host, and then the session begins as long before the last change of the file as the dump lasts.

mod dump;
mod format;
mod opening;
mod reader;
mod telling;
#[cfg(test)]
mod tests;

pub(crate) use dump::{Dump, Known};
pub(crate) use format::Guacamole;
pub(crate) use opening::{OPENING_BYTES_MAX, Opening, looks_like};
pub(crate) use reader::about_dump;
pub(crate) use telling::{Telling, counts, tell_problems, us};
