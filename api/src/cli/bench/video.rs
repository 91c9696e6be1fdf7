//! `retrace bench video`: joining, transcoding, the picture at any moment, Guacamole dumps and drawn terminals, each
//! beside the program that people use for it now.
//!
//! FFmpeg has to be installed; guacenc (of Guacamole) and agg (of asciinema) are measured where they are. Footage
//! is made up by FFmpeg, a dump and a cast come from the folders of samples or from `--recordings`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use axum::body::Body;
use axum::http::Request;
use retrace_core::data_dir::DataDir;
use retrace_core::event::{EventBatch, EventBody};
use retrace_core::log::{Append, EventLog, StoredLog};
use retrace_core::{SessionId, StreamName, StreamVersion};
use retrace_ingest::import::{ImportOptions, NoProgress, import_all};
use retrace_media::video::{
    Codec, EncodePictures, EncoderSettings, Input, InputHead, Job, Output, Size, Transcode, Worker,
};
use retrace_projections::runner::Projections;
use retrace_query::Reader;
use tower::ServiceExt;

use super::{Chance, Figure, median, millis, output};
use crate::server::{App, router};
use crate::tokens::NewToken;

/// How long the made-up footage is, in seconds; as many segments.
const SECONDS: i64 = 120;
/// How often it is repeated for a video of two hours.
const REPEATED: i64 = 60;
const STILLS_A_ROUND: u64 = 12;
const WIDTH: u32 = 1_024;
const HEIGHT: u32 = 768;

pub(super) async fn run(rounds: u32, recordings: Option<&Path>) -> anyhow::Result<Vec<Figure>> {
    ensure!(
        is_there("ffmpeg"),
        "ffmpeg is not there: apt-get install ffmpeg"
    );
    let dir = tempfile::tempdir()?;
    let segments = dir.path().join("segments");
    fs::create_dir(&segments)?;
    make_segments(&segments)?;
    let footage = Footage::import(dir.path(), &segments).await?;
    let mut figures = vec![footage.join(rounds, dir.path()).await?];
    figures.push(transcode(
        rounds,
        &dir.path().join("theirs.webm"),
        dir.path(),
    )?);
    figures.push(footage.stills(rounds, dir.path()).await?);
    let folder = recordings.unwrap_or(Path::new("samples-desktop"));
    match first_with_ending(folder, "guac") {
        Some(dump) => figures.extend(guacamole(rounds, &dump, dir.path())?),
        None => output::note(format!(
            "video: no .guac in {}: not measured",
            folder.display()
        )),
    }
    let folder = recordings.unwrap_or(Path::new("samples"));
    match first_with_ending(folder, "cast") {
        Some(cast) => figures.extend(gif(rounds, &cast, dir.path())?),
        None => output::note(format!(
            "video: no .cast in {}: not measured",
            folder.display()
        )),
    }
    Ok(figures)
}

fn is_there(program: &str) -> bool {
    let mut command = Command::new(program);
    command
        .arg("-version")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok()
}

/// Runs a program to its end; its errors are part of ours.
fn run_program(command: &mut Command) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let out = command.stdin(Stdio::null()).output()?;
    let took = start.elapsed();
    let said = String::from_utf8_lossy(&out.stderr);
    ensure!(out.status.success(), "{command:?}: {}", said.trim());
    Ok(took)
}

fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-y"]);
    command
}

/// One-second segments, as a recorder uploads them, and the list of them that FFmpeg joins.
fn make_segments(folder: &Path) -> anyhow::Result<()> {
    let source = format!("testsrc2=size={WIDTH}x{HEIGHT}:rate=10:duration={SECONDS}");
    let mut command = ffmpeg();
    command.args(["-f", "lavfi", "-i", &source]).args([
        "-c:v",
        "libvpx",
        "-deadline",
        "realtime",
        "-cpu-used",
        "8",
        "-b:v",
        "2M",
        "-g",
        "10",
        "-f",
        "segment",
        "-segment_time",
        "1",
        "-segment_format",
        "webm",
    ]);
    run_program(command.arg(folder.join("%04d.webm")))?;
    let list: String = (0..SECONDS)
        .map(|number| format!("file '{number:04}.webm'\n"))
        .collect();
    fs::write(folder.join("list.txt"), list)?;
    Ok(())
}

/// A server over footage that was imported.
struct Footage {
    app: App,
    session: SessionId,
    events: Vec<EventBody>,
    log: Arc<dyn EventLog>,
    projections: Arc<Projections>,
}

impl Footage {
    async fn import(dir: &Path, segments: &Path) -> anyhow::Result<Self> {
        let data = DataDir::new(dir.join("data"));
        let stored: StoredLog = data.open_or_create_log().await?;
        let log: Arc<dyn EventLog> = Arc::new(stored.clone());
        let options = ImportOptions {
            blobs: Some(data.blobs_of(&stored)),
            ..ImportOptions::default()
        };
        let files = vec![segments.to_owned()];
        let report = import_all(Arc::clone(&log), files, options, Arc::new(NoProgress)).await;
        let session = report
            .imported()
            .next()
            .context("the footage was not imported")?
            .session;
        let blobs = data.blobs_of(&stored);
        let projections =
            Arc::new(Projections::start(Arc::clone(&log), blobs, &data.read_models()).await?);
        projections.caught_up_with(log.head().await?.size).await?;
        let reader = Reader::open(&data.read_models(), Arc::clone(&log));
        let app = App::new(&data, stored, reader, Arc::clone(&projections))?;
        let source = retrace_core::SourceName::new("recorder")?;
        let stream = StreamName::of_session(session, &source);
        let stored = log.read_stream(&stream, StreamVersion(0), 10_000).await?;
        let events = stored
            .iter()
            .filter_map(|event| event.body().ok())
            .collect();
        Ok(Self {
            app,
            session,
            events,
            log,
            projections,
        })
    }

    /// The bytes at a path, asked for as a browser would.
    async fn get(&self, token: &str, path: &str) -> anyhow::Result<Vec<u8>> {
        let request = Request::get(path)
            .header("authorization", format!("Bearer {token}"))
            .body(Body::empty())?;
        let answer = router(self.app.clone()).oneshot(request).await?;
        ensure!(answer.status().is_success(), "{path}: {}", answer.status());
        Ok(axum::body::to_bytes(answer.into_body(), usize::MAX)
            .await?
            .to_vec())
    }

    /// All segments as one file: over HTTP from sealed blobs to a file on disk, beside `ffmpeg -c copy` from
    /// files on disk.
    async fn join(&self, rounds: u32, dir: &Path) -> anyhow::Result<Figure> {
        let token = self
            .app
            .tokens
            .create(NewToken::admin("bench"), "bench")
            .await?;
        let path = format!("/v1/sessions/{}/media/video.webm", self.session);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let start = Instant::now();
            let bytes = self.get(&token, &path).await?;
            fs::write(dir.join("ours.webm"), &bytes)?;
            ours.push(bytes.len() as f64 / 1e6 / start.elapsed().as_secs_f64());
            let list = dir.join("segments/list.txt");
            let mut command = ffmpeg();
            command
                .args(["-f", "concat", "-safe", "0", "-i"])
                .arg(list)
                .args(["-c", "copy"]);
            let took = run_program(command.arg(dir.join("theirs.webm")))?;
            let bytes = fs::metadata(dir.join("theirs.webm"))?.len();
            theirs.push(bytes as f64 / 1e6 / took.as_secs_f64());
        }
        let peer = "ffmpeg -f concat -c copy";
        Ok(Figure::new(
            "join_webm",
            "MB/s",
            median(&ours),
            peer,
            median(&theirs),
        ))
    }

    /// The picture at random moments of a video of two hours.
    async fn stills(&self, rounds: u32, dir: &Path) -> anyhow::Result<Figure> {
        let long = self.repeat().await?;
        let token = self
            .app
            .tokens
            .create(NewToken::admin("bench"), "bench")
            .await?;
        let whole = dir.join("long.webm");
        let video = format!("/v1/sessions/{long}/media/video.webm");
        fs::write(&whole, self.get(&token, &video).await?)?;
        let mut chance = Chance(7);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..u64::from(rounds) * STILLS_A_ROUND {
            let at_ms = chance.below((SECONDS * REPEATED * 1_000).cast_unsigned());
            let start = Instant::now();
            let still = format!("/v1/sessions/{long}/media/still?at_ms={at_ms}");
            self.get(&token, &still).await?;
            ours.push(millis(start.elapsed()));
            let at = format!("{}.{:03}", at_ms / 1_000, at_ms % 1_000);
            let mut command = ffmpeg();
            command
                .args(["-ss", &at, "-i"])
                .arg(&whole)
                .args(["-frames:v", "1"]);
            theirs.push(millis(run_program(command.arg(dir.join("still.png")))?));
        }
        let peer = "ffmpeg -ss on the joined file";
        Ok(Figure::new(
            "still_in_two_hours",
            "ms",
            median(&ours),
            peer,
            median(&theirs),
        ))
    }

    /// A session with the same footage over and over.
    async fn repeat(&self) -> anyhow::Result<SessionId> {
        let mut captured = Vec::new();
        for event in &self.events {
            if let EventBody::FramesCaptured(frames) = event {
                captured.push(frames.clone());
            }
        }
        let start = captured.first().context("there is no footage")?.first_at;
        let long = SessionId::launched_now();
        let source = retrace_core::SourceName::new("agent")?;
        let stream = StreamName::of_session(long, &source);
        let mut next = StreamVersion(0);
        let append = async |events: EventBatch, next: StreamVersion| {
            let appended = Append {
                stream: stream.clone(),
                first_version: next,
                events,
            };
            anyhow::Ok(self.log.append(appended).await?.next_version)
        };
        next = append(
            EventBatch::of(
                start,
                retrace_core::event::MarkerSet {
                    label: "begin".into(),
                },
            )?,
            next,
        )
        .await?;
        for frames in &captured {
            let digest = retrace_core::blob::BlobDigest::parse(&frames.blob).context("a digest")?;
            let mut blob = self.app.blobs.open(self.session, digest)?;
            let bytes = blob.read(0..u64::MAX)?;
            self.app.blobs.put(long, digest, &mut &bytes[..])?;
        }
        for round in 0..REPEATED {
            let mut batch = EventBatch::new();
            for frames in &captured {
                let mut frames = frames.clone();
                let later_us = round * SECONDS * 1_000_000;
                frames.first_at = frames.first_at.saturating_add_micros(later_us);
                frames.last_at = frames.last_at.saturating_add_micros(later_us);
                batch.push(frames.last_at, frames)?;
            }
            next = append(batch, next).await?;
        }
        self.projections
            .caught_up_with(self.log.head().await?.size)
            .await?;
        Ok(long)
    }
}

fn worker() -> anyhow::Result<Worker> {
    Ok(Worker::new(std::env::current_exe()?, &["media-worker"]))
}

/// Runs a job over one file, in pieces, and answers how long it took and what came out.
fn run_job(
    job: &Job,
    media_type: &str,
    file: &Path,
    last_us: u64,
) -> anyhow::Result<(Duration, Vec<Output>)> {
    let bytes = fs::read(file)?;
    let head = InputHead {
        first_us: 0,
        last_us,
        media_type: media_type.to_owned(),
    };
    let pieces = bytes.chunks(16 << 20).map(|piece| {
        Ok::<_, anyhow::Error>(Input {
            head: head.clone(),
            bytes: piece.to_vec(),
        })
    });
    let mut outputs = Vec::new();
    let start = Instant::now();
    let done = worker()?.run(
        job,
        pieces.collect::<Vec<_>>().into_iter(),
        |output| {
            outputs.push(output);
            Ok(())
        },
        &AtomicBool::new(false),
    );
    done.map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok((start.elapsed(), outputs))
}

/// VP8 to H.264 in MP4, at the same settings, with one thread each.
fn transcode(rounds: u32, whole: &Path, dir: &Path) -> anyhow::Result<Figure> {
    let job = Job::Transcode(Transcode {
        encoder: EncoderSettings {
            codec: Codec::H264,
            threads: 1,
            ..EncoderSettings::default()
        },
        canvas: Some(Size {
            width: WIDTH,
            height: HEIGHT,
        }),
        folder: dir.to_owned(),
    });
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (took, outputs) = run_job(
            &job,
            "video/webm",
            whole,
            (SECONDS * 1_000_000).cast_unsigned(),
        )?;
        for output in outputs {
            if let Output::File(path) = output {
                fs::remove_file(path)?;
            }
        }
        ours.push(SECONDS as f64 / took.as_secs_f64());
        let mut command = ffmpeg();
        command.args(["-threads", "1", "-i"]).arg(whole).args([
            "-vsync",
            "vfr",
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-profile:v",
            "high",
            "-crf",
            "23",
            "-threads",
            "1",
            "-pix_fmt",
            "yuv420p",
            "-movflags",
            "+faststart",
        ]);
        let took = run_program(command.arg(dir.join("theirs.mp4")))?;
        theirs.push(SECONDS as f64 / took.as_secs_f64());
    }
    let peer = "ffmpeg, the same settings";
    Ok(Figure::new(
        "transcode_h264",
        "x real time",
        median(&ours),
        peer,
        median(&theirs),
    ))
}

/// A dump to video, beside guacenc where that is; what is measured is seconds, and bytes.
fn guacamole(rounds: u32, dump: &Path, dir: &Path) -> anyhow::Result<Vec<Figure>> {
    let copy = dir.join("dump.guac");
    fs::copy(dump, &copy)?;
    let has_peer = is_there("guacenc");
    let (mut ours, mut theirs, mut bytes, mut their_bytes) = (vec![], vec![], 0, 0);
    for _ in 0..rounds {
        let job = Job::EncodePictures(EncodePictures {
            encoder: EncoderSettings {
                threads: 1,
                max_frame_rate: 10,
                ..EncoderSettings::default()
            },
            ..EncodePictures::default()
        });
        let (took, outputs) = run_job(&job, crate::processing::GUACAMOLE, &copy, 0)?;
        ours.push(took.as_secs_f64());
        let size = |output: &Output| match output {
            Output::Segment(_, bytes) => bytes.len(),
            _ => 0,
        };
        bytes = outputs.iter().map(size).sum();
        if has_peer {
            let mut command = Command::new("guacenc");
            command
                .args(["-f", "-s", &format!("{WIDTH}x{HEIGHT}")])
                .arg(&copy);
            theirs.push(run_program(&mut command)?.as_secs_f64());
            their_bytes = fs::metadata(copy.with_extension("guac.m4v"))?.len();
        }
    }
    if !has_peer {
        output::note(format!(
            "video: {} in {:.2} s, {bytes} bytes; guacenc is not there, so nothing to compare with",
            dump.display(),
            median(&ours)
        ));
        return Ok(Vec::new());
    }
    Ok(vec![
        Figure::new(
            "guacamole_to_video",
            "s",
            median(&ours),
            "guacenc",
            median(&theirs),
        ),
        Figure::new(
            "guacamole_video_size",
            "bytes",
            bytes as f64,
            "guacenc",
            their_bytes as f64,
        ),
    ])
}

/// A terminal session to a GIF, beside agg where that is.
fn gif(rounds: u32, cast: &Path, dir: &Path) -> anyhow::Result<Vec<Figure>> {
    let program = std::env::current_exe()?;
    let data = dir.join("gif-data");
    let retrace = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command
            .arg(arguments[0])
            .arg("--data")
            .arg(&data)
            .args(&arguments[1..]);
        command
    };
    let imported = retrace(&["import", "--json"]).arg(cast).output()?;
    let line: serde_json::Value = serde_json::from_slice(
        imported
            .stdout
            .split(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default(),
    )?;
    let session = line["session"]
        .as_str()
        .context("the cast was not imported")?
        .to_owned();
    let has_peer = is_there("agg");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let path = dir.join("ours.gif");
    for _ in 0..rounds {
        let mut command = retrace(&["export", &session, "--format", "gif", "--output"]);
        ours.push(run_program(command.arg(&path))?.as_secs_f64());
        fs::remove_file(&path)?;
        if has_peer {
            let mut command = Command::new("agg");
            theirs.push(run_program(command.arg(cast).arg(dir.join("theirs.gif")))?.as_secs_f64());
        }
    }
    if !has_peer {
        output::note(format!(
            "video: {} as GIF in {:.2} s; agg is not there, so nothing to compare with",
            cast.display(),
            median(&ours)
        ));
        return Ok(Vec::new());
    }
    Ok(vec![Figure::new(
        "cast_to_gif",
        "s",
        median(&ours),
        "agg",
        median(&theirs),
    )])
}

/// The first file with that ending in a folder, or in the folders in it, in the order of their names.
fn first_with_ending(folder: &Path, ending: &str) -> Option<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    entries.sort();
    let is_one = |path: &&PathBuf| path.extension().is_some_and(|found| found == ending);
    entries.iter().find(is_one).cloned().or_else(|| {
        entries
            .iter()
            .filter(|path| path.is_dir())
            .find_map(|path| first_with_ending(path, ending))
    })
}
