//! The control stream of each launched session, `session/{id}/control`, which only the server
//! writes.
//!
//! | module | holds |
//! |---|---|
//! | `fold` | what such a stream says: the launch, the policy told, the upload tokens, the clocks |
//! | `book` | [`ControlBook`]: the sessions asked for lately, each read on whenever it is asked for |
//! | `token` | upload tokens: made, checked, revoked |
//! | `policy` | the policy that holds for one session, and telling its recorder |
//! | `pace` | how fast a session sends, for the limit on it |
//! | [`limits`] | sessions that are over a limit of time, and whose recorders do not end them |
//!
//! There is no stream with something of all sessions in it, so nothing here grows with their number,
//! and two sessions never wait for each other.

mod book;
mod fold;
pub mod limits;
mod pace;
mod policy;
mod token;

pub use book::{ControlBook, ControlError, Session};
pub use fold::{Control, Launch};
pub use pace::Pace;
pub use policy::{push_policy, tell_policy};
pub use token::{NewUploadToken, RevokeError, UploadDenied, UploadTokens};

/// Who changes the policy that a recorder was told, and ends sessions that are over their limits:
/// nobody in person.
pub const BY_SERVER: &str = "server";
/// What a `config.changed` of a control stream is about: the policy as a whole.
pub const POLICY_SETTING: &str = "policy";
