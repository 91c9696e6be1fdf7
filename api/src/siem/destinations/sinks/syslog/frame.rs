//! Messages of RFC 5424: `<priority>1 time host retrace - type [meta …][retrace@32473 …] line`.
//!
//! - No byte order mark before the line: parsers of JSON do not take one.
//! - `meta sequenceId` counts with the position; the id of the event stands beside it, also where the line was too long and
//!   holds a part of the event only (`truncated="true"`).
//! - 32473 is the enterprise number that RFC 5612 keeps for documentation: Retrace has none.

use std::io::Write;

use crate::siem::destinations::definition::Destination;
use crate::siem::destinations::sinks::Outgoing;

/// RFC 5424, table 1: log audit.
const FACILITY: u64 = 13;
/// RFC 5424, 7.3.1.
const SEQUENCE_MAX: u64 = 2_147_483_647;
const MSGID_BYTES_MAX: usize = 32;

pub(super) struct Framer {
    facility: u64,
    hostname: String,
    frame: Vec<u8>,
}

impl Framer {
    pub(super) fn new(destination: &Destination) -> Self {
        let hostname = destination.text("hostname").map(str::to_owned);
        Self {
            facility: destination.number("facility", FACILITY).min(23),
            hostname: hostname.unwrap_or_else(own_hostname),
            frame: Vec::new(),
        }
    }

    /// Appends the message of an event.
    pub(super) fn push(&self, event: &Outgoing, out: &mut Vec<u8>) {
        // Notice, warning and error are for what OCSF calls low, medium and high.
        let severity = match event.severity {
            0 | 1 => 6,
            2 => 5,
            3 => 4,
            _ => 3,
        };
        let kind = event.kind.as_str();
        // A Vec takes whatever is written to it. Ids and types hold nothing that is to be escaped.
        let _ = write!(
            out,
            "<{}>1 {} {} retrace - {} [meta sequenceId=\"{}\"][retrace@32473 id=\"{}\" type=\"{kind}\"",
            self.facility * 8 + severity,
            event.at,
            self.hostname,
            &kind[..kind.len().min(MSGID_BYTES_MAX)],
            event.position.0 % SEQUENCE_MAX + 1,
            event.id,
        );
        if event.truncated {
            out.extend_from_slice(b" truncated=\"true\"");
        }
        out.extend_from_slice(b"] ");
        out.extend_from_slice(&event.line);
    }

    /// The same with its length before it, as in RFC 6587, 3.4.1.
    pub(super) fn push_counted(&mut self, event: &Outgoing, out: &mut Vec<u8>) {
        let mut frame = std::mem::take(&mut self.frame);
        frame.clear();
        self.push(event, &mut frame);
        let _ = write!(out, "{} ", frame.len());
        out.extend_from_slice(&frame);
        self.frame = frame;
    }
}

fn own_hostname() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    let plain = |c: char| c.is_ascii_graphic();
    if (1..=255).contains(&name.len()) && name.chars().all(plain) {
        name.to_owned()
    } else {
        "-".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use retrace_core::Position;
    use retrace_core::event::EventType;

    use super::*;

    #[test]
    fn a_frame_is_counted_and_begins_as_the_standard_says() {
        let mut framer = Framer {
            facility: 13,
            hostname: "node-1".to_owned(),
            frame: Vec::new(),
        };
        let event = Outgoing {
            position: Position(SEQUENCE_MAX),
            id: "log-7".to_owned(),
            at: "2026-11-21T09:30:00.000001Z".parse().unwrap(),
            recorded_at: "2026-11-21T09:30:01Z".parse().unwrap(),
            kind: EventType::TERMINATE_REQUESTED,
            severity: 3,
            truncated: true,
            line: "{\"é\":1}".into(),
        };
        let mut out = Vec::new();
        framer.push_counted(&event, &mut out);
        let text = String::from_utf8(out).unwrap();
        let frame = "<108>1 2026-11-21T09:30:00.000001Z node-1 retrace - session.terminate_requested \
                     [meta sequenceId=\"1\"][retrace@32473 id=\"log-7\" type=\"session.terminate_requested\" \
                     truncated=\"true\"] {\"é\":1}";
        assert_eq!(text, format!("{} {frame}", frame.len()));
    }
}
