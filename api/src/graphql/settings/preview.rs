//! What a change of a setting would do, before it is made.

use std::sync::Arc;

use async_graphql::{Context, Result, SimpleObject};
use retrace_core::settings::{Definition, Settings, Value, show_seconds};

use crate::disk::DataFolder;
use crate::graphql::error::{internal, of_store};
use crate::graphql::retention;
use crate::graphql::scalar::Long;
use crate::retention::due;
use crate::sign_ins::{SignIns, SignedInBy};

/// What a change of a setting would do.
#[derive(SimpleObject)]
pub(in crate::graphql) struct SettingPreview {
    /// The value that it would have, as people read it.
    value: String,
    /// Whether that is another than it has.
    is_other: bool,
    /// What would be lost by it, or no longer work: one sentence each. None when nothing is known to be.
    warnings: Vec<String>,
    /// How many sessions would be purged by it that are kept as it is. 0 for settings that have nothing to do with it.
    purges: Long,
}

pub(super) async fn preview(
    ctx: &Context<'_>,
    definition: &'static Definition,
    value: &Value,
    now: &Settings,
) -> Result<SettingPreview> {
    let is_other = now.value(definition) != *value;
    let (mut warnings, mut purges) = (Vec::new(), 0);
    if is_other {
        let then = now.with(definition, value);
        warnings.extend(signs_in(ctx, now, &then).await?);
        warnings.extend(free_space(ctx, now, &then).await?);
        warnings.extend(no_longer_kept(now, &then).map(str::to_owned));
        if let Some(preview) = retention::preview(ctx, now, &then).await? {
            warnings.extend(would_purge(&preview, then.retention.grace_s));
            purges = preview.purged;
        }
    }
    Ok(SettingPreview {
        value: definition.kind.show(value),
        is_other,
        warnings,
        purges: purges.into(),
    })
}

/// What would be destroyed, in words.
fn would_purge(preview: &due::Preview, grace_s: u64) -> Option<String> {
    let (oldest, newest) = preview.oldest.zip(preview.newest)?;
    let [oldest, newest] = [oldest, newest].map(|at| at.to_string());
    let [oldest, newest] = [&oldest, &newest].map(|at| at.get(..10).unwrap_or(at));
    let recordings = match preview.purged {
        1 => format!("1 recording of {oldest}"),
        many => format!("{} recordings of {oldest} to {newest}", grouped(many)),
    };
    let held = match preview.held {
        0 => String::new(),
        1 => " 1 more is on legal hold and stays.".to_owned(),
        many => format!(" {} more are on legal hold and stay.", grouped(many)),
    };
    let when = match grace_s {
        0 => "at once".to_owned(),
        grace => format!("in {}", show_seconds(grace)),
    };
    Some(format!(
        "This would delete {recordings} for ever, {when}.{held}"
    ))
}

/// A number with commas: `1,204`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Whether somebody would still be able to sign in, and who signed in by what would not be taken any more.
async fn signs_in(ctx: &Context<'_>, now: &Settings, then: &Settings) -> Result<Vec<String>> {
    let ways = |settings: &Settings| {
        let provider = !settings.oidc.issuer.is_empty() && !settings.oidc.client_id.is_empty();
        (settings.sign_in.with_token, provider)
    };
    let (token, provider) = ways(then);
    if ways(now) == (token, provider) {
        return Ok(Vec::new());
    }
    let mut warnings = Vec::new();
    if !token && !provider {
        let locked_out = "Nobody could sign a browser in any more: neither with a token, nor at a provider of \
            identities. Only `retrace settings set` on the server would set it back.";
        warnings.push(locked_out.to_owned());
    }
    let browsers = ctx.data::<Arc<SignIns>>()?.browsers().await;
    let by_token = browsers.map_err(of_store)?.into_iter();
    let by_token = by_token.filter(|browser| matches!(browser.by, SignedInBy::Token { .. }));
    let count = by_token.count();
    if now.sign_in.with_token && !token && count > 0 {
        let is_one = count == 1;
        let (browsers, they) = if is_one {
            ("browser that is", "it ends")
        } else {
            ("browsers that are", "they end")
        };
        warnings.push(format!(
            "The {count} {browsers} signed in with a token could not sign in again once {they}."
        ));
    }
    Ok(warnings)
}

/// Whether sessions would still be promised to be recorded.
async fn free_space(ctx: &Context<'_>, now: &Settings, then: &Settings) -> Result<Option<String>> {
    let needed = then.ingest.free_space_min;
    if needed <= now.ingest.free_space_min {
        return Ok(None);
    }
    let folder = Arc::clone(ctx.data::<Arc<DataFolder>>()?);
    let space = tokio::task::spawn_blocking(move || folder.space()).await;
    let Ok(space) = space.map_err(|stopped| internal(&stopped))? else {
        return Ok(None);
    };
    Ok((space.free < needed).then(|| {
        format!(
            "The disk has {} bytes of free space, which is less: no session that is launched from now on would be \
             promised to be recorded.",
            space.free
        )
    }))
}

/// What would not be recorded, or not be hidden, of sessions that are launched from then on.
fn no_longer_kept(now: &Settings, then: &Settings) -> impl Iterator<Item = &'static str> {
    let turned_off = |is_on: fn(&Settings) -> bool| is_on(now) && !is_on(then);
    [
        (
            turned_off(|settings| settings.policy.record_keys),
            "Keystrokes of sessions that are launched from now on would not be recorded, and nobody could get them back.",
        ),
        (
            turned_off(|settings| settings.policy.recording_required),
            "Sessions that are launched from now on could run without being recorded.",
        ),
        (
            turned_off(|settings| settings.redaction.unechoed),
            "What is typed unseen, as passwords are, would be shown to everybody who may see recordings, in sessions \
             that begin from now on.",
        ),
        (
            turned_off(|settings| settings.redaction.known_secrets),
            "Private keys and tokens would be shown to everybody who may see recordings, in sessions that begin from \
             now on.",
        ),
        (
            turned_off(|settings| !settings.redaction.prompts.is_empty()),
            "What is typed at prompts for secrets would be shown to everybody who may see recordings, in sessions \
             that begin from now on.",
        ),
        (
            turned_off(|settings| settings.access.reason_required),
            "Nobody would have to say why they look at a recording any more.",
        ),
    ]
    .into_iter()
    .filter_map(|(is, warning)| is.then_some(warning))
}
