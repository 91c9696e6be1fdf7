//! The GraphQL schema. Resolvers translate: arguments into questions of `retrace-query` or of the
//! log, answers into types, errors into codes. Rules and SQL live below.
//!
//! The schema is committed as `api/schema.graphql`; a test holds it to the code.

mod access;
mod accesses;
mod control;
mod coverage;
mod destinations;
mod error;
mod events;
mod health;
mod loaders;
mod log;
mod look;
mod media;
mod moment;
mod mutation;
mod page;
mod query;
#[cfg(test)]
mod reads_tests;
mod redaction;
mod report;
mod retention;
mod review;
mod scalar;
mod schedule;
mod search;
mod session;
mod settings;
mod sql;
mod subscription;
mod trail;

use async_graphql::extensions::apollo_persisted_queries::{
    ApolloPersistedQueries, LruCacheStorage,
};
use async_graphql::{MergedObject, SchemaBuilder};

use access::{AccessMutation, AccessQuery};
use destinations::{DestinationMutation, DestinationQuery};
pub use error::{ErrorCode, shortened};
use health::HealthQuery;
pub(crate) use loaders::loader;
use mutation::SessionMutation;
use query::SessionQuery;
use retention::{RetentionMutation, RetentionQuery};
use review::ReviewMutation;
use schedule::{ScheduleMutation, ScheduleQuery};
use settings::{SettingsMutation, SettingsQuery};
use sql::SqlQuestions;
use subscription::Subscription;
use trail::TrailQuery;

/// All questions.
#[derive(MergedObject, Default)]
pub struct Query(
    SessionQuery,
    AccessQuery,
    SettingsQuery,
    RetentionQuery,
    TrailQuery,
    HealthQuery,
    DestinationQuery,
    ScheduleQuery,
    SqlQuestions,
);

/// All that can be changed.
#[derive(MergedObject, Default)]
pub struct Mutation(
    SessionMutation,
    ReviewMutation,
    AccessMutation,
    SettingsMutation,
    RetentionMutation,
    DestinationMutation,
    ScheduleMutation,
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

    /// What a caller can ask for says what it is. Connections and edges are Relay's own.
    #[tokio::test]
    async fn everything_in_the_schema_says_what_it_is() {
        let query = "{ __schema { types { name kind description
            fields { name description } inputFields { name description }
            enumValues { name description } } } }";
        let answer = super::schema().finish().execute(query).await;
        let schema = answer.data.into_json().unwrap();
        let mut silent = Vec::new();
        for kind in schema["__schema"]["types"].as_array().unwrap() {
            let name = kind["name"].as_str().unwrap();
            let is_relays = ["Connection", "Edge"].iter().any(|end| name.ends_with(end));
            if name.starts_with("__") || is_relays || kind["kind"] == "SCALAR" {
                continue;
            }
            let is_root = ["Query", "Mutation", "Subscription"].contains(&name);
            if !is_root && kind["description"].as_str().is_none_or(str::is_empty) {
                silent.push(name.to_owned());
            }
            for members in ["fields", "inputFields", "enumValues"] {
                for member in kind[members].as_array().into_iter().flatten() {
                    if member["description"].as_str().is_none_or(str::is_empty) {
                        silent.push(format!("{name}.{}", member["name"].as_str().unwrap()));
                    }
                }
            }
        }
        assert!(silent.is_empty(), "say what these are: {silent:?}");
    }

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
