//! Recordings read without a log, and what they show.

use std::path::Path;

use retrace_core::event::{EventBatch, TerminalResized, TerminalWritten};
use retrace_ingest::Limits;
use retrace_ingest::import::{
    About, Blobs, Candidate, Files, FormatError, Found, ImportOptions, Sink, discover,
};
use serde_json::Value;

use crate::support::{Entry, entries, start};

/// A recording, read to its end.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) about: About,
    pub(crate) events: Vec<Entry>,
}

/// The recordings under a path; there must be nothing else.
pub(crate) fn candidates(path: &Path) -> Vec<Candidate> {
    discover(&[path.to_path_buf()], &ImportOptions::default())
        .into_iter()
        .map(|found| match found {
            Found::Candidate(candidate) => candidate,
            other => panic!("{other:?}"),
        })
        .collect()
}

/// Reads a recording that must be good.
pub(crate) fn read(candidate: &Candidate) -> Read {
    try_read(candidate, &Limits::default()).unwrap()
}

/// Reads a recording, a few events at a time.
pub(crate) fn try_read(candidate: &Candidate, limits: &Limits) -> Result<Read, FormatError> {
    let files = Files::new(limits);
    let mut reader = candidate.format.open(candidate, &files)?;
    let mut blobs = Blobs::named_only();
    let (mut events, mut more) = (Vec::new(), true);
    while more {
        let mut batch = EventBatch::new();
        let mut sink = Sink::new(start(), &mut batch, &mut blobs, 7, 1 << 20);
        more = reader.read_batch(&mut sink)?;
        events.extend(entries(&batch));
    }
    Ok(Read {
        about: reader.about()?,
        events,
    })
}

impl Read {
    pub(crate) fn count(&self, kind: &str) -> usize {
        self.events
            .iter()
            .filter(|(_, found, _)| found == kind)
            .count()
    }

    pub(crate) fn typed(&self) -> String {
        self.text_of("keys.typed")
    }

    pub(crate) fn written(&self) -> String {
        self.text_of("terminal.written")
    }

    fn text_of(&self, kind: &str) -> String {
        let events = self.events.iter().filter(|(_, found, _)| found == kind);
        let text = |data: &str| {
            let data: Value = serde_json::from_str(data).unwrap();
            data["text"].as_str().unwrap().to_owned()
        };
        events.map(|(_, _, data)| text(data)).collect()
    }

    /// When each of `texts` was first on the screen, in milliseconds, and the last line in the end.
    pub(crate) fn shown(&self, texts: &[&str]) -> (Vec<Option<u64>>, String) {
        let side = |side: Option<u32>| side.unwrap() as usize;
        let (columns, rows) = (side(self.about.columns), side(self.about.rows));
        let mut terminal = avt::Terminal::new(columns, rows).unwrap();
        let mut first = vec![None; texts.len()];
        let mut screen = Vec::new();
        for (at, kind, data) in &self.events {
            match kind.as_str() {
                "terminal.written" => {
                    let written: TerminalWritten = serde_json::from_str(data).unwrap();
                    terminal.feed(written.text.as_str());
                }
                "terminal.resized" => {
                    let size: TerminalResized = serde_json::from_str(data).unwrap();
                    terminal.resize(size.columns as usize, size.rows as usize);
                }
                _ => continue,
            }
            screen = terminal
                .screen()
                .visible_lines()
                .map(|line| line.text().trim_end().to_owned())
                .collect();
            for (text, first) in texts.iter().zip(&mut first) {
                if first.is_none() && screen.iter().any(|line| line.contains(text)) {
                    *first = Some((at.micros_since(start()) as u64 + 500) / 1_000);
                }
            }
        }
        let last = screen.iter().rfind(|line| !line.is_empty());
        (first, last.cloned().unwrap_or_default())
    }
}
