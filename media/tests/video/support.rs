//! Footage, workers, and FFmpeg's own tools to look at what comes out.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;

use retrace_media::video::{Done, Input, InputHead, Job, Note, Output, Worker, WorkerError};

/// The example beside this test's program. Cargo builds it with the tests.
pub(crate) fn worker() -> Worker {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.set_file_name("examples");
    path.push("media-worker");
    assert!(
        path.exists(),
        "{} is not built: `cargo build -p retrace-media --examples`",
        path.display()
    );
    Worker::new(path, &[])
}

/// A file of `tests/data/video`.
pub(crate) fn data(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/video")
        .join(name);
    std::fs::read(path).unwrap()
}

/// A real recording that is not part of the project. `None`, and said so, where it is not.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let found = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("shared/recordings").join(name))
        .chain(
            std::env::var_os("RETRACE_RECORDINGS").map(|folder| PathBuf::from(folder).join(name)),
        )
        .find(|path| path.exists());
    if found.is_none() {
        println!("skipped: there is no {name} here (RETRACE_RECORDINGS names another folder)");
    }
    found
}

pub(crate) fn input(first_ms: u64, last_ms: u64, media_type: &str, bytes: Vec<u8>) -> Input {
    Input {
        head: InputHead {
            first_us: first_ms * 1_000,
            last_us: last_ms * 1_000,
            media_type: media_type.to_owned(),
        },
        bytes,
    }
}

/// The four pieces of `tests/data/video`.
pub(crate) fn segments() -> Vec<Input> {
    (0..4)
        .map(|n| {
            let bytes = data(&format!("00{n}.webm"));
            input(n * 1_000, (n + 1) * 1_000, "video/webm", bytes)
        })
        .collect()
}

/// What a job brought forth.
#[derive(Debug, Default)]
pub(crate) struct Results {
    pub(crate) outputs: Vec<Output>,
    pub(crate) notes: Vec<Note>,
    pub(crate) done: Done,
}

pub(crate) fn run(job: &Job, inputs: Vec<Input>) -> Results {
    try_run(&worker(), job, inputs).unwrap()
}

pub(crate) fn try_run(
    worker: &Worker,
    job: &Job,
    inputs: Vec<Input>,
) -> Result<Results, WorkerError<Infallible>> {
    let mut results = Results::default();
    let keep = |output| {
        match output {
            Output::Note(note) => results.notes.push(note),
            Output::Progress { .. } => {}
            output => results.outputs.push(output),
        }
        Ok(())
    };
    let done = worker.run(
        job,
        inputs.into_iter().map(Ok),
        keep,
        &AtomicBool::new(false),
    )?;
    Ok(Results { done, ..results })
}

impl Results {
    /// Writes each file that came out to the folder, and names them.
    pub(crate) fn files(&self, folder: &Path) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for (n, output) in self.outputs.iter().enumerate() {
            let path = match output {
                Output::File(path) => {
                    files.push(path.clone());
                    continue;
                }
                Output::Segment(_, bytes) => (format!("{n}.webm"), bytes),
                Output::Still(_, bytes) => (format!("{n}.png"), bytes),
                Output::Sheet(_, bytes) => (format!("{n}.webp"), bytes),
                _ => continue,
            };
            let (name, bytes) = path;
            std::fs::write(folder.join(&name), bytes).unwrap();
            files.push(folder.join(name));
        }
        files
    }

    pub(crate) fn noted(&self) -> Vec<u64> {
        self.notes.iter().map(|note| note.input_index).collect()
    }
}

/// What ffprobe says on stdout, having said nothing on stderr.
pub(crate) fn ffprobe(path: &Path, arguments: &[&str]) -> String {
    let output = Command::new("ffprobe")
        .args(["-v", "error"])
        .args(arguments)
        .arg(path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.is_empty(),
        "{}: {said}",
        path.display()
    );
    String::from_utf8(output.stdout).unwrap()
}

/// When each frame is shown, in milliseconds; decodes them all.
pub(crate) fn frame_times_ms(path: &Path) -> Vec<u64> {
    let show = ["-show_entries", "frame=pts_time", "-of", "csv=p=0"];
    let times = ffprobe(path, &show);
    times
        .lines()
        .map(|line| line.trim_end_matches(','))
        .filter(|line| !line.is_empty())
        .map(|seconds| (seconds.parse::<f64>().unwrap() * 1_000.0).round() as u64)
        .collect()
}

/// `codec,width,height,pixel format`.
pub(crate) fn stream(path: &Path) -> String {
    let show = [
        "-show_entries",
        "stream=codec_name,width,height,pix_fmt",
        "-of",
        "csv=p=0",
    ];
    ffprobe(path, &show).trim().to_owned()
}

/// How alike the brightness of two videos or pictures is, frame by frame: the least, 1 for the same.
pub(crate) fn ssim(a: &Path, b: &Path) -> f64 {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(a)
        .arg("-i")
        .arg(b)
        .args([
            "-lavfi",
            "[0:v]format=yuv420p[a];[1:v]format=yuv420p[b];[a][b]ssim=stats_file=-",
        ])
        .args(["-f", "null", "-"])
        .output()
        .unwrap();
    let stats = String::from_utf8_lossy(&output.stdout);
    let values = stats
        .lines()
        .filter_map(|line| line.split("Y:").nth(1)?.split(' ').next());
    values
        .map(|y| y.parse::<f64>().unwrap())
        .fold(f64::NAN, f64::min)
}
