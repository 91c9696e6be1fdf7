//! Reports for those who have to show that privileged sessions are watched over.
//!
//! | module | holds |
//! |---|---|
//! | [`catalogue`] | which reports there are: what each answers, its parameters, columns, and the controls that it supports |
//! | [`controls`] | the controls, by framework |
//! | [`facts`] | what the log says of sessions and of what people did, as of a position: one pass over it |
//! | [`compute`] | the rows of each report, from the facts |
//! | [`commands`] | the rows of the one about commands, from the index of moments |
//!
//! **A report is a function** of its name, its parameters, its range of time, the position of the log, and what whoever runs
//! it may see: the same again gives the same rows in the same order. It carries all of these, and the signed checkpoint of
//! that position. No clock is asked: ages are counted to the end of the range, or to when the
//! last event below the position was taken in.
//!
//! **Nobody sees in a report what they do not see elsewhere**: rows about sessions are those of sessions in the viewer's
//! sight, and reports about the server itself need the right to see its settings.

pub mod catalogue;
mod commands;
mod compute;
pub mod controls;
pub mod facts;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use retrace_core::access::Right;
use retrace_core::log::merkle::TreeEdge;
use retrace_core::log::{EventLog, StoreError};
use retrace_core::{Position, SessionId, Timestamp};
use tokio::sync::Mutex;

use crate::{QueryError, Reader};
use catalogue::{Definition, Parameter, definition};
use facts::Facts;

/// More rows than this are no report that anybody reads.
pub const ROWS_MAX: usize = 50_000;
const PAGE_EVENTS: usize = 4_096;

/// What is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// The name of the report.
    pub name: String,
    /// What happened at this time or later; without it, from the beginning.
    pub from: Option<Timestamp>,
    /// What happened before this time; without it, to the last event below the position.
    pub to: Option<Timestamp>,
    /// Parameters that are not to have their default, by name.
    pub parameters: BTreeMap<String, String>,
    /// As of this position; without it, as of now.
    pub at: Option<Position>,
    /// Who runs it.
    pub by: String,
}

/// A value in a report.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// There is none.
    Nothing,
    /// A text, as it is: of a stranger, perhaps.
    Text(String),
    /// A point in time.
    Time(Timestamp),
    /// How long something took, in microseconds.
    Duration(u64),
    /// How many.
    Count(u64),
    /// A session.
    Session(SessionId),
    /// A position of the log.
    Position(Position),
}

impl Cell {
    fn text(text: Option<impl Into<String>>) -> Self {
        text.map_or(Self::Nothing, |text| Self::Text(text.into()))
    }
}

/// Bars of one length each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// What is counted.
    pub title: &'static str,
    /// What it is of, and how many; the most first, or in the order of time.
    pub bars: Vec<(String, u64)>,
}

/// A report that was run.
#[derive(Debug, Clone)]
pub struct Report {
    /// Which.
    pub definition: &'static Definition,
    /// From when on, as asked.
    pub from: Option<Timestamp>,
    /// Until when, as asked or when the last event was taken in.
    pub to: Timestamp,
    /// Whether that was asked.
    pub is_to_asked: bool,
    /// All parameters with their values.
    pub parameters: BTreeMap<&'static str, String>,
    /// Its rows, each with as many cells as there are columns.
    pub rows: Vec<Vec<Cell>>,
    /// Whether there would have been more than [`ROWS_MAX`].
    pub is_cut: bool,
    /// What can be seen at a glance.
    pub charts: Vec<Chart>,
    /// The position of the log that it is as of.
    pub position: Position,
    /// The signed checkpoint of that position. Empty when the log is.
    pub checkpoint: String,
    /// Who ran it.
    pub by: String,
    /// Whether rows may be missing of sessions that they do not see.
    pub is_partial: bool,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// There is none of that name.
    #[error("there is no report `{name}`: expected one of {expected}")]
    Unknown {
        /// The name.
        name: String,
        /// Those that there are.
        expected: String,
    },
    /// A parameter, or the range, is none that can be.
    #[error("`{name}` is {found:?}, expected {expected}")]
    Parameter {
        /// The parameter.
        name: String,
        /// What was given.
        found: String,
        /// What it may be.
        expected: String,
    },
    /// The log was never of that size.
    #[error("the log has {size} events, expected a position up to that, found {asked}")]
    Ahead {
        /// The position that was asked for.
        asked: Position,
        /// The size of the log.
        size: Position,
    },
    /// The viewer may not see it, or a read model does not answer.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The log cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Runs reports. What the log says is kept between them, so that each reads only what is new.
pub struct ReportBook {
    log: Arc<dyn EventLog>,
    facts: Mutex<Facts>,
}

impl ReportBook {
    /// Reports over a log. Nothing is read yet.
    pub fn new(log: Arc<dyn EventLog>) -> Self {
        Self {
            log,
            facts: Mutex::default(),
        }
    }

    /// Runs a report for a viewer: the reader is theirs.
    ///
    /// # Errors
    /// When there is no such report, a parameter is none, they may not see it, or something cannot be read.
    pub async fn run(&self, reader: &Reader, asked: &Asked) -> Result<Report, ReportError> {
        let definition = definition(&asked.name)?;
        let parameters = definition.parameters_of(&asked.parameters)?;
        if let (Some(from), Some(to)) = (asked.from, asked.to)
            && from > to
        {
            return Err(ReportError::Parameter {
                name: "from".to_owned(),
                found: from.to_string(),
                expected: format!("a time up to {to}"),
            });
        }
        for right in definition.needs {
            if !reader.sight().may_everywhere(*right) {
                return Err(QueryError::Denied(*right).into());
            }
        }
        let size = self.log.head().await?.size;
        let position = asked.at.unwrap_or(size);
        if position > size {
            return Err(ReportError::Ahead {
                asked: position,
                size,
            });
        }
        let checkpoint = self.log.checkpoint_at(position).await?;
        let checkpoint = checkpoint.map(|checkpoint| checkpoint.as_note().to_owned());
        let mut facts = self.facts.lock().await;
        facts.read_up_to(&*self.log, position).await?;
        let to = asked.to.or(facts.last_recorded()).unwrap_or(Timestamp::MIN);
        let question = Question {
            from: asked.from.unwrap_or(Timestamp::MIN),
            // What a recorder dates later than the log took it in is no less there.
            until: asked.to.unwrap_or(Timestamp::MAX),
            end: to,
            position,
            parameters: &parameters,
            sight: reader.sight(),
        };
        let mut rows = match definition.name {
            "watched-commands" => {
                let sessions = compute::sessions_in(&facts, &question);
                drop(facts);
                let (reader, question) = (reader.clone(), question.commands()?);
                let find = move || commands::rows(&reader, &sessions, &question);
                let found = tokio::task::spawn_blocking(find).await;
                found.map_err(QueryError::internal)??
            }
            "integrity" => {
                drop(facts);
                self.integrity(position, checkpoint.as_deref()).await?
            }
            _ => compute::rows(definition.name, &facts, &question)?,
        };
        let is_cut = rows.len() > ROWS_MAX;
        rows.truncate(ROWS_MAX);
        let charts = compute::charts(definition, &rows);
        Ok(Report {
            definition,
            from: asked.from,
            to,
            is_to_asked: asked.to.is_some(),
            rows,
            is_cut,
            charts,
            position,
            checkpoint: checkpoint.unwrap_or_default(),
            by: asked.by.clone(),
            is_partial: !reader.sight().may_everywhere(Right::ViewSessions),
            parameters,
        })
    }

    /// Hashes every leaf again, and holds the root against the checkpoint.
    async fn integrity(
        &self,
        position: Position,
        checkpoint: Option<&str>,
    ) -> Result<Vec<Vec<Cell>>, ReportError> {
        let (mut edge, mut next, mut gap) = (TreeEdge::default(), Position(0), None);
        while next < position {
            let left = usize::try_from(position.0 - next.0).unwrap_or(usize::MAX);
            let events = self.log.read(next, left.min(PAGE_EVENTS)).await?;
            let Some(last) = events.last() else { break };
            let end = last.position().plus(1);
            for (expected, event) in (next.0..).zip(&events) {
                if event.position().0 != expected && gap.is_none() {
                    gap = Some(expected);
                }
                edge.push(event.leaf_hash(), |_, _, _| {});
            }
            next = end;
        }
        let root = {
            use base64::Engine;
            base64::prelude::BASE64_STANDARD.encode(edge.root())
        };
        let signed = checkpoint.and_then(|note| note.lines().nth(2));
        let outcome =
            |holds: bool| Cell::Text(if holds { "holds" } else { "DOES NOT HOLD" }.to_owned());
        let row = |check: &str, holds: bool, detail: String| {
            vec![
                Cell::Text(check.to_owned()),
                outcome(holds),
                Cell::Text(detail),
            ]
        };
        let is_whole = gap.is_none() && next == position;
        Ok(vec![
            row(
                "Every position has an event, in order",
                is_whole,
                match gap {
                    Some(gap) => format!("the event at position {gap} is missing"),
                    None => format!("{next} events read"),
                },
            ),
            row(
                "The hashes of all events lead to the root that the log signed",
                position.0 == 0 || signed == Some(root.as_str()),
                format!("computed {root}, signed {}", signed.unwrap_or("nothing")),
            ),
            row(
                "The checkpoint is signed by the key of the log",
                position.0 == 0
                    || checkpoint.is_some_and(|note| {
                        let key = self.log.verifier_key();
                        retrace_core::log::checkpoint::Checkpoint::verify(note, key).is_ok()
                    }),
                self.log.verifier_key().to_owned(),
            ),
        ])
    }
}

/// What a report is computed for.
struct Question<'a> {
    from: Timestamp,
    until: Timestamp,
    /// Against which ages are told: the end of the range.
    end: Timestamp,
    position: Position,
    parameters: &'a BTreeMap<&'static str, String>,
    sight: &'a retrace_core::access::Sight,
}

impl Question<'_> {
    fn covers(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }

    /// The value of a parameter, which was checked.
    fn number(&self, name: &str) -> u64 {
        let value = self.parameters.get(name);
        value.and_then(|value| value.parse().ok()).unwrap_or(0)
    }

    fn text(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", String::as_str)
    }

    fn commands(&self) -> Result<commands::Wanted, ReportError> {
        let expression = self.text("pattern");
        let pattern = regex::RegexBuilder::new(expression)
            .case_insensitive(true)
            .size_limit(1 << 20)
            .build();
        Ok(commands::Wanted {
            pattern: pattern.map_err(|_| ReportError::Parameter {
                name: "pattern".to_owned(),
                found: expression.to_owned(),
                expected: "a regular expression".to_owned(),
            })?,
            from: self.from,
            until: self.until,
            before: self.position,
        })
    }
}

impl Definition {
    /// All parameters with their values: those that were given, and for others their default.
    ///
    /// # Errors
    /// When there is no such parameter, or it cannot have that value.
    pub fn parameters_of(
        &self,
        given: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<&'static str, String>, ReportError> {
        if let Some((name, value)) = given
            .iter()
            .find(|(name, _)| self.parameters.iter().all(|known| known.name != **name))
        {
            let known: Vec<&str> = self.parameters.iter().map(|known| known.name).collect();
            return Err(ReportError::Parameter {
                name: name.clone(),
                found: value.clone(),
                expected: match known.as_slice() {
                    [] => "no parameter: this report has none".to_owned(),
                    known => format!("one of the parameters {}", known.join(", ")),
                },
            });
        }
        let value = |parameter: &Parameter| {
            let value = given.get(parameter.name).map(|value| value.trim());
            let value = value.unwrap_or(parameter.default);
            if parameter.kind.allows(value) {
                Ok((parameter.name, value.to_owned()))
            } else {
                Err(ReportError::Parameter {
                    name: parameter.name.to_owned(),
                    found: value.chars().take(200).collect(),
                    expected: parameter.kind.expected(),
                })
            }
        };
        self.parameters.iter().map(value).collect()
    }
}
