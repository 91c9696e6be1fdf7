//! Hits together with their session: how many a session has, and the best of them.

use std::collections::HashMap;
use std::ops::ControlFlow;

use retrace_core::SessionId;
use serde::{Deserialize, Serialize};
use tantivy::DocAddress;
use tantivy::query::{BooleanQuery, Occur};

use super::collect::End;
use super::compile::{Compiled, unscored};
use super::{Hunt, Prepared, SearchHit, SearchOrder, SearchQuestion, Total, newest_sequence};
use crate::moments::{Key, is, newest_first};
use crate::page::checked;
use crate::{Cursor, Page, PageRequest, QueryError, Reader};

/// So many hits are looked at, the segments with the latest first, or with the earliest where these are asked for. Sessions
/// whose hits are all behind them are missing.
pub(crate) const GROUPED_MAX: u64 = 500_000;
/// The most hits of one session that are told.
const HITS_MAX: u32 = 10;

/// A session in which something was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionHits {
    /// Which session.
    pub session: SessionId,
    /// How many hits it has.
    pub count: u64,
    /// The best of them, or the latest, or the earliest, as it was asked for.
    pub hits: Vec<SearchHit>,
}

/// A page of sessions in which something was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionHitsPage {
    /// The sessions.
    pub page: Page<SessionHits>,
    /// How many sessions there are on all pages. Exact unless there are more than [`GROUPED_MAX`] hits.
    pub total: Total,
    /// How many hits there are in all of them.
    pub hits: Total,
}

/// Where a session stands: the smaller key first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Place {
    /// Of the score, or of the time.
    first: u64,
    /// Of the time.
    second: u64,
    session: SessionId,
    /// Moments that came later are left out of all pages but the first.
    newest_sequence: u64,
}

/// What comes first: of sessions, and of the hits of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum First {
    Best,
    Latest,
    Earliest,
}

impl First {
    fn of(order: SearchOrder, prepared: &Prepared) -> Self {
        match order {
            SearchOrder::Relevance if prepared.compiled.scores => Self::Best,
            SearchOrder::Relevance | SearchOrder::Newest => Self::Latest,
            SearchOrder::Oldest => Self::Earliest,
        }
    }

    /// The end of the index at which looking begins.
    fn from(self) -> End {
        match self {
            Self::Best | Self::Latest => End::Latest,
            Self::Earliest => End::Earliest,
        }
    }

    /// A time as a number of which the smaller comes first. Of equals in score the latest does.
    fn by_time(self, at_us: i64) -> u64 {
        match self {
            Self::Best | Self::Latest => newest_first(at_us),
            Self::Earliest => !newest_first(at_us),
        }
    }
}

/// The hits of one session, so far.
#[derive(Debug, Clone, Copy)]
struct Group {
    count: u64,
    score: f32,
    /// The smallest [`First::by_time`].
    time: u64,
}

impl Group {
    const NONE: Self = Self {
        count: 0,
        score: 0.0,
        time: u64::MAX,
    };
}

impl Reader {
    /// A page of the sessions that have what is looked for: those with the best hit first, or with the latest, or with
    /// the earliest. Each with `hits` of its hits, 1 to 10, in the same order.
    ///
    /// # Errors
    /// As [`Reader::search`].
    pub fn search_sessions(
        &self,
        question: &SearchQuestion,
        hits: u32,
        request: &PageRequest,
    ) -> Result<SessionHitsPage, QueryError> {
        const LIST: &str = "search sessions";
        let limit = request.limit()?;
        let hits = checked("hits", hits, 1, HITS_MAX)? as usize;
        let prepared = self.prepare(&question.text, &question.filter)?;
        let order = First::of(question.order, &prepared);
        let list = format!("{LIST} {order:?}");
        let after = request.key_before::<Place>(&list)?;
        let newest = match after {
            Some(place) => place.newest_sequence,
            None => newest_sequence(&prepared.view)?,
        };
        let (groups, hit_total) = groups(&prepared, order, newest)?;
        let total = Total {
            count: groups.len() as u64,
            exact: hit_total.exact,
        };
        let mut places: Vec<(Place, u64)> = groups
            .into_iter()
            .map(|(session, group)| {
                // Scores are positive: as numbers without a sign they are in the same order.
                let best = u64::from(u32::MAX - group.score.to_bits());
                let place = Place {
                    first: if order == First::Best {
                        best
                    } else {
                        group.time
                    },
                    second: group.time,
                    session,
                    newest_sequence: newest,
                };
                (place, group.count)
            })
            .filter(|(place, _)| after.is_none_or(|after| *place > after))
            .collect();
        places.sort_unstable_by_key(|(place, _)| *place);
        places.truncate(limit + 1);
        let items = places.into_iter().map(|(place, count)| {
            let found = SessionHits {
                session: place.session,
                count,
                hits: hits_of(&prepared, place.session, order, hits, newest)?,
            };
            Ok((Cursor::new(&list, &place)?, found))
        });
        let items = items.collect::<Result<Vec<_>, QueryError>>()?;
        Ok(SessionHitsPage {
            page: Page::of(items, limit, request),
            total,
            hits: hit_total,
        })
    }
}

/// All sessions with hits.
fn groups(
    prepared: &Prepared,
    order: First,
    newest: u64,
) -> Result<(HashMap<SessionId, Group>, Total), QueryError> {
    let mut of_sessions: HashMap<SessionId, Group> = HashMap::new();
    let mut of_ordinals: Vec<Group> = Vec::new();
    let mut segment: Option<u32> = None;
    let mut count = 0;
    let leave = |of_ordinals: &mut Vec<Group>,
                 segment: Option<u32>,
                 of_sessions: &mut HashMap<SessionId, Group>|
     -> Result<(), QueryError> {
        let Some(segment) = segment else {
            return Ok(());
        };
        let columns = prepared
            .view
            .columns(segment)
            .map_err(QueryError::internal)?;
        for (ordinal, found) in (0..).zip(of_ordinals.drain(..)) {
            let session = columns.session_of(ordinal).filter(|_| found.count > 0);
            if let Some(session) = session {
                let group = of_sessions.entry(session).or_insert(Group::NONE);
                group.count += found.count;
                group.score = group.score.max(found.score);
                group.time = group.time.min(found.time);
            }
        }
        Ok(())
    };
    let mut failed = Ok(());
    let by_score = order == First::Best;
    let (hunt, from) = (prepared.hunt(), order.from());
    let all = hunt.each_from(from, by_score, |ground, document, scorer| {
        if count == GROUPED_MAX {
            return ControlFlow::Break(());
        }
        if ground.columns.sequence.first(document).unwrap_or(0) > newest {
            return ControlFlow::Continue(());
        }
        count += 1;
        if segment != Some(ground.ordinal) {
            failed = leave(&mut of_ordinals, segment, &mut of_sessions);
            if failed.is_err() {
                return ControlFlow::Break(());
            }
            segment = Some(ground.ordinal);
            of_ordinals.resize(ground.columns.session_count(), Group::NONE);
        }
        let ordinal = ground
            .columns
            .session_ordinals
            .first(document)
            .unwrap_or(u64::MAX);
        let slot = usize::try_from(ordinal).ok();
        if let Some(group) = slot.and_then(|slot| of_ordinals.get_mut(slot)) {
            group.count += 1;
            if by_score {
                group.score = group.score.max(scorer.score());
            }
            group.time = group.time.min(order.by_time(ground.at_us(document)));
        }
        ControlFlow::Continue(())
    })?;
    failed?;
    leave(&mut of_ordinals, segment, &mut of_sessions)?;
    Ok((of_sessions, Total { count, exact: all }))
}

/// The best hits of one session, or the latest, or the earliest.
fn hits_of(
    prepared: &Prepared,
    session: SessionId,
    order: First,
    limit: usize,
    newest: u64,
) -> Result<Vec<SearchHit>, QueryError> {
    let of_session = unscored(is(prepared.view.fields.session_term(session)));
    let compiled = Compiled {
        query: Box::new(BooleanQuery::new(vec![
            (Occur::Must, prepared.compiled.query.box_clone()),
            (Occur::Must, of_session),
        ])),
        wanted: Vec::new(),
        is_term: false,
        ..prepared.compiled
    };
    let hunt = Hunt {
        view: &prepared.view,
        compiled: &compiled,
        allowed: prepared.allowed.as_ref(),
    };
    let by_time = |found: Vec<(Key, DocAddress)>| found.into_iter().map(|(_, at)| at).collect();
    let addresses: Vec<DocAddress> = match order {
        First::Best => {
            let found = hunt.ranked(limit, 0, newest)?;
            found.into_iter().map(|(_, address)| address).collect()
        }
        First::Latest => by_time(hunt.newest(limit, None)?),
        First::Earliest => by_time(hunt.oldest(limit, None)?),
    };
    addresses
        .into_iter()
        .map(|address| prepared.hit(address))
        .collect()
}
