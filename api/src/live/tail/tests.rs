use proptest::prelude::*;
use retrace_core::StreamName;
use retrace_core::data_dir::DataDir;
use retrace_core::event::{EventBatch, KeysTyped};
use retrace_core::log::Append;
use retrace_core::{SourceName, StreamVersion, Timestamp};
use uuid::Uuid;

use super::*;

struct Fixture {
    tail: Arc<LogTail>,
    log: Arc<dyn EventLog>,
    _dir: tempfile::TempDir,
}

impl Fixture {
    async fn new(limits: TailLimits) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = DataDir::new(dir.path()).open_or_create_log().await.unwrap();
        let log: Arc<dyn EventLog> = Arc::new(log);
        let tail = Arc::new(LogTail::with_limits(Arc::clone(&log), limits));
        Self {
            tail,
            log,
            _dir: dir,
        }
    }

    /// Appends events to the stream of a session.
    async fn append(&self, session: u8, count: usize) {
        append(&*self.log, session, count).await;
    }
}

async fn append(log: &dyn EventLog, number: u8, count: usize) {
    let source = SourceName::new("recorder").unwrap();
    let stream = StreamName::of_session(session(number), &source);
    let first_version: StreamVersion = log.next_version(&stream).await.unwrap();
    let mut events = EventBatch::new();
    for n in 0..count {
        let text = format!("{number}/{}", first_version.0 + n as u64);
        events
            .push(Timestamp::now(), KeysTyped::typed(text))
            .unwrap();
    }
    let append = Append {
        stream,
        first_version,
        events,
    };
    log.append(append).await.unwrap();
}

fn session(number: u8) -> SessionId {
    SessionId::from(Uuid::from_bytes([number; 16]))
}

const SMALL: TailLimits = TailLimits {
    kept_bytes: 4_000,
    read_bytes: 1_000,
    catching_up: 2,
    progress_every: Duration::from_millis(50),
};

async fn read_to(follower: &mut Follower, end: u64) -> Vec<u64> {
    let mut seen = Vec::new();
    while follower.position() < Position(end) {
        let page = follower.page(None, |_| true).await.unwrap();
        assert_eq!(page.next, follower.position());
        seen.extend(page.events.iter().map(|event| event.position().0));
    }
    seen
}

#[tokio::test]
async fn a_slow_follower_holds_up_nobody_and_misses_nothing() {
    let test = Fixture::new(SMALL).await;
    let mut slow = test.tail.follow(Position(0));
    let mut quick = test.tail.follow(Position(0));
    for round in 1..=20 {
        test.append(1, 50).await;
        let seen = read_to(&mut quick, round * 50).await;
        assert_eq!(seen.len(), 50);
    }
    let kept = {
        let kept = test.tail.kept();
        (kept.bytes, kept.stretches.front().unwrap().first)
    };
    assert!(kept.0 <= SMALL.kept_bytes, "{kept:?}");
    assert!(kept.1 > Position(0), "the slow one is behind what is kept");
    let seen = read_to(&mut slow, 1_000).await;
    assert_eq!(seen, (0..1_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_follower_goes_on_where_another_has_stopped() {
    let test = Fixture::new(SMALL).await;
    test.append(1, 300).await;
    let mut first = test.tail.follow(Position(0));
    let page = first.page(None, |_| true).await.unwrap();
    assert_eq!((page.events.len(), page.is_at_end), (PAGE_EVENTS, false));
    let mut second = test.tail.follow(page.next);
    let page = second.page(None, |_| true).await.unwrap();
    assert_eq!(page.events[0].position(), Position(PAGE_EVENTS as u64));
    assert_eq!((page.events.len(), page.is_at_end), (100, true));
}

#[tokio::test]
async fn a_page_that_was_not_waited_for_loses_nothing() {
    let test = Fixture::new(SMALL).await;
    test.append(1, 10).await;
    let mut follower = test.tail.follow(Position(10));
    let waited = follower.page(None, |_| true);
    let waited = tokio::time::timeout(Duration::from_millis(20), waited).await;
    assert!(waited.is_err(), "there is nothing yet");
    test.append(2, 1).await;
    let page = follower.page(None, |_| true).await.unwrap();
    assert_eq!(page.events[0].position(), Position(10));
}

#[tokio::test]
async fn only_what_is_wanted_is_given_and_the_rest_counts_as_looked_at() {
    let test = Fixture::new(SMALL).await;
    for _ in 0..10 {
        test.append(1, 20).await;
        test.append(2, 3).await;
    }
    let mut follower = test.tail.follow(Position(0));
    let wanted = Some(session(2));
    let of_it = |event: &Event| event.session() == wanted;
    let page = follower.page(wanted, of_it).await.unwrap();
    assert_eq!((page.events.len(), page.next), (30, Position(230)));
    for (number, from, expected) in [(2, 0, true), (3, 220, false), (2, 227, true)] {
        let may = test
            .tail
            .may_concern(session(number), Position(from), Position(230));
        // What is not kept any more may concern anybody.
        let expected = expected || matches!(test.tail.kept().find(Position(from)), Found::Earlier);
        assert_eq!(may.await.unwrap(), expected, "{number} from {from}");
    }
}

#[tokio::test]
async fn who_finds_nothing_is_told_how_far_it_was_looked() {
    let test = Fixture::new(SMALL).await;
    let mut follower = test.tail.follow(Position(0));
    test.append(1, 30).await;
    let page = follower.page(Some(session(2)), |_| true).await.unwrap();
    assert_eq!((page.events.len(), page.next), (0, Position(30)));
}

#[derive(Debug, Clone)]
enum Step {
    /// Somebody appends to a session.
    Append { session: u8, count: usize },
    /// A follower takes what is there, page by page.
    Read { follower: usize, pages: usize },
    /// A follower goes away, and comes back where it was.
    Resume { follower: usize },
    /// Somebody new follows from the end.
    Join,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0u8..4, 1usize..80).prop_map(|(session, count)| Step::Append { session, count }),
        4 => (any::<usize>(), 1usize..6).prop_map(|(follower, pages)| Step::Read { follower, pages }),
        1 => any::<usize>().prop_map(|follower| Step::Resume { follower }),
        1 => Just(Step::Join),
    ];
    prop::collection::vec(step, 1..40)
}

/// A follower, what it wants, where it began, and what it has seen.
struct Watched {
    follower: Follower,
    session: Option<SessionId>,
    began: Position,
    seen: Vec<Position>,
}

impl Watched {
    fn new(tail: &Arc<LogTail>, began: Position, number: usize) -> Self {
        Self {
            follower: tail.follow(began),
            session: (number % 2 == 1).then(|| session((number % 4) as u8)),
            began,
            seen: Vec::new(),
        }
    }

    async fn read(&mut self) {
        let wanted = self.session;
        let of_it = |event: &Event| wanted.is_none() || event.session() == wanted;
        let page = self.follower.page(wanted, of_it);
        // What is not there yet is not waited for.
        if let Ok(page) = tokio::time::timeout(Duration::from_millis(1), page).await {
            let page = page.unwrap();
            self.seen.extend(page.events.iter().map(Event::position));
        }
    }
}

async fn check(steps: Vec<Step>) {
    let test = Fixture::new(SMALL).await;
    let mut watched = vec![Watched::new(&test.tail, Position(0), 0)];
    for step in steps {
        let count = watched.len();
        match step {
            Step::Append { session, count } => test.append(session, count).await,
            Step::Read { follower, pages } => {
                for _ in 0..pages {
                    watched[follower % count].read().await;
                }
            }
            Step::Resume { follower } => {
                let one = &mut watched[follower % count];
                one.follower = test.tail.follow(one.follower.position());
            }
            Step::Join => {
                let end = test.log.head().await.unwrap().size;
                watched.push(Watched::new(&test.tail, end, count));
            }
        }
        assert!(test.tail.kept().bytes <= SMALL.kept_bytes + 16 * 200);
    }
    let end = test.log.head().await.unwrap().size;
    let all = test.log.read(Position(0), usize::MAX >> 1).await.unwrap();
    for one in &mut watched {
        one.follower.rests_until = None;
        while one.follower.position() < end {
            let before = one.follower.position();
            one.follower.rests_until = None;
            let wanted = one.session;
            let of_it = |event: &Event| wanted.is_none() || event.session() == wanted;
            let page = one.follower.page(wanted, of_it);
            match tokio::time::timeout(Duration::from_millis(200), page).await {
                Ok(page) => one
                    .seen
                    .extend(page.unwrap().events.iter().map(Event::position)),
                // Nothing more is wanted up to the end.
                Err(_) => break,
            }
            assert!(one.follower.position() > before);
        }
        let expected: Vec<Position> = all
            .iter()
            .filter(|event| event.position() >= one.began)
            .filter(|event| one.session.is_none() || event.session() == one.session)
            .map(Event::position)
            .collect();
        assert_eq!(one.seen, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// However appends, readings, goings and comings mix: nothing is left out, nothing comes twice.
    #[test]
    fn each_follower_sees_each_wanted_event_once_and_in_order(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(check(steps));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_followers_at_once_all_see_everything_while_it_comes_in() {
    let test = Fixture::new(TailLimits::default()).await;
    let followers = (0..100).map(|_| {
        let mut follower = test.tail.follow(Position(0));
        tokio::spawn(async move { read_to(&mut follower, 4_000).await })
    });
    let followers: Vec<_> = followers.collect();
    for number in 0..40 {
        test.append(number % 4, 100).await;
    }
    for follower in followers {
        assert_eq!(follower.await.unwrap(), (0..4_000).collect::<Vec<_>>());
    }
}
