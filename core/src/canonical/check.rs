//! Whether a text is canonical already, in one pass over its bytes.

use std::cmp::Ordering;

use super::{ALWAYS_EXACT, MAX_DEPTH, canonicalize};

/// Whether the text is canonical JSON: exactly when [`canonicalize`] answers the same bytes. Looks
/// at each byte once and allocates nothing, but for fractions and names with escapes, which are
/// rare.
pub fn is_canonical(json: &str) -> bool {
    let mut cursor = Cursor {
        text: json,
        bytes: json.as_bytes(),
        at: 0,
    };
    cursor.value(0).is_some() && cursor.at == cursor.bytes.len()
}

/// How far the text has been looked at. Each step answers `None` when the text is not canonical.
struct Cursor<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, expected: u8) -> Option<()> {
        (self.peek()? == expected).then(|| self.at += 1)
    }

    fn take_word(&mut self, word: &[u8]) -> Option<()> {
        self.bytes[self.at..]
            .starts_with(word)
            .then(|| self.at += word.len())
    }

    fn value(&mut self, depth: usize) -> Option<()> {
        match self.peek()? {
            b'"' => self.string().map(|_| ()),
            b'{' => self.object(depth + 1),
            b'[' => self.array(depth + 1),
            b't' => self.take_word(b"true"),
            b'f' => self.take_word(b"false"),
            b'n' => self.take_word(b"null"),
            b'-' | b'0'..=b'9' => self.number(),
            _ => None,
        }
    }

    fn array(&mut self, depth: usize) -> Option<()> {
        self.take(b'[')?;
        if depth > MAX_DEPTH {
            return None;
        }
        if self.take(b']').is_some() {
            return Some(());
        }
        loop {
            self.value(depth)?;
            if self.take(b',').is_none() {
                return self.take(b']');
            }
        }
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        self.take(b'{')?;
        if depth > MAX_DEPTH {
            return None;
        }
        if self.take(b'}').is_some() {
            return Some(());
        }
        let mut before: Option<&str> = None;
        loop {
            let name = self.string()?;
            if before.is_some_and(|before| compare_names(before, name) != Ordering::Less) {
                return None;
            }
            before = Some(name);
            self.take(b':')?;
            self.value(depth)?;
            if self.take(b',').is_none() {
                return self.take(b'}');
            }
        }
    }

    /// Answers what stands between the quotes, escapes as they are.
    fn string(&mut self) -> Option<&'a str> {
        self.take(b'"')?;
        let start = self.at;
        loop {
            self.at += plain_bytes(&self.bytes[self.at..]);
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return self.text.get(start..self.at - 1);
                }
                b'\\' => self.escape()?,
                // A control character must be escaped.
                _ => return None,
            }
        }
    }

    /// Only what JSON cannot hold otherwise is escaped, and in the shortest way.
    fn escape(&mut self) -> Option<()> {
        match self.bytes.get(self.at + 1)? {
            b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't' => {
                self.at += 2;
                Some(())
            }
            b'u' => {
                let [b'0', b'0', high, low] = *self.bytes.get(self.at + 2..self.at + 6)? else {
                    return None;
                };
                let named = matches!((high, low), (b'0', b'8' | b'9' | b'a' | b'c' | b'd'));
                let control =
                    matches!(high, b'0' | b'1') && matches!(low, b'0'..=b'9' | b'a'..=b'f');
                (control && !named).then(|| self.at += 6)
            }
            _ => None,
        }
    }

    fn number(&mut self) -> Option<()> {
        let start = self.at;
        while let Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        let token = self.text.get(start..self.at)?;
        let canonical = is_plain_integer(token)
            || canonicalize(token.as_bytes()).is_ok_and(|same| same == token.as_bytes());
        canonical.then_some(())
    }
}

/// An integer that is exact by its size and written in the one way there is.
fn is_plain_integer(token: &str) -> bool {
    let digits = token.strip_prefix('-').unwrap_or(token);
    let one_way = match digits.as_bytes() {
        [b'0'] => digits.len() == token.len(),
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    // Up to 15 digits are below 2^53 whatever they are.
    one_way && (digits.len() <= 15 || digits.parse().is_ok_and(|n: u64| n <= ALWAYS_EXACT))
}

/// How many bytes at the beginning neither end a string nor begin an escape, nor are control
/// characters. Eight at a time: this is where the time goes.
fn plain_bytes(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // Sets the high bit of the first byte of `word` that is below `limit`, and maybe of later ones.
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & HIGH;
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let quote = below(word ^ (ONES * u64::from(b'"')), 1);
        let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
        let found = below(word, 0x20) | quote | backslash;
        if found != 0 {
            return index * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    let special = |byte: &u8| *byte < 0x20 || matches!(byte, b'"' | b'\\');
    let in_rest = rest.iter().position(special).unwrap_or(rest.len());
    words.len() * 8 + in_rest
}

/// The order of RFC 8785: that of UTF-16, which is not that of UTF-8 where characters beyond U+FFFF
/// meet those from U+E000 on.
fn compare_names(one: &str, other: &str) -> Ordering {
    let simple = |name: &str| name.bytes().all(|byte| byte.is_ascii() && byte != b'\\');
    if simple(one) && simple(other) {
        return one.cmp(other);
    }
    unescaped(one)
        .encode_utf16()
        .cmp(unescaped(other).encode_utf16())
}

fn unescaped(name: &str) -> String {
    // It was looked at before: its escapes are in order.
    serde_json::from_str(&format!("\"{name}\"")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn by_definition(text: &str) -> bool {
        canonicalize(text.as_bytes()).is_ok_and(|canonical| canonical == text.as_bytes())
    }

    #[test]
    fn cases_at_the_edges() {
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        let cases = [
            r#"{"a":1,"b":[true,false,null],"c":"x"}"#,
            "{}",
            "[]",
            "0",
            "-0",
            "-1",
            "01",
            "1.0",
            "1.5",
            "-1.5e-7",
            "1e21",
            "1e+21",
            "1E21",
            "100000000000000000000",
            "1000000000000000000000",
            "9007199254740992",
            "-9007199254740992",
            "9007199254740993",
            "17462562286446162",
            "1152921504606846976",
            "1152921504606847000",
            "18446744073709551615",
            "999999999999999",
            "9999999999999999",
            "0.1",
            "0.10",
            "123456789012345.67",
            "5e-324",
            "1e400",
            "1.7976931348623157e308",
            "1.7976931348623157e+308",
            "tru",
            "nul",
            "",
            " 1",
            "1 ",
            r#"{"b":1,"a":1}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,}"#,
            r#"{"a": 1}"#,
            r#"{"é":1,"z":1}"#,
            r#"{"z":1,"é":1}"#,
            "{\"\u{10000}\":1,\"\u{e000}\":1}",
            "{\"\u{e000}\":1,\"\u{10000}\":1}",
            r#"{"\n":1,"\u000b":1,"a":1}"#,
            r#"{"\u001f":1," ":1,"\"":1,"\\":1}"#,
            r#""\u001b[0m""#,
            r#""\u001B[0m""#,
            r#""\u000a""#,
            r#""\u0008""#,
            r#""\u0020""#,
            r#""\/""#,
            r#""/""#,
            r#""\ud83d\ude80""#,
            r#""\ud83d""#,
            r#""🚀""#,
            "\"\u{7f}\"",
            "\"\u{1}\"",
            "\"\t\"",
            r#""a"#,
            r#""a\"#,
            r#""\u00"#,
            r#"["a",]"#,
            "[1,2",
            "--1",
            "1-1",
            "+1",
            ".5",
            "5.",
        ];
        for case in cases {
            assert_eq!(is_canonical(case), by_definition(case), "{case}");
        }
        for depth in [1, MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1, 10_000] {
            let nested = nested(depth);
            assert_eq!(is_canonical(&nested), by_definition(&nested), "{depth}");
        }
    }

    #[test]
    fn what_stops_a_string_is_found_at_every_place() {
        for length in 0..40 {
            let plain = vec![0xc3; length];
            assert_eq!(plain_bytes(&plain), length);
            for at in 0..length {
                for special in [0, 0x1f, b'"', b'\\'] {
                    let mut bytes = plain.clone();
                    bytes[at] = special;
                    assert_eq!(plain_bytes(&bytes), at, "{special} at {at} of {length}");
                }
            }
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1_000i64..1_000).prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
            "[ -~]{0,40}".prop_map(Value::from),
            "[\u{0}-\u{7f}é\u{e000}-\u{e003}\u{10000}-\u{10003}]{0,20}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec(("[\u{0}-\u{7f}é\u{e000}\u{10000}]{0,3}", inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_canonicalize_writes_is_canonical(value in any_json()) {
            let text = value.to_string();
            if let Ok(canonical) = canonicalize(text.as_bytes()) {
                let canonical = String::from_utf8(canonical).unwrap();
                prop_assert!(is_canonical(&canonical), "{}", canonical);
            }
            prop_assert_eq!(is_canonical(&text), by_definition(&text), "{}", text);
        }

        /// A canonical text with a few bytes changed mostly is not canonical, but sometimes is.
        #[test]
        fn a_damaged_text_is_judged_as_by_definition(
            value in any_json(),
            changes in prop::collection::vec((any::<prop::sample::Index>(), "[ -~\\\\\"]"), 1..4),
        ) {
            let canonical = canonicalize(value.to_string().as_bytes()).unwrap_or_default();
            let mut text: Vec<char> = String::from_utf8(canonical).unwrap().chars().collect();
            for (index, new) in changes {
                if !text.is_empty() {
                    let at = index.index(text.len());
                    text[at] = new.chars().next().unwrap_or(' ');
                }
            }
            let text: String = text.into_iter().collect();
            prop_assert_eq!(is_canonical(&text), by_definition(&text), "{}", text);
        }

        #[test]
        fn any_text_is_judged_as_by_definition(text in "[\\[\\]{}:,\"\\\\u0-9a-f+.eE -]{0,24}") {
            prop_assert_eq!(is_canonical(&text), by_definition(&text), "{}", text);
        }
    }
}
