//! `retrace settings`

use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use retrace_core::settings::{
    REGISTRY, Settings as Values, SettingsBook, definition, show_seconds,
};
use serde_json::{Value, json};

use super::{Data, operator, output};

/// Show and change the settings of the server, which stand in its log
#[derive(Args)]
#[command(after_long_help = "Examples:
  retrace settings list
  retrace settings get ingest.batch_bytes_max
  retrace settings set ingest.batch_bytes_max 16MiB
  retrace settings set policy.inactivity_s 15m
  retrace settings history policy.inactivity_s --json

A change holds at once in every process on this log, and stands in it for ever as an event with who made it.
docs/settings.md lists all settings.")]
pub(super) struct Settings {
    #[command(subcommand)]
    command: SettingsCommand,
}

#[derive(Subcommand)]
enum SettingsCommand {
    /// List all settings, with their values and what they are
    #[command(after_long_help = "Examples:
  retrace settings list
  retrace settings list --json | jq 'select(.value != .default)'")]
    List {
        #[command(flatten)]
        data: Data,
        /// Print them as JSON, one on each line
        #[arg(long)]
        json: bool,
    },
    /// Print the value of a setting
    #[command(after_long_help = "Examples:
  retrace settings get ingest.batch_bytes_max
  retrace settings get policy.record_keys --json")]
    Get {
        #[command(flatten)]
        data: Data,
        /// Its name, as `retrace settings list` shows it
        name: String,
        /// Print it as JSON, with its default and what it may be
        #[arg(long)]
        json: bool,
    },
    /// Change a setting
    #[command(after_long_help = "Examples:
  retrace settings set ingest.free_space_min 2GB
  retrace settings set policy.max_length_s 8h --reason 'ticket 4711'
  retrace settings set proofs.public false")]
    Set {
        #[command(flatten)]
        data: Data,
        /// Its name, as `retrace settings list` shows it
        name: String,
        /// The value from now on: 42, 16MiB, 15m, true, …
        value: String,
        /// Why, for its history
        #[arg(long)]
        reason: Option<String>,
        /// Print the change as JSON
        #[arg(long)]
        json: bool,
    },
    /// Print all changes of a setting, the oldest first
    #[command(after_long_help = "Examples:
  retrace settings history policy.record_keys
  retrace settings history policy.record_keys --json")]
    History {
        #[command(flatten)]
        data: Data,
        /// Its name
        name: String,
        /// Print them as JSON, one on each line
        #[arg(long)]
        json: bool,
    },
}

impl Settings {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            SettingsCommand::List { data, json } => list(&open(&data).await?, json).await?,
            SettingsCommand::Get { data, name, json } => {
                get(&open(&data).await?, &name, json).await?;
            }
            SettingsCommand::Set {
                data,
                name,
                value,
                reason,
                json,
            } => {
                // Before a log is created for it.
                let value = definition(&name)?.parse(&value)?;
                let book = SettingsBook::new(Arc::new(data.dir().open_or_create_log().await?));
                let kind = definition(&name)?.kind;
                let reason = reason.as_deref();
                let old = book.change(&name, &value, &operator(), reason).await?;
                if json {
                    let [old, new] = [&old, &value].map(Value::from);
                    output::line(json!({"name": name, "old": old, "new": new}))?;
                } else {
                    let [old, new] = [&old, &value].map(|value| kind.show(value));
                    output::note(format!("{name} was {old}, and is {new} from now on."));
                    if name.starts_with("retention.") {
                        let grace = show_seconds(book.current().await?.retention.grace_s);
                        output::note(format!(
                            "What is let go by that is purged after {grace} (retention.grace_s): `retrace retention due` \
                             lists it."
                        ));
                    }
                }
            }
            SettingsCommand::History { data, name, json } => {
                history(&open(&data).await?, &name, json).await?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn open(data: &Data) -> anyhow::Result<SettingsBook> {
    Ok(SettingsBook::new(Arc::new(data.dir().open_log().await?)))
}

async fn list(book: &SettingsBook, json: bool) -> anyhow::Result<()> {
    let current = book.current().await?;
    for definition in REGISTRY {
        if json {
            output::line(described(definition, &current))?;
            continue;
        }
        let value = current.value(definition);
        let shown = definition.kind.show(&value);
        let changed = if value == definition.default() {
            ' '
        } else {
            '*'
        };
        output::line(format!(
            "{:34} {changed} {shown:10} {}",
            definition.name,
            definition.help()
        ))?;
    }
    for (name, value) in book.unknown().await? {
        if json {
            output::line(json!({"name": name, "kind": null, "value": value}))?;
        } else {
            let value = output::printable(&value.to_string());
            let name = output::printable(&name);
            output::line(format!("{name:34} ? {value:10} Not known to this version."))?;
        }
    }
    Ok(())
}

async fn get(book: &SettingsBook, name: &str, json: bool) -> anyhow::Result<()> {
    let definition = definition(name)?;
    let current = book.current().await?;
    if json {
        output::line(described(definition, &current))?;
    } else {
        output::line(definition.kind.show(&current.value(definition)))?;
    }
    Ok(())
}

async fn history(book: &SettingsBook, name: &str, json: bool) -> anyhow::Result<()> {
    let changes = book.history(name).await?;
    // A setting of a newer version has a history too, a mistyped name has none.
    let kind = match definition(name) {
        Ok(definition) => Some(definition.kind),
        Err(error) if changes.is_empty() => return Err(error.into()),
        Err(_) => None,
    };
    for change in changes {
        if json {
            output::line(json!({
                "position": change.position, "recordedAt": change.at, "by": change.by,
                "old": change.old, "new": change.new, "reason": change.reason,
            }))?;
            continue;
        }
        let [old, new] = [&change.old, &change.new].map(|json| {
            let value = kind.and_then(|kind| Some(kind.show(&kind.of_json(json)?)));
            output::printable(&value.unwrap_or_else(|| json.to_string()))
        });
        let by = output::printable(&change.by);
        let reason = change.reason.as_deref().map(output::printable);
        let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
        output::line(format!("{}  {old} -> {new}  by {by}{reason}", change.at))?;
    }
    Ok(())
}

fn described(definition: &retrace_core::settings::Definition, current: &Values) -> Value {
    let (min, max) = definition.kind.range().unzip();
    json!({
        "name": definition.name, "kind": definition.kind.name(),
        "value": Value::from(&current.value(definition)),
        "default": Value::from(&definition.default()),
        "min": min, "max": max, "expected": definition.kind.to_string(), "help": definition.help(),
    })
}
