//! Following what goes on.
//!
//! | module | holds |
//! |---|---|
//! | [`tail`] | [`LogTail`]: the end of the log, read once for everybody who follows it |
//! | [`seats`] | [`Seats`]: how many follow at once, in all and by viewer |
//!
//! Who follows what is decided elsewhere: [`crate::graphql`] has the subscriptions, the server's
//! WebSocket carries them.

pub mod seats;
pub mod tail;

pub use seats::{NoSeat, Seat, Seats};
pub use tail::{Follower, LogTail, TailPage};
