//! The `retrace` command line.
//!
//! Every command prints what it was asked for on standard output and everything else (progress,
//! warnings, errors) on standard error, says with its exit status whether all went well, and takes
//! `--json` where it prints figures or rows.

mod bench;
mod destination;
mod export;
mod grant;
mod hold;
mod import;
mod keys;
mod output;
mod rebuild;
mod record;
mod report;
mod retention;
mod scope;
mod serve;
mod settings;
mod sql;
mod sudo_listeners;
mod token;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use retrace_core::data_dir::{DataDir, MasterKeySource};
use tracing_subscriber::EnvFilter;

/// What is logged unless RETRACE_LOG says otherwise. That a certificate is not trusted is an error of
/// the request, which says it itself.
const DEFAULT_LOG: &str = "warn,retrace=info,rustls_platform_verifier=off";
/// How long threads that nobody waits for may still take when a command is done.
const LAST_THREADS: Duration = Duration::from_secs(1);

/// Retrace: recorded privileged sessions as one provable log, with search, replay and export.
#[derive(Parser)]
#[command(
    name = "retrace",
    version,
    max_term_width = 100,
    subcommand_required = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(serve::Serve),
    Import(import::Import),
    Export(export::Export),
    Sql(sql::Sql),
    Verify(verify::Verify),
    Rebuild(rebuild::Rebuild),
    Record(Box<record::Record>),
    Report(report::Report),
    Token(token::Token),
    Grant(grant::Grant),
    Hold(hold::Hold),
    Retention(retention::Retention),
    Keys(keys::Keys),
    Settings(settings::Settings),
    Destination(destination::Destination),
    Bench(bench::Bench),
    /// Decodes and encodes for another process of this program
    #[command(hide = true)]
    MediaWorker,
}

/// Where the data are.
#[derive(Args)]
struct Data {
    /// The data folder: log, keys and read models
    #[arg(
        long,
        value_name = "FOLDER",
        env = "RETRACE_DATA",
        default_value = "retrace-data"
    )]
    data: PathBuf,
    /// The PostgreSQL database that holds the log; without it, the data folder does
    #[arg(
        long,
        value_name = "URL",
        env = "RETRACE_DATABASE_URL",
        hide_env_values = true
    )]
    database_url: Option<String>,
    /// A file with the master key, if it is not in the data folder. RETRACE_MASTER_KEY may hold the
    /// key itself
    #[arg(long, value_name = "FILE", env = "RETRACE_MASTER_KEY_FILE")]
    master_key_file: Option<PathBuf>,
}

impl Data {
    fn dir(&self) -> DataDir {
        let master_key = match (&self.master_key_file, std::env::var("RETRACE_MASTER_KEY")) {
            (Some(path), _) => MasterKeySource::File(path.clone()),
            (None, Ok(text)) => MasterKeySource::Text(text),
            (None, Err(_)) => MasterKeySource::Folder,
        };
        DataDir::new(&self.data)
            .with_database(self.database_url.clone())
            .with_master_key(master_key)
    }
}

/// Who runs the command, for the event: the user of the operating system.
fn operator() -> String {
    let user = std::env::var("SUDO_USER").or_else(|_| std::env::var("USER"));
    format!(
        "{}@command-line",
        user.unwrap_or_else(|_| "unknown".to_owned())
    )
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    // RETRACE_LOG takes the filters of `tracing`: `debug`, `retrace_api=trace`, …
    let filter = EnvFilter::try_from_env("RETRACE_LOG").unwrap_or_else(|_| DEFAULT_LOG.into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // What cannot be written, to a full disk above all, is not to be said either: saying so
        // would panic in whichever thread has something to tell, such as the one that appends.
        .log_internal_errors(false)
        .init();

    if let Command::MediaWorker = cli.command {
        // Before there are any threads: it changes what the whole process may do.
        return match retrace_media::video::worker::run(std::io::stdin(), std::io::stdout().lock()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => output::fail(&anyhow::Error::new(error)),
        };
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            return output::fail(&anyhow::Error::new(error).context("no threads to run on"));
        }
    };
    let outcome = runtime.block_on(async {
        match cli.command {
            Command::Serve(serve) => serve.run().await,
            Command::Import(import) => import.run().await,
            Command::Export(export) => export.run().await,
            Command::Sql(sql) => sql.run().await,
            Command::Verify(verify) => verify.run().await,
            Command::Rebuild(rebuild) => rebuild.run().await,
            Command::Record(record) => record.run().await,
            Command::Report(report) => report.run().await,
            Command::Token(token) => token.run().await,
            Command::Grant(grant) => grant.run().await,
            Command::Hold(hold) => hold.run().await,
            Command::Retention(retention) => retention.run().await,
            Command::Keys(keys) => keys.run().await,
            Command::Settings(settings) => settings.run().await,
            Command::Destination(destination) => destination.run().await,
            Command::Bench(bench) => bench.run().await,
            Command::MediaWorker => unreachable!("it was run above"),
        }
    });
    // A look-up of a name that does not answer must not keep a command that is done.
    runtime.shutdown_timeout(LAST_THREADS);
    match outcome {
        Ok(status) => status,
        Err(error) => output::fail(&error),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_commands_fit_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_an_example() {
        let command = Cli::command();
        let for_people = command
            .get_subcommands()
            .filter(|command| !command.is_hide_set());
        for command in for_people {
            let help = command.clone().render_long_help().to_string();
            assert!(help.contains("Examples:"), "{}", command.get_name());
        }
    }
}
