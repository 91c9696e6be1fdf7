//! Checkpoints: the log's size and root, signed, so that nobody can show two different pasts.
//!
//! Formats: [C2SP tlog-checkpoint](https://c2sp.org/tlog-checkpoint) inside a
//! [C2SP signed note](https://c2sp.org/signed-note) with an Ed25519 signature. The origin and the
//! name of the key are `retrace/{log id}`.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use signed_note::{Note, StandardVerifier, Verifier as _, VerifierList};

use super::merkle::Hash;
use crate::id::{LogId, Position};

/// The algorithm byte of Ed25519 in keys of signed notes.
const ALGORITHM_ED25519: u8 = 1;
const ORIGIN_PREFIX: &str = "retrace/";

/// The private key that signs a log's checkpoints, with the name of the log.
pub struct LogKey {
    log: LogId,
    name: String,
    id: u32,
    signing: SigningKey,
    verifier: String,
}

/// A key or a checkpoint that is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// Not a signing key of a log.
    #[error("not a signing key: expected `PRIVATE+KEY+retrace/{{log id}}+{{key id}}+{{key}}`")]
    MalformedKey,
    /// Not a checkpoint at all.
    #[error("not a checkpoint: {0}")]
    Malformed(String),
    /// Not signed by the expected key, or changed since.
    #[error("the checkpoint is not signed by {verifier}: {reason}")]
    NotSigned {
        /// The verifier key.
        verifier: String,
        /// What is wrong with the signature.
        reason: String,
    },
    /// Signed, but for something else.
    #[error("the signature is for `{found}`, which is not what is there")]
    OtherStatement {
        /// The first line of what was signed that differs.
        found: String,
    },
    /// A checkpoint of another log.
    #[error("the checkpoint is of `{found}`, expected `{expected}`")]
    OtherOrigin {
        /// The origin it names.
        found: String,
        /// The origin of this log.
        expected: String,
    },
}

impl LogKey {
    /// A fresh key for a log that is being created.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn generate(log: LogId) -> Result<Self, getrandom::Error> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)?;
        Ok(Self::from_seed(log, &seed))
    }

    pub(crate) fn from_seed(log: LogId, seed: &[u8; 32]) -> Self {
        let name = format!("{ORIGIN_PREFIX}{log}");
        let signing = SigningKey::from_bytes(seed);
        let public = signing.verifying_key();
        let encoded = [&[ALGORITHM_ED25519], public.as_bytes().as_slice()].concat();
        let id = signed_note::key_id(&name, &encoded);
        let verifier = signed_note::new_ed25519_verifier_key(&name, &public);
        Self {
            log,
            name,
            id,
            signing,
            verifier,
        }
    }

    /// Reads a key from its text form, which is that of `signed_note` and of Go's `sumdb/note`.
    ///
    /// # Errors
    /// When it is not such a text, or its parts do not fit together.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let malformed = || CheckpointError::MalformedKey;
        let rest = text
            .trim()
            .strip_prefix("PRIVATE+KEY+")
            .ok_or_else(malformed)?;
        let [name, id, key] = <[&str; 3]>::try_from(rest.splitn(3, '+').collect::<Vec<_>>())
            .map_err(|_| malformed())?;
        let log = name
            .strip_prefix(ORIGIN_PREFIX)
            .and_then(|log| log.parse().ok());
        let key = BASE64_STANDARD.decode(key).map_err(|_| malformed())?;
        let seed: &[u8; 32] = match key.split_first() {
            Some((&ALGORITHM_ED25519, seed)) => seed.try_into().map_err(|_| malformed())?,
            _ => return Err(malformed()),
        };
        let parsed = Self::from_seed(log.ok_or_else(malformed)?, seed);
        if format!("{:08x}", parsed.id) == id && parsed.name == name {
            Ok(parsed)
        } else {
            Err(malformed())
        }
    }

    /// The key as text, to be kept secret.
    pub fn to_secret_text(&self) -> String {
        let key = [&[ALGORITHM_ED25519], self.signing.as_bytes().as_slice()].concat();
        format!(
            "PRIVATE+KEY+{}+{:08x}+{}",
            self.name,
            self.id,
            BASE64_STANDARD.encode(key)
        )
    }

    /// The log whose checkpoints the key signs.
    pub fn log(&self) -> LogId {
        self.log
    }

    /// The public key, as a C2SP verifier key.
    pub fn verifier_key(&self) -> &str {
        &self.verifier
    }

    /// Signs the checkpoint of a tree.
    pub fn sign(&self, size: Position, root: Hash) -> Checkpoint {
        let text = format!(
            "{}\n{}\n{}\n",
            self.name,
            size,
            BASE64_STANDARD.encode(root)
        );
        let note = self.sign_note(&text);
        Checkpoint { size, root, note }
    }

    /// Signs what the log says of something else than its tree, such as what a bundle consists of: a C2SP signed note,
    /// which is no checkpoint, as its first line is no origin.
    pub fn sign_statement(&self, statement: &Statement) -> String {
        self.sign_note(&statement.to_string())
    }

    fn sign_note(&self, text: &str) -> String {
        let signature = self.signing.sign(text.as_bytes()).to_bytes();
        let id_and_signature = [self.id.to_be_bytes().as_slice(), &signature].concat();
        format!(
            "{text}\n\u{2014} {} {}\n",
            self.name,
            BASE64_STANDARD.encode(id_and_signature)
        )
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogKey")
            .field("verifier", &self.verifier)
            .finish_non_exhaustive()
    }
}

/// A signed tree head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// How many leaves the tree has.
    pub size: Position,
    /// The root of the tree.
    pub root: Hash,
    note: String,
}

impl Checkpoint {
    /// Reads a signed checkpoint and checks that the holder of `verifier_key` signed it.
    ///
    /// # Errors
    /// When it is not a checkpoint, is signed by another, or was changed.
    pub fn verify(note: &str, verifier_key: &str) -> Result<Self, CheckpointError> {
        let malformed = |reason: &str| CheckpointError::Malformed(reason.to_owned());
        let (expected, text) = signed_text(note, verifier_key)?;
        let mut lines = text.lines();
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(malformed(
                "expected an origin, a size and a root, a line each",
            ));
        };
        if origin != expected {
            return Err(CheckpointError::OtherOrigin {
                found: origin.to_owned(),
                expected,
            });
        }
        let number: u64 = size
            .parse()
            .map_err(|_| malformed("the size is not a number"))?;
        if number.to_string() != size {
            return Err(malformed("the size is not a plain decimal number"));
        }
        let root = BASE64_STANDARD
            .decode(root)
            .ok()
            .and_then(|root| Hash::try_from(root).ok())
            .ok_or_else(|| malformed("the root is not 32 bytes in base64"))?;
        Ok(Self {
            size: Position(number),
            root,
            note: note.to_owned(),
        })
    }

    /// The signed note, as it is published.
    pub fn as_note(&self) -> &str {
        &self.note
    }
}

/// What a signed note says, once it is sure that the holder of a key signed it; with the name of the key.
fn signed_text(note: &str, verifier_key: &str) -> Result<(String, String), CheckpointError> {
    let malformed = |reason: &str| CheckpointError::Malformed(reason.to_owned());
    let verifier = StandardVerifier::new(verifier_key)
        .map_err(|error| malformed(&format!("the verifier key: {error}")))?;
    let name = verifier.name().to_owned();
    let parsed =
        Note::from_bytes(note.as_bytes()).map_err(|error| malformed(&error.to_string()))?;
    parsed
        .verify(&VerifierList::new(vec![Box::new(verifier)]))
        .map_err(|error| CheckpointError::NotSigned {
            verifier: verifier_key.to_owned(),
            reason: error.to_string(),
        })?;
    let text = String::from_utf8(parsed.text().to_vec()).map_err(|_| malformed("not UTF-8"))?;
    Ok((name, text))
}

/// What the key of a log signs beside checkpoints: what it is about (`retrace-bundle@v1`), and lines of a name and a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    about: &'static str,
    lines: Vec<(String, String)>,
}

impl Statement {
    /// A statement. Characters that would make a line two, or a part another, are not taken over.
    pub fn new<'a>(
        about: &'static str,
        lines: impl IntoIterator<Item = (&'a str, String)>,
    ) -> Self {
        debug_assert!(!about.starts_with(ORIGIN_PREFIX), "that is an origin");
        let one_line = |text: &str| text.replace(|c: char| c.is_control(), " ");
        let lines = lines.into_iter();
        Self {
            about,
            lines: lines
                .map(|(name, value)| (one_line(name), one_line(&value)))
                .collect(),
        }
    }

    /// Whether a signed note says exactly this, by this key.
    ///
    /// # Errors
    /// When it is signed by another, was changed, or says something else.
    pub fn verify(&self, note: &str, verifier_key: &str) -> Result<(), CheckpointError> {
        let (_, text) = signed_text(note, verifier_key)?;
        if text == self.to_string() {
            return Ok(());
        }
        let differs = text.lines().find(|line| {
            *line != self.about
                && !self
                    .lines
                    .iter()
                    .any(|(name, value)| *line == format!("{name} {value}"))
        });
        Err(CheckpointError::OtherStatement {
            found: differs.unwrap_or("less than was expected").to_owned(),
        })
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.about)?;
        self.lines
            .iter()
            .try_for_each(|(name, value)| writeln!(f, "{name} {value}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_holds_word_for_word_and_is_no_checkpoint() {
        let key = key();
        let of = |file: &str| {
            Statement::new(
                "retrace-bundle@v1",
                [
                    ("position", "7".to_owned()),
                    ("manifest.json", file.to_owned()),
                ],
            )
        };
        let note = key.sign_statement(&of("ab\ncd"));
        of("ab cd").verify(&note, key.verifier_key()).unwrap();
        let other = of("ef").verify(&note, key.verifier_key()).unwrap_err();
        assert_eq!(
            other.to_string(),
            "the signature is for `manifest.json ab cd`, which is not what is there"
        );
        let changed = note.replace("position 7", "position 8");
        assert!(of("ab cd").verify(&changed, key.verifier_key()).is_err());
        assert!(Checkpoint::verify(&note, key.verifier_key()).is_err());
        let checkpoint = key.sign(Position(7), [1; 32]);
        assert!(
            of("ab cd")
                .verify(checkpoint.as_note(), key.verifier_key())
                .is_err()
        );
    }

    fn key() -> LogKey {
        LogKey::from_seed(LogId::new_random(), &[7; 32])
    }

    #[test]
    fn a_key_survives_its_text_form() {
        let key = key();
        let read = LogKey::parse(&key.to_secret_text()).unwrap();
        assert_eq!(read.verifier_key(), key.verifier_key());
        assert!(!format!("{key:?}").contains(&key.to_secret_text()[60..]));
        for text in [
            "",
            "PRIVATE+KEY+x",
            &key.to_secret_text().replace("retrace", "else"),
        ] {
            assert!(LogKey::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_changed_checkpoint_is_refused() {
        let key = key();
        let checkpoint = key.sign(Position(42), [9; 32]);
        let note = checkpoint.as_note();
        assert_eq!(
            Checkpoint::verify(note, key.verifier_key()).unwrap(),
            checkpoint
        );
        let larger = note.replace("\n42\n", "\n43\n");
        assert!(matches!(
            Checkpoint::verify(&larger, key.verifier_key()),
            Err(CheckpointError::NotSigned { .. })
        ));
        let other = LogKey::from_seed(LogId::new_random(), &[8; 32]);
        assert!(Checkpoint::verify(note, other.verifier_key()).is_err());
    }

    /// The checkpoint and the key are what an implementation that is not ours reads.
    #[test]
    fn another_implementation_reads_it() {
        let key = key();
        let checkpoint = key.sign(Position(42), [9; 32]);
        let signer = signed_note::StandardSigner::new(&key.to_secret_text()).unwrap();
        assert_eq!(signed_note::Signer::name(&signer), key.name);
        let note = Note::from_bytes(checkpoint.as_note().as_bytes()).unwrap();
        let theirs = tlog_tiles::Checkpoint::from_bytes(note.text()).unwrap();
        assert_eq!((theirs.size(), theirs.hash().0), (42, [9; 32]));
    }
}
