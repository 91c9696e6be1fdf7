//! Bodies that are packed, and may be packed to do harm.

use std::fmt;
use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

use super::{ErrorCode, IngestLimits};

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Not at all.
    None,
    /// gzip (RFC 1952), of one or many members.
    Gzip,
    /// Zstandard (RFC 8878), with a window of at most 8 MiB, of one or many frames.
    Zstd,
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "plain",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        })
    }
}

/// Why a body was not unpacked.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// It unpacks to more than a batch may have.
    #[error("the body unpacks to more than {limit} bytes: cut it")]
    TooLarge {
        /// The most bytes that it may have.
        limit: usize,
    },
    /// It unpacks to so many times its size that it looks made for harm.
    #[error(
        "{packed} bytes of the body unpack to more than {limit} times as many: pack less at once"
    )]
    ExpandsTooMuch {
        /// Its size.
        packed: usize,
        /// The limit.
        limit: usize,
    },
    /// It is damaged, or packed in another way than was said.
    #[error("the body is not {encoding}, or is damaged or cut off: {reason}")]
    Damaged {
        /// How it was said to be packed.
        encoding: Encoding,
        /// What the decompressor said.
        reason: io::Error,
    },
}

impl UnpackError {
    /// What the sender can do about it.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::TooLarge { .. } | Self::ExpandsTooMuch { .. } => ErrorCode::TooLarge,
            Self::Damaged { .. } => ErrorCode::InvalidArgument,
        }
    }
}

/// Unpacks a body. Never has more in memory than the limit, the window and one piece, whatever the
/// body claims.
///
/// # Errors
/// When it is damaged, or unpacks to too much.
pub fn unpack(
    encoding: Encoding,
    packed: Vec<u8>,
    limits: &IngestLimits,
) -> Result<Vec<u8>, UnpackError> {
    let damaged = |reason| UnpackError::Damaged { encoding, reason };
    match encoding {
        Encoding::None => Ok(packed),
        Encoding::Gzip => {
            let reader = MultiGzDecoder::new(packed.as_slice());
            read_within(reader, encoding, packed.len(), limits)
        }
        Encoding::Zstd => {
            let mut reader = zstd::Decoder::with_buffer(packed.as_slice()).map_err(damaged)?;
            // By default a frame may ask for a window of 128 MiB.
            reader.window_log_max(23).map_err(damaged)?;
            read_within(reader, encoding, packed.len(), limits)
        }
    }
}

fn read_within(
    mut reader: impl Read,
    encoding: Encoding,
    packed: usize,
    limits: &IngestLimits,
) -> Result<Vec<u8>, UnpackError> {
    const PIECE: usize = 64 << 10;
    let mut unpacked = Vec::new();
    loop {
        let before = unpacked.len();
        reader
            .by_ref()
            .take(PIECE as u64)
            .read_to_end(&mut unpacked)
            .map_err(|reason| UnpackError::Damaged { encoding, reason })?;
        if unpacked.len() == before {
            return Ok(unpacked);
        }
        if unpacked.len() > limits.batch_bytes {
            let limit = limits.batch_bytes;
            return Err(UnpackError::TooLarge { limit });
        }
        let ratio = limits.batch_ratio;
        if unpacked.len() > IngestLimits::RATIO_FREE_BYTES && unpacked.len() / ratio.max(1) > packed
        {
            let limit = ratio;
            return Err(UnpackError::ExpandsTooMuch { packed, limit });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_was_packed_comes_out_within_the_limits() {
        let limits = IngestLimits::default();
        let content = b"a batch of events\n".repeat(999);
        let zstd = zstd::encode_all(content.as_slice(), 3).unwrap();
        let two_frames = [zstd.clone(), zstd.clone()].concat();
        let cases = [
            (Encoding::None, content.clone(), content.clone()),
            (Encoding::Gzip, gzip(&content), content.clone()),
            (Encoding::Zstd, zstd, content.clone()),
            (Encoding::Zstd, two_frames, content.repeat(2)),
        ];
        for (encoding, packed, want) in cases {
            assert_eq!(
                unpack(encoding, packed, &limits).unwrap(),
                want,
                "{encoding}"
            );
        }
    }

    #[test]
    fn what_is_made_for_harm_or_damaged_is_refused() {
        let limits = IngestLimits::default();
        let large = vec![b'x'; 64 << 20];
        // A frame that asks for a window of 1 GiB.
        let mut wide = zstd::Encoder::new(Vec::new(), 1).unwrap();
        wide.long_distance_matching(true).unwrap();
        wide.window_log(30).unwrap();
        wide.write_all(&large).unwrap();
        let wide = wide.finish().unwrap();
        let small = zstd::encode_all(&b"abc"[..], 3).unwrap();
        let cases = [
            (Encoding::Gzip, gzip(&large), ErrorCode::TooLarge),
            (
                Encoding::Zstd,
                zstd::encode_all(large.as_slice(), 19).unwrap(),
                ErrorCode::TooLarge,
            ),
            (Encoding::Zstd, wide, ErrorCode::InvalidArgument),
            (
                Encoding::Zstd,
                small[..small.len() - 1].to_vec(),
                ErrorCode::InvalidArgument,
            ),
            (
                Encoding::Gzip,
                b"plain".to_vec(),
                ErrorCode::InvalidArgument,
            ),
            (Encoding::Zstd, gzip(b"x"), ErrorCode::InvalidArgument),
        ];
        for (index, (encoding, packed, code)) in cases.into_iter().enumerate() {
            let error = unpack(encoding, packed, &limits).unwrap_err();
            assert_eq!(error.code(), code, "case {index}: {error}");
        }
        let roomy = IngestLimits {
            batch_bytes: 1 << 30,
            ..limits
        };
        let error = unpack(Encoding::Gzip, gzip(&large), &roomy).unwrap_err();
        assert!(
            matches!(error, UnpackError::ExpandsTooMuch { .. }),
            "{error}"
        );
    }
}
