//! What a viewer may see, as conditions of the stores.
//!
//! Three forms of one rule: [`Sight::covers`](retrace_core::access::Sight::covers) for a session in hand, SQL for the
//! catalogue, a query for the index of moments. What a viewer may not see is left out by the store itself, so that it
//! shows in no count, no page and no facet.

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError};

use retrace_core::access::{Extent, Right, Scope};
use retrace_core::{SessionId, Timestamp};
use retrace_projections::moments::{Fields, MomentsView};
use retrace_projections::sessions::SessionRow;
use rusqlite::types::Value;
use tantivy::index::SegmentId;
use tantivy::query::{
    AllQuery, BooleanQuery, EmptyQuery, EnableScoring, Occur, Query, RangeQuery, TermSetQuery,
};
use tantivy::schema::Field;
use tantivy::{BitSet, DocSet, TERMINATED, TantivyError, Term};

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

    /// What the viewer may do with a session: nothing with one that they may not know of.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn rights(&self, session: SessionId) -> Result<Vec<Right>, QueryError> {
        let row = self
            .sessions
            .read(|connection| SessionRow::find(connection, session))?;
        let Some(row) = row.filter(|row| self.sees(row)) else {
            return Ok(Vec::new());
        };
        let traits = row.traits();
        let held = self.sight.grants().iter();
        let held: BTreeSet<Right> = held
            .flat_map(|grant| grant.role.rights())
            .copied()
            .collect();
        let covered = held
            .into_iter()
            .filter(|right| self.sight.covers(*right, &traits));
        Ok(covered.collect())
    }

    /// Whether the viewer may know of a session.
    pub(crate) fn sees(&self, row: &SessionRow) -> bool {
        self.sight.covers(Right::ViewSessions, &row.traits())
    }
}

/// The moments that a viewer may know of, a bit for each document of each segment.
pub(crate) struct Allowed(pub(crate) Vec<Arc<BitSet>>);

/// So many extents are remembered: viewers have few, and many have the same.
const EXTENTS_MAX: usize = 32;

/// Which documents lie in which extent, of the segments that there are. A document's session does not change, so a
/// segment is looked through once for each extent, however many scopes it has.
#[derive(Default)]
pub(crate) struct Seen {
    /// The last one that was asked for at the end.
    of_extents: Mutex<Vec<OfExtent>>,
}

struct OfExtent {
    extent: Extent,
    segments: HashMap<SegmentId, Arc<BitSet>>,
}

impl Seen {
    fn allowed(
        &self,
        view: &MomentsView,
        extent: &Extent,
        query: &dyn Query,
    ) -> Result<Allowed, TantivyError> {
        let readers = view.searcher.segment_readers();
        let known = {
            let mut of_extents = self
                .of_extents
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let found = of_extents.iter().position(|of| of.extent == *extent);
            let found = found.map(|at| of_extents.remove(at));
            let segments = found.map(|of| of.segments).unwrap_or_default();
            of_extents.push(OfExtent {
                extent: extent.clone(),
                segments: segments.clone(),
            });
            let spare = of_extents.len().saturating_sub(EXTENTS_MAX);
            of_extents.drain(..spare);
            segments
        };
        let weight = query.weight(EnableScoring::disabled_from_searcher(&view.searcher))?;
        let mut segments = HashMap::new();
        let mut allowed = Vec::with_capacity(readers.len());
        for reader in readers {
            let documents = match known.get(&reader.segment_id()) {
                Some(documents) => Arc::clone(documents),
                None => {
                    let mut documents = BitSet::with_max_value(reader.max_doc());
                    let mut scorer = weight.scorer(reader, 1.0)?;
                    let mut document = scorer.doc();
                    while document != TERMINATED {
                        documents.insert(document);
                        document = scorer.advance();
                    }
                    Arc::new(documents)
                }
            };
            segments.insert(reader.segment_id(), Arc::clone(&documents));
            allowed.push(documents);
        }
        if segments.len() != known.len() || segments.keys().any(|id| !known.contains_key(id)) {
            let mut of_extents = self
                .of_extents
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if let Some(of) = of_extents.iter_mut().find(|of| of.extent == *extent) {
                of.segments = segments;
            }
        }
        Ok(Allowed(allowed))
    }
}

impl Reader {
    /// The moments that lie in an extent; none when all do.
    pub(crate) fn allowed(
        &self,
        view: &MomentsView,
        extent: &Extent,
    ) -> Result<Option<Allowed>, QueryError> {
        let Some(query) = query(extent, &view.fields) else {
            return Ok(None);
        };
        let allowed = self.seen.allowed(view, extent, &*query);
        allowed.map(Some).map_err(QueryError::internal)
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
    let term = |name: &String| Term::from_field_text(field, name);
    if names.len() > 1 {
        return Box::new(TermSetQuery::new(names.iter().map(term)));
    }
    any_of(names.iter().map(|name| is(term(name))).collect())
}

/// Holds where one of the conditions does; nowhere when there are none.
fn any_of(conditions: Vec<Box<dyn Query>>) -> Box<dyn Query> {
    let clauses = conditions
        .into_iter()
        .map(|condition| (Occur::Should, condition));
    Box::new(BooleanQuery::new(clauses.collect()))
}

/// Holds for moments of sessions that started in `[from, to)`.
fn started(
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
