//! Events are sent to receivers that others made, which die, stall and refuse, and all of them arrive.

mod faults;
mod files;
mod house;
mod http;
mod rules;
mod syslog;
mod takeover;
