//! Video, as the importer sees it.

use std::rc::Rc;

use super::clip::Kind;
use super::reader::ClipsReader;
use super::segments::sets;
use crate::import::{
    Candidate, Files, Folder, Format, FormatError, ImportError, Look, RecordingReader,
};

/// How names of video files end.
pub(super) const ENDINGS: &[&str] = &["webm", "mkv", "mp4", "m4v", "mov"];

/// Files of video, and folders of their segments.
#[derive(Debug)]
pub(crate) struct Video;

impl Video {
    fn sets(folder: &Folder) -> Rc<Vec<Candidate>> {
        folder.once("video", || sets(folder))
    }
}

impl Format for Video {
    fn name(&self) -> &'static str {
        "video"
    }

    fn recognise(&'static self, file: &Look<'_>) -> Result<Vec<Candidate>, ImportError> {
        let is_part = |set: &&Candidate| set.parts.iter().any(|part| part.path == file.path());
        let is_video = Kind::of(file.beginning()).is_some();
        if (is_video || ENDINGS.iter().any(|ending| ends_with(file, ending)))
            && let Some(set) = Self::sets(file.folder()).iter().find(is_part)
        {
            return Ok(vec![set.clone()]);
        }
        Ok(if is_video {
            vec![file.whole(self)]
        } else {
            Vec::new()
        })
    }

    fn recognise_folder(&'static self, folder: &Folder) -> Result<Vec<Candidate>, ImportError> {
        Ok(Self::sets(folder).to_vec())
    }

    fn endings(&self) -> &[&'static str] {
        &[".webm", ".mkv", ".mp4", ".m4v", ".mov"]
    }

    fn open(
        &self,
        candidate: &Candidate,
        files: &Files,
    ) -> Result<Box<dyn RecordingReader>, FormatError> {
        Ok(Box::new(ClipsReader::open(candidate, files)?))
    }

    /// The blobs of its frames are the files.
    fn keeps_files(&self) -> bool {
        false
    }
}

fn ends_with(file: &Look<'_>, ending: &str) -> bool {
    file.name_ends_with(ending)
}
