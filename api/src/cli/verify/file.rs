//! `retrace verify FILE`: exported events, offline.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clap::Args;
use retrace_core::event::MAX_LEAF_BYTES;
use retrace_core::log::lines::{BadLines, CheckedLines, LinesCheck, ProofFile};
use serde_json::json;

use super::super::export::beside;
use super::super::output;
use super::{CHANGED, KeyArgs};

/// Which file, and its proof.
#[derive(Args)]
pub(super) struct FileArgs {
    /// A bundle, or a file of events, that `retrace export` wrote; no data folder is needed
    #[arg(conflicts_with = "url")]
    pub(super) file: Option<PathBuf>,
    /// The proof for FILE; without it, `FILE.proof` or `FILE.tlog-proof`
    #[arg(long, value_name = "FILE", requires = "file")]
    proof: Option<PathBuf>,
}

impl FileArgs {
    pub(super) fn verify(
        &self,
        path: &Path,
        key: &KeyArgs,
        json: bool,
    ) -> anyhow::Result<ExitCode> {
        let proof_path = self.proof_path(path);
        let proof = fs::read_to_string(&proof_path)
            .with_context(|| format!("the proof `{}`", proof_path.display()))?;
        let proof = ProofFile::parse(&proof)
            .with_context(|| format!("the proof `{}`", proof_path.display()))?;
        let given = key.given()?;
        let key = match (&given, proof.claimed_key()) {
            (Some(key), _) => key.as_str(),
            (None, Some(claimed)) => {
                output::note(format!(
                    "warning: the key is the one that the proof itself claims, so this shows only \
                     that file and proof fit together.\nCompare it with the key of the log, which \
                     you have from elsewhere, or give that one with --key:\n  {}",
                    output::printable(claimed)
                ));
                claimed
            }
            (None, None) => bail!("expected --key or --key-file: such a proof names no key"),
        };
        let outcome = match LinesCheck::new(&proof, key) {
            Ok(check) => check_file(check, path)?,
            Err(error) => Err(BadLines {
                line: None,
                what: error.to_string(),
            }),
        };
        match outcome {
            Ok(checked) => {
                report(&checked, key, given.is_some(), json)?;
                Ok(ExitCode::SUCCESS)
            }
            Err(bad) => {
                if json {
                    output::line(json!({
                        "verified": false, "line": bad.line, "reason": bad.to_string(),
                    }))?;
                } else {
                    let bad = output::printable(&bad.to_string());
                    output::line(format!("NOT VERIFIED: {bad}"))?;
                }
                Ok(ExitCode::from(CHANGED))
            }
        }
    }

    fn proof_path(&self, path: &Path) -> PathBuf {
        let of_event = || Some(beside(path, "tlog-proof")).filter(|path| path.exists());
        let of_lines = beside(path, "proof");
        match &self.proof {
            Some(proof) => proof.clone(),
            None if of_lines.exists() => of_lines,
            None => of_event().unwrap_or(of_lines),
        }
    }
}

/// Reads line by line: in memory is one of them, however long the file or its lines.
fn check_file(
    mut check: LinesCheck<'_>,
    path: &Path,
) -> anyhow::Result<Result<CheckedLines, BadLines>> {
    let named = || format!("`{}`", path.display());
    let file = File::open(path).with_context(named)?;
    let bar = output::bar_of_bytes(file.metadata().map_or(0, |metadata| metadata.len()));
    let mut file = BufReader::with_capacity(1 << 18, file);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = (&mut file)
            .take(MAX_LEAF_BYTES as u64 + 2)
            .read_until(b'\n', &mut line)
            .with_context(named)?;
        if read == 0 {
            break;
        }
        bar.inc(read as u64);
        let without_end = line.strip_suffix(b"\n").unwrap_or(&line);
        if let Err(bad) = check.line(without_end) {
            bar.finish_and_clear();
            return Ok(Err(bad));
        }
    }
    bar.finish_and_clear();
    Ok(check.finish())
}

fn report(checked: &CheckedLines, key: &str, key_given: bool, json: bool) -> anyhow::Result<()> {
    let CheckedLines {
        lines,
        redacted,
        streams,
        checkpoint,
    } = checked;
    if json {
        let streams: Vec<_> = streams
            .iter()
            .map(|(name, span)| {
                json!({"stream": name, "firstVersion": span.first, "lastVersion": span.last})
            })
            .collect();
        output::line(json!({
            "verified": true, "lines": lines, "redacted": redacted, "streams": streams, "logSize": checkpoint.size,
            "rootHash": BASE64_STANDARD.encode(checkpoint.root), "key": key, "keyGiven": key_given,
            "checkpoint": checkpoint.as_note(),
        }))?;
        return Ok(());
    }
    let as_if = if key_given {
        ""
    } else {
        ", by a key that nobody vouched for"
    };
    output::line(format!(
        "verified: {lines} events of a log of {}, as they were signed{as_if}",
        checkpoint.size
    ))?;
    if *redacted > 0 {
        output::line(format!(
            "  {redacted} of them are redacted: that they are there is proved, and not what their lines show"
        ))?;
    }
    for (name, span) in streams {
        let missing = if span.first.0 > 0 {
            ", not from its beginning"
        } else {
            ""
        };
        output::line(format!(
            "  {name}: versions {} to {}{missing}",
            span.first, span.last
        ))?;
    }
    output::line(format!("\n{}", checkpoint.as_note().trim_end()))?;
    Ok(())
}
