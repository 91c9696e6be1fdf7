//! What goes on, as it goes on.
//!
//! Every subscription is told in pages, begins where its caller says, and can be taken up again where
//! it stopped: nothing is kept for a caller who is gone. A page is made when the one before has been
//! sent, so a caller who reads slowly costs no memory. What a subscription tells is what the same
//! caller would be answered by a question.
//!
//! | subscription | follows | resumed by |
//! |---|---|---|
//! | `activeSessions` | the catalogue | beginning again: it tells all that there are first |
//! | `sessionMoments` | the moments of a session, as they are found | the id of the last moment |
//! | `events` | the log | the position that was read to |

mod active_sessions;
mod events;
mod looks;
mod session_moments;

use std::pin::Pin;

use async_graphql::{Context, ID, Result, Subscription as Subscribable};
use futures_util::Stream;

use super::events::EventFilter;
use super::moment::{Moment, MomentKind};
use super::scalar::LogPosition;
use super::session::SessionFilter;
use active_sessions::ActiveSessions;
use events::LiveEvents;
use looks::Looks;

/// The root of what can be followed.
pub struct Subscription;

/// Pages, as they come.
type Pages<T> = Pin<Box<dyn Stream<Item = Result<T>> + Send>>;

#[Subscribable]
impl Subscription {
    /// The sessions that go on: first all of them, then each that begins, changes or ends. A session
    /// that changes all the time is told about once a second. The filter's `state` must not be `ENDED`.
    #[graphql(complexity = "100 * child_complexity")]
    async fn active_sessions(
        &self,
        ctx: &Context<'_>,
        filter: Option<SessionFilter>,
    ) -> Result<Pages<ActiveSessions>> {
        active_sessions::follow(ctx, filter).await
    }

    /// The moments of a session in the order in which they are found: those that there are, then each
    /// new one. `after` is the id of the last moment that the caller has; without it, they begin with
    /// the first.
    #[graphql(complexity = "100 * child_complexity")]
    async fn session_moments(
        &self,
        ctx: &Context<'_>,
        session: ID,
        after: Option<ID>,
        kinds: Option<Vec<MomentKind>>,
    ) -> Result<Pages<Vec<Moment>>> {
        session_moments::follow(ctx, &session, after, kinds).await
    }

    /// The events of the log as they are appended, in order of position, none left out and none twice.
    /// `after` is the position that the caller has read to; without it, they begin with the next event
    /// that is appended, or with `fromStart` with the first of the log.
    #[graphql(complexity = "100 * child_complexity")]
    async fn events(
        &self,
        ctx: &Context<'_>,
        after: Option<LogPosition>,
        #[graphql(default = false)] from_start: bool,
        filter: Option<EventFilter>,
    ) -> Result<Pages<LiveEvents>> {
        events::follow(ctx, after, from_start, filter).await
    }
}

/// Somebody who follows something.
trait Follows: Send + 'static {
    /// What it is told.
    type Page: Send + 'static;

    /// The next page. Dropped while it waits, nothing is lost.
    fn next(&mut self) -> impl Future<Output = Result<Self::Page>> + Send;
}

/// The pages of somebody who follows, each made when the one before was taken, until one is an error.
fn pages<F: Follows>(follower: F) -> Pages<F::Page> {
    Box::pin(futures_util::stream::unfold(
        Some(follower),
        |follower| async {
            let mut follower = follower?;
            let page = follower.next().await;
            // Who is told of an error subscribes again, from where it was.
            let follower = page.is_ok().then_some(follower);
            Some((page, follower))
        },
    ))
}
