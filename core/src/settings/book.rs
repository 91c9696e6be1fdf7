//! The settings as they stand in the log.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;
use tokio::sync::Mutex;

use super::{SettingError, Settings, Value, definition};
use crate::event::{ConfigChanged, Event, EventBatch, EventBody, EventError};
use crate::id::{Position, StreamName, StreamVersion};
use crate::log::cursor::StreamCursor;
use crate::log::{Append, AppendError, EventLog, StoreError};
use crate::time::Timestamp;

/// How often to try again when somebody else changed a setting in between.
const APPEND_TRIES: usize = 10;
const PAGE_EVENTS: usize = 1_000;

/// The settings of a log. Each process folds their stream in memory, and reads on when it has
/// grown: a change made by one process holds in all of them at once.
pub struct SettingsBook {
    log: Arc<dyn EventLog>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    cursor: StreamCursor,
    folded: Folded,
}

/// What the events so far say.
#[derive(Default)]
struct Folded {
    settings: Arc<Settings>,
    unknown: BTreeMap<String, Json>,
    last: BTreeMap<String, Change>,
}

/// The longest reason, in characters.
const REASON_CHARS_MAX: usize = 2_000;

/// One change of a setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Where it stands in the log.
    pub position: Position,
    /// When it was made, by the server's clock.
    pub at: Timestamp,
    /// Who made it.
    pub by: String,
    /// The value until then.
    pub old: Json,
    /// The value from then on.
    pub new: Json,
    /// Why.
    pub reason: Option<String>,
}

impl Change {
    fn of(changed: ConfigChanged, event: &Event) -> Self {
        Self {
            position: event.position(),
            at: event.recorded_at(),
            by: changed.by,
            old: changed.old,
            new: changed.new,
            reason: changed.reason,
        }
    }
}

/// Why a setting could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// It is no setting, or may not have the value.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The reason cannot be kept as it is.
    #[error("the reason has {found} characters, expected 1 to {REASON_CHARS_MAX}")]
    Reason {
        /// Its length.
        found: usize,
    },
    /// The log did not take it.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The log could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The event could not be written.
    #[error(transparent)]
    Event(#[from] EventError),
}

impl SettingsBook {
    /// The settings of `log`. Nothing is read yet.
    pub fn new(log: Arc<dyn EventLog>) -> Self {
        Self {
            log,
            state: Mutex::default(),
        }
    }

    /// The settings as of the end of the log.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn current(&self) -> Result<Arc<Settings>, StoreError> {
        let mut state = self.state.lock().await;
        state.read_on(&*self.log).await?;
        Ok(Arc::clone(&state.folded.settings))
    }

    /// The settings as they were at a time, by the server's clock.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn as_of(&self, time: Timestamp) -> Result<Settings, StoreError> {
        let (mut next, mut folded) = (StreamVersion(0), Folded::default());
        loop {
            let stream = StreamName::settings();
            let events = self.log.read_stream(&stream, next, PAGE_EVENTS).await?;
            let in_force = events
                .iter()
                .take_while(|event| event.recorded_at() <= time);
            let taken = in_force.map(|event| folded.apply_event(event)).count();
            match events.last() {
                Some(last) if taken == events.len() => next = last.version().plus(1),
                _ => return Ok(Arc::unwrap_or_clone(folded.settings)),
            }
        }
    }

    /// The settings as they were a moment ago at most: for what is asked many times a second.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn recent(&self) -> Result<Arc<Settings>, StoreError> {
        let mut state = self.state.lock().await;
        let State { cursor, folded } = &mut *state;
        let apply = |event: &Event| folded.apply_event(event);
        let stream = StreamName::settings();
        cursor.read_on_if_grown(&*self.log, &stream, apply).await?;
        Ok(Arc::clone(&state.folded.settings))
    }

    /// The settings in the log that this version does not know, with their values: a newer version
    /// wrote them. They change nothing here, and hold again when that version runs again.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn unknown(&self) -> Result<BTreeMap<String, Json>, StoreError> {
        let mut state = self.state.lock().await;
        state.read_on(&*self.log).await?;
        Ok(state.folded.unknown.clone())
    }

    /// The latest change of each setting that was ever changed, by its name.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn last_changes(&self) -> Result<BTreeMap<String, Change>, StoreError> {
        let mut state = self.state.lock().await;
        state.read_on(&*self.log).await?;
        Ok(state.folded.last.clone())
    }

    /// Changes a setting, without a word why: [`Self::change`].
    ///
    /// # Errors
    /// As [`Self::change`].
    pub async fn set(&self, name: &str, value: &Value, by: &str) -> Result<Value, SetError> {
        self.change(name, value, by, None).await
    }

    /// Changes a setting, and answers the value that it had. Nothing is appended when it has the
    /// value already. The reason has 1 to 2,000 characters.
    ///
    /// # Errors
    /// When it is no setting, may not have the value, or the log does not take the change.
    pub async fn change(
        &self,
        name: &str,
        value: &Value,
        by: &str,
        reason: Option<&str>,
    ) -> Result<Value, SetError> {
        let definition = definition(name)?;
        let found = reason.map_or(1, |reason| reason.chars().count());
        if !(1..=REASON_CHARS_MAX).contains(&found) {
            return Err(SetError::Reason { found });
        }
        let json = Json::from(value);
        definition.check(&json)?;
        let at = Timestamp::now();
        // The lock is held until the end: two changes in one process would only meet in the log.
        let mut state = self.state.lock().await;
        let mut tries = 0;
        loop {
            tries += 1;
            state.read_on(&*self.log).await?;
            let old = state.folded.settings.value(definition);
            if old == *value {
                return Ok(old);
            }
            let changed = ConfigChanged {
                by: by.to_owned(),
                new: json.clone(),
                old: Json::from(&old),
                reason: reason.map(str::to_owned),
                setting: name.to_owned(),
            };
            let append = Append {
                stream: StreamName::settings(),
                // What was read is what `old` says: a change in between is a conflict.
                first_version: state.cursor.next(),
                events: EventBatch::of(at, changed)?,
            };
            match self.log.append(append).await {
                Err(AppendError::Conflict { .. }) if tries < APPEND_TRIES => {}
                outcome => return Ok(outcome.map(|_| old)?),
            }
        }
    }

    /// All changes of a setting, the oldest first. Also of one that this version does not know.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn history(&self, name: &str) -> Result<Vec<Change>, StoreError> {
        let (mut next, mut changes) = (StreamVersion(0), Vec::new());
        loop {
            let stream = StreamName::settings();
            let events = self.log.read_stream(&stream, next, PAGE_EVENTS).await?;
            let Some(last) = events.last() else {
                return Ok(changes);
            };
            next = last.version().plus(1);
            for event in &events {
                if let Ok(EventBody::ConfigChanged(changed)) = event.body()
                    && changed.setting == name
                {
                    changes.push(Change::of(changed, event));
                }
            }
        }
    }
}

impl State {
    async fn read_on(&mut self, log: &dyn EventLog) -> Result<(), StoreError> {
        let Self { cursor, folded } = self;
        let apply = |event: &Event| folded.apply_event(event);
        cursor.read_on(log, &StreamName::settings(), apply).await?;
        Ok(())
    }
}

impl Folded {
    fn apply_event(&mut self, event: &Event) {
        match event.body() {
            Ok(EventBody::ConfigChanged(changed)) => {
                let change = Change::of(changed.clone(), event);
                self.last.insert(changed.setting.clone(), change);
                self.apply(changed, event.position());
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!(position = %event.position(), %error, "unreadable setting");
            }
        }
    }

    fn apply(&mut self, changed: ConfigChanged, position: Position) {
        let settings = Arc::make_mut(&mut self.settings);
        match settings.apply(&changed.setting, &changed.new) {
            Ok(()) => {}
            Err(SettingError::Unknown { name }) => {
                self.unknown.insert(name, changed.new);
            }
            // Another version allowed it. The value until now is the best there is.
            Err(error @ SettingError::Invalid { .. }) => {
                tracing::warn!(%position, %error, "a setting in the log is not in force");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_dir::DataDir;

    async fn book() -> (SettingsBook, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let log = DataDir::new(dir.path()).open_or_create_log().await.unwrap();
        (SettingsBook::new(Arc::new(log)), dir)
    }

    async fn append(book: &SettingsBook, setting: &str, new: Json) {
        let stream = StreamName::settings();
        let changed = ConfigChanged {
            by: "another version".to_owned(),
            new,
            old: Json::Null,
            reason: None,
            setting: setting.to_owned(),
        };
        let append = Append {
            first_version: book.log.next_version(&stream).await.unwrap(),
            stream,
            events: EventBatch::of(Timestamp::now(), changed).unwrap(),
        };
        book.log.append(append).await.unwrap();
    }

    #[tokio::test]
    async fn a_change_holds_in_every_process_at_once_and_is_remembered() {
        let (book, _dir) = book().await;
        let other = SettingsBook::new(Arc::clone(&book.log));
        assert_eq!(*other.current().await.unwrap(), Settings::default());

        let name = "ingest.batch_events_max";
        let old = book.set(name, &Value::Number(7), "mara").await.unwrap();
        assert_eq!(old, Value::Number(10_000));
        assert_eq!(other.current().await.unwrap().ingest.batch_events_max, 7);
        // `other` has not read this change when it makes its own.
        book.set(name, &Value::Number(8), "mara").await.unwrap();
        let old = other.set(name, &Value::Number(9), "jo").await.unwrap();
        assert_eq!(old, Value::Number(8));
        assert_eq!(book.current().await.unwrap().ingest.batch_events_max, 9);

        let history = book.history(name).await.unwrap();
        let told: Vec<_> = history
            .iter()
            .map(|change| (change.by.as_str(), change.old.clone(), change.new.clone()))
            .collect();
        let number = |number: u64| Json::from(number);
        let expected = [
            ("mara", number(10_000), number(7)),
            ("mara", number(7), number(8)),
            ("jo", number(8), number(9)),
        ];
        assert_eq!(told, expected);
    }

    #[tokio::test]
    async fn the_latest_change_of_each_setting_is_known_with_its_reason() {
        let (book, _dir) = book().await;
        let (codec, keys) = ("video.codec", "policy.record_keys");
        let h264 = Value::Text("h264".into());
        book.set(codec, &h264, "mara").await.unwrap();
        book.set(keys, &Value::Boolean(false), "mara")
            .await
            .unwrap();
        let long = "x".repeat(REASON_CHARS_MAX + 1);
        for reason in ["", long.as_str()] {
            let outcome = book.change(keys, &Value::Boolean(true), "jo", Some(reason));
            assert!(matches!(outcome.await, Err(SetError::Reason { .. })));
        }
        let outcome = book.change(keys, &Value::Boolean(true), "jo", Some("a ticket"));
        outcome.await.unwrap();
        let last = book.last_changes().await.unwrap();
        let told: Vec<_> = last
            .iter()
            .map(|(name, change)| (name.as_str(), change.by.as_str(), change.reason.as_deref()))
            .collect();
        assert_eq!(
            told,
            [(keys, "jo", Some("a ticket")), (codec, "mara", None)]
        );
    }

    #[tokio::test]
    async fn many_who_change_at_once_all_succeed_one_after_the_other() {
        let (book, _dir) = book().await;
        let changes = (1..=8).map(|number| {
            let book = SettingsBook::new(Arc::clone(&book.log));
            tokio::spawn(async move {
                let value = Value::Number(number);
                book.set("policy.max_length_s", &value, "x").await.unwrap();
            })
        });
        for change in changes.collect::<Vec<_>>() {
            change.await.unwrap();
        }
        let history = book.history("policy.max_length_s").await.unwrap();
        assert_eq!(history.len(), 8);
        for pair in history.windows(2) {
            assert_eq!(pair[0].new, pair[1].old);
        }
    }

    #[tokio::test]
    async fn what_was_in_force_at_a_time_is_told() {
        let (book, _dir) = book().await;
        let before = Timestamp::now();
        let mut times = Vec::new();
        for keep_s in [30, 90] {
            book.set("retention.keep_s", &Value::Number(keep_s), "mara")
                .await
                .unwrap();
            times.push((Timestamp::now(), keep_s));
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        assert_eq!(book.as_of(before).await.unwrap().retention.keep_s, 0);
        for (time, keep_s) in times {
            assert_eq!(book.as_of(time).await.unwrap().retention.keep_s, keep_s);
        }
    }

    #[tokio::test]
    async fn what_changes_nothing_or_may_not_be_leaves_no_event() {
        let (book, _dir) = book().await;
        let cases = [
            ("ingest.batch_events_max", Value::Number(10_000), None),
            (
                "ingest.batch_events_max",
                Value::Number(0),
                Some("`ingest.batch_events_max` is 0, expected a number from 1 to 1000000"),
            ),
            (
                "policy.record_keys",
                Value::Number(1),
                Some("`policy.record_keys` is 1, expected true or false"),
            ),
            (
                "ingest.nothing",
                Value::Boolean(true),
                Some("there is no setting `ingest.nothing`: `retrace settings list` shows all"),
            ),
        ];
        for (name, value, expected) in cases {
            let outcome = book.set(name, &value, "x").await;
            let said = outcome.err().map(|error| error.to_string());
            assert_eq!(said.as_deref(), expected);
        }
        assert_eq!(book.log.head().await.unwrap().size, Position(0));
    }

    #[tokio::test]
    async fn what_another_version_wrote_is_kept_and_changes_nothing() {
        let (book, _dir) = book().await;
        append(&book, "sound.codec", Json::from("av2")).await;
        append(&book, "ingest.batch_events_max", Json::from(-5)).await;
        append(&book, "policy.record_keys", Json::from(false)).await;
        let current = book.current().await.unwrap();
        assert_eq!(current.ingest.batch_events_max, 10_000);
        assert!(!current.policy.record_keys);
        let unknown = book.unknown().await.unwrap();
        assert_eq!(unknown.get("sound.codec"), Some(&Json::from("av2")));
        assert_eq!(book.history("sound.codec").await.unwrap().len(), 1);
    }
}
