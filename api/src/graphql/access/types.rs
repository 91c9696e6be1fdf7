//! Tokens, grants and browsers, as they are shown and asked for.

use async_graphql::{ComplexObject, Enum, ID, InputObject, SimpleObject};
use retrace_core::access::{self, Right};

use crate::grants::Given;
use crate::graphql::scalar::{DateTime, LogPosition, Long};
use crate::sign_ins::{self, SignedInBy};
use crate::tokens;

macro_rules! same_as {
    ($(#[doc = $help:literal])+ $name:ident of $of:path: $($(#[doc = $value_help:literal])+ $value:ident),+ $(,)?) => {
        $(#[doc = $help])+
        #[derive(Enum, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(in crate::graphql) enum $name { $($(#[doc = $value_help])+ $value),+ }

        impl From<$of> for $name {
            fn from(value: $of) -> Self {
                type Of = $of;
                match value { $(Of::$value => Self::$value),+ }
            }
        }

        impl From<$name> for $of {
            fn from(value: $name) -> Self {
                match value { $($name::$value => Self::$value),+ }
            }
        }
    };
}

same_as! {
    /// What a token or a grant is for: some rights together.
    Role of access::Role:
    /// Everything that people do.
    Admin,
    /// Looks at sessions and recordings, reviews them, and sees how the server is set up.
    Auditor,
    /// Sees which sessions there are, and rules over those that go on. Sees no recordings.
    Operator,
    /// Sees which sessions took place, and no recordings.
    History,
    /// Sees their own sessions, and the recordings of them.
    Own,
    /// Shows what is redacted, to somebody who may see the rest.
    Revealer,
    /// Reads the log as a whole, for a SIEM.
    Siem,
    /// Launches sessions, and nothing else.
    Recorder,
    /// Uploads to one session, and nothing else.
    Upload,
}

same_as! {
    /// One thing that somebody may do.
    AccessRight of Right:
    /// See that sessions took place: who, when, where, how long; and who looked at them.
    ViewSessions,
    /// See what happened in them: play, read, search, download.
    ViewRecordings,
    /// See what is redacted in them, on request.
    Reveal,
    /// Terminate them, send messages into them, change the policy in force.
    Control,
    /// Mark them as reviewed, comment on them, assign them.
    Review,
    /// Redact spans of them.
    Redact,
    /// Put them on legal hold, and lift it.
    Hold,
    /// Purge them: destroy what was recorded.
    Purge,
    /// Read the log as a whole: exports, streams for a SIEM.
    ReadLog,
    /// See settings, tokens, grants and what was done with them.
    ViewSettings,
    /// Change settings.
    ChangeSettings,
    /// Make and revoke tokens and grants.
    ManageAccess,
}

/// Some sessions: those for which every condition that is set holds; without any, all.
#[derive(SimpleObject)]
pub(in crate::graphql) struct Scope {
    /// The secret lies in one of these folders, or below one.
    pub(super) folders: Vec<String>,
    /// They started at this time or later.
    pub(super) from: Option<DateTime>,
    /// Their user is in one of these groups.
    pub(super) groups: Vec<String>,
    /// They are the holder's own.
    pub(super) own: bool,
    /// They were recorded at one of these sites.
    pub(super) sites: Vec<String>,
    /// They reach one of these targets.
    pub(super) targets: Vec<String>,
    /// They started before this time.
    pub(super) to: Option<DateTime>,
}

impl From<access::Scope> for Scope {
    fn from(scope: access::Scope) -> Self {
        Self {
            folders: scope.folders,
            from: scope.from.map(DateTime),
            groups: scope.groups,
            own: scope.own,
            sites: scope.sites,
            targets: scope.targets,
            to: scope.to.map(DateTime),
        }
    }
}

/// Some sessions: those for which every condition that is set holds; without any, all.
#[derive(InputObject, Default)]
pub(in crate::graphql) struct ScopeInput {
    /// The secret lies in one of these folders, or below one.
    #[graphql(default)]
    pub(super) folders: Vec<String>,
    /// They started at this time or later.
    pub(super) from: Option<DateTime>,
    /// Their user is in one of these groups.
    #[graphql(default)]
    pub(super) groups: Vec<String>,
    /// They were recorded at one of these sites.
    #[graphql(default)]
    pub(super) sites: Vec<String>,
    /// They reach one of these targets.
    #[graphql(default)]
    pub(super) targets: Vec<String>,
    /// They started before this time.
    pub(super) to: Option<DateTime>,
}

impl From<ScopeInput> for access::Scope {
    fn from(input: ScopeInput) -> Self {
        Self {
            folders: input.folders,
            from: input.from.map(|DateTime(time)| time),
            groups: input.groups,
            own: false,
            sites: input.sites,
            targets: input.targets,
            to: input.to.map(|DateTime(time)| time),
        }
    }
}

/// A role over some sessions.
#[derive(SimpleObject)]
pub(in crate::graphql) struct HeldGrant {
    /// What may be done.
    pub(super) role: Role,
    /// With which sessions.
    pub(super) scope: Scope,
}

/// A role, and what it allows.
#[derive(SimpleObject)]
pub(in crate::graphql) struct RoleMeaning {
    /// The role.
    pub(super) role: Role,
    /// What it allows.
    pub(super) rights: Vec<AccessRight>,
    /// Whether it can be granted to users and groups, and not only be a token's.
    pub(super) is_for_people: bool,
}

impl From<access::Role> for RoleMeaning {
    fn from(role: access::Role) -> Self {
        Self {
            role: role.into(),
            rights: role
                .rights()
                .iter()
                .copied()
                .map(AccessRight::from)
                .collect(),
            is_for_people: role.reads(),
        }
    }
}

/// What a user of some groups may do, by their grants.
#[derive(SimpleObject)]
pub(in crate::graphql) struct UserRights {
    /// What they hold.
    pub(super) grants: Vec<HeldGrant>,
    /// What they may do, with whatever sessions.
    pub(super) rights: Vec<AccessRight>,
    /// How many sessions they see.
    pub(super) sessions: Long,
}

/// A browser that somebody signed in.
#[derive(SimpleObject)]
pub(in crate::graphql) struct Browser {
    /// The id of the sign-in.
    pub(super) id: ID,
    /// Who.
    pub(super) who: String,
    /// Where from.
    pub(super) address: Option<String>,
    /// Whether it is the one that asks.
    pub(super) is_this: bool,
    /// When they signed in.
    pub(super) signed_in_at: DateTime,
    /// When it ends at the latest.
    pub(super) expires_at: DateTime,
    /// The token that it was signed in with.
    pub(super) token: Option<ID>,
}

impl Browser {
    pub(super) fn of(browser: sign_ins::Browser, current: &Option<String>) -> Self {
        let token = match &browser.by {
            SignedInBy::Token { id } => Some(ID(id.clone())),
            SignedInBy::Provider { .. } => None,
        };
        Self {
            is_this: current.as_ref() == Some(&browser.id),
            id: ID(browser.id),
            who: browser.who,
            address: browser.address,
            signed_in_at: DateTime(browser.at),
            expires_at: DateTime(browser.expires_at),
            token,
        }
    }
}

/// An access token of a person, a program or a recorder, without its secret.
#[derive(SimpleObject)]
pub(in crate::graphql) struct AccessToken {
    /// Its id.
    pub(super) id: ID,
    /// How its text begins.
    pub(super) prefix: String,
    /// What it is for, or whose it is.
    pub(super) name: String,
    /// What it opens.
    pub(super) role: Role,
    /// The sessions that it is about.
    pub(super) scope: Scope,
    /// The user whose sessions are the holder's own.
    pub(super) user: Option<String>,
    /// The one site that a recorder's works for.
    pub(super) site: Option<String>,
    /// Who made it.
    pub(super) created_by: String,
    /// When it was made.
    pub(super) created_at: DateTime,
    /// When it stops to work, if ever.
    pub(super) expires_at: Option<DateTime>,
    /// When it was revoked, if it was.
    pub(super) revoked_at: Option<DateTime>,
    /// When it was used last, to the hour; null when it was not used lately.
    pub(super) last_used_at: Option<DateTime>,
    /// Where that was from.
    pub(super) last_used_from: Option<String>,
}

impl AccessToken {
    pub(super) fn of(token: tokens::Token, used: Option<&sign_ins::LastUse>) -> Self {
        Self {
            prefix: token.prefix(),
            id: ID(token.id),
            name: token.name,
            role: token.role.into(),
            scope: token.scope.into(),
            user: token.user,
            site: token.site,
            created_by: token.created_by,
            created_at: DateTime(token.created_at),
            expires_at: token.expires_at.map(DateTime),
            revoked_at: token.revoked_at.map(DateTime),
            last_used_at: used.map(|used| DateTime(used.at)),
            last_used_from: used.and_then(|used| used.address.clone()),
        }
    }
}

/// A token that was made, with its text.
#[derive(SimpleObject)]
pub(in crate::graphql) struct CreatedToken {
    /// The token.
    pub(super) token: AccessToken,
    /// Its text, which nobody can find out again.
    pub(super) text: String,
}

/// A grant: what users and groups of the provider of identities may do.
#[derive(SimpleObject)]
#[graphql(complex)]
pub(in crate::graphql) struct Grant {
    #[graphql(skip)]
    pub(super) given: Given,
    /// Its id.
    pub(super) id: ID,
    /// Who has it: `user:NAME` or `group:NAME`.
    pub(super) to: String,
    /// What may be done.
    pub(super) role: Role,
    /// When it was given.
    pub(super) given_at: DateTime,
    /// Where that stands in the log.
    pub(super) position: LogPosition,
    /// Who gave it.
    pub(super) by: String,
    /// Why.
    pub(super) reason: Option<String>,
    /// When it ends by itself, if ever.
    pub(super) expires_at: Option<DateTime>,
}

#[ComplexObject]
impl Grant {
    /// With which sessions.
    async fn scope(&self) -> Scope {
        self.given.scope.clone().into()
    }

    /// When it was withdrawn, if it was.
    async fn withdrawn_at(&self) -> Option<DateTime> {
        let withdrawn = self.given.withdrawn.as_ref();
        withdrawn.map(|withdrawn| DateTime(withdrawn.at))
    }

    /// Who withdrew it.
    async fn withdrawn_by(&self) -> Option<&str> {
        let withdrawn = self.given.withdrawn.as_ref();
        withdrawn.map(|withdrawn| withdrawn.by.as_str())
    }

    /// Why it was withdrawn.
    async fn withdrawn_for(&self) -> Option<&str> {
        self.given.withdrawn.as_ref()?.reason.as_deref()
    }
}

impl From<Given> for Grant {
    fn from(given: Given) -> Self {
        Self {
            id: ID(given.id.clone()),
            to: given.to.to_string(),
            role: given.role.into(),
            given_at: DateTime(given.at),
            position: LogPosition(given.position),
            by: given.by.clone(),
            reason: given.reason.clone(),
            expires_at: given.expires_at.map(DateTime),
            given,
        }
    }
}

/// A token that is to be made.
#[derive(InputObject)]
pub(in crate::graphql) struct CreateTokenInput {
    /// What it is for, or whose it is: 1 to 100 characters.
    pub(super) name: String,
    /// What it opens.
    pub(super) role: Role,
    /// The sessions that it is about; without it, all.
    pub(super) scope: Option<ScopeInput>,
    /// The user whose sessions are the holder's own.
    pub(super) user: Option<String>,
    /// The one site that a recorder's works for.
    pub(super) site: Option<String>,
    /// When it stops to work, if ever.
    pub(super) expires_at: Option<DateTime>,
}

/// A grant that is to be given.
#[derive(InputObject)]
pub(in crate::graphql) struct GiveGrantInput {
    /// To whom: `user:NAME` or `group:NAME`, by the names that the provider of identities tells.
    pub(super) to: String,
    /// What they may do.
    pub(super) role: Role,
    /// With which sessions; without it, all.
    pub(super) scope: Option<ScopeInput>,
    /// When it ends by itself, if ever.
    pub(super) expires_at: Option<DateTime>,
    /// Why: 1 to 2,000 characters.
    pub(super) reason: Option<String>,
}
