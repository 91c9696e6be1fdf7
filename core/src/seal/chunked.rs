//! Sealed bytes: [C2SP chunked-encryption](https://c2sp.org/chunked-encryption) with SHA-512 and
//! AES-256-GCM (Cobblestone-256), which other implementations read too.
//!
//! ```text
//! sealed = salt[24] commitment[32] chunk*
//! chunk  = AES-256-GCM of up to 16 KiB, with its tag[16]; the last is shorter, perhaps empty
//! ```
//! Chunk `k` starts at `56 + k * 16400`, so any range of the plaintext opens alone. What the bytes
//! are and where they belong is the *context*: it is not stored, and with another one nothing opens.

use std::ops::Range;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf;
use subtle::ConstantTimeEq;

use super::{SealError, random};

/// Bytes of plaintext in each chunk but the last, which has fewer.
pub const CHUNK_BYTES: usize = 16 << 10;
/// Bytes before the first chunk.
pub const HEADER_BYTES: usize = SALT_BYTES + COMMITMENT_BYTES;
const SALT_BYTES: usize = 24;
const COMMITMENT_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
/// Bytes of a sealed chunk, with its tag.
pub const SEALED_CHUNK_BYTES: usize = CHUNK_BYTES + TAG_BYTES;
const NONCE_BYTES: usize = 12;

/// Seals `plaintext` for the place that `context` names.
///
/// # Errors
/// When the system has no randomness to give.
pub fn seal(key: &[u8; 32], context: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
    let mut sealer = Sealer::new(key, context)?;
    let mut sealed = Vec::with_capacity(sealed_len(plaintext.len() as u64) as usize);
    sealed.extend_from_slice(&sealer.header());
    let mut chunks = plaintext.chunks_exact(CHUNK_BYTES);
    for chunk in &mut chunks {
        sealer.push(chunk, &mut sealed)?;
    }
    sealer.push(chunks.remainder(), &mut sealed)?;
    Ok(sealed)
}

/// Opens what [`seal`] sealed with the same key and context.
///
/// # Errors
/// When it was sealed with another key or context, or was changed or cut off since.
pub fn open(key: &[u8; 32], context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
    let (header, chunks) = sealed
        .split_first_chunk::<HEADER_BYTES>()
        .ok_or(SealError::Truncated)?;
    let opener = Opener::new(key, context, header)?;
    let mut plaintext = Vec::with_capacity(chunks.len());
    let mut last = CHUNK_BYTES;
    for (number, chunk) in (0..).zip(chunks.chunks(SEALED_CHUNK_BYTES)) {
        last = opener.open_chunk(number, chunk, &mut plaintext)?;
    }
    if last < CHUNK_BYTES {
        Ok(plaintext)
    } else {
        Err(SealError::Truncated)
    }
}

/// How many bytes `plaintext` bytes have once they are sealed.
pub fn sealed_len(plaintext: u64) -> u64 {
    HEADER_BYTES as u64 + plaintext + (plaintext / CHUNK_BYTES as u64 + 1) * TAG_BYTES as u64
}

/// How many bytes of plaintext there are in `sealed` bytes. `None` when nothing that is whole has
/// that length.
pub fn opened_len(sealed: u64) -> Option<u64> {
    let chunks = sealed.checked_sub(HEADER_BYTES as u64)?;
    let whole = chunks / SEALED_CHUNK_BYTES as u64;
    let last = (chunks % SEALED_CHUNK_BYTES as u64).checked_sub(TAG_BYTES as u64)?;
    Some(whole * CHUNK_BYTES as u64 + last)
}

/// The range of sealed bytes that holds the chunks of a range of plaintext, and the number of the
/// first of these chunks. The end may lie beyond the end of what is sealed.
pub fn sealed_range(plaintext: &Range<u64>) -> (u64, Range<u64>) {
    let first = plaintext.start / CHUNK_BYTES as u64;
    let end = plaintext.end.div_ceil(CHUNK_BYTES as u64);
    let at = |chunk: u64| HEADER_BYTES as u64 + chunk * SEALED_CHUNK_BYTES as u64;
    (first, at(first)..at(end))
}

/// Seals chunk after chunk, so that nothing large is in memory at once.
pub struct Sealer {
    derived: Derived,
    salt: [u8; SALT_BYTES],
    next: u64,
}

impl Sealer {
    /// A sealer with a fresh salt.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn new(key: &[u8; 32], context: &[u8]) -> Result<Self, SealError> {
        let salt = random()?;
        let derived = Derived::new(key, &salt, context)?;
        Ok(Self {
            derived,
            salt,
            next: 0,
        })
    }

    /// What stands before the chunks.
    pub fn header(&self) -> [u8; HEADER_BYTES] {
        let mut header = [0; HEADER_BYTES];
        header[..SALT_BYTES].copy_from_slice(&self.salt);
        header[SALT_BYTES..].copy_from_slice(&self.derived.commitment);
        header
    }

    /// Appends the next chunk. All but the last must have [`CHUNK_BYTES`]; the last must be
    /// shorter, and empty when nothing is left.
    ///
    /// # Errors
    /// Never in practice: AES-GCM refuses only what is larger than a chunk can be.
    pub fn push(&mut self, plaintext: &[u8], out: &mut Vec<u8>) -> Result<(), SealError> {
        let start = out.len();
        out.extend_from_slice(plaintext);
        let nonce = self.derived.nonce(self.next);
        let tag = self
            .derived
            .key
            .seal_in_place_separate_tag(nonce, Aad::empty(), &mut out[start..])
            .map_err(|_| SealError::NotAuthentic)?;
        out.extend_from_slice(tag.as_ref());
        self.next += 1;
        Ok(())
    }
}

/// Opens chunks, in any order.
pub struct Opener {
    derived: Derived,
}

impl Opener {
    /// An opener for what begins with `header`.
    ///
    /// # Errors
    /// When that was sealed with another key or context.
    pub fn new(
        key: &[u8; 32],
        context: &[u8],
        header: &[u8; HEADER_BYTES],
    ) -> Result<Self, SealError> {
        let (salt, commitment) = header.split_at(SALT_BYTES);
        let derived = Derived::new(key, salt, context)?;
        if derived.commitment.as_slice().ct_eq(commitment).into() {
            Ok(Self { derived })
        } else {
            Err(SealError::NotAuthentic)
        }
    }

    /// Opens chunk `number`, appends its plaintext, and answers how many bytes that has. The
    /// chunk with fewer than [`CHUNK_BYTES`] is the last one: only it shows that nothing was cut off.
    ///
    /// # Errors
    /// When the chunk is not the one of that number, or was changed or cut off.
    pub fn open_chunk(
        &self,
        number: u64,
        sealed: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<usize, SealError> {
        let start = out.len();
        out.extend_from_slice(sealed);
        let opened = self
            .derived
            .key
            .open_in_place(self.derived.nonce(number), Aad::empty(), &mut out[start..])
            .map(|plaintext| plaintext.len());
        match opened {
            Ok(length) => {
                out.truncate(start + length);
                Ok(length)
            }
            Err(_) => {
                out.truncate(start);
                Err(SealError::NotAuthentic)
            }
        }
    }
}

/// What follows from the key, the salt and the context.
struct Derived {
    key: LessSafeKey,
    base_nonce: [u8; NONCE_BYTES],
    commitment: [u8; COMMITMENT_BYTES],
}

/// How much is derived: key, base nonce and commitment.
struct Material;

impl hkdf::KeyType for Material {
    fn len(&self) -> usize {
        32 + NONCE_BYTES + COMMITMENT_BYTES
    }
}

impl Derived {
    fn new(key: &[u8; 32], salt: &[u8], context: &[u8]) -> Result<Self, SealError> {
        let failed = |_| SealError::NotAuthentic;
        let info = [
            b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0".as_slice(),
            salt,
            context,
        ];
        let mut material = [0; 32 + NONCE_BYTES + COMMITMENT_BYTES];
        hkdf::Prk::new_less_safe(hkdf::HKDF_SHA512, key)
            .expand(&info, Material)
            .and_then(|okm| okm.fill(&mut material))
            .map_err(failed)?;
        let (key, rest) = material.split_at(32);
        let mut derived = Self {
            key: LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).map_err(failed)?),
            base_nonce: [0; NONCE_BYTES],
            commitment: [0; COMMITMENT_BYTES],
        };
        derived.base_nonce.copy_from_slice(&rest[..NONCE_BYTES]);
        derived.commitment.copy_from_slice(&rest[NONCE_BYTES..]);
        Ok(derived)
    }

    fn nonce(&self, chunk: u64) -> Nonce {
        let mut nonce = self.base_nonce;
        for (byte, of_number) in nonce[NONCE_BYTES - 8..].iter_mut().zip(chunk.to_be_bytes()) {
            *byte ^= of_number;
        }
        Nonce::assume_unique_for_key(nonce)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn plaintext(length: usize) -> Vec<u8> {
        (0..length).map(|i| (i * 31 % 251) as u8).collect()
    }

    #[test]
    fn what_is_sealed_is_opened_equal_around_each_edge_of_a_chunk() {
        for length in [
            0,
            1,
            CHUNK_BYTES - 1,
            CHUNK_BYTES,
            CHUNK_BYTES + 1,
            3 * CHUNK_BYTES,
        ] {
            let sealed = seal(&KEY, b"here", &plaintext(length)).unwrap();
            assert_eq!(sealed.len() as u64, sealed_len(length as u64));
            assert_eq!(opened_len(sealed.len() as u64), Some(length as u64));
            assert_eq!(open(&KEY, b"here", &sealed).unwrap(), plaintext(length));
            assert_eq!(open(&KEY, b"there", &sealed), Err(SealError::NotAuthentic));
            assert_eq!(
                open(&[8; 32], b"here", &sealed),
                Err(SealError::NotAuthentic)
            );
        }
    }

    /// Sealed by `Cobblestone256Encryptor` of the Python package `cryptography` 50.0.2.
    #[test]
    fn what_another_implementation_sealed_is_opened() {
        let sealed = "05fa63e6b94efb524b4bbe8313675eb713eafee629528547fa23114eac3a6c3087820edec7553140\
             e15f1662354860686444a3ca08a6a9ceeac96b94aeb69c54cbc66354882e698af9861889ecad5d1b\
             f23cb5cb435f1b13833e24049724e77532ff4178f0da416f";
        let key: [u8; 32] = std::array::from_fn(|i| i as u8);
        let opened = open(&key, b"retrace test\0place", &hex::decode(sealed).unwrap());
        assert_eq!(opened.unwrap(), b"sealed by another implementation");
    }

    #[test]
    fn a_cut_at_any_chunk_and_any_flipped_byte_is_found() {
        let sealed = seal(&KEY, b"", &plaintext(2 * CHUNK_BYTES + 5)).unwrap();
        for chunks in 0..3 {
            let cut = &sealed[..HEADER_BYTES + chunks * SEALED_CHUNK_BYTES];
            assert_eq!(open(&KEY, b"", cut), Err(SealError::Truncated));
        }
        for index in (0..sealed.len()).step_by(97) {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert_eq!(open(&KEY, b"", &changed), Err(SealError::NotAuthentic));
        }
    }

    proptest! {
        #[test]
        fn any_range_opens_alone(start in 0..70_000_u64, length in 1..40_000_u64) {
            let whole = plaintext(70_000);
            let sealed = seal(&KEY, b"x", &whole).unwrap();
            let wanted = start..(start + length).min(whole.len() as u64);
            let (first, range) = sealed_range(&wanted);
            let range = range.start as usize..(range.end as usize).min(sealed.len());
            let opener = Opener::new(&KEY, b"x", sealed.first_chunk().unwrap()).unwrap();
            let mut opened = Vec::new();
            for (number, chunk) in (first..).zip(sealed[range].chunks(SEALED_CHUNK_BYTES)) {
                opener.open_chunk(number, chunk, &mut opened).unwrap();
            }
            let skipped = (start - first * CHUNK_BYTES as u64) as usize;
            let found = &opened[skipped..][..(wanted.end - wanted.start) as usize];
            prop_assert_eq!(found, &whole[wanted.start as usize..wanted.end as usize]);
        }

        #[test]
        fn whatever_stands_there_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(open(&KEY, b"", &bytes).is_err());
        }
    }
}
