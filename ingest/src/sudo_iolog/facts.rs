//! What `log.json` and `log` tell.

use retrace_core::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::terminal::Size;

/// Who ran what, as whom, where and when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) started_at: Option<Timestamp>,
    pub(super) user: Option<String>,
    pub(super) run_as: Option<String>,
    pub(super) host: Option<String>,
    pub(super) command: Option<String>,
    pub(super) size: Option<Size>,
    pub(super) exit_status: Option<i32>,
}

/// `log.json`. Fields of another shape are as good as absent.
#[derive(Deserialize)]
struct Json {
    timestamp: Option<Value>,
    submituser: Option<Value>,
    runuser: Option<Value>,
    submithost: Option<Value>,
    command: Option<Value>,
    runargv: Option<Value>,
    columns: Option<Value>,
    lines: Option<Value>,
    exit_value: Option<Value>,
}

impl Facts {
    /// Reads `log.json`. `None` when it is no such object.
    pub(super) fn of_json(text: &[u8]) -> Option<Self> {
        let json: Json = serde_json::from_slice(text).ok()?;
        let text = |value: &Option<Value>| {
            let text = value.as_ref()?.as_str()?;
            (!text.is_empty()).then(|| text.to_owned())
        };
        let number = |value: &Option<Value>| value.as_ref()?.as_u64();
        let side = |value| u32::try_from(number(value)?).ok();
        let started_at = json.timestamp.as_ref().and_then(|time| {
            let part = |name| time.get(name).and_then(Value::as_u64);
            at(part("seconds")?, part("nanoseconds").unwrap_or(0))
        });
        // Whoever has neither a user nor a command is no log of sudo.
        let user = text(&json.submituser);
        let path = text(&json.command);
        if user.is_none() && path.is_none() {
            return None;
        }
        let arguments = json.runargv.as_ref().and_then(Value::as_array);
        let arguments = arguments.into_iter().flatten().skip(1);
        let words = arguments.filter_map(Value::as_str).map(str::to_owned);
        let command = path.map(|path| std::iter::once(path).chain(words).collect::<Vec<_>>());
        let exit_value = json.exit_value.as_ref().and_then(Value::as_i64);
        Some(Self {
            started_at,
            user,
            run_as: text(&json.runuser),
            host: text(&json.submithost),
            command: command.map(|words| words.join(" ")),
            size: side(&json.columns)
                .zip(side(&json.lines))
                .and_then(|(columns, rows)| Size::new(columns, rows)),
            exit_status: exit_value.and_then(|status| i32::try_from(status).ok()),
        })
    }

    /// Reads `log`: a line `seconds:user:run as:group:terminal:rows:columns` (of old versions without the
    /// last two), a line with the folder, a line with the command. `None` when it is none.
    pub(super) fn of_lines(text: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(text);
        let mut lines = text.lines();
        let fields: Vec<&str> = lines.next()?.split(':').collect();
        let [seconds, user, run_as, _group, _terminal, size @ ..] = &fields[..] else {
            return None;
        };
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let size = match size {
            [rows, columns] => columns.parse().ok().zip(rows.parse().ok()),
            _ => None,
        };
        let (_folder, command) = (lines.next(), lines.next());
        Some(Self {
            started_at: Some(at(seconds.parse().ok()?, 0)?),
            user: text(user),
            run_as: text(run_as),
            host: None,
            command: command.and_then(text),
            size: size.and_then(|(columns, rows)| Size::new(columns, rows)),
            exit_status: None,
        })
    }

    /// These, and where they are not known the others.
    pub(super) fn or(self, others: Self) -> Self {
        Self {
            started_at: self.started_at.or(others.started_at),
            user: self.user.or(others.user),
            run_as: self.run_as.or(others.run_as),
            host: self.host.or(others.host),
            command: self.command.or(others.command),
            size: self.size.or(others.size),
            exit_status: self.exit_status.or(others.exit_status),
        }
    }
}

fn at(seconds: u64, nanoseconds: u64) -> Option<Timestamp> {
    let us = seconds
        .checked_mul(1_000_000)?
        .checked_add(nanoseconds / 1_000)?;
    Timestamp::from_micros(i64::try_from(us).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_log_tell_who_ran_what() {
        let json = br#"{"timestamp": {"seconds": 1795214412, "nanoseconds": 170856807},
            "submituser": "ops", "command": "/usr/bin/wc", "runuser": "root", "ttyname": "/dev/pts/2",
            "submithost": "bastion-1", "columns": 120, "lines": 38, "exit_value": 1,
            "runargv": ["wc", "-l", "/etc/shadow"]}"#;
        let facts = Facts::of_json(json).unwrap();
        assert_eq!(
            facts,
            Facts {
                started_at: Some("2026-11-20T22:40:12.170856Z".parse().unwrap()),
                user: Some("ops".to_owned()),
                run_as: Some("root".to_owned()),
                host: Some("bastion-1".to_owned()),
                command: Some("/usr/bin/wc -l /etc/shadow".to_owned()),
                size: Size::new(120, 38),
                exit_status: Some(1),
            }
        );
        let lines =
            b"1795214412:ops:root::/dev/pts/2:38:120\n/home/ops\n/usr/bin/wc -l /etc/shadow\n";
        let older = Facts {
            started_at: Some("2026-11-20T22:40:12Z".parse().unwrap()),
            host: None,
            exit_status: None,
            ..facts
        };
        assert_eq!(Facts::of_lines(lines).unwrap(), older);
        let short = b"1795214412:ops:root::\n/home/ops\n/bin/sh";
        assert_eq!(Facts::of_lines(short).unwrap().size, None);
    }

    #[test]
    fn what_is_not_such_a_log_tells_nothing() {
        for text in ["", "{", "[]", "{}", "{\"submituser\": 5}", "null"] {
            assert_eq!(Facts::of_json(text.as_bytes()), None, "{text}");
        }
        for text in [
            "",
            "ops:root",
            "x:ops:root::tty",
            "99999999999999999999:a:b::c",
        ] {
            assert_eq!(Facts::of_lines(text.as_bytes()), None, "{text}");
        }
    }
}
