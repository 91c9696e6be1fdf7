//! What browsers keep, sealed: nobody but the servers of a log can read or make it.
//!
//! All servers of a log have the same key, which follows from the key of the log, so a browser stays signed in when a
//! server is started anew and when another one answers.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use retrace_core::Timestamp;
use retrace_core::data_dir::{DataDir, DataDirError};
use retrace_core::seal::SealError;
use retrace_core::seal::chunked;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Longer ones are not ours.
const CHARACTERS_MAX: usize = 4_000;

/// What the cookie of a browser that is signed in says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BrowserCookie {
    /// The id of the sign-in.
    pub(super) id: String,
    /// Its secret, of which the log has the hash.
    pub(super) secret: String,
    /// When the browser asked for something last, give or take how often it is told.
    pub(super) seen: Timestamp,
}

/// Seals and opens.
#[derive(Clone)]
pub(crate) struct Cookies {
    key: [u8; 32],
}

impl Cookies {
    pub(crate) fn of(data: &DataDir) -> Result<Self, DataDirError> {
        let key = data.derived_key("cookies")?;
        Ok(Self { key })
    }

    /// A value for a cookie of this purpose.
    pub(crate) fn seal(
        &self,
        purpose: &'static str,
        content: &impl Serialize,
    ) -> Result<String, SealError> {
        // Names, times and texts have a form in JSON.
        let content = serde_json::to_vec(content).unwrap_or_default();
        let sealed = chunked::seal(&self.key, purpose.as_bytes(), &content)?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode(sealed))
    }

    /// What was sealed for this purpose. `None` when it was not, or is of another version.
    pub(crate) fn open<T: DeserializeOwned>(
        &self,
        purpose: &'static str,
        value: &str,
    ) -> Option<T> {
        if value.len() > CHARACTERS_MAX {
            return None;
        }
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(value).ok()?;
        let content = chunked::open(&self.key, purpose.as_bytes(), &sealed).ok()?;
        serde_json::from_slice(&content).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_sealed_for_the_purpose_opens() {
        let cookies = Cookies { key: [7; 32] };
        let browser = BrowserCookie {
            id: "a".to_owned(),
            secret: "b".to_owned(),
            seen: Timestamp::now(),
        };
        let value = cookies.seal("browser", &browser).unwrap();
        assert_eq!(cookies.open("browser", &value), Some(browser));
        assert_eq!(cookies.open::<BrowserCookie>("other", &value), None);
        let stranger = Cookies { key: [8; 32] };
        assert_eq!(stranger.open::<BrowserCookie>("browser", &value), None);
        for wrong in ["", "x", "rtr_1_2_3", &value[1..], &"A".repeat(5_000)] {
            assert_eq!(cookies.open::<BrowserCookie>("browser", wrong), None);
        }
    }
}
