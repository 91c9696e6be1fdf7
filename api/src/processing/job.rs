//! One piece of work, from the claim to what came of it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use retrace_core::blob::{BlobDigest, BlobError, BlobStore};
use retrace_core::event::{
    EventBody, ThumbnailSheet, VideoAnalyzed, VideoCompleted, VideoEncoded, VideoFailed,
};
use retrace_core::settings::Settings;
use retrace_core::{SessionId, StreamVersion, Timestamp};
use retrace_media::video::{
    Analyze, Change, Codec, EncodePictures, EncoderSettings, Hardware, Input, InputHead, Job,
    JoinMp4, Output, Segment, Sheet, Transcode, WorkerError,
};
use retrace_query::video::{Footage, Touched};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;

use super::claim::{Claim, ClaimError};
use super::need::{Need, is_picture};
use super::service::Workshop;
use super::{MP4, THUMBNAILS, WEBM};

/// Footage is given to a worker in pieces of this size.
const INPUT_BYTES: u64 = 16 << 20;
/// About so many thumbnails a session has.
const TILES_WANTED: u64 = 200;
/// No thumbnails closer to each other than this.
const TILE_MS_MIN: u64 = 1_000;

/// Something that is to be done, with all that is needed for it.
pub(super) struct Order {
    pub(super) workshop: Workshop,
    pub(super) node: String,
    pub(super) folder: PathBuf,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) runtime: Handle,
    pub(super) settings: Arc<Settings>,
    pub(super) touched: Touched,
    pub(super) footage: Vec<Footage>,
    pub(super) need: Need,
}

/// Why work did not come to its end.
#[derive(Debug, thiserror::Error)]
enum WorkError {
    #[error(transparent)]
    Claim(#[from] ClaimError),
    #[error(transparent)]
    Blob(#[from] BlobError),
    #[error("the folder for work in hand: {0}")]
    Folder(#[from] io::Error),
}

impl Order {
    /// Does it. Answers the session, which may need something else now. Blocks.
    pub(super) fn carry_out(self) -> SessionId {
        let (session, media_type) = (self.touched.session, self.need.media_type());
        let mut claim = Claim::new(
            Arc::clone(&self.workshop.log),
            self.runtime.clone(),
            session,
            StreamVersion(self.touched.next_version),
            media_type,
            &self.node,
        );
        let folder = self.folder.join(uuid::Uuid::new_v4().to_string());
        let done = claim
            .renew()
            .map_err(|error| WorkerError::Source(error.into()))
            .and_then(|()| fs::create_dir_all(&folder).map_err(WorkerError::Io))
            .and_then(|()| self.work(&mut claim, &folder));
        // What is left there is of no use to anybody.
        let _ = fs::remove_dir_all(&folder);
        self.workshop.progress.remove(session, media_type);
        match done {
            Ok(()) => {}
            Err(WorkerError::Cancelled) => {
                tracing::info!(%session, media_type, "work on a recording is put down");
            }
            Err(WorkerError::Source(WorkError::Claim(error))) => {
                tracing::info!(%session, media_type, %error, "work on a recording is left to others");
            }
            Err(error) => {
                tracing::warn!(%session, media_type, %error, "a video could not be built");
                let failed = VideoFailed {
                    media_type: media_type.to_owned(),
                    reason: brief(&error.to_string()),
                };
                if let Err(error) = claim.append(failed) {
                    tracing::warn!(%session, media_type, %error, "and that could not be written down");
                }
            }
        }
        session
    }

    fn work(&self, claim: &mut Claim, folder: &Path) -> Result<(), WorkerError<WorkError>> {
        match &self.need {
            Need::Encode { from_us } => self.encode(claim, *from_us),
            Need::Analyze => self.analyze(claim, folder),
            Need::Mp4 => self.mp4(claim, folder),
        }
    }

    fn encode(
        &self,
        claim: &mut Claim,
        from_us: Option<i64>,
    ) -> Result<(), WorkerError<WorkError>> {
        let pictures: Vec<&Footage> = self
            .footage
            .iter()
            .filter(|piece| !piece.made && is_picture(&piece.media_type))
            .filter(|piece| {
                piece.media_type == super::GUACAMOLE || from_us.is_none_or(|us| piece.last_us > us)
            })
            .collect();
        let end_us = pictures
            .iter()
            .map(|piece| piece.last_us)
            .max()
            .unwrap_or(0);
        let mut done_us = from_us.unwrap_or(0);
        if from_us.is_none_or(|us| end_us > us) {
            let job = Job::EncodePictures(EncodePictures {
                encoder: self.encoder(WEBM),
                after_us: from_us.map(offset),
                ..EncodePictures::default()
            });
            self.run(claim, &job, &pictures, end_us, |claim, output| {
                if let Output::Segment(segment, bytes) = output {
                    done_us = done_us.max(i64::try_from(segment.last_us).unwrap_or(i64::MAX));
                    let event = self.store_segment(&segment, &bytes)?;
                    claim.append(event)?;
                }
                Ok(())
            })?;
        }
        if self.touched.ended {
            let (bytes, duration_us) = (0, offset(done_us.max(end_us)));
            let completed = VideoCompleted {
                blob: None,
                bytes,
                duration_us,
                media_type: WEBM.to_owned(),
            };
            claim
                .append(completed)
                .map_err(|error| WorkerError::Source(error.into()))?;
        }
        Ok(())
    }

    fn store_segment(&self, segment: &Segment, bytes: &[u8]) -> Result<EventBody, WorkError> {
        let blob = self.store(bytes)?;
        Ok(VideoEncoded {
            blob: blob.to_string(),
            bytes: bytes.len() as u64,
            codec: segment.codec.clone(),
            first_at: self.at(segment.first_us),
            frame_count: u32::try_from(segment.frame_count).unwrap_or(u32::MAX),
            last_at: self.at(segment.last_us),
            media_type: segment.media_type.clone(),
        }
        .into())
    }

    fn analyze(&self, claim: &mut Claim, folder: &Path) -> Result<(), WorkerError<WorkError>> {
        let footage = self.playable();
        let first_us = footage
            .iter()
            .map(|piece| piece.first_us)
            .min()
            .unwrap_or(0)
            .max(0);
        let end_us = footage.iter().map(|piece| piece.last_us).max().unwrap_or(0);
        let length_ms = offset(end_us.saturating_sub(first_us)) / 1_000;
        let tile_ms = (length_ms / TILES_WANTED).max(TILE_MS_MIN);
        let job = Job::Analyze(Analyze {
            changes: true,
            tile_ms: u32::try_from(tile_ms).unwrap_or(u32::MAX),
            threads: 1,
            folder: Some(folder.to_owned()),
        });
        let mut found = Findings::default();
        self.run(claim, &job, &footage, end_us, |claim, output| {
            match output {
                Output::Changed(changes) => found.changes.extend(changes),
                Output::Sheet(sheet, bytes) => {
                    let stored = self.store(&bytes)?;
                    let event = found.part(self, sheet, stored, bytes.len() as u64);
                    claim.append(event)?;
                }
                _ => {}
            }
            Ok(())
        })?;
        let source = |error: ClaimError| WorkerError::Source(error.into());
        if let Some(rest) = found.rest(self, end_us) {
            claim.append(rest).map_err(source)?;
        }
        let completed = VideoCompleted {
            blob: None,
            bytes: 0,
            duration_us: offset(end_us.saturating_sub(first_us)),
            media_type: THUMBNAILS.to_owned(),
        };
        claim.append(completed).map_err(source)
    }

    fn mp4(&self, claim: &mut Claim, folder: &Path) -> Result<(), WorkerError<WorkError>> {
        let footage = self.playable();
        let end_us = footage.iter().map(|piece| piece.last_us).max().unwrap_or(0);
        let is_mp4 = footage.iter().all(|piece| piece.media_type == MP4);
        let transcode = Job::Transcode(Transcode {
            encoder: self.encoder(MP4),
            canvas: None,
            folder: folder.to_owned(),
        });
        let join = Job::JoinMp4(JoinMp4 {
            folder: folder.to_owned(),
        });
        let mut file = None;
        let mut run = |claim: &mut Claim, job: &Job| {
            self.run(claim, job, &footage, end_us, |_, output| {
                if let Output::File(path) = output {
                    file = Some(path);
                }
                Ok(())
            })
        };
        let duration_us = if is_mp4 {
            match run(claim, &join) {
                // Its pieces do not fit together as they are.
                Err(WorkerError::Failed { .. }) => run(claim, &transcode)?,
                done => done?,
            }
        } else {
            run(claim, &transcode)?
        };
        let path = file.ok_or_else(|| WorkerError::Failed {
            reason: "nothing of the footage can be decoded".to_owned(),
        })?;
        let (blob, bytes) = self.store_file(&path).map_err(WorkerError::Source)?;
        let completed = VideoCompleted {
            blob: Some(blob.to_string()),
            bytes,
            duration_us,
            media_type: MP4.to_owned(),
        };
        claim
            .append(completed)
            .map_err(|error| WorkerError::Source(error.into()))
    }

    /// What plays, of one source: that of the piece that comes first.
    fn playable(&self) -> Vec<&Footage> {
        let plays = |piece: &&Footage| piece.media_type.starts_with("video/");
        let Some(first) = self.footage.iter().find(plays) else {
            return Vec::new();
        };
        let same = |piece: &&Footage| piece.source == first.source && piece.made == first.made;
        self.footage.iter().filter(plays).filter(same).collect()
    }

    fn encoder(&self, media_type: &str) -> EncoderSettings {
        let video = &self.settings.video;
        let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let h264 = media_type == MP4 || video.codec == "h264";
        EncoderSettings {
            codec: if h264 { Codec::H264 } else { Codec::Vp9 },
            bitrate: number(video.bitrate),
            max_frame_rate: number(video.frame_rate),
            max_width: number(video.width),
            max_height: number(video.height),
            threads: 1,
            hardware: match &*video.hardware {
                "any" => Hardware::Any,
                "nvenc" => Hardware::Nvenc,
                "vaapi" => Hardware::Vaapi,
                "qsv" => Hardware::Qsv,
                _ => Hardware::None,
            },
        }
    }

    /// Runs a job over footage, and answers how long what came of it is.
    fn run(
        &self,
        claim: &mut Claim,
        job: &Job,
        footage: &[&Footage],
        end_us: i64,
        mut each: impl FnMut(&mut Claim, Output) -> Result<(), WorkError>,
    ) -> Result<u64, WorkerError<WorkError>> {
        let (session, media_type) = (self.touched.session, self.need.media_type());
        // An MP4 begins with its first frame, as the WebM does; all else is counted from the start of the session.
        let origin_us = match self.need {
            Need::Mp4 => footage.first().map_or(0, |piece| piece.first_us),
            Need::Encode { .. } | Need::Analyze => 0,
        };
        let inputs = Inputs::new(&self.workshop.blobs, session, footage, origin_us);
        let stop: &AtomicBool = &self.stop;
        let on_output = |output: Output| {
            if let Output::Progress { us } = output {
                let length_us = offset(end_us.saturating_sub(origin_us));
                let permille = us.saturating_mul(1_000) / length_us.max(1);
                let permille = u32::try_from(permille.min(999)).unwrap_or(999);
                self.workshop.progress.set(session, media_type, permille);
            }
            if let Output::Note(note) = &output {
                let (input, problem) = (note.input_index, note.problem.as_str());
                tracing::warn!(%session, media_type, input, problem, "footage was passed over");
            }
            claim.renew()?;
            each(claim, output)
        };
        let done = self.workshop.worker.run(job, inputs, on_output, stop)?;
        Ok(done.duration_us)
    }

    fn at(&self, us: u64) -> Timestamp {
        self.touched.started.saturating_add_micros(us.cast_signed())
    }

    fn store(&self, bytes: &[u8]) -> Result<BlobDigest, WorkError> {
        let digest = BlobDigest::of(bytes);
        self.workshop
            .blobs
            .put(self.touched.session, digest, &mut &bytes[..])?;
        Ok(digest)
    }

    fn store_file(&self, path: &Path) -> Result<(BlobDigest, u64), WorkError> {
        let mut hasher = Sha256::new();
        let bytes = io::copy(&mut fs::File::open(path)?, &mut hasher)?;
        let digest = BlobDigest::from_bytes(hasher.finalize().into());
        self.workshop
            .blobs
            .put(self.touched.session, digest, &mut fs::File::open(path)?)?;
        Ok((digest, bytes))
    }
}

/// What an analysis has found that is not an event yet.
#[derive(Default)]
struct Findings {
    changes: Vec<Change>,
    /// Until where it was told, in microseconds from the start of the session.
    told_us: Option<u64>,
}

impl Findings {
    /// A sheet of thumbnails, with the changes until its last one.
    fn part(&mut self, order: &Order, sheet: Sheet, blob: BlobDigest, bytes: u64) -> VideoAnalyzed {
        let first_us = self
            .told_us
            .unwrap_or_else(|| sheet.times_us.first().copied().unwrap_or(0));
        let last_us = sheet.times_us.last().copied().unwrap_or(first_us);
        let times_us = sheet
            .times_us
            .iter()
            .map(|us| us.saturating_sub(first_us))
            .collect();
        let thumbnails = ThumbnailSheet {
            blob: blob.to_string(),
            bytes,
            columns: sheet.columns,
            media_type: sheet.media_type,
            tile_height: sheet.tile_height,
            tile_width: sheet.tile_width,
            times_us,
        };
        VideoAnalyzed {
            thumbnails: Some(thumbnails),
            ..self.until(order, first_us, last_us)
        }
    }

    /// The changes after the last sheet.
    fn rest(&mut self, order: &Order, end_us: i64) -> Option<VideoAnalyzed> {
        let first_us = self.told_us.unwrap_or(0);
        (!self.changes.is_empty())
            .then(|| self.until(order, first_us, offset(end_us).max(first_us)))
    }

    fn until(&mut self, order: &Order, first_us: u64, last_us: u64) -> VideoAnalyzed {
        // Whole seconds, so that none is in two parts.
        let (first, last) = (first_us / 1_000_000, last_us / 1_000_000);
        let mut changed_permille = Vec::new();
        self.changes.retain(|change| {
            let here = change.second <= last;
            if here {
                let index =
                    usize::try_from(change.second.saturating_sub(first)).unwrap_or(usize::MAX);
                // No event holds more; a session of a week has one for each sheet.
                if index < MAX_SECONDS {
                    changed_permille.resize(changed_permille.len().max(index + 1), 0);
                    changed_permille[index] = change.permille.max(changed_permille[index]);
                }
            }
            !here
        });
        self.told_us = Some((last + 1) * 1_000_000);
        VideoAnalyzed {
            changed_permille,
            first_at: order.at(first * 1_000_000),
            last_at: order.at(last_us),
            thumbnails: None,
        }
    }
}

/// As many seconds as fit into one event.
const MAX_SECONDS: usize = 10_000;

/// Footage as a worker takes it: in order, in pieces.
struct Inputs<'a> {
    blobs: &'a BlobStore,
    session: SessionId,
    footage: std::slice::Iter<'a, &'a Footage>,
    /// What is being read, and where.
    open: Option<(&'a Footage, retrace_core::blob::Blob, u64)>,
    /// What the job counts as its time 0, in microseconds from the start of the session.
    origin_us: i64,
}

impl<'a> Inputs<'a> {
    fn new(
        blobs: &'a BlobStore,
        session: SessionId,
        footage: &'a [&'a Footage],
        origin_us: i64,
    ) -> Self {
        Self {
            blobs,
            session,
            footage: footage.iter(),
            open: None,
            origin_us,
        }
    }

    fn read(&mut self) -> Result<Option<Input>, BlobError> {
        loop {
            if let Some((piece, blob, at)) = &mut self.open
                && *at < blob.len()
            {
                let end = (*at + INPUT_BYTES).min(blob.len());
                let bytes = blob.read(*at..end)?;
                *at = end;
                let head = InputHead {
                    first_us: offset(piece.first_us.saturating_sub(self.origin_us)),
                    last_us: offset(piece.last_us.saturating_sub(self.origin_us)),
                    media_type: piece.media_type.clone(),
                };
                return Ok(Some(Input { head, bytes }));
            }
            let Some(piece) = self.footage.next() else {
                return Ok(None);
            };
            self.open = Some((piece, self.blobs.open(self.session, piece.blob)?, 0));
        }
    }
}

impl Iterator for Inputs<'_> {
    type Item = Result<Input, WorkError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().map_err(WorkError::from).transpose()
    }
}

/// A time of the session as a worker counts it: what was before the start was at the start.
fn offset(us: i64) -> u64 {
    u64::try_from(us).unwrap_or(0)
}

/// A reason fits into an event, and into a line.
fn brief(reason: &str) -> String {
    reason
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(500)
        .collect()
}
