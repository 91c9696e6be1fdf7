//! `POST /v1/sql`: a question in SQL, answered as a file.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use retrace_query::QueryError;
use retrace_query::sql::{SqlError, SqlFormat, TEXT_BYTES_MAX};
use serde::Deserialize;

use super::auth::Visit;
use super::{App, HttpError};
use crate::asking::{self, AskError};

/// How many rows the answer has.
const ROWS_HEADER: &str = "retrace-rows";

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/sql", post(answer))
        .layer(DefaultBodyLimit::max(4 * TEXT_BYTES_MAX))
}

/// What stands behind the question mark of the address.
#[derive(Deserialize)]
struct Form {
    /// In which form the answer is wanted; without it, as `Accept` says.
    format: Option<String>,
}

/// A question as JSON.
#[derive(Deserialize)]
struct Question {
    query: String,
}

async fn answer(
    Visit { app, viewer }: Visit,
    Query(form): Query<Form>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, HttpError> {
    let format = format_of(&form, &headers)?;
    let text = text_of(&headers, &body)?;
    let settings = app.settings.recent().await;
    let settings = settings.map_err(|error| HttpError::internal(&error))?;
    let limits = asking::limits_of(&settings);
    let answer = asking::ask(
        &app.accesses,
        &app.reader,
        &viewer,
        &text,
        format.as_str(),
        &limits,
    );
    let answer = answer.await.map_err(|error| of_asking(&error))?;
    let rows = answer.rows();
    let written = tokio::task::spawn_blocking(move || {
        let mut out = Vec::new();
        answer.write(format, &mut out).map(|()| out)
    });
    let written = written.await.map_err(|error| HttpError::internal(&error))?;
    let body = written.map_err(|error| HttpError::internal(&error))?;
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(format.media_type()),
    );
    headers.insert(ROWS_HEADER, HeaderValue::from(rows));
    if !matches!(format, SqlFormat::Json | SqlFormat::Ndjson) {
        let name = format!("attachment; filename=\"answer.{format}\"");
        if let Ok(name) = HeaderValue::try_from(name) {
            headers.insert(header::CONTENT_DISPOSITION, name);
        }
    }
    Ok(response)
}

fn invalid(message: impl Into<String>) -> HttpError {
    HttpError::new(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", message)
}

/// The form that is wanted: by name, else the first in `Accept` that there is; JSON where anything will do.
fn format_of(form: &Form, headers: &HeaderMap) -> Result<SqlFormat, HttpError> {
    if let Some(name) = &form.format {
        return name
            .parse()
            .map_err(|error: retrace_query::sql::UnknownFormat| invalid(error.to_string()));
    }
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    let Some(accept) = accept else {
        return Ok(SqlFormat::default());
    };
    let mut names = accept.split(',');
    let known = names.find_map(
        |name| match name.split(';').next().unwrap_or_default().trim() {
            "*/*" | "application/*" => Some(SqlFormat::default()),
            "text/*" => Some(SqlFormat::Csv),
            name => SqlFormat::of_media_type(name),
        },
    );
    known.ok_or_else(|| {
        let message = "none of the media types in `Accept` is given, expected application/json, application/x-ndjson, \
             text/csv, application/vnd.apache.parquet or application/vnd.apache.arrow.stream";
        HttpError::new(StatusCode::NOT_ACCEPTABLE, "INVALID_ARGUMENT", message)
    })
}

/// The question: the body as it is, or `query` of a body that is JSON.
fn text_of(headers: &HeaderMap, body: &[u8]) -> Result<String, HttpError> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let is_json = kind.is_some_and(|kind| kind.trim_start().starts_with("application/json"));
    if is_json {
        let question: Question = serde_json::from_slice(body)
            .map_err(|error| invalid(format!("{error}; expected {{\"query\": \"SELECT …\"}}")))?;
        return Ok(question.query);
    }
    let text = std::str::from_utf8(body);
    let text = text.map_err(|error| invalid(format!("the question is no text: {error}")))?;
    Ok(text.to_owned())
}

/// A question has no answer.
fn of_asking(error: &AskError) -> HttpError {
    let message = error.to_string();
    let (status, code) = match error {
        AskError::Access(error) => return HttpError::of_access(error),
        AskError::Denied(right) => return HttpError::of_query(&QueryError::Denied(*right)),
        AskError::Sql(SqlError::Refused(_) | SqlError::Invalid(_)) => {
            (StatusCode::BAD_REQUEST, "INVALID_ARGUMENT")
        }
        AskError::Sql(
            SqlError::TimedOut(_)
            | SqlError::Memory(_)
            | SqlError::TooManyRows(_)
            | SqlError::TooLarge(_),
        ) => (StatusCode::UNPROCESSABLE_ENTITY, "LIMIT_EXCEEDED"),
        AskError::Sql(SqlError::Busy | SqlError::Unavailable) => {
            (StatusCode::SERVICE_UNAVAILABLE, "NOT_YET")
        }
    };
    HttpError::new(status, code, message)
}
