//! Verifying a whole log, beside what its hashing alone would cost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use retrace_core::data_dir::DataDir;
use retrace_core::log::EventLog;

use super::events::leaf_bytes;
use super::measure::drive;
use super::openssl;
use super::ours::in_process_clients;
use super::scratch::{Place, Scratch, Store};

/// How long events are appended to the log that is verified.
const FILLED_FOR: Duration = Duration::from_secs(3);

/// A log that is verified again and again.
pub(super) struct Verified {
    place: Place,
    events: u64,
    pub(super) ours: Vec<f64>,
    pub(super) openssl: Vec<f64>,
}

impl Verified {
    pub(super) async fn fill(scratch: &mut Scratch) -> anyhow::Result<Self> {
        let place = scratch.place(Store::Sqlite).await?;
        let log = DataDir::new(&place.data).open_or_create_log().await?;
        let log: Arc<dyn EventLog> = Arc::new(log);
        drive(in_process_clients(&log, 8, 1000)?, FILLED_FOR, &[]).await?;
        let events = log.head().await?.size.0;
        Ok(Self {
            place,
            events,
            ours: Vec::new(),
            openssl: Vec::new(),
        })
    }

    pub(super) fn round(&mut self) -> anyhow::Result<()> {
        let start = Instant::now();
        let output = self.place.command(&["verify"])?.output()?;
        let took = start.elapsed().as_secs_f64();
        ensure!(output.status.success(), "the log is not what was written");
        self.ours.push(self.events as f64 / took);
        self.openssl.push(openssl::events_per_second(leaf_bytes())?);
        Ok(())
    }
}
