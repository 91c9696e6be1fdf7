//! The settings as they were at any place of the log.

use std::sync::Arc;

use super::Settings;
use crate::event::EventBody;
use crate::id::{Position, StreamName, StreamVersion};
use crate::log::{EventLog, StoreError};

const PAGE_EVENTS: usize = 1_000;

/// What was in force when: for read models, whose content must not depend on when they are built.
#[derive(Debug, Default)]
pub struct SettingsTimeline {
    next: StreamVersion,
    /// Each change, and the settings from behind it on.
    changes: Vec<(Position, Arc<Settings>)>,
    default: Arc<Settings>,
}

impl SettingsTimeline {
    /// The settings that all events below `position` make. Positions at which the log does not stand yet have no answer
    /// that lasts.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn as_of(
        &mut self,
        log: &dyn EventLog,
        position: Position,
    ) -> Result<Arc<Settings>, StoreError> {
        loop {
            let stream = StreamName::settings();
            let events = log.read_stream(&stream, self.next, PAGE_EVENTS).await?;
            let Some(last) = events.last() else { break };
            self.next = last.version().plus(1);
            for event in &events {
                let Ok(EventBody::ConfigChanged(changed)) = event.body() else {
                    continue;
                };
                let mut settings = Settings::clone(self.latest());
                // What is no setting, or may not have the value, is not in force (`SettingsBook`).
                if settings.apply(&changed.setting, &changed.new).is_ok() {
                    self.changes.push((event.position(), Arc::new(settings)));
                }
            }
        }
        let before = self.changes.partition_point(|(at, _)| *at < position);
        let change = before
            .checked_sub(1)
            .and_then(|index| self.changes.get(index));
        Ok(Arc::clone(
            change.map_or(&self.default, |(_, settings)| settings),
        ))
    }

    fn latest(&self) -> &Settings {
        self.changes
            .last()
            .map_or(&self.default, |(_, settings)| settings)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{SettingsBook, Value};
    use super::*;
    use crate::data_dir::DataDir;

    #[tokio::test]
    async fn what_was_in_force_stays_what_was_in_force() {
        let dir = tempfile::tempdir().unwrap();
        let log = DataDir::new(dir.path()).open_or_create_log().await.unwrap();
        let log: Arc<dyn EventLog> = Arc::new(log);
        let book = SettingsBook::new(Arc::clone(&log));
        let mut timeline = SettingsTimeline::default();
        for number in [7, 8] {
            let at = log.head().await.unwrap().size;
            let (name, value) = ("ingest.batch_events_max", Value::Number(number));
            let before = timeline.as_of(&*log, at).await.unwrap();
            book.set(name, &value, "mara").await.unwrap();
            assert_eq!(timeline.as_of(&*log, at).await.unwrap(), before);
            let after = timeline.as_of(&*log, at.plus(1)).await.unwrap();
            assert_eq!(after.ingest.batch_events_max, number);
        }
    }
}
