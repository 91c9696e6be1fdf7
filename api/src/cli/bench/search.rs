//! Searching all moments: the newest and the best 20 with highlights, beside PostgreSQL, SQLite FTS5 and tantivy called
//! directly, over the same made-up moments; and the same questions to the API (token, GraphQL, index, count, highlights,
//! catalogue, JSON).

mod corpus;
mod peers;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use retrace_core::data_dir::DataDir;
use retrace_core::event::{EventBatch, EventBody, SessionLaunched};
use retrace_core::log::{Append, EventLog};
use retrace_core::{LogId, Position, SessionId, SourceName, StreamName, StreamVersion, Timestamp};
use retrace_projections::moments::{
    Detail, Moment, MomentId, MomentKind, MomentWriter, SessionFacts,
};
use retrace_projections::runner::{Projections, catch_up};
use retrace_query::{PageRequest, Reader, SearchFilter, SearchOrder, SearchQuestion};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{Figure, millis, output, quantile};
use crate::server::{App, router};
use crate::tokens::NewToken;
use corpus::{Corpus, Made, Questions};
use peers::{Fts5, Postgres, Tantivy};

/// A commit for each so many moments, as the read model commits its batches.
const COMMIT_EVERY: u64 = 8_192;
/// A session of a user lasts so long.
const SESSION_S: i64 = 10 * 86_400;
const POSTGRES: &str = "PostgreSQL, tsvector and GIN";
const FTS5: &str = "SQLite FTS5, called directly";
const TANTIVY: &str = "tantivy, one segment, called directly";

/// What is asked, of whom it may be.
pub(super) enum Ask {
    Word(String),
    Phrase(String, String),
    Both(String, String),
    Begins(String),
    /// A word, of a user, from a second to a second.
    Filtered(String, String, i64, i64),
}

/// A question, with the name of its kind.
pub(super) struct Asked {
    class: &'static str,
    ask: Ask,
}

pub(super) async fn run(rounds: u32, moments: u32) -> anyhow::Result<Vec<Figure>> {
    let dir = tempfile::tempdir()?;
    let corpus = Corpus::new(moments);
    let asked = asked(Questions::of(&corpus));
    output::note(format!(
        "search: {moments} moments, {} questions",
        asked.len()
    ));

    let (tantivy, tantivy_took) = Tantivy::build(&corpus, &dir.path().join("tantivy"))?;
    let (ours, our_rate) = Ours::build(&corpus, dir.path()).await?;
    let fts5 = Fts5::build(&corpus, &dir.path().join("fts5.sqlite"))?;
    let (mut postgres, postgres_took) = Postgres::build(&corpus).await?;
    output::note(format!(
        "search: PostgreSQL was built in {:.1} s",
        postgres_took.as_secs_f64()
    ));

    let mut times = Times::default();
    // The first round only warms. PostgreSQL and FTS5 take minutes: they are asked twice.
    for round in 0..=rounds.max(1) {
        for asked in &asked {
            for (order, newest) in [("ranked", false), ("newest", true)] {
                let mut add = |who, took| {
                    if round > 0 {
                        times.add(who, order, asked.class, took);
                    }
                };
                add("retrace", ours.ask(asked, newest)?);
                add("tantivy", tantivy.ask(asked, newest)?);
                if round <= 1 {
                    add("fts5", fts5.ask(asked, newest)?);
                    add("postgres", postgres.ask(asked, newest).await?);
                }
                add("api", ours.ask_api(asked, newest).await?);
            }
        }
    }
    times.note();

    let rate = f64::from(moments) / tantivy_took.as_secs_f64();
    let (bytes, peer_bytes) = (bytes_of(&ours.index)?, postgres.bytes().await?);
    let p99 = |who, order| times.quantile(who, order, None, 0.99);
    let against = |name, order, peer, who| {
        Figure::new(name, "ms", p99("retrace", order), peer, p99(who, order))
    };
    Ok(vec![
        against("ranked_p99_vs_postgres", "ranked", POSTGRES, "postgres"),
        against("ranked_p99_vs_fts5", "ranked", FTS5, "fts5"),
        against("ranked_p99_vs_tantivy", "ranked", TANTIVY, "tantivy"),
        against("newest_p99_vs_postgres", "newest", POSTGRES, "postgres"),
        against("newest_p99_vs_fts5", "newest", FTS5, "fts5"),
        against("newest_p99_vs_tantivy", "newest", TANTIVY, "tantivy"),
        Figure::new(
            "search_api_ranked_p99",
            "ms",
            p99("api", "ranked"),
            "the goal",
            20.0,
        ),
        Figure::new(
            "search_api_newest_p99",
            "ms",
            p99("api", "newest"),
            "the goal",
            20.0,
        ),
        Figure::new(
            "index_bytes_vs_postgres",
            "MB",
            bytes as f64 / 1e6,
            "its table and GIN index",
            peer_bytes as f64 / 1e6,
        ),
        Figure::new(
            "indexing_rate",
            "moments/s",
            our_rate,
            "tantivy, two threads, one commit",
            rate,
        ),
    ])
}

fn asked(questions: Questions) -> Vec<Asked> {
    let of = |class: &'static str| move |ask: Ask| Asked { class, ask };
    let mut asked = Vec::new();
    asked.extend(questions.rare.into_iter().map(Ask::Word).map(of("rare")));
    asked.extend(
        questions
            .common
            .into_iter()
            .map(Ask::Word)
            .map(of("common")),
    );
    let phrases = questions
        .phrases
        .into_iter()
        .map(|(a, b)| Ask::Phrase(a, b));
    asked.extend(phrases.map(of("phrase")));
    let pairs = questions.pairs.into_iter().map(|(a, b)| Ask::Both(a, b));
    asked.extend(pairs.map(of("and")));
    asked.extend(
        questions
            .prefixes
            .into_iter()
            .map(Ask::Begins)
            .map(of("prefix")),
    );
    let filtered = questions.filtered.into_iter();
    asked.extend(
        filtered
            .map(|(a, user, from, to)| Ask::Filtered(a, user, from, to))
            .map(of("filter")),
    );
    asked
}

fn bytes_of(folder: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}

/// How long each question took.
#[derive(Default)]
struct Times(HashMap<(&'static str, &'static str, &'static str), Vec<f64>>);

impl Times {
    fn add(&mut self, who: &'static str, order: &'static str, class: &'static str, took: Duration) {
        self.0
            .entry((who, order, class))
            .or_default()
            .push(millis(took));
    }

    fn quantile(&self, who: &str, order: &str, class: Option<&str>, q: f64) -> f64 {
        let of = |key: &(&str, &str, &str)| {
            key.0 == who && key.1 == order && class.is_none_or(|class| key.2 == class)
        };
        let all: Vec<f64> = self
            .0
            .iter()
            .filter(|(key, _)| of(key))
            .flat_map(|(_, times)| times)
            .copied()
            .collect();
        quantile(&all, q)
    }

    /// A table of the kinds of questions.
    fn note(&self) {
        output::note(format!(
            "{:16} {:>17} {:>17} {:>17} {:>17} {:>17}   p50 / p99 ms",
            "search", "retrace", "API", "tantivy", "FTS5", "PostgreSQL"
        ));
        for order in ["ranked", "newest"] {
            for class in ["rare", "common", "phrase", "and", "prefix", "filter"] {
                let of = |who| {
                    let time = |q| self.quantile(who, order, Some(class), q);
                    format!("{:.3} / {:.3}", time(0.5), time(0.99))
                };
                output::note(format!(
                    "{:16} {:>17} {:>17} {:>17} {:>17} {:>17}",
                    format!("{class}, {order}"),
                    of("retrace"),
                    of("api"),
                    of("tantivy"),
                    of("fts5"),
                    of("postgres")
                ));
            }
        }
    }
}

/// The read models, and the API over them.
struct Ours {
    index: std::path::PathBuf,
    reader: Reader,
    router: Router,
    token: String,
}

impl Ours {
    /// Builds them; answers how many moments a second were indexed.
    async fn build(corpus: &Corpus, dir: &Path) -> anyhow::Result<(Self, f64)> {
        let data = DataDir::new(dir.join("data"));
        let stored = data.open_or_create_log().await?;
        let log: Arc<dyn EventLog> = Arc::new(stored.clone());
        let mut sessions: HashMap<SessionKey, SessionFacts> = HashMap::new();
        for user in 0..corpus.users.len() {
            for span in 0..=(corpus::DAYS * 86_400 / SESSION_S) {
                let facts = launch(&*log, corpus, user, span).await?;
                sessions.insert((user, span), facts);
            }
        }
        let size = log.head().await?.size;
        let models = data.read_models();
        let blobs = data.blobs_of(&stored);
        let others = ["sessions".to_owned()];
        catch_up(Arc::clone(&log), blobs.clone(), &models, &others, |_| {}).await?;
        let rate = index(corpus, &models, log.id(), size, &sessions)?;
        let index = retrace_projections::moments::path(&models);
        let projections = Projections::start(Arc::clone(&log), blobs, &models).await?;
        projections.caught_up_with(size).await?;
        let reader = Reader::open(&models, Arc::clone(&log));
        let app = App::new(&data, stored, reader.clone(), Arc::new(projections))?;
        let token = app.tokens.create(NewToken::admin("bench"), "bench").await?;
        let ours = Self {
            index,
            reader,
            router: router(app),
            token,
        };
        Ok((ours, rate))
    }

    fn ask(&self, asked: &Asked, newest: bool) -> anyhow::Result<Duration> {
        let (text, filter) = written(asked);
        let question = SearchQuestion {
            text,
            filter,
            order: if newest {
                SearchOrder::Newest
            } else {
                SearchOrder::Relevance
            },
            counted: false,
        };
        let begun = Instant::now();
        let found = self.reader.search(&question, &PageRequest::first(20))?;
        let took = begun.elapsed();
        ensure!(
            !found.page.items.is_empty() || matches!(asked.ask, Ask::Filtered(..)),
            "nothing was found"
        );
        Ok(took)
    }

    async fn ask_api(&self, asked: &Asked, newest: bool) -> anyhow::Result<Duration> {
        let (text, _) = written(asked);
        let filter = match &asked.ask {
            Ask::Filtered(_, user, from, to) => json!({
                "users": [user], "at": {"from": time(*from)?.to_string(), "to": time(*to + 1)?.to_string()},
            }),
            _ => json!({}),
        };
        let query = "query($text: String!, $filter: SearchFilter, $order: SearchOrder!) {
            search(text: $text, filter: $filter, orderBy: $order, first: 20) { totalCount nodes {
                kind offsetMs session { id title user } snippet { runs { text match } } } } }";
        let order = if newest { "NEWEST" } else { "RELEVANCE" };
        let variables = json!({"text": text, "filter": filter, "order": order});
        let body = json!({"query": query, "variables": variables}).to_string();
        let begun = Instant::now();
        let request = Request::post("/graphql")
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json")
            .body(Body::from(body))?;
        let response = self.router.clone().oneshot(request).await?;
        ensure!(
            response.status() == StatusCode::OK,
            "the API answered {}",
            response.status()
        );
        let answer = to_bytes(response.into_body(), 64 << 20).await?;
        let took = begun.elapsed();
        let answer: Value = serde_json::from_slice(&answer)?;
        ensure!(
            answer["errors"].is_null(),
            "the API answered {}",
            answer["errors"]
        );
        Ok(took)
    }
}

fn written(asked: &Asked) -> (String, SearchFilter) {
    let any = SearchFilter::default();
    match &asked.ask {
        Ask::Word(word) => (word.clone(), any),
        Ask::Phrase(a, b) => (format!("\"{a} {b}\""), any),
        Ask::Both(a, b) => (format!("{a} {b}"), any),
        Ask::Begins(word) => (format!("{word}*"), any),
        Ask::Filtered(word, user, from, to) => {
            let filter = SearchFilter {
                users: Some(vec![user.clone()]),
                at_from: time(*from).ok(),
                at_to: time(*to + 1).ok(),
                ..any
            };
            (word.clone(), filter)
        }
    }
}

fn time(seconds: i64) -> anyhow::Result<Timestamp> {
    Ok(Timestamp::from_micros(seconds * 1_000_000)?)
}

/// A user's session in a span of days.
type SessionKey = (usize, i64);

fn span_of(made: &Made) -> i64 {
    (made.at_s - first_s()) / SESSION_S
}

fn first_s() -> i64 {
    corpus::START_S
}

async fn launch(
    log: &dyn EventLog,
    corpus: &Corpus,
    user: usize,
    span: i64,
) -> anyhow::Result<SessionFacts> {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&(user as u64).to_be_bytes());
    digest[8..16].copy_from_slice(&span.to_be_bytes());
    let session = SessionId::of_recording(&digest);
    let started = time(first_s() + span * SESSION_S)?;
    let host = corpus.hosts[user % corpus.hosts.len()].clone();
    let launched = SessionLaunched {
        user: Some(corpus.users[user].clone()),
        host: Some(host.clone()),
        protocol: Some("ssh".to_owned()),
        ..SessionLaunched::default()
    };
    let mut events = EventBatch::new();
    events.push(started, EventBody::from(launched))?;
    let stream = StreamName::of_session(session, &SourceName::new("agent")?);
    let append = Append {
        stream,
        first_version: StreamVersion(0),
        events,
    };
    log.append(append).await?;
    let mut facts = SessionFacts::begun(session, started);
    facts.user = Some(corpus.users[user].clone());
    facts.host = Some(host);
    facts.protocol = Some("ssh".to_owned());
    Ok(facts)
}

/// Indexes all moments. Answers how many a second, until the last was committed.
fn index(
    corpus: &Corpus,
    models: &Path,
    log: LogId,
    size: Position,
    sessions: &HashMap<SessionKey, SessionFacts>,
) -> anyhow::Result<f64> {
    let mut writer = MomentWriter::open(models, log)?;
    let begun = Instant::now();
    let mut count = 0;
    for made in corpus.moments() {
        let Some(facts) = sessions.get(&(made.user, span_of(&made))) else {
            continue;
        };
        let at = time(made.at_s)?;
        let offset_us = at.micros_since(facts.started).unsigned_abs();
        let id = MomentId {
            position: Position(made.number),
            ordinal: 0,
        };
        let kind = [
            MomentKind::Command,
            MomentKind::Process,
            MomentKind::Window,
            MomentKind::Screen,
        ][made.kind];
        let moment = Moment::new(
            id,
            facts.session,
            kind,
            at,
            offset_us,
            made.text,
            Detail::default(),
        );
        writer.add(&moment, facts)?;
        count += 1;
        if count % COMMIT_EVERY == 0 {
            writer.commit(Position(0))?;
        }
    }
    writer.commit(size)?;
    let rate = count as f64 / begun.elapsed().as_secs_f64();
    writer.settle()?;
    output::note(format!(
        "search: {count} moments indexed, {rate:.0} a second"
    ));
    Ok(rate)
}
