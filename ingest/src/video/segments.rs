//! Which files of a folder are the segments of one recording.

use super::clip;
use super::format::{ENDINGS, Video};
use super::list;
use super::names::{Run, runs};
use crate::import::{Candidate, Folder, Look, Part};

/// So many lists are looked at in a folder.
const LISTS_MAX: usize = 16;

/// The recordings of several files in a folder.
pub(super) fn sets(folder: &Folder) -> Vec<Candidate> {
    let runs = runs(folder.names(), ENDINGS);
    if runs.is_empty() {
        return Vec::new();
    }
    let lists = lists(folder);
    let set = |run: &Run| {
        let list = lists
            .iter()
            .find(|(_, first)| run.files.iter().any(|(_, name)| name == first));
        if list.is_none() && !(run.is_dense() && agree(folder, run)) {
            return None;
        }
        let clips = run.files.iter().filter_map(|(_, name)| folder.look(name));
        let clips = clips.map(|look| look.part("clip"));
        let list = list.map(|(look, _)| look.part("list"));
        let parts: Vec<_> = clips.chain(list).collect();
        (parts.len() >= 2).then_some(parts)
    };
    let sets: Vec<Vec<Part>> = runs.iter().filter_map(set).collect();
    let only = sets.len() == 1;
    let candidate = |parts| Candidate::of_set(&Video, folder, parts, only);
    sets.into_iter().map(candidate).collect()
}

/// The lists of segments in a folder, each with the first name that it lists.
fn lists(folder: &Folder) -> Vec<(Look<'_>, String)> {
    let names = folder.names().iter();
    let named = names.filter(|name| name.to_ascii_lowercase().ends_with(".csv"));
    let looks = named.take(LISTS_MAX).filter_map(|name| folder.look(name));
    looks
        .filter_map(|look| {
            let beginning = String::from_utf8_lossy(look.beginning()).into_owned();
            let first = list::line(beginning.lines().next()?)?.name;
            Some((look, first))
        })
        .collect()
}

/// Whether all of which it can be told at the beginning have the same codec and size. Files that are
/// damaged, empty, or described at their end tell nothing.
fn agree(folder: &Folder, run: &Run) -> bool {
    let mut told = run
        .files
        .iter()
        .filter_map(|(_, name)| folder.look(name))
        .filter_map(|look| clip::parameters(look.beginning()));
    match told.next() {
        Some(first) => told.all(|other| other == first),
        // MP4 that is described at its end. Whether it is video, its reader finds out.
        None => run
            .files
            .iter()
            .filter_map(|(_, name)| folder.look(name))
            .all(|look| clip::Kind::of(look.beginning()) == Some(clip::Kind::Mp4)),
    }
}
