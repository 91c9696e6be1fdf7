//! Who somebody is: what opens the routes, and what keeps strangers out.
//!
//! | comes with | is | may do |
//! |---|---|---|
//! | a token ([`crate::tokens`]) | its holder | what stands in the token |
//! | the cookie of a browser that was signed in with a token | its holder | what stands in the token |
//! | the cookie of a browser that a provider signed in ([`crate::oidc`]) | a user | what is granted ([`crate::grants`]) |
//!
//! All three are looked up for each request as of the end of the log, so revoking, withdrawing and signing out hold at
//! once, on every server. Who signs in, who uses tokens and who is turned away stands in the log: sign-ins one by one,
//! uses by the hour, denials by the minute.
//!
//! Whoever fails too often has to wait. At signing in that goes for everybody at the address. With tokens it goes for
//! what fails: a token that works is answered whatever others at its address did, so that one forgotten script does
//! not keep recorders from launching. Guessing gains nothing from that: secrets have 256 bits.

mod browsers;
mod cookie;
mod denials;
mod throttle;
mod uses;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use retrace_core::Timestamp;
use retrace_core::access::Sight;
use retrace_core::log::{EventLog, StoreError};
use retrace_core::settings::{Settings, SettingsBook};

pub use browsers::{Browser, SignedInBy};
pub(crate) use cookie::Cookies;
pub use denials::Denial;
pub use uses::LastUse;

use crate::accesses::AccessError;
use crate::grants::GrantBook;
use crate::tokens::{Denied, Recorder, TokenBook, Viewer, id_of};
use browsers::BrowserBook;
use cookie::BrowserCookie;
use denials::Denials;
use throttle::{Limit, Network, Throttle, Who};
use uses::TokenUses;

const BROWSER: &str = "browser";
/// A browser that goes on asking is told so often that it was seen.
const SEEN_EVERY: Duration = Duration::from_secs(60);

/// Why somebody is not let in.
#[derive(Debug, thiserror::Error)]
pub enum Turned {
    /// They have no right.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// They failed too often.
    #[error("too many failed attempts: try again in {} seconds", wait.as_secs() + 1)]
    TooOften {
        /// For how long they have to wait.
        wait: Duration,
    },
    /// It could not be found out, or not be written down.
    #[error(transparent)]
    Failed(#[from] AccessError),
}

impl From<StoreError> for Turned {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// The last use of each token that was used lately, by the token's id.
///
/// # Errors
/// When the log cannot be read.
pub async fn last_uses(log: Arc<dyn EventLog>) -> Result<HashMap<String, LastUse>, StoreError> {
    TokenUses::new(log).last().await
}

/// A cookie for a browser.
#[derive(Debug)]
pub struct CookieValue {
    /// What it holds.
    pub value: String,
    /// For how long the browser is to keep it.
    pub seconds: i64,
}

/// Finds out who somebody is.
pub struct SignIns {
    tokens: Arc<TokenBook>,
    grants: Arc<GrantBook>,
    settings: Arc<SettingsBook>,
    browsers: BrowserBook,
    uses: TokenUses,
    denials: Denials,
    throttle: Throttle,
    cookies: Cookies,
}

impl SignIns {
    pub(crate) fn new(
        log: &Arc<dyn EventLog>,
        tokens: Arc<TokenBook>,
        grants: Arc<GrantBook>,
        settings: Arc<SettingsBook>,
        cookies: Cookies,
    ) -> Self {
        Self {
            tokens,
            grants,
            settings,
            browsers: BrowserBook::new(Arc::clone(log)),
            uses: TokenUses::new(Arc::clone(log)),
            denials: Denials::new(Arc::clone(log)),
            throttle: Throttle::default(),
            cookies,
        }
    }

    /// Whoever has this token, if it is one of those who read or rule.
    ///
    /// # Errors
    /// When it opens nothing of that, or the log does not answer.
    pub async fn by_token(&self, text: &str, from: Option<IpAddr>) -> Result<Viewer, Turned> {
        match self.tokens.check(text).await? {
            Ok(viewer) => {
                self.uses.note(&viewer.token_id, &viewer.name, from).await;
                Ok(viewer)
            }
            Err(denied) => Err(self.turn_token_away(text, denied, from).await?),
        }
    }

    /// The recorder who has this token.
    ///
    /// # Errors
    /// When it is not a recorder's, or the log does not answer.
    pub async fn recorder_by_token(
        &self,
        text: &str,
        from: Option<IpAddr>,
    ) -> Result<Recorder, Turned> {
        match self.tokens.check_recorder(text).await? {
            Ok(recorder) => {
                self.uses
                    .note(&recorder.token_id, &recorder.name, from)
                    .await;
                Ok(recorder)
            }
            Err(denied) => Err(self.turn_token_away(text, denied, from).await?),
        }
    }

    /// Whoever signed a browser in that keeps this cookie; and a newer cookie, when it is time for one.
    ///
    /// # Errors
    /// When nobody did, it has ended, nothing is granted to them any more, or the log does not answer.
    pub async fn by_cookie(
        &self,
        value: &str,
        from: Option<IpAddr>,
    ) -> Result<(Viewer, Option<CookieValue>), Turned> {
        let cookie = self.cookies.open::<BrowserCookie>(BROWSER, value);
        let cookie = cookie.ok_or(Denied::Missing)?;
        let browser = self.browsers.find(&cookie.id).await?;
        let browser = browser.filter(|browser| browser.has_secret(&cookie.secret));
        let browser = browser.ok_or(Denied::Ended)?;
        let settings = self.settings.recent().await?;
        let now = Timestamp::now();
        let idle = micros(settings.sign_in.idle_s);
        if idle > 0 && now.micros_since(cookie.seen) > idle {
            return Err(Denied::Ended.into());
        }
        let viewer = self.viewer_of(&browser, &settings, from).await?;
        let told_every =
            micros(SEEN_EVERY.as_secs()).min(if idle > 0 { idle / 4 } else { i64::MAX });
        let is_time = now.micros_since(cookie.seen) > told_every;
        let newer = if is_time {
            let ends = viewer.expires_at.unwrap_or(browser.expires_at);
            Some(self.cookie_of(cookie.id, cookie.secret, ends)?)
        } else {
            None
        };
        Ok((viewer, newer))
    }

    /// The same person as they are now: for what goes on for longer than a request.
    ///
    /// # Errors
    /// When they are not let in any more, or the log does not answer.
    pub async fn again(&self, viewer: &Viewer) -> Result<Viewer, Turned> {
        if let Some(id) = &viewer.browser {
            let browser = self.browsers.find(id).await?.ok_or(Denied::Ended)?;
            let settings = self.settings.recent().await?;
            return self.viewer_of(&browser, &settings, None).await;
        }
        let token = self.tokens.by_id(&viewer.token_id).await??;
        Ok(token.into_viewer())
    }

    async fn viewer_of(
        &self,
        browser: &Browser,
        settings: &Settings,
        from: Option<IpAddr>,
    ) -> Result<Viewer, Turned> {
        let length = micros(settings.sign_in.length_s);
        // A shorter length that is set today holds for who signed in yesterday.
        let ends = browser
            .expires_at
            .min(browser.at.saturating_add_micros(length));
        if browser.ended_at.is_some() || ends <= Timestamp::now() {
            return Err(Denied::Ended.into());
        }
        match &browser.by {
            SignedInBy::Token { id } => {
                let viewer = self.tokens.by_id(id).await??.into_viewer();
                Ok(Viewer {
                    expires_at: Some(viewer.expires_at.map_or(ends, |at| at.min(ends))),
                    browser: Some(browser.id.clone()),
                    ..viewer
                })
            }
            SignedInBy::Provider { user, groups } => {
                let sight = self.sight_of(user, groups, from).await?;
                Ok(Viewer {
                    token_id: browser.id.clone(),
                    name: browser.who.clone(),
                    user: Some(user.clone()),
                    groups: groups.clone(),
                    expires_at: Some(ends),
                    browser: Some(browser.id.clone()),
                    sight: Arc::new(sight),
                    address: None,
                    reason: None,
                    reveal: None,
                })
            }
        }
    }

    /// What is granted to somebody; who has nothing is turned away.
    async fn sight_of(
        &self,
        user: &str,
        groups: &[String],
        from: Option<IpAddr>,
    ) -> Result<Sight, Turned> {
        let sight = self.grants.sight_of(user, groups).await?;
        if sight.grants().is_empty() {
            let denied = Denied::NoGrant {
                user: user.to_owned(),
            };
            self.deny(Denial {
                address: from,
                reason: denied.to_string(),
                token: None,
                who: Some(user.to_owned()),
            })
            .await;
            return Err(denied.into());
        }
        Ok(sight)
    }

    /// Signs a browser in with a token.
    ///
    /// # Errors
    /// When the token opens nothing that people look at, there were too many failures, tokens are not for signing in
    /// here, or the log does not take it.
    pub async fn sign_in_with_token(
        &self,
        text: &str,
        from: Option<IpAddr>,
    ) -> Result<CookieValue, Turned> {
        let settings = self.settings.recent().await?;
        if !settings.sign_in.with_token {
            return Err(Denied::OtherRole("tokens are not for signing in on this server").into());
        }
        self.may_try(from).await?;
        let viewer = match self.tokens.check(text).await? {
            Ok(viewer) => viewer,
            Err(denied) => {
                self.failed(from).await?;
                return Err(self.turn_token_away(text, denied, from).await?);
            }
        };
        let by = SignedInBy::Token {
            id: viewer.token_id.clone(),
        };
        self.open(&viewer.name, by, from, viewer.expires_at).await
    }

    /// Signs a browser in as a user that a provider vouched for.
    ///
    /// # Errors
    /// When nothing is granted to them, or the log does not take it.
    pub async fn sign_in_as(
        &self,
        user: &str,
        groups: Vec<String>,
        from: Option<IpAddr>,
    ) -> Result<CookieValue, Turned> {
        self.sight_of(user, &groups, from).await?;
        let by = SignedInBy::Provider {
            user: user.to_owned(),
            groups,
        };
        self.open(user, by, from, None).await
    }

    async fn open(
        &self,
        who: &str,
        by: SignedInBy,
        from: Option<IpAddr>,
        token_ends: Option<Timestamp>,
    ) -> Result<CookieValue, Turned> {
        let settings = self.settings.recent().await?;
        let length = micros(settings.sign_in.length_s);
        let ends = Timestamp::now().saturating_add_micros(length);
        let ends = token_ends.map_or(ends, |at| at.min(ends));
        let (id, secret) = self.browsers.open(who, by, from, ends).await?;
        self.throttle.succeeded(&Who::SignIn(Network::of(from)));
        self.cookie_of(id, secret, ends)
    }

    fn cookie_of(
        &self,
        id: String,
        secret: String,
        ends: Timestamp,
    ) -> Result<CookieValue, Turned> {
        let seen = Timestamp::now();
        let content = BrowserCookie { id, secret, seen };
        let value = self.cookies.seal(BROWSER, &content);
        Ok(CookieValue {
            value: value.map_err(|error| StoreError::Failed(Box::new(error)))?,
            seconds: (ends.micros_since(seen) / 1_000_000).max(0),
        })
    }

    /// Ends the sign-in of a browser.
    ///
    /// # Errors
    /// When the log does not take it.
    pub async fn end(&self, browser: &str, by: &str) -> Result<(), AccessError> {
        self.browsers.end(browser, by).await
    }

    /// The browsers that are signed in, the newest first.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn browsers(&self) -> Result<Vec<Browser>, StoreError> {
        self.browsers.list().await
    }

    /// The last use of each token that was used lately, by the token's id.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn last_uses(&self) -> Result<HashMap<String, LastUse>, StoreError> {
        self.uses.last().await
    }

    /// What somebody may do now, and still will at a later time unless it is taken from them; without one, for ever.
    /// Nobody can give more than that away.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn lasting(
        &self,
        viewer: &Viewer,
        until: Option<Timestamp>,
    ) -> Result<Sight, StoreError> {
        // Who has no token of their own has what is granted to them.
        if viewer.browser.as_ref() == Some(&viewer.token_id) {
            let user = viewer.user.as_deref().unwrap_or_default();
            return self.grants.sight_until(user, &viewer.groups, until).await;
        }
        let Ok(token) = self.tokens.by_id(&viewer.token_id).await? else {
            return Ok(Sight::default());
        };
        let lasts = match (token.expires_at, until) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(end), Some(until)) => until <= end,
        };
        Ok(if lasts {
            token.sight()
        } else {
            Sight::default()
        })
    }

    /// Refuses somebody who failed to sign in too often.
    ///
    /// # Errors
    /// When they have to wait, or the log does not answer.
    pub async fn may_try(&self, from: Option<IpAddr>) -> Result<(), Turned> {
        let settings = self.settings.recent().await?;
        let limit = limit_of(&settings, settings.sign_in.failures_max);
        let who = Who::SignIn(Network::of(from));
        match self.throttle.wait(&who, limit) {
            Some(wait) => Err(Turned::TooOften { wait }),
            None => Ok(()),
        }
    }

    /// Counts a sign-in that failed.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn failed(&self, from: Option<IpAddr>) -> Result<(), StoreError> {
        let settings = self.settings.recent().await?;
        let limit = limit_of(&settings, settings.sign_in.failures_max);
        self.throttle.failed(Who::SignIn(Network::of(from)), limit);
        Ok(())
    }

    /// Writes down that somebody was turned away.
    pub async fn deny(&self, denial: Denial) {
        self.denials.note(denial).await;
    }

    /// Writes down what was counted and not told yet: the server stops.
    pub async fn flush(&self) {
        self.denials.flush().await;
    }

    /// Counts and writes down that a token opened nothing, and answers what its holder is told.
    async fn turn_token_away(
        &self,
        text: &str,
        denied: Denied,
        from: Option<IpAddr>,
    ) -> Result<Turned, StoreError> {
        let settings = self.settings.recent().await?;
        let limit = limit_of(&settings, settings.sign_in.token_failures_max);
        let id = id_of(text);
        let mut wait = None;
        // A token that works elsewhere is no guess.
        if !matches!(denied, Denied::OtherRole(_)) {
            wait = self.throttle.failed(Who::Token(Network::of(from)), limit);
            if let Some(id) = id {
                let who = Who::TokenId(id.to_owned());
                wait = wait.max(self.throttle.failed(who, limit));
            }
        }
        // Only who has the secret is who they seem to be.
        let is_holder = !matches!(denied, Denied::Malformed | Denied::Unknown);
        let who = match id.filter(|_| is_holder) {
            Some(id) => self.tokens.name_of(id).await?,
            None => None,
        };
        self.deny(Denial {
            address: from,
            reason: denied.to_string(),
            token: id.map(str::to_owned),
            who,
        })
        .await;
        Ok(match wait {
            Some(wait) => Turned::TooOften { wait },
            None => Turned::Denied(denied),
        })
    }
}

fn limit_of(settings: &Settings, failures: u64) -> Limit {
    Limit {
        failures,
        window: Duration::from_secs(settings.sign_in.failures_window_s),
    }
}

fn micros(seconds: u64) -> i64 {
    i64::try_from(seconds)
        .unwrap_or(i64::MAX)
        .saturating_mul(1_000_000)
}
