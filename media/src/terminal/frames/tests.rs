use proptest::prelude::*;

use super::*;
use crate::terminal::testing::{Kept, output};

type At<'a> = (u64, Change<'a>);

fn small() -> Size {
    Size::clamped(8, 3)
}

fn shown(settings: &Settings, changes: &[At<'_>]) -> Kept {
    let mut extent = Extent::default();
    extent.note(Change::Started(small()));
    let mut animation = Animation::new(extent, settings, Kept::default()).unwrap();
    animation.apply(0, Change::Started(small())).unwrap();
    for &(offset_us, change) in changes {
        animation.apply(offset_us, change).unwrap();
    }
    animation.finish().unwrap()
}

const MS: u64 = 1_000;

#[test]
fn frames_come_when_something_changed_and_not_too_often() {
    use Change::Written;
    let cases: &[(&str, &[At<'_>], &[u64])] = &[
        ("nothing happens", &[], &[0]),
        ("at once", &[(0, Written("a"))], &[0]),
        ("after a while", &[(500 * MS, Written("a"))], &[0, 500 * MS]),
        (
            "a burst becomes two frames",
            &[
                (500 * MS, Written("a")),
                (501 * MS, Written("b")),
                (510 * MS, Written("c")),
            ],
            &[0, 500 * MS, 550 * MS],
        ),
        (
            "soon after the first frame",
            &[(1, Written("a")), (60 * MS, Written("b"))],
            &[0, 50 * MS, 100 * MS],
        ),
        (
            "what cannot be seen",
            &[(500 * MS, Written("\x1b]0;title\x07"))],
            &[0],
        ),
        (
            "what is undone at the same time",
            &[(500 * MS, Written("a")), (500 * MS, Written("\r \r"))],
            &[0],
        ),
        (
            "times that run backwards",
            &[(500 * MS, Written("a")), (100 * MS, Written("b"))],
            &[0, 500 * MS],
        ),
    ];
    let settings = Settings {
        frames_per_second: 20,
        ..Settings::default()
    };
    for (name, changes, want) in cases {
        assert_eq!(shown(&settings, changes).times(), *want, "{name}");
    }
}

#[test]
fn pauses_and_speed_are_as_asked() {
    let changes = [
        (1_000 * MS, Change::Written("a")),
        (61_000 * MS, Change::Written("b")),
        (62_000 * MS, Change::Written("c")),
    ];
    let limit = Some(Duration::from_secs(2));
    let cases = [
        (None, 1.0, [0, 1_000, 61_000, 62_000], 64_000),
        (limit, 1.0, [0, 1_000, 3_000, 4_000], 6_000),
        (limit, 2.0, [0, 500, 1_500, 2_000], 4_000),
        (None, f64::NAN, [0, 1_000, 61_000, 62_000], 64_000),
    ];
    for (idle_limit, speed, times, end) in cases {
        let settings = Settings {
            idle_limit,
            speed,
            ..Settings::default()
        };
        let shown = shown(&settings, &changes);
        assert_eq!(
            shown.times(),
            times.map(|ms| ms * MS),
            "{idle_limit:?}, {speed}"
        );
        assert_eq!(shown.end_us, Some(end * MS), "{idle_limit:?}, {speed}");
    }
}

#[test]
fn a_pause_of_years_has_an_end() {
    let shown = shown(&Settings::default(), &[(u64::MAX, Change::Written("a"))]);
    assert_eq!(shown.times(), [0, PAUSE_MAX_US]);
}

#[test]
fn the_extent_is_that_of_the_largest_terminals() {
    let mut extent = Extent::default();
    assert_eq!(extent.size(), Size::DEFAULT);
    extent.note(Change::Started(Size::clamped(100, 10)));
    extent.note(Change::Written("x"));
    extent.note(Change::Resized(Size::clamped(20, 50)));
    assert_eq!(extent.size(), Size::clamped(100, 50));
    assert_eq!(extent.clipped(), None);
    extent.note(Change::Resized(Size::clamped(900, 50)));
    let clipped = extent.clipped().unwrap().to_string();
    assert!(clipped.contains("900 columns and 50 rows"), "{clipped}");

    let mut unsized_at_first = Extent::default();
    unsized_at_first.note(Change::Written("x"));
    unsized_at_first.note(Change::Resized(Size::clamped(10, 10)));
    assert_eq!(unsized_at_first.size(), Size::DEFAULT);
}

#[test]
fn every_frame_has_the_same_size_when_the_terminal_does_not() {
    let changes = [
        (0, Change::Written("one")),
        (1_000 * MS, Change::Resized(Size::clamped(4, 2))),
        (2_000 * MS, Change::Resized(Size::clamped(400, 90))),
        (3_000 * MS, Change::Started(Size::clamped(1, 1))),
    ];
    let shown = shown(&Settings::default(), &changes);
    let sizes: Vec<usize> = shown.frames.iter().map(|frame| frame.rgba.len()).collect();
    assert_eq!(sizes, [sizes[0]; 4]);
}

fn change() -> impl Strategy<Value = (u64, Option<(u32, u32)>, String)> {
    let size = prop::option::weighted(0.2, (0..14_u32, 0..6_u32));
    (0..200_000_u64, size, output())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// However a session was cut into pieces in time, its last frame is its last screen.
    #[test]
    fn the_last_frame_is_the_last_screen(steps in prop::collection::vec(change(), 0..12)) {
        let mut offset = 0;
        let mut changes = Vec::new();
        for (pause, size, text) in &steps {
            offset += pause;
            if let Some((columns, rows)) = size {
                changes.push((offset, Change::Resized(Size::clamped(*columns, *rows))));
            }
            changes.push((offset, Change::Written(text)));
        }
        let settings = Settings::default();
        let stepwise = shown(&settings, &changes);
        let at_once: Vec<_> = changes.iter().map(|(_, change)| (0, *change)).collect();
        let at_once = shown(&settings, &at_once);
        prop_assert_eq!(at_once.frames.len(), 1);
        prop_assert!(stepwise.frames.last().unwrap().rgba == at_once.frames[0].rgba);
        let times = stepwise.times();
        prop_assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 33_333), "{times:?}");
    }
}
