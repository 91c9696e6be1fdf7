//! IBM QRadar Log Event Extended Format 2.0: `LEEF:2.0|vendor|product|version|event|delimiter|attributes`.
//!
//! Attributes are divided by a tab, which is said in the header (`x09`) and cannot stand in a value: control characters
//! are shown ([`shown`]).

use std::fmt::Write;

use super::facts::Outcome;
use super::text::shown;
use super::{Line, PRODUCT, PRODUCT_VERSION, VENDOR};

pub(super) fn push(line: &Line<'_>, out: &mut Vec<u8>) {
    let facts = &line.facts;
    let kind = line.seen.kind();
    let mut text = format!("LEEF:2.0|{VENDOR}|{PRODUCT}|{PRODUCT_VERSION}|{kind}|x09|");
    // A String takes whatever is written to it. Milliseconds need no format to be named.
    let _ = write!(text, "devTime={}", line.time_ms());
    let mut pair = |key: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            text.push('\t');
            text.push_str(key);
            text.push('=');
            text.push_str(&shown(value));
        }
    };
    // LEEF counts from 1 to 10.
    let severity = (u32::from(line.meaning.severity) * 2).to_string();
    pair("sev", Some(&severity));
    pair("cat", line.meaning.categories.first().copied());
    pair("eventId", Some(&line.id));
    pair("position", Some(&line.seen.position().to_string()));
    pair("usrName", facts.who());
    pair("targetUser", facts.target_user.as_deref());
    pair("role", facts.role);
    pair("src", facts.address.map(|ip| ip.to_string()).as_deref());
    pair("identHostName", facts.host());
    if let Some(process) = &facts.process {
        pair("pid", Some(&process.pid.to_string()));
        pair("process", process.path);
    }
    if let Some(file) = &facts.file {
        pair("filePath", Some(file.path));
        pair("fileHash", file.sha256);
        pair(
            "fileSize",
            file.bytes.map(|bytes| bytes.to_string()).as_deref(),
        );
    }
    pair(
        "count",
        facts.count.map(|count| count.to_string()).as_deref(),
    );
    let outcome = facts.outcome.map(|outcome| match outcome {
        Outcome::Success => "success",
        Outcome::Failure => "failure",
    });
    pair("outcome", outcome);
    pair("reason", facts.reason.as_deref());
    if let Some(session) = line.seen.session() {
        pair("session", Some(&session.to_string()));
    }
    if let Some(session) = facts.session {
        pair("proto", session.protocol.as_deref());
        pair("resource", session.target.as_deref());
    }
    if line.shown.masked.is_some() {
        pair("redacted", Some("true"));
    }
    pair("stream", Some(line.seen.stream().as_str()));
    pair("msg", Some(&line.message()));
    out.extend_from_slice(text.as_bytes());
}
