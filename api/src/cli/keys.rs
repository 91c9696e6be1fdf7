//! `retrace keys`

use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use retrace_core::event::{ConfigChanged, EventBatch};
use retrace_core::log::{Append, AppendError, EventLog, StoredLog};
use retrace_core::seal::keys::MasterKeys;
use retrace_core::{StreamName, Timestamp};
use tokio::task::block_in_place;

use super::{Data, operator, output};

/// How often to try again when somebody else wrote to the stream in between.
const APPEND_TRIES: usize = 10;

/// Replace the master key, or make one
#[derive(Args)]
#[command(
    after_long_help = "Everything in the log and all blobs are sealed with a key of their session. The master key
wraps those keys; replacing it touches nothing else.

Examples:
  retrace keys rotate --data /var/lib/retrace
  retrace keys generate > /run/secrets/retrace-master-key
  retrace keys rewrap --master-key-file /run/secrets/retrace-master-key

Servers may go on running: they read the key file again. The key before the last stays in the file
until the next rotation.

To replace a master key that is kept outside the data folder, put the new key on a line before the
old one, see to it that each server has it (restart those that have the key from
RETRACE_MASTER_KEY), run `retrace keys rewrap`, and leave the old line until the next time."
)]
pub(super) struct Keys {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Make a fresh master key in the data folder, and wrap all keys with it
    Rotate {
        #[command(flatten)]
        data: Data,
    },
    /// Wrap all keys with the first key of the master key file
    Rewrap {
        #[command(flatten)]
        data: Data,
    },
    /// Print a fresh master key, to be kept where only the server can read it
    Generate,
}

impl Keys {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            KeysCommand::Rotate { data } => {
                let dir = data.dir();
                let log = dir.open_log().await?;
                let (old, wrapped) = (
                    log.master_key_id(),
                    block_in_place(|| dir.rotate_master_key(&log))?,
                );
                tell(&log, old, wrapped).await?;
            }
            KeysCommand::Rewrap { data } => {
                let dir = data.dir();
                let log = dir.open_log().await?;
                let (old, wrapped) = (
                    log.master_key_id(),
                    block_in_place(|| dir.rewrap_keys(&log))?,
                );
                tell(&log, old, wrapped).await?;
            }
            KeysCommand::Generate => {
                output::line(MasterKeys::generate()?.to_secret_text().trim_end())?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Writes into the log that the master key is another one, and says so.
async fn tell(log: &StoredLog, old: String, wrapped: u64) -> anyhow::Result<()> {
    let new = log.master_key_id();
    let stream = StreamName::new("settings/keys").context("the stream of keys")?;
    let changed = ConfigChanged {
        by: operator(),
        new: new.clone().into(),
        old: old.into(),
        reason: None,
        setting: "keys.master".to_owned(),
    };
    let events = EventBatch::of(Timestamp::now(), changed)?;
    for tried in 1.. {
        let append = Append {
            stream: stream.clone(),
            first_version: log.next_version(&stream).await?,
            events: events.clone(),
        };
        match log.append(append).await {
            Err(AppendError::Conflict { .. }) if tried < APPEND_TRIES => {}
            outcome => {
                outcome?;
                break;
            }
        }
    }
    output::note(format!(
        "{wrapped} keys are wrapped with the master key {new} now."
    ));
    Ok(())
}
