//! Lines that came out of the history or were completed: what they were is seen on the screen.

use std::sync::Arc;

use crate::moments::moment::{Draft, MAX_TEXT_CHARS, MomentKind, Stage};
use crate::redaction::{Rules, masked};

/// Tells runs of keys again once the command is known that they sent off.
pub(in crate::moments) struct Recalled {
    rules: Arc<Rules>,
    /// The last run whose line the keys do not tell.
    waiting: Option<Draft>,
    next: u64,
}

impl Recalled {
    pub(in crate::moments) fn new(rules: Arc<Rules>) -> Self {
        Self {
            rules,
            waiting: None,
            next: 0,
        }
    }

    /// Looks at the drafts from `start` on, which one event brought to light.
    pub(in crate::moments) fn look(&mut self, start: usize, out: &mut Vec<Draft>) {
        for index in start..out.len() {
            let draft = &mut out[index];
            match (draft.kind, draft.stage) {
                (MomentKind::Keys, Stage::Begun(_)) => {
                    // Commands and processes have the others.
                    let number = 4 * self.next + 2;
                    self.next += 1;
                    draft.stage = Stage::Begun(number);
                    let run = Draft {
                        stage: Stage::Ended(number),
                        ..draft.clone()
                    };
                    out.extend(self.waiting.replace(run));
                }
                (MomentKind::Command, Stage::Begun(_)) => {
                    let (from_us, to_us) = (draft.start_us, draft.complete_us);
                    let command = draft.text.clone();
                    if let Some(run) = self.waiting.take() {
                        let is_its = (from_us..=to_us).contains(&run.complete_us);
                        out.push(if is_its {
                            self.with_line(run, &command)
                        } else {
                            run
                        });
                    }
                }
                _ => {}
            }
        }
    }

    /// The session ends.
    pub(in crate::moments) fn end(&mut self, out: &mut Vec<Draft>) {
        out.extend(self.waiting.take());
    }

    fn with_line(&self, run: Draft, line: &str) -> Draft {
        let both = |line: &str, typed: &str| -> String {
            format!("{line}\n{typed}")
                .chars()
                .take(MAX_TEXT_CHARS)
                .collect()
        };
        let secrets = self.rules.secrets_in_lines(line);
        let revealed = match &run.revealed {
            Some(typed) => Some(both(line, typed)),
            None if secrets.is_empty() => None,
            None => Some(both(line, &run.text)),
        };
        Draft {
            text: both(&masked(line, &secrets), &run.text),
            revealed,
            growth: Default::default(),
            ..run
        }
    }
}
