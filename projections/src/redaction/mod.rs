//! What is redacted.

mod book;
mod printed;
pub mod rules;
mod spans;
#[cfg(test)]
mod tests;
mod typed;

pub use book::CompiledRules;
pub(crate) use book::RulesBook;
pub use rules::{KeyBlock, MASK, Rules, masked};
pub use spans::{HandSpan, HandSpans, span_id};
pub use typed::{HiddenKeys, Place, Rule, TypedLines};

use std::ops::Range;

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
