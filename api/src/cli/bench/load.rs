//! All at once: 5,000 events come in every second, 200 people follow, 200 search. How soon is found what was
//! acknowledged, how long does a search take, and does memory stay where it is?

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use retrace_core::data_dir::DataDir;
use retrace_core::event::{EventBatch, EventBody, MarkerSet, SessionLaunched, TerminalWritten};
use retrace_core::log::{Append, EventLog};
use retrace_core::{Position, SessionId, SourceName, StreamName, StreamVersion, Timestamp};
use retrace_projections::runner::Projections;
use retrace_query::Reader;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tower::ServiceExt;

use super::memory::resident_bytes;
use super::{Figure, median, millis, output, quantile};
use crate::live::LogTail;
use crate::server::{App, router};
use crate::tokens::NewToken;

const SESSIONS: u64 = 40;
const FOLLOWERS: u64 = 200;
const SEARCHERS: u64 = 200;
/// Each session gets so many events five times a second: 5,000 a second of all.
const BATCH: u64 = 25;
const BATCH_EVERY: Duration = Duration::from_millis(200);
/// A person looks at what was found before the next question.
const SEARCH_EVERY: Duration = Duration::from_secs(1);
const MARK_EVERY: Duration = Duration::from_millis(500);
const POLL_EVERY: Duration = Duration::from_millis(20);
const TIME_MIN: Duration = Duration::from_secs(20);
const GOAL: &str = "the goal";

pub(super) async fn run(time: Duration) -> anyhow::Result<Vec<Figure>> {
    let time = time.max(TIME_MIN);
    output::note(format!(
        "load: 5,000 events/s, {FOLLOWERS} followers, {SEARCHERS} searchers, for {time:?}"
    ));
    let dir = tempfile::tempdir()?;
    let site = Site::start(&DataDir::new(dir.path())).await?;
    let mut searchers = JoinSet::new();
    for number in 0..SEARCHERS {
        let site = site.clone();
        searchers.spawn(async move { site.search_again_and_again(number).await });
    }
    let mut followers = JoinSet::new();
    for number in 0..FOLLOWERS {
        let site = site.clone();
        followers.spawn(async move { site.follow(number).await });
    }
    let marking = tokio::spawn({
        let site = site.clone();
        async move { site.mark_again_and_again().await }
    });
    let memory = tokio::spawn({
        let site = site.clone();
        async move {
            tokio::time::sleep(time / 3).await;
            let early = resident_bytes(std::process::id())?;
            while !site.is_over() {
                tokio::time::sleep(BATCH_EVERY).await;
            }
            anyhow::Ok((early, resident_bytes(std::process::id())?))
        }
    });
    let late = site.write_for(time).await?;
    site.over.store(true, Ordering::Relaxed);
    let found_within = marking.await??;
    let mut searches = Vec::new();
    while let Some(took) = searchers.join_next().await {
        searches.extend(took??);
    }
    let written = site.written.load(Ordering::Relaxed);
    while let Some(seen) = followers.join_next().await {
        let seen = seen??;
        ensure!(seen == written / SESSIONS, "a follower saw {seen} events");
    }
    let (early, end) = memory.await??;
    output::note(format!(
        "load: {written} events, the last batch {:.0} ms late; {} searches, median {:.1} ms; {} marks, found within {:.0} ms \
         (median)",
        millis(late),
        searches.len(),
        median(&searches),
        found_within.len(),
        median(&found_within)
    ));
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let p99 = |values: &[f64]| quantile(values, 0.99);
    Ok(vec![
        Figure::new(
            "load_searchable_within_p99",
            "ms",
            p99(&found_within),
            GOAL,
            2_000.0,
        ),
        Figure::new("load_search_p99", "ms", p99(&searches), GOAL, 1_000.0),
        Figure::new(
            "load_memory",
            "MiB",
            mib(end),
            "after a third of the time",
            mib(early),
        ),
    ])
}

/// A server without sockets, with everything that reads and writes at once.
#[derive(Clone)]
struct Site {
    log: Arc<dyn EventLog>,
    tail: Arc<LogTail>,
    router: Router,
    token: Arc<str>,
    sessions: Arc<[SessionId]>,
    over: Arc<AtomicBool>,
    /// How many events of terminals were written.
    written: Arc<AtomicU64>,
}

impl Site {
    async fn start(data: &DataDir) -> anyhow::Result<Self> {
        let stored = data.open_or_create_log().await?;
        let log: Arc<dyn EventLog> = Arc::new(stored.clone());
        let models = data.read_models();
        let blobs = data.blobs_of(&stored);
        let projections = Projections::start(Arc::clone(&log), blobs, &models).await?;
        let reader = Reader::open(&models, Arc::clone(&log));
        let app = App::new(data, stored, reader, Arc::new(projections))?;
        let token = app.tokens.create(NewToken::admin("bench"), "bench").await?;
        let sessions: Vec<SessionId> = (0..SESSIONS).map(|_| SessionId::launched_now()).collect();
        for (number, session) in sessions.iter().enumerate() {
            let launched = SessionLaunched {
                user: Some(format!("user{}", number % 7)),
                ..SessionLaunched::default()
            };
            append(&*log, *session, "control", 0, vec![launched.into()]).await?;
        }
        Ok(Self {
            tail: Arc::new(LogTail::new(Arc::clone(&log))),
            log,
            router: router(app),
            token: token.into(),
            sessions: sessions.into(),
            over: Arc::default(),
            written: Arc::default(),
        })
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Answers how late the last batch was.
    async fn write_for(&self, time: Duration) -> anyhow::Result<Duration> {
        let start = Instant::now();
        let mut due = start;
        for round in 0.. {
            due = start + BATCH_EVERY * round;
            if due >= start + time {
                break;
            }
            tokio::time::sleep_until(due).await;
            let appends = self.sessions.iter().map(|session| {
                let line = |n: u64| {
                    let n = u64::from(round) * BATCH + n;
                    let text = format!(
                        "{n}: /srv/app{}/release.log has row {}\r\n",
                        n % 97,
                        n % 1_009
                    );
                    TerminalWritten {
                        continued: false,
                        text,
                    }
                    .into()
                };
                let events = (0..BATCH).map(line).collect();
                append(
                    &*self.log,
                    *session,
                    "recorder",
                    u64::from(round) * BATCH,
                    events,
                )
            });
            for append in futures_util::future::join_all(appends).await {
                append?;
            }
            self.written.fetch_add(BATCH * SESSIONS, Ordering::Relaxed);
        }
        Ok(due.elapsed())
    }

    async fn search(&self, text: &str) -> anyhow::Result<u64> {
        let query = "query($text: String!) { search(text: $text, orderBy: NEWEST, first: 20) {
            totalCount nodes { offsetMs session { id user } snippet { runs { text match } } } } }";
        let body = json!({"query": query, "variables": {"text": text}}).to_string();
        let request = Request::post("/graphql")
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json")
            .body(Body::from(body))?;
        let response = self.router.clone().oneshot(request).await?;
        let answer = to_bytes(response.into_body(), 64 << 20).await?;
        let answer: Value = serde_json::from_slice(&answer)?;
        let found = &answer["data"]["search"]["totalCount"];
        found
            .as_u64()
            .with_context(|| format!("the API answered {answer}"))
    }

    /// Answers how long each search took, in milliseconds.
    async fn search_again_and_again(&self, number: u64) -> anyhow::Result<Vec<f64>> {
        let mut took = Vec::new();
        tokio::time::sleep(Duration::from_millis(5 * number)).await;
        while !self.is_over() {
            let n = number + 31 * took.len() as u64;
            let text = match n % 3 {
                0 => format!("row {}", n % 1_009),
                1 => format!("\"/srv/app{}/release.log\"", n % 97),
                _ => format!("release.log user:user{}", n % 7),
            };
            let begun = Instant::now();
            self.search(&text).await?;
            took.push(millis(begun.elapsed()));
            tokio::time::sleep(SEARCH_EVERY).await;
        }
        Ok(took)
    }

    /// Answers how long after its acknowledgement each mark was found, in milliseconds.
    async fn mark_again_and_again(&self) -> anyhow::Result<Vec<f64>> {
        let mut found_within = Vec::new();
        while !self.is_over() {
            let number = found_within.len() as u64;
            let label = format!("needle{number}");
            let events = vec![EventBody::from(MarkerSet {
                label: label.clone(),
            })];
            append(&*self.log, self.sessions[0], "marks", number, events).await?;
            let acknowledged = Instant::now();
            while self.search(&label).await? == 0 {
                tokio::time::sleep(POLL_EVERY).await;
            }
            found_within.push(millis(acknowledged.elapsed()));
            tokio::time::sleep(MARK_EVERY).await;
        }
        Ok(found_within)
    }

    /// Answers how many events of a session's terminal were seen.
    async fn follow(&self, number: u64) -> anyhow::Result<u64> {
        let session = self.sessions[(number % SESSIONS) as usize];
        let of_terminal = |event: &retrace_core::event::Event| {
            event.session() == Some(session) && event.stream().as_str().ends_with("recorder")
        };
        let mut follower = self.tail.follow(Position(0));
        let mut seen = 0;
        while !(self.is_over() && seen >= self.written.load(Ordering::Relaxed) / SESSIONS) {
            let page = follower.page(Some(session), of_terminal);
            // At the end nothing more comes.
            if let Ok(page) = tokio::time::timeout(SEARCH_EVERY, page).await {
                seen += page?.events.len() as u64;
            }
        }
        Ok(seen)
    }
}

async fn append(
    log: &dyn EventLog,
    session: SessionId,
    source: &str,
    first_version: u64,
    bodies: Vec<EventBody>,
) -> anyhow::Result<()> {
    let mut events = EventBatch::new();
    for body in bodies {
        events.push(Timestamp::now(), body)?;
    }
    let append = Append {
        stream: StreamName::of_session(session, &SourceName::new(source)?),
        first_version: StreamVersion(first_version),
        events,
    };
    log.append(append).await?;
    Ok(())
}
