//! What lies in the watched folders, and what changed since it was looked at last.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::Limits;
use crate::guacamole::looks_like;
use crate::import::ImportError;
use crate::import::discover::{Folder, Look, unreadable};

/// Folders in folders are looked at so deep.
const DEPTH_MAX: usize = 16;

/// The files that are known.
#[derive(Debug, Default)]
pub(super) struct Files {
    known: HashMap<PathBuf, Known>,
    /// So that a folder that cannot be read is named once.
    unreadable: HashMap<PathBuf, ()>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    bytes: u64,
    modified: SystemTime,
    /// When it was seen to change; before the watch began by what the file says.
    changed: Instant,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Not enough of it is there to tell.
    Open,
    /// A Guacamole dump that is followed.
    Dump,
    /// Anything else that is not done with.
    Other,
    /// Nothing is to be done, unless it changes.
    Done,
}

type Errors = Vec<(PathBuf, ImportError)>;

impl Files {
    /// Looks at the folders; answers the dumps to follow, and what cannot be read for the first time. Blocks.
    pub(super) fn look(
        &mut self,
        folders: &[PathBuf],
        idle: Duration,
        limits: &Limits,
    ) -> (Vec<PathBuf>, Errors) {
        let (mut dumps, mut errors) = (Vec::new(), Vec::new());
        let mut seen = HashMap::with_capacity(self.known.len());
        let mut open: Vec<(PathBuf, usize)> =
            folders.iter().map(|path| (path.clone(), 0)).collect();
        while let Some((folder, depth)) = open.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(source) => {
                    if self.unreadable.insert(folder.clone(), ()).is_none() {
                        errors.push((folder.clone(), unreadable(&folder, source)));
                    }
                    continue;
                }
            };
            self.unreadable.remove(&folder);
            // An entry that vanished in the meantime is none.
            for entry in entries.flatten() {
                // Hidden ones are somebody's unfinished copies.
                if entry.file_name().as_encoded_bytes().starts_with(b".") {
                    continue;
                }
                let path = entry.path();
                let Ok(data) = entry.metadata() else { continue };
                if data.is_dir() && depth < DEPTH_MAX {
                    open.push((path, depth + 1));
                } else if data.is_file() {
                    let known = self.looked_at(&path, &data, idle, limits);
                    if known.kind == Kind::Dump {
                        dumps.push(path.clone());
                    }
                    seen.insert(path, known);
                }
            }
        }
        self.known = seen;
        (dumps, errors)
    }

    fn looked_at(
        &self,
        path: &Path,
        data: &fs::Metadata,
        idle: Duration,
        limits: &Limits,
    ) -> Known {
        let bytes = data.len();
        let modified = data.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let before = self.known.get(path).copied();
        if let Some(known) = before
            && (known.bytes, known.modified) == (bytes, modified)
        {
            return known;
        }
        let age = modified.elapsed().unwrap_or_default();
        let changed = match before {
            // By this clock: that of another host may be wrong.
            Some(_) => Instant::now(),
            None => Instant::now().checked_sub(age).unwrap_or_else(Instant::now),
        };
        let kind = match before.map(|known| known.kind) {
            Some(kind @ (Kind::Dump | Kind::Other)) => kind,
            // Nobody writes to it any more: it is imported like any other.
            None if changed.elapsed() >= idle => Kind::Other,
            Some(Kind::Open | Kind::Done) | None => kind_of(path, bytes, limits),
        };
        Known {
            bytes,
            modified,
            changed,
            kind,
        }
    }

    /// A dump needs no more looking at, unless it changes.
    pub(super) fn done(&mut self, path: &Path) {
        if let Some(known) = self.known.get_mut(path) {
            known.kind = Kind::Done;
        }
    }

    /// A dump whose session is there already is imported as other files are, once it is quiet: so it is
    /// found out whether it is the same.
    pub(super) fn not_followed(&mut self, path: &Path) {
        if let Some(known) = self.known.get_mut(path) {
            known.kind = Kind::Other;
        }
    }

    /// The files to import: in their folders nothing but dumps has changed for `idle`.
    pub(super) fn quiet(&mut self, idle: Duration) -> Vec<PathBuf> {
        let mut last_change: HashMap<&Path, Instant> = HashMap::new();
        for (path, known) in &self.known {
            if known.kind != Kind::Dump {
                let folder = path.parent().unwrap_or(path);
                let last = last_change.entry(folder).or_insert(known.changed);
                *last = (*last).max(known.changed);
            }
        }
        let is_quiet = |path: &Path| {
            let last = last_change.get(path.parent().unwrap_or(path));
            last.is_some_and(|last| last.elapsed() >= idle)
        };
        let due = self.known.iter().filter(|(path, known)| {
            matches!(known.kind, Kind::Open | Kind::Other) && is_quiet(path)
        });
        let mut due: Vec<PathBuf> = due.map(|(path, _)| path.clone()).collect();
        due.sort();
        for path in &due {
            self.done(path);
        }
        due
    }
}

fn kind_of(path: &Path, bytes: u64, limits: &Limits) -> Kind {
    if bytes == 0 {
        return Kind::Open;
    }
    let folder = Folder::around(path, limits);
    let look = Look::at(path, bytes, &folder);
    if looks_like(look.beginning()) && look.is_plain() {
        Kind::Dump
    } else if bytes < 64 {
        Kind::Open
    } else {
        Kind::Other
    }
}
