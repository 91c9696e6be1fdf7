//! What others do with the same events.

pub(super) mod message_db;
pub(super) mod rows;
