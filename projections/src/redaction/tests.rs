//! Sessions made up for the rules, and real ones.

mod typed;
