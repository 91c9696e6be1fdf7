//! The picture at one time.

use std::io::Cursor;
use std::ops::ControlFlow;

use ffmpeg::format::Pixel;
use ffmpeg::{filter, frame};
use ffmpeg_next as ffmpeg;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder};

use super::decode::{self, Options};
use super::job::{EncoderSettings, ImageKind, Size, Still};
use super::output::{Done, Output, StillPicture};
use super::scale;
use super::source::Runs;
use super::worker::{Fault, Sink};

/// Does the job [`Still`].
pub(super) fn run(job: &Still, runs: &mut Runs, out: &mut impl Sink) -> Result<Done, Fault> {
    let options = Options {
        folder: job.folder.as_deref(),
        ..Options::default()
    };
    let mut shown: Option<(u64, frame::Video)> = None;
    let mut frame_count = 0;
    decode::each_frame(runs, &options, out, |time_us, picture, _| {
        if shown.is_some() && time_us > job.at_us {
            return Ok(ControlFlow::Break(()));
        }
        frame_count += 1;
        shown = Some((time_us, std::mem::replace(picture, frame::Video::empty())));
        Ok(ControlFlow::Continue(()))
    })?;
    let Some((time_us, picture)) = shown else {
        return Err(Fault::Impossible(
            "there is no picture in any input".to_owned(),
        ));
    };
    let own = Size {
        width: picture.width(),
        height: picture.height(),
    };
    let size = if job.max_width > 0 && own.width > job.max_width {
        let settings = EncoderSettings {
            max_width: job.max_width,
            ..EncoderSettings::default()
        };
        scale::bounded(own, &settings)
    } else {
        own
    };
    let rgb = to_rgb(&picture, size)?;
    let (bytes, media_type) = write(&rgb, size, job.image)?;
    let still = StillPicture {
        time_us,
        width: size.width,
        height: size.height,
        media_type: media_type.to_owned(),
    };
    out.send(Output::Still(still, bytes))?;
    Ok(Done {
        duration_us: time_us,
        frame_count,
        encoder: None,
    })
}

/// Rows of red, green and blue, without gaps. The frame says which numbers are which colors.
pub(super) fn to_rgb(picture: &frame::Video, size: Size) -> Result<Vec<u8>, Fault> {
    let wrong = |error| Fault::ffmpeg("converting a picture", error);
    let format = picture.format().descriptor().map_or("", |d| d.name());
    let (width, height) = (picture.width(), picture.height());
    let arguments =
        format!("video_size={width}x{height}:pix_fmt={format}:time_base=1/1000:pixel_aspect=1/1");
    let missing = || wrong(ffmpeg::Error::FilterNotFound);
    let mut graph = filter::Graph::new();
    let source = filter::find("buffer").ok_or_else(missing)?;
    let sink = filter::find("buffersink").ok_or_else(missing)?;
    graph.add(&source, "in", &arguments).map_err(wrong)?;
    graph.add(&sink, "out", "").map_err(wrong)?;
    let steps = format!(
        "scale={}:{}:flags=bicubic,format=rgb24",
        size.width, size.height
    );
    graph
        .output("in", 0)
        .and_then(|parser| parser.input("out", 0))
        .and_then(|parser| parser.parse(&steps))
        .and_then(|()| graph.validate())
        .map_err(wrong)?;
    graph
        .get("in")
        .ok_or_else(missing)?
        .source()
        .add(picture)
        .map_err(wrong)?;
    let mut rgb = frame::Video::empty();
    graph
        .get("out")
        .ok_or_else(missing)?
        .sink()
        .frame(&mut rgb)
        .map_err(wrong)?;
    if rgb.format() != Pixel::RGB24 || rgb.width() != size.width || rgb.height() != size.height {
        return Err(wrong(ffmpeg::Error::OutputChanged));
    }
    let (stride, row) = (rgb.stride(0), size.width as usize * 3);
    let rows = rgb.data(0).chunks(stride).take(size.height as usize);
    Ok(rows
        .filter_map(|r| r.get(..row))
        .flatten()
        .copied()
        .collect())
}

fn write(rgb: &[u8], size: Size, kind: ImageKind) -> Result<(Vec<u8>, &'static str), Fault> {
    let mut bytes = Cursor::new(Vec::new());
    let (width, height) = (size.width, size.height);
    let (written, media_type) = match kind {
        ImageKind::Png => {
            // Somebody waits for it: speed before size.
            let encoder = PngEncoder::new_with_quality(
                &mut bytes,
                CompressionType::Fast,
                FilterType::Adaptive,
            );
            (
                encoder.write_image(rgb, width, height, ExtendedColorType::Rgb8),
                "image/png",
            )
        }
        ImageKind::Webp => {
            let encoder = WebPEncoder::new_lossless(&mut bytes);
            (
                encoder.write_image(rgb, width, height, ExtendedColorType::Rgb8),
                "image/webp",
            )
        }
    };
    written.map_err(|e| Fault::Impossible(format!("writing the picture: {e}")))?;
    Ok((bytes.into_inner(), media_type))
}
