//! `retrace record`

mod teller;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, ExitCode, Stdio};
use std::sync::Arc;

use anyhow::bail;
use clap::{Args, ValueEnum};
use retrace_ingest::protocol::LaunchRequest;
use retrace_ingest::recorder::Command;
use retrace_ingest::recorder::client::{Client, ServerSettings};
use retrace_ingest::recorder::notice::{Notice, Tell};
use retrace_ingest::recorder::pending::{self, Pass};
use retrace_ingest::recorder::schedule::Schedule;
use retrace_ingest::recorder::session::{Outcome, RecordError, RecordOptions, WhenFull, record};
use retrace_ingest::recorder::spool::{Spool, SpoolSettings};

use super::output;
use teller::Teller;

/// Record a command in a terminal, and upload the recording while it runs
///
/// Runs the command (a shell, unless one is given) and passes its exit status on. What it shows and
/// what is typed goes to a spool on the disk first, and from there to the server; a part leaves the
/// spool only once the server has proved that it stands in the log. While the server is away the
/// recording goes on, and is uploaded when the server is back: during the session, by an uploader
/// that stays behind after it, or by the next `retrace record`.
///
/// A line that is typed while the terminal does not show it (a password) is recorded as ••••••••.
#[derive(Args)]
#[command(after_long_help = "Examples:
  retrace record
  retrace record --server https://retrace.example.com --user mara --target db1 -- psql
  retrace record --title 'Nightly restore' --schedule agent -- ./restore.sh
  retrace record --require-server --no-keys -- ssh root@db1
  retrace record --upload

The token is one of a recorder; give it in RETRACE_TOKEN, so that it is not seen in the list of \
processes. What is told about the spool, schedules and limits stands in docs/recording.md.")]
pub(super) struct Record {
    /// The server
    #[arg(
        long,
        value_name = "URL",
        env = "RETRACE_SERVER",
        default_value = "http://127.0.0.1:8080"
    )]
    server: String,
    /// A recorder's token
    #[arg(long, env = "RETRACE_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Certificates (PEM) to trust beside those of the system
    #[arg(long, value_name = "FILE", env = "RETRACE_CA_FILE")]
    ca_file: Option<PathBuf>,
    /// Who acts; without it, the user of the operating system
    #[arg(long)]
    user: Option<String>,
    /// A group of the user; may be given several times
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// The account or resource that is reached
    #[arg(long)]
    target: Option<String>,
    /// The machine the session is on; without it, this one
    #[arg(long)]
    host: Option<String>,
    /// A title for people
    #[arg(long)]
    title: Option<String>,
    /// The site that records
    #[arg(long)]
    site: Option<String>,
    /// The secret whose account is used
    #[arg(long)]
    secret: Option<String>,
    /// The folder that holds the secret
    #[arg(long)]
    folder: Option<String>,
    /// Do not record what is typed, only what is shown
    #[arg(long)]
    no_keys: bool,
    /// Start only if the server is reached and promises the recording
    #[arg(long)]
    require_server: bool,
    /// How uploads are tried again: launcher (5 times in 1 hour) or agent (6 times in 3 hours),
    /// then every 10 minutes
    #[arg(long, value_name = "NAME", default_value = "launcher")]
    schedule: Schedule,
    /// The folder of the spool; without it, retrace/spool in the user's state folder
    #[arg(long, value_name = "FOLDER", env = "RETRACE_SPOOL")]
    spool: Option<PathBuf>,
    /// The most that the spool may hold, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 4096, value_parser = clap::value_parser!(u64).range(1..=1 << 30))]
    spool_limit: u64,
    /// What happens when the spool or its disk is full: end the session, or go on with a gap in the
    /// recording
    #[arg(long, value_enum, default_value_t = Full::End)]
    when_full: Full,
    /// Leave no uploader behind; what is left waits for the next run
    #[arg(long)]
    no_background: bool,
    /// Record nothing: upload what waits in the spool
    #[arg(long, conflicts_with_all = ["command", "require_server", "no_keys"])]
    upload: bool,
    /// With --upload: go on trying until nothing waits
    #[arg(long, requires = "upload")]
    wait: bool,
    /// The uploader that a recorder leaves behind
    #[arg(long, hide = true, requires = "wait")]
    detached: bool,
    /// The command and its arguments; without it, $SHELL
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// What happens when the spool is full.
#[derive(Clone, Copy, ValueEnum)]
enum Full {
    End,
    Gap,
}

impl Record {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let client = Client::new(ServerSettings {
            url: self.server.clone(),
            token: self.token.clone(),
            ca_file: self.ca_file.clone(),
        })?;
        let folder = match &self.spool {
            Some(folder) => folder.clone(),
            None => default_spool()?,
        };
        let spool = Spool::open(SpoolSettings {
            limit_bytes: self.spool_limit << 20,
            ..SpoolSettings::new(&folder)
        })?;
        if self.upload {
            return self.upload(&spool, &client).await;
        }
        self.record(&spool, &client).await
    }

    async fn record(self, spool: &Spool, client: &Client) -> anyhow::Result<ExitCode> {
        let mut options = RecordOptions::new(self.command_or_shell());
        options.launch = self.launch(&options.command);
        options.require_server = self.require_server;
        options.record_keys = !self.no_keys;
        options.schedule = self.schedule.clone();
        options.when_full = match self.when_full {
            Full::End => WhenFull::End,
            Full::Gap => WhenFull::Gap,
        };
        let teller = Teller::start(Arc::clone(&options.screen))?;
        let recorded = record(client, spool, options, teller.tell()).await;
        teller.finish();
        let outcome = match recorded {
            Ok(outcome) => outcome,
            Err(error @ RecordError::Command { exit_status, .. }) => {
                say(&error.to_string());
                self.leave_uploader(spool);
                return Ok(exit_code(exit_status));
            }
            Err(error) => return Err(error.into()),
        };
        say_outcome(client, &outcome);
        if outcome.waiting > 0 {
            if self.leave_uploader(spool) {
                say("an uploader stays behind, and sends it once the server takes it");
            } else {
                say("the next `retrace record` sends it, or `retrace record --upload`");
            }
        }
        Ok(exit_code(outcome.exit_status))
    }

    async fn upload(&self, spool: &Spool, client: &Client) -> anyhow::Result<ExitCode> {
        let tell = tell();
        if self.detached {
            return self.stay_behind(spool, client, &tell).await;
        }
        let pass = if self.wait {
            pending::upload_all(spool, client, &self.schedule, &tell, false).await?
        } else {
            pending::upload_once(spool, client, &self.schedule, &tell).await?
        };
        say_pass(spool, &pass)?;
        let all_well = pass.waiting_sessions == 0 && pass.quarantined == 0 && pass.damaged == 0;
        Ok(if all_well {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    /// Uploads until nothing is left, as the only one that stays behind on this spool.
    async fn stay_behind(
        &self,
        spool: &Spool,
        client: &Client,
        tell: &Tell,
    ) -> anyhow::Result<ExitCode> {
        // Who finds the place taken leaves its session to the one that has it. That one looks once
        // more after it has given the place up, or a session that was left just then would wait.
        while let Some(place) = spool.become_the_uploader()? {
            pending::upload_all(spool, client, &self.schedule, tell, true).await?;
            drop(place);
            if !pending::has_work(spool)? {
                break;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn command_or_shell(&self) -> Command {
        let (program, arguments) = match self.command.split_first() {
            Some((program, arguments)) => (program.clone(), arguments.to_vec()),
            None => {
                let shell = env::var_os("SHELL").filter(|shell| !shell.is_empty());
                (shell.unwrap_or_else(|| "/bin/sh".into()), Vec::new())
            }
        };
        Command {
            program,
            arguments,
            // Who is recorded must not be able to record in the recorder's name.
            without: vec!["RETRACE_TOKEN".into()],
        }
    }

    fn launch(&self, command: &Command) -> LaunchRequest {
        let words = std::iter::once(&command.program).chain(&command.arguments);
        let line: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
        LaunchRequest {
            command: Some(line.join(" ")),
            folder: self.folder.clone(),
            groups: self.groups.clone(),
            host: self.host.clone().or_else(this_host),
            launcher: Some("retrace record".to_owned()),
            protocol: Some("terminal".to_owned()),
            secret: self.secret.clone(),
            site: self.site.clone(),
            target: self.target.clone(),
            title: self.title.clone(),
            user: self.user.clone().or_else(this_user),
            ..LaunchRequest::default()
        }
    }

    /// Starts the uploader that goes on when this process has ended. Answers whether one is there.
    fn leave_uploader(&self, spool: &Spool) -> bool {
        if self.no_background {
            return false;
        }
        let started = self.uploader(spool).and_then(|mut uploader| {
            uploader.spawn()?;
            Ok(())
        });
        started.is_ok()
    }

    fn uploader(&self, spool: &Spool) -> io::Result<Process> {
        let folder = fs::canonicalize(&spool.settings().folder)?;
        let mut uploader = Process::new(env::current_exe()?);
        uploader
            .args(["record", "--upload", "--wait", "--detached"])
            .arg("--schedule")
            .arg(if self.schedule == Schedule::agent() {
                "agent"
            } else {
                "launcher"
            })
            .env("RETRACE_SPOOL", folder)
            .env("RETRACE_SERVER", &self.server)
            // A terminal that is closed ends the processes of its foreground group. This one is in
            // none, keeps no folder in use, and writes nowhere.
            .process_group(0)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some(token) = &self.token {
            uploader.env("RETRACE_TOKEN", token);
        }
        if let Some(file) = &self.ca_file {
            uploader.env("RETRACE_CA_FILE", fs::canonicalize(file)?);
        }
        Ok(uploader)
    }
}

fn say_outcome(client: &Client, outcome: &Outcome) {
    let folder = outcome.folder.display();
    if outcome.launched {
        say(&format!(
            "recorded: {}",
            client.session_url(outcome.session)
        ));
    }
    if outcome.waiting > 0 {
        let waiting = count(outcome.waiting, "event");
        say(&format!("{waiting} not sent yet, kept in {folder}"));
    }
    if outcome.lost_events > 0 {
        let lost = count(outcome.lost_events, "event");
        say(&format!(
            "{lost} not recorded, because there was no room; the recording says where"
        ));
    }
    if let Some(reason) = &outcome.unwritten {
        say(&format!(
            "the end of the recording was not written: {reason}"
        ));
    }
}

fn say_pass(spool: &Spool, pass: &Pass) -> anyhow::Result<()> {
    let folder = spool.settings().folder.display();
    let mut said = format!("{} uploaded", count(pass.uploaded, "session"));
    if pass.waiting_sessions > 0 {
        let reason = pass.reason.as_deref().unwrap_or("no reason is known");
        said.push_str(&format!(
            "; {} of {} not sent yet, kept in {folder}: {}",
            count(pass.waiting_events, "event"),
            count(pass.waiting_sessions, "session"),
            output::printable(reason)
        ));
    }
    for (number, what) in [
        (pass.held, "in the hands of another process"),
        (pass.quarantined, "refused by the server, and kept"),
        (pass.damaged, "not readable, and kept"),
    ] {
        if number > 0 {
            said.push_str(&format!("; {number} {what}"));
        }
    }
    output::line(said)?;
    Ok(())
}

fn count(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

fn tell() -> Tell {
    Arc::new(|notice| say(&text_of(notice)))
}

fn text_of(notice: Notice) -> String {
    match notice {
        Notice::ServerAway { reason } => {
            format!("the server is away, the recording goes on here and is sent later ({reason})")
        }
        Notice::ServerBack => "the server is back".to_owned(),
        Notice::Quarantined {
            session,
            source,
            reason,
        } => format!("the server refused `{source}` of {session}, it is kept here: {reason}"),
        Notice::CutOff {
            session,
            torn_bytes: 0,
        } => format!("the recorder of {session} was cut off; what it recorded is taken up"),
        Notice::CutOff {
            session,
            torn_bytes,
        } => format!(
            "the recorder of {session} was cut off, and {torn_bytes} bytes of its last events were \
             torn; the rest is taken up"
        ),
        Notice::Damaged { session, reason } => format!("{session} cannot be read: {reason}"),
        Notice::Message { by, text } => format!("message from {by}: {text}"),
        Notice::IdleWarning { ends_in_s } => format!(
            "nothing was typed for long: this session ends in {ends_in_s} s, unless a key is pressed"
        ),
        Notice::Ending { reason } => format!("this session is being ended: {reason}"),
        Notice::NotRecorded { reason } => {
            format!("this session is NOT being recorded at the moment: {reason}")
        }
    }
}

/// Tells the person something. Their terminal may be in raw mode, with a program's screen on it: so
/// the line begins and ends by itself.
fn say(text: &str) {
    let text = output::printable(text);
    let mut stderr = io::stderr().lock();
    let line = if stderr.is_terminal() {
        format!("\r\nretrace: {text}\r\n")
    } else {
        format!("retrace: {text}\n")
    };
    // Nobody is left to tell when standard error is closed.
    let _ = stderr.write_all(line.as_bytes());
}

fn exit_code(status: i32) -> ExitCode {
    ExitCode::from(u8::try_from(status & 0xff).unwrap_or(1))
}

/// `retrace/spool` in the folder that the XDG base directories name for state.
fn default_spool() -> anyhow::Result<PathBuf> {
    let absolute = |name: &str| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let Some(state) = absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
    else {
        bail!("there is no home folder for the spool: name a folder with --spool");
    };
    Ok(state.join("retrace/spool"))
}

fn this_user() -> Option<String> {
    ["SUDO_USER", "USER", "LOGNAME"]
        .iter()
        .find_map(|name| env::var(name).ok())
        .filter(|user| !user.is_empty())
}

fn this_host() -> Option<String> {
    let name = fs::read_to_string(Path::new("/proc/sys/kernel/hostname")).ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}
