//! Letters made of two keys, as X11's `en_US.UTF-8` compose table has them.

use unicode_normalization::char::compose;
use xkeysym::key;

/// Dead keys: the accent as a combining character, and as a sign of its own.
const DEAD: [(u32, char, char); 24] = [
    (key::dead_grave, '\u{300}', '`'),
    (key::dead_acute, '\u{301}', '´'),
    (key::dead_circumflex, '\u{302}', '^'),
    (key::dead_tilde, '\u{303}', '~'),
    (key::dead_macron, '\u{304}', '¯'),
    (key::dead_breve, '\u{306}', '˘'),
    (key::dead_abovedot, '\u{307}', '˙'),
    (key::dead_diaeresis, '\u{308}', '¨'),
    (key::dead_abovering, '\u{30a}', '°'),
    (key::dead_doubleacute, '\u{30b}', '˝'),
    (key::dead_caron, '\u{30c}', 'ˇ'),
    (key::dead_cedilla, '\u{327}', '¸'),
    (key::dead_ogonek, '\u{328}', '˛'),
    (key::dead_iota, '\u{345}', 'ͺ'),
    (key::dead_voiced_sound, '\u{3099}', '゛'),
    (key::dead_semivoiced_sound, '\u{309a}', '゜'),
    (key::dead_belowdot, '\u{323}', '.'),
    (key::dead_hook, '\u{309}', '?'),
    (key::dead_horn, '\u{31b}', '+'),
    (key::dead_stroke, '\u{338}', '/'),
    (key::dead_doublegrave, '\u{30f}', '`'),
    (key::dead_belowmacron, '\u{331}', '_'),
    (key::dead_belowcomma, '\u{326}', ','),
    (key::dead_currency, '\u{338}', '¤'),
];

/// Accents as they are typed after Compose.
const ACCENTS: [(char, char); 11] = [
    ('`', '\u{300}'),
    ('\'', '\u{301}'),
    ('^', '\u{302}'),
    ('~', '\u{303}'),
    ('"', '\u{308}'),
    ('*', '\u{30a}'),
    ('<', '\u{30c}'),
    (',', '\u{327}'),
    (';', '\u{328}'),
    ('.', '\u{307}'),
    ('_', '\u{304}'),
];

/// Pairs after Compose that are no letter with an accent; either order.
const PAIRS: [(char, char, char); 42] = [
    ('s', 's', 'ß'),
    ('a', 'e', 'æ'),
    ('A', 'E', 'Æ'),
    ('o', 'e', 'œ'),
    ('O', 'E', 'Œ'),
    ('a', 'a', 'å'),
    ('A', 'A', 'Å'),
    ('o', '/', 'ø'),
    ('O', '/', 'Ø'),
    ('d', '/', 'đ'),
    ('D', '/', 'Đ'),
    ('l', '/', 'ł'),
    ('L', '/', 'Ł'),
    ('h', '/', 'ħ'),
    ('t', 'h', 'þ'),
    ('T', 'H', 'Þ'),
    ('d', 'h', 'ð'),
    ('D', 'H', 'Ð'),
    ('=', 'e', '€'),
    ('=', 'E', '€'),
    ('=', 'c', '€'),
    ('=', 'C', '€'),
    ('-', 'l', '£'),
    ('-', 'L', '£'),
    ('=', 'y', '¥'),
    ('=', 'Y', '¥'),
    ('|', 'c', '¢'),
    ('o', 'c', '©'),
    ('o', 'r', '®'),
    ('o', 'o', '°'),
    ('<', '<', '«'),
    ('>', '>', '»'),
    ('-', '>', '→'),
    ('<', '-', '←'),
    ('+', '-', '±'),
    ('x', 'x', '×'),
    (':', '-', '÷'),
    ('!', '!', '¡'),
    ('?', '?', '¿'),
    ('.', '.', '…'),
    ('m', 'u', 'µ'),
    ('s', 'o', '§'),
];

/// The accent alone, as a second dead key types it.
pub(super) fn spacing(dead: u32) -> Option<char> {
    let known = DEAD.iter().find(|(keysym, ..)| *keysym == dead);
    known.map(|(_, _, sign)| *sign)
}

/// What a dead key and a character type: one letter, or one after the other.
pub(super) fn with_dead(dead: u32, char: char) -> String {
    let Some((_, combining, sign)) = DEAD.iter().find(|(keysym, ..)| *keysym == dead) else {
        return char.to_string();
    };
    let one = match (dead, char) {
        (key::dead_acute, ' ') => Some('\''),
        (key::dead_diaeresis, ' ') => Some('"'),
        (_, ' ') => Some(*sign),
        (key::dead_currency, _) => pair('=', char),
        (key::dead_stroke, _) => pair('/', char),
        _ => compose(char, *combining),
    };
    one.map_or_else(|| String::from_iter([*sign, char]), String::from)
}

/// What two keys after Compose type, if anything.
pub(super) fn pair(a: char, b: char) -> Option<char> {
    let known = |(x, y, _): &&(char, char, char)| (*x, *y) == (a, b) || (*x, *y) == (b, a);
    if let Some((_, _, result)) = PAIRS.iter().find(known) {
        return Some(*result);
    }
    let accent = |sign: char| {
        ACCENTS
            .iter()
            .find(|(typed, _)| *typed == sign)
            .map(|(_, c)| *c)
    };
    let with = |sign: char, letter: char| compose(letter, accent(sign)?);
    with(a, b).or_else(|| with(b, a))
}
