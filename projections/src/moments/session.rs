//! One session that is under way: its events, as they come, and what they bring to light.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use retrace_core::event::{ClockMeasured, Concealed, Event, EventBody, EventType};
use retrace_core::{Position, SessionId, StreamName};

use super::clocks::{Clocks, source_of};
use super::growth::Growth;
use super::index::SessionFacts;
use super::launched::LaunchedCommand;
use super::moment::{Draft, MomentId, MomentKind, Stage};
use super::stream::StreamMoments;
use crate::redaction::{HandSpans, KeyBlock, MASK, Rules, masked, secrets_on_screen};

/// One session, as far as it was replayed.
pub(super) struct OpenSession {
    pub(super) facts: SessionFacts,
    streams: BTreeMap<StreamName, StreamMoments>,
    /// The moments that a later draft of the same stream may take the place of.
    begun: HashMap<(StreamName, u64), MomentId>,
    clocks: Clocks,
    launched: LaunchedCommand,
    rules: Arc<Rules>,
    hidden: HandSpans,
    /// Redactions below this are in `hidden`.
    hidden_until: Position,
    /// Private keys that lines of the screen are in the middle of, by stream.
    blocks: BTreeMap<StreamName, KeyBlock>,
}

/// What is known of a session from the start, however late it was said.
#[derive(Clone)]
pub(super) struct Foreknown {
    pub(super) clocks: Clocks,
    pub(super) hidden: HandSpans,
    /// What was said below this is known.
    pub(super) until: Position,
    pub(super) rules: Arc<Rules>,
}

/// A draft and the moment that it is of.
pub(super) struct Found {
    pub(super) id: MomentId,
    pub(super) draft: Draft,
}

/// What is to be done behind an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    Nothing,
    /// The session ended.
    Forget,
    /// It became known that the moments found until now stand at other times.
    PlaceAnew,
}

impl OpenSession {
    /// A session begins with its first event, of whatever type.
    pub(super) fn begun_by(event: &Event, session: SessionId, known: Foreknown) -> Self {
        let Foreknown {
            clocks,
            hidden,
            until,
            rules,
        } = known;
        Self {
            facts: SessionFacts::begun(session, event.at()),
            streams: BTreeMap::new(),
            begun: HashMap::new(),
            clocks,
            launched: LaunchedCommand::default(),
            rules,
            hidden,
            hidden_until: until,
            blocks: BTreeMap::new(),
        }
    }

    /// Applies the session's next event.
    pub(super) fn apply(&mut self, event: &Event, out: &mut Vec<Found>) -> After {
        if !concerns(event.kind()) {
            return After::Nothing;
        }
        let body = match event.body() {
            Ok(body) => body,
            Err(error) => {
                let position = event.position().0;
                tracing::warn!(position, %error, "an event cannot be read and is passed over");
                return After::Nothing;
            }
        };
        let session = self.facts.session;
        let source = source_of(event.stream(), session);
        if let Some(source) = source {
            self.clocks.heard_of(source);
        }
        let ahead_us = self.clocks.ahead_us(source, event.position());
        let at_us = event.at().saturating_add_micros(-ahead_us).micros();
        let mut drafts = Vec::new();
        let mut after = After::Nothing;
        match &body {
            EventBody::SessionLaunched(launched) => {
                self.facts.launched(launched);
                // Its clock is the source's, wherever it stands.
                self.launched
                    .launched(launched, event.at().micros(), &mut drafts);
                self.found(event, &StreamName::control_of(session), drafts, &[], out);
            }
            EventBody::RedactionAdded(_) | EventBody::RedactionLifted(_) => {
                let is_said_by_server = *event.stream() == StreamName::redactions_of(session);
                let is_new = event.position() >= self.hidden_until;
                if is_said_by_server && is_new && self.hidden.take(event, &body) {
                    after = After::PlaceAnew;
                }
            }
            EventBody::ClockMeasured(measured) => {
                let is_said_by_server = *event.stream() == StreamName::control_of(session);
                if is_said_by_server && self.measured(event.position(), measured) {
                    after = After::PlaceAnew;
                }
            }
            // What was on a screen must not come back with the next event.
            EventBody::RetentionPurged(_) => {
                self.streams.clear();
                self.blocks.clear();
                self.begun.clear();
                self.launched = LaunchedCommand::default();
            }
            EventBody::SessionEnded(ended) => {
                let control = StreamName::control_of(session);
                self.launched.ended(ended, at_us, &mut drafts);
                self.found(event, &control, drafts, &[], out);
                let shown = self.streams.values().filter(|stream| stream.has_output());
                let only = shown.count() == 1;
                for (name, mut stream) in std::mem::take(&mut self.streams) {
                    let mut drafts = Vec::new();
                    stream.end(ended, only, at_us, &mut drafts);
                    self.found(event, &name, drafts, stream.leads(), out);
                    self.streams.insert(name, stream);
                }
                after = After::Forget;
            }
            _ => {
                let new = || StreamMoments::new(Arc::clone(&self.rules));
                let stream = self.streams.entry(event.stream().clone());
                let stream = stream.or_insert_with(new);
                stream.apply(&body, at_us, &mut drafts);
                if !drafts.is_empty() {
                    let leads = stream.leads().to_vec();
                    self.found(event, event.stream(), drafts, &leads, out);
                }
            }
        }
        after
    }

    /// Gives drafts of a stream that an event brought to light their ids.
    fn found(
        &mut self,
        event: &Event,
        stream: &StreamName,
        drafts: Vec<Draft>,
        leads: &[String],
        out: &mut Vec<Found>,
    ) {
        let new = out.iter().filter(|found| found.draft.stage.is_new());
        let mut ordinal = u32::try_from(new.count()).unwrap_or(u32::MAX);
        for mut draft in drafts {
            self.conceal(stream, leads, &mut draft);
            let known = |number: u64| (stream.clone(), number);
            let id = match draft.stage {
                Stage::Whole | Stage::Begun(_) => {
                    let id = MomentId {
                        position: event.position(),
                        ordinal,
                    };
                    ordinal = ordinal.saturating_add(1);
                    if let Stage::Begun(number) = draft.stage {
                        self.begun.insert(known(number), id);
                    }
                    Some(id)
                }
                Stage::GoesOn(number) => self.begun.get(&known(number)).copied(),
                Stage::Ended(number) | Stage::Withdrawn(number) => {
                    self.begun.remove(&known(number))
                }
            };
            if let Some(id) = id {
                out.push(Found { id, draft });
            }
        }
    }

    /// Masks what is redacted in a draft.
    fn conceal(&mut self, stream: &StreamName, leads: &[String], draft: &mut Draft) {
        let kind = draft.kind;
        let is_hidden = |what: Concealed| match kind {
            MomentKind::Keys => what.hides_keys(),
            MomentKind::Screen | MomentKind::Change | MomentKind::Window => what.hides_screen(),
            MomentKind::Command | MomentKind::Clipboard => true,
            _ => what.is_all(),
        };
        let by_hand = self
            .hidden
            .hide(draft.start_us, draft.complete_us, is_hidden);
        let is_screen = kind == MomentKind::Screen;
        let in_key = is_screen && self.rules.hides_private_keys() && {
            let block = self.blocks.entry(stream.clone()).or_default();
            block.hides(&draft.text)
        };
        let shown = if by_hand || in_key {
            MASK.to_owned()
        } else if kind == MomentKind::Keys {
            // Masked where they are followed.
            return;
        } else {
            let secrets = if is_screen {
                secrets_on_screen(&self.rules, leads, &draft.text)
            } else {
                self.rules.secrets_in_lines(&draft.text)
            };
            if secrets.is_empty() {
                return;
            }
            masked(&draft.text, &secrets)
        };
        let text = std::mem::replace(&mut draft.text, shown);
        draft.revealed.get_or_insert(text);
        draft.growth = Growth::default();
    }

    /// Takes over a measurement, and answers whether moments found before stand elsewhere now.
    fn measured(&mut self, position: Position, measured: &ClockMeasured) -> bool {
        let is_first = !self.clocks.knows(measured.source.as_str());
        let before = is_first.then(|| self.clocks.clone());
        self.clocks.heard_of(measured.source.as_str());
        self.clocks.measured(position, measured);
        let session = self.facts.session;
        before.is_some_and(|before| {
            self.streams.keys().any(|stream| {
                let source = source_of(stream, session);
                let ahead_us = |clocks: &Clocks| clocks.ahead_us(source, position);
                ahead_us(&before) != ahead_us(&self.clocks)
            })
        })
    }

    pub(super) fn cells(&self) -> usize {
        self.streams.values().map(StreamMoments::cells).sum()
    }
}

/// Whether events of this type have a part in moments.
pub(super) fn concerns(kind: &EventType) -> bool {
    [
        EventType::SESSION_LAUNCHED,
        EventType::SOURCE_ATTACHED,
        EventType::SESSION_ENDED,
        EventType::KEYS_TYPED,
        EventType::TERMINAL_WRITTEN,
        EventType::TERMINAL_RESIZED,
        EventType::MARKER_SET,
        EventType::VIDEO_ANALYZED,
        EventType::PROCESS_STARTED,
        EventType::PROCESS_STOPPED,
        EventType::WINDOW_FOCUSED,
        EventType::CLIPBOARD_COPIED,
        EventType::FILE_TRANSFERRED,
        EventType::MESSAGE_SENT,
        EventType::CLOCK_MEASURED,
        EventType::REDACTION_ADDED,
        EventType::REDACTION_LIFTED,
        EventType::RETENTION_PURGED,
    ]
    .contains(kind)
}
