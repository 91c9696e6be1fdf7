//! The recorder: what happens in a session goes to the [`spool`], and from there to the server.
//!
//! | module | holds |
//! |---|---|
//! | [`spool`] | events on the disk, until a receipt for them was verified |
//! | [`schedule`] | when to try again |
//! | [`clock`] | times that never run backwards |

pub mod clock;
pub mod schedule;
pub mod spool;
