//! Looks that are folded in time.
//!
//! The first look of somebody at something opens a window and is an event. Further looks within it are counted. When
//! it is over, what was counted is one more event, which says how many looks there were since the first.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use retrace_core::access::Right;
use retrace_core::event::{
    EventBody, EventsExported, RecordingViewed, RecordsViewed, RedactionRevealed,
};
use retrace_core::{Position, SessionId, StreamName, Timestamp};
use tokio::sync::OnceCell;

use crate::tokens::Viewer;

/// How many windows are open at most. The oldest are closed, and written down, before their time.
const WINDOWS_MAX: usize = 10_000;

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Look {
    /// A recording. Looks for different reasons are different looks.
    Recording(SessionId),
    /// What is redacted in a recording.
    Redacted(SessionId),
    /// A list.
    Records(&'static str),
    /// The log itself, in a format.
    Log(&'static str),
    /// Something that is not allowed.
    Denied {
        object: String,
        right: Option<Right>,
    },
}

/// What was seen in one look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// Which part.
    pub(super) what: &'static str,
    /// Which positions of the log.
    pub(super) positions: Option<(Position, Position)>,
}

impl From<&'static str> for Seen {
    fn from(what: &'static str) -> Self {
        Self {
            what,
            positions: None,
        }
    }
}

/// All that was seen in several.
#[derive(Debug, Clone, Default)]
struct AllSeen {
    what: BTreeSet<&'static str>,
    positions: Option<(Position, Position)>,
}

impl AllSeen {
    fn add(&mut self, seen: Seen) {
        self.what.insert(seen.what);
        self.positions = match (self.positions, seen.positions) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (known, new) => known.or(new),
        };
    }
}

/// The looks that were counted since the first, which was at `since`. None for the first itself.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Folded {
    pub(super) looks: Option<u64>,
    pub(super) since: Option<Timestamp>,
}

impl Look {
    pub(super) fn stream(&self) -> StreamName {
        match self {
            Self::Recording(session) | Self::Redacted(session) => StreamName::accesses_of(*session),
            _ => StreamName::accesses(),
        }
    }

    fn event(&self, viewer: &Viewer, seen: &AllSeen, folded: Folded) -> EventBody {
        let (address, by) = (viewer.address.clone(), viewer.name.clone());
        let (reason, token) = (viewer.reason.clone(), Some(viewer.token_id.clone()));
        let Folded { looks, since } = folded;
        let what = seen.what.iter().map(|&part| part.to_owned()).collect();
        match self {
            Self::Recording(_) => RecordingViewed {
                address,
                by,
                looks,
                reason,
                since,
                token,
                what,
            }
            .into(),
            Self::Redacted(_) => RedactionRevealed {
                address,
                by,
                looks,
                reason: viewer.reveal.clone().unwrap_or_default(),
                since,
                token,
                what,
            }
            .into(),
            Self::Records(_) => RecordsViewed {
                address,
                by,
                looks,
                since,
                token,
                what,
            }
            .into(),
            Self::Log(format) => {
                let (first, last) = seen.positions.unwrap_or_default();
                EventsExported {
                    address,
                    by,
                    first_position: first.0,
                    format: (*format).to_owned(),
                    last_position: last.0,
                    looks,
                    since,
                    token,
                }
                .into()
            }
            Self::Denied { object, right } => super::denial(viewer, object, *right, folded).into(),
        }
    }
}

type Key = (Look, String);

struct Window {
    viewer: Viewer,
    opened: Instant,
    folded_for: Duration,
    since: Timestamp,
    /// Set once the first look was written down.
    once: Arc<OnceCell<()>>,
    /// After the first.
    looks: u64,
    seen: AllSeen,
}

impl Window {
    fn is_over(&self, now: Instant) -> bool {
        now.duration_since(self.opened) >= self.folded_for
    }

    /// The event that says what was counted.
    fn counted(&self, look: &Look) -> Option<(StreamName, EventBody)> {
        let folded = Folded {
            looks: Some(self.looks),
            since: Some(self.since),
        };
        (self.looks > 0).then(|| (look.stream(), look.event(&self.viewer, &self.seen, folded)))
    }
}

/// The windows that are open.
#[derive(Default)]
pub(super) struct Folds {
    windows: Mutex<HashMap<Key, Window>>,
}

/// What a look has to write down.
pub(super) struct Written {
    /// What was counted in a window that is over.
    pub(super) over: Vec<(StreamName, EventBody)>,
    /// To be initialised by writing `first`, by whoever comes first.
    pub(super) once: Arc<OnceCell<()>>,
    pub(super) first: EventBody,
}

impl Folds {
    fn windows(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Window>> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a look at the same thing has opened a window that is not over.
    pub(super) fn is_open(&self, look: &Look, viewer: &Viewer) -> bool {
        let windows = self.windows();
        let window = windows.get(&(look.clone(), viewer.token_id.clone()));
        window.is_some_and(|window| !window.is_over(Instant::now()))
    }

    /// The reason that was given for the look that is open.
    pub(super) fn reason(&self, look: &Look, viewer: &Viewer) -> Option<String> {
        let windows = self.windows();
        let window = windows.get(&(look.clone(), viewer.token_id.clone()))?;
        let open = !window.is_over(Instant::now());
        window.viewer.reason.clone().filter(|_| open)
    }

    /// A look at something, which is to be written down as the answer says.
    pub(super) fn look(
        &self,
        viewer: &Viewer,
        look: Look,
        seen: Seen,
        folded_for: Duration,
    ) -> Written {
        let now = Instant::now();
        let mut over = Vec::new();
        let mut windows = self.windows();
        let key = (look, viewer.token_id.clone());
        // Another reason, or another address, is another look.
        let reveals = matches!(key.0, Look::Redacted(_));
        let same = |window: &Window| {
            !window.is_over(now)
                && (!reveals || window.viewer.reveal == viewer.reveal)
                && window.viewer.address == viewer.address
                && (viewer.reason.is_none() || viewer.reason == window.viewer.reason)
        };
        if windows.get(&key).is_some_and(|window| !same(window)) {
            let window = windows.remove(&key);
            over.extend(window.and_then(|window| window.counted(&key.0)));
        }
        if windows.len() >= WINDOWS_MAX && !windows.contains_key(&key) {
            let oldest = windows.iter().min_by_key(|(_, window)| window.opened);
            let oldest = oldest.map(|(key, _)| key.clone());
            if let Some((key, window)) = oldest.and_then(|key| windows.remove_entry(&key)) {
                over.extend(window.counted(&key.0));
            }
        }
        let mut only = AllSeen::default();
        only.add(seen);
        let first = key.0.event(viewer, &only, Folded::default());
        let window = windows.entry(key).and_modify(|window| {
            window.looks += 1;
            window.seen.add(seen);
        });
        let window = window.or_insert_with(|| Window {
            viewer: viewer.clone(),
            opened: now,
            folded_for,
            since: Timestamp::now(),
            once: Arc::default(),
            looks: 0,
            seen: only,
        });
        Written {
            over,
            once: Arc::clone(&window.once),
            first,
        }
    }

    /// The first look could not be written down: the next one is the first again.
    pub(super) fn forget(&self, look: &Look, viewer: &Viewer) {
        let mut windows = self.windows();
        let key = (look.clone(), viewer.token_id.clone());
        if windows
            .get(&key)
            .is_some_and(|window| !window.once.initialized())
        {
            windows.remove(&key);
        }
    }

    /// Takes out windows that are over, or all, and answers what was counted in them.
    pub(super) fn take_over(&self, all: bool) -> Vec<(StreamName, EventBody)> {
        let now = Instant::now();
        let mut counted = Vec::new();
        self.windows().retain(|(look, _), window| {
            let stays = !all && !window.is_over(now);
            if !stays {
                counted.extend(window.counted(look));
            }
            stays
        });
        counted
    }
}
