//! `retrace export`

use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use retrace_core::SessionId;

use super::Data;
use crate::export::{Format, SessionExport};

/// Export a session as asciicast, or as its events
#[derive(Args)]
#[command(after_long_help = "Examples:
  retrace export 7d4d0c1e-53b2-8f3c-9a58-0f3f1b1f5a11 -o deploy.cast
  retrace export 7d4d0c1e-53b2-8f3c-9a58-0f3f1b1f5a11 --format asciicast-v3 | asciinema play -
  retrace export 7d4d0c1e-53b2-8f3c-9a58-0f3f1b1f5a11 --format ndjson | jq .type

The address of a session in the web UI ends in its id.")]
pub(super) struct Export {
    #[command(flatten)]
    data: Data,
    /// The id of the session
    session: SessionId,
    /// asciicast-v2, asciicast-v3, or ndjson (all events, the very bytes that are proved)
    #[arg(long, default_value = "asciicast-v2")]
    format: Format,
    /// The file to write, which must not exist yet; without it, standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Export {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let log = Arc::new(self.data.dir().open_log()?);
        let export = SessionExport::open(log, self.session, self.format).await?;
        match &self.output {
            None => write(export, &mut BufWriter::new(io::stdout().lock())).await?,
            Some(path) => to_file(export, path).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The file has its name only when it is whole.
async fn to_file(export: SessionExport, path: &Path) -> anyhow::Result<()> {
    let named = || format!("`{}`", path.display());
    if path.exists() {
        return Err(io::Error::from(io::ErrorKind::AlreadyExists)).with_context(named);
    }
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let written = async {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&partial)?;
        let mut file = BufWriter::new(file);
        write(export, &mut file).await?;
        file.into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .sync_all()?;
        fs::rename(&partial, path)?;
        anyhow::Ok(())
    };
    let outcome = written.await;
    if outcome.is_err() {
        // What is left of it is of no use; that it cannot be removed is no further news.
        let _ = fs::remove_file(&partial);
    }
    outcome.with_context(named)
}

async fn write(mut export: SessionExport, out: &mut impl Write) -> anyhow::Result<()> {
    while let Some(piece) = export.next_piece().await? {
        out.write_all(&piece)?;
    }
    out.flush()?;
    Ok(())
}
