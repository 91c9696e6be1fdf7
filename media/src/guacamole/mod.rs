//! Session recordings of Apache Guacamole, as guacd writes them: the instructions of the Guacamole
//! protocol, one after the other, without a header.
//!
//! - [`parser`] cuts bytes that come in pieces into instructions;
//! - [`display`] draws them, and knows which part of the picture changed;
//! - [`frames`] gives the pictures of a recording at their times;
//! - [`keyboard`] turns keys into the text that they typed;
//! - [`events`] tells what happened: what was typed and pasted, which buttons were pressed, what
//!   sounded;
//! - [`clock`] keeps the times in order.
//!
//! Nothing here knows of the log, and nothing here encodes video. Sources: the *Guacamole protocol
//! reference* of the manual, libguac's `protocol-constants.h`, and the behaviour of guacenc 1.6.1.

pub mod clock;
pub mod display;
pub mod events;
pub mod frames;
pub mod keyboard;
pub mod parser;

#[cfg(test)]
mod testing;
