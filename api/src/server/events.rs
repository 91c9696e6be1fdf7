//! `GET /v1/events`: the log for programs that read on for ever, such as a SIEM.
//!
//! | parameter | is |
//! |---|---|
//! | `after` | the position to go on after; from the beginning without it |
//! | `limit` | at most so many positions are looked at, and so many events given: 1 to 1,000,000; 10,000 without it |
//! | `wait` | when there is nothing yet, so many seconds are waited for something: 0 to 25 |
//! | `format` | `ndjson`, `ocsf`, `ecs`, `cef` or `leef` |
//! | `types` | `session.*,keys.typed`, or `-terminal.*` to leave out |
//! | `session` | events of this session alone |
//!
//! The cursor is the position in the log: nothing ever appears at or below one that was answered. `Retrace-Next-After` is
//! the `after` for what follows, known before the body begins, and `Link: <…>; rel="next"` the whole address. Whoever
//! was cut off asks again with the position of the last whole line that they have kept.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use retrace_core::access::Right;
use retrace_core::{Position, SessionId};
use retrace_projections::redaction;
use retrace_query::QueryError;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;

use super::{App, HttpError, Visit};
use crate::siem::formats::{Format, LineWriter};
use crate::siem::page::{EventPages, LinePages, Page, PageError, Wanted};
use crate::siem::sight::Sieve;
use crate::tokens::Viewer;

const LIMIT: u64 = 10_000;
const LIMIT_MAX: u64 = 1_000_000;
/// Less than the time until an answer must have begun.
const WAIT_SECONDS_MAX: u64 = 25;
/// So long an answer waits until what is to be hidden is known. What is not by then is hidden.
const LOOKED_THROUGH_WITHIN: Duration = Duration::from_secs(2);
/// How many pages may wait for a reader that is slow.
const PAGES_AHEAD: usize = 2;

const LOG_SIZE: HeaderName = HeaderName::from_static("retrace-log-size");
const NEXT_AFTER: HeaderName = HeaderName::from_static("retrace-next-after");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventsQuery {
    after: Option<String>,
    limit: Option<String>,
    wait: Option<String>,
    format: Option<String>,
    types: Option<String>,
    session: Option<String>,
}

/// What is asked for, checked.
struct Question {
    /// The first position to look at.
    from: Position,
    limit: u64,
    wait: Duration,
    format: Format,
    wanted: Wanted,
}

impl Question {
    fn of(query: &EventsQuery) -> Result<Self, HttpError> {
        let after: Option<u64> = number("after", query.after.as_deref(), 0, u64::MAX - 1)?;
        let limit = number("limit", query.limit.as_deref(), 1, LIMIT_MAX)?.unwrap_or(LIMIT);
        let wait = number("wait", query.wait.as_deref(), 0, WAIT_SECONDS_MAX)?.unwrap_or(0);
        Ok(Self {
            from: after.map_or(Position(0), |after| Position(after + 1)),
            limit,
            wait: Duration::from_secs(wait),
            format: parsed(query.format.as_deref())?.unwrap_or(Format::Ndjson),
            wanted: Wanted {
                types: parsed(query.types.as_deref())?.unwrap_or_default(),
                session: match query.session.as_deref().map(str::parse::<SessionId>) {
                    None => None,
                    Some(Ok(session)) => Some(session),
                    Some(Err(_)) => {
                        return Err(invalid("`session` is no session id, expected a UUID"));
                    }
                },
            },
        })
    }

    /// The address of what follows a position.
    fn next_address(&self, query: &EventsQuery, after: u64) -> String {
        let mut address = format!(
            "/v1/events?after={after}&limit={}&format={}",
            self.limit, self.format
        );
        for (name, value) in [
            ("wait", &query.wait),
            ("types", &query.types),
            ("session", &query.session),
        ] {
            if let Some(value) = value {
                let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
                address.push_str(&format!("&{name}={value}"));
            }
        }
        address
    }
}

fn invalid(message: impl Into<String>) -> HttpError {
    HttpError::new(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", message)
}

fn number(name: &str, text: Option<&str>, min: u64, max: u64) -> Result<Option<u64>, HttpError> {
    let Some(text) = text else { return Ok(None) };
    match text.parse() {
        Ok(number) if (min..=max).contains(&number) => Ok(Some(number)),
        _ => {
            let found: String = text.chars().take(40).collect();
            let expected = match name {
                "after" => "a position of the log".to_owned(),
                _ => format!("a number from {min} to {max}"),
            };
            Err(invalid(format!(
                "`{name}` is {found:?}, expected {expected}"
            )))
        }
    }
}

fn parsed<T: FromStr<Err: std::fmt::Display>>(text: Option<&str>) -> Result<Option<T>, HttpError> {
    let parsed = text.map(T::from_str).transpose();
    parsed.map_err(|error| invalid(error.to_string()))
}

/// Answers a stretch of the log, streamed.
pub(super) async fn events(
    visit: Visit,
    query: Result<Query<EventsQuery>, QueryRejection>,
) -> Result<Response, HttpError> {
    let Query(query) = query.map_err(|rejection| invalid(rejection.body_text()))?;
    let Visit { app, viewer } = visit;
    if !viewer.sight.may(Right::ReadLog) {
        let denied = app.accesses.denied(&viewer, "log", Some(Right::ReadLog));
        denied.await;
        return Err(HttpError::of_query(&QueryError::Denied(Right::ReadLog)));
    }
    let question = Question::of(&query)?;
    let deadline = Instant::now() + question.wait;
    let mut from = question.from;
    let size = size_of(&app).await?;
    if from > size {
        return Err(invalid(format!(
            "`after` is {}, but the log has {size} events",
            from.0 - 1
        )));
    }
    let (first, pages, end) = loop {
        let size = size_of(&app).await?;
        let end = Position(size.0.min(from.0.saturating_add(question.limit)));
        looked_through(&app, end).await;
        let mut pages = pages(&app, &viewer, &question, from, end);
        if let Some(found) = first_lines(&mut pages).await? {
            break (Some(found), pages, end);
        }
        if end < size || Instant::now() >= deadline {
            break (None, pages, end);
        }
        from = end;
        let mut stopping = app.seats.stopping();
        tokio::select! {
            grown = app.log.grown_past(size) => {
                grown.map_err(|error| HttpError::internal(&error))?;
            }
            () = tokio::time::sleep_until(deadline) => {}
            // The server is about to end; the cursor is as good afterwards.
            _ = stopping.wait_for(|stop| *stop) => break (None, pages, end),
        }
    };
    if first.is_some() {
        // Before anything is shown.
        let last = Position(end.0.saturating_sub(1));
        let told = app
            .accesses
            .exported(&viewer, question.format.name(), from, last);
        told.await.map_err(|error| HttpError::of_access(&error))?;
    }
    let next = end.0.checked_sub(1);
    let mut response = stream(app, viewer, first, pages);
    let headers = response.headers_mut();
    let media_type = HeaderValue::from_static(question.format.media_type());
    headers.insert(header::CONTENT_TYPE, media_type);
    headers.insert(LOG_SIZE, HeaderValue::from(size.0.max(end.0)));
    if let Some(next) = next {
        headers.insert(NEXT_AFTER, HeaderValue::from(next));
        let link = format!("<{}>; rel=\"next\"", question.next_address(&query, next));
        if let Ok(link) = HeaderValue::from_str(&link) {
            headers.insert(header::LINK, link);
        }
    }
    Ok(response)
}

async fn size_of(app: &App) -> Result<Position, HttpError> {
    let head = app.log.head().await;
    Ok(head.map_err(|error| HttpError::internal(&error))?.size)
}

/// Waits until what is to be hidden is known of the log up to a size.
async fn looked_through(app: &App, size: Position) {
    if let Some(mut known) = app.projections.follow(redaction::SCHEMA.name) {
        let known = known.wait_for(|known| *known >= size);
        let _ = tokio::time::timeout(LOOKED_THROUGH_WITHIN, known).await;
    }
}

fn pages(
    app: &App,
    viewer: &Viewer,
    question: &Question,
    from: Position,
    end: Position,
) -> LinePages {
    let reader = match viewer.reveal {
        Some(_) => app.reader.revealing(),
        None => app.reader.clone(),
    };
    LinePages::new(
        EventPages::new(Arc::clone(&app.log), from, end),
        question.wanted.clone(),
        Sieve::new(Arc::clone(&app.log), reader),
        LineWriter::new(question.format, app.log.id()),
    )
}

/// The first page that has lines.
async fn first_lines(pages: &mut LinePages) -> Result<Option<Page>, HttpError> {
    loop {
        match pages.next_page().await {
            Ok(None) => return Ok(None),
            Ok(Some(page)) if page.count == 0 => {}
            Ok(page) => return Ok(page),
            Err(error) => return Err(HttpError::internal(&error)),
        }
    }
}

/// The lines as a body that is written while it is sent.
fn stream(app: App, viewer: Viewer, first: Option<Page>, mut pages: LinePages) -> Response {
    let Some(first) = first else {
        return Body::empty().into_response();
    };
    let (send, receive) = mpsc::channel::<Result<Bytes, PageError>>(PAGES_AHEAD);
    tokio::spawn(async move {
        let mut page = Some(first);
        loop {
            let piece = match page.take() {
                Some(page) => write_down(&app, &viewer, page).await,
                None => match pages.next_page().await {
                    Ok(Some(page)) => write_down(&app, &viewer, page).await,
                    Ok(None) => return,
                    Err(error) => Err(error),
                },
            };
            if let Err(error) = &piece {
                tracing::error!(%error, "an answer with events broke off");
            }
            // An error ends the body before its end, which clients see as such. A reader that is gone ends the work.
            let broken = piece.is_err();
            let is_empty = matches!(&piece, Ok(piece) if piece.is_empty());
            if !is_empty && (send.send(piece).await.is_err() || broken) {
                return;
            }
        }
    });
    Body::from_stream(ReceiverStream::new(receive)).into_response()
}

/// Writes down of which sessions what is redacted is about to be shown.
async fn write_down(app: &App, viewer: &Viewer, page: Page) -> Result<Bytes, PageError> {
    for session in page.revealed {
        let written = app.accesses.revealed(viewer, session, "events").await;
        if let Err(error) = written {
            tracing::error!(%error, "what is revealed could not be written down");
            return Err(PageError::GivenUp);
        }
    }
    Ok(Bytes::from(page.lines))
}
