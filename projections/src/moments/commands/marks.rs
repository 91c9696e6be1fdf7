//! What shells say of themselves: where their prompts and commands begin and end (OSC 133 of FinalTerm,
//! OSC 633 of Visual Studio Code), and where they are.
//!
//! | mark | is |
//! |---|---|
//! | `A` | a prompt begins |
//! | `B` | it ends, and what is typed follows; with OSC 633 `E;line` the line in the shell's own words |
//! | `C` | the line is sent off; of fish and kitty with `cmdline_url=line` |
//! | `D;status` | the command ended |

use avt::{Line, ScreenKind, Terminal};

use super::{Commands, above, cwd};
use crate::moments::rows;

impl Commands {
    /// An operating system command came.
    pub(in crate::moments) fn marked(&mut self, command: &str, terminal: &Terminal) {
        if terminal.active_screen_kind() != ScreenKind::Primary {
            return;
        }
        if let Some(directory) = cwd::told_by(command) {
            self.running.directory_is(&directory);
            return;
        }
        if let Some(line) = command.strip_prefix("633;E;") {
            let line = line.split(';').next().unwrap_or_default();
            self.marked_line = Some(cwd::unescaped(&line.replace("\\x", "%")));
            return;
        }
        let mark = command
            .strip_prefix("133;")
            .or_else(|| command.strip_prefix("633;"));
        let Some(mark) = mark else {
            return;
        };
        let (mark, rest) = mark.split_once(';').unwrap_or((mark, ""));
        match mark {
            "A" => self.running.marks(),
            "B" => {
                let screen = terminal.primary_screen();
                let lines: Vec<&Line> = screen.visible_lines().collect();
                let cursor = terminal.cursor();
                let (text, start) = rows::read_line(&lines, cursor.row, Some(cursor.col));
                self.show_prompt(text, String::new(), above(&lines, start), true);
                self.sent = false;
                if let Some(prompt) = &mut self.prompt {
                    prompt.marked = true;
                }
                self.tell_prompt();
                self.running.marks();
            }
            "C" => {
                if let Some(line) = rest
                    .split(';')
                    .find_map(|part| part.strip_prefix("cmdline_url="))
                {
                    self.marked_line = Some(cwd::unescaped(line));
                }
                if !self.sent {
                    self.sent_off(terminal);
                }
                self.marked_line = None;
            }
            "D" => {
                let status = rest
                    .split(';')
                    .next()
                    .and_then(|status| status.parse().ok());
                let now_us = self.now_us;
                self.running.marked_end(status, now_us, &mut self.found);
            }
            _ => {}
        }
    }
}
