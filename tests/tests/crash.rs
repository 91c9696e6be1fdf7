//! Nothing that was acknowledged is lost, whatever crashes: `docs/reliability.md`.
//!
//! `RETRACE_CRASH_ROUNDS` says how many rounds for both stores together, and `RETRACE_CRASH_SEED`
//! from which seed on: round `n` has the seed plus `n`, so a round that failed is run again with its
//! own seed and one round.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use retrace_tests::crash::rounds::{COLUMNS, Fault, Ground, Store, Tally};

/// Each fault once with each store.
const SHORT: u64 = 10;

fn say(line: &str) {
    // Where to, if standard error is gone?
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable)
        .ok()
        .filter(|text| !text.is_empty())?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{variable}={text} is no number")))
}

/// Runs a store's rounds: those whose fault, of all faults with all stores in turn, is one of its own.
fn play(store: Store) {
    let combinations: Vec<(Store, Fault)> = [Store::Sqlite, Store::Postgres]
        .into_iter()
        .flat_map(|store| store.faults().iter().map(move |fault| (store, *fault)))
        .collect();
    let rounds = number("RETRACE_CRASH_ROUNDS").unwrap_or(SHORT);
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let seed = number("RETRACE_CRASH_SEED").unwrap_or_else(|| now.map_or(0, |now| now.as_secs()));
    let mine = (seed..seed + rounds).filter_map(|seed| {
        let (of, fault) = combinations[(seed % combinations.len() as u64) as usize];
        (of == store).then_some((fault, seed))
    });

    let mut ground = None;
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for (fault, seed) in mine {
        let ground = ground.get_or_insert_with(|| Ground::new(store));
        match ground.round(fault, seed) {
            Ok(tally) => {
                say(&format!("{store:<10} {fault:<24} seed {seed:<12} {tally}"));
                for name in [fault.to_string(), "together".to_owned()] {
                    tallies.entry(name).or_default().add(&tally);
                }
            }
            Err(broken) => panic!(
                "{store}, {fault}: {broken}\n\
                 Again: make crash ROUNDS=1 SEED={seed}"
            ),
        }
        if ground.no_disk && fault == Fault::Disk {
            say("skipped: a tmpfs cannot be mounted here, so no disk was full");
        }
    }
    let mut table = format!("\n{:<35} {COLUMNS}\n", store.to_string());
    let faults = store.faults().iter().map(ToString::to_string);
    for fault in faults.chain(["together".to_owned()]) {
        if let Some(tally) = tallies.get(&fault) {
            table.push_str(&format!("{fault:<35} {tally}\n"));
        }
    }
    // At once: the rounds of the other store go on.
    say(&table);
}

#[test]
fn what_was_acknowledged_survives_whatever_fails_over_sqlite() {
    play(Store::Sqlite);
}

#[test]
fn what_was_acknowledged_survives_whatever_fails_over_postgresql() {
    play(Store::Postgres);
}
