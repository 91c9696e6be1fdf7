//! Images in the recording: PNG, JPEG and WebP, decoded within limits.

use std::io::Cursor;

use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{ColorType, DynamicImage, ImageDecoder, ImageFormat};

use super::limits::Limits;
use super::surface::{PIXEL, Surface, premultiply};

/// An image that can be drawn.
pub(super) struct Decoded {
    pub(super) surface: Surface,
    /// Whether no pixel is transparent.
    pub(super) opaque: bool,
}

/// Decodes an image by what it is, whatever it is called. None when it is no such image, is damaged
/// or has more pixels than may be.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Option<Decoded> {
    let mut may = image::Limits::no_limits();
    may.max_image_width = Some(limits.side);
    may.max_image_height = Some(limits.side);
    // Pixels of 16 bits a channel, and as much again for decoding.
    may.max_alloc = Some(limits.image_pixels.saturating_mul(16));
    let bytes = Cursor::new(bytes);
    match image::guess_format(bytes.get_ref()).ok()? {
        ImageFormat::Png => pixels(PngDecoder::with_limits(bytes, may).ok()?, limits),
        ImageFormat::Jpeg => pixels(JpegDecoder::new(bytes).ok()?, limits),
        ImageFormat::WebP => pixels(WebPDecoder::new(bytes).ok()?, limits),
        _ => None,
    }
}

fn pixels(decoder: impl ImageDecoder, limits: &Limits) -> Option<Decoded> {
    let (width, height) = decoder.dimensions();
    let area = u64::from(width) * u64::from(height);
    if width > limits.side || height > limits.side || area > limits.image_pixels {
        return None;
    }
    let color = decoder.color_type();
    let opaque = !color.has_alpha();
    let mut pixels = match color {
        ColorType::Rgb8 | ColorType::Rgba8 => {
            let mut pixels = vec![0; usize::try_from(decoder.total_bytes()).ok()?];
            decoder.read_image(&mut pixels).ok()?;
            if opaque { with_alpha(&pixels) } else { pixels }
        }
        _ => DynamicImage::from_decoder(decoder)
            .ok()?
            .into_rgba8()
            .into_raw(),
    };
    if !opaque {
        premultiply(&mut pixels);
    }
    let surface = Surface::from_pixels(width, height, pixels)?;
    Some(Decoded { surface, opaque })
}

fn with_alpha(rgb: &[u8]) -> Vec<u8> {
    let mut rgba = vec![255; rgb.len() / 3 * PIXEL];
    for (to, from) in rgba
        .as_chunks_mut::<PIXEL>()
        .0
        .iter_mut()
        .zip(rgb.as_chunks::<3>().0)
    {
        *to = [from[0], from[1], from[2], 255];
    }
    rgba
}
