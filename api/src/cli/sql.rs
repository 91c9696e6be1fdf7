//! `retrace sql`

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use retrace_core::event::{EventBatch, SqlRun};
use retrace_core::{StreamName, Timestamp};
use retrace_query::Reader;
use retrace_query::sql::{SqlAnswer, SqlError, SqlFormat, SqlLimits, SqlTable};

use super::export::NewFile;
use super::{Data, operator, output};
use crate::accesses::append_at_end;

/// Ask a question in SQL, over tables of events, sessions, commands, processes, accesses and coverage
///
/// One SELECT; nothing can be changed. The tables are told in docs/columns.md, and by --tables. Secrets are masked, and
/// the question is an event in the log. It reads the data folder, as whoever holds its keys; to ask a server, with the
/// grants of a token, use POST /v1/sql.
#[derive(Args)]
#[command(after_long_help = "Examples:
  retrace sql \"SELECT user_name, count(*) FROM sessions GROUP BY user_name ORDER BY 2 DESC\"
  retrace sql \"SELECT at, command FROM commands WHERE exit_status <> 0 ORDER BY at DESC LIMIT 20\"
  retrace sql --format csv -o long.csv \"SELECT * FROM sessions WHERE duration_us > 28800000000\"
  retrace sql --tables")]
pub(super) struct Sql {
    #[command(flatten)]
    data: Data,
    /// The question; `-` reads it from standard input
    #[arg(required_unless_present = "tables")]
    question: Option<String>,
    /// Show the tables and their columns
    #[arg(long, conflicts_with = "question")]
    tables: bool,
    /// json, ndjson, csv, parquet or arrow; without it, a table
    #[arg(long)]
    format: Option<SqlFormat>,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// The file to write, which must not exist yet; without it, standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// How many seconds it may take
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
    /// How many MiB of memory it may need
    #[arg(long, value_name = "MIB", default_value_t = 512, value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
    memory: u64,
    /// How many rows the answer may have
    #[arg(long, value_name = "ROWS", default_value_t = 10_000_000)]
    rows: usize,
}

impl Sql {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let format = if self.json {
            Some(SqlFormat::Json)
        } else {
            self.format
        };
        let Some(question) = &self.question else {
            show_tables(format)?;
            return Ok(ExitCode::SUCCESS);
        };
        let question = match question.as_str() {
            "-" => io::read_to_string(io::stdin().lock()).context("standard input")?,
            text => text.to_owned(),
        };
        let binary = matches!(format, Some(SqlFormat::Parquet | SqlFormat::Arrow));
        if binary && self.output.is_none() && io::stdout().is_terminal() {
            bail!("this format is not for terminals: name a file with --output");
        }
        let file = self.output.as_deref().map(NewFile::create).transpose()?;
        let data = self.data.dir();
        let log = Arc::new(data.open_log().await?);
        let reader = Reader::open(&data.read_models(), log.clone());
        let memory_bytes = usize::try_from(self.memory).unwrap_or(usize::MAX) << 20;
        let limits = SqlLimits {
            time: Duration::from_secs(self.timeout),
            memory_bytes,
            rows: self.rows,
            answer_bytes: memory_bytes,
        };
        let answer = match reader.sql(&question, &limits).await {
            Err(SqlError::Unavailable) => bail!(
                "the tables cannot be read: start `retrace serve`, or run `retrace rebuild`, and try again"
            ),
            answer => answer?,
        };
        let run = SqlRun {
            address: None,
            by: operator(),
            format: format.map_or("table", SqlFormat::as_str).to_owned(),
            reason: None,
            rows: answer.rows() as u64,
            text: question,
            token: None,
        };
        let event = EventBatch::of(Timestamp::now(), run)?;
        append_at_end(&*log, StreamName::accesses(), event).await?;
        match file {
            Some(mut file) => {
                write(&answer, format, false, &mut file)?;
                file.finish()?;
            }
            None => {
                let shown = io::stdout().is_terminal();
                write(&answer, format, shown, &mut BufWriter::new(io::stdout()))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Writes the answer. On a terminal nothing of it is taken for a command.
fn write(
    answer: &SqlAnswer,
    format: Option<SqlFormat>,
    on_terminal: bool,
    out: &mut (impl Write + Send),
) -> anyhow::Result<()> {
    match format {
        None => writeln!(out, "{}", answer.table()?)?,
        Some(SqlFormat::Csv) if on_terminal => {
            let mut text = Vec::new();
            answer.write(SqlFormat::Csv, &mut text)?;
            for line in String::from_utf8_lossy(&text).lines() {
                writeln!(out, "{}", output::printable(line))?;
            }
        }
        Some(SqlFormat::Json) => {
            answer.write(SqlFormat::Json, &mut *out)?;
            writeln!(out)?;
        }
        Some(format) => answer.write(format, &mut *out)?,
    }
    out.flush()?;
    Ok(())
}

fn show_tables(format: Option<SqlFormat>) -> anyhow::Result<()> {
    if format.is_some() {
        let tables = SqlTable::ALL.map(|table| {
            let columns = table.columns().iter().map(|column| {
                serde_json::json!({"name": column.name, "type": column.kind.sql(), "says": column.says})
            });
            let columns: Vec<_> = columns.collect();
            serde_json::json!({"name": table.name(), "says": table.says(), "columns": columns})
        });
        output::line(serde_json::to_string_pretty(&tables)?)?;
        return Ok(());
    }
    for table in SqlTable::ALL {
        output::line(format_args!("{}: {}", table.name(), table.says()))?;
        for column in table.columns() {
            let (name, kind) = (column.name, column.kind.sql());
            output::line(format_args!("  {name:<17} {kind:<10} {}", column.says))?;
        }
    }
    Ok(())
}
