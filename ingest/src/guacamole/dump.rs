//! A dump that comes in pieces of any size, and goes on in pieces cut between instructions.

use std::collections::VecDeque;

use retrace_media::guacamole::events::{Event, Events, Facts, Kind, Limits};
use retrace_media::guacamole::parser::{self, Parser};

/// A piece is cut when it has so many bytes.
const PIECE_BYTES: usize = 8 << 20;
/// Or when so much happened in it.
const PIECE_EVENTS: usize = 4_096;
/// So much is given to the parser at once.
const STEP_BYTES: usize = 64 << 10;

/// Some of a dump, and what happened in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) bytes: Vec<u8>,
    /// Whole instructions; else what stands behind the last that could be read.
    pub(crate) is_whole: bool,
    pub(crate) events: Vec<Event>,
    /// The times of its first and last `sync`, in milliseconds since the first of the dump.
    pub(crate) first_ms: u64,
    pub(crate) last_ms: u64,
    /// How many `sync`s there are.
    pub(crate) frames: u32,
    /// Width and height of the screen, where they are known.
    pub(crate) size: Option<(u32, u32)>,
}

/// What the log has of a session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// The sizes of its pieces in bytes, in order.
    pub(crate) cuts: VecDeque<u64>,
    /// How many events stand behind the last piece: the next piece has at least as many.
    pub(crate) loose: usize,
}

/// Cuts a dump into pieces.
#[derive(Debug)]
pub(crate) struct Dump {
    parser: Parser,
    events: Events,
    known: Known,
    cut: VecDeque<Piece>,
    /// What is not cut yet.
    bytes: Vec<u8>,
    /// Where `bytes` begins in the dump.
    base: u64,
    /// What happened in the whole instructions of it.
    told: Vec<Event>,
    /// Up to the last whole instruction, and up to the last `sync`.
    whole: Mark,
    sync: Option<Mark>,
    first_ms: Option<u64>,
    size: Option<(u32, u32)>,
    /// What is wrong with the dump, and no instructions are looked for behind it.
    damage: Option<String>,
    scratch: Vec<Event>,
}

/// How far something reaches into what is not cut yet.
#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    bytes: usize,
    told: usize,
    frames: u32,
    at_ms: u64,
}

impl Dump {
    /// A dump of which the log may have some.
    pub(crate) fn new(known: Known) -> Self {
        Self {
            parser: Parser::new(parser::Limits::default()),
            events: Events::new(Limits::default()),
            known,
            cut: VecDeque::new(),
            bytes: Vec::new(),
            base: 0,
            told: Vec::new(),
            whole: Mark::default(),
            sync: None,
            first_ms: None,
            size: None,
            damage: None,
            scratch: Vec::new(),
        }
    }

    /// Takes the next bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        for step in bytes.chunks(STEP_BYTES) {
            self.bytes.extend_from_slice(step);
            if self.damage.is_none() {
                self.parser.push(step);
                self.take_instructions();
            }
            if self.damage.is_some() {
                self.cut_damaged();
            }
        }
    }

    /// The next piece that is cut.
    pub(crate) fn piece(&mut self) -> Option<Piece> {
        self.cut.pop_front()
    }

    /// Cuts behind the last `sync`, if there is one since the last piece.
    pub(crate) fn cut(&mut self) {
        if let Some(mark) = self.sync.filter(|mark| mark.told >= self.known.loose)
            && self.known.cuts.is_empty()
        {
            self.own_cut_at(mark);
        }
    }

    /// The dump is over: cuts what is left.
    pub(crate) fn finish(&mut self) {
        let unfinished = self.parser.unfinished();
        if self.damage.is_none() && unfinished > 0 {
            let at = self.parser.offset();
            self.damage = Some(format!(
                "cut off in the middle of an instruction, which begins at byte {at}"
            ));
        }
        self.cut_what_is_whole();
        self.cut_damaged();
        if !self.bytes.is_empty() {
            let all = self.bytes.len();
            self.cut_bytes(all);
        }
    }

    /// What is told when the dump is over, behind its last piece.
    pub(crate) fn last_events(&mut self) -> Vec<Event> {
        self.events.finish(&mut self.scratch);
        self.keep_what_happened();
        std::mem::take(&mut self.told)
    }

    /// What is wrong with it.
    pub(crate) fn damage(&self) -> Option<&str> {
        self.damage.as_deref()
    }

    /// What is known of all of it so far.
    pub(crate) fn facts(&self) -> &Facts {
        self.events.facts()
    }

    /// How often its clock was set.
    pub(crate) fn clock_jumps(&self) -> u64 {
        self.events.clock().jumps()
    }

    /// From the first `sync` to the last thing with a time, in milliseconds.
    pub(crate) fn duration_ms(&self) -> u64 {
        self.events.clock().now_ms()
    }

    fn take_instructions(&mut self) {
        loop {
            let (end, is_sync) = match self.parser.next() {
                Ok(Some(instruction)) => {
                    self.events.apply(&instruction, &mut self.scratch);
                    (instruction.end(), instruction.opcode() == "sync")
                }
                Ok(None) => return,
                Err(error) => {
                    self.damage = Some(format!("damaged at {error}"));
                    self.cut_what_is_whole();
                    return;
                }
            };
            self.keep_what_happened();
            let at_ms = self.events.clock().now_ms();
            self.whole = Mark {
                // What is held begins at `base`, and the instruction is in it.
                bytes: usize::try_from(end - self.base).unwrap_or(self.bytes.len()),
                told: self.told.len(),
                frames: self.whole.frames.saturating_add(is_sync.into()),
                at_ms,
            };
            if is_sync {
                self.first_ms.get_or_insert(at_ms);
                self.sync = Some(self.whole);
            }
            self.cut_if_due();
        }
    }

    /// Frames are counted, and the size is kept: what else happened is told.
    fn keep_what_happened(&mut self) {
        for event in self.scratch.drain(..) {
            match event.kind {
                Kind::Frame => {}
                Kind::Resized { width, height } => self.size = Some((width, height)),
                _ => self.told.push(event),
            }
        }
    }

    fn cut_if_due(&mut self) {
        if let Some(bytes) = self.known.cuts.front() {
            if self.whole.bytes as u64 >= *bytes {
                self.known.cuts.pop_front();
                self.cut_at(self.whole);
            }
            return;
        }
        let due = self.whole.bytes >= PIECE_BYTES || self.whole.told >= PIECE_EVENTS;
        if due && self.whole.told >= self.known.loose {
            let enough = |mark: &Mark| mark.told >= self.known.loose;
            self.own_cut_at(self.sync.filter(enough).unwrap_or(self.whole));
        }
    }

    fn cut_at(&mut self, mark: Mark) {
        let rest = self.bytes.split_off(mark.bytes);
        let later = self.told.split_off(mark.told);
        let piece = Piece {
            bytes: std::mem::replace(&mut self.bytes, rest),
            is_whole: true,
            events: std::mem::replace(&mut self.told, later),
            first_ms: self.first_ms.take().unwrap_or(mark.at_ms),
            last_ms: mark.at_ms,
            frames: mark.frames,
            size: self.size,
        };
        self.base += mark.bytes as u64;
        self.whole.bytes -= mark.bytes;
        self.whole.told -= mark.told;
        self.whole.frames -= mark.frames;
        self.sync = None;
        self.cut.push_back(piece);
    }

    /// The piece that holds the loose events of the log is cut.
    fn own_cut_at(&mut self, mark: Mark) {
        self.known.loose = 0;
        self.cut_at(mark);
    }

    fn cut_what_is_whole(&mut self) {
        if self.whole.bytes > 0 {
            match self.known.cuts.pop_front() {
                Some(_) => self.cut_at(self.whole),
                None => self.own_cut_at(self.whole),
            }
        }
    }

    /// What stands behind damage goes into pieces as well: they are part of the dump.
    fn cut_damaged(&mut self) {
        if self.whole.bytes > 0 {
            return;
        }
        loop {
            let known = self.known.cuts.front().copied();
            let bytes = known.map_or(PIECE_BYTES, |bytes| {
                usize::try_from(bytes).unwrap_or(usize::MAX)
            });
            if bytes == 0 || self.bytes.len() < bytes || self.damage.is_none() {
                return;
            }
            self.known.cuts.pop_front();
            self.cut_bytes(bytes);
        }
    }

    fn cut_bytes(&mut self, bytes: usize) {
        let rest = self.bytes.split_off(bytes);
        let now_ms = self.duration_ms();
        self.base += bytes as u64;
        self.cut.push_back(Piece {
            bytes: std::mem::replace(&mut self.bytes, rest),
            is_whole: false,
            events: std::mem::take(&mut self.told),
            first_ms: now_ms,
            last_ms: now_ms,
            frames: 0,
            size: None,
        });
    }
}
