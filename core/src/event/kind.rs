//! The names of event types.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::InvalidName;

/// The name of an event type, `noun.verb_in_the_past`. The names known to this version are
/// constants; others come from newer recorders.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventType(Cow<'static, str>);

impl EventType {
    /// Stands for an event that was destroyed with the recording it belonged to: what it said, and even its type, is gone;
    /// its place and the hash of its leaf stay ([`super::Event::is_destroyed`]). No event is ever appended with it.
    pub const DESTROYED: Self = Self::known("retention.destroyed");

    pub(super) const fn known(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// The name, if it is one: `noun.verb`, each part of 1 to 40 `a-z 0-9 _`, from a letter on.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn new(name: &str) -> Result<Self, InvalidName> {
        if let Some(known) = Self::ALL.iter().find(|known| known.as_str() == name) {
            return Ok(known.clone());
        }
        let is_part = |part: &str| {
            (1..=40).contains(&part.len())
                && part.as_bytes()[0].is_ascii_lowercase()
                && part
                    .bytes()
                    .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        };
        match name.split_once('.') {
            Some((noun, verb)) if is_part(noun) && is_part(verb) => {
                Ok(Self(Cow::Owned(name.to_owned())))
            }
            _ => Err(InvalidName::new(
                "event type",
                name,
                "`noun.verb_in_the_past`",
            )),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for EventType {
    type Error = InvalidName;

    fn try_from(name: String) -> Result<Self, InvalidName> {
        Self::new(&name)
    }
}

impl From<EventType> for String {
    fn from(kind: EventType) -> Self {
        kind.0.into_owned()
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
