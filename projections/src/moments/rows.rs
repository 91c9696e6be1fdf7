//! The rows of a screen, each with its text and its times, and the lines they make together.

use avt::Line;

use super::growth::Growth;

/// A row as it was when it was last looked at.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    /// Trailing blanks cut off, unless the line goes on in the next row.
    pub(super) text: String,
    /// Whether the line goes on in the next row.
    pub(super) wrapped: bool,
    /// When it got text, or other text in place of what it had.
    pub(super) start_us: i64,
    /// When its text changed last.
    pub(super) changed_us: i64,
    /// How the text came to be.
    pub(super) growth: Growth,
    /// Whether a moment was made of it, or was found not worth making.
    pub(super) settled: bool,
    /// How many times it was repainted with other numbers and the same letters.
    pub(super) repaints: u8,
    /// Whether the emulator wrote to it since it was last looked at.
    pub(super) dirty: bool,
}

impl Row {
    /// A row that nobody has looked at yet.
    pub(super) fn unseen() -> Self {
        Self {
            settled: true,
            dirty: true,
            ..Self::default()
        }
    }

    /// A row that is empty for sure.
    pub(super) fn blank() -> Self {
        Self {
            settled: true,
            ..Self::default()
        }
    }

    /// Takes over what the emulator shows in it, and answers whether that was new.
    pub(super) fn look(&mut self, line: &Line, next: Option<&Line>, now_us: i64) -> bool {
        let mut text = String::with_capacity(self.text.len());
        read_row(line, next, &mut text);
        self.dirty = false;
        self.wrapped = line.is_wrapped();
        if text.trim_end() == self.text.trim_end() {
            // Where a line is wrapped is no part of what it says.
            self.text = text;
            return false;
        }
        if self.text.is_empty() {
            self.start_us = now_us;
        }
        if self.text.is_empty() || !text.starts_with(&self.text) {
            self.growth.clear();
        }
        self.growth.grown_to(text.len(), now_us);
        self.changed_us = now_us;
        self.settled = text.is_empty();
        self.text = text;
        true
    }
}

/// Appends the text of a row: the second cell of a wide character is no blank of its own, and
/// neither is the last cell of a wrapped row that was left empty because the wide character that
/// follows did not fit.
fn read_row(line: &Line, next: Option<&Line>, text: &mut String) {
    text.extend(
        line.cells()
            .iter()
            .filter(|cell| cell.width() > 0)
            .map(avt::Cell::char),
    );
    if !line.is_wrapped() {
        text.truncate(text.trim_end().len());
    } else if text.ends_with(' ') && next.is_some_and(starts_wide) {
        text.pop();
    }
}

fn starts_wide(line: &Line) -> bool {
    line.cells().first().is_some_and(|cell| cell.width() == 2)
}

/// Where the line that row `index` belongs to ends.
pub(super) fn line_end(rows: &[Row], index: usize) -> usize {
    let end = rows[index..].iter().position(|row| !row.wrapped);
    end.map_or(rows.len(), |after| index + after + 1)
}

/// The text of the rows together.
pub(super) fn join(rows: &[Row]) -> String {
    let mut text: String = rows.iter().map(|row| row.text.as_str()).collect();
    text.truncate(text.trim_end().len());
    text
}

/// The text of the emulator's line in which row `index` lies, up to column `until` of that row if
/// given, and the row it begins in.
pub(super) fn read_line(lines: &[&Line], index: usize, until: Option<usize>) -> (String, usize) {
    let start = lines[..index]
        .iter()
        .rposition(|line| !line.is_wrapped())
        .map_or(0, |n| n + 1);
    let mut text = String::new();
    for (row, line) in lines.iter().enumerate().skip(start) {
        if row == index
            && let Some(until) = until
        {
            let cells = line
                .cells()
                .iter()
                .take(until)
                .filter(|cell| cell.width() > 0);
            text.extend(cells.map(avt::Cell::char));
            return (text, start);
        }
        read_row(line, lines.get(row + 1).copied(), &mut text);
        if row >= index && !line.is_wrapped() {
            break;
        }
    }
    (text, start)
}

/// How the text of the rows together came to be.
pub(super) fn join_growth(rows: &[Row]) -> Growth {
    let (mut growth, mut bytes) = (Growth::default(), 0);
    for row in rows {
        growth.append(bytes, &row.growth);
        bytes += row.text.len();
    }
    growth
}

/// Whether `new` is `old`, gone on with, taken back from or edited: typing, a bar of progress.
pub(super) fn is_edit(old: &str, new: &str) -> bool {
    if new.is_empty() {
        return false;
    }
    if new.starts_with(old) || old.starts_with(new) || same_letters(old, new) {
        return true;
    }
    let (old, new) = (old.as_bytes(), new.as_bytes());
    let longer = old.len().max(new.len());
    let prefix = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - prefix;
    let from_ends = old.iter().rev().zip(new.iter().rev()).take(rest);
    let suffix = from_ends.take_while(|(a, b)| a == b).count();
    (prefix + suffix) * 4 >= longer * 3
}

/// Whether two texts differ in nothing but numbers, signs and blanks: a clock, a gauge, a counter.
pub(super) fn same_letters(old: &str, new: &str) -> bool {
    old.chars()
        .filter(|c| c.is_alphabetic())
        .eq(new.chars().filter(|c| c.is_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_is_told_from_another_text() {
        let cases = [
            ("$ l", "$ ls", true),
            ("$ ls", "$ l", true),
            ("10 % done", "11 % done", true),
            (
                "ops@bastion:~$ gerp -n tls",
                "ops@bastion:~$ grep -n tls",
                true,
            ),
            ("load average: 0.02", "load average: 12.31", true),
            ("Installing foo", "Removing everything", false),
            ("secret", "", false),
        ];
        for (old, new, want) in cases {
            assert_eq!(is_edit(old, new), want, "{old:?} to {new:?}");
        }
    }

    #[test]
    fn wide_characters_have_no_blanks_of_their_own() {
        let mut terminal = avt::Terminal::new(5, 4).unwrap();
        terminal.feed("a部署完了 b");
        let lines: Vec<&Line> = terminal.screen().visible_lines().collect();
        assert_eq!(read_line(&lines, 0, None), ("a部署完了 b".to_owned(), 0));
        assert_eq!(read_line(&lines, 2, None), ("a部署完了 b".to_owned(), 0));
        assert_eq!(read_line(&lines, 1, Some(2)), ("a部署完".to_owned(), 0));
    }

    #[test]
    fn a_line_is_the_rows_it_is_wrapped_over() {
        let rows: Vec<Row> = [("ab", true), ("cd", true), ("e", false), ("f", false)]
            .map(|(text, wrapped)| Row {
                text: text.to_owned(),
                wrapped,
                ..Row::default()
            })
            .to_vec();
        assert_eq!((line_end(&rows, 0), line_end(&rows, 3)), (3, 4));
        assert_eq!(join(&rows[0..3]), "abcde");
    }
}
