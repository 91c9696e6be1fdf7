//! `retrace export --bundle`

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Args;
use retrace_core::data_dir::DataDir;
use retrace_core::log::{EventLog, StoredLog};
use retrace_core::{Position, SessionId};
use retrace_projections::runner::{Projections, RunnerError};
use retrace_query::Reader;
use tokio::runtime::Handle;

use super::{NewFile, named, tell};
use crate::bundle::{Bundle, Sources};
use crate::cli::output;

/// So long another process may take to bring the read models up to date.
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(60);

/// What kind of bundle.
#[derive(Args)]
#[command(next_help_heading = "Evidence bundles")]
pub(super) struct BundleArgs {
    /// Export all that there is of the session as evidence, in one zip
    #[arg(long, conflicts_with_all = ["event", "format"], requires = "session")]
    bundle: bool,
    /// As of this position of the log: the same position gives the same bytes. Without it, as of now, with this very
    /// export in its custody log
    #[arg(long, value_name = "POSITION", requires = "bundle")]
    at: Option<u64>,
    /// Hide what is redacted, as from somebody who may not reveal it
    #[arg(long, requires = "bundle")]
    masked: bool,
}

impl BundleArgs {
    pub(super) fn is_wanted(&self) -> bool {
        self.bundle
    }

    pub(super) async fn export(
        &self,
        data: &DataDir,
        stored: &StoredLog,
        session: SessionId,
        path: Option<&Path>,
    ) -> anyhow::Result<()> {
        let log: Arc<dyn EventLog> = Arc::new(stored.clone());
        if log.session_streams(session).await?.is_empty() {
            bail!("there is no session {session}");
        }
        let size = log.head().await?.size;
        if self.at.is_some_and(|at| at > size.0) {
            bail!("the log has {size} events, --at expects a position up to that");
        }
        // The name is tried before anything is written down: a file that is there is not replaced.
        let file = path.map(NewFile::create).transpose()?;
        tell(&*log, session, path).await?;
        let position = match self.at {
            Some(at) => Position(at),
            None => log.head().await?.size,
        };
        let reader = Reader::open(&data.read_models(), Arc::clone(&log));
        let kept = read_models(data, stored, &reader, position).await?;
        let reader = if self.masked {
            reader
        } else {
            reader.revealing()
        };
        let veil = {
            let reader = reader.clone();
            tokio::task::spawn_blocking(move || reader.veil(session)).await??
        };
        let blobs = data.blobs_of(stored);
        let sources = Sources { log, reader, blobs };
        let bundle = Bundle::open(sources, session, Some(position), veil).await?;
        let written = match file {
            None => tokio::task::block_in_place(|| {
                let out = BufWriter::new(io::stdout().lock());
                bundle.write(&Handle::current(), out)
            })
            .map_err(anyhow::Error::from),
            Some(mut file) => {
                let name = path.map(named).unwrap_or_default();
                let written = tokio::task::block_in_place(|| {
                    bundle.write(&Handle::current(), &mut file as &mut dyn Write)
                });
                written
                    .map_err(anyhow::Error::from)
                    .and_then(|()| file.finish())
                    .with_context(|| name)
            }
        };
        if let Some(kept) = kept {
            kept.shutdown().await;
        }
        written?;
        output::note(format!("the bundle is as of position {position}"));
        Ok(())
    }
}

/// Brings the read models up to a position, or waits until the server that keeps them has.
pub(in crate::cli) async fn read_models(
    data: &DataDir,
    stored: &StoredLog,
    reader: &Reader,
    position: Position,
) -> anyhow::Result<Option<Projections>> {
    let (log, blobs) = (Arc::new(stored.clone()), data.blobs_of(stored));
    match Projections::start(log, blobs, &data.read_models()).await {
        Ok(kept) => {
            kept.caught_up_with(position).await?;
            Ok(Some(kept))
        }
        Err(RunnerError::InUse { .. }) => {
            let began = Instant::now();
            loop {
                let reader = reader.clone();
                let known = tokio::task::spawn_blocking(move || reader.known_up_to()).await?;
                if known.is_ok_and(|known| known >= position) {
                    return Ok(None);
                }
                if began.elapsed() > CAUGHT_UP_WITHIN {
                    bail!(
                        "the server that keeps the read models has not seen position {position} yet: try again"
                    );
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Err(error) => Err(error.into()),
    }
}
