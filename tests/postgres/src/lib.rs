//! A PostgreSQL server of one's own, for tests and benchmarks: in a folder of its own, reached over a
//! socket in that folder, and gone when it is dropped. Durable as PostgreSQL is by default.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The user that runs the server when we are root, which PostgreSQL refuses to be run by.
const USER: &str = "postgres";
const STARTS_WITHIN: Duration = Duration::from_secs(60);

/// Why there is no server.
#[derive(Debug)]
pub struct ServerError(String);

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ServerError {}

impl From<io::Error> for ServerError {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

/// A server that runs until it is dropped.
pub struct PostgresServer {
    folder: TempDir,
    binaries: PathBuf,
    settings: Vec<String>,
    process: Option<Child>,
}

impl PostgresServer {
    /// Starts a fresh server with the default settings.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not start.
    pub fn start() -> Result<Self, ServerError> {
        Self::start_with(&[])
    }

    /// Starts a fresh server with settings of the form `name=value`.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not start.
    pub fn start_with(settings: &[&str]) -> Result<Self, ServerError> {
        let folder = tempfile::Builder::new().prefix("retrace-pg-").tempdir()?;
        let mut server = Self {
            binaries: binaries()?,
            settings: settings.iter().map(ToString::to_string).collect(),
            process: None,
            folder,
        };
        server.own(server.folder.path())?;
        let data = server.data();
        let output = server
            .command("initdb")
            .args(["--auth=trust", "--username=postgres", "--encoding=UTF8"])
            .args(["--locale=C", "--no-instructions", "--pgdata"])
            .arg(&data)
            .output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(ServerError(format!("initdb failed: {said}")));
        }
        server.restart()?;
        Ok(server)
    }

    /// The URL of the server's database, for `--database-url`.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// Creates another database, and answers its URL.
    ///
    /// # Errors
    /// When there is one of that name.
    pub fn create_database(&self, name: &str) -> Result<String, ServerError> {
        self.administrate("createdb", &[name])?;
        Ok(self.url_of(name))
    }

    /// Removes a database with all that is in it, whoever is connected to it.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn drop_database(&self, name: &str) -> Result<(), ServerError> {
        self.administrate("dropdb", &["--force", name])
    }

    fn url_of(&self, database: &str) -> String {
        format!(
            "postgres:///{database}?user=postgres&host={}",
            self.folder.path().display()
        )
    }

    fn administrate(&self, program: &str, arguments: &[&str]) -> Result<(), ServerError> {
        let output = self
            .command(program)
            .arg("--username=postgres")
            .arg("--host")
            .arg(self.folder.path())
            .args(arguments)
            .output()?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(ServerError(format!("{program} failed: {said}")))
    }

    /// The folder that holds the server's socket and data.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The process of the server, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    /// Kills the server as `kill -9` does: nothing is put in order.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(&mut self) -> Result<(), ServerError> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
            process.wait()?;
        }
        Ok(())
    }

    /// Starts the server again, and waits until it takes connections.
    ///
    /// # Errors
    /// When it does not start.
    pub fn restart(&mut self) -> Result<(), ServerError> {
        self.kill()?;
        let started = Instant::now();
        loop {
            let mut process = self.spawn()?;
            loop {
                if let Some(status) = process.try_wait()? {
                    // What the last one left may still be in use by processes that are ending.
                    if started.elapsed() < STARTS_WITHIN {
                        std::thread::sleep(Duration::from_millis(50));
                        break;
                    }
                    let said = fs::read_to_string(self.log_file()).unwrap_or_default();
                    return Err(ServerError(format!("postgres ended with {status}: {said}")));
                }
                if self.is_ready()? {
                    self.process = Some(process);
                    return Ok(());
                }
                if started.elapsed() > STARTS_WITHIN {
                    process.kill()?;
                    let said = fs::read_to_string(self.log_file()).unwrap_or_default();
                    return Err(ServerError(format!("postgres does not get ready: {said}")));
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }

    fn spawn(&self) -> Result<Child, ServerError> {
        let log = fs::File::create(self.log_file())?;
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data());
        command.arg("-k").arg(self.folder.path());
        command.args(["-c", "listen_addresses="]);
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        command.stdin(Stdio::null());
        command.stdout(log.try_clone()?).stderr(log);
        Ok(command.spawn()?)
    }

    fn is_ready(&self) -> Result<bool, ServerError> {
        let status = self
            .command("pg_isready")
            .arg("-q")
            .arg("-h")
            .arg(self.folder.path())
            .status()?;
        Ok(status.success())
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("postgres.log")
    }

    /// One of PostgreSQL's programs, run by a user that may run it.
    fn command(&self, program: &str) -> Command {
        let program = self.binaries.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", USER, "--regid", USER, "--clear-groups", "--"]);
            command.arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir("/");
        command
    }

    /// Gives a folder to the user that runs the server.
    fn own(&self, folder: &Path) -> Result<(), ServerError> {
        if is_root() {
            let status = Command::new("chown").arg(USER).arg(folder).status()?;
            if !status.success() {
                return Err(ServerError(format!("there is no user `{USER}`")));
            }
        }
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
        Ok(())
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // Everything it has is in the folder that goes with it.
        let _ = self.kill();
    }
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout == b"0\n")
}

/// The folder of the newest installed server. Debian keeps it out of the path.
fn binaries() -> Result<PathBuf, ServerError> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.parse().ok()?;
            let binaries = entry.path().join("bin");
            binaries
                .join("postgres")
                .exists()
                .then_some((version, binaries))
        })
        .collect();
    found.sort();
    if let Some((_, binaries)) = found.pop() {
        return Ok(binaries);
    }
    std::env::var_os("PATH")
        .and_then(|path| std::env::split_paths(&path).find(|dir| dir.join("postgres").exists()))
        .ok_or_else(|| ServerError("no PostgreSQL server here: apt install postgresql".to_owned()))
}
