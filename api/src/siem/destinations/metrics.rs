//! The destinations as metrics, in the text format of Prometheus 0.0.4.

use std::fmt::Write;

use retrace_core::Position;

use super::status::{State, Status, StatusBook};

/// The media type of [`text`].
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The metrics of this node, beside a log of this size. Names of destinations need no escaping.
#[must_use]
pub fn text(statuses: &StatusBook, size: Position) -> String {
    let all = statuses.all();
    let mut out = String::new();
    let mut family = |name: &str, kind: &str, help: &str, value: &dyn Fn(&Status) -> u64| {
        // A String takes whatever is written to it.
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (destination, status) in &all {
            let value = value(status);
            let _ = writeln!(out, "{name}{{destination=\"{destination}\"}} {value}");
        }
    };
    family(
        "retrace_destination_delivered_total",
        "counter",
        "Events that the destination has taken.",
        &|status| status.delivered,
    );
    family(
        "retrace_destination_failures_total",
        "counter",
        "Times that sending to the destination failed.",
        &|status| status.failed,
    );
    family(
        "retrace_destination_dead_letters_total",
        "counter",
        "Events that the destination has refused for good.",
        &|status| status.dead,
    );
    family(
        "retrace_destination_lag_positions",
        "gauge",
        "Positions of the log that were not looked at for the destination yet.",
        &|status| status.lag(size),
    );
    family(
        "retrace_destination_cursor",
        "gauge",
        "The position below which the destination has everything.",
        &|status| status.cursor.0,
    );
    let name = "retrace_destination_state";
    let _ = writeln!(
        out,
        "# HELP {name} What the destination is doing: 1 for its state.\n# TYPE {name} gauge"
    );
    for (destination, status) in &all {
        for state in State::ALL {
            let is = u8::from(state == status.state);
            let state = state.name();
            let _ = writeln!(
                out,
                "{name}{{destination=\"{destination}\",state=\"{state}\"}} {is}"
            );
        }
    }
    let _ = writeln!(
        out,
        "# HELP retrace_log_size Events in the log.\n# TYPE retrace_log_size gauge\nretrace_log_size {size}"
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_destination_has_its_numbers() {
        let statuses = StatusBook::default();
        statuses.change("siem", |status| {
            status.state = State::Retrying;
            status.sent = Position(90);
            status.delivered = 88;
        });
        let text = text(&statuses, Position(100));
        for line in [
            "retrace_destination_delivered_total{destination=\"siem\"} 88",
            "retrace_destination_lag_positions{destination=\"siem\"} 10",
            "retrace_destination_state{destination=\"siem\",state=\"retrying\"} 1",
            "retrace_destination_state{destination=\"siem\",state=\"idle\"} 0",
            "retrace_log_size 100",
        ] {
            assert!(text.lines().any(|one| one == line), "{line}\n{text}");
        }
    }
}
