//! Reports that are run by themselves, when a day, a week, a month or a quarter is over.
//!
//! | module | holds |
//! |---|---|
//! | [`definition`] | what a schedule is, and what it may be |
//! | [`period`] | days, weeks, months and quarters of a time zone, and when they are over |
//! | [`book`] | the schedules as events in the log (`settings/reports`), and their runs (`schedule/{name}`) |
//! | [`files`] | the files of a run, below the folder for exports |
//! | [`service`] | runs what is due |
//!
//! Promises:
//! - *each period once*: a run is an event of `schedule/{name}`, and the expected version of that stream decides which of many
//!   nodes has run it. Its files are put in place after that, by that node, also when it was killed in between;
//! - *no period left out*: what became due while no server ran is run at the next start, oldest first;
//! - *the same again*: the event says parameters and position of the log, so that anybody who may can run the same report,
//!   and gets the same rows.

pub mod book;
pub mod definition;
pub mod files;
pub mod period;
pub mod service;
