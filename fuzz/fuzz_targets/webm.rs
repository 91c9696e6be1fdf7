//! Any bytes are scanned for frames, however they are cut, and what is found is laid out again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use retrace_media::webm::{Frame, Group, GroupSize, Grouper, Layout, Piece, ScanError, Scanner, Track};

fn scan(bytes: &[u8], piece: usize) -> (Option<Track>, Vec<Frame>, Option<ScanError>) {
    let (mut scanner, mut frames) = (Scanner::new(), Vec::new());
    for part in bytes.chunks(piece) {
        let pushed = scanner.push(part);
        frames.extend(scanner.frames());
        if pushed.is_err() {
            break;
        }
    }
    (scanner.track().cloned(), frames, scanner.finish())
}

fuzz_target!(|bytes: &[u8]| {
    let Some((piece, bytes)) = bytes.split_first() else {
        return;
    };
    let _ = Group::unpack(bytes);
    let whole = scan(bytes, bytes.len().max(1));
    assert_eq!(scan(bytes, usize::from(*piece) + 1), whole);
    let (Some(track), frames, _) = whole else {
        return;
    };
    assert!(frames.iter().all(|frame| frame.end() <= bytes.len() as u64));
    let mut grouper = Grouper::default();
    let mut groups: Vec<Group> = frames.iter().filter_map(|frame| grouper.push(*frame)).collect();
    groups.extend(grouper.finish());
    for group in &groups {
        assert_eq!(Group::unpack(&group.pack()).as_ref(), Ok(group));
    }
    let sizes: Vec<GroupSize> = groups
        .iter()
        .map(|group| GroupSize {
            time_ms: group.first_us() / 1_000,
            frames: group.frames.len() as u32,
            bytes: group.bytes(),
            key: group.key(),
        })
        .collect();
    let layout = Layout::new(&track, &sizes, 1_000);
    let mut length = 0;
    let read = layout.read::<()>(
        0..u64::MAX,
        |index| Ok(groups[index].clone()),
        |piece| {
            length += match piece {
                Piece::Own(bytes) => bytes.len() as u64,
                Piece::Captured { range, .. } => range.end - range.start,
            };
            Ok(())
        },
    );
    assert_eq!((read, length), (Ok(()), layout.len()));
});
