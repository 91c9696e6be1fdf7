//! `retrace token`

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use retrace_core::Timestamp;
use retrace_core::access::{Role, Scope};
use serde_json::json;

use super::{Data, operator, output};
use crate::control::{ControlBook, UploadTokens};
use crate::tokens::{NewToken, TokenBook};

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
        /// Whose it is: sessions of this user are the holder's own
        #[arg(long)]
        user: Option<String>,
        /// How long it works: 12h, 90d, 2w; without it, until it is revoked
        #[arg(long, value_name = "TIME", value_parser = micros_of_duration)]
        expires_in: Option<i64>,
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
                site,
                folder,
                group,
                target,
                from,
                to,
                user,
                expires_in,
            } => {
                let mut scope = Scope {
                    folders: folder,
                    from,
                    groups: group,
                    own: false,
                    sites: site,
                    targets: target,
                    to,
                };
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
                let expires_at =
                    expires_in.map(|micros| Timestamp::now().saturating_add_micros(micros));
                let token = NewToken {
                    name: &name,
                    role,
                    scope,
                    user: user.as_deref(),
                    site: launches_in.as_deref(),
                    expires_at,
                };
                let text = book.create(token, &operator()).await?;
                output::line(text)?;
                output::note("Keep it now: it is not shown again.");
            }
            TokenCommand::List { data, json } => {
                let book = TokenBook::new(Arc::new(data.dir().open_log().await?));
                for token in book.list().await? {
                    let now = Timestamp::now();
                    let state = match (token.revoked_at, token.expires_at) {
                        (Some(_), _) => "revoked",
                        (None, Some(at)) if at <= now => "expired",
                        _ => "valid",
                    };
                    if json {
                        output::line(json!({
                            "id": token.id, "name": token.name, "role": token.role,
                            "scope": token.scope, "user": token.user,
                            "site": token.site, "state": state,
                            "createdAt": token.created_at, "expiresAt": token.expires_at,
                            "revokedAt": token.revoked_at,
                        }))?;
                    } else {
                        let (id, created) = (&token.id, token.created_at);
                        let role = token.role.as_str();
                        let name = output::printable(&token.name);
                        let site = token.site.as_deref().map(output::printable);
                        let site = site.map_or_else(String::new, |site| format!(" (site {site})"));
                        let scope = if token.scope.is_everything() {
                            String::new()
                        } else {
                            format!("  {}", output::printable(&json!(token.scope).to_string()))
                        };
                        output::line(format!(
                            "{id}  {role:8}  {state:8} {created}  {name}{site}{scope}"
                        ))?;
                    }
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

fn role(text: &str) -> anyhow::Result<Role> {
    let role: Role = text.parse()?;
    if role == Role::Upload {
        bail!("upload tokens are made at the launch of a session");
    }
    Ok(role)
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
