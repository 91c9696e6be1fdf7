//! What is redacted.

mod printed;
pub mod rules;
mod typed;
#[cfg(test)]
mod tests;

pub use rules::{MASK, Rules};
pub use typed::{HiddenKeys, Place, Rule, TypedLines};
