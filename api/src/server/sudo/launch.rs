//! A session in its control stream; whether its recording can be promised.

use retrace_core::event::EventBatch;
use retrace_core::log::StoreError;
use retrace_core::{SessionId, Timestamp};
use retrace_ingest::protocol::Policy;
use retrace_ingest::sudo_logsrv::facts::Facts;

use super::SudoServer;
use crate::control::{ControlError, Session, push_policy};
use crate::server::ingest::promise::check_promise;

/// Why a session is not launched. The text is for the client.
#[derive(Debug, thiserror::Error)]
pub(super) enum LaunchError {
    /// It must be recorded, and that cannot be promised.
    #[error("the session cannot be recorded: {0}")]
    NotPromised(String),
    /// The cause stands in the server's own log.
    #[error("the server's log does not answer")]
    Log,
}

impl From<StoreError> for LaunchError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a session of sudo could not be launched");
        Self::Log
    }
}

impl From<ControlError> for LaunchError {
    fn from(error: ControlError) -> Self {
        tracing::error!(%error, "a session of sudo could not be launched");
        Self::Log
    }
}

/// Makes sure that what must be recorded can be. Asked before the client is greeted: sudo runs a
/// command as soon as it was greeted, and asks for no more than that.
pub(super) async fn promise(server: &SudoServer) -> Result<(), LaunchError> {
    let settings = server.app.settings.recent().await?;
    if !settings.policy.recording_required {
        return Ok(());
    }
    let promised = check_promise(&server.app, &settings).await?;
    promised.map_err(LaunchError::NotPromised)
}

/// Launches a session that began `at`, by its client's clock.
pub(super) async fn launch(
    server: &SudoServer,
    facts: &Facts,
    at: Timestamp,
) -> Result<(Session, Policy), LaunchError> {
    let app = &server.app;
    let policy = app.ingest.policy(&app.settings).await?;
    let id = SessionId::launched_now();
    app.control
        .session(id)
        .append(|control| {
            let mut events = EventBatch::of(at, facts.launch(&policy.name))?;
            push_policy(control, None, &policy, Timestamp::now(), &mut events)?;
            Ok::<_, ControlError>(Some(events))
        })
        .await?;
    // Kept in mind from now on, so that it is told at once what is said to it.
    let session = app.control.launched(id).await?.ok_or(LaunchError::Log)?;
    Ok((session, policy))
}
