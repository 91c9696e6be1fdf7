//! The rows of each report, from the facts.

use std::collections::{BTreeMap, HashMap};

use jiff::Zoned;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use retrace_core::Timestamp;
use retrace_core::access::Right;
use retrace_core::event::EventBody;
use serde_json::Value;

use super::catalogue::{ColumnKind, Definition};
use super::commands::Of;
use super::facts::{Act, Facts, SessionFacts};
use super::{Cell, Chart, Question, ReportError};

/// A chart has so many bars; what is beyond them is one.
const BARS_MAX: usize = 10;
const DAY_US: u64 = 86_400 * 1_000_000;

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
        "privileged-access" => started().map(privileged_access).collect(),
        "outside-hours" => outside_hours(started(), question)?,
        "long-sessions" => {
            let least = question.number("hours").saturating_mul(3_600_000_000);
            let long = started().filter(|session| session.lasted_us() > least);
            long.map(|session| {
                let [user, account, target] = who_and_where(session);
                let (lasted, id) = (
                    Cell::Duration(session.lasted_us()),
                    Cell::Session(session.id),
                );
                vec![
                    Cell::Time(session.started),
                    user,
                    account,
                    target,
                    lasted,
                    ended(session),
                    id,
                ]
            })
            .collect()
        }
        "idle-sessions" => idle(started(), question),
        "denied-access" => acts(facts, question).filter_map(denied).collect(),
        "recording-access" => recording_access(facts, question),
        "changes" => acts(facts, question).filter_map(change).collect(),
        "recording-coverage" => started().flat_map(coverage).collect(),
        "retention" => started()
            .map(|session| retention(session, question))
            .collect(),
        "reviews" => started().map(review).collect(),
        "dormant-accounts" => dormant(&seen, question),
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

fn acts<'a>(facts: &'a Facts, question: &Question<'_>) -> impl Iterator<Item = &'a Act> {
    let (from, until) = (question.from, question.until);
    let acts = facts.acts().iter();
    acts.filter(move |act| from <= act.at && act.at < until)
}

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

fn privileged_access(session: &SessionFacts) -> Row {
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

fn outside_hours<'a>(
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

fn idle<'a>(sessions: impl Iterator<Item = &'a SessionFacts>, question: &Question<'_>) -> Vec<Row> {
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

fn times(looks: Option<u64>) -> Cell {
    Cell::Count(looks.unwrap_or(1))
}

fn denied(act: &Act) -> Option<Row> {
    let (who, kind, what, address, count) = match &act.body {
        EventBody::AuthDenied(denied) => (
            denied.who.clone().or_else(|| denied.token.clone()),
            "sign-in failed",
            denied.reason.clone(),
            denied.address.clone(),
            denied.count,
        ),
        EventBody::AccessDenied(denied) => {
            let right = denied.right.as_deref().unwrap_or("to know of it");
            let what = format!("{}: {}", denied.object, right.replace('_', " "));
            let who = Some(denied.by.clone());
            (
                who,
                "not allowed",
                what,
                denied.address.clone(),
                denied.looks,
            )
        }
        _ => return None,
    };
    Some(vec![
        Cell::Time(act.at),
        Cell::text(who),
        Cell::Text(kind.to_owned()),
        Cell::Text(what),
        Cell::text(address),
        times(count),
        Cell::Position(act.position),
    ])
}

fn recording_access(facts: &Facts, question: &Question<'_>) -> Vec<Row> {
    let row = |act: &Act| {
        let session = act.session?;
        let may =
            |facts: &SessionFacts| question.sight.covers(Right::ViewSessions, &facts.traits());
        if !facts.session(session).is_some_and(may) {
            return None;
        }
        let (by, kind, what, address, reason, looks) = match &act.body {
            EventBody::RecordingViewed(seen) => (
                &seen.by,
                "viewed",
                seen.what.join(", "),
                &seen.address,
                seen.reason.clone(),
                seen.looks,
            ),
            EventBody::RecordingDownloaded(taken) => (
                &taken.by,
                "downloaded",
                taken.object.clone(),
                &taken.address,
                taken.reason.clone(),
                None,
            ),
            EventBody::RedactionRevealed(seen) => {
                let reason = Some(seen.reason.clone());
                (
                    &seen.by,
                    "revealed",
                    seen.what.join(", "),
                    &seen.address,
                    reason,
                    seen.looks,
                )
            }
            _ => return None,
        };
        Some(vec![
            Cell::Time(act.at),
            Cell::Text(by.clone()),
            Cell::Text(kind.to_owned()),
            Cell::Text(what),
            Cell::text(address.clone()),
            Cell::text(reason),
            times(looks),
            Cell::Session(session),
            Cell::Position(act.position),
        ])
    };
    acts(facts, question).filter_map(row).collect()
}

/// A value of a setting, as people read it.
fn value(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Nothing,
        Value::String(text) => Cell::Text(text.clone()),
        other => Cell::Text(other.to_string()),
    }
}

fn change(act: &Act) -> Option<Row> {
    let none = || Cell::Nothing;
    let of_session = || {
        act.session
            .map_or_else(String::new, |session| session.to_string())
    };
    let (by, kind, what, old, new, reason) = match &act.body {
        EventBody::ConfigChanged(told) => {
            let what = told.setting.clone();
            (
                &told.by,
                "setting",
                what,
                value(&told.old),
                value(&told.new),
                told.reason.clone(),
            )
        }
        EventBody::TokenCreated(told) => {
            let role = told.role.map_or("admin", |role| role.as_str());
            let what = format!("token {} ({})", told.id, told.name);
            (
                &told.by,
                "token made",
                what,
                none(),
                Cell::Text(role.to_owned()),
                None,
            )
        }
        EventBody::TokenRevoked(told) => (
            &told.by,
            "token revoked",
            format!("token {}", told.id),
            none(),
            none(),
            None,
        ),
        EventBody::GrantGiven(told) => {
            let what = format!("{} ({})", told.to, told.id);
            let scope = serde_json::to_string(&told.scope).unwrap_or_default();
            let new = match scope.as_str() {
                "{}" | "null" => told.role.as_str().to_owned(),
                scope => format!("{} over {scope}", told.role.as_str()),
            };
            (
                &told.by,
                "grant given",
                what,
                none(),
                Cell::Text(new),
                told.reason.clone(),
            )
        }
        EventBody::GrantWithdrawn(told) => {
            let what = format!("grant {}", told.id);
            (
                &told.by,
                "grant withdrawn",
                what,
                none(),
                none(),
                told.reason.clone(),
            )
        }
        EventBody::HoldPlaced(told) => (
            &told.by,
            "legal hold placed",
            of_session(),
            none(),
            none(),
            Some(told.reason.clone()),
        ),
        EventBody::HoldReleased(told) => (
            &told.by,
            "legal hold lifted",
            of_session(),
            none(),
            none(),
            Some(told.reason.clone()),
        ),
        EventBody::RetentionPurged(told) => (
            &told.by,
            "content destroyed",
            of_session(),
            none(),
            none(),
            Some(told.reason.clone()),
        ),
        _ => return None,
    };
    Some(vec![
        Cell::Time(act.at),
        Cell::Text(by.clone()),
        Cell::Text(kind.to_owned()),
        Cell::Text(what),
        old,
        new,
        Cell::text(reason),
        Cell::Position(act.position),
    ])
}

fn coverage(session: &SessionFacts) -> Vec<Row> {
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

fn retention(session: &SessionFacts, question: &Question<'_>) -> Row {
    let [user, _, target] = who_and_where(session);
    let (state, by, reason) = match (&session.purged, &session.held, &session.archived) {
        (Some((by, reason)), _, _) => ("destroyed", Some(by.clone()), Some(reason.clone())),
        (None, Some((by, reason)), _) => ("on legal hold", Some(by.clone()), Some(reason.clone())),
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

fn review(session: &SessionFacts) -> Row {
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

fn dormant(sessions: &[&SessionFacts], question: &Question<'_>) -> Vec<Row> {
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

/// What can be seen of rows at a glance: how many there are of each value of a column, and on each day.
pub(super) fn charts(definition: &'static Definition, rows: &[Row]) -> Vec<Chart> {
    let mut charts = Vec::new();
    let place = |name: &str| {
        definition
            .columns
            .iter()
            .position(|column| column.name == name)
    };
    for (title, name) in definition.charts {
        let Some(place) = place(name) else { continue };
        let mut counts: HashMap<&str, u64> = HashMap::new();
        for row in rows {
            let value = match row.get(place) {
                Some(Cell::Text(text)) => text.as_str(),
                _ => "(not told)",
            };
            *counts.entry(value).or_default() += 1;
        }
        let mut bars: Vec<(String, u64)> = counts
            .into_iter()
            .map(|(value, count)| (value.to_owned(), count))
            .collect();
        bars.sort_by(|(one, ones), (other, others)| others.cmp(ones).then_with(|| one.cmp(other)));
        if bars.len() > BARS_MAX {
            let rest = bars.split_off(BARS_MAX - 1);
            let count = rest.iter().map(|(_, count)| count).sum();
            bars.push((format!("{} others", rest.len()), count));
        }
        charts.push(Chart { title, bars });
    }
    let time = definition
        .columns
        .iter()
        .position(|column| column.kind == ColumnKind::Time);
    if let Some(place) = time
        && let Some(bars) = by_time(rows, place)
    {
        charts.push(Chart {
            title: "Over time",
            bars,
        });
    }
    charts.retain(|chart| !chart.bars.is_empty());
    charts
}

/// How many rows there are of each day, month or year: whichever gives few enough bars. None where it gives one.
fn by_time(rows: &[Row], place: usize) -> Option<Vec<(String, u64)>> {
    for characters in [10, 7, 4] {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for row in rows {
            if let Some(Cell::Time(at)) = row.get(place) {
                let text = at.to_string();
                let period = text.get(..characters).unwrap_or(&text);
                *counts.entry(period.to_owned()).or_default() += 1;
            }
        }
        if counts.len() <= 31 {
            return (counts.len() > 1).then(|| counts.into_iter().collect());
        }
    }
    None
}
