//! `GET /v1/reports/{name}.{format}?from=…&to=…&at=POSITION&parameter=value`: a report as a file. What it answers is in
//! [`retrace_query::reports`]; that it was run is an event before it is given out.

use std::collections::BTreeMap;

use axum::extract::{Path, Query};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use retrace_core::{Position, Timestamp};
use retrace_query::QueryError;
use retrace_query::reports::{Asked, ReportError};
use tokio::task::spawn_blocking;

use super::recordings::{LOG_SIZE, name_file};
use super::{HttpError, Visit, seen_up_to};
use crate::reports::{ReportFormat, render};

pub(super) async fn report(
    Visit { app, viewer }: Visit,
    Path(file): Path<String>,
    Query(mut parameters): Query<BTreeMap<String, String>>,
) -> Result<Response, HttpError> {
    let invalid =
        |message: String| HttpError::new(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", message);
    let (name, format) = file.rsplit_once('.').unwrap_or((&file, ""));
    let format: ReportFormat = format
        .parse()
        .map_err(|error| invalid(format!("{error}")))?;
    let time = |name: &str, text: Option<String>| {
        let parsed = text.map(|text| text.parse::<Timestamp>());
        parsed
            .transpose()
            .map_err(|error| invalid(format!("`{name}`: {error}")))
    };
    let at = parameters
        .remove("at")
        .map(|text| text.parse().map(Position));
    let asked = Asked {
        name: name.to_owned(),
        from: time("from", parameters.remove("from"))?,
        to: time("to", parameters.remove("to"))?,
        at: at
            .transpose()
            .map_err(|_| invalid("`at` is no position of the log".to_owned()))?,
        by: viewer.name.clone(),
        parameters,
    };
    let head = app.log.head().await;
    let size = head.map_err(|error| HttpError::internal(&error))?.size;
    seen_up_to(&app, asked.at.unwrap_or(size).min(size)).await?;
    let run = app.reports.run(&app.reader, &asked).await;
    let report = match run {
        Ok(report) => report,
        Err(error) => {
            if let ReportError::Query(QueryError::Denied(right)) = &error {
                let object = format!("report/{}", asked.name);
                app.accesses.denied(&viewer, &object, Some(*right)).await;
            }
            return Err(of_report(&error));
        }
    };
    let written_down = app
        .accesses
        .report_run(&viewer, &report, Some(format.name()))
        .await;
    written_down.map_err(|error| HttpError::of_access(&error))?;
    let position = report.position;
    let rendered = spawn_blocking(move || render(&report, format)).await;
    let bytes = rendered
        .map_err(|error| HttpError::internal(&error))?
        .map_err(|error| HttpError::internal(&error))?;
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    let media_type = HeaderValue::from_static(format.media_type());
    headers.insert(header::CONTENT_TYPE, media_type);
    headers.insert(LOG_SIZE, HeaderValue::from(position.0));
    // The name is one of the catalogue's by now.
    name_file(
        &mut response,
        &format!("{name}-{position}.{}", format.name()),
    );
    Ok(response)
}

fn of_report(error: &ReportError) -> HttpError {
    match error {
        ReportError::Unknown { .. } => HttpError::not_found(error.to_string()),
        ReportError::Parameter { .. } | ReportError::Ahead { .. } => HttpError::new(
            StatusCode::BAD_REQUEST,
            "INVALID_ARGUMENT",
            error.to_string(),
        ),
        ReportError::Query(error) => HttpError::of_query(error),
        ReportError::Store(error) => HttpError::internal(error),
    }
}
