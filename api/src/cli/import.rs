//! `retrace import`

mod watch;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use indicatif::ProgressBar;
use retrace_core::Timestamp;
use retrace_ingest::import::{
    Found, ImportOptions, ImportProgress, ImportReport, Imported, Outcome, discover, import_all,
    shown_path,
};
use serde_json::{Value, json};

use super::bench::duration;
use super::{Data, output};

/// Import recordings: files, and folders with all that lies in them
///
/// Reads asciicast v1, v2 and v3, ttyrec, typescripts with their timing, tlog (files and journals) and
/// I/O logs of sudo, plain or compressed with gzip, bzip2 or zstd; recordings of Guacamole, and pictures:
/// WebM and MP4 files, folders of their segments, folders of screenshots. The same recording again
/// adds nothing. A file that is refused is named with its line and reason, and does not stop the
/// others; the exit status is then 1.
///
/// With --watch it goes on: recordings that guacd is writing are live sessions at once, others are
/// imported when they are finished.
#[derive(Args)]
#[command(after_long_help = "Examples:
  retrace import deploy.cast
  retrace import --user alice --host bastion-1 /var/spool/recordings
  retrace import --started-at 2026-11-21T09:30:00Z old-recording.json
  retrace import /var/log/sudo-io
  retrace import --user ops --host bastion-1 typescript      # its timing lies beside it
  journalctl -o export -t tlog-rec-session > tlog.export; retrace import tlog.export
  retrace import --user alice /var/spool/captures/desktop-segments
  retrace import --interval 5s --started-at 2026-11-21T09:30:00Z screenshots
  retrace import --protocol rdp --target db-1 session.guac
  retrace import --watch /var/lib/guacamole/recordings
  retrace import --json samples | jq -r 'select(.outcome == \"imported\").session'

May run beside `retrace serve` on the same data folder: sessions appear in it as they come in.")]
pub(super) struct Import {
    #[command(flatten)]
    data: Data,
    /// Files and folders
    #[arg(required = true, value_name = "FILE|FOLDER")]
    paths: Vec<PathBuf>,
    /// Who was recorded
    #[arg(long)]
    user: Option<String>,
    /// The machine that was recorded
    #[arg(long)]
    host: Option<String>,
    /// A title for people
    #[arg(long)]
    title: Option<String>,
    /// The account or resource that was reached
    #[arg(long)]
    target: Option<String>,
    /// How the machine was reached, if the recording does not say: ssh, rdp, vnc, …
    #[arg(long)]
    protocol: Option<String>,
    /// When the recording began (RFC 3339), if it does not say; for one recording
    #[arg(long, value_name = "TIME")]
    started_at: Option<Timestamp>,
    /// How far apart screenshots were taken whose names do not say when: 0.5s, 5s, 1m
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    interval: Duration,
    /// Take what is written into the folders, until SIGTERM or Ctrl-C
    #[arg(long, conflicts_with = "started_at")]
    watch: bool,
    /// With --watch: a file that has not grown for so long is finished
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration, requires = "watch")]
    idle: Duration,
    /// Print a line of JSON for each file
    #[arg(long)]
    json: bool,
}

impl Import {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let data = self.data.dir();
        let log = data.open_or_create_log().await?;
        let blobs = data.blobs_of(&log);
        let options = ImportOptions {
            started_at: self.started_at,
            user: self.user,
            host: self.host,
            title: self.title,
            target: self.target,
            protocol: self.protocol,
            picture_interval: Some(self.interval),
            blobs: Some(blobs),
            ..ImportOptions::default()
        };
        if self.watch {
            watch::run(Arc::new(log), self.paths, options, self.idle, self.json).await?;
            return Ok(ExitCode::SUCCESS);
        }
        if self.started_at.is_some() && recordings(&self.paths, &options) > 1 {
            anyhow::bail!("--started-at is for one recording: several did not all begin then");
        }
        let bar = output::bar_of_bytes(0);
        let progress = Arc::new(Bar { bar: bar.clone() });
        let report = import_all(Arc::new(log), self.paths, options, progress).await;
        bar.finish_and_clear();
        if self.json {
            print_json(&report)?;
        } else {
            print_for_people(&report)?;
        }
        let refused = report.refused().next().is_some();
        Ok(if refused {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    }
}

/// How many there are to import.
fn recordings(paths: &[PathBuf], options: &ImportOptions) -> usize {
    let found = discover(paths, options);
    let is_recording = |found: &&Found| matches!(found, Found::Candidate(_));
    found.iter().filter(is_recording).count()
}

struct Bar {
    bar: ProgressBar,
}

impl ImportProgress for Bar {
    fn found(&self, _files: usize, bytes: u64) {
        self.bar.set_length(bytes);
    }

    fn advanced(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    fn finished(&self, path: &Path, _outcome: &Outcome) {
        let name = path.file_name().unwrap_or_default();
        self.bar.set_message(shown_path(Path::new(name)));
    }
}

fn print_json(report: &ImportReport) -> anyhow::Result<()> {
    for (path, outcome) in &report.files {
        output::line(json_of(path, outcome))?;
    }
    Ok(())
}

fn json_of(path: &Path, outcome: &Outcome) -> Value {
    let file = path.to_string_lossy();
    match outcome {
        Outcome::Imported(imported) => json!({
            "file": file,
            "outcome": if imported.already { "already" } else { "imported" },
            "session": imported.session,
            "format": imported.format,
            "events": imported.events,
            "bytes": imported.bytes,
            "durationMs": imported.duration_us / 1_000,
            "logSize": imported.log_size,
            "parts": imported.parts.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>(),
            "problems": imported.problems.first(),
        }),
        Outcome::Skipped => json!({"file": file, "outcome": "skipped"}),
        Outcome::Refused(error) => {
            json!({"file": file, "outcome": "refused", "reason": error.to_string()})
        }
    }
}

fn print_for_people(report: &ImportReport) -> anyhow::Result<()> {
    let mut counts = [0_u32; 4];
    for (path, outcome) in &report.files {
        tell_outcome(path, outcome)?;
        let count = match outcome {
            Outcome::Imported(imported) if imported.already => 1,
            Outcome::Imported(_) => 0,
            Outcome::Skipped => 2,
            Outcome::Refused(_) => 3,
        };
        counts[count] += 1;
    }
    let [imported, already, skipped, refused] = counts;
    output::note(format!(
        "{imported} imported, {already} already there, {refused} refused, {skipped} other files \
         passed over"
    ));
    Ok(())
}

fn tell_outcome(path: &Path, outcome: &Outcome) -> anyhow::Result<()> {
    let file = shown_path(path);
    match outcome {
        Outcome::Imported(imported) if imported.already => {
            output::line(format!("already     {}  {file}", imported.session))?;
        }
        Outcome::Imported(imported) => {
            let facts = facts(imported);
            output::line(format!("imported    {}  {file}  {facts}", imported.session))?;
            tell_problems(imported);
        }
        Outcome::Skipped => {}
        Outcome::Refused(error) => {
            output::note(format!(
                "refused     {}",
                output::printable(&error.to_string())
            ));
        }
    }
    Ok(())
}

/// What is wrong with a recording that was taken all the same. The session tells all of it.
fn tell_problems(imported: &Imported) {
    let problems = &imported.problems;
    for problem in problems.first() {
        output::note(format!("            {}", output::printable(problem)));
    }
    let more = problems.count() - problems.first().len() as u64;
    if more > 0 {
        output::note(format!("            and {more} more of this kind"));
    }
}

fn facts(imported: &Imported) -> String {
    let seconds = imported.duration_us / 1_000_000;
    format!(
        "({}, {}:{:02}:{:02}, {} events)",
        imported.format,
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        imported.events
    )
}
