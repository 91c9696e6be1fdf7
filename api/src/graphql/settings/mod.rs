//! Settings, and changes of them.

use std::sync::Arc;

use async_graphql::{Context, Object, Result, SimpleObject};
use retrace_core::access::Right;
use retrace_core::settings::{
    Change, Definition, Kind, REGISTRY, SetError, SettingError, Settings, SettingsBook, Value,
    definition,
};

use super::error::{ErrorCode, internal, of_store};
use super::look;
use super::scalar::{DateTime, LogPosition};
use preview::SettingPreview;

mod preview;

/// What a question about settings costs beside its fields.
const COST: usize = 50;

/// One setting of the server.
#[derive(SimpleObject)]
pub(super) struct Setting {
    /// Its name: `group.setting`.
    name: String,
    /// What it holds: `count`, `bytes`, `seconds`, `boolean`, `text`, `choice`, …
    kind: String,
    /// Its value, as people write it: `8 MiB`, `5m`, `true`.
    value: String,
    /// The value that it has until somebody changes it.
    default_value: String,
    /// Whether its value is another than the default.
    is_changed: bool,
    /// What it may be, in words.
    expected: String,
    /// The values that it may have, of a choice.
    choices: Vec<String>,
    /// What it is for.
    help: String,
    /// The group that it belongs to.
    group: SettingGroup,
    /// Its latest change, which says where its value comes from. Null when it was never changed.
    last_change: Option<SettingChange>,
}

/// Settings that belong together.
#[derive(SimpleObject)]
pub(super) struct SettingGroup {
    /// Its name: what its settings' names begin with.
    name: &'static str,
    /// What its settings are about.
    help: &'static str,
}

impl Setting {
    fn of(definition: &Definition, settings: &Settings, last: Option<&Change>) -> Self {
        let group = definition.group();
        let (kind, value) = (definition.kind, settings.value(definition));
        let choices = match kind {
            Kind::Choice(choices) => choices.iter().map(|&choice| choice.to_owned()).collect(),
            _ => Vec::new(),
        };
        Self {
            name: definition.name.to_owned(),
            kind: kind.name().to_owned(),
            value: kind.show(&value),
            default_value: kind.show(&definition.default()),
            is_changed: value != definition.default(),
            expected: kind.to_string(),
            choices,
            help: definition.help().to_owned(),
            group: SettingGroup {
                name: group.name,
                help: group.help(),
            },
            last_change: last.map(|change| SettingChange::of(change.clone(), kind)),
        }
    }
}

/// One change of a setting.
#[derive(SimpleObject)]
pub(super) struct SettingChange {
    /// Where it stands in the log.
    position: LogPosition,
    /// When it was made.
    at: DateTime,
    /// Who made it.
    by: String,
    /// The value until then.
    old: String,
    /// The value from then on.
    new: String,
    /// Why, in their words.
    reason: Option<String>,
}

impl SettingChange {
    fn of(change: Change, kind: Kind) -> Self {
        let shown = |json: &serde_json::Value| {
            kind.of_json(json)
                .map_or_else(|| json.to_string(), |value| kind.show(&value))
        };
        Self {
            position: LogPosition(change.position),
            at: DateTime(change.at),
            by: change.by,
            old: shown(&change.old),
            new: shown(&change.new),
            reason: change.reason,
        }
    }
}

/// Questions about settings.
#[derive(Default)]
pub(super) struct SettingsQuery;

#[Object]
impl SettingsQuery {
    /// All settings, or those of a group such as `sign_in`.
    #[graphql(complexity = "COST + 60 * child_complexity")]
    async fn settings(&self, ctx: &Context<'_>, group: Option<String>) -> Result<Vec<Setting>> {
        look::needs(ctx, Right::ViewSettings, "settings").await?;
        look::list(ctx, "settings").await?;
        let settings = book(ctx)?.current().await.map_err(of_store)?;
        let last = book(ctx)?.last_changes().await.map_err(of_store)?;
        let asked = REGISTRY.iter().filter(|definition| {
            let its = definition.name.split_once('.').map(|(group, _)| group);
            group.is_none() || its == group.as_deref()
        });
        Ok(asked
            .map(|definition| Setting::of(definition, &settings, last.get(definition.name)))
            .collect())
    }

    /// All changes of a setting, the oldest first.
    #[graphql(complexity = "COST + 20 * child_complexity")]
    async fn setting_changes(&self, ctx: &Context<'_>, name: String) -> Result<Vec<SettingChange>> {
        look::needs(ctx, Right::ViewSettings, "settings").await?;
        look::list(ctx, "settings").await?;
        let kind = definition(&name)
            .map_err(|error| ErrorCode::NotFound.error(error.to_string()))?
            .kind;
        let changes = book(ctx)?.history(&name).await.map_err(of_store)?;
        let changes = changes.into_iter();
        Ok(changes
            .map(|change| SettingChange::of(change, kind))
            .collect())
    }

    /// What a change of a setting would do, before it is made: `value` as for `changeSetting`.
    #[graphql(complexity = "COST + child_complexity")]
    async fn setting_preview(
        &self,
        ctx: &Context<'_>,
        name: String,
        value: String,
    ) -> Result<SettingPreview> {
        look::needs(ctx, Right::ViewSettings, "settings").await?;
        look::list(ctx, "settings").await?;
        let definition = definition(&name).map_err(invalid)?;
        let value = definition.parse(&value).map_err(invalid)?;
        let now = book(ctx)?.current().await.map_err(of_store)?;
        preview::preview(ctx, definition, &value, &now).await
    }
}

/// Changes of settings.
#[derive(Default)]
pub(super) struct SettingsMutation;

#[Object]
impl SettingsMutation {
    /// Changes a setting, in every process on this log at once. `value` is what people write: `8 MiB`, `5m`, `true`.
    /// The reason, 1 to 2,000 characters, stands in its history.
    async fn change_setting(
        &self,
        ctx: &Context<'_>,
        name: String,
        value: String,
        reason: Option<String>,
    ) -> Result<Setting> {
        look::needs(ctx, Right::ChangeSettings, "settings").await?;
        let definition = definition(&name).map_err(invalid)?;
        let value: Value = definition.parse(&value).map_err(invalid)?;
        let (book, by) = (book(ctx)?, &look::viewer(ctx)?.name);
        book.change(&name, &value, by, reason.as_deref())
            .await
            .map_err(|error| match error {
                SetError::Setting(error) => invalid(error),
                SetError::Reason { .. } => ErrorCode::InvalidArgument.error(error.to_string()),
                other => internal(&other),
            })?;
        let settings = book.current().await.map_err(of_store)?;
        let last = book.last_changes().await.map_err(of_store)?;
        Ok(Setting::of(
            definition,
            &settings,
            last.get(definition.name),
        ))
    }
}

#[allow(clippy::needless_pass_by_value, reason = "called by `map_err`")]
fn invalid(error: SettingError) -> async_graphql::Error {
    ErrorCode::InvalidArgument.error(error.to_string())
}

pub(super) fn book<'a>(ctx: &Context<'a>) -> Result<&'a SettingsBook> {
    Ok(ctx.data::<Arc<SettingsBook>>()?)
}
