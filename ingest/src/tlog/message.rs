//! One message.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::asciicast::decimal;
use crate::shown::shown;

/// The most bytes of a message: recorders write some KiB.
const MAX_BYTES: usize = 1 << 20;
/// The most bytes of the name of a recording and its host.
const MAX_NAME: usize = 1_024;

/// A message of a recording.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) host: String,
    pub(super) rec: String,
    pub(super) user: String,
    pub(super) term: String,
    pub(super) session: u64,
    pub(super) version: String,
    pub(super) id: u64,
    /// Since the start of the recording.
    pub(super) pos_us: u64,
    /// The time of `pos`, in microseconds since 1970.
    pub(super) time_us: Option<u64>,
    pub(super) timing: String,
    pub(super) in_txt: String,
    pub(super) in_bin: Vec<u8>,
    pub(super) out_txt: String,
    pub(super) out_bin: Vec<u8>,
}

/// Its fields, as they stand in the JSON.
#[derive(Deserialize)]
struct Fields<'a> {
    ver: serde_json::Value,
    #[serde(default)]
    host: String,
    rec: String,
    #[serde(default)]
    user: String,
    #[serde(default)]
    term: String,
    #[serde(default)]
    session: u64,
    id: u64,
    pos: u64,
    #[serde(borrow, default)]
    time: Option<&'a RawValue>,
    timing: String,
    #[serde(default)]
    in_txt: String,
    #[serde(default)]
    in_bin: Vec<u8>,
    #[serde(default)]
    out_txt: String,
    #[serde(default)]
    out_bin: Vec<u8>,
}

impl Message {
    /// Reads a message. The error says what is wrong.
    pub(super) fn read(json: &[u8]) -> Result<Self, String> {
        if json.len() > MAX_BYTES {
            return Err(format!(
                "{} bytes, expected a message of up to {MAX_BYTES}",
                json.len()
            ));
        }
        let fields: Fields<'_> = serde_json::from_slice(json).map_err(|error| {
            let text = error.to_string();
            let reason = text
                .rsplit_once(" at line ")
                .map_or(&*text, |(reason, _)| reason);
            format!("not a message: {}", shown(reason))
        })?;
        let version = match fields.ver {
            serde_json::Value::String(version) => version,
            version => version.to_string(),
        };
        let major = version.split('.').next().unwrap_or_default();
        if !matches!(major, "1" | "2") {
            return Err(format!("`ver` is {:?}, expected 2", shown(&version)));
        }
        let pos_us = fields
            .pos
            .checked_mul(1_000)
            .filter(|us| *us <= decimal::MAX_US);
        let pos_us = pos_us.ok_or_else(|| {
            format!(
                "`pos` is {}, expected milliseconds up to ten years",
                fields.pos
            )
        })?;
        Ok(Self {
            host: fields.host,
            rec: fields.rec,
            user: fields.user,
            term: fields.term,
            session: fields.session,
            version,
            id: fields.id,
            pos_us,
            time_us: fields
                .time
                .and_then(|time| decimal::to_us(time.get().as_bytes())),
            timing: fields.timing,
            in_txt: fields.in_txt,
            in_bin: fields.in_bin,
            out_txt: fields.out_txt,
            out_bin: fields.out_bin,
        })
    }

    /// Which recording it belongs to: `rec` is only unique on its host.
    pub(super) fn recording(&self) -> String {
        recording(&self.rec, &self.host)
    }

    /// What all messages of the recording have in common, as JSON.
    pub(super) fn common(&self) -> String {
        let common = serde_json::json!({
            "ver": self.version,
            "host": self.host,
            "rec": self.rec,
            "user": self.user,
            "term": self.term,
            "session": self.session,
        });
        common.to_string()
    }
}

fn recording(rec: &str, host: &str) -> String {
    format!("{rec}@{host}")
}

/// Which recording a message belongs to, if that can be seen: a quick look, that does not read its
/// text.
pub(super) fn recording_of(json: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Probe<'a> {
        #[serde(default)]
        host: String,
        rec: String,
        #[serde(borrow, rename = "timing")]
        _timing: &'a RawValue,
    }
    let probe: Probe<'_> = serde_json::from_slice(json).ok()?;
    let name = recording(&probe.rec, &probe.host);
    (name.len() <= MAX_NAME).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_message_is_told_why() {
        let cases = [
            ("{", "not a message: EOF while parsing an object"),
            ("{}", "not a message: missing field `ver`"),
            (
                r#"{"ver":"3.0","rec":"a","id":1,"pos":0,"timing":""}"#,
                "`ver` is \"3.0\", expected 2",
            ),
            (
                r#"{"ver":"2","rec":"a","id":-1,"pos":0,"timing":""}"#,
                "not a message: invalid value: integer `-1`, expected u64",
            ),
            (
                r#"{"ver":"2","rec":"a","id":1,"pos":18446744073709551615,"timing":""}"#,
                "`pos` is 18446744073709551615, expected milliseconds up to ten years",
            ),
            (
                r#"{"ver":"2","rec":"a","id":1,"pos":0,"timing":"","out_bin":[256]}"#,
                "not a message: invalid value: integer `256`, expected u8",
            ),
        ];
        for (json, want) in cases {
            assert_eq!(Message::read(json.as_bytes()).unwrap_err(), want, "{json}");
        }
        let good = br#"{"ver":"2.3","host":"h","rec":"a","id":1,"pos":5,"time":1.5,"timing":""}"#;
        let message = Message::read(good).unwrap();
        assert_eq!((message.pos_us, message.time_us), (5_000, Some(1_500_000)));
        assert_eq!(recording_of(good), Some(message.recording()));
    }
}
