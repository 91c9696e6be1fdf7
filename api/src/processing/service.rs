//! Who looks for work, and does so much of it at once as the settings say.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use retrace_core::blob::BlobStore;
use retrace_core::log::EventLog;
use retrace_core::settings::SettingsBook;
use retrace_core::{Position, SessionId, Timestamp};
use retrace_media::video::Worker;
use retrace_query::Reader;
use tokio::runtime::Handle;
use tokio::task::{JoinSet, spawn_blocking};

use super::ProgressBook;
use super::job;
use super::need::{Due, Known};
use crate::node::node_name;

/// How often the read model is asked for sessions that something concerned.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How often to look again at a session that is not ready yet, or that another node works on.
const AGAIN_AFTER: Duration = Duration::from_secs(3);
/// How many sessions are asked for at once.
const TOUCHED_AT_ONCE: u32 = 500;

/// What the work is done with. Cheap to clone.
#[derive(Clone)]
pub struct Workshop {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// Where footage is, and where what is built goes.
    pub blobs: BlobStore,
    /// The read models.
    pub reader: Reader,
    /// What an administrator can change.
    pub settings: Arc<SettingsBook>,
    /// How to start a process that decodes and encodes.
    pub worker: Worker,
    /// How far the work is.
    pub progress: ProgressBook,
}

/// Looks for work on recordings, and does it, until it is told to stop.
pub struct Processing {
    stop: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<()>,
}

impl Processing {
    /// Begins. `data` is the data folder: work in hand is kept in its folder `work`, which is emptied.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn start(workshop: Workshop, data: &Path) -> io::Result<Self> {
        let node = node_name(data).map_err(io::Error::other)?;
        let folder = data.join("work");
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::create_dir_all(&folder)?;
        let stop = Arc::new(AtomicBool::new(false));
        let looking = Looking {
            workshop,
            node,
            folder,
            stop: Arc::clone(&stop),
            from: Position(0),
            waiting: HashMap::new(),
            running: JoinSet::new(),
            working_on: Vec::new(),
        };
        Ok(Self {
            stop,
            task: tokio::spawn(looking.run()),
        })
    }

    /// Ends the work in hand, which goes on where it was after the next start.
    pub async fn shutdown(self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the work on recordings was not waited for");
        }
    }
}

struct Looking {
    workshop: Workshop,
    node: String,
    folder: PathBuf,
    stop: Arc<AtomicBool>,
    from: Position,
    /// Sessions to look at, and from when on.
    waiting: HashMap<SessionId, Instant>,
    running: JoinSet<SessionId>,
    working_on: Vec<SessionId>,
}

impl Looking {
    async fn run(mut self) {
        while !self.stop.load(Ordering::Relaxed) {
            self.ask().await;
            self.begin().await;
            let pause = tokio::time::sleep(LOOK_EVERY);
            tokio::select! {
                Some(done) = self.running.join_next() => self.done(done),
                () = pause => {}
            }
        }
        while let Some(done) = self.running.join_next().await {
            self.done(done);
        }
    }

    fn done(&mut self, done: Result<SessionId, tokio::task::JoinError>) {
        match done {
            Ok(session) => {
                self.working_on.retain(|other| *other != session);
                // Once the read model has seen what came of it.
                self.waiting.insert(session, Instant::now() + LOOK_EVERY);
            }
            Err(error) => {
                // Its session is not known; all that are waited for are looked at again.
                tracing::error!(%error, "work on a recording died");
                self.working_on.clear();
            }
        }
    }

    /// Asks which sessions something concerned.
    async fn ask(&mut self) {
        let (reader, from) = (self.workshop.reader.clone(), self.from);
        let touched = spawn_blocking(move || reader.touched(from, TOUCHED_AT_ONCE)).await;
        let Ok(Ok(touched)) = touched else {
            // The read model is not there yet, or is being rebuilt.
            return;
        };
        for touched in touched {
            self.from = self.from.max(touched.position.plus(1));
            self.waiting
                .entry(touched.session)
                .or_insert_with(Instant::now);
        }
    }

    /// Begins as much work as may be done at once.
    async fn begin(&mut self) {
        let Ok(settings) = self.workshop.settings.current().await else {
            return;
        };
        let at_once = usize::try_from(settings.video.queue).unwrap_or(1);
        let now = Instant::now();
        let is_ready =
            |session: &SessionId, at: &Instant| *at <= now && !self.working_on.contains(session);
        let waiting = self.waiting.iter();
        let ready: Vec<SessionId> = waiting
            .filter(|(session, at)| is_ready(session, at))
            .map(|(session, _)| *session)
            .collect();
        for session in ready {
            if self.running.len() >= at_once {
                return;
            }
            let (reader, node, values) = (
                self.workshop.reader.clone(),
                self.node.clone(),
                settings.clone(),
            );
            let looked = spawn_blocking(move || {
                let Some(touched) = reader.touched_of(session)? else {
                    return Ok(None);
                };
                let footage = reader.footage(session, i64::MIN)?;
                let (clips, products) = (reader.clips(session)?, reader.products(session)?);
                let known = Known {
                    touched: &touched,
                    footage: &footage,
                    clips: &clips,
                    products: &products,
                };
                let due = known.due(&values, &node, Timestamp::now());
                Ok::<_, retrace_query::QueryError>(Some((due, touched, footage)))
            });
            match looked.await {
                Ok(Ok(Some((Due::Now(need), touched, footage)))) => {
                    self.waiting.remove(&session);
                    self.working_on.push(session);
                    let order = job::Order {
                        workshop: self.workshop.clone(),
                        node: self.node.clone(),
                        folder: self.folder.clone(),
                        stop: Arc::clone(&self.stop),
                        runtime: Handle::current(),
                        settings: settings.clone(),
                        touched,
                        footage,
                        need,
                    };
                    self.running.spawn_blocking(move || order.carry_out());
                }
                Ok(Ok(None | Some((Due::Nothing, ..)))) => drop(self.waiting.remove(&session)),
                _ => {
                    self.waiting.insert(session, now + AGAIN_AFTER);
                }
            }
        }
    }
}
