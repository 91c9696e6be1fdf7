//! What is redacted.

mod printed;
pub mod rules;
#[cfg(test)]
mod tests;
mod typed;

pub use rules::{MASK, Rules};
pub use typed::{HiddenKeys, Place, Rule, TypedLines};
