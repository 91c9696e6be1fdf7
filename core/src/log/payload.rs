//! How the events of a commit are packed: column by column, compressed together, and sealed.
//!
//! What all leaves of a commit share, and what follows from their place, is not stored again for
//! each of them: a leaf is put together when somebody asks for its bytes.
//!
//! ```text
//! payload = 0x02 sealed(packed) | 0x03 sealed(packed) | nothing
//! packed  = 0x00 body | 0x01 zstd(body)
//! body    = secret[16] count types{ n (length name)* } kind* at* length* data
//! kind    = index into types
//! at      = zigzag of the microseconds since the event before (the first: since 1970)
//! length  = bytes of the event's data
//! ```
//! All numbers are LEB128; `data` is the canonical JSON of the events side by side. How bytes are
//! sealed is said in [`crate::seal::chunked`]; their context is
//! `retrace commit\0{log}/{stream}@{version of the first event}`, so that a payload opens in its own
//! place only. Its position is no part of that: it is not known yet when a payload is sealed.
//!
//! `0x02` is sealed under the data key of the stream's own scope, `0x03` under the log's (and its context begins with
//! `retrace commit kept`): what the server wrote about a session, once the session's key is destroyed. Of a recording that
//! was destroyed the payload is empty.

use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::Range;

use super::StoreError;
use crate::event::{Commit, EventBatch, EventType, StoredItem};
use crate::id::{LogId, Position, StreamName, StreamVersion};
use crate::seal::keys::{DataKey, KeyScope};
use crate::seal::{SealError, chunked};
use crate::time::Timestamp;

/// The first byte of a payload: which key the rest is sealed under.
const SEALED_IN_SCOPE: u8 = 2;
const SEALED_IN_LOG: u8 = 3;
const PLAIN: u8 = 0;
const ZSTD: u8 = 1;
const ZSTD_LEVEL: i32 = 1;
/// Less than this is not worth the time to compress it.
const COMPRESSED_FROM_BYTES: usize = 512;
/// No commit is larger than this when unpacked: more is damage, and not worth the memory.
const MAX_BODY_BYTES: usize = 64 << 20;

thread_local! {
    /// Setting a compressor up costs more than compressing a few events.
    static COMPRESSOR: RefCell<Option<zstd::bulk::Compressor<'static>>> = const { RefCell::new(None) };
}

/// Where a commit stands: its stream, and the version of its first event.
pub(super) type Place<'a> = (&'a StreamName, StreamVersion);

/// What binds a payload to its place and to how it is sealed: it opens nowhere else.
fn context(log: LogId, (stream, first_version): Place<'_>, format: u8) -> Vec<u8> {
    let what = match format {
        SEALED_IN_LOG => "retrace commit kept",
        _ => "retrace commit",
    };
    format!("{what}\0{log}/{stream}@{first_version}").into_bytes()
}

/// Seals what [`pack`] packed under the key of `scope`: the stream's own, or the log's.
pub(super) fn seal(
    log: LogId,
    place: Place<'_>,
    (scope, key): (KeyScope, &DataKey),
    packed: &[u8],
) -> Result<Vec<u8>, SealError> {
    let format = if scope == KeyScope::of_stream(place.0) {
        SEALED_IN_SCOPE
    } else {
        SEALED_IN_LOG
    };
    let mut payload = chunked::seal(key.bytes(), &context(log, place, format), packed)?;
    payload.insert(0, format);
    Ok(payload)
}

/// Whose key opens the payload of a commit of `stream`. `None` when there is nothing left to open.
pub(super) fn sealed_under(payload: &[u8], stream: &StreamName) -> Option<KeyScope> {
    match payload.first() {
        None => None,
        Some(&SEALED_IN_LOG) => Some(KeyScope::Log),
        Some(_) => Some(KeyScope::of_stream(stream)),
    }
}

/// Opens what [`seal`] sealed.
pub(super) fn open(
    log: LogId,
    place: Place<'_>,
    key: &DataKey,
    payload: &[u8],
) -> Result<Vec<u8>, String> {
    match payload.split_first() {
        Some((&format @ (SEALED_IN_SCOPE | SEALED_IN_LOG), sealed)) => {
            chunked::open(key.bytes(), &context(log, place, format), sealed)
                .map_err(|error| error.to_string())
        }
        Some((other, _)) => Err(format!("sealed in the unknown way {other}")),
        None => Err("empty".to_owned()),
    }
}

/// Opens and unpacks the payload of a commit.
pub(super) fn open_commit(
    log: LogId,
    key: &DataKey,
    envelope: CommitEnvelope,
    payload: &[u8],
) -> Result<Commit, String> {
    let place = (&envelope.stream, envelope.first_version);
    let packed = open(log, place, key, payload)?;
    unpack(envelope, &packed)
}

/// Packs the events `range` of a batch.
pub(super) fn pack(
    batch: &EventBatch,
    range: Range<usize>,
    secret: &[u8; 16],
) -> Result<Vec<u8>, StoreError> {
    let events = batch.iter_from(range.start).take(range.len());
    let mut types: Vec<&EventType> = Vec::new();
    let mut kinds = Vec::with_capacity(range.len());
    for (_, kind, _) in events.clone() {
        let known = types.iter().position(|other| *other == kind);
        kinds.push(known.unwrap_or_else(|| {
            types.push(kind);
            types.len() - 1
        }));
    }
    let mut body = Vec::with_capacity(batch.data_bytes() + range.len() * 4 + 64);
    body.push(PLAIN);
    body.extend_from_slice(secret);
    put_number(&mut body, range.len() as u64);
    put_number(&mut body, types.len() as u64);
    for kind in &types {
        put_number(&mut body, kind.as_str().len() as u64);
        body.extend_from_slice(kind.as_str().as_bytes());
    }
    for kind in kinds {
        put_number(&mut body, kind as u64);
    }
    let mut before = 0;
    for (at, _, _) in events.clone() {
        put_number(&mut body, zigzag(at.micros() - before));
        before = at.micros();
    }
    for (_, _, data) in events.clone() {
        put_number(&mut body, data.len() as u64);
    }
    for (_, _, data) in events {
        body.extend_from_slice(data);
    }
    if body.len() - 1 < COMPRESSED_FROM_BYTES {
        return Ok(body);
    }
    let compressed = compress(&body[1..]).map_err(|error| StoreError::Failed(Box::new(error)))?;
    Ok(if compressed.len() < body.len() {
        compressed
    } else {
        body
    })
}

fn compress(body: &[u8]) -> std::io::Result<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|compressor| {
        let compressor = match compressor {
            Some(compressor) => compressor,
            None => compressor.insert(zstd::bulk::Compressor::new(ZSTD_LEVEL)?),
        };
        let mut packed = Vec::with_capacity(1 + zstd::zstd_safe::compress_bound(body.len()));
        packed.push(ZSTD);
        let mut compressed = std::io::Cursor::new(packed);
        compressed.set_position(1);
        compressor.compress_to_buffer(body, &mut compressed)?;
        Ok(compressed.into_inner())
    })
}

/// What a store keeps beside the payload of a commit.
pub(super) struct CommitEnvelope {
    pub(super) first_position: Position,
    pub(super) count: u64,
    pub(super) stream: StreamName,
    pub(super) first_version: StreamVersion,
    pub(super) recorded_at: Timestamp,
}

/// Unpacks what [`pack`] packed.
pub(super) fn unpack(envelope: CommitEnvelope, packed: &[u8]) -> Result<Commit, String> {
    let body = match packed.split_first() {
        Some((&PLAIN, body)) => Cow::Borrowed(body),
        Some((&ZSTD, compressed)) => {
            let size = zstd::bulk::Decompressor::upper_bound(compressed).unwrap_or(MAX_BODY_BYTES);
            if size > MAX_BODY_BYTES {
                return Err(format!("claims to unpack to {size} bytes"));
            }
            let body = zstd::bulk::decompress(compressed, size)
                .map_err(|error| format!("does not unpack: {error}"))?;
            Cow::Owned(body)
        }
        Some((other, _)) => return Err(format!("packed in the unknown way {other}")),
        None => return Err("empty".to_owned()),
    };

    let mut rest = &*body;
    let secret = *take(&mut rest, 16)?.first_chunk().ok_or("cut off")?;
    let count = get_number(&mut rest)?;
    if count != envelope.count || count > body.len() as u64 {
        return Err(format!("holds {count} events, expected {}", envelope.count));
    }
    let type_count = get_number(&mut rest)?.min(count);
    let mut types = Vec::new();
    for _ in 0..type_count {
        let length = get_index(&mut rest)?;
        let name = std::str::from_utf8(take(&mut rest, length)?).map_err(|e| e.to_string())?;
        types.push(EventType::new(name).map_err(|error| error.to_string())?);
    }
    let mut items = Vec::with_capacity(count as usize);
    for _ in 0..count {
        let kind = types
            .get(get_index(&mut rest)?)
            .ok_or("names a type it does not have")?;
        items.push(StoredItem {
            at: Timestamp::MIN,
            kind: kind.clone(),
            data: 0..0,
        });
    }
    let mut before = 0_i64;
    for item in &mut items {
        let delta = unzigzag(get_number(&mut rest)?);
        before = before
            .checked_add(delta)
            .ok_or("holds a time that cannot be")?;
        item.at = Timestamp::from_micros(before).map_err(|error| error.to_string())?;
    }
    let mut end = 0_usize;
    for item in &mut items {
        let length = get_index(&mut rest)?;
        let start = end;
        end = start
            .checked_add(length)
            .ok_or("holds a length that cannot be")?;
        item.data = start..end;
    }
    if end != rest.len() {
        return Err(format!(
            "holds {} bytes of data, expected {end}",
            rest.len()
        ));
    }
    Ok(Commit {
        first_position: envelope.first_position,
        stream: envelope.stream,
        first_version: envelope.first_version,
        recorded_at: envelope.recorded_at,
        secret,
        items,
        data: rest.to_vec(),
        destroyed: None,
    })
}

fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number as u8 & 0x7f) | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn get_number(rest: &mut &[u8]) -> Result<u64, String> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, after) = rest.split_first().ok_or("cut off")?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err("holds a number that does not end".to_owned())
}

fn get_index(rest: &mut &[u8]) -> Result<usize, String> {
    usize::try_from(get_number(rest)?).map_err(|_| "holds a number that is too large".to_owned())
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], String> {
    let (taken, after) = rest.split_at_checked(count).ok_or("cut off")?;
    *rest = after;
    Ok(taken)
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::{KeysTyped, MarkerSet};

    fn envelope(count: usize) -> CommitEnvelope {
        CommitEnvelope {
            first_position: Position(5),
            count: count as u64,
            stream: StreamName::tokens(),
            first_version: StreamVersion(2),
            recorded_at: Timestamp::now(),
        }
    }

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked_equal(
            events in prop::collection::vec((-1_000_000_i64..i64::from(i32::MAX), ".{0,40}", any::<bool>()), 1..50)
        ) {
            let mut batch = EventBatch::new();
            for (micros, text, keys) in events {
                let at = Timestamp::from_micros(micros).unwrap();
                if keys {
                    batch.push(at, KeysTyped::typed(text)).unwrap();
                } else {
                    batch.push(at, MarkerSet { label: text }).unwrap();
                }
            }
            let payload = pack(&batch, 0..batch.len(), &[3; 16]).unwrap();
            let commit = unpack(envelope(batch.len()), &payload).unwrap();
            prop_assert_eq!(commit.secret, [3; 16]);
            for (item, (at, kind, data)) in commit.items.iter().zip(batch.iter_from(0)) {
                prop_assert_eq!((item.at, &item.kind, &commit.data[item.data.clone()]), (at, kind, data));
            }
        }

        #[test]
        fn damage_is_an_error_and_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), count in 0..20_usize) {
            let compressed = [&[ZSTD], zstd::bulk::compress(&bytes, 1).unwrap().as_slice()].concat();
            let _ = unpack(envelope(count), &compressed);
            let _ = unpack(envelope(count), &[&[PLAIN], bytes.as_slice()].concat());
            let _ = unpack(envelope(count), &bytes);
        }

        #[test]
        fn a_payload_opens_in_its_own_place_only(packed in prop::collection::vec(any::<u8>(), 0..99)) {
            let (log, key) = (LogId::new_random(), DataKey::generate().unwrap());
            let control = StreamName::control_of(crate::id::SessionId::launched_now());
            for (stream, scope) in [(StreamName::tokens(), KeyScope::Log), (control, KeyScope::Log)] {
                let place = (&stream, StreamVersion(2));
                let mut payload = seal(log, place, (scope, &key), &packed).unwrap();
                prop_assert_eq!(sealed_under(&payload, &stream), Some(KeyScope::Log));
                prop_assert_eq!(open(log, place, &key, &payload).unwrap(), packed.clone());
                prop_assert!(open(log, (&stream, StreamVersion(3)), &key, &payload).is_err());
                payload[0] ^= SEALED_IN_SCOPE ^ SEALED_IN_LOG;
                prop_assert!(open(log, place, &key, &payload).is_err());
            }
        }

        #[test]
        fn zigzag_comes_back(number in any::<i64>()) {
            prop_assert_eq!(unzigzag(zigzag(number)), number);
        }
    }
}
