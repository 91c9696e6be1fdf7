//! The folder below which the server may write files for others (`retrace serve --export-folder`).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Said where there is none.
pub(crate) const NO_FOLDER: &str =
    "this server writes no files: start it with --export-folder FOLDER";

/// A folder below the one for exports, made if it is not there. The path must have been checked to lead downwards.
///
/// # Errors
/// When it cannot be made, or a link on the way leads out of the folder for exports.
pub(crate) fn folder_below(exports: &Path, below: &Path) -> io::Result<PathBuf> {
    let root = exports.canonicalize()?;
    let folder = root.join(below);
    fs::create_dir_all(&folder)?;
    // A link in the way may lead anywhere.
    let folder = folder.canonicalize()?;
    if !folder.starts_with(&root) {
        return Err(io::Error::other(
            "it does not lie below the folder for exports",
        ));
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_link_leads_out_of_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let (exports, outside) = (dir.path().join("exports"), dir.path().join("outside"));
        for folder in [&exports, &outside] {
            fs::create_dir(folder).unwrap();
        }
        let made = folder_below(&exports, Path::new("audits/access")).unwrap();
        assert_eq!(made, exports.canonicalize().unwrap().join("audits/access"));
        std::os::unix::fs::symlink(&outside, exports.join("away")).unwrap();
        assert!(folder_below(&exports, Path::new("away/from/here")).is_err());
        assert!(folder_below(&dir.path().join("gone"), Path::new("audits")).is_err());
    }
}
