//! What is redacted: hidden from readers until they reveal it, and never rewritten.
//!
//! | part | is |
//! |---|---|
//! | [`rules`] | what counts as a secret in a text |
//! | [`TypedLines`] | what is typed, line by line, and whether it is to be hidden |
//! | [`ScreenSecrets`], [`MaskedScreen`], [`MaskedReplay`] | screens and output without what is redacted |
//! | [`RedactionsProjection`] | the read model `redactions`: what is hidden in each session |
//! | [`Veil`] | that, for whoever shows events and screens of a session |
//!
//! What is hidden is a function of the session's events, of the settings that were in force when it began, and of what
//! people redacted and lifted since (`redaction.added`, `redaction.lifted`). The index of moments and this read model
//! find it by the same steps. That a rule found something is also told by an event, for whoever reads the log; nothing
//! here depends on it.
//!
//! The read model holds no secret: places, times, and what stands before secrets. `retention.purged` takes all of its
//! session out.

mod book;
mod model;
mod output;
mod printed;
mod replay;
pub mod rules;
mod screen;
mod spans;
#[cfg(test)]
mod tests;
mod typed;
mod veil;

pub use book::CompiledRules;
pub(crate) use book::RulesBook;
pub use model::RedactionsProjection;
pub use replay::MaskedReplay;
pub use rules::{KeyBlock, MASK, Rules, masked};
pub use screen::{MaskedScreen, ScreenSecrets};
pub use spans::{HandSpan, HandSpans, span_id};
pub use typed::{HiddenKeys, Place, Rule, TypedLines};
pub use veil::{Span, Veil, spans, started_us, untold};

use std::ops::Range;
use std::sync::LazyLock;

use retrace_core::settings::Redaction;
use serde_json::{Value, json};

use crate::store::Schema;

/// The tables of what is redacted.
pub const SCHEMA: Schema = Schema {
    name: "redactions",
    version: 1,
    tables: include_str!("schema.sql"),
};

/// By whom a rule redacts.
pub const BY_RULE: &str = "retrace";

/// A text that stands with every session, as it may be read: without what looks like a secret by the rules of settings
/// that nobody changed.
#[must_use]
pub fn in_catalogue(text: &str) -> String {
    static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::new(&Redaction::default()));
    masked(text, &RULES.secrets_in_lines(text))
}

fn settings_to_json(settings: &Redaction) -> String {
    let Redaction {
        unechoed,
        prompts,
        known_secrets,
        fields,
        patterns,
    } = settings;
    json!({
        "unechoed": unechoed,
        "prompts": prompts,
        "knownSecrets": known_secrets,
        "fields": fields,
        "patterns": patterns,
    })
    .to_string()
}

fn settings_of_json(json: &str) -> Redaction {
    let value: Value = serde_json::from_str(json).unwrap_or_default();
    let default = Redaction::default();
    let flag = |name: &str, default| value[name].as_bool().unwrap_or(default);
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned().into();
    Redaction {
        unechoed: flag("unechoed", default.unechoed),
        prompts: text("prompts"),
        known_secrets: flag("knownSecrets", default.known_secrets),
        fields: match value["fields"].as_str() {
            Some(fields) => fields.to_owned().into(),
            None => default.fields,
        },
        patterns: text("patterns"),
    }
}

/// Where secrets are in a line of the screen: what looks like one, and what stands behind the beginnings of lines at
/// which secrets were shown.
#[must_use]
pub fn secrets_on_screen(rules: &Rules, leads: &[String], line: &str) -> Vec<Range<usize>> {
    let lead = leads
        .iter()
        .filter(|lead| line.len() > lead.len() && line.starts_with(lead.as_str()))
        .map(String::len)
        .min();
    let mut secrets = rules.secrets(line);
    if let Some(lead) = lead {
        secrets.retain(|range| range.start < lead);
        match secrets.last_mut() {
            Some(last) if last.end >= lead => last.end = line.len(),
            _ => secrets.push(lead..line.len()),
        }
    }
    secrets
}
