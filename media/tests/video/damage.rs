//! Damaged inputs: the good part comes out, the rest is named.

use retrace_media::video::{Codec, Input, WorkerError};

use crate::support::{frame_times_ms, input, run, segments, try_run, worker};
use crate::transcode::job;

fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let bytes = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    });
    bytes.take(length).collect()
}

#[test]
fn what_is_damaged_is_named_and_the_rest_comes_out() {
    let whole = segments();
    let replaced = |bytes: Vec<u8>| {
        let mut inputs = whole.clone();
        inputs[1].bytes = bytes;
        inputs
    };
    let second = &whole[1].bytes;
    let mut header_only = second[..5].to_vec();
    header_only.extend(noise(5_000));
    let mut holed = second.clone();
    let middle = holed.len() / 2;
    holed[middle..middle + 2_000].fill(0xff);
    // Name, inputs, which are noted, the least of frames that must come out (of 40).
    let cases: Vec<(&str, Vec<Input>, &[u64], usize)> = vec![
        ("whole", whole.clone(), &[], 40),
        ("empty", replaced(Vec::new()), &[1], 30),
        ("noise", replaced(noise(20_000)), &[1], 30),
        ("noise after a header", replaced(header_only), &[1], 30),
        (
            "cut off",
            replaced(second[..second.len() * 2 / 3].to_vec()),
            &[1],
            33,
        ),
        ("a hole", replaced(holed), &[1], 31),
        (
            "one byte short",
            replaced(second[..second.len() - 1].to_vec()),
            &[1],
            39,
        ),
    ];
    for (name, inputs, noted, least) in cases {
        let folder = tempfile::tempdir().unwrap();
        let results = run(&job(folder.path(), Codec::H264, None), inputs);
        let mut got = results.noted();
        got.dedup();
        assert_eq!(got, noted, "{name}: {:?}", results.notes);
        let times = frame_times_ms(&results.files(folder.path())[0]);
        assert!(times.len() >= least, "{name}: {} frames", times.len());
        let last: Vec<_> = (20..40).map(|n| n * 100).collect();
        assert_eq!(times[times.len() - 20..], last, "{name}");
    }
}

#[test]
fn nothing_but_damage_is_a_failure_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let job = job(folder.path(), Codec::H264, None);
    for bytes in [Vec::new(), noise(100), noise(100_000)] {
        let inputs = vec![input(0, 1_000, "video/webm", bytes)];
        match try_run(&worker(), &job, inputs) {
            Err(WorkerError::Failed { reason }) => {
                assert_eq!(reason, "there is no picture in any input");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn cut_anywhere_it_never_ends_the_worker() {
    let folder = tempfile::tempdir().unwrap();
    let job = job(folder.path(), Codec::H264, None);
    let whole = segments();
    let length = whole[0].bytes.len();
    for step in 0..12 {
        let cut = length * step / 12;
        let mut flipped = whole[0].bytes.clone();
        flipped[cut] ^= 0x55;
        for bytes in [whole[0].bytes[..cut].to_vec(), flipped] {
            let inputs = vec![input(0, 1_000, "video/webm", bytes), whole[1].clone()];
            let results = run(&job, inputs);
            assert!(
                results.done.frame_count >= 10,
                "at {cut}: {:?}",
                results.notes
            );
        }
    }
}
