//! How the events of a commit are packed: column by column, then compressed together.
//!
//! What all leaves of a commit share, and what follows from their place, is not stored again for
//! each of them: a leaf is put together when somebody asks for its bytes.
//!
//! ```text
//! payload = 0x01 checksum[4] zstd(body)
//! checksum = CRC-32 (IEEE 802.3) of the compressed body, little-endian
//! body    = secret[16] count types{ n (length name)* } kind* at* length* data
//! kind    = index into types
//! at      = zigzag of the microseconds since the event before (the first: since 1970)
//! length  = bytes of the event's data
//! ```
//! All numbers are LEB128; `data` is the canonical JSON of the events side by side.
//!
//! The checksum proves nothing: leaf hashes do. It finds a damaged byte that zstd would not notice,
//! because more than one compressed form can unpack to the same body.

use std::ops::Range;

use super::StoreError;
use crate::event::{Commit, EventBatch, EventType, StoredItem};
use crate::id::{Position, StreamName, StreamVersion};
use crate::time::Timestamp;

/// The first byte of a payload: how the rest is packed.
const FORMAT_ZSTD: u8 = 1;
const ZSTD_LEVEL: i32 = 1;
/// No commit is larger than this when unpacked: more is damage, and not worth the memory.
const MAX_BODY_BYTES: usize = 64 << 20;

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
    let compressed = zstd::bulk::compress(&body, ZSTD_LEVEL)
        .map_err(|error| StoreError::Failed(Box::new(error)))?;
    Ok(enclose(&compressed))
}

/// Format and checksum before a compressed body.
pub(super) fn enclose(compressed: &[u8]) -> Vec<u8> {
    let checksum = crc32fast::hash(compressed).to_le_bytes();
    [&[FORMAT_ZSTD], checksum.as_slice(), compressed].concat()
}

/// The compressed body of a payload.
pub(super) fn disclose(payload: &[u8]) -> Result<&[u8], String> {
    match payload.split_first() {
        Some((&FORMAT_ZSTD, rest)) => match rest.split_first_chunk() {
            Some((checksum, compressed))
                if *checksum == crc32fast::hash(compressed).to_le_bytes() =>
            {
                Ok(compressed)
            }
            Some(_) => Err("its bytes are not the ones that were written".to_owned()),
            None => Err("cut off".to_owned()),
        },
        Some((other, _)) => Err(format!("packed in the unknown way {other}")),
        None => Err("empty".to_owned()),
    }
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
pub(super) fn unpack(envelope: CommitEnvelope, payload: &[u8]) -> Result<Commit, StoreError> {
    let first_position = envelope.first_position;
    unpack_body(envelope, payload).map_err(|why| {
        StoreError::Damaged(format!("the commit at position {first_position}: {why}"))
    })
}

fn unpack_body(envelope: CommitEnvelope, payload: &[u8]) -> Result<Commit, String> {
    let compressed = disclose(payload)?;
    let size = zstd::bulk::Decompressor::upper_bound(compressed).unwrap_or(MAX_BODY_BYTES);
    if size > MAX_BODY_BYTES {
        return Err(format!("claims to unpack to {size} bytes"));
    }
    let body = zstd::bulk::decompress(compressed, size)
        .map_err(|error| format!("does not unpack: {error}"))?;

    let mut rest = body.as_slice();
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
                    batch.push(at, KeysTyped { text }).unwrap();
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
            let payload = enclose(&zstd::bulk::compress(&bytes, 1).unwrap());
            let _ = unpack(envelope(count), &payload);
            let _ = unpack(envelope(count), &enclose(&bytes));
            let _ = unpack(envelope(count), &bytes);
        }

        #[test]
        fn zigzag_comes_back(number in any::<i64>()) {
            prop_assert_eq!(unzigzag(zigzag(number)), number);
        }
    }
}
