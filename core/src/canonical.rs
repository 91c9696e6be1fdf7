//! Canonical JSON (RFC 8785): one value, one sequence of bytes.
//!
//! The typed events write canonical bytes with plain `serde_json`, because their fields are
//! declared in the order of their names and their numbers are integers; a property test holds that
//! to the general algorithm, which is used for values whose shape is not known.
//!
//! What comes from a recorder mostly is canonical already. [`is_canonical`] finds that out in one
//! pass and without allocating, so that such data is stored as it came and taken apart by nobody.

mod check;

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

pub use check::is_canonical;

/// How deep arrays and objects may nest. Below the limits of common parsers (100, 128) by so much
/// that what holds the value (a leaf, an answer) can be read by them too.
pub const MAX_DEPTH: usize = 64;

/// A value that RFC 8785 cannot represent without changing it.
#[derive(Debug, thiserror::Error)]
pub enum CanonicalError {
    /// The text is not JSON, nests too deep, or names a member twice: RFC 8785 is for values that
    /// mean the same to everybody (RFC 7493).
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
/// When the text is not JSON, nests deeper than [`MAX_DEPTH`], names a member twice, or holds an
/// integer that would change.
pub fn canonicalize(json: &[u8]) -> Result<Vec<u8>, CanonicalError> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let value = Strict { depth: 0 }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    to_canonical(&value)
}

/// The canonical bytes of a value.
///
/// # Errors
/// When it holds an integer that would change.
pub fn to_canonical(value: &Value) -> Result<Vec<u8>, CanonicalError> {
    check_exact(value)?;
    Ok(serde_json_canonicalizer::to_vec(value)?)
}

/// Integers up to here are exact in a 64-bit floating point number; of larger ones, some are.
const ALWAYS_EXACT: u64 = 1 << 53;

fn check_exact(value: &Value) -> Result<(), CanonicalError> {
    match value {
        Value::Number(number) => {
            let magnitude = match (number.as_u64(), number.as_i64()) {
                (Some(n), _) => n,
                (None, Some(n)) => n.unsigned_abs(),
                (None, None) => return Ok(()),
            };
            // Exact is what reads as the same integer again.
            if magnitude <= ALWAYS_EXACT
                || serde_json_canonicalizer::to_vec(&(magnitude as f64))?
                    == magnitude.to_string().as_bytes()
            {
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

/// Reads a [`Value`], but refuses what `serde_json` would silently drop: a member that occurs
/// twice.
struct Strict {
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Strict {
    fn inner<E: serde::de::Error>(&self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom(format_args!(
                "it nests deeper than {MAX_DEPTH} arrays and objects"
            )));
        }
        Ok(Self {
            depth: self.depth + 1,
        })
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number that is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self.inner()?)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom(format_args!(
                    "the member {name:?} occurs twice"
                )));
            }
            let value = members.next_value_seed(self.inner()?)?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
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
        // 2^53, a larger one that is exact too, and what a fraction with an exponent becomes.
        for exact in ["9007199254740992", "17462562286446162", "1e20"] {
            let once = canonicalize(exact.as_bytes()).unwrap();
            assert_eq!(canonicalize(&once).unwrap(), once, "{exact}");
        }
        assert!(matches!(
            canonicalize(br#"{"a":[9007199254740993]}"#),
            Err(CanonicalError::Inexact { .. })
        ));
    }

    #[test]
    fn what_means_different_things_to_different_readers_is_refused() {
        let deep = |depth| "[".repeat(depth) + &"]".repeat(depth);
        let cases = [
            (r#"{"a":1,"a":1}"#.to_owned(), false),
            (r#"{"a":1,"\u0061":2}"#.to_owned(), false),
            (r#"{"a":{"a":1}}"#.to_owned(), true),
            (r#""\ud800""#.to_owned(), false),
            ("1e999".to_owned(), false),
            ("1 2".to_owned(), false),
            (deep(MAX_DEPTH), true),
            (deep(MAX_DEPTH + 1), false),
            (deep(100_000), false),
        ];
        for (text, taken) in cases {
            assert_eq!(canonicalize(text.as_bytes()).is_ok(), taken, "{text:.40}");
        }
    }
}
