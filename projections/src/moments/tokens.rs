//! What a word is, for the index and for questions alike.
//!
//! Letters and digits that stand together, in lower case; everything else parts words. So
//! `/etc/shadow`, `app.log` and `marlstone-4417` are two words each, that stand side by side: they
//! are found whole (as phrases) and by their parts. Han, Hiragana, Katakana and Hangul are written
//! without blanks between words: there each character is a word, and a longer text is a phrase.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

/// The name under which the index knows the tokenizer.
pub const TOKENIZER: &str = "words";

/// A word is cut behind so many characters, and goes on as the next: a line of base64 is not one
/// term of the index.
const WORD_CHARS_MAX: usize = 64;

/// Cuts text into words.
#[derive(Debug, Clone, Default)]
pub struct Words {
    token: Token,
}

impl Tokenizer for Words {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        self.token.reset();
        WordStream {
            text,
            at: 0,
            token: &mut self.token,
        }
    }
}

/// The words of a text, one after the other.
#[derive(Debug)]
pub struct WordStream<'a> {
    text: &'a str,
    at: usize,
    token: &'a mut Token,
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let Some(skip) = rest.find(char::is_alphanumeric) else {
            return false;
        };
        let start = self.at + skip;
        self.token.text.clear();
        let mut end = self.text.len();
        for (count, (at, char)) in self.text[start..].char_indices().enumerate() {
            let alone = stands_alone(char);
            if count > 0 && (!char.is_alphanumeric() || alone || count >= WORD_CHARS_MAX) {
                end = start + at;
                break;
            }
            self.token.text.extend(char.to_lowercase());
            if alone {
                end = start + at + char.len_utf8();
                break;
            }
        }
        self.at = end;
        self.token.offset_from = start;
        self.token.offset_to = end;
        self.token.position = self.token.position.wrapping_add(1);
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

/// The words of a text with the bytes each takes up in it.
pub fn words(text: &str) -> Vec<(String, std::ops::Range<usize>)> {
    let mut tokenizer = Words::default();
    let mut stream = tokenizer.token_stream(text);
    let mut words = Vec::new();
    while let Some(token) = stream.next() {
        words.push((token.text.clone(), token.offset_from..token.offset_to));
    }
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_what_people_search_for() {
        let cases = [
            (
                "release marlstone-4417",
                vec!["release", "marlstone", "4417"],
            ),
            ("cat /etc/shadow", vec!["cat", "etc", "shadow"]),
            ("tls_port = 9443", vec!["tls", "port", "9443"]),
            ("Été à Zürich ŻÓŁW", vec!["été", "à", "zürich", "żółw"]),
            ("部署 完了ok", vec!["部", "署", "完", "了", "ok"]),
            ("│ 🚀 ─── │", vec![]),
        ];
        for (text, want) in cases {
            let found: Vec<String> = words(text).into_iter().map(|(word, _)| word).collect();
            assert_eq!(found, want, "{text}");
        }
        assert_eq!(words(&"A".repeat(130)).len(), 3);
    }

    proptest! {
        #[test]
        fn any_text_has_words_in_order(text in "\\PC{0,80}") {
            let mut behind = 0;
            for (word, range) in words(&text) {
                prop_assert!(range.start >= behind && !word.is_empty());
                prop_assert!(text.get(range.clone()).is_some());
                behind = range.end;
            }
        }
    }
}
