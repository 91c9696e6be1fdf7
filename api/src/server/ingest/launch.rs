//! `POST /v1/sessions`: a session starts, and its recording is promised.

use std::net::IpAddr;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use retrace_core::event::EventBatch;
use retrace_core::log::AppendError;
use retrace_core::{SessionId, StreamName, StreamVersion, Timestamp};
use retrace_ingest::protocol::{
    ErrorCode, IngestLimits, LaunchAnswer, LaunchRequest, LogFacts, Policy,
};
use uuid::Version;

use super::body::{InHand, Pieces, announced, check_media_type, whole};
use super::error::IngestError;
use super::promise::check_promise;
use crate::control::{Control, ControlError, NewUploadToken, push_policy};
use crate::server::address::client_address;
use crate::server::auth::bearer;
use crate::server::{App, BODY_BYTES_MAX};
use crate::sign_ins::Turned;
use crate::tokens::{Denied, Recorder};

pub(super) async fn launch(
    State(app): State<App>,
    parts: Parts,
    body: Body,
) -> Result<(StatusCode, Json<LaunchAnswer>), IngestError> {
    let now = Timestamp::now();
    let headers = &parts.headers;
    let settings = app.settings.current().await?;
    let from = client_address(&parts, &settings.server);
    let recorder = recorder(&app, headers, from).await?;
    let limits = IngestLimits::of(&settings.ingest);
    let request = in_its_site(read(&app, headers, body, &limits).await?, &recorder)?;
    let id = request.session.unwrap_or_else(SessionId::launched_now);
    if id.uuid().get_version() != Some(Version::SortRand) {
        let message = format!("`session` is {id}, expected a UUID of version 7");
        return Err(IngestError::invalid(message));
    }
    let policy = Policy::of(&settings.policy);
    let session = app.control.session(id);
    if session.control().await?.next_version() == StreamVersion(0) {
        let required = request.recording_required || policy.recording_required;
        if required {
            check_promise(&app, &settings)
                .await?
                .map_err(|why| IngestError::new(ErrorCode::RecordingNotPossible, why))?;
        }
        check_unused(&app, id).await?;
    }

    let lifetime = i64::try_from(limits.upload_token_lifetime.as_micros()).unwrap_or(i64::MAX);
    let expires_at = now.saturating_add_micros(lifetime);
    let token = NewUploadToken::random(id, expires_at, &recorder.name)
        .map_err(|error| IngestError::internal(&error))?;
    let (mut fresh, mut in_force) = (false, policy.clone());
    session
        .append(|control| {
            if control.is_purged() {
                return Err(AppendError::Purged { session: id }.into());
            }
            fresh = control.next_version() == StreamVersion(0);
            in_force = control.in_force(&policy);
            let mut events = if fresh {
                let at = request.at.unwrap_or(now);
                EventBatch::of(at, request.to_event(&policy.name)).map_err(ControlError::from)?
            } else {
                check_same(control, &request)?;
                EventBatch::new()
            };
            push_policy(control, None, &policy, now, &mut events)?;
            events
                .push(now, token.created.clone())
                .map_err(ControlError::from)?;
            Ok::<_, IngestError>(Some(events))
        })
        .await?;
    let status = if fresh {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let answer = LaunchAnswer {
        session: id,
        upload_token: token.text,
        upload_token_expires_at: expires_at,
        policy: in_force,
        log: LogFacts {
            id: app.log.id(),
            verifier_key: app.log.verifier_key().to_owned(),
        },
        limits: limits.for_upload(),
    };
    Ok((status, Json(answer)))
}

async fn recorder(
    app: &App,
    headers: &HeaderMap,
    from: Option<IpAddr>,
) -> Result<Recorder, IngestError> {
    let token = bearer(headers).ok_or(Turned::Denied(Denied::Missing))?;
    Ok(app.sign_ins.recorder_by_token(&token, from).await?)
}

async fn read(
    app: &App,
    headers: &HeaderMap,
    body: Body,
    limits: &IngestLimits,
) -> Result<LaunchRequest, IngestError> {
    check_media_type(headers, "application/json")?;
    let limit = BODY_BYTES_MAX as u64;
    let length = announced(headers, limit)?;
    let mut in_hand = InHand::nothing(&app.ingest.in_hand);
    let pieces = Pieces::of(body, limit, limits);
    let body = whole(pieces, length, &mut in_hand, limits).await?;
    serde_json::from_slice(&body)
        .map_err(|error| IngestError::invalid(format!("the body is no launch: {error}")))
}

fn in_its_site(request: LaunchRequest, recorder: &Recorder) -> Result<LaunchRequest, IngestError> {
    let Some(site) = &recorder.site else {
        return Ok(request);
    };
    match &request.site {
        Some(other) if other != site => {
            let message = format!("`site` is {other:?}, but this token is for the site {site:?}");
            Err(IngestError::new(ErrorCode::Forbidden, message))
        }
        _ => Ok(LaunchRequest {
            site: Some(site.clone()),
            ..request
        }),
    }
}

/// The same launch may come again: its answer may have been lost. What the policy was called then
/// does not matter, and neither does the time, unless the recorder says it.
fn check_same(control: &Control, request: &LaunchRequest) -> Result<(), IngestError> {
    let same = control.launch().is_some_and(|launch| {
        let policy = launch.facts.policy.as_deref().unwrap_or_default();
        request.to_event(policy) == launch.facts && request.at.is_none_or(|at| at == launch.at)
    });
    if same {
        return Ok(());
    }
    let message = "this session was launched with other facts: make a new id";
    Err(IngestError::new(ErrorCode::SessionConflict, message))
}

/// An id whose events are there without a launch belongs to somebody else.
async fn check_unused(app: &App, id: SessionId) -> Result<(), IngestError> {
    let streams = app.log.session_streams(id).await?;
    if streams.is_empty() || streams.contains(&StreamName::control_of(id)) {
        return Ok(());
    }
    let message = "this id belongs to a session that was not launched: make a new id";
    Err(IngestError::new(ErrorCode::SessionConflict, message))
}
