//! Which of the files and folders that somebody named are to be imported.
//!
//! A file that was named is always a candidate. In a folder, a file is one when its name ends like
//! that of an asciicast, or when it begins like one, compressed or not. Folders are searched in the
//! order of their names; a link to a folder is not followed unless it was named itself. Nothing is
//! dropped in silence: what is no candidate is reported as skipped, what cannot be looked at as
//! refused.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::ImportError;
use crate::Limits;
use crate::asciicast;
use crate::container::Content;

/// What there is under a path that was named.
#[derive(Debug)]
pub enum Found {
    /// A file to import.
    Candidate {
        /// The file.
        path: PathBuf,
        /// Its size, as it is on disk.
        bytes: u64,
    },
    /// A file in a folder that is no recording.
    Skipped {
        /// The file.
        path: PathBuf,
    },
    /// A file or folder that cannot be looked at.
    Refused {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        error: ImportError,
    },
}

/// Looks for recordings under each of `paths`, in their order. Blocks.
pub fn discover(paths: &[PathBuf], limits: &Limits) -> Vec<Found> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            search(path, limits, &mut found);
            continue;
        }
        let path = path.clone();
        found.push(match size_of_file(&path) {
            Ok(bytes) => Found::Candidate { path, bytes },
            Err(error) => Found::Refused { path, error },
        });
    }
    found
}

/// The size of a file that was named. Anything else that can be named is refused: reading a pipe
/// or a device could wait for ever, and it cannot be read twice.
pub(super) fn size_of_file(path: &Path) -> Result<u64, ImportError> {
    fs::metadata(path)
        .and_then(|data| match (data.is_file(), data.is_dir()) {
            (true, _) => Ok(data.len()),
            (_, true) => Err(io::ErrorKind::IsADirectory.into()),
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "neither a file nor a folder",
            )),
        })
        .map_err(|source| ImportError::Unreadable {
            path: path.to_path_buf(),
            source,
        })
}

/// Walks a folder without recursion: how deep it is, is not ours to say.
fn search(folder: &Path, limits: &Limits, found: &mut Vec<Found>) {
    let mut open = vec![folder.to_path_buf()];
    while let Some(path) = open.pop() {
        match fs::symlink_metadata(&path) {
            Ok(data) if data.is_dir() || path == folder => match sorted_entries(&path) {
                // The last is taken first.
                Ok(entries) => open.extend(entries.into_iter().rev()),
                Err(error) => found.push(unreadable(&path, error)),
            },
            Ok(_) => found.push(look_at(path, limits)),
            Err(error) => found.push(unreadable(&path, error)),
        }
    }
}

fn sorted_entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut entries = entries.collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    Ok(entries)
}

/// A file in a folder, or a link to one.
fn look_at(path: PathBuf, limits: &Limits) -> Found {
    match fs::metadata(&path) {
        Ok(data) if !data.is_file() => Found::Skipped { path },
        Ok(data) if named_like_a_recording(&path) => Found::Candidate {
            path,
            bytes: data.len(),
        },
        Ok(data) => match begins_like_a_recording(&path, limits) {
            Ok(true) => Found::Candidate {
                path,
                bytes: data.len(),
            },
            Ok(false) => Found::Skipped { path },
            Err(error) => unreadable(&path, error),
        },
        // A link to nowhere is as little a recording as a pipe.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Found::Skipped { path },
        Err(error) => unreadable(&path, error),
    }
}

fn named_like_a_recording(path: &Path) -> bool {
    const ENDINGS: [&str; 4] = [".cast", ".cast.gz", ".cast.zst", ".asciicast"];
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().to_ascii_lowercase());
    name.is_some_and(|name| ENDINGS.iter().any(|ending| name.ends_with(ending)))
}

fn begins_like_a_recording(path: &Path, limits: &Limits) -> io::Result<bool> {
    let file = File::open(path)?;
    let mut beginning = vec![0; limits.max_header_bytes];
    let mut filled = 0;
    // Data that cannot be decompressed is no recording by its content, and not by its name either.
    let Ok(mut content) = Content::open(file, limits) else {
        return Ok(false);
    };
    while filled < beginning.len() {
        match content.read(&mut beginning[filled..]) {
            Ok(0) | Err(_) => break,
            Ok(count) => filled += count,
        }
    }
    Ok(asciicast::looks_like(&beginning[..filled]))
}

fn unreadable(path: &Path, source: io::Error) -> Found {
    let error = ImportError::Unreadable {
        path: path.to_path_buf(),
        source,
    };
    Found::Refused {
        path: path.to_path_buf(),
        error,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

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
            &Limits::default(),
        );
        let shown: Vec<_> = found
            .iter()
            .map(|found| {
                let (kind, path) = match found {
                    Found::Candidate { path, .. } => ("candidate", path),
                    Found::Skipped { path } => ("skipped", path),
                    Found::Refused { path, .. } => ("refused", path),
                };
                let name = path.strip_prefix(dir.path()).unwrap();
                format!("{kind} {}", name.display())
            })
            .collect();
        assert_eq!(
            shown,
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
