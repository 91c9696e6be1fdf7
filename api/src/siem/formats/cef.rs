//! ArcSight Common Event Format, version 0, revision 25: `CEF:0|vendor|product|version|class|name|severity|extension`.
//!
//! In the header `\` and `|` are escaped by `\`, in the extension `\` and `=`. Line ends and control characters are
//! shown ([`shown`]), so that a line stays one wherever it is written.

use std::fmt::Write;

use super::facts::Outcome;
use super::text::shown;
use super::{Line, PRODUCT, PRODUCT_VERSION, VENDOR};

pub(super) fn push(line: &Line<'_>, out: &mut Vec<u8>) {
    let facts = &line.facts;
    // CEF counts from 0 to 10.
    let severity = u32::from(line.meaning.severity) * 2;
    let mut text = format!("CEF:0|{VENDOR}|{PRODUCT}|{PRODUCT_VERSION}|");
    push_header(line.seen.kind().as_str(), &mut text);
    push_header(line.meaning.title, &mut text);
    // A String takes whatever is written to it.
    let _ = write!(text, "{severity}|rt={}", line.time_ms());
    let mut pair = |key: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            text.push(' ');
            text.push_str(key);
            text.push('=');
            push_value(value, &mut text);
        }
    };
    pair("externalId", Some(&line.id));
    pair("cat", line.meaning.categories.first().copied());
    pair("suser", facts.who());
    pair("duser", facts.target_user.as_deref());
    pair("src", facts.address.map(|ip| ip.to_string()).as_deref());
    pair("dhost", facts.host());
    if let Some(process) = &facts.process {
        pair("dpid", Some(&process.pid.to_string()));
        pair("dproc", process.path);
    }
    if let Some(file) = &facts.file {
        pair("filePath", Some(file.path));
        pair("fileHash", file.sha256);
        pair(
            "fsize",
            file.bytes.map(|bytes| bytes.to_string()).as_deref(),
        );
    }
    pair("cnt", facts.count.map(|count| count.to_string()).as_deref());
    let outcome = facts.outcome.map(|outcome| match outcome {
        Outcome::Success => "success",
        Outcome::Failure => "failure",
    });
    pair("outcome", outcome);
    pair("reason", facts.reason.as_deref());
    if let Some(session) = line.seen.session() {
        pair("cs1Label", Some("session"));
        pair("cs1", Some(&session.to_string()));
    }
    pair("cs2Label", Some("stream"));
    pair("cs2", Some(line.seen.stream().as_str()));
    if let Some(session) = facts.session {
        if session.protocol.is_some() {
            pair("app", session.protocol.as_deref());
        }
        if session.target.is_some() {
            pair("cs3Label", Some("target"));
            pair("cs3", session.target.as_deref());
        }
    }
    if facts.role.is_some() {
        pair("cs4Label", Some("role"));
        pair("cs4", facts.role);
    }
    if line.shown.masked.is_some() {
        pair("cs5Label", Some("redacted"));
        pair("cs5", Some("true"));
    }
    pair("cn1Label", Some("position"));
    pair("cn1", Some(&line.seen.position().to_string()));
    pair("msg", Some(&line.message()));
    out.extend_from_slice(text.as_bytes());
}

fn push_header(value: &str, text: &mut String) {
    for character in shown(value).chars() {
        if matches!(character, '\\' | '|') {
            text.push('\\');
        }
        text.push(character);
    }
    text.push('|');
}

fn push_value(value: &str, text: &mut String) {
    for character in shown(value).chars() {
        if matches!(character, '\\' | '=') {
            text.push('\\');
        }
        text.push(character);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_divides_is_escaped() {
        let mut text = String::new();
        push_header("a|b\\c=d\n", &mut text);
        push_value("a|b\\c=d\n\u{1b}[2J", &mut text);
        assert_eq!(text, "a\\|b\\\\c=d␊|a|b\\\\c\\=d␊␛[2J");
    }
}
