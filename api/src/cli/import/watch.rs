//! `retrace import --watch`

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use retrace_core::SessionId;
use retrace_core::log::EventLog;
use retrace_ingest::import::{ImportOptions, WatchOptions, Watched, shown_path, watch_folders};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::{json_of, tell_outcome};
use crate::cli::output;

/// Takes what is written into the folders until SIGTERM or Ctrl-C.
pub(super) async fn run(
    log: Arc<dyn EventLog>,
    folders: Vec<PathBuf>,
    options: ImportOptions,
    idle: Duration,
    as_json: bool,
) -> anyhow::Result<()> {
    for folder in &folders {
        ensure!(
            folder.is_dir(),
            "`{}`: only folders can be watched",
            shown_path(folder)
        );
    }
    let (stop, stopped) = watch::channel(false);
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be awaited")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be awaited")?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stop.send_replace(true);
    });
    output::note("watching; Ctrl-C or SIGTERM stops, and loses nothing");
    let how = WatchOptions {
        idle,
        ..WatchOptions::default()
    };
    let mut failed = Ok(());
    let tell = |watched: Watched<'_>| {
        // That nobody reads what is printed is no reason to stop recording.
        if let Err(error) = told(&watched, as_json) {
            failed = Err(error);
        }
    };
    watch_folders(log, folders, options, how, stopped, tell).await;
    failed
}

fn told(watched: &Watched<'_>, as_json: bool) -> anyhow::Result<()> {
    match watched {
        Watched::Live { path, session } => said("live", path, *session, as_json),
        Watched::Ended { path, session } => said("ended", path, *session, as_json),
        Watched::Done { path, outcome } if as_json => Ok(output::line(json_of(path, outcome))?),
        Watched::Done { path, outcome } => tell_outcome(path, outcome),
        Watched::Failed { error, .. } => {
            output::note(format!(
                "tried again {}",
                output::printable(&error.to_string())
            ));
            Ok(())
        }
    }
}

fn said(what: &str, path: &Path, session: SessionId, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let file = path.to_string_lossy();
        output::line(json!({"file": file, "outcome": what, "session": session}))?;
    } else {
        output::line(format!("{what:11} {session}  {}", shown_path(path)))?;
    }
    Ok(())
}
