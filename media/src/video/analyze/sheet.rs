//! Thumbnails, many to a picture.

use ffmpeg::codec::{self, encoder};
use ffmpeg::format::Pixel;
use ffmpeg::{Dictionary, Packet, Rational, frame};
use ffmpeg_next as ffmpeg;
use image::codecs::jpeg::JpegEncoder;

use crate::video::job::Size;
use crate::video::output::{Output, Sheet};
use crate::video::scale::{self, Canvas};
use crate::video::still::to_rgb;
use crate::video::worker::{Fault, Sink};

/// Pixels of a tile from left to right.
const TILE_WIDTH: u32 = 160;
/// Tiles in a row, and rows in a sheet.
const SIDE: usize = 10;

/// Takes one tile of each interval: the first frame in it. An interval without a frame has none.
pub(super) struct Sheets {
    interval_us: u64,
    due_us: u64,
    canvas: Option<(Size, Canvas)>,
    tiles: Vec<(u64, frame::Video)>,
}

impl Sheets {
    pub(super) fn new(interval_us: u64) -> Self {
        Self {
            interval_us: interval_us.max(1),
            due_us: 0,
            canvas: None,
            tiles: Vec::new(),
        }
    }

    /// Takes the frame if a tile is due. It may be taken away.
    pub(super) fn see(
        &mut self,
        time_us: u64,
        picture: &mut frame::Video,
        out: &mut impl Sink,
    ) -> Result<(), Fault> {
        if time_us < self.due_us {
            return Ok(());
        }
        self.due_us = (time_us / self.interval_us + 1).saturating_mul(self.interval_us);
        let (_, canvas) = match &mut self.canvas {
            Some(canvas) => canvas,
            None => {
                let (width, height) = (u64::from(picture.width()), u64::from(picture.height()));
                let rows = (height * u64::from(TILE_WIDTH) / width.max(1)) & !1;
                let size = Size {
                    width: TILE_WIDTH,
                    height: rows.clamp(2, 4 * u64::from(TILE_WIDTH)) as u32,
                };
                self.canvas.insert((size, Canvas::new(size)?))
            }
        };
        self.tiles.push((time_us, canvas.place(picture)?));
        if self.tiles.len() == SIDE * SIDE {
            self.send(out)
        } else {
            Ok(())
        }
    }

    /// Sends the last tiles.
    pub(super) fn finish(mut self, out: &mut impl Sink) -> Result<(), Fault> {
        self.send(out)
    }

    fn send(&mut self, out: &mut impl Sink) -> Result<(), Fault> {
        let tiles = std::mem::take(&mut self.tiles);
        let (Some((tile, _)), false) = (&self.canvas, tiles.is_empty()) else {
            return Ok(());
        };
        let columns = tiles.len().min(SIDE);
        let size = Size {
            width: tile.width * columns as u32,
            height: tile.height * tiles.len().div_ceil(SIDE) as u32,
        };
        let mut sheet = scale::frame(Pixel::YUV420P, size)?;
        for (plane, empty) in [(0, 16), (1, 128), (2, 128)] {
            sheet.data_mut(plane).fill(empty);
            let shift = u32::from(plane > 0);
            let (width, height) = (
                (tile.width >> shift) as usize,
                (tile.height >> shift) as usize,
            );
            let stride = sheet.stride(plane);
            for (index, (_, tile)) in tiles.iter().enumerate() {
                let (left, top) = (index % SIDE * width, index / SIDE * height);
                let rows = tile.data(plane).chunks(tile.stride(plane)).take(height);
                let to = sheet.data_mut(plane).chunks_mut(stride).skip(top);
                for (row, to) in rows.zip(to) {
                    if let (Some(row), Some(to)) =
                        (row.get(..width), to.get_mut(left..left + width))
                    {
                        to.copy_from_slice(row);
                    }
                }
            }
        }
        let (bytes, media_type) = match to_webp(&sheet)? {
            Some(bytes) => (bytes, "image/webp"),
            None => (to_jpeg(&sheet, size)?, "image/jpeg"),
        };
        let sheet = Sheet {
            columns: columns as u32,
            tile_width: tile.width,
            tile_height: tile.height,
            media_type: media_type.to_owned(),
            times_us: tiles.into_iter().map(|(time_us, _)| time_us).collect(),
        };
        out.send(Output::Sheet(sheet, bytes))
    }
}

/// `None`: this FFmpeg cannot.
fn to_webp(sheet: &frame::Video) -> Result<Option<Vec<u8>>, Fault> {
    let wrong = |error| Fault::ffmpeg("writing thumbnails", error);
    let Some(codec) = encoder::find_by_name("libwebp") else {
        return Ok(None);
    };
    let mut video = codec::Context::new_with_codec(codec)
        .encoder()
        .video()
        .map_err(wrong)?;
    video.set_width(sheet.width());
    video.set_height(sheet.height());
    video.set_format(Pixel::YUV420P);
    video.set_time_base(Rational(1, 1_000));
    let options = [("quality", "75")].into_iter().collect::<Dictionary>();
    let mut encoder = video.open_as_with(codec, options).map_err(wrong)?;
    let mut packet = Packet::empty();
    encoder.send_frame(sheet).map_err(wrong)?;
    encoder.send_eof().map_err(wrong)?;
    encoder.receive_packet(&mut packet).map_err(wrong)?;
    Ok(packet.data().map(<[u8]>::to_vec))
}

fn to_jpeg(sheet: &frame::Video, size: Size) -> Result<Vec<u8>, Fault> {
    let rgb = to_rgb(sheet, size)?;
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 75)
        .encode(
            &rgb,
            size.width,
            size.height,
            image::ExtendedColorType::Rgb8,
        )
        .map_err(|e| Fault::Impossible(format!("writing thumbnails: {e}")))?;
    Ok(bytes)
}
