//! Screenshots, as the importer sees them.

use std::rc::Rc;

use super::names::timed;
use super::picture::kind;
use super::reader::PicturesReader;
use crate::import::{
    Candidate, Files, Folder, Format, FormatError, ImportError, Look, Part, RecordingReader,
};
use crate::video::names::{Run, runs};

/// How names of pictures end.
const ENDINGS: &[&str] = &["png", "jpg", "jpeg", "webp"];

/// Folders of screenshots.
#[derive(Debug)]
pub(crate) struct Screenshots;

impl Screenshots {
    fn sets(folder: &Folder) -> Rc<Vec<Candidate>> {
        folder.once("screenshots", || sets(folder))
    }
}

fn sets(folder: &Folder) -> Vec<Candidate> {
    let timed = timed(folder.names(), ENDINGS);
    let timed = timed.into_iter().map(|files| {
        let names: Vec<String> = files.into_iter().map(|(_, name)| name).collect();
        ("at its time", names)
    });
    let numbered = runs(folder.names(), ENDINGS);
    let numbered = numbered.into_iter().filter(Run::is_dense);
    let numbered = numbered.map(|run| {
        let names: Vec<String> = run.files.into_iter().map(|(_, name)| name).collect();
        ("by its number", names)
    });
    let parts = timed.chain(numbered).filter_map(|(role, names)| {
        let looks: Vec<_> = names.iter().filter_map(|name| folder.look(name)).collect();
        let pictures = looks.iter().filter(|look| kind(look.beginning()).is_some());
        // Damaged ones go along, but what is called a picture and is none is no recording.
        (pictures.count() >= 2)
            .then(|| looks.iter().map(|look| look.part(role)).collect::<Vec<_>>())
    });
    let sets: Vec<Vec<Part>> = parts.collect();
    let only = sets.len() == 1;
    let candidate = |parts| Candidate::of_set(&Screenshots, folder, parts, only);
    sets.into_iter().map(candidate).collect()
}

impl Format for Screenshots {
    fn name(&self) -> &'static str {
        "screenshots"
    }

    fn recognise(&'static self, file: &Look<'_>) -> Result<Vec<Candidate>, ImportError> {
        let is_part = |set: &&Candidate| set.parts.iter().any(|part| part.path == file.path());
        let named = |ending: &&str| file.name_ends_with(ending);
        if !ENDINGS.iter().any(named) {
            return Ok(Vec::new());
        }
        let sets = Self::sets(file.folder());
        Ok(sets.iter().find(is_part).cloned().into_iter().collect())
    }

    fn recognise_folder(&'static self, folder: &Folder) -> Result<Vec<Candidate>, ImportError> {
        Ok(Self::sets(folder).to_vec())
    }

    fn open(
        &self,
        candidate: &Candidate,
        files: &Files,
    ) -> Result<Box<dyn RecordingReader>, FormatError> {
        Ok(Box::new(PicturesReader::open(candidate, files)))
    }

    /// The blobs of its frames are the files.
    fn keeps_files(&self) -> bool {
        false
    }
}
