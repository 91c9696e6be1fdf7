//! What a prompt tells: who is where, and how the command before it ended.

use super::prompt::{SIGNS, language_of};

/// What is longer is not told from other prompts by its end.
const CHARS_MAX: usize = 512;

/// What a prompt says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// All of it.
    pub(super) text: String,
    /// `ops@bastion-1`
    pub(super) who: Option<String>,
    /// `~/logs`; or its last part alone.
    pub(super) directory: Option<String>,
    /// How the command before ended.
    pub(super) status: Option<i32>,
    /// `$`, `#`, …
    pub(super) sign: Option<char>,
}

impl Told {
    /// Reads a prompt, what stands at the right of it, and the line above it.
    pub(super) fn by(prompt: &str, right: &str, above: &str) -> Self {
        let text = prompt.trim();
        let sign = text.chars().rev().find(|c| SIGNS.contains(c));
        let mut told = Self {
            text: prompt.chars().take(CHARS_MAX).collect(),
            who: who(text),
            directory: directory(text),
            status: status(text).or_else(|| status(right)),
            sign,
        };
        let is_second_line = told.who.is_none()
            && told.directory.is_none()
            && text.chars().count() <= 6
            && language_of(prompt).is_none();
        if is_second_line && is_first_line(above, text) {
            told.who = who(above);
            told.directory = directory(above);
            told.status = told.status.or_else(|| status(above));
        }
        told
    }

    /// Whether the other prompt is of the same shell or program, which may be elsewhere by now.
    pub(super) fn is_of_same_program(&self, other: &Self) -> bool {
        if without_numbers(&self.text).eq(without_numbers(&other.text)) {
            return true;
        }
        if language_of(&self.text).is_some() || language_of(&other.text).is_some() {
            return language_of(&self.text) == language_of(&other.text);
        }
        self.sign == other.sign
            && self.who == other.who
            && (self.who.is_some()
                || self.sign.is_some_and(|sign| sign != '>')
                || self.directory.is_some() && other.directory.is_some())
    }

    /// Whether it may be the prompt of a shell.
    pub(super) fn is_of_shell(&self) -> bool {
        language_of(&self.text).is_none()
            && (self.who.is_some()
                || self.directory.is_some()
                || self.sign.is_some_and(|sign| sign != '>'))
    }
}

fn without_numbers(text: &str) -> impl Iterator<Item = char> {
    text.trim_end().chars().filter(|c| !c.is_ascii_digit())
}

/// Whether a line may be the first of a prompt whose second is `text`.
fn is_first_line(line: &str, text: &str) -> bool {
    let line = line.trim_start();
    line.starts_with(['┌', '╭', '╔', '┏'])
        || who(line).is_some_and(|who| line.starts_with(who.as_str()))
        || text.starts_with(['❯', 'λ', '➜', '❱', '»']) && line.starts_with(['~', '/'])
}

/// The parts of a prompt: words, without the brackets around them.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || "[](){}<>│─┌└╭╰".contains(c))
        .map(|part| part.trim_end_matches(SIGNS))
        .filter(|part| !part.is_empty())
}

fn who(text: &str) -> Option<String> {
    let part = parts(text).find(|part| part.contains(['@', '㉿']))?;
    let (user, host) = part.split_once(['@', '㉿'])?;
    let host = host.split(':').next().unwrap_or_default();
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '\\' | '+'))
    };
    (is_name(user) && is_name(host)).then(|| format!("{user}@{host}"))
}

fn directory(text: &str) -> Option<String> {
    let text = text.trim_end_matches(|c: char| SIGNS.contains(&c) || c.is_whitespace());
    // `user@host:~/a folder`, whatever stands in it.
    if let Some((_, rest)) = text.split_once('@')
        && let Some((_, path)) = rest.split_once(':')
        && path.starts_with(['~', '/'])
    {
        let end = path.find([']', '(', '[', ')']).unwrap_or(path.len());
        return Some(path[..end].trim().to_owned());
    }
    // `[user@host folder]$`, and Windows.
    if let Some(inner) = text
        .strip_prefix('[')
        .and_then(|inner| inner.strip_suffix(']'))
        && let Some((who, folder)) = inner.split_once(' ')
        && who.contains('@')
    {
        return Some(folder.trim().to_owned());
    }
    if let Some(folder) = text.strip_prefix("➜ ") {
        return folder.split_whitespace().next().map(str::to_owned);
    }
    let windows = text.strip_prefix("PS ").unwrap_or(text);
    if windows.as_bytes().get(1..3) == Some(b":\\") {
        return Some(windows.to_owned());
    }
    let path = |part: &&str| part.starts_with('/') || part.starts_with("~/") || *part == "~";
    let part = parts(text).find(path);
    part.map(|part| part.trim_end_matches(':').to_owned())
}

/// The exit status that a prompt shows: `[1]>` of fish, `130 ↵`, `✘ 1`.
fn status(text: &str) -> Option<i32> {
    let number = |digits: &str| {
        let status: i32 = digits.parse().ok()?;
        (0..=255).contains(&status).then_some(status)
    };
    let fish = text
        .trim_end_matches(|c: char| c == '>' || c.is_whitespace())
        .strip_suffix(']')
        .and_then(|rest| rest.rsplit_once('['))
        .and_then(|(_, digits)| number(digits));
    let marked = || {
        let words: Vec<&str> = text.split_whitespace().collect();
        words.windows(2).find_map(|pair| match pair {
            [digits, "↵"] => number(digits),
            ["✘" | "✗" | "✖" | "↵", digits] => number(digits),
            _ => None,
        })
    };
    let glued = || {
        let mut words = text.split_whitespace();
        words.find_map(|word| {
            let digits = word
                .strip_suffix('↵')
                .or_else(|| word.strip_prefix(['✘', '✗', '✖']))
                .or_else(|| word.strip_prefix("rc="))?;
            number(digits)
        })
    };
    fish.or_else(marked).or_else(glued)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_tells_who_and_where() {
        let cases = [
            (
                "ops@bastion-1:~/logs$ ",
                "",
                Some("ops@bastion-1"),
                Some("~/logs"),
                None,
                Some('$'),
            ),
            (
                "root@h:/etc# ",
                "",
                Some("root@h"),
                Some("/etc"),
                None,
                Some('#'),
            ),
            (
                "(venv) ops@h:~/a folder$ ",
                "",
                Some("ops@h"),
                Some("~/a folder"),
                None,
                Some('$'),
            ),
            (
                "[ops@h logs]$ ",
                "",
                Some("ops@h"),
                Some("logs"),
                None,
                Some('$'),
            ),
            ("[ops@h ~]$ ", "", Some("ops@h"), Some("~"), None, Some('$')),
            (
                "marcin@stacja ~> ",
                "",
                Some("marcin@stacja"),
                Some("~"),
                None,
                Some('>'),
            ),
            (
                "marcin@stacja ~/p/x [1]> ",
                "",
                Some("marcin@stacja"),
                Some("~/p/x"),
                Some(1),
                Some('>'),
            ),
            (
                "ops@h ~/logs % ",
                "",
                Some("ops@h"),
                Some("~/logs"),
                None,
                Some('%'),
            ),
            (
                " ~//zellij-leap 19s ❯ ",
                "",
                None,
                Some("~//zellij-leap"),
                None,
                Some('❯'),
            ),
            (
                "➜  logs git:(main) ✗ ",
                "",
                None,
                Some("logs"),
                None,
                Some('➜'),
            ),
            (
                "❯ ",
                "~/src/shop main",
                None,
                Some("~/src/shop"),
                None,
                Some('❯'),
            ),
            (
                "└─$ ",
                "┌──(kali㉿kali)-[~/x]",
                Some("kali@kali"),
                Some("~/x"),
                None,
                Some('$'),
            ),
            ("$ ", "/etc/passwd", None, None, None, Some('$')),
            (
                "PS C:\\Users\\ops> ",
                "",
                None,
                Some("C:\\Users\\ops"),
                None,
                Some('>'),
            ),
            ("$ ", "", None, None, None, Some('$')),
            ("sh-5.1# ", "", None, None, None, Some('#')),
            ("✘ 130 ~ ❯ ", "", None, Some("~"), Some(130), Some('❯')),
        ];
        for (prompt, above, who, directory, status, sign) in cases {
            let told = Told::by(prompt, "", above);
            assert_eq!(told.who.as_deref(), who, "{prompt}");
            assert_eq!(told.directory.as_deref(), directory, "{prompt}");
            assert_eq!((told.status, told.sign), (status, sign), "{prompt}");
        }
        assert_eq!(Told::by("% ", "1 ↵", "").status, Some(1));
    }

    #[test]
    fn prompts_of_one_program_are_told_from_those_of_another() {
        let cases = [
            ("ops@h:~$ ", "ops@h:~/logs$ ", true),
            ("ops@h:~$ ", "root@h:/root# ", false),
            ("ops@h:~$ ", ">>> ", false),
            ("In [1]: ", "In [2]: ", true),
            ("$ ", "# ", false),
            ("~ ❯ ", "~/src ❯ ", true),
            ("PS C:\\> ", "PS C:\\Users> ", true),
            ("> ", "sqlite> ", false),
            ("shop=# ", "other=# ", true),
        ];
        for (one, other, want) in cases {
            let [one, other] = [one, other].map(|prompt| Told::by(prompt, "", ""));
            assert_eq!(one.is_of_same_program(&other), want, "{one:?} {other:?}");
        }
    }
}
