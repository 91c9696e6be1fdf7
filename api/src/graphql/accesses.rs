//! Who looked at a session: its access stream, read from the log.

use std::sync::Arc;

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{Context, ID, Result, SimpleObject};
use retrace_core::event::{Event, EventBody};
use retrace_core::log::EventLog;
use retrace_core::{SessionId, StreamName, StreamVersion};
use retrace_query::{Cursor, Page};

use super::error::{blocking, of_query, of_store};
use super::look;
use super::page;
use super::scalar::{DateTime, Long};

/// Somebody looked at a session, or took a part of it.
#[derive(SimpleObject)]
pub(super) struct SessionAccess {
    /// The id of its event.
    id: ID,
    /// `recording.viewed`, `recording.downloaded`, …
    r#type: String,
    /// When.
    at: DateTime,
    /// Who.
    by: String,
    /// Where from.
    address: Option<String>,
    /// Why, in their words.
    reason: Option<String>,
    /// What they looked at, or took.
    what: Vec<String>,
    /// How many looks followed the first, of which an earlier event tells. Null on the first itself.
    looks: Option<Long>,
}

impl SessionAccess {
    fn of(event: &Event) -> Option<Self> {
        let (by, address, reason, what, looks) = match event.body().ok()? {
            EventBody::RecordingViewed(seen) => {
                (seen.by, seen.address, seen.reason, seen.what, seen.looks)
            }
            EventBody::RecordingDownloaded(taken) => {
                let what = vec![taken.object];
                (taken.by, taken.address, taken.reason, what, None)
            }
            _ => return None,
        };
        Some(Self {
            id: format!("event:{}", event.position()).into(),
            r#type: event.kind().to_string(),
            at: DateTime(event.at()),
            by,
            address,
            reason,
            what,
            looks: looks.map(Long::from),
        })
    }
}

pub(super) async fn of_session(
    ctx: &Context<'_>,
    session: SessionId,
    first: i32,
    after: Option<String>,
) -> Result<Connection<String, SessionAccess>> {
    let request = page::request(first, after)?;
    let list = format!("accesses {session}");
    let (limit, after) = request.parts::<u64>(&list).map_err(of_query)?;
    let reader = look::list(ctx, "accesses").await?;
    let log = ctx.data::<Arc<dyn EventLog>>()?;
    let mut found = Vec::new();
    if blocking(move || reader.session(session)).await?.is_some() {
        let stream = StreamName::accesses_of(session);
        let next = after.map_or(0, |version| version.saturating_add(1));
        let read = log.read_stream(&stream, StreamVersion(next), limit + 1);
        for event in read.await.map_err(of_store)? {
            if let Some(access) = SessionAccess::of(&event) {
                let cursor = Cursor::new(&list, &event.version().0).map_err(of_query)?;
                found.push((cursor, access));
            }
        }
    }
    let page = Page::of(found, limit, &request);
    Ok(page::connection(page, EmptyFields, |access| access))
}
