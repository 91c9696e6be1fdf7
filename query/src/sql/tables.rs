//! The tables that a question may name.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::SchemaRef;
use retrace_core::access::Right;
use retrace_projections::columns::Table;
use retrace_projections::columns::schema::{Column, ColumnType, schema_of};

/// A table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SqlTable {
    /// One that is kept in files.
    Stored(Table),
    /// Commands that were run, from the index of moments.
    Commands,
    /// Processes that recorders told of, from the index of moments.
    Processes,
}

const fn column(name: &'static str, kind: ColumnType, says: &'static str) -> Column {
    Column { name, kind, says }
}

use ColumnType::{Day, Int, Text, Time};

pub(super) const COMMANDS: &[Column] = &[
    column(
        "position",
        Int,
        "the position of the event that brought it to light",
    ),
    column("session", Text, "the session's id"),
    column("at", Time, "when it was sent off"),
    column("day", Day, "the day of `at`"),
    column(
        "offset_us",
        Int,
        "from the start of the session, in microseconds",
    ),
    column("user_name", Text, "the session's; so are the next three"),
    column("target", Text, "the account or resource that is reached"),
    column("host", Text, "the machine the session is on"),
    column("protocol", Text, "`terminal`, `ssh`, `rdp`, …"),
    column(
        "program",
        Text,
        "the program that was run, or that it was typed to",
    ),
    column("command", Text, "the command line, secrets masked"),
    column("directory", Text, "where it ran"),
    column(
        "exit_status",
        Int,
        "with which status it ended, where that was seen",
    ),
    column(
        "duration_us",
        Int,
        "how long it ran, where its end was seen; microseconds",
    ),
];

pub(super) const PROCESSES: &[Column] = &[
    column("position", Int, "the position of the event that told of it"),
    column("session", Text, "the session's id"),
    column("at", Time, "when it was started"),
    column("day", Day, "the day of `at`"),
    column(
        "offset_us",
        Int,
        "from the start of the session, in microseconds",
    ),
    column("user_name", Text, "the session's; so are the next three"),
    column("target", Text, "the account or resource that is reached"),
    column("host", Text, "the machine the session is on"),
    column("protocol", Text, "`terminal`, `ssh`, `rdp`, …"),
    column("program", Text, "the program, without folder"),
    column("command", Text, "path and arguments, secrets masked"),
    column(
        "run_as",
        Text,
        "the user it runs as, where the recorder said so",
    ),
    column(
        "exit_status",
        Int,
        "with which status it ended, once it did",
    ),
    column(
        "duration_us",
        Int,
        "how long it ran, once it ended; microseconds",
    ),
];

impl SqlTable {
    /// All tables.
    pub const ALL: [Self; 6] = [
        Self::Stored(Table::Events),
        Self::Stored(Table::Sessions),
        Self::Stored(Table::Accesses),
        Self::Stored(Table::Coverage),
        Self::Commands,
        Self::Processes,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Stored(table) => table.name(),
            Self::Commands => "commands",
            Self::Processes => "processes",
        }
    }

    /// What it holds.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::Stored(table) => table.says(),
            Self::Commands => "one row for each command that was run, as the screen showed it",
            Self::Processes => "one row for each process that a recorder told of",
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
            Self::Stored(table) => table.columns(),
            Self::Commands => COMMANDS,
            Self::Processes => PROCESSES,
        }
    }

    /// Its schema.
    #[must_use]
    pub fn schema(self) -> SchemaRef {
        static OTHERS: LazyLock<[SchemaRef; 2]> =
            LazyLock::new(|| [schema_of(COMMANDS), schema_of(PROCESSES)]);
        match self {
            Self::Stored(table) => table.schema(),
            Self::Commands => Arc::clone(&OTHERS[0]),
            Self::Processes => Arc::clone(&OTHERS[1]),
        }
    }

    /// What the viewer needs over a session to see its rows.
    #[must_use]
    pub fn right(self) -> Right {
        match self {
            Self::Stored(Table::Sessions | Table::Accesses | Table::Coverage) => {
                Right::ViewSessions
            }
            Self::Stored(Table::Events) | Self::Commands | Self::Processes => Right::ViewRecordings,
        }
    }
}
