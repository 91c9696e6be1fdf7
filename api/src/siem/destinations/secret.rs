//! Secrets of destinations: tokens of Splunk, keys that sign.
//!
//! They stand in the log sealed under a key that follows from the key of the log, so that all nodes open them, and no
//! export, no leaf and no reader of the log shows one. A secret opens only for the destination, the kind and the target
//! that it was given for: who may only change where events are sent cannot have the secret sent there.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use retrace_core::data_dir::{DataDir, DataDirError};
use retrace_core::seal::{SealError, chunked};

/// What its target and name are checked with, and the text that must not be longer.
pub const SECRET_BYTES_MAX: usize = 4_096;

/// Seals and opens secrets.
#[derive(Clone)]
pub struct SecretSealer {
    key: [u8; 32],
}

impl std::fmt::Debug for SecretSealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretSealer(…)")
    }
}

/// Why a secret cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It has no characters, or too many, or such as cannot be sent.
    #[error(
        "the secret has {found} bytes, expected 1 to {SECRET_BYTES_MAX}, and no control characters"
    )]
    NotOne {
        /// Its length.
        found: usize,
    },
    /// It was sealed for another destination, with another key, or is damaged.
    #[error("the secret does not open for this target: set the destination again, with its secret")]
    Sealed(#[from] SealError),
    /// It is no base64, or no text.
    #[error("the secret in the log is damaged: set the destination again, with its secret")]
    Damaged,
}

impl SecretSealer {
    /// The sealer of the log with this data folder.
    ///
    /// # Errors
    /// When the key of the log cannot be read.
    pub fn of(data: &DataDir) -> Result<Self, DataDirError> {
        let key = data.derived_key("secrets of destinations")?;
        Ok(Self { key })
    }

    /// Seals a secret for a destination.
    ///
    /// # Errors
    /// When it is none.
    pub fn seal(
        &self,
        name: &str,
        kind: &str,
        target: &str,
        secret: &str,
    ) -> Result<String, SecretError> {
        let found = secret.len();
        if !(1..=SECRET_BYTES_MAX).contains(&found) || secret.chars().any(char::is_control) {
            return Err(SecretError::NotOne { found });
        }
        let sealed = chunked::seal(&self.key, &context(name, kind, target), secret.as_bytes())?;
        Ok(BASE64_STANDARD.encode(sealed))
    }

    /// Opens what was sealed for the same destination.
    ///
    /// # Errors
    /// When it was sealed for another, or is damaged.
    pub fn open(
        &self,
        name: &str,
        kind: &str,
        target: &str,
        sealed: &str,
    ) -> Result<String, SecretError> {
        let sealed = BASE64_STANDARD.decode(sealed);
        let sealed = sealed.map_err(|_| SecretError::Damaged)?;
        let secret = chunked::open(&self.key, &context(name, kind, target), &sealed)?;
        String::from_utf8(secret).map_err(|_| SecretError::Damaged)
    }
}

fn context(name: &str, kind: &str, target: &str) -> Vec<u8> {
    format!("retrace destination secret\0{name}\0{kind}\0{target}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_for_the_target_that_it_was_given_for_alone() {
        let sealer = SecretSealer { key: [7; 32] };
        let sealed = sealer.seal("splunk", "hec", "https://a", "s3cret").unwrap();
        assert!(!sealed.contains("s3cret"));
        assert_eq!(
            sealer.open("splunk", "hec", "https://a", &sealed).unwrap(),
            "s3cret"
        );
        for (name, kind, target) in [
            ("splunk", "hec", "https://b"),
            ("splunk", "webhook", "https://a"),
            ("other", "hec", "https://a"),
        ] {
            assert!(
                sealer.open(name, kind, target, &sealed).is_err(),
                "{target}"
            );
        }
        assert!(
            SecretSealer { key: [8; 32] }
                .open("splunk", "hec", "https://a", &sealed)
                .is_err()
        );
        assert!(sealer.seal("a", "hec", "t", "").is_err());
        assert!(sealer.seal("a", "hec", "t", "a\r\nHost: x").is_err());
    }
}
