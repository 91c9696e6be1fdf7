//! `retrace retention`

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;
use clap::{Args, Subcommand};
use retrace_core::log::{EventLog, StoredLog};
use retrace_core::settings::{Retention as Settings, SettingsBook, Value, definition};
use retrace_core::{SessionId, Timestamp};
use retrace_projections::sessions::SessionRow;
use retrace_query::Reader;
use serde_json::json;

use super::hold::check_is_there;
use super::{Data, operator, output};
use crate::control::ControlBook;
use crate::retention::due::{Periods, each_due};
use crate::retention::purge::Purger;

const DAY_US: i64 = 86_400_000_000;

/// Show what the settings let go, and purge sessions
#[derive(Args)]
#[command(after_long_help = "Examples:
  retrace retention due
  retrace retention due --within 30
  retrace retention due --keep 90d --exceptions '7d site:lab'
  retrace retention purge 0199d5a0-… --reason 'erasure request 12'

How long sessions are kept is said by the settings retention.keep_s and retention.exceptions; a running server purges what
they let go. docs/retention.md says what is destroyed and what stays.")]
pub(super) struct Retention {
    #[command(subcommand)]
    command: RetentionCommand,
}

#[derive(Subcommand)]
enum RetentionCommand {
    /// List the sessions that the settings let go, or that others would
    #[command(after_long_help = "Examples:
  retrace retention due --within 30
  retrace retention due --keep 90d --json | jq -s length")]
    Due {
        #[command(flatten)]
        data: Data,
        /// As if retention.keep_s were this: 12h, 90d
        #[arg(long)]
        keep: Option<String>,
        /// As if retention.exceptions were this
        #[arg(long)]
        exceptions: Option<String>,
        /// Within so many days from now
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=3_650))]
        within: u16,
        /// Print them as JSON, one on each line
        #[arg(long)]
        json: bool,
    },
    /// Destroy what was recorded of sessions, for ever: events, videos and screenshots
    #[command(after_long_help = "Examples:
  retrace retention purge 0199d5a0-… --reason 'erasure request 12'

That the session took place, who looked at it, and the hashes of all its events stay. A session on legal hold is refused.")]
    Purge {
        #[command(flatten)]
        data: Data,
        /// The sessions, by their ids
        #[arg(required = true, value_name = "SESSION")]
        sessions: Vec<SessionId>,
        /// Why
        #[arg(long)]
        reason: String,
        /// Print what was done as JSON, one on each line
        #[arg(long)]
        json: bool,
    },
}

impl Retention {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            RetentionCommand::Due {
                data,
                keep,
                exceptions,
                within,
                json,
            } => {
                let asked = [
                    ("retention.keep_s", keep),
                    ("retention.exceptions", exceptions),
                ];
                due(&data, asked, within, json).await?;
            }
            RetentionCommand::Purge {
                data,
                sessions,
                reason,
                json,
            } => {
                if reason.trim().is_empty() {
                    bail!("--reason is empty: say why, it stands in the log for ever");
                }
                purge(&data, &sessions, &reason, json).await?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The settings of now, or what they would be.
async fn periods(
    log: &StoredLog,
    asked: [(&'static str, Option<String>); 2],
) -> anyhow::Result<Settings> {
    let book = SettingsBook::new(Arc::new(log.clone()));
    let mut settings = (*book.current().await?).clone();
    for (name, text) in asked {
        let Some(text) = text else { continue };
        let definition = definition(name)?;
        let value: Value = definition.parse(&text)?;
        settings = settings.with(definition, &value);
    }
    Ok(settings.retention)
}

async fn due(
    data: &Data,
    asked: [(&'static str, Option<String>); 2],
    within: u16,
    json: bool,
) -> anyhow::Result<()> {
    let dir = data.dir();
    let stored = dir.open_log().await?;
    let settings = periods(&stored, asked).await?;
    let log: Arc<dyn EventLog> = Arc::new(stored.clone());
    let reader = Reader::open(&dir.read_models(), Arc::clone(&log));
    let size = log.head().await?.size;
    let kept = super::export::read_models(&dir, &stored, &reader, size).await?;
    let periods = Periods::of(&settings);
    let time = Timestamp::now().saturating_add_micros(i64::from(within) * DAY_US);
    let (mut purged, mut held, mut written) = (0_u64, 0_u64, Ok(()));
    each_due(&reader, &periods, time, |session| {
        let until = periods.until(session);
        let is_held = session.holds > 0;
        if is_held {
            held += 1;
        } else {
            purged += 1;
        }
        let what = described(session);
        let line = if json {
            json!({
                "session": session.id.to_string(), "user": session.user, "target": session.target,
                "startedAt": session.started, "keptUntil": until, "onHold": is_held,
            })
            .to_string()
        } else {
            format!(
                "{}  kept until {}  {what}{}",
                session.id,
                until.map_or_else(String::new, |until| until.to_string()),
                if is_held { "  ON HOLD, stays" } else { "" }
            )
        };
        written = output::line(line);
        written.is_ok()
    })?;
    if let Some(kept) = kept {
        kept.shutdown().await;
    }
    written?;
    if settings.keep_s == 0 && settings.exceptions.is_empty() {
        output::note("Everything is kept for ever: retention.keep_s is 0.");
    } else {
        output::note(format!(
            "{purged} would be purged; {held} more are on legal hold and stay."
        ));
    }
    Ok(())
}

/// Who and where, or the file that it was imported from.
fn described(session: &SessionRow) -> String {
    let place = session.target.as_deref().or(session.host.as_deref());
    let told = match (session.user.as_deref(), place) {
        (Some(user), Some(place)) => format!("{user} on {place}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => session
            .recording
            .as_ref()
            .map_or_else(String::new, |file| file.name.clone()),
    };
    output::printable(&told)
}

async fn purge(
    data: &Data,
    sessions: &[SessionId],
    reason: &str,
    json: bool,
) -> anyhow::Result<()> {
    let dir = data.dir();
    let log = dir.open_log().await?;
    for session in sessions {
        check_is_there(&log, *session).await?;
    }
    let control = Arc::new(ControlBook::new(Arc::new(log.clone())));
    let purger = Purger::new(log.clone(), dir.blobs_of(&log), control);
    for session in sessions {
        let purged = purger.purge(*session, &operator(), reason).await?;
        if json {
            output::line(json!({
                "session": session.to_string(), "events": purged.events,
                "position": purged.log_size.0.saturating_sub(1),
            }))?;
        } else {
            output::note(format!(
                "{session}: {} events destroyed; their hashes stay.",
                purged.events
            ));
        }
    }
    Ok(())
}
