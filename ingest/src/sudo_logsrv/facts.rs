//! Who ran what, where and as whom: the event log variables of `sudo_logsrv.proto(5)`.
//!
//! Environments (`runenv`, `submitenv`) are left out: they hold secrets, and nobody looks for them.
//! Everything else is kept, within limits: what is longer is cut off and ends in `…`.

use retrace_core::event::{ProcessStarted, SessionLaunched};

use super::PROTOCOL;
use super::messages::{InfoMessage, InfoValue};

/// Limits on texts, in bytes of JSON: together they leave room in a leaf of 64 KiB.
const COMMAND_MAX: usize = 24 << 10;
const ARGUMENTS_MAX: usize = 40 << 10;
const PATH_MAX: usize = 4 << 10;
const NAME_MAX: usize = 1 << 10;
const GROUPS_MAX: usize = 8 << 10;
const OTHERS_MAX: usize = 16 << 10;
const CUT: &str = "…";

/// What is known of a command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The full path of the program; empty when sudo did not say it.
    pub command: String,
    /// Its arguments, the program's name first.
    pub arguments: Vec<String>,
    /// The user it runs as.
    pub run_user: Option<String>,
    /// The user who runs sudo.
    pub submit_user: Option<String>,
    /// The machine.
    pub submit_host: Option<String>,
    /// The groups of the user who runs sudo.
    pub submit_groups: Vec<String>,
    /// Columns of the terminal.
    pub columns: Option<u32>,
    /// Rows of the terminal.
    pub rows: Option<u32>,
    /// Everything else that was said: a line of `key: value` for each.
    pub others: String,
}

impl Facts {
    /// Reads the pairs of a message. Of a key that occurs twice the last is meant.
    pub fn of(pairs: &[InfoMessage]) -> Self {
        let mut facts = Self::default();
        for InfoMessage { key, value } in pairs {
            let Some(value) = value else { continue };
            match (key.as_slice(), value) {
                (b"runenv" | b"submitenv", _) => {}
                (b"command", InfoValue::Text(text)) => facts.command = clipped(text, PATH_MAX),
                (b"runargv", InfoValue::Texts(list)) => {
                    facts.arguments = clipped_all(&list.strings, ARGUMENTS_MAX);
                }
                (b"runuser", InfoValue::Text(text)) => facts.run_user = name(text),
                (b"submituser", InfoValue::Text(text)) => facts.submit_user = name(text),
                (b"submithost", InfoValue::Text(text)) => facts.submit_host = name(text),
                (b"submitgroups", InfoValue::Texts(list)) => {
                    facts.submit_groups = clipped_all(&list.strings, GROUPS_MAX);
                }
                (b"columns", InfoValue::Number(number)) => facts.columns = size(*number),
                (b"lines", InfoValue::Number(number)) => facts.rows = size(*number),
                (key, value) => facts.add_other(key, value),
            }
        }
        facts.others = clipped(facts.others.as_bytes(), OTHERS_MAX);
        facts
    }

    /// Adds what the server itself knows of the client. It comes before what the client says.
    pub fn add(&mut self, facts: &[(&str, String)]) {
        let mut lines: Vec<String> = facts
            .iter()
            .map(|(key, value)| format!("{key}: {value}"))
            .collect();
        if !self.others.is_empty() {
            lines.push(std::mem::take(&mut self.others));
        }
        self.others = lines.join("\n");
    }

    /// The command line as people write it: the full path, and the arguments, quoted where a shell
    /// would need it.
    pub fn command_line(&self) -> String {
        let arguments = self.arguments.iter().map(String::as_str);
        let words: Vec<&str> = if self.command.is_empty() {
            arguments.collect()
        } else {
            // The program's own idea of its name (`-bash`) says less than its path.
            std::iter::once(self.command.as_str())
                .chain(arguments.skip(1))
                .collect()
        };
        let words: Vec<String> = words.into_iter().map(quoted).collect();
        clipped(words.join(" ").as_bytes(), COMMAND_MAX)
    }

    /// The event that stands for the launch of the session, under the policy of that name.
    pub fn launch(&self, policy: &str) -> SessionLaunched {
        let target = match (&self.run_user, &self.submit_host) {
            (Some(user), Some(host)) => Some(format!("{user}@{host}")),
            (Some(user), None) => Some(user.clone()),
            (None, _) => None,
        };
        let command = self.command_line();
        SessionLaunched {
            command: (!command.is_empty()).then_some(command),
            groups: self.submit_groups.clone(),
            host: self.submit_host.clone(),
            launcher: Some("sudo".to_owned()),
            policy: Some(policy.to_owned()),
            protocol: Some(PROTOCOL.to_owned()),
            target,
            user: self.submit_user.clone(),
            ..SessionLaunched::default()
        }
    }

    /// The event that stands for the start of the command. sudo does not say its process id.
    pub fn process(&self) -> ProcessStarted {
        ProcessStarted {
            arguments: self.arguments.clone(),
            parent_pid: None,
            path: self.command.clone(),
            pid: 0,
            user: self.run_user.clone(),
        }
    }

    fn add_other(&mut self, key: &[u8], value: &InfoValue) {
        if self.others.len() > OTHERS_MAX {
            return;
        }
        let value = match value {
            InfoValue::Number(number) => number.to_string(),
            InfoValue::Text(text) => clipped(text, OTHERS_MAX),
            InfoValue::Texts(list) => clipped_all(&list.strings, OTHERS_MAX).join(" "),
            InfoValue::Numbers(list) => {
                let some = list.numbers.iter().take(1_000);
                some.map(ToString::to_string).collect::<Vec<_>>().join(" ")
            }
        };
        if !self.others.is_empty() {
            self.others.push('\n');
        }
        let key = clipped(key, NAME_MAX);
        self.others.push_str(&format!("{key}: {value}"));
    }
}

fn name(text: &[u8]) -> Option<String> {
    (!text.is_empty()).then(|| clipped(text, NAME_MAX))
}

fn size(number: i64) -> Option<u32> {
    u32::try_from(number).ok().filter(|size| *size > 0)
}

/// A text of at most `max` bytes in JSON. What is not UTF-8 becomes U+FFFD.
pub(super) fn clipped(text: &[u8], max: usize) -> String {
    // Each byte makes one in JSON at least: so what is beyond will not fit.
    let (head, rest) = text.split_at(text.len().min(max.saturating_add(4)));
    let text = String::from_utf8_lossy(head);
    let mut bytes = 0_usize;
    for (at, c) in text.char_indices() {
        bytes += json_bytes(c);
        if bytes > max {
            return format!("{}{CUT}", &text[..at]);
        }
    }
    if rest.is_empty() {
        text.into_owned()
    } else {
        format!("{text}{CUT}")
    }
}

/// As many of the texts as have at most `max` bytes in JSON together. A last one says that there are
/// more.
fn clipped_all(texts: &[Vec<u8>], max: usize) -> Vec<String> {
    // Quotes and comma.
    const EACH: usize = 3;
    let (mut kept, mut bytes) = (Vec::new(), 0_usize);
    for text in texts {
        let text = clipped(text, max);
        bytes += EACH + text.chars().map(json_bytes).sum::<usize>();
        if bytes > max {
            kept.push(CUT.to_owned());
            break;
        }
        kept.push(text);
    }
    kept
}

fn json_bytes(c: char) -> usize {
    match c {
        '"' | '\\' => 2,
        '\0'..='\x1f' => 6,
        c => c.len_utf8(),
    }
}

/// A word as a shell reads it back.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:=,+@%^".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use retrace_core::Timestamp;
    use retrace_core::event::EventBatch;

    use super::*;
    use crate::sudo_logsrv::messages::{NumberList, StringList};

    fn pair(key: &str, value: InfoValue) -> InfoMessage {
        let key = key.as_bytes().to_vec();
        let value = Some(value);
        InfoMessage { key, value }
    }

    fn text(key: &str, text: &str) -> InfoMessage {
        pair(key, InfoValue::Text(text.as_bytes().to_vec()))
    }

    fn texts(key: &str, texts: &[&str]) -> InfoMessage {
        let strings = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
        pair(key, InfoValue::Texts(StringList { strings }))
    }

    #[test]
    fn facts_are_who_where_and_what_without_the_environment() {
        let pairs = [
            text("command", "/bin/bash"),
            texts("runargv", &["-bash", "-c", "echo it's"]),
            texts("runenv", &["TOKEN=secret"]),
            text("runuser", "root"),
            text("submituser", "ops"),
            text("submithost", "bastion-1"),
            text("submitcwd", "/home/ops"),
            pair("columns", InfoValue::Number(100)),
            pair("lines", InfoValue::Number(-3)),
            pair(
                "rungids",
                InfoValue::Numbers(NumberList {
                    numbers: vec![0, 4],
                }),
            ),
        ];
        let facts = Facts::of(&pairs);
        let launch = facts.launch("default");
        assert_eq!(
            launch.command.as_deref(),
            Some(r"/bin/bash -c 'echo it'\''s'")
        );
        assert_eq!(launch.target.as_deref(), Some("root@bastion-1"));
        assert_eq!(launch.user.as_deref(), Some("ops"));
        assert_eq!((facts.columns, facts.rows), (Some(100), None));
        assert_eq!(facts.others, "submitcwd: /home/ops\nrungids: 0 4");
        assert_eq!(facts.process().arguments[0], "-bash");
        assert_eq!(Facts::of(&[]).launch("default").command, None);
    }

    proptest! {
        /// However long and strange: the events fit into leaves.
        #[test]
        fn whatever_is_said_fits_into_an_event(
            word in proptest::collection::vec(
                prop_oneof![Just(0_u8), Just(b'"'), Just(b'\''), any::<u8>()], 0..300),
            times in 1..2_000_usize,
            count in 0..400_usize,
        ) {
            let long = word.repeat(times);
            let list = InfoValue::Texts(StringList { strings: vec![word.clone(); count] });
            let keys = ["command", "runuser", "submituser", "submithost", "submitcwd"];
            let mut pairs: Vec<InfoMessage> = keys
                .map(|key| pair(key, InfoValue::Text(long.clone())))
                .to_vec();
            pairs.extend(["runargv", "submitgroups", "x"].map(|key| pair(key, list.clone())));
            let facts = Facts::of(&pairs);
            let mut batch = EventBatch::new();
            prop_assert!(batch.push(Timestamp::MIN, facts.launch("default")).is_ok());
            prop_assert!(batch.push(Timestamp::MIN, facts.process()).is_ok());
            prop_assert!(facts.others.len() <= OTHERS_MAX + CUT.len());
        }
    }
}
