//! What is measured, and how a case is run once.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use anyhow::Context;
use retrace_core::data_dir::DataDir;
use retrace_core::log::EventLog;
use sqlx::{Connection, PgConnection};

use super::measure::{Client, Sample, drive};
use super::ours::{http_clients, in_process_clients};
use super::peers::message_db::{self, MessageDbClient};
use super::peers::rows::{CopyClient, InsertClient, Order, SCHEMA};
use super::scratch::{Place, Scratch, Server, Store};

/// A way to append, with so many events a batch and so many clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) way: Way,
    pub(super) batch: usize,
    pub(super) clients: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// `retrace serve`, over HTTP.
    Http(Store),
    /// `EventLog::append`, in the process of the clients.
    InProcess(Store),
    /// Rows by COPY.
    Copy(Order),
    /// Rows by INSERT, one for each commit.
    Insert,
    /// message-db, its streams in so many categories.
    MessageDb { categories: u64 },
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.way {
            Way::Http(store) => write!(f, "retrace, HTTP, {}", store.name())?,
            Way::InProcess(store) => write!(f, "retrace, in process, {}", store.name())?,
            Way::Copy(Order::Interleaved) => write!(f, "rows, COPY")?,
            Way::Copy(Order::Adjacent) => write!(f, "rows, COPY, a stream a batch")?,
            Way::Insert => write!(f, "rows, INSERT")?,
            Way::MessageDb { categories: 1 } => write!(f, "message-db")?,
            Way::MessageDb { categories } => write!(f, "message-db, {categories} categories")?,
        }
        write!(f, ", {} x {}", self.clients, self.batch)
    }
}

/// What all runs of cases share.
pub(super) struct Bench {
    pub(super) scratch: Scratch,
    /// How long the clients send.
    pub(super) time: Duration,
    /// The files of message-db, once they were fetched.
    pub(super) message_db: Option<PathBuf>,
}

impl Bench {
    pub(super) fn fetch_message_db(&mut self) -> anyhow::Result<()> {
        self.message_db = Some(message_db::fetch(self.scratch.folder.path())?);
        Ok(())
    }

    pub(super) async fn run(&mut self, case: Case) -> anyhow::Result<Sample> {
        let run = match case.way {
            Way::Http(store) => self.http(case, store).await,
            Way::InProcess(store) => self.in_process(case, store).await,
            Way::Copy(_) | Way::Insert | Way::MessageDb { .. } => self.peer(case).await,
        };
        run.with_context(|| format!("{case}"))
    }

    async fn http(&mut self, case: Case, store: Store) -> anyhow::Result<Sample> {
        let place = self.scratch.place(store).await?;
        let server = Server::start(&place)?;
        let clients = http_clients(&server, case.clients, case.batch).await?;
        let before = self.bytes_now(&place).await?;
        let mut servers = vec![server.pid()];
        if store == Store::Postgres {
            servers.push(self.scratch.postgres_pid()?);
        }
        let mut sample = drive(clients, self.time, &servers).await?;
        server.stop().await?;
        let after = self.scratch.bytes_of(&place).await?;
        sample.bytes = Some(after.saturating_sub(before) as f64 / sample.events as f64);
        self.scratch.remove(&place).await?;
        Ok(sample)
    }

    /// A file that is in use is not looked at: it was nearly empty before.
    async fn bytes_now(&self, place: &Place) -> anyhow::Result<u64> {
        match place.url {
            Some(_) => self.scratch.bytes_of(place).await,
            None => Ok(0),
        }
    }

    async fn in_process(&mut self, case: Case, store: Store) -> anyhow::Result<Sample> {
        let place = self.scratch.place(store).await?;
        let data = DataDir::new(&place.data).with_database(place.url.clone());
        let log: Arc<dyn EventLog> = Arc::new(data.open_or_create_log().await?);
        let clients = in_process_clients(&log, case.clients, case.batch)?;
        let mut servers = vec![std::process::id()];
        if store == Store::Postgres {
            servers.push(self.scratch.postgres_pid()?);
        }
        let sample = drive(clients, self.time, &servers).await?;
        drop(log);
        self.scratch.remove(&place).await?;
        Ok(sample)
    }

    async fn peer(&mut self, case: Case) -> anyhow::Result<Sample> {
        let database = self.scratch.database().await?;
        if let Way::MessageDb { .. } = case.way {
            let files = self.message_db.as_deref();
            let files = files.context("message-db was not fetched")?;
            message_db::install(files, self.scratch.postgres_host(), &database)?;
        } else {
            let mut connection = self.scratch.connect(&database).await?;
            sqlx::raw_sql(SCHEMA).execute(&mut connection).await?;
            connection.close().await?;
        }
        let mut connections = Vec::new();
        for _ in 0..case.clients {
            connections.push(self.scratch.connect(&database).await?);
        }
        let before = self.scratch.database_bytes(&database).await?;
        let positions = Arc::new(AtomicI64::new(1));
        let connections = connections.into_iter().enumerate();
        let batch = case.batch;
        let mut sample = match case.way {
            Way::MessageDb { categories } => {
                let mut clients = Vec::new();
                for (client, connection) in connections {
                    let client = MessageDbClient::new(connection, client, batch, categories);
                    clients.push(client.await?);
                }
                self.drive(clients).await?
            }
            Way::Copy(order) => {
                let client = |(client, connection): (usize, PgConnection)| {
                    CopyClient::new(connection, client, &positions, batch, order)
                };
                self.drive(connections.map(client).collect()).await?
            }
            _ => {
                let client = |(client, connection): (usize, PgConnection)| {
                    InsertClient::new(connection, client, &positions)
                };
                self.drive(connections.map(client).collect()).await?
            }
        };
        let after = self.scratch.database_bytes(&database).await?;
        sample.bytes = Some(after.saturating_sub(before) as f64 / sample.events as f64);
        self.scratch.drop_database(&database).await?;
        Ok(sample)
    }

    async fn drive<C: Client>(&self, clients: Vec<C>) -> anyhow::Result<Sample> {
        drive(clients, self.time, &[self.scratch.postgres_pid()?]).await
    }
}
