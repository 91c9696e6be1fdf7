//! Recordings of terminals that are damaged or cut off: the good part is kept, and what is wrong is said.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use retrace_ingest::Limits;
use retrace_ingest::import::{Found, ImportOptions, discover};

use crate::replay::{Read, candidates, read, try_read};

/// What is found and read under a folder; refusals are counted.
fn read_all(folder: &Path) -> (Vec<Read>, usize) {
    let (mut good, mut refused) = (Vec::new(), 0);
    for found in discover(&[folder.to_path_buf()], &ImportOptions::default()) {
        match found {
            Found::Candidate(candidate) => match try_read(&candidate, &Limits::default()) {
                Ok(read) => good.push(read),
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    refused += 1;
                }
            },
            Found::Refused { .. } => refused += 1,
            Found::Skipped { .. } => {}
        }
    }
    (good, refused)
}

fn frame(seconds: u32, micros: u32, output: &[u8]) -> Vec<u8> {
    let head = [seconds, micros, output.len() as u32].map(u32::to_le_bytes);
    [head.as_flattened(), output].concat()
}

fn ttyrec() -> Vec<u8> {
    [
        frame(1_795_214_559, 0, "żółć\r\n".as_bytes()),
        frame(
            1_795_214_559,
            500_000,
            "\u{1b}[1;32m日本\u{1b}[0m\r\n".as_bytes(),
        ),
        frame(1_795_214_561, 999_999, b"bye\r\n"),
    ]
    .concat()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, content).unwrap();
    encoder.finish().unwrap()
}

fn message(id: u64, pos: u64, timing: &str, output: &str) -> String {
    let message = serde_json::json!({"ver": "2.3", "host": "h", "rec": "r-1", "user": "ops",
        "term": "xterm", "session": 5, "id": id, "pos": pos, "time": 1_795_214_322.479 + pos as f64 / 1e3,
        "timing": timing, "in_txt": "", "in_bin": [], "out_txt": output, "out_bin": []});
    format!("{message}\n")
}

/// A file of a folder, with its content.
type NamedFile = (&'static str, Vec<u8>);

/// Small recordings of each format, as files of a folder.
fn small() -> Vec<(&'static str, Vec<NamedFile>)> {
    let out = "Script started on 2026-11-20 22:42:40+00:00 [TERM=\"xterm\" COLUMNS=\"90\" LINES=\"28\"]\n\
        żółć\r\n日本 \r\nbye\r\n\nScript done on 2026-11-20 22:44:11+00:00 [COMMAND_EXIT_CODE=\"3\"]\n";
    let input = "Script started on 2026-11-20 22:42:40+00:00 []\nls\r\n\
        Script done on 2026-11-20 22:44:11+00:00 [COMMAND_EXIT_CODE=\"3\"]\n";
    let timing = "H 0.000000 START_TIME 2026-11-20 22:42:40+00:00\nO 0.001544 4\nO 0.1 6\nI 1.5 3\n\
        S 0.2 SIGWINCH ROWS=36 COLS=120\nO 0.3 9\nO 0.1 5\nH 0.0 EXIT_CODE 3\n";
    let tlog = [
        message(1, 0, "=100x30>6+20>4", "żółć\r\n日本\r\n"),
        message(2, 900, "=100x30>2+1>3", "bye\r\n"),
    ];
    let log = b"1795214412:ops:root::/dev/pts/2:38:120\n/home/ops\n/usr/bin/wc -l\n".to_vec();
    let io_timing = b"4 0.011067584 10\n3 0.1 3\n5 0.5 40 110\n4 0.000226974 13\n".to_vec();
    let ttyout = "żółć\r\n日本\r\nbye\r\n".as_bytes();
    vec![
        ("ttyrec", vec![("a.ttyrec", ttyrec())]),
        ("ttyrec", vec![("a.ttyrec.gz", gzip(&ttyrec()))]),
        (
            "typescript",
            vec![
                ("a.out", out.into()),
                ("a.in", input.into()),
                ("a.timing", timing.into()),
            ],
        ),
        (
            "typescript",
            vec![
                (
                    "typescript",
                    b"[BEGIN TYPESCRIPT]\nabc\r\ndef\r\n\n[END TYPESCRIPT]\n".to_vec(),
                ),
                ("timing", b"0.128000 5\n0.015000 5\n".to_vec()),
            ],
        ),
        ("tlog", vec![("a.tlog.json", tlog.concat().into())]),
        (
            "sudo-iolog",
            vec![
                ("01/log", log),
                ("01/timing", gzip(&io_timing)),
                ("01/ttyin", b"ls\r".to_vec()),
                ("01/ttyout", gzip(ttyout)),
            ],
        ),
    ]
}

fn write(folder: &Path, files: &[(&str, Vec<u8>)]) {
    for (name, content) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

#[test]
fn cut_off_at_any_byte_the_good_part_is_kept_or_it_is_refused() {
    for (format, files) in small() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &files);
        let (whole, refused) = read_all(dir.path());
        assert_eq!((whole.len(), refused), (1, 0), "{format}");
        let whole = &whole[0];
        assert_eq!(whole.about.format, format);
        assert_eq!(
            whole.about.problems.count(),
            0,
            "{:?}",
            whole.about.problems
        );
        for (name, content) in &files {
            let path = dir.path().join(name);
            let mut unsaid = Vec::new();
            for end in 0..content.len() {
                fs::write(&path, &content[..end]).unwrap();
                // As little of it is not known as gzip.
                let is_packed = content.starts_with(b"\x1f\x8b");
                if is_packed && end < 10 {
                    read_all(dir.path());
                    continue;
                }
                let (cut, _) = read_all(dir.path());
                for read in &cut {
                    let is_said =
                        check_part(read, whole, &format!("{format}, {name} cut at {end}"));
                    unsaid.extend((!is_said).then_some(end));
                }
            }
            // Cut between two frames, lines or messages, nobody can know that there was more.
            assert!(unsaid.len() <= 5, "{format}, {name} cut at {unsaid:?}");
            fs::write(&path, content).unwrap();
        }
    }
}

/// Nothing is shown that was not shown. Answers whether it is said that something is missing, if it is.
fn check_part(part: &Read, whole: &Read, what: &str) -> bool {
    let mut last = None;
    for (at, ..) in &part.events {
        assert!(last <= Some(*at), "{what}: times go backwards");
        last = Some(*at);
    }
    let (got, all) = (part.written(), whole.written());
    let good = got.trim_end_matches('\u{fffd}').trim_end();
    // A footer that is cut is not known as one.
    let good = good.split("\n\nS").next().unwrap_or(good);
    let good = good.split("\n\n[").next().unwrap_or(good).trim_end();
    assert!(all.contains(good), "{what}: {got:?}");
    all.trim_end() == good || part.about.problems.count() > 0
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_changed_in_a_file_it_is_read_or_refused(
        which in 0..6_usize,
        file in 0..4_usize,
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let (_, mut files) = small().swap_remove(which);
        let index = file % files.len();
        for (at, byte) in changes {
            let content = &mut files[index].1;
            let at = at.index(content.len());
            content[at] = byte;
        }
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &files);
        let (good, _) = read_all(dir.path());
        let mut last = None;
        for (at, ..) in good.iter().flat_map(|read| &read.events) {
            prop_assert!(good.len() > 1 || last <= Some(*at), "times go backwards");
            last = Some(*at);
        }
    }
}

/// What is said of a recording: each problem, shortened.
fn problems(folder: &Path) -> Vec<String> {
    let read = read(&candidates(folder)[0]);
    read.about.problems.first().to_vec()
}

#[test]
fn what_is_wrong_with_a_ttyrec_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.ttyrec");
    let whole = ttyrec();
    let huge = [
        &whole[..],
        &1_795_214_570_u32.to_le_bytes(),
        &0_u32.to_le_bytes(),
        &u32::MAX.to_le_bytes(),
        b"abc",
    ]
    .concat();
    let back = [
        whole.clone(),
        frame(1_795_214_560, 0, b"x"),
        frame(1_795_214_562, 0, b"y"),
    ]
    .concat();
    let cases = [
        (
            &whole[..whole.len() - 2],
            "byte 68: the file ends within frame 3, 2 bytes before its end",
        ),
        (
            &whole[..whole.len() - 7],
            "byte 53: the file ends within the head of frame 3, after 10 of 12 bytes",
        ),
        (
            &huge,
            "byte 70: frame 4 says 1795214570.000000 seconds and 4294967295 bytes, which cannot be; \
             what follows is in the file and not shown",
        ),
        (
            &back,
            "byte 70: the clock was set back by 1999999 microseconds before frame 4",
        ),
    ];
    for (content, want) in cases {
        fs::write(&path, content).unwrap();
        assert_eq!(problems(dir.path()), [want]);
        assert!(
            read(&candidates(&path)[0])
                .written()
                .starts_with("żółć\r\n")
        );
    }
    // After the clock was set back, time goes on from there.
    fs::write(&path, &back).unwrap();
    assert_eq!(
        read(&candidates(&path)[0]).about.duration_us,
        2_999_999 + 2_000_000
    );
}

#[test]
fn a_missing_or_broken_message_is_a_gap_and_the_rest_stays() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.tlog.json");
    let first = message(1, 0, "=100x30>3+20>2", "one\r\n");
    let third = message(3, 5_000, "=100x30>7", "three\r\n");
    let begins = first.len();
    let broken = message(2, 900, "=100x30>99", "two\r\n");
    let no_json = message(2, 900, "", "two").replace(",\"pos\"", ",,\"pos\"");
    let cases = [
        (String::new(), "message 2 is missing".to_owned()),
        (
            broken,
            format!(
                "message 2 at byte {begins} is passed over: `timing` takes more at character 8 than \
                 there is"
            ),
        ),
        (
            no_json,
            format!(
                "the message at byte {begins} is passed over: not a message: key must be a string"
            ),
        ),
    ];
    for (second, want) in cases {
        fs::write(&path, format!("{first}{second}{third}")).unwrap();
        let read = read(&candidates(&path)[0]);
        assert_eq!(read.about.problems.first(), std::slice::from_ref(&want));
        assert_eq!(read.written(), "one\r\nthree\r\n");
        let gaps: Vec<_> = read
            .events
            .iter()
            .filter(|(_, kind, _)| kind == "recording.gap_detected")
            .map(|(_, _, data)| serde_json::from_str::<serde_json::Value>(data).unwrap())
            .collect();
        assert_eq!(gaps.len(), 1);
        assert_eq!(gaps[0]["from"], "2026-11-21T09:00:00.020000Z");
        assert_eq!(gaps[0]["to"], "2026-11-21T09:00:05.000000Z");
        assert_eq!(
            (&gaps[0]["channel"], &gaps[0]["reason"]),
            (&"terminal".into(), &want.into())
        );
    }
    fs::write(&path, format!("{first}{first}{third}")).unwrap();
    let want = format!("message 1 at byte {begins} comes after message 1 and is passed over");
    assert_eq!(
        problems(dir.path()),
        [want, "message 2 is missing".to_owned()]
    );
}

#[test]
fn what_is_wrong_with_a_timing_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let typescript = b"[BEGIN TYPESCRIPT]\nabc\r\ndef\r\n\n[END TYPESCRIPT]\n".to_vec();
    let cases: [(&str, &[&str]); 5] = [
        ("0.128000 5\n0.015000 5\n", &[]),
        (
            "0.128000 5\n",
            &["the timing does not tell of what was written at the end"],
        ),
        (
            "0.128000 5\n0.015000 500000000000\n",
            &["the timing tells of 499999999977 more written bytes than there are"],
        ),
        (
            "0.128000 5\nnonsense\u{7}\n0.015000 5\n",
            &["line 2 of the timing is \"nonsense\\u{7}\", expected a delay and a number of bytes"],
        ),
        (
            "",
            &["there is no timing: all that was written has the time of the start"],
        ),
    ];
    for (timing, want) in cases {
        let files = [
            ("typescript", typescript.clone()),
            ("timing", timing.into()),
        ];
        write(dir.path(), &files);
        let reads = read_all(dir.path()).0;
        let got = reads[0].about.problems.first().to_vec();
        // A message of ours shows what the file holds, which is shown again here.
        let got: Vec<String> = got.iter().map(|text| text.replace("\\\\", "\\")).collect();
        assert_eq!(got, want, "{timing:?}");
        assert!(reads[0].written().starts_with("abc\r\ndef"), "{timing:?}");
    }
}
