//! What of a session a reader may not see who does not reveal it.

use std::collections::HashMap;
use std::ops::Range;

use retrace_core::canonical::to_canonical;
use retrace_core::event::{Concealed, Event, EventType, KeysTyped, MAX_DATA_BYTES};
use retrace_core::{Position, SessionId, StreamName};
use rusqlite::{Connection, OptionalExtension};
use serde_json::Value;

use super::{
    CompiledRules, HandSpan, HandSpans, HiddenKeys, MASK, MaskedScreen, Rule, ScreenSecrets,
    masked, settings_of_json,
};
use crate::store::from_sql;
use crate::terminal::TerminalReplay;

/// What lies over a session: built from the read model, as of its checkpoint. Events behind that are hidden wherever a
/// secret may be, since nobody has looked yet.
#[derive(Debug, Clone)]
pub struct Veil {
    checkpoint: Position,
    streams: HashMap<String, StreamVeil>,
    /// What is hidden on screens.
    pub secrets: ScreenSecrets,
    /// What people redacted.
    pub hand: HandSpans,
    has_output: bool,
}

#[derive(Debug, Clone, Default)]
struct StreamVeil {
    undecided: Option<u64>,
    keys: Vec<HiddenKeys>,
    output: Vec<(u64, u64)>,
}

/// A span that is hidden, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Its id within the session.
    pub id: String,
    /// Who hides it; `retrace` where a rule does.
    pub by: String,
    /// Why.
    pub reason: String,
    /// The rule that found it; absent, a person redacted it.
    pub rule: Option<String>,
    /// What is hidden.
    pub what: Concealed,
    /// Where it begins, in microseconds after 1970.
    pub from_us: i64,
    /// Where it ends.
    pub to_us: i64,
    /// Who lifted it, and why, if somebody did.
    pub lifted: Option<(String, String)>,
    /// Whether an event says so yet.
    pub is_recorded: bool,
}

/// When a session that the read model knows began, in microseconds after 1970.
///
/// # Errors
/// When the read model cannot be read.
pub fn started_us(connection: &Connection, session: SessionId) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT started_us FROM sessions WHERE session = ?1")?
        .query_row([session.uuid().as_bytes()], |row| row.get(0))
        .optional()
}

/// Sessions in which rules hid something that no event tells yet, at most `limit`.
///
/// # Errors
/// When the read model cannot be read.
pub fn untold(connection: &Connection, limit: u32) -> rusqlite::Result<Vec<SessionId>> {
    connection
        .prepare_cached(
            "SELECT DISTINCT n.session FROM sessions n
             JOIN streams s ON s.session = n.key
             LEFT JOIN keys k ON k.stream = s.key
             LEFT JOIN output o ON o.stream = s.key
             WHERE (k.stream IS NOT NULL AND NOT EXISTS (SELECT 1 FROM spans p WHERE p.session = n.key
                        AND p.id = 'k.' || substr(s.name, 46) || '.' || k.from_version || '.' || k.from_byte))
                OR (o.stream IS NOT NULL AND NOT EXISTS (SELECT 1 FROM spans p WHERE p.session = n.key
                        AND p.id = 'o.' || substr(s.name, 46) || '.' || o.from_version))
             LIMIT ?1",
        )?
        .query_map([limit], |row| {
            let bytes: [u8; 16] = row.get(0)?;
            Ok(SessionId::from(uuid::Uuid::from_bytes(bytes)))
        })?
        .collect()
}

/// All spans of a session, in the order of time. One that a rule found is named after the source and the place of its
/// first event (`session/{id}/` is 45 characters long): the same in each rebuild.
///
/// # Errors
/// When the read model cannot be read.
pub fn spans(connection: &Connection, session: SessionId) -> rusqlite::Result<Vec<Span>> {
    let Some(key) = key_of(connection, session)? else {
        return Ok(Vec::new());
    };
    let mut spans: Vec<Span> = connection
        .prepare_cached(
            "SELECT id, by, reason, rule, what, from_us, to_us, lifted_by, lifted_why FROM spans WHERE session = ?1",
        )?
        .query_map([key], |row| {
            let lifted: (Option<String>, Option<String>) = (row.get(7)?, row.get(8)?);
            Ok(Span {
                id: row.get(0)?,
                by: row.get(1)?,
                reason: row.get(2)?,
                rule: row.get(3)?,
                what: concealed(&row.get::<_, String>(4)?),
                from_us: row.get(5)?,
                to_us: row.get(6)?,
                lifted: lifted.0.zip(lifted.1),
                is_recorded: true,
            })
        })?
        .collect::<Result<_, _>>()?;
    let by_rule = |id: String, rule: Rule, what, times: (i64, i64)| Span {
        id,
        by: super::BY_RULE.to_owned(),
        reason: rule.reason().to_owned(),
        rule: Some(rule.as_str().to_owned()),
        what,
        from_us: times.0,
        to_us: times.1,
        lifted: None,
        is_recorded: false,
    };
    let mut found = Vec::new();
    let mut keys = connection.prepare_cached(
        "SELECT 'k.' || substr(s.name, 46) || '.' || k.from_version || '.' || k.from_byte, k.rule, k.from_us, k.to_us
         FROM keys k JOIN streams s ON s.key = k.stream WHERE s.session = ?1",
    )?;
    let mut rows = keys.query([key])?;
    while let Some(row) = rows.next()? {
        let rule = rule(&row.get::<_, String>(1)?);
        let times = (row.get(2)?, row.get(3)?);
        found.push(by_rule(row.get(0)?, rule, Concealed::Keys, times));
    }
    let mut output = connection.prepare_cached(
        "SELECT 'o.' || substr(s.name, 46) || '.' || o.from_version, o.from_us, o.to_us
         FROM output o JOIN streams s ON s.key = o.stream WHERE s.session = ?1",
    )?;
    let mut rows = output.query([key])?;
    while let Some(row) = rows.next()? {
        let times = (row.get(1)?, row.get(2)?);
        found.push(by_rule(
            row.get(0)?,
            Rule::Pattern,
            Concealed::Screen,
            times,
        ));
    }
    found.retain(|span| spans.iter().all(|known| known.id != span.id));
    spans.extend(found);
    spans.sort_by(|a, b| (a.from_us, &a.id).cmp(&(b.from_us, &b.id)));
    Ok(spans)
}

fn key_of(connection: &Connection, session: SessionId) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT key FROM sessions WHERE session = ?1")?
        .query_row([session.uuid().as_bytes()], |row| row.get(0))
        .optional()
}

fn rule(name: &str) -> Rule {
    [Rule::Unechoed, Rule::Prompt]
        .into_iter()
        .find(|rule| rule.as_str() == name)
        .unwrap_or(Rule::Pattern)
}

fn concealed(name: &str) -> Concealed {
    [Concealed::Keys, Concealed::Screen]
        .into_iter()
        .find(|what| what.as_str() == name)
        .unwrap_or_default()
}

impl Veil {
    /// What lies over a session. One that the read model does not know is hidden wherever a secret may be.
    ///
    /// # Errors
    /// When the read model cannot be read.
    pub fn read(
        connection: &Connection,
        session: SessionId,
        compiled: &CompiledRules,
    ) -> rusqlite::Result<Self> {
        let checkpoint: i64 =
            connection.query_row("SELECT checkpoint FROM meta", [], |row| row.get(0))?;
        let row: Option<(i64, String, bool)> = connection
            .prepare_cached("SELECT key, settings, private_key FROM sessions WHERE session = ?1")?
            .query_row([session.uuid().as_bytes()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let settings = row
            .as_ref()
            .map(|(_, settings, _)| settings_of_json(settings))
            .unwrap_or_default();
        let mut veil = Self {
            checkpoint: Position(from_sql(checkpoint)),
            streams: HashMap::new(),
            secrets: ScreenSecrets {
                rules: compiled.of(&settings),
                leads: Vec::new(),
                private_key: row.as_ref().is_some_and(|(_, _, private_key)| *private_key),
            },
            hand: HandSpans::default(),
            has_output: false,
        };
        if let Some((key, _, _)) = row {
            veil.read_streams(connection, key)?;
            veil.read_spans(connection, key)?;
        }
        Ok(veil)
    }

    fn read_streams(&mut self, connection: &Connection, session: i64) -> rusqlite::Result<()> {
        let streams: Vec<(i64, String, Option<i64>)> = connection
            .prepare_cached("SELECT key, name, undecided FROM streams WHERE session = ?1")?
            .query_map([session], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<_, _>>()?;
        for (key, name, undecided) in streams {
            let keys = connection
                .prepare_cached(
                    "SELECT rule, from_version, from_byte, to_version, to_byte, from_us, to_us FROM keys
                     WHERE stream = ?1 ORDER BY from_version, from_byte",
                )?
                .query_map([key], |row| {
                    let version = |index| Ok::<u64, rusqlite::Error>(from_sql(row.get(index)?));
                    let byte = |index| {
                        let byte: u32 = row.get(index)?;
                        Ok::<usize, rusqlite::Error>(byte as usize)
                    };
                    Ok(HiddenKeys {
                        rule: rule(&row.get::<_, String>(0)?),
                        from: (version(1)?, byte(2)?),
                        to: (version(3)?, byte(4)?),
                        from_us: row.get(5)?,
                        to_us: row.get(6)?,
                    })
                })?
                .collect::<Result<_, _>>()?;
            let output: Vec<(u64, u64)> = connection
                .prepare_cached("SELECT from_version, to_version FROM output WHERE stream = ?1")?
                .query_map([key], |row| {
                    Ok((from_sql(row.get(0)?), from_sql(row.get(1)?)))
                })?
                .collect::<Result<_, _>>()?;
            self.has_output |= !output.is_empty();
            let stream = StreamVeil {
                undecided: undecided.map(from_sql),
                keys,
                output,
            };
            self.streams.insert(name, stream);
        }
        Ok(())
    }

    fn read_spans(&mut self, connection: &Connection, session: i64) -> rusqlite::Result<()> {
        self.secrets.leads = connection
            .prepare_cached("SELECT lead FROM leads WHERE session = ?1")?
            .query_map([session], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let spans = connection
            .prepare_cached(
                "SELECT id, from_us, to_us, what FROM spans
                 WHERE session = ?1 AND rule IS NULL AND lifted_by IS NULL ORDER BY place",
            )?
            .query_map([session], |row| {
                Ok(HandSpan {
                    id: row.get(0)?,
                    from_us: row.get(1)?,
                    to_us: row.get(2)?,
                    what: concealed(&row.get::<_, String>(3)?),
                })
            })?
            .collect::<Result<_, _>>()?;
        self.hand = HandSpans::of(spans);
        Ok(())
    }

    /// What is answered for positions below it is the last word.
    #[must_use]
    pub fn checkpoint(&self) -> Position {
        self.checkpoint
    }

    /// Whether something of its screens is hidden: then they are to be drawn anew, masked.
    #[must_use]
    pub fn hides_screens(&self) -> bool {
        self.has_output
            || !self.secrets.leads.is_empty()
            || self.secrets.private_key
            || self
                .hand
                .spans()
                .iter()
                .any(|span| span.what.hides_screen())
    }

    /// Whether a person redacted what was to be seen between two times, in microseconds after 1970.
    #[must_use]
    pub fn hides_pictures(&self, from_us: i64, to_us: i64) -> bool {
        self.hand.hide(from_us, to_us, Concealed::hides_screen)
    }

    /// The terminal as it may be seen at a time in microseconds after 1970. Nothing when all of it may be.
    #[must_use]
    pub fn screen(&self, replay: &TerminalReplay, at_us: i64) -> Option<MaskedScreen> {
        self.hides_screens()
            .then(|| self.masked_screen(replay, at_us))
    }

    /// The terminal as it may be seen at a time in microseconds after 1970, whether or not something is hidden.
    #[must_use]
    pub fn masked_screen(&self, replay: &TerminalReplay, at_us: i64) -> MaskedScreen {
        if self.hides_pictures(at_us, at_us) {
            MaskedScreen::hidden(replay)
        } else {
            MaskedScreen::of(replay, &self.secrets)
        }
    }

    /// The event as it may be read. Nothing when all of it may be. What a program wrote is hidden event by event here;
    /// [`super::MaskedReplay`] draws it anew.
    #[must_use]
    pub fn masked(&self, event: &Event) -> Option<Event> {
        let kind = event.kind();
        let at_us = event.at().micros();
        let is_new = event.position() >= self.checkpoint;
        let hides = |is_hidden: fn(Concealed) -> bool| self.hand.hide(at_us, at_us, is_hidden);
        let stream = self.streams.get(event.stream().as_str());
        if *kind == EventType::KEYS_TYPED {
            let text = serde_json::from_slice::<KeysTyped>(event.data()).ok()?.text;
            let undecided = stream.and_then(|stream| stream.undecided);
            let version = event.version().0;
            let whole = is_new
                || hides(Concealed::hides_keys)
                || undecided.is_some_and(|from| version >= from);
            let shown = if whole {
                MASK.to_owned()
            } else {
                masked_keys(stream?, version, &text)?
            };
            return with_text(event, &shown);
        }
        if *kind == EventType::TERMINAL_WRITTEN {
            let version = event.version().0;
            let of_stream = |stream: &StreamVeil| {
                let has = |(from, to): &(u64, u64)| (*from..=*to).contains(&version);
                stream.output.iter().any(has)
            };
            let whole = is_new || hides(Concealed::hides_screen) || stream.is_some_and(of_stream);
            return whole.then(|| with_text(event, MASK)).flatten();
        }
        self.masked_strings(event, hides(|what| what.is_all()))
    }

    /// Masks secrets in all texts of an event of any other type; all of them where a person redacted everything.
    fn masked_strings(&self, event: &Event, all: bool) -> Option<Event> {
        let session = event.session()?;
        let of_server = [
            StreamName::accesses_of(session),
            StreamName::redactions_of(session),
            StreamName::video_of(session),
        ];
        if of_server.contains(event.stream()) {
            return None;
        }
        let all = all && FREE_TEXTS.contains(event.kind());
        let mut value: Value = serde_json::from_slice(event.data()).ok()?;
        let mut changed = false;
        self.mask_value(&mut value, all, &mut changed);
        let data = changed.then(|| to_canonical(&value).ok()).flatten()?;
        // Many short secrets may make it longer than an event may be.
        let too_long = data.len() > MAX_DATA_BYTES;
        Some(event.masked(if too_long { b"{}".to_vec() } else { data }))
    }

    fn mask_value(&self, value: &mut Value, all: bool, changed: &mut bool) {
        match value {
            Value::String(text) => {
                let shown = if all {
                    MASK.to_owned()
                } else {
                    masked(text, &self.secrets.rules.secrets_in_lines(text))
                };
                *changed |= shown != *text;
                *text = shown;
            }
            Value::Array(values) => {
                for value in values {
                    self.mask_value(value, all, changed);
                }
            }
            Value::Object(members) => {
                for (name, value) in members {
                    let is_name = matches!(name.as_str(), "direction" | "mediaType");
                    self.mask_value(value, all && !is_name, changed);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// Types whose texts were written by people and programs in the session.
const FREE_TEXTS: [EventType; 8] = [
    EventType::MARKER_SET,
    EventType::CLIPBOARD_COPIED,
    EventType::PROCESS_STARTED,
    EventType::WINDOW_FOCUSED,
    EventType::FILE_TRANSFERRED,
    EventType::MESSAGE_SENT,
    EventType::CODE_KEPT,
    EventType::RECORDING_COMMENTED,
];

/// The text of an event of keys with what is hidden in it masked once for each stretch, where that begins.
fn masked_keys(stream: &StreamVeil, version: u64, text: &str) -> Option<String> {
    let behind = stream
        .keys
        .partition_point(|hidden| hidden.from.0 <= version);
    // Stretches do not overlap, so that those before the last few cannot reach here; a few may be in one event.
    let near = stream.keys[..behind].iter().rev().take(64);
    let mut ranges: Vec<(Range<usize>, bool)> = near
        .filter_map(|hidden| Some((hidden.within(version, text)?, hidden.from.0 == version)))
        .collect();
    if ranges.is_empty() {
        return None;
    }
    ranges.sort_by_key(|(range, _)| range.start);
    let (mut shown, mut at) = (String::new(), 0);
    for (range, begins) in ranges {
        shown.push_str(text.get(at..range.start).unwrap_or_default());
        if begins {
            shown.push_str(MASK);
        }
        at = range.end.max(at);
    }
    shown.push_str(text.get(at..).unwrap_or_default());
    Some(shown)
}

/// The event with another text.
pub(super) fn with_text(event: &Event, text: &str) -> Option<Event> {
    let mut data: Value = serde_json::from_slice(event.data()).ok()?;
    *data.get_mut("text")? = text.into();
    Some(event.masked(to_canonical(&data).ok()?))
}
