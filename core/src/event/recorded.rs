//! Events as they stand in the log, and the exact bytes that are proved.

use std::ops::Range;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use super::{EventBody, EventType};
use crate::id::{Position, SessionId, StreamName, StreamVersion};
use crate::log::merkle::{Hash, leaf_hash};
use crate::time::Timestamp;

/// A leaf is shorter than this: the limit of C2SP `tlog-tiles` for an entry.
pub const MAX_LEAF_BYTES: usize = (1 << 16) - 1;

/// One append to one stream, as it was stored: 1..N events with what they have in common.
#[derive(Debug)]
pub(crate) struct Commit {
    /// The position of the first event.
    pub(crate) first_position: Position,
    /// The stream that the events were appended to.
    pub(crate) stream: StreamName,
    /// The stream version of the first event.
    pub(crate) first_version: StreamVersion,
    /// When the server took the events in, by its clock.
    pub(crate) recorded_at: Timestamp,
    /// What the salts of the leaves are derived from; known to nobody who knows only hashes.
    pub(crate) secret: [u8; 16],
    pub(crate) items: Vec<StoredItem>,
    /// The data of all events, side by side.
    pub(crate) data: Vec<u8>,
    /// The hashes of the leaves, where they are all that is left of the events.
    pub(crate) destroyed: Option<Vec<Hash>>,
}

#[derive(Debug, Clone)]
pub(crate) struct StoredItem {
    pub(crate) at: Timestamp,
    pub(crate) kind: EventType,
    pub(crate) data: Range<usize>,
}

impl Commit {
    /// What stands for a commit whose content was destroyed: as many events, which say nothing.
    pub(crate) fn destroyed(
        first_position: Position,
        stream: StreamName,
        first_version: StreamVersion,
        recorded_at: Timestamp,
        leaf_hashes: Vec<Hash>,
    ) -> Self {
        let nothing = StoredItem {
            at: recorded_at,
            kind: EventType::DESTROYED,
            data: 0..2,
        };
        Self {
            first_position,
            stream,
            first_version,
            recorded_at,
            secret: [0; 16],
            items: vec![nothing; leaf_hashes.len()],
            data: b"{}".to_vec(),
            destroyed: Some(leaf_hashes),
        }
    }

    /// How many events the commit has.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// The events in `range`, counted within the commit.
    pub(crate) fn events(self: &Arc<Self>, range: Range<usize>) -> impl Iterator<Item = Event> {
        range.map(|index| Event {
            commit: Arc::clone(self),
            index,
        })
    }

    /// Appends the leaf of event `index`: its canonical JSON (RFC 8785), which is also the line
    /// that an NDJSON export has for it.
    pub(crate) fn write_leaf(&self, index: usize, out: &mut Vec<u8>) {
        let item = &self.items[index];
        let version = self.first_version.plus(index as u64);
        Leaf {
            at: item.at,
            data: &self.data[item.data.clone()],
            position: self.first_position.plus(index as u64),
            recorded_at: &self.recorded_at.to_ascii(),
            salt: &salt(&self.secret, version),
            stream: &self.stream,
            kind: &item.kind,
            version,
        }
        .write(out);
    }
}

/// Everything that a leaf says.
pub(crate) struct Leaf<'a> {
    pub(crate) at: Timestamp,
    /// Canonical JSON.
    pub(crate) data: &'a [u8],
    pub(crate) position: Position,
    /// As text: all events of a group share it.
    pub(crate) recorded_at: &'a [u8],
    /// 32 hexadecimal digits.
    pub(crate) salt: &'a [u8],
    pub(crate) stream: &'a StreamName,
    pub(crate) kind: &'a EventType,
    pub(crate) version: StreamVersion,
}

impl Leaf<'_> {
    /// Appends the leaf. The names stand in the order of RFC 8785, no value but `data` can hold a
    /// character that JSON escapes, and `data` is canonical already: so no general writer is needed.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"at\":\"");
        out.extend_from_slice(&self.at.to_ascii());
        out.extend_from_slice(b"\",\"data\":");
        out.extend_from_slice(self.data);
        out.extend_from_slice(b",\"position\":");
        write_integer(self.position.0, out);
        out.extend_from_slice(b",\"recordedAt\":\"");
        out.extend_from_slice(self.recorded_at);
        out.extend_from_slice(b"\",\"salt\":\"");
        out.extend_from_slice(self.salt);
        out.extend_from_slice(b"\",\"stream\":\"");
        out.extend_from_slice(self.stream.as_str().as_bytes());
        out.extend_from_slice(b"\",\"type\":\"");
        out.extend_from_slice(self.kind.as_str().as_bytes());
        out.extend_from_slice(b"\",\"version\":");
        write_integer(self.version.0, out);
        out.push(b'}');
    }
}

/// The salt of a leaf as 32 hexadecimal digits: the first 16 bytes of
/// `SHA-256("retrace salt\0" ‖ secret of the commit ‖ version)`, so that it costs no space.
pub(crate) fn salt(secret: &[u8; 16], version: StreamVersion) -> [u8; 32] {
    let digest = Sha256::new()
        .chain_update(b"retrace salt\0")
        .chain_update(secret)
        .chain_update(version.0.to_be_bytes())
        .finalize();
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 32];
    for (pair, byte) in text.chunks_exact_mut(2).zip(&digest[..16]) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    text
}

fn write_integer(mut number: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

/// An event as it stands in the log: what happened, when, where and in which order. A handle on
/// its commit; cloning it copies no data.
#[derive(Debug, Clone)]
pub struct Event {
    commit: Arc<Commit>,
    index: usize,
}

impl Event {
    fn item(&self) -> &StoredItem {
        &self.commit.items[self.index]
    }

    /// The commit that it stands in.
    pub(crate) fn commit(&self) -> &Arc<Commit> {
        &self.commit
    }

    /// Where it stands in the whole log.
    pub fn position(&self) -> Position {
        self.commit.first_position.plus(self.index as u64)
    }

    /// The stream it belongs to.
    pub fn stream(&self) -> &StreamName {
        &self.commit.stream
    }

    /// The session it belongs to, if it belongs to one.
    pub fn session(&self) -> Option<SessionId> {
        self.commit.stream.session()
    }

    /// Where it stands in its stream.
    pub fn version(&self) -> StreamVersion {
        self.commit.first_version.plus(self.index as u64)
    }

    /// When it happened, by the clock of its source.
    pub fn at(&self) -> Timestamp {
        self.item().at
    }

    /// When the server took it in, by the server's clock.
    pub fn recorded_at(&self) -> Timestamp {
        self.commit.recorded_at
    }

    /// The salt of its leaf: 32 hexadecimal digits.
    pub fn salt(&self) -> String {
        String::from_utf8_lossy(&salt(&self.commit.secret, self.version())).into_owned()
    }

    /// The name of its type.
    pub fn kind(&self) -> &EventType {
        &self.item().kind
    }

    /// Its data, as canonical JSON.
    pub fn data(&self) -> &[u8] {
        &self.commit.data[self.item().data.clone()]
    }

    /// Its data, typed.
    ///
    /// # Errors
    /// When the type is known and the data is not of its shape: the log was written by something
    /// else.
    pub fn body(&self) -> Result<EventBody, serde_json::Error> {
        EventBody::from_data(self.kind(), self.data())
    }

    /// The same event with other data, for readers from whom a part is hidden. Its leaf is not the one in the log: who
    /// hands it on must say so.
    #[must_use]
    pub fn masked(&self, data: Vec<u8>) -> Self {
        let commit = Commit {
            first_position: self.position(),
            stream: self.stream().clone(),
            first_version: self.version(),
            recorded_at: self.recorded_at(),
            // The salt would let the hash of the leaf tell a guess from the truth.
            secret: [0; 16],
            items: vec![StoredItem {
                at: self.at(),
                kind: self.kind().clone(),
                data: 0..data.len(),
            }],
            data,
            destroyed: None,
        };
        Self {
            commit: Arc::new(commit),
            index: 0,
        }
    }

    /// The line of an export that stands for this event where a reader may see it only as `shown`: canonical JSON that says
    /// that it is redacted, with the hash of the leaf (base64) in the place of its salt.
    pub fn redacted_line(&self, shown: &Self) -> Vec<u8> {
        let mut line = Vec::with_capacity(shown.data().len() + 360);
        line.extend_from_slice(b"{\"at\":\"");
        line.extend_from_slice(&self.at().to_ascii());
        line.extend_from_slice(b"\",\"data\":");
        line.extend_from_slice(shown.data());
        line.extend_from_slice(b",\"leafHash\":\"");
        let hash = BASE64_STANDARD.encode(self.leaf_hash());
        line.extend_from_slice(hash.as_bytes());
        line.extend_from_slice(b"\",\"position\":");
        write_integer(self.position().0, &mut line);
        line.extend_from_slice(b",\"recordedAt\":\"");
        line.extend_from_slice(&self.recorded_at().to_ascii());
        line.extend_from_slice(b"\",\"redacted\":true,\"stream\":\"");
        line.extend_from_slice(self.stream().as_str().as_bytes());
        line.extend_from_slice(b"\",\"type\":\"");
        line.extend_from_slice(self.kind().as_str().as_bytes());
        line.extend_from_slice(b"\",\"version\":");
        write_integer(self.version().0, &mut line);
        line.push(b'}');
        line
    }

    /// Whether it was destroyed with the recording it belonged to. Then its type is [`EventType::DESTROYED`], its time is
    /// when the server took it in, and of what it said nothing is left but [`Self::leaf_hash`].
    pub fn is_destroyed(&self) -> bool {
        self.commit.destroyed.is_some()
    }

    /// The hash of its leaf: what stands in the tree.
    pub fn leaf_hash(&self) -> Hash {
        match &self.commit.destroyed {
            Some(hashes) => hashes[self.index],
            None => leaf_hash(&self.leaf()),
        }
    }

    /// Its exact bytes: the canonical JSON line that is proved and exported (no line end). Of an event that was destroyed
    /// they are gone: then it is the line of [`Self::redacted_line`], which is proved by the hash in it.
    pub fn leaf(&self) -> Vec<u8> {
        let mut leaf = Vec::with_capacity(self.data().len() + 320);
        self.push_leaf(&mut leaf);
        leaf
    }

    /// Appends [`Self::leaf`].
    pub fn push_leaf(&self, out: &mut Vec<u8>) {
        if self.is_destroyed() {
            out.extend_from_slice(&self.redacted_line(self));
            return;
        }
        self.commit.write_leaf(self.index, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::canonicalize;

    #[test]
    fn a_leaf_is_canonical_json() {
        let data = "{\"text\":\"é\\u001b[0m\\\"\"}".as_bytes().to_vec();
        let commit = Commit {
            first_position: Position(1_234),
            stream: StreamName::tokens(),
            first_version: StreamVersion(7),
            recorded_at: Timestamp::now(),
            secret: [9; 16],
            items: vec![StoredItem {
                at: "2026-11-21T00:00:00Z".parse().unwrap(),
                kind: EventType::TERMINAL_WRITTEN,
                data: 0..data.len(),
            }],
            data,
            destroyed: None,
        };
        let mut leaf = Vec::new();
        commit.write_leaf(0, &mut leaf);
        assert_eq!(
            canonicalize(&leaf).unwrap(),
            leaf,
            "{}",
            String::from_utf8_lossy(&leaf)
        );
    }

    #[test]
    fn integers_are_written_in_full() {
        for number in [0, 7, 10, 1 << 53, u64::MAX] {
            let mut text = Vec::new();
            write_integer(number, &mut text);
            assert_eq!(text, number.to_string().as_bytes());
        }
    }
}
