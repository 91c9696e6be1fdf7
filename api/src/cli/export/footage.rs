//! The video of a session that has no terminal: its footage, joined, or the MP4 that was built of it.

use std::io::{self, Write};

use anyhow::{Context, bail};
use retrace_core::SessionId;
use retrace_core::data_dir::DataDir;
use retrace_core::log::StoredLog;
use retrace_query::Reader;
use retrace_query::video::{ProductState, Selection};

use crate::export::Format;
use crate::processing::MP4;
use crate::server::{MediaReader, Source};

/// How much is read and written at once.
const PIECE_BYTES: u64 = 1 << 20;

/// What is exported of a session, and how it is read.
pub(super) struct Footage {
    reader: MediaReader,
    source: Source,
}

impl Footage {
    /// The footage of a session. `None` when it has none.
    pub(super) fn open(
        data: &DataDir,
        log: &StoredLog,
        session: SessionId,
        format: Format,
    ) -> anyhow::Result<Option<Self>> {
        let blobs = data.blobs_of(log);
        let reader = Reader::open(&data.read_models(), std::sync::Arc::new(log.clone()));
        let not_built = "the read model of videos does not answer: run `retrace serve`, or `retrace rebuild video`";
        let source = if format == Format::Mp4 {
            let products = reader.products(session).context(not_built)?;
            let mp4 = products
                .into_iter()
                .find(|product| product.media_type == MP4);
            match mp4.map(|mp4| (mp4.state, mp4.blob, mp4.bytes)) {
                Some((ProductState::Completed, Some(blob), Some(bytes))) => {
                    Source::Blob(blob, bytes)
                }
                _ if reader
                    .footage(session, i64::MIN)
                    .context(not_built)?
                    .is_empty() =>
                {
                    return Ok(None);
                }
                _ => bail!(
                    "there is no MP4 of this session yet: request it in the web UI or by `requestVideo` in \
                     GraphQL, or export it as webm"
                ),
            }
        } else {
            match reader
                .playable(session, Selection::ALL)
                .context(not_built)?
            {
                Some(playable) => Source::Footage(std::sync::Arc::new(playable)),
                None => return Ok(None),
            }
        };
        Ok(Some(Self {
            reader: MediaReader::new(reader, blobs, session),
            source,
        }))
    }

    /// Writes all of it.
    pub(super) fn write(mut self, out: &mut dyn Write) -> anyhow::Result<()> {
        let mut at = 0;
        while at < self.source.len() {
            let end = (at + PIECE_BYTES).min(self.source.len());
            out.write_all(&self.reader.read(&self.source, at..end)?)?;
            at = end;
        }
        out.flush().map_err(|error: io::Error| error.into())
    }
}
