//! Where events are sent, and how far that has come.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use retrace_core::Position;
use retrace_core::access::Right;
use retrace_core::event::DestinationSet;
use retrace_core::log::EventLog;

use super::error::{ErrorCode, internal, of_access, of_store};
use super::look;
use super::scalar::{DateTime, LogPosition, Long};
use crate::siem::destinations::book::{BookError, DestinationBook};
use crate::siem::destinations::definition::Destination as Definition;
use crate::siem::destinations::secret::SecretSealer;
use crate::siem::destinations::status::{Status, StatusBook};

/// What a question about it costs.
const COST: usize = 10;

/// Where events are sent as they happen. Numbers are those of the node that answers.
#[derive(SimpleObject)]
pub(super) struct Destination {
    /// Its name.
    name: String,
    /// How: `syslog-udp`, `syslog-tcp`, `syslog-tls`, `hec`, `webhook`, `file`, `nats`.
    kind: String,
    /// Where.
    target: String,
    /// As what: `ndjson`, `ocsf`, `ecs`, `cef`, `leef`.
    format: String,
    /// Which types, such as `session.*,-session.ended`; empty for all.
    types: String,
    /// Whether what is redacted is sent as it was recorded.
    reveal: bool,
    /// Whether it has a secret, which is never shown.
    has_secret: bool,
    /// What else is said about how to send.
    options: Vec<DestinationOption>,
    /// Who set it last.
    set_by: String,
    /// When.
    set_at: DateTime,
    /// What it is doing: `starting`, `delivering`, `idle`, `retrying`, `elsewhere` (another node sends), `stopped`.
    state: String,
    /// How many positions of the log were not looked at for it yet.
    lag: Long,
    /// How many events it has taken.
    delivered: Long,
    /// How many times sending failed, and was tried again.
    failed: Long,
    /// How many events it has refused for good.
    dead_letters: Long,
    /// What went wrong last.
    last_error: Option<String>,
    /// When that was.
    last_error_at: Option<DateTime>,
    /// The position below which it has everything that is sent to it.
    cursor: LogPosition,
}

/// Something more that is said about how to send.
#[derive(SimpleObject)]
pub(super) struct DestinationOption {
    /// Its name: `batch_events`, `frame_bytes`, `facility`, `hostname`, `hold_s`, `index`, `sourcetype`, `ack`,
    /// `subject`, `rotate_bytes`, …
    name: String,
    /// Its value.
    value: String,
}

/// The same, to be set.
#[derive(InputObject)]
pub(super) struct DestinationOptionInput {
    /// Its name.
    name: String,
    /// Its value.
    value: String,
}

/// A destination that is to be.
#[derive(InputObject)]
pub(super) struct DestinationInput {
    /// Its name: 1 to 64 of `a-z 0-9 - _`, starting with a letter. One that is there is changed, and goes on where it was.
    name: String,
    /// How: `syslog-udp`, `syslog-tcp`, `syslog-tls`, `hec`, `webhook`, `file`, `nats`.
    kind: String,
    /// Where: `host:port`, `https://…`, `nats://…`, or a path below the folder that the server allows for exports.
    target: String,
    /// As what: `ndjson`, `ocsf`, `ecs`, `cef`, `leef`.
    format: Option<String>,
    /// Which types; all when it is not said.
    types: Option<String>,
    /// What else is said about how to send.
    options: Option<Vec<DestinationOptionInput>>,
    /// A token, or the key that signs. Without it, a destination that goes where it went keeps its own.
    secret: Option<String>,
    /// The authorities whose certificates count instead of the system's, as PEM.
    ca: Option<String>,
    /// Whether what is redacted is sent as it was recorded. Needs the right to reveal everywhere.
    reveal: Option<bool>,
    /// The first position that is sent; without it, what happens from now on.
    from: Option<LogPosition>,
}

impl Destination {
    fn of(definition: &Definition, status: Option<Status>, size: Position) -> Self {
        let status = status.unwrap_or_else(|| Status {
            sent: definition.begin,
            cursor: definition.begin,
            ..Status::default()
        });
        let (last_error, at) = status.last_error.clone().unzip();
        let options = definition.options.iter();
        Self {
            name: definition.name.to_string(),
            kind: definition.kind.name().to_owned(),
            target: definition.target.clone(),
            format: definition.format.name().to_owned(),
            types: definition.types_text.clone(),
            reveal: definition.reveal,
            has_secret: definition.sealed.is_some(),
            options: options
                .map(|(name, value)| DestinationOption {
                    name: name.clone(),
                    value: value.clone(),
                })
                .collect(),
            set_by: definition.by.clone(),
            set_at: DateTime(definition.at),
            state: status.state.name().to_owned(),
            lag: status.lag(size).into(),
            delivered: status.delivered.into(),
            failed: status.failed.into(),
            dead_letters: status.dead.into(),
            last_error,
            last_error_at: at.map(DateTime),
            cursor: LogPosition(status.cursor),
        }
    }
}

/// Questions about destinations.
#[derive(Default)]
pub(super) struct DestinationQuery;

#[Object]
impl DestinationQuery {
    /// Where events are sent, by name. Needs the right to see settings.
    #[graphql(complexity = "COST + 20 * child_complexity")]
    async fn destinations(&self, ctx: &Context<'_>) -> Result<Vec<Destination>> {
        look::needs(ctx, Right::ViewSettings, "destinations").await?;
        look::list(ctx, "destinations").await?;
        let all = book(ctx)?.list().await.map_err(of_store)?;
        let size = size(ctx).await?;
        let statuses = ctx.data::<StatusBook>()?;
        let all = all.iter();
        Ok(all
            .map(|one| Destination::of(one, statuses.find(one.name.as_str()), size))
            .collect())
    }
}

/// Changes of destinations.
#[derive(Default)]
pub(super) struct DestinationMutation;

#[Object]
impl DestinationMutation {
    /// Sends events to a destination from now on, or changes one. Needs the right to change settings everywhere.
    async fn set_destination(
        &self,
        ctx: &Context<'_>,
        input: DestinationInput,
    ) -> Result<Destination> {
        look::needs(ctx, Right::ChangeSettings, "destinations").await?;
        // What somebody has sent elsewhere they could read here.
        look::needs(ctx, Right::ReadLog, "destinations").await?;
        let reveal = input.reveal.unwrap_or_default();
        if reveal {
            look::needs(ctx, Right::Reveal, "destinations").await?;
        }
        let options: BTreeMap<String, String> = input
            .options
            .unwrap_or_default()
            .into_iter()
            .map(|option| (option.name, option.value))
            .collect();
        let set = DestinationSet {
            by: look::viewer(ctx)?.name.clone(),
            ca: input.ca,
            format: input.format.unwrap_or_else(|| "ocsf".to_owned()),
            kind: input.kind,
            name: input.name,
            options,
            reveal,
            scope: Default::default(),
            sealed: None,
            target: input.target,
            types: input.types.unwrap_or_default(),
        };
        let sealer = ctx.data::<SecretSealer>()?;
        let from = input.from.map(|LogPosition(from)| from);
        let set = book(ctx)?.set(set, input.secret.as_deref(), from, sealer);
        answer(ctx, set.await).await
    }

    /// Sends nothing to a destination any more, and answers what it was. Needs the right to change settings everywhere.
    async fn remove_destination(&self, ctx: &Context<'_>, name: String) -> Result<Destination> {
        look::needs(ctx, Right::ChangeSettings, "destinations").await?;
        let by = &look::viewer(ctx)?.name;
        let removed = book(ctx)?.remove(&name, by).await;
        answer(ctx, removed).await
    }

    /// Sends everything to a destination again from a position on. Needs the right to change settings everywhere.
    async fn replay_destination(
        &self,
        ctx: &Context<'_>,
        name: String,
        from: LogPosition,
    ) -> Result<Destination> {
        look::needs(ctx, Right::ChangeSettings, "destinations").await?;
        let by = &look::viewer(ctx)?.name;
        let replayed = book(ctx)?.replay(&name, from.0, by).await;
        answer(ctx, replayed).await
    }
}

async fn answer(
    ctx: &Context<'_>,
    outcome: Result<Arc<Definition>, BookError>,
) -> Result<Destination> {
    let definition = outcome.map_err(of_book)?;
    let status = ctx.data::<StatusBook>()?.find(definition.name.as_str());
    Ok(Destination::of(&definition, status, size(ctx).await?))
}

async fn size(ctx: &Context<'_>) -> Result<Position> {
    let log = ctx.data::<Arc<dyn EventLog>>()?;
    Ok(log.head().await.map_err(of_store)?.size)
}

fn book<'a>(ctx: &Context<'a>) -> Result<&'a DestinationBook> {
    Ok(ctx.data::<Arc<DestinationBook>>()?)
}

fn of_book(error: BookError) -> async_graphql::Error {
    match error {
        BookError::Invalid(_)
        | BookError::TooMany
        | BookError::Ahead { .. }
        | BookError::Secret(_)
        | BookError::Event(_) => ErrorCode::InvalidArgument.error(error.to_string()),
        BookError::NoSuchDestination { .. } => ErrorCode::NotFound.error(error.to_string()),
        BookError::Append(error) => of_access(error),
        BookError::Store(error) => internal(&error),
    }
}
