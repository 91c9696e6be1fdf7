//! Who looked at what: every look at evidence is an event, written before anything is shown. What cannot be written
//! down is not shown.
//!
//! | look | event | stream |
//! |---|---|---|
//! | a recording is seen | `recording.viewed` | `session/{id}/access` |
//! | what is redacted in one is seen | `redaction.revealed` | `session/{id}/access` |
//! | a file of a recording is taken | `recording.downloaded` | `session/{id}/access` |
//! | a search | `search.performed` | `access/log` |
//! | a question in SQL | `sql.run` | `access/log` |
//! | a report | `report.run` | `access/log` |
//! | the log is read | `events.exported` | `access/log` |
//! | lists are seen: sessions, settings, tokens, grants | `records.viewed` | `access/log` |
//! | something was not allowed | `access.denied` | `access/log` |
//!
//! A player asks for a recording in many pieces, so looks are folded in time, not dropped: the first one is an event
//! at once, and what the same token sees of the same thing within the time that `access.fold_s` says is counted, and
//! written as one more event with how often and what, when that time is over or the server stops ([`folds`]).
//! Downloads and searches are an event each.
//!
//! All events of a process go through one [`Scribe`], which appends what is waiting together.

mod folds;
mod scribe;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use retrace_core::access::Right;
use retrace_core::event::{
    AccessDenied, EventBody, EventError, RecordingDownloaded, ReportRun, SearchPerformed, SqlRun,
};
use retrace_core::log::{AppendError, EventLog, StoreError};
use retrace_core::settings::SettingsBook;
use retrace_core::{Position, SessionId, StreamName};
use retrace_query::reports::Report;

pub(crate) use scribe::append_at_end;

use crate::tokens::Viewer;
use folds::{Folds, Look, Seen};
use scribe::Scribe;

/// How often folded looks whose time is over are written down.
const SWEEP: Duration = Duration::from_secs(10);
/// Denials of the same kind within so long are counted together.
const DENIALS_FOLDED_FOR: Duration = Duration::from_secs(60);

/// Why a look could not be written down.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AccessError {
    /// The policy wants to know why, and nobody said so.
    #[error(
        "the policy wants a reason for looking at recordings: send it in the header `Retrace-Reason`, or say it \
         once with the mutation `viewRecording`"
    )]
    ReasonNeeded,
    /// The reason cannot be kept as it is.
    #[error("the reason has {found} characters, expected 1 to {expected}")]
    Reason {
        /// Its length.
        found: usize,
        /// The longest that is allowed.
        expected: usize,
    },
    /// The log did not take it.
    #[error("{0}")]
    Log(Arc<str>),
}

impl AccessError {
    fn log(error: &dyn std::error::Error) -> Self {
        Self::Log(error.to_string().into())
    }
}

impl From<AppendError> for AccessError {
    fn from(error: AppendError) -> Self {
        Self::log(&error)
    }
}

impl From<StoreError> for AccessError {
    fn from(error: StoreError) -> Self {
        Self::log(&error)
    }
}

impl From<EventError> for AccessError {
    fn from(error: EventError) -> Self {
        Self::log(&error)
    }
}

/// Writes down who looked at what.
pub struct Accesses {
    scribe: Scribe,
    folds: Folds,
    settings: Arc<SettingsBook>,
}

impl Accesses {
    /// The longest reason, in characters.
    pub const REASON_MAX: usize = 500;

    /// Accesses are written to `log`, as `settings` say.
    pub fn new(log: Arc<dyn EventLog>, settings: Arc<SettingsBook>) -> Self {
        Self {
            scribe: Scribe::new(log),
            folds: Folds::default(),
            settings,
        }
    }

    /// Somebody sees a part of a recording: `what`, such as `screen`.
    ///
    /// # Errors
    /// When it cannot be written down, or the policy wants a reason and there is none: it must not be shown then.
    pub async fn viewed(
        &self,
        viewer: &Viewer,
        session: SessionId,
        what: &'static str,
    ) -> Result<(), AccessError> {
        let settings = self.settings.recent().await?;
        let look = Look::Recording(session);
        if settings.access.reason_required
            && viewer.reason.is_none()
            && !self.folds.is_open(&look, viewer)
        {
            return Err(AccessError::ReasonNeeded);
        }
        self.fold(
            viewer,
            look,
            what,
            Duration::from_secs(settings.access.fold_s),
        )
        .await
    }

    /// Somebody sees what is redacted in a part of a recording.
    ///
    /// # Errors
    /// When it cannot be written down: it must not be shown then.
    pub async fn revealed(
        &self,
        viewer: &Viewer,
        session: SessionId,
        what: &'static str,
    ) -> Result<(), AccessError> {
        let settings = self.settings.recent().await?;
        let folded_for = Duration::from_secs(settings.access.fold_s);
        self.fold(viewer, Look::Redacted(session), what, folded_for)
            .await
    }

    /// Somebody sees a list: of sessions, settings, tokens, grants.
    ///
    /// # Errors
    /// As [`Self::viewed`].
    pub async fn listed(&self, viewer: &Viewer, what: &'static str) -> Result<(), AccessError> {
        let settings = self.settings.recent().await?;
        let folded_for = Duration::from_secs(settings.access.fold_s);
        self.fold(viewer, Look::Records(what), what, folded_for)
            .await
    }

    async fn fold(
        &self,
        viewer: &Viewer,
        look: Look,
        seen: impl Into<Seen>,
        folded_for: Duration,
    ) -> Result<(), AccessError> {
        let (stream, written) = (
            look.stream(),
            self.folds
                .look(viewer, look.clone(), seen.into(), folded_for),
        );
        for (stream, event) in written.over {
            self.scribe.append(stream, event).await?;
        }
        let first = async || {
            let appended = self.scribe.append(stream.clone(), written.first.clone());
            appended.await.map(drop)
        };
        let done = written.once.get_or_try_init(first).await.map(drop);
        if done.is_err() {
            self.folds.forget(&look, viewer);
        }
        done
    }

    /// Somebody takes a recording, or a part of it, as a file.
    ///
    /// # Errors
    /// As [`Self::viewed`].
    pub async fn downloaded(
        &self,
        viewer: &Viewer,
        session: SessionId,
        object: &str,
    ) -> Result<(), AccessError> {
        let settings = self.settings.recent().await?;
        let reason = match &viewer.reason {
            None => self.folds.reason(&Look::Recording(session), viewer),
            said => said.clone(),
        };
        if settings.access.reason_required && reason.is_none() {
            return Err(AccessError::ReasonNeeded);
        }
        let downloaded = RecordingDownloaded {
            address: viewer.address.clone(),
            by: viewer.name.clone(),
            object: object.to_owned(),
            reason,
            token: Some(viewer.token_id.clone()),
        };
        self.scribe
            .append(StreamName::accesses_of(session), downloaded.into())
            .await
            .map(drop)
    }

    /// Somebody searched for `text`, with a filter as JSON, and there were so many hits.
    ///
    /// # Errors
    /// When it cannot be written down: the hits must not be shown then.
    pub async fn searched(
        &self,
        viewer: &Viewer,
        text: &str,
        filter: Option<serde_json::Value>,
        hits: u64,
    ) -> Result<(), AccessError> {
        let searched = SearchPerformed {
            address: viewer.address.clone(),
            by: viewer.name.clone(),
            filter: filter.map(|filter| filter.to_string()),
            hits,
            reason: viewer.reason.clone(),
            text: text.to_owned(),
            token: Some(viewer.token_id.clone()),
        };
        self.append(searched).await
    }

    /// Whether somebody may ask for what happened in recordings without saying why.
    ///
    /// # Errors
    /// When the policy wants a reason and there is none.
    pub async fn needs_reason(&self, viewer: &Viewer) -> Result<(), AccessError> {
        let settings = self.settings.recent().await?;
        if settings.access.reason_required && viewer.reason.is_none() {
            return Err(AccessError::ReasonNeeded);
        }
        Ok(())
    }

    /// Somebody asked a question in SQL, and is given so many rows in a format.
    ///
    /// # Errors
    /// When it cannot be written down: the rows must not be shown then.
    pub async fn asked(
        &self,
        viewer: &Viewer,
        text: &str,
        format: &str,
        rows: usize,
    ) -> Result<(), AccessError> {
        let asked = SqlRun {
            address: viewer.address.clone(),
            by: viewer.name.clone(),
            format: format.to_owned(),
            reason: viewer.reason.clone(),
            rows: rows as u64,
            text: text.to_owned(),
            token: Some(viewer.token_id.clone()),
        };
        self.append(asked).await
    }

    /// Somebody reads events out of the log, from one position to another, in a format.
    ///
    /// # Errors
    /// When it cannot be written down: they must not be shown then.
    pub async fn exported(
        &self,
        viewer: &Viewer,
        format: &'static str,
        first: Position,
        last: Position,
    ) -> Result<(), AccessError> {
        let settings = self.settings.recent().await?;
        let folded_for = Duration::from_secs(settings.access.fold_s);
        let seen = Seen {
            what: format,
            positions: Some((first, last)),
        };
        self.fold(viewer, Look::Log(format), seen, folded_for).await
    }

    /// Somebody ran a report, to look at it or as a file in a format.
    ///
    /// # Errors
    /// When it cannot be written down: it must not be shown then.
    pub async fn report_run(
        &self,
        viewer: &Viewer,
        report: &Report,
        format: Option<&'static str>,
    ) -> Result<(), AccessError> {
        self.append(ReportRun {
            address: viewer.address.clone(),
            by: viewer.name.clone(),
            token: Some(viewer.token_id.clone()),
            ..report_run(report, format)
        })
        .await
    }

    /// Somebody tried what their grants do not allow. That it is written down changes nothing of the answer.
    pub async fn denied(&self, viewer: &Viewer, object: &str, right: Option<Right>) {
        let look = Look::Denied {
            object: object.chars().take(200).collect(),
            right,
        };
        let folded = self.fold(viewer, look, "denied", DENIALS_FOLDED_FOR).await;
        if let Err(error) = folded {
            tracing::error!(%error, "a denial could not be written down");
        }
    }

    /// Appends what somebody did to one of the streams that only the server writes. Answers a size of the log at which
    /// it stands in it.
    ///
    /// # Errors
    /// When the log does not take it.
    pub async fn write(
        &self,
        stream: StreamName,
        event: EventBody,
    ) -> Result<Position, AccessError> {
        self.scribe.append(stream, event).await
    }

    async fn append(&self, event: impl Into<EventBody>) -> Result<(), AccessError> {
        self.scribe
            .append(StreamName::accesses(), event.into())
            .await
            .map(drop)
    }

    /// Writes down folded looks as their time ends, until the future is dropped.
    pub async fn sweep(&self) {
        let mut ticks = tokio::time::interval(SWEEP);
        loop {
            ticks.tick().await;
            self.write_over(false).await;
        }
    }

    /// Writes down all looks that are folded, whether or not their time is over: the server stops.
    pub async fn close(&self) {
        self.write_over(true).await;
    }

    async fn write_over(&self, all: bool) {
        for (stream, event) in self.folds.take_over(all) {
            if let Err(error) = self.scribe.append(stream, event).await {
                tracing::error!(%error, "folded looks could not be written down");
            }
        }
    }
}

/// A report that was run, for the log.
pub(crate) fn report_run(report: &Report, format: Option<&'static str>) -> ReportRun {
    let parameters = serde_json::json!({
        "from": report.from, "to": report.to, "parameters": report.parameters,
    });
    ReportRun {
        by: report.by.clone(),
        format: format.map(str::to_owned),
        name: report.definition.name.to_owned(),
        parameters: Some(parameters.to_string()),
        position: Some(report.position.0),
        rows: Some(report.rows.len() as u64),
        ..ReportRun::default()
    }
}

/// The denial of a right, for the log.
fn denial(
    viewer: &Viewer,
    object: &str,
    right: Option<Right>,
    folded: folds::Folded,
) -> AccessDenied {
    AccessDenied {
        address: viewer.address.clone(),
        by: viewer.name.clone(),
        looks: folded.looks,
        object: object.to_owned(),
        right: right.map(|right| right.as_str().to_owned()),
        since: folded.since,
        token: Some(viewer.token_id.clone()),
    }
}
