//! The crash suite: recorders that append under load while servers, databases, disks and the
//! network between them fail, and a model that knows what must be there afterwards.
//!
//! | module | holds |
//! |---|---|
//! | `rounds` | a round: what fails in it and when, and what is checked after it |
//! | `client` | a recorder that does not give up |
//! | `proxy` | a network that cuts, delays and repeats |
//! | `node` | a server that is killed and started again; a disk that is small |
//! | `model` | what was sent and acknowledged, and whether a log agrees |
//! | `proof` | receipts, checkpoints and the tree, by a second implementation |
//! | `http` | as much of HTTP as it takes to be cut off at any byte |
//! | `rng` | randomness that a seed repeats |
//!
//! A seed decides what is sent, in which batches, and what fails after how long. It does not decide
//! how far the server has come by then: so a round that failed may have to be run several times
//! with its seed until it fails again.

mod client;
mod http;
mod model;
mod node;
mod proof;
mod proxy;
mod rng;
pub mod rounds;

use std::fmt;

/// A promise that was not kept: what the server said or stored, and what it should have.
#[derive(Debug)]
pub struct Broken(String);

impl Broken {
    fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
