//! The tables: their names, their columns and what each says.
//!
//! `docs/columns.md` holds the same, and a test holds it to this.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

/// The version of the tables. To be raised whenever they change, or what is written into them: that rebuilds them at
/// the next start.
pub const VERSION: i64 = 1;

/// A table that is kept in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// One row for each event of the log: what kind, when, whose; never its content.
    Events,
    /// One row for each session.
    Sessions,
    /// One row for each thing that a reader did.
    Accesses,
    /// One row for each part of a recording that is missing, or shows less than it should.
    Coverage,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// A whole number of 64 bits.
    Int,
    /// Text.
    Text,
    /// A point in time: microseconds since 1970, UTC.
    Time,
    /// A day of the calendar, UTC.
    Day,
}

impl ColumnType {
    /// The type as Arrow knows it.
    #[must_use]
    pub fn arrow(self) -> DataType {
        match self {
            Self::Int => DataType::Int64,
            Self::Text => DataType::Utf8View,
            Self::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Day => DataType::Date32,
        }
    }

    /// The type in the words of SQL.
    #[must_use]
    pub fn sql(self) -> &'static str {
        match self {
            Self::Int => "bigint",
            Self::Text => "text",
            Self::Time => "timestamp",
            Self::Day => "date",
        }
    }
}

/// A column: its name, what it holds, what it says.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// The name.
    pub name: &'static str,
    /// What it holds.
    pub kind: ColumnType,
    /// What it says, in a sentence.
    pub says: &'static str,
}

const fn column(name: &'static str, kind: ColumnType, says: &'static str) -> Column {
    Column { name, kind, says }
}

use ColumnType::{Day, Int, Text, Time};

/// The column that says which session a row is about, in each table.
pub const SESSION_NUMBER: &str = "session_number";

const NUMBER: Column = column(
    SESSION_NUMBER,
    Int,
    "stands for the session in all tables: 1 for the first in the log; null where it concerns none",
);
const SESSION: Column = column("session", Text, "the session's id");

const EVENTS: &[Column] = &[
    column("position", Int, "its place in the log, from 0"),
    NUMBER,
    SESSION,
    column(
        "source",
        Text,
        "who recorded it; null where it concerns no session",
    ),
    column(
        "type",
        Text,
        "what happened: `keys.typed`, `session.ended`, …",
    ),
    column("at", Time, "when, by the clock of its source"),
    column("day", Day, "the day of `at`"),
    column("recorded_at", Time, "when the server took it in"),
    column(
        "user_name",
        Text,
        "the session's, as known at the event; so are the next three",
    ),
    column("target", Text, "the account or resource that is reached"),
    column("host", Text, "the machine the session is on"),
    column("protocol", Text, "`terminal`, `ssh`, `rdp`, …"),
    column(
        "program",
        Text,
        "of a process or window: its program, without folder",
    ),
    column("bytes", Int, "size of its data"),
];

const SESSIONS: &[Column] = &[
    NUMBER,
    SESSION,
    column("title", Text, "a title for people, secrets masked"),
    column("user_name", Text, "the person or service that acts"),
    column("groups", Text, "the groups of the user, as a JSON list"),
    column("host", Text, "the machine the session is on"),
    column(
        "command",
        Text,
        "the command line that was run, secrets masked",
    ),
    column("protocol", Text, "`terminal`, `ssh`, `rdp`, …"),
    column("target", Text, "the account or resource that is reached"),
    column("launcher", Text, "what opened the session"),
    column("secret", Text, "the secret whose account is used"),
    column("folder", Text, "the folder of the secret"),
    column("site", Text, "the site that recorded the session"),
    column(
        "policy",
        Text,
        "the recording policy in force at the launch",
    ),
    column("started", Time, "its first event"),
    column("day", Day, "the day of `started`"),
    column("ended", Time, "null while it goes on"),
    column("last_event", Time, "the latest of what happened in it"),
    column("recorded", Time, "when the server took in its first event"),
    column(
        "duration_us",
        Int,
        "to the end, or to the last event so far; microseconds",
    ),
    column(
        "end_reason",
        Text,
        "`user`, `terminated`, `inactivity`, `max_length`, …",
    ),
    column("exit_status", Int, "of its command"),
    column("file_name", Text, "the file it was imported from"),
    column("file_format", Text, "`asciicast-v2`, `guacamole`, …"),
    column("file_bytes", Int, "size of that file, decompressed"),
    column("file_sha256", Text, "SHA-256 of its content"),
    column("terminal_columns", Int, "of its terminal at the start"),
    column("terminal_rows", Int, "of its terminal at the start"),
    column(
        "events",
        Int,
        "how many events it has, without those of its readers",
    ),
    column("output_bytes", Int, "bytes written to the terminal"),
    column("keys", Int, "keys typed"),
    column("resizes", Int, "changes of the terminal's size"),
    column("markers", Int, "markers set"),
    column("processes", Int, "processes started"),
    column("frames", Int, "frames of video"),
    column(
        "gaps",
        Int,
        "parts that are missing, or show less than they should: rows of `coverage`",
    ),
    column("first_position", Int, "the position of its first event"),
    column(
        "last_position",
        Int,
        "the position of its last event so far",
    ),
    column("reviewed", Time, "when it was reviewed"),
    column("reviewed_by", Text, "by whom"),
    column("assignee", Text, "who has it to review"),
    column("comments", Int, "how many comments there are"),
];

const ACCESSES: &[Column] = &[
    column("position", Int, "the place of its event in the log"),
    NUMBER,
    SESSION,
    column(
        "type",
        Text,
        "`recording.viewed`, `search.performed`, `auth.denied`, …",
    ),
    column("at", Time, "when"),
    column("day", Day, "the day of `at`"),
    column("who", Text, "who did it"),
    column("address", Text, "where from"),
    column(
        "token",
        Text,
        "the id of the token, or of the browser's sign-in",
    ),
    column("what", Text, "what they looked at, took, tried or asked"),
    column("reason", Text, "why, in their words"),
    column(
        "looks",
        Int,
        "how many looks followed the first, which an earlier row tells of",
    ),
];

const COVERAGE: &[Column] = &[
    column("position", Int, "the place of its event in the log"),
    NUMBER,
    SESSION,
    column("kind", Text, "`gap`, `degraded` or `quarantined`"),
    column(
        "channel",
        Text,
        "of a gap: `frames`, `keys`, `terminal`, `processes`",
    ),
    column("reason", Text, "why, secrets masked"),
    column("at", Time, "when it was noticed"),
    column("day", Day, "the day of `at`"),
    column("gap_from", Time, "where the gap begins"),
    column("gap_to", Time, "where it ends"),
    column("missing_us", Int, "its length in microseconds"),
];

impl Table {
    /// All tables.
    pub const ALL: [Self; 4] = [Self::Events, Self::Sessions, Self::Accesses, Self::Coverage];

    /// Its name, which is also that of its directory.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Sessions => "sessions",
            Self::Accesses => "accesses",
            Self::Coverage => "coverage",
        }
    }

    /// What one row of it is.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::Events => {
                "one row for each event of the log: what kind, when, whose; never its content"
            }
            Self::Sessions => "one row for each session, as it stands now",
            Self::Accesses => "one row for each thing that a reader did",
            Self::Coverage => {
                "one row for each part of a recording that is missing, or shows less than it should"
            }
        }
    }

    /// The table of a name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }

    /// Its columns, in order.
    #[must_use]
    pub fn columns(self) -> &'static [Column] {
        match self {
            Self::Events => EVENTS,
            Self::Sessions => SESSIONS,
            Self::Accesses => ACCESSES,
            Self::Coverage => COVERAGE,
        }
    }

    /// Its schema.
    #[must_use]
    pub fn schema(self) -> SchemaRef {
        static SCHEMAS: LazyLock<[SchemaRef; 4]> =
            LazyLock::new(|| Table::ALL.map(|table| schema_of(table.columns())));
        Arc::clone(&SCHEMAS[self as usize])
    }
}

/// The schema of columns, each of which may be null.
#[must_use]
pub fn schema_of(columns: &[Column]) -> SchemaRef {
    let field = |column: &Column| Field::new(column.name, column.kind.arrow(), true);
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}
