//! The head of a frame.

/// Before 1990 there were no such recordings, and after 2100 there are none yet.
const BELIEVED_SECONDS: std::ops::Range<u32> = 631_152_000..4_102_444_800;
/// The most bytes of a frame by which a file is known: terminals are read in pieces of some KiB.
const BELIEVED_BYTES: u32 = 1 << 20;

/// The order of a number's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

/// The head of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) seconds: u32,
    pub(super) micros: u32,
    /// How many bytes of output follow.
    pub(super) length: u32,
}

impl Head {
    pub(super) const BYTES: usize = 12;

    pub(super) fn read(bytes: &[u8], order: Order) -> Option<Self> {
        let (numbers, _) = bytes.get(..Self::BYTES)?.as_chunks::<4>();
        let number = |index: usize| match order {
            Order::Little => u32::from_le_bytes(numbers[index]),
            Order::Big => u32::from_be_bytes(numbers[index]),
        };
        Some(Self {
            seconds: number(0),
            micros: number(1),
            length: number(2),
        })
    }

    /// Microseconds since 1970, or since whatever the recorder counted from.
    pub(super) fn us(self) -> u64 {
        u64::from(self.seconds) * 1_000_000 + u64::from(self.micros)
    }

    /// Whether its time is a time of day.
    pub(super) fn is_dated(self) -> bool {
        BELIEVED_SECONDS.contains(&self.seconds)
    }

    pub(super) fn is_valid(self) -> bool {
        self.micros < 1_000_000
    }

    fn is_believed(self) -> bool {
        self.is_valid() && self.is_dated() && self.length <= BELIEVED_BYTES
    }
}

/// The order of bytes with which `beginning` is that of a ttyrec: one frame to the very end of the
/// file, or three, follow each other, in time as well.
pub(super) fn order_of(beginning: &[u8], is_all: bool) -> Option<Order> {
    const ENOUGH: usize = 3;
    let follow = |order: Order| {
        let (mut at, mut count, mut last_us) = (0_usize, 0, 0);
        while let Some(head) = beginning.get(at..).and_then(|rest| Head::read(rest, order)) {
            if !head.is_believed() || head.us() < last_us {
                return false;
            }
            (last_us, count) = (head.us(), count + 1);
            at += Head::BYTES + head.length as usize;
        }
        let ends_here = is_all && at == beginning.len() && count > 0;
        let goes_beyond = !is_all && at > beginning.len() && count > 1;
        count >= ENOUGH || ends_here || goes_beyond
    };
    [Order::Little, Order::Big]
        .into_iter()
        .find(|order| follow(*order))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(seconds: u32, micros: u32, output: &[u8]) -> Vec<u8> {
        let length = u32::try_from(output.len()).unwrap();
        let head = [seconds, micros, length].map(u32::to_le_bytes);
        [head.as_flattened(), output].concat()
    }

    #[test]
    fn a_ttyrec_is_told_from_other_files() {
        let one = frame(1_512_942_573, 0, b"hello");
        let three = [one.clone(), frame(1_512_942_573, 999_999, b""), one.clone()].concat();
        let back = [one.clone(), frame(1_512_942_572, 0, b""), one.clone()].concat();
        let good = [
            one.clone(),
            frame(1_512_942_574, 0, b"x"),
            frame(1_512_942_574, 5, b"y"),
        ]
        .concat();
        let cases: [(&[u8], bool, bool); 10] = [
            (&one, true, true),
            (&one, false, false),
            (&one[..14], true, false),
            (&good, true, true),
            (&good[..good.len() - 1], true, true),
            (&three, true, false), // the third is earlier
            (&back, true, false),
            (&frame(1_512_942_573, 1_000_000, b"hello"), true, false),
            (
                b"{\"version\": 2, \"width\": 80, \"height\": 24}\n",
                true,
                false,
            ),
            (b"", true, false),
        ];
        for (index, (beginning, is_all, want)) in cases.into_iter().enumerate() {
            let got = order_of(beginning, is_all).is_some();
            assert_eq!(got, want, "case {index}");
        }
        let mut big = good.clone();
        for at in [0, 17, 30] {
            for number in big[at..at + 12].chunks_mut(4) {
                number.reverse();
            }
        }
        assert_eq!(order_of(&big, true), Some(Order::Big));
    }
}
