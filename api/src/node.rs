//! The name of this node.
//!
//! Nodes of one log go on with their own work after a start, and leave that of others alone: a session
//! that sudo sends to another node may be well and alive although it is quiet. So a node has a name that
//! stays.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use uuid::Uuid;

/// The file of the data folder that holds the name.
const FILE: &str = "node";

/// The name of the node cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the name of this node, `{}`: {source}", path.display())]
pub struct NodeError {
    path: PathBuf,
    source: io::Error,
}

/// The name of the node with this data folder. Made when it has none yet.
///
/// # Errors
/// When it cannot be read or written, or is none.
pub fn node_name(data: &Path) -> Result<String, NodeError> {
    let path = data.join(FILE);
    let failed = |source| NodeError {
        path: path.clone(),
        source,
    };
    let made = OpenOptions::new().write(true).create_new(true).open(&path);
    match made {
        Ok(mut file) => {
            let name = Uuid::new_v4().to_string();
            writeln!(file, "{name}")
                .and_then(|()| file.sync_all())
                .map_err(failed)?;
            Ok(name)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let text = std::fs::read_to_string(&path).map_err(failed)?;
            let name = Uuid::try_parse(text.trim()).map_err(|error| {
                let message = format!("{error}: remove the file, and a new name is made");
                failed(io::Error::other(message))
            })?;
            Ok(name.to_string())
        }
        Err(error) => Err(failed(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_keeps_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let name = node_name(folder.path()).unwrap();
        assert_eq!(node_name(folder.path()).unwrap(), name);
        std::fs::write(folder.path().join(FILE), "").unwrap();
        let error = node_name(folder.path()).unwrap_err().to_string();
        assert!(error.contains("remove the file"), "{error}");
    }
}
