//! The directory that a shell is in, followed through `cd` where nothing says it.
//!
//! Directories stand as they are shown: `~` and what follows it is kept.

/// The most characters of a directory.
const CHARS_MAX: usize = 4_096;

/// Where a shell is, and where it was before.
#[derive(Debug, Clone, Default)]
pub(super) struct Directory {
    now: Option<String>,
    before: Option<String>,
    /// What `pushd` left.
    pushed: Vec<String>,
}

impl Directory {
    pub(super) fn now(&self) -> Option<&str> {
        self.now.as_deref()
    }

    /// Something that knows says where the shell is.
    pub(super) fn is(&mut self, directory: &str) {
        let directory: String = directory.chars().take(CHARS_MAX).collect();
        if self.now.as_deref() != Some(directory.as_str()) {
            self.before = self.now.replace(directory);
        }
    }

    /// The shell has run a command line.
    pub(super) fn ran(&mut self, command: &str) {
        if command.len() > CHARS_MAX {
            return;
        }
        for part in command.split([';', '\n']).flat_map(|part| part.split("&&")) {
            // What is piped or grouped runs in a shell of its own.
            if part.contains(['|', '(', ')']) || part.trim_end().ends_with('&') {
                continue;
            }
            let mut words = part.split_whitespace();
            let word = words.next();
            let to = words.find(|word| !matches!(*word, "--" | "-P" | "-L"));
            match (word, to) {
                (Some("cd"), None) => self.go("~"),
                (Some("cd"), Some("-")) => {
                    if let Some(before) = self.before.clone() {
                        self.go(&before);
                    } else {
                        self.now = None;
                    }
                }
                (Some("cd" | "chdir"), Some(to)) => self.go(to),
                (Some("pushd"), Some(to)) => {
                    if self.pushed.len() < 64 {
                        self.pushed.extend(self.now.clone());
                    }
                    self.go(to);
                }
                (Some("popd"), None) => match self.pushed.pop() {
                    Some(directory) => self.go(&directory),
                    None => self.now = None,
                },
                _ => {}
            }
        }
    }

    fn go(&mut self, to: &str) {
        let to = to.trim_matches(['"', '\'']);
        // Only the shell knows what these stand for.
        if to.contains(['$', '`', '*', '?', '{', '\\']) {
            self.now = None;
            return;
        }
        let is_whole = to.starts_with(['/', '~']);
        let joined = match &self.now {
            _ if is_whole => to.to_owned(),
            Some(now) => format!("{}/{to}", now.trim_end_matches('/')),
            None => return,
        };
        match clean(&joined) {
            Some(directory) => self.is(&directory),
            None => self.now = None,
        }
    }
}

/// The path without `.` and `..`; none where that is not known, as above `~`.
fn clean(path: &str) -> Option<String> {
    let root = if path.starts_with('/') { "/" } else { "" };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.pop() {
                Some(part) if part.starts_with('~') && root.is_empty() && parts.is_empty() => {
                    return None;
                }
                Some(_) => {}
                None if root.is_empty() => return None,
                None => {}
            },
            part => parts.push(part),
        }
    }
    Some(format!("{root}{}", parts.join("/")))
}

/// The directory that an operating system command tells of, if it tells of one.
pub(super) fn told_by(command: &str) -> Option<String> {
    if let Some(url) = command.strip_prefix("7;") {
        let path = match url.split_once("://") {
            Some((_, rest)) => &rest[rest.find('/')?..],
            None => url,
        };
        return Some(unescaped(path)).filter(|path| !path.is_empty());
    }
    let path = command
        .strip_prefix("1337;CurrentDir=")
        .or_else(|| command.strip_prefix("633;P;Cwd="))
        .or_else(|| command.strip_prefix("9;9;"))?;
    let path = path.trim_matches('"');
    (!path.is_empty()).then(|| path.to_owned())
}

/// Takes percent signs and two hexadecimal digits for bytes.
pub(super) fn unescaped(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes
            .get(at + 1..at + 3)
            .filter(|_| bytes[at] == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_is_followed_through_cd() {
        let cases = [
            ("~", "cd logs; ls -l", Some("~/logs")),
            ("~/logs", "cd ..", Some("~")),
            ("~", "cd ..", None),
            ("~/logs", "cd", Some("~")),
            ("/etc", "cd ssl/../cron.d/ && ls", Some("/etc/cron.d")),
            ("/etc", "cd ../../..", Some("/")),
            ("/etc", "mkdir -p x && cd \"x\"", Some("/etc/x")),
            ("/etc", "(cd /tmp; ls)", Some("/etc")),
            ("/etc", "cd /tmp | cat", Some("/etc")),
            ("/etc", "cd $HOME", None),
            ("/etc", "echo cd /tmp", Some("/etc")),
            ("/etc", "cd /tmp; cd -", Some("/etc")),
            ("/etc", "pushd /tmp; popd", Some("/etc")),
        ];
        for (from, command, want) in cases {
            let mut directory = Directory::default();
            directory.is(from);
            directory.ran(command);
            assert_eq!(directory.now(), want, "{command} in {from}");
        }
    }

    #[test]
    fn a_shell_tells_where_it_is() {
        let cases = [
            ("7;file://host/home/ops/a%20b", Some("/home/ops/a b")),
            ("7;file:///tmp", Some("/tmp")),
            ("7;kitty-shell-cwd://h/x%", Some("/x%")),
            ("7;", None),
            ("1337;CurrentDir=/srv", Some("/srv")),
            ("633;P;Cwd=/srv/x", Some("/srv/x")),
            ("9;9;\"C:\\Users\"", Some("C:\\Users")),
            ("0;title", None),
        ];
        for (command, want) in cases {
            assert_eq!(told_by(command).as_deref(), want, "{command}");
        }
    }
}
