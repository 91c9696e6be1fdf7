//! What happens to a terminal, as lines of text between processes.
//!
//! A line is a JSON array as in asciicast: microseconds from the start of the session, what happened
//! (`"s"` started, `"o"` written, `"r"` resized, `"-"` nothing but time), and the text, or columns and
//! rows as `"80x24"`.

use super::Size;
use super::frames::Change;

/// A line that is not one.
#[derive(Debug, thiserror::Error)]
#[error("expected [microseconds, \"s\", \"o\", \"r\" or \"-\", text]: {0}")]
pub struct NotAChange(String);

/// Something that happened, as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Microseconds from the start of the session.
    pub offset_us: u64,
    kind: Kind,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Started(Size),
    Written,
    Resized(Size),
    Passed,
}

impl Moment {
    /// What happened; `None` when time passed.
    pub fn change(&self) -> Option<Change<'_>> {
        match self.kind {
            Kind::Started(size) => Some(Change::Started(size)),
            Kind::Written => Some(Change::Written(&self.text)),
            Kind::Resized(size) => Some(Change::Resized(size)),
            Kind::Passed => None,
        }
    }
}

/// Adds a line. `None` says that time passed.
pub fn write_line(lines: &mut Vec<u8>, offset_us: u64, change: Option<Change<'_>>) {
    let size = |size: Size| format!("{}x{}", size.columns(), size.rows());
    let line = match change {
        Some(Change::Written(text)) => serde_json::json!([offset_us, "o", text]),
        Some(Change::Started(to)) => serde_json::json!([offset_us, "s", size(to)]),
        Some(Change::Resized(to)) => serde_json::json!([offset_us, "r", size(to)]),
        None => serde_json::json!([offset_us, "-", ""]),
    };
    lines.extend_from_slice(line.to_string().as_bytes());
    lines.push(b'\n');
}

/// Reads lines, whole ones.
pub fn read_lines(lines: &[u8]) -> impl Iterator<Item = Result<Moment, NotAChange>> {
    let lines = lines.split(|&byte| byte == b'\n');
    lines.filter(|line| !line.is_empty()).map(|line| {
        let parsed: (u64, String, String) =
            serde_json::from_slice(line).map_err(|error| NotAChange(error.to_string()))?;
        let (offset_us, code, text) = parsed;
        let size = || {
            let (columns, rows) = text.split_once('x')?;
            Some(Size::clamped(columns.parse().ok()?, rows.parse().ok()?))
        };
        let kind = match code.as_str() {
            "o" => Some(Kind::Written),
            "s" => size().map(Kind::Started),
            "r" => size().map(Kind::Resized),
            "-" => Some(Kind::Passed),
            _ => None,
        };
        let kind = kind.ok_or_else(|| NotAChange(format!("{code:?} with {} bytes", text.len())))?;
        Ok(Moment {
            offset_us,
            kind,
            text,
        })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_written_is_read(
            offset_us in any::<u64>(), text in ".*", columns in 1..900_u32, rows in 1..400_u32,
        ) {
            let size = Size::clamped(columns, rows);
            let changes = [
                Some(Change::Started(size)),
                Some(Change::Written(&text)),
                Some(Change::Resized(size)),
                None,
            ];
            let mut lines = Vec::new();
            for change in changes {
                write_line(&mut lines, offset_us, change);
            }
            let read: Vec<Moment> = read_lines(&lines).map(Result::unwrap).collect();
            prop_assert_eq!(read.iter().map(Moment::change).collect::<Vec<_>>(), changes);
            prop_assert!(read.iter().all(|moment| moment.offset_us == offset_us));
        }

        #[test]
        fn anything_else_is_refused(lines in prop::collection::vec(any::<u8>(), 0..200)) {
            read_lines(&lines).for_each(drop);
        }
    }

    #[test]
    fn a_line_that_is_not_a_change_is_named() {
        for line in [
            r#"[1,"o"]"#,
            r#"[-1,"o",""]"#,
            r#"[1,"r","80"]"#,
            r#"[1,"q",""]"#,
            "x",
        ] {
            let read = read_lines(line.as_bytes()).next().unwrap();
            assert!(read.is_err(), "{line}");
        }
    }
}
