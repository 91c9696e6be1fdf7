//! The proof for one leaf as a file: [C2SP tlog-proof](https://c2sp.org/tlog-proof).

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::merkle::Hash;
use crate::id::Position;

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";
/// A tree of 2^64 leaves has proofs of 64 hashes.
const HASHES_MAX: usize = 64;

/// The proof that a leaf is in the log: with the leaf and the log's key, all that is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// What goes along with the proof; not proved.
    pub extra: Option<Vec<u8>>,
    /// The leaf's position.
    pub index: Position,
    /// The inclusion proof (RFC 6962, 2.1.1).
    pub hashes: Vec<Hash>,
    /// The checkpoint, not checked yet.
    pub note: String,
}

/// A text that is not a [`TlogProof`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a tlog-proof: expected {0}")]
pub struct NotATlogProof(&'static str);

impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", BASE64_STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{}", BASE64_STANDARD.encode(hash))?;
        }
        write!(f, "\n{}", self.note)
    }
}

impl TlogProof {
    /// Whether the text claims to be such a proof.
    pub fn is_claimed_by(text: &str) -> bool {
        text.starts_with(FIRST_LINE)
    }

    /// Reads a proof. Nothing in it is believed yet.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, NotATlogProof> {
        let (head, note) = text
            .split_once("\n\n")
            .ok_or(NotATlogProof("an empty line, and the checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(FIRST_LINE) {
            return Err(NotATlogProof("`c2sp.org/tlog-proof@v1` on the first line"));
        }
        let extra = match lines.peek().and_then(|line| line.strip_prefix("extra ")) {
            None => None,
            Some(extra) => {
                lines.next();
                let decoded = BASE64_STANDARD.decode(extra);
                Some(decoded.map_err(|_| NotATlogProof("base64 after `extra`"))?)
            }
        };
        let index = lines
            .next()
            .and_then(|line| line.strip_prefix("index "))
            .and_then(|digits| {
                let index: u64 = digits.parse().ok()?;
                (index.to_string() == digits).then_some(Position(index))
            })
            .ok_or(NotATlogProof("`index` and a plain decimal number"))?;
        let hashes: Vec<Hash> = lines
            .take(HASHES_MAX + 1)
            .map(|line| BASE64_STANDARD.decode(line).ok()?.try_into().ok())
            .collect::<Option<_>>()
            .ok_or(NotATlogProof("a hash in base64 on each line of the proof"))?;
        if hashes.len() > HASHES_MAX {
            return Err(NotATlogProof("at most 64 hashes"));
        }
        Ok(Self {
            extra,
            index,
            hashes,
            note: note.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOTE: &str = "example.com/log\n7\nAAAA\n\n\u{2014} example.com/log AAAA\n";

    proptest! {
        #[test]
        fn a_proof_survives_its_text_form(
            extra in prop::option::of(prop::collection::vec(any::<u8>(), 0..40)),
            index: u64,
            hashes in prop::collection::vec(any::<Hash>(), 0..64),
        ) {
            let index = Position(index);
            let proof = TlogProof { extra, index, hashes, note: NOTE.to_owned() };
            prop_assert_eq!(TlogProof::parse(&proof.to_string()), Ok(proof));
        }

        #[test]
        fn any_text_is_a_proof_or_is_refused(
            text in "(c2sp.org/tlog-proof@v1\n)?(extra [A-Z=]{0,8}\n)?(index [0-9]{0,22}\n)?[A-Za-z=\n]{0,60}",
        ) {
            if let Ok(proof) = TlogProof::parse(&text) {
                prop_assert_eq!(proof.to_string(), text);
            }
        }
    }

    #[test]
    fn what_is_no_proof_is_refused() {
        let hash = BASE64_STANDARD.encode([0; 32]);
        let long = format!("{hash}\n").repeat(HASHES_MAX + 1);
        let cases = [
            String::new(),
            format!("{FIRST_LINE}\nindex 0\n"),
            format!("{FIRST_LINE}\nindex 00\n\n{NOTE}"),
            format!("{FIRST_LINE}\nindex +1\n\n{NOTE}"),
            format!("{FIRST_LINE}\nextra !\nindex 1\n\n{NOTE}"),
            format!("{FIRST_LINE}\nindex 1\nAAAA\n\n{NOTE}"),
            format!("{FIRST_LINE}\nindex 1\n{long}\n{NOTE}"),
        ];
        for text in cases {
            assert!(TlogProof::parse(&text).is_err(), "{text}");
        }
    }
}
