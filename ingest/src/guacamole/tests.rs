use proptest::prelude::*;
use retrace_media::guacamole::events::Event;

use super::dump::{Dump, Known, Piece};
use super::opening::{Opening, looks_like};

/// An instruction of the protocol.
fn instruction(elements: &[&str]) -> String {
    let elements: Vec<String> = elements
        .iter()
        .map(|element| format!("{}.{element}", element.chars().count()))
        .collect();
    format!("{};", elements.join(","))
}

/// A dump of `steps`: keys, syncs and drawing, with times that go on.
fn dump(steps: &[(u8, u16)]) -> String {
    let (mut out, mut time) = (instruction(&["size", "0", "640", "480"]), 1_000_u64);
    for (what, wait) in steps {
        time += u64::from(*wait);
        let at = time.to_string();
        out += &match what % 4 {
            0 => instruction(&["sync", &at, "0"]),
            1 => instruction(&["key", "97", "1", &at]) + &instruction(&["key", "97", "0", &at]),
            2 => instruction(&["mouse", "3", "4", &(wait % 2).to_string(), &at]),
            _ => instruction(&["msg", "é漢🦀"]),
        };
    }
    out
}

/// All pieces of a dump that comes in parts of these sizes, cut by a watcher after each.
fn pieces(content: &[u8], parts: &[usize], known: Known) -> Vec<Piece> {
    let (mut dump, mut pieces, mut rest) = (Dump::new(known), Vec::new(), content);
    for part in parts {
        let (now, later) = rest.split_at((*part).min(rest.len()));
        rest = later;
        dump.push(now);
        dump.cut();
        pieces.extend(std::iter::from_fn(|| dump.piece()));
    }
    dump.push(rest);
    dump.finish();
    pieces.extend(std::iter::from_fn(|| dump.piece()));
    pieces
}

fn bytes(pieces: &[Piece]) -> Vec<u8> {
    pieces
        .iter()
        .flat_map(|piece| piece.bytes.clone())
        .collect()
}

fn events(pieces: &[Piece]) -> Vec<Event> {
    pieces
        .iter()
        .flat_map(|piece| piece.events.clone())
        .collect()
}

proptest! {
    #[test]
    fn however_a_dump_is_cut_nothing_is_lost_and_what_happened_is_the_same(
        steps in prop::collection::vec((any::<u8>(), 0..2_000_u16), 0..40),
        parts in prop::collection::vec(1..60_usize, 0..40),
        cut_off in 0..30_usize,
        noise in prop::collection::vec(any::<u8>(), 0..10),
    ) {
        let mut content = dump(&steps).into_bytes();
        content.truncate(content.len() - cut_off.min(content.len() / 2));
        content.extend(noise);
        let (once, live) = (pieces(&content, &[], Known::default()), pieces(&content, &parts, Known::default()));
        prop_assert_eq!(bytes(&once), &content[..]);
        prop_assert_eq!(bytes(&live), &content[..]);
        prop_assert_eq!(events(&once), events(&live));
        let times: Vec<u64> = live.iter().flat_map(|piece| [piece.first_ms, piece.last_ms]).collect();
        prop_assert!(times.is_sorted());
        let frames = |pieces: &[Piece]| pieces.iter().map(|piece| piece.frames).sum::<u32>();
        prop_assert_eq!(frames(&once), frames(&live));
    }

    #[test]
    fn who_goes_on_cuts_where_was_cut_before(
        steps in prop::collection::vec((any::<u8>(), 0..2_000_u16), 1..40),
        parts in prop::collection::vec(1..60_usize, 1..40),
        other_parts in prop::collection::vec(1..60_usize, 0..40),
        stood in any::<prop::sample::Index>(),
        loose in 0..3_usize,
    ) {
        let content = dump(&steps).into_bytes();
        let before = pieces(&content, &parts, Known::default());
        let stood = stood.index(before.len() + 1);
        // Some events of the next piece may be there already.
        let loose = loose.min(before.get(stood).map_or(0, |next| next.events.len()));
        let known = Known {
            cuts: before[..stood].iter().map(|piece| piece.bytes.len() as u64).collect(),
            loose,
        };
        let after = pieces(&content, &other_parts, known);
        prop_assert_eq!(&after[..stood.min(after.len())], &before[..stood]);
        prop_assert_eq!(bytes(&after), content);
        if let Some(next) = after.get(stood) {
            prop_assert!(next.events.len() >= loose);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(noise in prop::collection::vec(any::<u8>(), 0..300), is_all in any::<bool>()) {
        looks_like(&noise);
        Opening::of(&noise, is_all);
        prop_assert_eq!(bytes(&pieces(&noise, &[7, 9], Known::default())), noise);
    }
}

#[test]
fn an_opening_ends_with_the_second_sync_and_what_follows_does_not_count() {
    let first = dump(&[(0, 5), (1, 5), (0, 5)]);
    let opening = Opening::of(first.as_bytes(), false).unwrap();
    let longer = dump(&[(0, 5), (1, 5), (0, 5), (1, 5), (0, 5)]);
    assert_eq!(Opening::of(longer.as_bytes(), false), Some(opening.clone()));
    let other = dump(&[(0, 5), (1, 5), (0, 6)]);
    assert_ne!(
        Opening::of(other.as_bytes(), false).unwrap().identity,
        opening.identity
    );
    let short = dump(&[(0, 5), (1, 5)]);
    assert_eq!(Opening::of(short.as_bytes(), false), None);
    assert!(Opening::of(short.as_bytes(), true).is_some());
}

#[test]
fn a_dump_is_known_by_its_first_instructions() {
    #[rustfmt::skip]
    let cases = [
        ("4.size,1.0,4.1024,3.768;", true),
        ("4.sync,7.7349082,1.0;", true),
        ("4.name,3.vnc;4.size,1.0", true),
        ("7.unknown,1.1;4.size,1.0,2.10,2.10;", true),
        ("4.size,1.0", false),
        ("4.SIZE,1.0;4.SIZE,1.0;", false),
        ("1.5 is a number; and this is text", false),
        ("{\"version\": 2}", false),
        ("12:00:01 log line", false),
        ("", false),
    ];
    for (beginning, want) in cases {
        assert_eq!(looks_like(beginning.as_bytes()), want, "{beginning}");
    }
}
