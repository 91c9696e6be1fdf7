//! Whole conversations, and such as break off anywhere and go on.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::Index;
use retrace_core::event::{EventBody, EventType, UploadCommitted};
use retrace_core::{SessionId, Timestamp};

use super::elapsed::Elapsed;
use super::messages::*;
use super::opening::{Accepted, Opening};
use super::recorder::{Recorder, RecorderError};
use super::resume::{CommitPoint, LogId, ResumeKey, Stored};
use super::{ProtocolError, lost};

const START_S: i64 = 1_795_214_328;

fn time(tv_sec: i64, tv_nsec: i32) -> Option<TimeSpec> {
    Some(TimeSpec { tv_sec, tv_nsec })
}

fn text(key: &str, text: &str) -> InfoMessage {
    InfoMessage {
        key: key.as_bytes().to_vec(),
        value: Some(InfoValue::Text(text.as_bytes().to_vec())),
    }
}

fn arguments(words: &[&str]) -> InfoMessage {
    let strings = words.iter().map(|word| word.as_bytes().to_vec()).collect();
    InfoMessage {
        key: b"runargv".to_vec(),
        value: Some(InfoValue::Texts(StringList { strings })),
    }
}

fn pairs() -> Vec<InfoMessage> {
    vec![
        text("command", "/usr/bin/wc"),
        arguments(&["wc", "-l", "/etc/passwd"]),
        text("runuser", "root"),
        text("submituser", "ops"),
        text("submithost", "bastion-1"),
        text("ttyname", "/dev/pts/2"),
    ]
}

fn accept() -> ClientEvent {
    ClientEvent::Accept(AcceptMessage {
        submit_time: time(START_S, 463_220_083),
        info_msgs: pairs(),
        expect_iobufs: true,
    })
}

fn accepted() -> Accepted {
    match Opening::of(accept()) {
        Ok(Some(Opening::Accepted(accepted))) => accepted,
        other => panic!("{other:?}"),
    }
}

fn buffer(nanos: i32, data: &[u8]) -> IoBuffer {
    IoBuffer {
        delay: time(0, nanos),
        data: data.to_vec(),
    }
}

fn exit(status: i32) -> ClientEvent {
    ClientEvent::Exit(ExitMessage {
        run_time: time(3, 0),
        exit_value: status,
        ..ExitMessage::default()
    })
}

/// What stands in a log: one stream of events.
#[derive(Debug, Clone, Default)]
struct Log(Vec<(Timestamp, EventBody)>);

impl Log {
    fn append(&mut self, events: &retrace_core::event::EventBatch) {
        for (at, kind, data) in events.iter_from(0) {
            self.0.push((at, EventBody::from_data(kind, data).unwrap()));
        }
        assert!(self.0.is_sorted_by_key(|(at, _)| *at));
    }

    fn commits(&self) -> impl DoubleEndedIterator<Item = &UploadCommitted> {
        self.0.iter().filter_map(|(_, body)| match body {
            EventBody::UploadCommitted(commit) => Some(commit),
            _ => None,
        })
    }

    fn stored(&self, from: Elapsed) -> Stored {
        let is_from = |point: &CommitPoint| point.elapsed == from;
        let last = self.commits().next_back().unwrap();
        Stored {
            started: self.0[0].0,
            last_at: self.0.last().unwrap().0,
            from: self
                .commits()
                .filter_map(CommitPoint::of)
                .find(is_from)
                .unwrap(),
            last: CommitPoint::of(last).unwrap(),
            held: last.held.clone(),
            is_complete: matches!(self.0.last(), Some((_, EventBody::SessionEnded(_)))),
        }
    }

    /// The texts of a type, joined; and everything else but commits, one after the other.
    fn content(&self) -> (String, String, Vec<String>) {
        let (mut output, mut keys, mut others) = (String::new(), String::new(), Vec::new());
        for (_, body) in &self.0 {
            match body {
                EventBody::TerminalWritten(written) => output.push_str(&written.text),
                EventBody::KeysTyped(typed) => keys.push_str(&typed.text),
                EventBody::UploadCommitted(_) => {}
                other => others.push(format!("{other:?}")),
            }
        }
        (output, keys, others)
    }

    fn kinds(&self) -> Vec<EventType> {
        self.0.iter().map(|(_, body)| body.kind()).collect()
    }
}

fn begin() -> Recorder {
    let key = ResumeKey::random().unwrap();
    Recorder::begin(&accepted(), Some(&key), true, "node").unwrap()
}

#[test]
fn a_command_in_a_terminal_becomes_a_session() {
    let mut recorder = begin();
    let messages = [
        ClientEvent::TtyOut(buffer(1_000_000, b"# ")),
        ClientEvent::TtyIn(buffer(500_000_000, b"l\xc5")),
        ClientEvent::TtyIn(buffer(10_000, b"\xbcs\r")),
        ClientEvent::TtyOut(buffer(1_000_000, b"file\r\n\xe2\x82")),
        ClientEvent::TtyOut(buffer(1_000_000, b"\xac \xff")),
        ClientEvent::WindowSize(ChangeWindowSize {
            delay: time(1, 0),
            rows: 20,
            cols: 90,
        }),
        ClientEvent::WindowSize(ChangeWindowSize {
            delay: time(0, 0),
            rows: 0,
            cols: -1,
        }),
        ClientEvent::Suspend(CommandSuspend {
            delay: time(0, 7),
            signal: b"TSTP".to_vec(),
        }),
        ClientEvent::Accept(AcceptMessage {
            submit_time: time(START_S + 2, 0),
            info_msgs: vec![text("command", "/bin/ls"), arguments(&["ls", "-l"])],
            expect_iobufs: true,
        }),
        ClientEvent::Reject(RejectMessage {
            submit_time: time(START_S + 2, 5_000),
            reason: b"command not allowed".to_vec(),
            info_msgs: vec![text("command", "/bin/su"), text("submituser", "ops")],
        }),
        ClientEvent::Exit(ExitMessage {
            run_time: time(3, 0),
            exit_value: 137,
            dumped_core: true,
            signal: b"KILL".to_vec(),
            error: Vec::new(),
        }),
    ];
    for message in messages {
        recorder.take(message).unwrap();
    }
    assert!(recorder.has_ended());
    let piece = recorder.cut().unwrap();
    let mut log = Log::default();
    log.append(&piece.events);
    let kinds: Vec<String> = log.kinds().iter().map(ToString::to_string).collect();
    assert_eq!(
        kinds,
        [
            "session.source_attached",
            "recording.commented",
            "process.started",
            "terminal.written",
            "keys.typed",
            "keys.typed",
            "terminal.written",
            "terminal.resized",
            "marker.set",
            "process.started",
            "auth.denied",
            "marker.set",
            "upload.committed",
            "session.ended",
        ]
    );
    let (output, keys, others) = log.content();
    assert_eq!(
        (output.as_str(), keys.as_str()),
        ("# file\r\n€ \u{fffd}", "lżs\r")
    );
    let all = others.join("\n");
    for part in [
        "ttyname: /dev/pts/2",
        "suspended (SIGTSTP)",
        "command not allowed: /bin/su",
        "killed by SIGKILL, core dumped",
        "exit_status: Some(137)",
    ] {
        assert!(all.contains(part), "{part}: {all}");
    }
    assert_eq!(piece.commit.unwrap().parts(), (1, 503_010_007));
    // The first event of output, at its own time after the start.
    assert_eq!(log.0[3].0.micros(), START_S * 1_000_000 + 463_220 + 1_000);
    assert_eq!(recorder.cut().unwrap().events.len(), 0);
}

#[test]
fn output_to_no_terminal_is_shown_as_a_terminal_would_and_keys_only_if_they_may_be() {
    let mut recorder = begin();
    recorder.set_record_keys(false);
    let messages = [
        ClientEvent::StdIn(buffer(1, b"secret")),
        ClientEvent::StdOut(buffer(1, b"a\nb\n")),
        ClientEvent::StdErr(buffer(1, b"c\n")),
        exit(0),
    ];
    for message in messages {
        recorder.take(message).unwrap();
    }
    let mut log = Log::default();
    log.append(&recorder.cut().unwrap().events);
    let (output, keys, _) = log.content();
    assert_eq!((output.as_str(), keys.as_str()), ("a\r\nb\r\nc\r\n", ""));
    // What was not recorded counts all the same.
    assert_eq!(log.commits().next_back().unwrap().entries, 3);
}

#[test]
fn a_command_that_was_refused_is_a_session_that_is_over() {
    let reject = ClientEvent::Reject(RejectMessage {
        submit_time: time(START_S, 0),
        reason: b"user NOT in sudoers".to_vec(),
        info_msgs: pairs(),
    });
    let Ok(Some(Opening::Told(told))) = Opening::of(reject) else {
        panic!("no session");
    };
    let mut log = Log::default();
    log.append(&told.events().unwrap());
    let (_, _, others) = log.content();
    assert!(
        others[1].contains("user NOT in sudoers: /usr/bin/wc -l /etc/passwd"),
        "{others:?}"
    );
    assert!(others[2].contains("Refused"), "{others:?}");
}

#[test]
fn what_has_no_place_is_refused() {
    let unexpected = |message| Opening::of(message).unwrap_err().to_string();
    let message = unexpected(exit(0));
    assert!(message.starts_with("unexpected ExitMessage"), "{message}");
    let nobody = ClientEvent::Accept(AcceptMessage {
        submit_time: time(START_S, 0),
        info_msgs: vec![text("command", "/bin/ls")],
        expect_iobufs: false,
    });
    assert!(unexpected(nobody).contains("no submituser"));
    let restart = ClientEvent::Restart(RestartMessage {
        log_id: b"../../etc/passwd".to_vec(),
        resume_point: time(1, 0),
    });
    assert!(unexpected(restart).contains("never gave"));

    let refused = |message| match begin().take(message) {
        Err(RecorderError::Protocol(error)) => error,
        other => panic!("{other:?}"),
    };
    let backwards = ClientEvent::TtyOut(IoBuffer {
        delay: time(-1, 0),
        data: b"x".to_vec(),
    });
    assert!(matches!(
        refused(backwards),
        ProtocolError::BadMember { .. }
    ));
    let timeless = ClientEvent::TtyOut(IoBuffer::default());
    assert!(matches!(refused(timeless), ProtocolError::BadMember { .. }));
    let hello = ClientEvent::Hello(ClientHello::default());
    assert!(matches!(refused(hello), ProtocolError::Unexpected { .. }));
    let mut recorder = begin();
    recorder.take(exit(0)).unwrap();
    assert!(recorder.take(exit(0)).is_err());
}

#[test]
fn the_end_of_a_recording_that_nobody_goes_on_with_says_what_is_missing() {
    let held = BTreeMap::from([("ttyout".to_owned(), "e282".to_owned())]);
    let last_at = Timestamp::from_micros(START_S * 1_000_000).unwrap();
    let quiet = std::time::Duration::from_secs(5);
    let mut log = Log::default();
    log.append(&lost::lost(last_at, quiet, &held).unwrap());
    let (output, _, others) = log.content();
    assert_eq!(output, "\u{fffd}");
    assert!(others[0].contains("before it said how the command ended"));
    assert!(others[1].contains("ConnectionLost"));
    assert_eq!(
        log.0.last().unwrap().0,
        last_at.saturating_add_micros(5_000_000)
    );
}

/// What a client has, and sends from wherever it is told to.
#[derive(Debug, Clone)]
enum Kept {
    Entry(u8, i32, Vec<u8>),
    Note(u8),
}

impl Kept {
    fn message(&self) -> ClientEvent {
        match self {
            Self::Entry(channel, nanos, data) => {
                let buffer = buffer(*nanos, data);
                match channel % 6 {
                    0 => ClientEvent::TtyIn(buffer),
                    1 => ClientEvent::StdOut(buffer),
                    2 => ClientEvent::Suspend(CommandSuspend {
                        delay: buffer.delay,
                        signal: b"CONT".to_vec(),
                    }),
                    _ => ClientEvent::TtyOut(buffer),
                }
            }
            Self::Note(number) => ClientEvent::Accept(AcceptMessage {
                submit_time: time(START_S, 0),
                info_msgs: vec![text("command", &format!("/bin/{number}"))],
                expect_iobufs: true,
            }),
        }
    }
}

/// Where a client goes on that looks a commit point up by its time, as `iolog_seekto` of sudo does:
/// behind the first entry that reaches it.
fn sought(messages: &[Kept], point: Elapsed) -> usize {
    let mut elapsed = Elapsed::default();
    if point == elapsed {
        return 0;
    }
    for (index, message) in messages.iter().enumerate() {
        if let Kept::Entry(_, nanos, _) = message {
            let delay = Elapsed::of_parts(0, *nanos as u32).unwrap();
            elapsed = elapsed.later(delay, "IoBuffer").unwrap();
            if elapsed == point {
                return index + 1;
            }
        }
    }
    panic!("{point:?} is no entry");
}

fn kept() -> impl Strategy<Value = Kept> {
    let byte = prop_oneof![any::<u8>(), 0x80..0xc0_u8, Just(0xe2)];
    let data = proptest::collection::vec(byte, 0..12);
    let nanos = prop_oneof![Just(0), 1..3_i32, 0..40_000_000_i32];
    prop_oneof![
        8 => (any::<u8>(), nanos, data).prop_map(|(channel, nanos, data)| Kept::Entry(channel, nanos, data)),
        1 => any::<u8>().prop_map(Kept::Note),
    ]
}

/// What happens to a connection: so many messages come, then it is cut, and what was cut is appended
/// or not, and the client is told or not; then it breaks or not.
#[derive(Debug, Clone)]
struct Step {
    messages: usize,
    is_appended: bool,
    is_told: bool,
    breaks: bool,
    goes_on_from: Index,
}

fn step() -> impl Strategy<Value = Step> {
    (
        1..6_usize,
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<Index>(),
    )
        .prop_map(
            |(messages, is_appended, is_told, breaks, goes_on_from)| Step {
                messages,
                is_appended,
                is_told,
                breaks,
                goes_on_from,
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// However often a connection breaks, whatever had been appended and told by then: what stands in
    /// the log is what a client that was never interrupted would have recorded.
    #[test]
    fn a_recording_that_breaks_off_and_goes_on_is_the_one_that_did_not(
        messages in proptest::collection::vec(kept(), 0..40),
        steps in proptest::collection::vec(step(), 0..20),
    ) {
        let mut whole = begin();
        for message in &messages {
            whole.take(message.message()).unwrap();
        }
        whole.take(exit(0)).unwrap();
        let mut want = Log::default();
        let last = whole.cut().unwrap();
        want.append(&last.events);

        let (mut log, mut recorder, mut next) = (Log::default(), begin(), 0);
        let mut told = vec![Elapsed::default()];
        log.append(&recorder.cut().unwrap().events);
        for step in steps {
            let end = (next + step.messages).min(messages.len());
            for message in &messages[next..end] {
                recorder.take(message.message()).unwrap();
            }
            next = end;
            if step.is_appended || !step.breaks {
                let piece = recorder.cut().unwrap();
                log.append(&piece.events);
                if step.is_told {
                    told.extend(piece.commit);
                }
            }
            if step.breaks {
                // From any point that it was ever told, not only the last.
                let point = *step.goes_on_from.get(&told);
                recorder = Recorder::resume(&log.stored(point), true, "other node");
                next = sought(&messages, point);
            }
        }
        for message in &messages[next..] {
            recorder.take(message.message()).unwrap();
        }
        recorder.take(exit(0)).unwrap();
        let piece = recorder.cut().unwrap();
        log.append(&piece.events);
        prop_assert_eq!(piece.commit, last.commit);
        prop_assert_eq!(log.content(), want.content());

        // The last answer was lost: all of it comes again, and nothing is added.
        let mut again = Recorder::resume(&log.stored(told[told.len() - 1]), true, "node");
        prop_assert!(!again.is_waiting());
        for message in &messages[sought(&messages, told[told.len() - 1])..] {
            again.take(message.message()).unwrap();
        }
        let more = ClientEvent::TtyOut(buffer(5, b"more"));
        again.take(exit(0)).unwrap();
        let piece = again.cut().unwrap();
        prop_assert_eq!((piece.events.len(), piece.commit), (0, last.commit));
        let mut again = Recorder::resume(&log.stored(told[0]), true, "node");
        for message in &messages {
            again.take(message.message()).unwrap();
        }
        prop_assert!(again.take(more).is_err());
    }

    #[test]
    fn a_client_that_goes_on_with_another_log_is_found_out(nanos in 1..1_000_i32) {
        let mut recorder = begin();
        let mut log = Log::default();
        recorder.take(ClientEvent::TtyOut(buffer(1_000, b"x"))).unwrap();
        log.append(&recorder.cut().unwrap().events);
        recorder.take(ClientEvent::TtyOut(buffer(1_000, b"y"))).unwrap();
        log.append(&recorder.cut().unwrap().events);
        let point = Elapsed::of_parts(0, 1_000).unwrap();
        let mut again = Recorder::resume(&log.stored(point), true, "node");
        let other = ClientEvent::TtyOut(buffer(1_000 + nanos, b"y"));
        prop_assert!(matches!(
            again.take(other),
            Err(RecorderError::Protocol(ProtocolError::OtherLog))
        ));
        let mut again = Recorder::resume(&log.stored(point), true, "node");
        prop_assert!(again.take(exit(0)).is_err());
    }
}

#[test]
fn a_restart_names_the_session_and_the_key() {
    let id = LogId {
        session: SessionId::launched_now(),
        key: ResumeKey::random().unwrap(),
    };
    let restart = ClientEvent::Restart(RestartMessage {
        log_id: id.to_string().into_bytes(),
        resume_point: time(12, 345),
    });
    let Ok(Some(Opening::Restarted(restarted))) = Opening::of(restart) else {
        panic!("no restart");
    };
    assert_eq!((restarted.session, restarted.key), (id.session, id.key));
    assert_eq!(restarted.point.parts(), (12, 345));
}
