//! What a question says, however it was put: as text or as a filter.

use std::fmt;
use std::ops::Range;

use retrace_core::SessionId;
use retrace_projections::moments::MomentKind;

/// Where in the text something stands, in characters. A filter has no text: all of it is at 0.
pub(crate) type Span = Range<usize>;

/// What is asked of a moment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    /// All of it must hold; of nothing, everything does.
    All(Vec<Expr>),
    /// One of it must hold; of nothing, nothing does.
    Any(Vec<Expr>),
    Not(Box<Expr>),
    Text(TextMatch, Span),
    Named(NamedField, Vec<NamePattern>),
    Kinds(Vec<MomentKind>),
    Sessions(Vec<SessionId>),
    Number(NumberField, NumberRange),
}

/// Words that a text has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TextMatch {
    /// Side by side; the last may be the beginning of one.
    Words { words: Vec<String>, prefix: bool },
    /// One word, but for so many letters.
    Like { word: String, letters: u8 },
    /// One word that the expression describes as a whole.
    Regex(String),
}

/// What has names, letter for letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum NamedField {
    User,
    Group,
    Secret,
    Folder,
    Target,
    Site,
    Launcher,
    Protocol,
    Host,
    App,
    Cwd,
}

/// A name, or the beginning of names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamePattern {
    pub(crate) name: String,
    pub(crate) prefix: bool,
}

/// What has numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum NumberField {
    /// Microseconds after 1970.
    At,
    /// Microseconds after 1970.
    Started,
    Exit,
    /// Microseconds.
    Duration,
}

/// Numbers from the first to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NumberRange {
    pub(crate) first: i64,
    pub(crate) last: i64,
}

impl NumberRange {
    pub(crate) const ALL: Self = Self {
        first: i64::MIN,
        last: i64::MAX,
    };

    pub(crate) fn contains(&self, number: i64) -> bool {
        (self.first..=self.last).contains(&number)
    }
}

/// A field that a question can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Named(NamedField),
    Kind,
    Session,
    Number(NumberField),
}

impl Field {
    /// All fields by their names.
    pub(crate) const ALL: [(&'static str, Self); 17] = [
        ("user", Self::Named(NamedField::User)),
        ("group", Self::Named(NamedField::Group)),
        ("host", Self::Named(NamedField::Host)),
        ("target", Self::Named(NamedField::Target)),
        ("site", Self::Named(NamedField::Site)),
        ("secret", Self::Named(NamedField::Secret)),
        ("folder", Self::Named(NamedField::Folder)),
        ("launcher", Self::Named(NamedField::Launcher)),
        ("protocol", Self::Named(NamedField::Protocol)),
        ("kind", Self::Kind),
        ("app", Self::Named(NamedField::App)),
        ("cwd", Self::Named(NamedField::Cwd)),
        ("exit", Self::Number(NumberField::Exit)),
        ("duration", Self::Number(NumberField::Duration)),
        ("session", Self::Session),
        ("at", Self::Number(NumberField::At)),
        ("started", Self::Number(NumberField::Started)),
    ];

    pub(crate) fn of_name(name: &str) -> Option<Self> {
        let of_name = |(known, _): &&(&str, Self)| known.eq_ignore_ascii_case(name);
        Self::ALL.iter().find(of_name).map(|(_, field)| *field)
    }
}

/// The kinds of moments by their names.
pub(crate) const KINDS: [(&str, MomentKind); 10] = [
    ("command", MomentKind::Command),
    ("keys", MomentKind::Keys),
    ("screen", MomentKind::Screen),
    ("process", MomentKind::Process),
    ("window", MomentKind::Window),
    ("clipboard", MomentKind::Clipboard),
    ("file", MomentKind::File),
    ("message", MomentKind::Message),
    ("marker", MomentKind::Marker),
    ("change", MomentKind::Change),
];

/// The name of a kind.
pub(crate) fn kind_name(kind: MomentKind) -> &'static str {
    let of_kind = KINDS.iter().find(|(_, of)| *of == kind);
    of_kind.map_or("", |(name, _)| name)
}

/// What cannot be asked, and where that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidQuery {
    /// The first character that is wrong, counted in Unicode characters from 0. May be the end of the text.
    pub at: usize,
    /// How many characters are wrong; 0 when something is missing.
    pub length: usize,
    /// What was found.
    pub found: String,
    /// What may stand there.
    pub expected: String,
}

impl fmt::Display for InvalidQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            at,
            found,
            expected,
            ..
        } = self;
        write!(f, "at character {at}: {found}, expected {expected}")
    }
}

impl std::error::Error for InvalidQuery {}

impl InvalidQuery {
    pub(crate) fn new(span: Span, found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self {
            at: span.start,
            length: span.end.saturating_sub(span.start),
            found: found.into(),
            expected: expected.into(),
        }
    }
}
