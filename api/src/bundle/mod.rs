//! Evidence bundles: a session in one zip, that opens in a browser without account or network, and that anybody can
//! verify without us.
//!
//! | file | is |
//! |---|---|
//! | `index.html`, `player/` | the player, and what it plays as scripts: a page from a disk may not fetch files |
//! | `events.ndjson`, `events.ndjson.proof` | all events of the session, and the proof that they are in the log |
//! | `checkpoint`, `log.pub` | the signed head of the log, and the key that the log claims to have |
//! | `recording.cast` | what the terminal showed, as asciicast |
//! | `media/captured/{sha256}` | footage as it was captured, under the digest that its event tells |
//! | `media/video.webm`, `.mp4` | the same joined, for players |
//! | `custody.json` | who looked at it, took it away, reviewed it, redacted it |
//! | `session.json`, `policies.json` | what is known of it, and which settings were in force |
//! | `manifest.json`, `manifest.json.sig` | the digest of each of these, signed by the key of the log |
//!
//! **A bundle is of a position of the log**: it holds what the events below it say, and nothing else. The same position
//! gives the same bytes (for the same version of Retrace, of a session that had ended by then): files are in the order of
//! their names, without times, and not compressed; the checkpoint is of that very position.
//!
//! **What is redacted** is hidden in it unless whoever makes it reveals it. Lines that hide something carry the hash of
//! their leaf instead, so that the proof holds ([`Event::redacted_line`](retrace_core::event::Event::redacted_line)).
//! What cannot be masked is left out, and the manifest says so.
//!
//! It is written while it is made: in memory are a page of events and a piece of footage.
//!
//! | module | holds |
//! |---|---|
//! | [`survey`] | the first pass over the events: facts, custody, which blobs there are |
//! | [`media`] | what of the footage belongs in it |
//! | [`contents`] | which files there are, in their order, and how each is written |
//! | [`scripts`] | the data of the player |
//! | [`pack`] | the zip |
//! | [`manifest`] | what is signed |
//! | [`check`] | verifying a bundle |

pub mod check;
mod contents;
pub mod manifest;
mod media;
mod pack;
mod scripts;
mod survey;

use std::io;
use std::io::Write;
use std::sync::Arc;

use retrace_core::blob::BlobStore;
use retrace_core::log::checkpoint::Checkpoint;
use retrace_core::log::{EventLog, StoreError};
use retrace_core::{Position, SessionId};
use retrace_projections::redaction::Veil;
use retrace_query::{QueryError, Reader};
use tokio::runtime::Handle;

use crate::export::ExportError;
use crate::server::MediaError;
use media::Media;
use survey::Survey;

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The events could not be exported.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A read model does not answer.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The footage cannot be read.
    #[error("the footage: {0}")]
    Media(String),
    /// The log cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something cannot be written as JSON.
    #[error("a part of the bundle cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The zip cannot be written: its disk is full, or whoever asked for it is gone.
    #[error("the bundle cannot be written: {0}")]
    Write(#[source] io::Error),
    /// The binary was built without the web UI.
    #[error("this binary was built without the player: build the web UI first (`make web`)")]
    NoPlayer,
}

impl From<MediaError> for BundleError {
    fn from(error: MediaError) -> Self {
        Self::Media(error.to_string())
    }
}

impl From<io::Error> for BundleError {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

/// Where the parts of a bundle come from.
#[derive(Clone)]
pub struct Sources {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// The read models, as whoever asks may see them.
    pub reader: Reader,
    /// The footage.
    pub blobs: BlobStore,
}

/// A bundle that is about to be written.
pub struct Bundle {
    about: About,
    media: Media,
}

/// What a bundle is of, and what is known before it is written.
struct About {
    sources: Sources,
    session: SessionId,
    checkpoint: Checkpoint,
    veil: Option<Arc<Veil>>,
    survey: Survey,
    policies: serde_json::Value,
}

impl Bundle {
    /// The bundle of a session as of a position of the log; as of now without one. What is redacted is hidden behind the
    /// veil, where there is one. The read models must have seen the log up to that position.
    ///
    /// # Errors
    /// When there was no such session, the log is not as large, or something cannot be read.
    pub async fn open(
        sources: Sources,
        session: SessionId,
        position: Option<Position>,
        veil: Option<Arc<Veil>>,
    ) -> Result<Self, BundleError> {
        if !contents::has_player() {
            return Err(BundleError::NoPlayer);
        }
        let size = sources.log.head().await?.size;
        let position = position.unwrap_or(size);
        if position > size {
            let asked = position;
            return Err(ExportError::Ahead { asked, size }.into());
        }
        let checkpoint = sources.log.checkpoint_at(position).await?;
        let checkpoint = checkpoint.ok_or(ExportError::NoSuchSession(session))?;
        let survey = Survey::read(&*sources.log, session, position, veil.as_deref()).await?;
        let policies = survey::policies(&*sources.log, survey.began, position).await?;
        let media = {
            let (reader, blobs) = (sources.reader.clone(), sources.blobs.clone());
            let (captured, veil) = (survey.captured.clone(), veil.clone());
            let look = move || {
                Media::find(
                    &reader,
                    &blobs,
                    session,
                    position,
                    &captured,
                    veil.as_deref(),
                )
            };
            let found = tokio::task::spawn_blocking(look).await;
            found.map_err(|_| ExportError::GivenUp)??
        };
        let about = About {
            sources,
            session,
            checkpoint,
            veil,
            survey,
            policies,
        };
        Ok(Self { about, media })
    }

    /// The position that it is of.
    pub fn position(&self) -> Position {
        self.about.checkpoint.size
    }

    /// Writes all of it. Blocks, and waits for the log on `runtime`.
    ///
    /// # Errors
    /// When something cannot be read or written. What was written so far is then no bundle.
    pub fn write(self, runtime: &Handle, out: impl Write) -> Result<(), BundleError> {
        contents::write(&self.about, self.media, runtime, out)
    }
}
