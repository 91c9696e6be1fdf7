//! The destinations as the log knows them: set, removed and told to begin again by events of `settings/destinations`.
//!
//! Few, so each process folds the stream in memory, and reads on before it answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use retrace_core::event::{
    DestinationRemoved, DestinationReplayed, DestinationSet, Event, EventBatch, EventBody,
    EventError,
};
use retrace_core::log::cursor::Folded;
use retrace_core::log::{EventLog, StoreError};
use retrace_core::{Position, StreamName, Timestamp};

use super::definition::{Destination, InvalidDestination};
use super::secret::{SecretError, SecretSealer};
use crate::accesses::{AccessError, append_at_end};

/// The most destinations of one log: each has a task, and reads the log.
const DESTINATIONS_MAX: usize = 100;

/// Why a destination could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// It is nothing that events can be sent to.
    #[error(transparent)]
    Invalid(#[from] InvalidDestination),
    /// There is none of that name.
    #[error("there is no destination `{name}`: `retrace destination list` shows all")]
    NoSuchDestination {
        /// The name.
        name: String,
    },
    /// There are too many.
    #[error("there are {DESTINATIONS_MAX} destinations, which is the most")]
    TooMany,
    /// The log has no such position.
    #[error("`from` is {from}, but the log has {size} events")]
    Ahead {
        /// The position.
        from: Position,
        /// The size.
        size: Position,
    },
    /// Its secret cannot be kept.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The log did not take it.
    #[error(transparent)]
    Append(#[from] AccessError),
    /// The log could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The event could not be written.
    #[error(transparent)]
    Event(#[from] EventError),
}

/// All destinations of a log, as of the last time somebody looked.
pub struct DestinationBook {
    log: Arc<dyn EventLog>,
    destinations: Folded<BTreeMap<String, Arc<Destination>>>,
}

impl DestinationBook {
    /// The destinations of `log`. Nothing is read yet.
    pub fn new(log: Arc<dyn EventLog>) -> Self {
        let destinations = Folded::new(Arc::clone(&log), StreamName::destinations(), apply);
        Self { log, destinations }
    }

    /// All destinations, by name.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn list(&self) -> Result<Vec<Arc<Destination>>, StoreError> {
        Ok(self.destinations.heard().await?.values().cloned().collect())
    }

    /// One destination.
    ///
    /// # Errors
    /// When there is none of that name, or the log cannot be read.
    pub async fn find(&self, name: &str) -> Result<Arc<Destination>, BookError> {
        let all = self.list().await?;
        let found = all.into_iter().find(|one| one.name.as_str() == name);
        found.ok_or_else(|| BookError::NoSuchDestination {
            name: name.chars().take(80).collect(),
        })
    }

    /// Sets a destination, with its secret in the clear. Without one, a destination that goes where it went keeps its own.
    /// A new one is sent what happens from now on, or what is in the log from a position on.
    ///
    /// # Errors
    /// When it is none, or the log does not take it.
    pub async fn set(
        &self,
        mut set: DestinationSet,
        secret: Option<&str>,
        from: Option<Position>,
        sealer: &SecretSealer,
    ) -> Result<Arc<Destination>, BookError> {
        let all = self.list().await?;
        let before = all.iter().find(|one| one.name.as_str() == set.name);
        if before.is_none() && all.len() >= DESTINATIONS_MAX {
            return Err(BookError::TooMany);
        }
        set.sealed = match secret {
            Some(secret) => Some(sealer.seal(&set.name, &set.kind, &set.target, secret)?),
            None => before
                .filter(|one| one.kind.name() == set.kind && one.target == set.target)
                .and_then(|one| one.sealed.clone()),
        };
        let now = Timestamp::now();
        Destination::of(&set, now)?;
        let name = set.name.clone();
        let mut events = EventBatch::new();
        let by = set.by.clone();
        events.push(now, set)?;
        if let Some(from) = from {
            self.check_position(from).await?;
            let replayed = DestinationReplayed {
                by,
                from: from.0,
                name: name.clone(),
            };
            events.push(now, replayed)?;
        }
        append_at_end(&*self.log, StreamName::destinations(), events).await?;
        self.find(&name).await
    }

    /// Sends nothing there any more.
    ///
    /// # Errors
    /// When there is none of that name, or the log does not take it.
    pub async fn remove(&self, name: &str, by: &str) -> Result<Arc<Destination>, BookError> {
        let found = self.find(name).await?;
        let removed = DestinationRemoved {
            by: by.to_owned(),
            name: name.to_owned(),
        };
        let events = EventBatch::of(Timestamp::now(), removed)?;
        append_at_end(&*self.log, StreamName::destinations(), events).await?;
        Ok(found)
    }

    /// Sends everything again from a position on.
    ///
    /// # Errors
    /// When there is no such destination or position, or the log does not take it.
    pub async fn replay(
        &self,
        name: &str,
        from: Position,
        by: &str,
    ) -> Result<Arc<Destination>, BookError> {
        self.find(name).await?;
        self.check_position(from).await?;
        let replayed = DestinationReplayed {
            by: by.to_owned(),
            from: from.0,
            name: name.to_owned(),
        };
        let events = EventBatch::of(Timestamp::now(), replayed)?;
        append_at_end(&*self.log, StreamName::destinations(), events).await?;
        self.find(name).await
    }

    async fn check_position(&self, from: Position) -> Result<(), BookError> {
        let size = self.log.head().await?.size;
        if from > size {
            return Err(BookError::Ahead { from, size });
        }
        Ok(())
    }
}

fn apply(destinations: &mut BTreeMap<String, Arc<Destination>>, event: &Event) {
    let revision = event.version().0 + 1;
    match event.body() {
        Ok(EventBody::DestinationSet(set)) => {
            let before = destinations.get(&set.name);
            let (begin, begun) =
                before.map_or((event.position(), revision), |one| (one.begin, one.begun));
            match Destination::of(&set, event.recorded_at()) {
                Ok(mut destination) => {
                    destination.revision = revision;
                    destination.begin = begin;
                    destination.begun = begun;
                    destinations.insert(set.name, Arc::new(destination));
                }
                // Another version allowed it.
                Err(error) => {
                    tracing::warn!(position = %event.position(), %error, "a destination is not in force");
                }
            }
        }
        Ok(EventBody::DestinationRemoved(removed)) => {
            destinations.remove(&removed.name);
        }
        Ok(EventBody::DestinationReplayed(replayed)) => {
            if let Some(destination) = destinations.get_mut(&replayed.name) {
                let destination = Arc::make_mut(destination);
                destination.revision = revision;
                destination.begin = Position(replayed.from);
                destination.begun = revision;
            }
        }
        Ok(_) => {}
        Err(error) => {
            tracing::error!(position = %event.position(), %error, "unreadable destination");
        }
    }
}
