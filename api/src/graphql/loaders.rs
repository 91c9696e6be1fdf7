//! What is asked for many things in one query is read for all of them at once.
//!
//! Loaders belong to a request: they read through its reader, so they know nothing that its caller may not see.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::{Context, Error, Result};
use retrace_core::SessionId;
use retrace_query::{self as query, QueryError, Reader};

use super::error::{internal, of_query};

/// Reads for all who wait.
pub(crate) struct Batches {
    reader: Reader,
}

/// The loader of a request.
pub(crate) fn loader(reader: Reader) -> DataLoader<Batches> {
    DataLoader::new(Batches { reader }, tokio::spawn)
}

/// The activity of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ActivityOf {
    pub(super) session: SessionId,
    pub(super) buckets: u32,
    pub(super) stretch: query::Stretch,
}

/// What one of the things that wait is.
pub(super) async fn load<K>(
    ctx: &Context<'_>,
    key: K,
) -> Result<Option<<Batches as Loader<K>>::Value>>
where
    K: std::hash::Hash + Eq + Clone + Send + Sync + 'static,
    Batches: Loader<K, Error = Arc<QueryError>>,
{
    let loader = ctx.data::<DataLoader<Batches>>()?;
    loader.load_one(key).await.map_err(of_shared)
}

/// An error that all who waited share.
#[allow(clippy::needless_pass_by_value, reason = "called by `map_err`")]
fn of_shared(error: Arc<QueryError>) -> Error {
    match &*error {
        QueryError::InvalidArgument {
            field,
            found,
            expected,
        } => of_query(QueryError::InvalidArgument {
            field,
            found: found.clone(),
            expected: expected.clone(),
        }),
        QueryError::InvalidCursor => of_query(QueryError::InvalidCursor),
        QueryError::Denied(right) => of_query(QueryError::Denied(*right)),
        other => internal(other),
    }
}

impl Loader<ActivityOf> for Batches {
    type Value = query::ActivityMap;
    type Error = Arc<QueryError>;

    async fn load(
        &self,
        keys: &[ActivityOf],
    ) -> Result<HashMap<ActivityOf, query::ActivityMap>, Arc<QueryError>> {
        // Those that ask for the same buckets of the same stretch: in a list, all of them.
        let mut alike: HashMap<(u32, query::Stretch), Vec<SessionId>> = HashMap::new();
        for key in keys {
            let sessions = alike.entry((key.buckets, key.stretch)).or_default();
            sessions.push(key.session);
        }
        let reader = self.reader.clone();
        let read = tokio::task::spawn_blocking(move || {
            let mut maps = HashMap::new();
            for ((buckets, stretch), sessions) in alike {
                for (session, map) in reader.activities(sessions, buckets, stretch)? {
                    let key = ActivityOf {
                        session,
                        buckets,
                        stretch,
                    };
                    maps.insert(key, map);
                }
            }
            Ok(maps)
        });
        match read.await {
            Ok(maps) => maps.map_err(Arc::new),
            Err(stopped) => Err(Arc::new(QueryError::Unavailable(Box::new(stopped)))),
        }
    }
}
