//! Checking exported events without the log: lines, a proof file, and the log's key.
//!
//! | what was changed | where it shows |
//! |---|---|
//! | a byte of a line | the line's mark names it, and the root is another |
//! | a line and its mark | the root is another; which line it was cannot be said |
//! | lines dropped from inside, added, swapped | positions, versions, or the root |
//! | lines dropped at an end, with a proof made for the rest | nowhere: the outcome says from which version to which each stream goes |
//! | the checkpoint | its signature |
//!
//! A line may be redacted: it then says so, shows what its reader may see, and has the hash of its leaf (`leafHash`), which
//! is what is proved of it.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::checkpoint::{Checkpoint, CheckpointError};
use super::merkle::{Hash, leaf_hash, root_from_inclusion};
use super::multiproof::{LinesProof, NotALinesProof, Root};
use super::tlog_proof::{NotATlogProof, TlogProof};
use crate::canonical::{canonicalize, is_canonical};
use crate::event::{EventType, MAX_LEAF_BYTES};
use crate::id::{Position, StreamName, StreamVersion};
use crate::time::Timestamp;

/// A file that proves lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProofFile {
    /// For many lines.
    Lines(LinesProof),
    /// For one line.
    Event(TlogProof),
}

/// A file that proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAProof {
    /// It does not say that it is a proof.
    #[error(
        "not a proof: expected `retrace-proof@v1` or `c2sp.org/tlog-proof@v1` on the first line"
    )]
    Unknown,
    /// It says that it is a proof for many lines.
    #[error(transparent)]
    Lines(#[from] NotALinesProof),
    /// It says that it is a proof for one line.
    #[error(transparent)]
    Event(#[from] NotATlogProof),
}

impl ProofFile {
    /// Reads a proof of either form. Nothing in it is believed yet.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, NotAProof> {
        if LinesProof::is_claimed_by(text) {
            Ok(Self::Lines(LinesProof::parse(text)?))
        } else if TlogProof::is_claimed_by(text) {
            Ok(Self::Event(TlogProof::parse(text)?))
        } else {
            Err(NotAProof::Unknown)
        }
    }

    /// The verifier key that the file claims the log to have. Whoever made up the file made up the
    /// key with it.
    pub fn claimed_key(&self) -> Option<&str> {
        match self {
            Self::Lines(proof) => Some(&proof.key),
            Self::Event(_) => None,
        }
    }

    fn note(&self) -> &str {
        match self {
            Self::Lines(proof) => &proof.note,
            Self::Event(proof) => &proof.note,
        }
    }
}

/// What is not as it was exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLines {
    /// The first line that is concerned, from 1. `None` when it cannot be said.
    pub line: Option<u64>,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for BadLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "first bad line: {line}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// Which events of a stream the lines have: all versions from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The version of the first.
    pub first: StreamVersion,
    /// The version of the last.
    pub last: StreamVersion,
}

/// What was found to be true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedLines {
    /// How many lines there are.
    pub lines: u64,
    /// How many of them are redacted: that there is such an event is proved, and not what the line shows of it.
    pub redacted: u64,
    /// Which events of which streams they are.
    pub streams: BTreeMap<StreamName, Span>,
    /// The checkpoint over them, whose signature holds.
    pub checkpoint: Checkpoint,
}

/// A check on its way through the lines.
pub struct LinesCheck<'a> {
    proof: Way<'a>,
    checkpoint: Checkpoint,
    lines: u64,
    redacted: u64,
    streams: BTreeMap<StreamName, Span>,
    /// The first line that is not the one whose mark the proof has.
    unmarked: Option<u64>,
}

enum Way<'a> {
    Many {
        root: Root<'a>,
        proof: &'a LinesProof,
    },
    One {
        proof: &'a TlogProof,
        holds: bool,
    },
}

/// What a line says beside what happened.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "at")]
    _at: Timestamp,
    #[serde(borrow)]
    data: &'a RawValue,
    position: Position,
    #[serde(rename = "recordedAt")]
    _recorded_at: Timestamp,
    /// Whether what happened is left out in part. Then [`Self::leaf_hash`] stands for the leaf.
    #[serde(default)]
    redacted: bool,
    #[serde(default, rename = "leafHash")]
    leaf_hash: Option<String>,
    stream: StreamName,
    #[serde(rename = "type")]
    kind: EventType,
    version: StreamVersion,
}

impl Line<'_> {
    /// The hash that stands in the tree for a line that is redacted. What else such a line says is not proved.
    fn redacted_hash(&self) -> Result<Option<Hash>, String> {
        if !self.redacted {
            return Ok(None);
        }
        let hash = self.leaf_hash.as_deref().and_then(|text| {
            let bytes = BASE64_STANDARD.decode(text).ok()?;
            Hash::try_from(bytes).ok()
        });
        let none = || "it is redacted, and has no `leafHash` of 32 bytes in base64".to_owned();
        hash.map(Some).ok_or_else(none)
    }
}

/// The leaf hash that stands in the line of an event that was destroyed. `None` when the line is of another event: whoever
/// takes such a line for an event has to hold the hash against the tree.
pub fn destroyed_leaf_hash(line: &[u8]) -> Option<Hash> {
    let line: Line<'_> = serde_json::from_slice(line).ok()?;
    let is_destroyed = line.kind == EventType::DESTROYED;
    line.redacted_hash().ok()?.filter(|_| is_destroyed)
}

impl<'a> LinesCheck<'a> {
    /// A check of the lines that the proof is for. `key` is the verifier key of the log.
    ///
    /// # Errors
    /// When the checkpoint in the proof is not signed by the key.
    pub fn new(proof: &'a ProofFile, key: &str) -> Result<Self, CheckpointError> {
        let checkpoint = Checkpoint::verify(proof.note(), key)?;
        Ok(Self {
            proof: match proof {
                ProofFile::Lines(proof) => Way::Many {
                    root: Root::new(checkpoint.size, &proof.hashes),
                    proof,
                },
                ProofFile::Event(proof) => Way::One {
                    proof,
                    holds: false,
                },
            },
            checkpoint,
            lines: 0,
            redacted: 0,
            streams: BTreeMap::new(),
            unmarked: None,
        })
    }

    /// Takes the next line, without its line end.
    ///
    /// # Errors
    /// When the line cannot be one of those that were exported.
    pub fn line(&mut self, line: &[u8]) -> Result<(), BadLines> {
        self.lines += 1;
        self.take(line).map_err(|what| BadLines {
            line: Some(self.unmarked.unwrap_or(self.lines)),
            what: match self.unmarked {
                Some(unmarked) if unmarked < self.lines => CHANGED.to_owned(),
                _ => what,
            },
        })
    }

    fn take(&mut self, line: &[u8]) -> Result<(), String> {
        if line.len() > MAX_LEAF_BYTES {
            return Err(format!(
                "it has more than {MAX_LEAF_BYTES} bytes, which no event has"
            ));
        }
        let event: Line<'_> =
            serde_json::from_slice(line).map_err(|error| format!("it is no event: {error}"))?;
        check_canonical(line, event.data.get())?;
        let hash = match event.redacted_hash()? {
            Some(hash) => {
                self.redacted += 1;
                hash
            }
            None => leaf_hash(line),
        };
        let position = event.position;
        let in_stream = self.take_version(event);
        match &mut self.proof {
            Way::Many { root, proof } => {
                let index = usize::try_from(self.lines - 1).unwrap_or(usize::MAX);
                let mark = proof.marks.get(index).ok_or_else(|| {
                    format!("it was added: the proof is for {} lines", proof.marks.len())
                })?;
                if !hash.starts_with(mark) {
                    self.unmarked.get_or_insert(self.lines);
                }
                in_stream?;
                root.leaf(position, hash).map_err(|error| error.to_string())
            }
            Way::One { proof, holds } => {
                if self.lines > 1 {
                    return Err("it was added: the proof is for one line".to_owned());
                }
                if position != proof.index {
                    return Err(format!(
                        "it is of position {position}, the proof of {}",
                        proof.index
                    ));
                }
                let size = self.checkpoint.size.0;
                let root = root_from_inclusion(hash, position.0, size, &proof.hashes);
                *holds = root == Some(self.checkpoint.root);
                in_stream
            }
        }
    }

    fn take_version(&mut self, event: Line<'_>) -> Result<(), String> {
        let Line {
            stream, version, ..
        } = event;
        match self.streams.get_mut(&stream) {
            Some(span) if version.0.checked_sub(1) == Some(span.last.0) => span.last = version,
            Some(span) => {
                return Err(format!(
                    "it is version {version} of stream `{stream}`, expected {}",
                    span.last.0.saturating_add(1)
                ));
            }
            None => {
                let span = Span {
                    first: version,
                    last: version,
                };
                self.streams.insert(stream, span);
            }
        }
        Ok(())
    }

    /// What follows from all lines.
    ///
    /// # Errors
    /// When they are not those that the checkpoint was signed over.
    pub fn finish(self) -> Result<CheckedLines, BadLines> {
        let holds = match self.proof {
            Way::Many { root, proof } => {
                let expected = proof.marks.len() as u64;
                if self.lines < expected && self.unmarked.is_none() {
                    return Err(BadLines {
                        line: Some(self.lines + 1),
                        what: format!("it is missing: the proof is for {expected} lines"),
                    });
                }
                root.finish().is_ok_and(|root| root == self.checkpoint.root)
            }
            Way::One { holds, .. } => holds,
        };
        if holds {
            return Ok(CheckedLines {
                lines: self.lines,
                redacted: self.redacted,
                streams: self.streams,
                checkpoint: self.checkpoint,
            });
        }
        Err(match self.unmarked {
            Some(line) => BadLines {
                line: Some(line),
                what: CHANGED.to_owned(),
            },
            None => BadLines {
                line: None,
                what: "the root of the tree over these lines is not the one that was signed: a \
                       line was changed, or the proof was"
                    .to_owned(),
            },
        })
    }
}

/// Checks the data and the line around it each for itself: data may nest as deep as canonical JSON
/// goes here, and in the line it stands one deeper.
fn check_canonical(line: &[u8], data: &str) -> Result<(), String> {
    let start = data.as_ptr() as usize - line.as_ptr() as usize;
    let end = start + data.len();
    let around = [&line[..start], b"0", &line[end..]].concat();
    let first_other = |part: &[u8]| -> Result<Option<usize>, String> {
        if std::str::from_utf8(part).is_ok_and(is_canonical) {
            return Ok(None);
        }
        let canonical = canonicalize(part).map_err(|error| error.to_string())?;
        let other = canonical.iter().zip(part).position(|(a, b)| a != b);
        let shorter = canonical.len().min(part.len());
        Ok((canonical != part).then(|| other.unwrap_or(shorter)))
    };
    let in_line = |place: usize| match place {
        after if after > start => after - 1 + data.len(),
        before => before,
    };
    let place = match first_other(&around)? {
        Some(place) => Some(in_line(place)),
        None => first_other(data.as_bytes())?.map(|place| start + place),
    };
    match place {
        None => Ok(()),
        Some(place) => Err(format!(
            "it is not in canonical form, from its byte {} on",
            place + 1
        )),
    }
}

const CHANGED: &str = "it is not the line that was exported";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{EventBatch, MarkerSet};
    use crate::log::multiproof::{Complement, Mark};
    use crate::log::{Append, EventLog, StoredLog};

    /// A log of two streams that alternate, three events each time; the lines of the second one,
    /// with their proof.
    async fn exported() -> (Vec<Vec<u8>>, ProofFile, String) {
        let (log, _dir) = log().await;
        let mut complement = Complement::new(log.head().await.unwrap().size);
        let (mut lines, mut marks): (_, Vec<Mark>) = (Vec::new(), Vec::new());
        let stream = StreamName::new("b").unwrap();
        for event in log
            .read_stream(&stream, StreamVersion(0), 100)
            .await
            .unwrap()
        {
            complement.leaf(event.position()).unwrap();
            let [a, b, c, d, ..] = leaf_hash(&event.leaf());
            marks.push([a, b, c, d]);
            lines.push(event.leaf());
        }
        let proof = LinesProof {
            key: log.verifier_key().to_owned(),
            hashes: complement.prove(&log).await.unwrap(),
            marks,
            note: log.head().await.unwrap().checkpoint.as_note().to_owned(),
        };
        let proof = ProofFile::parse(&proof.to_string()).unwrap();
        (lines, proof, log.verifier_key().to_owned())
    }

    async fn log() -> (StoredLog, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let log = crate::data_dir::DataDir::new(dir.path())
            .open_or_create_log()
            .await
            .unwrap();
        for turn in 0..8 {
            let mut events = EventBatch::new();
            for number in 0..3 {
                let label = format!("{turn} {number}");
                events.push(Timestamp::now(), MarkerSet { label }).unwrap();
            }
            let append = Append {
                stream: StreamName::new(if turn % 2 == 0 { "a" } else { "b" }).unwrap(),
                first_version: StreamVersion(turn / 2 * 3),
                events,
            };
            log.append(append).await.unwrap();
        }
        (log, dir)
    }

    fn check(lines: &[Vec<u8>], proof: &ProofFile, key: &str) -> Result<CheckedLines, BadLines> {
        let mut check = LinesCheck::new(proof, key).unwrap();
        for line in lines {
            check.line(line)?;
        }
        check.finish()
    }

    #[tokio::test]
    async fn lines_hold_as_they_were_exported_and_the_first_bad_one_is_named() {
        let (lines, proof, key) = exported().await;
        let checked = check(&lines, &proof, &key).unwrap();
        let span = Span {
            first: StreamVersion(0),
            last: StreamVersion(11),
        };
        assert_eq!(checked.lines, 12);
        assert_eq!(
            checked.streams,
            [(StreamName::new("b").unwrap(), span)].into()
        );

        let replaced = |which: usize, from: &str, to: &str| {
            let mut lines = lines.clone();
            let line = String::from_utf8(lines[which].clone()).unwrap();
            assert!(line.contains(from), "{line}");
            lines[which] = line.replace(from, to).into_bytes();
            lines
        };
        let mut dropped = lines.clone();
        dropped.remove(4);
        let mut swapped = lines.clone();
        swapped.swap(6, 7);
        let mut added = lines.clone();
        added.push(lines[0].clone());
        let mut empty = lines.clone();
        empty[3].clear();
        let cases = [
            (replaced(2, "\"1 2\"", "\"1 3\""), Some(3), CHANGED),
            (
                replaced(2, "{\"at\"", "{ \"at\""),
                Some(3),
                "not in canonical form, from its byte 2 on",
            ),
            (
                replaced(5, "\"version\":5", "\"version\":6"),
                Some(6),
                "version 6 of stream `b`, expected 5",
            ),
            (
                replaced(5, "\"stream\":\"b\"", "\"stream\":\"c\""),
                Some(6),
                CHANGED,
            ),
            (
                replaced(1, "\"position\":4", "\"position\":3"),
                Some(2),
                "position 3 does not come after position 3",
            ),
            (
                replaced(11, "\"position\":23", "\"position\":24"),
                Some(12),
                "not among the 24 events",
            ),
            (dropped, Some(5), "expected 4"),
            (swapped, Some(7), "expected 6"),
            (added, Some(13), "added: the proof is for 12 lines"),
            (empty, Some(4), "no event"),
            (
                lines[..9].to_vec(),
                Some(10),
                "missing: the proof is for 12 lines",
            ),
            (Vec::new(), Some(1), "missing"),
        ];
        for (lines, line, what) in cases {
            let bad = check(&lines, &proof, &key).unwrap_err();
            assert_eq!(bad.line, line, "{bad}");
            assert!(bad.what.contains(what), "{bad}");
        }
    }

    #[tokio::test]
    async fn every_changed_byte_of_every_line_is_found() {
        let (lines, proof, key) = exported().await;
        for (number, line) in (1..).zip(&lines) {
            for place in 0..line.len() {
                let mut changed = lines.clone();
                changed[number as usize - 1][place] ^= 1;
                let bad = check(&changed, &proof, &key).unwrap_err();
                assert_eq!(
                    bad.line,
                    Some(number),
                    "{bad}, byte {place} of line {number}"
                );
            }
        }
    }

    #[tokio::test]
    async fn a_changed_proof_does_not_hold_and_another_key_does_not_either() {
        let (lines, proof, key) = exported().await;
        let ProofFile::Lines(of_lines) = &proof else {
            panic!("a proof of lines");
        };
        for which in 0..of_lines.hashes.len() {
            let mut changed = of_lines.clone();
            changed.hashes[which][5] ^= 1;
            let bad = check(&lines, &ProofFile::Lines(changed), &key).unwrap_err();
            assert_eq!(bad.line, None);
        }
        // Somebody who changes a line and its mark is found out, but not which line it was.
        let mut changed = lines.clone();
        let text = String::from_utf8(lines[2].clone()).unwrap();
        changed[2] = text.replace("\"1 2\"", "\"1 3\"").into_bytes();
        let mut marked = of_lines.clone();
        marked.marks[2].copy_from_slice(&leaf_hash(&changed[2])[..4]);
        let bad = check(&changed, &ProofFile::Lines(marked), &key).unwrap_err();
        assert_eq!(bad.line, None, "{bad}");

        let (other, _dir) = log().await;
        assert!(LinesCheck::new(&proof, other.verifier_key()).is_err());
    }

    #[tokio::test]
    async fn one_event_is_proved_by_a_tlog_proof() {
        let (log, _dir) = log().await;
        let head = log.head().await.unwrap();
        let event = &log.read(Position(7), 1).await.unwrap()[0];
        let hashes = log.inclusion_proof(Position(7), head.size).await.unwrap();
        let proof = TlogProof {
            extra: None,
            index: Position(7),
            hashes: hashes.unwrap(),
            note: head.checkpoint.as_note().to_owned(),
        };
        let proof = ProofFile::parse(&proof.to_string()).unwrap();
        let key = log.verifier_key();
        assert_eq!(proof.claimed_key(), None);
        let leaf = event.leaf();
        assert_eq!(
            check(std::slice::from_ref(&leaf), &proof, key)
                .unwrap()
                .lines,
            1
        );
        let other = log.read(Position(8), 1).await.unwrap()[0].leaf();
        for lines in [vec![], vec![other.clone()], vec![leaf, other]] {
            assert!(check(&lines, &proof, key).is_err());
        }
    }

    #[test]
    fn a_file_that_is_no_proof_is_refused() {
        assert_eq!(ProofFile::parse("PK\u{3}"), Err(NotAProof::Unknown));
        for text in ["retrace-proof@v1\n", "c2sp.org/tlog-proof@v1\n\n"] {
            assert!(ProofFile::parse(text).is_err());
        }
    }
}
