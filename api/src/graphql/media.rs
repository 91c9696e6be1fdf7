//! Video of a session: what plays, what is being built, and what can be taken away.

use async_graphql::{ComplexObject, Context, Enum, Result, SimpleObject};
use retrace_core::SessionId;
use retrace_query as query;
use retrace_query::video::{Clip as Cut, Product as Built, ProductState, Selection};

use super::error::blocking;
use super::look;
use super::scalar::{DateTime, Long};
use crate::processing::{MP4, ProgressBook, THUMBNAILS};

/// The video of a session. Addresses are paths of this server; each takes `?download=1` to be a file to keep.
#[derive(SimpleObject)]
#[graphql(complex)]
pub(super) struct Media {
    /// The footage as one file that plays now, of a session that goes on too: then until the moment at which this
    /// was asked. Null when nothing plays as it was captured.
    video: Option<Video>,
    /// Footage that plays in one go, in the order of time.
    clips: Vec<Clip>,
    /// All clips in one zip. Null when there are none.
    clips_zip_url: Option<String>,
    /// What is or was built of the footage, and how far it is.
    products: Vec<Product>,
    #[graphql(skip)]
    session: SessionId,
}

/// A file that plays.
#[derive(SimpleObject)]
pub(super) struct Video {
    /// Where it plays.
    url: String,
    /// `video/webm` or `video/mp4`.
    media_type: String,
    /// `vp8`, `vp9`, `av1`, `h264`, or as Matroska names it.
    codec: String,
    /// Pixels from left to right.
    width: i32,
    /// Pixels from top to bottom.
    height: i32,
    /// What the file's time 0 is, in milliseconds from the start of the session.
    start_ms: Long,
    /// How long it plays.
    duration_ms: Long,
    /// Its size.
    bytes: Long,
    /// Whether the session goes on, and there will be more.
    is_live: bool,
}

/// Footage that plays in one go.
#[derive(SimpleObject)]
pub(super) struct Clip {
    /// From 1, in the order of time.
    number: i32,
    /// Where it plays.
    url: String,
    /// Its first picture, small.
    thumbnail_url: String,
    /// Who recorded it.
    source: String,
    /// How its frames are encoded: `vp8`, `vp9`, …
    codec: String,
    /// Pixels from left to right.
    width: i32,
    /// Pixels from top to bottom.
    height: i32,
    /// In milliseconds from the start of the session.
    start_ms: Long,
    /// When its last frame is shown.
    end_ms: Long,
    /// How many frames it has.
    frames: Long,
    /// Its size.
    bytes: Long,
}

/// What is built.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProductKind {
    /// Video of pictures that were captured one by one: screenshots, Guacamole dumps.
    Video,
    /// A video that all browsers play.
    #[graphql(name = "MP4")]
    Mp4,
    /// Small pictures along the timeline, and how much of the screen changed when.
    Thumbnails,
}

/// How far something that is built is.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "ProductState")]
pub(super) enum ProcessingState {
    /// Somebody asked for it.
    Requested,
    /// A node works on it.
    Working,
    /// It is there.
    Completed,
    /// It could not be built.
    Failed,
}

/// Something that is built of the footage.
#[derive(SimpleObject)]
pub(super) struct Product {
    /// What is built.
    kind: ProductKind,
    /// How far it is.
    state: ProcessingState,
    /// How much of the work is done, in thousandths, where this node does it.
    progress_permille: Option<i32>,
    /// Who asked for it, where somebody did.
    requested_by: Option<String>,
    /// When that changed.
    changed_at: DateTime,
    /// Why it failed.
    reason: Option<String>,
    /// Where it is, once it is there.
    url: Option<String>,
    /// Its size.
    bytes: Option<Long>,
    /// How long it plays.
    duration_ms: Option<Long>,
    /// What the time 0 of a file is, in milliseconds from the start of the session.
    start_ms: Long,
}

/// Small pictures side by side in one picture.
#[derive(SimpleObject)]
pub(super) struct ThumbnailSheet {
    /// Where the picture is.
    url: String,
    /// How many stand side by side.
    columns: i32,
    /// Pixels of each from left to right.
    tile_width: i32,
    /// Pixels of each from top to bottom.
    tile_height: i32,
    /// What each tile shows, in milliseconds from the start of the session.
    times_ms: Vec<Long>,
}

/// A piece of footage of which not all can be played.
#[derive(SimpleObject)]
pub(super) struct FootageProblem {
    /// In milliseconds from the start of the session.
    start_ms: Long,
    /// What it was said to be.
    media_type: String,
    /// What is wrong with it.
    problem: String,
    /// The piece as it was captured.
    url: String,
}

impl ProductKind {
    fn of(media_type: &str) -> Self {
        match media_type {
            MP4 => Self::Mp4,
            THUMBNAILS => Self::Thumbnails,
            _ => Self::Video,
        }
    }
}

pub(super) async fn of_session(
    ctx: &Context<'_>,
    session: SessionId,
    is_live: bool,
) -> Result<Media> {
    let progress = ctx.data::<ProgressBook>()?.clone();
    let reader = look::reader(ctx)?;
    let base = format!("/v1/sessions/{session}/media");
    let (clips, playable, products, start_us) = blocking(move || {
        let products = reader.products(session)?;
        let start_us = reader.first_video_us(session)?.unwrap_or(0);
        Ok((
            reader.clips(session)?,
            reader.playable(session, Selection::ALL)?,
            products,
            start_us,
        ))
    })
    .await?;
    let video = playable.map(|playable| {
        let end_us = playable
            .first_us
            .saturating_add_unsigned(playable.duration_us);
        let until = if is_live {
            format!("?until_ms={}", end_us / 1_000)
        } else {
            String::new()
        };
        Video {
            url: format!("{base}/video.webm{until}"),
            media_type: "video/webm".to_owned(),
            codec: codec_name(&playable.codec),
            width: pixels(playable.width),
            height: pixels(playable.height),
            start_ms: (playable.first_us / 1_000).into(),
            duration_ms: (playable.duration_us / 1_000).into(),
            bytes: playable.layout.len().into(),
            is_live,
        }
    });
    Ok(Media {
        video,
        clips_zip_url: (!clips.is_empty()).then(|| format!("{base}/clips.zip")),
        clips: clips.into_iter().map(|cut| clip(&base, cut)).collect(),
        products: products
            .into_iter()
            .map(|built| product(&base, session, built, start_us, &progress))
            .collect(),
        session,
    })
}

#[ComplexObject]
impl Media {
    /// Small pictures along the timeline, in the order of time.
    #[graphql(complexity = "20 + child_complexity")]
    async fn thumbnails(&self, ctx: &Context<'_>) -> Result<Vec<ThumbnailSheet>> {
        let (reader, session) = (look::reader(ctx)?, self.session);
        let parts = blocking(move || reader.analyzed(session)).await?;
        let sheet = |part: query::video::Analyzed| {
            let sheet = part.sheet?;
            let at = |us: &u64| Long::from(part.first_us.saturating_add_unsigned(*us) / 1_000);
            Some(ThumbnailSheet {
                url: format!("/v1/sessions/{session}/media/thumbnails/{}", sheet.blob),
                columns: pixels(sheet.columns),
                tile_width: pixels(sheet.tile_width),
                tile_height: pixels(sheet.tile_height),
                times_ms: sheet.times_us.iter().map(at).collect(),
            })
        };
        Ok(parts.into_iter().filter_map(sheet).collect())
    }

    /// The thumbnails as a WebVTT track, for players. Times are those of the video.
    async fn thumbnails_url(&self) -> String {
        format!("/v1/sessions/{}/media/thumbnails.vtt", self.session)
    }

    /// When playing can begin at once, in milliseconds from the start of the session.
    #[graphql(complexity = "20 + child_complexity")]
    async fn keyframes_ms(&self, ctx: &Context<'_>) -> Result<Vec<Long>> {
        let (reader, session) = (look::reader(ctx)?, self.session);
        let playable = blocking(move || reader.playable(session, Selection::ALL)).await?;
        let keyframes = playable
            .map(|playable| playable.keyframes_us)
            .unwrap_or_default();
        Ok(keyframes
            .into_iter()
            .map(|us| Long::from(us / 1_000))
            .collect())
    }

    /// Pieces of footage of which not all can be played, and why.
    #[graphql(complexity = "20 + child_complexity")]
    async fn problems(&self, ctx: &Context<'_>) -> Result<Vec<FootageProblem>> {
        let (reader, session) = (look::reader(ctx)?, self.session);
        let footage = blocking(move || reader.footage(session, i64::MIN)).await?;
        let problem = |piece: query::video::Footage| {
            Some(FootageProblem {
                start_ms: (piece.first_us / 1_000).into(),
                problem: piece.problem?,
                url: format!("/v1/sessions/{session}/media/footage/{}", piece.blob),
                media_type: piece.media_type,
            })
        };
        Ok(footage.into_iter().filter_map(problem).collect())
    }
}

fn clip(base: &str, cut: Cut) -> Clip {
    Clip {
        number: pixels(cut.number),
        url: format!("{base}/video.webm?clip={}", cut.number),
        thumbnail_url: format!(
            "{base}/still?at_ms={}&width=320",
            cut.first_us.max(0).unsigned_abs().div_ceil(1_000)
        ),
        source: cut.source,
        codec: codec_name(&cut.codec),
        width: pixels(cut.width),
        height: pixels(cut.height),
        start_ms: (cut.first_us / 1_000).into(),
        end_ms: (cut.last_us / 1_000).into(),
        frames: cut.frames.into(),
        bytes: cut.bytes.into(),
    }
}

fn product(
    base: &str,
    session: SessionId,
    built: Built,
    start_us: i64,
    progress: &ProgressBook,
) -> Product {
    let kind = ProductKind::of(&built.media_type);
    let completed = built.state == ProductState::Completed;
    let file = match kind {
        ProductKind::Video => "video.webm",
        ProductKind::Mp4 => "video.mp4",
        ProductKind::Thumbnails => "thumbnails.vtt",
    };
    Product {
        kind,
        progress_permille: progress.permille(session, &built.media_type).map(pixels),
        state: built.state.into(),
        requested_by: built.by,
        changed_at: DateTime(built.changed_at),
        reason: built.reason,
        url: completed.then(|| format!("{base}/{file}")),
        bytes: built.bytes.filter(|bytes| *bytes > 0).map(Long::from),
        duration_ms: built.duration_us.map(|us| Long::from(us / 1_000)),
        start_ms: (start_us / 1_000).into(),
    }
}

fn codec_name(matroska: &str) -> String {
    match matroska {
        "V_VP8" => "vp8".to_owned(),
        "V_VP9" => "vp9".to_owned(),
        "V_AV1" => "av1".to_owned(),
        "V_MPEG4/ISO/AVC" => "h264".to_owned(),
        other => other.to_owned(),
    }
}

fn pixels(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
