//! Searching all moments: a question to the API (token, GraphQL, index, catalogue, JSON) against
//! SQLite FTS5 over the same texts, called directly.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use retrace_core::data_dir::DataDir;
use retrace_core::log::EventLog;
use retrace_ingest::asciicast::Version;
use retrace_ingest::import::{ImportOptions, NoProgress, import_all};
use retrace_ingest::sample::{Length, SyntheticCast, Workload};
use retrace_projections::runner::Projections;
use retrace_query::Reader;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{Figure, median, millis, output, quantile};
use crate::server::{App, router};
use crate::tokens::NewToken;

const MADE_UP_SESSIONS: u64 = 24;
const MADE_UP_LENGTH: Duration = Duration::from_secs(900);
const PEER: &str = "SQLite FTS5, called directly";

pub(super) async fn run(rounds: u32, recordings: Option<&Path>) -> anyhow::Result<Vec<Figure>> {
    let dir = tempfile::tempdir()?;
    let files = match recordings {
        Some(folder) => vec![folder.to_owned()],
        None => made_up(dir.path())?,
    };
    let data = DataDir::new(dir.path().join("data"));
    let stored = data.open_or_create_log().await?;
    let log: Arc<dyn EventLog> = Arc::new(stored.clone());
    let options = ImportOptions::default();
    import_all(Arc::clone(&log), files, options, Arc::new(NoProgress)).await;
    let size = log.head().await?.size;
    let start = Instant::now();
    let projections = Projections::start(
        Arc::clone(&log),
        data.blobs_of(&stored),
        &data.read_models(),
    )
    .await?;
    projections.caught_up_with(size).await?;
    output::note(format!(
        "search: {size} events, read models built in {:.1} s",
        start.elapsed().as_secs_f64()
    ));
    let reader = Reader::open(&data.read_models(), Arc::clone(&log));
    let app = App::new(&data, stored, reader, Arc::new(projections));
    let token = app.tokens.create(NewToken::admin("bench"), "bench").await?;
    let api = Api {
        router: router(app),
        token,
    };

    let texts = api.all_texts().await?;
    let peer = Fts5::new(&texts)?;
    let queries = queries(&texts);
    ensure!(
        !queries.is_empty(),
        "the recordings hold no words to search for"
    );
    output::note(format!(
        "search: {} moments, {} questions",
        texts.len(),
        queries.len()
    ));

    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        for query in &queries {
            let start = Instant::now();
            api.search(query).await?;
            let took = start.elapsed();
            let peer_took = peer.search(query)?;
            // The first round only warms both.
            if round > 0 {
                ours.push(millis(took));
                theirs.push(millis(peer_took));
            }
        }
    }
    Ok(vec![
        Figure::new("search_median", "ms", median(&ours), PEER, median(&theirs)),
        Figure::new(
            "search_p99",
            "ms",
            quantile(&ours, 0.99),
            PEER,
            quantile(&theirs, 0.99),
        ),
    ])
}

fn made_up(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    (0..MADE_UP_SESSIONS)
        .map(|seed| {
            let path = dir.join(format!("{seed}.cast"));
            let recording = SyntheticCast {
                seed,
                version: Version::V3,
                workload: Workload::Keystrokes,
                length: Length::Lasting(MADE_UP_LENGTH),
            };
            recording.write_to(&mut File::create(&path)?)?;
            Ok(path)
        })
        .collect()
}

/// Rare, middling and common words, pairs of neighbours as phrases, and beginnings.
fn queries(texts: &[String]) -> Vec<String> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let mut phrases = Vec::new();
    for text in texts {
        let words: Vec<&str> = text
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| word.len() > 2)
            .collect();
        for word in &words {
            *counts.entry(word).or_default() += 1;
        }
        if let [first, second, ..] = words[..]
            && text.contains(&format!("{first} {second}"))
        {
            phrases.push(format!("\"{first} {second}\""));
        }
    }
    let mut words: Vec<(usize, &str)> = counts.into_iter().map(|(word, n)| (n, word)).collect();
    words.sort_unstable();
    phrases.sort_unstable();
    phrases.dedup();
    let spread = |len: usize| (0..len).step_by((len / 12).max(1));
    let of_words = spread(words.len()).map(|i| words[i].1.to_owned());
    let of_beginnings = spread(words.len()).map(|i| format!("{}*", &words[i].1[..3]));
    let of_phrases = spread(phrases.len()).map(|i| phrases[i].clone());
    of_words.chain(of_beginnings).chain(of_phrases).collect()
}

struct Api {
    router: Router,
    token: String,
}

impl Api {
    async fn ask(&self, query: &str, variables: Value) -> anyhow::Result<Value> {
        let request = Request::post("/graphql")
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json")
            .body(Body::from(
                json!({"query": query, "variables": variables}).to_string(),
            ))?;
        let response = self.router.clone().oneshot(request).await?;
        ensure!(
            response.status() == StatusCode::OK,
            "the API answered {}",
            response.status()
        );
        let answer: Value =
            serde_json::from_slice(&to_bytes(response.into_body(), 64 << 20).await?)?;
        ensure!(
            answer["errors"].is_null(),
            "the API answered {}",
            answer["errors"]
        );
        Ok(answer["data"].clone())
    }

    async fn search(&self, text: &str) -> anyhow::Result<Value> {
        self.ask(
            "query($text: String!) { search(text: $text, first: 20) { totalCount nodes {
                kind offsetMs session { id title user } snippet { runs { text match } } } } }",
            json!({ "text": text }),
        )
        .await
    }

    async fn all_texts(&self) -> anyhow::Result<Vec<String>> {
        let sessions = self
            .ask("{ sessions(first: 100) { nodes { id } } }", json!({}))
            .await?;
        let mut texts = Vec::new();
        for session in sessions["sessions"]["nodes"]
            .as_array()
            .context("sessions")?
        {
            let mut after = Value::Null;
            loop {
                let page = self
                    .ask(
                        "query($id: ID!, $after: String) { session(id: $id) {
                            timeline(first: 100, after: $after) {
                                nodes { text } pageInfo { hasNextPage endCursor } } } }",
                        json!({ "id": session["id"], "after": after }),
                    )
                    .await?;
                let page = &page["session"]["timeline"];
                let nodes = page["nodes"].as_array().context("moments")?;
                texts.extend(
                    nodes
                        .iter()
                        .filter_map(|node| Some(node["text"].as_str()?.to_owned())),
                );
                if page["pageInfo"]["hasNextPage"] != json!(true) {
                    break;
                }
                after = page["pageInfo"]["endCursor"].clone();
            }
        }
        Ok(texts)
    }
}

struct Fts5 {
    rows: rusqlite::Connection,
}

impl Fts5 {
    fn new(texts: &[String]) -> anyhow::Result<Self> {
        let mut rows = rusqlite::Connection::open_in_memory()?;
        rows.execute_batch("CREATE VIRTUAL TABLE moments USING fts5(text)")?;
        let transaction = rows.transaction()?;
        {
            let mut insert = transaction.prepare("INSERT INTO moments VALUES (?1)")?;
            for text in texts {
                insert.execute([text])?;
            }
        }
        transaction.commit()?;
        Ok(Self { rows })
    }

    /// The same question: the best 20, highlighted, and how many there are.
    fn search(&self, query: &str) -> anyhow::Result<Duration> {
        let start = Instant::now();
        let mut best = self.rows.prepare_cached(
            "SELECT rowid, highlight(moments, 0, '[', ']') FROM moments WHERE moments MATCH ?1
             ORDER BY rank LIMIT 20",
        )?;
        let hits: Vec<(i64, String)> = best
            .query_map([query], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let mut count = self
            .rows
            .prepare_cached("SELECT count(*) FROM moments WHERE moments MATCH ?1")?;
        let total: i64 = count.query_row([query], |row| row.get(0))?;
        ensure!(total >= hits.len() as i64, "the peer counts wrong");
        Ok(start.elapsed())
    }
}
