//! Canonical JSON (RFC 8785): one value, one sequence of bytes.
//!
//! The typed events write canonical bytes with plain `serde_json`, because their fields are
//! declared in the order of their names and their numbers are integers; a property test holds that
//! to the general algorithm, which is used for values whose shape is not known.

use serde_json::Value;

/// A value that RFC 8785 cannot represent without changing it.
#[derive(Debug, thiserror::Error)]
pub enum CanonicalError {
    /// The text is not JSON.
    #[error("not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
    /// A number that a 64-bit floating point number, and so RFC 8785, cannot hold.
    #[error("the number {number} cannot be kept exactly: expected an integer of at most 53 bits")]
    Inexact {
        /// The number as it came.
        number: String,
    },
}

/// The canonical bytes of a JSON text.
///
/// # Errors
/// When the text is not JSON, or holds an integer above 2^53 that would change.
pub fn canonicalize(json: &[u8]) -> Result<Vec<u8>, CanonicalError> {
    let value: Value = serde_json::from_slice(json)?;
    to_canonical(&value)
}

/// The canonical bytes of a value.
///
/// # Errors
/// When it holds an integer above 2^53 that would change.
pub fn to_canonical(value: &Value) -> Result<Vec<u8>, CanonicalError> {
    check_exact(value)?;
    Ok(serde_json_canonicalizer::to_vec(value)?)
}

fn check_exact(value: &Value) -> Result<(), CanonicalError> {
    const LARGEST: u64 = 1 << 53;
    match value {
        Value::Number(number) => {
            let exact = match (number.as_u64(), number.as_i64()) {
                (Some(n), _) => n <= LARGEST,
                (None, Some(n)) => n.unsigned_abs() <= LARGEST,
                (None, None) => true,
            };
            if exact {
                Ok(())
            } else {
                Err(CanonicalError::Inexact {
                    number: number.to_string(),
                })
            }
        }
        Value::Array(items) => items.iter().try_for_each(check_exact),
        Value::Object(fields) => fields.values().try_for_each(check_exact),
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_and_numbers_shortened() {
        let canonical = canonicalize(br#"{ "b": 1.0, "a": "\u00e9\u001b/", "c": [1e3, -0.0] }"#);
        assert_eq!(
            String::from_utf8(canonical.unwrap()).unwrap(),
            "{\"a\":\"é\\u001b/\",\"b\":1,\"c\":[1000,0]}"
        );
    }

    #[test]
    fn a_number_that_would_change_is_refused() {
        assert!(canonicalize(b"[9007199254740992]").is_ok());
        assert!(matches!(
            canonicalize(br#"{"a":[9007199254740993]}"#),
            Err(CanonicalError::Inexact { .. })
        ));
    }
}
