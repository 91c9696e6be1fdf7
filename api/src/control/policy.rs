//! The policy that holds for one session, and telling its recorder.

use retrace_core::Timestamp;
use retrace_core::event::{ConfigChanged, EventBatch, PolicySet};
use retrace_ingest::protocol::Policy;
use serde_json::Value;

use super::{BY_SERVER, Control, ControlError, POLICY_SETTING, Session};

/// Adds what was set to what was set before.
pub(super) fn add(before: &mut PolicySet, set: &PolicySet) {
    let PolicySet {
        by: _,
        end_when_unreachable_s,
        idle_warning_s,
        inactivity_s,
        max_length_s,
        reason: _,
        record_keys,
    } = set;
    let keep = |before: &mut Option<u32>, set: &Option<u32>| *before = set.or(*before);
    keep(&mut before.end_when_unreachable_s, end_when_unreachable_s);
    keep(&mut before.idle_warning_s, idle_warning_s);
    keep(&mut before.inactivity_s, inactivity_s);
    keep(&mut before.max_length_s, max_length_s);
    before.record_keys = record_keys.or(before.record_keys);
}

/// Writes down that the policy in force is another than the recorder was told.
///
/// # Errors
/// When the log cannot be read or appended to.
pub async fn tell_policy(session: &Session, settings: &Policy) -> Result<(), ControlError> {
    session
        .append(|control| {
            let mut events = EventBatch::new();
            push_policy(control, None, settings, Timestamp::now(), &mut events)?;
            Ok::<_, ControlError>((!events.is_empty()).then_some(events))
        })
        .await?;
    Ok(())
}

/// Writes down which policy the recorder is told, when it was told another before, or none: what the
/// settings say, with what was set for this session, and with what is being set now.
///
/// # Errors
/// When the event cannot be written.
pub fn push_policy(
    control: &Control,
    set_now: Option<&PolicySet>,
    settings: &Policy,
    now: Timestamp,
    events: &mut EventBatch,
) -> Result<(), ControlError> {
    let in_force = control.in_force(settings);
    let in_force = set_now.map_or_else(|| in_force.clone(), |set| in_force.with(set));
    if control.policy() == Some(&in_force) {
        return Ok(());
    }
    let json = |policy| serde_json::to_value(policy).unwrap_or(Value::Null);
    let changed = ConfigChanged {
        by: BY_SERVER.to_owned(),
        new: json(Some(&in_force)),
        old: json(control.policy()),
        reason: None,
        setting: POLICY_SETTING.to_owned(),
    };
    Ok(events.push(now, changed)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_last_holds_and_what_was_not_set_is_what_the_settings_say() {
        let settings = Policy::default();
        let mut set = PolicySet::default();
        assert_eq!(settings.with(&set), settings);
        let of = |inactivity_s, max_length_s| PolicySet {
            by: "ann".to_owned(),
            inactivity_s,
            max_length_s,
            ..PolicySet::default()
        };
        add(&mut set, &of(Some(60), Some(0)));
        add(&mut set, &of(Some(90), None));
        let in_force = settings.with(&set);
        assert_eq!(in_force.inactivity_s, Some(90));
        assert_eq!(in_force.max_length_s, None);
        assert_eq!(in_force.idle_warning_s, settings.idle_warning_s);
        assert_eq!(in_force.record_keys, settings.record_keys);
    }
}
