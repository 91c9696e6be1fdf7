//! What others wrote, in messages.

/// `text` without characters that do something to the terminal they are printed on: control
/// characters, and those that turn the direction of writing around, are shown as `\u{…}`.
pub(crate) fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                shown.extend(c.escape_unicode());
            }
            c if c.is_control() => shown.extend(c.escape_default()),
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_cannot_move_the_cursor() {
        let text = "żółć \"🚀\" \u{1b}[2J\r\n\u{9b}1m \u{202e}x";
        let want = "żółć \"🚀\" \\u{1b}[2J\\r\\n\\u{9b}1m \\u{202e}x";
        assert_eq!(shown(text), want);
    }
}
