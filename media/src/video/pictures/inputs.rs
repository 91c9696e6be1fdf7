//! The inputs of the job, each read as what its media type says.

use std::io;

use super::image::Images;
use super::{PictureEncoder, guacamole};
use crate::video::job::EncodePictures;
use crate::video::output::{Done, Input};
use crate::video::source::Feed;
use crate::video::worker::{Fault, Sink, note};

/// What an input of this job holds, by its media type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Image,
    Guacamole,
    Other,
}

impl Content {
    pub(super) fn of(media_type: &str) -> Self {
        match media_type.split(';').next().unwrap_or_default().trim() {
            "image/png" | "image/jpeg" | "image/webp" => Self::Image,
            guacamole::MEDIA_TYPE => Self::Guacamole,
            _ => Self::Other,
        }
    }
}

/// The inputs with their numbers; one that was read too far can be put back.
pub(super) struct Inputs<'f, F> {
    feed: &'f mut F,
    next_index: u64,
    put_back: Option<(u64, Input)>,
    /// Nothing follows: the other side is not asked again.
    ended: bool,
}

impl<F: Feed> Inputs<'_, F> {
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, Input)>> {
        if let Some(input) = self.put_back.take() {
            return Ok(Some(input));
        }
        if self.ended {
            return Ok(None);
        }
        let input = self.feed.next()?;
        self.ended = input.is_none();
        let index = self.next_index;
        self.next_index += 1;
        Ok(input.map(|input| (index, input)))
    }

    pub(super) fn put_back(&mut self, index: u64, input: Input) {
        self.put_back = Some((index, input));
    }
}

/// Does the job [`EncodePictures`].
pub(in crate::video) fn encode_inputs(
    job: &EncodePictures,
    feed: &mut impl Feed,
    out: &mut impl Sink,
) -> Result<Done, Fault> {
    let mut encoder = PictureEncoder::new(job.clone());
    let mut images = Images::default();
    let mut inputs = Inputs {
        feed,
        next_index: 0,
        put_back: None,
        ended: false,
    };
    while let Some((index, input)) = inputs.next().map_err(Fault::Pipe)? {
        let last_us = input.head.last_us;
        match Content::of(&input.head.media_type) {
            Content::Image => match images.read(&input) {
                Ok(picture) => {
                    encoder.push(&picture, out)?;
                    encoder.hold(last_us);
                }
                Err(problem) => note(out, index, problem)?,
            },
            Content::Guacamole => {
                // What an image changes is told from the image before it: that is not on the screen now.
                images = Images::default();
                guacamole::replay(index, input, &mut inputs, &mut encoder, out)?;
            }
            Content::Other => {
                let problem = format!("no picture is read from {:?}", input.head.media_type);
                note(out, index, problem)?;
            }
        }
        out.progress(last_us)?;
    }
    encoder.finish(out)
}
