//! What recorders tell as it happens: processes, windows, the clipboard, files, messages.
//!
//! | moment | text | app | else |
//! |---|---|---|---|
//! | process | path and arguments; in a second line the user | the program, without its folder | exit status and how long it ran, once it has stopped |
//! | window | its title; the title that a terminal was given | the program, without its folder | the same title again is not taken |
//! | clipboard | what was copied; what it was, if not text | `in` or `out` of the session | |
//! | file | its path, and its size | `in` or `out` of the session | |
//! | message | who sent it, and what | | |

use std::collections::HashMap;

use retrace_core::event::{
    ClipboardCopied, Direction, FileTransferred, MessageSent, ProcessStarted, ProcessStopped,
    WindowFocused,
};

use super::commands::program::name_of;
use super::moment::{Draft, MAX_TEXT_CHARS, MomentKind, Stage};

/// So many processes are waited for in one stream. Of the others it is known that they started.
const PROCESSES_MAX: usize = 1_024;
/// Titles that follow each other faster are a program's way to show that it works.
const TITLE_US: i64 = 1_000_000;

/// The happenings of one stream.
#[derive(Debug, Default)]
pub(super) struct Happenings {
    processes: HashMap<u32, Process>,
    next: u64,
    window: Option<(String, Option<String>)>,
    title: String,
    /// When a title was told last.
    titled_us: Option<i64>,
    /// A title that is not told yet.
    waiting: Option<(i64, String)>,
}

#[derive(Debug)]
struct Process {
    number: u64,
    draft: Draft,
}

impl Happenings {
    pub(super) fn started(&mut self, started: &ProcessStarted, at_us: i64, out: &mut Vec<Draft>) {
        let mut text = started.path.clone();
        let arguments = started.arguments.iter().skip(1);
        for argument in arguments {
            if text.len() > 4 * MAX_TEXT_CHARS {
                break;
            }
            text.push(' ');
            text.push_str(argument);
        }
        if let Some(user) = &started.user {
            let left = MAX_TEXT_CHARS.saturating_sub(user.chars().count() + 1);
            text = text.chars().take(left).collect();
            text.push('\n');
            text.push_str(user);
        }
        let mut draft = Draft::at(at_us, MomentKind::Process, cut(&text));
        draft.detail.app = program(&started.path);
        // Without its id there is no telling which one stops, and beyond the limit none is waited for.
        let waits = started.pid != 0
            && (self.processes.len() < PROCESSES_MAX || self.processes.contains_key(&started.pid));
        if !waits {
            out.push(draft);
            return;
        }
        // An id that is used again: the end of the one before was not seen.
        if let Some(process) = self.processes.remove(&started.pid) {
            process.leave(out);
        }
        let number = 2 * self.next + 1;
        self.next += 1;
        draft.stage = Stage::Begun(number);
        out.push(draft.clone());
        self.processes
            .insert(started.pid, Process { number, draft });
    }

    pub(super) fn stopped(&mut self, stopped: &ProcessStopped, at_us: i64, out: &mut Vec<Draft>) {
        let Some(mut process) = self.processes.remove(&stopped.pid) else {
            return;
        };
        process.draft.detail.exit_status = stopped.exit_status;
        let ran_us = at_us.saturating_sub(process.draft.complete_us);
        process.draft.detail.duration_us = u64::try_from(ran_us).ok();
        process.leave(out);
    }

    pub(super) fn focused(&mut self, focused: &WindowFocused, at_us: i64, out: &mut Vec<Draft>) {
        let window = (focused.title.clone(), focused.process.clone());
        if self.window.as_ref() == Some(&window) {
            return;
        }
        self.window = Some(window);
        let process = focused.process.as_deref();
        let title = match focused.title.trim() {
            "" => process.unwrap_or_default(),
            title => title,
        };
        if title.is_empty() {
            return;
        }
        let mut draft = Draft::at(at_us, MomentKind::Window, cut(title));
        draft.detail.app = process.and_then(program);
        out.push(draft);
    }

    /// The terminal was given a title.
    pub(super) fn titled(&mut self, title: &str, at_us: i64, out: &mut Vec<Draft>) {
        self.title_stands(at_us, out);
        let title = cut(title.trim());
        let waiting = self.waiting.as_ref().map(|(_, waiting)| waiting);
        if *waiting.unwrap_or(&self.title) != title {
            // What has not stood is forgotten, and so is a title that is back to what was told.
            self.waiting = (title != self.title).then_some((at_us, title));
            let quick = self
                .titled_us
                .is_some_and(|us| at_us.saturating_sub(us) < TITLE_US);
            if !quick {
                self.tell_title(out);
            }
        }
    }

    /// It is `now_us`: a title that has stood until now counts.
    pub(super) fn title_stands(&mut self, now_us: i64, out: &mut Vec<Draft>) {
        let stood = |(us, _): &(i64, String)| now_us.saturating_sub(*us) >= TITLE_US;
        if self.waiting.as_ref().is_some_and(stood) {
            self.tell_title(out);
        }
    }

    fn tell_title(&mut self, out: &mut Vec<Draft>) {
        if let Some((us, title)) = self.waiting.take() {
            self.titled_us = Some(us);
            self.title.clone_from(&title);
            if !title.is_empty() {
                out.push(Draft::at(us, MomentKind::Window, title));
            }
        }
    }

    /// The session ends.
    pub(super) fn end(&mut self, out: &mut Vec<Draft>) {
        self.tell_title(out);
        let mut left: Vec<Process> = self.processes.drain().map(|(_, process)| process).collect();
        left.sort_by_key(|process| process.number);
        for process in left {
            process.leave(out);
        }
    }
}

impl Process {
    /// No more will be known of it.
    fn leave(mut self, out: &mut Vec<Draft>) {
        self.draft.stage = Stage::Ended(self.number);
        out.push(self.draft);
    }
}

pub(super) fn copied(copied: &ClipboardCopied, at_us: i64, out: &mut Vec<Draft>) {
    let text = copied.text.as_deref().filter(|text| !text.is_empty());
    let text = text.unwrap_or(&copied.media_type);
    let mut draft = Draft::at(at_us, MomentKind::Clipboard, cut(text));
    draft.detail.app = Some(direction(copied.direction));
    out.push(draft);
}

pub(super) fn transferred(file: &FileTransferred, at_us: i64, out: &mut Vec<Draft>) {
    let size = file.bytes.map(|bytes| format!(" ({bytes} bytes)"));
    let path: String = file.path.chars().take(MAX_TEXT_CHARS - 64).collect();
    let text = format!("{path}{}", size.unwrap_or_default());
    let mut draft = Draft::at(at_us, MomentKind::File, text);
    draft.detail.app = Some(direction(file.direction));
    out.push(draft);
}

pub(super) fn sent(message: &MessageSent, at_us: i64, out: &mut Vec<Draft>) {
    let text = cut(&format!("{}: {}", message.by, message.text));
    out.push(Draft::at(at_us, MomentKind::Message, text));
}

fn direction(direction: Direction) -> String {
    match direction {
        Direction::In => "in",
        Direction::Out => "out",
    }
    .to_owned()
}

/// The name of the program at a path, without its folder.
pub(crate) fn program(path: &str) -> Option<String> {
    let name: String = name_of(path).chars().take(255).collect();
    (!name.is_empty()).then_some(name)
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_TEXT_CHARS).collect()
}
