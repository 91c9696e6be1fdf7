//! Whose a connection is, and for how long.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use retrace_core::log::cursor::Heard;
use retrace_core::{StreamName, Timestamp};

use crate::server::App;
use crate::sign_ins::Turned;
use crate::tokens::{Denied, Viewer};

/// What ends by itself, such as a grant, ends a connection within this time.
const CHECKED_EVERY: Duration = Duration::from_secs(30);

/// Where a connection comes from, and why it says it was made.
#[derive(Debug, Clone)]
pub(super) struct Whence {
    pub(super) address: Option<IpAddr>,
    pub(super) reason: Option<String>,
}

/// Whoever connects, who was checked.
pub(super) struct Credential {
    viewer: Viewer,
    /// What was known of tokens, grants and sign-ins when they were checked: while nothing is news, nothing is asked.
    heard: [Heard; 3],
    checked: Instant,
}

/// Why a connection may not go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Over {
    /// They are not let in any more.
    #[error(transparent)]
    Turned(#[from] Turned),
    /// They may do something else than they could: whoever connects again is told what they may do now.
    #[error("what you may do has changed: connect again")]
    Changed,
}

/// What is known of tokens, grants and sign-ins. To be asked before they are: what is heard meanwhile counts as news.
pub(super) fn heard(app: &App) -> [Heard; 3] {
    let streams = [
        StreamName::tokens(),
        StreamName::grants(),
        StreamName::sign_ins(),
    ];
    streams.map(|stream| app.log.heard(&stream))
}

impl Credential {
    pub(super) fn of(viewer: Viewer, heard: [Heard; 3]) -> Self {
        Self {
            viewer,
            heard,
            checked: Instant::now(),
        }
    }

    /// Of whoever has this token.
    pub(super) async fn of_token(app: &App, token: &str, whence: &Whence) -> Result<Self, Turned> {
        let heard = heard(app);
        let viewer = app.sign_ins.by_token(token, whence.address).await?;
        let viewer = Viewer {
            address: whence.address.map(|address| address.to_string()),
            reason: whence.reason.clone(),
            ..viewer
        };
        Ok(Self::of(viewer, heard))
    }

    /// Whose it is does not change with the reason that they give.
    pub(super) fn set_reason(&mut self, reason: String) {
        self.viewer.reason = Some(reason);
    }

    pub(super) fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    /// Checks it again, if there is a reason to.
    pub(super) async fn still_works(&mut self, app: &App) -> Result<(), Over> {
        if let Some(at) = self.viewer.expires_at
            && at <= Timestamp::now()
        {
            return Err(Turned::from(Denied::Expired(at)).into());
        }
        let heard = heard(app);
        if heard == self.heard && self.checked.elapsed() < CHECKED_EVERY {
            return Ok(());
        }
        let now = app.sign_ins.again(&self.viewer).await?;
        if *now.sight != *self.viewer.sight {
            return Err(Over::Changed);
        }
        self.viewer.expires_at = now.expires_at;
        (self.heard, self.checked) = (heard, Instant::now());
        Ok(())
    }
}
