//! `retrace rebuild`

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use retrace_projections::runner;

use super::{Data, output};

/// Drop read models, and build them anew from the log
///
/// The log is not touched: whatever a read model holds follows from it. Stop `retrace serve` first.
#[derive(Args)]
#[command(after_long_help = "Examples:
  retrace rebuild
  retrace rebuild moments screens")]
pub(super) struct Rebuild {
    #[command(flatten)]
    data: Data,
    /// The read models: sessions, activity, screens, moments, redactions, video, columns; without any, all
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

impl Rebuild {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let data = self.data.dir();
        let stored = data.open_log().await?;
        let (blobs, log) = (data.blobs_of(&stored), Arc::new(stored));
        let bar = output::bar_of_events(0);
        let shown = bar.clone();
        let rebuilt = runner::catch_up(
            log,
            blobs,
            &data.read_models(),
            &self.names,
            move |progress| {
                shown.set_length(progress.total);
                shown.set_position(progress.done);
                shown.set_message(progress.name);
            },
        )
        .await;
        bar.finish_and_clear();
        rebuilt?;
        let names: Vec<&str> = if self.names.is_empty() {
            runner::model_names().collect()
        } else {
            self.names.iter().map(String::as_str).collect()
        };
        output::note(format!("rebuilt: {}", names.join(", ")));
        Ok(ExitCode::SUCCESS)
    }
}
