//! What a worker takes from itself before it reads anything.

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

use super::job::Limits;

/// No core dumps, and gone when the parent is gone.
pub(super) fn be_humble() -> io::Result<()> {
    set(Resource::Core, 0)?;
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    Ok(())
}

/// Last in line for the processor: whoever waits for an answer goes first.
pub(super) fn yield_to_others() -> io::Result<()> {
    rustix::process::nice(10)?;
    Ok(())
}

/// Memory and processor time that cannot be raised again.
pub(super) fn apply(limits: &Limits) -> io::Result<()> {
    set(Resource::As, limits.memory_bytes)?;
    set(Resource::Cpu, limits.cpu_seconds.saturating_add(5))?;
    // The soft limit comes first and ends the process by a signal that says why.
    let hard = rustix::process::getrlimit(Resource::Cpu).maximum;
    let limit = Rlimit {
        current: Some(hard.map_or(limits.cpu_seconds, |hard| hard.min(limits.cpu_seconds))),
        maximum: hard,
    };
    Ok(setrlimit(Resource::Cpu, limit)?)
}

/// Lowers a limit for good. One that is lower already stays.
fn set(resource: Resource, value: u64) -> io::Result<()> {
    let now = rustix::process::getrlimit(resource);
    let value = now.maximum.map_or(value, |maximum| maximum.min(value));
    let limit = Rlimit {
        current: Some(value),
        maximum: Some(value),
    };
    Ok(setrlimit(resource, limit)?)
}
