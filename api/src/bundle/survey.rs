//! The first pass over the events of a session: what must be known before the first byte is written.

use std::collections::BTreeMap;

use retrace_core::blob::BlobDigest;
use retrace_core::event::{Event, EventBody, EventType};
use retrace_core::log::{EventLog, StoreError};
use retrace_core::settings::{REGISTRY, SettingsTimeline};
use retrace_core::{Position, SessionId, StreamVersion, Timestamp};
use retrace_projections::redaction::Veil;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::BundleError;
use crate::export::ExportError;

const PAGE_EVENTS: usize = 2_048;

/// The streams of a session that only the server writes, and that tell what people did to the recording.
const CUSTODY_SOURCES: &[&str] = &[
    "access",
    "control",
    "hold",
    "redaction",
    "retention",
    "review",
];

/// The settings that say how sessions were recorded, kept and looked at. Others, such as expressions for what is to be
/// hidden, are for those who see the settings.
const POLICIES: &[&str] = &[
    "access.",
    "policy.",
    "redaction.known_secrets",
    "redaction.unechoed",
    "retention.",
];

/// A blob that an event names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Captured {
    /// What it is, as its recorder says. `None` of a file of a recording that was imported.
    pub(super) media_type: Option<String>,
    pub(super) bytes: u64,
}

/// What a session consists of.
pub(super) struct Survey {
    /// The position of its first event.
    pub(super) began: Position,
    /// What is known of it.
    pub(super) session: Value,
    /// What people did to it, in the order of the log: the events themselves, without their salt.
    pub(super) custody: Vec<Value>,
    /// The blobs that its events name, by their digests in hexadecimal.
    pub(super) captured: BTreeMap<String, Captured>,
}

impl Survey {
    pub(super) async fn read(
        log: &dyn EventLog,
        session: SessionId,
        before: Position,
        veil: Option<&Veil>,
    ) -> Result<Self, BundleError> {
        let mut reading = Reading::default();
        for stream in log.session_streams(session).await? {
            let mut next = StreamVersion(0);
            'stream: loop {
                let events = log.read_stream(&stream, next, PAGE_EVENTS).await?;
                let Some(last) = events.last() else { break };
                next = last.version().plus(1);
                for event in &events {
                    if event.position() >= before {
                        break 'stream;
                    }
                    reading.take(event, veil);
                }
            }
        }
        reading
            .finish(session)
            .ok_or_else(|| ExportError::NoSuchSession(session).into())
    }
}

#[derive(Default)]
struct Reading {
    first: Option<(Position, Timestamp)>,
    last_at: Option<Timestamp>,
    launched: Option<Box<RawValue>>,
    ended: Option<(Timestamp, Box<RawValue>)>,
    sources: Vec<(Position, Value)>,
    custody: BTreeMap<Position, Value>,
    captured: BTreeMap<String, Captured>,
    events: u64,
}

impl Reading {
    fn take(&mut self, event: &Event, veil: Option<&Veil>) {
        self.events += 1;
        let (position, at) = (event.position(), event.at());
        if self.first.is_none_or(|(first, _)| position < first) {
            self.first = Some((position, at));
        }
        let source = event.stream().source().unwrap_or_default();
        let of_custody = CUSTODY_SOURCES.contains(&source);
        if !of_custody && source != retrace_projections::video::BUILT_BY_SERVER {
            self.last_at = self.last_at.max(Some(at));
        }
        let kind = event.kind();
        if *kind == EventType::SESSION_LAUNCHED && self.launched.is_none() {
            self.launched = shown_data(event, veil);
        } else if *kind == EventType::SESSION_ENDED {
            self.ended = shown_data(event, veil).map(|data| (at, data));
        } else if *kind == EventType::SOURCE_ATTACHED {
            self.attached(event, source, veil);
        } else if *kind == EventType::FRAMES_CAPTURED
            && let Ok(EventBody::FramesCaptured(frames)) = event.body()
        {
            self.named(&frames.blob, Some(frames.media_type), frames.bytes);
        }
        if of_custody
            && is_of_people(event)
            && let Some(told) = custody_entry(event, veil)
        {
            self.custody.insert(position, told);
        }
    }

    fn attached(&mut self, event: &Event, source: &str, veil: Option<&Veil>) {
        if let Ok(EventBody::SourceAttached(attached)) = event.body() {
            for part in attached
                .recording
                .iter()
                .flat_map(|recording| &recording.parts)
            {
                self.named(&part.blob, None, part.bytes);
            }
        }
        let attached =
            json!({"source": source, "at": event.at(), "attached": shown_data(event, veil)});
        self.sources.push((event.position(), attached));
    }

    fn named(&mut self, digest: &str, media_type: Option<String>, bytes: u64) {
        // What is no digest names no file either.
        if BlobDigest::parse(digest).is_some() {
            let captured = Captured { media_type, bytes };
            self.captured.entry(digest.to_owned()).or_insert(captured);
        }
    }

    fn finish(mut self, session: SessionId) -> Option<Survey> {
        let (began, started_at) = self.first?;
        self.sources.sort_by_key(|(position, _)| *position);
        let sources: Vec<Value> = self.sources.into_iter().map(|(_, source)| source).collect();
        let (ended_at, ended) = self.ended.unzip();
        let session = json!({
            "session": session,
            "startedAt": started_at,
            "endedAt": ended_at,
            "lastEventAt": self.last_at,
            "events": self.events,
            "launched": self.launched,
            "sources": sources,
            "ended": ended,
        });
        Some(Survey {
            began,
            session,
            custody: self.custody.into_values().collect(),
            captured: self.captured,
        })
    }
}

/// Whether an event of the server's own streams tells what somebody did: rules hide each password, which is no custody.
fn is_of_people(event: &Event) -> bool {
    let by_rule = || {
        let data: Option<Map<String, Value>> = serde_json::from_slice(event.data()).ok();
        data.is_some_and(|data| data.get("rule").is_some_and(|rule| !rule.is_null()))
    };
    !(*event.kind() == EventType::REDACTION_ADDED && by_rule())
}

/// An event as the custody log tells it: as its line does, without salt.
fn custody_entry(event: &Event, veil: Option<&Veil>) -> Option<Value> {
    Some(json!({
        "position": event.position(),
        "at": event.at(),
        "recordedAt": event.recorded_at(),
        "stream": event.stream(),
        "type": event.kind(),
        "version": event.version(),
        "data": shown_data(event, veil)?,
    }))
}

/// The data of an event as it may be seen.
fn shown_data(event: &Event, veil: Option<&Veil>) -> Option<Box<RawValue>> {
    let masked = veil.and_then(|veil| veil.masked(event));
    serde_json::from_slice(masked.as_ref().unwrap_or(event).data()).ok()
}

/// The settings that held when the session began, and those that held at a position.
pub(super) async fn policies(
    log: &dyn EventLog,
    began: Position,
    position: Position,
) -> Result<Value, StoreError> {
    let mut timeline = SettingsTimeline::default();
    let mut in_force = Map::new();
    for (name, at) in [("whenItBegan", began), ("atThisPosition", position)] {
        let settings = timeline.as_of(log, at).await?;
        let told = REGISTRY.iter().filter(|setting| {
            POLICIES
                .iter()
                .any(|prefix| setting.name.starts_with(prefix))
        });
        let told: Map<String, Value> = told
            .map(|setting| {
                (
                    setting.name.to_owned(),
                    Value::from(&settings.value(setting)),
                )
            })
            .collect();
        in_force.insert(name.to_owned(), json!({"position": at, "settings": told}));
    }
    Ok(in_force.into())
}
