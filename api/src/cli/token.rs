//! `retrace token`

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use retrace_core::Timestamp;
use serde_json::json;

use super::{Data, operator, output};
use crate::tokens::TokenBook;

/// Make, list and revoke access tokens
#[derive(Args)]
#[command(after_long_help = "Examples:
  retrace token create --name alice
  retrace token create --name siem --expires-in 90d
  retrace token list
  retrace token revoke 4f1c9a03b2de")]
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
        /// How long it works: 12h, 90d, 2w; without it, until it is revoked
        #[arg(long, value_name = "TIME", value_parser = micros_of_duration)]
        expires_in: Option<i64>,
    },
    /// List all tokens, without their secrets
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
        /// Its id, as `retrace token list` shows it
        id: String,
    },
}

impl Token {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            TokenCommand::Create {
                data,
                name,
                expires_in,
            } => {
                let book = TokenBook::new(Arc::new(data.dir().open_or_create_log()?));
                let expires_at =
                    expires_in.map(|micros| Timestamp::now().saturating_add_micros(micros));
                let text = book.create(&name, expires_at, &operator()).await?;
                output::line(text)?;
                output::note("Keep it now: it is not shown again.");
            }
            TokenCommand::List { data, json } => {
                let book = TokenBook::new(Arc::new(data.dir().open_log()?));
                for token in book.list().await? {
                    let now = Timestamp::now();
                    let state = match (token.revoked_at, token.expires_at) {
                        (Some(_), _) => "revoked",
                        (None, Some(at)) if at <= now => "expired",
                        _ => "valid",
                    };
                    if json {
                        output::line(json!({
                            "id": token.id, "name": token.name, "state": state,
                            "createdAt": token.created_at, "expiresAt": token.expires_at,
                            "revokedAt": token.revoked_at,
                        }))?;
                    } else {
                        let (id, created) = (&token.id, token.created_at);
                        let name = output::printable(&token.name);
                        output::line(format!("{id}  {state:8} {created}  {name}"))?;
                    }
                }
            }
            TokenCommand::Revoke { data, id } => {
                let book = TokenBook::new(Arc::new(data.dir().open_log()?));
                book.revoke(&id, &operator()).await?;
                output::note(format!("The token {id} is revoked."));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn micros_of_duration(text: &str) -> anyhow::Result<i64> {
    let (number, unit) = text.split_at(
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len()),
    );
    let seconds: i64 = match unit {
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        _ => bail!("expected a number with m, h, d or w, as in 90d"),
    };
    let number: i64 = number
        .parse()
        .context("expected a number with m, h, d or w, as in 90d")?;
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
