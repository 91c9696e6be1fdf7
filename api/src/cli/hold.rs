//! `retrace hold`

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;
use clap::{Args, Subcommand};
use retrace_core::SessionId;
use retrace_core::log::{EventLog, StoredLog};
use retrace_query::{PageRequest, Reader, SessionFilter, SessionOrder};
use serde_json::json;

use super::{Data, operator, output};
use crate::control::ControlBook;
use crate::retention::{HoldChange, HoldOutcome, change_hold};

/// Put sessions on legal hold, so that nothing purges them, and lift it
#[derive(Args)]
#[command(after_long_help = "Examples:
  retrace hold place 0199d5a0-… --matter 'case 4711' --reason 'asked by counsel'
  retrace hold release 0199d5a0-… --matter 'case 4711' --reason 'case closed'
  retrace hold list

A session may be held for several matters; it can be purged when the last hold on it is lifted. docs/retention.md says more.")]
pub(super) struct Hold {
    #[command(subcommand)]
    command: HoldCommand,
}

#[derive(Subcommand)]
enum HoldCommand {
    /// Put sessions on hold
    #[command(after_long_help = "Examples:
  retrace hold place 0199d5a0-… --reason 'incident 12'
  retrace hold place 0199d5a0-… 0199d5b1-… --matter 'case 4711' --reason 'asked by counsel'")]
    Place(Change),
    /// Lift the hold for a matter; holds for other matters stay
    #[command(after_long_help = "Examples:
  retrace hold release 0199d5a0-… --matter 'case 4711' --reason 'case closed'")]
    Release(Change),
    /// List the sessions that are on hold
    #[command(after_long_help = "Examples:
  retrace hold list
  retrace hold list --json")]
    List {
        #[command(flatten)]
        data: Data,
        /// Print them as JSON, a hold on each line
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
struct Change {
    #[command(flatten)]
    data: Data,
    /// The sessions, by their ids
    #[arg(required = true, value_name = "SESSION")]
    sessions: Vec<SessionId>,
    /// What it is for: a case, a matter
    #[arg(long, default_value = "")]
    matter: String,
    /// Why
    #[arg(long)]
    reason: String,
}

impl Hold {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            HoldCommand::Place(change) => change.run(HoldChange::Place).await?,
            HoldCommand::Release(change) => change.run(HoldChange::Release).await?,
            HoldCommand::List { data, json } => list(&data, json).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Change {
    async fn run(self, change: HoldChange) -> anyhow::Result<()> {
        let log = self.data.dir().open_log().await?;
        // None is changed when one is not there.
        for session in &self.sessions {
            check_is_there(&log, *session).await?;
        }
        let book = ControlBook::new(Arc::new(log));
        let matter = self.matter.trim();
        for session in self.sessions {
            let by = operator();
            let done = change_hold(&book, session, change, matter, &by, &self.reason).await?;
            output::note(match (change, done) {
                (HoldChange::Place, HoldOutcome::Done) => format!("{session} is on hold."),
                (HoldChange::Place, HoldOutcome::Already) => {
                    format!("{session} was on hold for this already.")
                }
                (HoldChange::Release, HoldOutcome::Done) => {
                    format!("{session}: the hold is lifted.")
                }
                (HoldChange::Release, HoldOutcome::Already) => {
                    format!("{session} was not on hold for this.")
                }
            });
        }
        Ok(())
    }
}

/// Refuses a session that is not in the log.
pub(super) async fn check_is_there(log: &StoredLog, session: SessionId) -> anyhow::Result<()> {
    if log.session_streams(session).await?.is_empty() {
        bail!("there is no session {session}");
    }
    Ok(())
}

async fn list(data: &Data, json: bool) -> anyhow::Result<()> {
    let dir = data.dir();
    let stored = dir.open_log().await?;
    let log: Arc<dyn EventLog> = Arc::new(stored.clone());
    let reader = Reader::open(&dir.read_models(), Arc::clone(&log));
    let size = log.head().await?.size;
    let kept = super::export::read_models(&dir, &stored, &reader, size).await?;
    let held = SessionFilter {
        on_hold: Some(true),
        ..SessionFilter::default()
    };
    let mut page = PageRequest {
        first: PageRequest::FIRST_MAX,
        after: None,
        backwards: false,
    };
    loop {
        let sessions = reader.sessions(&held, SessionOrder::StartedDesc, &page)?;
        for (_, session) in &sessions.items {
            for hold in reader.holds(session.id)? {
                if json {
                    output::line(json!({
                        "session": session.id.to_string(), "matter": hold.matter, "at": hold.at, "by": hold.by,
                        "reason": hold.reason, "user": session.user, "target": session.target,
                    }))?;
                    continue;
                }
                let text = |text: &str| output::printable(text);
                let matter = match hold.matter.as_str() {
                    "" => String::new(),
                    matter => format!(" for {}", text(matter)),
                };
                output::line(format!(
                    "{}  since {}{matter}, by {}: {}",
                    session.id,
                    hold.at,
                    text(&hold.by),
                    text(&hold.reason)
                ))?;
            }
        }
        match sessions.items.last() {
            Some((cursor, _)) if sessions.has_next => page.after = Some(cursor.clone()),
            _ => break,
        }
    }
    if let Some(kept) = kept {
        kept.shutdown().await;
    }
    Ok(())
}
