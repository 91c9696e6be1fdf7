//! sudo's log server protocol (`sudo_logsrv.proto(5)` of sudo 1.9), on the server's side: what sudo
//! says becomes the events of a session. Knows nothing of sockets, clocks and the log.
//!
//! | module | holds |
//! |---|---|
//! | [`messages`] | the messages, as they are on the wire |
//! | [`frame`] | where one message ends and the next begins |
//! | [`elapsed`] | the client's time since the start, to the nanosecond |
//! | [`facts`] | who ran what, from the key-value pairs of a message |
//! | [`opening`] | the message that says what a connection is for |
//! | [`recorder`] | everything that follows it, as events |
//! | [`resume`] | where a recording goes on when a connection broke: log ids and commit points |
//! | [`history`] | the same, read from the log |
//! | [`lost`] | the end of a recording that nobody goes on with |
//!
//! A connection is driven like this: [`frame::Frames`] cuts its bytes into messages; the first that is
//! no hello becomes an [`opening::Opening`]; a command that was accepted gets a
//! [`recorder::Recorder`], which takes the messages that follow and is [`cut`](recorder::Recorder::cut)
//! now and then. What was cut is appended to the log, and only once it stands there the client is told
//! its commit point. `docs/sudo.md` says what becomes what.

mod batch;
mod channels;
pub mod elapsed;
pub mod facts;
pub mod frame;
pub mod history;
pub mod lost;
pub mod messages;
mod notes;
pub mod opening;
mod progress;
pub mod recorder;
pub mod resume;

#[cfg(test)]
mod tests;

/// The source whose stream holds what sudo sent.
pub const SOURCE: &str = "sudo";
/// The protocol of a session that sudo recorded, and what launched it.
pub const PROTOCOL: &str = "sudo";

/// What a client sent that is against the protocol. Tell it, and hang up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// The message is larger than any that sudo sends.
    #[error(
        "a message of {found} bytes, expected at most {}",
        frame::MESSAGE_BYTES_MAX
    )]
    TooLarge {
        /// The size that it announces.
        found: u32,
    },
    /// The bytes are no message.
    #[error("not a message of sudo's log server protocol: {0}")]
    NotAMessage(String),
    /// A member that is required is missing, or has a value that it cannot have.
    #[error("{message}: {found}, expected {expected}")]
    BadMember {
        /// The message.
        message: &'static str,
        /// What is there.
        found: String,
        /// What must be.
        expected: &'static str,
    },
    /// The message has no place here.
    #[error("unexpected {found}, expected {expected}")]
    Unexpected {
        /// The message.
        found: &'static str,
        /// What may come here.
        expected: &'static str,
    },
    /// What a client sends again is not what it had sent before.
    #[error("this is another log than the one that broke off")]
    OtherLog,
    /// The session has ended, and what is sent is not what was stored.
    #[error("the log is already complete, nothing can be added to it")]
    Complete,
}
