//! Searching within times, compared with looking at each moment.

use retrace_core::event::MarkerSet;

use super::tests::{found, question, total};
use super::*;
use crate::PageRequest;
use crate::testing::{Fixture, launched, session, t0};

/// Sessions that overlap in time, with more markers than the index knows of together.
const SESSIONS: u16 = 4;
const MARKERS: i64 = 2_600;

/// When each marker is set: nearly in order, as recorders send them, and some far from it.
fn offset_us(session: u16, marker: i64) -> i64 {
    let mixed = (marker * 7_919 + i64::from(session) * 104_729) % 1_000;
    let late = if mixed == 17 { 900_000_000 } else { 0 };
    i64::from(session) * 800_000_000 + marker * 1_000_000 + mixed * 3_000 - late
}

/// When the marker of each hit was, without asking for a time.
fn all_times(fixture: &Fixture) -> Vec<i64> {
    let mut times = Vec::new();
    let mut request = PageRequest::first(100);
    loop {
        let question = question("checkpoint", &SearchFilter::default(), SearchOrder::Newest);
        let page = fixture.reader.search(&question, &request).unwrap().page;
        times.extend(page.items.iter().map(|(_, hit)| hit.at.micros_since(t0())));
        if !page.has_next {
            return times;
        }
        request.after = page.items.last().map(|(cursor, _)| cursor.clone());
    }
}

#[tokio::test]
async fn what_is_found_within_times_is_what_was_then() {
    let fixture = Fixture::new().await;
    for number in 1..=SESSIONS {
        let launch = (offset_us(number, 0), launched("t", "ann", "h"));
        let markers = (0..MARKERS).map(|marker| {
            let label = "checkpoint".to_owned();
            (offset_us(number, marker), MarkerSet { label }.into())
        });
        fixture
            .append(session(number), std::iter::once(launch).chain(markers))
            .await;
        // Several commits make several segments.
        fixture.settle().await;
    }
    let mut times = all_times(&fixture);
    assert_eq!(times.len() as i64, i64::from(SESSIONS) * MARKERS);
    times.sort_unstable();
    let edge = [times[0], times[times.len() / 3], times[times.len() - 1]];
    let spans = (0..40).map(|n| {
        let from = times[(n * 257) % times.len()];
        (from, from + [0, 1, 90_000_000, 2_000_000_000][n % 4])
    });
    let around = edge.iter().flat_map(|at| [(*at, *at + 1), (at - 1, *at)]);
    for (from, to) in spans.chain(around).chain([(5, 3), (i64::MIN / 4, -1)]) {
        let at = |us: i64| Some(t0().saturating_add_micros(us));
        let filter = SearchFilter {
            at_from: at(from),
            at_to: at(to),
            ..SearchFilter::default()
        };
        let mut then: Vec<i64> = times
            .iter()
            .copied()
            .filter(|at| (from..to).contains(at))
            .collect();
        then.reverse();
        for (text, order) in [
            ("checkpoint", SearchOrder::Newest),
            ("checkpoint", SearchOrder::Relevance),
            ("", SearchOrder::Newest),
            ("checkpoint", SearchOrder::Oldest),
        ] {
            let page = found(&fixture, text, &filter, order);
            assert_eq!(total(&page), then.len() as u64, "{text:?} {from}..{to}");
            let hits = page.page.items.iter();
            let hits: Vec<i64> = hits.map(|(_, hit)| hit.at.micros_since(t0())).collect();
            assert_eq!(hits.len(), then.len().min(100));
            match order {
                SearchOrder::Newest => assert_eq!(hits, then[..hits.len()], "{from}..{to}"),
                SearchOrder::Oldest => {
                    let first: Vec<i64> = then.iter().rev().take(hits.len()).copied().collect();
                    assert_eq!(hits, first, "{from}..{to}");
                }
                SearchOrder::Relevance => {
                    assert!(hits.iter().all(|at| (from..to).contains(at)));
                }
            }
        }
    }
}
