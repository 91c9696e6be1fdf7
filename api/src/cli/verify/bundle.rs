//! `retrace verify BUNDLE`: an evidence bundle, offline.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use serde_json::json;

use super::super::output;
use super::{CHANGED, KeyArgs};
use crate::bundle::check::{Checked, check};

pub(super) fn verify(path: &Path, key: &KeyArgs, json: bool) -> anyhow::Result<ExitCode> {
    let given = key.given()?;
    let bytes = path.metadata().map_or(0, |metadata| metadata.len());
    let bar = output::bar_of_bytes(bytes);
    let checked = check(path, given.as_deref(), &mut |bytes| bar.inc(bytes));
    bar.finish_and_clear();
    let checked = checked.with_context(|| format!("`{}`", path.display()))?;
    if checked.key.is_empty() {
        bail!("expected --key or --key-file: nothing in the bundle names a key");
    }
    if given.is_none() {
        output::note(format!(
            "warning: the key is the one that the bundle itself claims, so this shows only that its parts fit \
             together.\nCompare it with the key of the log, which you have from elsewhere, or give that one with \
             --key:\n  {}",
            output::printable(&checked.key)
        ));
    }
    let verified = checked.findings.is_empty();
    if json {
        print_json(&checked, given.is_some())?;
    } else if verified {
        print(&checked, given.is_some())?;
    } else {
        let count = checked.findings.len();
        let things = if count == 1 { "thing is" } else { "things are" };
        output::line(format!(
            "NOT VERIFIED: {count} {things} not as they were made"
        ))?;
        for finding in &checked.findings {
            output::line(format!("  {}", output::printable(&finding.to_string())))?;
        }
    }
    Ok(if verified {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(CHANGED)
    })
}

fn print(checked: &Checked, key_given: bool) -> anyhow::Result<()> {
    let as_if = if key_given {
        ""
    } else {
        ", by a key that nobody vouched for"
    };
    if let (Some(session), Some(position)) = (checked.session, checked.position) {
        output::line(format!(
            "verified: the bundle of session {session} as of position {position}: {} files, as they were signed{as_if}",
            checked.files
        ))?;
    }
    if let Some(lines) = &checked.lines {
        output::line(format!("  {} events, each in the log", lines.lines))?;
        if lines.redacted > 0 {
            output::line(format!(
                "  {} of them are redacted: that they are there is proved, and not what their lines show",
                lines.redacted
            ))?;
        }
    }
    for what in &checked.withheld {
        output::line(format!("  left out: {}", output::printable(what)))?;
    }
    if let Some(lines) = &checked.lines {
        output::line(format!("\n{}", lines.checkpoint.as_note().trim_end()))?;
    }
    Ok(())
}

fn print_json(checked: &Checked, key_given: bool) -> anyhow::Result<()> {
    let findings: Vec<_> = checked
        .findings
        .iter()
        .map(|finding| json!({"file": finding.file, "what": finding.what}))
        .collect();
    output::line(json!({
        "verified": findings.is_empty(), "session": checked.session, "position": checked.position,
        "files": checked.files, "events": checked.lines.as_ref().map(|lines| lines.lines),
        "redactedEvents": checked.lines.as_ref().map(|lines| lines.redacted),
        "redacted": checked.redacted, "withheld": checked.withheld,
        "key": checked.key, "keyGiven": key_given, "findings": findings,
    }))?;
    Ok(())
}
