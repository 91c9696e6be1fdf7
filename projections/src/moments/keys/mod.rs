//! Runs of keys, as typed, and as they leave the line.
//!
//! A run ends at Enter (which is kept out of its text), behind Ctrl-C and behind Ctrl-D in an empty
//! line, before a pause of more than 5 s, when the screen changes hands (a program takes or leaves
//! the alternate screen, the shell shows a prompt: so the `q` that left `top` is not the first letter
//! of the next command), after [`MAX_TEXT_CHARS`], and with the session.
//!
//! The text of a run is for people and for the index at once. Where keys edited the line it has two
//! lines: first the line as the keys left it (`line`: Backspace, Ctrl-W, the arrows and their like
//! applied), then what was typed, key by key. Both are searched: what was typed and taken back is
//! found, and so is what came of it. Where a key brought text that is not among the keys (history,
//! completion), the first line is the command that the screen showed when Enter was typed
//! (`recalled`). Where nothing was edited, or nobody knows what came of it, there is one line: what
//! was typed.
//!
//! Keys that type no character are signs that the index does not take for words (`↑ ↓ → ← ⇥ ⌫ ⌦ ⇱
//! ⇲ ⇞ ⇟ ⎋`), control characters `^R ` with a space behind (so that they do not grow together with
//! the word that follows). What is pasted (bracketed paste) stands there as pasted, line ends
//! included. What a terminal answers by itself (reports of its type, the cursor, the mouse, the focus)
//! was not typed and is left out.

mod line;
mod recalled;

use super::growth::Growth;
use super::moment::{Draft, MAX_TEXT_CHARS, MomentKind, Stage};
use line::{Edit, EditedLine};
pub(super) use recalled::Recalled;

const PAUSE_US: i64 = 5_000_000;
/// An Escape at the end of one event and the rest of its sequence in the next are one key when
/// they follow each other as closely as this: no person types so.
const TORN_SEQUENCE_US: i64 = 50_000;

#[derive(Debug, Default)]
pub(super) struct KeyRuns {
    /// What was typed, key by key.
    run: String,
    /// Of `run`.
    growth: Growth,
    line: EditedLine,
    chars: usize,
    start_us: i64,
    last_us: i64,
    pending: Pending,
    pasting: bool,
}

/// What has come of an escape sequence.
#[derive(Debug, Default)]
enum Pending {
    #[default]
    Nothing,
    Escape,
    /// `ESC O`: one letter follows.
    Ss3,
    /// `ESC [`, and the parameters so far.
    Csi(String),
    /// The three bytes of an old mouse report that follow `ESC [ M`.
    Mouse(u8),
    /// OSC, DCS and their like, up to their end. Whether the last character was an Escape.
    Answer(bool),
}

impl KeyRuns {
    /// Keys were typed.
    pub(super) fn typed(&mut self, text: &str, now_us: i64, out: &mut Vec<Draft>) {
        if matches!(self.pending, Pending::Escape)
            && (now_us - self.last_us > TORN_SEQUENCE_US || !text.starts_with(['[', 'O']))
        {
            self.pending = Pending::Nothing;
            self.sign('⎋', Edit::Unknown, self.last_us);
        }
        if now_us - self.last_us > PAUSE_US {
            self.finish(out);
        }
        for char in text.chars() {
            self.key(char, now_us, out);
        }
        self.last_us = now_us;
    }

    /// Whatever is typed from now on goes to another program, or the session ends.
    pub(super) fn finish(&mut self, out: &mut Vec<Draft>) {
        self.finish_by(false, out);
    }

    fn finish_by(&mut self, enter: bool, out: &mut Vec<Draft>) {
        if matches!(self.pending, Pending::Escape) {
            self.sign('⎋', Edit::Unknown, self.last_us);
        }
        self.pending = Pending::Nothing;
        let mut typed = std::mem::take(&mut self.run);
        typed.truncate(typed.trim_end().len());
        let growth = std::mem::take(&mut self.growth);
        let edited = self.line.take();
        self.chars = 0;
        if typed.trim_start().is_empty() {
            return;
        }
        let recalled = enter && edited.is_none();
        let (text, growth) = match edited {
            Some((line, growth)) if !line.trim().is_empty() && line.trim_end() != typed => {
                let both = format!("{}\n{typed}", line.trim_end());
                (both.chars().take(MAX_TEXT_CHARS).collect(), growth)
            }
            _ => (typed, growth),
        };
        let complete_us = self.last_us.max(self.start_us);
        let mut draft = Draft::at(complete_us, MomentKind::Keys, text);
        draft.start_us = self.start_us;
        draft.growth = growth;
        if recalled {
            // Its number is the stream's to give.
            draft.stage = Stage::Begun(0);
        }
        out.push(draft);
    }

    fn key(&mut self, char: char, now_us: i64, out: &mut Vec<Draft>) {
        match std::mem::take(&mut self.pending) {
            Pending::Nothing => self.plain(char, now_us, out),
            Pending::Escape => match char {
                '[' => self.pending = Pending::Csi(String::new()),
                'O' => self.pending = Pending::Ss3,
                ']' | 'P' | '_' | '^' | 'X' => self.pending = Pending::Answer(false),
                // Alt and a key, or Escape and, as quickly, the next key (`ESC :wq`).
                _ => match with_alt(char) {
                    Some(edit) => {
                        self.sign('⎋', edit, now_us);
                        let shown = if char.is_control() { '⌫' } else { char };
                        self.typed_char(shown, now_us);
                    }
                    None => {
                        self.sign('⎋', Edit::Unknown, now_us);
                        self.plain(char, now_us, out);
                    }
                },
            },
            Pending::Ss3 => self.special(char, "", now_us),
            Pending::Csi(mut parameters) => match char {
                '@'..='~' => self.sequence(char, &parameters, now_us),
                ' '..='?' if parameters.len() < 64 => {
                    parameters.push(char);
                    self.pending = Pending::Csi(parameters);
                }
                _ => self.plain(char, now_us, out),
            },
            Pending::Mouse(1) => {}
            Pending::Mouse(left) => self.pending = Pending::Mouse(left - 1),
            Pending::Answer(escaped) => {
                let ended = char == '\u{7}' || escaped && char == '\\';
                if !ended {
                    self.pending = Pending::Answer(char == '\u{1b}');
                }
            }
        }
    }

    fn sequence(&mut self, last: char, parameters: &str, now_us: i64) {
        match (last, parameters) {
            ('~', "200") => self.pasting = true,
            ('~', "201") => self.pasting = false,
            ('M', "") => self.pending = Pending::Mouse(3),
            _ => self.special(last, parameters, now_us),
        }
    }

    /// A key that sends a sequence, if the sequence is one of a key.
    fn special(&mut self, last: char, parameters: &str, now_us: i64) {
        let mut numbers = parameters.split(';');
        let number = numbers.next().unwrap_or_default();
        // With Ctrl or Alt held.
        let by_word = numbers.next().is_some_and(|with| matches!(with, "3" | "5"));
        let (sign, edit) = match (last, number) {
            ('A', _) => ('↑', Edit::Unknown),
            ('B', _) => ('↓', Edit::Unknown),
            ('C', _) if by_word => ('→', Edit::WordRight),
            ('C', _) => ('→', Edit::Right),
            ('D', _) if by_word => ('←', Edit::WordLeft),
            ('D', _) => ('←', Edit::Left),
            ('H', _) | ('~', "1" | "7") => ('⇱', Edit::Home),
            ('F', _) | ('~', "4" | "8") => ('⇲', Edit::End),
            ('~', "3") => ('⌦', Edit::Delete),
            ('~', "5") => ('⇞', Edit::Unknown),
            ('~', "6") => ('⇟', Edit::Unknown),
            ('Z', _) => ('⇥', Edit::Unknown),
            _ => return,
        };
        self.sign(sign, edit, now_us);
    }

    fn plain(&mut self, char: char, now_us: i64, out: &mut Vec<Draft>) {
        match char {
            '\u{1b}' => {
                self.pending = Pending::Escape;
                return;
            }
            '\r' | '\n' if self.pasting => self.insert('\n', now_us),
            '\r' | '\n' => self.finish_by(true, out),
            '\t' if self.pasting => self.insert(' ', now_us),
            '\t' => self.sign('⇥', Edit::Unknown, now_us),
            '\u{8}' | '\u{7f}' => self.sign('⌫', Edit::Backspace, now_us),
            '\0'..='\u{1f}' => {
                let ends = match char {
                    '\u{3}' => true,
                    '\u{4}' => self.line.is_empty(),
                    _ => false,
                };
                for char in ['^', char::from(b'@' + char as u8), ' '] {
                    self.typed_char(char, now_us);
                }
                self.line.apply(with_control(char), now_us);
                if ends {
                    self.last_us = now_us;
                    self.finish(out);
                }
            }
            _ => self.insert(char, now_us),
        }
        if self.chars >= MAX_TEXT_CHARS {
            self.last_us = now_us;
            self.finish(out);
        }
    }

    /// A key that types no character.
    fn sign(&mut self, sign: char, edit: Edit, now_us: i64) {
        self.typed_char(sign, now_us);
        self.line.apply(edit, now_us);
    }

    fn insert(&mut self, char: char, now_us: i64) {
        self.typed_char(char, now_us);
        self.line.apply(Edit::Insert(char), now_us);
    }

    fn typed_char(&mut self, char: char, now_us: i64) {
        if self.run.is_empty() {
            self.start_us = now_us;
        }
        self.run.push(char);
        self.growth.grown_to(self.run.len(), now_us);
        self.chars += 1;
        self.last_us = now_us;
    }
}

/// What a control character does in a line editor.
fn with_control(char: char) -> Edit {
    match char {
        '\u{1}' => Edit::Home,
        '\u{2}' => Edit::Left,
        '\u{4}' => Edit::Delete,
        '\u{5}' => Edit::End,
        '\u{6}' => Edit::Right,
        '\u{b}' => Edit::KillRight,
        '\u{14}' => Edit::Transpose,
        '\u{15}' => Edit::KillLeft,
        '\u{17}' => Edit::KillBlankLeft,
        '\u{19}' => Edit::Yank,
        // Clear the screen, give up, and go on with the output.
        '\u{c}' | '\u{3}' | '\u{11}' => Edit::Nothing,
        _ => Edit::Unknown,
    }
}

/// What a key does in a line editor while Alt is held, if it is one of those that edit.
fn with_alt(char: char) -> Option<Edit> {
    Some(match char {
        'b' => Edit::WordLeft,
        'f' => Edit::WordRight,
        'd' => Edit::KillWordRight,
        '\u{8}' | '\u{7f}' => Edit::KillWordLeft,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Types each text a tenth of a second after the one before.
    fn runs(texts: &[&str]) -> Vec<String> {
        let (mut keys, mut out) = (KeyRuns::default(), Vec::new());
        for (text, now_us) in texts.iter().zip((0..).step_by(100_000)) {
            keys.typed(text, now_us, &mut out);
        }
        keys.finish(&mut out);
        out.into_iter().map(|draft| draft.text).collect()
    }

    #[test]
    fn a_run_reads_as_it_was_typed() {
        let cases: &[(&[&str], &[&str])] = &[
            (&["l", "s", "\r", "pwd\r"], &["ls", "pwd"]),
            (&["\r", "\r"], &[]),
            (&["lx", "\u{7f}", "s\r"], &["ls\nlx⌫s"]),
            (&["\u{7f}"], &["⌫"]),
            (&["x", "\u{7f}"], &["x⌫"]),
            (&["cat a b", "\u{17}", "c\r"], &["cat a c\ncat a b^W c"]),
            (&["ecoh", "\u{14}", "\u{2}x\r"], &["echxo\necoh^T ^B x"]),
            (
                &["rm x", "\u{15}", "ls", "\u{1}", "a ", "\u{5}", " b\r"],
                &["a ls b\nrm x^U ls^A a ^E  b"],
            ),
            (
                &["one two", "\u{1b}b", "\u{b}", "\u{19}\u{19}\r"],
                &["one twotwo\none two⎋b^K ^Y ^Y"],
            ),
            (
                &["one two", "\u{1b}[1;5D", "\u{1b}d", "2\r"],
                &["one 2\none two←⎋d2"],
            ),
            (&["one two", "\u{1b}\u{7f}", "2\r"], &["one 2\none two⎋⌫2"]),
            (
                &["abc", "\u{1b}[D\u{1b}[D", "\u{4}", "\u{1b}[3~\r"],
                &["a\nabc←←^D ⌦"],
            ),
            (&["\u{4}", "ls\r"], &["^D", "ls"]),
            (
                &["\u{1b}[A", "\u{1}", "\u{1b}[C", "\u{1b}[3~re\r"],
                &["↑^A →⌦re"],
            ),
            (&["\u{1b}OA", "\u{7f}"], &["↑⌫"]),
            (&["\u{12}commit -q\u{3}", "ls"], &["^R commit -q^C", "ls"]),
            (&["cat n", "\t", "\r"], &["cat n⇥"]),
            (&["\u{1b}", ":wq\r"], &["⎋:wq"]),
            (&["\u{1b}:wq\r"], &["⎋:wq"]),
            (&["\u{1b}[200~one\rtwo\u{1b}[201~\r"], &["one\ntwo"]),
            (
                &["\u{1b}[<0;3;4M\u{1b}[I\u{1b}[?1;2c\u{1b}[M !!ok\r"],
                &["ok"],
            ),
            (&["\u{1b}]11;rgb:0/0/0\u{1b}\\x\u{1b}P1$r\u{7}y\r"], &["xy"]),
            (&["żółw ☃\r"], &["żółw ☃"]),
        ];
        for (texts, want) in cases {
            assert_eq!(runs(texts), *want, "{texts:?}");
        }
    }

    #[test]
    fn a_pause_ends_a_run_and_its_last_key_is_its_time() {
        let (mut keys, mut out) = (KeyRuns::default(), Vec::new());
        for (text, now_us) in [
            ("a", 0),
            ("b", 5_000_000),
            ("c", 10_000_001),
            ("\r", 12_000_000),
        ] {
            keys.typed(text, now_us, &mut out);
        }
        let found: Vec<_> = out
            .iter()
            .map(|d| (d.text.as_str(), d.start_us, d.complete_us))
            .collect();
        assert_eq!(found, [("ab", 0, 5_000_000), ("c", 10_000_001, 10_000_001)]);
    }

    #[test]
    fn an_endless_run_is_cut() {
        let runs = runs(&["x".repeat(2 * MAX_TEXT_CHARS + 1).as_str()]);
        assert_eq!(
            runs.iter().map(String::len).collect::<Vec<_>>(),
            [4096, 4096, 1]
        );
    }
}
