//! `retrace verify`: the log of a data folder here, exported events in `file`, evidence bundles in
//! `bundle`, the log of a server in `url`.

mod bundle;
mod file;
mod url;

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
use crate::bundle::check;

/// Verify a whole log, exported events, or the log of a server
///
/// Without FILE and --url, the log in the data folder: puts each event's leaf together again, hashes
/// it, grows the Merkle tree, and holds the root against the signed checkpoints. Names the first
/// event that is not as it was written.
///
/// With FILE, an evidence bundle, its folder, or events that `retrace export` wrote, by the proof that came with them;
/// nothing else is needed.
///
/// With --url, a log as a server shows it to outsiders: computes the root from its tiles of hashes,
/// and with a token each hash from its event.
///
/// The exit status is 0 when all is as it was written, 1 when something was changed, 2 when it could
/// not be checked.
#[derive(Args)]
#[command(after_long_help = "Examples:
  retrace verify
  retrace verify --data /var/lib/retrace --checkpoint kept-elsewhere.txt
  retrace verify --json
  retrace verify deploy.zip --key-file log.pub
  retrace verify deploy.ndjson --key-file log.pub
  retrace verify keystroke.json --proof keystroke.json.tlog-proof --key-file log.pub
  retrace verify --url https://retrace.example.com --key-file log.pub
  retrace verify --url https://retrace.example.com --key-file log.pub --only-new --save kept.txt

The last one as a cron job on another machine is a witness: it finds out whenever the log is not the
one that it was before, and grown.

A checkpoint that was kept somewhere else (printed here, or saved with --save) also shows that the
log was not cut off or put back to an older state since. docs/verifying.md tells how to verify
without this program.")]
pub(super) struct Verify {
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    file: file::FileArgs,
    #[command(flatten)]
    url: url::UrlArgs,
    #[command(flatten)]
    key: KeyArgs,
    /// A file with a checkpoint of the past, kept somewhere else; may be given more than once
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    checkpoint: Vec<PathBuf>,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
}

/// What cannot be read at all is said where it is read.
fn is_bundle(path: &std::path::Path) -> bool {
    check::is_bundle(path).unwrap_or(false)
}

const CHANGED: u8 = 1;
const NOT_CHECKED: u8 = 2;

/// By which key a checkpoint must be signed.
#[derive(Args)]
struct KeyArgs {
    /// The verifier key of the log, from a place that you trust: `retrace/…+…+…`
    #[arg(long, value_name = "KEY", conflicts_with = "key_file")]
    key: Option<String>,
    /// A file with the verifier key of the log: `keys/log.pub` of its data folder
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

impl KeyArgs {
    /// The key that was given. `None` when none was.
    fn given(&self) -> anyhow::Result<Option<String>> {
        let key = match (&self.key, &self.key_file) {
            (Some(key), _) => key.clone(),
            (None, Some(path)) => {
                fs::read_to_string(path).with_context(|| format!("the key `{}`", path.display()))?
            }
            (None, None) => return Ok(None),
        };
        Ok(Some(key.trim().to_owned()))
    }
}

impl Verify {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let outcome = match (&self.file.file, &self.url.url) {
            (Some(path), _) if is_bundle(path) => bundle::verify(path, &self.key, self.json),
            (Some(path), _) => self.file.verify(path, &self.key, self.json),
            (None, Some(url)) => self.verify_url(url).await,
            (None, None) => self.verify().await,
        };
        match outcome {
            Ok(status) => Ok(status),
            Err(error) => {
                output::fail(&error);
                Ok(ExitCode::from(NOT_CHECKED))
            }
        }
    }

    /// The checkpoints of the past that the caller brings along.
    fn kept_checkpoints(&self) -> anyhow::Result<Vec<String>> {
        self.checkpoint
            .iter()
            .map(|path| {
                fs::read_to_string(path)
                    .with_context(|| format!("the checkpoint `{}`", path.display()))
            })
            .collect()
    }

    async fn verify_url(&self, url: &str) -> anyhow::Result<ExitCode> {
        let kept = self.kept_checkpoints()?;
        self.url.verify(url, &self.key, &kept, self.json).await
    }

    async fn verify(&self) -> anyhow::Result<ExitCode> {
        let trusted = self.kept_checkpoints()?;
        let log = self.data.dir().open_log().await?;
        let bar = output::bar_of_events(0);
        let outcome = tokio::task::block_in_place(|| {
            log.verify(&trusted, |done, all| {
                bar.set_length(all);
                bar.set_position(done);
            })
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
                        "purged": verified.purged,
                        "rootHash": BASE64_STANDARD.encode(checkpoint.root),
                        "checkpoint": checkpoint.as_note(),
                    }))?;
                } else {
                    let purged = match verified.purged {
                        0 => String::new(),
                        purged => format!("; {purged} of them are purged, and their hashes hold"),
                    };
                    output::line(format!(
                        "verified: {} events in {} commits of {} streams, {} checkpoints of the \
                         past{purged}\n\n{}",
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
