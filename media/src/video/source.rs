//! Inputs, joined to files: a recorder's pieces are cuts of one file, and a file begins with a header.

use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::container::{self, Kind, Structure};
use super::output::{Input, Note};
use super::protocol::{self, MAX_BYTES, ToWorker};
use super::worker::Fault;

/// Where inputs come from, one by one.
pub(super) trait Feed: Send {
    /// The next input, or `None` at their end.
    fn next(&mut self) -> io::Result<Option<Input>>;
}

/// Inputs as the parent sends them.
pub(super) struct PipeFeed<R>(pub(super) R);

impl<R: Read + Send> Feed for PipeFeed<R> {
    fn next(&mut self) -> io::Result<Option<Input>> {
        match protocol::read_to_worker(&mut self.0)? {
            ToWorker::Input(input) => Ok(Some(input)),
            ToWorker::End => Ok(None),
        }
    }
}

/// The inputs of a job, seen as files that follow each other.
pub(super) struct Runs {
    shared: Arc<Mutex<Shared>>,
}

/// One file, that one or more inputs make up.
pub(super) struct Run {
    pub(super) kind: Kind,
    /// When its first picture was shown, in microseconds from the job's time 0.
    pub(super) first_us: u64,
    /// Whether it can be read from its beginning to its end without going back.
    pub(super) streams: bool,
}

struct Shared {
    feed: Box<dyn Feed>,
    /// The input that begins the next file.
    peeked: Option<(u64, Input)>,
    next_index: u64,
    current: Option<Current>,
    notes: Vec<Note>,
    fault: Option<io::Error>,
    ended: bool,
    last_us: u64,
}

/// The file that is being read.
struct Current {
    kind: Kind,
    structure: Structure,
    pieces: Vec<Piece>,
    bytes: Vec<u8>,
    offset: usize,
    length: u64,
    ended: bool,
}

/// Where an input stands in its file.
struct Piece {
    index: u64,
    end: u64,
    /// Whether a picture was found in it.
    used: bool,
    noted: bool,
}

impl Runs {
    pub(super) fn new(feed: impl Feed + 'static) -> Self {
        Self {
            shared: Arc::new(Mutex::new(Shared {
                feed: Box::new(feed),
                peeked: None,
                next_index: 0,
                current: None,
                notes: Vec::new(),
                fault: None,
                ended: false,
                last_us: 0,
            })),
        }
    }

    /// The next file. What is left of the one before it is passed over.
    pub(super) fn next_run(&mut self) -> Result<Option<Run>, Fault> {
        let mut shared = lock(&self.shared);
        shared.drain();
        shared.close();
        let begun = shared.begin();
        if let Some(error) = shared.fault.take() {
            return Err(Fault::Pipe(error));
        }
        Ok(begun)
    }

    /// The bytes of the file, to be read once.
    pub(super) fn reader(&self) -> RunReader {
        RunReader(Arc::clone(&self.shared))
    }

    /// What was found wrong since this was last called.
    pub(super) fn take_notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut lock(&self.shared).notes)
    }

    /// Until when the inputs read so far reach, in microseconds from the job's time 0.
    pub(super) fn last_us(&self) -> u64 {
        lock(&self.shared).last_us
    }

    /// Says that a picture was found at these bytes of the file.
    pub(super) fn used(&mut self, position: u64, size: u64) {
        let mut shared = lock(&self.shared);
        let Some(current) = &mut shared.current else {
            return;
        };
        let first = current.pieces.partition_point(|p| p.end <= position);
        let end = position.saturating_add(size);
        for piece in &mut current.pieces[first..] {
            piece.used = true;
            if piece.end >= end {
                break;
            }
        }
    }

    /// Names the input at this place of the file, once.
    pub(super) fn note_at(&mut self, position: Option<u64>, problem: &str) {
        let mut shared = lock(&self.shared);
        let Some(current) = &mut shared.current else {
            return;
        };
        let at = position.map_or(current.pieces.len().saturating_sub(1), |position| {
            current.pieces.partition_point(|p| p.end <= position)
        });
        let index = match current.pieces.get_mut(at) {
            Some(piece) if !piece.noted => {
                piece.noted = true;
                piece.index
            }
            _ => return,
        };
        shared.note(index, problem);
    }

    /// Names every input of the file that was read so far.
    pub(super) fn note_all(&mut self, problem: &str) {
        let mut shared = lock(&self.shared);
        let mut indexes = Vec::new();
        if let Some(current) = &mut shared.current {
            for piece in current.pieces.iter_mut().filter(|p| !p.noted) {
                piece.noted = true;
                indexes.push(piece.index);
            }
        }
        for index in indexes {
            shared.note(index, problem);
        }
    }

    /// Reads the whole file: to a file in the folder, or, without one, to memory.
    pub(super) fn collect(&mut self, folder: Option<&Path>) -> Result<Option<Collected>, Fault> {
        let mut reader = self.reader();
        if let Some(folder) = folder {
            let mut file = std::fs::OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(true)
                .open(folder.join("run"))?;
            io::copy(&mut reader, &mut file)?;
            io::Seek::rewind(&mut file)?;
            return Ok(Some(Collected::File(file)));
        }
        let mut bytes = Vec::new();
        (&mut reader)
            .take(MAX_BYTES as u64 + 1)
            .read_to_end(&mut bytes)?;
        Ok((bytes.len() <= MAX_BYTES).then(|| Collected::Memory(io::Cursor::new(bytes))))
    }

    /// The parameters of the H.264 track of this file, if it is an MP4 and its index has come.
    pub(super) fn avc_parameters(&self) -> Option<Vec<u8>> {
        let shared = lock(&self.shared);
        let moov = shared.current.as_ref()?.structure.moov();
        container::avc_parameters(moov).map(<[u8]>::to_vec)
    }
}

/// A whole file, to be read back and forth.
pub(super) enum Collected {
    File(std::fs::File),
    Memory(io::Cursor<Vec<u8>>),
}

impl Shared {
    fn note(&mut self, input_index: u64, problem: &str) {
        self.notes.push(Note {
            input_index,
            problem: problem.to_owned(),
        });
    }

    /// The next input that is not empty.
    fn pull(&mut self) -> Option<(u64, Input)> {
        if let Some(peeked) = self.peeked.take() {
            return Some(peeked);
        }
        while !self.ended {
            match self.feed.next() {
                Ok(Some(input)) => {
                    let index = self.next_index;
                    self.next_index += 1;
                    self.last_us = self.last_us.max(input.head.last_us);
                    if !input.bytes.is_empty() {
                        return Some((index, input));
                    }
                    self.note(index, "it is empty");
                }
                Ok(None) => self.ended = true,
                Err(error) => {
                    self.fault = Some(error);
                    self.ended = true;
                }
            }
        }
        None
    }

    /// Begins the next file.
    fn begin(&mut self) -> Option<Run> {
        loop {
            let (index, input) = self.pull()?;
            let Some(kind) = container::beginning(&input.bytes) else {
                self.note(
                    index,
                    "it neither begins a WebM or MP4 file nor continues one",
                );
                continue;
            };
            let mut current = Current {
                kind,
                structure: Structure::new(kind),
                pieces: Vec::new(),
                bytes: Vec::new(),
                offset: 0,
                length: 0,
                ended: false,
            };
            let whole = current.add(index, input.bytes);
            if !whole {
                self.note(index, "part of it is not what its header says");
            }
            let streams =
                kind == Kind::WebM || current.structure.index_before_pictures() == Some(true);
            self.current = Some(current);
            return Some(Run {
                kind,
                first_us: input.head.first_us,
                streams,
            });
        }
    }

    /// Makes sure that the file has bytes to read, if it goes on.
    fn fill(&mut self) {
        loop {
            match &self.current {
                Some(current) if !current.ended && current.offset == current.bytes.len() => {}
                _ => return,
            }
            let next = self.pull();
            let Some(current) = &mut self.current else {
                return;
            };
            let Some((index, input)) = next else {
                current.ended = true;
                return;
            };
            if container::beginning(&input.bytes).is_some() {
                current.ended = true;
                self.peeked = Some((index, input));
                return;
            }
            let strange = Structure::new(current.kind)
                .follow(input.bytes.get(..16).unwrap_or(&input.bytes))
                .is_err();
            if strange && current.structure.is_whole() {
                self.note(
                    index,
                    "it neither begins a WebM or MP4 file nor continues one",
                );
                continue;
            }
            if !current.add(index, input.bytes) {
                self.note(index, "it does not go on where the one before it ended");
            }
        }
    }

    fn drain(&mut self) {
        loop {
            self.fill();
            match &mut self.current {
                Some(current) if current.offset < current.bytes.len() => {
                    current.offset = current.bytes.len();
                }
                _ => return,
            }
        }
    }

    /// Ends the file: says what is missing of it.
    fn close(&mut self) {
        let Some(current) = self.current.take() else {
            return;
        };
        for piece in &current.pieces {
            if !piece.used && !piece.noted {
                self.note(piece.index, "no picture could be read from it");
            }
        }
        if let Some(last) = current.pieces.last()
            && !current.structure.is_whole()
            && !last.noted
            && last.used
        {
            self.note(last.index, "it is cut off before its end");
        }
    }
}

impl Current {
    /// Appends an input. `false`: it does not go on as the file began.
    fn add(&mut self, index: u64, bytes: Vec<u8>) -> bool {
        let follows = self.structure.follow(&bytes).is_ok();
        self.length = self.length.saturating_add(bytes.len() as u64);
        self.pieces.push(Piece {
            index,
            end: self.length,
            // A piece this small may well be a header or an index alone.
            used: bytes.len() < 1_024,
            noted: !follows,
        });
        self.bytes = bytes;
        self.offset = 0;
        follows
    }
}

/// Reads the file that is the current one.
pub(super) struct RunReader(Arc<Mutex<Shared>>);

impl Read for RunReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut shared = lock(&self.0);
        shared.fill();
        let Some(current) = &mut shared.current else {
            return Ok(0);
        };
        let rest = &current.bytes[current.offset..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        current.offset += count;
        Ok(count)
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
