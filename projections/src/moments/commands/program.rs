//! Which program a command line runs, and what is known of programs by their names.

/// The program of a command line, without its folder: behind assignments, and behind programs that
/// run others (`sudo -u root env A=1 nice -n 5 vim x` is `vim`).
pub(in crate::moments) fn of(command: &str) -> Option<String> {
    if command.trim_start().starts_with('#') {
        return None;
    }
    let words = words(command);
    let mut words = words.iter().map(String::as_str).peekable();
    let mut found = None;
    while let Some(word) = words.next() {
        if is_assignment(word)
            || matches!(
                word,
                "!" | "{" | "(" | "time" | "if" | "while" | "until" | "then" | "do"
            )
        {
            continue;
        }
        let name = name_of(word);
        if name.is_empty() {
            continue;
        }
        let Some(with_value) = options_with_value(name) else {
            found = Some(name.to_owned());
            break;
        };
        found = Some(name.to_owned());
        // Its options, and the values of those that have one.
        while let Some(option) = words
            .peek()
            .filter(|word| word.starts_with('-') && word.len() > 1)
        {
            let takes_value = option.len() == 2
                && option
                    .chars()
                    .nth(1)
                    .is_some_and(|o| with_value.contains(o))
                || matches!(
                    *option,
                    "--user" | "--group" | "--host" | "--chdir" | "--prompt"
                );
            let last = *option == "--";
            words.next();
            if takes_value {
                words.next();
            }
            if last {
                break;
            }
        }
        if name == "timeout" {
            words.next();
        }
    }
    found.filter(|name| name.chars().count() <= 255)
}

/// The one-letter options that take a value, of a program that runs another.
fn options_with_value(name: &str) -> Option<&'static str> {
    Some(match name {
        "sudo" => "ugpChrtTURD",
        "doas" => "uC",
        "env" => "uSC",
        "nice" => "n",
        "ionice" => "cnp",
        "timeout" => "ks",
        "chrt" | "taskset" => "pc",
        "stdbuf" => "ioe",
        "strace" | "ltrace" => "eopsuaEPIbX",
        "xargs" => "aEILnPsd",
        "command" | "builtin" | "exec" | "nohup" | "setsid" | "eatmydata" | "proxychains"
        | "proxychains4" | "caffeinate" | "catchsegv" | "unbuffer" | "time" => "",
        _ => return None,
    })
}

/// The name of a program without its folder.
pub(in crate::moments) fn name_of(path: &str) -> &str {
    let path = path.trim_end_matches(['/', '\\']);
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+'))
    })
}

/// The words of the first simple command of a line, quotes taken off.
fn words(command: &str) -> Vec<String> {
    const MAX: usize = 64;
    let (mut words, mut word, mut any) = (Vec::new(), String::new(), false);
    let mut quote = None;
    let mut chars = command.trim_start().chars();
    while let Some(char) = chars.next() {
        match (quote, char) {
            (Some(open), _) if char == open => quote = None,
            (Some(_), _) => word.push(char),
            (None, '\'' | '"') => (quote, any) = (Some(char), true),
            (None, '\\') => match chars.next() {
                Some('\n') | None => {}
                Some(escaped) if escaped.is_whitespace() => word.push(escaped),
                // A folder of Windows, or `\ls`, which is no alias.
                Some(escaped) => {
                    if !word.is_empty() {
                        word.push('\\');
                    }
                    word.push(escaped);
                }
            },
            (None, ';' | '|' | '&' | '<' | '>' | '\n') if !word.is_empty() || !words.is_empty() => {
                break;
            }
            (None, '(' | ')' | ';' | '|' | '&' | '<' | '>') => {}
            (None, _) if char.is_whitespace() => {
                if any || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                    any = false;
                }
                if words.len() >= MAX {
                    return words;
                }
            }
            (None, _) => word.push(char),
        }
    }
    if any || !word.is_empty() {
        words.push(word);
    }
    words
}

const SHELLS: &[&str] = &[
    "sh",
    "bash",
    "zsh",
    "fish",
    "dash",
    "ksh",
    "ksh93",
    "mksh",
    "ash",
    "csh",
    "tcsh",
    "busybox",
    "pwsh",
    "powershell",
    "powershell.exe",
    "cmd",
    "cmd.exe",
    "nu",
    "elvish",
    "xonsh",
    "rbash",
    "login",
];
/// Programs that bring a person to a shell, here or elsewhere.
const LEAD_TO_SHELLS: &[&str] = &[
    "ssh",
    "su",
    "sudo",
    "doas",
    "telnet",
    "mosh",
    "tmux",
    "screen",
    "zellij",
    "byobu",
    "docker",
    "podman",
    "nerdctl",
    "kubectl",
    "oc",
    "lxc",
    "incus",
    "machinectl",
    "systemd-nspawn",
    "nsenter",
    "unshare",
    "chroot",
    "newgrp",
    "sg",
    "script",
    "asciinema",
    "tlog-rec",
    "tlog-rec-session",
    "ttyrec",
    "nix-shell",
    "nix",
    "pipenv",
    "poetry",
    "conda",
    "vagrant",
    "wsl",
    "wsl.exe",
    "runuser",
    "pkexec",
    "env",
    "exec",
    "minicom",
    "picocom",
    "virsh",
    "tsh",
    "teleport",
    "aws",
    "gcloud",
    "az",
    "toolbox",
    "distrobox",
    "flatpak",
];
/// Programs that ask for lines in a language of their own, and what they are called together.
const LANGUAGES: &[(&str, &str)] = &[
    ("python", "python"),
    ("ipython", "python"),
    ("pypy", "python"),
    ("bpython", "python"),
    ("ptpython", "python"),
    ("node", "node"),
    ("nodejs", "node"),
    ("deno", "deno"),
    ("bun", "bun"),
    ("irb", "irb"),
    ("pry", "pry"),
    ("rails", "rails"),
    ("php", "php"),
    ("perl", "perl"),
    ("lua", "lua"),
    ("luajit", "lua"),
    ("ghci", "ghci"),
    ("scala", "scala"),
    ("jshell", "jshell"),
    ("erl", "erl"),
    ("iex", "iex"),
    ("julia", "julia"),
    ("R", "R"),
    ("octave", "octave"),
    ("gnuplot", "gnuplot"),
    ("sqlite", "sqlite"),
    ("mysql", "mysql"),
    ("mariadb", "mysql"),
    ("psql", "psql"),
    ("sqlplus", "sqlplus"),
    ("sqlcmd", "sqlcmd"),
    ("redis-cli", "redis-cli"),
    ("mongo", "mongo"),
    ("mongosh", "mongosh"),
    ("cqlsh", "cqlsh"),
    ("influx", "influx"),
    ("clickhouse-client", "clickhouse-client"),
    ("gdb", "gdb"),
    ("lldb", "lldb"),
    ("pdb", "pdb"),
    ("bc", "bc"),
    ("dc", "dc"),
    ("ed", "ed"),
    ("ftp", "ftp"),
    ("lftp", "lftp"),
    ("sftp", "sftp"),
    ("smbclient", "smbclient"),
    ("ldapmodify", "ldapmodify"),
    ("nslookup", "nslookup"),
    ("openssl", "openssl"),
    ("parted", "parted"),
    ("fdisk", "fdisk"),
    ("gdisk", "gdisk"),
    ("bluetoothctl", "bluetoothctl"),
    ("nmcli", "nmcli"),
    ("vtysh", "vtysh"),
    ("msfconsole", "msfconsole"),
    ("crash", "crash"),
    ("guestfish", "guestfish"),
];

/// The name of the language that a program of this name is asked in: `python` for `python3.11`.
pub(super) fn language(program: &str) -> Option<&'static str> {
    let name = program.strip_suffix(".exe").unwrap_or(program);
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-'));
    let known = LANGUAGES
        .iter()
        .find(|(known, _)| *known == name || *known == plain);
    known.map(|(_, language)| *language)
}

/// Whether the program brings a person to the prompt of a shell.
pub(super) fn leads_to_shell(program: &str) -> bool {
    let program = program.trim_start_matches('-');
    SHELLS.contains(&program) || LEAD_TO_SHELLS.contains(&program)
}

/// Whether a command of this program is a place where commands are typed: a shell or something that
/// leads to one, or a language without a script.
pub(in crate::moments) fn prompts(program: &str, command: &str) -> bool {
    let program = program.trim_start_matches('-');
    if LEAD_TO_SHELLS.contains(&program) {
        return true;
    }
    // `bash -c '…'` and `python3 report.py` do one thing.
    let arguments = words(command);
    let mut behind = arguments
        .iter()
        .skip_while(|word| name_of(word).trim_start_matches('-') != program)
        .skip(1);
    if SHELLS.contains(&program) {
        return behind.all(|word| word.starts_with('-') && !word.contains('c'));
    }
    language(program).is_some() && behind.all(|word| word.starts_with('-') && word != "-c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_the_first_word_that_is_one() {
        let cases = [
            ("ls -l", Some("ls")),
            ("/usr/bin/vim.tiny x", Some("vim.tiny")),
            ("A=1 B='x y' make all", Some("make")),
            (
                "sudo -u root env LANG=C nice -n 5 cat /etc/shadow",
                Some("cat"),
            ),
            ("sudo -i", Some("sudo")),
            ("sudo --user=root -- systemctl restart x", Some("systemctl")),
            ("timeout 5 curl x", Some("curl")),
            ("(cd /tmp; ls)", Some("cd")),
            ("cat<x", Some("cat")),
            ("\"/opt/my tool/run\" now", Some("run")),
            ("C:\\Windows\\System32\\whoami.exe /all", Some("whoami.exe")),
            ("for i in 1 2; do echo $i; done", Some("for")),
            ("X=1", None),
            ("", None),
            ("# a comment", None),
        ];
        for (command, want) in cases {
            assert_eq!(of(command).as_deref(), want, "{command}");
        }
    }

    #[test]
    fn a_place_where_commands_are_typed_is_told_from_a_command() {
        let cases = [
            ("/bin/bash", true),
            ("-bash", true),
            ("bash -l", true),
            ("PS1=\"> \" bash", true),
            ("bash -c 'make all'", false),
            ("bash deploy.sh", false),
            ("python3 -q", true),
            ("python3 report.py", false),
            ("ssh host", true),
            ("sudo -i", true),
            ("sudo wc -l /etc/shadow", false),
            ("htop", false),
        ];
        for (command, want) in cases {
            let found = of(command).is_some_and(|program| prompts(&program, command));
            assert_eq!(found, want, "{command}");
        }
        assert_eq!(language("python3.11"), Some("python"));
        assert_eq!(language("sqlite3"), Some("sqlite"));
        assert_eq!(language("vim"), None);
    }
}
