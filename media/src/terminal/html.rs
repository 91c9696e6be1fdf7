//! A screen as HTML: text that can be copied, in the colours it had.
//!
//! One `<pre>` with a line for each row and a `<span>` for each run of characters that look alike. Styles are inline, so
//! that it can stand in any page or mail. What the session wrote stands in it as text and nothing else: the characters
//! that mean something in HTML are escaped, and no attribute holds anything from the session.

use std::fmt::Write;

use avt::{Pen, Terminal};

use super::theme::{Rgb, Theme};

/// The screen of a terminal.
#[must_use]
pub fn html(terminal: &Terminal, theme: &Theme) -> String {
    let mut out = String::from("<pre style=\"");
    let colours = Look::plain(theme);
    colours.write(&mut out);
    out.push_str(";font-family:monospace;line-height:1.2\">");
    let plain = Look::plain(theme);
    for line in terminal.screen().visible_lines() {
        // What is behind the last character that can be seen is the page itself.
        let cells = line.cells();
        let seen = |cell: &avt::Cell| cell.char() != ' ' || Look::of(cell.pen(), theme) != plain;
        let end = cells.iter().rposition(seen).map_or(0, |last| last + 1);
        let mut open: Option<Look> = None;
        for cell in cells[..end].iter().filter(|cell| cell.width() > 0) {
            let look = Look::of(cell.pen(), theme);
            if open != Some(look).filter(|look| *look != plain) {
                if open.take().is_some() {
                    out.push_str("</span>");
                }
                if look != plain {
                    out.push_str("<span style=\"");
                    look.write(&mut out);
                    out.push_str("\">");
                    open = Some(look);
                }
            }
            escape(cell.char(), &mut out);
        }
        if open.is_some() {
            out.push_str("</span>");
        }
        out.push('\n');
    }
    out.push_str("</pre>");
    out
}

/// How a character looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    ink: Rgb,
    paper: Rgb,
    is_bold: bool,
    is_italic: bool,
    is_underlined: bool,
    is_struck: bool,
}

impl Look {
    fn plain(theme: &Theme) -> Self {
        Self::of(&Pen::default(), theme)
    }

    fn of(pen: &Pen, theme: &Theme) -> Self {
        let [ink, paper] = theme.of_pen(pen);
        Self {
            ink,
            paper,
            is_bold: pen.is_bold(),
            is_italic: pen.is_italic(),
            is_underlined: pen.is_underline(),
            is_struck: pen.is_strikethrough(),
        }
    }

    fn write(self, out: &mut String) {
        let ([r, g, b], [x, y, z]) = (self.ink, self.paper);
        // Writing to a text cannot fail.
        let _ = write!(
            out,
            "color:#{r:02x}{g:02x}{b:02x};background:#{x:02x}{y:02x}{z:02x}"
        );
        for (is_so, style) in [
            (self.is_bold, ";font-weight:bold"),
            (self.is_italic, ";font-style:italic"),
        ] {
            if is_so {
                out.push_str(style);
            }
        }
        match (self.is_underlined, self.is_struck) {
            (false, false) => {}
            (true, false) => out.push_str(";text-decoration:underline"),
            (false, true) => out.push_str(";text-decoration:line-through"),
            (true, true) => out.push_str(";text-decoration:underline line-through"),
        }
    }
}

fn escape(character: char, out: &mut String) {
    match character {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&#39;"),
        character if character.is_control() => out.push('\u{fffd}'),
        character => out.push(character),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(columns: usize, text: &str) -> String {
        let mut terminal = Terminal::new(columns, 2).unwrap();
        terminal.feed(text);
        html(&terminal, &Theme::default())
    }

    #[test]
    fn a_screen_is_text_in_its_colours() {
        let page = shown(
            20,
            "a<b> \x1b[1;31mred\x1b[0m & 部 \x1b[44m  \x1b[0m\r\n\x1b[3;4mx",
        );
        let (head, body) = page.split_once('>').unwrap();
        assert!(head.starts_with("<pre style=\"color:#cccccc;background:#121314"));
        let want = "a&lt;b&gt; <span style=\"color:#dd3c69;background:#121314;font-weight:bold\">red</span> &amp; 部 \
            <span style=\"color:#cccccc;background:#26b0d7\">  </span>\n\
            <span style=\"color:#cccccc;background:#121314;font-style:italic;text-decoration:underline\">x</span>\n</pre>";
        assert_eq!(body, want);
    }

    proptest! {
        /// Whatever is written: the tags are ours, in pairs, and what is between them is the text of the screen.
        #[test]
        fn nothing_that_was_written_is_markup(text in "(\\PC|\x1b\\[[0-9;]{0,6}m|[<>&\"'/=a-z]){0,60}") {
            let page = shown(30, &text);
            let mut rest = page.as_str();
            let mut depth = 0;
            while let Some(start) = rest.find('<') {
                let end = start + rest[start..].find('>').unwrap();
                let tag = &rest[start..=end];
                let ours = tag == "</pre>" || tag == "</span>"
                    || tag.starts_with("<pre style=\"color:#") || tag.starts_with("<span style=\"color:#");
                prop_assert!(ours && tag.matches('"').count().is_multiple_of(2), "{tag}");
                depth += if tag.starts_with("</") { -1 } else { 1 };
                rest = &rest[end + 1..];
            }
            prop_assert_eq!(depth, 0);
        }
    }
}
