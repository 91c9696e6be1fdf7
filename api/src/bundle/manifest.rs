//! What a bundle consists of, and what the key of the log signs of it.

use retrace_core::log::checkpoint::{Checkpoint, Statement};
use retrace_core::{Position, SessionId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What the manifest begins with, and the signature under it.
pub const FORMAT: &str = "retrace-bundle@v1";
/// Its name in the zip.
pub const MANIFEST: &str = "manifest.json";
/// The name of its signature.
pub const SIGNATURE: &str = "manifest.json.sig";

/// One file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackedFile {
    /// How many bytes it has.
    pub bytes: u64,
    /// Its name, with folders divided by `/`.
    pub name: String,
    /// The SHA-256 of its content, in hexadecimal.
    pub sha256: String,
}

/// `manifest.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// The session.
    pub session: SessionId,
    /// The position of the log that it is of: it holds what the events below say.
    pub position: Position,
    /// The root of the tree of the log there, in base64.
    pub root: String,
    /// The verifier key that the log claims to have.
    pub key: String,
    /// Whether what is redacted is hidden in it.
    pub redacted: bool,
    /// What is left out of it because it cannot be masked.
    pub withheld: Vec<String>,
    /// Blobs that its events name and that are not there: SHA-256 in hexadecimal.
    pub absent: Vec<String>,
    /// The version of Retrace that made it.
    pub version: String,
    /// All files but this one and its signature, in the order of their names.
    pub files: Vec<PackedFile>,
}

impl Manifest {
    /// Its bytes in the bundle.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// What is signed under a manifest of these bytes.
pub fn statement(manifest: &[u8], session: SessionId, position: Position) -> Statement {
    let digest = hex::encode(Sha256::digest(manifest));
    Statement::new(
        FORMAT,
        [
            ("session", session.to_string()),
            ("position", position.to_string()),
            (MANIFEST, digest),
        ],
    )
}

/// The root of a checkpoint, as the manifest has it.
pub fn root(checkpoint: &Checkpoint) -> String {
    use base64::Engine;
    base64::prelude::BASE64_STANDARD.encode(checkpoint.root)
}
