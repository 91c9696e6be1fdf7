//! What a recording is wrapped in: nothing, gzip (of one or many members), bzip2 or zstd.
//!
//! [`Content`] finds out by the first bytes, never by the name. It promises that no more than
//! [`Limits::max_bytes`] come out and no more than [`Limits::max_ratio`] for each byte that went
//! in, that compression which is cut off or damaged is an error and never a shorter content, and
//! that at the end it knows the SHA-256 of exactly the bytes that it gave out.

use std::fmt;
use std::io::{self, BufReader, Chain, Cursor, Read};

use bzip2::read::MultiBzDecoder;
use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::Limits;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip (RFC 1952).
    Gzip,
    /// bzip2.
    Bzip2,
    /// Zstandard (RFC 8878).
    Zstd,
}

impl Compression {
    /// As many bytes as are looked at.
    const MAGIC_BYTES: usize = 10;

    /// Some recordings begin with a time in binary, so not only the two bytes are looked at that
    /// make a magic number, but all that must stand there.
    fn of_magic(magic: &[u8]) -> Self {
        const BLOCK: &[u8] = &[0x31, 0x41, 0x59, 0x26, 0x53, 0x59];
        const END: &[u8] = &[0x17, 0x72, 0x45, 0x38, 0x50, 0x90];
        match magic {
            [0x1f, 0x8b, 0x08, flags, ..] if flags & 0xe0 == 0 => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            [b'B', b'Z', b'h', b'1'..=b'9', block @ ..] if [BLOCK, END].contains(&block) => {
                Self::Bzip2
            }
            _ => Self::None,
        }
    }

    /// The ending that names of such files have.
    pub fn ending(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => ".gz",
            Self::Bzip2 => ".bz2",
            Self::Zstd => ".zst",
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "plain",
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Zstd => "zstd",
        })
    }
}

/// Why no more bytes can be had of a file.
#[derive(Debug, thiserror::Error)]
pub enum ContainerError {
    /// The file itself could not be read. Trying again may help.
    #[error("cannot be read: {0}")]
    Io(#[source] io::Error),
    /// The compressed data is cut off or damaged.
    #[error("damaged or cut off {compression} data after {bytes} bytes of content: {reason}")]
    Damaged {
        /// How the file is compressed.
        compression: Compression,
        /// How much came out before.
        bytes: u64,
        /// What the decompressor said.
        reason: io::Error,
    },
    /// The content is larger than is allowed.
    #[error("the content has more than {limit} bytes, the most that is taken")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// So little compressed data makes so much content that it looks made for harm.
    #[error(
        "{compressed} compressed bytes hold more than {bytes} bytes of content, over {limit} for each"
    )]
    ExpandsTooMuch {
        /// Compressed bytes read.
        compressed: u64,
        /// Content bytes that came out of them.
        bytes: u64,
        /// The limit on content bytes for each compressed byte.
        limit: u64,
    },
}

/// The decompressed bytes of a file, within limits.
pub struct Content<R: Read> {
    stream: Stream<R>,
    compression: Compression,
    digest: Sha256,
    bytes: u64,
    max_bytes: u64,
    max_ratio: u64,
}

enum Stream<R: Read> {
    Plain(Counted<R>),
    Gzip(Box<MultiGzDecoder<Counted<R>>>),
    Bzip2(Box<MultiBzDecoder<Counted<R>>>),
    Zstd(Box<zstd::Decoder<'static, BufReader<Counted<R>>>>),
}

/// Counts what is read of a file, and remembers whether it was the file that failed.
struct Counted<R: Read> {
    inner: Chain<Cursor<Vec<u8>>, R>,
    bytes: u64,
    failed: bool,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(buffer) {
            Ok(count) => {
                self.bytes += count as u64;
                Ok(count)
            }
            Err(error) => {
                self.failed = error.kind() != io::ErrorKind::Interrupted;
                Err(error)
            }
        }
    }
}

impl<R: Read> Stream<R> {
    fn file(&self) -> &Counted<R> {
        match self {
            Self::Plain(file) => file,
            Self::Gzip(decoder) => decoder.get_ref(),
            Self::Bzip2(decoder) => decoder.get_ref(),
            Self::Zstd(decoder) => decoder.get_ref().get_ref(),
        }
    }
}

impl<R: Read> Content<R> {
    /// Looks at the first bytes of `file` and prepares to decompress it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn open(mut file: R, limits: &Limits) -> Result<Self, ContainerError> {
        let mut magic = Vec::with_capacity(Compression::MAGIC_BYTES);
        file.by_ref()
            .take(Compression::MAGIC_BYTES as u64)
            .read_to_end(&mut magic)
            .map_err(ContainerError::Io)?;
        let compression = Compression::of_magic(&magic);
        let file = Counted {
            inner: Cursor::new(magic).chain(file),
            bytes: 0,
            failed: false,
        };
        let stream = match compression {
            Compression::None => Stream::Plain(file),
            Compression::Gzip => Stream::Gzip(Box::new(MultiGzDecoder::new(file))),
            Compression::Bzip2 => Stream::Bzip2(Box::new(MultiBzDecoder::new(file))),
            Compression::Zstd => Stream::Zstd(Box::new(
                zstd::Decoder::new(file).map_err(ContainerError::Io)?,
            )),
        };
        Ok(Self {
            stream,
            compression,
            digest: Sha256::new(),
            bytes: 0,
            max_bytes: limits.max_bytes,
            max_ratio: limits.max_ratio,
        })
    }

    /// Reads the next bytes into `buffer`, and answers how many: 0 only at the end, or when the
    /// buffer is empty.
    ///
    /// # Errors
    /// When the file cannot be read, is damaged, or goes over a limit.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ContainerError> {
        let count = loop {
            let read = match &mut self.stream {
                Stream::Plain(file) => file.read(buffer),
                Stream::Gzip(decoder) => decoder.read(buffer),
                Stream::Bzip2(decoder) => decoder.read(buffer),
                Stream::Zstd(decoder) => decoder.read(buffer),
            };
            match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(count) => break count,
                Err(error) if self.stream.file().failed => return Err(ContainerError::Io(error)),
                Err(reason) => {
                    let (compression, bytes) = (self.compression, self.bytes);
                    return Err(ContainerError::Damaged {
                        compression,
                        bytes,
                        reason,
                    });
                }
            }
        };
        self.bytes += count as u64;
        self.digest.update(&buffer[..count]);
        self.check_limits()?;
        Ok(count)
    }

    fn check_limits(&self) -> Result<(), ContainerError> {
        if self.bytes > self.max_bytes {
            return Err(ContainerError::TooLarge {
                limit: self.max_bytes,
            });
        }
        let compressed = self.stream.file().bytes;
        if self.compression != Compression::None
            && self.bytes > Limits::RATIO_FREE_BYTES
            && self.bytes / self.max_ratio.max(1) > compressed
        {
            let (bytes, limit) = (self.bytes, self.max_ratio);
            return Err(ContainerError::ExpandsTooMuch {
                compressed,
                bytes,
                limit,
            });
        }
        Ok(())
    }

    /// How the file is compressed.
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// How many bytes came out so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The SHA-256 of all bytes that came out so far.
    pub fn sha256(&self) -> [u8; 32] {
        self.digest.clone().finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn bzip2(content: &[u8]) -> Vec<u8> {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn read_all(file: &[u8], limits: &Limits) -> Result<(Vec<u8>, Compression), ContainerError> {
        let mut content = Content::open(file, limits)?;
        let (mut all, mut buffer) = (Vec::new(), vec![0; 10_000]);
        loop {
            match content.read(&mut buffer)? {
                0 => break,
                count => all.extend_from_slice(&buffer[..count]),
            }
        }
        assert_eq!(content.bytes(), all.len() as u64);
        assert_eq!(content.sha256(), <[u8; 32]>::from(Sha256::digest(&all)));
        Ok((all, content.compression()))
    }

    #[test]
    fn the_same_content_comes_out_of_every_container() {
        let content: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        let two_members = [gzip(&content[..1_000]), gzip(&content[1_000..])].concat();
        let zstd = zstd::encode_all(&content[..], 1).unwrap();
        let cases = [
            ("plain", content.clone(), Compression::None),
            ("gzip", gzip(&content), Compression::Gzip),
            ("gzip of two members", two_members, Compression::Gzip),
            ("bzip2", bzip2(&content), Compression::Bzip2),
            (
                "bzip2 of nothing and more",
                [bzip2(b""), bzip2(&content)].concat(),
                Compression::Bzip2,
            ),
            ("zstd", zstd, Compression::Zstd),
        ];
        for (name, file, want) in cases {
            let (got, compression) = read_all(&file, &Limits::default()).expect(name);
            assert!(got == content, "{name}");
            assert_eq!(compression, want, "{name}");
        }
        for short in [
            &b""[..],
            b"\x1f",
            b"\x1f\x8b\x52\x5a",
            b"(\xb5/",
            b"BZh9 is no bzip2",
        ] {
            assert_eq!(read_all(short, &Limits::default()).unwrap().0, short);
        }
    }

    #[test]
    fn compression_that_is_cut_off_or_damaged_is_an_error() {
        let content = vec![b'x'; 300_000];
        let zstd = zstd::encode_all(&content[..], 1).unwrap();
        for file in [gzip(&content), bzip2(&content), zstd] {
            for end in Compression::MAGIC_BYTES..file.len() {
                let read = read_all(&file[..end], &Limits::default());
                assert!(
                    matches!(read, Err(ContainerError::Damaged { .. })),
                    "cut at {end}"
                );
            }
        }
        let mut damaged = gzip(&content);
        let checksum = damaged.len() - 5;
        damaged[checksum] ^= 1;
        assert!(matches!(
            read_all(&damaged, &Limits::default()),
            Err(ContainerError::Damaged { .. })
        ));
    }

    #[test]
    fn a_small_file_that_holds_too_much_is_refused() {
        let content = vec![0; 80 << 20];
        let bomb = zstd::encode_all(&content[..], 1).unwrap();
        let error = read_all(&bomb, &Limits::default()).unwrap_err();
        assert!(
            matches!(error, ContainerError::ExpandsTooMuch { .. }),
            "{error}"
        );
        let limits = Limits {
            max_bytes: 1_000,
            ..Limits::default()
        };
        let error = read_all(&gzip(&content[..1_001]), &limits).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the content has more than 1000 bytes, the most that is taken"
        );
        assert!(read_all(&gzip(&content[..1_000]), &limits).is_ok());
    }
}
