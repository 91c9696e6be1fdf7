//! How much memory a process has, as Linux tells it (proc_pid_status(5)).

use anyhow::Context;

/// What a process has in memory now, in bytes.
pub(super) fn resident_bytes(pid: u32) -> anyhow::Result<u64> {
    field(pid, "VmRSS")
}

/// The most that a process has had in memory, in bytes.
pub(super) fn peak_bytes(pid: u32) -> anyhow::Result<u64> {
    field(pid, "VmHWM")
}

fn field(pid: u32, name: &str) -> anyhow::Result<u64> {
    let path = format!("/proc/{pid}/status");
    let status = std::fs::read_to_string(&path).with_context(|| path.clone())?;
    let kibibytes = status
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(found, _)| *found == name)
        .and_then(|(_, value)| value.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    Ok(1024 * kibibytes.with_context(|| format!("no {name} in {path}"))?)
}
