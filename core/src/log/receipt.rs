//! Receipts: what a recorder gets for events that stand in the log, and may drop its copy for.
//!
//! A receipt is a [C2SP tlog-proof](https://c2sp.org/tlog-proof): the inclusion proof of the last
//! event's leaf under a signed checkpoint. Its `extra` line is the base64 of
//! `{"recordedAt":"…","salt":"…"}`: what a leaf holds that its recorder does not know. The recorder
//! puts the leaf together from its own copy of the event, so the proof holds only if the log has
//! taken in the very bytes that it sent, at the version that it gave them. The log takes in no event
//! before all of lower versions, so the proof of the last is the receipt for all.

use serde::{Deserialize, Serialize};

use super::checkpoint::{Checkpoint, CheckpointError};
use super::merkle::{Hash, leaf_hash, root_from_inclusion};
use super::tlog_proof::TlogProof;
use crate::Timestamp;
use crate::event::{EventType, Leaf};
use crate::id::{Position, StreamName, StreamVersion};

/// The proof that a stream is in the log up to and including one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The event's place in the log.
    pub position: Position,
    /// When the server took the event in, by its clock.
    pub recorded_at: Timestamp,
    /// The salt of the event's leaf: 32 hexadecimal digits.
    pub salt: String,
    /// The inclusion proof of the event's leaf (RFC 6962, 2.1.1).
    pub proof: Vec<Hash>,
    /// The signed head that the proof leads to.
    pub checkpoint: Checkpoint,
}

/// An event as its recorder knows it.
#[derive(Debug, Clone, Copy)]
pub struct SentEvent<'a> {
    /// The stream that it was sent to.
    pub stream: &'a StreamName,
    /// The version that it was sent with.
    pub version: StreamVersion,
    /// When it happened.
    pub at: Timestamp,
    /// Its type.
    pub kind: &'a EventType,
    /// Its data, as canonical JSON.
    pub data: &'a [u8],
}

/// Why a receipt is none.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// It is not a tlog-proof with the extra data of a receipt.
    #[error("not a receipt: {0}")]
    Malformed(String),
    /// Its checkpoint is not one of this log.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The proof does not lead from the event to the signed root.
    #[error(
        "the receipt does not prove that version {version} of stream `{stream}` is in the log as \
         it was sent"
    )]
    NotProved {
        /// The stream.
        stream: StreamName,
        /// The version of the event.
        version: StreamVersion,
    },
}

/// What a leaf holds that its recorder does not know.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Extra {
    recorded_at: Timestamp,
    salt: String,
}

impl Receipt {
    /// The receipt as a C2SP tlog-proof.
    pub fn to_tlog_proof(&self) -> String {
        let extra = format!(
            "{{\"recordedAt\":\"{}\",\"salt\":\"{}\"}}",
            self.recorded_at, self.salt
        );
        TlogProof {
            extra: Some(extra.into_bytes()),
            index: self.position,
            hashes: self.proof.clone(),
            note: self.checkpoint.as_note().to_owned(),
        }
        .to_string()
    }

    /// Reads a receipt, and checks that it proves, under a checkpoint signed by the holder of
    /// `verifier_key`, that `sent` is in the log.
    ///
    /// # Errors
    /// When it is no receipt, is of another log, or does not prove that.
    pub fn check(
        text: &str,
        verifier_key: &str,
        sent: SentEvent<'_>,
    ) -> Result<Self, ReceiptError> {
        let receipt = Self::parse(text, verifier_key)?;
        let mut leaf = Vec::with_capacity(sent.data.len() + 320);
        Leaf {
            at: sent.at,
            data: sent.data,
            position: receipt.position,
            recorded_at: &receipt.recorded_at.to_ascii(),
            salt: receipt.salt.as_bytes(),
            stream: sent.stream,
            kind: sent.kind,
            version: sent.version,
        }
        .write(&mut leaf);
        let Checkpoint { size, root, .. } = &receipt.checkpoint;
        let proved =
            root_from_inclusion(leaf_hash(&leaf), receipt.position.0, size.0, &receipt.proof);
        if proved.as_ref() == Some(root) {
            Ok(receipt)
        } else {
            Err(ReceiptError::NotProved {
                stream: sent.stream.clone(),
                version: sent.version,
            })
        }
    }

    fn parse(text: &str, verifier_key: &str) -> Result<Self, ReceiptError> {
        let malformed = |what: String| ReceiptError::Malformed(what);
        let proof = TlogProof::parse(text).map_err(|error| malformed(error.to_string()))?;
        let extra = proof
            .extra
            .ok_or_else(|| malformed("no `extra` line".to_owned()))?;
        let Extra { recorded_at, salt } = serde_json::from_slice(&extra)
            .map_err(|error| malformed(format!("its extra data: {error}")))?;
        if salt.len() != 32 || !salt.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(malformed(
                "its salt is not 32 hexadecimal digits".to_owned(),
            ));
        }
        Ok(Self {
            position: proof.index,
            recorded_at,
            salt,
            proof: proof.hashes,
            checkpoint: Checkpoint::verify(&proof.note, verifier_key)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;

    use super::*;
    use crate::event::{EventBatch, MarkerSet};
    use crate::id::LogId;
    use crate::log::checkpoint::LogKey;
    use crate::log::{Append, EventLog, LogKeys, StoredLog};

    fn sent<'a>(stream: &'a StreamName, version: u64, batch: &'a EventBatch) -> SentEvent<'a> {
        let (at, kind, data) = batch.iter_from(version as usize).next().unwrap();
        SentEvent {
            stream,
            version: StreamVersion(version),
            at,
            kind,
            data,
        }
    }

    #[tokio::test]
    async fn a_receipt_proves_what_was_sent_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let keys = LogKeys::generate().unwrap();
        let log = StoredLog::open_sqlite(&dir.path().join("log.sqlite"), keys).unwrap();
        let stream = StreamName::new("a").unwrap();
        let mut events = EventBatch::new();
        for label in ["one", "two", "three"] {
            let label = label.to_owned();
            events.push(Timestamp::now(), MarkerSet { label }).unwrap();
        }
        for batch in [&events; 3] {
            let append = Append {
                stream: stream.clone(),
                first_version: StreamVersion(0),
                events: batch.clone(),
            };
            let appended = log.append(append).await.unwrap();
            let last = log.receipt(&stream, StreamVersion(2)).await.unwrap();
            assert_eq!(appended.receipt, last);
        }
        let receipt = log
            .receipt(&stream, StreamVersion(2))
            .await
            .unwrap()
            .unwrap();
        let text = receipt.to_tlog_proof();
        let key = log.verifier_key();
        assert_eq!(
            Receipt::check(&text, key, sent(&stream, 2, &events)).unwrap(),
            receipt
        );
        let other = StreamName::new("b").unwrap();
        for wrong in [sent(&stream, 1, &events), sent(&other, 2, &events)] {
            assert!(matches!(
                Receipt::check(&text, key, wrong),
                Err(ReceiptError::NotProved { .. })
            ));
        }
        let later = log.receipt(&stream, StreamVersion(3)).await.unwrap();
        assert_eq!(later, None);
    }

    #[test]
    fn what_is_no_receipt_is_refused() {
        let key = LogKey::generate(LogId::new_random()).unwrap();
        let stream = StreamName::new("a").unwrap();
        let event = EventBatch::of(
            Timestamp::now(),
            MarkerSet {
                label: String::new(),
            },
        )
        .unwrap();
        let extra =
            BASE64_STANDARD.encode("{\"recordedAt\":\"2026-11-21T00:00:00Z\",\"salt\":\"x\"}");
        for text in [
            String::new(),
            "\n\n".to_owned(),
            "c2sp.org/tlog-proof@v1\nindex 0\n\nx".to_owned(),
            format!("c2sp.org/tlog-proof@v1\nextra {extra}\nindex 0\n\nx"),
        ] {
            assert!(matches!(
                Receipt::check(&text, key.verifier_key(), sent(&stream, 0, &event)),
                Err(ReceiptError::Malformed(_))
            ));
        }
    }
}
