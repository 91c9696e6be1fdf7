//! What a viewer may see, as conditions of the stores.
//!
//! Three forms of one rule: [`Sight::covers`](retrace_core::access::Sight::covers) for a session in hand, SQL for the
//! catalogue, a query for the index of moments. What a viewer may not see is left out by the store itself, so that it
//! shows in no count, no page and no facet.

#[cfg(test)]
mod tests;

use std::ops::Bound;

use retrace_core::access::{Extent, Right, Scope};
use retrace_core::{SessionId, Timestamp};
use retrace_projections::moments::Fields;
use retrace_projections::sessions::SessionRow;
use rusqlite::types::Value;
use tantivy::Term;
use tantivy::query::{AllQuery, BooleanQuery, EmptyQuery, Occur, Query, RangeQuery};
use tantivy::schema::Field;

use crate::moments::{all_of, is};
use crate::{QueryError, Reader};

impl Reader {
    /// Whether the content of a session may be seen. Its existence is no answer: of a session that the viewer may not
    /// know of it is the same as of one that there is not.
    ///
    /// # Errors
    /// [`QueryError::Denied`] when the viewer may see that the session took place, and not what happened in it.
    pub fn may_view_recording(&self, session: SessionId) -> Result<bool, QueryError> {
        self.may(Right::ViewRecordings, session)
    }

    /// Whether the viewer may do this with a session: false when there is none that they may know of.
    ///
    /// # Errors
    /// [`QueryError::Denied`] when they may see that the session took place, and not do this with it.
    pub fn may(&self, right: Right, session: SessionId) -> Result<bool, QueryError> {
        if self.sight.may_everywhere(right) && self.sight.may_everywhere(Right::ViewSessions) {
            return Ok(true);
        }
        let row = self
            .sessions
            .read(|connection| SessionRow::find(connection, session))?;
        let Some(row) = row.filter(|row| self.sees(row)) else {
            return Ok(false);
        };
        if self.sight.covers(right, &row.traits()) {
            Ok(true)
        } else {
            Err(QueryError::Denied(right))
        }
    }

    /// Whether the viewer may know of a session.
    pub(crate) fn sees(&self, row: &SessionRow) -> bool {
        self.sight.covers(Right::ViewSessions, &row.traits())
    }
}

/// The extent as a condition on the table `sessions`, with its values. Empty when it is no condition.
pub(crate) fn sql(extent: &Extent) -> Option<(String, Vec<Value>)> {
    let Extent::Within { who, scopes } = extent else {
        return None;
    };
    let mut values = Vec::new();
    let any: Vec<String> = scopes
        .iter()
        .map(|scope| sql_of_scope(scope, who, &mut values))
        .collect();
    let sql = if any.is_empty() {
        "FALSE".to_owned()
    } else {
        format!("({})", any.join(" OR "))
    };
    Some((sql, values))
}

fn sql_of_scope(scope: &Scope, who: &[String], values: &mut Vec<Value>) -> String {
    let Scope {
        folders,
        from,
        groups,
        own,
        sites,
        targets,
        to,
    } = scope;
    let mut all = Vec::new();
    let mut one_of = |what: &str, names: &[String], tail: &str| {
        let places = vec!["?"; names.len()].join(", ");
        values.extend(names.iter().cloned().map(Value::Text));
        all.push(format!("{what} IN ({places}){tail}"));
    };
    if !folders.is_empty() {
        let has =
            "EXISTS (SELECT 1 FROM session_folders f WHERE f.session = sessions.id AND f.name";
        one_of(has, folders, ")");
    }
    if !groups.is_empty() {
        let has = "EXISTS (SELECT 1 FROM session_groups g WHERE g.session = sessions.id AND g.name";
        one_of(has, groups, ")");
    }
    if *own {
        one_of("user", who, "");
    }
    if !sites.is_empty() {
        one_of("site", sites, "");
    }
    if !targets.is_empty() {
        one_of("target", targets, "");
    }
    for (time, sign) in [(from, ">="), (to, "<")] {
        if let Some(time) = time {
            values.push(Value::Integer(time.micros()));
            all.push(format!("started_us {sign} ?"));
        }
    }
    if all.is_empty() {
        "TRUE".to_owned()
    } else {
        format!("({})", all.join(" AND "))
    }
}

/// The extent as a condition on moments. None when it is no condition.
pub(crate) fn query(extent: &Extent, fields: &Fields) -> Option<Box<dyn Query>> {
    let Extent::Within { who, scopes } = extent else {
        return None;
    };
    if scopes.is_empty() {
        return Some(Box::new(EmptyQuery));
    }
    Some(any_of(
        scopes
            .iter()
            .map(|scope| query_of_scope(scope, who, fields))
            .collect(),
    ))
}

fn query_of_scope(scope: &Scope, who: &[String], fields: &Fields) -> Box<dyn Query> {
    let Scope {
        folders,
        from,
        groups,
        own,
        sites,
        targets,
        to,
    } = scope;
    let mut all: Vec<Box<dyn Query>> = Vec::new();
    for (field, names) in [
        (fields.folder, folders),
        (fields.group, groups),
        (fields.site, sites),
        (fields.target, targets),
    ] {
        if !names.is_empty() {
            all.push(named(field, names));
        }
    }
    if *own {
        all.push(named(fields.user, who));
    }
    all.extend(started(fields, *from, *to));
    if all.is_empty() {
        Box::new(AllQuery)
    } else {
        all_of(all)
    }
}

fn named(field: Field, names: &[String]) -> Box<dyn Query> {
    any_of(
        names
            .iter()
            .map(|name| is(Term::from_field_text(field, name)))
            .collect(),
    )
}

/// Holds where one of the conditions does; nowhere when there are none.
fn any_of(conditions: Vec<Box<dyn Query>>) -> Box<dyn Query> {
    let clauses = conditions
        .into_iter()
        .map(|condition| (Occur::Should, condition));
    Box::new(BooleanQuery::new(clauses.collect()))
}

/// Holds for moments of sessions that started in `[from, to)`.
pub(crate) fn started(
    fields: &Fields,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
) -> Option<Box<dyn Query>> {
    let term = |time: Timestamp| Term::from_field_i64(fields.session_start_us, time.micros());
    let lower = from.map_or(Bound::Unbounded, |at| Bound::Included(term(at)));
    let upper = to.map_or(Bound::Unbounded, |at| Bound::Excluded(term(at)));
    let any = from.is_some() || to.is_some();
    any.then(|| -> Box<dyn Query> { Box::new(RangeQuery::new(lower, upper)) })
}
