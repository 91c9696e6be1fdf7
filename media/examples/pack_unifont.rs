//! Packs the bitmaps of GNU Unifont into the file that `retrace_media::terminal` carries.
//!
//! `cargo run -p retrace-media --example pack_unifont -- unifont.otf unifont_upper.otf unifont.zst`
//!
//! The outlines of Unifont are squares on a grid of 16 to the em, so a look at the middle of each
//! square gives the bitmap back. The layout of the result stands in
//! `media/src/terminal/font/fallback.rs`.

#![allow(
    clippy::unwrap_used,
    reason = "a tool that cannot go on says where and stops"
)]

use std::collections::BTreeMap;
use std::fs;

use ab_glyph::{Font, FontVec, PxScale, ScaleFont, point};

const ROWS: usize = 16;
/// Rows above the baseline.
const ASCENT: f32 = 14.0;
const ZSTD_LEVEL: i32 = 22;

struct Glyph {
    columns: u32,
    rows: [u16; ROWS],
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (target, sources) = arguments
        .split_last()
        .expect("fonts, and the file to write");
    let mut glyphs = BTreeMap::new();
    for source in sources {
        let font = FontVec::try_from_vec(fs::read(source).unwrap()).unwrap();
        for (id, character) in font.codepoint_ids() {
            glyphs.insert(u32::from(character), bitmap(&font, id));
        }
    }

    let mut runs: Vec<[u32; 3]> = Vec::new();
    let mut bitmaps = Vec::new();
    for (&character, glyph) in &glyphs {
        match runs.last_mut() {
            Some([first, count, columns])
                if *first + *count == character && *columns == glyph.columns =>
            {
                *count += 1;
            }
            _ => runs.push([character, 1, glyph.columns]),
        }
        for row in glyph.rows {
            let [left, right] = row.to_be_bytes();
            bitmaps.push(left);
            if glyph.columns == 2 {
                bitmaps.push(right);
            }
        }
    }

    let mut packed = u32::try_from(runs.len()).unwrap().to_le_bytes().to_vec();
    packed.extend(runs.iter().flatten().flat_map(|n| n.to_le_bytes()));
    packed.extend(&bitmaps);
    let compressed = zstd::bulk::compress(&packed, ZSTD_LEVEL).unwrap();
    fs::write(target, compressed).unwrap();
}

/// The glyph on its grid, the leftmost pixel in the highest bit.
fn bitmap(font: &FontVec, id: ab_glyph::GlyphId) -> Glyph {
    let units = font.units_per_em().unwrap();
    let scale = PxScale::from(ROWS as f32 * font.height_unscaled() / units);
    let advance = font.as_scaled(scale).h_advance(id);
    let mut glyph = Glyph {
        columns: if advance > 8.5 { 2 } else { 1 },
        rows: [0; ROWS],
    };
    let positioned = id.with_scale_and_position(scale, point(0.0, ASCENT));
    let Some(outline) = font.outline_glyph(positioned) else {
        return glyph;
    };
    let bounds = outline.px_bounds();
    // A mark stands to the left of where it is drawn, over the letter before it.
    let shift = if bounds.min.x < 0.0 {
        ROWS as f32 / 2.0
    } else {
        0.0
    };
    let left = (bounds.min.x + shift).max(0.0);
    if advance < 0.5 && left + bounds.width() > 8.5 {
        glyph.columns = 2;
    }
    outline.draw(|x, y, coverage| {
        let (x, y) = (left as i32 + x as i32, bounds.min.y as i32 + y as i32);
        if coverage > 0.5 && (0..16).contains(&x) && (0..16).contains(&y) {
            glyph.rows[y as usize] |= 0x8000 >> x;
        }
    });
    glyph
}
