//! What the format allows and forbids, line by line.

use std::io::{self, Read, Write};

use crate::support::{Recording, read, read_within, start};
use proptest::prelude::*;
use retrace_core::event::MAX_DATA_BYTES;
use retrace_ingest::Limits;
use retrace_ingest::asciicast::Version;

const V2: &str = "{\"version\": 2, \"width\": 80, \"height\": 24}\n";
const V3: &str = "{\"version\": 3, \"term\": {\"cols\": 80, \"rows\": 24}}\n";

/// Each event as `microseconds type data`.
fn shown(recording: &Recording) -> Vec<String> {
    let show = |(at, kind, data): &crate::support::Entry| {
        format!("{} {kind} {data}", at.micros_since(start()))
    };
    recording.events.iter().map(show).collect()
}

#[test]
fn every_entry_becomes_its_event() {
    let v2 = "\r\n[0.5, \"o\", \"a\\u001b[m\\u00e9\\ud83d\\ude80\\/\"]\r\n  \n[0.5,\"i\",\"\\u0003\"]\n\
              [1e0, \"m\", \"\"]\n[1.0000005, \"r\", \"100x30\"]\n[2, \"zz\", \"any\"]\n\
              [2, \"q\", {\"b\": [1, 2]}]\n[2, \"x\", \"gone\"]\n[3, \"x\", \"-1\"]";
    let recording = read([V2.as_bytes(), v2.as_bytes()].concat().as_slice()).unwrap();
    assert_eq!(
        shown(&recording),
        [
            "500000 terminal.written {\"text\":\"a\\u001b[mé🚀/\"}",
            "500000 keys.typed {\"text\":\"\\u0003\"}",
            "1000000 marker.set {\"label\":\"\"}",
            "1000001 terminal.resized {\"columns\":100,\"rows\":30}",
            "2000000 recording.code_kept {\"code\":\"zz\",\"data\":\"any\"}",
            "2000000 recording.code_kept {\"code\":\"q\",\"data\":\"{\\\"b\\\": [1, 2]}\"}",
            "2000000 recording.code_kept {\"code\":\"x\",\"data\":\"gone\"}",
        ]
    );
    assert_eq!(recording.facts.exit_status, Some(-1));
    assert_eq!(recording.facts.duration_us, 3_000_000);
}

#[test]
fn intervals_of_version_3_add_up_comments_and_unknown_codes_included() {
    let v3 = "[0.1, \"o\", \"a\"]\n# a comment\n[0.1, \"?\", \"\"]\n[0.1, \"x\", \"3\"]\n\
              [0.1, \"o\", \"appended\"]\n[0.1, \"x\", \"4\"]\n#end";
    let recording = read([V3.as_bytes(), v3.as_bytes()].concat().as_slice()).unwrap();
    assert_eq!(
        shown(&recording),
        [
            "100000 terminal.written {\"text\":\"a\"}",
            "100000 recording.commented {\"text\":\" a comment\"}",
            "200000 recording.code_kept {\"code\":\"?\",\"data\":\"\"}",
            "300000 recording.code_kept {\"code\":\"x\",\"data\":\"3\"}",
            "400000 terminal.written {\"text\":\"appended\"}",
            "500000 recording.commented {\"text\":\"end\"}",
        ]
    );
    assert_eq!(
        (recording.facts.exit_status, recording.facts.counts.exits),
        (Some(4), 2)
    );
}

#[test]
fn version_1_may_be_in_one_line_or_in_many_and_in_any_order() {
    let cases = [
        r#"{"version": 1, "width": 80, "height": 24, "stdout": [[0.5, "a"], [1.5, "b"]]}"#,
        "{\n  \"stdout\": [\n    [0.5, \"a\"],\n    [1.5, \"b\"]\n  ],\n  \"version\": 1, \"height\": 24,\n \"width\": 80\n}\n",
    ];
    for text in cases {
        let recording = read(text.as_bytes()).unwrap();
        assert_eq!(
            shown(&recording),
            [
                "500000 terminal.written {\"text\":\"a\"}",
                "2000000 terminal.written {\"text\":\"b\"}"
            ]
        );
        assert_eq!(
            recording.header.text,
            r#"{"height":24,"version":1,"width":80}"#
        );
    }
}

#[test]
fn a_header_that_is_not_one_is_refused() {
    let cases = [
        (
            "",
            "line 1: the header is missing, expected a JSON object with `version`",
        ),
        (
            "\n\n",
            "line 2: the header is missing, expected a JSON object with `version`",
        ),
        (
            "hello\n",
            "line 1: the header is hello, expected a JSON object with `version`",
        ),
        (
            "[1]\n",
            "line 1: the header is [1], expected a JSON object with `version`",
        ),
        (
            "\u{1}\0\n",
            "line 1: the header is \\u{1}\\u{0}, expected a JSON object with `version`",
        ),
        ("{}\n", "line 1: `version` is missing, expected 1, 2 or 3"),
        (
            "{\"version\": 4}\n",
            "line 1: `version` is 4, expected 1, 2 or 3",
        ),
        (
            "{\"version\": \"2\"}\n",
            "line 1: `version` is \"2\", expected 1, 2 or 3",
        ),
        (
            "{\"version\": 2, \"height\": 1}\n",
            "line 1: `width` is missing, expected a whole number from 1 to 10000",
        ),
        (
            "{\"version\": 2, \"width\": 0, \"height\": 1}\n",
            "line 1: `width` is 0, expected a whole number from 1 to 10000",
        ),
        (
            "\n{\"version\": 2, \"width\": 1, \"height\": 1e99}\n",
            "line 2: `height` is 1e+99, expected a whole number from 1 to 10000",
        ),
        (
            "{\"version\": 3, \"width\": 1, \"height\": 1}\n",
            "line 1: `term.cols` is missing, expected a whole number from 1 to 10000",
        ),
        (
            "{\"version\": 3, \"term\": {\"cols\": 1, \"rows\": 10001}}\n",
            "line 1: `term.rows` is 10001, expected a whole number from 1 to 10000",
        ),
        (
            "{\"version\": 2, \"width\": 1, \"height\": 1, \"timestamp\": -1}\n",
            "line 1: `timestamp` is -1, expected seconds since 1970, before the year 9989",
        ),
        (
            "{\"version\": 2, \"width\": 1, \"height\": 1, \"idle_time_limit\": \"2\"}\n",
            "line 1: `idle_time_limit` is \"2\", expected seconds from 0 up to ten years",
        ),
        (
            "{\"version\": 2, \"wid",
            "line 1: the file ends within this line",
        ),
        (
            "{\n\"version\": 2,\n\"width\": 1}\n",
            "line 2: not JSON: `version` is 2 in an object of several lines, expected 1",
        ),
        (
            "{\"version\": 1, \"width\": 1, \"height\": 1}",
            "line 1: not JSON: missing field `stdout`",
        ),
        (
            "{\"version\": 1, \"width\": 1, \"height\": 1,\n\"stdout\": [\n[1, \"a\"],\n[1]]}",
            "line 4: the entry is [1], expected [delay, text]",
        ),
        (
            "{\"version\": 1, \"width\": 1, \"height\": 1,\n\"stdout\": [[1, \"a\"",
            "line 2: the file ends within this line",
        ),
    ];
    for (text, want) in cases {
        let error = read(text.as_bytes()).expect_err(text);
        assert_eq!(error.to_string(), want, "{text}");
    }
    let long = format!(
        "{{\"version\": 2, \"width\": 1, \"height\": 1, \"title\": \"{}\"}}\n",
        "x".repeat(33_000)
    );
    let error = read(long.as_bytes()).unwrap_err().to_string();
    assert_eq!(
        error,
        "line 1: longer than 32768 bytes, the most that a header may have"
    );
}

#[test]
fn an_entry_that_is_not_one_refuses_the_recording() {
    let cases: [(&str, &[u8], &str); 9] = [
        (
            V2,
            b"[2, \"o\", \"a\"]\n[1.5, \"o\", \"b\"]\n",
            "line 3: the time is 1.500000 s, before the entry above it, expected times that never go backwards",
        ),
        (
            V2,
            b"[1, \"o\", \"a\"]\n[2, \"o\", \"b",
            "line 3: the file ends within this line",
        ),
        (
            V2,
            b"[1, \"o\", \"a\"]\n[2, \"o\", \"b\n",
            "line 3: not JSON: EOF while parsing a string",
        ),
        (V2, b"\n\n[1, \"o\", \"\xff\"]\n", "line 4: not valid UTF-8"),
        (
            V2,
            b"# version 2 has no comments\n",
            "line 2: not JSON: expected value",
        ),
        (
            V2,
            b"[1, \"o\", \"\\ud83d\"]\n",
            "line 2: not JSON: unexpected end of hex escape",
        ),
        (
            V2,
            b"[400000000, \"o\", \"a\"]\n",
            "line 2: the time is 400000000, expected seconds from 0 up to ten years",
        ),
        (
            V3,
            b"[300000000, \"o\", \"a\"]\n[300000000, \"o\", \"a\"]\n",
            "line 3: the time is more than ten years after the start, expected less than ten years in all",
        ),
        (
            V3,
            b"[1, \"o\", \"a\"] [1, \"o\", \"a\"]\n",
            "line 2: not JSON: trailing characters",
        ),
    ];
    for (header, lines, want) in cases {
        let error = read([header.as_bytes(), lines].concat().as_slice()).unwrap_err();
        assert_eq!(error.to_string(), want);
    }
}

#[test]
fn a_text_that_is_too_long_for_one_event_becomes_several() {
    // Each character is six bytes in canonical JSON, or four, or one.
    for (unit, count) in [
        ("\u{1}", 50_000),
        ("🚀", 70_000),
        ("x", MAX_DATA_BYTES - 10),
        ("\"é", 60_000),
    ] {
        let text = unit.repeat(count);
        let json = serde_json::to_string(&text).unwrap();
        for (code, kind) in [("o", "terminal.written"), ("i", "keys.typed")] {
            let file = format!("{V2}[1, \"{code}\", {json}]\n[2, \"o\", \"after\"]\n");
            let recording = read(file.as_bytes()).unwrap();
            let (last, pieces) = recording.events.split_last().unwrap();
            assert_eq!(last.2, "{\"text\":\"after\"}");
            assert!(
                pieces.len() > 1 && pieces.iter().all(|(_, k, _)| k == kind),
                "{code} {unit}"
            );
            let mut together = String::new();
            for (index, (_, _, data)) in pieces.iter().enumerate() {
                assert!(data.len() <= MAX_DATA_BYTES);
                let data: serde_json::Value = serde_json::from_str(data).unwrap();
                let continued = code == "o" && index + 1 < pieces.len();
                assert_eq!(data.get("continued").is_some(), continued, "{code} {unit}");
                together.push_str(data["text"].as_str().unwrap());
            }
            assert!(together == text, "{code} {unit}");
        }
    }
    let file = format!("{V2}[1, \"m\", \"{}\"]\n", "x".repeat(70_000));
    let error = read(file.as_bytes()).unwrap_err().to_string();
    assert!(
        error.starts_with("line 2: the data of a `marker.set` has 70012 bytes"),
        "{error}"
    );
}

#[test]
fn a_huge_line_is_refused_without_being_held() {
    let line = io::repeat(b'x').take(100 << 20);
    let file = V2.as_bytes().chain(&b"[1, \"o\", \""[..]).chain(line);
    let error = read(file).unwrap_err().to_string();
    assert_eq!(
        error,
        "line 2: longer than 16777216 bytes, the most that a line may have"
    );
    // In one piece, as version 1 may be.
    let limits = Limits {
        max_whole_bytes: 1 << 20,
        ..Limits::default()
    };
    let file = (&b"{\n"[..]).chain(io::repeat(b' ').take(2 << 20));
    let error = read_within(file, &limits).unwrap_err().to_string();
    assert_eq!(
        error,
        "line 1: longer than 1048576 bytes, the most that a recording in one piece may have"
    );
}

#[test]
fn a_decompression_bomb_is_refused() {
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(V3.as_bytes()).unwrap();
    let comment = format!("#{}\n", " ".repeat(60_000)).repeat(16);
    for _ in 0..80 {
        bomb.write_all(comment.as_bytes()).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    let limits = Limits {
        max_ratio: 500,
        ..Limits::default()
    };
    let error = read_within(bomb.as_slice(), &limits)
        .unwrap_err()
        .to_string();
    assert!(error.contains("over 500 for each"), "{error}");
}

prop_compose! {
    /// A valid entry as its line, times as intervals in thousandths.
    fn entry()(
        interval_ms in 0_u64..5_000,
        code in prop_oneof![Just("o"), Just("i"), Just("m"), Just("r"), Just("q"), Just("x")],
        text in any::<String>(),
        size in (1_u32..=10_000, 1_u32..=10_000),
        status in any::<i32>(),
        ascii in any::<bool>(),
    ) -> (u64, &'static str, String) {
        let text = match code {
            "r" => format!("{}x{}", size.0, size.1),
            "x" => status.to_string(),
            _ => text,
        };
        (interval_ms, code, escaped(&text, ascii))
    }
}

/// The text as JSON, as a recorder writes it that keeps to ASCII, or one that does not.
fn escaped(text: &str, ascii: bool) -> String {
    let json = serde_json::to_string(text).unwrap();
    if !ascii {
        return json;
    }
    let mut units = [0; 2];
    json.chars()
        .map(|c| match c {
            ' '..='~' => c.to_string(),
            _ => c
                .encode_utf16(&mut units)
                .iter()
                .map(|unit| format!("\\u{unit:04X}"))
                .collect(),
        })
        .collect()
}

fn cast(version: Version, entries: &[(u64, &'static str, String)]) -> String {
    let mut file = if version == Version::V3 { V3 } else { V2 }.to_owned();
    let mut now_ms = 0;
    for (interval_ms, code, json) in entries {
        now_ms += interval_ms;
        let ms = if version == Version::V3 {
            *interval_ms
        } else {
            now_ms
        };
        file.push_str(&format!(
            "[{}.{:03}, \"{code}\", {json}]\n",
            ms / 1_000,
            ms % 1_000
        ));
    }
    file
}

proptest! {
    #[test]
    fn both_versions_and_both_ways_of_escaping_say_the_same(
        entries in prop::collection::vec(entry(), 0..30)
    ) {
        let v2 = read(cast(Version::V2, &entries).as_bytes()).unwrap();
        let v3 = read(cast(Version::V3, &entries).as_bytes()).unwrap();
        prop_assert_eq!(&v2.events, &v3.events);
        let texts: Vec<String> =
            entries.iter().map(|(_, _, json)| serde_json::from_str(json).unwrap()).collect();
        let ascii: Vec<_> = entries.iter().zip(&texts)
            .map(|((ms, code, _), text)| (*ms, *code, escaped(text, true))).collect();
        let ascii = read(cast(Version::V3, &ascii).as_bytes()).unwrap();
        prop_assert_eq!(&ascii.events, &v3.events);
    }

    #[test]
    fn a_damaged_recording_is_read_or_refused_with_a_line(
        entries in prop::collection::vec(entry(), 0..10),
        v3 in any::<bool>(),
        cut in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let version = if v3 { Version::V3 } else { Version::V2 };
        let mut file = cast(version, &entries).into_bytes();
        for (place, byte) in damage {
            let place = place.index(file.len());
            file[place] = byte;
        }
        file.truncate(cut.index(file.len() + 1));
        if let Err(error) = read(file.as_slice()) {
            prop_assert!(error.to_string().starts_with("line ") || file.starts_with(b"\x1f\x8b"), "{error}");
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..300), head in 0..5) {
        let beginnings: [&[u8]; 5] = [b"", V2.as_bytes(), V3.as_bytes(), b"{\"version\":1,", b"\x1f\x8b\x08\0"];
        bytes.splice(0..0, beginnings[head as usize].iter().copied());
        let _ = read(bytes.as_slice());
    }
}
