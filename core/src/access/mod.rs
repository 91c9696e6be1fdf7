//! Who may do what with which sessions.
//!
//! A [`Grant`] gives the rights of a [`Role`] over the sessions of a [`Scope`]. All grants that somebody holds are
//! their [`Sight`]. Everything that answers a question takes a sight, and answers as if nothing else were there:
//!
//! | question | answered by |
//! |---|---|
//! | may they do this at all? | [`Sight::may`] |
//! | may they do it with this session? | [`Sight::covers`] |
//! | with which sessions may they do it? | [`Sight::extent`], which a store turns into a condition of its own |
//!
//! The second and the third agree for every sight and every session; the read models' tests hold them to it.
//! Rights are independent but for one thing: who sees the content of a session sees that there is one.

mod role;
mod scope;
mod sight;

pub use role::{Right, Role};
pub use scope::{Scope, ScopeError, SessionTraits, folders_above};
pub use sight::{Extent, Grant, Sight};
