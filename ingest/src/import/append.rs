//! The second step with a file: appending it, in one transaction.

use std::path::Path;
use std::sync::Arc;

use retrace_core::event::EventBatch;
use retrace_core::log::{Append, EventLog, LogTransaction};
use retrace_core::{Position, SourceName, StreamName, StreamVersion};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::check::{Checked, read_again};
use super::progress::Meter;
use super::{ImportError, Imported};
use crate::Limits;

/// How many batches may be read ahead of the log.
const READ_AHEAD: usize = 2;

/// Appends a checked recording, unless the log has it already.
pub(super) async fn append(
    log: &dyn EventLog,
    path: &Path,
    checked: Checked,
    limits: &Limits,
    meter: &Arc<Meter>,
) -> Result<Imported, ImportError> {
    let recorder = SourceName::new("recorder").expect("`recorder` is a source name");
    let stream = StreamName::of_session(checked.session, &recorder);
    // Asked before the transaction so that nobody waits for nothing, and once more inside of it
    // because the same recording may have been on its way under another name.
    if is_there(log, path, &stream).await? {
        return already(log, path, &checked).await;
    }
    let transaction = log
        .begin()
        .await
        .map_err(|error| ImportError::log(path, error))?;
    if is_there(log, path, &stream).await? {
        drop(transaction);
        return already(log, path, &checked).await;
    }

    let mut appending = Appending {
        transaction,
        stream,
        next: StreamVersion(0),
        path,
    };
    let Checked {
        session,
        version,
        facts,
        start,
        beginning,
        entries,
        ending,
    } = checked;
    appending.append(beginning).await?;
    if let Some(batches) = entries {
        for batch in batches {
            appending.append(batch).await?;
        }
    } else {
        let (sender, mut batches) = mpsc::channel(READ_AHEAD);
        let reading = {
            let (path, limits, meter) = (path.to_path_buf(), limits.clone(), Arc::clone(meter));
            let facts = facts.clone();
            spawn_blocking(move || {
                // When nobody receives any more, the append failed and says so itself.
                let send = |batch| sender.blocking_send(batch).is_ok();
                read_again(&path, &limits, &meter, start, &facts, send)
            })
        };
        while let Some(batch) = batches.recv().await {
            appending.append(batch).await?;
        }
        reading
            .await
            .map_err(|error| ImportError::stopped(path, error))??;
    }
    appending.append(ending).await?;
    let events = appending.next.0;
    let head = appending
        .transaction
        .commit()
        .await
        .map_err(|error| ImportError::log(path, error))?;
    Ok(Imported {
        session,
        already: false,
        events,
        bytes: facts.bytes,
        duration_us: facts.duration_us,
        version,
        log_size: head.size,
    })
}

async fn is_there(
    log: &dyn EventLog,
    path: &Path,
    stream: &StreamName,
) -> Result<bool, ImportError> {
    let next = log
        .next_version(stream)
        .await
        .map_err(|error| ImportError::log(path, error))?;
    Ok(next > StreamVersion(0))
}

async fn already(
    log: &dyn EventLog,
    path: &Path,
    checked: &Checked,
) -> Result<Imported, ImportError> {
    let size: Position = log
        .head()
        .await
        .map_err(|error| ImportError::log(path, error))?
        .size;
    Ok(Imported {
        session: checked.session,
        already: true,
        events: 0,
        bytes: checked.facts.bytes,
        duration_us: checked.facts.duration_us,
        version: checked.version,
        log_size: size,
    })
}

/// One file on its way into the log. Dropped, it leaves nothing there.
struct Appending<'a> {
    transaction: Box<dyn LogTransaction>,
    stream: StreamName,
    next: StreamVersion,
    path: &'a Path,
}

impl Appending<'_> {
    async fn append(&mut self, events: EventBatch) -> Result<(), ImportError> {
        if events.is_empty() {
            return Ok(());
        }
        let (stream, first_version) = (self.stream.clone(), self.next);
        let appended = self
            .transaction
            .append(Append {
                stream,
                first_version,
                events,
            })
            .await
            .map_err(|error| ImportError::log(self.path, error))?;
        self.next = appended.next_version;
        Ok(())
    }
}
