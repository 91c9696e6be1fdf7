//! What a destination is.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Component, Path};
use std::str::FromStr;

use reqwest::Url;
use retrace_core::access::{Grant, Role, Scope, ScopeError, Sight};
use retrace_core::event::DestinationSet;
use retrace_core::id::InvalidName;
use retrace_core::{Position, SourceName, Timestamp};

use crate::siem::formats::{Format, UnknownFormat};
use crate::siem::sight::{InvalidFilter, TypeFilter};

/// A certificate of an authority has some thousand bytes.
const CA_BYTES_MAX: usize = 32 << 10;
const TARGET_CHARS_MAX: usize = 1_000;

/// How events are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// RFC 5426: a datagram for each event. What is lost on the way is lost.
    SyslogUdp,
    /// RFC 6587, octet counting.
    SyslogTcp,
    /// RFC 5425.
    SyslogTls,
    /// The HTTP Event Collector of Splunk.
    Hec,
    /// HTTP requests, signed.
    Webhook,
    /// Files below the folder that the server allows.
    File,
    /// A stream of NATS JetStream.
    Nats,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::SyslogUdp,
        Self::SyslogTcp,
        Self::SyslogTls,
        Self::Hec,
        Self::Webhook,
        Self::File,
        Self::Nats,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SyslogUdp => "syslog-udp",
            Self::SyslogTcp => "syslog-tcp",
            Self::SyslogTls => "syslog-tls",
            Self::Hec => "hec",
            Self::Webhook => "webhook",
            Self::File => "file",
            Self::Nats => "nats",
        }
    }

    /// What else can be said of it, with the lowest and the highest number, or nothing for a text.
    fn options(self) -> &'static [(&'static str, Option<(u64, u64)>)] {
        const BATCH: (&str, Option<(u64, u64)>) = ("batch_events", Some((1, 10_000)));
        const FRAME: (&str, Option<(u64, u64)>) = ("frame_bytes", Some((1_024, 1 << 20)));
        const FACILITY: (&str, Option<(u64, u64)>) = ("facility", Some((0, 23)));
        const HOLD: (&str, Option<(u64, u64)>) = ("hold_s", Some((0, 600)));
        match self {
            Self::SyslogUdp => &[BATCH, FACILITY, FRAME, ("hostname", None)],
            Self::SyslogTcp | Self::SyslogTls => {
                &[BATCH, FACILITY, FRAME, HOLD, ("hostname", None)]
            }
            Self::Hec => &[
                ("ack", Some((0, 1))),
                BATCH,
                ("host", None),
                ("index", None),
                ("sourcetype", None),
            ],
            Self::Webhook => &[BATCH],
            Self::File => &[BATCH, ("rotate_bytes", Some((1 << 20, 1 << 40)))],
            Self::Nats => &[
                ("batch_events", Some((1, 1_000))),
                ("subject", None),
                ("user", None),
            ],
        }
    }

    fn is_syslog(self) -> bool {
        matches!(self, Self::SyslogUdp | Self::SyslogTcp | Self::SyslogTls)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = InvalidDestination;

    fn from_str(name: &str) -> Result<Self, InvalidDestination> {
        let named = Self::ALL.into_iter().find(|kind| kind.name() == name);
        named.ok_or_else(|| InvalidDestination::Kind {
            found: name.chars().take(40).collect(),
        })
    }
}

/// Why something is no destination.
#[derive(Debug, thiserror::Error)]
pub enum InvalidDestination {
    /// It cannot have that name.
    #[error("{0}")]
    Name(#[from] InvalidName),
    /// There is no such way to send.
    #[error(
        "`{found}` is no kind of destination, expected syslog-udp, syslog-tcp, syslog-tls, hec, webhook, file or nats"
    )]
    Kind {
        /// What was said.
        found: String,
    },
    /// There is no such format.
    #[error(transparent)]
    Format(#[from] UnknownFormat),
    /// It does not say which types.
    #[error(transparent)]
    Types(#[from] InvalidFilter),
    /// It does not say which sessions.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// Nothing can be sent there.
    #[error("{found:?} is nothing that a {kind} can reach, expected {expected}")]
    Target {
        /// The kind.
        kind: Kind,
        /// What was said.
        found: String,
        /// What is expected.
        expected: &'static str,
    },
    /// What else is said of it means nothing, or cannot be.
    #[error("the option `{name}` of a {kind} is {found:?}, expected {expected}")]
    Option {
        /// The kind.
        kind: Kind,
        /// The option.
        name: String,
        /// What was said.
        found: String,
        /// What is expected.
        expected: String,
    },
    /// The certificates of authorities are no PEM, or too large.
    #[error("the certificates of authorities are not in PEM, or have more than 32 KiB")]
    Authorities,
    /// Without it nobody takes the events.
    #[error("a {0} needs a secret")]
    NoSecret(Kind),
}

/// A destination.
#[derive(Debug, Clone)]
pub struct Destination {
    /// Its name.
    pub name: SourceName,
    /// How events are sent.
    pub kind: Kind,
    /// Where.
    pub target: String,
    /// As what.
    pub format: Format,
    /// Which types.
    pub types: TypeFilter,
    /// The same, as it was written.
    pub types_text: String,
    /// Of which sessions; of all, and of the server itself, when it is not narrowed.
    pub scope: Scope,
    /// Whether what is redacted is sent as it was recorded.
    pub reveal: bool,
    /// What else is said of it.
    pub options: BTreeMap<String, String>,
    /// The authorities whose certificates count, as PEM.
    pub ca: Option<String>,
    /// Its secret, sealed.
    pub sealed: Option<String>,
    /// Who set it last.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Changes with each event about it.
    pub revision: u64,
    /// The first position that is sent, said by the revision `begun`.
    pub begin: Position,
    /// The last revision that said from where to send.
    pub begun: u64,
}

impl Destination {
    /// What an event says.
    ///
    /// # Errors
    /// When it is nothing that events can be sent to: names, numbers and addresses are checked.
    pub fn of(set: &DestinationSet, at: Timestamp) -> Result<Self, InvalidDestination> {
        let kind: Kind = set.kind.parse()?;
        check_target(kind, &set.target)?;
        for (name, value) in &set.options {
            check_option(kind, name, value)?;
        }
        set.scope.check()?;
        let is_pem =
            |ca: &String| ca.len() <= CA_BYTES_MAX && ca.contains("-----BEGIN CERTIFICATE");
        if !set.ca.as_ref().is_none_or(is_pem) {
            return Err(InvalidDestination::Authorities);
        }
        if matches!(kind, Kind::Hec | Kind::Webhook) && set.sealed.is_none() {
            return Err(InvalidDestination::NoSecret(kind));
        }
        Ok(Self {
            name: SourceName::new(set.name.clone())?,
            kind,
            target: set.target.clone(),
            format: set.format.parse()?,
            types: set.types.parse()?,
            types_text: set.types.clone(),
            scope: set.scope.clone(),
            reveal: set.reveal,
            options: set.options.clone(),
            ca: set.ca.clone(),
            sealed: set.sealed.clone(),
            by: set.by.clone(),
            at,
            revision: 0,
            begin: Position(0),
            begun: 0,
        })
    }

    /// What it may see: what a SIEM may, and what is redacted only if that was said.
    #[must_use]
    pub fn sight(&self) -> Sight {
        let roles = [Role::Siem, Role::Revealer];
        let grants = roles.into_iter().take(1 + usize::from(self.reveal));
        let grants = grants.map(|role| Grant {
            role,
            scope: self.scope.clone(),
        });
        Sight::new(Vec::new(), grants.collect())
    }

    /// A number that is said of it, or else another.
    #[must_use]
    pub fn number(&self, option: &str, or_else: u64) -> u64 {
        let said = self.options.get(option).and_then(|text| text.parse().ok());
        said.unwrap_or(or_else)
    }

    /// A text that is said of it.
    #[must_use]
    pub fn text(&self, option: &str) -> Option<&str> {
        self.options.get(option).map(String::as_str)
    }
}

fn check_target(kind: Kind, target: &str) -> Result<(), InvalidDestination> {
    let expected = match kind {
        Kind::SyslogUdp | Kind::SyslogTcp | Kind::SyslogTls => "`host:port`",
        Kind::Hec | Kind::Webhook => "an address `https://…` or `http://…` without a password",
        Kind::File => "a path below the folder for exports, such as `siem/events.ndjson`",
        Kind::Nats => "`nats://host:port` or `tls://host:port`",
    };
    let fits = target.chars().count() <= TARGET_CHARS_MAX
        && !target.chars().any(char::is_control)
        && match kind {
            Kind::SyslogUdp | Kind::SyslogTcp | Kind::SyslogTls => host_and_port(target).is_some(),
            Kind::Hec | Kind::Webhook => is_address(target, &["https", "http"]),
            Kind::Nats => is_address(target, &["nats", "tls"]),
            Kind::File => is_path_below(target),
        };
    if fits {
        return Ok(());
    }
    Err(InvalidDestination::Target {
        kind,
        found: target.chars().take(80).collect(),
        expected,
    })
}

fn is_address(text: &str, schemes: &[&str]) -> bool {
    Url::parse(text).is_ok_and(|url| {
        schemes.contains(&url.scheme())
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
    })
}

/// The host, without brackets, and the port of `host:port`.
pub(super) fn host_and_port(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.strip_suffix(']')?,
        None => host,
    };
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':');
    let port = port.parse().ok().filter(|port| *port > 0)?;
    (!host.is_empty() && host.bytes().all(plain)).then_some((host, port))
}

/// Whether a path names a file below the folder that it is joined to, whatever there is.
fn is_path_below(text: &str) -> bool {
    let path = Path::new(text);
    let plain = |part: Component<'_>| matches!(part, Component::Normal(name) if !name.as_encoded_bytes().starts_with(b"."));
    !text.is_empty() && !text.ends_with('/') && path.components().all(plain)
}

fn check_option(kind: Kind, name: &str, value: &str) -> Result<(), InvalidDestination> {
    let invalid = |expected: String| InvalidDestination::Option {
        kind,
        name: name.chars().take(40).collect(),
        found: value.chars().take(40).collect(),
        expected,
    };
    let known = kind.options();
    let Some((_, range)) = known.iter().find(|(known, _)| *known == name) else {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        return Err(invalid(format!("one of {}", names.join(", "))));
    };
    match range {
        Some((min, max)) => match value.parse::<u64>() {
            Ok(number) if (*min..=*max).contains(&number) => Ok(()),
            _ => Err(invalid(format!("a number from {min} to {max}"))),
        },
        None => {
            // Of syslog it stands in the header.
            let plain = |c: char| c.is_ascii_graphic() || (c == ' ' && !kind.is_syslog());
            if (1..=200).contains(&value.len()) && value.chars().all(plain) {
                return Ok(());
            }
            Err(invalid("1 to 200 printable ASCII characters".to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(kind: &str, target: &str) -> DestinationSet {
        DestinationSet {
            format: "ocsf".to_owned(),
            kind: kind.to_owned(),
            name: "splunk".to_owned(),
            sealed: Some("x".to_owned()),
            target: target.to_owned(),
            ..DestinationSet::default()
        }
    }

    #[test]
    fn what_cannot_be_reached_is_no_target() {
        let cases = [
            ("syslog-tls", "siem.example:6514", true),
            ("syslog-tcp", "[::1]:514", true),
            ("syslog-udp", "10.0.0.1:514", true),
            ("syslog-tls", "siem.example", false),
            ("syslog-tls", "siem.example:0", false),
            ("syslog-tls", "siem.example:99999", false),
            ("syslog-tls", "a b:514", false),
            ("hec", "https://splunk.example:8088", true),
            ("webhook", "http://127.0.0.1:9000/hook?x=1", true),
            ("webhook", "https://user:pass@example", false),
            ("webhook", "file:///etc/passwd", false),
            ("webhook", "ftp://example/", false),
            ("nats", "nats://127.0.0.1:4222", true),
            ("nats", "http://127.0.0.1", false),
            ("file", "siem/events.ndjson", true),
            ("file", "/etc/passwd", false),
            ("file", "../events", false),
            ("file", "siem/../../events", false),
            ("file", ".ssh/authorized_keys", false),
            ("file", "siem/", false),
            ("file", "", false),
            ("file", "a\0b", false),
            ("pigeon", "x", false),
        ];
        for (kind, target, want) in cases {
            let outcome = Destination::of(&set(kind, target), Timestamp::now());
            assert_eq!(outcome.is_ok(), want, "{kind} {target:?}: {outcome:?}");
        }
    }

    #[test]
    fn an_option_is_known_and_within_its_bounds() {
        let cases = [
            ("syslog-tls", "frame_bytes", "8192", true),
            ("syslog-tls", "frame_bytes", "10", false),
            ("syslog-tls", "hostname", "a b", false),
            ("hec", "index", "main", true),
            ("hec", "frame_bytes", "8192", false),
            ("webhook", "batch_events", "0", false),
            ("webhook", "batch_events", "x\n", false),
        ];
        for (kind, option, value, want) in cases {
            let target = match kind {
                "syslog-tls" => "h:1",
                _ => "https://h/",
            };
            let mut set = set(kind, target);
            set.options.insert(option.to_owned(), value.to_owned());
            let outcome = Destination::of(&set, Timestamp::now());
            assert_eq!(outcome.is_ok(), want, "{kind} {option} {value:?}");
        }
    }

    #[test]
    fn a_destination_sees_what_a_siem_does_and_reveals_only_when_told() {
        use retrace_core::access::Right;
        let mut set = set("file", "events");
        let sight = Destination::of(&set, Timestamp::now()).unwrap().sight();
        assert!(sight.may_everywhere(Right::ReadLog) && !sight.may(Right::Reveal));
        set.reveal = true;
        set.scope.sites.push("berlin".to_owned());
        let sight = Destination::of(&set, Timestamp::now()).unwrap().sight();
        assert!(sight.may(Right::Reveal) && !sight.may_everywhere(Right::Reveal));
        assert!(!sight.may_everywhere(Right::ReadLog));
    }
}
