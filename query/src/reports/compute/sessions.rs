//! The rows of reports about sessions.

use std::collections::BTreeMap;

use jiff::Zoned;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use retrace_core::Timestamp;

use super::super::facts::SessionFacts;
use super::super::{Cell, Question, ReportError};
use super::Row;

const DAY_US: u64 = 86_400 * 1_000_000;

/// The user, the account, and where it is.
fn who_and_where(session: &SessionFacts) -> [Cell; 3] {
    [
        Cell::text(session.user.as_deref()),
        Cell::text(session.secret.as_deref()),
        Cell::text(session.place()),
    ]
}

fn ended(session: &SessionFacts) -> Cell {
    let reason = session
        .ended
        .as_ref()
        .map(|(_, reason)| reason.replace('_', " "));
    Cell::Text(reason.unwrap_or_else(|| "not ended".to_owned()))
}

pub(super) fn privileged_access(session: &SessionFacts) -> Row {
    let [user, account, target] = who_and_where(session);
    vec![
        Cell::Time(session.started),
        user,
        account,
        target,
        Cell::text(session.protocol.as_deref()),
        Cell::text(session.site.as_deref()),
        Cell::Duration(session.lasted_us()),
        ended(session),
        Cell::Session(session.id),
    ]
}

pub(super) fn outside_hours<'a>(
    sessions: impl Iterator<Item = &'a SessionFacts>,
    question: &Question<'_>,
) -> Result<Vec<Row>, ReportError> {
    let (start, end) = (question.number("start"), question.number("end"));
    let zone = question.text("zone");
    let zone = TimeZone::get(zone).map_err(|_| ReportError::Parameter {
        name: "zone".to_owned(),
        found: zone.to_owned(),
        expected: "a time zone, such as Europe/Berlin".to_owned(),
    })?;
    let there = |at: Timestamp| -> Option<Zoned> {
        let at = jiff::Timestamp::from_microsecond(at.micros()).ok()?;
        Some(at.to_zoned(zone.clone()))
    };
    let mut rows = Vec::new();
    for session in sessions {
        let Some(there) = there(session.started) else {
            continue;
        };
        let hour = u64::from(there.hour().unsigned_abs());
        let on_weekend = matches!(there.weekday(), Weekday::Saturday | Weekday::Sunday);
        if !on_weekend && (start..end).contains(&hour) {
            continue;
        }
        let [user, account, target] = who_and_where(session);
        let local = there.strftime("%a %Y-%m-%d %H:%M").to_string();
        rows.push(vec![
            Cell::Time(session.started),
            Cell::Text(local),
            user,
            account,
            target,
            Cell::Duration(session.lasted_us()),
            Cell::Session(session.id),
        ]);
    }
    Ok(rows)
}

pub(super) fn long<'a>(
    sessions: impl Iterator<Item = &'a SessionFacts>,
    question: &Question<'_>,
) -> Vec<Row> {
    let least = question.number("hours").saturating_mul(3_600_000_000);
    let long = sessions.filter(|session| session.lasted_us() > least);
    long.map(|session| {
        let [user, account, target] = who_and_where(session);
        vec![
            Cell::Time(session.started),
            user,
            account,
            target,
            Cell::Duration(session.lasted_us()),
            ended(session),
            Cell::Session(session.id),
        ]
    })
    .collect()
}

pub(super) fn idle<'a>(
    sessions: impl Iterator<Item = &'a SessionFacts>,
    question: &Question<'_>,
) -> Vec<Row> {
    let least = question.number("minutes").saturating_mul(60_000_000);
    sessions
        .filter_map(|session| {
            let (paused, since) = session.idle.filter(|(paused, _)| *paused >= least)?;
            let [user, _, target] = who_and_where(session);
            let lasted = Cell::Duration(session.lasted_us());
            let (paused, since) = (Cell::Duration(paused), Cell::Time(since));
            let id = Cell::Session(session.id);
            Some(vec![
                Cell::Time(session.started),
                user,
                target,
                paused,
                since,
                lasted,
                id,
            ])
        })
        .collect()
}

pub(super) fn coverage(session: &SessionFacts) -> Vec<Row> {
    let [user, _, target] = who_and_where(session);
    let row = |problem: &str, missing: Option<u64>, detail: String| {
        vec![
            Cell::Time(session.started),
            user.clone(),
            target.clone(),
            Cell::Text(problem.to_owned()),
            missing.map_or(Cell::Nothing, Cell::Duration),
            Cell::Text(detail),
            Cell::Session(session.id),
        ]
    };
    let was_refused = session
        .ended
        .as_ref()
        .is_some_and(|(_, reason)| reason == "refused");
    let mut rows = Vec::new();
    if !session.recorded && session.purged.is_none() && !was_refused {
        let what = if session.ended.is_some() {
            "nothing was recorded of it"
        } else {
            "nothing was recorded of it so far"
        };
        rows.push(row(
            "no recording",
            Some(session.lasted_us()),
            what.to_owned(),
        ));
    }
    for fault in &session.faults {
        rows.push(row(fault.kind, fault.missing_us, fault.detail.clone()));
    }
    rows
}

pub(super) fn retention(session: &SessionFacts, question: &Question<'_>) -> Row {
    let [user, _, target] = who_and_where(session);
    let held = session.held.iter().next().map(|(matter, (by, reason))| {
        let because = match matter.is_empty() {
            true => reason.clone(),
            false => format!("{matter}: {reason}"),
        };
        (by, because)
    });
    let (state, by, reason) = match (&session.purged, &held, &session.archived) {
        (Some((by, reason)), _, _) => ("destroyed", Some(by.clone()), Some(reason.clone())),
        (None, Some((by, reason)), _) => {
            ("on legal hold", Some((*by).clone()), Some(reason.clone()))
        }
        (None, None, Some(location)) => ("archived", None, Some(location.clone())),
        (None, None, None) => ("kept", None, None),
    };
    // Against the end of the range: no clock is asked.
    let age = u64::try_from(question.end.micros_since(session.started)).unwrap_or(0);
    vec![
        Cell::Time(session.started),
        user,
        target,
        Cell::Text(state.to_owned()),
        Cell::Duration(age),
        Cell::text(by),
        Cell::text(reason),
        Cell::Session(session.id),
    ]
}

pub(super) fn review(session: &SessionFacts) -> Row {
    let [user, _, target] = who_and_where(session);
    let (state, reviewer, at, comment) = match &session.reviewed {
        Some((by, at, comment)) => (
            "reviewed",
            Some(by.clone()),
            Cell::Time(*at),
            comment.clone(),
        ),
        None if session.assigned.is_some() => {
            ("assigned", session.assigned.clone(), Cell::Nothing, None)
        }
        None => ("not reviewed", None, Cell::Nothing, None),
    };
    vec![
        Cell::Time(session.started),
        user,
        target,
        Cell::Text(state.to_owned()),
        Cell::text(reviewer),
        at,
        Cell::text(comment),
        Cell::Session(session.id),
    ]
}

pub(super) fn dormant(sessions: &[&SessionFacts], question: &Question<'_>) -> Vec<Row> {
    let least = question.number("days").saturating_mul(DAY_US);
    let mut used: BTreeMap<(&str, String), (u64, &SessionFacts)> = BTreeMap::new();
    for session in sessions
        .iter()
        .filter(|session| session.started < question.until)
    {
        let account = match (&session.secret, session.place()) {
            (Some(secret), Some(place)) => Some(format!("{secret} on {place}")),
            (None, place) => place.map(str::to_owned),
            (Some(secret), None) => Some(secret.clone()),
        };
        let names = [("account", account), ("user", session.user.clone())];
        for (kind, name) in names {
            let Some(name) = name else { continue };
            let entry = used.entry((kind, name)).or_insert((0, session));
            entry.0 += 1;
            if (session.started, session.began) > (entry.1.started, entry.1.began) {
                entry.1 = session;
            }
        }
    }
    let unused = |(_, last): &(u64, &SessionFacts)| {
        u64::try_from(question.end.micros_since(last.started)).unwrap_or(0)
    };
    let used = used
        .into_iter()
        .filter(|(_, use_of)| unused(use_of) >= least);
    used.map(|((kind, name), use_of)| {
        let (count, last) = use_of;
        vec![
            Cell::Text(kind.to_owned()),
            Cell::Text(name),
            Cell::Time(last.started),
            Cell::Duration(unused(&use_of)),
            Cell::Count(count),
            Cell::text(last.user.as_deref()),
            Cell::Session(last.id),
        ]
    })
    .collect()
}
