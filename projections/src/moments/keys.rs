//! Runs of keys, as typed.
//!
//! A run ends at Enter (which is kept out of its text), behind Ctrl-C and Ctrl-D, before a pause of
//! more than 5 s, when the screen changes hands (a program takes or leaves the alternate screen, the
//! shell shows a prompt: so the `q` that left `top` is not the first letter of the next command),
//! after [`MAX_TEXT_CHARS`], and with the session.
//!
//! Its text is for people and for the index at once: Backspace takes back the character before it,
//! arrows and the like are shown as signs that the index does not take for words (`↑ ↓ → ← ⇥ ⌦ ⇱ ⇲
//! ⇞ ⇟ ⎋`, `⌫` where there is nothing to take back), control characters as `^R ` with a space behind
//! (so that they do not grow together with the word that follows). What is pasted (bracketed paste)
//! stands there as pasted, line ends included. What a terminal answers by itself (reports of its
//! type, the cursor, the mouse, the focus) was not typed and is left out.

use super::growth::Growth;
use super::moment::{Detail, Draft, MAX_TEXT_CHARS, MomentKind, Stage};

const PAUSE_US: i64 = 5_000_000;
/// An Escape at the end of one event and the rest of its sequence in the next are one key when
/// they follow each other as closely as this: no person types so.
const TORN_SEQUENCE_US: i64 = 50_000;
const SIGNS: &str = "↑↓→←⇥⌦⇱⇲⇞⇟⎋⌫";

#[derive(Debug, Default)]
pub(super) struct KeyRuns {
    run: String,
    growth: Growth,
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
            self.sign('⎋', self.last_us);
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
        if matches!(self.pending, Pending::Escape) {
            self.sign('⎋', self.last_us);
        }
        self.pending = Pending::Nothing;
        let mut text = std::mem::take(&mut self.run);
        text.truncate(text.trim_end().len());
        let growth = std::mem::take(&mut self.growth);
        self.chars = 0;
        if !text.trim_start().is_empty() {
            out.push(Draft {
                kind: MomentKind::Keys,
                start_us: self.start_us,
                complete_us: self.last_us.max(self.start_us),
                text,
                revealed: None,
                detail: Detail::default(),
                growth,
                stage: Stage::Whole,
            });
        }
    }

    fn key(&mut self, char: char, now_us: i64, out: &mut Vec<Draft>) {
        match std::mem::take(&mut self.pending) {
            Pending::Nothing => self.plain(char, now_us, out),
            Pending::Escape => match char {
                '[' => self.pending = Pending::Csi(String::new()),
                'O' => self.pending = Pending::Ss3,
                ']' | 'P' | '_' | '^' | 'X' => self.pending = Pending::Answer(false),
                // Alt and a key, or Escape and, as quickly, the next key (`ESC :wq`).
                _ => {
                    self.sign('⎋', now_us);
                    self.plain(char, now_us, out);
                }
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
        let number = parameters.split(';').next().unwrap_or_default();
        let sign = match (last, number) {
            ('A', _) => '↑',
            ('B', _) => '↓',
            ('C', _) => '→',
            ('D', _) => '←',
            ('H', _) | ('~', "1" | "7") => '⇱',
            ('F', _) | ('~', "4" | "8") => '⇲',
            ('~', "3") => '⌦',
            ('~', "5") => '⇞',
            ('~', "6") => '⇟',
            ('Z', _) => '⇥',
            _ => return,
        };
        self.sign(sign, now_us);
    }

    fn plain(&mut self, char: char, now_us: i64, out: &mut Vec<Draft>) {
        match char {
            '\u{1b}' => {
                self.pending = Pending::Escape;
                return;
            }
            '\r' | '\n' if self.pasting => self.push('\n', now_us),
            '\r' | '\n' => self.finish(out),
            '\t' if self.pasting => self.push(' ', now_us),
            '\t' => self.sign('⇥', now_us),
            '\u{8}' | '\u{7f}' => self.backspace(now_us),
            '\0'..='\u{1f}' => {
                self.push('^', now_us);
                self.push(char::from(b'@' + char as u8), now_us);
                self.push(' ', now_us);
                if matches!(char, '\u{3}' | '\u{4}') {
                    self.last_us = now_us;
                    self.finish(out);
                }
            }
            _ => self.push(char, now_us),
        }
        if self.chars >= MAX_TEXT_CHARS {
            self.last_us = now_us;
            self.finish(out);
        }
    }

    fn backspace(&mut self, now_us: i64) {
        match self.run.chars().next_back() {
            Some(last) if !SIGNS.contains(last) => {
                self.run.pop();
                self.growth.cut_to(self.run.len());
                self.chars -= 1;
                self.last_us = now_us;
            }
            _ => self.sign('⌫', now_us),
        }
    }

    fn sign(&mut self, sign: char, now_us: i64) {
        self.push(sign, now_us);
    }

    fn push(&mut self, char: char, now_us: i64) {
        if self.run.is_empty() {
            self.start_us = now_us;
        }
        self.run.push(char);
        self.growth.grown_to(self.run.len(), now_us);
        self.chars += 1;
        self.last_us = now_us;
    }
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
            (&["lx", "\u{7f}", "s\r"], &["ls"]),
            (&["\u{7f}"], &["⌫"]),
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
