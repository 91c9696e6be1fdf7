//! A person at a terminal, in front of a command.

use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pty_process::Size;
use pty_process::blocking::Pty;

use crate::PATIENCE;

/// A terminal with a command in it, and somebody who types and reads.
pub struct Person {
    pty: Arc<Pty>,
    child: Child,
    seen: Arc<Mutex<Vec<u8>>>,
}

impl Person {
    /// Starts a command in a terminal of that size.
    pub fn start(command: Command, columns: u16, rows: u16) -> Self {
        let (pty, pts) = pty_process::blocking::open().expect("a terminal");
        pty.resize(Size::new(rows, columns)).expect("its size");
        let child = pty_process::blocking::Command::from(command)
            .spawn(pts)
            .expect("the command starts");
        let (pty, seen) = (Arc::new(pty), Arc::new(Mutex::default()));
        let (reading, screen) = (Arc::clone(&pty), Arc::clone(&seen));
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            // The end of the last program in a terminal is an error to who reads from it.
            while let Ok(read @ 1..) = (&*reading).read(&mut piece) {
                let mut seen: std::sync::MutexGuard<'_, Vec<u8>> = screen.lock().expect("no panic");
                seen.extend_from_slice(&piece[..read]);
            }
        });
        Self { pty, child, seen }
    }

    /// Types something.
    pub fn types(&self, keys: &str) {
        (&*self.pty)
            .write_all(keys.as_bytes())
            .expect("the terminal takes keys");
    }

    /// Changes the size of the terminal's window.
    pub fn resizes(&self, columns: u16, rows: u16) {
        self.pty.resize(Size::new(rows, columns)).expect("its size");
    }

    /// All that was shown so far.
    pub fn seen(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().expect("no panic")).into_owned()
    }

    /// Waits until a text is shown.
    pub fn sees(&self, text: &str) {
        let start = Instant::now();
        while !self.seen().contains(text) {
            assert!(start.elapsed() < PATIENCE, "no {text:?}: {}", self.seen());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The id of the process that was started.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end of the command.
    pub fn waits(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "no end: {}", self.seen());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
