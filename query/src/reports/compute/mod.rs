//! The rows of each report, from the facts.
//!
//! | module | holds |
//! |---|---|
//! | [`sessions`] | the reports with a row for each session, or for what is wrong with one |
//! | [`acts`] | those with a row for each thing that somebody did |
//! | [`charts`] | what can be seen of rows at a glance |

mod acts;
mod charts;
mod sessions;

use retrace_core::access::Right;

use super::commands::Of;
use super::facts::{Act, Facts, SessionFacts};
use super::{Cell, Question, ReportError};
pub(super) use charts::charts;

type Row = Vec<Cell>;

pub(super) fn rows(
    name: &str,
    facts: &Facts,
    question: &Question<'_>,
) -> Result<Vec<Row>, ReportError> {
    let seen = seen(facts, question);
    let started = || {
        seen.iter()
            .copied()
            .filter(|session| question.covers(session.started))
    };
    Ok(match name {
        "privileged-access" => started().map(sessions::privileged_access).collect(),
        "outside-hours" => sessions::outside_hours(started(), question)?,
        "long-sessions" => sessions::long(started(), question),
        "idle-sessions" => sessions::idle(started(), question),
        "denied-access" => acts_in(facts, question).filter_map(acts::denied).collect(),
        "recording-access" => acts::recording_access(facts, question),
        "changes" => acts_in(facts, question).filter_map(acts::change).collect(),
        "recording-coverage" => started().flat_map(sessions::coverage).collect(),
        "retention" => started()
            .map(|session| sessions::retention(session, question))
            .collect(),
        "reviews" => started().map(sessions::review).collect(),
        "dormant-accounts" => sessions::dormant(&seen, question),
        other => {
            return Err(ReportError::Unknown {
                name: other.to_owned(),
                expected: "a report that is computed from facts".to_owned(),
            });
        }
    })
}

/// The sessions that the viewer may know of, in the order in which they started.
fn seen<'a>(facts: &'a Facts, question: &Question<'_>) -> Vec<&'a SessionFacts> {
    let mut sessions = facts.sessions();
    sessions.retain(|session| {
        question
            .sight
            .covers(Right::ViewSessions, &session.traits())
    });
    sessions.sort_by_key(|session| (session.started, session.began));
    sessions
}

/// The sessions that something may have happened in, within the range.
pub(super) fn sessions_in(facts: &Facts, question: &Question<'_>) -> Vec<Of> {
    let seen = seen(facts, question).into_iter();
    seen.filter(|session| {
        let end = session
            .started
            .saturating_add_micros(i64::try_from(session.lasted_us()).unwrap_or(i64::MAX));
        session.started < question.until && end >= question.from
    })
    .map(|session| Of {
        id: session.id,
        user: session.user.clone(),
        target: session.place().map(str::to_owned),
    })
    .collect()
}

fn acts_in<'a>(facts: &'a Facts, question: &Question<'_>) -> impl Iterator<Item = &'a Act> {
    let (from, until) = (question.from, question.until);
    let acts = facts.acts().iter();
    acts.filter(move |act| from <= act.at && act.at < until)
}
