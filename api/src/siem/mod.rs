//! Events for the systems of others that watch (SIEM).
//!
//! | module | holds |
//! |---|---|
//! | [`destinations`] | where events are sent as they happen |
//! | [`formats`] | an event as a line of NDJSON, OCSF, ECS, CEF or LEEF |
//! | [`sight`] | which events somebody may have, and how much of each |
//! | [`page`] | a stretch of the log as lines, page by page |

pub mod destinations;
pub mod formats;
pub mod page;
pub mod sight;
