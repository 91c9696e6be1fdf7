//! What was sent and what was acknowledged, and whether a log agrees.
//!
//! What stands at a version of a stream follows from the seed, so that nothing that was sent has to
//! be kept. Of each stream the model knows how far it was acknowledged, how far it was sent, and at
//! which versions batches ended: a stream of the log must end at one of those, because a batch is
//! taken in whole or not at all.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::Broken;
use super::proof::{Hash, Head, Receipt, Tree};
use super::rng::Rng;

/// An event that a client sends, in the canonical form that the log stores.
pub(super) struct Sent {
    at: String,
    data: String,
    kind: &'static str,
}

impl Sent {
    /// The line of a batch.
    pub(super) fn line(&self) -> String {
        let Self { at, data, kind } = self;
        format!("{{\"at\":\"{at}\",\"data\":{data},\"type\":\"{kind}\"}}\n")
    }

    /// The leaf, with what only the log knows.
    fn leaf(&self, stream: &str, version: u64, log: (u64, &str, &str)) -> String {
        let Self { at, data, kind } = self;
        let (position, recorded_at, salt) = log;
        format!(
            "{{\"at\":\"{at}\",\"data\":{data},\"position\":{position},\
             \"recordedAt\":\"{recorded_at}\",\"salt\":\"{salt}\",\"stream\":\"{stream}\",\
             \"type\":\"{kind}\",\"version\":{version}}}"
        )
    }
}

/// A stream, from the side of the one who sends it.
#[derive(Debug)]
pub(super) struct Stream {
    /// Its name in the log.
    pub(super) name: String,
    /// Its name in its session.
    pub(super) source: String,
    seed: u64,
    /// All below was acknowledged.
    pub(super) acknowledged: u64,
    /// Nothing from here on was ever sent.
    pub(super) sent: u64,
    /// Where batches that were sent ended.
    ends: BTreeSet<u64>,
    /// The versions and positions that receipts told.
    positions: Vec<(u64, u64)>,
}

impl Stream {
    /// A stream that nothing was sent to.
    pub(super) fn new(session: &str, source: String, seed: u64) -> Self {
        Self {
            name: format!("session/{session}/{source}"),
            source,
            seed,
            acknowledged: 0,
            sent: 0,
            ends: BTreeSet::new(),
            positions: Vec::new(),
        }
    }

    /// The event of a version.
    pub(super) fn event(&self, version: u64) -> Sent {
        let mut random = Rng::part(self.seed, version);
        let micros = random.between(0, 999_999);
        let (minute, second) = (version / 60 % 60, version % 60);
        let at = format!("2026-11-21T09:{minute:02}:{second:02}.{micros:06}Z");
        let length = match random.between(0, 99) {
            0 => random.between(0, 6_000),
            1..=9 => random.between(0, 600),
            _ => random.between(0, 50),
        };
        let mut text = String::new();
        while (text.len() as u64) < length {
            text.push_str(&format!("{:x} ", random.next()));
        }
        let (kind, data) = match random.between(0, 9) {
            _ if version == 0 => (
                "session.source_attached",
                "{\"columns\":80,\"rows\":24}".to_owned(),
            ),
            0 => ("keys.typed", format!("{{\"text\":\"{text}\"}}")),
            1 => ("marker.set", format!("{{\"label\":\"{text}\"}}")),
            // A type that no server knows.
            2 => (
                "crash.noted",
                format!("{{\"text\":\"{text}\",\"version\":{version}}}"),
            ),
            _ => (
                "terminal.written",
                format!("{{\"text\":\"{version}: {text}\\r\\n\"}}"),
            ),
        };
        Sent { at, data, kind }
    }

    /// The body of a batch. From now on it may be in the log.
    pub(super) fn batch(&mut self, first: u64, end: u64) -> Vec<u8> {
        self.sent = self.sent.max(end);
        self.ends.insert(end);
        let lines = (first..end).map(|version| self.event(version).line());
        lines.collect::<String>().into_bytes()
    }

    /// The leaf of a version, with what only the log knows: position, time and salt.
    pub(super) fn leaf(&self, version: u64, log: (u64, &str, &str)) -> String {
        self.event(version).leaf(&self.name, version, log)
    }

    /// The server says that the stream goes on at `next`: more cannot be than was sent, and less
    /// than was acknowledged would be lost.
    pub(super) fn goes_on_at(&mut self, next: u64) -> Result<(), Broken> {
        if next < self.acknowledged {
            return Err(Broken::new(format!(
                "LOST: `{}` was acknowledged up to {}, and goes on at {next}",
                self.name, self.acknowledged
            )));
        }
        if next > 0 && !self.ends.contains(&next) {
            return Err(Broken::new(format!(
                "`{}` goes on at {next}, where no batch ended that was sent",
                self.name
            )));
        }
        self.acknowledged = next;
        Ok(())
    }

    /// Keeps what a receipt says.
    pub(super) fn keep(&mut self, version: u64, receipt: Receipt) {
        self.positions.push((version, receipt.position));
    }
}

/// Signed heads that were seen. Two of one size must be one.
#[derive(Debug, Default)]
pub(super) struct Heads(BTreeMap<u64, Hash>);

impl Heads {
    /// Keeps a head.
    pub(super) fn keep(&mut self, head: Head) -> Result<(), Broken> {
        match self.0.insert(head.size, head.root) {
            Some(other) if other != head.root => Err(Broken::new(format!(
                "SPLIT: two heads of the size {} have different roots",
                head.size
            ))),
            _ => Ok(()),
        }
    }

    /// Adds those that another has seen.
    pub(super) fn add(&mut self, others: Self) -> Result<(), Broken> {
        for (size, root) in others.0 {
            self.keep(Head { size, root })?;
        }
        Ok(())
    }
}

/// What a check of a log found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// For each session with events how many it has.
    pub(super) sessions: BTreeMap<String, u64>,
    /// Events of the clients that were acknowledged.
    pub(super) acknowledged: u64,
    /// Events of the clients that are there although nobody was told so.
    pub(super) beyond: u64,
    /// Receipts that were held against the log.
    pub(super) receipts: u64,
}

/// Holds a log, as its leaves, against what was sent, and what was told about it.
pub(super) fn check(
    leaves: &[Vec<u8>],
    head: Head,
    streams: &[&Stream],
    heads: &Heads,
) -> Result<Found, Broken> {
    let mut found = Found::default();
    let by_name: HashMap<&str, &Stream> = streams.iter().map(|s| (&*s.name, *s)).collect();
    let sessions: BTreeSet<&str> = streams.iter().filter_map(|s| session_of(&s.name)).collect();
    let mut next: HashMap<String, u64> = HashMap::new();
    let mut positions: HashMap<(&str, u64), u64> = HashMap::new();
    let mut tree = Tree::default();
    for (position, leaf) in (0..).zip(leaves) {
        let event = Leaf::parse(position, leaf)?;
        let expected = next.entry(event.stream.clone()).or_default();
        if event.version != *expected {
            return Err(Broken::new(format!(
                "position {position} is version {} of `{}`, expected {expected}",
                event.version, event.stream
            )));
        }
        *expected += 1;
        if let Some(session) = session_of(&event.stream) {
            if !sessions.contains(session) {
                return Err(Broken::new(format!("nobody sent `{}`", event.stream)));
            }
            *found.sessions.entry(session.to_owned()).or_default() += 1;
        }
        if let Some(stream) = by_name.get(&*event.stream) {
            let log = (position, &*event.recorded_at, &*event.salt);
            if stream.leaf(event.version, log).as_bytes() != leaf {
                return Err(Broken::new(format!(
                    "position {position} is not what was sent as version {} of `{}`: {}",
                    event.version,
                    event.stream,
                    String::from_utf8_lossy(leaf)
                )));
            }
            positions.insert((&stream.name, event.version), position);
        } else if !event.is_of_the_server() {
            return Err(Broken::new(format!("nobody sent `{}`", event.stream)));
        }
        tree.push(leaf);
        let size = position + 1;
        if heads.0.get(&size).is_some_and(|root| *root != tree.root()) {
            return Err(Broken::new(format!(
                "the log has another root at the size {size} than was signed before"
            )));
        }
    }
    if (head.size, head.root) != (leaves.len() as u64, tree.root()) {
        return Err(Broken::new(format!(
            "the checkpoint is of {} events and not the root over the {} that are there",
            head.size,
            leaves.len()
        )));
    }
    if let Some((largest, _)) = heads.0.last_key_value()
        && *largest > head.size
    {
        return Err(Broken::new(format!(
            "LOST: a head of {largest} events was signed, and the log has {}",
            head.size
        )));
    }
    for stream in streams {
        let there = next.get(&stream.name).copied().unwrap_or(0);
        if there < stream.acknowledged {
            return Err(Broken::new(format!(
                "LOST: `{}` was acknowledged up to {}, and has {there} events",
                stream.name, stream.acknowledged
            )));
        }
        if there > 0 && !stream.ends.contains(&there) {
            return Err(Broken::new(format!(
                "`{}` has {there} events, and no batch that was sent ended there",
                stream.name
            )));
        }
        for (version, position) in &stream.positions {
            let stands = positions.get(&(&*stream.name, *version));
            if stands != Some(position) {
                return Err(Broken::new(format!(
                    "version {version} of `{}` stands at {stands:?}, and its receipt says {position}",
                    stream.name
                )));
            }
        }
        found.receipts += stream.positions.len() as u64;
        found.acknowledged += stream.acknowledged;
        found.beyond += there - stream.acknowledged;
    }
    Ok(found)
}

fn session_of(stream: &str) -> Option<&str> {
    stream.strip_prefix("session/")?.split('/').next()
}

/// What the check reads of a leaf.
struct Leaf {
    stream: String,
    version: u64,
    recorded_at: String,
    salt: String,
}

impl Leaf {
    fn parse(position: u64, leaf: &[u8]) -> Result<Self, Broken> {
        let bad = || {
            let leaf = String::from_utf8_lossy(leaf);
            Broken::new(format!("position {position} holds no leaf of it: {leaf}"))
        };
        let value: Value = serde_json::from_slice(leaf).map_err(|_| bad())?;
        if value["position"].as_u64() != Some(position) {
            return Err(bad());
        }
        let text = |member: &str| value[member].as_str().map(str::to_owned).ok_or_else(bad);
        Ok(Self {
            stream: text("stream")?,
            version: value["version"].as_u64().ok_or_else(bad)?,
            recorded_at: text("recordedAt")?,
            salt: text("salt")?,
        })
    }

    /// Launches, tokens and settings are the server's to write.
    fn is_of_the_server(&self) -> bool {
        match self.stream.strip_prefix("session/") {
            Some(of_session) => of_session.ends_with("/control"),
            None => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two streams, taken in as batches of 3 and 2, and what their client knows of them.
    struct Played {
        streams: [Stream; 2],
        events: Vec<(usize, u64)>,
        heads: Heads,
    }

    impl Played {
        fn new() -> Self {
            let stream = |source: &str| Stream::new("s", source.to_owned(), 7);
            let mut streams = [stream("a"), stream("b")];
            let mut events = Vec::new();
            for (which, first, end) in [(0, 0, 3), (1, 0, 3), (0, 3, 5), (1, 3, 5)] {
                streams[which].batch(first, end);
                events.extend((first..end).map(|version| (which, version)));
                if which == 0 {
                    streams[0].goes_on_at(end).expect("it was sent");
                    let position = events.len() as u64 - 1;
                    let head = head_of(&leaves(&streams, &events));
                    streams[0].keep(end - 1, Receipt { position, head });
                }
            }
            let mut heads = Heads::default();
            let at_3 = head_of(&leaves(&streams, &events[..3]));
            heads.keep(at_3).expect("one head");
            Self {
                streams,
                events,
                heads,
            }
        }

        /// What a check says of a log of these events.
        fn check(&self, events: &[(usize, u64)]) -> Result<Found, Broken> {
            let leaves = leaves(&self.streams, events);
            self.check_leaves(&leaves, head_of(&leaves))
        }

        fn check_leaves(&self, leaves: &[Vec<u8>], head: Head) -> Result<Found, Broken> {
            let streams: Vec<&Stream> = self.streams.iter().collect();
            check(leaves, head, &streams, &self.heads)
        }
    }

    fn leaves(streams: &[Stream], events: &[(usize, u64)]) -> Vec<Vec<u8>> {
        (0..)
            .zip(events)
            .map(|(position, (which, version))| {
                let leaf = streams[*which].leaf(*version, (position, "2026-11-21T10:00:00Z", "00"));
                leaf.into_bytes()
            })
            .collect()
    }

    fn head_of(leaves: &[Vec<u8>]) -> Head {
        let mut tree = Tree::default();
        for leaf in leaves {
            tree.push(leaf);
        }
        Head {
            size: leaves.len() as u64,
            root: tree.root(),
        }
    }

    #[test]
    fn a_log_that_keeps_its_promises_passes() {
        let played = Played::new();
        let found = played.check(&played.events).expect("nothing is wrong");
        assert_eq!(
            (found.acknowledged, found.beyond, found.receipts),
            (5, 5, 2)
        );
        // What was not acknowledged may be absent, from the end of a batch on.
        played.check(&played.events[..8]).expect("nothing is wrong");
    }

    #[test]
    fn whatever_is_lost_doubled_swapped_or_changed_is_found() {
        let played = Played::new();
        let events = &played.events;
        let without = |index: usize| [&events[..index], &events[index + 1..]].concat();
        let mut doubled = events.clone();
        doubled.push((0, 4));
        let mut swapped = events.clone();
        swapped.swap(6, 7);
        let mut elsewhere = events.clone();
        elsewhere.rotate_left(3);
        let cases = [
            ("acknowledged events are lost", events[..6].to_vec()),
            ("one in the middle is lost", without(1)),
            ("part of a batch is there", events[..9].to_vec()),
            ("one is there twice", doubled),
            ("two are swapped", swapped),
            ("they are not where the receipts say", elsewhere),
        ];
        for (what, events) in cases {
            assert!(played.check(&events).is_err(), "{what}");
        }
        let whole = leaves(&played.streams, events);
        let mut changed = whole.clone();
        let byte = changed[4].len() / 2;
        changed[4][byte] ^= 1;
        assert!(played.check_leaves(&changed, head_of(&changed)).is_err());
        assert!(played.check_leaves(&whole, head_of(&changed)).is_err());
        let mut unknown = Played::new();
        unknown.streams[1] = Stream::new("s", "c".to_owned(), 7);
        assert!(unknown.check_leaves(&whole, head_of(&whole)).is_err());
    }

    #[test]
    fn a_server_that_goes_back_or_splits_is_found() {
        let mut played = Played::new();
        assert!(
            played.streams[0].goes_on_at(3).is_err(),
            "5 were acknowledged"
        );
        assert!(
            played.streams[1].goes_on_at(4).is_err(),
            "no batch ended there"
        );
        let other = Head {
            size: 3,
            root: [0; 32],
        };
        assert!(played.heads.keep(other).is_err(), "another root");
        let beyond = Head {
            size: 99,
            root: [0; 32],
        };
        played.heads.keep(beyond).expect("not seen before");
        assert!(
            played.check(&played.events.clone()).is_err(),
            "a head is lost"
        );
    }
}
