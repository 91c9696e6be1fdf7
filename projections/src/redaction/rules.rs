//! What counts as a secret in a text.

use std::ops::Range;

use regex::{Regex, RegexSet};
use retrace_core::settings::{Redaction, expression};

/// What stands in the place of what is hidden. Always as long, so that it does not tell how long that is.
pub const MASK: &str = "••••••••";

/// Secrets that are known by their looks. Of those with a group, only the group is hidden. What begins a token of a known
/// kind is hidden from there on, however short: it may still be being written.
const KNOWN: &[&str] = &[
    // AWS access keys, GitHub, GitLab, Slack, Stripe, Google, npm, Hashicorp Vault
    r"\b(?:AKIA|ASIA)([0-9A-Z]+)",
    r"\b(?:gh[opsru]_|github_pat_)(\w+)",
    r"\bglpat-([\w-]+)",
    r"\bxox[abeoprs]-([\w-]+)",
    r"\b(?:sk|rk)_live_(\w+)",
    r"\bAIza([\w-]{10,})",
    r"\bnpm_(\w{10,})",
    r"\bhvs\.([\w-]+)",
    // JSON web tokens
    r"\beyJ([\w-]{8,}[\w.-]*)",
    r"(?i)\bbearer\s+([\w.~+/-]{8,}=*)",
    r"(?i)\bauthorization:\s*(?:basic|bearer|token)\s+(\S+)",
    // command lines and addresses
    r"\b(?:mysql|mysqldump|mysqladmin|mariadb)\s(?:.*\s)?-p([^\s]+)",
    r"\bsshpass\s+(?:.*\s)?-p\s*(\S+)",
    r"\bcurl\s(?:.*\s)?(?:-u|--user)[ =]?[^\s:]+:(\S+)",
    r"\b[a-z][a-z0-9+.-]*://[^\s/:@]+:([^\s/@]+)@",
];

/// What follows the name of a secret field, `{}`, is hidden: where it is assigned, in JSON, in YAML, and as an option of a
/// command.
const FIELDS: &[&str] = &[
    r#"(?i)(?:{})\w*=["']?([^\s"'&;,$][^\s"'&;,]*)"#,
    r#"(?i)["'][\w.-]*(?:{})\w*["']\s*:\s*["']([^"']+)"#,
    r"(?i)^\s*(?:- )?[\w.-]*(?:{}):\s+(\S+)(?:\s+#.*)?\s*$",
    r#"(?i)(?:^|\s)--?(?:{})[ =]["']?([^\s"'$-][^\s"']*)"#,
];

/// Expressions for the fields that a setting names, divided by commas. `api_key` is also `apiKey`, `API-KEY` and `api key`.
fn of_fields(names: &str) -> impl Iterator<Item = String> {
    let names: Vec<String> = names
        .split(',')
        .map(|name| {
            let words = name.split(['_', '-', ' ']).filter(|word| !word.is_empty());
            words.map(regex::escape).collect::<Vec<_>>().join("[_ -]?")
        })
        .filter(|name| !name.is_empty())
        .collect();
    let expressions = if names.is_empty() { &[] } else { FIELDS };
    let any = names.join("|");
    expressions
        .iter()
        .map(move |expression| expression.replace("{}", &any))
}

/// The rules by which a session is looked through. Matching takes linear time, whatever the text.
#[derive(Debug)]
pub struct Rules {
    unechoed: bool,
    keys: bool,
    prompts: Option<Regex>,
    any: RegexSet,
    each: Vec<Regex>,
}

/// Longer texts are looked through in pieces of so many bytes.
const PIECE_BYTES: usize = 64 << 10;

impl Rules {
    /// The rules that the settings make. An expression that is none is left out: settings do not take such.
    #[must_use]
    pub fn new(settings: &Redaction) -> Self {
        let known = KNOWN.iter().copied().filter(|_| settings.known_secrets);
        let own = Some(&*settings.patterns).filter(|own| !own.is_empty());
        let fields = of_fields(&settings.fields);
        let each: Vec<Regex> = known
            .chain(own)
            .map(str::to_owned)
            .chain(fields)
            .filter_map(|text| expression(&text).ok())
            .collect();
        let any =
            RegexSet::new(each.iter().map(Regex::as_str)).unwrap_or_else(|_| RegexSet::empty());
        let prompts = Some(&*settings.prompts).filter(|prompts| !prompts.is_empty());
        Self {
            unechoed: settings.unechoed,
            keys: settings.known_secrets,
            prompts: prompts.and_then(|prompts| expression(prompts).ok()),
            any,
            each,
        }
    }

    /// Whether what is typed unseen is hidden.
    #[must_use]
    pub fn hides_unechoed(&self) -> bool {
        self.unechoed
    }

    /// Whether a line of the screen, up to the cursor, asks for a secret.
    #[must_use]
    pub fn asks(&self, before_cursor: &str) -> bool {
        let asks = |prompts: &Regex| prompts.is_match(before_cursor);
        self.prompts.as_ref().is_some_and(asks)
    }

    /// Where the secrets are in one line, in order and without overlaps.
    #[must_use]
    pub fn secrets(&self, line: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        for (start, piece) in pieces(line) {
            if !self.any.is_match(piece) {
                continue;
            }
            for index in self.any.matches(piece) {
                for captures in self.each[index].captures_iter(piece) {
                    let whole = captures.get(0).map(|group| group.range());
                    let groups = captures.iter().skip(1).flatten().map(|group| group.range());
                    let before = found.len();
                    found.extend(groups.map(|range| range.start + start..range.end + start));
                    if found.len() == before {
                        found.extend(whole.map(|range| range.start + start..range.end + start));
                    }
                }
            }
        }
        merged(found)
    }

    /// Where the secrets are in a text of any number of lines, private keys included.
    #[must_use]
    pub fn secrets_in_lines(&self, text: &str) -> Vec<Range<usize>> {
        let (mut found, mut block, mut start) = (Vec::new(), KeyBlock::default(), 0);
        for line in text.split_inclusive(['\n', '\r']) {
            let content = line.trim_end_matches(['\n', '\r']);
            if self.keys && block.hides(content) {
                found.push(start..start + content.len());
            } else {
                let secrets = self.secrets(content).into_iter();
                found.extend(secrets.map(|range| range.start + start..range.end + start));
            }
            start += line.len();
        }
        merged(found)
    }

    /// Whether private keys are hidden.
    #[must_use]
    pub fn hides_private_keys(&self) -> bool {
        self.keys
    }
}

/// Pieces of a long line, and where they begin.
fn pieces(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = line.get(start..).filter(|rest| !rest.is_empty())?;
        let mut end = rest.len().min(PIECE_BYTES);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let piece = (start, &rest[..end]);
        start += end;
        Some(piece)
    })
}

fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.retain(|range| !range.is_empty());
    ranges.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// The text with the ranges, which are in order, replaced by [`MASK`].
#[must_use]
pub fn masked(text: &str, ranges: &[Range<usize>]) -> String {
    let (mut shown, mut at) = (String::with_capacity(text.len()), 0);
    for range in ranges {
        shown.push_str(text.get(at..range.start).unwrap_or_default());
        shown.push_str(MASK);
        at = range.end;
    }
    shown.push_str(text.get(at..).unwrap_or_default());
    shown
}

/// Follows lines through a private key in the form of PEM (RFC 7468).
#[derive(Debug, Clone, Copy, Default)]
pub struct KeyBlock {
    inside: bool,
}

impl KeyBlock {
    /// Takes the next line, and answers whether it is a part of a key that is to be hidden.
    pub fn hides(&mut self, line: &str) -> bool {
        let line = line.trim();
        if line.contains("-----BEGIN ") && line.contains("PRIVATE KEY-----") {
            self.inside = true;
            return false;
        }
        if self.inside && line.contains("-----END ") {
            self.inside = false;
            return false;
        }
        // The headers of a key that is encrypted, and what a shell shows before each line of a text that is typed in.
        let content = line.strip_prefix("> ").unwrap_or(line);
        let is_header = ["Proc-Type:", "DEK-Info:", "Comment:"]
            .iter()
            .any(|header| content.starts_with(header));
        self.inside = self.inside && (is_header || content.bytes().all(is_base64));
        self.inside && !content.is_empty() && !is_header
    }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;

    fn rules() -> &'static Rules {
        static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::new(&Redaction::default()));
        &RULES
    }

    fn shown(text: &str) -> String {
        masked(text, &rules().secrets_in_lines(text))
    }

    #[test]
    fn secrets_are_known_by_their_looks() {
        let cases = [
            (
                "export GH=ghp_16C7e42F292c6912E7710c838347Ae178B4a",
                "export GH=ghp_••••••••",
            ),
            ("AKIAIOSFODNN7EXAMPLE x", "AKIA•••••••• x"),
            ("xoxb-12-ab", "xoxb-••••••••"),
            (
                "Authorization: Bearer abc.def",
                "Authorization: Bearer ••••••••",
            ),
            (
                "x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc y",
                "x eyJ•••••••• y",
            ),
            ("DB_PASSWORD=hunter2 run", "DB_PASSWORD=•••••••• run"),
            ("password='a b'", "password='•••••••• b'"),
            ("{\"api_key\": \"abc\"}", "{\"api_key\": \"••••••••\"}"),
            ("  password: hunter2", "  password: ••••••••"),
            ("- api-key: abc # ours", "- api-key: •••••••• # ours"),
            ("{'apiKey': 'abc'}", "{'apiKey': '••••••••'}"),
            (
                "mysql -u root -phunter2 shop",
                "mysql -u root -p•••••••• shop",
            ),
            ("tool --token abc", "tool --token ••••••••"),
            ("curl -u ops:pw https://x", "curl -u ops:•••••••• https://x"),
            (
                "git clone https://ops:pw@host/x",
                "git clone https://ops:••••••••@host/x",
            ),
            ("sshpass -p pw ssh x", "sshpass -p •••••••• ssh x"),
        ];
        for (text, want) in cases {
            assert_eq!(shown(text), want, "{text}");
        }
    }

    #[test]
    fn what_speaks_of_secrets_is_none() {
        for text in [
            "read -s -p 'token: ' t; echo got ${#t}",
            "passwd: password updated successfully",
            "/etc/passwd:root:x:0:0:root:/root:/bin/bash",
            "[sudo] password for ops: ",
            "grep -c . /etc/shadow",
            "mysql -u root -p",
            "PASSWORD=$(cat file)",
            "PASSWORD=$PW",
            "the bearer of this",
            "mkdir -p ~/batch/{a,b,c}; ls ~/batch",
            "https://example.com:8080/a@b",
            "ssh-keygen -t ed25519 -f key",
        ] {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn a_private_key_is_hidden_from_its_first_line_to_its_last() {
        let text = "$ cat id\n-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIEow==\nAb+/\n-----END RSA PRIVATE KEY-----\nMIIE\n";
        let want = "$ cat id\n-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n••••••••\n••••••••\n-----END RSA PRIVATE KEY-----\nMIIE\n";
        assert_eq!(shown(text), want);
        let cut = "-----BEGIN PRIVATE KEY-----\nabc=\n$ ls\nabc\n";
        assert_eq!(
            shown(cut),
            "-----BEGIN PRIVATE KEY-----\n••••••••\n$ ls\nabc\n"
        );
    }

    #[test]
    fn a_line_that_asks_is_told_from_one_that_is_typed() {
        let cases = [
            ("[sudo] password for ops: ", true),
            ("Password: ", true),
            ("Password:", true),
            ("(current) UNIX password: ", true),
            ("ops@db-1's password: ", true),
            ("Enter passphrase for key '/home/ops/.ssh/id': ", true),
            ("Enter PIN for token: ", true),
            ("token: ", true),
            ("ops@bastion-1:~$ read -s -p 'token: ", false),
            ("mysql> set password: ", false),
            ("Name: ", false),
            ("Password", false),
            ("pinned: ", false),
        ];
        for (line, want) in cases {
            assert_eq!(rules().asks(line), want, "{line}");
        }
    }

    #[test]
    fn fields_that_are_named_are_secret_and_no_others() {
        let rules = Rules::new(&Redaction {
            fields: " pin code,, iban(x) ".into(),
            ..Redaction::default()
        });
        let cases = [
            ("PIN_CODE=12 x", "PIN_CODE=•••••••• x"),
            ("{\"pinCode\": \"12\"}", "{\"pinCode\": \"••••••••\"}"),
            ("pay --pin-code 12", "pay --pin-code ••••••••"),
            ("iban(x)=DE1", "iban(x)=••••••••"),
            ("password=x", "password=x"),
        ];
        for (text, want) in cases {
            assert_eq!(masked(text, &rules.secrets(text)), want, "{text}");
        }
    }

    #[test]
    fn own_expressions_hide_what_they_say() {
        let rules = Rules::new(&Redaction {
            patterns: "ticket-(\\d+)|internal".into(),
            known_secrets: false,
            fields: "".into(),
            ..Redaction::default()
        });
        let text = "an internal ticket-77 password=x";
        assert_eq!(
            masked(text, &rules.secrets(text)),
            "an •••••••• ticket-•••••••• password=x"
        );
    }
}
