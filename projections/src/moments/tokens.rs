//! What a word is, for the index and for questions alike.
//!
//! Letters and digits that stand together; everything else parts words. So `/etc/shadow`, `app.log`,
//! `snake_case` and `10.0.0.12` are several words that stand side by side: they are found by their
//! parts, and whole as phrases. Beside it:
//!
//! | in the text | is kept as | so that it is found by |
//! |---|---|---|
//! | `Shadow` | `shadow` | any case |
//! | `Été`, `ŻÓŁW`, `Ａ` | `ete`, `zolw`, `a` | letters with and without accents, of any width |
//! | `/etc/x`, `-rf`, `--no-verify` | `etc` and `/etc`, `rf` and `-rf`, … | its sign too, where it leads a path or a flag |
//! | `getUserName` | `getusername`, and `get`, `user`, `name` | its humps, each alone |
//! | `部署` | `部`, `署` | each character: Han, Hiragana, Katakana and Hangul have no blanks between words |
//!
//! What a word is kept as beside itself stands at the same position: phrases stay exact. Accents are
//! dropped from Latin letters alone: in other scripts they make other letters.

use std::ops::Range;

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The name under which the index knows the tokenizer.
pub const TOKENIZER: &str = "words";

/// A word is cut behind so many characters, and goes on as the next: a line of base64 is not one
/// term of the index.
const WORD_CHARS_MAX: usize = 64;
/// Longer words, and such with more humps, are no names but data.
const HUMPED_BYTES_MAX: usize = 48;
const HUMPS_MAX: usize = 6;

/// A word of a text, with all that it is found by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Word {
    /// In lower case, without accents.
    pub text: String,
    /// The bytes of the text that it takes up.
    pub range: Range<usize>,
    /// The word behind the sign that leads it, if one does: `/etc`, `-rf`, `--no`. The sign stands
    /// directly before the range.
    pub led: Option<String>,
    /// Its humps, when it is several words in one: `get`, `user`, `name`.
    pub humps: Vec<(String, Range<usize>)>,
}

/// The words of a text.
pub fn words(text: &str) -> Vec<Word> {
    Cutter::new(text).collect()
}

/// Cuts a text into words.
struct Cutter<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cutter<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }
}

impl Iterator for Cutter<'_> {
    type Item = Word;

    fn next(&mut self) -> Option<Word> {
        let rest = &self.text[self.at..];
        let start = self.at + rest.find(char::is_alphanumeric)?;
        let mut end = self.text.len();
        for (count, (at, char)) in self.text[start..].char_indices().enumerate() {
            let alone = stands_alone(char);
            let goes_on = char.is_alphanumeric() || is_combining_mark(char);
            if count > 0 && (!goes_on || alone || count >= WORD_CHARS_MAX) {
                end = start + at;
                break;
            }
            if alone {
                end = start + at + char.len_utf8();
                break;
            }
        }
        self.at = end;
        let whole = &self.text[start..end];
        let mut word = Word {
            text: folded(whole),
            range: start..end,
            ..Word::default()
        };
        word.led = lead(&self.text[..start]).map(|sign| format!("{sign}{}", word.text));
        for hump in humps(whole) {
            let text = folded(&whole[hump.clone()]);
            word.humps
                .push((text, start + hump.start..start + hump.end));
        }
        Some(word)
    }
}

/// In lower case and without the accents of Latin letters.
fn folded(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    let mut text = String::with_capacity(word.len());
    let mut latin = false;
    for char in word.nfkd().flat_map(char::to_lowercase) {
        if is_combining_mark(char) {
            if latin {
                continue;
            }
        } else {
            latin = char.is_ascii_alphabetic();
        }
        match char {
            'ł' => text.push('l'),
            'ø' => text.push('o'),
            'đ' | 'ð' => text.push('d'),
            'ı' => text.push('i'),
            'ß' => text.push_str("ss"),
            'æ' => text.push_str("ae"),
            'œ' => text.push_str("oe"),
            'þ' => text.push_str("th"),
            other => text.push(other),
        }
    }
    // What was taken apart is put together again: one letter, one form.
    text.nfc().collect()
}

/// The sign at the end of `before` that leads the word behind it: of a path from the root, or of a flag.
fn lead(before: &str) -> Option<&'static str> {
    let sign = match before.as_bytes() {
        [.., b'-', b'-'] => "--",
        [.., b'-'] => "-",
        [.., b'/'] => "/",
        _ => return None,
    };
    let behind = before[..before.len() - sign.len()].chars().next_back();
    let leads = behind.is_none_or(|char| {
        !char.is_alphanumeric() && !is_combining_mark(char) && !"-./~_$%)}]\\".contains(char)
    });
    leads.then_some(sign)
}

/// The humps of a word in camel case; none when it is no such word.
fn humps(word: &str) -> Vec<Range<usize>> {
    let bytes = word.as_bytes();
    let upper = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_uppercase);
    let lower = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_lowercase);
    // Where a small letter or a digit is followed by a capital, and before the last of several capitals.
    let begins = |at: usize| upper(at) && (!upper(at - 1) || lower(at + 1));
    if bytes.len() > HUMPED_BYTES_MAX || !word.is_ascii() {
        return Vec::new();
    }
    let mut starts: Vec<usize> = (1..bytes.len()).filter(|at| begins(*at)).collect();
    if starts.is_empty() || starts.len() >= HUMPS_MAX {
        return Vec::new();
    }
    starts.insert(0, 0);
    let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
    let humps: Vec<Range<usize>> = starts
        .iter()
        .zip(ends)
        .map(|(from, to)| *from..to)
        .collect();
    // Single letters in between are no words: this is data in base64.
    if humps.iter().skip(1).any(|hump| hump.len() < 2) {
        return Vec::new();
    }
    humps
}

/// Cuts text into words, for the index.
#[derive(Debug, Clone, Default)]
pub struct Words {
    token: Token,
    /// Of the word at hand, what is still to be told; the last first.
    beside: Vec<(String, Range<usize>)>,
}

impl Tokenizer for Words {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        self.token.reset();
        self.beside.clear();
        WordStream {
            words: Cutter::new(text),
            token: &mut self.token,
            beside: &mut self.beside,
        }
    }
}

/// The terms of a text, one after the other.
pub struct WordStream<'a> {
    words: Cutter<'a>,
    token: &'a mut Token,
    beside: &'a mut Vec<(String, Range<usize>)>,
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        let (text, range) = if let Some(beside) = self.beside.pop() {
            beside
        } else {
            let Some(word) = self.words.next() else {
                return false;
            };
            self.token.position = self.token.position.wrapping_add(1);
            self.beside.extend(word.humps);
            let range = word.range.clone();
            self.beside.extend(word.led.map(|led| (led, range)));
            (word.text, word.range)
        };
        self.token.text = text;
        self.token.offset_from = range.start;
        self.token.offset_to = range.end;
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

/// Whether the character belongs to a script that is written without blanks.
fn stands_alone(char: char) -> bool {
    matches!(u32::from(char),
        0x1100..=0x11FF | 0x2E80..=0x2FDF | 0x3005..=0x3007 | 0x3040..=0x31FF | 0x3400..=0x4DBF
        | 0x4E00..=0x9FFF | 0xA960..=0xA97F | 0xAC00..=0xD7FF | 0xF900..=0xFAFF | 0xFF66..=0xFFDC
        | 0x1B000..=0x1B2FF | 0x20000..=0x3FFFF)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Each word with what it is kept as beside itself.
    fn shown(text: &str) -> Vec<String> {
        let show = |word: Word| {
            let humps = word.humps.into_iter().map(|(hump, _)| hump);
            let beside: Vec<String> = word.led.into_iter().chain(humps).collect();
            match beside.is_empty() {
                true => word.text,
                false => format!("{}({})", word.text, beside.join(" ")),
            }
        };
        words(text).into_iter().map(show).collect()
    }

    #[test]
    fn words_are_what_people_search_for() {
        let cases = [
            ("release marlstone-4417", "release marlstone 4417"),
            ("cat /etc/shadow", "cat etc(/etc) shadow"),
            ("rm -rf --no-verify a-b", "rm rf(-rf) no(--no) verify a b"),
            (
                "x=/etc '/etc' ./etc ~/etc a/etc //etc",
                "x etc(/etc) etc(/etc) etc etc a etc etc",
            ),
            ("-----BEGIN KEY", "begin key"),
            ("tls_port = 9443", "tls port 9443"),
            ("app.log 10.0.0.12", "app log 10 0 0 12"),
            ("Été à Zürich ŻÓŁW Straße", "ete a zurich zolw strasse"),
            ("cafe\u{301}s ＡＢＣ", "cafes abc"),
            ("мой йод", "мой йод"),
            ("部署 完了ok", "部 署 完 了 ok"),
            ("│ 🚀 ─── │", ""),
            ("getUserName", "getusername(get user name)"),
            (
                "HTTPServer utf8Decode",
                "httpserver(http server) utf8decode(utf8 decode)",
            ),
            ("ERROR Error eMail", "error error email(e mail)"),
            ("aGVsbG8gd29ybGQK", "agvsbg8gd29ybgqk"),
            (r"C:\Users\JDoe", "c users jdoe(j doe)"),
        ];
        for (text, want) in cases {
            assert_eq!(shown(text).join(" "), want, "{text}");
        }
        assert_eq!(words(&"A".repeat(130)).len(), 3);
    }

    #[test]
    fn what_stands_beside_a_word_has_its_position() {
        let mut tokenizer = Words::default();
        let mut stream = tokenizer.token_stream("rm -rf getName x");
        let mut found = Vec::new();
        while let Some(token) = stream.next() {
            found.push((token.position, token.text.clone()));
        }
        found.sort();
        let want = [
            (0, "rm"),
            (1, "-rf"),
            (1, "rf"),
            (2, "get"),
            (2, "getname"),
            (2, "name"),
            (3, "x"),
        ];
        assert_eq!(found, want.map(|(at, text)| (at, text.to_owned())));
    }

    proptest! {
        #[test]
        fn any_text_has_words_in_order(text in "\\PC{0,80}") {
            let mut behind = 0;
            for word in words(&text) {
                let range = word.range;
                prop_assert!(range.start >= behind && !word.text.is_empty());
                prop_assert!(text.get(range.clone()).is_some());
                for (_, hump) in word.humps {
                    prop_assert!(range.start <= hump.start && hump.end <= range.end);
                }
                behind = range.end;
            }
        }

        #[test]
        fn a_word_that_was_found_is_found_by_itself(text in "[a-zA-Zéß0-9/.-]{1,20}") {
            for word in words(&text) {
                let again: Vec<String> = words(&word.text).into_iter().map(|word| word.text).collect();
                prop_assert_eq!(again, [word.text]);
            }
        }
    }
}
