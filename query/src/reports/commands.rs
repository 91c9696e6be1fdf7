//! Commands that match an expression, from the index of moments. What is redacted in them stays hidden.

use regex::Regex;
use retrace_core::{Position, SessionId, Timestamp};
use retrace_projections::moments::MomentKind;

use super::{Cell, ROWS_MAX};
use crate::{PageRequest, QueryError, Reader, TimelineFilter};

/// What is looked for.
pub(super) struct Wanted {
    pub(super) pattern: Regex,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    pub(super) before: Position,
}

/// A session, as its rows tell it.
pub(super) struct Of {
    pub(super) id: SessionId,
    pub(super) user: Option<String>,
    pub(super) target: Option<String>,
}

/// The rows. Blocks.
pub(super) fn rows(
    reader: &Reader,
    sessions: &[Of],
    wanted: &Wanted,
) -> Result<Vec<Vec<Cell>>, QueryError> {
    let filter = TimelineFilter {
        kinds: Some(vec![MomentKind::Command]),
        ..TimelineFilter::default()
    };
    let mut rows = Vec::new();
    for session in sessions {
        let mut request = PageRequest::first(PageRequest::FIRST_MAX);
        loop {
            let page = match reader.timeline(session.id, &filter, &request) {
                // They see that it took place, and not what happened in it.
                Err(QueryError::Denied(_)) => break,
                page => page?,
            };
            let (has_next, last) = (
                page.has_next,
                page.items.last().map(|(cursor, _)| cursor.clone()),
            );
            for (_, moment) in page.items {
                let is_in = wanted.from <= moment.at && moment.at < wanted.until;
                if is_in
                    && moment.id.position < wanted.before
                    && wanted.pattern.is_match(&moment.text)
                {
                    rows.push((
                        moment.at,
                        moment.id,
                        vec![
                            Cell::Time(moment.at),
                            Cell::text(session.user.as_deref()),
                            Cell::text(session.target.as_deref()),
                            Cell::Text(moment.text),
                            Cell::text(moment.detail.exit_status.map(|status| status.to_string())),
                            Cell::Session(session.id),
                        ],
                    ));
                }
            }
            match last {
                Some(cursor) if has_next && rows.len() <= ROWS_MAX => request.after = Some(cursor),
                _ => break,
            }
        }
    }
    rows.sort_by_key(|(at, id, _)| (*at, *id));
    Ok(rows.into_iter().map(|(_, _, row)| row).collect())
}
