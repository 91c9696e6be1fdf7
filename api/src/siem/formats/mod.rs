//! An event as one line in the formats that systems read which watch others.
//!
//! | format | is | module |
//! |---|---|---|
//! | `ndjson` | the leaf itself: the bytes that are proved | – |
//! | `ocsf` | Open Cybersecurity Schema Framework 1.8.0, JSON | [`ocsf`] |
//! | `ecs` | Elastic Common Schema, JSON | [`ecs`] |
//! | `cef` | ArcSight Common Event Format, version 0 | [`cef`] |
//! | `leef` | QRadar Log Event Extended Format 2.0 | [`leef`] |
//!
//! All but the first say the same: what an event type means stands once, in [`meaning`], and what an event says of who,
//! what and where in [`facts`]. A line is a function of the event, the log's id, the session's launch and what is hidden
//! of the event: asked for again it is the same, byte for byte.
//!
//! **No line holds a line end or an escape sequence**, whatever was recorded: JSON escapes them, the others show them
//! ([`text`]). Each event has the id `{log}-{position}` in all formats.

mod cef;
mod ecs;
mod facts;
mod json;
mod leef;
pub mod meaning;
mod ocsf;
#[cfg(test)]
mod tests;
mod text;

use std::fmt;
use std::str::FromStr;

use retrace_core::LogId;
use retrace_core::event::{Event, EventBody, EventType};

pub use text::shown as printable;

use facts::Facts;
use meaning::Meaning;

/// The version of OCSF that is written.
pub const OCSF_VERSION: &str = "1.8.0";
/// The version of ECS that is written.
pub const ECS_VERSION: &str = "9.4.0";
/// Who made what writes the events.
const VENDOR: &str = "Retrace";
const PRODUCT: &str = "Retrace";
const PRODUCT_VERSION: &str = env!("CARGO_PKG_VERSION");

/// What an event can be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// The leaf, or the line that stands for it where a part is hidden.
    Ndjson,
    /// OCSF, as JSON.
    Ocsf,
    /// ECS, as JSON.
    Ecs,
    /// CEF.
    Cef,
    /// LEEF 2.0.
    Leef,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 5] = [Self::Ndjson, Self::Ocsf, Self::Ecs, Self::Cef, Self::Leef];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Ocsf => "ocsf",
            Self::Ecs => "ecs",
            Self::Cef => "cef",
            Self::Leef => "leef",
        }
    }

    /// The media type of lines in it.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        if self.is_json() {
            "application/x-ndjson"
        } else {
            "text/plain; charset=utf-8"
        }
    }

    /// Whether a line is JSON.
    #[must_use]
    pub fn is_json(self) -> bool {
        !matches!(self, Self::Cef | Self::Leef)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is not the name of a format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no format of events, expected ndjson, ocsf, ecs, cef or leef")]
pub struct UnknownFormat(String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        let named = Self::ALL.into_iter().find(|format| format.name() == name);
        named.ok_or_else(|| UnknownFormat(name.chars().take(40).collect()))
    }
}

/// An event as somebody may see it.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// As it stands in the log.
    pub event: &'a Event,
    /// As it is seen, where a part is hidden.
    pub masked: Option<&'a Event>,
    /// What is known of its session.
    pub session: Option<&'a SessionFacts>,
}

impl<'a> Shown<'a> {
    /// What may be seen.
    fn seen(self) -> &'a Event {
        self.masked.unwrap_or(self.event)
    }

    /// Its exact line.
    fn push_line(self, out: &mut Vec<u8>) {
        match self.masked {
            Some(masked) => out.extend_from_slice(&self.event.redacted_line(masked)),
            None => self.event.push_leaf(out),
        }
    }
}

/// What the launch of a session said, which other events of it do not repeat.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionFacts {
    /// The person or service that acts.
    pub user: Option<String>,
    /// The machine it is on, or connected to.
    pub host: Option<String>,
    /// `terminal`, `ssh`, `rdp`, …
    pub protocol: Option<String>,
    /// The account or resource that is reached.
    pub target: Option<String>,
    /// The site that recorded it.
    pub site: Option<String>,
}

impl SessionFacts {
    /// What a launch says. Nothing, when the event is of another type.
    #[must_use]
    pub fn of(event: &Event) -> Option<Self> {
        if *event.kind() != EventType::SESSION_LAUNCHED {
            return None;
        }
        let Ok(EventBody::SessionLaunched(launched)) = event.body() else {
            return None;
        };
        Some(Self {
            user: launched.user,
            host: launched.host,
            protocol: launched.protocol,
            target: launched.target,
            site: launched.site,
        })
    }
}

/// How long a line may be.
#[derive(Debug, Clone)]
pub struct LineLimit {
    /// At most so many bytes.
    pub bytes: usize,
    /// The address of `/v1/events`, where the whole event is to be had.
    pub events: String,
}

/// Writes events of one log in one format.
#[derive(Debug, Clone)]
pub struct LineWriter {
    format: Format,
    log: String,
    limit: Option<LineLimit>,
}

impl LineWriter {
    /// Events of the log with this id are written.
    #[must_use]
    pub fn new(format: Format, log: LogId) -> Self {
        Self {
            format,
            log: log.to_string(),
            limit: None,
        }
    }

    /// The same with an end to how long a line may be: the line of an event that is longer has in the place of its data
    /// where to have the whole, and that it is truncated. Some 2 KiB must be allowed.
    #[must_use]
    pub fn limited(self, limit: LineLimit) -> Self {
        Self {
            limit: Some(limit),
            ..self
        }
    }

    /// The format.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The id that an event has in all formats: the log's, a hyphen, the position.
    #[must_use]
    pub fn id_of(&self, event: &Event) -> String {
        format!("{}-{}", self.log, event.position())
    }

    /// Appends the line of an event, without a line end. Answers whether it was truncated.
    pub fn push(&self, shown: Shown<'_>, out: &mut Vec<u8>) -> bool {
        let start = out.len();
        self.push_whole(shown, out);
        let Some(limit) = &self.limit else {
            return false;
        };
        if out.len() - start <= limit.bytes {
            return false;
        }
        let position = shown.event.position().0;
        let after = position
            .checked_sub(1)
            .map(|after| format!("after={after}&"));
        let link = format!("{}?{}limit=1", limit.events, after.unwrap_or_default());
        let data = serde_json::json!({"link": link, "truncated": true}).to_string();
        let cut = shown.event.masked(data.into_bytes());
        // What the launch said may be too long too.
        for session in [shown.session, None] {
            out.truncate(start);
            let shown = Shown {
                event: shown.event,
                masked: Some(&cut),
                session,
            };
            self.push_whole(shown, out);
            if out.len() - start <= limit.bytes {
                break;
            }
        }
        true
    }

    fn push_whole(&self, shown: Shown<'_>, out: &mut Vec<u8>) {
        if self.format == Format::Ndjson {
            return shown.push_line(out);
        }
        let seen = shown.seen();
        let body = seen.body().ok();
        let facts = Facts::of(body.as_ref(), shown.session);
        let meaning = meaning::of(seen.kind());
        let line = Line {
            id: self.id_of(seen),
            shown,
            seen,
            facts,
            meaning,
        };
        match self.format {
            Format::Ndjson => {}
            Format::Ocsf => ocsf::push(&line, out),
            Format::Ecs => ecs::push(&line, out),
            Format::Cef => cef::push(&line, out),
            Format::Leef => leef::push(&line, out),
        }
    }
}

/// What a line is made of.
struct Line<'a> {
    id: String,
    shown: Shown<'a>,
    seen: &'a Event,
    facts: Facts<'a>,
    meaning: Meaning,
}

impl Line<'_> {
    /// A sentence for people.
    fn message(&self) -> String {
        match &self.facts.detail {
            Some(detail) => format!("{}: {}", self.meaning.title, text::cut(detail, DETAIL_MAX)),
            None => self.meaning.title.to_owned(),
        }
    }

    /// Milliseconds after 1970.
    fn time_ms(&self) -> i64 {
        self.seen.at().micros().div_euclid(1_000)
    }
}

/// The most characters of what people typed or saw in a message: all of it stands in the data.
const DETAIL_MAX: usize = 1_000;
