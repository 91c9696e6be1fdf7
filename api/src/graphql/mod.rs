//! The GraphQL schema. Resolvers translate: arguments into questions of `retrace-query` or of the
//! log, answers into types, errors into codes. Rules and SQL live below.
//!
//! The schema is committed as `api/schema.graphql`; a test holds it to the code.

mod access;
mod accesses;
mod control;
mod error;
mod events;
mod loaders;
mod log;
mod look;
mod media;
mod moment;
mod mutation;
mod page;
mod query;
mod redaction;
mod review;
mod scalar;
mod search;
mod session;
mod settings;
mod subscription;

use async_graphql::extensions::apollo_persisted_queries::{
    ApolloPersistedQueries, LruCacheStorage,
};
use async_graphql::{MergedObject, SchemaBuilder};

use access::{AccessMutation, AccessQuery};
pub use error::{ErrorCode, shortened};
pub(crate) use loaders::loader;
use mutation::SessionMutation;
use query::SessionQuery;
use review::ReviewMutation;
use settings::{SettingsMutation, SettingsQuery};
use subscription::Subscription;

/// All questions.
#[derive(MergedObject, Default)]
pub struct Query(SessionQuery, AccessQuery, SettingsQuery);

/// All that can be changed.
#[derive(MergedObject, Default)]
pub struct Mutation(
    SessionMutation,
    ReviewMutation,
    AccessMutation,
    SettingsMutation,
);

/// The schema with its data.
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// Deeper questions than this are refused: no page of ours needs more.
const DEPTH_MAX: usize = 15;
/// Each field costs 1, a list its length times what one of it costs, and a question to the log or
/// a read model what its work costs beside a field's.
const COMPLEXITY_MAX: usize = 20_000;
/// How deep fragments and values may nest while they are parsed.
const RECURSION_MAX: usize = 32;
const DIRECTIVES_MAX: usize = 10;
/// So many queries are kept, by their SHA-256, for callers that send it in place of the query (automatic persisted
/// queries). Others have to be sent again.
const PERSISTED_QUERIES_MAX: usize = 1_000;

/// The schema, still without data.
pub fn schema() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription)
        .extension(ApolloPersistedQueries::new(LruCacheStorage::new(
            PERSISTED_QUERIES_MAX,
        )))
        .limit_depth(DEPTH_MAX)
        .limit_complexity(COMPLEXITY_MAX)
        .limit_recursive_depth(RECURSION_MAX)
        .limit_directives(DIRECTIVES_MAX)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// `UPDATE_SCHEMA=1 cargo test` writes the file anew.
    #[test]
    fn the_committed_schema_is_the_one_of_the_code() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.graphql");
        let of_code = super::schema().finish().sdl();
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(&path, &of_code).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap();
        assert!(
            committed == of_code,
            "api/schema.graphql is not the schema of the code: run `UPDATE_SCHEMA=1 cargo test -p \
             retrace-api schema` and commit it"
        );
    }
}
