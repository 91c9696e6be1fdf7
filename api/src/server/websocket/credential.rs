//! Whose a connection is, and for how long.

use retrace_core::log::StoreError;
use retrace_core::log::cursor::Heard;
use retrace_core::{StreamName, Timestamp};

use crate::server::App;
use crate::tokens::{Denied, Viewer};

/// Where a connection comes from, and why it says it was made.
#[derive(Debug, Clone)]
pub(super) struct Whence {
    pub(super) address: Option<String>,
    pub(super) reason: Option<String>,
}

/// The token of a connection, which was checked.
pub(super) struct Credential {
    token: String,
    viewer: Viewer,
    whence: Whence,
    /// What was known of the tokens when it was checked: while nothing is news, nothing is asked.
    heard: Heard,
}

/// Why a connection may not go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Over {
    /// The token works no more.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// It allows something else than it did: whoever connects again is told what it allows now.
    #[error("what this token allows has changed: connect again")]
    Changed,
}

impl Credential {
    pub(super) async fn of(
        app: &App,
        token: String,
        whence: &Whence,
    ) -> Result<Result<Self, Denied>, StoreError> {
        // Before it is checked: what is heard meanwhile counts as news.
        let heard = app.log.heard(&StreamName::tokens());
        let checked = app.tokens.check(&token).await?;
        Ok(checked.map(|viewer| Self {
            token,
            viewer: Viewer {
                address: whence.address.clone(),
                reason: whence.reason.clone(),
                ..viewer
            },
            whence: whence.clone(),
            heard,
        }))
    }

    /// Whose it is does not change with the reason that they give.
    pub(super) fn set_reason(&mut self, reason: String) {
        self.viewer.reason = Some(reason.clone());
        self.whence.reason = Some(reason);
    }

    pub(super) fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    /// Checks it again, if there is a reason to.
    pub(super) async fn still_works(&mut self, app: &App) -> Result<Result<(), Over>, StoreError> {
        if let Some(at) = self.viewer.expires_at
            && at <= Timestamp::now()
        {
            return Ok(Err(Denied::Expired(at).into()));
        }
        if app.log.heard(&StreamName::tokens()) == self.heard {
            return Ok(Ok(()));
        }
        let now = match Self::of(app, self.token.clone(), &self.whence).await? {
            Ok(now) => now,
            Err(denied) => return Ok(Err(denied.into())),
        };
        if *now.viewer.sight != *self.viewer.sight {
            return Ok(Err(Over::Changed));
        }
        *self = now;
        Ok(Ok(()))
    }
}
