//! Recordings as they stand in the log: how far they have come, and where one can be gone on with.

use std::collections::BTreeMap;

use retrace_core::event::{EndReason, Event, EventBody, UploadCommitted};
use retrace_core::log::{EventLog, StoreError};
use retrace_core::{SessionId, SourceName, StreamName, StreamVersion, Timestamp};

use super::SOURCE;
use super::elapsed::Elapsed;
use super::opening::Restarted;
use super::resume::{CommitPoint, ResumeKey, Stored};

/// The key of a recording stands in the first append, which has few events.
const FIRST_EVENTS: usize = 16;
/// So many events are read at once on the way back to a commit point.
const PAGE_EVENTS: u64 = 1_000;

/// The end of a recording.
#[derive(Debug, Clone)]
pub struct End {
    /// The version of the next event.
    pub next: StreamVersion,
    /// The time of the last event.
    pub last_at: Timestamp,
    /// What the last commit told.
    pub commit: UploadCommitted,
    /// Why the session ended, if it has.
    pub reason: Option<EndReason>,
}

/// Why a recording cannot be gone on with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotResume {
    /// There is none of that id, or its key is another.
    #[error("unknown log_id: this server has no such log")]
    NoSuchLog,
    /// It never told the client that commit point.
    #[error("{} s {} ns is no commit point of this log", .0.parts().0, .0.parts().1)]
    NoSuchPoint(Elapsed),
    /// An administrator ended the session.
    #[error("the session was terminated")]
    Terminated,
    /// The session has ended otherwise.
    #[error("the log is already complete, it cannot be restarted")]
    Ended,
}

/// The stream of a session that sudo recorded.
pub fn stream_of(session: SessionId) -> StreamName {
    let source = SourceName::new(SOURCE).expect("`sudo` is a source name");
    StreamName::of_session(session, &source)
}

/// Where a recording has come to. `None` when it is none of sudo's.
///
/// # Errors
/// When the log cannot be read.
pub async fn end_of(log: &dyn EventLog, session: SessionId) -> Result<Option<End>, StoreError> {
    let mut back = Backwards::of(log, session).await?;
    let next = back.from;
    let (mut last_at, mut reason) = (None, None);
    while let Some(page) = back.page().await? {
        for event in page.iter().rev() {
            last_at.get_or_insert(event.at());
            match event.body() {
                Ok(EventBody::SessionEnded(ended)) => reason = Some(ended.reason),
                Ok(EventBody::UploadCommitted(commit)) => {
                    let last_at = last_at.unwrap_or(event.at());
                    return Ok(Some(End {
                        next,
                        last_at,
                        commit,
                        reason,
                    }));
                }
                _ => {}
            }
        }
    }
    Ok(None)
}

/// The recording that a client wants to go on with, and the version of its next event.
///
/// # Errors
/// When the log cannot be read. Why it cannot be gone on with is the inner error.
pub async fn stored(
    log: &dyn EventLog,
    wanted: &Restarted,
) -> Result<Result<(Stored, StreamVersion), CannotResume>, StoreError> {
    let Some(started) = begun(log, wanted.session, &wanted.key).await? else {
        return Ok(Err(CannotResume::NoSuchLog));
    };
    let Some(end) = end_of(log, wanted.session).await? else {
        return Ok(Err(CannotResume::NoSuchLog));
    };
    let is_complete = match end.reason {
        None => false,
        Some(EndReason::User) => true,
        Some(EndReason::Terminated) => return Ok(Err(CannotResume::Terminated)),
        Some(_) => return Ok(Err(CannotResume::Ended)),
    };
    let no_such_point = CannotResume::NoSuchPoint(wanted.point);
    let Some(last) = CommitPoint::of(&end.commit) else {
        return Ok(Err(no_such_point));
    };
    let Some(from) = commit_point(log, wanted).await? else {
        return Ok(Err(no_such_point));
    };
    let held: BTreeMap<String, String> = end.commit.held;
    let stored = Stored {
        started,
        last_at: end.last_at,
        from,
        last,
        held,
        is_complete,
    };
    Ok(Ok((stored, end.next)))
}

/// When the recording began that this is the key of.
async fn begun(
    log: &dyn EventLog,
    session: SessionId,
    key: &ResumeKey,
) -> Result<Option<Timestamp>, StoreError> {
    let stream = stream_of(session);
    let events = log
        .read_stream(&stream, StreamVersion(0), FIRST_EVENTS)
        .await?;
    let expected = Some(key.sha256());
    let is_of_key = events.iter().any(|event| match event.body() {
        Ok(EventBody::UploadCommitted(commit)) => commit.resume_key_sha256 == expected,
        _ => false,
    });
    Ok(events.first().filter(|_| is_of_key).map(Event::at))
}

async fn commit_point(
    log: &dyn EventLog,
    wanted: &Restarted,
) -> Result<Option<CommitPoint>, StoreError> {
    if wanted.point == Elapsed::default() {
        return Ok(Some(CommitPoint::default()));
    }
    let mut back = Backwards::of(log, wanted.session).await?;
    while let Some(page) = back.page().await? {
        for event in page.iter().rev() {
            let Ok(EventBody::UploadCommitted(commit)) = event.body() else {
                continue;
            };
            match CommitPoint::of(&commit) {
                Some(point) if point.elapsed == wanted.point => return Ok(Some(point)),
                Some(point) if point.elapsed < wanted.point => return Ok(None),
                _ => {}
            }
        }
    }
    Ok(None)
}

/// Reads a stream from its end on, page by page.
struct Backwards<'a> {
    log: &'a dyn EventLog,
    stream: StreamName,
    /// The version that the last page began with.
    from: StreamVersion,
}

impl<'a> Backwards<'a> {
    async fn of(log: &'a dyn EventLog, session: SessionId) -> Result<Self, StoreError> {
        let stream = stream_of(session);
        let from = log.next_version(&stream).await?;
        Ok(Self { log, stream, from })
    }

    /// The page before. `None` at the beginning of the stream.
    async fn page(&mut self) -> Result<Option<Vec<Event>>, StoreError> {
        let limit = self.from.0.min(PAGE_EVENTS);
        if limit == 0 {
            return Ok(None);
        }
        self.from = StreamVersion(self.from.0 - limit);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let page = self.log.read_stream(&self.stream, self.from, limit).await?;
        Ok(Some(page))
    }
}
