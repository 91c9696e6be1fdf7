use super::*;

const CELL: CellSize = CellSize {
    width: 9,
    height: 9,
    baseline: 7,
    line: 1,
};

fn drawn(character: char) -> Vec<String> {
    let mut mask = Mask::new(CELL.width, CELL.height);
    assert!(draw(character, CELL, &mut mask), "{character}");
    let pixel = |&level: &u8| if level == 0 { '.' } else { '#' };
    mask.rows()
        .map(|row| row.iter().map(pixel).collect())
        .collect()
}

#[test]
fn corners_and_crossings_have_the_shapes_of_the_chart() {
    let cases = [
        (
            '┌',
            [
                ".........",
                ".........",
                ".........",
                ".........",
                "....#####",
                "....#....",
                "....#....",
                "....#....",
                "....#....",
            ],
        ),
        (
            '╋',
            [
                "...###...",
                "...###...",
                "...###...",
                "#########",
                "#########",
                "#########",
                "...###...",
                "...###...",
                "...###...",
            ],
        ),
        (
            '╔',
            [
                ".........",
                ".........",
                ".........",
                "...######",
                "...#.....",
                "...#.####",
                "...#.#...",
                "...#.#...",
                "...#.#...",
            ],
        ),
        (
            '╬',
            [
                "...#.#...",
                "...#.#...",
                "...#.#...",
                "####.####",
                ".........",
                "####.####",
                "...#.#...",
                "...#.#...",
                "...#.#...",
            ],
        ),
        (
            '╟',
            [
                "...#.#...",
                "...#.#...",
                "...#.#...",
                "...#.#...",
                "...#.####",
                "...#.#...",
                "...#.#...",
                "...#.#...",
                "...#.#...",
            ],
        ),
        (
            '╢',
            [
                "...#.#...",
                "...#.#...",
                "...#.#...",
                "...#.#...",
                "####.#...",
                "...#.#...",
                "...#.#...",
                "...#.#...",
                "...#.#...",
            ],
        ),
        (
            '╫',
            [
                "...#.#...",
                "...#.#...",
                "...#.#...",
                "...#.#...",
                "#########",
                "...#.#...",
                "...#.#...",
                "...#.#...",
                "...#.#...",
            ],
        ),
        (
            '╒',
            [
                ".........",
                ".........",
                ".........",
                "....#####",
                "....#....",
                "....#####",
                "....#....",
                "....#....",
                "....#....",
            ],
        ),
        (
            '╧',
            [
                "....#....",
                "....#....",
                "....#....",
                "#########",
                ".........",
                "#########",
                ".........",
                ".........",
                ".........",
            ],
        ),
    ];
    for (character, want) in cases {
        assert_eq!(drawn(character), want, "{character}");
    }
}

/// Which edges a character touches, and where, must not depend on the rest of it.
#[test]
fn lines_join_whatever_they_join_with() {
    let across = |weight: char| match weight {
        '1' => drawn('┼'),
        '2' => drawn('╋'),
        _ => drawn('╬'),
    };
    for (index, arms) in ARMS.iter().flat_map(|row| row.split(' ')).enumerate() {
        let character = char::from_u32(0x2500 + index as u32).unwrap();
        let lines = drawn(character);
        for (direction, weight) in arms.chars().enumerate() {
            let edge = |lines: &[String]| -> String {
                match direction {
                    0 => lines[0].clone(),
                    1 => lines
                        .iter()
                        .filter_map(|line| line.chars().last())
                        .collect(),
                    2 => lines[8].clone(),
                    _ => lines
                        .iter()
                        .filter_map(|line| line.chars().next())
                        .collect(),
                }
            };
            match weight {
                '?' => {}
                '0' => assert_eq!(edge(&lines), ".........", "{character} {direction}"),
                _ => assert_eq!(
                    edge(&lines),
                    edge(&across(weight)),
                    "{character} {direction}"
                ),
            }
        }
    }
    for (character, beside) in [('╭', '┌'), ('╮', '┐'), ('╯', '┘'), ('╰', '└')] {
        let (arc, corner) = (drawn(character), drawn(beside));
        assert_eq!((&arc[0], &arc[8]), (&corner[0], &corner[8]), "{character}");
    }
}

#[test]
fn no_size_of_a_cell_is_too_small() {
    for index in 0..0x80 {
        for (width, height) in [(1, 1), (2, 3), (5, 11), (39, 84)] {
            let cell = CellSize {
                width,
                height,
                ..CELL
            };
            let character = char::from_u32(0x2500 + index).unwrap();
            assert!(draw(character, cell, &mut Mask::new(width, height)));
        }
    }
}
