//! What a recorder has to tell the person it works for.

use std::sync::Arc;

use retrace_core::SessionId;

/// Something that a person should know. Texts come from others: they are to be shown with their
/// control characters made visible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The server cannot be reached, or does not take what is recorded for now. Told once, until it
    /// is back.
    ServerAway {
        /// What was tried, and what happened.
        reason: String,
    },
    /// The server takes what is recorded again.
    ServerBack,
    /// The server refused a stream for good; it is kept in the spool.
    Quarantined {
        /// The session.
        session: SessionId,
        /// The stream's source.
        source: String,
        /// What the server said.
        reason: String,
    },
    /// An earlier recorder of the session was ended without being able to say so.
    CutOff {
        /// The session.
        session: SessionId,
        /// How many bytes of its last events were torn.
        torn_bytes: u64,
    },
    /// A session of the spool cannot be read.
    Damaged {
        /// The session.
        session: SessionId,
        /// What is wrong with it.
        reason: String,
    },
    /// Somebody sent a message to the person in the session.
    Message {
        /// Who.
        by: String,
        /// What.
        text: String,
    },
    /// The session will be ended because nothing is typed.
    IdleWarning {
        /// Seconds until then.
        ends_in_s: u32,
    },
    /// The session is being ended.
    Ending {
        /// Why.
        reason: String,
    },
    /// Something is not recorded.
    NotRecorded {
        /// Why.
        reason: String,
    },
}

/// Who is told.
pub type Tell = Arc<dyn Fn(Notice) + Send + Sync>;
