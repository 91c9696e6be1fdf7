//! Rows in PostgreSQL: by COPY in its binary format, as fast as rows get in, and one by one.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo};
use sqlx::{Encode, PgConnection, Postgres, Type};

use super::super::events::{PAYLOAD_BYTES, Random, STREAMS, payload, vary};
use super::super::measure::Client;

pub(in super::super) const SCHEMA: &str = include_str!("schema.sql");
const COPY: &str = "COPY events FROM STDIN (FORMAT binary)";
const INSERT: &str = "INSERT INTO events VALUES ($1, $2, $3, $4, $5, $6, $7)";
/// A stream ends after so many events at least, and up to three times as many.
const LIFE: u64 = 1000;
const UUID: u32 = 2950;
const TIMESTAMPTZ: u32 = 1184;

/// Which streams the rows of a batch are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Order {
    /// Each row of any of the streams.
    Interleaved,
    /// All rows of one stream, as in a batch of ours.
    Adjacent,
}

/// One row, but for its payload.
struct Row {
    stream: [u8; 16],
    version: i32,
    kind: i16,
    at: i64,
    hash: [u8; 32],
}

struct Stream {
    id: [u8; 16],
    version: i32,
    ends_at: i32,
}

/// Makes rows.
struct Rows {
    random: Random,
    streams: Vec<Stream>,
    payload: [u8; PAYLOAD_BYTES],
    positions: Arc<AtomicI64>,
}

impl Rows {
    fn new(client: u64, positions: &Arc<AtomicI64>) -> Self {
        let mut random = Random::new(client);
        Self {
            streams: (0..STREAMS).map(|_| Stream::new(&mut random)).collect(),
            random,
            payload: payload(),
            positions: Arc::clone(positions),
        }
    }

    fn any_stream(&mut self) -> usize {
        (self.random.next() % STREAMS as u64) as usize
    }

    fn next(&mut self, position: i64, stream: usize) -> Row {
        let random = &mut self.random;
        let stream = &mut self.streams[stream];
        if stream.version >= stream.ends_at {
            *stream = Stream::new(random);
        }
        stream.version += 1;
        vary(&mut self.payload, random.next());
        Row {
            stream: stream.id,
            version: stream.version,
            kind: (random.next() % 40) as i16,
            at: 800_000_000_000_000 + position * 137,
            hash: random.bytes(),
        }
    }
}

impl Stream {
    fn new(random: &mut Random) -> Self {
        Self {
            id: random.bytes(),
            version: 0,
            ends_at: (LIFE + random.next() % (2 * LIFE)) as i32,
        }
    }
}

pub(in super::super) struct CopyClient {
    connection: PgConnection,
    rows: Rows,
    order: Order,
    batch: usize,
    buffer: Vec<u8>,
}

impl CopyClient {
    pub(in super::super) fn new(
        connection: PgConnection,
        client: usize,
        positions: &Arc<AtomicI64>,
        batch: usize,
        order: Order,
    ) -> Self {
        Self {
            connection,
            rows: Rows::new(client as u64, positions),
            order,
            batch,
            buffer: Vec::new(),
        }
    }

    fn fill(&mut self) {
        let count = self.batch as i64;
        let first = self.rows.positions.fetch_add(count, Ordering::Relaxed);
        let one = self.rows.any_stream();
        let to = &mut self.buffer;
        to.clear();
        to.extend_from_slice(b"PGCOPY\n\xff\r\n\0");
        to.extend_from_slice(&[0; 8]);
        for position in first..first + count {
            let stream = match self.order {
                Order::Interleaved => self.rows.any_stream(),
                Order::Adjacent => one,
            };
            let row = self.rows.next(position, stream);
            to.extend_from_slice(&7_i16.to_be_bytes());
            let mut field = |bytes: &[u8]| {
                to.extend_from_slice(&(bytes.len() as i32).to_be_bytes());
                to.extend_from_slice(bytes);
            };
            field(&position.to_be_bytes());
            field(&row.stream);
            field(&row.version.to_be_bytes());
            field(&row.kind.to_be_bytes());
            field(&row.at.to_be_bytes());
            field(&self.rows.payload);
            field(&row.hash);
        }
        to.extend_from_slice(&(-1_i16).to_be_bytes());
    }
}

impl Client for CopyClient {
    async fn send(&mut self) -> anyhow::Result<u64> {
        self.fill();
        let mut copy = self.connection.copy_in_raw(COPY).await?;
        copy.send(&*self.buffer).await?;
        Ok(copy.finish().await?)
    }
}

pub(in super::super) struct InsertClient {
    connection: PgConnection,
    rows: Rows,
}

impl InsertClient {
    pub(in super::super) fn new(
        connection: PgConnection,
        client: usize,
        positions: &Arc<AtomicI64>,
    ) -> Self {
        Self {
            connection,
            rows: Rows::new(client as u64, positions),
        }
    }
}

impl Client for InsertClient {
    async fn send(&mut self) -> anyhow::Result<u64> {
        let position = self.rows.positions.fetch_add(1, Ordering::Relaxed);
        let stream = self.rows.any_stream();
        let row = self.rows.next(position, stream);
        sqlx::query(INSERT)
            .bind(position)
            .bind(Uuid(row.stream))
            .bind(row.version)
            .bind(row.kind)
            .bind(Time(row.at))
            .bind(&self.rows.payload[..])
            .bind(&row.hash[..])
            .execute(&mut self.connection)
            .await?;
        Ok(1)
    }
}

/// A value that is sent as the bytes that PostgreSQL stores.
struct Uuid([u8; 16]);
struct Time(i64);

impl Type<Postgres> for Uuid {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(UUID))
    }
}

impl Encode<'_, Postgres> for Uuid {
    fn encode_by_ref(&self, to: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        to.extend_from_slice(&self.0);
        Ok(IsNull::No)
    }
}

impl Type<Postgres> for Time {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(TIMESTAMPTZ))
    }
}

impl Encode<'_, Postgres> for Time {
    fn encode_by_ref(&self, to: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        to.extend_from_slice(&self.0.to_be_bytes());
        Ok(IsNull::No)
    }
}
