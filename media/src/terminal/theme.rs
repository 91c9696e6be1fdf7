//! Colours.

use avt::{Color, Pen};
use serde::{Deserialize, Serialize};

/// Red, green and blue.
pub type Rgb = [u8; 3];

/// The colours of a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Theme {
    /// Of text, where the program chose none.
    pub foreground: Rgb,
    /// Behind the text, where the program chose none.
    pub background: Rgb,
    /// The sixteen colours that programs know by number.
    pub palette: [Rgb; 16],
}

impl Default for Theme {
    /// The colours that the asciinema player shows where a recording names none.
    fn default() -> Self {
        let bright_and_dark = [
            [0xdd, 0x3c, 0x69],
            [0x4e, 0xbf, 0x22],
            [0xdd, 0xaf, 0x3c],
            [0x26, 0xb0, 0xd7],
            [0xb9, 0x54, 0xe1],
            [0x54, 0xe1, 0xb9],
        ];
        let mut palette = [[0; 3]; 16];
        palette[1..7].copy_from_slice(&bright_and_dark);
        palette[7] = [0xd9; 3];
        palette[8] = [0x4d; 3];
        palette[9..15].copy_from_slice(&bright_and_dark);
        palette[15] = [0xff; 3];
        Self {
            foreground: [0xcc; 3],
            background: [0x12, 0x13, 0x14],
            palette,
        }
    }
}

#[derive(Deserialize)]
struct Header {
    theme: Option<Colours>,
    term: Option<Term>,
}

#[derive(Deserialize)]
struct Term {
    theme: Option<Colours>,
}

#[derive(Deserialize)]
struct Colours {
    fg: String,
    bg: String,
    palette: String,
}

impl Theme {
    /// The theme that the header of an asciicast names: `theme` in version 2, `term.theme` in version
    /// 3, with `fg`, `bg` and `palette` of 8 or 16 colours, each `#rrggbb`. `None` when it names none,
    /// or something else: a recording is shown whatever it says of colours.
    pub fn of_recording(header: &str) -> Option<Self> {
        let header: Header = serde_json::from_str(header).ok()?;
        let colours = header
            .theme
            .or_else(|| header.term.and_then(|term| term.theme))?;
        let listed: Vec<Rgb> = colours.palette.split(':').map(rgb).collect::<Option<_>>()?;
        let mut palette = [[0; 3]; 16];
        match listed.len() {
            16 => palette.copy_from_slice(&listed),
            8 => {
                palette[..8].copy_from_slice(&listed);
                palette[8..].copy_from_slice(&listed);
            }
            _ => return None,
        }
        Some(Self {
            foreground: rgb(&colours.fg)?,
            background: rgb(&colours.bg)?,
            palette,
        })
    }

    /// The colour of a character that was written so, and the one behind it.
    pub(crate) fn of_pen(&self, pen: &Pen) -> [Rgb; 2] {
        let ink = match pen.foreground() {
            None => self.foreground,
            Some(Color::Indexed(dark @ 0..8)) if pen.is_bold() => {
                self.colour(Color::Indexed(dark + 8))
            }
            Some(colour) => self.colour(colour),
        };
        let paper = pen.background();
        let paper = paper.map_or(self.background, |colour| self.colour(colour));
        let (mut ink, mut paper) = (ink, paper);
        if pen.is_inverse() {
            (ink, paper) = (paper, ink);
        }
        if pen.is_faint() {
            ink = mix(paper, ink, 1, 2);
        }
        [ink, paper]
    }

    /// A colour as a program names it.
    pub(crate) fn colour(&self, colour: Color) -> Rgb {
        match colour {
            Color::RGB(avt::Rgb { r, g, b }) => [r, g, b],
            Color::Indexed(index @ 0..16) => self.palette[usize::from(index)],
            // The cube of xterm: six steps of each, the first wider than the others.
            Color::Indexed(index @ 16..232) => {
                let step = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
                let index = index - 16;
                [step(index / 36), step(index / 6 % 6), step(index % 6)]
            }
            Color::Indexed(index) => [8 + 10 * (index - 232); 3],
        }
    }
}

fn rgb(text: &str) -> Option<Rgb> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let number = u32::from_str_radix(digits, 16).ok()?;
    let [_, red, green, blue] = number.to_be_bytes();
    Some([red, green, blue])
}

/// The colour between two, `share` of `whole` of the way from the first to the second.
pub(crate) fn mix(from: Rgb, to: Rgb, share: u8, whole: u8) -> Rgb {
    let (share, whole) = (u32::from(share.min(whole)), u32::from(whole.max(1)));
    std::array::from_fn(|i| {
        let (from, to) = (u32::from(from[i]), u32::from(to[i]));
        ((from * (whole - share) + to * share + whole / 2) / whole) as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_colours_are_those_of_xterm() {
        let cases = [
            (0, [0, 0, 0]),
            (9, [0xdd, 0x3c, 0x69]),
            (16, [0, 0, 0]),
            (17, [0, 0, 95]),
            (123, [135, 255, 255]),
            (231, [255, 255, 255]),
            (232, [8, 8, 8]),
            (255, [238, 238, 238]),
        ];
        for (index, want) in cases {
            assert_eq!(
                Theme::default().colour(Color::Indexed(index)),
                want,
                "{index}"
            );
        }
    }

    #[test]
    fn a_recording_may_name_its_colours() {
        let eight = ["#000001"; 8].join(":");
        let named = format!(r##"{{"fg":"#d0d0d0","bg":"#202020","palette":"{eight}"}}"##);
        for header in [
            format!(r#"{{"version":2,"theme":{named}}}"#),
            format!(r#"{{"version":3,"term":{{"cols":80,"theme":{named}}}}}"#),
        ] {
            let theme = Theme::of_recording(&header).unwrap();
            assert_eq!(theme.foreground, [0xd0; 3]);
            assert_eq!(theme.background, [0x20; 3]);
            assert_eq!(theme.palette, [[0, 0, 1]; 16]);
        }
        for header in [
            String::new(),
            "{}".to_owned(),
            r#"{"theme":{"fg":"red","bg":"","palette":""}}"#.to_owned(),
            named.replace("fg", "theme"),
            r##"{"theme":{"fg":"#+12345","bg":"#000000","palette":"#000000"}}"##.to_owned(),
        ] {
            assert_eq!(Theme::of_recording(&header), None, "{header}");
        }
    }

    #[test]
    fn a_mix_ends_where_it_should() {
        let (dark, light) = ([0, 10, 20], [255, 200, 20]);
        assert_eq!(mix(dark, light, 0, 7), dark);
        assert_eq!(mix(dark, light, 7, 7), light);
        assert_eq!(mix(dark, light, 1, 2), [128, 105, 20]);
    }
}
