//! What is built of recordings: who asked for what, who works on it, what came of it.

use retrace_core::event::{Event, EventBody};
use rusqlite::Connection;

use crate::ProjectionError;
use crate::starts::Start;
use crate::store::to_sql;

pub(super) fn apply(
    connection: &Connection,
    event: &Event,
    start: &Start,
    body: &EventBody,
) -> Result<(), ProjectionError> {
    let mut product = Product::default();
    let media_type = match body {
        EventBody::VideoAnalyzed(analyzed) => {
            let changed: Vec<u8> = analyzed
                .changed_permille
                .iter()
                .flat_map(|permille| permille.to_le_bytes())
                .collect();
            let sheet = analyzed
                .thumbnails
                .as_ref()
                .map(serde_json::to_string)
                .transpose();
            let sheet = sheet.map_err(|error| ProjectionError::Store(Box::new(error)))?;
            connection
                .prepare_cached("INSERT INTO analyzed VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
                .execute((
                    to_sql(event.position().0),
                    start.key,
                    analyzed.first_at.micros_since(start.started),
                    analyzed.last_at.micros_since(start.started),
                    changed,
                    sheet,
                ))?;
            return Ok(());
        }
        EventBody::VideoRequested(requested) => {
            product = Product {
                state: "requested",
                by: Some(&requested.by),
                ..product
            };
            &requested.media_type
        }
        EventBody::VideoClaimed(claimed) => {
            product = Product {
                state: "working",
                node: Some(&claimed.node),
                ..product
            };
            &claimed.media_type
        }
        EventBody::VideoCompleted(completed) => {
            product = Product {
                state: "completed",
                blob: completed.blob.as_deref(),
                bytes: Some(completed.bytes),
                duration_us: Some(completed.duration_us),
                ..product
            };
            &completed.media_type
        }
        EventBody::VideoFailed(failed) => {
            product = Product {
                state: "failed",
                reason: Some(&failed.reason),
                ..product
            };
            &failed.media_type
        }
        _ => return Ok(()),
    };
    connection
        .prepare_cached(
            "INSERT INTO products VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT DO UPDATE SET state = excluded.state, by = coalesce(excluded.by, by),
                node = excluded.node, changed_us = excluded.changed_us, position = excluded.position,
                blob = excluded.blob, bytes = excluded.bytes, duration_us = excluded.duration_us,
                reason = excluded.reason",
        )?
        .execute(rusqlite::params![
            start.key,
            media_type,
            product.state,
            product.by,
            product.node,
            event.recorded_at().micros(),
            to_sql(event.position().0),
            product.blob,
            product.bytes.map(to_sql),
            product.duration_us.map(to_sql),
            product.reason,
        ])?;
    Ok(())
}

#[derive(Default)]
struct Product<'a> {
    state: &'static str,
    by: Option<&'a str>,
    node: Option<&'a str>,
    blob: Option<&'a str>,
    bytes: Option<u64>,
    duration_us: Option<u64>,
    reason: Option<&'a str>,
}
