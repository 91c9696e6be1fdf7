//! Whether bytes hold together as WebM (Matroska, RFC 9559) or MP4 (ISO/IEC 14496-12): seen from the
//! outside, element by element, as they pass by. FFmpeg reads on past damage without saying where it
//! was; this says it, input by input.

/// The most of an MP4's index that is kept to compare parameters.
const MAX_MOOV: usize = 8 << 20;

/// Which kind of file begins with these bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    WebM,
    Mp4,
}

/// The kind of file that begins here, if one does.
pub(super) fn beginning(bytes: &[u8]) -> Option<Kind> {
    if bytes.starts_with(&[0x1a, 0x45, 0xdf, 0xa3]) {
        return Some(Kind::WebM);
    }
    (bytes.get(4..8) == Some(b"ftyp")).then_some(Kind::Mp4)
}

/// Follows a file from its beginning.
#[derive(Debug)]
pub(super) struct Structure {
    kind: Kind,
    /// The beginning of an element's head that is not complete yet.
    head: Vec<u8>,
    /// Bytes of the element that are still to come.
    skip: u64,
    /// Bytes that the segment still has, if it says so. WebM only.
    segment_left: Option<u64>,
    /// Not a file of this kind any more: nothing further is said.
    lost: bool,
    keeping: bool,
    moov: Vec<u8>,
    index_before_pictures: Option<bool>,
}

/// What is wrong where the bytes end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lost;

impl Structure {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            head: Vec::new(),
            skip: 0,
            segment_left: None,
            lost: false,
            keeping: false,
            moov: Vec::new(),
            index_before_pictures: None,
        }
    }

    /// Follows the next bytes. Says once if they do not go on as the file began.
    pub(super) fn follow(&mut self, mut bytes: &[u8]) -> Result<(), Lost> {
        while !bytes.is_empty() && !self.lost {
            if self.skip > 0 {
                let here = usize::try_from(self.skip).map_or(bytes.len(), |s| s.min(bytes.len()));
                let (passed, rest) = bytes.split_at(here);
                if self.keeping {
                    let room = MAX_MOOV - self.moov.len().min(MAX_MOOV);
                    self.moov.extend_from_slice(&passed[..here.min(room)]);
                }
                self.pass(here as u64);
                self.skip -= here as u64;
                bytes = rest;
                continue;
            }
            self.head.push(bytes[0]);
            bytes = &bytes[1..];
            let element = match self.kind {
                Kind::WebM => webm_element(&self.head),
                Kind::Mp4 => mp4_box(&self.head),
            };
            match element {
                Element::Incomplete => {}
                Element::Unknown => {
                    self.lost = true;
                    return Err(Lost);
                }
                Element::Enter { size } => {
                    if self.head.starts_with(&SEGMENT) {
                        self.segment_left = size;
                    } else {
                        self.pass(self.head.len() as u64);
                    }
                    self.head.clear();
                }
                Element::Skip { size } => {
                    self.keeping = self.head.get(4..8) == Some(b"moov");
                    if self.kind == Kind::Mp4 && self.index_before_pictures.is_none() {
                        self.index_before_pictures = match self.head.get(4..8) {
                            Some(b"moov") => Some(true),
                            Some(b"mdat") => Some(false),
                            _ => None,
                        };
                    }
                    self.pass(self.head.len() as u64);
                    self.skip = size;
                    self.head.clear();
                }
            }
        }
        Ok(())
    }

    /// Whether the file may end here.
    pub(super) fn is_whole(&self) -> bool {
        self.lost
            || (self.skip == 0
                && self.head.is_empty()
                && self.segment_left.is_none_or(|left| left == 0))
    }

    /// The index of an MP4, as far as it has come.
    pub(super) fn moov(&self) -> &[u8] {
        &self.moov
    }

    /// Whether the index of an MP4 comes before its pictures, once that is known.
    pub(super) fn index_before_pictures(&self) -> Option<bool> {
        self.index_before_pictures
    }

    fn pass(&mut self, bytes: u64) {
        if let Some(left) = &mut self.segment_left {
            *left = left.saturating_sub(bytes);
        }
    }
}

enum Element {
    /// More bytes are needed to tell.
    Incomplete,
    /// Nothing that may stand here.
    Unknown,
    /// Its children follow.
    Enter { size: Option<u64> },
    /// Its bytes follow.
    Skip { size: u64 },
}

const SEGMENT: [u8; 4] = [0x18, 0x53, 0x80, 0x67];
const CLUSTER: [u8; 4] = [0x1f, 0x43, 0xb6, 0x75];

/// What stands in a WebM file at the level of segments and clusters.
const SKIPPED: [&[u8]; 17] = [
    &[0x1a, 0x45, 0xdf, 0xa3], // EBML
    &[0x11, 0x4d, 0x9b, 0x74], // SeekHead
    &[0x15, 0x49, 0xa9, 0x66], // Info
    &[0x16, 0x54, 0xae, 0x6b], // Tracks
    &[0x1c, 0x53, 0xbb, 0x6b], // Cues
    &[0x10, 0x43, 0xa7, 0x70], // Chapters
    &[0x12, 0x54, 0xc3, 0x67], // Tags
    &[0x19, 0x41, 0xa4, 0x69], // Attachments
    &[0xec],                   // Void
    &[0xbf],                   // CRC-32
    &[0xe7],                   // Timestamp
    &[0xa7],                   // Position
    &[0xab],                   // PrevSize
    &[0xa3],                   // SimpleBlock
    &[0xa0],                   // BlockGroup
    &[0xaf],                   // EncryptedBlock
    &[0x58, 0x54],             // SilentTracks
];

fn webm_element(head: &[u8]) -> Element {
    let Some(&first) = head.first() else {
        return Element::Incomplete;
    };
    let id_length = first.leading_zeros() as usize + 1;
    if id_length > 4 {
        return Element::Unknown;
    }
    let Some(id) = head.get(..id_length) else {
        return Element::Incomplete;
    };
    let enter = id == SEGMENT || id == CLUSTER;
    if !enter && !SKIPPED.contains(&id) {
        return Element::Unknown;
    }
    let Some(&first) = head.get(id_length) else {
        return Element::Incomplete;
    };
    let size_length = first.leading_zeros() as usize + 1;
    if size_length > 8 {
        return Element::Unknown;
    }
    let Some(rest) = head.get(id_length + 1..id_length + size_length) else {
        return Element::Incomplete;
    };
    // The marker bit goes; seven bits of each byte are left. All ones: the size is not known.
    let low = u64::from(first) & ((1 << (8 - size_length)) - 1);
    let size = rest
        .iter()
        .fold(low, |size, &byte| size << 8 | u64::from(byte));
    let known = size != (1 << (7 * size_length)) - 1;
    match (enter, known) {
        (true, _) => Element::Enter {
            size: known.then_some(size),
        },
        (false, true) => Element::Skip { size },
        (false, false) => Element::Unknown,
    }
}

fn mp4_box(head: &[u8]) -> Element {
    let Some((size, rest)) = head.split_first_chunk::<4>() else {
        return Element::Incomplete;
    };
    let Some((name, rest)) = rest.split_first_chunk::<4>() else {
        return Element::Incomplete;
    };
    if !name.iter().all(|b| b.is_ascii_graphic() || *b == b' ') {
        return Element::Unknown;
    }
    match u32::from_be_bytes(*size) {
        // To the end of the file, wherever that is: it cannot be cut off.
        0 => Element::Unknown,
        1 => match rest.first_chunk::<8>() {
            None => Element::Incomplete,
            Some(large) => match u64::from_be_bytes(*large).checked_sub(16) {
                Some(size) => Element::Skip { size },
                None => Element::Unknown,
            },
        },
        size => match size.checked_sub(8) {
            Some(size) => Element::Skip { size: size.into() },
            None => Element::Unknown,
        },
    }
}

/// The parameters of an H.264 track: the contents of the first `avcC` box (ISO/IEC 14496-15) in an index.
pub(super) fn avc_parameters(moov: &[u8]) -> Option<&[u8]> {
    let at = memchr::memmem::find(moov, b"avcC")?;
    let size = moov.get(at.checked_sub(4)?..at)?.first_chunk::<4>()?;
    let contents = (u32::from_be_bytes(*size) as usize).checked_sub(8)?;
    moov.get(at + 4..)?.get(..contents)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An EBML head, a segment of unknown size, a cluster of 6 bytes.
    const LIVE: &[u8] = &[
        0x1a, 0x45, 0xdf, 0xa3, 0x80, 0x18, 0x53, 0x80, 0x67, 0xff, 0x1f, 0x43, 0xb6, 0x75, 0x86,
        0xe7, 0x81, 0x00, 0xa3, 0x81, 0x01,
    ];
    const MP4: &[u8] = b"\0\0\0\x0cftypisom\0\0\0\x0amoovxx\0\0\0\x09mdatx";

    #[test]
    fn a_file_is_whole_only_where_an_element_ends() {
        let cases = [
            ("webm", Kind::WebM, LIVE, vec![5, 10, 15, 18, 21]),
            ("mp4", Kind::Mp4, MP4, vec![12, 22, 31]),
        ];
        for (name, kind, bytes, whole) in cases {
            for end in 1..=bytes.len() {
                let mut structure = Structure::new(kind);
                assert_eq!(structure.follow(&bytes[..end]), Ok(()), "{name} to {end}");
                assert_eq!(
                    structure.is_whole(),
                    whole.contains(&end),
                    "{name} to {end}"
                );
            }
        }
    }

    #[test]
    fn a_segment_that_says_its_size_is_whole_only_when_it_has_come() {
        let mut bytes = LIVE.to_vec();
        bytes[9] = 0x80 | 11;
        let mut structure = Structure::new(Kind::WebM);
        assert_eq!(structure.follow(&bytes[..18]), Ok(()));
        assert!(!structure.is_whole());
        assert_eq!(structure.follow(&bytes[18..]), Ok(()));
        assert!(structure.is_whole());
    }

    #[test]
    fn bytes_that_do_not_belong_are_told_once() {
        let mut structure = Structure::new(Kind::WebM);
        assert_eq!(structure.follow(LIVE), Ok(()));
        assert_eq!(structure.follow(b"\0something else"), Err(Lost));
        assert_eq!(structure.follow(b"\0more of it"), Ok(()));
    }

    #[test]
    fn an_index_is_kept_with_its_parameters() {
        let bytes = b"\0\0\0\x0cftypisom\0\0\0\x13moov\0\0\0\x0bavcCabc\0\0\0\x08mdat";
        let mut structure = Structure::new(Kind::Mp4);
        for byte in bytes {
            assert_eq!(structure.follow(&[*byte]), Ok(()));
        }
        assert_eq!(structure.index_before_pictures(), Some(true));
        assert_eq!(avc_parameters(structure.moov()), Some(&b"abc"[..]));
        assert_eq!(avc_parameters(b"\xff\xff\xff\xffavcC"), None);
        assert_eq!(avc_parameters(b"avcC"), None);
    }

    proptest! {
        #[test]
        fn nothing_read_panics(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            cut in 0_usize..200,
            webm: bool,
        ) {
            let mut file = if webm { LIVE.to_vec() } else { MP4.to_vec() };
            file.extend_from_slice(&bytes);
            let kind = beginning(&file).unwrap();
            let mut structure = Structure::new(kind);
            let cut = cut.min(file.len());
            let _ = structure.follow(&file[..cut]);
            let _ = structure.follow(&file[cut..]);
            let _ = structure.is_whole();
            let _ = avc_parameters(&bytes);
        }
    }
}
