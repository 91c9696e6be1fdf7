//! One row of the catalogue: how events change it, and how it is stored.

use retrace_core::access::{SessionTraits, folders_above};
use retrace_core::event::{
    EndReason, Event, EventBody, RecordingFile, SessionEnded, SessionLaunched, SourceAttached,
};
use retrace_core::{Position, SessionId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::json;
use uuid::Uuid;

use super::{Review, SCHEMA};
use crate::counts::{Counts, happens_in_session, readable_body};
use crate::offset_us;
use crate::redaction::in_catalogue;
use crate::store::{from_sql, to_sql};
use crate::terminal::TerminalSize;

/// What the catalogue knows of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// The session.
    pub id: SessionId,
    /// A title for people.
    pub title: Option<String>,
    /// The person or service that acts.
    pub user: Option<String>,
    /// The machine the session is on, or is connected to.
    pub host: Option<String>,
    /// The command line that was run.
    pub command: Option<String>,
    /// `terminal`, `ssh`, `rdp`, …
    pub protocol: Option<String>,
    /// The account or resource that is reached.
    pub target: Option<String>,
    /// What opened the session.
    pub launcher: Option<String>,
    /// The secret whose account is used.
    pub secret: Option<String>,
    /// The folder that holds the secret.
    pub folder: Option<String>,
    /// The site that recorded the session.
    pub site: Option<String>,
    /// The recording policy in force at its launch.
    pub policy: Option<String>,
    /// The groups of the user.
    pub groups: Vec<String>,
    /// The `at` of its first event.
    pub started: Timestamp,
    /// The `at` of its `session.ended`. Without one, it is active.
    pub ended: Option<Timestamp>,
    /// The latest `at` of what happened in it.
    pub last_event: Timestamp,
    /// When the server took in its first event.
    pub recorded: Timestamp,
    /// When the server took in the last of what was recorded of it: from then on it is kept as long as the settings say. By
    /// the server's clock, because no recorder may shorten that by what it says of its own.
    pub kept_from: Timestamp,
    /// How many legal holds are on it.
    pub holds: u64,
    /// Why it ended.
    pub end_reason: Option<EndReason>,
    /// The exit status of its command.
    pub exit_status: Option<i32>,
    /// The file it was imported from.
    pub recording: Option<RecordingFacts>,
    /// Columns and rows of its terminal at the start.
    pub terminal: Option<TerminalSize>,
    /// How many events its streams have, without that of accesses: a look must not change what it shows.
    pub events: u64,
    /// How much of each kind they hold.
    pub counts: Counts,
    /// How many parts are missing, or show less than they should.
    pub gaps: u64,
    /// How far its review is.
    pub review: Review,
    /// The position of its first event.
    pub first_position: Position,
    /// The position of its last event so far.
    pub last_position: Position,
}

/// The file that a session was imported from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingFacts {
    /// Its name, without folders.
    pub name: String,
    /// `asciicast-v2`, …
    pub format: String,
    /// Its size, decompressed.
    pub bytes: u64,
    /// SHA-256 of its content, decompressed, in hexadecimal.
    pub sha256: String,
    /// Longer pauses are to be shown as this long.
    pub idle_limit_us: Option<u64>,
}

impl From<RecordingFile> for RecordingFacts {
    fn from(file: RecordingFile) -> Self {
        let RecordingFile {
            bytes,
            format,
            header: _,
            idle_limit_us,
            name,
            parts: _,
            sha256,
        } = file;
        Self {
            name,
            format,
            bytes,
            sha256,
            idle_limit_us,
        }
    }
}

/// The source of the stream of who looked at a session ([`retrace_core::StreamName::accesses_of`]).
const ACCESS_SOURCE: &str = "access";

/// The columns that [`SessionRow::from_row`] reads, in its order.
pub const SESSION_COLUMNS: &str = "id, title, user, host, command, protocol, target, launcher, secret, \
    folder, site, policy, groups, started_us, ended_us, last_event_us, recorded_us, kept_from_us, holds, end_reason, exit_status, file_name, file_format, \
    file_bytes, file_sha256, idle_limit_us, columns, rows, events, output_bytes, keys, resizes, \
    markers, processes, frames, gaps, first_position, last_position, reviewed_us, reviewed_by, assignee, \
    sampled, comments";

impl SessionRow {
    /// From the start to the end, or to the last event so far.
    pub fn duration_us(&self) -> u64 {
        offset_us(self.started, self.ended.unwrap_or(self.last_event))
    }

    pub(crate) fn first_seen(id: SessionId, event: &Event) -> Self {
        Self {
            id,
            title: None,
            user: None,
            host: None,
            command: None,
            protocol: None,
            target: None,
            launcher: None,
            secret: None,
            folder: None,
            site: None,
            policy: None,
            groups: Vec::new(),
            started: event.at(),
            ended: None,
            last_event: event.at(),
            recorded: event.recorded_at(),
            kept_from: event.recorded_at(),
            holds: 0,
            end_reason: None,
            exit_status: None,
            recording: None,
            terminal: None,
            events: 0,
            counts: Counts::default(),
            gaps: 0,
            review: Review::default(),
            first_position: event.position(),
            last_position: event.position(),
        }
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        self.last_position = event.position();
        if event.stream().source() != Some(ACCESS_SOURCE) {
            self.events += 1;
        }
        if happens_in_session(event.kind()) {
            self.last_event = self.last_event.max(event.at());
            if !event.stream().outlives_recording() {
                self.kept_from = self.kept_from.max(event.recorded_at());
            }
        }
        let Some(body) = readable_body(event, SCHEMA.name) else {
            return;
        };
        if let Some(counts) = Counts::of(&body) {
            self.counts.add(&counts);
        }
        self.review.apply(event.at(), &body);
        match body {
            EventBody::GapDetected(_) | EventBody::RecordingDegraded(_) => self.gaps += 1,
            EventBody::SessionLaunched(launched) => self.launched(launched),
            EventBody::SourceAttached(attached) => self.attached(attached),
            EventBody::TerminalResized(resized) => {
                self.note_terminal(resized.columns, resized.rows);
            }
            EventBody::SessionEnded(ended) if self.ended.is_none() => {
                let SessionEnded {
                    exit_status,
                    reason,
                } = ended;
                self.ended = Some(event.at());
                self.end_reason = Some(reason);
                self.exit_status = exit_status;
            }
            _ => {}
        }
    }

    fn launched(&mut self, launched: SessionLaunched) {
        let keep = |fact: &mut Option<String>, said: Option<String>| *fact = fact.take().or(said);
        keep(&mut self.title, launched.title);
        keep(&mut self.user, launched.user);
        keep(&mut self.host, launched.host);
        keep(&mut self.command, launched.command);
        keep(&mut self.protocol, launched.protocol);
        keep(&mut self.target, launched.target);
        keep(&mut self.launcher, launched.launcher);
        keep(&mut self.secret, launched.secret);
        keep(&mut self.folder, launched.folder);
        keep(&mut self.site, launched.site);
        keep(&mut self.policy, launched.policy);
        if self.groups.is_empty() {
            self.groups = launched.groups;
        }
    }

    fn attached(&mut self, attached: SourceAttached) {
        let SourceAttached {
            columns,
            recording,
            rows,
        } = attached;
        self.recording = self
            .recording
            .take()
            .or(recording.map(RecordingFacts::from));
        if let (Some(columns), Some(rows)) = (columns, rows) {
            self.note_terminal(columns, rows);
        }
    }

    fn note_terminal(&mut self, columns: u32, rows: u32) {
        self.terminal
            .get_or_insert(TerminalSize::clamped(columns, rows));
    }

    /// What a filter's words are looked for in.
    fn search_text(&self) -> String {
        let masked = |text: &Option<String>| text.as_deref().map(in_catalogue);
        let facts = [
            masked(&self.title),
            self.user.clone(),
            self.host.clone(),
            masked(&self.command),
            self.recording.as_ref().map(|file| file.name.clone()),
        ];
        let facts: Vec<String> = facts.into_iter().flatten().collect();
        // Divided by a character that no word has, so that no word reaches over two facts.
        facts.join("\n").to_lowercase()
    }

    /// Reads a session of the catalogue.
    ///
    /// # Errors
    /// When the read model cannot be read.
    pub fn find(connection: &Connection, id: SessionId) -> rusqlite::Result<Option<Self>> {
        connection
            .prepare_cached(&format!(
                "SELECT {SESSION_COLUMNS} FROM sessions WHERE id = ?1"
            ))?
            .query_row([id.uuid().as_bytes()], Self::from_row)
            .optional()
    }

    /// Reads a row of [`SESSION_COLUMNS`].
    ///
    /// # Errors
    /// When a column is not of its type.
    pub fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let number = |column: &str| row.get(column).map(from_sql);
        let small = |column: &str| -> rusqlite::Result<Option<u32>> { row.get(column) };
        let end_reason: Option<String> = row.get("end_reason")?;
        let recording = match row.get("file_name")? {
            Some(name) => Some(RecordingFacts {
                name,
                format: row.get("file_format")?,
                bytes: number("file_bytes")?,
                sha256: row.get("file_sha256")?,
                idle_limit_us: row.get::<_, Option<i64>>("idle_limit_us")?.map(from_sql),
            }),
            None => None,
        };
        let terminal = small("columns")?.zip(small("rows")?);
        Ok(Self {
            id: SessionId::from(Uuid::from_bytes(row.get("id")?)),
            title: row.get("title")?,
            user: row.get("user")?,
            host: row.get("host")?,
            command: row.get("command")?,
            protocol: row.get("protocol")?,
            target: row.get("target")?,
            launcher: row.get("launcher")?,
            secret: row.get("secret")?,
            folder: row.get("folder")?,
            site: row.get("site")?,
            policy: row.get("policy")?,
            groups: serde_json::from_str(&row.get::<_, String>("groups")?).unwrap_or_default(),
            started: timestamp(row.get("started_us")?),
            ended: row.get::<_, Option<i64>>("ended_us")?.map(timestamp),
            last_event: timestamp(row.get("last_event_us")?),
            recorded: timestamp(row.get("recorded_us")?),
            kept_from: timestamp(row.get("kept_from_us")?),
            holds: number("holds")?,
            end_reason: end_reason.map(|text| reason_from(&text)),
            exit_status: row.get("exit_status")?,
            recording,
            terminal: terminal.map(|(columns, rows)| TerminalSize::clamped(columns, rows)),
            events: number("events")?,
            counts: Counts {
                output_bytes: number("output_bytes")?,
                keys: number("keys")?,
                resizes: number("resizes")?,
                markers: number("markers")?,
                processes: number("processes")?,
                frames: number("frames")?,
            },
            gaps: number("gaps")?,
            review: Review {
                reviewed: row
                    .get::<_, Option<i64>>("reviewed_us")?
                    .map(|us| Ok::<_, rusqlite::Error>((timestamp(us), row.get("reviewed_by")?)))
                    .transpose()?,
                assignee: row.get("assignee")?,
                sampled: row.get("sampled")?,
                comments: number("comments")?,
            },
            first_position: Position(number("first_position")?),
            last_position: Position(number("last_position")?),
        })
    }

    pub(super) fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        let file = self.recording.as_ref();
        let Counts {
            output_bytes,
            keys,
            resizes,
            markers,
            processes,
            frames,
        } = self.counts;
        connection
            .prepare_cached(&format!(
                "INSERT OR REPLACE INTO sessions ({SESSION_COLUMNS}, duration_us, search_text)
                 VALUES (:id, :title, :user, :host, :command, :protocol, :target, :launcher,
                     :secret, :folder, :site, :policy, :groups, :started, :ended, :last_event, :recorded, :kept_from, :holds, :end_reason, :exit_status, :file_name,
                     :file_format, :file_bytes, :file_sha256, :idle_limit, :columns, :rows,
                     :events, :output_bytes, :keys, :resizes, :markers, :processes, :frames,
                     :gaps, :first_position, :last_position, :reviewed, :reviewed_by, :assignee,
                     :sampled, :comments, :duration, :search_text)"
            ))?
            .execute(named_params! {
                ":id": self.id.uuid().as_bytes(),
                ":title": self.title,
                ":user": self.user,
                ":host": self.host,
                ":command": self.command,
                ":protocol": self.protocol,
                ":target": self.target,
                ":launcher": self.launcher,
                ":secret": self.secret,
                ":folder": self.folder,
                ":site": self.site,
                ":policy": self.policy,
                ":groups": json!(self.groups).to_string(),
                ":started": self.started.micros(),
                ":ended": self.ended.map(Timestamp::micros),
                ":last_event": self.last_event.micros(),
                ":recorded": self.recorded.micros(),
                ":kept_from": self.kept_from.micros(),
                ":holds": to_sql(self.holds),
                ":end_reason": self.end_reason.map(reason_text),
                ":exit_status": self.exit_status,
                ":file_name": file.map(|file| &file.name),
                ":file_format": file.map(|file| &file.format),
                ":file_bytes": file.map(|file| to_sql(file.bytes)),
                ":file_sha256": file.map(|file| &file.sha256),
                ":idle_limit": file.and_then(|file| file.idle_limit_us).map(to_sql),
                ":columns": self.terminal.map(TerminalSize::columns),
                ":rows": self.terminal.map(TerminalSize::rows),
                ":events": to_sql(self.events),
                ":output_bytes": to_sql(output_bytes),
                ":keys": to_sql(keys),
                ":resizes": to_sql(resizes),
                ":markers": to_sql(markers),
                ":processes": to_sql(processes),
                ":frames": to_sql(frames),
                ":gaps": to_sql(self.gaps),
                ":reviewed": self.review.reviewed.as_ref().map(|(at, _)| at.micros()),
                ":reviewed_by": self.review.reviewed.as_ref().map(|(_, by)| by),
                ":assignee": self.review.assignee,
                ":sampled": self.review.sampled,
                ":comments": to_sql(self.review.comments),
                ":first_position": to_sql(self.first_position.0),
                ":last_position": to_sql(self.last_position.0),
                ":duration": to_sql(self.duration_us()),
                ":search_text": self.search_text(),
            })?;
        self.write_names(connection)
    }

    /// What is said once stays: rows that are there are the right ones.
    fn write_names(&self, connection: &Connection) -> rusqlite::Result<()> {
        let folders = self.folder.as_deref().into_iter().flat_map(folders_above);
        let groups = self.groups.iter().map(String::as_str);
        let write = |table: &str, names: &mut dyn Iterator<Item = &str>| {
            for name in names {
                connection
                    .prepare_cached(&format!("INSERT OR IGNORE INTO {table} VALUES (?1, ?2)"))?
                    .execute((self.id.uuid().as_bytes(), name))?;
            }
            Ok::<(), rusqlite::Error>(())
        };
        write("session_folders", &mut folders.into_iter())?;
        write("session_groups", &mut groups.into_iter())
    }

    /// What decides who may see it.
    #[must_use]
    pub fn traits(&self) -> SessionTraits<'_> {
        SessionTraits {
            started: self.started,
            user: self.user.as_deref(),
            groups: &self.groups,
            site: self.site.as_deref(),
            folder: self.folder.as_deref(),
            target: self.target.as_deref(),
        }
    }
}

const REASONS: [(EndReason, &str); 8] = [
    (EndReason::User, "user"),
    (EndReason::Terminated, "terminated"),
    (EndReason::Inactivity, "inactivity"),
    (EndReason::MaxLength, "max_length"),
    (EndReason::ConnectionLost, "connection_lost"),
    (EndReason::ServerUnreachable, "server_unreachable"),
    (EndReason::Refused, "refused"),
    (EndReason::Unknown, "unknown"),
];

pub(crate) fn reason_text(reason: EndReason) -> &'static str {
    REASONS
        .iter()
        .find(|(one, _)| *one == reason)
        .map_or("unknown", |(_, text)| text)
}

pub(crate) fn reason_from(text: &str) -> EndReason {
    REASONS
        .iter()
        .find(|(_, one)| *one == text)
        .map_or(EndReason::Unknown, |(reason, _)| *reason)
}

/// A time that was stored; it was one before.
pub(crate) fn timestamp(micros: i64) -> Timestamp {
    let nearest = micros.clamp(Timestamp::MIN.micros(), Timestamp::MAX.micros());
    Timestamp::from_micros(nearest).unwrap_or(Timestamp::MIN)
}
