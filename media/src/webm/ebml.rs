//! The elements that Matroska is made of: an id, a size, and content of that size (RFC 8794).

pub(super) const EBML: u32 = 0x1A45_DFA3;
pub(super) const EBML_MAX_ID_LENGTH: u32 = 0x42F2;
pub(super) const EBML_MAX_SIZE_LENGTH: u32 = 0x42F3;
pub(super) const EBML_READ_VERSION: u32 = 0x42F7;
pub(super) const EBML_VERSION: u32 = 0x4286;
pub(super) const DOC_TYPE: u32 = 0x4282;
pub(super) const DOC_TYPE_VERSION: u32 = 0x4287;
pub(super) const DOC_TYPE_READ_VERSION: u32 = 0x4285;
pub(super) const SEGMENT: u32 = 0x1853_8067;
pub(super) const SEEK_HEAD: u32 = 0x114D_9B74;
pub(super) const INFO: u32 = 0x1549_A966;
pub(super) const TIMESTAMP_SCALE: u32 = 0x2A_D7B1;
pub(super) const DURATION: u32 = 0x4489;
pub(super) const DATE_UTC: u32 = 0x4461;
pub(super) const MUXING_APP: u32 = 0x4D80;
pub(super) const WRITING_APP: u32 = 0x5741;
pub(super) const TRACKS: u32 = 0x1654_AE6B;
pub(super) const TRACK_ENTRY: u32 = 0xAE;
pub(super) const TRACK_NUMBER: u32 = 0xD7;
pub(super) const TRACK_UID: u32 = 0x73C5;
pub(super) const TRACK_TYPE: u32 = 0x83;
pub(super) const FLAG_LACING: u32 = 0x9C;
pub(super) const CODEC_ID: u32 = 0x86;
pub(super) const CODEC_PRIVATE: u32 = 0x63A2;
pub(super) const VIDEO: u32 = 0xE0;
pub(super) const PIXEL_WIDTH: u32 = 0xB0;
pub(super) const PIXEL_HEIGHT: u32 = 0xBA;
pub(super) const CUES: u32 = 0x1C53_BB6B;
pub(super) const CUE_POINT: u32 = 0xBB;
pub(super) const CUE_TIME: u32 = 0xB3;
pub(super) const CUE_TRACK_POSITIONS: u32 = 0xB7;
pub(super) const CUE_TRACK: u32 = 0xF7;
pub(super) const CUE_CLUSTER_POSITION: u32 = 0xF1;
pub(super) const CLUSTER: u32 = 0x1F43_B675;
pub(super) const TIMESTAMP: u32 = 0xE7;
pub(super) const SIMPLE_BLOCK: u32 = 0xA3;
pub(super) const BLOCK_GROUP: u32 = 0xA0;
pub(super) const BLOCK: u32 = 0xA1;
pub(super) const REFERENCE_BLOCK: u32 = 0xFB;
pub(super) const TAGS: u32 = 0x1254_C367;
pub(super) const CHAPTERS: u32 = 0x1043_A770;
pub(super) const ATTACHMENTS: u32 = 0x1941_A469;

/// The longest header: an id of 4 bytes, a size of 8.
pub(super) const HEADER_BYTES_MAX: usize = 12;

/// An element's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) id: u32,
    /// Size of the content; `None` when it lasts until something comes that cannot stand in it.
    pub(super) size: Option<u64>,
    /// Size of the header itself.
    pub(super) length: usize,
}

/// Why there is no header yet, or none at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoHeader {
    NeedsMore,
    Invalid,
}

pub(super) fn read_header(bytes: &[u8]) -> Result<Header, NoHeader> {
    let first = *bytes.first().ok_or(NoHeader::NeedsMore)?;
    let id_length = first.leading_zeros() as usize + 1;
    if id_length > 4 {
        return Err(NoHeader::Invalid);
    }
    let id = bytes.get(..id_length).ok_or(NoHeader::NeedsMore)?;
    let id = id.iter().fold(0, |id, byte| id << 8 | u32::from(*byte));
    let rest = &bytes[id_length..];
    let first = *rest.first().ok_or(NoHeader::NeedsMore)?;
    let size_length = first.leading_zeros() as usize + 1;
    if size_length > 8 {
        return Err(NoHeader::Invalid);
    }
    let size = rest.get(..size_length).ok_or(NoHeader::NeedsMore)?;
    Ok(Header {
        id,
        size: vint(size),
        length: id_length + size_length,
    })
}

/// A number of variable length without its marker; `None` when all bits are ones: not known.
fn vint(bytes: &[u8]) -> Option<u64> {
    let number = bytes
        .iter()
        .fold(0, |n: u64, byte| n << 8 | u64::from(*byte));
    let bits = 7 * bytes.len() as u32;
    let value = number & ((1 << bits) - 1);
    (value != (1 << bits) - 1).then_some(value)
}

/// A number of variable length, and how many bytes it took.
pub(super) fn read_vint(bytes: &[u8]) -> Option<(u64, usize)> {
    let length = bytes.first()?.leading_zeros() as usize + 1;
    let number = bytes.get(..length.min(9)).filter(|_| length <= 8)?;
    Some((vint(number)?, length))
}

/// An unsigned integer of 0 to 8 bytes.
pub(super) fn unsigned(content: &[u8]) -> Option<u64> {
    (content.len() <= 8).then(|| {
        content
            .iter()
            .fold(0, |n: u64, byte| n << 8 | u64::from(*byte))
    })
}

/// The elements in some content, for as long as they are whole.
pub(super) fn children(mut content: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    std::iter::from_fn(move || {
        let header = read_header(content).ok()?;
        let size = usize::try_from(header.size?).ok()?;
        let inner = content.get(header.length..)?.get(..size)?;
        content = &content[header.length + size..];
        Some((header.id, inner))
    })
}

/// Appends an id.
pub(super) fn write_id(id: u32, out: &mut Vec<u8>) {
    let bytes = id.to_be_bytes();
    let zeros = id.leading_zeros() as usize / 8;
    out.extend_from_slice(&bytes[zeros..]);
}

/// Appends an element whose content is `content`.
pub(super) fn write_element(id: u32, content: &[u8], out: &mut Vec<u8>) {
    write_id(id, out);
    write_size_8(content.len() as u64, out);
    out.extend_from_slice(content);
}

/// Appends an unsigned integer, 8 bytes long, so that its size is known before its value.
pub(super) fn write_unsigned(id: u32, value: u64, out: &mut Vec<u8>) {
    write_id(id, out);
    out.push(0x88);
    out.extend_from_slice(&value.to_be_bytes());
}

/// Appends a size in 8 bytes.
pub(super) fn write_size_8(size: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(&(size | 1 << 56).to_be_bytes());
}

/// Appends a size in 4 bytes: up to 2²⁸ − 2.
pub(super) fn write_size_4(size: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&(size | 1 << 28).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_whole_or_not_at_all() {
        let cases: [(&[u8], Result<Header, NoHeader>); 7] = [
            (
                b"\x1f\x43\xb6\x75\x01\xff\xff\xff\xff\xff\xff\xff",
                Ok(Header {
                    id: CLUSTER,
                    size: None,
                    length: 12,
                }),
            ),
            (
                b"\xa3\x85",
                Ok(Header {
                    id: SIMPLE_BLOCK,
                    size: Some(5),
                    length: 2,
                }),
            ),
            (
                b"\xa3\x40\x02",
                Ok(Header {
                    id: SIMPLE_BLOCK,
                    size: Some(2),
                    length: 3,
                }),
            ),
            (b"\x1f\x43", Err(NoHeader::NeedsMore)),
            (b"", Err(NoHeader::NeedsMore)),
            (b"\x00", Err(NoHeader::Invalid)),
            (b"\xa3\x00", Err(NoHeader::Invalid)),
        ];
        for (bytes, want) in cases {
            assert_eq!(read_header(bytes), want, "{bytes:x?}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let mut bytes = Vec::new();
        write_unsigned(TIMESTAMP_SCALE, 1_000_000, &mut bytes);
        write_element(DOC_TYPE, b"webm", &mut bytes);
        write_id(SIMPLE_BLOCK, &mut bytes);
        write_size_4(3, &mut bytes);
        bytes.extend_from_slice(b"abc");
        let read: Vec<_> = children(&bytes).collect();
        assert_eq!(read[0].0, TIMESTAMP_SCALE);
        assert_eq!(unsigned(read[0].1), Some(1_000_000));
        assert_eq!(read[1], (DOC_TYPE, &b"webm"[..]));
        assert_eq!(read[2], (SIMPLE_BLOCK, &b"abc"[..]));
    }
}
