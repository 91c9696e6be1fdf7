//! The second step with a file: appending it.
//!
//! What is not large is one append, whole or not at all. The rest is appended piece after piece, so
//! that nobody has to wait until a large file is through: what stops on the way is taken up where it
//! stopped when the same file is imported again.
//!
//! A recording with blobs is appended piece by piece, too: its beginning first, because only a session
//! that has begun has the key that blobs are sealed under; then its files are stored, then the
//! entries, each after the blobs that it names, and its end last. So a session that has ended is whole.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use retrace_core::blob::BlobStore;
use retrace_core::event::{
    EndReason, EventBatch, EventBody, EventType, RecordingDegraded, SessionEnded, SourceAttached,
};
use retrace_core::log::{Append, AppendError, EventLog, PendingAppend, StoreError};
use retrace_core::{Position, SourceName, StreamName, StreamVersion, Timestamp};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::blobs::{self, Blobs};
use super::check::{Checked, There, files, read_again};
use super::format::{Candidate, Files, FormatError};
use super::progress::Meter;
use super::{ImportError, ImportOptions, Imported};

/// How many batches may be read ahead of the log.
const READ_AHEAD: usize = 2;
/// How many appends may be on their way: one is written, one is hashed, one is packed.
const ON_THEIR_WAY: usize = 3;
/// A recording with less data than this is one append.
const WHOLE_BYTES: usize = 8 << 20;
/// How often to begin when copies of the file are imported at the same time.
const TRIES: usize = 3;

/// Appends a checked recording, unless the log has it already.
pub(super) async fn append(
    log: &dyn EventLog,
    candidate: &Candidate,
    mut checked: Checked,
    options: &ImportOptions,
    meter: &Arc<Meter>,
) -> Result<Imported, ImportError> {
    let path = &candidate.path;
    let recorder = SourceName::new("recorder").expect("`recorder` is a source name");
    let stream = StreamName::of_session(checked.session, &recorder);
    let mut appending = Appending {
        log,
        stream,
        candidate,
        options,
        meter,
        next: StreamVersion(0),
        there: There::default(),
        new_events: 0,
        pending: VecDeque::new(),
    };
    for tried in 1.. {
        match appending.standing().await? {
            Standing::Whole => {
                appending.is_this_one(&checked).await?;
                break;
            }
            Standing::None => appending.next = StreamVersion(0),
            Standing::Part { start } => {
                // Told by an earlier import, of a file with another name or date perhaps.
                checked
                    .move_to(start)
                    .map_err(|error| ImportError::log(path, 0, StoreError::Failed(error.into())))?;
                appending.next = StreamVersion(checked.beginning.len() as u64);
                if checked.about.identity.is_some() {
                    let there = there(log, &appending.stream, checked.beginning.len()).await;
                    let failed = |error| ImportError::log(path, 0, error);
                    appending.there = there.map_err(failed)?;
                }
            }
        }
        match append_parts(&mut appending, &checked).await {
            // A copy of the file was imported at the same time, and was quicker.
            Err(ImportError::Log {
                source: AppendError::Conflict { .. },
                ..
            }) if tried < TRIES => appending.pending.clear(),
            outcome => {
                outcome?;
                break;
            }
        }
    }
    let events = appending.new_events;
    let head = log
        .head()
        .await
        .map_err(|error| ImportError::log(path, 0, error))?;
    let log_size: Position = head.size;
    Ok(Imported {
        session: checked.session,
        already: events == 0,
        events,
        bytes: checked.bytes,
        duration_us: checked.about.duration_us,
        format: checked.about.format,
        parts: candidate
            .parts
            .iter()
            .map(|part| part.path.clone())
            .collect(),
        problems: checked.about.problems,
        log_size,
    })
}

async fn append_parts(appending: &mut Appending<'_>, checked: &Checked) -> Result<(), ImportError> {
    let begins = appending.next == StreamVersion(0);
    let has_blobs = checked.keeps_files || checked.names_blobs;
    if let Some(entries) = &checked.entries
        && begins
        && !has_blobs
        && entries.iter().map(EventBatch::data_bytes).sum::<usize>() <= WHOLE_BYTES
    {
        let mut whole = checked.beginning.clone();
        for batch in entries.iter().chain([&checked.ending]) {
            whole.extend(batch);
        }
        appending.append(whole).await?;
        return appending.acknowledged(0).await;
    }
    if begins {
        appending.append(checked.beginning.clone()).await?;
    }
    if has_blobs {
        appending.acknowledged(0).await?;
    }
    let stored = append_content(appending, checked).await;
    // One that may be followed goes on when it is imported again.
    if let Err(ImportError::Changed { .. }) = stored
        && checked.about.identity.is_none()
    {
        appending.append(not_the_recording(checked)).await?;
        appending.acknowledged(0).await?;
    }
    stored?;
    appending.append(checked.ending.clone()).await?;
    appending.acknowledged(0).await
}

/// Stores the files, and appends the entries.
async fn append_content(
    appending: &mut Appending<'_>,
    checked: &Checked,
) -> Result<(), ImportError> {
    if checked.keeps_files {
        keep_files(appending, checked).await?;
    }
    match &checked.entries {
        Some(batches) => {
            for batch in batches {
                appending.append(batch.clone()).await?;
            }
            Ok(())
        }
        None => append_entries(appending, checked).await,
    }
}

/// Stores the files of the recording as blobs of its session, which has begun.
async fn keep_files(appending: &Appending<'_>, checked: &Checked) -> Result<(), ImportError> {
    let Some(store) = appending.options.blobs.clone() else {
        return Ok(());
    };
    let (candidate, files) = (appending.candidate.clone(), appending.files());
    let (session, contents) = (checked.session, checked.about.contents.clone());
    let new_events = appending.new_events;
    let keeping = spawn_blocking(move || {
        let path = &candidate.path;
        for (index, content) in contents.iter().enumerate() {
            let opened = candidate.format.open_kept(&candidate, index, &files);
            let mut input = opened.map_err(|error| error.of(path))?;
            let digest = blobs::digest_of(content.sha256);
            blobs::put_input(&store, session, digest, &mut input)
                .map_err(|error| ImportError::blob(path, new_events, error))?;
        }
        Ok(())
    });
    let path = &appending.candidate.path;
    keeping
        .await
        .map_err(|error| ImportError::stopped(path, error))?
}

/// Reads the entries again, and appends them.
async fn append_entries(
    appending: &mut Appending<'_>,
    checked: &Checked,
) -> Result<(), ImportError> {
    let (sender, mut batches) = mpsc::channel(READ_AHEAD);
    let reading = {
        let (candidate, files) = (appending.candidate.clone(), appending.files());
        let (start, about) = (checked.start, checked.about.clone());
        let blobs = stored_blobs(appending.options.blobs.as_ref(), checked);
        let there = appending.there.clone();
        spawn_blocking(move || {
            // When nobody receives any more, the append failed and says so itself.
            let send = |batch| sender.blocking_send(batch).is_ok();
            read_again(&candidate, &files, blobs, start, &about, &there, send)
        })
    };
    while let Some(batch) = batches.recv().await {
        appending.append(batch).await?;
    }
    let path = &appending.candidate.path;
    reading
        .await
        .map_err(|error| ImportError::stopped(path, error))?
}

fn stored_blobs(store: Option<&BlobStore>, checked: &Checked) -> Blobs {
    match store {
        Some(store) if checked.names_blobs => Blobs::stored(store.clone(), checked.session),
        _ => Blobs::named_only(),
    }
}

/// Ends a session whose file changed while it was appended, so that nobody takes what stands in it
/// for the recording.
fn not_the_recording(checked: &Checked) -> EventBatch {
    let mut events = EventBatch::new();
    let reason =
        "the file changed while it was imported: this is not the whole recording".to_owned();
    let ended = SessionEnded {
        exit_status: None,
        reason: EndReason::Unknown,
    };
    let end: Timestamp = checked.start;
    let pushed = events
        .push(end, RecordingDegraded { reason })
        .and_then(|()| events.push(end, ended));
    pushed.expect("both are small");
    events
}

/// How much of a file the log has.
enum Standing {
    None,
    /// Its beginning, with the session starting at that time, and perhaps more.
    Part {
        start: Timestamp,
    },
    /// All of it: its stream ends with the end of the session.
    Whole,
}

/// What the log has of a recording with an identity, behind its `beginning`.
pub(super) async fn there(
    log: &dyn EventLog,
    stream: &StreamName,
    beginning: usize,
) -> Result<There, StoreError> {
    const READ: usize = 4_096;
    let (mut there, mut next) = (There::default(), StreamVersion(beginning as u64));
    loop {
        let events = log.read_stream(stream, next, READ).await?;
        next = next.plus(events.len() as u64);
        for event in &events {
            there.loose += 1;
            if *event.kind() == EventType::FRAMES_CAPTURED
                && let Ok(EventBody::FramesCaptured(captured)) = event.body()
            {
                there.cuts.push(captured.bytes);
                there.loose = 0;
            }
        }
        if events.is_empty() {
            return Ok(there);
        }
    }
}

/// One recording on its way into the log.
struct Appending<'a> {
    log: &'a dyn EventLog,
    stream: StreamName,
    candidate: &'a Candidate,
    options: &'a ImportOptions,
    meter: &'a Arc<Meter>,
    next: StreamVersion,
    there: There,
    new_events: u64,
    pending: VecDeque<PendingAppend>,
}

impl Appending<'_> {
    fn path(&self) -> &Path {
        &self.candidate.path
    }

    fn files(&self) -> Files {
        files(self.options, self.meter)
    }

    /// How much of the file the log has.
    async fn standing(&self) -> Result<Standing, ImportError> {
        let failed = |error| ImportError::log(self.path(), 0, error);
        let next = self.log.next_version(&self.stream).await.map_err(failed)?;
        let Some(last) = next.0.checked_sub(1) else {
            return Ok(Standing::None);
        };
        let read = |version| {
            self.log
                .read_stream(&self.stream, StreamVersion(version), 1)
        };
        let last = read(last).await.map_err(failed)?;
        if last
            .first()
            .is_some_and(|event| *event.kind() == EventType::SESSION_ENDED)
        {
            return Ok(Standing::Whole);
        }
        let first = read(0).await.map_err(failed)?;
        Ok(first
            .first()
            .map_or(Standing::None, |event| Standing::Part { start: event.at() }))
    }

    /// Whether a session that is whole is that of this recording, where its id does not say so.
    async fn is_this_one(&self, checked: &Checked) -> Result<(), ImportError> {
        if checked.about.identity.is_none() {
            return Ok(());
        }
        let failed = |error| ImportError::log(self.path(), 0, error);
        let next = self.log.next_version(&self.stream).await.map_err(failed)?;
        let told = StreamVersion(next.0.saturating_sub(2));
        let told = self.log.read_stream(&self.stream, told, 1).await;
        let told = told.map_err(failed)?;
        let body = told.first().and_then(|event| event.body().ok());
        let sha256 = match body {
            Some(EventBody::SourceAttached(SourceAttached {
                recording: Some(file),
                ..
            })) => file.sha256,
            _ => String::new(),
        };
        if sha256 == checked.file.sha256 {
            return Ok(());
        }
        let session = checked.session;
        let reason = format!(
            "session {session} begins alike and has ended: it is that of another recording, or of an \
             earlier part of this one"
        );
        Err(FormatError::Whole(reason).of(self.path()))
    }

    async fn append(&mut self, events: EventBatch) -> Result<(), ImportError> {
        if events.is_empty() {
            return Ok(());
        }
        let append = Append {
            stream: self.stream.clone(),
            first_version: self.next,
            events,
        };
        self.next = self.next.plus(append.events.len() as u64);
        let submitted = self.log.submit(append).await;
        let pending =
            submitted.map_err(|error| ImportError::log(self.path(), self.new_events, error))?;
        self.pending.push_back(pending);
        self.acknowledged(ON_THEIR_WAY).await
    }

    /// Waits until no more than `left` appends are on their way.
    async fn acknowledged(&mut self, left: usize) -> Result<(), ImportError> {
        while self.pending.len() > left
            && let Some(pending) = self.pending.pop_front()
        {
            let appended = pending.acknowledged().await;
            let appended =
                appended.map_err(|error| ImportError::log(self.path(), self.new_events, error))?;
            self.new_events += appended.new_events;
        }
        Ok(())
    }
}
