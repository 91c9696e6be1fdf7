//! Folders that recordings are written into: taken as they come.
//!
//! - A Guacamole dump becomes a live session as soon as it opens ([`follow`]): its pieces are appended as the
//!   file grows, and the session ends when guacd lets go of the file's lock, or the file has not grown for
//!   [`WatchOptions::idle`].
//! - Any other recording is imported once nothing else in its folder has changed for that long.
//! - What is there already when the watch begins is imported, too. Who watches again goes on where the log
//!   stands: nothing is missing, and nothing is there twice.
//!
//! Folders are looked at every [`WatchOptions::every`], not announced by the system: recordings often lie on
//! network file systems, which announce nothing that another host writes, and looking is all that is needed for
//! a session to be seconds behind. Nothing in a folder is changed.

mod files;
mod follow;
mod lock;
mod opened;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use retrace_core::SessionId;
use retrace_core::log::EventLog;
use tokio::sync::watch;

use super::progress::NoProgress;
use super::{FormatError, ImportError, ImportOptions, Outcome, import_all};
use files::Files;
use follow::{Follower, State};

/// After a failure, for as long.
const TRY_AGAIN: Duration = Duration::from_secs(10);

/// How a folder is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchOptions {
    /// How often it is looked at.
    pub every: Duration,
    /// A file that has not grown for so long is finished.
    pub idle: Duration,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(1),
            idle: Duration::from_secs(60),
        }
    }
}

/// What happens to the files of a watched folder.
#[derive(Debug)]
pub enum Watched<'a> {
    /// A session that is still being written is in the log, or goes on.
    Live {
        /// Its file.
        path: &'a Path,
        /// The session.
        session: SessionId,
    },
    /// A session that was followed has ended.
    Ended {
        /// Its file.
        path: &'a Path,
        /// The session.
        session: SessionId,
    },
    /// A file is done with: it was imported, or it could not be.
    Done {
        /// The file.
        path: &'a Path,
        /// What became of it.
        outcome: &'a Outcome,
    },
    /// Something failed that is tried again.
    Failed {
        /// The file or folder.
        path: &'a Path,
        /// What.
        error: &'a ImportError,
    },
}

/// Takes what is written into folders, until it is told to stop. What is being appended then is finished, and the
/// sessions that were followed stay open.
pub async fn watch_folders(
    log: Arc<dyn EventLog>,
    folders: Vec<PathBuf>,
    options: ImportOptions,
    watch: WatchOptions,
    mut stop: watch::Receiver<bool>,
    mut tell: impl FnMut(Watched<'_>),
) {
    let mut watching = Watching {
        log,
        options,
        watch,
        files: Files::default(),
        followers: BTreeMap::new(),
    };
    let mut every = tokio::time::interval(watching.watch.every);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            // An error means that nobody can stop it any more, which is a reason to stop.
            _ = stop.wait_for(|stop| *stop) => return,
            _ = every.tick() => {}
        }
        watching.look(&folders, &mut tell).await;
        let is_stopped = || *stop.borrow();
        watching.follow(&is_stopped, &mut tell).await;
        if !is_stopped() {
            watching.import(&mut tell).await;
        }
    }
}

struct Watching {
    log: Arc<dyn EventLog>,
    options: ImportOptions,
    watch: WatchOptions,
    files: Files,
    followers: BTreeMap<PathBuf, Follower>,
}

impl Watching {
    async fn look(&mut self, folders: &[PathBuf], tell: &mut impl FnMut(Watched<'_>)) {
        let mut files = std::mem::take(&mut self.files);
        let (folders, limits) = (folders.to_vec(), self.options.limits.clone());
        let idle = self.watch.idle;
        let looked = tokio::task::spawn_blocking(move || {
            let dumps = files.look(&folders, idle, &limits);
            (files, dumps)
        });
        let Ok((files, (dumps, errors))) = looked.await else {
            return;
        };
        self.files = files;
        for path in dumps {
            self.followers
                .entry(path.clone())
                .or_insert_with(|| Follower::new(path, Instant::now()));
        }
        for (path, error) in &errors {
            tell(Watched::Failed { path, error });
        }
    }

    async fn follow(&mut self, is_stopped: &impl Fn() -> bool, tell: &mut impl FnMut(Watched<'_>)) {
        let (mut done, mut not_followed) = (Vec::new(), Vec::new());
        for (path, follower) in &mut self.followers {
            if is_stopped() {
                break;
            }
            let before = follower.session();
            let went = follower
                .go_on(&self.log, &self.options, self.watch.idle)
                .await;
            if let (None, Some(session)) = (before, follower.session()) {
                tell(Watched::Live { path, session });
            }
            match went {
                Ok(State::Following) => {}
                Ok(State::Ended(session)) => {
                    tell(Watched::Ended { path, session });
                    done.push(path.clone());
                }
                Ok(State::WasThere) => not_followed.push(path.clone()),
                Err(error) if is_final(&error) => {
                    let outcome = Outcome::Refused(error);
                    tell(Watched::Done {
                        path,
                        outcome: &outcome,
                    });
                    done.push(path.clone());
                }
                Err(error) => {
                    tell(Watched::Failed {
                        path,
                        error: &error,
                    });
                    // From the log and the file, as after a start.
                    *follower = Follower::new(path.clone(), Instant::now() + TRY_AGAIN);
                }
            }
        }
        for path in done {
            self.followers.remove(&path);
            self.files.done(&path);
        }
        for path in not_followed {
            self.followers.remove(&path);
            self.files.not_followed(&path);
        }
    }

    async fn import(&mut self, tell: &mut impl FnMut(Watched<'_>)) {
        let due = self.files.quiet(self.watch.idle);
        if due.is_empty() {
            return;
        }
        let log = Arc::clone(&self.log);
        let report = import_all(log, due, self.options.clone(), Arc::new(NoProgress)).await;
        for (path, outcome) in &report.files {
            let is_recording = !matches!(
                outcome,
                Outcome::Refused(ImportError::NotARecording {
                    reason: FormatError::Unknown,
                    ..
                })
            );
            let outcome = if is_recording {
                outcome
            } else {
                &Outcome::Skipped
            };
            tell(Watched::Done { path, outcome });
        }
    }
}

/// Whether trying again is of no use before the file changes.
fn is_final(error: &ImportError) -> bool {
    matches!(
        error,
        ImportError::NotARecording { .. } | ImportError::NoBlobStore { .. }
    )
}
