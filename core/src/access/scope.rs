//! Which sessions a grant is about.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Some sessions: those for which every condition that is set holds. An empty scope is all sessions.
///
/// A session that does not say what a condition is about is not in the scope.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Scope {
    /// The secret lies in one of these folders, or below one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub folders: Vec<String>,
    /// It started at this time or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Its user is in one of these groups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// It is a session of the holder's own.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
    /// It was recorded at one of these sites.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<String>,
    /// It reaches one of these targets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
    /// It started before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
}

/// What decides whether a session lies in a scope.
#[derive(Debug, Clone, Copy)]
pub struct SessionTraits<'a> {
    /// When it started.
    pub started: Timestamp,
    /// The person or service that acts.
    pub user: Option<&'a str>,
    /// The groups of the user.
    pub groups: &'a [String],
    /// The site that recorded it.
    pub site: Option<&'a str>,
    /// The folder that holds the secret.
    pub folder: Option<&'a str>,
    /// The account or resource that is reached.
    pub target: Option<&'a str>,
}

/// Why a scope cannot be granted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// Each value costs a comparison for each session.
    #[error("{found} {what} in one scope, expected at most {expected}: give several grants")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        found: usize,
        /// How many may be.
        expected: usize,
    },
    /// A value that no session can have.
    #[error("a value of {what} has {found} characters, expected 1 to {expected}")]
    Value {
        /// Of what.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The longest that is allowed.
        expected: usize,
    },
    /// Nothing lies between its times.
    #[error("the scope ends before it begins")]
    NoTime,
}

impl Scope {
    /// The most values that one condition may have.
    pub const VALUES_MAX: usize = 100;
    /// The most characters that a value may have.
    pub const VALUE_CHARS_MAX: usize = 500;

    /// All sessions.
    #[must_use]
    pub fn everything() -> Self {
        Self::default()
    }

    /// Whether it is all sessions.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// Checks a scope that somebody gave.
    ///
    /// # Errors
    /// When it has too many values, or such as no session can have.
    pub fn check(&self) -> Result<(), ScopeError> {
        for (what, values) in [
            ("folders", &self.folders),
            ("groups", &self.groups),
            ("sites", &self.sites),
            ("targets", &self.targets),
        ] {
            let found = values.len();
            if found > Self::VALUES_MAX {
                return Err(ScopeError::TooMany {
                    what,
                    found,
                    expected: Self::VALUES_MAX,
                });
            }
            for value in values {
                let found = value.chars().count();
                if !(1..=Self::VALUE_CHARS_MAX).contains(&found) {
                    return Err(ScopeError::Value {
                        what,
                        found,
                        expected: Self::VALUE_CHARS_MAX,
                    });
                }
            }
        }
        match (self.from, self.to) {
            (Some(from), Some(to)) if from >= to => Err(ScopeError::NoTime),
            _ => Ok(()),
        }
    }

    /// Whether every session of another scope surely lies in this one too, whoever holds it. What cannot be told
    /// from the conditions alone is not said to be so.
    #[must_use]
    pub fn encloses(&self, other: &Self) -> bool {
        let Self {
            folders,
            from,
            groups,
            own,
            sites,
            targets,
            to,
        } = self;
        let all_of = |values: &[String], others: &[String]| {
            values.is_empty()
                || (!others.is_empty() && others.iter().all(|other| values.contains(other)))
        };
        let in_folders = folders.is_empty()
            || (!other.folders.is_empty()
                && other.folders.iter().all(|folder| {
                    folders_above(folder).any(|above| folders.iter().any(|one| one == above))
                }));
        // "One's own" are other sessions for another holder.
        !own && in_folders
            && from.is_none_or(|from| other.from.is_some_and(|other| other >= from))
            && to.is_none_or(|to| other.to.is_some_and(|other| other <= to))
            && all_of(groups, &other.groups)
            && all_of(sites, &other.sites)
            && all_of(targets, &other.targets)
    }

    /// Whether a session lies in it. `who` are the names under which its holder has sessions.
    #[must_use]
    pub fn covers(&self, session: &SessionTraits<'_>, who: &[String]) -> bool {
        let Self {
            folders,
            from,
            groups,
            own,
            sites,
            targets,
            to,
        } = self;
        let one_of = |values: &[String], value: Option<&str>| {
            values.is_empty() || value.is_some_and(|value| values.iter().any(|one| one == value))
        };
        let in_folder = folders.is_empty()
            || session.folder.is_some_and(|folder| {
                folders_above(folder).any(|above| folders.iter().any(|one| one == above))
            });
        in_folder
            && from.is_none_or(|from| session.started >= from)
            && to.is_none_or(|to| session.started < to)
            && (groups.is_empty() || session.groups.iter().any(|group| groups.contains(group)))
            && (!own
                || session
                    .user
                    .is_some_and(|user| who.iter().any(|one| one == user)))
            && one_of(sites, session.site)
            && one_of(targets, session.target)
    }
}

/// The folder and all folders that it lies in, the innermost first. Folders are divided by `/` or `\`.
pub fn folders_above(folder: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(folder);
    std::iter::from_fn(move || {
        let this = rest?;
        let cut = this.rfind(['/', '\\']);
        rest = cut
            .map(|cut| &this[..cut])
            .filter(|above| !above.is_empty());
        Some(this)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(values: &[&str]) -> Vec<String> {
        values.iter().map(|&value| value.to_owned()).collect()
    }

    fn scope(json: &str) -> Scope {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_scope_encloses_what_is_narrower_in_every_condition() {
        let cases = [
            ("{}", "{}", true),
            ("{}", r#"{"own":true}"#, true),
            (r#"{"own":true}"#, r#"{"own":true}"#, false),
            (r#"{"sites":["a","b"]}"#, r#"{"sites":["b"]}"#, true),
            (r#"{"sites":["a"]}"#, r#"{"sites":["a","b"]}"#, false),
            (r#"{"sites":["a"]}"#, "{}", false),
            (r#"{"sites":["a"]}"#, r#"{"groups":["a"]}"#, false),
            (
                r#"{"sites":["a"]}"#,
                r#"{"groups":["x"],"sites":["a"]}"#,
                true,
            ),
            (
                r#"{"folders":["/Unix"]}"#,
                r#"{"folders":["/Unix/DB","/Unix"]}"#,
                true,
            ),
            (
                r#"{"folders":["/Unix/DB"]}"#,
                r#"{"folders":["/Unix"]}"#,
                false,
            ),
            (
                r#"{"from":"2026-01-01T00:00:00Z"}"#,
                r#"{"from":"2026-02-01T00:00:00Z"}"#,
                true,
            ),
            (r#"{"from":"2026-01-01T00:00:00Z"}"#, "{}", false),
            (
                r#"{"to":"2026-01-01T00:00:00Z"}"#,
                r#"{"to":"2026-02-01T00:00:00Z"}"#,
                false,
            ),
        ];
        for (outer, inner, want) in cases {
            assert_eq!(
                scope(outer).encloses(&scope(inner)),
                want,
                "{outer} {inner}"
            );
        }
    }

    #[test]
    fn a_scope_covers_what_all_of_its_conditions_hold_for() {
        let groups = texts(&["dba", "linux"]);
        let session = SessionTraits {
            started: "2026-03-01T00:00:00Z".parse().unwrap(),
            user: Some("alice"),
            groups: &groups,
            site: Some("berlin"),
            folder: Some("/Unix/Databases/EU"),
            target: None,
        };
        let at = |text: &str| Some(text.parse().unwrap());
        let all = Scope::default;
        let cases = [
            (all(), true),
            (
                Scope {
                    sites: texts(&["paris", "berlin"]),
                    ..all()
                },
                true,
            ),
            (
                Scope {
                    sites: texts(&["paris"]),
                    ..all()
                },
                false,
            ),
            (
                Scope {
                    targets: texts(&["db1"]),
                    ..all()
                },
                false,
            ),
            (
                Scope {
                    folders: texts(&["/Unix"]),
                    ..all()
                },
                true,
            ),
            (
                Scope {
                    folders: texts(&["/Uni"]),
                    ..all()
                },
                false,
            ),
            (
                Scope {
                    folders: texts(&["/Unix/Databases/EU/x"]),
                    ..all()
                },
                false,
            ),
            (
                Scope {
                    groups: texts(&["linux"]),
                    ..all()
                },
                true,
            ),
            (
                Scope {
                    groups: texts(&["lin"]),
                    ..all()
                },
                false,
            ),
            (Scope { own: true, ..all() }, true),
            (
                Scope {
                    from: at("2026-03-01T00:00:00Z"),
                    ..all()
                },
                true,
            ),
            (
                Scope {
                    to: at("2026-03-01T00:00:00Z"),
                    ..all()
                },
                false,
            ),
            (
                Scope {
                    own: true,
                    sites: texts(&["paris"]),
                    ..all()
                },
                false,
            ),
        ];
        for (scope, want) in cases {
            assert_eq!(
                scope.covers(&session, &texts(&["alice"])),
                want,
                "{scope:?}"
            );
        }
        let own = Scope { own: true, ..all() };
        assert!(!own.covers(&session, &texts(&["bob"])));
        assert!(!own.covers(&session, &[]));
    }

    #[test]
    fn folders_lie_in_each_other() {
        let above = |folder| folders_above(folder).collect::<Vec<_>>();
        assert_eq!(above("/a/b"), ["/a/b", "/a"]);
        assert_eq!(
            above(r"Ops\Linux\Web"),
            [r"Ops\Linux\Web", r"Ops\Linux", "Ops"]
        );
        assert_eq!(above("/"), ["/"]);
    }

    #[test]
    fn what_no_session_can_have_is_refused() {
        let many = Scope {
            sites: vec!["a".to_owned(); 101],
            ..Scope::default()
        };
        let empty = Scope {
            groups: texts(&[""]),
            ..Scope::default()
        };
        let at: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        let none = Scope {
            from: Some(at),
            to: Some(at),
            ..Scope::default()
        };
        for scope in [many, empty, none] {
            assert!(scope.check().is_err(), "{scope:?}");
        }
        assert!(serde_json::from_str::<Scope>(r#"{"site":["typo"]}"#).is_err());
    }
}
