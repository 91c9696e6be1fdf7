//! What each event type is in the words of others: a table, which `docs/siem.md` repeats and a test compares.

use retrace_core::event::EventType;

/// A class of events of OCSF 1.8.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// What has no class of its own.
    Base,
    /// File Activity.
    File,
    /// Process Activity.
    Process,
    /// Event Log Activity.
    EventLog,
    /// Authentication.
    Authentication,
    /// Entity Management.
    Entity,
    /// User Access Management.
    UserAccess,
    /// RDP Activity.
    Rdp,
    /// SSH Activity.
    Ssh,
    /// API Activity.
    Api,
}

impl Class {
    /// `class_uid` and its name, `category_uid` and its name.
    #[must_use]
    pub fn ids(self) -> (u32, &'static str, u32, &'static str) {
        const SYSTEM: (u32, &str) = (1, "System Activity");
        const IDENTITY: (u32, &str) = (3, "Identity & Access Management");
        const NETWORK: (u32, &str) = (4, "Network Activity");
        let of = |uid, name, (category, category_name)| (uid, name, category, category_name);
        match self {
            Self::Base => of(0, "Base Event", (0, "Uncategorized")),
            Self::File => of(1001, "File System Activity", SYSTEM),
            Self::Process => of(1007, "Process Activity", SYSTEM),
            Self::EventLog => of(1008, "Event Log Activity", SYSTEM),
            Self::Authentication => of(3002, "Authentication", IDENTITY),
            Self::Entity => of(3004, "Entity Management", IDENTITY),
            Self::UserAccess => of(3005, "User Access Management", IDENTITY),
            Self::Rdp => of(4005, "RDP Activity", NETWORK),
            Self::Ssh => of(4007, "SSH Activity", NETWORK),
            Self::Api => of(6003, "API Activity", (6, "Application Activity")),
        }
    }
}

/// What an event type means to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    /// The event type.
    pub kind: &'static str,
    /// For people.
    pub title: &'static str,
    /// The class in OCSF. Of the beginning and the end of a session it is that of its protocol: [`class_of_session`].
    pub class: Class,
    /// `activity_id` and its name in that class.
    pub activity: (u32, &'static str),
    /// How grave it is, as OCSF counts: 1 informational, 2 low, 3 medium, 4 high.
    pub severity: u8,
    /// `event.category` of ECS.
    pub categories: &'static [&'static str],
    /// `event.type` of ECS.
    pub types: &'static [&'static str],
}

const OTHER: u32 = 99;

macro_rules! meanings {
    ($($kind:literal $title:literal $class:ident $id:expr, $name:literal, $severity:literal, [$($category:literal),*] [$($type:literal),*];)+) => {
        /// All types that this version knows.
        pub const ALL: &[Meaning] = &[$(
            Meaning {
                kind: $kind,
                title: $title,
                class: Class::$class,
                activity: ($id, $name),
                severity: $severity,
                categories: &[$($category),*],
                types: &[$($type),*],
            },
        )+];

        /// What a type means. One that is not known is an event that says what it says.
        #[must_use]
        pub fn of(kind: &EventType) -> Meaning {
            match kind.as_str() {
                $($kind => const {
                    Meaning {
                        kind: $kind,
                        title: $title,
                        class: Class::$class,
                        activity: ($id, $name),
                        severity: $severity,
                        categories: &[$($category),*],
                        types: &[$($type),*],
                    }
                },)+
                _ => UNKNOWN,
            }
        }
    };
}

const UNKNOWN: Meaning = Meaning {
    kind: "",
    title: "Event of a type that this version does not know",
    class: Class::Base,
    activity: (OTHER, "Other"),
    severity: 1,
    categories: &["session"],
    types: &["info"],
};

meanings! {
    "session.launched" "Session opened" Authentication 1, "Logon", 1, ["session"] ["start"];
    "session.source_attached" "Recording began" EventLog 6, "Start", 1, ["session"] ["info"];
    "session.ended" "Session ended" Authentication 2, "Logoff", 1, ["session"] ["end"];
    "session.terminate_requested" "Session to be ended" Entity 11, "Deactivate", 3, ["session"] ["change"];
    "session.message_sent" "Message to a session" Entity OTHER, "Other", 1, ["session"] ["info"];
    "session.policy_set" "Policy of a session changed" Entity 3, "Update", 2, ["session", "configuration"] ["change"];
    "session.control_answered" "Recorder answered" Entity 3, "Update", 1, ["session"] ["info"];
    "session.idle_warned" "Session idle" Base OTHER, "Other", 1, ["session"] ["info"];
    "session.clock_measured" "Clock compared" Base OTHER, "Other", 1, ["session"] ["info"];
    "frames.captured" "Screen captured" Base OTHER, "Other", 1, ["session"] ["info"];
    "keys.typed" "Keys typed" Base OTHER, "Other", 1, ["session"] ["info"];
    "pointer.clicked" "Pointer clicked" Base OTHER, "Other", 1, ["session"] ["info"];
    "clipboard.copied" "Clipboard copied" Base OTHER, "Other", 2, ["session"] ["info"];
    "terminal.written" "Terminal output" Base OTHER, "Other", 1, ["session"] ["info"];
    "terminal.resized" "Terminal resized" Base OTHER, "Other", 1, ["session"] ["info"];
    "marker.set" "Marker set" Base OTHER, "Other", 1, ["session"] ["info"];
    "process.started" "Process started" Process 1, "Launch", 1, ["process"] ["start"];
    "process.stopped" "Process stopped" Process 2, "Terminate", 1, ["process"] ["end"];
    "window.focused" "Window focused" Base OTHER, "Other", 1, ["session"] ["info"];
    "file.transferred" "File transferred" File OTHER, "Other", 2, ["file"] ["access"];
    "recording.gap_detected" "Gap in a recording" EventLog 7, "Stop", 3, ["session"] ["error"];
    "recording.degraded" "Recording degraded" EventLog 10, "Disable", 3, ["session"] ["error"];
    "recording.commented" "Comment in a recording" Base OTHER, "Other", 1, ["session"] ["info"];
    "recording.code_kept" "Unknown entry kept" Base OTHER, "Other", 1, ["session"] ["info"];
    "upload.quarantined" "Upload set aside" EventLog OTHER, "Other", 3, ["session"] ["error"];
    "upload.committed" "Upload committed" Base OTHER, "Other", 1, ["session"] ["info"];
    "video.requested" "Video requested" Entity 1, "Create", 1, ["session"] ["access"];
    "video.claimed" "Video begun" Entity 3, "Update", 1, ["session"] ["info"];
    "video.encoded" "Video encoded" Entity 3, "Update", 1, ["session"] ["info"];
    "video.analyzed" "Video analyzed" Entity 3, "Update", 1, ["session"] ["info"];
    "video.completed" "Video built" Entity 3, "Update", 1, ["session"] ["info"];
    "video.failed" "Video failed" Entity 3, "Update", 2, ["session"] ["error"];
    "auth.succeeded" "Signed in" Authentication 1, "Logon", 1, ["authentication"] ["start"];
    "auth.denied" "Turned away" Authentication 1, "Logon", 3, ["authentication"] ["denied"];
    "auth.ended" "Signed out" Authentication 2, "Logoff", 1, ["authentication"] ["end"];
    "recording.viewed" "Recording viewed" Entity 2, "Read", 1, ["session"] ["access"];
    "recording.downloaded" "Recording downloaded" Entity 2, "Read", 2, ["session"] ["access"];
    "search.performed" "Search" Api 2, "Read", 1, ["api"] ["access"];
    "events.exported" "Events exported" EventLog 3, "Export", 1, ["api"] ["access"];
    "records.viewed" "Lists viewed" Api 2, "Read", 1, ["api"] ["access"];
    "access.denied" "Access denied" Api OTHER, "Other", 3, ["api"] ["denied"];
    "report.run" "Report run" Api 2, "Read", 1, ["api"] ["access"];
    "report.scheduled" "Report scheduled" Entity 3, "Update", 2, ["configuration"] ["change"];
    "report.unscheduled" "Report not scheduled any more" Entity 4, "Delete", 3, ["configuration"] ["deletion"];
    "sql.run" "Question in SQL" Api 2, "Read", 2, ["api"] ["access"];
    "session.reviewed" "Session reviewed" Entity 3, "Update", 1, ["session"] ["change"];
    "session.review_reopened" "Review reopened" Entity 3, "Update", 1, ["session"] ["change"];
    "session.commented" "Session commented" Entity 3, "Update", 1, ["session"] ["change"];
    "session.assigned" "Session assigned" Entity 3, "Update", 1, ["session"] ["change"];
    "config.changed" "Setting changed" Entity 3, "Update", 3, ["configuration"] ["change"];
    "token.created" "Token created" UserAccess 1, "Assign Privileges", 3, ["iam"] ["creation", "admin"];
    "token.revoked" "Token revoked" Entity 4, "Delete", 3, ["iam"] ["deletion", "admin"];
    "grant.given" "Grant given" UserAccess 1, "Assign Privileges", 3, ["iam"] ["creation", "admin"];
    "grant.withdrawn" "Grant withdrawn" Entity 4, "Delete", 3, ["iam"] ["deletion", "admin"];
    "hold.placed" "Legal hold placed" Entity 8, "Enable", 3, ["session", "configuration"] ["change"];
    "hold.released" "Legal hold released" Entity 9, "Disable", 3, ["session", "configuration"] ["change"];
    "retention.archived" "Session archived" Entity 5, "Move", 2, ["session"] ["change"];
    "retention.purged" "Session purged" Entity 4, "Delete", 3, ["session"] ["deletion"];
    "redaction.added" "Redaction added" Entity 3, "Update", 2, ["session"] ["change"];
    "redaction.lifted" "Redaction lifted" Entity 3, "Update", 3, ["session"] ["change"];
    "redaction.revealed" "Redacted content revealed" Entity 2, "Read", 3, ["session"] ["access"];
    "destination.set" "Destination of events set" Entity 3, "Update", 3, ["configuration"] ["change"];
    "destination.removed" "Destination of events removed" Entity 4, "Delete", 3, ["configuration"] ["deletion"];
    "destination.replayed" "Events sent again" Entity 3, "Update", 2, ["configuration"] ["change"];
    "destination.progressed" "Events sent" EventLog 3, "Export", 1, ["configuration"] ["info"];
}

/// Class and activity of the beginning (`ended` is nothing) or the end of a session over a protocol.
#[must_use]
pub fn class_of_session(
    protocol: Option<&str>,
    refused: bool,
    ended: bool,
) -> Option<(Class, (u32, &'static str))> {
    let ssh = |activity| Some((Class::Ssh, activity));
    let rdp = |activity| Some((Class::Rdp, activity));
    match (protocol?, refused, ended) {
        ("ssh" | "sftp", true, _) => ssh((5, "Refuse")),
        ("ssh" | "sftp", false, true) => ssh((2, "Close")),
        ("ssh" | "sftp", false, false) => ssh((1, "Open")),
        ("rdp", true, _) => rdp((OTHER, "Other")),
        ("rdp", false, true) => rdp((7, "Disconnect")),
        ("rdp", false, false) => rdp((1, "Initial Request")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_a_meaning() {
        let known: Vec<&str> = ALL.iter().map(|meaning| meaning.kind).collect();
        let all: Vec<&str> = EventType::ALL.iter().map(EventType::as_str).collect();
        for kind in &all {
            assert!(known.contains(kind), "{kind}");
        }
        assert_eq!(known.len(), all.len());
    }

    /// The page repeats the table, so that it can be read without the source.
    #[test]
    fn the_documentation_has_the_same_table() {
        let page = include_str!("../../../../docs/siem.md");
        for meaning in ALL {
            let (uid, ..) = meaning.class.ids();
            let row = format!(
                "| `{}` | {uid} | {} {} | {} | {} | {} |",
                meaning.kind,
                meaning.activity.0,
                meaning.activity.1,
                meaning.severity,
                meaning.categories.join(", "),
                meaning.types.join(", "),
            );
            assert!(page.contains(&row), "docs/siem.md lacks the row\n{row}");
        }
    }
}
