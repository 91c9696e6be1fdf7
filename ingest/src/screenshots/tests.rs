use proptest::prelude::*;

use super::names::time_at_end;
use super::picture::Picture;
use crate::Limits;
use crate::import::Input;

fn read(file: Vec<u8>) -> Picture {
    let mut input = Input::open(std::io::Cursor::new(file), &Limits::default()).unwrap();
    Picture::read(&mut input).unwrap()
}

#[test]
fn the_size_stands_in_the_header_of_each_kind() {
    let mut picture = image::DynamicImage::new_rgb8(40, 30);
    picture.invert();
    let kinds = [
        (image::ImageFormat::Png, "image/png"),
        (image::ImageFormat::Jpeg, "image/jpeg"),
        (image::ImageFormat::WebP, "image/webp"),
    ];
    for (kind, media_type) in kinds {
        let mut file = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut file, kind).unwrap();
        let file = file.into_inner();
        let whole = read(file.clone());
        let header = whole.header.unwrap();
        assert_eq!(
            (header.media_type, header.width, header.height),
            (media_type, 40, 30)
        );
        assert!(!whole.is_cut, "{media_type}");
        assert!(
            read(file[..file.len() - 20].to_vec()).is_cut,
            "{media_type}"
        );
    }
}

proptest! {
    #[test]
    fn a_file_of_anything_is_a_picture_or_is_told_why_not(
        kind in 0..4_usize,
        noise in prop::collection::vec(any::<u8>(), 0..2_000),
    ) {
        let beginnings: [&[u8]; 4] = [
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\xFF\xD8\xFF", b"RIFF\xFF\0\0\0WEBPVP8 ", b"",
        ];
        let file = [beginnings[kind], &noise].concat();
        let bytes = file.len() as u64;
        prop_assert_eq!(read(file).content.bytes, bytes);
    }

    #[test]
    fn no_name_makes_it_panic(name in "[0-9TZ:é. _-]{0,30}|\\PC{0,12}") {
        let _ = time_at_end(&name);
    }
}
