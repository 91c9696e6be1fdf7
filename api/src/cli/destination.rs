//! `retrace destination`

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use retrace_core::event::DestinationSet;
use retrace_core::log::EventLog;
use retrace_core::{Position, StreamName, StreamVersion};
use retrace_query::Reader;
use serde_json::{Value, json};

use super::scope::{ScopeArgs, shown};
use super::{Data, operator, output};
use crate::siem::destinations::book::DestinationBook;
use crate::siem::destinations::definition::{Destination as Definition, Kind};
use crate::siem::destinations::reconcile::{Received, reconcile};
use crate::siem::destinations::secret::SecretSealer;
use crate::siem::destinations::sinks::{self, Outgoing, SinkContext};
use crate::siem::destinations::store::ProgressStore;
use crate::siem::formats::{Format, LineWriter, Shown};

/// Send events to a SIEM as they happen: where, and how far that has come
#[derive(Args)]
#[command(after_long_help = "Examples:
  retrace destination add siem --kind syslog-tls --address siem.example:6514 --format ocsf --ca ca.pem
  RETRACE_DESTINATION_SECRET=… retrace destination add splunk --kind hec --address https://splunk.example:8088 --format ocsf
  retrace destination list
  retrace destination test splunk
  retrace destination replay siem --after 4711
  retrace destination reconcile siem --received /var/log/retrace.log
  retrace destination remove siem

A server on this log sends; docs/siem.md tells what, in which formats, and how often again.")]
pub(super) struct Destination {
    #[command(subcommand)]
    command: DestinationCommand,
}

#[derive(Subcommand)]
enum DestinationCommand {
    /// Add a destination, or change the one of that name, which goes on where it was
    #[command(after_long_help = "Examples:
  retrace destination add siem --kind syslog-tls --address siem.example:6514 --format cef --ca ca.pem
  retrace destination add hook --kind webhook --address https://example/hook --secret-file key --types 'session.*,-session.clock_measured'
  retrace destination add archive --kind file --address siem/events.ndjson --format ndjson --from-the-start
  retrace destination add bus --kind nats --address nats://nats.example:4222 --option subject=retrace.events")]
    Add(Box<Add>),
    /// List the destinations, and how far this node has come with them
    #[command(after_long_help = "Examples:
  retrace destination list
  retrace destination list --json")]
    List {
        #[command(flatten)]
        data: Data,
        /// Print them as JSON, one on each line
        #[arg(long)]
        json: bool,
    },
    /// Remove a destination: nothing is sent there any more
    #[command(after_long_help = "Examples:
  retrace destination remove siem")]
    Remove {
        #[command(flatten)]
        data: Data,
        /// Its name
        name: String,
    },
    /// Send one event there from here, the one that says what it is, and tell what came of it
    #[command(after_long_help = "Examples:
  retrace destination test siem")]
    Test {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        folder: ExportFolder,
        /// Its name
        name: String,
    },
    /// Send everything again after a position
    #[command(after_long_help = "Examples:
  retrace destination replay siem --after 4711
  retrace destination replay siem")]
    Replay {
        #[command(flatten)]
        data: Data,
        /// Its name
        name: String,
        /// The position; without it, everything from the start of the log
        #[arg(long, value_name = "POSITION")]
        after: Option<u64>,
    },
    /// List events that a destination has refused for good, the newest first
    #[command(after_long_help = "Examples:
  retrace destination dead-letters siem")]
    DeadLetters {
        #[command(flatten)]
        data: Data,
        /// Its name
        name: String,
        /// At most so many
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Compare what arrived with what was to arrive, by ranges of positions. Exit status 1 when something is missing
    #[command(after_long_help = "Examples:
  retrace destination reconcile siem --received /var/log/retrace.log
  retrace destination reconcile siem --received export.json --from 100000 --to 200000 --json

Received lines may be anything that holds the ids of the events: what the receiver wrote, or an export of the SIEM.")]
    Reconcile {
        #[command(flatten)]
        data: Data,
        /// Its name
        name: String,
        /// A file with what arrived
        #[arg(long, value_name = "FILE")]
        received: PathBuf,
        /// The first position; without it, the one from which the destination was sent
        #[arg(long, value_name = "POSITION")]
        from: Option<u64>,
        /// The position after the last; without it, that up to which this node has sent
        #[arg(long, value_name = "POSITION")]
        to: Option<u64>,
        /// How many positions make a range
        #[arg(long, default_value_t = 10_000)]
        width: u64,
        /// Print the ranges as JSON, one on each line
        #[arg(long)]
        json: bool,
    },
}

/// Where files may be written.
#[derive(Args)]
pub(super) struct ExportFolder {
    /// The folder below which destinations of the kind `file` may write; without it, none may
    #[arg(long, value_name = "FOLDER", env = "RETRACE_EXPORT_FOLDER")]
    pub(super) export_folder: Option<PathBuf>,
}

#[derive(Args)]
struct Add {
    #[command(flatten)]
    data: Data,
    /// Its name: 1 to 64 of a-z, 0-9, `-` and `_`, starting with a letter
    name: String,
    /// How: syslog-udp, syslog-tcp, syslog-tls, hec, webhook, file or nats
    #[arg(long)]
    kind: Kind,
    /// Where: host:port, https://…, nats://…, or a path below the folder for exports
    #[arg(long, value_name = "TARGET")]
    address: String,
    /// As what: ndjson, ocsf, ecs, cef or leef
    #[arg(long, default_value = "ocsf")]
    format: Format,
    /// Which types: `session.*,keys.typed` wants these alone, `-terminal.*` leaves these out
    #[arg(long, default_value = "")]
    types: String,
    /// What else: NAME=VALUE, such as frame_bytes=65536. May be given more than once
    #[arg(long, value_name = "NAME=VALUE")]
    option: Vec<String>,
    /// A file with the secret: a token, or the key that signs. RETRACE_DESTINATION_SECRET may hold it
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// A file with the certificates of authorities, in PEM, that count instead of the system's
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Send what is in the log too; without it, what happens from now on
    #[arg(long)]
    from_the_start: bool,
    /// Send what is redacted as it was recorded
    #[arg(long)]
    reveal: bool,
    #[command(flatten)]
    scope: ScopeArgs,
}

impl Destination {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            DestinationCommand::Add(add) => add.run().await?,
            DestinationCommand::List { data, json } => list(&data, json).await?,
            DestinationCommand::Remove { data, name } => {
                let book = DestinationBook::new(Arc::new(data.dir().open_log().await?));
                book.remove(&name, &operator()).await?;
                output::note(format!("Nothing is sent to {name} any more."));
            }
            DestinationCommand::Test { data, folder, name } => {
                test(&data, folder.export_folder, &name).await?;
            }
            DestinationCommand::Replay { data, name, after } => {
                let book = DestinationBook::new(Arc::new(data.dir().open_log().await?));
                let from = Position(after.map_or(0, |after| after.saturating_add(1)));
                book.replay(&name, from, &operator()).await?;
                output::note(format!("{name} is sent everything again from {from} on."));
            }
            DestinationCommand::DeadLetters { data, name, limit } => {
                let store = ProgressStore::open(&data.data)?;
                for letter in store.dead_letters(&name, limit)? {
                    let (position, at) = (letter.position, letter.at);
                    let reason = output::printable(&letter.reason);
                    output::line(format!("{position}  {at}  {reason}"))?;
                }
            }
            DestinationCommand::Reconcile {
                data,
                name,
                received,
                from,
                to,
                width,
                json,
            } => {
                let bounds = (from.map(Position), to.map(Position));
                return compare(&data, &name, received, bounds, width, json).await;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Add {
    async fn run(self) -> anyhow::Result<()> {
        let dir = self.data.dir();
        let book = DestinationBook::new(Arc::new(dir.open_or_create_log().await?));
        let secret =
            match &self.secret_file {
                Some(path) => Some(std::fs::read_to_string(path).with_context(|| {
                    format!("the secret in `{}` cannot be read", path.display())
                })?),
                None => std::env::var("RETRACE_DESTINATION_SECRET").ok(),
            };
        let ca = self.ca.as_ref().map(|path| {
            std::fs::read_to_string(path)
                .with_context(|| format!("`{}` cannot be read", path.display()))
        });
        let set = DestinationSet {
            by: operator(),
            ca: ca.transpose()?,
            format: self.format.name().to_owned(),
            kind: self.kind.name().to_owned(),
            name: self.name.clone(),
            options: options(&self.option)?,
            reveal: self.reveal,
            scope: self.scope.into(),
            sealed: None,
            target: self.address,
            types: self.types,
        };
        let secret = secret
            .as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty());
        let from = self.from_the_start.then_some(Position(0));
        let sealer = SecretSealer::of(&dir)?;
        book.set(set, secret, from, &sealer).await?;
        output::note(format!(
            "{} is sent events by the servers on this log.",
            self.name
        ));
        Ok(())
    }
}

fn options(pairs: &[String]) -> anyhow::Result<BTreeMap<String, String>> {
    let pair = |pair: &String| {
        let (name, value) = pair
            .split_once('=')
            .with_context(|| format!("`{pair}` is no option, expected NAME=VALUE"))?;
        Ok((name.to_owned(), value.to_owned()))
    };
    pairs.iter().map(pair).collect()
}

async fn list(data: &Data, json: bool) -> anyhow::Result<()> {
    let dir = data.dir();
    let log: Arc<dyn EventLog> = Arc::new(dir.open_log().await?);
    let size = log.head().await?.size;
    let book = DestinationBook::new(log);
    let store = ProgressStore::open(&data.data)?;
    for destination in book.list().await? {
        let name = destination.name.as_str();
        let progress = store.find(name)?.unwrap_or_default();
        let lag = size.0.saturating_sub(progress.next.0);
        if json {
            let error = progress.last_error.as_ref().map(|(text, _)| text);
            let mut row = described(&destination);
            row["state"] = progress.state.clone().into();
            row["cursor"] = progress.next.0.into();
            row["lag"] = lag.into();
            row["delivered"] = progress.delivered.into();
            row["failed"] = progress.failed.into();
            row["deadLetters"] = progress.dead.into();
            row["lastError"] = json!(error);
            output::line(row)?;
            continue;
        }
        let target = output::printable(&destination.target);
        let state = if progress.state.is_empty() {
            "new"
        } else {
            &progress.state
        };
        let (kind, format) = (destination.kind, destination.format);
        let scope = shown(&destination.scope);
        let (delivered, dead) = (progress.delivered, progress.dead);
        output::line(format!(
            "{name:20}  {kind}  {target}  {format}  {state}: {delivered} delivered, {lag} behind, {dead} refused{scope}"
        ))?;
        if let Some((error, at)) = &progress.last_error {
            output::line(format!("{:20}  {at}: {}", "", output::printable(error)))?;
        }
    }
    Ok(())
}

fn described(destination: &Definition) -> Value {
    json!({
        "name": destination.name.as_str(), "kind": destination.kind.name(), "target": destination.target,
        "format": destination.format.name(), "types": destination.types_text, "scope": destination.scope,
        "reveal": destination.reveal, "options": destination.options, "setBy": destination.by,
        "setAt": destination.at, "hasSecret": destination.sealed.is_some(),
    })
}

async fn test(data: &Data, folder: Option<PathBuf>, name: &str) -> anyhow::Result<()> {
    let dir = data.dir();
    let log: Arc<dyn EventLog> = Arc::new(dir.open_log().await?);
    let destination = DestinationBook::new(Arc::clone(&log)).find(name).await?;
    let last = StreamVersion(destination.revision.saturating_sub(1));
    let events = log
        .read_stream(&StreamName::destinations(), last, 1)
        .await?;
    let event = events.first().context("the log does not say what it is")?;
    let writer = LineWriter::new(destination.format, log.id());
    let mut line = Vec::new();
    let shown = Shown {
        event,
        masked: None,
        session: None,
    };
    let truncated = writer.push(shown, &mut line);
    let outgoing = Outgoing {
        position: event.position(),
        id: writer.id_of(event),
        at: event.at(),
        recorded_at: event.recorded_at(),
        kind: event.kind().clone(),
        severity: 1,
        truncated,
        line,
    };
    let context = SinkContext {
        sealer: SecretSealer::of(&dir)?,
        folder,
    };
    let mut sink = sinks::open(&destination, &context).await?;
    sink.send(std::slice::from_ref(&outgoing)).await?;
    let closed = sink.close().await;
    let taken = if closed { "has taken" } else { "was sent" };
    output::note(format!("{name} {taken} the event {}.", outgoing.id));
    Ok(())
}

async fn compare(
    data: &Data,
    name: &str,
    path: PathBuf,
    (from, to): (Option<Position>, Option<Position>),
    width: u64,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let dir = data.dir();
    let log: Arc<dyn EventLog> = Arc::new(dir.open_log().await?);
    let destination = DestinationBook::new(Arc::clone(&log)).find(name).await?;
    let size = log.head().await?.size;
    let progress = ProgressStore::open(&data.data)?.find(name)?;
    let sent = progress.map_or(size, |progress| progress.next);
    let (from, to) = (
        from.unwrap_or(destination.begin),
        to.unwrap_or(sent).min(size),
    );
    if from > to {
        bail!("it was sent up to {to}, expected more than {from}");
    }
    let mut received = Received::new(from, to);
    let id = log.id();
    let file = File::open(&path).with_context(|| format!("`{}`", path.display()))?;
    let received = tokio::task::spawn_blocking(move || {
        received.read(BufReader::new(file), id).map(|()| received)
    });
    let received = received.await??;
    let (others, outside) = (received.others, received.outside);
    let reader = Reader::open(&dir.read_models(), Arc::clone(&log));
    let ranges = reconcile(log, &reader, &destination, received, to, width).await?;
    let (mut expected, mut arrived, mut duplicates) = (0, 0, 0);
    for range in &ranges {
        expected += range.expected;
        arrived += range.received;
        duplicates += range.duplicates;
        let missing: Vec<u64> = range.missing.iter().map(|position| position.0).collect();
        if json {
            output::line(json!({
                "from": range.from, "to": range.to, "expected": range.expected, "received": range.received,
                "duplicates": range.duplicates, "unexpected": range.unexpected, "missing": missing,
            }))?;
        } else {
            let mut line = format!(
                "{:>12} to {:<12} {} of {} arrived, {} twice",
                range.from.0, range.to.0, range.received, range.expected, range.duplicates
            );
            if !missing.is_empty() {
                line.push_str(&format!(", missing {missing:?}"));
            }
            output::line(line)?;
        }
    }
    output::note(format!(
        "{arrived} of {expected} events arrived, {duplicates} more than once; {outside} of other positions, {others} lines \
         without an id"
    ));
    Ok(if arrived == expected {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}
