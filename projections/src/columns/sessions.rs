//! Sessions as rows of columns, and read back from them.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use arrow::error::ArrowError;
use retrace_core::{Position, SessionId, Timestamp};

use super::rows::{Rows, Value};
use super::schema::{SESSION_NUMBER, Table};
use crate::counts::Counts;
use crate::sessions::{RecordingFacts, Review, SessionRow, reason_from, reason_text};
use crate::store::from_sql;
use crate::terminal::TerminalSize;

/// The rows of sessions, each with its number.
pub(super) fn batch_of<'a>(
    sessions: impl Iterator<Item = (i64, &'a SessionRow)>,
) -> Result<RecordBatch, ArrowError> {
    let mut rows = Rows::new(Table::Sessions.columns());
    for (number, row) in sessions {
        push(&mut rows, number, row);
    }
    rows.finish()
}

fn push(rows: &mut Rows, number: i64, row: &SessionRow) {
    let id = row.id.to_string();
    let groups = serde_json::Value::from(row.groups.clone()).to_string();
    let text = |text: &'_ Option<String>| -> Option<String> { text.clone() };
    let facts = [
        &row.title,
        &row.user,
        &row.host,
        &row.command,
        &row.protocol,
        &row.target,
        &row.launcher,
        &row.secret,
        &row.folder,
        &row.site,
        &row.policy,
    ]
    .map(text);
    let [
        title,
        user,
        host,
        command,
        protocol,
        target,
        launcher,
        secret,
        folder,
        site,
        policy,
    ] = facts.each_ref().map(|fact| Value::from(fact.as_deref()));
    let file = row.recording.as_ref();
    let reviewed = row.review.reviewed.as_ref();
    let Counts {
        output_bytes,
        keys,
        resizes,
        markers,
        processes,
        frames,
    } = row.counts;
    let small = |number: u16| Value::Int(number.into());
    rows.push(&[
        Value::Int(number),
        Value::Text(&id),
        title,
        user,
        Value::Text(&groups),
        host,
        command,
        protocol,
        target,
        launcher,
        secret,
        folder,
        site,
        policy,
        row.started.into(),
        Value::Day(row.started),
        row.ended.into(),
        row.last_event.into(),
        row.recorded.into(),
        row.duration_us().into(),
        row.end_reason.map(reason_text).into(),
        row.exit_status
            .map_or(Value::Null, |status| Value::Int(status.into())),
        file.map(|file| file.name.as_str()).into(),
        file.map(|file| file.format.as_str()).into(),
        file.map(|file| file.bytes).into(),
        file.map(|file| file.sha256.as_str()).into(),
        row.terminal
            .map_or(Value::Null, |size| small(size.columns())),
        row.terminal.map_or(Value::Null, |size| small(size.rows())),
        row.events.into(),
        output_bytes.into(),
        keys.into(),
        resizes.into(),
        markers.into(),
        processes.into(),
        frames.into(),
        row.gaps.into(),
        row.first_position.0.into(),
        row.last_position.0.into(),
        reviewed.map(|(at, _)| *at).into(),
        reviewed.map(|(_, by)| by.as_str()).into(),
        row.review.assignee.as_deref().into(),
        row.review.comments.into(),
    ]);
}

/// A row of a batch, by the names of the columns.
pub(super) struct RowOf<'a> {
    batch: &'a RecordBatch,
    index: usize,
}

impl<'a> RowOf<'a> {
    pub(super) fn new(batch: &'a RecordBatch, index: usize) -> Self {
        Self { batch, index }
    }

    pub(super) fn int(&self, name: &str) -> Option<i64> {
        let column = self.batch.column_by_name(name)?;
        let column = column.as_primitive_opt::<Int64Type>()?;
        (self.index < column.len() && column.is_valid(self.index)).then(|| column.value(self.index))
    }

    pub(super) fn time(&self, name: &str) -> Option<Timestamp> {
        let column = self.batch.column_by_name(name)?;
        let column = column.as_primitive_opt::<TimestampMicrosecondType>()?;
        let valid = self.index < column.len() && column.is_valid(self.index);
        valid.then(|| crate::sessions::timestamp(column.value(self.index)))
    }

    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        let column = self.batch.column_by_name(name)?;
        let column = column.as_string_view_opt()?;
        (self.index < column.len() && column.is_valid(self.index)).then(|| column.value(self.index))
    }

    fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    fn count(&self, name: &str) -> u64 {
        self.int(name).map_or(0, from_sql)
    }
}

/// The number and the session that a row tells of. None when it is no row of this table.
pub(super) fn session_at(batch: &RecordBatch, index: usize) -> Option<(i64, SessionRow)> {
    let row = RowOf::new(batch, index);
    let recording = row.owned("file_name").map(|name| RecordingFacts {
        name,
        format: row.owned("file_format").unwrap_or_default(),
        bytes: row.count("file_bytes"),
        sha256: row.owned("file_sha256").unwrap_or_default(),
        idle_limit_us: None,
    });
    let side = |name: &str| u32::try_from(row.int(name)?).ok();
    let terminal = side("terminal_columns").zip(side("terminal_rows"));
    let id: SessionId = row.text("session")?.parse().ok()?;
    let session = SessionRow {
        id,
        title: row.owned("title"),
        user: row.owned("user_name"),
        host: row.owned("host"),
        command: row.owned("command"),
        protocol: row.owned("protocol"),
        target: row.owned("target"),
        launcher: row.owned("launcher"),
        secret: row.owned("secret"),
        folder: row.owned("folder"),
        site: row.owned("site"),
        policy: row.owned("policy"),
        groups: serde_json::from_str(row.text("groups")?).unwrap_or_default(),
        started: row.time("started")?,
        ended: row.time("ended"),
        last_event: row.time("last_event")?,
        recorded: row.time("recorded")?,
        // For what is to be purged, the catalogue is asked.
        kept_from: row.time("recorded")?,
        holds: 0,
        end_reason: row.text("end_reason").map(reason_from),
        exit_status: row
            .int("exit_status")
            .and_then(|status| i32::try_from(status).ok()),
        recording,
        terminal: terminal.map(|(columns, rows)| TerminalSize::clamped(columns, rows)),
        events: row.count("events"),
        counts: Counts {
            output_bytes: row.count("output_bytes"),
            keys: row.count("keys"),
            resizes: row.count("resizes"),
            markers: row.count("markers"),
            processes: row.count("processes"),
            frames: row.count("frames"),
        },
        gaps: row.count("gaps"),
        review: Review {
            reviewed: row.time("reviewed").zip(row.owned("reviewed_by")),
            assignee: row.owned("assignee"),
            sampled: false,
            comments: row.count("comments"),
        },
        first_position: Position(row.count("first_position")),
        last_position: Position(row.count("last_position")),
    };
    Some((row.int(SESSION_NUMBER)?, session))
}
