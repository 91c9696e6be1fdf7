//! `retrace token`

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;
use clap::{Args, Subcommand};
use retrace_core::Timestamp;
use retrace_core::access::{Role, Scope};
use retrace_core::log::EventLog;
use serde_json::json;

use super::scope::{Lifetime, ScopeArgs, shown};
use super::{Data, operator, output};
use crate::control::{ControlBook, UploadTokens};
use crate::sign_ins::{LastUse, last_uses};
use crate::tokens::{self, NewToken, TokenBook};

/// Make, list and revoke access tokens
#[derive(Args)]
#[command(after_long_help = "Examples:
  retrace token create --name alice
  retrace token create --name siem --expires-in 90d
  retrace token create --name audit --role auditor --site berlin --group dba --expires-in 30d
  retrace token create --name bob --role own --user bob
  retrace token create --name web1 --role recorder --site berlin
  retrace token list
  retrace token revoke 4f1c9a03b2de
  retrace token revoke 01936d2e-4b7a-7cc0-8d2a-5f0e6b1c9a33")]
pub(super) struct Token {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Subcommand)]
enum TokenCommand {
    /// Make a token, and print it: it is shown this once and kept nowhere
    Create {
        #[command(flatten)]
        data: Data,
        /// Whose it is, or what it is for
        #[arg(long)]
        name: String,
        /// What it opens: admin, auditor, operator, history, own, revealer, siem or recorder
        #[arg(long, default_value_t, value_parser = role)]
        role: Role,
        #[command(flatten)]
        scope: ScopeArgs,
        /// Whose it is: sessions of this user are the holder's own
        #[arg(long)]
        user: Option<String>,
        #[command(flatten)]
        lifetime: Lifetime,
    },
    /// List the tokens of people and recorders, without their secrets. Upload tokens stand in the
    /// control stream of their session
    List {
        #[command(flatten)]
        data: Data,
        /// Print them as JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke a token: it stops to work at once
    Revoke {
        #[command(flatten)]
        data: Data,
        /// Its id, as `retrace token list` shows it; or the id of an upload token (`rtu_…`), or that
        /// of a session, for all of its upload tokens
        id: String,
    },
}

impl Token {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            TokenCommand::Create {
                data,
                name,
                role,
                scope,
                user,
                lifetime,
            } => {
                let mut scope = Scope::from(scope);
                let mut launches_in = None;
                if role == Role::Recorder {
                    launches_in = scope.sites.pop();
                    if !scope.is_everything() {
                        bail!("a recorder's token takes one --site and no other condition");
                    }
                }
                if role == Role::Own && user.is_none() {
                    bail!("--role own needs --user: whose sessions are its own?");
                }
                let book = TokenBook::new(Arc::new(data.dir().open_or_create_log().await?));
                let token = NewToken {
                    name: &name,
                    role,
                    scope,
                    user: user.as_deref(),
                    site: launches_in.as_deref(),
                    expires_at: lifetime.ends(),
                };
                let text = book.create(token, &operator()).await?;
                output::line(text)?;
                output::note("Keep it now: it is not shown again.");
            }
            TokenCommand::List { data, json } => {
                let log: Arc<dyn EventLog> = Arc::new(data.dir().open_log().await?);
                let uses = last_uses(Arc::clone(&log)).await?;
                for token in TokenBook::new(log).list().await? {
                    list_one(&token, uses.get(&token.id), json)?;
                }
            }
            TokenCommand::Revoke { data, id } => {
                let log = Arc::new(data.dir().open_log().await?);
                if let Ok(uploads) = id.parse::<UploadTokens>() {
                    let book = ControlBook::new(log);
                    let revoked = book.revoke_uploads(&uploads, &operator()).await?;
                    output::note(format!("Revoked {revoked} upload token(s)."));
                } else {
                    TokenBook::new(log).revoke(&id, &operator()).await?;
                    output::note(format!("The token {id} is revoked."));
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn list_one(token: &tokens::Token, used: Option<&LastUse>, json: bool) -> io::Result<()> {
    let state = match (token.revoked_at, token.expires_at) {
        (Some(_), _) => "revoked",
        (None, Some(at)) if at <= Timestamp::now() => "expired",
        _ => "valid",
    };
    let used_at = used.map(|used| used.at);
    if json {
        return output::line(json!({
            "id": token.id, "prefix": token.prefix(), "name": token.name, "role": token.role,
            "scope": token.scope, "user": token.user,
            "site": token.site, "state": state,
            "createdAt": token.created_at, "expiresAt": token.expires_at,
            "revokedAt": token.revoked_at, "lastUsedAt": used_at,
            "lastUsedFrom": used.and_then(|used| used.address.as_deref()),
        }));
    }
    let (id, created) = (&token.id, token.created_at);
    let role = token.role.as_str();
    let name = output::printable(&token.name);
    let site = token.site.as_deref().map(output::printable);
    let site = site.map_or_else(String::new, |site| format!(" (site {site})"));
    let used = used_at.map_or_else(|| "never used".to_owned(), |at| format!("used {at}"));
    let scope = shown(&token.scope);
    output::line(format!(
        "{id}  {role:8}  {state:8} {created}  {used:32}  {name}{site}{scope}"
    ))
}

fn role(text: &str) -> anyhow::Result<Role> {
    let role: Role = text.parse()?;
    if role == Role::Upload {
        bail!("upload tokens are made at the launch of a session");
    }
    Ok(role)
}
