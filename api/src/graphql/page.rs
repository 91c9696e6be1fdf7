//! Pages of `retrace-query` as Relay connections.

use async_graphql::connection::{Connection, ConnectionNameType, Edge, EdgeNameType, EmptyFields};
use async_graphql::{ObjectType, OutputType, Result};
use retrace_query::{Cursor, Page, PageRequest};

use super::error::ErrorCode;

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
    })
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
