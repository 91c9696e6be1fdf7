//! Who somebody is, and what is granted to whom.
//!
//! Everybody sees who they are themselves. Tokens, grants and browsers of others are for those who see settings, or
//! manage access: these see what they could have given themselves. Nobody gives more than they have, nor for longer.

mod types;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use retrace_core::Timestamp;
use retrace_core::access::{self, Right, Sight};
use retrace_query::SessionFilter;

use crate::grants::{AsOf, GrantBook, GrantError, NewGrant, Subject};
use crate::graphql::error::{ErrorCode, blocking, internal, of_access, of_store};
use crate::graphql::look;
use crate::graphql::scalar::{DateTime, LogPosition};
use crate::sign_ins::{SignIns, SignedInBy};
use crate::tokens::{self, NewToken, TokenBook, TokenError};
pub(super) use types::AccessRight;
use types::{
    AccessToken, Browser, CreateTokenInput, CreatedToken, GiveGrantInput, Grant, HeldGrant, Role,
    RoleMeaning, UserRights,
};

/// What each question about access costs beside its fields.
const COST: usize = 50;

/// Whoever asks.
pub(super) struct Me;

/// Whoever asks.
#[Object(name = "Viewer")]
impl Me {
    /// What their token is for, or the name of the user.
    async fn name(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(look::viewer(ctx)?.name.clone())
    }

    /// The user whose sessions are their own, if they are one.
    async fn user(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(look::viewer(ctx)?.user.clone())
    }

    /// The groups of the user, as the provider of identities said.
    async fn groups(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
        Ok(look::viewer(ctx)?.groups.clone())
    }

    /// The roles that they hold, over whatever sessions.
    async fn roles(&self, ctx: &Context<'_>) -> Result<Vec<Role>> {
        let grants = look::viewer(ctx)?.sight.grants().iter();
        let roles: BTreeSet<Role> = grants.map(|grant| grant.role.into()).collect();
        Ok(roles.into_iter().collect())
    }

    /// What they hold.
    async fn grants(&self, ctx: &Context<'_>) -> Result<Vec<HeldGrant>> {
        let grants = look::viewer(ctx)?.sight.grants().iter();
        let held = grants.map(|grant| HeldGrant {
            role: grant.role.into(),
            scope: grant.scope.clone().into(),
        });
        Ok(held.collect())
    }

    /// What they may do, with whatever sessions; with all of them when `everywhere`.
    async fn rights(
        &self,
        ctx: &Context<'_>,
        #[graphql(default)] everywhere: bool,
    ) -> Result<Vec<AccessRight>> {
        let sight = &look::viewer(ctx)?.sight;
        let grants = sight.grants().iter();
        let rights: BTreeSet<Right> = grants
            .flat_map(|grant| grant.role.rights())
            .copied()
            .filter(|right| !everywhere || sight.may_everywhere(*right))
            .collect();
        Ok(rights.into_iter().map(AccessRight::from).collect())
    }

    /// When their token, or their sign-in, ends.
    async fn expires_at(&self, ctx: &Context<'_>) -> Result<Option<DateTime>> {
        Ok(look::viewer(ctx)?.expires_at.map(DateTime))
    }

    /// The browsers that they are signed in with, the newest first.
    #[graphql(complexity = "COST + 10 * child_complexity")]
    async fn browsers(&self, ctx: &Context<'_>) -> Result<Vec<Browser>> {
        let own = own_sign_in(ctx)?;
        let all = sign_ins(ctx)?.browsers().await.map_err(of_store)?;
        let own = all.into_iter().filter(|browser| browser.is_of_same(&own));
        let current = look::viewer(ctx)?.browser.clone();
        Ok(own.map(|browser| Browser::of(browser, &current)).collect())
    }
}

/// Questions about access.
#[derive(Default)]
pub(super) struct AccessQuery;

#[Object]
impl AccessQuery {
    /// Whoever asks.
    async fn viewer(&self) -> Me {
        Me
    }

    /// All tokens of people, programs and recorders, the oldest first; of those who manage access for some sessions,
    /// the ones that they could have made.
    #[graphql(complexity = "COST + 100 * child_complexity")]
    async fn tokens(&self, ctx: &Context<'_>) -> Result<Vec<AccessToken>> {
        let sight = may_list(ctx, "tokens").await?;
        let all = token_book(ctx)?.list().await.map_err(of_store)?;
        let uses = sign_ins(ctx)?.last_uses().await.map_err(of_store)?;
        let seen = all
            .into_iter()
            .filter(|token| sees(&sight, token.role, &scope_of(token)));
        Ok(seen
            .map(|token| {
                let used = uses.get(&token.id);
                AccessToken::of(token, used)
            })
            .collect())
    }

    /// The grants that are in force now, or were once the event at a position stood in the log, or at a time; the
    /// oldest first. Of those who manage access for some sessions, the ones that they could have given.
    #[graphql(complexity = "COST + 100 * child_complexity")]
    async fn grants(
        &self,
        ctx: &Context<'_>,
        as_of: Option<LogPosition>,
        as_of_time: Option<DateTime>,
    ) -> Result<Vec<Grant>> {
        let as_of = match (as_of, as_of_time) {
            (Some(_), Some(_)) => {
                let message = "`asOf` and `asOfTime` exclude each other";
                return Err(ErrorCode::InvalidArgument.error(message));
            }
            (Some(LogPosition(position)), None) => AsOf::Position(position),
            (None, Some(DateTime(time))) => AsOf::Time(time),
            (None, None) => AsOf::Time(Timestamp::now()),
        };
        let sight = may_list(ctx, "grants").await?;
        let grants = grant_book(ctx)?.in_force(as_of).await.map_err(of_store)?;
        let seen = grants
            .into_iter()
            .filter(|grant| sees(&sight, grant.role, &grant.scope));
        Ok(seen.map(Grant::from).collect())
    }

    /// The roles that there are, and what each allows.
    async fn roles(&self) -> Vec<RoleMeaning> {
        access::Role::ALL.map(RoleMeaning::from).into()
    }

    /// What a user of some groups may do now, by the grants that they have; for those who see settings. Groups are what
    /// the provider of identities tells, so the caller has to name them.
    #[graphql(complexity = "COST + 100 * child_complexity")]
    async fn rights_of(
        &self,
        ctx: &Context<'_>,
        user: String,
        #[graphql(default)] groups: Vec<String>,
    ) -> Result<UserRights> {
        look::needs(ctx, Right::ViewSettings, "grants").await?;
        look::needs(ctx, Right::ViewSessions, "grants").await?;
        let reader = look::list(ctx, "grants").await?;
        let sight = grant_book(ctx)?.sight_of(&user, &groups).await;
        let sight = Arc::new(sight.map_err(of_store)?);
        let grants = sight.grants().iter();
        let rights: BTreeSet<Right> = grants
            .flat_map(|grant| grant.role.rights())
            .copied()
            .collect();
        let held = sight.grants().iter().map(|grant| HeldGrant {
            role: grant.role.into(),
            scope: grant.scope.clone().into(),
        });
        let held = held.collect();
        let seen = reader.seen_by(Arc::clone(&sight));
        let sessions = blocking(move || seen.session_count(&SessionFilter::default())).await?;
        Ok(UserRights {
            grants: held,
            rights: rights.into_iter().map(AccessRight::from).collect(),
            sessions: sessions.into(),
        })
    }

    /// The browsers that are signed in, of everybody, the newest first. For those who see settings.
    #[graphql(complexity = "COST + 100 * child_complexity")]
    async fn browsers(&self, ctx: &Context<'_>) -> Result<Vec<Browser>> {
        look::needs(ctx, Right::ViewSettings, "browsers").await?;
        look::list(ctx, "browsers").await?;
        let all = sign_ins(ctx)?.browsers().await.map_err(of_store)?;
        let current = look::viewer(ctx)?.browser.clone();
        let all = all.into_iter();
        Ok(all.map(|browser| Browser::of(browser, &current)).collect())
    }
}

/// Changes of access.
#[derive(Default)]
pub(super) struct AccessMutation;

#[Object]
impl AccessMutation {
    /// Makes a token. Its text is answered this once and kept nowhere.
    async fn create_token(
        &self,
        ctx: &Context<'_>,
        input: CreateTokenInput,
    ) -> Result<CreatedToken> {
        let CreateTokenInput {
            name,
            role,
            scope,
            user,
            site,
            expires_at,
        } = input;
        let role = access::Role::from(role);
        let scope = access::Scope::from(scope.unwrap_or_default());
        let invalid = |message: &str| Err(ErrorCode::InvalidArgument.error(message));
        match role {
            access::Role::Upload => {
                return invalid("upload tokens are made at the launch of a session");
            }
            access::Role::Recorder if !scope.is_everything() => {
                return invalid("a recorder's token takes one `site` and no `scope`");
            }
            access::Role::Own if user.is_none() => {
                return invalid("the role OWN needs `user`: whose sessions are its own?");
            }
            access::Role::Recorder => {}
            _ if site.is_some() => return invalid("`site` is for recorders: use `scope`"),
            _ => {}
        }
        let expires_at = expires_at.map(|DateTime(time)| time);
        let reach = match &site {
            Some(site) => at_site(site),
            None => scope.clone(),
        };
        may_give(ctx, role, &reach, expires_at, "tokens").await?;
        let book = token_book(ctx)?;
        let token = NewToken {
            name: &name,
            role,
            scope,
            user: user.as_deref(),
            site: site.as_deref(),
            expires_at,
        };
        let by = &look::viewer(ctx)?.name;
        let text = book.create(token, by).await.map_err(of_token)?;
        let id = tokens::id_of(&text).unwrap_or_default();
        let all = book.list().await.map_err(of_store)?;
        let made = all.into_iter().find(|token| token.id == id);
        let made = made.ok_or_else(|| internal(&"a token that was made is not there"))?;
        Ok(CreatedToken {
            token: AccessToken::of(made, None),
            text,
        })
    }

    /// Revokes a token: it stops to work at once, and so do the browsers that were signed in with it.
    async fn revoke_token(&self, ctx: &Context<'_>, id: ID) -> Result<AccessToken> {
        let book = token_book(ctx)?;
        let no_such = || ErrorCode::NotFound.error("there is no such token");
        let find = async || {
            let all = book.list().await.map_err(of_store)?;
            let found = all.into_iter().find(|token| token.id == *id);
            found.ok_or_else(no_such)
        };
        let viewer = look::viewer(ctx)?;
        let token = find().await;
        // One's own token is one's own to give up.
        if viewer.token_id != *id {
            needs_somewhere(ctx, "tokens").await?;
            let token = token?;
            if !viewer.sight.may_give(token.role, &scope_of(&token)) {
                return Err(no_such());
            }
        }
        book.revoke(&id, &viewer.name).await.map_err(of_token)?;
        Ok(AccessToken::of(find().await?, None))
    }

    /// Gives a user or a group the rights of a role over some sessions, at once.
    async fn give_grant(&self, ctx: &Context<'_>, input: GiveGrantInput) -> Result<Grant> {
        let GiveGrantInput {
            to,
            role,
            scope,
            expires_at,
            reason,
        } = input;
        let to: Subject = to.parse().map_err(|error: crate::grants::NoSubject| {
            ErrorCode::InvalidArgument.error(error.to_string())
        })?;
        let grant = NewGrant {
            to,
            role: role.into(),
            scope: scope.unwrap_or_default().into(),
            expires_at: expires_at.map(|DateTime(time)| time),
            reason,
        };
        may_give(ctx, grant.role, &grant.scope, grant.expires_at, "grants").await?;
        let by = &look::viewer(ctx)?.name;
        let given = grant_book(ctx)?.give(grant, by).await.map_err(of_grant)?;
        Ok(given.into())
    }

    /// Takes a grant back, at once, also from browsers that are signed in.
    async fn withdraw_grant(
        &self,
        ctx: &Context<'_>,
        id: ID,
        reason: Option<String>,
    ) -> Result<Grant> {
        needs_somewhere(ctx, "grants").await?;
        let (book, viewer) = (grant_book(ctx)?, look::viewer(ctx)?);
        let grant = book.find(&id).await.map_err(of_grant)?;
        if !viewer.sight.may_give(grant.role, &grant.scope) {
            return Err(ErrorCode::NotFound.error("there is no such grant"));
        }
        let withdrawn = book.withdraw(&id, reason, &viewer.name).await;
        Ok(withdrawn.map_err(of_grant)?.into())
    }

    /// Signs a browser out: one's own, or that of anybody, for those who manage access to all sessions. Answers
    /// whether it was signed in.
    async fn sign_out_browser(&self, ctx: &Context<'_>, id: ID) -> Result<bool> {
        let (own, viewer) = (own_sign_in(ctx)?, look::viewer(ctx)?);
        let all = sign_ins(ctx)?.browsers().await.map_err(of_store)?;
        let found = all.into_iter().find(|browser| browser.id == *id);
        let is_own = found
            .as_ref()
            .is_some_and(|browser| browser.is_of_same(&own));
        if !is_own {
            look::needs(ctx, Right::ManageAccess, "browsers").await?;
        }
        let Some(browser) = found else {
            return Ok(false);
        };
        let ended = sign_ins(ctx)?.end(&browser.id, &viewer.name).await;
        ended.map_err(of_access)?;
        Ok(true)
    }
}

fn sign_ins<'a>(ctx: &Context<'a>) -> Result<&'a SignIns> {
    Ok(ctx.data::<Arc<SignIns>>()?)
}

fn token_book<'a>(ctx: &Context<'a>) -> Result<&'a TokenBook> {
    Ok(ctx.data::<Arc<TokenBook>>()?)
}

fn grant_book<'a>(ctx: &Context<'a>) -> Result<&'a GrantBook> {
    Ok(ctx.data::<Arc<GrantBook>>()?)
}

/// How whoever asks would sign in.
fn own_sign_in(ctx: &Context<'_>) -> Result<SignedInBy> {
    let viewer = look::viewer(ctx)?;
    Ok(match (&viewer.browser, &viewer.user) {
        (Some(browser), Some(user)) if *browser == viewer.token_id => SignedInBy::Provider {
            user: user.clone(),
            groups: Vec::new(),
        },
        _ => SignedInBy::Token {
            id: viewer.token_id.clone(),
        },
    })
}

/// What a token reaches: of a recorder's, the site that it works for.
fn scope_of(token: &tokens::Token) -> access::Scope {
    token
        .site
        .as_deref()
        .map_or_else(|| token.scope.clone(), at_site)
}

fn at_site(site: &str) -> access::Scope {
    access::Scope {
        sites: vec![site.to_owned()],
        ..access::Scope::default()
    }
}

/// Whether somebody who lists what is given sees this.
fn sees(sight: &Sight, role: access::Role, scope: &access::Scope) -> bool {
    sight.may_everywhere(Right::ViewSettings) || sight.may_give(role, scope)
}

/// Refuses those who neither see settings nor manage access anywhere; writes down that the others looked.
async fn may_list(ctx: &Context<'_>, what: &'static str) -> Result<Arc<Sight>> {
    let sight = Arc::clone(&look::viewer(ctx)?.sight);
    if !sight.may(Right::ManageAccess) {
        look::needs(ctx, Right::ViewSettings, what).await?;
    }
    look::list(ctx, what).await?;
    Ok(sight)
}

/// Refuses those who manage access to no session at all.
async fn needs_somewhere(ctx: &Context<'_>, what: &'static str) -> Result<()> {
    if look::viewer(ctx)?.sight.may(Right::ManageAccess) {
        return Ok(());
    }
    look::needs(ctx, Right::ManageAccess, what).await
}

/// Refuses to give what the caller does not have, or does not have for so long.
async fn may_give(
    ctx: &Context<'_>,
    role: access::Role,
    scope: &access::Scope,
    until: Option<Timestamp>,
    what: &'static str,
) -> Result<()> {
    needs_somewhere(ctx, what).await?;
    let viewer = look::viewer(ctx)?;
    let lasting = sign_ins(ctx)?.lasting(viewer, until).await;
    if lasting.map_err(of_store)?.may_give(role, scope) {
        return Ok(());
    }
    let right = Some(Right::ManageAccess);
    look::accesses(ctx)?.denied(viewer, what, right).await;
    let message = format!(
        "nobody gives more than they have, nor for longer: the role {role} over these sessions is not yours to give"
    );
    Err(ErrorCode::Forbidden.error(message))
}

fn of_token(error: TokenError) -> async_graphql::Error {
    match error {
        TokenError::NoSuchToken { .. } => ErrorCode::NotFound.error(error.to_string()),
        TokenError::AlreadyRevoked { .. }
        | TokenError::Scope(_)
        | TokenError::InvalidName { .. } => ErrorCode::InvalidArgument.error(error.to_string()),
        other => internal(&other),
    }
}

fn of_grant(error: GrantError) -> async_graphql::Error {
    match error {
        GrantError::NoSuchGrant { .. } => ErrorCode::NotFound.error(error.to_string()),
        GrantError::AlreadyWithdrawn { .. }
        | GrantError::NotForPeople(_)
        | GrantError::Scope(_)
        | GrantError::Over(_)
        | GrantError::Reason { .. } => ErrorCode::InvalidArgument.error(error.to_string()),
        other => internal(&other),
    }
}
