//! Destinations: where events are sent as they happen.
//!
//! | module | holds |
//! |---|---|
//! | [`definition`] | what a destination is, and what it may be |
//! | [`book`] | the destinations as events in the log (`settings/destinations`) |
//! | [`secret`] | their secrets, sealed |
//! | [`store`] | how far each has come, on this node: cursor, counts, dead letters |
//! | [`lease`] | which node sends: events of `delivery/{name}` |
//! | [`sinks`] | the ways to send: syslog, HTTP, files, NATS |
//! | [`delivery`] | reads, masks, sends, tries again; one task for each destination |
//! | [`service`] | starts and stops those tasks as the log says |
//! | [`reconcile`] | what arrived, against what was to arrive |
//!
//! Promises:
//! - *at least once*: an event leaves the cursor behind it only once the receiver has it, as far as its protocol can tell
//!   ([`sinks::Sink`] says how far that is). It may come twice, with the same id;
//! - *alone*: a destination that is slow, full or gone delays no other;
//! - *without end*: what cannot be reached is tried again for ever. Only what a receiver refuses for good is set aside
//!   as a dead letter, and the rest goes on;
//! - *not itself*: how far sending has come (`destination.progressed`) is sent nowhere, and is told once for many events.

pub mod book;
pub mod definition;
mod delivery;
mod lease;
pub mod metrics;
pub mod reconcile;
pub mod secret;
pub mod service;
pub mod sinks;
pub mod status;
pub mod store;
