//! The HTTP server.
//!
//! | route | who | answers |
//! |---|---|---|
//! | `POST /graphql` | token | everything that can be asked ([`crate::graphql`]) |
//! | `GET /graphql` | token | the same over WebSocket, and what can be followed |
//! | `GET /v1/sessions/{id}/asciicast` | token | a recording, streamed |
//! | `GET /v1/sessions/{id}/film.gif`, `.mp4`, `.webm` | token | what its terminal showed, drawn |
//! | `POST /v1/sql` | token | a question in SQL, as CSV, JSON, Parquet or Arrow (`docs/sql.md`) |
//! | `GET /v1/sessions/{id}/media/…` | token | video, clips, thumbnails, by byte ranges (`docs/media.md`) |
//! | `/v1/sessions`, `/v1/sessions/{id}/…` | recorders | `docs/ingest.md` ([`ingest`]) |
//! | `GET /v1/sessions/{id}/ndjson`, `…/ndjson.proof` | token | its events, and the proof for them |
//! | `GET /v1/events` | token | the log, from a position on, in the formats of a SIEM (`docs/siem.md`) |
//! | `GET /v1/reports/{name}.{pdf,csv,xlsx,json,html}` | token | a report as a file (`docs/reports.md`) |
//! | `GET /v1/sessions/{id}/bundle` | token | all of it as evidence, in one zip ([`crate::bundle`]) |
//! | `GET /checkpoint`, `/verifier-key`, `/tile/{level}/…` | anyone, or token | signed head and hashes |
//! | `GET /tile/entries/…` | token | bundles of events |
//! | `POST`, `GET`, `DELETE /v1/web-session` | – | signs a browser in, says who it is, signs it out |
//! | `GET /v1/sign-in`, `…/oidc`, `…/oidc/callback` | anyone | how to sign in, and the way to a provider and back |
//! | `GET /metrics` | token | how sending to destinations goes, for Prometheus |
//! | `GET /healthz`, `/readyz` | anyone | whether the process is alive, and ready to answer |
//! | anything else | anyone | the web UI, which holds no data |
//!
//! Beside HTTP, [`sudo`] takes what sudo records, and [`flight`] answers questions in SQL over gRPC.

mod address;
mod assets;
mod auth;
mod bundle;
mod error;
mod events;
pub mod flight;
mod ingest;
mod media;
mod metrics;
mod proofs;
mod reason;
mod recordings;
mod reports;
mod sign_in;
mod sql;
pub mod sudo;
mod web_session;
mod websocket;
mod written;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use retrace_core::Position;
use retrace_core::blob::BlobStore;
use retrace_core::data_dir::{DataDir, DataDirError};
use retrace_core::log::{EventLog, StoredLog};
use retrace_core::settings::SettingsBook;
use retrace_media::video::Worker;
use retrace_projections::runner::{ProjectionState, Projections};
use retrace_query::Reader;
use retrace_query::reports::ReportBook;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio_stream::Stream;
use tower_http::compression::CompressionLayer;
use tower_http::timeout::TimeoutLayer;

use crate::accesses::Accesses;
use crate::control::ControlBook;
use crate::disk::DataFolder;
use crate::grants::GrantBook;
use crate::graphql::{self, Schema};
use crate::live::{LogTail, Seats};
use crate::oidc::Oidc;
use crate::processing::{ProgressBook, media_worker};
use crate::reports::schedule::book::ScheduleBook;
use crate::retention::purge::Purger;
use crate::retention::service::RetentionStatusBook;
use crate::siem::destinations::book::DestinationBook;
use crate::siem::destinations::secret::SecretSealer;
use crate::siem::destinations::status::StatusBook;
use crate::sign_ins::{Cookies, SignIns};
use crate::tokens::{TokenBook, Viewer};
use auth::Visit;
pub use error::HttpError;
pub use ingest::Ingest;
use media::Layouts;
pub(crate) use media::{MediaError, MediaReader, Source};
pub(crate) use reason::checked_reason;

/// A question is small: what is larger is an attack or a mistake.
const BODY_BYTES_MAX: usize = 64 << 10;
/// The time until an answer must have begun.
const ANSWER_BEGINS_WITHIN: Duration = Duration::from_secs(30);
/// So long the read models may take to see what an answer is as of.
const SEEN_WITHIN: Duration = Duration::from_secs(10);

const GRAPHQL_BODY: &str = "a JSON body: {\"query\": \"…\", \"variables\": {…}}";

/// Scripts and styles only from this server, and nothing inline; the terminal player is
/// WebAssembly.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
    style-src 'self'; img-src 'self' data:; media-src 'self' blob:; font-src 'self' data:; connect-src 'self'; \
    object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What the routes share. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// The read models: as the server itself sees them, or as somebody may ([`App::seen_by`]).
    pub reader: Reader,
    /// The tokens that open the routes.
    pub tokens: Arc<TokenBook>,
    /// What is granted to users and groups.
    pub grants: Arc<GrantBook>,
    /// Who somebody is.
    pub sign_ins: Arc<SignIns>,
    /// Sign-in at a provider.
    pub oidc: Arc<Oidc>,
    pub(crate) cookies: Cookies,
    /// Where segments and screenshots are kept.
    pub blobs: BlobStore,
    /// Where is written down who looked at what.
    pub accesses: Arc<Accesses>,
    /// Files over footage that were asked for lately.
    pub(crate) layouts: Arc<Layouts>,
    /// The sessions that recorders have launched.
    pub control: Arc<ControlBook>,
    /// What the routes for recorders share.
    pub ingest: Arc<Ingest>,
    /// What an administrator can change.
    pub settings: Arc<SettingsBook>,
    /// Who follows what goes on.
    pub seats: Arc<Seats>,
    /// How to start a process that decodes.
    pub worker: Worker,
    /// How many pictures and films are decoded or drawn at once for whoever asks for them.
    pub(crate) drawn_at_once: Arc<Semaphore>,
    /// How far the work on recordings is.
    pub progress: ProgressBook,
    /// Where events are sent.
    pub destinations: Arc<DestinationBook>,
    /// How that goes on this node.
    pub deliveries: StatusBook,
    /// How far the read models have come.
    pub projections: Arc<Projections>,
    /// Reports, and what they are computed from.
    pub(crate) reports: Arc<ReportBook>,
    /// Reports that are run by themselves.
    pub(crate) schedules: Arc<ScheduleBook>,
    /// What destroys recordings.
    pub(crate) purger: Purger,
    /// How that goes on this node.
    pub(crate) retention: RetentionStatusBook,
    schema: Schema,
}

impl App {
    /// The app as somebody may see it: its reader answers as if nothing else were there.
    #[must_use]
    pub fn seen_by(&self, viewer: &Viewer) -> Self {
        Self {
            reader: self.reader.seen_by(Arc::clone(&viewer.sight)),
            ..self.clone()
        }
    }

    /// The answers to a request that came over a connection: several, when it follows something.
    fn execute_stream(
        &self,
        viewer: &Viewer,
        request: async_graphql::Request,
    ) -> impl Stream<Item = async_graphql::Response> + Send + 'static {
        let reader = self.reader.seen_by(Arc::clone(&viewer.sight));
        let request = of_viewer(request, viewer.clone(), reader);
        self.schema.execute_stream(request)
    }

    /// An app over the log of a data folder, and its read models.
    ///
    /// # Errors
    /// When the key of the log cannot be read.
    pub fn new(
        data: &DataDir,
        log: StoredLog,
        reader: Reader,
        projections: Arc<Projections>,
    ) -> Result<Self, DataDirError> {
        let cookies = Cookies::of(data)?;
        let blobs = data.blobs_of(&log);
        let stored = log;
        let log: Arc<dyn EventLog> = Arc::new(stored.clone());
        let tokens = Arc::new(TokenBook::new(Arc::clone(&log)));
        let control = Arc::new(ControlBook::new(Arc::clone(&log)));
        let settings = Arc::new(SettingsBook::new(Arc::clone(&log)));
        let accesses = Arc::new(Accesses::new(Arc::clone(&log), Arc::clone(&settings)));
        let grants = Arc::new(GrantBook::new(Arc::clone(&log)));
        let sign_ins = Arc::new(SignIns::new(
            &log,
            Arc::clone(&tokens),
            Arc::clone(&grants),
            Arc::clone(&settings),
            cookies.clone(),
        ));
        let progress = ProgressBook::default();
        let destinations = Arc::new(DestinationBook::new(Arc::clone(&log)));
        let deliveries = StatusBook::default();
        let reports = Arc::new(ReportBook::new(Arc::clone(&log)));
        let schedules = Arc::new(ScheduleBook::new(Arc::clone(&log)));
        let purger = Purger::new(stored, blobs.clone(), Arc::clone(&control));
        let retention = RetentionStatusBook::default();
        let worker = media_worker();
        let at_once = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let schema = graphql::schema()
            .data(Arc::clone(&log))
            .data(Arc::clone(&control))
            .data(Arc::clone(&accesses))
            .data(Arc::clone(&settings))
            .data(Arc::new(LogTail::new(Arc::clone(&log))))
            .data(Arc::clone(&tokens))
            .data(Arc::clone(&grants))
            .data(Arc::clone(&sign_ins))
            .data(Arc::clone(&projections))
            .data(progress.clone())
            .data(Arc::clone(&destinations))
            .data(deliveries.clone())
            .data(SecretSealer::of(data)?)
            .data(Arc::clone(&reports))
            .data(Arc::clone(&schedules))
            .data(purger.clone())
            .data(retention.clone())
            .data(Arc::new(DataFolder::new(data.path().to_owned())))
            .finish();
        Ok(Self {
            log,
            reader,
            tokens,
            grants,
            sign_ins,
            oidc: Arc::new(Oidc::new(None)),
            cookies,
            blobs,
            accesses,
            layouts: Arc::default(),
            control,
            ingest: Arc::new(Ingest::new(data.path().to_owned())),
            settings,
            seats: Arc::default(),
            worker,
            drawn_at_once: Arc::new(Semaphore::new(at_once)),
            progress,
            destinations,
            deliveries,
            projections,
            reports,
            schedules,
            purger,
            retention,
            schema,
        })
    }

    /// The same with the secret under which a provider of identities knows this server.
    #[must_use]
    pub fn with_client_secret(self, secret: Option<String>) -> Self {
        Self {
            oidc: Arc::new(Oidc::new(secret)),
            ..self
        }
    }
}

/// All routes.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/graphql", post(answer_graphql).get(websocket::open))
        .route("/v1/sessions/{id}/asciicast", get(recordings::asciicast))
        .route("/v1/sessions/{id}/film.gif", get(recordings::film))
        .route("/v1/sessions/{id}/film.mp4", get(recordings::film))
        .route("/v1/sessions/{id}/film.webm", get(recordings::film))
        .route("/v1/sessions/{id}/ndjson", get(recordings::ndjson))
        .route(
            "/v1/sessions/{id}/ndjson.proof",
            get(recordings::ndjson_proof),
        )
        .route("/v1/events", get(events::events))
        .route("/v1/reports/{file}", get(reports::report))
        .route("/checkpoint", get(proofs::checkpoint))
        .route("/verifier-key", get(proofs::verifier_key))
        .route("/tile/{*address}", get(proofs::tile))
        .route(
            "/v1/web-session",
            post(web_session::sign_in)
                .get(web_session::who)
                .delete(web_session::sign_out),
        )
        .route("/v1/sign-in", get(sign_in::ways))
        .route("/v1/sign-in/oidc", get(sign_in::begin))
        .route("/v1/sign-in/oidc/callback", get(sign_in::finish))
        .route("/v1/{*rest}", axum::routing::any(error::no_such_route))
        .route("/metrics", get(metrics::metrics))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readiness))
        .fallback(assets::serve)
        .layer(CompressionLayer::new())
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            ANSWER_BEGINS_WITHIN,
        ))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        // Without compression, which would take the place of byte ranges.
        .merge(media::routes())
        .merge(bundle::routes())
        // A question in SQL has limits of its own.
        .merge(sql::routes())
        // Behind the limits for people: a batch is larger and slower than a question.
        .merge(ingest::routes())
        .layer(middleware::from_fn(auth::renew_cookies))
        .layer(middleware::from_fn(add_security_headers))
        .with_state(app)
}

async fn answer_graphql(
    Visit { app, viewer }: Visit,
    body: Result<Json<async_graphql::Request>, JsonRejection>,
) -> Result<Json<async_graphql::Response>, HttpError> {
    let Json(request) = body.map_err(|rejection| HttpError::bad_body(&rejection, GRAPHQL_BODY))?;
    let mut request = of_viewer(request, viewer, app.reader);
    let settings = app.settings.recent().await;
    if !settings
        .map_err(|error| HttpError::internal(&error))?
        .api
        .introspection
    {
        request = request.disable_introspection();
    }
    let response = app.schema.execute(request).await;
    Ok(Json(graphql::shortened(response)))
}

/// What may be seen is a matter of each request: the schema itself has no reader.
fn of_viewer(
    request: async_graphql::Request,
    viewer: Viewer,
    reader: Reader,
) -> async_graphql::Request {
    let loader = graphql::loader(reader.clone());
    request.data(viewer).data(loader).data(reader)
}

/// Waits until the read models answer for all positions below `size`.
///
/// # Errors
/// `NOT_YET` when they do not come that far in time.
async fn seen_up_to(app: &App, size: Position) -> Result<(), HttpError> {
    let seen = app.projections.caught_up_with(size);
    if tokio::time::timeout(SEEN_WITHIN, seen).await.is_ok() {
        return Ok(());
    }
    let message = "the read models have not come that far yet: ask again in a moment";
    Err(HttpError::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "NOT_YET",
        message,
    ))
}

/// Ready when the log answers: the read models catch up while serving.
async fn readiness(State(app): State<App>) -> Response {
    match app.projections.states().await {
        Ok(states) => {
            let models: Vec<_> = states
                .iter()
                .map(|state| {
                    let ProjectionState {
                        name,
                        checkpoint,
                        log_size,
                        ..
                    } = state;
                    json!({"name": name, "checkpoint": checkpoint, "logSize": log_size})
                })
                .collect();
            Json(json!({"projections": models})).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the log does not answer\n").into_response()
        }
    }
}

async fn add_security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Evidence is not to be kept by proxies or on the disk of whoever looked at it.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}
