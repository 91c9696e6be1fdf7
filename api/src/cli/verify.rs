//! `retrace verify`

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clap::Args;
use retrace_core::log::verify::VerifyError;
use serde_json::json;

use super::{Data, output};

/// Verify the whole log: every event, every hash, every signature
///
/// Puts each event's leaf together again, hashes it, grows the Merkle tree, and holds the root
/// against the signed checkpoints. Names the first event that is not as it was written. The exit
/// status is 0 when all is as it was written, 1 when something was changed, 2 when the log could
/// not be checked.
#[derive(Args)]
#[command(after_long_help = "Examples:
  retrace verify
  retrace verify --data /var/lib/retrace --checkpoint kept-elsewhere.txt
  retrace verify --json

A checkpoint that was kept somewhere else (printed here, or from `log { checkpoint }` in GraphQL)
also shows that the log was not cut off or put back to an older state since.")]
pub(super) struct Verify {
    #[command(flatten)]
    data: Data,
    /// A file with a checkpoint of the past, kept somewhere else; may be given more than once
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
}

const CHANGED: u8 = 1;
const NOT_CHECKED: u8 = 2;

impl Verify {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self.verify() {
            Ok(status) => Ok(status),
            Err(error) => {
                output::fail(&error);
                Ok(ExitCode::from(NOT_CHECKED))
            }
        }
    }

    fn verify(self) -> anyhow::Result<ExitCode> {
        let trusted: Vec<String> = self
            .checkpoint
            .iter()
            .map(|path| {
                fs::read_to_string(path)
                    .with_context(|| format!("the checkpoint `{}`", path.display()))
            })
            .collect::<anyhow::Result<_>>()?;
        let log = self.data.dir().open_log()?;
        let bar = output::bar_of_events(0);
        let outcome = log.verify(&trusted, |done, all| {
            bar.set_length(all);
            bar.set_position(done);
        });
        bar.finish_and_clear();
        match outcome {
            Ok(verified) => {
                let checkpoint = &verified.checkpoint;
                if self.json {
                    output::line(json!({
                        "verified": true,
                        "events": checkpoint.size,
                        "commits": verified.commits,
                        "streams": verified.streams,
                        "pastCheckpoints": verified.past_checkpoints,
                        "rootHash": BASE64_STANDARD.encode(checkpoint.root),
                        "checkpoint": checkpoint.as_note(),
                    }))?;
                } else {
                    output::line(format!(
                        "verified: {} events in {} commits of {} streams, {} checkpoints of the \
                         past\n\n{}",
                        checkpoint.size,
                        verified.commits,
                        verified.streams,
                        verified.past_checkpoints,
                        checkpoint.as_note().trim_end()
                    ))?;
                }
                Ok(ExitCode::SUCCESS)
            }
            Err(VerifyError::Bad(bad)) => {
                if self.json {
                    output::line(json!({
                        "verified": false, "position": bad.position, "reason": bad.to_string(),
                    }))?;
                } else {
                    output::line(format!(
                        "NOT VERIFIED: {}",
                        output::printable(&bad.to_string())
                    ))?;
                }
                Ok(ExitCode::from(CHANGED))
            }
            Err(VerifyError::Store(error)) => Err(error.into()),
        }
    }
}
