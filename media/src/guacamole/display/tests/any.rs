//! Any instructions, however odd their arguments.

use proptest::prelude::*;

use crate::guacamole::display::{Display, Limits};
use crate::guacamole::testing::{each, written};

const SMALL: Limits = Limits {
    side: 40,
    pixels: 8_000,
    layers: 8,
    image_pixels: 1_000,
    image_bytes: 1_000,
    open_images: 2,
    path_segments: 12,
    pushed_states: 2,
};

/// Opcodes, and what their arguments are: layers, coordinates, lengths, masks, channels, floats.
const SHAPES: [(&str, &str); 25] = [
    ("size", "lnn"),
    ("move", "llccc"),
    ("shade", "lv"),
    ("dispose", "l"),
    ("rect", "lccnn"),
    ("rect", "lccnn"),
    ("cfill", "mlvvvv"),
    ("cfill", "mlvvvv"),
    ("copy", "lccnnmlcc"),
    ("copy", "lccnnmlcc"),
    ("transfer", "lccnnmlcc"),
    ("cursor", "cclccnn"),
    ("mouse", "ccm"),
    ("start", "lff"),
    ("line", "lff"),
    ("curve", "lffffff"),
    ("arc", "lfffffm"),
    ("close", "l"),
    ("clip", "l"),
    ("push", "l"),
    ("pop", "l"),
    ("transform", "lffffff"),
    ("cstroke", "mlmmfvvvv"),
    ("lfill", "mll"),
    ("lstroke", "mlmmfl"),
];

fn argument(kind: char) -> BoxedStrategy<String> {
    let extreme = prop::sample::select(vec![i32::MIN, -40_000, 40_000, 1 << 24, i32::MAX]);
    let number = match kind {
        'l' => prop_oneof![20 => -2..4, 1 => extreme].boxed(),
        'c' => prop_oneof![20 => -9..35, 1 => extreme].boxed(),
        'n' => prop_oneof![20 => 0..30, 1 => extreme].boxed(),
        'm' => prop_oneof![4 => Just(14), 8 => 0..16, 1 => extreme].boxed(),
        'v' => prop_oneof![2 => Just(255), 1 => Just(0), 4 => 0..256].boxed(),
        _ => {
            let far = prop::sample::select(vec!["1e30", "-1e9", "99999", "0.0001", "-0"]);
            let near = (-90..300_i32).prop_map(|tenths| (f64::from(tenths) / 10.0).to_string());
            return prop_oneof![20 => near, 1 => far.prop_map(str::to_owned)].boxed();
        }
    };
    number.prop_map(|number: i32| number.to_string()).boxed()
}

fn instruction() -> impl Strategy<Value = String> {
    prop::sample::select(SHAPES.to_vec()).prop_flat_map(|(opcode, shape)| {
        let arguments: Vec<_> = shape.chars().map(argument).collect();
        arguments.prop_map(move |arguments| {
            let elements = std::iter::once(opcode).chain(arguments.iter().map(String::as_str));
            written(&elements.collect::<Vec<_>>())
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// What is composed only where something was drawn is what is composed as a whole, and what is
    /// said to have changed holds all that did.
    #[test]
    fn the_picture_does_not_depend_on_when_it_is_composed(
        instructions in prop::collection::vec(instruction(), 1..40),
    ) {
        let recording = written(&["size", "0", "30", "20"]) + &instructions.concat();
        let (mut often, mut once) = (Display::new(SMALL), Display::new(SMALL));
        let mut before = (0, Vec::new());
        each(recording.as_bytes(), |i| {
            often.apply(i);
            once.apply(i);
            let changed = often.take_changed();
            let picture = often.composed();
            if before.0 == picture.width && before.1.len() == picture.pixels.len() {
                let old = before.1.chunks(4);
                for (number, (old, new)) in old.zip(picture.pixels.chunks(4)).enumerate() {
                    let width = picture.width as usize;
                    let (x, y) = ((number % width) as i32, (number / width) as i32);
                    let said = changed.is_some_and(|rect| {
                        rect.x() <= x && x < rect.right() && rect.y() <= y && y < rect.bottom()
                    });
                    assert!(old == new || said, "{x} {y} in {}", i.as_str());
                }
            }
            before = (picture.width, picture.pixels.to_vec());
        });
        prop_assert_eq!(often.frame().pixels, once.frame().pixels);
        prop_assert!(once.frame().pixels.chunks(4).all(|pixel| pixel[3] == 255));
        prop_assert_eq!(often.counts(), once.counts());
    }
}
