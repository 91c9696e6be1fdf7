//! The rows of reports about what people did.

use retrace_core::access::Right;
use retrace_core::event::EventBody;
use serde_json::Value;

use super::super::facts::{Act, Facts, SessionFacts};
use super::super::{Cell, Question};
use super::{Row, acts_in};

fn times(looks: Option<u64>) -> Cell {
    Cell::Count(looks.unwrap_or(1))
}

pub(super) fn denied(act: &Act) -> Option<Row> {
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

pub(super) fn recording_access(facts: &Facts, question: &Question<'_>) -> Vec<Row> {
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
    acts_in(facts, question).filter_map(row).collect()
}

/// A value of a setting, as people read it.
fn value(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Nothing,
        Value::String(text) => Cell::Text(text.clone()),
        other => Cell::Text(other.to_string()),
    }
}

pub(super) fn change(act: &Act) -> Option<Row> {
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
