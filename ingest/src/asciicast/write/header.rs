//! The header of a recording that is written.
//!
//! A recording that goes out in the version in which it came in keeps its header letter for letter,
//! unless the events know better (another title, another start). Otherwise the fields move to where
//! the version has them: the terminal's type, `env.TERM` in version 2, is `term.type` in version 3,
//! and so on. Fields that no version knows stay.

use retrace_core::Timestamp;
use retrace_core::event::{SessionLaunched, SourceAttached};
use serde_json::{Map, Value, json};

use super::super::Version;
use super::super::header::{Fields, Header};

/// The size of a terminal that nobody told.
const DEFAULT_SIZE: (u32, u32) = (80, 24);

/// The header line, without its line end.
pub(super) fn text(
    version: Version,
    start: Timestamp,
    launched: Option<&SessionLaunched>,
    attached: Option<&SourceAttached>,
) -> String {
    let size = attached.and_then(|attached| Some((attached.columns?, attached.rows?)));
    let (columns, rows) = size.unwrap_or(DEFAULT_SIZE);
    let title = launched.and_then(|launched| launched.title.clone());
    let command = launched.and_then(|launched| launched.command.clone());
    let recording = attached.and_then(|attached| attached.recording.as_ref());

    let original = recording.and_then(|recording| {
        let version: Version = recording.format.parse().ok()?;
        let fields: Fields = serde_json::from_str(&recording.header).ok()?;
        let header = Header::read(version, &fields, recording.header.clone()).ok()?;
        Some((header, fields))
    });
    let told_start = original.as_ref().and_then(|(header, _)| header.timestamp) == Some(start);
    if let Some((header, _)) = &original {
        let same = told_start
            && header.version == version
            && (header.columns, header.rows) == (columns, rows)
            && header.title == title
            && header.command == command;
        if same && !header.text.contains('\n') {
            return header.text.clone();
        }
    }

    let (from, mut fields) = original.map_or((None, Fields::new()), |(header, fields)| {
        (Some(header.version), fields)
    });
    let timestamp = fields.remove("timestamp").filter(|_| told_start);
    // Whole seconds, though the start may be finer: that is all that other readers take.
    let timestamp = timestamp.unwrap_or_else(|| start.micros().div_euclid(1_000_000).into());
    if from == Some(Version::V1) {
        fields.remove("duration");
    }
    for moved in ["version", "width", "height", "title", "command"] {
        fields.remove(moved);
    }
    let idle_limit = fields.remove("idle_time_limit");
    let mut env = object(fields.remove("env"));
    let mut term = object(fields.remove("term"));
    term.retain(|name, _| name != "cols" && name != "rows");
    let theme = fields.remove("theme").or_else(|| term.remove("theme"));

    let mut line = Line::of(version);
    match version {
        Version::V1 | Version::V2 => {
            if let Some(kind) = term.remove("type") {
                env.entry("TERM").or_insert(kind);
            }
            line.put("width", Some(columns.into()));
            line.put("height", Some(rows.into()));
            line.put("theme", theme);
            line.put("term", some_object(term));
        }
        Version::V3 => {
            let mut full = Map::from_iter([
                ("cols".to_owned(), columns.into()),
                ("rows".to_owned(), rows.into()),
            ]);
            if let Some(kind) = env.remove("TERM") {
                full.insert("type".to_owned(), kind);
            }
            full.extend(term);
            full.extend(theme.map(|theme| ("theme".to_owned(), theme)));
            line.put("term", Some(Value::Object(full)));
        }
    }
    line.put("timestamp", Some(timestamp));
    line.put(
        "idle_time_limit",
        idle_limit.filter(|limit| !limit.is_null()),
    );
    line.put("command", command.map(Value::from));
    line.put("title", title.map(Value::from));
    line.put("env", some_object(env));
    for (name, value) in fields {
        line.put(&name, Some(value));
    }
    line.end()
}

fn object(value: Option<Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

fn some_object(fields: Map<String, Value>) -> Option<Value> {
    (!fields.is_empty()).then_some(Value::Object(fields))
}

/// A JSON object with its fields in the order in which they are put: tools look for the version at
/// the very beginning.
struct Line(String);

impl Line {
    fn of(version: Version) -> Self {
        let number = match version {
            Version::V1 => 1,
            Version::V2 => 2,
            Version::V3 => 3,
        };
        Self(format!("{{\"version\":{number}"))
    }

    fn put(&mut self, name: &str, value: Option<Value>) {
        if let Some(value) = value {
            self.0.push_str(&format!(",{}:{value}", json!(name)));
        }
    }

    fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}
