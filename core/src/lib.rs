//! The event log of Retrace: what happened, in one provable order.
//!
//! Seven parts, in reading order:
//! - [`event`]: the vocabulary. An [`event::EventBody`] is what a recorder or an administrator
//!   says; an [`event::Event`] is that same statement once it stands in the log.
//! - [`log`]: the [`log::EventLog`] trait with its promises, its SQLite implementation, the Merkle
//!   tree over the leaves, signed checkpoints, proofs and verification.
//! - [`access`]: rights, roles and scopes; who may do what with which sessions.
//! - [`settings`]: what an administrator can change, kept in the log.
//! - [`seal`]: what databases and object stores see of it is encrypted under keys of its sessions.
//! - [`blob`]: segments and screenshots, beside the log.
//! - [`data_dir`]: where a node keeps its log, its keys and its read models.
//!
//! Absent on purpose: file formats and the network (`retrace-ingest`), anything derived from
//! events (`retrace-projections`), and how somebody proves who they are (`retrace-api`).

pub mod access;
pub mod blob;
pub mod canonical;
pub mod data_dir;
pub mod event;
pub mod id;
pub mod log;
pub mod seal;
pub mod settings;
pub mod time;

pub use id::{LogId, Position, SessionId, SourceName, StreamName, StreamVersion};
pub use time::Timestamp;
