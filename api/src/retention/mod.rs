//! How long what was recorded is kept: legal holds, and purging.
//!
//! | module | holds |
//! |---|---|
//! | `holds` | placing a legal hold on a session, and lifting it |
//! | [`purge`] | destroying what was recorded of one session, unless a hold is on it |
//! | [`due`] | which sessions the settings let go |
//! | [`service`] | what purges those, in the background |
//!
//! A hold and a purge meet in the control stream of the session: a purge is appended at the version of it that was read, so
//! that a hold which comes in between makes it a conflict, and the other way round.

pub mod due;
mod facts;
mod holds;
pub mod purge;
pub mod service;

pub use holds::{HoldChange, HoldError, HoldOutcome, change_hold};
