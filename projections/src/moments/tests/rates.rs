//! How fast it is. Prints; asserts nothing, for the machine is shared.

use std::time::Instant;

use super::super::MomentsProjection;
use super::*;
use crate::runner::Surroundings;
use crate::testing::{TestLog, session, written};

#[test]
#[ignore = "measures"]
fn rates() {
    let line = |n: usize| {
        format!(
            "2026-11-20T06:{:02}:{:02}Z INFO  app[{n}] request {n} served in {} ms by worker {}\r\n",
            n / 60 % 60,
            n % 60,
            n * 7 % 991,
            n % 13
        )
    };
    let text: String = (0..300_000).map(line).collect();
    let pieces: Vec<&[u8]> = text.as_bytes().chunks(4096).collect();
    let begun = Instant::now();
    let (mut stream, mut out) = (StreamMoments::new(), Vec::new());
    let mut count = 0;
    for (n, piece) in pieces.iter().enumerate() {
        stream.apply(
            &written(std::str::from_utf8(piece).unwrap()),
            n as i64 * 20_000,
            &mut out,
        );
        count += out.len();
        out.clear();
    }
    let s = begun.elapsed().as_secs_f64();
    println!(
        "bulk: {:.1} MB/s, {:.0} moments/s",
        text.len() as f64 / s / 1e6,
        count as f64 / s
    );
    let begun = Instant::now();
    let mut terminal = avt::Terminal::new(80, 24).unwrap();
    for piece in &pieces {
        terminal.feed(std::str::from_utf8(piece).unwrap());
    }
    println!(
        "emulator alone: {:.1} MB/s",
        text.len() as f64 / begun.elapsed().as_secs_f64() / 1e6
    );
    for name in ["zellij-leap-demo.cast", "deploy-v3.cast"] {
        let Some(cast) = Cast::sample(name) else {
            continue;
        };
        let bytes: usize = cast
            .events()
            .iter()
            .map(|(_, b)| {
                if let retrace_core::event::EventBody::TerminalWritten(w) = b {
                    w.text.len()
                } else {
                    0
                }
            })
            .sum();
        let begun = Instant::now();
        for _ in 0..10 {
            drafts(&cast);
        }
        let s = begun.elapsed().as_secs_f64() / 10.0;
        println!(
            "{name}: {:.1} MB/s, {:.0} events/s",
            bytes as f64 / s / 1e6,
            cast.events().len() as f64 / s
        );
    }
    let test = TestLog::new();
    for (n, pieces) in pieces.chunks(512).enumerate() {
        test.append(
            session((n % 4) as u8),
            "agent",
            pieces.iter().enumerate().map(|(i, piece)| {
                (
                    (n * 512 + i) as i64 * 20_000,
                    written(std::str::from_utf8(piece).unwrap()),
                )
            }),
        );
    }
    let at = Surroundings {
        dir: test.models("models"),
        log: test.log.clone(),
        runtime: test.runtime.handle().clone(),
    };
    let mut projection = MomentsProjection::open(&at).unwrap();
    let begun = Instant::now();
    test.feed(&mut projection, &[8_192]);
    let s = begun.elapsed().as_secs_f64();
    println!(
        "projection: {:.1} MB/s, {:.0} moments/s",
        text.len() as f64 / s / 1e6,
        count as f64 / s
    );
}
