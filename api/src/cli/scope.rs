//! Which sessions somebody is given rights over, and for how long: what `token create` and `grant give` share.

use anyhow::{Context, bail};
use clap::Args;
use retrace_core::Timestamp;
use retrace_core::access::Scope;

use super::output;

/// Some sessions. May be given more than once, like the other conditions: one of the values has to hold, of all
/// conditions given.
#[derive(Args)]
pub(super) struct ScopeArgs {
    /// Only sessions recorded at this site; of a recorder, the one that it may launch sessions in. May be given
    /// more than once, like the other conditions: one of the values has to hold, of all conditions given
    #[arg(long)]
    site: Vec<String>,
    /// Only sessions with a secret of this folder, or of one below it
    #[arg(long)]
    folder: Vec<String>,
    /// Only sessions of users in this group
    #[arg(long)]
    group: Vec<String>,
    /// Only sessions that reach this target
    #[arg(long)]
    target: Vec<String>,
    /// Only sessions that started at this time or later: 2026-03-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
    /// Only sessions that started before this time
    #[arg(long, value_name = "TIME")]
    to: Option<Timestamp>,
}

impl From<ScopeArgs> for Scope {
    fn from(args: ScopeArgs) -> Self {
        Self {
            folders: args.folder,
            from: args.from,
            groups: args.group,
            own: false,
            sites: args.site,
            targets: args.target,
            to: args.to,
        }
    }
}

/// When it ends.
#[derive(Args)]
pub(super) struct Lifetime {
    /// How long it works: 12h, 90d, 2w; without it, until it is taken back
    #[arg(long, value_name = "TIME", value_parser = micros_of_duration)]
    expires_in: Option<i64>,
}

impl Lifetime {
    pub(super) fn ends(&self) -> Option<Timestamp> {
        let micros = self.expires_in?;
        Some(Timestamp::now().saturating_add_micros(micros))
    }
}

/// A scope for the end of a line; nothing for all sessions.
pub(super) fn shown(scope: &Scope) -> String {
    if scope.is_everything() {
        return String::new();
    }
    let scope = serde_json::to_string(scope).unwrap_or_default();
    format!("  {}", output::printable(&scope))
}

fn micros_of_duration(text: &str) -> anyhow::Result<i64> {
    let (number, unit) = text.split_at(
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len()),
    );
    let seconds: i64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        _ => bail!("expected a number with s, m, h, d or w, as in 90d"),
    };
    let number: i64 = number
        .parse()
        .context("expected a number with s, m, h, d or w, as in 90d")?;
    number
        .checked_mul(seconds * 1_000_000)
        .filter(|micros| *micros > 0)
        .context("expected more than no time, and less than ever")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_number_and_a_unit() {
        assert_eq!(micros_of_duration("90d").unwrap(), 90 * 86_400 * 1_000_000);
        for text in ["", "d", "90", "0d", "-1d", "9y", "99999999999999999d"] {
            assert!(micros_of_duration(text).is_err(), "{text}");
        }
    }
}
