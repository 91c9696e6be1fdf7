//! `GET /metrics`: numbers of this node for Prometheus.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use retrace_core::access::Right;
use retrace_query::QueryError;

use super::{HttpError, Visit};
use crate::siem::destinations::metrics;

/// The numbers, for whoever may see how the server is set up: names of destinations are among them.
pub(super) async fn metrics(Visit { app, viewer }: Visit) -> Result<Response, HttpError> {
    if !viewer.sight.may_everywhere(Right::ViewSettings) {
        let right = Some(Right::ViewSettings);
        app.accesses.denied(&viewer, "metrics", right).await;
        return Err(HttpError::of_query(&QueryError::Denied(
            Right::ViewSettings,
        )));
    }
    let head = app.log.head().await;
    let size = head.map_err(|error| HttpError::internal(&error))?.size;
    let text = metrics::text(&app.deliveries, size);
    Ok(([(header::CONTENT_TYPE, metrics::MEDIA_TYPE)], text).into_response())
}
