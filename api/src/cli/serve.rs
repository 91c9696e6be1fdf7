//! `retrace serve`

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use retrace_core::log::EventLog;
use retrace_projections::runner::Projections;
use retrace_query::Reader;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::destination::ExportFolder;
use super::{Data, output};
use crate::cli::sudo_listeners::SudoListeners;
use crate::control::limits::TimeLimits;
use crate::node::node_name;
use crate::processing::{Processing, Workshop};
use crate::redacting::Redacting;
use crate::reports::schedule::files::Files;
use crate::reports::schedule::service::{self, Schedules};
use crate::retention;
use crate::server::{App, flight, router};
use crate::siem::destinations::secret::SecretSealer;
use crate::siem::destinations::service::{Destinations, Parts};
use crate::siem::destinations::sinks::SinkContext;
use crate::siem::destinations::store::ProgressStore;

/// How long requests that are under way may still take after a stop was asked for.
const DRAIN: Duration = Duration::from_secs(10);

/// Serve the web UI and the API, and keep the read models caught up with the log
#[derive(Args)]
#[command(after_long_help = "Examples:
  retrace serve
  retrace serve --data /var/lib/retrace --listen 0.0.0.0:8080
  retrace serve --data /var/lib/retrace --database-url postgres://retrace@db/retrace
  retrace serve --flight-listen 127.0.0.1:32010
  retrace serve --sudo-tls-listen 0.0.0.0:30344 --sudo-tls-cert server.pem --sudo-tls-key server.key

Stops on SIGTERM or Ctrl-C, and loses nothing. The log may be appended to by other processes at
the same time (retrace import).")]
pub(super) struct Serve {
    #[command(flatten)]
    data: Data,
    /// The address to listen on; port 0 takes a free one
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "RETRACE_LISTEN",
        default_value = "127.0.0.1:8080"
    )]
    listen: SocketAddr,
    /// The address to answer questions in SQL on, over Arrow Flight SQL (docs/sql.md), without TLS
    #[arg(long, value_name = "ADDRESS", env = "RETRACE_FLIGHT_LISTEN")]
    flight_listen: Option<SocketAddr>,
    #[command(flatten)]
    sudo: SudoListeners,
    #[command(flatten)]
    oidc: OidcSecret,
    #[command(flatten)]
    folder: ExportFolder,
}

/// The secret under which a provider of identities knows this server. It is not a setting: those stand in the log.
#[derive(Args)]
struct OidcSecret {
    /// A file with the client secret for sign-in at a provider of identities (`oidc.issuer`).
    /// RETRACE_OIDC_CLIENT_SECRET may hold the secret itself
    #[arg(long, value_name = "FILE", env = "RETRACE_OIDC_CLIENT_SECRET_FILE")]
    oidc_client_secret_file: Option<PathBuf>,
}

impl OidcSecret {
    fn secret(&self) -> anyhow::Result<Option<String>> {
        let secret = match &self.oidc_client_secret_file {
            Some(path) => Some(std::fs::read_to_string(path).with_context(|| {
                format!("the client secret in `{}` cannot be read", path.display())
            })?),
            None => std::env::var("RETRACE_OIDC_CLIENT_SECRET").ok(),
        };
        let secret = secret.map(|secret| secret.trim().to_owned());
        Ok(secret.filter(|secret| !secret.is_empty()))
    }
}

impl Serve {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let data = self.data.dir();
        let stored = data.open_or_create_log().await?;
        let log: Arc<dyn EventLog> = Arc::new(stored.clone());
        let projections = Arc::new(
            Projections::start(
                Arc::clone(&log),
                data.blobs_of(&stored),
                &data.read_models(),
            )
            .await?,
        );
        let reader = Reader::open(&data.read_models(), Arc::clone(&log));
        let listener = TcpListener::bind(self.listen).await.with_context(|| {
            format!(
                "cannot listen on {}: choose another address with --listen or RETRACE_LISTEN",
                self.listen
            )
        })?;
        let address = listener.local_addr()?;
        let flight = match self.flight_listen {
            Some(address) => Some(TcpListener::bind(address).await.with_context(|| {
                format!("cannot listen on {address}: choose another address with --flight-listen")
            })?),
            None => None,
        };
        let sudo = self.sudo.bind().await?;
        let secret = self.oidc.secret()?;
        let app =
            App::new(&data, stored, reader, Arc::clone(&projections))?.with_client_secret(secret);
        let ingest = Arc::clone(&app.ingest);
        let workshop = Workshop {
            log: Arc::clone(&log),
            blobs: app.blobs.clone(),
            reader: app.reader.clone(),
            settings: Arc::clone(&app.settings),
            worker: app.worker.clone(),
            progress: app.progress.clone(),
        };
        let processing = Processing::start(workshop, data.path())
            .context("the folder for work in hand cannot be written")?;
        let (stop, stopped) = watch::channel(false);
        let limits = TimeLimits {
            control: Arc::clone(&app.control),
            settings: Arc::clone(&app.settings),
            reader: app.reader.clone(),
        };
        let limits = tokio::spawn(limits.run(stopped.clone()));
        let parts = retention::service::Parts {
            purger: app.purger.clone(),
            reader: app.reader.clone(),
            settings: Arc::clone(&app.settings),
        };
        let retention = retention::service::start(parts, app.retention.clone(), stopped.clone());
        let seats = Arc::clone(&app.seats);
        let redacting = Redacting::start(Arc::clone(&log), app.reader.clone(), stopped.clone());
        let node = node_name(data.path())?;
        let exports = self.folder.export_folder.clone();
        let parts = service::Parts {
            log: Arc::clone(&log),
            book: Arc::clone(&app.schedules),
            reports: Arc::clone(&app.reports),
            reader: app.reader.clone(),
            projections: Arc::clone(&projections),
            files: exports.map(|exports| Files::new(exports, node.clone())),
        };
        let schedules = Schedules::start(parts, stopped.clone());
        let parts = Parts {
            log: Arc::clone(&log),
            book: Arc::clone(&app.destinations),
            reader: app.reader.clone(),
            projections: Arc::clone(&projections),
            settings: Arc::clone(&app.settings),
            store: ProgressStore::open(data.path())
                .context("how far sending has come cannot be read")?,
            statuses: app.deliveries.clone(),
            sinks: SinkContext {
                sealer: SecretSealer::of(&data)?,
                folder: self.folder.export_folder,
            },
            node,
        };
        let destinations = Destinations::start(parts, stopped.clone());
        let sudo = sudo.start(&app, data.path(), &stopped)?;
        let flight = match flight {
            Some(listener) => {
                let address = listener.local_addr()?;
                output::note(format!(
                    "listening for Arrow Flight SQL on grpc://{address}"
                ));
                let serving = flight::serve(app.clone(), listener, stopped.clone());
                Some(tokio::spawn(serving))
            }
            None => None,
        };
        output::line(format!("listening on http://{address}"))?;

        let mut until_stop = stopped.clone();
        let accesses = Arc::clone(&app.accesses);
        let sign_ins = Arc::clone(&app.sign_ins);
        let sweeping = tokio::spawn({
            let accesses = Arc::clone(&accesses);
            async move { accesses.sweep().await }
        });
        let routes = router(app).into_make_service_with_connect_info::<SocketAddr>();
        let server = axum::serve(listener, routes).with_graceful_shutdown(async move {
            // An error means that the sender is gone, which is a reason to stop too.
            let _ = until_stop.wait_for(|stop| *stop).await;
        });
        let server = tokio::spawn(server.into_future());
        asked_to_stop().await?;
        output::note("stopping: no new requests, then the read models are put down");
        ingest.stop();
        seats.stop();
        stop.send_replace(true);
        let flight = async {
            if let Some(Err(error)) = match flight {
                Some(flight) => flight.await.ok(),
                None => None,
            } {
                tracing::warn!(%error, "Arrow Flight SQL");
            }
        };
        let served = async { tokio::join!(server, sudo, flight) };
        if tokio::time::timeout(DRAIN, served).await.is_err() {
            output::note("some requests did not end in time and were cut off");
        }
        sweeping.abort();
        accesses.close().await;
        sign_ins.flush().await;
        processing.shutdown().await;
        // It looks at its sign between two looks, which are short.
        let _ = limits.await;
        let _ = retention.await;
        redacting.shutdown().await;
        destinations.shutdown().await;
        schedules.shutdown().await;
        // A request that was cut off may still hold it: then its threads stop without being awaited.
        if let Some(projections) = Arc::into_inner(projections) {
            projections.shutdown().await;
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn asked_to_stop() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be awaited")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be awaited")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
