//! Grants made up by chance, and the same questions asked by everyone: each gets what the rule says, written down here
//! a second time, and nothing beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::subsequence;
use retrace_core::access::{Grant, Role, Scope, Sight};
use retrace_core::event::{EventBody, SessionLaunched};
use retrace_projections::moments::MomentKind;

use super::*;
use crate::testing::{Fixture, ended, session, t0, typed, written};
use crate::{
    Facet, FacetKind, PageRequest, SearchFilter, SearchOrder, SearchQuestion, SessionFilter,
    SessionOrder, TimeUnit, TimelineFilter,
};

const USERS: [&str; 4] = ["alice", "bob", "carol", "o'brien"];
const GROUPS: [&str; 3] = ["dba", "linux", "ops"];
const SITES: [&str; 3] = ["berlin", "paris", ""];
const FOLDERS: [&str; 5] = ["/unix", "/unix/db", "/unix/db/eu", "/unixes", ""];
const TARGETS: [&str; 3] = ["db1", "web%", ""];
const SESSIONS: u16 = 60;

/// A session as it was launched.
struct Known {
    id: SessionId,
    user: &'static str,
    groups: Vec<&'static str>,
    site: &'static str,
    folder: &'static str,
    target: &'static str,
    started: Timestamp,
}

/// Sessions of all sorts; an empty text is one that was not said.
fn known(number: u16) -> Known {
    let n = usize::from(number);
    let groups = GROUPS.iter().enumerate();
    Known {
        id: session(number),
        user: USERS[n % 4],
        groups: groups
            .filter(|(bit, _)| (n / 4) >> bit & 1 == 1)
            .map(|(_, group)| *group)
            .collect(),
        site: SITES[n / 2 % 3],
        folder: FOLDERS[n / 3 % 5],
        target: TARGETS[n / 5 % 3],
        started: t0().saturating_add_micros(i64::from(number) * 3_600_000_000),
    }
}

impl Known {
    fn launched(&self) -> EventBody {
        let said = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        SessionLaunched {
            user: said(self.user),
            groups: self.groups.iter().map(|&group| group.to_owned()).collect(),
            site: said(self.site),
            folder: said(self.folder),
            target: said(self.target),
            host: Some(format!("host-{}", self.user)),
            protocol: Some("ssh".to_owned()),
            ..SessionLaunched::default()
        }
        .into()
    }

    /// The rule once more, in other words.
    fn lies_in(&self, role: Role, scope: &Scope, who: Option<&str>) -> bool {
        let own = scope.own || role == Role::Own;
        let below = |folder: &String| {
            self.folder == folder || self.folder.starts_with(&format!("{folder}/"))
        };
        let said = |values: &Vec<String>, value: &str| {
            values.is_empty() || (!value.is_empty() && values.contains(&value.to_owned()))
        };
        (!own || who == Some(self.user))
            && (scope.folders.is_empty() || scope.folders.iter().any(below))
            && (scope.groups.is_empty()
                || scope
                    .groups
                    .iter()
                    .any(|group| self.groups.contains(&group.as_str())))
            && said(&scope.sites, self.site)
            && said(&scope.targets, self.target)
            && scope.from.is_none_or(|from| from <= self.started)
            && scope.to.is_none_or(|to| self.started < to)
    }
}

/// Who asks: under which name, with which grants.
#[derive(Debug, Clone)]
struct Who {
    name: Option<&'static str>,
    grants: Vec<(Role, Scope)>,
}

impl Who {
    fn may(&self, right: Right, known: &Known) -> bool {
        self.grants.iter().any(|(role, scope)| {
            role.rights().contains(&right) && known.lies_in(*role, scope, self.name)
        })
    }

    fn sight(&self) -> Arc<Sight> {
        let grants = self.grants.iter().map(|(role, scope)| Grant {
            role: *role,
            scope: scope.clone(),
        });
        let name = self.name.map(str::to_owned);
        Arc::new(Sight::new(name.into_iter().collect(), grants.collect()))
    }
}

fn some(values: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    let values: Vec<&str> = values
        .iter()
        .filter(|one| !one.is_empty())
        .copied()
        .collect();
    let count = values.len();
    let some = subsequence(values, 0..=count);
    some.prop_map(|some| some.into_iter().map(str::to_owned).collect())
}

fn hour() -> impl Strategy<Value = Option<Timestamp>> {
    let hour =
        (0..i64::from(SESSIONS)).prop_map(|hour| t0().saturating_add_micros(hour * 3_600_000_000));
    prop_oneof![3 => Just(None), 1 => hour.prop_map(Some)]
}

fn scope() -> impl Strategy<Value = Scope> {
    let names = |values| prop_oneof![2 => Just(Vec::new()), 1 => some(values)];
    let own = prop_oneof![4 => Just(false), 1 => Just(true)];
    let parts = (
        names(&FOLDERS),
        hour(),
        names(&GROUPS),
        own,
        names(&SITES),
        names(&TARGETS),
        hour(),
    );
    parts.prop_map(|(folders, from, groups, own, sites, targets, to)| Scope {
        folders,
        from,
        groups,
        own,
        sites,
        targets,
        to,
    })
}

fn who() -> impl Strategy<Value = Who> {
    let name = prop_oneof![Just(None), proptest::sample::select(&USERS).prop_map(Some)];
    let grant = (proptest::sample::select(&Role::ALL), scope());
    let grants = proptest::collection::vec(grant, 0..4);
    (name, grants).prop_map(|(name, grants)| Who { name, grants })
}

/// The values that the sessions have, with how many have them.
fn counted<'a>(values: impl Iterator<Item = &'a str>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for value in values {
        *counts.entry(value.to_owned()).or_default() += 1;
    }
    counts
}

fn facet(facets: Vec<Facet>) -> BTreeMap<String, u64> {
    let pair = |facet: Facet| (facet.value, facet.count);
    facets.into_iter().map(pair).collect()
}

/// Asks everything that can be asked about all sessions.
fn ask_about_all(reader: &Reader, who: &Who, sessions: &[Known]) -> Result<(), TestCaseError> {
    let seen = || {
        sessions
            .iter()
            .filter(|known| who.may(Right::ViewSessions, known))
    };
    let page = PageRequest::first(100);
    let all = SessionFilter::default();
    let listed = reader
        .sessions(&all, SessionOrder::StartedAsc, &page)
        .unwrap();
    let listed: Vec<SessionId> = listed.items.into_iter().map(|(_, row)| row.id).collect();
    let expected: Vec<SessionId> = seen().map(|known| known.id).collect();
    prop_assert_eq!(&listed, &expected);
    prop_assert_eq!(reader.session_count(&all).unwrap(), expected.len() as u64);
    let of_bob = SessionFilter {
        user: Some("bob".to_owned()),
        ..all
    };
    let bobs = seen().filter(|known| known.user == "bob").count() as u64;
    prop_assert_eq!(reader.session_count(&of_bob).unwrap(), bobs);
    let facets = reader.facets().unwrap();
    prop_assert_eq!(facet(facets.users), counted(seen().map(|known| known.user)));
    let found = reader
        .sessions_by_id(sessions.iter().map(|known| known.id))
        .unwrap();
    let found: BTreeSet<SessionId> = found.into_keys().collect();
    prop_assert_eq!(found, expected.into_iter().collect::<BTreeSet<_>>());

    let content: BTreeSet<SessionId> = sessions
        .iter()
        .filter(|known| who.may(Right::ViewRecordings, known))
        .map(|known| known.id)
        .collect();
    let revealed = sessions
        .iter()
        .filter(|known| content.contains(&known.id) && who.may(Right::Reveal, known))
        .count();
    for (order, reveals) in [
        (SearchOrder::Relevance, false),
        (SearchOrder::Newest, false),
        (SearchOrder::Relevance, true),
        (SearchOrder::Newest, true),
    ] {
        // Everybody's screen showed it; everybody typed it too, which nothing showed: that is redacted.
        let (reader, revealed) = match reveals {
            true => (reader.revealing(), revealed as u64),
            false => (reader.clone(), 0),
        };
        let question = SearchQuestion {
            text: "common".to_owned(),
            order,
            counted: true,
            ..SearchQuestion::default()
        };
        let found = reader.search(&question, &page).unwrap();
        let total = found.total.unwrap();
        let hits = content.len() as u64 + revealed;
        prop_assert_eq!((total.count, total.exact), (hits, true));
        let grouped = reader.search_sessions(&question, 2, &page).unwrap();
        prop_assert_eq!(grouped.total.count, content.len() as u64);
        prop_assert_eq!(grouped.hits.count, hits);
        for (_, group) in &grouped.page.items {
            prop_assert!(content.contains(&group.session));
            prop_assert_eq!(group.count, group.hits.len() as u64);
        }
        for (_, hit) in &found.page.items {
            prop_assert!(reveals || hit.moment.revealed.is_none());
            let shown: String = hit.snippet.iter().map(|run| run.text.as_str()).collect();
            prop_assert!(shown.contains("common"), "{}", shown);
        }
        let hits = found.page.items.iter().map(|(_, hit)| hit.moment.session);
        let of: BTreeSet<SessionId> = hits.collect();
        prop_assert!(of.is_subset(&content));
        prop_assert!(found.page.has_next || of == content);
    }
    let none = SearchFilter::default();
    let facets = reader
        .search_facets(
            "common",
            &none,
            &[FacetKind::User, FacetKind::Kind],
            TimeUnit::Day,
        )
        .unwrap();
    prop_assert_eq!(facets.total.count, content.len() as u64);
    let in_time: u64 = facets.buckets.iter().map(|bucket| bucket.count).sum();
    prop_assert_eq!(in_time, facets.total.count);
    let users: BTreeMap<&str, u64> = sessions
        .iter()
        .filter(|known| content.contains(&known.id))
        .map(|known| known.user)
        .fold(BTreeMap::new(), |mut users, user| {
            *users.entry(user).or_default() += 1;
            users
        });
    let of_facets = facets.facets[0].values.iter();
    let of_facets: BTreeMap<&str, u64> = of_facets
        .map(|facet| (facet.value.as_str(), facet.count))
        .collect();
    prop_assert_eq!(&of_facets, &users);
    let suggested = reader.suggest("x user:", 7, 100).unwrap();
    for one in &suggested {
        // All moments of the sessions count, two lines and what was typed: that something was there is no secret.
        prop_assert_eq!(
            one.count,
            users.get(one.value.as_str()).map(|count| 3 * count)
        );
    }
    let suggested: BTreeSet<&str> = suggested.iter().map(|one| one.value.as_str()).collect();
    prop_assert_eq!(suggested, users.keys().copied().collect::<BTreeSet<_>>());
    Ok(())
}

/// Asks everything that can be asked about one session.
async fn ask_about(reader: &Reader, who: &Who, known: &Known) -> Result<(), TestCaseError> {
    let id = known.id;
    let (history, content) = (
        who.may(Right::ViewSessions, known),
        who.may(Right::ViewRecordings, known),
    );
    prop_assert_eq!(reader.session(id).unwrap().is_some(), history);
    prop_assert_eq!(!reader.session_streams(id).unwrap().is_empty(), history);
    prop_assert_eq!(reader.activity(id, 10).unwrap().is_some(), history);
    // What is not allowed with a session that one knows of is refused; what one does not know of is not there.
    let page = PageRequest::first(10);
    let timeline = reader.timeline(id, &TimelineFilter::default(), &page);
    let seek_points = reader.seek_points(id, Some(&[MomentKind::Screen]), None, 10);
    let screen = reader.screen(id, 10_000).await;
    let clips = reader.clips(id);
    match (history, content) {
        (_, true) => {
            prop_assert!(!timeline.unwrap().items.is_empty());
            prop_assert!(!seek_points.unwrap().is_empty());
            prop_assert!(screen.unwrap().is_some());
        }
        (true, false) => {
            let refused =
                |error: QueryError| matches!(error, QueryError::Denied(Right::ViewRecordings));
            prop_assert!(timeline.is_err_and(refused));
            prop_assert!(seek_points.is_err_and(refused));
            prop_assert!(screen.is_err_and(refused));
            prop_assert!(clips.is_err_and(refused));
        }
        (false, false) => {
            prop_assert!(timeline.unwrap().items.is_empty());
            prop_assert!(seek_points.unwrap().is_empty());
            prop_assert!(screen.unwrap().is_none());
            prop_assert!(clips.unwrap().is_empty());
        }
    }
    let in_session = SearchQuestion {
        text: format!("common session:{id}"),
        order: SearchOrder::Newest,
        counted: true,
        ..SearchQuestion::default()
    };
    let found = reader.search(&in_session, &page).unwrap();
    let total = found.total.unwrap();
    prop_assert_eq!((total.count, total.exact), (u64::from(content), true));
    for right in [Right::Control, Right::Review, Right::Reveal] {
        let may = reader.may(right, id);
        prop_assert_eq!(matches!(may, Ok(true)), history && who.may(right, known));
        prop_assert_eq!(matches!(may, Ok(false)), !history);
    }
    Ok(())
}

#[test]
fn everyone_is_answered_as_if_there_were_nothing_but_what_they_may_see() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sessions: Vec<Known> = (0..SESSIONS).map(known).collect();
    let fixture = runtime.block_on(async {
        let fixture = Fixture::new().await;
        for known in &sessions {
            let start_us = known.started.micros_since(t0());
            let events = [
                (start_us, known.launched()),
                (start_us + 10, typed("common\r")),
                (
                    start_us + 1_000_000,
                    written("a common line\r\nand another\r\n"),
                ),
                (start_us + 5_000_000, ended()),
            ];
            fixture.append(known.id, events).await;
        }
        fixture.settle().await;
        fixture
    });
    let config = ProptestConfig {
        cases: ProptestConfig::default().cases.max(1_500),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(who in who(), one in 0..usize::from(SESSIONS))| {
        let reader = fixture.reader.seen_by(who.sight());
        ask_about_all(&reader, &who, &sessions)?;
        runtime.block_on(ask_about(&reader, &who, &sessions[one]))?;
    });
}
