//! A task for each destination that the log knows, begun, begun anew and ended as it says.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use retrace_core::log::EventLog;
use retrace_core::settings::SettingsBook;
use retrace_projections::runner::Projections;
use retrace_query::Reader;
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};

use super::book::DestinationBook;
use super::delivery::{Delivery, Shared};
use super::sinks::SinkContext;
use super::status::StatusBook;
use super::store::ProgressStore;

/// How often it is looked whether the destinations are others. That is heard, and asks the store for nothing.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What sending needs of the server.
pub struct Parts {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// The destinations.
    pub book: Arc<DestinationBook>,
    /// The read models, as the server itself sees them.
    pub reader: Reader,
    /// How far these are.
    pub projections: Arc<Projections>,
    /// The settings.
    pub settings: Arc<SettingsBook>,
    /// How far sending has come.
    pub store: ProgressStore,
    /// Where is told how it goes.
    pub statuses: StatusBook,
    /// Secrets, and the folder for files.
    pub sinks: SinkContext,
    /// The name of this node.
    pub node: String,
}

/// Sends to all destinations, until it is told to stop.
pub struct Destinations {
    task: JoinHandle<()>,
}

struct Running {
    revision: u64,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Running {
    async fn end(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "what sends events was not waited for");
        }
    }
}

impl Destinations {
    /// Begins.
    pub fn start(parts: Parts, mut stopped: watch::Receiver<bool>) -> Self {
        let book = Arc::clone(&parts.book);
        let shared = Arc::new(Shared {
            log: parts.log,
            reader: parts.reader,
            projections: parts.projections,
            settings: parts.settings,
            store: parts.store,
            statuses: parts.statuses,
            sinks: parts.sinks,
            node: parts.node,
        });
        let task = tokio::spawn(async move {
            let mut running = HashMap::new();
            loop {
                follow(&book, &shared, &mut running).await;
                tokio::select! {
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                    // An error means that the sender is gone, which is a reason to stop too.
                    _ = stopped.wait_for(|stop| *stop) => break,
                }
            }
            // All at once: each may wait for its receiver to close.
            for one in running.values() {
                one.stop.send_replace(true);
            }
            for (_, one) in running {
                one.end().await;
            }
        });
        Self { task }
    }

    /// Waits until all have stopped, and what they have sent is kept.
    pub async fn shutdown(self) {
        if let Err(error) = self.task.await {
            tracing::error!(%error, "what sends events was not waited for");
        }
    }
}

async fn follow(
    book: &DestinationBook,
    shared: &Arc<Shared>,
    running: &mut HashMap<String, Running>,
) {
    let wanted = match book.list().await {
        Ok(wanted) => wanted,
        Err(error) => {
            tracing::warn!(%error, "the destinations cannot be read");
            return;
        }
    };
    let is_wanted = |name: &str| wanted.iter().any(|one| one.name.as_str() == name);
    let removed: Vec<String> = running
        .keys()
        .filter(|name| !is_wanted(name))
        .cloned()
        .collect();
    for name in removed {
        if let Some(one) = running.remove(&name) {
            one.end().await;
        }
        shared.statuses.forget(&name);
        let store = shared.store.clone();
        // When it is made again it begins anew, whatever stands there.
        let _ = spawn_blocking(move || store.forget(&name)).await;
    }
    for destination in wanted {
        let name = destination.name.as_str().to_owned();
        let revision = destination.revision;
        if let Some(one) = running.get(&name) {
            if one.revision == revision && !one.task.is_finished() {
                continue;
            }
            if let Some(one) = running.remove(&name) {
                one.end().await;
            }
        }
        let (stop, stopped) = watch::channel(false);
        let delivery = Delivery::new(Arc::clone(shared), destination, stopped);
        let task = tokio::spawn(delivery.run());
        let one = Running {
            revision,
            stop,
            task,
        };
        running.insert(name, one);
    }
}
