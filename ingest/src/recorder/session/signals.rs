//! The signals that a recorder passes on or acts on.

use std::io;

use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::task::JoinHandle;

/// The signals, as they come, until it is dropped.
pub(super) struct Signals {
    caught: UnboundedReceiver<Signal>,
    tasks: Vec<JoinHandle<()>>,
}

impl Signals {
    pub(super) fn catch() -> io::Result<Self> {
        let (sender, caught) = mpsc::unbounded_channel();
        let kinds = [
            (SignalKind::window_change(), Signal::WINCH),
            (SignalKind::hangup(), Signal::HUP),
            (SignalKind::terminate(), Signal::TERM),
            (SignalKind::interrupt(), Signal::INT),
            (SignalKind::quit(), Signal::QUIT),
        ];
        let mut tasks = Vec::new();
        for (kind, name) in kinds {
            let (mut stream, sender) = (signal(kind)?, sender.clone());
            tasks.push(tokio::spawn(async move {
                while stream.recv().await.is_some() && sender.send(name).is_ok() {}
            }));
        }
        Ok(Self { caught, tasks })
    }

    pub(super) async fn next(&mut self) -> Option<Signal> {
        self.caught.recv().await
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
