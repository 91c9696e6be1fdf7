//! Exceptions from how long what was recorded of a session is kept, as people write them:
//! `7d site:lab; 400d folder:"PCI/Cards" group:dba; 0 user:root`.

use super::SECONDS_MAX;
use super::kind::seconds_of_text;
use crate::access::{SessionTraits, folders_above};

/// More exceptions than this belong into several logs.
const RULES_MAX: usize = 200;

/// Some sessions are kept for another time than the rest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RetentionRules(Vec<Rule>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    /// How long, in seconds; 0 is for ever.
    keep_s: u64,
    conditions: Vec<(Fact, String)>,
}

/// What an exception may be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fact {
    Folder,
    Group,
    Site,
    Target,
    User,
}

const FACTS: [(&str, Fact); 5] = [
    ("folder", Fact::Folder),
    ("group", Fact::Group),
    ("site", Fact::Site),
    ("target", Fact::Target),
    ("user", Fact::User),
];

impl RetentionRules {
    /// Exceptions, divided by semicolons: how long (`12h`, `90d`, 0 for ever), then the conditions that a session must
    /// meet, all of them, `fact:value` with the value in double quotes where it has blanks or semicolons. `None` when one
    /// of them is none.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rules = Vec::new();
        let mut rule: Option<Rule> = None;
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            if first == ';' {
                rules.extend(finished(rule.take())?);
                rest = rest[1..].trim_start();
                continue;
            }
            let (word, after) = take_word(rest)?;
            rest = after.trim_start();
            match &mut rule {
                None => {
                    let keep_s = seconds_of_text(&word).filter(|keep_s| *keep_s <= SECONDS_MAX)?;
                    rule = Some(Rule {
                        keep_s,
                        conditions: Vec::new(),
                    });
                }
                Some(rule) => {
                    let (name, value) = word
                        .split_once(':')
                        .filter(|(_, value)| !value.is_empty())?;
                    let (_, fact) = FACTS.iter().find(|(known, _)| *known == name)?;
                    rule.conditions.push((*fact, value.to_owned()));
                }
            }
        }
        rules.extend(finished(rule)?);
        (rules.len() <= RULES_MAX).then_some(Self(rules))
    }

    /// How long the first exception that a session meets keeps it, in seconds; 0 is for ever.
    pub fn keep_s(&self, session: &SessionTraits<'_>) -> Option<u64> {
        let met = self.0.iter().find(|rule| rule.is_met_by(session));
        met.map(|rule| rule.keep_s)
    }

    /// The shortest time that an exception leaves, in seconds, beside those that are for ever.
    pub fn shortest(&self) -> Option<u64> {
        let times = self.0.iter().map(|rule| rule.keep_s);
        times.filter(|keep_s| *keep_s > 0).min()
    }
}

impl Rule {
    fn is_met_by(&self, session: &SessionTraits<'_>) -> bool {
        self.conditions.iter().all(|(fact, value)| match fact {
            Fact::Folder => session
                .folder
                .is_some_and(|folder| folders_above(folder).any(|above| above == value)),
            Fact::Group => session.groups.contains(value),
            Fact::Site => session.site == Some(value),
            Fact::Target => session.target == Some(value),
            Fact::User => session.user == Some(value),
        })
    }
}

/// An exception without conditions would be no exception. Nothing between two semicolons is nothing.
fn finished(rule: Option<Rule>) -> Option<Option<Rule>> {
    match rule {
        Some(rule) if rule.conditions.is_empty() => None,
        rule => Some(rule),
    }
}

/// A word up to a blank or a semicolon outside quotes, without its quotes, and what follows.
fn take_word(text: &str) -> Option<(String, &str)> {
    let (mut word, mut quoted) = (String::new(), false);
    for (at, character) in text.char_indices() {
        match character {
            '"' => quoted = !quoted,
            ';' if !quoted => return Some((word, &text[at..])),
            blank if blank.is_whitespace() && !quoted => return Some((word, &text[at..])),
            other => word.push(other),
        }
    }
    (!quoted).then_some((word, ""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Timestamp;

    fn session<'a>(site: &'a str, folder: &'a str, groups: &'a [String]) -> SessionTraits<'a> {
        SessionTraits {
            started: Timestamp::MIN,
            user: Some("mara"),
            groups,
            site: Some(site),
            folder: Some(folder),
            target: None,
        }
    }

    #[test]
    fn the_first_exception_that_fits_decides() {
        let text = r#"7d site:lab; 9600h folder:"PCI/My Cards" group:dba; 0 user:mara ;"#;
        let rules = RetentionRules::parse(text).unwrap();
        let dba = ["dba".to_owned()];
        let cases = [
            (session("lab", "", &[]), Some(7 * 86_400)),
            (
                session("berlin", "PCI/My Cards/Old", &dba),
                Some(400 * 86_400),
            ),
            (session("berlin", "PCI/My Cards", &[]), Some(0)),
        ];
        for (session, expected) in cases {
            assert_eq!(rules.keep_s(&session), expected, "{session:?}");
        }
        let other = SessionTraits {
            user: Some("ole"),
            ..session("berlin", "", &[])
        };
        assert_eq!(rules.keep_s(&other), None);
        assert_eq!(rules.shortest(), Some(7 * 86_400));
        assert_eq!(
            RetentionRules::parse(" ; ").unwrap(),
            RetentionRules::default()
        );
    }

    #[test]
    fn what_is_no_exception_is_refused() {
        for wrong in [
            "7d",
            "site:lab",
            "seven site:lab",
            "-1d site:lab",
            "36601d site:lab",
            "7q site:lab",
            "7d site:",
            "7d colour:red",
            "7d site lab",
            "7d site:\"lab",
        ] {
            assert_eq!(RetentionRules::parse(wrong), None, "{wrong}");
        }
        assert_eq!(RetentionRules::parse(&"1 user:a;".repeat(201)), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[0-9a-z:;\" é]{0,60}") {
            let _ = RetentionRules::parse(&text);
        }
    }
}
