//! All that somebody may do.

use super::{Right, Role, Scope, SessionTraits};

/// The rights of a role over some sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What may be done.
    pub role: Role,
    /// With which sessions.
    pub scope: Scope,
}

impl Grant {
    /// Whether it gives the right, for sessions of its scope.
    #[must_use]
    pub fn gives(&self, right: Right) -> bool {
        self.role.rights().contains(&right)
    }

    /// The scope, narrowed to what the role itself allows.
    fn narrowed(&self) -> Scope {
        let mut scope = self.scope.clone();
        scope.own |= self.role == Role::Own;
        scope
    }
}

/// Everything that somebody may do: their grants together. Without grants it is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sight {
    who: Vec<String>,
    grants: Vec<Grant>,
}

/// The sessions with which somebody may do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extent {
    /// All of them.
    Everything,
    /// Those that lie in one of the scopes; none when there are none.
    Within {
        /// The names under which the holder has sessions of their own.
        who: Vec<String>,
        /// The scopes.
        scopes: Vec<Scope>,
    },
}

impl Sight {
    /// The sight of somebody who has sessions under the names `who`, and holds `grants`.
    #[must_use]
    pub fn new(who: Vec<String>, grants: Vec<Grant>) -> Self {
        let narrowed = |grant: Grant| Grant {
            scope: grant.narrowed(),
            ..grant
        };
        Self {
            who,
            grants: grants.into_iter().map(narrowed).collect(),
        }
    }

    /// The sight of the server itself, and of administrators.
    #[must_use]
    pub fn everything() -> Self {
        let grant = Grant {
            role: Role::Admin,
            scope: Scope::everything(),
        };
        Self::new(Vec::new(), vec![grant])
    }

    /// What is granted.
    #[must_use]
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// Whether something may be done at all: with some session, or apart from sessions.
    #[must_use]
    pub fn may(&self, right: Right) -> bool {
        self.grants.iter().any(|grant| grant.gives(right))
    }

    /// Whether something may be done whatever session it concerns: what concerns none needs this.
    #[must_use]
    pub fn may_everywhere(&self, right: Right) -> bool {
        self.extent(right) == Extent::Everything
    }

    /// Whether it may be done with this session.
    #[must_use]
    pub fn covers(&self, right: Right, session: &SessionTraits<'_>) -> bool {
        self.extent(right).covers(session)
    }

    /// Whether its holder could give somebody else a role over a scope: they have each right of the role, and that to
    /// manage access, over all of those sessions.
    #[must_use]
    pub fn may_give(&self, role: Role, scope: &Scope) -> bool {
        let rights = role.rights().iter().chain(&[Right::ManageAccess]);
        rights.copied().all(|right| {
            let mut giving = self.grants.iter().filter(|grant| grant.gives(right));
            giving.any(|grant| grant.scope.encloses(scope))
        })
    }

    /// The sessions with which it may be done.
    #[must_use]
    pub fn extent(&self, right: Right) -> Extent {
        let giving = || self.grants.iter().filter(|grant| grant.gives(right));
        if giving().any(|grant| grant.scope.is_everything()) {
            return Extent::Everything;
        }
        Extent::Within {
            who: self.who.clone(),
            scopes: giving().map(|grant| grant.scope.clone()).collect(),
        }
    }
}

impl Extent {
    /// Whether a session lies in it.
    #[must_use]
    pub fn covers(&self, session: &SessionTraits<'_>) -> bool {
        match self {
            Self::Everything => true,
            Self::Within { who, scopes } => scopes.iter().any(|scope| scope.covers(session, who)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session<'a>(user: &'a str, site: &'a str) -> SessionTraits<'a> {
        SessionTraits {
            started: "2026-03-01T00:00:00Z".parse().unwrap(),
            user: Some(user),
            groups: &[],
            site: Some(site),
            folder: None,
            target: None,
        }
    }

    #[test]
    fn rights_do_not_leak_from_one_scope_into_another() {
        let berlin = Scope {
            sites: vec!["berlin".to_owned()],
            ..Scope::default()
        };
        let grants = vec![
            Grant {
                role: Role::History,
                scope: Scope::everything(),
            },
            Grant {
                role: Role::Auditor,
                scope: berlin,
            },
        ];
        let sight = Sight::new(vec!["eve".to_owned()], grants);
        assert!(sight.covers(Right::ViewSessions, &session("alice", "paris")));
        assert!(!sight.covers(Right::ViewRecordings, &session("alice", "paris")));
        assert!(sight.covers(Right::ViewRecordings, &session("alice", "berlin")));
        assert!(!sight.may(Right::Reveal));
        assert!(sight.may_everywhere(Right::ViewSessions));
        assert!(!sight.may_everywhere(Right::Review));
    }

    #[test]
    fn own_sessions_are_those_of_ones_name() {
        let grant = Grant {
            role: Role::Own,
            scope: Scope::everything(),
        };
        let sight = Sight::new(vec!["alice".to_owned()], vec![grant]);
        assert!(sight.covers(Right::ViewRecordings, &session("alice", "paris")));
        assert!(!sight.covers(Right::ViewRecordings, &session("bob", "paris")));
    }

    #[test]
    fn nobody_gives_more_than_they_have() {
        let at = |site: &str| Scope {
            sites: vec![site.to_owned()],
            ..Scope::default()
        };
        let grant = |role, scope| Grant { role, scope };
        let sight = Sight::new(
            Vec::new(),
            vec![
                grant(Role::Admin, at("berlin")),
                grant(Role::Auditor, Scope::everything()),
            ],
        );
        assert!(sight.may_give(Role::Admin, &at("berlin")));
        assert!(sight.may_give(Role::Recorder, &at("berlin")));
        assert!(!sight.may_give(Role::Admin, &Scope::everything()));
        // They see all recordings, and may say who else does in Berlin alone.
        assert!(!sight.may_give(Role::Auditor, &at("paris")));
        assert!(!sight.may_give(Role::Recorder, &Scope::everything()));
        assert!(Sight::everything().may_give(Role::Admin, &Scope::everything()));
        assert!(!Sight::default().may_give(Role::Recorder, &at("berlin")));
    }

    #[test]
    fn without_grants_there_is_nothing_to_see() {
        let nobody = Sight::default();
        assert!(!nobody.may(Right::ViewSessions));
        assert!(!nobody.covers(Right::ViewSessions, &session("alice", "paris")));
        assert!(Sight::everything().may_everywhere(Right::ManageAccess));
    }
}
