//! The store in a PostgreSQL database. Any number of nodes append to one log: each group replaces
//! the row of the head, and waits for its lock.
//!
//! | file | holds |
//! |---|---|
//! | `schema.sql` | the tables |
//! | `write.sql` | the one statement that writes a group |
//! | `rows.rs` | reading |
//!
//! A store blocks; `sqlx` does not. Each call waits on the runtime that the store was opened in, from
//! a thread that may block, and within its context, which connections need even to be put back.

mod rows;
#[cfg(test)]
mod tests;

use std::str::FromStr;
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Connection, PgConnection, Postgres, Transaction};
use tokio::runtime::{EnterGuard, Handle};

use super::StoreError;
use super::checkpoint::LogKey;
use super::merkle::TreeEdge;
use super::store::{
    DESTROYED_KEY, Group, LockedHead, PurgeRows, Rewrap, Rows, Store, from_sql, to_sql,
};
use crate::id::Position;
use crate::time::Timestamp;
use rows::PgRows;

const SCHEMA: &str = include_str!("schema.sql");
const SCHEMA_VERSION: i32 = 2;
/// From the layout before, whose logs are taken on.
const FROM_VERSION_1: &str = "ALTER TABLE heads ADD COLUMN purges bigint NOT NULL DEFAULT 0;
     UPDATE retrace_schema SET version = 2";
const WRITE: &str = include_str!("write.sql");
/// The number of the log within its database: each database has one.
const LOG: i16 = 1;
/// Held while tables are created, so that nodes that start together do not meet. The number is
/// ours: `retrace` in ASCII.
const SCHEMA_LOCK: i64 = 0x0072_6574_7261_6365;
const CONNECTIONS_MAX: u32 = 10;
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// The log's tables in one PostgreSQL database.
pub(super) struct PostgresStore {
    runtime: Handle,
    /// For reading.
    pool: PgPool,
    /// One connection of its own, so that writing never waits for those who read.
    writer: PgPool,
}

impl PostgresStore {
    /// Opens the database, and creates the tables if there are none.
    pub(super) async fn open(url: &str, key: &LogKey) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(failed)?
            .application_name("retrace")
            // A cached plan is made anew when it no longer fits; JIT never pays for our statements.
            .options([("jit", "off")]);
        let pool = |connections| {
            PgPoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(CONNECT_WITHIN)
        };
        let writer = pool(1)
            // A connection that is gone is found when it is written to, which is tried again.
            .test_before_acquire(false)
            // The plan never depends on the values, and making it anew takes longer than a small group.
            .connect_with(options.clone().options([
                ("synchronous_commit", "on"),
                ("plan_cache_mode", "force_generic_plan"),
            ]))
            .await
            .map_err(failed)?;
        let store = Self {
            runtime: Handle::current(),
            pool: pool(CONNECTIONS_MAX).connect_lazy_with(options),
            writer,
        };
        store.create_or_check(key).await?;
        Ok(store)
    }

    async fn create_or_check(&self, key: &LogKey) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin().await.map_err(failed)?;
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(SCHEMA_LOCK)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        let exists: bool = sqlx::query_scalar("SELECT to_regclass('retrace_schema') IS NOT NULL")
            .fetch_one(&mut *transaction)
            .await
            .map_err(failed)?;
        if !exists {
            sqlx::raw_sql(SCHEMA)
                .execute(&mut *transaction)
                .await
                .map_err(failed)?;
            create_log(&mut transaction, key).await?;
        }
        let version: i32 = sqlx::query_scalar("SELECT version FROM retrace_schema")
            .fetch_one(&mut *transaction)
            .await
            .map_err(failed)?;
        match version {
            SCHEMA_VERSION => {}
            1 => {
                sqlx::raw_sql(FROM_VERSION_1)
                    .execute(&mut *transaction)
                    .await
                    .map_err(failed)?;
            }
            other => return Err(super::other_layout(other.into(), SCHEMA_VERSION.into())),
        }
        let stored: String = sqlx::query_scalar("SELECT id FROM logs WHERE log = $1")
            .bind(LOG)
            .fetch_one(&mut *transaction)
            .await
            .map_err(failed)?;
        let log = key.log().to_string();
        if stored != log {
            return Err(super::other_log(Some(&stored), &log));
        }
        transaction.commit().await.map_err(failed)
    }

    /// Opens a transaction and locks the head in it.
    async fn lock_head(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        let mut transaction = self.writer.begin().await.map_err(failed)?;
        sqlx::query("SELECT FROM heads WHERE log = $1 FOR UPDATE")
            .bind(LOG)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        Ok(transaction)
    }
}

async fn create_log(connection: &mut PgConnection, key: &LogKey) -> Result<(), StoreError> {
    let edge = TreeEdge::default();
    sqlx::query("INSERT INTO logs (log, id, created_at) VALUES ($1, $2, $3)")
        .bind(LOG)
        .bind(key.log().to_string())
        .bind(Timestamp::now().micros())
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    let checkpoint = key.sign(Position(0), edge.root());
    sqlx::query("INSERT INTO heads (log, size, edge, checkpoint) VALUES ($1, 0, $2, $3)")
        .bind(LOG)
        .bind(edge.to_bytes())
        .bind(checkpoint.as_note())
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

impl Store for PostgresStore {
    fn read(
        &self,
        read: &mut dyn FnMut(&mut dyn Rows) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let _context = self.runtime.enter();
        let mut connection = self.runtime.block_on(self.pool.acquire()).map_err(failed)?;
        read(&mut PgRows::new(&self.runtime, &mut connection))
    }

    fn read_snapshot(
        &self,
        read: &mut dyn FnMut(&mut dyn Rows) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let _context = self.runtime.enter();
        let mut connection = self.runtime.block_on(self.pool.acquire()).map_err(failed)?;
        let begin = connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        let mut snapshot = self.runtime.block_on(begin).map_err(failed)?;
        let answer = read(&mut PgRows::new(&self.runtime, &mut snapshot));
        self.runtime.block_on(snapshot.rollback()).map_err(failed)?;
        answer
    }

    fn write_if_unchanged(&self, group: &Group) -> Result<bool, StoreError> {
        self.runtime.block_on(async {
            let mut connection = self.writer.acquire().await.map_err(failed)?;
            write(&mut connection, group).await
        })
    }

    fn lock(&self) -> Result<Box<dyn LockedHead + '_>, StoreError> {
        let context = self.runtime.enter();
        let transaction = self.runtime.block_on(self.lock_head())?;
        Ok(Box::new(Locked {
            runtime: &self.runtime,
            transaction,
            _context: context,
        }))
    }

    fn scrub(&self) -> Result<(), StoreError> {
        // The row of the key as it was before is a dead one, until this.
        let vacuum = sqlx::query("VACUUM data_keys").execute(&self.pool);
        let _context = self.runtime.enter();
        self.runtime.block_on(vacuum).map_err(failed)?;
        Ok(())
    }

    fn rewrap_keys(&self, rewrap: &mut Rewrap<'_>) -> Result<u64, StoreError> {
        let _context = self.runtime.enter();
        // Under the lock of the head, so that no key is added in between.
        let mut transaction = self.runtime.block_on(self.lock_head())?;
        let (mut after, mut replaced) = (String::new(), 0);
        loop {
            let next = sqlx::query_as(
                "SELECT scope, wrapped FROM data_keys WHERE log = $1 AND scope > $2
                 ORDER BY scope LIMIT 1",
            )
            .bind(LOG)
            .bind(&after)
            .fetch_optional(&mut *transaction);
            let next: Option<(String, Vec<u8>)> = self.runtime.block_on(next).map_err(failed)?;
            let Some((scope, wrapped)) = next else {
                break;
            };
            if let Some(wrapped) = rewrap(&scope, &wrapped)? {
                let update =
                    sqlx::query("UPDATE data_keys SET wrapped = $3 WHERE log = $1 AND scope = $2")
                        .bind(LOG)
                        .bind(&scope)
                        .bind(wrapped)
                        .execute(&mut *transaction);
                self.runtime.block_on(update).map_err(failed)?;
                replaced += 1;
            }
            after = scope;
        }
        self.runtime
            .block_on(transaction.commit())
            .map_err(failed)?;
        Ok(replaced)
    }

    fn may_be_awaited(&self) -> bool {
        false
    }
}

/// A transaction that has locked the head. Dropped, it is undone.
struct Locked<'a> {
    runtime: &'a Handle,
    transaction: Transaction<'static, Postgres>,
    /// Last, because a connection goes back to its pool in the context of a runtime.
    _context: EnterGuard<'a>,
}

impl LockedHead for Locked<'_> {
    fn rows(&mut self) -> Box<dyn Rows + '_> {
        Box::new(PgRows::new(self.runtime, &mut self.transaction))
    }

    fn write(self: Box<Self>, group: &Group) -> Result<bool, StoreError> {
        let Self {
            runtime,
            mut transaction,
            _context,
        } = *self;
        runtime.block_on(async {
            if !write(&mut transaction, group).await? {
                return Ok(false);
            }
            if let Some(rows) = &group.purge {
                purge(&mut transaction, rows).await?;
            }
            transaction.commit().await.map_err(failed)?;
            Ok(true)
        })
    }
}

async fn write(connection: &mut PgConnection, group: &Group) -> Result<bool, StoreError> {
    let Some(head) = &group.head else {
        return Err(StoreError::Failed("a group without a head".into()));
    };
    let numbers = |numbers: &mut dyn Iterator<Item = u64>| -> Result<Vec<i64>, StoreError> {
        numbers.map(to_sql).collect()
    };
    let (streams, grown) = (&group.new_streams, &group.grown_streams);
    let (commits, nodes) = (&group.commits, &group.nodes);
    let scopes: Vec<String> = group.new_keys.iter().map(|(s, _)| s.to_string()).collect();
    let wrapped: Vec<&[u8]> = group.new_keys.iter().map(|(_, key)| &**key).collect();
    let names: Vec<&str> = streams.iter().map(|s| s.name.as_str()).collect();
    let sessions: Vec<Option<String>> = streams
        .iter()
        .map(|stream| stream.name.session().map(|session| session.to_string()))
        .collect();
    let counts: Vec<i32> = commits.iter().map(|c| c.count as i32).collect();
    let recorded: Vec<i64> = commits.iter().map(|c| c.recorded_at_micros).collect();
    let leaf_hashes: Vec<&[u8]> = commits.iter().map(|c| &*c.leaf_hashes).collect();
    let payloads: Vec<&[u8]> = commits.iter().map(|c| &*c.payload).collect();
    let levels: Vec<i16> = nodes.iter().map(|(level, ..)| *level as i16).collect();
    let hashes: Vec<&[u8]> = nodes.iter().map(|(.., hash)| hash.as_slice()).collect();
    let written: i64 = sqlx::query_scalar(WRITE)
        .bind(LOG)
        .bind(to_sql(group.size_before)?)
        .bind(to_sql(head.size)?)
        .bind(&head.edge)
        .bind(&head.checkpoint)
        .bind(group.keep_checkpoint)
        .bind(scopes)
        .bind(wrapped)
        .bind(numbers(&mut streams.iter().map(|s| s.number))?)
        .bind(names)
        .bind(sessions)
        .bind(numbers(&mut streams.iter().map(|s| s.next_version.0))?)
        .bind(numbers(&mut grown.iter().map(|(number, _)| *number))?)
        .bind(numbers(&mut grown.iter().map(|(_, next)| next.0))?)
        .bind(numbers(&mut commits.iter().map(|c| c.first_position))?)
        .bind(counts)
        .bind(numbers(&mut commits.iter().map(|c| c.stream))?)
        .bind(numbers(&mut commits.iter().map(|c| c.first_version.0))?)
        .bind(recorded)
        .bind(leaf_hashes)
        .bind(payloads)
        .bind(levels)
        .bind(numbers(&mut nodes.iter().map(|(_, index, _)| *index))?)
        .bind(hashes)
        .fetch_one(connection)
        .await
        .map_err(failed)?;
    Ok(from_sql(written)? == 1)
}

/// Destroys the recording of a session.
async fn purge(connection: &mut PgConnection, purge: &PurgeRows) -> Result<(), StoreError> {
    for (first_position, payload) in &purge.resealed {
        sqlx::query("UPDATE commits SET payload = $3 WHERE log = $1 AND first_position = $2")
            .bind(LOG)
            .bind(to_sql(*first_position)?)
            .bind(payload)
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    let streams: Result<Vec<i64>, _> = purge.destroyed.iter().map(|&s| to_sql(s)).collect();
    sqlx::query("UPDATE commits SET payload = '' WHERE log = $1 AND stream = ANY ($2)")
        .bind(LOG)
        .bind(streams?)
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    sqlx::query("UPDATE data_keys SET wrapped = $3 WHERE log = $1 AND scope = $2")
        .bind(LOG)
        .bind(purge.scope.to_string())
        .bind(DESTROYED_KEY)
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    sqlx::query("UPDATE heads SET purges = purges + 1 WHERE log = $1")
        .bind(LOG)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// A failure of PostgreSQL, by what the caller can do about it.
fn failed(error: sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(DatabaseError::code);
    match code.as_deref() {
        // disk_full
        Some("53100") => StoreError::Full(Box::new(error)),
        // data_corrupted, index_corrupted
        Some(code @ ("XX001" | "XX002")) => StoreError::Damaged(format!("{code}: {error}")),
        _ => StoreError::Failed(Box::new(error)),
    }
}
