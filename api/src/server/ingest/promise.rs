//! Whether a recording can be promised.

use retrace_core::log::StoreError;
use retrace_core::settings::Settings;

use crate::disk::{Space, space};
use crate::server::App;

/// No promise without room for the recording, or under a policy that this version cannot keep. Why
/// there is none is the inner error.
pub(in crate::server) async fn check_promise(
    app: &App,
    settings: &Settings,
) -> Result<Result<(), String>, StoreError> {
    let unknown = app.settings.unknown().await?;
    if let Some(name) = unknown.keys().find(|name| name.starts_with("policy.")) {
        return Ok(Err(format!(
            "the setting `{name}` cannot be in force: this version of the server does not know it"
        )));
    }
    let folder = app.ingest.data.clone();
    let free = tokio::task::spawn_blocking(move || space(&folder))
        .await
        .map_err(|error| StoreError::Failed(Box::new(error)))?;
    let needed = settings.ingest.free_space_min;
    Ok(match free {
        Ok(Space { free, .. }) if free >= needed => Ok(()),
        Ok(Space { free, .. }) => Err(format!(
            "the server has {free} bytes of free space, expected at least {needed} \
             (`ingest.free_space_min`)"
        )),
        Err(error) => Err(format!("the server's free space is not known: {error}")),
    })
}
