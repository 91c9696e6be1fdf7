//! What is hidden in a session, and from whom.
//!
//! Everybody sees the masked form. Who has [`Right::Reveal`] over a session sees the whole of it through a reader that
//! [reveals](Reader::revealing).

use std::sync::Arc;

use retrace_core::SessionId;
use retrace_core::access::Right;
use retrace_core::event::Concealed;
use retrace_projections::moments::Moment;
use retrace_projections::redaction::{self, Veil};

pub use retrace_projections::redaction::{MASK, MaskedReplay, MaskedScreen, Span};

use crate::{QueryError, Reader};

/// A span of a session that is hidden, or was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redaction {
    /// Its id within the session.
    pub id: String,
    /// Where it begins, in milliseconds from the start of the session.
    pub from_ms: u64,
    /// Where it ends.
    pub to_ms: u64,
    /// What is hidden.
    pub what: Concealed,
    /// Who hides it; `retrace` where a rule does.
    pub by: String,
    /// Why.
    pub reason: String,
    /// The rule that found it; absent, a person redacted it.
    pub rule: Option<String>,
    /// Who lifted it, and why, if somebody did.
    pub lifted: Option<(String, String)>,
}

impl Reader {
    /// What lies over a session for this reader. Nothing when it is revealed to them.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub fn veil(&self, session: SessionId) -> Result<Option<Arc<Veil>>, QueryError> {
        if self.is_revealed(session)? {
            return Ok(None);
        }
        let veil = self
            .redactions
            .read(|connection| Veil::read(connection, session, &self.rules))?;
        Ok(Some(Arc::new(veil)))
    }

    /// Whether what is redacted in a session is shown to this reader.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub fn is_revealed(&self, session: SessionId) -> Result<bool, QueryError> {
        if !self.reveals() {
            return Ok(false);
        }
        match self.may(Right::Reveal, session) {
            Err(QueryError::Denied(_)) => Ok(false),
            may => may,
        }
    }

    /// Each span that is hidden in a session, or was, in the order of time.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub fn redactions(&self, session: SessionId) -> Result<Vec<Redaction>, QueryError> {
        if !self.may_view_recording(session)? {
            return Ok(Vec::new());
        }
        let Some(started_us) = self.redactions_began(session)? else {
            return Ok(Vec::new());
        };
        let ms = |us: i64| u64::try_from(us.saturating_sub(started_us) / 1000).unwrap_or(0);
        let spans = self.redaction_spans(session)?;
        Ok(spans
            .into_iter()
            .map(|span| Redaction {
                from_ms: ms(span.from_us),
                to_ms: ms(span.to_us),
                id: span.id,
                what: span.what,
                by: span.by,
                reason: span.reason,
                rule: span.rule,
                lifted: span.lifted,
            })
            .collect())
    }

    /// The same as the read model has it, for the server itself.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub fn redaction_spans(&self, session: SessionId) -> Result<Vec<Span>, QueryError> {
        self.redactions
            .read(|connection| Ok(redaction::spans(connection, session)?))
    }

    /// When a session began, in microseconds after 1970, as far as the read model of what is hidden knows it.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub fn redactions_began(&self, session: SessionId) -> Result<Option<i64>, QueryError> {
        self.redactions
            .read(|connection| Ok(redaction::started_us(connection, session)?))
    }

    /// Sessions in which rules hid something that no event tells yet, for the server itself.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub fn untold_redactions(&self, limit: u32) -> Result<Vec<SessionId>, QueryError> {
        self.redactions
            .read(|connection| Ok(redaction::untold(connection, limit)?))
    }

    /// A moment of the index as this reader may see it. What is masked in it stays told by [`Moment::revealed`], which is
    /// empty then.
    pub(crate) fn shown(&self, mut moment: Moment) -> Result<Moment, QueryError> {
        let Some(revealed) = &mut moment.revealed else {
            return Ok(moment);
        };
        if self.is_revealed(moment.session)? {
            moment.text.clone_from(revealed);
        } else {
            revealed.clear();
        }
        Ok(moment)
    }
}
