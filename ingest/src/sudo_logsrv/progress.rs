//! How far a client has come, and what of it the log has already.

use super::ProtocolError;
use super::elapsed::Elapsed;
use super::resume::{CommitPoint, Sent};

/// Counts a client's messages and time. After a connection broke, it tells those apart that are sent
/// again ([`super::resume`]).
#[derive(Debug, Default)]
pub(super) struct Progress {
    elapsed: Elapsed,
    sent: Sent,
    /// What had been sent when `elapsed` was reached.
    before: Sent,
    /// What stands in the log already, and is dropped when it comes again.
    stored: Option<CommitPoint>,
    /// Nothing can be added: the command had ended before the connection broke.
    is_complete: bool,
}

impl Progress {
    /// Goes on from a commit point, while the log is at another, or at the same.
    pub(super) fn resume(from: &CommitPoint, stored: &CommitPoint, is_complete: bool) -> Self {
        Self {
            elapsed: from.elapsed,
            sent: from.before,
            before: from.before,
            stored: Some(stored.clone()),
            is_complete,
        }
    }

    /// The client's time.
    pub(super) fn elapsed(&self) -> Elapsed {
        self.elapsed
    }

    /// Whether nothing can be added.
    pub(super) fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Counts an entry that came `delay` after the one before. Answers its time if it is new.
    pub(super) fn entry(
        &mut self,
        message: &'static str,
        delay: Elapsed,
    ) -> Result<Option<Elapsed>, ProtocolError> {
        let elapsed = self.elapsed.later(delay, message)?;
        self.sent.entries = self.sent.entries.saturating_add(1);
        if elapsed > self.elapsed {
            self.elapsed = elapsed;
            self.before = self.sent;
        }
        if let Some(stored) = &self.stored
            && self.sent.entries <= stored.sent.entries
        {
            // The last one that is there: the two must have come as far by the client's clock, too.
            if self.sent.entries == stored.sent.entries && elapsed != stored.elapsed {
                return Err(ProtocolError::OtherLog);
            }
            return Ok(None);
        }
        if self.is_complete {
            return Err(ProtocolError::Complete);
        }
        Ok(Some(elapsed))
    }

    /// Counts a note, and answers whether it is new.
    pub(super) fn note(&mut self) -> Result<bool, ProtocolError> {
        self.sent.notes = self.sent.notes.saturating_add(1);
        let stored = self.stored.as_ref();
        let is_new = stored.is_none_or(|stored| self.sent.notes > stored.sent.notes);
        if is_new && self.is_complete {
            return Err(ProtocolError::Complete);
        }
        Ok(is_new)
    }

    /// Whether the client has not come yet to what it had sent before.
    pub(super) fn is_behind(&self) -> bool {
        let stored = self.stored.as_ref();
        stored.is_some_and(|stored| self.sent.entries < stored.sent.entries)
    }

    /// The place that the log will have come to with the next commit: while the client sends again
    /// what is there, the one that it has.
    pub(super) fn commit_point(&self) -> CommitPoint {
        let mine = CommitPoint {
            elapsed: self.elapsed,
            sent: self.sent,
            before: self.before,
        };
        let Some(stored) = &self.stored else {
            return mine;
        };
        let place = if self.is_behind() {
            stored.clone()
        } else {
            mine
        };
        CommitPoint {
            sent: stored.sent.max(self.sent),
            ..place
        }
    }
}
