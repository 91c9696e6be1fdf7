//! One Guacamole dump, followed while it is written.
//!
//! Each look at it appends what has come up to the last `sync`, as one commit: the piece, what happened in it,
//! and the blob before both. So the log always ends behind a piece, and a watcher that starts anew reads the file
//! from its beginning, cuts where the log says, and is acknowledged what is there.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use retrace_core::blob::BlobStore;
use retrace_core::event::{Event, EventBatch, EventType};
use retrace_core::log::{Append, EventLog};
use retrace_core::{SessionId, SourceName, StreamName, StreamVersion, Timestamp};
use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;

use super::opened::{Growing, Opened};
use crate::guacamole::{Dump, Known, Telling, about_dump, counts, tell_problems, us};
use crate::import::append::there;
use crate::import::blobs::Blobs;
use crate::import::check::{beginning, ending, recording_file};
use crate::import::discover::unreadable;
use crate::import::{
    About, Candidate, ContentFacts, FormatError, ImportError, ImportOptions, Sink,
};

/// So much of a file is read at one look; the rest at the next.
const LOOK_BYTES: u64 = 64 << 20;
const READ_BYTES: usize = 256 << 10;
/// About the most in one append.
const APPEND_EVENTS: usize = 16_384;
const APPEND_BYTES: usize = 4 << 20;

/// How it stands with a dump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It is being written, or has not opened yet.
    Following,
    /// Its session has ended.
    Ended(SessionId),
    /// Its session had ended before it was looked at, or it is gone.
    WasThere,
}

/// Follows one dump.
pub(super) struct Follower {
    path: PathBuf,
    growing: Growing,
    live: Option<Box<Live>>,
    not_before: Instant,
}

/// A session that is in the log.
struct Live {
    session: SessionId,
    stream: StreamName,
    next: StreamVersion,
    start: Timestamp,
    about: About,
    candidate: Candidate,
    store: BlobStore,
    file: File,
    read: u64,
    sha256: Sha256,
    dump: Dump,
}

impl Follower {
    pub(super) fn new(path: PathBuf, not_before: Instant) -> Self {
        Self {
            path,
            growing: Growing::new(),
            live: None,
            not_before,
        }
    }

    /// The session, once the dump has opened.
    pub(super) fn session(&self) -> Option<SessionId> {
        self.live.as_ref().map(|live| live.session)
    }

    /// Appends what has come.
    pub(super) async fn go_on(
        &mut self,
        log: &Arc<dyn EventLog>,
        options: &ImportOptions,
        idle: Duration,
    ) -> Result<State, ImportError> {
        if Instant::now() < self.not_before {
            return Ok(State::Following);
        }
        if self.live.is_none()
            && let Some(state) = self.begin(log, options, idle).await?
        {
            return Ok(state);
        }
        let Some(mut live) = self.live.take() else {
            return Ok(State::Following);
        };
        let (path, mut growing) = (self.path.clone(), self.growing);
        let looked = spawn_blocking(move || {
            let looked = live.look(&path, &mut growing, idle);
            (live, growing, looked)
        });
        let (mut live, growing, looked) = looked
            .await
            .map_err(|error| ImportError::stopped(&self.path, error))?;
        self.growing = growing;
        let (batches, is_over) = looked?;
        for batch in batches {
            live.append(log, &self.path, batch).await?;
        }
        let session = live.session;
        if is_over {
            return Ok(State::Ended(session));
        }
        self.live = Some(live);
        Ok(State::Following)
    }

    /// Begins the session, or finds it in the log. Answers how it stands if it is not followed now.
    async fn begin(
        &mut self,
        log: &Arc<dyn EventLog>,
        options: &ImportOptions,
        idle: Duration,
    ) -> Result<Option<State>, ImportError> {
        let path = self.path.clone();
        let Some(store) = options.blobs.clone() else {
            return Err(ImportError::NoBlobStore { path });
        };
        let (mut growing, limits) = (self.growing, options.limits.clone());
        let told_start = options.started_at;
        let opened = spawn_blocking(move || {
            let opened = Opened::look(&path, &mut growing, idle, &limits, told_start);
            (
                growing,
                opened.map_err(|source| (source.kind(), unreadable(&path, source))),
            )
        });
        let (growing, opened) = opened
            .await
            .map_err(|error| ImportError::stopped(&self.path, error))?;
        self.growing = growing;
        let opened = match opened {
            Ok(Some(opened)) => opened,
            Ok(None) => return Ok(Some(State::Following)),
            Err((io::ErrorKind::NotFound, _)) => return Ok(Some(State::WasThere)),
            Err((_, error)) => return Err(error),
        };
        let failed = |error| ImportError::log(&self.path, 0, error);
        let recorder = SourceName::new("recorder").expect("`recorder` is a source name");
        let session = opened.opening.session();
        let stream = StreamName::of_session(session, &recorder);
        let about = about_dump(&opened.candidate, &opened.opening);
        let file = recording_file(&opened.candidate, &about, ([0; 32], 0), false);
        let refused = |error| FormatError::from(error).of(&self.path);
        let first = beginning(options, &about, file, opened.start).map_err(refused)?;
        let next = log.next_version(&stream).await.map_err(failed)?;
        let mut live = Live {
            session,
            next: StreamVersion(0),
            start: opened.start,
            about,
            candidate: opened.candidate,
            store,
            file: opened.file,
            read: 0,
            sha256: Sha256::new(),
            dump: Dump::new(Known::default()),
            stream,
        };
        if let Some(last) = next.0.checked_sub(1) {
            let read = |version| log.read_stream(&live.stream, StreamVersion(version), 1);
            let last = read(last).await.map_err(failed)?;
            if last
                .iter()
                .any(|event| *event.kind() == EventType::SESSION_ENDED)
            {
                return Ok(Some(State::WasThere));
            }
            let begun = read(0).await.map_err(failed)?;
            live.start = begun.first().map_or(live.start, Event::at);
            let there = there(&**log, &live.stream, first.len())
                .await
                .map_err(failed)?;
            live.dump = Dump::new(Known {
                cuts: there.cuts.into(),
                loose: there.loose,
            });
            live.next = StreamVersion(first.len() as u64);
        } else {
            live.append(log, &self.path, first).await?;
        }
        self.live = Some(Box::new(live));
        Ok(None)
    }
}

impl Live {
    /// Reads what has come; answers the events of it, and whether they are the last. Blocks.
    fn look(
        &mut self,
        path: &Path,
        growing: &mut Growing,
        idle: Duration,
    ) -> Result<(Vec<EventBatch>, bool), ImportError> {
        let io = |source| unreadable(path, source);
        let refused = |error: FormatError| error.of(path);
        let is_over = growing.is_over(&self.file, idle).map_err(io)?;
        let (mut batches, mut buffer) = (Vec::new(), vec![0; READ_BYTES]);
        let mut looked_at = 0;
        let is_at_end = loop {
            let count = self.file.read(&mut buffer).map_err(io)?;
            if count == 0 {
                break true;
            }
            self.dump.push(&buffer[..count]);
            self.sha256.update(&buffer[..count]);
            self.read += count as u64;
            looked_at += count as u64;
            self.tell_pieces(&mut batches).map_err(refused)?;
            if looked_at >= LOOK_BYTES {
                break false;
            }
        };
        let is_over = is_over && is_at_end;
        if is_over {
            self.dump.finish();
        } else {
            self.dump.cut();
        }
        self.tell_pieces(&mut batches).map_err(refused)?;
        if is_over {
            batches.push(self.last(growing.bytes).map_err(refused)?);
        }
        Ok((batches, is_over))
    }

    fn tell_pieces(&mut self, batches: &mut Vec<EventBatch>) -> Result<(), FormatError> {
        while let Some(piece) = self.dump.piece() {
            let mut telling = Telling::of(piece);
            let mut blobs = Blobs::stored(self.store.clone(), self.session);
            loop {
                let mut batch = EventBatch::new();
                let mut sink = Sink::new(
                    self.start,
                    &mut batch,
                    &mut blobs,
                    APPEND_EVENTS,
                    APPEND_BYTES,
                );
                let more = telling.tell(&mut sink)?;
                batches.push(batch);
                if !more {
                    break;
                }
            }
        }
        Ok(())
    }

    /// What the session ends with.
    fn last(&mut self, bytes_there: u64) -> Result<EventBatch, FormatError> {
        let mut blobs = Blobs::stored(self.store.clone(), self.session);
        let mut batch = EventBatch::new();
        let mut sink = Sink::new(self.start, &mut batch, &mut blobs, usize::MAX, usize::MAX);
        Telling::last(self.dump.last_events()).tell(&mut sink)?;
        tell_problems(&self.dump, &mut sink, &mut self.about.problems)?;
        if bytes_there < self.read {
            let reason = "the file became shorter while it was followed".to_owned();
            sink.degraded(
                &mut self.about.problems,
                us(self.dump.duration_ms()),
                reason,
            )?;
        }
        let sha256: [u8; 32] = self.sha256.clone().finalize().into();
        self.about.contents = vec![ContentFacts {
            bytes: self.read,
            sha256,
        }];
        self.about.duration_us = us(self.dump.duration_ms());
        self.about.header = counts(&self.dump);
        let file = recording_file(&self.candidate, &self.about, (sha256, self.read), false);
        batch.extend(&ending(self.start, &self.about, file)?);
        Ok(batch)
    }

    async fn append(
        &mut self,
        log: &Arc<dyn EventLog>,
        path: &Path,
        events: EventBatch,
    ) -> Result<(), ImportError> {
        if events.is_empty() {
            return Ok(());
        }
        let count = events.len() as u64;
        let append = Append {
            stream: self.stream.clone(),
            first_version: self.next,
            events,
        };
        let appended = log.append(append).await;
        appended.map_err(|error| ImportError::log(path, 0, error))?;
        self.next = self.next.plus(count);
        Ok(())
    }
}
