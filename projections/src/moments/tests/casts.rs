//! Recordings as the events they are imported as.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use retrace_core::event::{
    EventBody, KeysTyped, MarkerSet, SourceAttached, TerminalResized, TerminalWritten,
};
use serde_json::Value;

/// The events of a recording, with microseconds from its start.
#[derive(Clone)]
pub(super) struct Cast {
    events: Vec<(i64, EventBody)>,
}

impl Cast {
    /// A sample recording by its name; says so when it is not there.
    pub(super) fn sample(name: &str) -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let given = std::env::var_os("RETRACE_RECORDINGS").map(PathBuf::from);
        let shared = given.unwrap_or_else(|| root.join("../shared/recordings"));
        let folders = [root.join("samples"), shared.join("third-party")];
        let found = folders
            .iter()
            .map(|folder| folder.join(name))
            .find(|path| path.exists());
        let Some(path) = found else {
            println!("skipped: the recording {name} is not there");
            return None;
        };
        Some(Self::read(&path))
    }

    /// The recording in a file.
    pub(super) fn read(path: &Path) -> Self {
        Self::parse(&std::fs::read_to_string(path).unwrap())
    }

    fn parse(text: &str) -> Self {
        let mut lines = text.lines();
        let header: Value = serde_json::from_str(lines.next().unwrap()).unwrap_or(Value::Null);
        let (mut events, mut now_us) = (Vec::new(), 0);
        match header["version"].as_u64() {
            Some(version @ (2 | 3)) => {
                let size = if version == 2 {
                    &header
                } else {
                    &header["term"]
                };
                let names = if version == 2 {
                    ["width", "height"]
                } else {
                    ["cols", "rows"]
                };
                events.push((0, attached(&size[names[0]], &size[names[1]])));
                for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
                    let event: Value = serde_json::from_str(line).unwrap();
                    let us = (event[0].as_f64().unwrap() * 1e6).round() as i64;
                    now_us = if version == 2 { us } else { now_us + us };
                    let data = event[2].as_str().unwrap().to_owned();
                    events.extend(body(event[1].as_str().unwrap(), data).map(|b| (now_us, b)));
                }
            }
            _ => {
                let whole: Value = serde_json::from_str(text).unwrap();
                events.push((0, attached(&whole["width"], &whole["height"])));
                for event in whole["stdout"].as_array().unwrap() {
                    now_us += (event[0].as_f64().unwrap() * 1e6).round() as i64;
                    events.extend(
                        body("o", event[1].as_str().unwrap().to_owned()).map(|b| (now_us, b)),
                    );
                }
            }
        }
        Self { events }
    }

    /// A recording made up for a test.
    pub(super) fn of(columns: u32, rows: u32, events: &[(i64, &str, &str)]) -> Self {
        let size = EventBody::from(SourceAttached {
            columns: Some(columns),
            recording: None,
            rows: Some(rows),
        });
        let rest = events.iter().filter_map(|(ms, code, data)| {
            body(code, (*data).to_owned()).map(|body| (ms * 1000, body))
        });
        Self {
            events: std::iter::once((0, size)).chain(rest).collect(),
        }
    }

    pub(super) fn events(&self) -> &[(i64, EventBody)] {
        &self.events
    }

    pub(super) fn without_keys(&self) -> Self {
        let events = self.events.iter();
        let output = events.filter(|(_, body)| !matches!(body, EventBody::KeysTyped(_)));
        Self {
            events: output.cloned().collect(),
        }
    }
}

fn attached(columns: &Value, rows: &Value) -> EventBody {
    let number = |value: &Value| value.as_u64().and_then(|n| u32::try_from(n).ok());
    SourceAttached {
        columns: number(columns),
        recording: None,
        rows: number(rows),
    }
    .into()
}

fn body(code: &str, data: String) -> Option<EventBody> {
    Some(match code {
        "o" => TerminalWritten {
            continued: false,
            text: data,
        }
        .into(),
        "i" => KeysTyped::typed(data).into(),
        "m" => MarkerSet { label: data }.into(),
        "r" => {
            let (columns, rows) = data.split_once('x')?;
            let (columns, rows) = (columns.parse().ok()?, rows.parse().ok()?);
            TerminalResized { columns, rows }.into()
        }
        _ => return None,
    })
}

/// Whatever a program may write, whole and torn, and resizes.
pub(super) fn any_event() -> impl Strategy<Value = EventBody> {
    let written = prop_oneof![
        "[ -~]{0,40}",
        Just("\r\n".to_owned()),
        Just("a\r\nb\r\nc\r\n".to_owned()),
        "[é部🚀─\u{301}]{1,4}",
        "\x1b\\[[0-9;?]{0,6}",
        "\x1b\\[[0-9]{0,2}(;[0-9]{0,2}){0,2}[A-HJKLMPSTX@abdfghlmrsu`]",
        "\x1b\\[\\?(6|7|25|1047|1048|1049|2004)[hl]",
        "\x1b[78DEHMc]",
        "\x1b\\]133;[ABCD]\x07",
        "\x1b\\]0;[a-z]{0,2}\x07",
        Just("$ ".to_owned()),
        Just("> ".to_owned()),
        "[\x00-\x1f]",
    ]
    .prop_map(|text| {
        TerminalWritten {
            continued: false,
            text,
        }
        .into()
    });
    let resized =
        (0..40_u32, 0..20_u32).prop_map(|(columns, rows)| TerminalResized { columns, rows }.into());
    let typed =
        "([a-z ]|\x1b\\[[A-D]|\r|\x7f|\x03){1,3}".prop_map(|text| KeysTyped::typed(text).into());
    prop_oneof![12 => written, 1 => resized, 3 => typed]
}
