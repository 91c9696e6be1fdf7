//! What happens beside what is read and written, as events.

use retrace_core::event::{AuthDenied, MarkerSet};

use super::facts::{Facts, clipped};
use super::messages::{ExitMessage, InfoMessage};

/// The longest reason, signal or error, in bytes of JSON.
const REASON_MAX: usize = 4 << 10;
/// The longest command line behind a reason.
const COMMAND_MAX: usize = 16 << 10;

/// A command that the policy refused.
pub(super) fn denied(reason: &[u8], facts: &Facts) -> AuthDenied {
    // Of a command within a session sudo gives none.
    let reason = match clipped(reason, REASON_MAX) {
        reason if reason.is_empty() => "refused".to_owned(),
        reason => reason,
    };
    let command = clipped(facts.command_line().as_bytes(), COMMAND_MAX);
    AuthDenied {
        address: facts.submit_host.clone(),
        reason: if command.is_empty() {
            reason
        } else {
            format!("{reason}: {command}")
        },
        who: facts.submit_user.clone(),
        ..AuthDenied::default()
    }
}

/// What the policy found wrong.
pub(super) fn alert(reason: &[u8], pairs: &[InfoMessage]) -> MarkerSet {
    let reason = clipped(reason, REASON_MAX);
    let command = Facts::of(pairs).command_line();
    let command = clipped(command.as_bytes(), COMMAND_MAX);
    marker(if command.is_empty() {
        format!("sudo alert: {reason}")
    } else {
        format!("sudo alert: {reason}: {command}")
    })
}

/// A command that was stopped, or goes on.
pub(super) fn suspended(signal: &[u8]) -> MarkerSet {
    let what = match signal {
        b"CONT" => "resumed",
        _ => "suspended",
    };
    marker(format!("{what} (SIG{})", clipped(signal, REASON_MAX)))
}

/// What is to be said about the end of a command, beside its exit status.
pub(super) fn exited(exit: &ExitMessage) -> Option<MarkerSet> {
    if !exit.error.is_empty() {
        let error = clipped(&exit.error, REASON_MAX);
        return Some(marker(format!("sudo could not go on: {error}")));
    }
    if exit.signal.is_empty() {
        return None;
    }
    let signal = clipped(&exit.signal, REASON_MAX);
    let core = if exit.dumped_core {
        ", core dumped"
    } else {
        ""
    };
    Some(marker(format!("killed by SIG{signal}{core}")))
}

fn marker(label: String) -> MarkerSet {
    MarkerSet { label }
}
