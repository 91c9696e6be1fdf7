//! How much the server takes.

use std::time::Duration;

use super::UploadLimits;

/// Bounds on what recorders may ask of the server. A request over one of them is refused with a
/// code that says which, and nothing of it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestLimits {
    /// Bytes of a batch, both as it is sent and unpacked.
    pub batch_bytes: usize,
    /// Events of a batch.
    pub batch_events: usize,
    /// Bytes of one line of a batch.
    pub line_bytes: usize,
    /// Unpacked bytes for each packed byte of a batch, checked from
    /// [`IngestLimits::RATIO_FREE_BYTES`] on.
    pub batch_ratio: usize,
    /// Bytes of a blob.
    pub blob_bytes: u64,
    /// Bytes of batches and blobs that may be in hand at once, of all sessions together.
    pub bytes_in_hand: usize,
    /// Events that one session may send in a second, on average over some seconds.
    pub events_per_second: u32,
    /// Requests that one session may send in a second, on average over some seconds.
    pub requests_per_second: u32,
    /// The longest that the body of a batch may take to come.
    pub batch_within: Duration,
    /// The longest that the body of a blob may take to come.
    pub blob_within: Duration,
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
        Self {
            batch_bytes: 8 << 20,
            batch_events: 10_000,
            line_bytes: 256 << 10,
            batch_ratio: 200,
            blob_bytes: 64 << 20,
            bytes_in_hand: 256 << 20,
            events_per_second: 200_000,
            requests_per_second: 100,
            batch_within: Duration::from_secs(30),
            blob_within: Duration::from_secs(300),
            bytes_per_second_min: 1_024,
            free_bytes_min: 500_000_000,
            upload_token_lifetime: Duration::from_secs(30 * 24 * 3600),
        }
    }
}
