//! Footage: clips, files that play, thumbnails, and what is being built.

use std::ops::Range;

use retrace_core::SessionId;
use retrace_core::access::Right;
use retrace_core::blob::BlobDigest;
use retrace_media::webm::Piece;
use retrace_projections::video::read;

use crate::{QueryError, Reader};

pub use read::{
    Analyzed, Clip, Footage, Playable, Product, ProductState, Selection, Touched, VideoWork,
};

/// Bytes of a file that plays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaPiece {
    /// The file's own.
    Own(Vec<u8>),
    /// A range of a blob.
    Blob(BlobDigest, Range<u64>),
}

impl Reader {
    /// The clips of a session, in the order of time. None when it has no footage that plays as it is.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub fn clips(&self, session: SessionId) -> Result<Vec<Clip>, QueryError> {
        if !self.may_view_recording(session)? {
            return Ok(Vec::new());
        }
        self.video
            .read(|connection| Ok(read::clips(connection, session)?))
    }

    /// A WebM file over the footage of a session as it is now.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub fn playable(
        &self,
        session: SessionId,
        selection: Selection,
    ) -> Result<Option<Playable>, QueryError> {
        if !self.may_view_recording(session)? {
            return Ok(None);
        }
        self.video
            .read(|connection| Ok(read::playable(connection, session, selection)?))
    }

    /// Where the bytes of a part of such a file are.
    ///
    /// # Errors
    /// When the read model does not answer, or the footage is not there any more.
    pub fn media_pieces(
        &self,
        playable: &Playable,
        range: Range<u64>,
    ) -> Result<Vec<MediaPiece>, QueryError> {
        let mut pieces = Vec::new();
        self.video.read(|connection| {
            let group = |index: usize| Ok(read::frames_of(connection, &playable.groups[index])?);
            playable.layout.read(range, group, |piece| {
                match piece {
                    Piece::Own(bytes) => pieces.push(MediaPiece::Own(bytes)),
                    Piece::Captured { group, range } => {
                        let run = playable.groups[group].run;
                        let blobs = read::blobs_of_run(connection, run, &range)?;
                        pieces.extend(
                            blobs
                                .into_iter()
                                .map(|(blob, range)| MediaPiece::Blob(blob, range)),
                        );
                    }
                }
                Ok::<(), QueryError>(())
            })
        })?;
        Ok(pieces)
    }

    /// The pieces of footage of a session that begin at `from_us` or later, in the order of time.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub fn footage(&self, session: SessionId, from_us: i64) -> Result<Vec<Footage>, QueryError> {
        if !self.may_view_recording(session)? {
            return Ok(Vec::new());
        }
        self.video
            .read(|connection| Ok(read::footage(connection, session, from_us)?))
    }

    /// When the first footage begins that is video, in microseconds from the start of the session.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub fn first_video_us(&self, session: SessionId) -> Result<Option<i64>, QueryError> {
        if !self.may_view_recording(session)? {
            return Ok(None);
        }
        self.video
            .read(|connection| Ok(read::first_video_us(connection, session)?))
    }

    /// The media type of a piece of footage of a session.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub fn media_type_of(
        &self,
        session: SessionId,
        blob: BlobDigest,
    ) -> Result<Option<String>, QueryError> {
        if !self.may_view_recording(session)? {
            return Ok(None);
        }
        self.video
            .read(|connection| Ok(read::media_type_of(connection, session, blob)?))
    }

    /// What was found out about the footage of a session: changes of the screen, thumbnails.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub fn analyzed(&self, session: SessionId) -> Result<Vec<Analyzed>, QueryError> {
        if !self.may_view_recording(session)? {
            return Ok(Vec::new());
        }
        self.video
            .read(|connection| Ok(read::analyzed(connection, session)?))
    }

    /// What is or was built of a session.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub fn products(&self, session: SessionId) -> Result<Vec<Product>, QueryError> {
        if !self.may_view_recording(session)? {
            return Ok(Vec::new());
        }
        self.video
            .read(|connection| Ok(read::products(connection, session)?))
    }

    /// What could not be built, by session and media type, the latest first.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub fn failed_products(&self, limit: u32) -> Result<Vec<(SessionId, String)>, QueryError> {
        let mut failed = self
            .video
            .read(|connection| Ok::<_, QueryError>(read::failed(connection, limit)?))?;
        failed.retain(|(session, _)| matches!(self.may_view_recording(*session), Ok(true)));
        Ok(failed)
    }

    /// How many things are being built, or could not be, over all sessions. For those who see settings of the whole
    /// server.
    ///
    /// # Errors
    /// [`QueryError::Denied`] for everybody else; when the read model does not answer.
    pub fn video_work(&self) -> Result<VideoWork, QueryError> {
        if !self.sight().may_everywhere(Right::ViewSettings) {
            return Err(QueryError::Denied(Right::ViewSettings));
        }
        self.video.read(|connection| Ok(read::work(connection)?))
    }

    /// When something last concerned the footage of a session: what is answered of it is the same for as long as
    /// this is.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub fn footage_changed_at(
        &self,
        session: SessionId,
    ) -> Result<Option<retrace_core::Position>, QueryError> {
        Ok(self.touched_of(session)?.map(|touched| touched.position))
    }

    /// Sessions with footage that something concerned at `from` or later.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub fn touched(
        &self,
        from: retrace_core::Position,
        limit: u32,
    ) -> Result<Vec<Touched>, QueryError> {
        self.video
            .read(|connection| Ok(read::touched(connection, from, limit)?))
    }

    /// One of them.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub fn touched_of(&self, session: SessionId) -> Result<Option<Touched>, QueryError> {
        if !self.may_view_recording(session)? {
            return Ok(None);
        }
        self.video
            .read(|connection| Ok(read::touched_of(connection, session)?))
    }
}
