use proptest::prelude::*;

use super::clip::Clip;
use super::layout::{Entry, Span, Step, lay_out};
use super::list::Listed;
use crate::Limits;
use crate::import::Input;

fn span() -> impl Strategy<Value = Option<Span>> {
    let times =
        (0..5_u64, 0..3_u64, 0..3_u64, 1..2_000_000_u64).prop_map(|(first, last, end, unit)| {
            Span {
                first_us: first * unit,
                last_us: (first + last) * unit,
                end_us: (first + last + end) * unit,
            }
        });
    prop::option::weighted(0.9, times)
}

proptest! {
    #[test]
    fn every_file_that_can_be_shown_is_shown_once_and_in_the_order_of_time(
        spans in prop::collection::vec((span(), 1..4_u64), 0..12),
        listed in prop::collection::vec((0..14_usize, 0..9_000_000_u64, 0..2_000_000_u64), 0..12),
    ) {
        let names: Vec<String> = (0..14).map(|index| format!("{index}.webm")).collect();
        let mut number = 0;
        let entries: Vec<Entry<'_>> = spans.iter().zip(&names).map(|((span, step), name)| {
            number += step;
            Entry { name, number, span: *span }
        }).collect();
        let list: Vec<Listed> = listed.iter().map(|(index, start_us, length)| Listed {
            name: names[*index].clone(),
            start_us: *start_us,
            end_us: start_us + length,
        }).collect();
        let steps = lay_out(&entries, &list);
        prop_assert!(steps.is_sorted_by_key(Step::at_us));
        let mut shown: Vec<usize> = steps.iter().filter_map(|step| match step {
            Step::Frames { index, first_us, last_us } if first_us <= last_us => Some(*index),
            _ => None,
        }).collect();
        shown.sort_unstable();
        let want: Vec<usize> = (0..entries.len()).filter(|index| entries[*index].span.is_some()).collect();
        prop_assert_eq!(shown, want);
        for step in &steps {
            if let Step::Gap { from_us, to_us, .. } = step {
                prop_assert!(from_us <= to_us);
            }
        }
    }

    #[test]
    fn a_file_of_anything_is_read_to_its_end(
        mp4 in any::<bool>(),
        noise in prop::collection::vec(any::<u8>(), 0..2_000),
    ) {
        let mut file = if mp4 {
            b"\0\0\0\x10ftypisom\0\0\0\0\0\0\x07\0moov".to_vec()
        } else {
            b"\x1A\x45\xDF\xA3\x87\x42\x82\x84webm\x18\x53\x80\x67\xFF".to_vec()
        };
        file.extend(noise);
        let bytes = file.len() as u64;
        let mut input = Input::open(std::io::Cursor::new(file), &Limits::default()).unwrap();
        let clip = Clip::read(&mut input).unwrap();
        prop_assert_eq!(clip.content.bytes, bytes);
        prop_assert!(clip.video.is_some() || clip.problem.is_some());
    }
}
