//! The commands that were sent off and have not ended, and the shells and programs they were sent to.
//!
//! A shell runs `ssh`, `sudo -i` or `python3`, and there is another prompt: a level more. When a
//! prompt shows again that was on a level below, whatever ran above it has ended. When the prompt
//! changes and nothing runs that could ask in its own right, it is the same shell's.

use super::cwd::Directory;
use super::program;
use super::prompt::{asks_for_more, language_of};
use super::told::Told;
use crate::moments::moment::{Draft, MAX_TEXT_CHARS, Stage};

/// Shells within shells.
const LEVELS_MAX: usize = 16;

#[derive(Debug)]
pub(super) struct Running {
    /// The innermost shell or program last. Never empty.
    levels: Vec<Level>,
    /// Numbers of drafts.
    next: u64,
}

/// A shell, or a program with a language of its own.
#[derive(Debug, Default)]
struct Level {
    prompt: Option<Told>,
    language: Option<String>,
    directory: Directory,
    /// Whether a sequence tells the directory, which is then not read from the prompt.
    tells_directory: bool,
    /// Whether its prompt was seen to show a status: then none means that there was no error.
    shows_status: bool,
    /// Whether it marks its prompts and commands.
    marked: bool,
    open: Option<Open>,
}

/// A command that has not ended yet.
#[derive(Debug)]
struct Open {
    number: u64,
    draft: Draft,
    program: Option<String>,
    entered_us: i64,
}

impl Default for Running {
    fn default() -> Self {
        Self {
            levels: vec![Level::default()],
            next: 0,
        }
    }
}

impl Running {
    /// Forgets everything but the numbers: commands that are open stay as they are.
    pub(super) fn restart(&mut self, out: &mut Vec<Draft>) {
        while let Some(mut level) = self.levels.pop() {
            level.leave_open(out);
        }
        self.levels.push(Level::default());
    }

    fn top(&mut self) -> &mut Level {
        if self.levels.is_empty() {
            self.levels.push(Level::default());
        }
        let last = self.levels.len() - 1;
        &mut self.levels[last]
    }

    /// Whether this prompt asks for the rest of the command that was sent off last.
    pub(super) fn asks_for_more(&mut self, prompt: &str) -> bool {
        let level = self.top();
        let first = level.prompt.as_ref().map_or("", |told| told.text.as_str());
        let Some(open) = &level.open else {
            return false;
        };
        // What asks for lines in a language of its own may ask like this for its first.
        let asks_itself = level.language.is_none()
            && prompt.trim() == ">"
            && open.program.as_deref().is_some_and(|program| {
                program::language(program).is_some() && program::prompts(program, &open.draft.text)
            });
        !asks_itself && asks_for_more(prompt, first)
    }

    /// A prompt shows since `at_us`. `above` is the line before it.
    pub(super) fn prompted(&mut self, told: Told, above: &str, at_us: i64, out: &mut Vec<Draft>) {
        let known = self.levels.iter().rposition(|level| {
            level
                .prompt
                .as_ref()
                .is_some_and(|known| known.is_of_same_program(&told))
        });
        if let Some(known) = known {
            while self.levels.len() > known + 1 {
                if let Some(mut level) = self.levels.pop() {
                    level.ended(at_us, None, out);
                }
            }
        } else if let Some(level) = self.top().opens(&told)
            && self.levels.len() < LEVELS_MAX
        {
            self.levels.push(level);
        }
        let level = self.top();
        level.shows_status |= told.status.is_some();
        let status = told.status.or(level.shows_status.then_some(0));
        let went = !above.contains("cd: ") && !above.contains("can't cd to");
        if let Some(open) = level.open.as_ref().filter(|_| went) {
            level.directory.ran(&open.draft.text);
        }
        level.ended(at_us, status, out);
        if let Some(directory) = told.directory.as_deref()
            && !level.tells_directory
            && level.language.is_none()
        {
            let is_last_part = !directory.starts_with(['~', '/']) && !directory.contains(":\\");
            let known = level
                .directory
                .now()
                .filter(|now| is_last_part && now.rsplit('/').next() == Some(directory));
            if known.is_none() {
                level.directory.is(directory);
            }
        }
        level.prompt = Some(told);
    }

    /// A sequence tells the directory of whoever is asking or about to.
    pub(super) fn directory_is(&mut self, directory: &str) {
        let level = self.top();
        level.tells_directory = true;
        level.directory.is(directory);
    }

    /// The shell marks its prompts.
    pub(super) fn marks(&mut self) {
        self.top().marked = true;
    }

    /// A mark says that the command ended.
    pub(super) fn marked_end(&mut self, status: Option<i32>, at_us: i64, out: &mut Vec<Draft>) {
        let open = |level: &Level| level.open.is_some();
        let marked = self
            .levels
            .iter()
            .rposition(|level| open(level) && level.marked);
        let Some(index) = marked.or_else(|| self.levels.iter().rposition(open)) else {
            return;
        };
        while self.levels.len() > index + 1 {
            if let Some(mut level) = self.levels.pop() {
                level.ended(at_us, None, out);
            }
        }
        let level = self.top();
        if let Some(open) = level
            .open
            .as_ref()
            .filter(|_| status.is_none_or(|status| status == 0))
        {
            level.directory.ran(&open.draft.text);
        }
        level.ended(at_us, status, out);
    }

    /// A command was sent off.
    pub(super) fn sent(&mut self, mut draft: Draft, out: &mut Vec<Draft>) {
        let number = self.next;
        self.next += 4;
        let level = self.top();
        level.leave_open(out);
        let program = program::of(&draft.text);
        draft.detail.app = level.language.clone().or_else(|| program.clone());
        draft.detail.cwd = level.directory.now().map(str::to_owned);
        draft.stage = Stage::Begun(number);
        draft.growth.grown_to(draft.text.len(), draft.complete_us);
        out.push(draft.clone());
        level.open = Some(Open {
            number,
            entered_us: draft.complete_us,
            draft,
            program,
        });
    }

    /// One more line of the command was sent off.
    pub(super) fn sent_more(&mut self, line: &str, at_us: i64, out: &mut Vec<Draft>) {
        let Some(open) = &mut self.top().open else {
            return;
        };
        open.entered_us = at_us;
        let left = MAX_TEXT_CHARS.saturating_sub(open.draft.text.chars().count() + 1);
        if left > 0 {
            open.draft.text.push('\n');
            open.draft.text.extend(line.chars().take(left));
            open.draft.growth.grown_to(open.draft.text.len(), at_us);
        }
        open.tell(Stage::GoesOn(open.number), out);
    }

    /// The command was given up before it was complete.
    pub(super) fn given_up(&mut self, out: &mut Vec<Draft>) {
        if let Some(open) = self.top().open.take() {
            open.tell(Stage::Withdrawn(open.number), out);
        }
    }

    /// The session ended. With its status, where that is the status of what ran in it.
    pub(super) fn end(&mut self, at_us: Option<i64>, status: Option<i32>, out: &mut Vec<Draft>) {
        let open = self
            .levels
            .iter()
            .filter(|level| level.open.is_some())
            .count();
        for level in self.levels.iter_mut().rev() {
            match at_us {
                Some(at_us) => level.ended(at_us, status.filter(|_| open == 1), out),
                None => level.leave_open(out),
            }
        }
    }
}

impl Level {
    /// The level that a prompt which was not seen before opens above this one, if it does.
    fn opens(&mut self, told: &Told) -> Option<Level> {
        self.prompt.as_ref()?;
        let open = self.open.as_ref()?;
        let program = open.program.as_deref().unwrap_or_default();
        let language = language_of(&told.text)
            .or_else(|| program::language(program).filter(|_| !told.is_of_shell()))
            .map(str::to_owned);
        let is_own = || !told.is_of_shell() && told.sign.is_none_or(|sign| sign == '>');
        let language = language.or_else(|| {
            let unknown = !program::leads_to_shell(program) && is_own();
            unknown.then(|| program.to_owned())
        });
        if language.is_none() && !program::leads_to_shell(program) {
            return None;
        }
        Some(Level {
            // A language is asked where its program was started; a shell may be anywhere.
            directory: match language {
                Some(_) => self.directory.clone(),
                None => Directory::default(),
            },
            language,
            ..Level::default()
        })
    }

    fn ended(&mut self, at_us: i64, status: Option<i32>, out: &mut Vec<Draft>) {
        if let Some(mut open) = self.open.take() {
            open.draft.detail.exit_status = status;
            open.draft.detail.duration_us =
                u64::try_from(at_us.saturating_sub(open.entered_us)).ok();
            open.tell(Stage::Ended(open.number), out);
        }
    }

    /// Nothing more will be known of the command.
    fn leave_open(&mut self, out: &mut Vec<Draft>) {
        if let Some(open) = self.open.take() {
            open.tell(Stage::Ended(open.number), out);
        }
    }
}

impl Open {
    fn tell(&self, stage: Stage, out: &mut Vec<Draft>) {
        let mut draft = self.draft.clone();
        draft.text.truncate(draft.text.trim_end().len());
        draft.stage = stage;
        out.push(draft);
    }
}
