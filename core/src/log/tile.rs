//! The resources of [C2SP tlog-tiles](https://c2sp.org/tlog-tiles): their addresses, and the
//! bundles of entries. What they hold comes from [`super::EventLog`].

use std::fmt;
use std::str::FromStr;

/// How many hashes, or entries, a full tile has.
pub const FULL: u64 = 256;
/// The levels that a tree of less than 2^64 leaves has.
const LEVELS: u8 = 8;

/// Which rows of a log a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rows {
    /// The hashes of the nodes of the level `8 × tile level` of the tree: 0 are the leaves.
    Hashes {
        /// The tile level, 0 to 7.
        level: u8,
    },
    /// The leaves themselves.
    Entries,
}

/// The address of a tile: `tile/{level}/{index}[.p/{width}]` or `tile/entries/…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tile {
    /// What it holds.
    pub rows: Rows,
    /// Its place among the tiles of its level.
    pub index: u64,
    /// How many hashes or entries it has: 1 to 256, and 256 if it is full.
    pub width: u64,
}

/// An address that is not one of a tile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "not the address of a tile: expected `{{level}}/{{index}}` or `entries/{{index}}`, with the index \
     in parts of 3 digits as in `x001/067`, and `.p/{{width}}` for a partial one"
)]
pub struct NotATile;

impl Tile {
    /// The tiles of a level of a tree of `size` leaves: all full ones in `[first, …)`, and the
    /// partial one at the end, if there is one.
    pub fn of_tree(rows: Rows, first: u64, size: u64) -> impl Iterator<Item = Self> {
        let count = match rows {
            Rows::Hashes { level } => size.checked_shr(8 * u32::from(level)).unwrap_or(0),
            Rows::Entries => size,
        };
        let full = count / FULL;
        let partial = (count % FULL > 0).then_some(full);
        (first..full)
            .chain(partial.filter(|index| *index >= first))
            .map(move |index| Self {
                rows,
                index,
                width: (count - index * FULL).min(FULL),
            })
    }

    /// Its rows, counted from the first of the level.
    pub fn range(self) -> Option<std::ops::Range<u64>> {
        let start = self.index.checked_mul(FULL)?;
        Some(start..start.checked_add(self.width)?)
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rows {
            Rows::Hashes { level } => write!(f, "tile/{level}/")?,
            Rows::Entries => f.write_str("tile/entries/")?,
        }
        let mut parts = [0; 7];
        let (mut count, mut rest) = (0, self.index);
        loop {
            parts[count] = rest % 1000;
            (count, rest) = (count + 1, rest / 1000);
            if rest == 0 {
                break;
            }
        }
        for part in parts[1..count].iter().rev() {
            write!(f, "x{part:03}/")?;
        }
        write!(f, "{:03}", parts[0])?;
        if self.width < FULL {
            write!(f, ".p/{}", self.width)?;
        }
        Ok(())
    }
}

impl FromStr for Tile {
    type Err = NotATile;

    /// Reads what follows `tile/`.
    fn from_str(address: &str) -> Result<Self, NotATile> {
        let (rows, path) = address.split_once('/').ok_or(NotATile)?;
        let rows = match rows {
            "entries" => Rows::Entries,
            level => Rows::Hashes {
                level: level
                    .parse()
                    .ok()
                    .filter(|level| *level < LEVELS)
                    .ok_or(NotATile)?,
            },
        };
        let (path, width) = match path.split_once(".p/") {
            None => (path, FULL),
            Some((path, width)) => (
                path,
                width
                    .parse()
                    .ok()
                    .filter(|width| (1..FULL).contains(width))
                    .ok_or(NotATile)?,
            ),
        };
        let mut index = 0u64;
        for part in path.split('/') {
            let number: u64 = part
                .trim_start_matches('x')
                .parse()
                .ok()
                .filter(|number| *number < 1000)
                .ok_or(NotATile)?;
            index = index
                .checked_mul(1000)
                .and_then(|index| index.checked_add(number))
                .ok_or(NotATile)?;
        }
        // One tile has one address: what is written otherwise is none.
        let tile = Self { rows, index, width };
        if tile.to_string().strip_prefix("tile/") == Some(address) {
            Ok(tile)
        } else {
            Err(NotATile)
        }
    }
}

/// Appends an entry to a bundle: its length in two bytes, the high one first, and its bytes.
/// Answers `false` when it is too long for a bundle; a leaf of a log never is.
#[must_use]
pub fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> bool {
    let Ok(length) = u16::try_from(entry.len()) else {
        return false;
    };
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    true
}

/// The entries of a bundle. `None` when it ends in the middle of one.
pub fn entries(mut bundle: &[u8]) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::new();
    while let Some((length, rest)) = bundle.split_first_chunk::<2>() {
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        entries.push(entry);
        bundle = rest;
    }
    bundle.is_empty().then_some(entries)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_are_those_of_the_specification() {
        let cases = [
            ("0/000", Rows::Hashes { level: 0 }, 0, 256),
            ("1/x001/067", Rows::Hashes { level: 1 }, 1_067, 256),
            (
                "2/x001/x234/067.p/7",
                Rows::Hashes { level: 2 },
                1_234_067,
                7,
            ),
            ("entries/x001/x000/000.p/255", Rows::Entries, 1_000_000, 255),
        ];
        for (path, rows, index, width) in cases {
            let tile = Tile { rows, index, width };
            assert_eq!(path.parse(), Ok(tile), "{path}");
            assert_eq!(tile.to_string(), format!("tile/{path}"));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let cases = [
            "",
            "0",
            "0/",
            "0/0",
            "0/0000",
            "00/000",
            "8/000",
            "-1/000",
            "+1/000",
            "x/000",
            "0/x000/067",
            "0/001/067",
            "0/x001/x067",
            "0/000.p/0",
            "0/000.p/256",
            "0/000.p/07",
            "0/000.p/1/",
            "0/000/",
            "/000",
            "entries/",
            "data/000",
            "0/x01/067",
            "0/\u{663}00",
            "0/x018/x446/x744/x073/x709/x551/616",
            "0/x999/x999/x999/x999/x999/x999/x999/x999/999",
            "0/000.p/1.p/1",
        ];
        for path in cases {
            assert_eq!(path.parse::<Tile>(), Err(NotATile), "{path}");
        }
    }

    #[test]
    fn a_tree_has_the_tiles_of_the_specification() {
        let tiles = |level| Tile::of_tree(Rows::Hashes { level }, 0, 70_000);
        assert_eq!(tiles(0).count(), 274);
        assert_eq!(tiles(0).last().unwrap().width, 112);
        let widths = |level| tiles(level).map(|tile| tile.width).collect::<Vec<_>>();
        assert_eq!(widths(1), [256, 17]);
        assert_eq!(widths(2), [1]);
        assert!(widths(3).is_empty());
        assert_eq!(Tile::of_tree(Rows::Entries, 273, 70_000).count(), 1);
        assert_eq!(Tile::of_tree(Rows::Entries, 274, 70_000).count(), 0);
        assert_eq!(Tile::of_tree(Rows::Entries, 0, 512).count(), 2);
    }

    proptest! {
        /// The same addresses as an implementation that is not ours has, but for the height.
        #[test]
        fn another_implementation_agrees(level in 0u8..8, index: u64, width in 1u32..=256) {
            let tile = Tile { rows: Rows::Hashes { level }, index, width: width.into() };
            let theirs = tlog_tiles::Tile::new(8, level, index, width, false).path();
            prop_assert_eq!(tile.to_string(), theirs.replacen("tile/8/", "tile/", 1));
            prop_assert_eq!(tile.to_string()["tile/".len()..].parse(), Ok(tile));
        }

        #[test]
        fn any_text_is_an_address_or_is_refused(path in "[0-9]/(x[0-9]{3}/){0,7}[0-9]{3}(.p/[0-9]{1,3})?") {
            if let Ok(tile) = path.parse::<Tile>() {
                prop_assert_eq!(tile.to_string(), format!("tile/{path}"));
            }
        }

        #[test]
        fn entries_come_out_of_a_bundle_as_they_went_in(
            all in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..20),
            cut in 1usize..80,
        ) {
            let mut bundle = Vec::new();
            for entry in &all {
                prop_assert!(push_entry(&mut bundle, entry));
            }
            prop_assert_eq!(entries(&bundle).unwrap(), all.iter().map(Vec::as_slice).collect::<Vec<_>>());
            let shorter = bundle.len().saturating_sub(cut);
            if let Some(fewer) = entries(&bundle[..shorter]) {
                prop_assert!(fewer.len() < all.len() || all.is_empty());
            }
        }
    }

    #[test]
    fn an_entry_too_long_for_a_bundle_is_not_put_into_it() {
        let mut bundle = Vec::new();
        assert!(push_entry(&mut bundle, &vec![0; 65_535]));
        assert!(!push_entry(&mut bundle, &vec![0; 65_536]));
        assert_eq!(bundle.len(), 65_537);
    }
}
