//! How the events of a commit are packed: column by column, compressed together, and sealed.
//!
//! What all leaves of a commit share, and what follows from their place, is not stored again for
//! each of them: a leaf is put together when somebody asks for its bytes.
//!
//! ```text
//! payload = 0x02 sealed(packed)
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

use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::Range;

use super::StoreError;
use crate::event::{Commit, EventBatch, EventType, StoredItem};
use crate::id::{LogId, Position, StreamName, StreamVersion};
use crate::seal::keys::DataKey;
use crate::seal::{SealError, chunked};
use crate::time::Timestamp;

/// The first byte of a payload: how the rest is sealed.
const FORMAT_SEALED: u8 = 2;
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

/// Where a payload belongs: it opens nowhere else.
pub(super) fn context(log: LogId, stream: &StreamName, first_version: StreamVersion) -> Vec<u8> {
    format!("retrace commit\0{log}/{stream}@{first_version}").into_bytes()
}

/// Seals what [`pack`] packed.
pub(super) fn seal(key: &DataKey, context: &[u8], packed: &[u8]) -> Result<Vec<u8>, SealError> {
    let mut payload = chunked::seal(key.bytes(), context, packed)?;
    payload.insert(0, FORMAT_SEALED);
    Ok(payload)
}

/// Opens what [`seal`] sealed.
pub(super) fn open(key: &DataKey, context: &[u8], payload: &[u8]) -> Result<Vec<u8>, String> {
    match payload.split_first() {
        Some((&FORMAT_SEALED, sealed)) => {
            chunked::open(key.bytes(), context, sealed).map_err(|error| error.to_string())
        }
        Some((other, _)) => Err(format!("sealed in the unknown way {other}")),
        None => Err("empty".to_owned()),
    }
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
            let place = context(log, &StreamName::tokens(), StreamVersion(2));
            let payload = seal(&key, &place, &packed).unwrap();
            prop_assert_eq!(open(&key, &place, &payload).unwrap(), packed);
            let elsewhere = context(log, &StreamName::tokens(), StreamVersion(3));
            prop_assert!(open(&key, &elsewhere, &payload).is_err());
        }

        #[test]
        fn zigzag_comes_back(number in any::<i64>()) {
            prop_assert_eq!(unzigzag(zigzag(number)), number);
        }
    }
}
