//! The same moments and questions elsewhere: PostgreSQL with a GIN index, SQLite FTS5, tantivy called directly.

use std::ops::Bound;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use retrace_scratch_postgres::PostgresServer;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Connection, Row};
use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, Occur, PhraseQuery, Query, RangeQuery, RegexQuery, TermQuery};
use tantivy::schema::{
    FAST, Field, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::{Index, IndexWriter, Order, Searcher, TantivyDocument, Term};

use super::corpus::{Corpus, Made};
use super::{Ask, Asked};

const PAGE: usize = 20;

/// The words of a text apart from each other, as PostgreSQL would not cut them itself.
fn apart(text: &str) -> String {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

pub(super) struct Postgres {
    connection: PgConnection,
    _server: PostgresServer,
}

impl Postgres {
    pub(super) async fn build(corpus: &Corpus) -> anyhow::Result<(Self, Duration)> {
        let server = PostgresServer::start_with(&[
            "shared_buffers=1GB",
            "maintenance_work_mem=512MB",
            "work_mem=64MB",
            "max_wal_size=8GB",
            "jit=off",
        ])
        .map_err(|error| anyhow::anyhow!("PostgreSQL is not there: {error}"))?;
        let mut connection = PgConnection::connect(&server.url()).await?;
        let begun = Instant::now();
        run(&mut connection, "CREATE TABLE docs (id bigint, ts bigint, usr text, host text, kind smallint, text text, tsv tsvector)").await?;
        run(&mut connection, "CREATE UNLOGGED TABLE fresh (id bigint, ts bigint, usr text, host text, kind smallint, text text, words text)").await?;
        let mut copy = connection.copy_in_raw("COPY fresh FROM STDIN").await?;
        let mut buffer = Vec::with_capacity(1 << 20);
        for made in corpus.moments() {
            let Made {
                number,
                at_s,
                user,
                host,
                kind,
                text,
            } = made;
            let escaped = text.replace('\\', "\\\\");
            let (user, host) = (&corpus.users[user], &corpus.hosts[host]);
            let words = apart(&text);
            buffer.extend_from_slice(
                format!("{number}\t{at_s}\t{user}\t{host}\t{kind}\t{escaped}\t{words}\n")
                    .as_bytes(),
            );
            if buffer.len() >= 1 << 20 {
                copy.send(std::mem::take(&mut buffer)).await?;
            }
        }
        copy.send(buffer).await?;
        copy.finish().await?;
        for sql in [
            "INSERT INTO docs SELECT id, ts, usr, host, kind, text, to_tsvector('simple', words) FROM fresh ORDER BY id",
            "DROP TABLE fresh",
            "CREATE INDEX docs_gin ON docs USING gin (tsv)",
            "ALTER TABLE docs ADD PRIMARY KEY (id)",
            "CREATE INDEX docs_uts ON docs (usr, ts)",
            "CREATE INDEX docs_ts ON docs (ts)",
        ] {
            run(&mut connection, sql).await?;
        }
        let took = begun.elapsed();
        run(&mut connection, "VACUUM ANALYZE docs").await?;
        Ok((
            Self {
                connection,
                _server: server,
            },
            took,
        ))
    }

    /// Of the table with its texts, and of the GIN index.
    pub(super) async fn bytes(&mut self) -> anyhow::Result<i64> {
        let sql = "SELECT pg_table_size('docs') + pg_relation_size('docs_gin')";
        let row: PgRow = sqlx::query(sql).fetch_one(&mut self.connection).await?;
        Ok(row.try_get(0)?)
    }

    pub(super) async fn ask(&mut self, asked: &Asked, newest: bool) -> anyhow::Result<Duration> {
        let (words, filter) = match &asked.ask {
            Ask::Word(word) => (word.clone(), None),
            Ask::Phrase(a, b) => (format!("{a}<->{b}"), None),
            Ask::Both(a, b) => (format!("{a}&{b}"), None),
            Ask::Begins(word) => (format!("{word}:*"), None),
            Ask::Filtered(word, user, from, to) => (word.clone(), Some((user, from, to))),
        };
        let order = if newest {
            "ts DESC"
        } else {
            "ts_rank(tsv, q) DESC"
        };
        let sql = match filter {
            None => format!(
                "SELECT id, text FROM docs, to_tsquery('simple', $1) q WHERE tsv @@ q ORDER BY {order} LIMIT 20"
            ),
            Some(_) => format!(
                "SELECT id, text FROM docs, to_tsquery('simple', $1) q WHERE tsv @@ q
                AND usr = $2 AND ts BETWEEN $3 AND $4 ORDER BY {order} LIMIT 20"
            ),
        };
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(words);
        if let Some((user, from, to)) = filter {
            query = query.bind(user.clone()).bind(*from).bind(*to);
        }
        let begun = Instant::now();
        query.fetch_all(&mut self.connection).await?;
        Ok(begun.elapsed())
    }
}

async fn run(connection: &mut PgConnection, sql: &'static str) -> anyhow::Result<()> {
    sqlx::raw_sql(sql).execute(connection).await?;
    Ok(())
}

pub(super) struct Fts5(rusqlite::Connection);

impl Fts5 {
    pub(super) fn build(corpus: &Corpus, file: &Path) -> anyhow::Result<Self> {
        let mut rows = rusqlite::Connection::open(file)?;
        rows.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -524288;
             CREATE TABLE docs (id INTEGER PRIMARY KEY, ts INT, usr TEXT, host TEXT, kind INT, text TEXT);
             CREATE VIRTUAL TABLE f USING fts5(text, content='docs', content_rowid='id', prefix='3 5')",
        )?;
        let transaction = rows.transaction()?;
        {
            let mut insert =
                transaction.prepare("INSERT INTO docs VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
            for made in corpus.moments() {
                insert.execute(rusqlite::params![
                    made.number as i64,
                    made.at_s,
                    corpus.users[made.user],
                    corpus.hosts[made.host],
                    made.kind as i64,
                    made.text
                ])?;
            }
        }
        transaction.execute("INSERT INTO f (f) VALUES ('rebuild')", [])?;
        transaction.commit()?;
        rows.execute_batch("CREATE INDEX du ON docs (usr, ts)")?;
        Ok(Self(rows))
    }

    pub(super) fn ask(&self, asked: &Asked, newest: bool) -> anyhow::Result<Duration> {
        let (words, filter) = match &asked.ask {
            Ask::Word(word) => (word.clone(), None),
            Ask::Phrase(a, b) => (format!("\"{a} {b}\""), None),
            Ask::Both(a, b) => (format!("{a} AND {b}"), None),
            Ask::Begins(word) => (format!("{word}*"), None),
            Ask::Filtered(word, user, from, to) => (word.clone(), Some((user, from, to))),
        };
        let order = if newest { "f.rowid DESC" } else { "f.rank" };
        let also = if filter.is_some() {
            "AND d.usr = ?2 AND d.ts BETWEEN ?3 AND ?4"
        } else {
            ""
        };
        let sql = format!(
            "SELECT d.id, d.text FROM f CROSS JOIN docs d ON d.id = f.rowid WHERE f MATCH ?1 {also}
             ORDER BY {order} LIMIT 20"
        );
        let begun = Instant::now();
        let mut statement = self.0.prepare_cached(&sql)?;
        let read = |row: &rusqlite::Row<'_>| row.get::<_, String>(1);
        let found: rusqlite::Result<Vec<String>> = match filter {
            None => statement.query_map([words], read)?.collect(),
            Some((user, from, to)) => statement
                .query_map(rusqlite::params![words, user, from, to], read)?
                .collect(),
        };
        found?;
        Ok(begun.elapsed())
    }
}

/// One merged segment, as it is fastest for the best matches.
pub(super) struct Tantivy {
    searcher: Searcher,
    text: Field,
    user: Field,
    at: Field,
}

impl Tantivy {
    /// Builds it; answers how long it took until all was committed.
    pub(super) fn build(corpus: &Corpus, folder: &Path) -> anyhow::Result<(Self, Duration)> {
        let mut schema = Schema::builder();
        let at = schema.add_i64_field("ts", FAST);
        let user = schema.add_text_field("usr", STRING | STORED);
        let host = schema.add_text_field("host", STRING | STORED);
        let words = TextFieldIndexing::default()
            .set_tokenizer("default")
            .set_index_option(IndexRecordOption::WithFreqsAndPositions);
        let text = schema.add_text_field(
            "text",
            TextOptions::default()
                .set_stored()
                .set_indexing_options(words),
        );
        std::fs::create_dir_all(folder)?;
        let index = Index::create_in_dir(folder, schema.build())?;
        let begun = Instant::now();
        let mut writer: IndexWriter = index.writer_with_num_threads(2, 512 << 20)?;
        for made in corpus.moments() {
            let mut document = TantivyDocument::new();
            document.add_i64(at, made.at_s);
            document.add_text(user, &corpus.users[made.user]);
            document.add_text(host, &corpus.hosts[made.host]);
            document.add_text(text, &made.text);
            writer.add_document(document)?;
        }
        writer.commit()?;
        let took = begun.elapsed();
        let ids = index.searchable_segment_ids()?;
        if ids.len() > 1 {
            writer.merge(&ids).wait()?;
        }
        writer.wait_merging_threads()?;
        let searcher = index.reader()?.searcher();
        Ok((
            Self {
                searcher,
                text,
                user,
                at,
            },
            took,
        ))
    }

    pub(super) fn ask(&self, asked: &Asked, newest: bool) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        let term = |word: &str| Term::from_field_text(self.text, word);
        let word = |word: &str| -> Box<dyn Query> {
            Box::new(TermQuery::new(term(word), IndexRecordOption::WithFreqs))
        };
        let query: Box<dyn Query> = match &asked.ask {
            Ask::Word(a) => word(a),
            Ask::Phrase(a, b) => Box::new(PhraseQuery::new(vec![term(a), term(b)])),
            Ask::Both(a, b) => Box::new(BooleanQuery::new(vec![
                (Occur::Must, word(a)),
                (Occur::Must, word(b)),
            ])),
            Ask::Begins(a) => Box::new(RegexQuery::from_pattern(&format!("{a}.*"), self.text)?),
            Ask::Filtered(a, user, from, to) => {
                let user = Term::from_field_text(self.user, user);
                let bound = |at: i64| Bound::Included(Term::from_field_i64(self.at, at));
                Box::new(BooleanQuery::new(vec![
                    (Occur::Must, word(a)),
                    (
                        Occur::Must,
                        Box::new(TermQuery::new(user, IndexRecordOption::Basic)),
                    ),
                    (
                        Occur::Must,
                        Box::new(RangeQuery::new(bound(*from), bound(*to))),
                    ),
                ]))
            }
        };
        let top = TopDocs::with_limit(PAGE);
        let addresses: Vec<_> = if newest {
            let found = self
                .searcher
                .search(&*query, &top.order_by_fast_field::<i64>("ts", Order::Desc))?;
            found.into_iter().map(|(_, address)| address).collect()
        } else {
            let found = self.searcher.search(&*query, &top.order_by_score())?;
            found.into_iter().map(|(_, address)| address).collect()
        };
        for address in addresses {
            let document: TantivyDocument = self.searcher.doc(address)?;
            document
                .get_first(self.text)
                .context("the text is stored")?;
        }
        Ok(begun.elapsed())
    }
}
