//! What prompts look like, and whose they are.

/// Signs that prompts of shells and other programs end with.
pub(super) const SIGNS: &[char] = &[
    '$', '#', '%', '>', '❯', '❱', '»', '➜', '➤', 'λ', '▶', '›', '⟩', '→', '⮞',
];

/// Whether a program that wrote this, and waits now, waits for a command. `line` is what stands
/// before the cursor.
pub(super) fn looks_like_prompt(line: &str) -> bool {
    let Some(text) = line.strip_suffix(' ') else {
        return is_prompt_without_blank(line);
    };
    let text = text.trim_end();
    let mut chars = text.chars().rev();
    match chars.next() {
        // `100% ` is a share, not a prompt.
        Some('%') => chars.next().is_none_or(|before| !before.is_ascii_digit()),
        Some(sign) if SIGNS.contains(&sign) => true,
        _ => language_of(line).is_some() || is_more_of_python(line),
    }
}

/// The prompts of network devices, of `cmd.exe`, and of shells that name user and host: `switch01#`,
/// `router(config-if)#`, `C:\Users\ops>`.
fn is_prompt_without_blank(line: &str) -> bool {
    let Some(sign) = line
        .chars()
        .next_back()
        .filter(|sign| "#>$%".contains(*sign))
    else {
        return false;
    };
    let text = &line[..line.len() - sign.len_utf8()];
    let drive = text.as_bytes().get(..3).is_some_and(|start| {
        start[0].is_ascii_alphabetic() && start[1] == b':' && start[2] == b'\\'
    });
    if drive {
        return sign == '>';
    }
    if text.contains('@') && !text.contains(char::is_whitespace) {
        return true;
    }
    let (name, mode) = text.split_once('(').unwrap_or((text, "x)"));
    "#>".contains(sign)
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && mode.strip_suffix(')').is_some_and(|mode| {
            mode.bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'/' | b'_'))
        })
}

fn is_more_of_python(line: &str) -> bool {
    line == "... "
}

/// The first part of the line that looks like a prompt.
pub(super) fn prompt_at_start(line: &str) -> Option<&str> {
    let mut blanks = line.match_indices(' ').map(|(at, _)| &line[..=at]);
    blanks.find(|start| looks_like_prompt(start))
}

/// Whether a program asks with this for the rest of a command that is not complete: the second
/// prompts of shells, of Python and of clients of databases. `first` is its first prompt.
pub(super) fn asks_for_more(prompt: &str, first: &str) -> bool {
    if prompt.trim_end() == first.trim_end() {
        return false;
    }
    let text = prompt.trim();
    if matches!(
        text,
        ">" | "..." | "...>" | "->" | "'>" | "\">" | "`>" | "...:"
    ) {
        return true;
    }
    if let Some(words) = text.strip_suffix('>') {
        // zsh names what is not complete.
        const OPEN: &[&str] = &[
            "quote",
            "dquote",
            "bquote",
            "heredoc",
            "heredocd",
            "for",
            "while",
            "until",
            "repeat",
            "select",
            "case",
            "if",
            "then",
            "else",
            "elif",
            "elif-then",
            "function",
            "cursh",
            "subsh",
            "cmdsubst",
            "mathsubst",
            "math",
            "cond",
            "cmdand",
            "cmdor",
            "pipe",
            "errpipe",
            "foreach",
            "array",
            "braceparam",
            "always",
            "dqcmdsubst",
            "coproc",
        ];
        let mut words = words.split_whitespace().peekable();
        if words.peek().is_some() && words.all(|word| OPEN.contains(&word)) {
            return true;
        }
    }
    // `shop=# ` goes on as `shop-# `, `shop(# ` and `shop'# `.
    let database = |text: &str| {
        let (rest, sign) = text.split_at_checked(text.len().checked_sub(2)?)?;
        let kind = sign.chars().next()?;
        sign.ends_with(['#', '>'])
            .then_some((rest.to_owned(), kind))
    };
    match (database(first.trim()), database(text)) {
        (Some((name, '=')), Some((more, kind))) => name == more && "-('\"*$".contains(kind),
        _ => false,
    }
}

/// The language whose program asks like this, whatever it was started by.
pub(super) fn language_of(prompt: &str) -> Option<&'static str> {
    let text = prompt.trim();
    let known = [
        (">>>", "python"),
        ("(Pdb)", "pdb"),
        ("ipdb>", "pdb"),
        ("(gdb)", "gdb"),
        ("(lldb)", "lldb"),
        ("mysql>", "mysql"),
        ("sqlite>", "sqlite"),
        ("SQL>", "sqlplus"),
        ("sftp>", "sftp"),
        ("ftp>", "ftp"),
        ("julia>", "julia"),
        ("ghci>", "ghci"),
        ("scala>", "scala"),
        ("jshell>", "jshell"),
        ("gnuplot>", "gnuplot"),
        ("php >", "php"),
        ("telnet>", "telnet"),
        ("openssl>", "openssl"),
        ("OpenSSL>", "openssl"),
    ];
    let starts = [
        ("In [", "]:", "python"),
        ("irb(", ">", "irb"),
        ("irb(", "*", "irb"),
        ("iex(", ">", "iex"),
        ("octave:", ">", "octave"),
        ("MariaDB [", ">", "mysql"),
    ];
    let whole = known
        .iter()
        .find(|(prompt, _)| *prompt == text)
        .map(|(_, language)| *language);
    whole.or_else(|| {
        let found = starts
            .iter()
            .find(|(start, end, _)| text.starts_with(start) && text.ends_with(end));
        let database = || {
            text.strip_suffix("=#")
                .or_else(|| text.strip_suffix("=>"))
                .is_some_and(is_word)
        };
        found
            .map(|(_, _, language)| *language)
            .or_else(|| database().then_some("psql"))
    })
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_is_known_by_its_looks() {
        let cases = [
            ("ops@bastion-1:~$ ", true),
            ("# ", true),
            (">>> ", true),
            ("... ", true),
            ("host% ", true),
            (" ~//zellij-leap 19s ❯ ", true),
            ("In [12]: ", true),
            ("(gdb) ", true),
            ("switch01#", true),
            ("router(config-if)#", true),
            ("C:\\Users\\ops>", true),
            ("ops@h:~$", true),
            ("100% ", false),
            ("[sudo] password for ops: ", false),
            ("Continue? [Y/n] ", false),
            ("$", false),
            ("#", false),
            ("a line #", false),
            ("", false),
        ];
        for (line, want) in cases {
            assert_eq!(looks_like_prompt(line), want, "{line:?}");
        }
        assert_eq!(prompt_at_start("ops@h:~$ echo a > b"), Some("ops@h:~$ "));
    }

    #[test]
    fn what_asks_for_the_rest_of_a_command_is_known() {
        let cases = [
            ("> ", "ops@h:~$ ", true),
            ("> ", "> ", false),
            ("heredoc> ", "h% ", true),
            ("for then> ", "h% ", true),
            ("... ", ">>> ", true),
            ("   ...> ", "sqlite> ", true),
            ("    -> ", "mysql> ", true),
            ("shop-# ", "shop=# ", true),
            ("shop(> ", "shop=> ", true),
            ("sqlite> ", "ops@h:~$ ", false),
            ("ops@h:~$ ", "ops@h:~/x$ ", false),
            ("", "", false),
        ];
        for (prompt, first, want) in cases {
            assert_eq!(
                asks_for_more(prompt, first),
                want,
                "{prompt:?} after {first:?}"
            );
        }
    }
}
