//! Pages, cursors and errors: what every question has in common.
//!
//! A cursor names the item it stands at by its sort key, not by a count: items that appear or
//! vanish before it move nothing, and no item is seen twice or missed because of them. It is
//! opaque to callers and read as hostile: one that was made for another question, or that nobody
//! made, is [`QueryError::InvalidCursor`].

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use retrace_core::access::Right;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::search::InvalidQuery;

/// Which part of an ordered list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// How many items at most: 1 to 100.
    pub first: u32,
    /// The cursor of the item before the first that is wanted; of the item behind the last, when the page is read
    /// backwards.
    pub after: Option<Cursor>,
    /// Whether the page is the one before the cursor, or the last one without a cursor. The items of a page are in the
    /// order of the list all the same.
    pub backwards: bool,
}

impl PageRequest {
    /// The most items that one page may have.
    pub const FIRST_MAX: u32 = 100;

    /// The beginning of the list.
    pub fn first(first: u32) -> Self {
        Self {
            first,
            after: None,
            backwards: false,
        }
    }

    /// How many items are wanted, checked.
    pub(crate) fn limit(&self) -> Result<usize, QueryError> {
        checked("first", self.first, 1, Self::FIRST_MAX).map(|first| first as usize)
    }

    /// How many items are wanted, and the key of the item before the first wanted one, of the list `list`. For lists
    /// that callers make themselves.
    ///
    /// # Errors
    /// When the page is none that can be asked for, or the cursor is not of this list.
    pub fn parts<K: DeserializeOwned>(&self, list: &str) -> Result<(usize, Option<K>), QueryError> {
        Ok((self.limit()?, self.key_before(list)?))
    }

    /// The key of the item before the first wanted one, if `after` is of the list `list`.
    pub(crate) fn key_before<K: DeserializeOwned>(
        &self,
        list: &str,
    ) -> Result<Option<K>, QueryError> {
        self.after
            .as_ref()
            .map(|cursor| cursor.key(list))
            .transpose()
    }
}

/// A part of an ordered list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items with their cursors, in order.
    pub items: Vec<(Cursor, T)>,
    /// Whether there are items after them.
    pub has_next: bool,
    /// Whether there are items before them.
    pub has_previous: bool,
}

impl<T> Page<T> {
    /// The page of the items that were found, in the order in which they were looked for, when one more than `limit`
    /// was.
    #[must_use]
    pub fn of(mut items: Vec<(Cursor, T)>, limit: usize, request: &PageRequest) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let from_end = request.after.is_some();
        if request.backwards {
            items.reverse();
        }
        let (has_previous, has_next) = if request.backwards {
            (more, from_end)
        } else {
            (from_end, more)
        };
        Self {
            items,
            has_next,
            has_previous,
        }
    }
}

/// A place in an ordered list, as a text that callers hand back as it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cursor(String);

/// Longer texts are no cursors of ours: they are not even decoded.
const CURSOR_BYTES_MAX: usize = 1_000;

impl Cursor {
    /// The cursor of the item with sort key `key` in the list `list`: its question and order.
    ///
    /// # Errors
    /// When the key cannot be written as JSON.
    pub fn new<K: Serialize>(list: &str, key: &K) -> Result<Self, QueryError> {
        let text = serde_json::to_vec(&(list, key)).map_err(QueryError::internal)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(text)))
    }

    fn key<K: DeserializeOwned>(&self, list: &str) -> Result<K, QueryError> {
        if self.0.len() > CURSOR_BYTES_MAX {
            return Err(QueryError::InvalidCursor);
        }
        let text = URL_SAFE_NO_PAD
            .decode(&self.0)
            .map_err(|_| QueryError::InvalidCursor)?;
        let (of_list, key): (String, K) =
            serde_json::from_slice(&text).map_err(|_| QueryError::InvalidCursor)?;
        if of_list == list {
            Ok(key)
        } else {
            Err(QueryError::InvalidCursor)
        }
    }

    /// The cursor as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Takes any text: whether it is a cursor shows when it is used.
impl From<String> for Cursor {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The caller asked for what cannot be asked for. Change the argument.
    #[error("`{field}` is {found}, expected {expected}")]
    InvalidArgument {
        /// The argument.
        field: &'static str,
        /// What it was.
        found: String,
        /// What it may be.
        expected: String,
    },
    /// The text of a search cannot be understood, or asks for too much. Change it at the place that is told.
    #[error(transparent)]
    InvalidQuery(#[from] InvalidQuery),
    /// The viewer may see that a session took place, and not do this with it. Ask for a grant.
    #[error("your grants do not allow this with this session: it needs the right to {}", what(*.0))]
    Denied(Right),
    /// The cursor is not of this list. Begin again, without one.
    #[error("the cursor is not of this list")]
    InvalidCursor,
    /// A read model is not there, or cannot be read now. Ask again later; if that does not help,
    /// rebuild it.
    #[error("the read model did not answer: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The log did not answer.
    #[error(transparent)]
    Log(#[from] retrace_core::log::StoreError),
}

/// What a right allows, for people.
fn what(right: Right) -> &'static str {
    match right {
        Right::ViewSessions => "see sessions",
        Right::ViewRecordings => "see recordings",
        Right::Reveal => "reveal what is redacted",
        Right::Control => "control sessions",
        Right::Review => "review sessions",
        Right::Redact => "redact recordings",
        Right::Hold => "put sessions on legal hold",
        Right::Purge => "purge sessions",
        Right::ReadLog => "read the log",
        Right::ViewSettings => "see settings",
        Right::ChangeSettings => "change settings",
        Right::ManageAccess => "manage access",
    }
}

impl QueryError {
    /// An error that says nothing to the caller but that it is not their fault.
    pub(crate) fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

impl From<rusqlite::Error> for QueryError {
    fn from(error: rusqlite::Error) -> Self {
        Self::internal(error)
    }
}

/// The number, if it lies in `[min, max]`.
pub(crate) fn checked<N: PartialOrd + fmt::Display + Copy>(
    field: &'static str,
    number: N,
    min: N,
    max: N,
) -> Result<N, QueryError> {
    if number >= min && number <= max {
        Ok(number)
    } else {
        Err(QueryError::InvalidArgument {
            field,
            found: number.to_string(),
            expected: format!("{min} to {max}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(text: &str) -> PageRequest {
        PageRequest {
            first: 10,
            after: Some(Cursor::from(text.to_owned())),
            backwards: false,
        }
    }

    #[test]
    fn a_cursor_gives_back_its_key() {
        let cursor = Cursor::new("numbers", &(7, "é")).unwrap();
        let request = after(cursor.as_str());
        assert_eq!(
            request.key_before("numbers").unwrap(),
            Some((7, "é".to_owned()))
        );
    }

    #[test]
    fn a_cursor_that_is_not_of_the_list_is_refused() {
        let foreign = Cursor::new("letters", &7).unwrap();
        let shape = Cursor::new("numbers", &"seven").unwrap();
        let long = Cursor::new("numbers", &"7".repeat(2_000)).unwrap();
        let made_up = ["", "7", "!!", "bnVtYmVycw", "👻"].map(|text| Cursor::from(text.to_owned()));
        for cursor in [foreign, shape, long].into_iter().chain(made_up) {
            let key = after(cursor.as_str()).key_before::<i64>("numbers");
            assert!(matches!(key, Err(QueryError::InvalidCursor)), "{cursor}");
        }
    }

    #[test]
    fn a_page_has_1_to_100_items() {
        for (first, valid) in [
            (0, false),
            (1, true),
            (100, true),
            (101, false),
            (u32::MAX, false),
        ] {
            assert_eq!(PageRequest::first(first).limit().is_ok(), valid, "{first}");
        }
    }
}
