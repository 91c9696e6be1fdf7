//! What people and programs talk to: GraphQL, HTTP, the web UI and the `retrace` command line.
//!
//! | module | holds |
//! |---|---|
//! | [`accesses`] | who looked at what, as events |
//! | [`bundle`] | a session as evidence: one zip that opens and verifies without us |
//! | [`asking`] | questions in SQL, as all surfaces ask them |
//! | [`cli`] | the commands |
//! | [`reports`] | what auditors file, as pages, spreadsheets and data |
//! | [`server`] | the HTTP routes, sign-in, the embedded web UI |
//! | [`live`] | following what goes on: the end of the log, shared by all who follow it |
//! | [`graphql`] | the schema; its resolvers only translate, rules live in `retrace-query` |
//! | [`siem`] | events for the systems of others that watch |
//! | [`sign_ins`] | who somebody is: tokens, browsers that are signed in, limits on failures |
//! | [`tokens`] | access tokens, as events in the log |
//! | [`grants`] | what is granted to users and groups, as events in the log |
//! | [`oidc`] | sign-in at a provider of identities (OpenID Connect) |
//! | [`control`] | what is said to and about sessions that go on: launches, upload tokens |
//! | [`disk`] | what the data folder takes, and what is left on its disk |
//! | [`processing`] | video, thumbnails and MP4s, built once for all nodes |
//! | [`redacting`] | what rules hide, told as events |
//! | [`node`] | the name of a node, which stays when it is started anew |
//! | [`export`] | a session as a file in a format of others |
//! | `export_folder` | where files may be written for others |
//!
//! **Invariant.** Nobody reads evidence unknown: each route that answers with more than
//! "I am alive" and the sign-in page takes a [`tokens::Viewer`], which only a valid token or sign-in gives.

pub mod accesses;
pub mod asking;
pub mod bundle;
pub mod cli;
pub mod control;
pub mod disk;
pub mod export;
mod export_folder;
pub mod grants;
pub mod graphql;
pub mod live;
pub mod node;
pub mod oidc;
pub mod processing;
pub mod redacting;
pub mod reports;
pub mod retention;
pub mod server;
pub mod siem;
pub mod sign_ins;
pub mod tokens;
