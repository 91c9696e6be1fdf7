//! How much the server takes.

use std::time::Duration;

use retrace_core::settings::Ingest;

use super::UploadLimits;

/// Bounds on what recorders may ask of the server. A request over one of them is refused with a
/// code that says which, and nothing of it is stored. Most are settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestLimits {
    /// Bytes of a batch, both as it is sent and unpacked.
    pub batch_bytes: usize,
    /// Events of a batch.
    pub batch_events: usize,
    /// Bytes of one line of a batch: an event has fewer than 64 KiB, but may come with escapes that
    /// need not be.
    pub line_bytes: usize,
    /// Unpacked bytes for each packed byte of a batch, checked from
    /// [`IngestLimits::RATIO_FREE_BYTES`] on.
    pub batch_ratio: usize,
    /// Bytes of a blob.
    pub blob_bytes: u64,
    /// Bytes of batches and blobs that may be in hand at once, of all sessions together.
    pub bytes_in_hand: usize,
    /// Events that one session may send in a second, on average over some seconds; 0 is no limit.
    pub events_per_second: u64,
    /// The longest that a body may take to come.
    pub body_within: Duration,
    /// Bytes of a body that must come in a second, on average since it began. Checked once
    /// [`IngestLimits::RATE_FREE`] has passed.
    pub bytes_per_second_min: u64,
    /// Free space of the data folder below which no session is promised to be recorded.
    pub free_bytes_min: u64,
    /// How long an upload token works.
    pub upload_token_lifetime: Duration,
}

impl IngestLimits {
    /// Up to here no expansion ratio is too high: idle screens compress very well.
    pub const RATIO_FREE_BYTES: usize = 1 << 20;
    /// Up to here no body is too slow: a connection needs a moment to get going.
    pub const RATE_FREE: Duration = Duration::from_secs(5);

    /// The limits that the settings say.
    pub fn of(settings: &Ingest) -> Self {
        let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        Self {
            batch_bytes: size(settings.batch_bytes_max),
            batch_events: size(settings.batch_events_max),
            line_bytes: 512 << 10,
            batch_ratio: size(settings.expansion_ratio_max),
            blob_bytes: settings.blob_bytes_max,
            bytes_in_hand: size(settings.bytes_in_flight_max),
            events_per_second: settings.session_events_per_second,
            body_within: Duration::from_secs(settings.body_seconds_max),
            bytes_per_second_min: 256,
            free_bytes_min: settings.free_space_min,
            upload_token_lifetime: Duration::from_secs(settings.upload_token_days * 86_400),
        }
    }

    /// What recorders are told of it.
    pub fn for_upload(&self) -> UploadLimits {
        UploadLimits {
            batch_bytes: self.batch_bytes as u64,
            batch_events: self.batch_events as u64,
            blob_bytes: self.blob_bytes,
        }
    }
}

impl Default for IngestLimits {
    fn default() -> Self {
        Self::of(&Ingest::default())
    }
}
