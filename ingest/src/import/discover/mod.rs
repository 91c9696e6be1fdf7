//! Which recordings lie in the files and folders that somebody named.
//!
//! Each file is shown to each format with its first bytes, decompressed, and the folder that it lies
//! in, because a recording may be of several files: the first format that knows it takes it, with
//! its partners. What no format knows by its content is believed to be what its name says. Folders
//! are searched in the order of their names; a link to a folder is not followed unless it was named
//! itself. Nothing is taken twice, and nothing is dropped in silence: what is no part of a recording
//! is reported as skipped, what cannot be looked at as refused.

mod folder;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::{fs, io};

pub use folder::{Folder, Look};

use super::format::{Candidate, FORMATS, Format, FormatError};
use super::{ImportError, ImportOptions};
use crate::Limits;
use crate::asciicast::Asciicast;

/// What there is under a path that was named.
#[derive(Debug)]
pub enum Found {
    /// A recording to import.
    Candidate(Candidate),
    /// A file in a folder that is no part of a recording.
    Skipped {
        /// The file.
        path: PathBuf,
    },
    /// A file or folder that cannot be looked at, or of which no recording can be had.
    Refused {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        error: ImportError,
    },
}

/// Looks for recordings under each of `paths`, in their order. Blocks.
pub fn discover(paths: &[PathBuf], options: &ImportOptions) -> Vec<Found> {
    let mut search = Search {
        limits: &options.limits,
        found: Vec::new(),
        taken: HashSet::new(),
    };
    for path in paths {
        if path.is_dir() {
            search.folder(path);
        } else {
            search.named_file(path);
        }
    }
    search.found
}

/// The one recording that a file, with its partners, is. Blocks.
pub(super) fn discover_file(
    path: &Path,
    options: &ImportOptions,
) -> Result<Candidate, ImportError> {
    size_of_file(path)?;
    let mut found = discover(&[path.to_path_buf()], options);
    let several = found.len();
    match found.pop() {
        Some(Found::Candidate(candidate)) if several == 1 => Ok(candidate),
        Some(Found::Refused { error, .. }) => Err(error),
        Some(Found::Candidate(_)) => {
            let reason = format!("it holds {several} recordings, expected one");
            Err(FormatError::Whole(reason).of(path))
        }
        Some(Found::Skipped { .. }) | None => Err(FormatError::Unknown.of(path)),
    }
}

/// The size of a file that was named. Anything else that can be named is refused: reading a pipe
/// or a device could wait for ever, and it cannot be read twice.
fn size_of_file(path: &Path) -> Result<u64, ImportError> {
    fs::metadata(path)
        .and_then(|data| match (data.is_file(), data.is_dir()) {
            (true, _) => Ok(data.len()),
            (_, true) => Err(io::ErrorKind::IsADirectory.into()),
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "neither a file nor a folder",
            )),
        })
        .map_err(|source| unreadable(path, source))
}

pub(super) fn unreadable(path: &Path, source: io::Error) -> ImportError {
    ImportError::Unreadable {
        path: path.to_path_buf(),
        source,
    }
}

struct Search<'a> {
    limits: &'a Limits,
    found: Vec<Found>,
    /// Files that are part of a candidate.
    taken: HashSet<PathBuf>,
}

impl Search<'_> {
    fn named_file(&mut self, path: &Path) {
        if self.taken.contains(path) {
            return;
        }
        let found =
            size_of_file(path).and_then(|bytes| {
                let folder = Folder::around(path, self.limits);
                let mut look = Look::at(path, bytes, &folder);
                let known = recognise(&mut look)?;
                if !known.is_empty() {
                    return Ok(known);
                }
                // Somebody says that it is a recording: what looks like JSON at least is told what is
                // wrong with it.
                if look.beginning().trim_ascii_start().starts_with(b"{") {
                    return Ok(vec![look.whole(&Asciicast)]);
                }
                let unknown = look.into_damage().map_or(FormatError::Unknown, |source| {
                    FormatError::Container { file: None, source }
                });
                Err(unknown.of(path))
            });
        match found {
            Ok(candidates) => self.take(candidates, Some(path)),
            Err(error) => self.refuse(path, error),
        }
    }

    /// Walks a folder without recursion: how deep it is, is not ours to say.
    fn folder(&mut self, named: &Path) {
        // The last is taken first.
        let mut open = vec![(named.to_path_buf(), None::<Rc<Folder>>)];
        while let Some((path, around)) = open.pop() {
            match (fs::symlink_metadata(&path), around) {
                (Ok(data), Some(folder)) if !data.is_dir() => self.file_in(&folder, path),
                (Ok(_), _) => match sorted_entries(&path) {
                    Ok(entries) => {
                        let folder = Rc::new(Folder::of(&path, &entries, self.limits));
                        self.as_one(&folder);
                        let entries = entries.into_iter().rev();
                        open.extend(entries.map(|entry| (entry, Some(Rc::clone(&folder)))));
                    }
                    Err(error) => self.refuse(&path, unreadable(&path, error)),
                },
                (Err(error), _) => self.refuse(&path, unreadable(&path, error)),
            }
        }
    }

    /// A folder may be a recording itself.
    fn as_one(&mut self, folder: &Folder) {
        for format in FORMATS {
            match format.recognise_folder(folder) {
                Ok(candidates) if candidates.is_empty() => {}
                Ok(candidates) => return self.take(candidates, None),
                Err(error) => return self.refuse(folder.path(), error),
            }
        }
    }

    /// A file in a folder, or a link to one.
    fn file_in(&mut self, folder: &Folder, path: PathBuf) {
        if self.taken.contains(&path) {
            return;
        }
        let known = match fs::metadata(&path) {
            Ok(data) if !data.is_file() => Ok(Vec::new()),
            Ok(data) => recognise(&mut Look::at(&path, data.len(), folder)),
            // A link to nowhere is as little a recording as a pipe.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(unreadable(&path, error)),
        };
        match known {
            Ok(candidates) if candidates.is_empty() => self.found.push(Found::Skipped { path }),
            Ok(candidates) => self.take(candidates, Some(&path)),
            Err(error) => self.refuse(&path, error),
        }
    }

    /// `looked_at` itself can be named again, and is found to be there already then.
    fn take(&mut self, candidates: Vec<Candidate>, looked_at: Option<&Path>) {
        for candidate in candidates {
            let parts = candidate.parts.iter().map(|part| &part.path);
            let partners = parts.filter(|path| Some(path.as_path()) != looked_at);
            self.taken.extend(partners.cloned());
            self.found.push(Found::Candidate(candidate));
        }
    }

    fn refuse(&mut self, path: &Path, error: ImportError) {
        self.found.push(Found::Refused {
            path: path.to_path_buf(),
            error,
        });
    }
}

fn sorted_entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut entries = entries.collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    Ok(entries)
}

/// The recordings that a file is part of: by its content, else by its name.
fn recognise(look: &mut Look<'_>) -> Result<Vec<Candidate>, ImportError> {
    if let Some(error) = look.unreadable() {
        return Err(error);
    }
    for format in FORMATS {
        let known = format.recognise(look)?;
        if !known.is_empty() {
            return Ok(known);
        }
    }
    let named_after = |format: &&&'static dyn Format| {
        let endings = format.endings().iter();
        endings.copied().any(|ending| look.name_ends_with(ending))
    };
    let by_name = FORMATS.iter().find(named_after);
    Ok(by_name
        .map(|format| look.whole(*format))
        .into_iter()
        .collect())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn shown(found: &[Found], root: &Path) -> Vec<String> {
        let show = |found: &Found| {
            let (kind, path) = match found {
                Found::Candidate(candidate) => ("candidate", &candidate.path),
                Found::Skipped { path } => ("skipped", path),
                Found::Refused { path, .. } => ("refused", path),
            };
            let name = path.strip_prefix(root).unwrap();
            format!("{kind} {}", name.display())
        };
        found.iter().map(show).collect()
    }

    #[test]
    fn a_folder_gives_its_recordings_in_order_and_names_the_rest() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let cast = b"{\"version\": 2, \"width\": 80, \"height\": 24}\n";
        fs::create_dir_all(path("b/deep")).unwrap();
        fs::write(path("z.cast"), "not one, but named like one").unwrap();
        fs::write(path("b/deep/no-ending"), cast).unwrap();
        fs::write(path("b/packed"), zstd::encode_all(&cast[..], 1).unwrap()).unwrap();
        fs::write(path("b/readme.txt"), "hello").unwrap();
        fs::write(path("a.CAST.GZ"), "").unwrap();
        symlink(path("b"), path("link-to-folder")).unwrap();
        symlink(path("z.cast"), path("link-to-file")).unwrap();
        symlink(path("nowhere"), path("link-to-nowhere")).unwrap();

        let found = discover(
            &[dir.path().to_path_buf(), path("absent")],
            &ImportOptions::default(),
        );
        assert_eq!(
            shown(&found, dir.path()),
            [
                "candidate a.CAST.GZ",
                "candidate b/deep/no-ending",
                "candidate b/packed",
                "skipped b/readme.txt",
                "skipped link-to-file",
                "skipped link-to-folder",
                "skipped link-to-nowhere",
                "candidate z.cast",
                "refused absent",
            ]
        );
    }
}
