//! Who did what in Retrace itself.

use retrace_core::access::Right;
use retrace_core::{Position, SessionId, Timestamp};
use retrace_projections::trail;

use crate::page::{Cursor, Page, PageRequest, QueryError};
use crate::{Reader, page};

pub use trail::{Act, ActFilter};

/// The most names that are told of those who did something.
const PEOPLE_MAX: usize = 1_000;
/// The most people, or kinds, that one question may name.
const NAMES_MAX: usize = 100;

impl Reader {
    /// What was done, the newest first. Only for those who see settings of the whole server, and all sessions.
    ///
    /// # Errors
    /// [`QueryError::Denied`] for everybody else; when the page is none, or the read model does not answer.
    pub fn trail(
        &self,
        filter: &ActFilter,
        request: &PageRequest,
    ) -> Result<Page<Act>, QueryError> {
        self.may_see_trail()?;
        for (field, names) in [("by", &filter.who), ("types", &filter.kinds)] {
            page::checked(field, names.len(), 0, NAMES_MAX)?;
        }
        let list = list_of(filter);
        let (limit, before) = request.parts::<u64>(&list)?;
        let found = self.trail.read(|connection| {
            trail::acts(connection, filter, before.map(Position), limit + 1)
                .map_err(QueryError::from)
        })?;
        let items = found.into_iter().map(|act| {
            let cursor = Cursor::new(&list, &act.position.0)?;
            Ok((cursor, act))
        });
        let items = items.collect::<Result<_, QueryError>>()?;
        Ok(Page::of(items, limit, request))
    }

    /// Everybody who ever did something, by name; at most 1,000.
    ///
    /// # Errors
    /// As [`Self::trail`].
    pub fn trail_people(&self) -> Result<Vec<String>, QueryError> {
        self.may_see_trail()?;
        self.trail
            .read(|connection| Ok(trail::people(connection, PEOPLE_MAX)?))
    }

    fn may_see_trail(&self) -> Result<(), QueryError> {
        for right in [Right::ViewSettings, Right::ViewSessions] {
            if !self.sight().may_everywhere(right) {
                return Err(QueryError::Denied(right));
            }
        }
        Ok(())
    }
}

/// A cursor is good for the question that it was made for.
fn list_of(filter: &ActFilter) -> String {
    let ActFilter {
        who,
        kinds,
        session,
        from,
        to,
    } = filter;
    let session = session.as_ref().map(SessionId::to_string);
    let [from, to] = [from, to].map(|time| time.map(Timestamp::micros));
    format!("trail {who:?} {kinds:?} {session:?} {from:?} {to:?}")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use retrace_core::access::{Grant, Role, Scope, Sight};

    use super::*;
    use crate::testing::Fixture;

    #[tokio::test(flavor = "multi_thread")]
    async fn only_who_sees_the_whole_server_sees_what_was_done_in_it() {
        let at = Fixture::new().await;
        at.settle().await;
        let some = Scope {
            sites: vec!["north".to_owned()],
            ..Scope::default()
        };
        let cases = Role::ALL
            .map(|role| (role, Scope::default()))
            .into_iter()
            .chain([(Role::Admin, some)]);
        for (role, scope) in cases {
            let everywhere = scope.is_everything();
            let sight = Sight::new(Vec::new(), vec![Grant { role, scope }]);
            let reader = at.reader.seen_by(Arc::new(sight));
            let may = reader.trail(&ActFilter::default(), &PageRequest::first(1));
            let expected = everywhere && matches!(role, Role::Admin | Role::Auditor | Role::Siem);
            assert_eq!(may.is_ok(), expected, "{role}");
            assert_eq!(reader.trail_people().is_ok(), expected, "{role}");
        }
    }
}
