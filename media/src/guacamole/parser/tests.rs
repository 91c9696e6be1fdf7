use proptest::prelude::*;

use super::*;
use crate::guacamole::testing::{recording, written};

type Read = (Vec<(Vec<String>, u64, u64)>, Option<ParseError>, usize);

/// Reads bytes in pieces; the sizes are used in turn.
fn read(bytes: &[u8], sizes: &[usize], limits: Limits) -> Read {
    let (mut parser, mut instructions) = (Parser::new(limits), Vec::new());
    let (mut left, mut sizes) = (bytes, sizes.iter().cycle());
    loop {
        loop {
            match parser.next() {
                Ok(Some(i)) => {
                    let elements = std::iter::once(i.opcode()).chain(i.args());
                    instructions.push((elements.map(str::to_owned).collect(), i.start(), i.end()));
                }
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(
                        parser.next().err(),
                        Some(error),
                        "it fails once and for all"
                    );
                    return (instructions, Some(error), 0);
                }
            }
        }
        if left.is_empty() {
            return (instructions, None, parser.unfinished());
        }
        let (piece, rest) = left.split_at((*sizes.next().unwrap()).clamp(1, left.len()));
        parser.push(piece);
        left = rest;
    }
}

#[test]
fn instructions_have_their_arguments_and_places() {
    let bytes = "4.size,1.0,4.1024,3.768;4.name,5.été €;3.nop;4.name,0.;4.name,2.,;,1.🚀;";
    let (instructions, error, unfinished) =
        read(bytes.as_bytes(), &[bytes.len()], Limits::default());
    let want: [(&[&str], u64, u64); 5] = [
        (&["size", "0", "1024", "768"], 0, 24),
        (&["name", "été €"], 24, 43),
        (&["nop"], 43, 49),
        (&["name", ""], 49, 59),
        (&["name", ",;", "🚀"], 59, 78),
    ];
    assert_eq!((error, unfinished), (None, 0));
    assert_eq!(instructions.len(), want.len());
    for ((elements, start, end), want) in instructions.iter().zip(want) {
        assert!(elements.iter().eq(want.0), "{elements:?}");
        assert_eq!((*start, *end), (want.1, want.2), "{elements:?}");
    }
}

#[test]
fn damage_is_named_with_its_byte_and_what_came_before_is_kept() {
    let small = Limits {
        instruction_bytes: 40,
        element_chars: 20,
        elements: 3,
    };
    let large = |limit, unit| ParseError::TooLarge {
        offset: 6,
        limit,
        unit,
    };
    let length = |offset, found| ParseError::Length { offset, found };
    let cases: &[(&[u8], usize, ParseError)] = &[
        (b"x", 0, length(0, b'x')),
        (b"3.nop;x.nop;", 1, length(6, b'x')),
        (b"3.nop;.nop;", 1, length(6, b'.')),
        (b"3.nop;\n", 1, length(6, b'\n')),
        (b"3.nop;-1.nop;", 1, length(6, b'-')),
        (b"3.nop;000000000000000000.;", 1, length(16, b'0')),
        // A length that is one too much takes the semicolon in.
        (b"3.nop;4.nop;;;", 2, length(13, b';')),
        (
            b"3.nop;2.nop;",
            1,
            ParseError::Terminator {
                offset: 10,
                found: b'p',
            },
        ),
        (b"3.nop;3.n\xffp;", 1, ParseError::Utf8 { offset: 9 }),
        (b"3.nop;3.nop,21.", 1, large(20, "characters")),
        (b"3.nop;9999999999999999999.x", 1, large(20, "characters")),
        (b"3.nop;1.a,1.b,1.c,1.d;", 1, large(3, "elements")),
        (
            b"3.nop;15.aaaaaaaaaaaaaaa,20.aaaaaaaaaaaaaaaaaaaa;",
            1,
            large(40, "bytes"),
        ),
    ];
    for (bytes, good, want) in cases {
        for sizes in [[1], [5], [1_000]] {
            let (instructions, error, _) = read(bytes, &sizes, small);
            let shown = String::from_utf8_lossy(bytes);
            assert_eq!(error, Some(*want), "{shown} in pieces of {sizes:?}");
            assert_eq!(instructions.len(), *good, "{shown}");
        }
    }
}

#[test]
fn a_cut_off_end_is_known() {
    let bytes = recording("size 0 10 10\nsync 5 0");
    for cut in 0..bytes.len() {
        let (instructions, error, unfinished) =
            read(&bytes.as_bytes()[..cut], &[7], Limits::default());
        let whole = instructions.last().map_or(0, |(_, _, end)| *end);
        assert_eq!(error, None, "cut at {cut}");
        assert_eq!(whole + unfinished as u64, cut as u64, "cut at {cut}");
    }
}

proptest! {
    #[test]
    fn any_cutting_gives_the_same(
        instructions in prop::collection::vec(prop::collection::vec("\\PC{0,12}", 1..5), 0..8),
        sizes in prop::collection::vec(1_usize..9, 1..6),
    ) {
        let mut bytes = String::new();
        for elements in &instructions {
            let elements: Vec<_> = elements.iter().map(String::as_str).collect();
            bytes.push_str(&written(&elements));
        }
        let whole = read(bytes.as_bytes(), &[bytes.len().max(1)], Limits::default());
        let elements: Vec<_> = whole.0.iter().map(|(elements, ..)| elements.clone()).collect();
        prop_assert_eq!(&elements, &instructions);
        prop_assert_eq!(read(bytes.as_bytes(), &sizes, Limits::default()), whole);
    }

    #[test]
    fn any_bytes_give_the_same_however_they_are_cut(
        bytes in prop::collection::vec(
            prop::sample::select(b"0123.,;a\xc3\xa9\xff".to_vec()),
            0..60,
        ),
        sizes in prop::collection::vec(1_usize..9, 1..6),
    ) {
        let limits = Limits { instruction_bytes: 30, element_chars: 12, elements: 4 };
        let whole = read(&bytes, &[bytes.len().max(1)], limits);
        prop_assert_eq!(read(&bytes, &sizes, limits), whole);
    }
}
