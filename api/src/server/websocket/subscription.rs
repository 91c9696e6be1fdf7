//! A subscription of a connection, in a task of its own.
//!
//! Its own task, and not that of the connection: what makes a page holds locks on the way, which others
//! wait for, and must not stand still with them while the connection waits for its client. Between two
//! pages it holds nothing. It is one page ahead of what was sent, and no more.

use std::pin::Pin;
use std::task::{Context, Poll};

use async_graphql::Response;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio_stream::{Stream, StreamExt};

/// What comes of a subscription.
pub(super) enum Item {
    Response {
        response: Box<Response>,
        is_first: bool,
    },
    End,
}

/// What comes of a subscription, until it is dropped.
pub(super) struct Subscription {
    items: mpsc::Receiver<Item>,
    task: AbortHandle,
}

impl Subscription {
    /// Begins to make pages.
    pub(super) fn begin(responses: impl Stream<Item = Response> + Send + 'static) -> Self {
        let (sender, items) = mpsc::channel(1);
        let task = tokio::spawn(async move {
            let mut responses = std::pin::pin!(responses);
            let mut is_first = true;
            while let Some(response) = responses.next().await {
                let item = Item::Response {
                    response: Box::new(response),
                    is_first: std::mem::take(&mut is_first),
                };
                if sender.send(item).await.is_err() {
                    return;
                }
            }
            // Nobody listens when it was ended meanwhile.
            let _ = sender.send(Item::End).await;
        });
        Self {
            items,
            task: task.abort_handle(),
        }
    }
}

impl Stream for Subscription {
    type Item = Item;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Item>> {
        self.items.poll_recv(context)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn it_is_a_page_ahead_holds_nothing_meanwhile_and_ends_when_it_is_dropped() {
        let made = Arc::new(AtomicUsize::new(0));
        let lock = Arc::new(tokio::sync::Mutex::new(()));
        let (counted, locked) = (Arc::clone(&made), Arc::clone(&lock));
        let pages = futures_util::stream::unfold((), move |()| {
            let (counted, locked) = (Arc::clone(&counted), Arc::clone(&locked));
            async move {
                let _held = locked.lock().await;
                tokio::time::sleep(Duration::from_millis(1)).await;
                counted.fetch_add(1, Ordering::Relaxed);
                Some((Response::default(), ()))
            }
        });
        let mut subscription = Subscription::begin(pages);
        // Nobody takes anything, and everybody gets the lock all the same.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let taken = tokio::time::timeout(Duration::from_secs(5), lock.lock()).await;
        drop(taken.unwrap());
        assert_eq!(made.load(Ordering::Relaxed), 2);
        let first = subscription.next().await.unwrap();
        assert!(matches!(first, Item::Response { is_first: true, .. }));
        drop(subscription);
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(Arc::strong_count(&made), 1, "the task is gone");
    }
}
