//! Which reports there are.

use jiff::tz::TimeZone;
use retrace_core::access::Right;

use super::ReportError;
use super::controls::{self, Control};

/// What a report is.
#[derive(Debug, PartialEq, Eq)]
pub struct Definition {
    /// Its name, by which it is run.
    pub name: &'static str,
    /// Its title.
    pub title: &'static str,
    /// The question that it answers.
    pub answers: &'static str,
    /// What can be set.
    pub parameters: &'static [Parameter],
    /// Its columns.
    pub columns: &'static [Column],
    /// What is counted in charts: title and the column whose values are counted.
    pub charts: &'static [(&'static str, &'static str)],
    /// The controls that it supports.
    pub controls: &'static [Control],
    /// What must be allowed everywhere to run it; other reports show what is allowed of sessions.
    pub needs: &'static [Right],
}

/// Something that can be set.
#[derive(Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it says, for people.
    pub title: &'static str,
    /// What it may be.
    pub kind: ParameterKind,
    /// What it is when nobody says otherwise.
    pub default: &'static str,
}

/// What a parameter may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    /// A whole number within limits.
    Number(u64, u64),
    /// A regular expression of at most 2,000 characters.
    Expression,
    /// A time zone of the IANA database: `Europe/Berlin`.
    Zone,
}

impl ParameterKind {
    pub(super) fn allows(self, value: &str) -> bool {
        match self {
            Self::Number(min, max) => value
                .parse::<u64>()
                .is_ok_and(|number| (min..=max).contains(&number)),
            Self::Expression => {
                value.chars().count() <= 2_000
                    && !value.is_empty()
                    && regex::Regex::new(value).is_ok()
            }
            Self::Zone => TimeZone::get(value).is_ok(),
        }
    }

    /// What it may be, in words.
    #[must_use]
    pub fn expected(self) -> String {
        match self {
            Self::Number(min, max) => format!("a whole number from {min} to {max}"),
            Self::Expression => "a regular expression of at most 2000 characters".to_owned(),
            Self::Zone => "a time zone, such as Europe/Berlin".to_owned(),
        }
    }
}

/// A column.
#[derive(Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in JSON.
    pub name: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// What is in it.
    pub kind: ColumnKind,
}

/// What is in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Texts.
    Text,
    /// Points in time.
    Time,
    /// How long something took.
    Duration,
    /// How many.
    Count,
    /// Sessions.
    Session,
    /// Positions of the log.
    Position,
}

const fn column(name: &'static str, title: &'static str, kind: ColumnKind) -> Column {
    Column { name, title, kind }
}

use ColumnKind::{Count, Duration, Session, Text, Time};

const STARTED: Column = column("startedAt", "Started", Time);
const USER: Column = column("user", "User", Text);
const ACCOUNT: Column = column("account", "Account", Text);
const TARGET: Column = column("target", "Target", Text);
const PROTOCOL: Column = column("protocol", "Protocol", Text);
const SITE: Column = column("site", "Site", Text);
const LASTED: Column = column("duration", "Lasted", Duration);
const ENDED: Column = column("endReason", "Ended by", Text);
const SESSION: Column = column("session", "Session", Session);
const AT: Column = column("at", "When", Time);
const WHO: Column = column("who", "Who", Text);
const WHAT: Column = column("what", "What", Text);
const FROM: Column = column("address", "From", Text);
const REASON: Column = column("reason", "Why", Text);
const EVENT: Column = column("position", "Event", ColumnKind::Position);

/// All reports, in the order in which they are listed.
pub const REPORTS: &[Definition] = &[
    Definition {
        name: "privileged-access",
        title: "Privileged access",
        answers: "Who used which account on which target, when, and for how long?",
        parameters: &[],
        columns: &[
            STARTED, USER, ACCOUNT, TARGET, PROTOCOL, SITE, LASTED, ENDED, SESSION,
        ],
        charts: &[
            ("Sessions by user", "user"),
            ("Sessions by target", "target"),
            ("Sessions by account", "account"),
        ],
        controls: &[
            controls::PCI_10_2,
            controls::ISO_8_15,
            controls::SOC_CC6,
            controls::HIPAA,
            controls::NIS2,
            controls::AU_3,
            controls::AU_14,
        ],
        needs: &[],
    },
    Definition {
        name: "outside-hours",
        title: "Sessions outside working hours",
        answers: "Which sessions began at night, or on a Saturday or Sunday?",
        parameters: &[
            Parameter {
                name: "start",
                title: "Working hours begin at (hour)",
                kind: ParameterKind::Number(0, 24),
                default: "7",
            },
            Parameter {
                name: "end",
                title: "Working hours end at (hour)",
                kind: ParameterKind::Number(0, 24),
                default: "19",
            },
            Parameter {
                name: "zone",
                title: "Time zone",
                kind: ParameterKind::Zone,
                default: "UTC",
            },
        ],
        columns: &[
            STARTED,
            column("localTime", "There", Text),
            USER,
            ACCOUNT,
            TARGET,
            LASTED,
            SESSION,
        ],
        charts: &[("Sessions by user", "user")],
        controls: &[
            controls::PCI_10_4,
            controls::ISO_8_16,
            controls::SOC_CC7,
            controls::AU_6,
        ],
        needs: &[],
    },
    Definition {
        name: "long-sessions",
        title: "Sessions longer than the maximum",
        answers: "Which sessions went on for longer than they should?",
        parameters: &[Parameter {
            name: "hours",
            title: "Longer than (hours)",
            kind: ParameterKind::Number(0, 8_760),
            default: "8",
        }],
        columns: &[STARTED, USER, ACCOUNT, TARGET, LASTED, ENDED, SESSION],
        charts: &[("Sessions by user", "user")],
        controls: &[
            controls::ISO_8_16,
            controls::SOC_CC6,
            controls::SOC_CC7,
            controls::AU_6,
        ],
        needs: &[],
    },
    Definition {
        name: "idle-sessions",
        title: "Idle sessions",
        answers: "In which sessions did nothing happen for a long time, so that somebody else could have sat down?",
        parameters: &[Parameter {
            name: "minutes",
            title: "Idle for at least (minutes)",
            kind: ParameterKind::Number(1, 100_000),
            default: "15",
        }],
        columns: &[
            STARTED,
            USER,
            TARGET,
            column("idle", "Longest pause", Duration),
            column("idleFrom", "From", Time),
            LASTED,
            SESSION,
        ],
        charts: &[("Sessions by user", "user")],
        controls: &[controls::ISO_8_16, controls::SOC_CC6, controls::AU_6],
        needs: &[],
    },
    Definition {
        name: "watched-commands",
        title: "Commands on the watch list",
        answers: "Which commands were run that match an expression?",
        parameters: &[Parameter {
            name: "pattern",
            title: "Expression",
            kind: ParameterKind::Expression,
            default: r"\b(sudo|su|passwd|visudo|useradd|usermod|chmod|chown|shred|dd|mkfs|iptables|nft)\b|/etc/(shadow|sudoers)|rm +-\w*r|\b(curl|wget)\b.*\|\s*(ba)?sh",
        }],
        columns: &[
            AT,
            USER,
            TARGET,
            column("command", "Command", Text),
            column("exitStatus", "Exit", Text),
            SESSION,
        ],
        charts: &[
            ("Commands by user", "user"),
            ("Commands by target", "target"),
        ],
        controls: &[
            controls::PCI_10_2,
            controls::PCI_10_4,
            controls::ISO_8_16,
            controls::SOC_CC7,
            controls::AU_6,
            controls::AU_14,
        ],
        needs: &[],
    },
    Definition {
        name: "denied-access",
        title: "Failed and denied access",
        answers: "Who was turned away, or tried what they may not?",
        parameters: &[],
        columns: &[
            AT,
            WHO,
            column("kind", "Kind", Text),
            WHAT,
            FROM,
            column("times", "Times", Count),
            EVENT,
        ],
        charts: &[
            ("By kind", "kind"),
            ("By address", "address"),
            ("By who", "who"),
        ],
        controls: &[
            controls::PCI_10_2,
            controls::ISO_8_16,
            controls::SOC_CC6,
            controls::SOC_CC7,
            controls::HIPAA,
            controls::AU_6,
        ],
        needs: &[Right::ViewSettings],
    },
    Definition {
        name: "recording-access",
        title: "Who viewed or downloaded recordings",
        answers: "Who looked at recordings, took them away, or revealed what is redacted in them, and why?",
        parameters: &[],
        columns: &[
            AT,
            WHO,
            column("kind", "Kind", Text),
            WHAT,
            FROM,
            REASON,
            column("times", "Times", Count),
            SESSION,
            EVENT,
        ],
        charts: &[("By who", "who"), ("By kind", "kind")],
        controls: &[
            controls::PCI_10_2,
            controls::PCI_10_3,
            controls::ISO_8_15,
            controls::ISO_5_28,
            controls::SOC_CC6,
            controls::HIPAA,
            controls::AU_9,
        ],
        needs: &[],
    },
    Definition {
        name: "changes",
        title: "Changes of settings, access and retention",
        answers: "Who changed how Retrace works, who may see what, and how long it is kept: from which value to which?",
        parameters: &[],
        columns: &[
            AT,
            WHO,
            column("kind", "Kind", Text),
            WHAT,
            column("old", "Before", Text),
            column("new", "After", Text),
            REASON,
            EVENT,
        ],
        charts: &[("By kind", "kind"), ("By who", "who")],
        controls: &[
            controls::PCI_10_2,
            controls::PCI_10_3,
            controls::ISO_8_15,
            controls::SOC_CC6,
            controls::SOC_CC7,
            controls::AU_9,
            controls::AU_12,
        ],
        needs: &[Right::ViewSettings, Right::ViewSessions],
    },
    Definition {
        name: "recording-coverage",
        title: "Recording coverage",
        answers: "Which sessions were launched without a recording, or have gaps, faults, or failed uploads and videos?",
        parameters: &[],
        columns: &[
            STARTED,
            USER,
            TARGET,
            column("problem", "Problem", Text),
            column("missing", "Missing", Duration),
            column("detail", "Detail", Text),
            SESSION,
        ],
        charts: &[("By problem", "problem"), ("By target", "target")],
        controls: &[
            controls::PCI_10_2,
            controls::ISO_8_15,
            controls::SOC_CC7,
            controls::HIPAA,
            controls::AU_5,
            controls::AU_12,
        ],
        needs: &[],
    },
    Definition {
        name: "retention",
        title: "Retention and legal hold",
        answers: "Which sessions are held, archived, or destroyed, and how old is what is kept?",
        parameters: &[],
        columns: &[
            STARTED,
            USER,
            TARGET,
            column("state", "State", Text),
            column("age", "Age", Duration),
            column("by", "By", Text),
            REASON,
            SESSION,
        ],
        charts: &[("By state", "state")],
        controls: &[
            controls::PCI_10_5,
            controls::ISO_5_28,
            controls::ISO_8_15,
            controls::HIPAA,
            controls::AU_11,
        ],
        needs: &[],
    },
    Definition {
        name: "reviews",
        title: "Reviews",
        answers: "Which sessions were reviewed, by whom, and which were not?",
        parameters: &[],
        columns: &[
            STARTED,
            USER,
            TARGET,
            column("state", "State", Text),
            column("reviewer", "Reviewer", Text),
            column("reviewedAt", "Reviewed", Time),
            column("comment", "Comment", Text),
            SESSION,
        ],
        charts: &[("By state", "state"), ("By reviewer", "reviewer")],
        controls: &[
            controls::PCI_10_4,
            controls::ISO_8_16,
            controls::SOC_CC7,
            controls::HIPAA,
            controls::AU_6,
        ],
        needs: &[],
    },
    Definition {
        name: "dormant-accounts",
        title: "Dormant privileged accounts",
        answers: "Which accounts and users were used once, and not for a long time?",
        parameters: &[Parameter {
            name: "days",
            title: "Not used for (days)",
            kind: ParameterKind::Number(1, 36_500),
            default: "90",
        }],
        columns: &[
            column("kind", "Kind", Text),
            column("name", "Name", Text),
            column("lastUsed", "Last used", Time),
            column("unused", "Unused for", Duration),
            column("sessions", "Sessions", Count),
            column("lastBy", "Last by", Text),
            SESSION,
        ],
        charts: &[("By kind", "kind")],
        controls: &[
            controls::ISO_8_15,
            controls::SOC_CC6,
            controls::NIS2,
            controls::AU_6,
        ],
        needs: &[],
    },
    Definition {
        name: "integrity",
        title: "Integrity of the log",
        answers: "Are all events still those that were written, in their order, under the signature of the log?",
        parameters: &[],
        columns: &[
            column("check", "Check", Text),
            column("outcome", "Outcome", Text),
            column("detail", "Detail", Text),
        ],
        charts: &[],
        controls: &[
            controls::PCI_10_3,
            controls::PCI_10_5,
            controls::ISO_5_28,
            controls::ISO_8_15,
            controls::HIPAA,
            controls::AU_9,
            controls::AU_10,
        ],
        needs: &[Right::ReadLog],
    },
];

/// The report of that name.
///
/// # Errors
/// When there is none.
pub fn definition(name: &str) -> Result<&'static Definition, ReportError> {
    REPORTS
        .iter()
        .find(|report| report.name == name)
        .ok_or_else(|| ReportError::Unknown {
            name: name.chars().take(100).collect(),
            expected: REPORTS
                .iter()
                .map(|report| report.name)
                .collect::<Vec<_>>()
                .join(", "),
        })
}
