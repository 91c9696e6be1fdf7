//! A server that is killed and started again at its address, and a disk that is small.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::Broken;
use super::rng::Rng;
use crate::{PATIENCE, binary, text};

/// Below the ports that systems hand out by themselves: while a server is down, nobody else is given
/// its port, and a client that knocks there does not end up talking to itself.
const PORTS: (u64, u64) = (20_000, 32_000);

/// A server on a data folder of its own, and perhaps on a database.
pub(super) struct Node {
    data: PathBuf,
    database: Option<String>,
    address: SocketAddr,
    /// Where it writes what it tells about itself.
    said: PathBuf,
    process: Option<Child>,
}

impl Node {
    /// A node that does not run yet.
    pub(super) fn new(data: PathBuf, database: Option<String>) -> Self {
        // Beside the data, so that it cannot be written either when their disk is full.
        let said = data.with_extension("said");
        Self {
            data,
            database,
            address: free_address(),
            said,
            process: None,
        }
    }

    /// Where it listens, while it runs.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its data folder.
    pub(super) fn data(&self) -> &Path {
        &self.data
    }

    /// Starts it, and waits until it listens.
    pub(super) fn start(&mut self) -> Result<(), Broken> {
        let start = Instant::now();
        loop {
            match self.try_start() {
                Ok(process) => {
                    self.process = Some(process);
                    return Ok(());
                }
                // The database may not be there yet, or the folder still in use by the killed one.
                Err(why) if start.elapsed() > PATIENCE => {
                    return Err(Broken::new(format!(
                        "the server does not start: {why}\n{}",
                        self.last_words()
                    )));
                }
                Err(_) => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }

    /// Starts it if it was killed.
    pub(super) fn start_if_killed(&mut self) -> Result<(), Broken> {
        if self.process.is_some() {
            return Ok(());
        }
        self.start()
    }

    fn try_start(&self) -> Result<Child, String> {
        let said = File::options().create(true).append(true).open(&self.said);
        let said = said.map_err(|error| error.to_string())?;
        let mut process = self
            .command(&["serve", "--listen", &self.address.to_string()])
            .stdout(Stdio::piped())
            .stderr(said)
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut line = String::new();
        if let Some(output) = process.stdout.take() {
            let _ = BufReader::new(output).read_line(&mut line);
        }
        if line.starts_with("listening on ") {
            return Ok(process);
        }
        let _ = process.kill();
        let ended = process.wait().map_err(|error| error.to_string())?;
        Err(format!("{ended}"))
    }

    /// Ends it as a crash does.
    pub(super) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It may have ended by itself, which is then found out.
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Whether it runs: nothing but a kill may end it.
    pub(super) fn check_alive(&mut self) -> Result<(), Broken> {
        let ended = match &mut self.process {
            Some(process) => process.try_wait().ok().flatten(),
            None => return Ok(()),
        };
        match ended {
            Some(status) => Err(Broken::new(format!(
                "the server ended by itself with {status}\n{}",
                self.last_words()
            ))),
            None => Ok(()),
        }
    }

    /// What it said first, last, and when it panicked, for whoever has to find out why.
    pub(super) fn last_words(&self) -> String {
        let said = fs::read_to_string(&self.said).unwrap_or_default();
        let lines: Vec<&str> = said.lines().collect();
        let panics = (0..lines.len()).filter(|line| lines[*line].contains("panicked at"));
        let around_panics = panics.flat_map(|line| line.saturating_sub(3)..line + 3);
        let last = lines.len().saturating_sub(15)..lines.len();
        let wanted: BTreeSet<usize> = (0..10).chain(around_panics).chain(last).collect();
        let wanted = wanted
            .into_iter()
            .filter_map(|line| lines.get(line).copied());
        wanted.collect::<Vec<_>>().join("\n")
    }

    /// A command on its data.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .env("RETRACE_DATA", &self.data)
            .env_remove("RETRACE_LISTEN")
            .env_remove("RETRACE_DATABASE_URL");
        if let Some(url) = &self.database {
            command.env("RETRACE_DATABASE_URL", url);
        }
        command
    }

    /// Runs a command that must succeed, and answers what it printed.
    pub(super) fn succeed(&self, arguments: &[&str]) -> Result<String, Broken> {
        let output = self.command(arguments).output();
        match output {
            Ok(Output { status, stdout, .. }) if status.success() => Ok(text(&stdout)),
            other => Err(Broken::new(format!("{arguments:?}: {other:?}"))),
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

fn free_address() -> SocketAddr {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| now.as_nanos() as u64);
    let mut random = Rng::part(now, u64::from(std::process::id()));
    loop {
        let port = random.between(PORTS.0, PORTS.1) as u16;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

/// A disk in memory that can be filled up.
pub(super) struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// Mounts one. `None` where that is not allowed.
    pub(super) fn mount(folder: PathBuf) -> Option<Self> {
        fs::create_dir_all(&folder).ok()?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=96m", "tmpfs"])
            .arg(&folder)
            .output();
        let mounted = mounted.is_ok_and(|output| output.status.success());
        mounted.then_some(Self { folder })
    }

    /// Leaves only so many bytes free.
    pub(super) fn fill(&self, leave: u64) -> std::io::Result<()> {
        let mut ballast = File::create(self.ballast())?;
        let zeros = vec![0; 1 << 16];
        while ballast.write_all(&zeros).is_ok() {}
        let length = ballast.metadata()?.len();
        ballast.set_len(length.saturating_sub(leave))
    }

    /// Gives the space back.
    pub(super) fn free(&self) -> std::io::Result<()> {
        fs::remove_file(self.ballast())
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process that still has a file open there is about to end.
        let _ = Command::new("umount").arg("-l").arg(&self.folder).status();
    }
}
