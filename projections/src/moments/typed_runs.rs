//! Runs of keys, and the same runs as those may read them from whom what is redacted is hidden.
//!
//! Whether what is typed is to be hidden may be known only once the program has answered
//! ([`crate::redaction::TypedLines`]). Until then keys wait, and with them whatever ends a run.

use std::collections::VecDeque;
use std::sync::Arc;

use avt::Terminal;
use retrace_core::event::EventBody;

use super::growth::Growth;
use super::keys::KeyRuns;
use super::moment::Draft;
use crate::redaction::{HiddenKeys, MASK, Rules, TypedLines};

/// Stands for a hidden character until the run is whole.
const HIDDEN: char = '•';

#[derive(Debug)]
pub(super) struct TypedRuns {
    lines: TypedLines,
    hidden: Vec<HiddenKeys>,
    waiting: VecDeque<Waiting>,
    /// As typed.
    plain: KeyRuns,
    /// As it may be read.
    masked: KeyRuns,
    number: u64,
}

#[derive(Debug)]
enum Waiting {
    Typed {
        number: u64,
        text: String,
        us: i64,
    },
    /// Whatever is typed from then on goes to another program.
    Finish,
}

impl TypedRuns {
    pub(super) fn new(rules: Arc<Rules>) -> Self {
        Self {
            lines: TypedLines::new(rules),
            hidden: Vec::new(),
            waiting: VecDeque::new(),
            plain: KeyRuns::default(),
            masked: KeyRuns::default(),
            number: 0,
        }
    }

    /// Beginnings of lines of the screen behind which secrets were shown.
    pub(super) fn leads(&self) -> &[String] {
        self.lines.leads()
    }

    /// Takes the stream's next event. `terminal` is as it was before.
    pub(super) fn apply(
        &mut self,
        body: &EventBody,
        terminal: &Terminal,
        now_us: i64,
        out: &mut Vec<Draft>,
    ) {
        self.number += 1;
        self.lines
            .apply(self.number, now_us, body, terminal, &mut self.hidden);
        if let EventBody::KeysTyped(typed) = body {
            self.waiting.push_back(Waiting::Typed {
                number: self.number,
                text: typed.text.clone(),
                us: now_us,
            });
        }
        self.go_on(out);
    }

    /// Whatever is typed from now on goes to another program.
    pub(super) fn finish(&mut self, out: &mut Vec<Draft>) {
        self.waiting.push_back(Waiting::Finish);
        self.go_on(out);
    }

    /// The session ends.
    pub(super) fn end(&mut self, out: &mut Vec<Draft>) {
        self.lines.end(&mut self.hidden);
        self.finish(out);
    }

    fn go_on(&mut self, out: &mut Vec<Draft>) {
        let undecided = self.lines.undecided().unwrap_or(u64::MAX);
        while let Some(first) = self.waiting.front() {
            if matches!(first, Waiting::Typed { number, .. } if *number >= undecided) {
                return;
            }
            let (mut plain, mut masked) = (Vec::new(), Vec::new());
            match self.waiting.pop_front() {
                Some(Waiting::Typed { number, text, us }) => {
                    self.hidden.retain(|hidden| hidden.to.0 >= number);
                    self.masked
                        .typed(&self.masked_text(number, &text), us, &mut masked);
                    self.plain.typed(&text, us, &mut plain);
                }
                Some(Waiting::Finish) => {
                    self.masked.finish(&mut masked);
                    self.plain.finish(&mut plain);
                }
                None => {}
            }
            let mut masked = masked.into_iter();
            out.extend(plain.into_iter().map(|draft| match masked.next() {
                Some(masked) if masked.text == draft.text => draft,
                masked => Draft {
                    text: masked.map_or_else(|| MASK.to_owned(), |masked| shortened(&masked.text)),
                    revealed: Some(draft.text),
                    growth: Growth::default(),
                    ..draft
                },
            }));
        }
    }

    /// The text with what is hidden in it replaced letter by letter, so that runs of it begin and end as those of the
    /// text do: blanks and what keys send beside letters stay.
    fn masked_text(&self, number: u64, text: &str) -> String {
        let ranges: Vec<_> = self
            .hidden
            .iter()
            .filter_map(|hidden| hidden.within(number, text))
            .collect();
        if ranges.is_empty() {
            return text.to_owned();
        }
        let mut in_sequence = false;
        text.char_indices()
            .map(|(at, char)| {
                in_sequence = match char {
                    '\u{1b}' => true,
                    '@'..='~' if char != '[' && char != 'O' => {
                        let was = std::mem::take(&mut in_sequence);
                        if was {
                            return char;
                        }
                        false
                    }
                    _ => in_sequence,
                };
                let is_hidden = ranges.iter().any(|range| range.contains(&at));
                if is_hidden && !in_sequence && !char.is_whitespace() && !char.is_control() {
                    HIDDEN
                } else {
                    char
                }
            })
            .collect()
    }
}

/// Puts the mask, which does not tell how long it is, in the place of all hidden letters that only blanks divide.
fn shortened(text: &str) -> String {
    let (mut shown, mut blanks, mut hiding) = (String::new(), String::new(), false);
    for char in text.chars() {
        match char {
            HIDDEN => {
                if !hiding {
                    shown.push_str(&blanks);
                    shown.push_str(MASK);
                }
                hiding = true;
                blanks.clear();
            }
            _ if char.is_whitespace() => blanks.push(char),
            _ => {
                shown.push_str(&blanks);
                blanks.clear();
                hiding = false;
                shown.push(char);
            }
        }
    }
    shown
}
