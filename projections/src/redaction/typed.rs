//! What is typed, line by line, and whether it is to be hidden.
//!
//! A line is what is typed up to Enter, Ctrl-C and their like, or until the screen changes hands. It is hidden
//!
//! - as *unechoed* when the terminal showed nothing of it, or little and nothing of its end: passwords. Not on the
//!   alternate screen, where what is typed are commands to a program, and not what was piped, which nothing shows;
//! - as typed at a *prompt* that asks for a secret, shown or not, on either screen;
//! - as a *pattern* where a part of it looks like a secret.
//!
//! Whether it was shown may be known late: over a slow link the echo comes after Enter. A line is decided when the
//! program ends the line on the screen, prints something else, or has said nothing for [`GRACE_US`]; until then it is
//! *undecided*, and whoever asks must hide it. All of this is a function of the stream's events.

use std::collections::VecDeque;
use std::sync::Arc;

use avt::Terminal;
use retrace_core::event::{EventBody, KeysTyped};

use super::printed::{Printed, Printing};
use super::rules::{KeyBlock, Rules};

/// A program that has shown nothing of a line for so long after Enter will not.
const GRACE_US: i64 = 3_000_000;
/// Longer lines are decided where they stand.
const LINE_CHARS: usize = 4_096;
/// How many lines may be undecided: of more the first is decided as it stands.
const LINES_MAX: usize = 64;
/// Without Enter, fewer keys that nothing showed are commands to a program.
const ABANDONED_MIN: usize = 4;
/// How many different beginnings of lines are remembered.
const LEADS_MAX: usize = 64;
/// Shorter ones would hide too much.
const LEAD_CHARS_MIN: usize = 4;

/// Why something is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// It was typed and not shown.
    Unechoed,
    /// It was typed at a prompt for a secret.
    Prompt,
    /// It looks like a secret.
    Pattern,
}

impl Rule {
    /// Its name, as it stands in events.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unechoed => "unechoed",
            Self::Prompt => "prompt",
            Self::Pattern => "pattern",
        }
    }

    /// The same for people.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Unechoed => "typed while the terminal showed nothing of it",
            Self::Prompt => "typed at a prompt for a secret",
            Self::Pattern => "looks like a secret",
        }
    }
}

/// A place among the keys of a stream: the number of the event, and the byte in its text.
pub type Place = (u64, usize);

/// A stretch of what was typed that is to be hidden: from a place up to another, which is behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HiddenKeys {
    /// Why.
    pub rule: Rule,
    /// Where it begins.
    pub from: Place,
    /// Where it ends.
    pub to: Place,
    /// When it begins, in microseconds after 1970.
    pub from_us: i64,
    /// When its last key was typed.
    pub to_us: i64,
}

impl HiddenKeys {
    /// What of the text of event `number` is hidden, if anything.
    #[must_use]
    pub fn within(&self, number: u64, text: &str) -> Option<std::ops::Range<usize>> {
        if !(self.from.0..=self.to.0).contains(&number) {
            return None;
        }
        let start = if number == self.from.0 {
            self.from.1
        } else {
            0
        };
        let end = if number == self.to.0 {
            self.to.1.min(text.len())
        } else {
            text.len()
        };
        (start < end).then_some(start..end)
    }
}

/// Follows what is typed and shown in one stream.
#[derive(Debug)]
pub struct TypedLines {
    rules: Arc<Rules>,
    printing: Printing,
    escape: Escape,
    pasting: bool,
    /// The undecided lines. The last may still be open.
    lines: VecDeque<Line>,
    has_output: bool,
    alternate: bool,
    block: KeyBlock,
    leads: Vec<String>,
}

#[derive(Debug, Default)]
struct Line {
    typed: Vec<Typed>,
    /// Of the characters among `typed`: whether the screen showed each.
    shown: Vec<bool>,
    /// How many of them lie before the one that is to be shown next.
    next: usize,
    /// It is the answer to a prompt that asks for a secret.
    asked: bool,
    /// What stands before it on the screen.
    lead: String,
    alternate: bool,
    moved: bool,
    /// It was typed before the line before it was decided, pasted perhaps: other output comes before its echo.
    ahead: bool,
    /// No terminal sent any of it.
    piped: bool,
    ended_us: Option<i64>,
}

#[derive(Debug, Clone, Copy)]
struct Typed {
    from: Place,
    to: Place,
    us: i64,
    key: Key,
    /// No terminal sent it, so that none would show it.
    piped: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Char(char),
    Backspace,
    EraseLine,
    Other,
}

/// What has come of an escape sequence that a key sends.
#[derive(Debug, Default)]
enum Escape {
    #[default]
    Nothing,
    Begun,
    Ss3,
    Csi(String),
    Mouse(u8),
    /// What a terminal answers by itself. Whether the last character was an Escape.
    Answer(bool),
}

impl Line {
    fn chars(&self) -> impl Iterator<Item = char> {
        self.typed.iter().filter_map(|typed| match typed.key {
            Key::Char(char) => Some(char),
            _ => None,
        })
    }

    fn is_open(&self) -> bool {
        self.ended_us.is_none()
    }

    fn shown_count(&self) -> usize {
        self.shown.iter().filter(|shown| **shown).count()
    }

    /// Nothing of it will be shown by what comes later, or all of it was.
    fn is_settled(&self) -> bool {
        !self.is_open() && (self.piped || self.next == self.shown.len())
    }

    /// How many of the last characters were not shown.
    fn unseen_at_end(&self) -> usize {
        self.shown.iter().rev().take_while(|shown| !**shown).count()
    }

    fn show(&mut self, index: usize) {
        self.shown[index] = true;
        self.next = index + 1;
        self.moved = false;
    }

    /// Only the whole of it, side by side, counts as its echo.
    fn start_over(&mut self) {
        self.shown.fill(false);
        self.next = 0;
    }

    /// What was typed, as Backspace left it, and where each of its characters was typed.
    fn text(&self) -> (String, Vec<(usize, Typed)>) {
        let (mut text, mut places) = (String::new(), Vec::new());
        for typed in &self.typed {
            match typed.key {
                Key::Char(char) => {
                    places.push((text.len(), *typed));
                    text.push(char);
                }
                Key::Backspace => {
                    places.pop();
                    text.pop();
                }
                Key::EraseLine => {
                    places.clear();
                    text.clear();
                }
                Key::Other => {}
            }
        }
        (text, places)
    }
}

impl TypedLines {
    /// Follows a stream from its beginning on.
    #[must_use]
    pub fn new(rules: Arc<Rules>) -> Self {
        Self {
            rules,
            printing: Printing::default(),
            escape: Escape::default(),
            pasting: false,
            lines: VecDeque::new(),
            has_output: false,
            alternate: false,
            block: KeyBlock::default(),
            leads: Vec::new(),
        }
    }

    /// The rules that are followed.
    #[must_use]
    pub fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// The number of the first event with keys that are undecided. They are to be hidden.
    #[must_use]
    pub fn undecided(&self) -> Option<u64> {
        let first = self.lines.front()?.typed.first()?;
        Some(first.from.0)
    }

    /// The number of the first event with keys that would be hidden if their line ended now, or looks like a secret: whoever
    /// shows keys before they are decided must hide these.
    #[must_use]
    pub fn suspected(&self) -> Option<u64> {
        let line = self.lines.iter().find(|line| {
            let unseen = line.unseen_at_end() > 0 && 2 * line.shown_count() <= line.shown.len();
            let unechoed = self.may_be_unechoed(line);
            let text = || line.text().0;
            line.asked || unechoed && unseen || !self.rules.secrets_in_lines(&text()).is_empty()
        })?;
        Some(line.typed.first()?.from.0)
    }

    /// Beginnings of lines behind which a secret was shown: what stands behind them on the screen is to be hidden.
    #[must_use]
    pub fn leads(&self) -> &[String] {
        &self.leads
    }

    /// Takes the stream's next event. Numbers grow from event to event. `terminal` is the stream's, as it was before
    /// the event.
    pub fn apply(
        &mut self,
        number: u64,
        at_us: i64,
        body: &EventBody,
        terminal: &Terminal,
        found: &mut Vec<HiddenKeys>,
    ) {
        while let Some(line) = self.lines.front()
            && line
                .ended_us
                .is_some_and(|us| at_us.saturating_sub(us) > GRACE_US)
        {
            self.decide_first(found);
        }
        match body {
            EventBody::KeysTyped(typed) => self.keys(number, at_us, typed, terminal, found),
            EventBody::TerminalWritten(written) => self.written(&written.text, found),
            EventBody::SourceAttached(attached) if attached.columns.or(attached.rows).is_some() => {
                self.end(found);
                self.printing = Printing::default();
                self.alternate = false;
            }
            _ => {}
        }
    }

    /// Nothing more is typed: what is undecided is decided as it stands.
    pub fn end(&mut self, found: &mut Vec<HiddenKeys>) {
        while !self.lines.is_empty() {
            self.decide_first(found);
        }
        self.escape = Escape::default();
        self.pasting = false;
    }

    fn keys(
        &mut self,
        number: u64,
        at_us: i64,
        keys: &KeysTyped,
        terminal: &Terminal,
        found: &mut Vec<HiddenKeys>,
    ) {
        let text = keys.text.as_str();
        if matches!(self.escape, Escape::Begun) && !text.starts_with(['[', 'O']) {
            self.escape = Escape::Nothing;
        }
        for (start, char) in text.char_indices() {
            let place = (number, start);
            let behind = (number, start + char.len_utf8());
            let typed = |key| Typed {
                piped: keys.piped,
                from: place,
                to: behind,
                us: at_us,
                key,
            };
            if self.is_of_sequence(char) {
                self.typed(typed(Key::Other), terminal, found);
                continue;
            }
            match char {
                '\r' | '\n' if self.pasting => self.typed(typed(Key::Char('\n')), terminal, found),
                '\r' | '\n' | '\u{3}' | '\u{4}' | '\u{1a}' | '\u{1c}' => {
                    self.ended(at_us, terminal, found);
                }
                '\u{8}' | '\u{7f}' => self.typed(typed(Key::Backspace), terminal, found),
                '\u{15}' => self.typed(typed(Key::EraseLine), terminal, found),
                '\0'..='\u{1f}' => self.typed(typed(Key::Other), terminal, found),
                _ => self.typed(typed(Key::Char(char)), terminal, found),
            }
        }
    }

    /// Whether the character is a part of a sequence that a key sends, or a terminal by itself.
    fn is_of_sequence(&mut self, char: char) -> bool {
        match std::mem::take(&mut self.escape) {
            Escape::Nothing => {
                if char == '\u{1b}' {
                    self.escape = Escape::Begun;
                    return true;
                }
                return false;
            }
            Escape::Begun => match char {
                '[' => self.escape = Escape::Csi(String::new()),
                'O' => self.escape = Escape::Ss3,
                ']' | 'P' | '_' | '^' | 'X' => self.escape = Escape::Answer(false),
                '\u{1b}' => self.escape = Escape::Begun,
                // Alt and a key, or Escape and, as quickly, the next key.
                _ => return false,
            },
            Escape::Ss3 => {}
            Escape::Csi(mut parameters) => match char {
                '@'..='~' => match (char, parameters.as_str()) {
                    ('~', "200") => self.pasting = true,
                    ('~', "201") => self.pasting = false,
                    ('M', "") => self.escape = Escape::Mouse(3),
                    _ => {}
                },
                ' '..='?' if parameters.len() < 64 => {
                    parameters.push(char);
                    self.escape = Escape::Csi(parameters);
                }
                _ => return false,
            },
            Escape::Mouse(1) => {}
            Escape::Mouse(left) => self.escape = Escape::Mouse(left - 1),
            Escape::Answer(escaped) => {
                if char != '\u{7}' && !(escaped && char == '\\') {
                    self.escape = Escape::Answer(char == '\u{1b}');
                }
            }
        }
        true
    }

    fn typed(&mut self, typed: Typed, terminal: &Terminal, found: &mut Vec<HiddenKeys>) {
        let is_char = matches!(typed.key, Key::Char(_));
        if self.lines.back().is_none_or(|line| !line.is_open()) {
            if !is_char {
                return;
            }
            if self.lines.len() >= LINES_MAX {
                self.decide_first(found);
            }
            let lead = before_cursor(terminal);
            let ahead = !self.lines.is_empty();
            self.lines.push_back(Line {
                ahead,
                piped: typed.piped,
                asked: self.rules.asks(&lead),
                lead,
                alternate: self.alternate,
                ..Line::default()
            });
        }
        let Some(line) = self.lines.back_mut() else {
            return;
        };
        line.typed.push(typed);
        line.piped &= typed.piped;
        if is_char {
            line.shown.push(false);
        }
        if line.typed.len() >= LINE_CHARS {
            line.ended_us = Some(typed.us);
            self.end_lines(found);
        }
    }

    /// Decides all lines but what is begun after them.
    fn end_lines(&mut self, found: &mut Vec<HiddenKeys>) {
        while self.lines.front().is_some_and(|line| !line.is_open()) {
            self.decide_first(found);
        }
    }

    /// Enter, or a key that gives up the line.
    fn ended(&mut self, at_us: i64, terminal: &Terminal, found: &mut Vec<HiddenKeys>) {
        let Some(line) = self.lines.back_mut().filter(|line| line.is_open()) else {
            return;
        };
        line.ended_us = Some(at_us);
        if !line.asked && line.shown_count() == 0 {
            // Typed ahead of the prompt.
            let lead = before_cursor(terminal);
            line.asked = self.rules.asks(&lead);
        }
        self.decide_shown(found);
    }

    /// Decides the first lines as far as all of them was shown.
    fn decide_shown(&mut self, found: &mut Vec<HiddenKeys>) {
        while self.lines.front().is_some_and(Line::is_settled) {
            self.decide_first(found);
        }
    }

    fn written(&mut self, text: &str, found: &mut Vec<HiddenKeys>) {
        self.has_output = true;
        // The echo of what is being typed stands at the beginning of what is written after it.
        let unseen = |line: &Line| line.shown.len() - line.next;
        let mut budget = 8 + 2 * self.lines.back().map_or(0, unseen);
        for char in text.chars() {
            match self.printing.next(char) {
                Some(Printed::Char(char)) => self.printed(char, &mut budget, found),
                Some(Printed::LineFeed) => self.line_fed(&mut budget, found),
                Some(Printed::Moved) => {
                    if let Some(line) = self.lines.front_mut() {
                        line.moved = true;
                    }
                }
                Some(Printed::Alternate(on)) => {
                    if self.alternate != on {
                        self.end(found);
                    }
                    self.alternate = on;
                }
                Some(Printed::Editing) => self.end(found),
                None => {}
            }
        }
    }

    fn line_fed(&mut self, budget: &mut usize, found: &mut Vec<HiddenKeys>) {
        let Some(line) = self.lines.front_mut() else {
            return;
        };
        let is_next = line.chars().nth(line.next) == Some('\n');
        if is_next {
            line.show(line.next);
        } else if line.is_open() {
            *budget = 0;
        } else if line.ahead {
            line.start_over();
        } else {
            self.decide_first(found);
        }
    }

    fn printed(&mut self, char: char, budget: &mut usize, found: &mut Vec<HiddenKeys>) {
        loop {
            let Some(line) = self.lines.front_mut() else {
                return;
            };
            if line.asked && line.is_open() {
                let lead = line.lead.clone();
                self.learn(lead);
            }
            let Some(line) = self.lines.front_mut() else {
                return;
            };
            let mut chars = line.chars().skip(line.next).zip(line.next..);
            if line.is_open() {
                if *budget > 0 {
                    *budget -= 1;
                    let echoed = chars.find(|(typed, _)| *typed == char);
                    drop(chars);
                    if let Some((_, index)) = echoed {
                        line.show(index);
                    }
                }
                return;
            }
            let is_next = chars.next().is_some_and(|(typed, _)| typed == char);
            drop(chars);
            // A line editor that has moved the cursor may draw again what it drew before.
            let again = if line.moved && !is_next {
                let before: Vec<char> = line.chars().take(line.next).collect();
                before.iter().rposition(|typed| *typed == char)
            } else {
                None
            };
            if is_next {
                line.show(line.next);
                self.decide_shown(found);
                return;
            }
            if let Some(index) = again {
                line.show(index);
                return;
            }
            if line.ahead {
                line.start_over();
                if line.chars().next() == Some(char) {
                    line.show(0);
                    self.decide_shown(found);
                }
                return;
            }
            self.decide_first(found);
        }
    }

    /// Whether its keys would have been shown if they were no secret.
    fn may_be_unechoed(&self, line: &Line) -> bool {
        self.rules.hides_unechoed() && self.has_output && !line.alternate && !line.piped
    }

    fn decide_first(&mut self, found: &mut Vec<HiddenKeys>) {
        let Some(line) = self.lines.pop_front() else {
            return;
        };
        let (total, shown) = (line.shown.len(), line.shown_count());
        let is_unseen = line.unseen_at_end() > 0 && 2 * shown <= total;
        let ended = !line.is_open() || shown == 0 && total >= ABANDONED_MIN;
        let unechoed = self.may_be_unechoed(&line);
        let rule = if line.asked && total > 0 {
            Some(Rule::Prompt)
        } else if unechoed && ended && is_unseen {
            Some(Rule::Unechoed)
        } else {
            None
        };
        let (Some(first), Some(last)) = (line.typed.first(), line.typed.last()) else {
            return;
        };
        if let Some(rule) = rule {
            found.push(HiddenKeys {
                rule,
                from: first.from,
                to: last.to,
                from_us: first.us,
                to_us: last.us,
            });
            return;
        }
        self.look_for_patterns(&line, found);
    }

    fn look_for_patterns(&mut self, line: &Line, found: &mut Vec<HiddenKeys>) {
        let (text, places) = line.text();
        let mut start = 0;
        for piece in text.split_inclusive('\n') {
            let content = piece.trim_end_matches('\n');
            let secrets = if self.rules.hides_private_keys() && self.block.hides(content) {
                std::iter::once(0..content.len()).collect()
            } else {
                self.rules.secrets(content)
            };
            if let Some(first) = secrets.first().filter(|_| !line.alternate) {
                let before = content.get(..first.start).unwrap_or_default();
                let lead = if start == 0 { line.lead.as_str() } else { "" };
                self.learn(format!("{lead}{before}"));
            }
            for secret in secrets {
                let range = start + secret.start..start + secret.end;
                let mut of_secret = places
                    .iter()
                    .filter(|(at, _)| range.contains(at))
                    .map(|(_, typed)| typed);
                if let Some(first) = of_secret.next() {
                    let last = of_secret.next_back().unwrap_or(first);
                    found.push(HiddenKeys {
                        rule: Rule::Pattern,
                        from: first.from,
                        to: last.to,
                        from_us: first.us,
                        to_us: last.us,
                    });
                }
            }
            start += piece.len();
        }
    }

    fn learn(&mut self, lead: String) {
        let known = self.leads.contains(&lead);
        let long_enough = lead.trim().chars().count() >= LEAD_CHARS_MIN;
        if !known && long_enough && self.leads.len() < LEADS_MAX {
            self.leads.push(lead);
        }
    }
}

/// What stands before the cursor in its line, over all rows that the line is wrapped over.
fn before_cursor(terminal: &Terminal) -> String {
    let cursor = terminal.cursor();
    let lines: Vec<&avt::Line> = terminal
        .screen()
        .visible_lines()
        .take(cursor.row + 1)
        .collect();
    let Some((last, above)) = lines.split_last() else {
        return String::new();
    };
    let wrapped = above
        .iter()
        .rev()
        .take_while(|line| line.is_wrapped())
        .count();
    let mut text = String::new();
    for line in &above[above.len() - wrapped..] {
        push_cells(line, usize::MAX, &mut text);
    }
    push_cells(last, cursor.col, &mut text);
    text
}

fn push_cells(line: &avt::Line, until: usize, text: &mut String) {
    let cells = line.cells().iter().take(until);
    text.extend(cells.filter(|cell| cell.width() > 0).map(avt::Cell::char));
}
