//! Which rows of the tables a viewer may see.
//!
//! The rule is [`Sight::covers`](retrace_core::access::Sight::covers), asked for each session that the table `sessions` has at
//! that moment: a session that was purged is not among them.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, BooleanArray, Int64Array};
use retrace_core::access::{Extent, Right, Sight};
use retrace_projections::ProjectionError;
use retrace_projections::columns::ColumnsView;

use super::SqlTable;

/// The rows of a table that somebody may see.
#[derive(Debug, Clone, Default)]
pub(super) struct Visible {
    /// Of the sessions with these numbers; all where there is none.
    sessions: Option<Vec<bool>>,
    /// Those that concern no session.
    of_none: bool,
}

impl Visible {
    /// Whether nothing is left out.
    pub(super) fn is_all(&self) -> bool {
        self.sessions.is_none() && self.of_none
    }

    pub(super) fn shows(&self, number: Option<i64>) -> bool {
        match (number, &self.sessions) {
            (None, _) => self.of_none,
            (Some(_), None) => true,
            (Some(number), Some(sessions)) => usize::try_from(number)
                .ok()
                .and_then(|number| sessions.get(number))
                .copied()
                .unwrap_or(false),
        }
    }

    /// Which of the rows may be seen, by the numbers of their sessions.
    pub(super) fn mask(&self, numbers: &Int64Array) -> BooleanArray {
        (0..numbers.len())
            .map(|row| {
                let number = numbers.is_valid(row).then(|| numbers.value(row));
                Some(self.shows(number))
            })
            .collect()
    }
}

/// What a viewer may see of the stored tables, by the right that it takes.
pub(super) struct Seen {
    by_right: BTreeMap<Right, Option<Vec<bool>>>,
    of_none: bool,
}

impl Seen {
    /// What a sight covers of the tables. Blocks where not everything is covered.
    pub(super) fn of(
        sight: &Sight,
        tables: impl IntoIterator<Item = SqlTable>,
        view: &ColumnsView,
    ) -> Result<Self, ProjectionError> {
        let stored = |table: &SqlTable| matches!(table, SqlTable::Stored(_));
        let rights = tables.into_iter().filter(stored).map(SqlTable::right);
        let mut by_right: BTreeMap<Right, Option<Vec<bool>>> =
            rights.map(|right| (right, None)).collect();
        let everything =
            |right: Right| sight.may_everywhere(right) && sight.may_everywhere(Right::ViewSessions);
        let known = sight.extent(Right::ViewSessions);
        let mut wanted: Vec<(Extent, &mut Option<Vec<bool>>)> = by_right
            .iter_mut()
            .filter(|(right, _)| !everything(**right))
            .map(|(right, seen)| {
                *seen = Some(Vec::new());
                (sight.extent(*right), seen)
            })
            .collect();
        if !wanted.is_empty() {
            view.each_session(|number, session| {
                let traits = session.traits();
                let is_known = known.covers(&traits);
                let Ok(number) = usize::try_from(number) else {
                    return;
                };
                for (extent, seen) in &mut wanted {
                    let seen = seen.get_or_insert_default();
                    if seen.len() <= number {
                        seen.resize(number + 1, false);
                    }
                    seen[number] = is_known && extent.covers(&traits);
                }
            })?;
        }
        Ok(Self {
            by_right,
            of_none: sight.may_everywhere(Right::ViewSettings),
        })
    }

    /// What may be seen of a table.
    pub(super) fn visible(&self, table: SqlTable) -> Arc<Visible> {
        let nothing = Some(Vec::new());
        let sessions = self.by_right.get(&table.right()).unwrap_or(&nothing);
        Arc::new(Visible {
            sessions: sessions.clone(),
            of_none: self.of_none,
        })
    }
}
