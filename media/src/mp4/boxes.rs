//! The boxes that a file is made of, and the numbers in them.

/// Four characters that name something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FourCc([u8; 4]);

impl FourCc {
    pub(super) fn as_bytes(&self) -> &[u8; 4] {
        &self.0
    }

    /// Whether it can name a box: QuickTime's names of people's own boxes begin with a copyright sign.
    pub(super) fn is_ascii_graphic_or_space(self) -> bool {
        let first = self.0[0];
        (first == 0xA9 || first.is_ascii_graphic())
            && self.0[1..]
                .iter()
                .all(|byte| byte.is_ascii_graphic() || *byte == b' ')
    }

    pub(super) fn to_text(self) -> String {
        String::from_utf8_lossy(&self.0).trim_end().to_owned()
    }
}

/// A box's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: FourCc,
    /// Size of the content; `None` when it goes on to the end of the file.
    pub(super) size: Option<u64>,
    /// Size of the header itself.
    pub(super) length: u64,
    /// The size does not even hold the header.
    pub(super) is_too_small: bool,
}

impl Header {
    pub(super) const BYTES_MAX: u64 = 16;

    /// `None` when more bytes are needed.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let small = fields.u32()?;
        let kind = fields.four_cc()?;
        let (whole, length) = match small {
            0 => (None, 8),
            1 => (Some(fields.u64()?), 16),
            small => (Some(u64::from(small)), 8),
        };
        Some(Self {
            kind,
            size: whole.map(|whole| whole.saturating_sub(length)),
            length,
            is_too_small: whole.is_some_and(|whole| whole < length),
        })
    }
}

/// The boxes in a box, as far as they are whole.
pub(super) fn children(mut content: &[u8]) -> impl Iterator<Item = (FourCc, &[u8])> {
    std::iter::from_fn(move || {
        let header = Header::read(content).filter(|header| !header.is_too_small)?;
        let from = usize::try_from(header.length).ok()?;
        let to = match header.size {
            Some(size) => from.checked_add(usize::try_from(size).ok()?)?,
            None => content.len(),
        };
        let child = content.get(from..to)?;
        content = &content[to..];
        Some((header.kind, child))
    })
}

/// The first box of a kind in a box.
pub(super) fn child<'a>(content: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    children(content)
        .find(|(found, _)| found.as_bytes() == kind)
        .map(|(_, content)| content)
}

/// Numbers that follow each other, the highest byte first.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    pub(super) fn skip(&mut self, bytes: usize) -> Option<()> {
        self.0 = self.0.get(bytes..)?;
        Some(())
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }

    pub(super) fn four_cc(&mut self) -> Option<FourCc> {
        self.take().map(FourCc)
    }

    /// The version and the flags that many boxes begin with.
    pub(super) fn version_and_flags(&mut self) -> Option<(u8, u32)> {
        let both = self.u32()?;
        Some(((both >> 24) as u8, both & 0x00FF_FFFF))
    }

    /// A number of 8 bytes in version 1, else of 4.
    pub(super) fn of_version(&mut self, version: u8) -> Option<u64> {
        if version == 1 {
            self.u64()
        } else {
            self.u32().map(u64::from)
        }
    }
}
