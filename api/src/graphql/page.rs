//! Pages of `retrace-query` as Relay connections.

use async_graphql::connection::{Connection, ConnectionNameType, Edge, EdgeNameType, EmptyFields};
use async_graphql::{ObjectType, OutputType, Result};
use retrace_query::{Cursor, Page, PageRequest};

use super::error::ErrorCode;
use super::session::list_cost;

/// The page that `first` and `after` ask for.
pub(super) fn request(first: i32, after: Option<String>) -> Result<PageRequest> {
    let Ok(first) = u32::try_from(first) else {
        let message = format!(
            "`first` is {first}, expected 1 to {}",
            PageRequest::FIRST_MAX
        );
        return Err(ErrorCode::InvalidArgument.error(message));
    };
    Ok(PageRequest {
        first,
        after: after.map(Cursor::from),
        backwards: false,
    })
}

/// Which page of a list that can be read both ways is wanted.
pub(super) struct Asked {
    pub(super) first: Option<i32>,
    pub(super) after: Option<String>,
    pub(super) last: Option<i32>,
    pub(super) before: Option<String>,
}

impl Asked {
    /// The page: the first so many behind `after`, or the last so many before `before`; the first `default` when
    /// nothing is said.
    pub(super) fn request(self, default: i32) -> Result<PageRequest> {
        let Self {
            first,
            after,
            last,
            before,
        } = self;
        match (first, after, last, before) {
            (first, after, None, None) => request(first.unwrap_or(default), after),
            (None, None, last, before) => Ok(PageRequest {
                backwards: true,
                ..request(last.unwrap_or(default), before)?
            }),
            _ => {
                let message = "a page is read in one direction: give `first` and `after`, or `last` and `before`";
                Err(ErrorCode::InvalidArgument.error(message))
            }
        }
    }
}

/// The cost of a page of a list that can be read both ways.
pub(super) fn page_cost(
    first: Option<i32>,
    last: Option<i32>,
    default: i32,
    of_each: usize,
) -> usize {
    list_cost(first.or(last).unwrap_or(default), of_each)
}

/// A page as a connection with fields of its own.
pub(super) fn connection<T, N, F, CN, EN>(
    page: Page<T>,
    fields: F,
    node: impl Fn(T) -> N,
) -> Connection<String, N, F, EmptyFields, CN, EN>
where
    N: OutputType,
    F: ObjectType,
    CN: ConnectionNameType,
    EN: EdgeNameType,
{
    let mut connection =
        Connection::with_additional_fields(page.has_previous, page.has_next, fields);
    connection.edges.extend(
        page.items
            .into_iter()
            .map(|(cursor, item)| Edge::new(cursor.to_string(), node(item))),
    );
    connection
}
