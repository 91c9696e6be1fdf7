//! Master keys and data keys.
//!
//! Each session has a data key; what belongs to no session is sealed under a data key of the log.
//! Data keys lie beside what they seal, wrapped by the master key, which lies elsewhere: in a file
//! that only the node can read, or wherever its operator mounts it. A new master key wraps the data
//! keys anew and touches nothing else.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};
use zeroize::Zeroize;

use super::{SealError, chunked, random};
use crate::id::{LogId, SessionId, StreamName};

/// How a line of a keyring looks.
pub(super) const LINE_FORM: &str =
    "retrace-master-key-1:{16 hexadecimal digits}:{base64 of 32 bytes}";
const LINE_PREFIX: &str = "retrace-master-key-1";
const ID_BYTES: usize = 8;

/// What a data key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyScope {
    /// What belongs to the log and to no session: settings, tokens, holds.
    Log,
    /// One session: its commits and its blobs.
    Session(SessionId),
}

impl KeyScope {
    /// The scope that a stream's commits are sealed in.
    pub fn of_stream(stream: &StreamName) -> Self {
        stream.session().map_or(Self::Log, Self::Session)
    }
}

/// The name under which a scope's key is stored: the session's id, or `log`.
impl fmt::Display for KeyScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log => f.write_str("log"),
            Self::Session(session) => session.fmt(f),
        }
    }
}

/// A key that seals the data of one scope. Wiped from memory when it is dropped.
pub struct DataKey([u8; 32]);

impl DataKey {
    /// A fresh key.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn generate() -> Result<Self, SealError> {
        random().map(Self)
    }

    /// The key itself.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Drop for DataKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(…)")
    }
}

/// A master key: wraps data keys.
struct MasterKey {
    id: [u8; ID_BYTES],
    bytes: [u8; 32],
}

impl MasterKey {
    fn new(bytes: [u8; 32]) -> Self {
        let digest = Sha256::new()
            .chain_update(b"retrace master key\0")
            .chain_update(bytes)
            .finalize();
        let mut id = [0; ID_BYTES];
        id.copy_from_slice(&digest[..ID_BYTES]);
        Self { id, bytes }
    }
}

impl Drop for MasterKey {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

/// The master keys that a node holds: the first wraps, all unwrap.
pub struct MasterKeys {
    keys: Vec<MasterKey>,
}

impl MasterKeys {
    /// A keyring of one fresh key.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn generate() -> Result<Self, SealError> {
        Ok(Self {
            keys: vec![MasterKey::new(random()?)],
        })
    }

    /// Reads a keyring: one key on each line, the one in use first. Empty lines and lines that
    /// begin with `#` do not count.
    ///
    /// # Errors
    /// Names the first line that is not a key.
    pub fn parse(text: &str) -> Result<Self, SealError> {
        let mut keys = Vec::new();
        for (number, line) in (1..).zip(text.lines().map(str::trim)) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let not_a_key = || SealError::NotAKey { line: number };
            let [LINE_PREFIX, id, bytes] = *line.split(':').collect::<Vec<_>>() else {
                return Err(not_a_key());
            };
            let bytes = BASE64_STANDARD.decode(bytes).map_err(|_| not_a_key())?;
            let key = MasterKey::new(bytes.try_into().map_err(|_| not_a_key())?);
            if hex::encode(key.id) != id {
                return Err(not_a_key());
            }
            keys.push(key);
        }
        if keys.is_empty() {
            return Err(SealError::NotAKey { line: 0 });
        }
        Ok(Self { keys })
    }

    /// The keyring as text, to be kept secret.
    pub fn to_secret_text(&self) -> String {
        self.keys
            .iter()
            .map(|key| {
                let (id, bytes) = (hex::encode(key.id), BASE64_STANDARD.encode(key.bytes));
                format!("{LINE_PREFIX}:{id}:{bytes}\n")
            })
            .collect()
    }

    /// The same keys behind a fresh one, which wraps from now on.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn with_fresh_key(&self) -> Result<Self, SealError> {
        let mut keys = vec![MasterKey::new(random()?)];
        keys.extend(self.keys.iter().map(|key| MasterKey::new(key.bytes)));
        Ok(Self { keys })
    }

    /// The `count` newest keys, and at least the one that wraps.
    #[must_use]
    pub fn newest(&self, count: usize) -> Self {
        let newest = self.keys.iter().take(count.max(1));
        Self {
            keys: newest.map(|key| MasterKey::new(key.bytes)).collect(),
        }
    }

    /// The id of the key that wraps: 16 hexadecimal digits, and no secret.
    pub fn current_id(&self) -> String {
        hex::encode(self.keys[0].id)
    }

    /// The id of the key that wrapped a data key.
    pub(crate) fn id_of_wrapped(wrapped: &[u8]) -> Option<String> {
        wrapped.get(..ID_BYTES).map(hex::encode)
    }

    /// Wraps a data key: the id of the master key, then the data key sealed under it.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn wrap(&self, log: LogId, scope: KeyScope, key: &DataKey) -> Result<Vec<u8>, SealError> {
        let master = &self.keys[0];
        let sealed = chunked::seal(&master.bytes, &context(log, scope), &key.0)?;
        Ok([master.id.as_slice(), &sealed].concat())
    }

    /// Unwraps what [`Self::wrap`] wrapped for the same log and scope.
    ///
    /// # Errors
    /// When its master key is not here, or it was changed.
    pub fn unwrap(
        &self,
        log: LogId,
        scope: KeyScope,
        wrapped: &[u8],
    ) -> Result<DataKey, SealError> {
        let (id, sealed) = wrapped
            .split_first_chunk::<ID_BYTES>()
            .ok_or(SealError::Truncated)?;
        let master =
            self.keys
                .iter()
                .find(|key| key.id == *id)
                .ok_or_else(|| SealError::NoMasterKey {
                    id: hex::encode(id),
                })?;
        let mut bytes = chunked::open(&master.bytes, &context(log, scope), sealed)?;
        let key = bytes.as_slice().try_into().map(DataKey);
        bytes.zeroize();
        key.map_err(|_| SealError::Truncated)
    }
}

fn context(log: LogId, scope: KeyScope) -> Vec<u8> {
    format!("retrace data key\0{log}/{scope}").into_bytes()
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<String> = self.keys.iter().map(|key| hex::encode(key.id)).collect();
        f.debug_tuple("MasterKeys").field(&ids).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_key_is_unwrapped_by_the_keyring_that_wrapped_it_and_by_later_ones() {
        let (log, scope) = (
            LogId::new_random(),
            KeyScope::Session(SessionId::launched_now()),
        );
        let keys = MasterKeys::generate().unwrap();
        let key = DataKey::generate().unwrap();
        let wrapped = keys.wrap(log, scope, &key).unwrap();
        let rotated = keys.with_fresh_key().unwrap();
        for keys in [&keys, &rotated] {
            assert_eq!(keys.unwrap(log, scope, &wrapped).unwrap().0, key.0);
        }
        let missing = rotated.newest(1).unwrap(log, scope, &wrapped);
        let id = keys.current_id();
        assert_eq!(missing.unwrap_err(), SealError::NoMasterKey { id });
        let elsewhere = keys.unwrap(log, KeyScope::Log, &wrapped);
        assert_eq!(elsewhere.unwrap_err(), SealError::NotAuthentic);
        let other_log = keys.unwrap(LogId::new_random(), scope, &wrapped);
        assert_eq!(other_log.unwrap_err(), SealError::NotAuthentic);
    }

    #[test]
    fn a_keyring_is_read_again_and_what_is_none_is_refused_with_its_line() {
        let keys = MasterKeys::generate().unwrap().with_fresh_key().unwrap();
        let text = format!("# kept by the operator\n\n{}", keys.to_secret_text());
        let again = MasterKeys::parse(&text).unwrap();
        assert_eq!(again.to_secret_text(), keys.to_secret_text());
        assert!(!format!("{keys:?}").contains(&text[text.len() - 20..]));
        let cases = [
            ("".to_owned(), 0),
            ("nonsense".to_owned(), 1),
            (text.replacen(":", ":0", 1), 3),
            (format!("{text}{LINE_PREFIX}:00:AAAA"), 5),
        ];
        for (text, line) in cases {
            assert_eq!(
                MasterKeys::parse(&text).unwrap_err(),
                SealError::NotAKey { line }
            );
        }
    }
}
