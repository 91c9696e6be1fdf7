//! The first and last line of a typescript.

use retrace_core::Timestamp;

/// What a header says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) started_at: Option<Timestamp>,
    pub(super) command: Option<String>,
    pub(super) columns: Option<u32>,
    pub(super) rows: Option<u32>,
}

/// Whether a file begins like one that `script`, or guacd, wrote.
pub(super) fn begins(beginning: &[u8]) -> bool {
    beginning.starts_with(b"Script started on ") || beginning.starts_with(b"[BEGIN TYPESCRIPT]\n")
}

impl Header {
    /// Reads `Script started on 2026-11-20 22:42:40+00:00 [COMMAND="…" TERM="…" TTY="…" COLUMNS="…"
    /// LINES="…"]`. What it does not say, or says otherwise, is not known.
    pub(super) fn read(line: &[u8]) -> Self {
        let line = String::from_utf8_lossy(line);
        let (started, fields) = line.split_once('[').unwrap_or((&line, ""));
        let started = started.strip_prefix("Script started on ");
        Self {
            started_at: started.and_then(time),
            command: between(fields, "COMMAND=\"", "\" TERM=\"")
                .or_else(|| between(fields, "COMMAND=\"", "\" <"))
                .or_else(|| between(fields, "COMMAND=\"", "\"]"))
                .map(str::to_owned),
            columns: last_number(fields, " COLUMNS=\""),
            rows: last_number(fields, " LINES=\""),
        }
    }
}

/// `2026-11-20 22:42:40+00:00`. Older versions wrote the time in the language of the user and without
/// its zone; that is not read.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    text.trim()
        .replacen(' ', "T", 1)
        .replace(',', ".")
        .parse()
        .ok()
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    // The last: the command may hold anything.
    rest.rsplit_once(after).map(|(value, _)| value)
}

fn last_number(text: &str, before: &str) -> Option<u32> {
    let (_, rest) = text.rsplit_once(before)?;
    rest.split_once('"')?.0.parse().ok()
}

/// What a footer says: `Script done on … [COMMAND_EXIT_CODE="0"]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Footer {
    pub(super) done_at: Option<Timestamp>,
    pub(super) exit_status: Option<i32>,
}

impl Footer {
    /// The most bytes of one.
    pub(super) const BYTES: usize = 512;

    /// Finds the footer at the end of a file: where it begins, and what it says.
    pub(super) fn find(end: &[u8]) -> Option<(usize, Self)> {
        let text_end = end.trim_ascii_end().len();
        let line = memchr::memrchr(b'\n', &end[..text_end]).map_or(0, |at| at + 1);
        let text = String::from_utf8_lossy(&end[line..text_end]);
        let exit_status = between(&text, "COMMAND_EXIT_CODE=\"", "\"");
        let done = text.strip_prefix("Script done on ");
        if exit_status.is_none() && done.is_none() && text != "[END TYPESCRIPT]" {
            return None;
        }
        let done = done.map(|done| done.split_once('[').map_or(done, |(time, _)| time));
        let footer = Self {
            done_at: done.and_then(time),
            exit_status: exit_status.and_then(|status| status.parse().ok()),
        };
        // The line feed before it is its own.
        let begin = line.saturating_sub(usize::from(line > 0 && end[line - 1] == b'\n'));
        Some((begin, footer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_tells_start_size_and_command() {
        let cases = [
            (
                r#"Script started on 2026-11-20 22:42:40+00:00 [TERM="xterm" TTY="/dev/pts/13" COLUMNS="100" LINES="30"]"#,
                (
                    Some("2026-11-20T22:42:40.000000Z"),
                    None,
                    Some(100),
                    Some(30),
                ),
            ),
            (
                r#"Script started on 2026-11-20 22:42:40+02:00 [COMMAND="echo " COLUMNS="7"" TERM="xterm" TTY="/dev/pts/13" COLUMNS="100" LINES="30"]"#,
                (
                    Some("2026-11-20T20:42:40.000000Z"),
                    Some(r#"echo " COLUMNS="7""#),
                    Some(100),
                    Some(30),
                ),
            ),
            (
                r#"Script started on 2026-11-20 22:42:40+00:00 [COMMAND="ls" <not executed on terminal>]"#,
                (Some("2026-11-20T22:42:40.000000Z"), Some("ls"), None, None),
            ),
            (
                "Script started on Fri 20 Nov 2026 10:42:40 PM UTC",
                (None, None, None, None),
            ),
            ("[BEGIN TYPESCRIPT]", (None, None, None, None)),
            ("", (None, None, None, None)),
        ];
        for (line, (started_at, command, columns, rows)) in cases {
            let want = Header {
                started_at: started_at.map(|time: &str| time.parse().unwrap()),
                command: command.map(str::to_owned),
                columns,
                rows,
            };
            assert_eq!(Header::read(line.as_bytes()), want, "{line}");
        }
    }

    #[test]
    fn a_footer_is_found_at_the_end_only() {
        let cases = [
            (
                "exit\r\n\nScript done on 2026-11-20 22:44:11+00:00 [COMMAND_EXIT_CODE=\"130\"]\n",
                Some((6, Some(130))),
            ),
            ("\n[END TYPESCRIPT]\n", Some((0, None))),
            (
                "Script done on Fri 20 Nov 2026 10:42:40 PM UTC",
                Some((0, None)),
            ),
            ("Script done on Fri\r\n$ ", None),
            ("", None),
        ];
        for (end, want) in cases {
            let got = Footer::find(end.as_bytes());
            let got = got.map(|(begin, footer)| (begin, footer.exit_status));
            assert_eq!(got, want, "{end}");
        }
    }
}
