//! What formats of terminal recordings have in common: bytes become text, and the size of a terminal
//! is found from what was written to it.

mod size;
mod stream;

pub(crate) use size::{Size, SizeFinder};
pub(crate) use stream::Stream;
