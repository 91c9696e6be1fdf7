//! The recorder: a command runs in a terminal, what happens there goes to the [`spool`], and from
//! there to the server.
//!
//! Nothing is told to the server that is not durable in the spool, and nothing leaves the spool
//! before the server has proved that it stands in the log. So the server, the network and the
//! recorder can each fail at any time, and what was recorded is there once, whole and in order.
//!
//! | module | holds |
//! |---|---|
//! | [`spool`] | events on the disk, until a receipt for them was verified |
//! | [`schedule`] | when to try again |
//! | [`session`] | a session from its launch to its end, with all of the following |
//! | `terminal` | the command in a terminal of its own, between the person and it |
//! | [`pending`] | sessions that earlier runs left behind |
//! | [`client`] | the requests of `docs/ingest.md` |
//! | [`upload`] | a session of the spool on its way to the server |
//! | `control` | what the server says to the session: end it, show a message, another policy |
//! | `tape` | what happens in the terminal, joined and on its way to the spool |
//! | [`clock`] | times that never run backwards |
//! | [`notice`] | what the person at the terminal is told |

pub mod client;
pub mod clock;
mod control;
pub mod notice;
pub mod pending;
mod reach;
pub mod schedule;
pub mod session;
pub mod spool;
mod tape;
mod terminal;
pub mod upload;

pub use reach::Reach;
pub use terminal::{Command, PersonScreen, Place};
