//! Workers that die, hang, or want too much.

use std::convert::Infallible;
use std::os::unix::process::ExitStatusExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use retrace_media::video::{Analyze, EncodePictures, Job, Worker, WorkerError};

use crate::support::{data, input, segments, try_run, worker};

fn analyze() -> Job {
    Job::Analyze(Analyze {
        changes: true,
        tile_ms: 0,
        threads: 1,
        folder: None,
    })
}

fn shell(script: &str) -> Worker {
    let mut worker = Worker::new("/bin/sh", &["-c", script]);
    worker.silence = Duration::from_millis(400);
    worker
}

#[test]
fn a_worker_that_is_killed_is_told_by_its_signal_and_its_last_words() {
    match try_run(&shell("echo oh no >&2; kill -9 $$"), &analyze(), segments()) {
        Err(WorkerError::Crashed { status, stderr }) => {
            assert_eq!(status.signal(), Some(9));
            assert_eq!(stderr, "oh no\n");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_worker_that_hangs_is_ended() {
    let started = Instant::now();
    let hung = try_run(&shell("exec sleep 60"), &analyze(), segments());
    assert!(matches!(hung, Err(WorkerError::Hung(_))), "{hung:?}");
    assert!(started.elapsed() < Duration::from_secs(10));

    let mut slow = shell("exec sleep 60");
    slow.silence = Duration::from_secs(60);
    slow.total = Duration::from_millis(300);
    let slow = try_run(&slow, &analyze(), segments());
    assert!(
        matches!(slow, Err(WorkerError::Limit { what: "time" })),
        "{slow:?}"
    );
}

#[test]
fn a_worker_that_talks_nonsense_or_cannot_be_started_is_an_error() {
    for worker in [shell("echo hello there"), Worker::new("/nonexistent", &[])] {
        let error = try_run(&worker, &analyze(), segments());
        assert!(matches!(error, Err(WorkerError::Io(_))), "{error:?}");
    }
    let quiet = try_run(&shell("exit 3"), &analyze(), segments());
    assert!(
        matches!(&quiet, Err(WorkerError::Crashed { status, .. }) if status.code() == Some(3)),
        "{quiet:?}"
    );
}

#[test]
fn a_worker_that_wants_more_memory_than_it_may_have_is_told_so() {
    let mut small = worker();
    small.limits.memory_bytes = 220 << 20;
    let picture = image::RgbaImage::new(5_900, 5_900);
    let mut png = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
    let inputs = vec![input(0, 0, "image/png", png.into_inner())];
    let error = try_run(
        &small,
        &Job::EncodePictures(EncodePictures::default()),
        inputs,
    );
    assert!(
        matches!(error, Err(WorkerError::Limit { what: "memory" })),
        "{error:?}"
    );
}

#[test]
fn a_worker_that_needs_more_processor_time_than_it_may_have_is_told_so() {
    let mut short = worker();
    short.limits.cpu_seconds = 1;
    let inputs = std::iter::repeat_with(segments)
        .take(400)
        .flatten()
        .collect();
    let error = try_run(&short, &analyze(), inputs);
    assert!(
        matches!(
            error,
            Err(WorkerError::Limit {
                what: "processor time"
            })
        ),
        "{error:?}"
    );
}

#[test]
fn inputs_that_fail_and_outputs_that_nobody_takes_end_the_job() {
    let never = AtomicBool::new(false);
    let inputs = [Ok(segments().remove(0)), Err("the store is gone")];
    let error = worker().run(&analyze(), inputs.into_iter(), |_| Ok(()), &never);
    assert!(
        matches!(error, Err(WorkerError::Source("the store is gone"))),
        "{error:?}"
    );

    let inputs = segments().into_iter().map(Ok);
    let error = worker().run(&analyze(), inputs, |_| Err("the disk is full"), &never);
    assert!(
        matches!(error, Err(WorkerError::Source("the disk is full"))),
        "{error:?}"
    );
}

#[test]
fn a_job_is_cancelled_by_its_flag() {
    let cancel = AtomicBool::new(false);
    let endless = std::iter::repeat_with(|| {
        std::thread::sleep(Duration::from_millis(20));
        Ok::<_, Infallible>(input(0, 0, "image/png", data("0001.png")))
    });
    let started = Instant::now();
    let result = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(300));
            cancel.store(true, Ordering::Relaxed);
        });
        let job = Job::EncodePictures(EncodePictures::default());
        worker().run(&job, endless, |_| Ok(()), &cancel)
    });
    assert!(matches!(result, Err(WorkerError::Cancelled)), "{result:?}");
    assert!(started.elapsed() < Duration::from_secs(10));
}
