//! The command that a session was launched with, where it is a command of its own: `sudo wc -l …`,
//! `retrace record -- ./deploy.sh`. Of a session that is a shell, the commands are those run in it.

use retrace_core::event::{EndReason, SessionEnded, SessionLaunched};

use super::commands::program;
use super::moment::{Draft, MAX_TEXT_CHARS, MomentKind, Stage};

/// Of the drafts of the control stream; commands that are found there count from 0.
const NUMBER: u64 = u64::MAX;

/// What is known of the command until the session ends.
#[derive(Debug, Default)]
pub(super) struct LaunchedCommand {
    begun: Option<Draft>,
    known: bool,
}

impl LaunchedCommand {
    /// The session was launched at `at_us`.
    pub(super) fn launched(
        &mut self,
        launched: &SessionLaunched,
        at_us: i64,
        out: &mut Vec<Draft>,
    ) {
        let Some(command) = launched.command.as_deref().map(str::trim) else {
            return;
        };
        if self.known || command.is_empty() {
            return;
        }
        self.known = true;
        let program = program::of(command);
        if program
            .as_deref()
            .is_none_or(|program| program::prompts(program, command))
        {
            return;
        }
        let text = command.chars().take(MAX_TEXT_CHARS).collect();
        let mut draft = Draft::at(at_us, MomentKind::Command, text);
        draft.detail.app = program;
        draft.stage = Stage::Begun(NUMBER);
        out.push(draft.clone());
        self.begun = Some(draft);
    }

    /// The session ended at `at_us`.
    pub(super) fn ended(&mut self, ended: &SessionEnded, at_us: i64, out: &mut Vec<Draft>) {
        let Some(mut draft) = self.begun.take() else {
            return;
        };
        draft.detail.exit_status = ended.exit_status;
        if ended.exit_status.is_some() || ended.reason == EndReason::User {
            draft.detail.duration_us = u64::try_from(at_us.saturating_sub(draft.complete_us)).ok();
        }
        draft.stage = Stage::Ended(NUMBER);
        out.push(draft);
    }
}
