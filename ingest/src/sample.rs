//! Recordings made up from a seed: as long as a test or a benchmark wants them, and always the
//! same for the same seed.
//!
//! They look like a person at a shell: prompts, commands typed key by key with their echo, output
//! in colour, a progress bar, wide characters, a resize and a marker now and then. No name, host or
//! password in them belongs to anybody.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::time::Duration;

use serde_json::json;

use crate::asciicast::Version;

/// What the person at the shell mostly does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workload {
    /// Runs commands that write much: about 1 KB an entry.
    Output,
    /// Types: nearly each entry is one key or its echo.
    Keystrokes,
}

/// How long a recording is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// At least so many bytes, and at most one command more.
    Bytes(u64),
    /// So long from the start to the last entry.
    Lasting(Duration),
}

/// A recording to be made up, asciicast version 2 or 3.
///
/// ```
/// use retrace_ingest::asciicast::Version;
/// use retrace_ingest::sample::{Length, SyntheticCast, Workload};
///
/// let cast = SyntheticCast {
///     seed: 7,
///     version: Version::V2,
///     workload: Workload::Output,
///     length: Length::Bytes(100_000),
/// };
/// let mut file = Vec::new();
/// cast.write_to(&mut file)?;
/// assert!(file.starts_with(br#"{"version":2,"#) && file.len() >= 100_000);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntheticCast {
    /// What all chance in it comes from.
    pub seed: u64,
    /// Version 3, or anything else for version 2.
    pub version: Version,
    /// What happens in it.
    pub workload: Workload,
    /// How long it is.
    pub length: Length,
}

impl SyntheticCast {
    /// Writes the recording.
    ///
    /// # Errors
    /// When `out` does not take it.
    pub fn write_to(&self, out: &mut impl Write) -> io::Result<u64> {
        io::copy(&mut self.reader(), out)
    }

    /// The recording as a file that is made up while it is read.
    pub fn reader(&self) -> SyntheticReader {
        let mut reader = SyntheticReader {
            length: self.length,
            workload: self.workload,
            v3: self.version == Version::V3,
            chance: Chance(self.seed),
            ready: VecDeque::new(),
            bytes: 0,
            now_us: 0,
            written_us: 0,
            ended: false,
        };
        let header = if reader.v3 {
            json!({"term": {"cols": 120, "rows": 36, "type": "xterm-256color"},
                "timestamp": 1_795_214_559, "env": {"SHELL": "/bin/bash"}})
        } else {
            json!({"width": 120, "height": 36, "timestamp": 1_795_214_559,
                "env": {"SHELL": "/bin/bash", "TERM": "xterm-256color"}})
        };
        let version = if reader.v3 { 3 } else { 2 };
        let fields = header.to_string();
        reader.line(&format!("{{\"version\":{version},{}\n", &fields[1..]));
        reader
    }
}

/// A made-up recording on its way out. See [`SyntheticCast::reader`].
#[derive(Debug)]
pub struct SyntheticReader {
    length: Length,
    workload: Workload,
    v3: bool,
    chance: Chance,
    /// Made up and not read yet.
    ready: VecDeque<u8>,
    /// Made up in all.
    bytes: u64,
    now_us: u64,
    written_us: u64,
    ended: bool,
}

impl Read for SyntheticReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.ready.len() < buffer.len() && !self.ended {
            self.command();
            self.end_if_long_enough();
        }
        self.ready.read(buffer)
    }
}

const COMMANDS: [&str; 10] = [
    "ls -l --color /var/log/shop",
    "tail -n 40 app.log",
    "grep -c 'timed out' access.log",
    "systemctl status shop-api --no-pager",
    "make -j4 release",
    "kubectl get pods -n shop -o wide",
    "git log --oneline --graph",
    "awk '{s+=$NF} END {print s}' access.log",
    "echo '部署 完了 🚀 café'",
    "ps -eo pid,stat,etime,args",
];

const WORDS: [&str; 24] = [
    "shop-api",
    "quota",
    "drained",
    "\u{1b}[1;31mERROR\u{1b}[0m",
    "pool",
    "10.0.0.12",
    "timeout",
    "checkout",
    "\u{1b}[32mok\u{1b}[0m",
    "retry",
    "worker",
    "GET",
    "/v1/cart",
    "200",
    "504",
    "connection",
    "released",
    "\u{1b}[01;34mrelease\u{1b}[0m",
    "4096",
    "żółw",
    "█████",
    "state",
    "\t",
    "2026-11-20T21:22:39Z",
];

impl SyntheticReader {
    /// A command from its prompt to the end of what it writes.
    fn command(&mut self) {
        self.entry(
            "o",
            "\u{1b}[?2004h\u{1b}[01;32mops@bastion-1\u{1b}[00m:\u{1b}[01;34m~\u{1b}[00m$ ",
        );
        self.now_us += self.chance.between(300_000, 4_000_000);
        match self.chance.between(0, 60) {
            0 => self.entry("r", "120x36"),
            1 => self.entry("r", "100x30"),
            2 => self.entry("m", "checked"),
            _ => {}
        }
        let command = COMMANDS[self.chance.between(0, COMMANDS.len() as u64) as usize];
        let typed = match self.workload {
            Workload::Output => 1,
            Workload::Keystrokes => self.chance.between(4, 12),
        };
        for _ in 0..typed {
            self.type_keys(command);
        }
        self.entry("i", "\r");
        self.now_us += 400;
        self.entry("o", "\r\n\u{1b}[?2004l\r");
        let chunks = match self.workload {
            Workload::Output => self.chance.between(8, 120),
            Workload::Keystrokes => self.chance.between(0, 3),
        };
        for _ in 0..chunks {
            self.now_us += self.chance.between(500, 60_000);
            let text = self.chunk();
            self.entry("o", &text);
        }
    }

    fn type_keys(&mut self, command: &str) {
        let mut bytes = [0; 4];
        for key in command.chars() {
            self.now_us += self.chance.between(40_000, 260_000);
            let key = key.encode_utf8(&mut bytes);
            self.entry("i", key);
            self.now_us += self.chance.between(150, 3_000);
            self.entry("o", key);
            if self.chance.between(0, 30) == 0 {
                self.entry("i", "\u{7f}");
                self.entry("o", "\u{8} \u{8}");
                self.entry("i", key);
                self.entry("o", key);
            }
        }
        if self.workload == Workload::Keystrokes {
            self.entry("i", " ");
            self.entry("o", " ");
        }
    }

    /// A few lines of output, or a progress bar.
    fn chunk(&mut self) -> String {
        let bytes = self.chance.between(200, 2_000) as usize;
        let mut text = String::with_capacity(bytes + 32);
        let line_end = if self.chance.between(0, 12) == 0 {
            "\r\u{1b}[K"
        } else {
            "\r\n"
        };
        while text.len() < bytes {
            for _ in 0..self.chance.between(4, 14) {
                text.push_str(WORDS[self.chance.between(0, WORDS.len() as u64) as usize]);
                text.push(' ');
            }
            text.push_str(line_end);
        }
        text
    }

    fn end_if_long_enough(&mut self) {
        match self.length {
            Length::Bytes(bytes) if self.bytes < bytes => return,
            Length::Bytes(_) => {}
            Length::Lasting(duration) => {
                let end_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
                if self.now_us < end_us {
                    return;
                }
                self.now_us = end_us;
            }
        }
        self.entry("o", "exit\r\n");
        if self.v3 {
            self.entry("x", "0");
        }
        self.ended = true;
    }

    /// Adds an entry that happens now; none when that is after the end.
    fn entry(&mut self, code: &str, data: &str) {
        if let Length::Lasting(duration) = self.length
            && u128::from(self.now_us) > duration.as_micros()
        {
            return;
        }
        // Version 3 is recorded to the millisecond: no part of one may get lost in the sum.
        let (time_us, decimals) = if self.v3 {
            let elapsed_ms = (self.now_us - self.written_us) / 1_000;
            self.written_us += elapsed_ms * 1_000;
            (elapsed_ms * 1_000, 3)
        } else {
            (self.now_us, 6)
        };
        let (seconds, us) = (time_us / 1_000_000, time_us % 1_000_000);
        let fraction = format!("{us:06}");
        let data = serde_json::Value::from(data);
        self.line(&format!(
            "[{seconds}.{}, \"{code}\", {data}]\n",
            &fraction[..decimals]
        ));
    }

    fn line(&mut self, line: &str) {
        self.bytes += line.len() as u64;
        self.ready.extend(line.as_bytes());
    }
}

/// SplitMix64 (<https://prng.di.unimi.it/splitmix64.c>): small, and the same everywhere.
#[derive(Debug)]
struct Chance(u64);

impl Chance {
    /// A number in `[low, high)`.
    fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        low + (mixed ^ (mixed >> 31)) % (high - low)
    }
}

#[cfg(test)]
mod tests {
    use retrace_core::Timestamp;
    use retrace_core::event::EventBatch;

    use super::*;
    use crate::Limits;
    use crate::asciicast::Reader;

    #[test]
    fn a_made_up_recording_is_valid_repeatable_and_as_long_as_asked() {
        for version in [Version::V2, Version::V3] {
            for workload in [Workload::Output, Workload::Keystrokes] {
                let length = Length::Lasting(Duration::from_secs(600));
                let cast = SyntheticCast {
                    seed: 3,
                    version,
                    workload,
                    length,
                };
                let mut file = Vec::new();
                cast.write_to(&mut file).unwrap();
                let mut again = Vec::new();
                cast.write_to(&mut again).unwrap();
                assert!(file == again);

                let mut reader = Reader::open(&file[..], &Limits::default()).unwrap();
                let mut batch = EventBatch::new();
                let more = reader
                    .read_batch(Timestamp::now(), &mut batch, usize::MAX, usize::MAX)
                    .unwrap();
                assert!(!more);
                let facts = reader.facts();
                assert_eq!(facts.duration_us / 1_000, 600_000, "{version} {workload:?}");
                assert!(
                    facts.counts.inputs > 50 && facts.counts.outputs > 50,
                    "{facts:?}"
                );
            }
        }
    }
}
