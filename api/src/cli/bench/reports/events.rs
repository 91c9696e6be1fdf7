//! Ten million events that nobody did.

use std::path::Path;

use anyhow::Context;
use arrow::array::RecordBatch;
use retrace_core::{LogId, SessionId, Timestamp};
use retrace_projections::columns::bulk::{DayOfRows, write_made_up};
use retrace_projections::columns::{Rows, Table, Value};

use super::super::Chance;

const DAYS: u64 = 90;
const DAY_US: i64 = 86_400_000_000;
const USERS: usize = 2_000;
const TARGETS: usize = 5_000;
const PROGRAMS: usize = 3_000;
const BATCH_ROWS: usize = 8_192;
/// Of a hundred events, how many are of each type.
const TYPES: [(&str, u64); 10] = [
    ("process.started", 40),
    ("terminal.written", 20),
    ("keys.typed", 10),
    ("process.stopped", 10),
    ("frames.captured", 5),
    ("window.focused", 5),
    ("pointer.clicked", 4),
    ("clipboard.copied", 3),
    ("marker.set", 2),
    ("file.transferred", 1),
];
const LAUNCHED: &str = "session.launched";
const ENDED: &str = "session.ended";

struct Session {
    id: String,
    started_us: i64,
    length_us: i64,
    user: usize,
    target: usize,
}

/// An event: when, of which session, of which type, of which program.
#[derive(Clone, Copy)]
pub(super) struct Made {
    pub(super) at_us: i64,
    session: u32,
    kind: &'static str,
    program: u16,
    pub(super) bytes: u16,
}

/// Events in the order of time, and their sessions.
pub(super) struct MadeUp {
    sessions: Vec<Session>,
    pub(super) events: Vec<Made>,
    users: Vec<String>,
    targets: Vec<String>,
    programs: Vec<String>,
}

/// Chooses few often and most rarely: the n-th in proportion to n to the power of -s.
struct Zipf(Vec<f64>);

impl Zipf {
    fn new(count: usize, s: f64) -> Self {
        let mut sum = 0.0;
        let weights = (1..=count).map(|n| {
            sum += (n as f64).powf(-s);
            sum
        });
        Self(weights.collect())
    }

    fn pick(&self, chance: &mut Chance) -> usize {
        let total = self.0.last().copied().unwrap_or(0.0);
        let at = unit(chance) * total;
        self.0
            .partition_point(|sum| *sum < at)
            .min(self.0.len() - 1)
    }
}

fn unit(chance: &mut Chance) -> f64 {
    chance.below(1 << 53) as f64 / (1_u64 << 53) as f64
}

/// A number of the normal distribution, by Box and Muller.
fn normal(chance: &mut Chance) -> f64 {
    let (u, v) = (unit(chance).max(1e-12), unit(chance));
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

impl MadeUp {
    pub(super) fn new(count: usize) -> Self {
        let mut chance = Chance(20_261_121);
        let (users, targets) = (Zipf::new(USERS, 0.9), Zipf::new(TARGETS, 0.8));
        let programs = Zipf::new(PROGRAMS, 1.1);
        let from = 1_767_225_600_000_000;
        let sessions: Vec<Session> = (0..count / 100)
            .map(|number| {
                let length_s = (1_500_f64.ln() + 1.6 * normal(&mut chance)).exp();
                let length_s = length_s.min(5.0 * 86_400.0);
                let mut digest = [0; 32];
                digest[..8].copy_from_slice(&(number as u64).to_be_bytes());
                Session {
                    id: SessionId::of_recording(&digest).to_string(),
                    started_us: from + chance.below(DAYS * 86_400) as i64 * 1_000_000,
                    length_us: (length_s * 1e6) as i64,
                    user: users.pick(&mut chance),
                    target: targets.pick(&mut chance),
                }
            })
            .collect();
        let mut events = Vec::with_capacity(count);
        for (number, session) in sessions.iter().enumerate() {
            for (at_us, kind) in [
                (session.started_us, LAUNCHED),
                (session.started_us + session.length_us, ENDED),
            ] {
                events.push(Made {
                    at_us,
                    session: number as u32,
                    kind,
                    program: 0,
                    bytes: 100,
                });
            }
        }
        while events.len() < count {
            let number = chance.below(sessions.len() as u64) as u32;
            let session = &sessions[number as usize];
            let mut at = chance.below(100);
            let kind = TYPES.iter().find(|(_, share)| {
                let found = at < *share;
                at = at.saturating_sub(*share);
                found
            });
            events.push(Made {
                at_us: session.started_us + (session.length_us as f64 * unit(&mut chance)) as i64,
                session: number,
                kind: kind.map_or(ENDED, |(kind, _)| kind),
                program: programs.pick(&mut chance) as u16,
                bytes: chance.below(4_096) as u16,
            });
        }
        events.sort_by_key(|event| event.at_us);
        Self {
            sessions,
            events,
            users: (0..USERS).map(|n| format!("user{n:04}")).collect(),
            targets: (0..TARGETS)
                .map(|n| format!("srv-{n:04}.prod.example"))
                .collect(),
            programs: (0..PROGRAMS).map(|n| format!("proc{n:04}")).collect(),
        }
    }

    /// Session number, user, target and program of an event.
    pub(super) fn names(&self, event: &Made) -> (i64, &str, &str, &str) {
        let session = &self.sessions[event.session as usize];
        (
            i64::from(event.session) + 1,
            &self.users[session.user],
            &self.targets[session.target],
            &self.programs[usize::from(event.program)],
        )
    }

    pub(super) fn kind(event: &Made) -> &'static str {
        event.kind
    }

    /// Writes the tables `events` and `sessions`, a day after the other.
    pub(super) fn write(&self, dir: &Path, log: LogId) -> anyhow::Result<()> {
        std::fs::create_dir_all(dir)?;
        let mut sessions: Vec<usize> = (0..self.sessions.len()).collect();
        sessions.sort_by_key(|number| self.sessions[*number].started_us);
        let started = |number: &usize| self.sessions[*number].started_us.div_euclid(DAY_US);
        let of_events = self
            .events
            .chunk_by(|a, b| a.at_us.div_euclid(DAY_US) == b.at_us.div_euclid(DAY_US))
            .map(|day| DayOfRows {
                table: Table::Events,
                recorded: time(day[0].at_us),
                batches: Box::new(day.chunks(BATCH_ROWS).map(|part| {
                    let first = self
                        .events
                        .partition_point(|event| event.at_us < part[0].at_us);
                    self.event_rows(part, first)
                })),
            });
        let of_sessions = sessions
            .chunk_by(|a, b| started(a) == started(b))
            .map(|day| DayOfRows {
                table: Table::Sessions,
                recorded: time(self.sessions[day[0]].started_us),
                batches: Box::new(day.chunks(BATCH_ROWS).map(|part| self.session_rows(part))),
            });
        write_made_up(dir, log, of_events.chain(of_sessions)).context("the tables")
    }

    fn event_rows(&self, part: &[Made], first: usize) -> anyhow::Result<RecordBatch> {
        let mut rows = Rows::new(Table::Events.columns());
        for (index, event) in part.iter().enumerate() {
            let (number, user, target, program) = self.names(event);
            let session = &self.sessions[event.session as usize];
            let at = time(event.at_us);
            let has_program = event.kind.starts_with("process");
            rows.push(&[
                Value::from((first + index) as u64),
                Value::Int(number),
                Value::Text(&session.id),
                Value::Text("agent"),
                Value::Text(event.kind),
                at.into(),
                Value::Day(at),
                at.into(),
                Value::Text(user),
                Value::Text(target),
                Value::Text(target),
                Value::Text("ssh"),
                has_program.then_some(program).into(),
                Value::Int(event.bytes.into()),
            ]);
        }
        Ok(rows.finish()?)
    }

    fn session_rows(&self, part: &[usize]) -> anyhow::Result<RecordBatch> {
        let columns = Table::Sessions.columns();
        let mut rows = Rows::new(columns);
        for number in part {
            let session = &self.sessions[*number];
            let (started, ended) = (
                time(session.started_us),
                time(session.started_us + session.length_us),
            );
            let row: Vec<Value<'_>> = columns
                .iter()
                .map(|column| match column.name {
                    "session_number" => Value::Int(*number as i64 + 1),
                    "session" => Value::Text(&session.id),
                    "user_name" => Value::Text(&self.users[session.user]),
                    "groups" => Value::Text("[]"),
                    "target" | "host" => Value::Text(&self.targets[session.target]),
                    "protocol" => Value::Text("ssh"),
                    "started" | "recorded" => started.into(),
                    "day" => Value::Day(started),
                    "ended" | "last_event" => ended.into(),
                    "duration_us" => Value::Int(session.length_us),
                    "events" => Value::Int(100),
                    _ => Value::Null,
                })
                .collect();
            rows.push(&row);
        }
        Ok(rows.finish()?)
    }
}

fn time(us: i64) -> Timestamp {
    Timestamp::from_micros(us).unwrap_or(Timestamp::MIN)
}
