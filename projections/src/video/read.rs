//! The reading side: what there is to play, and where its bytes are.

use std::ops::Range;

use retrace_core::blob::BlobDigest;
use retrace_core::event::ThumbnailSheet;
use retrace_core::{Position, SessionId, Timestamp};
use retrace_media::webm::{Group, GroupSize, Layout, Track};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::starts::find_start;
use crate::store::{from_sql, to_sql};

/// Footage that pauses for longer than this goes on with another clip.
pub const CLIP_PAUSE_US: i64 = 60_000_000;

/// A piece of footage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Footage {
    /// The position of its event.
    pub position: Position,
    /// Whether the server encoded it from captured pictures.
    pub made: bool,
    /// The source that captured it.
    pub source: String,
    /// `video/webm`, `image/png`, …
    pub media_type: String,
    /// Its bytes.
    pub blob: BlobDigest,
    /// How many there are.
    pub bytes: u64,
    /// When it begins, in microseconds from the start of the session; negative before it.
    pub first_us: i64,
    /// When its last frame is shown.
    pub last_us: i64,
    /// How many frames it says that it has.
    pub frames: u32,
    /// Why not all of it can be played.
    pub problem: Option<String>,
}

/// Footage that plays in one go: of one source and codec, without a long pause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clip {
    /// From 1, in the order of time.
    pub number: u32,
    /// When it begins, in microseconds from the start of the session.
    pub first_us: i64,
    /// When its last frame is shown.
    pub last_us: i64,
    /// The codec as Matroska names it: `V_VP9`, …
    pub codec: String,
    /// Width of its first picture in pixels.
    pub width: u32,
    /// Height of its first picture in pixels.
    pub height: u32,
    /// How many frames it has.
    pub frames: u64,
    /// Size of its frames in bytes.
    pub bytes: u64,
    /// The source that captured it.
    pub source: String,
}

/// What of a session is to be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Selection {
    /// One clip, by its number; without, all that one file can hold: the footage of the source that began
    /// first, in its first codec.
    pub clip: Option<u32>,
    /// Only from the last keyframe at or before then on, in microseconds from the start of the session; from the
    /// first keyframe, where there is none so early.
    pub from_us: Option<i64>,
    /// Only frames until then, in microseconds from the start of the session: so that the file stays the same
    /// while the session goes on.
    pub until_us: Option<i64>,
}

impl Selection {
    /// All that one file can hold, as it is now.
    pub const ALL: Self = Self {
        clip: None,
        from_us: None,
        until_us: None,
    };

    /// One clip, as it is now.
    pub fn clip(number: u32) -> Self {
        Self {
            clip: Some(number),
            ..Self::ALL
        }
    }
}

/// A WebM file over footage, with all that is needed to answer any range of it.
#[derive(Debug, Clone)]
pub struct Playable {
    /// Where everything stands in the file.
    pub layout: Layout,
    /// What its clusters are made of.
    pub groups: Vec<GroupPlace>,
    /// What the file's time 0 is, in microseconds from the start of the session.
    pub first_us: i64,
    /// Its length in microseconds.
    pub duration_us: u64,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The codec as Matroska names it.
    pub codec: String,
    /// When playing can begin, in microseconds from the start of the session.
    pub keyframes_us: Vec<i64>,
}

/// A group of frames, where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupPlace {
    /// The run that it is of.
    pub run: i64,
    /// Its number in the run.
    pub number: i64,
    /// How many of its frames are meant: the first ones.
    pub frames: u32,
}

/// One group of frames of a session.
struct Part {
    run: i64,
    number: i64,
    base_us: i64,
    first_us: i64,
    last_us: i64,
    frames: u32,
    bytes: u64,
    key: bool,
}

impl Part {
    /// A time of the session in the time of the run; before its beginning it is its beginning.
    fn until_in_run(&self, session_us: i64) -> u64 {
        u64::try_from(session_us.saturating_sub(self.base_us)).unwrap_or(0)
    }
}

struct Run {
    id: i64,
    source: String,
    base_us: i64,
    track: Track,
    /// Until when its pieces say that they show the screen.
    shown_until_us: i64,
}

/// Parts of one clip, and the run of the first.
struct Parts {
    run: usize,
    parts: Vec<Part>,
    shown_until_us: i64,
}

fn runs(connection: &Connection, key: i64) -> rusqlite::Result<Vec<Run>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, source, base_us, codec, codec_private, width, height,
            (SELECT max(last_us) FROM footage WHERE run = runs.id)
         FROM runs WHERE session = ?1 ORDER BY id",
    )?;
    let rows = statement.query_map([key], |row| {
        let base_us = row.get(2)?;
        Ok(Run {
            id: row.get(0)?,
            source: row.get(1)?,
            base_us,
            track: Track {
                codec_id: row.get(3)?,
                codec_private: row.get(4)?,
                width: row.get(5)?,
                height: row.get(6)?,
            },
            shown_until_us: row.get::<_, Option<i64>>(7)?.unwrap_or(base_us),
        })
    })?;
    rows.collect()
}

fn parts_of(connection: &Connection, run: &Run) -> rusqlite::Result<Vec<Part>> {
    let mut statement = connection.prepare_cached(
        "SELECT number, first_us, last_us, frames, bytes, key FROM groups WHERE run = ?1 ORDER BY number",
    )?;
    let rows = statement.query_map([run.id], |row| {
        Ok(Part {
            run: run.id,
            number: row.get(0)?,
            base_us: run.base_us,
            first_us: run.base_us.saturating_add(row.get(1)?),
            last_us: run.base_us.saturating_add(row.get(2)?),
            frames: row.get(3)?,
            bytes: from_sql(row.get(4)?),
            key: row.get(5)?,
        })
    })?;
    rows.collect()
}

/// The footage of a session that can be played, cut into clips in the order of time.
fn cut(connection: &Connection, session: SessionId) -> rusqlite::Result<(Vec<Run>, Vec<Parts>)> {
    let Some(start) = find_start(connection, session)? else {
        return Ok((Vec::new(), Vec::new()));
    };
    let runs = runs(connection, start.key)?;
    let mut parts = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        parts.extend(
            parts_of(connection, run)?
                .into_iter()
                .map(|part| (index, part)),
        );
    }
    // Of each source on its own: two that record at the same time do not mix.
    parts.sort_by(|(one_run, one), (other_run, other)| {
        let key = |run: usize, part: &Part| (part.first_us, part.run, part.number, run);
        runs[*one_run]
            .source
            .cmp(&runs[*other_run].source)
            .then(key(*one_run, one).cmp(&key(*other_run, other)))
    });
    let mut clips: Vec<Parts> = Vec::new();
    for (index, part) in parts {
        let run = &runs[index];
        if let Some(clip) = clips.last_mut()
            && let (first, Some(last)) = (&runs[clip.run], clip.parts.last())
            && first.source == run.source
            && first.track.codec_id == run.track.codec_id
            && first.track.codec_private == run.track.codec_private
            && part.first_us.saturating_sub(last.last_us) <= CLIP_PAUSE_US
        {
            let follows = last.run == part.run && last.number + 1 == part.number;
            // What overlaps what came before cannot be in one file, and what does not begin with a keyframe
            // needs what came before.
            if (part.key && part.first_us > last.last_us)
                || (follows && part.first_us >= last.last_us)
            {
                clip.parts.push(part);
                clip.shown_until_us = clip.shown_until_us.max(run.shown_until_us);
            }
        } else if part.key {
            let shown_until_us = run.shown_until_us;
            clips.push(Parts {
                run: index,
                parts: vec![part],
                shown_until_us,
            });
        }
    }
    clips.sort_by_key(|clip| clip.parts.first().map(|part| part.first_us));
    Ok((runs, clips))
}

/// The clips of a session. None when there is no footage, or none that plays as it is.
///
/// # Errors
/// When the read model cannot be read.
pub fn clips(connection: &Connection, session: SessionId) -> rusqlite::Result<Vec<Clip>> {
    let (runs, clips) = cut(connection, session)?;
    let clip = |(number, clip): (u32, &Parts)| {
        let run = &runs[clip.run];
        Clip {
            number,
            first_us: clip.parts.first().map_or(0, |part| part.first_us),
            last_us: clip.parts.last().map_or(0, |part| part.last_us),
            codec: run.track.codec_id.clone(),
            width: run.track.width,
            height: run.track.height,
            frames: clip.parts.iter().map(|part| u64::from(part.frames)).sum(),
            bytes: clip.parts.iter().map(|part| part.bytes).sum(),
            source: run.source.clone(),
        }
    };
    Ok((1..).zip(&clips).map(clip).collect())
}

/// A file over the footage of a session; none when there is nothing that plays.
///
/// # Errors
/// When the read model cannot be read.
pub fn playable(
    connection: &Connection,
    session: SessionId,
    selection: Selection,
) -> rusqlite::Result<Option<Playable>> {
    let (runs, clips) = cut(connection, session)?;
    let chosen: Vec<Parts> = match selection.clip {
        Some(number) => {
            let index = (number as usize).checked_sub(1);
            index
                .and_then(|index| clips.into_iter().nth(index))
                .into_iter()
                .collect()
        }
        None => {
            let Some(first) = clips.first().map(|clip| &runs[clip.run]) else {
                return Ok(None);
            };
            let fits = |clip: &Parts| {
                let run = &runs[clip.run];
                run.source == first.source
                    && run.track.codec_id == first.track.codec_id
                    && run.track.codec_private == first.track.codec_private
            };
            clips.into_iter().filter(fits).collect()
        }
    };
    let Some(first) = chosen.first() else {
        return Ok(None);
    };
    let mut track = runs[first.run].track.clone();
    let mut shown_until_us = chosen
        .iter()
        .map(|clip| clip.shown_until_us)
        .max()
        .unwrap_or(0);
    let mut parts: Vec<Part> = chosen.into_iter().flat_map(|clip| clip.parts).collect();
    if let Some(from_us) = selection.from_us {
        let begins = |part: &Part| part.key && part.first_us <= from_us;
        parts.drain(..parts.iter().rposition(begins).unwrap_or(0));
    }
    if let Some(until_us) = selection.until_us {
        parts.retain(|part| part.first_us <= until_us);
        shown_until_us = shown_until_us.min(until_us);
        for part in parts.iter_mut().filter(|part| part.last_us > until_us) {
            let whole = group(connection, part.run, part.number)?;
            let until = whole.until(part.until_in_run(until_us));
            part.frames = u32::try_from(until.frames.len()).unwrap_or(u32::MAX);
            part.bytes = until.bytes();
            part.last_us = until_us;
        }
    }
    let first_us = parts.first().map_or(0, |part| part.first_us);
    for run in runs
        .iter()
        .filter(|run| parts.iter().any(|part| part.run == run.id))
    {
        track.width = track.width.max(run.track.width);
        track.height = track.height.max(run.track.height);
    }
    let last_us = parts
        .last()
        .map_or(first_us, |part| part.last_us)
        .max(shown_until_us);
    let since = |us: i64| u64::try_from(us.saturating_sub(first_us)).unwrap_or(0);
    let sizes: Vec<GroupSize> = parts
        .iter()
        .map(|part| GroupSize {
            time_ms: since(part.first_us) / 1_000,
            frames: part.frames,
            bytes: part.bytes,
            key: part.key,
        })
        .collect();
    let duration_us = since(last_us);
    Ok(Some(Playable {
        layout: Layout::new(&track, &sizes, duration_us / 1_000),
        groups: parts
            .iter()
            .map(|part| GroupPlace {
                run: part.run,
                number: part.number,
                frames: part.frames,
            })
            .collect(),
        first_us,
        duration_us,
        width: track.width,
        height: track.height,
        codec: track.codec_id,
        keyframes_us: parts
            .iter()
            .filter(|part| part.key)
            .map(|part| part.first_us)
            .collect(),
    }))
}

/// The frames of a group that are meant.
///
/// # Errors
/// When the read model cannot be read, or has no such group.
pub fn frames_of(connection: &Connection, place: &GroupPlace) -> rusqlite::Result<Group> {
    let mut group = group(connection, place.run, place.number)?;
    group.frames.truncate(place.frames as usize);
    Ok(group)
}

fn group(connection: &Connection, run: i64, number: i64) -> rusqlite::Result<Group> {
    let packed: Vec<u8> = connection
        .prepare_cached("SELECT packed FROM groups WHERE run = ?1 AND number = ?2")?
        .query_row([run, number], |row| row.get(0))?;
    Group::unpack(&packed).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Blob, Box::new(error))
    })
}

/// The blobs, and the ranges of them, that hold a range of a run's bytes.
///
/// # Errors
/// When the read model cannot be read.
pub fn blobs_of_run(
    connection: &Connection,
    run: i64,
    range: &Range<u64>,
) -> rusqlite::Result<Vec<(BlobDigest, Range<u64>)>> {
    let mut statement = connection.prepare_cached(
        "SELECT blob, run_offset, bytes FROM footage
         WHERE run = ?1 AND run_offset < ?3 AND run_offset + bytes > ?2 ORDER BY run_offset",
    )?;
    let rows = statement.query_map((run, to_sql(range.start), to_sql(range.end)), |row| {
        let blob = BlobDigest::from_bytes(row.get(0)?);
        let (offset, bytes) = (from_sql(row.get(1)?), from_sql(row.get(2)?));
        let start = range.start.max(offset) - offset;
        let end = range.end.min(offset + bytes) - offset;
        Ok((blob, start..end))
    })?;
    rows.collect()
}

const FOOTAGE_COLUMNS: &str =
    "position, made, source, media_type, blob, bytes, first_us, last_us, frames, problem";

impl Footage {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            position: Position(from_sql(row.get(0)?)),
            made: row.get(1)?,
            source: row.get(2)?,
            media_type: row.get(3)?,
            blob: BlobDigest::from_bytes(row.get(4)?),
            bytes: from_sql(row.get(5)?),
            first_us: row.get(6)?,
            last_us: row.get(7)?,
            frames: row.get(8)?,
            problem: row.get(9)?,
        })
    }
}

/// The pieces of footage of a session, in the order of time, beginning at `from_us` or later.
///
/// # Errors
/// When the read model cannot be read.
pub fn footage(
    connection: &Connection,
    session: SessionId,
    from_us: i64,
) -> rusqlite::Result<Vec<Footage>> {
    let Some(start) = find_start(connection, session)? else {
        return Ok(Vec::new());
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {FOOTAGE_COLUMNS} FROM footage WHERE session = ?1 AND first_us >= ?2
         ORDER BY first_us, position"
    ))?;
    statement
        .query_map((start.key, from_us), Footage::from_row)?
        .collect()
}

/// When the first footage begins that is video, in microseconds from the start of the session.
///
/// # Errors
/// When the read model cannot be read.
pub fn first_video_us(
    connection: &Connection,
    session: SessionId,
) -> rusqlite::Result<Option<i64>> {
    let Some(start) = find_start(connection, session)? else {
        return Ok(None);
    };
    connection
        .prepare_cached(
            "SELECT first_us FROM footage WHERE session = ?1 AND media_type LIKE 'video/%'
             ORDER BY first_us, position LIMIT 1",
        )?
        .query_row([start.key], |row| row.get(0))
        .optional()
}

/// The media type of a blob that is footage of a session.
///
/// # Errors
/// When the read model cannot be read.
pub fn media_type_of(
    connection: &Connection,
    session: SessionId,
    blob: BlobDigest,
) -> rusqlite::Result<Option<String>> {
    let Some(start) = find_start(connection, session)? else {
        return Ok(None);
    };
    connection
        .prepare_cached("SELECT media_type FROM footage WHERE session = ?1 AND blob = ?2 LIMIT 1")?
        .query_row((start.key, blob.as_bytes()), |row| row.get(0))
        .optional()
}

/// What a part of the footage showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Analyzed {
    /// Where the part begins, in microseconds from the start of the session.
    pub first_us: i64,
    /// Where it ends.
    pub last_us: i64,
    /// Changed share of the screen in each second from `first_us` on, in thousandths.
    pub changed_permille: Vec<u16>,
    /// Small pictures of it.
    pub sheet: Option<ThumbnailSheet>,
}

/// What was found out about the footage of a session, in the order of time.
///
/// # Errors
/// When the read model cannot be read.
pub fn analyzed(connection: &Connection, session: SessionId) -> rusqlite::Result<Vec<Analyzed>> {
    let Some(start) = find_start(connection, session)? else {
        return Ok(Vec::new());
    };
    let mut statement = connection.prepare_cached(
        "SELECT first_us, last_us, changed, sheet FROM analyzed WHERE session = ?1
         ORDER BY first_us, position",
    )?;
    let rows = statement.query_map([start.key], |row| {
        let changed: Vec<u8> = row.get(2)?;
        let sheet: Option<String> = row.get(3)?;
        Ok(Analyzed {
            first_us: row.get(0)?,
            last_us: row.get(1)?,
            changed_permille: changed
                .as_chunks()
                .0
                .iter()
                .map(|bytes| u16::from_le_bytes(*bytes))
                .collect(),
            sheet: sheet.and_then(|sheet| serde_json::from_str(&sheet).ok()),
        })
    })?;
    rows.collect()
}

/// How far something that is built of a session has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// What it is: `video/mp4`, `video/webm`, or `image/webp` for thumbnails.
    pub media_type: String,
    /// How far it is.
    pub state: ProductState,
    /// Who asked for it, where somebody did.
    pub by: Option<String>,
    /// Which node works on it.
    pub node: Option<String>,
    /// When that changed last, by the server's clock.
    pub changed_at: Timestamp,
    /// Its bytes, where it is one file.
    pub blob: Option<BlobDigest>,
    /// How many there are.
    pub bytes: Option<u64>,
    /// Its length in microseconds.
    pub duration_us: Option<u64>,
    /// Why it failed.
    pub reason: Option<String>,
}

/// How far something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProductState {
    /// Somebody asked for it.
    Requested,
    /// A node works on it.
    Working,
    /// It is there.
    Completed,
    /// It could not be built.
    Failed,
}

impl ProductState {
    fn of(name: &str) -> Self {
        match name {
            "working" => Self::Working,
            "completed" => Self::Completed,
            "failed" => Self::Failed,
            _ => Self::Requested,
        }
    }
}

/// What is or was built of a session.
///
/// # Errors
/// When the read model cannot be read.
pub fn products(connection: &Connection, session: SessionId) -> rusqlite::Result<Vec<Product>> {
    let Some(start) = find_start(connection, session)? else {
        return Ok(Vec::new());
    };
    let mut statement = connection.prepare_cached(
        "SELECT media_type, state, by, node, changed_us, blob, bytes, duration_us, reason
         FROM products WHERE session = ?1 ORDER BY media_type",
    )?;
    let rows = statement.query_map([start.key], |row| {
        let state: String = row.get(1)?;
        let changed_us = row.get(4)?;
        let blob: Option<String> = row.get(5)?;
        Ok(Product {
            media_type: row.get(0)?,
            state: ProductState::of(&state),
            by: row.get(2)?,
            node: row.get(3)?,
            changed_at: Timestamp::from_micros(changed_us)
                .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(4, changed_us))?,
            blob: blob.and_then(|blob| BlobDigest::parse(&blob)),
            bytes: row.get::<_, Option<i64>>(6)?.map(from_sql),
            duration_us: row.get::<_, Option<i64>>(7)?.map(from_sql),
            reason: row.get(8)?,
        })
    })?;
    rows.collect()
}

/// What could not be built, by session and media type, the latest first.
///
/// # Errors
/// When the read model cannot be read.
pub fn failed(connection: &Connection, limit: u32) -> rusqlite::Result<Vec<(SessionId, String)>> {
    let mut statement = connection.prepare_cached(
        "SELECT starts.session, media_type FROM products JOIN starts ON starts.key = products.session
         WHERE state = 'failed' ORDER BY position DESC LIMIT ?1",
    )?;
    let rows = statement.query_map([limit], |row| {
        let id: [u8; 16] = row.get(0)?;
        Ok((uuid::Uuid::from_bytes(id).into(), row.get(1)?))
    })?;
    rows.collect()
}

/// How many things are being built, or could not be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VideoWork {
    /// Asked for, and not begun.
    pub requested: u64,
    /// A node works on them.
    pub working: u64,
    /// They could not be built.
    pub failed: u64,
}

/// What there is to do, over all sessions.
///
/// # Errors
/// When the read model cannot be read.
pub fn work(connection: &Connection) -> rusqlite::Result<VideoWork> {
    let mut count = connection.prepare_cached("SELECT count(*) FROM products WHERE state = ?1")?;
    let mut count = |state: &str| count.query_row([state], |row| row.get(0).map(from_sql));
    Ok(VideoWork {
        requested: count("requested")?,
        working: count("working")?,
        failed: count("failed")?,
    })
}

/// A session on which there may be work to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touched {
    /// The session.
    pub session: SessionId,
    /// When it started.
    pub started: Timestamp,
    /// The position of the last event that the work depends on.
    pub position: Position,
    /// Whether its recording has ended.
    pub ended: bool,
    /// The version that the next event of [`retrace_core::StreamName::video_of`] had when the
    /// read model looked.
    pub next_version: u64,
}

const TOUCHED: &str =
    "SELECT starts.session, starts.started_us, touched.position, ended, next_version
    FROM touched JOIN starts ON starts.key = touched.session";

impl Touched {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let id: [u8; 16] = row.get(0)?;
        let started_us = row.get(1)?;
        Ok(Self {
            session: uuid::Uuid::from_bytes(id).into(),
            started: Timestamp::from_micros(started_us)
                .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(1, started_us))?,
            position: Position(from_sql(row.get(2)?)),
            ended: row.get(3)?,
            next_version: from_sql(row.get(4)?),
        })
    }
}

/// Sessions with footage that something concerned at `from` or later, the earliest first.
///
/// # Errors
/// When the read model cannot be read.
pub fn touched(
    connection: &Connection,
    from: Position,
    limit: u32,
) -> rusqlite::Result<Vec<Touched>> {
    let mut statement = connection.prepare_cached(&format!(
        "{TOUCHED} WHERE touched.position >= ?1
            AND EXISTS (SELECT 1 FROM footage WHERE footage.session = touched.session)
         ORDER BY touched.position LIMIT ?2"
    ))?;
    statement
        .query_map((to_sql(from.0), limit), Touched::from_row)?
        .collect()
}

/// One session, if there is anything to do with it.
///
/// # Errors
/// When the read model cannot be read.
pub fn touched_of(
    connection: &Connection,
    session: SessionId,
) -> rusqlite::Result<Option<Touched>> {
    connection
        .prepare_cached(&format!("{TOUCHED} WHERE starts.session = ?1"))?
        .query_row([session.uuid().as_bytes()], Touched::from_row)
        .optional()
}
