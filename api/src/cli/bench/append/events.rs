//! The events that everybody appends: the same 150 bytes of JSON for us and for each peer, cheap to
//! make, because who sends shares the processors with who stores.

use retrace_core::Timestamp;

/// How many streams are written to, by all clients together.
pub(super) const STREAMS: usize = 256;
/// The type under which our log takes them. It knows no such type, and keeps the data as they come.
pub(super) const TYPE: &str = "bench.event";
pub(super) const PAYLOAD_BYTES: usize = 150;

/// Members in the order of the canonical form, so that the data are taken in byte for byte.
const PAYLOAD: &str = concat!(
    r#"{"a":"--flag=0000000000000000 --out=/var/00000000","h":"srv-001.prod.example","k":"exec","#,
    r#""p":"/usr/bin/p001","u":"user0001","w":1234,"x":""#
);
const FLAG_AT: usize = 13;
const USER_AT: usize = 117;
const AT: &str = "2026-11-21T09:30:00.000000Z";
const LINE_AT: usize = 7;
const DATA_AT: usize = LINE_AT + AT.len() + 9;
/// The events of a batch are so many microseconds apart.
const MICROS_APART: u32 = 137;
/// When the first batch happened; each further one a second later.
const BEGAN_MICROS: i64 = 1_795_253_400_000_000;

/// Numbers that look random and are others for each client (xorshift64).
pub(super) struct Random(u64);

impl Random {
    /// `seed` is the number of the client.
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Self((seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        for _ in 0..10 {
            random.next();
        }
        random
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for part in bytes.chunks_mut(8) {
            let number = self.next().to_le_bytes();
            part.copy_from_slice(&number[..part.len()]);
        }
        bytes
    }
}

/// A payload that is filled in anew for each event.
pub(super) fn payload() -> [u8; PAYLOAD_BYTES] {
    let mut payload = [b'z'; PAYLOAD_BYTES];
    payload[..PAYLOAD.len()].copy_from_slice(PAYLOAD.as_bytes());
    payload[PAYLOAD_BYTES - 2..].copy_from_slice(b"\"}");
    payload
}

/// Makes another event of the payload: what a random number changes is what the peers' report
/// changes, 16 hexadecimal and 4 decimal digits.
pub(super) fn vary(payload: &mut [u8], random: u64) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for (k, digit) in payload[FLAG_AT..FLAG_AT + 16].iter_mut().enumerate() {
        *digit = HEX[(random >> (4 * k)) as usize & 15];
    }
    for (k, digit) in payload[USER_AT..USER_AT + 4].iter_mut().enumerate() {
        *digit = b'0' + ((random >> (8 * k)) % 10) as u8;
    }
}

/// How many bytes a leaf has, give or take a digit of its numbers.
pub(super) fn leaf_bytes() -> usize {
    let numbers = r#""position":100000,"version":1000"#.len();
    let names = r#"{"at":"","data":,,"recordedAt":"","salt":"","stream":"","type":"",}"#.len();
    let stream = "session/01936d2e-4b7a-7cc0-8d2a-000000000001/agent".len();
    let salt = 32;
    names + numbers + 2 * AT.len() + PAYLOAD_BYTES + salt + stream + TYPE.len()
}

/// A batch as lines of JSON, all of one length, that is filled in anew for each request.
pub(super) struct Lines {
    random: Random,
    text: Vec<u8>,
    line_bytes: usize,
    batches: i64,
}

impl Lines {
    pub(super) fn new(client: u64, batch: usize) -> Self {
        let mut line = Vec::new();
        line.extend_from_slice(b"{\"at\":\"");
        line.extend_from_slice(AT.as_bytes());
        line.extend_from_slice(b"\",\"data\":");
        line.extend_from_slice(&payload());
        line.extend_from_slice(format!(",\"type\":\"{TYPE}\"}}\n").as_bytes());
        Self {
            random: Random::new(client),
            line_bytes: line.len(),
            text: line.repeat(batch),
            batches: 0,
        }
    }

    /// The next batch.
    pub(super) fn next(&mut self) -> &[u8] {
        let second = BEGAN_MICROS + self.batches * 1_000_000;
        let second = Timestamp::from_micros(second).map_or([b'0'; AT.len()], Timestamp::to_ascii);
        self.batches += 1;
        let mut micros = 0;
        for line in self.text.chunks_exact_mut(self.line_bytes) {
            let at = &mut line[LINE_AT..LINE_AT + AT.len()];
            at[..19].copy_from_slice(&second[..19]);
            let mut rest = micros;
            for digit in at[20..26].iter_mut().rev() {
                *digit = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
            micros = (micros + MICROS_APART) % 1_000_000;
            vary(
                &mut line[DATA_AT..DATA_AT + PAYLOAD_BYTES],
                self.random.next(),
            );
        }
        &self.text
    }

    /// The batch that was made last.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Time and data of each event of the batch that was made last.
    pub(super) fn events(&self) -> impl DoubleEndedIterator<Item = (Timestamp, &[u8])> {
        self.text.chunks_exact(self.line_bytes).map(|line| {
            let at = Timestamp::from_ascii(&line[LINE_AT..LINE_AT + AT.len()]);
            let data = &line[DATA_AT..DATA_AT + PAYLOAD_BYTES];
            (at.unwrap_or(Timestamp::MIN), data)
        })
    }
}

#[cfg(test)]
mod tests {
    use retrace_core::canonical::is_canonical;
    use retrace_ingest::protocol::{IngestLimits, parse_batch};

    use super::*;

    #[test]
    fn the_lines_are_events_as_canonical_as_they_can_be() {
        let mut lines = Lines::new(3, 100);
        let first = lines.next().to_vec();
        assert_ne!(lines.next(), first);
        let parsed = parse_batch(lines.text(), &IngestLimits::default()).unwrap();
        let parsed: Vec<_> = parsed.events.iter_from(0).collect();
        assert_eq!(parsed.len(), 100);
        assert_eq!(lines.events().count(), 100);
        for ((at, data), (parsed_at, kind, parsed_data)) in lines.events().zip(parsed) {
            assert_eq!((at, data), (parsed_at, parsed_data));
            assert_eq!(kind.as_str(), TYPE);
            assert!(is_canonical(str::from_utf8(data).unwrap()));
            assert_eq!(data.len(), PAYLOAD_BYTES);
        }
    }
}
