//! Which cells of a row must be drawn anew.

use avt::Cell;

use crate::terminal::font::is_mark;

/// The cells of a row that are to be drawn, marked.
///
/// `shown` is what was drawn last, `cells` what there is now; `also` are columns to be drawn in any
/// case. A wide character is marked whole, and a character with the marks over it.
pub(super) fn changed(
    shown: &[Option<Cell>],
    cells: &[Cell],
    also: impl Iterator<Item = usize>,
    changed: &mut Vec<bool>,
) {
    changed.clear();
    let differs = |(now, before): (&Cell, &Option<Cell>)| before.as_ref() != Some(now);
    changed.extend(cells.iter().zip(shown).map(differs));
    for column in also {
        if let Some(changed) = changed.get_mut(column) {
            *changed = true;
        }
    }
    for column in (1..changed.len()).rev() {
        let was_mark = || shown[column].is_some_and(|cell| is_mark(cell.char()));
        if changed[column] && (is_mark(cells[column].char()) || was_mark()) {
            changed[column - 1] = true;
        }
        if changed[column] && cells[column].width() == 0 {
            changed[column - 1] = true;
        }
    }
    for column in 1..changed.len() {
        if changed[column - 1] && cells[column].width() == 0 {
            changed[column] = true;
        }
    }
}

/// The marks behind the character at `column`, which are drawn over it.
pub(super) fn marks(cells: &[Cell], column: usize) -> impl Iterator<Item = char> {
    let behind = column + usize::from(cells[column].width().max(1));
    let rest = cells.get(behind..).unwrap_or_default();
    rest.iter().map(Cell::char).take_while(|&c| is_mark(c))
}

/// Runs of columns that are marked: the first, and how many.
pub(super) fn runs(changed: &[bool]) -> impl Iterator<Item = (usize, usize)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let first = from + changed.get(from..)?.iter().position(|&changed| changed)?;
        let rest = &changed[first..];
        let count = rest
            .iter()
            .position(|&changed| !changed)
            .unwrap_or(rest.len());
        from = first + count;
        Some((first, count))
    })
}
