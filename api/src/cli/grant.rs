//! `retrace grant`

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use retrace_core::access::Role;
use retrace_core::{Position, Timestamp};
use serde_json::{Value, json};

use super::scope::{Lifetime, ScopeArgs, shown};
use super::{Data, operator, output};
use crate::grants::{AsOf, Given, GrantBook, NewGrant, Subject};

/// Give, list and withdraw grants: what users and groups of your provider of identities may do
#[derive(Args)]
#[command(after_long_help = "Examples:
  retrace grant give user:alice --role admin
  retrace grant give group:auditors --role auditor --site berlin --reason 'audit of 2026'
  retrace grant give group:staff --role own
  retrace grant give user:bob --role operator --expires-in 8h
  retrace grant list
  retrace grant list --as-of 2026-03-01T00:00:00Z
  retrace grant withdraw 4f1c9a03b2de --reason 'left the team'

A grant holds from the moment it is given, also for browsers that are signed in. docs/access.md says which role may do
what, and how people sign in.")]
pub(super) struct Grant {
    #[command(subcommand)]
    command: GrantCommand,
}

#[derive(Subcommand)]
enum GrantCommand {
    /// Give a user or a group the rights of a role
    #[command(after_long_help = "Examples:
  retrace grant give user:alice --role admin
  retrace grant give group:dba-leads --role auditor --folder /Unix/Databases --expires-in 30d")]
    Give {
        #[command(flatten)]
        data: Data,
        /// To whom: user:NAME or group:NAME, by the names that the provider tells
        #[arg(value_name = "WHOM")]
        subject: Subject,
        /// What they may do: admin, auditor, operator, history, own, revealer or siem
        #[arg(long)]
        role: Role,
        #[command(flatten)]
        scope: ScopeArgs,
        #[command(flatten)]
        lifetime: Lifetime,
        /// Why
        #[arg(long)]
        reason: Option<String>,
        /// Print the grant as JSON
        #[arg(long)]
        json: bool,
    },
    /// List the grants that are in force, or were
    #[command(after_long_help = "Examples:
  retrace grant list
  retrace grant list --all --json
  retrace grant list --as-of 2026-03-01T00:00:00Z
  retrace grant list --as-of-position 4711")]
    List {
        #[command(flatten)]
        data: Data,
        /// Those that were in force at this time: 2026-03-01T00:00:00Z
        #[arg(long, value_name = "TIME", conflicts_with_all = ["as_of_position", "all"])]
        as_of: Option<Timestamp>,
        /// Those that were in force once the event at this position stood in the log
        #[arg(long, value_name = "POSITION", conflicts_with = "all")]
        as_of_position: Option<u64>,
        /// All that were ever given
        #[arg(long)]
        all: bool,
        /// Print them as JSON, one on each line
        #[arg(long)]
        json: bool,
    },
    /// Withdraw a grant: it ends at once, also for browsers that are signed in
    #[command(after_long_help = "Examples:
  retrace grant withdraw 4f1c9a03b2de
  retrace grant withdraw 4f1c9a03b2de --reason 'left the team'")]
    Withdraw {
        #[command(flatten)]
        data: Data,
        /// Its id, as `retrace grant list` shows it
        id: String,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
}

impl Grant {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            GrantCommand::Give {
                data,
                subject,
                role,
                scope,
                lifetime,
                reason,
                json,
            } => {
                let book = GrantBook::new(Arc::new(data.dir().open_or_create_log().await?));
                let grant = NewGrant {
                    to: subject,
                    role,
                    scope: scope.into(),
                    expires_at: lifetime.ends(),
                    reason,
                };
                let given = book.give(grant, &operator()).await?;
                if json {
                    output::line(described(&given))?;
                } else {
                    output::line(&given.id)?;
                    output::note(format!(
                        "{} has the role {role} from now on.",
                        output::printable(&given.to.to_string())
                    ));
                }
            }
            GrantCommand::List {
                data,
                as_of,
                as_of_position,
                all,
                json,
            } => {
                let book = GrantBook::new(Arc::new(data.dir().open_log().await?));
                let position = as_of_position.map(|position| AsOf::Position(Position(position)));
                let as_of = as_of.map(AsOf::Time).or(position);
                let grants = if all {
                    book.list().await?
                } else {
                    let now = AsOf::Time(Timestamp::now());
                    book.in_force(as_of.unwrap_or(now)).await?
                };
                for grant in grants {
                    if json {
                        output::line(described(&grant))?;
                    } else {
                        list_one(&grant)?;
                    }
                }
            }
            GrantCommand::Withdraw { data, id, reason } => {
                let book = GrantBook::new(Arc::new(data.dir().open_log().await?));
                book.withdraw(&id, reason, &operator()).await?;
                output::note(format!("The grant {id} is withdrawn."));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn list_one(grant: &Given) -> io::Result<()> {
    let Given { id, role, at, .. } = grant;
    let to = output::printable(&grant.to.to_string());
    let ends = match (&grant.withdrawn, grant.expires_at) {
        (Some(withdrawn), _) => format!(" withdrawn {}", withdrawn.at),
        (None, Some(at)) => format!(" until {at}"),
        (None, None) => String::new(),
    };
    let scope = shown(&grant.scope);
    let role = role.as_str();
    output::line(format!("{id}  {role:8}  {at}{ends}  {to}{scope}"))
}

fn described(grant: &Given) -> Value {
    let withdrawn = grant.withdrawn.as_ref().map(|withdrawn| {
        json!({
            "at": withdrawn.at, "by": withdrawn.by, "position": withdrawn.position,
            "reason": withdrawn.reason,
        })
    });
    json!({
        "id": grant.id, "to": grant.to.to_string(), "role": grant.role, "scope": grant.scope,
        "givenAt": grant.at, "by": grant.by, "position": grant.position, "reason": grant.reason,
        "expiresAt": grant.expires_at, "withdrawn": withdrawn,
    })
}
