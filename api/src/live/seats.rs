//! How many follow at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use retrace_core::settings::Live;
use tokio::sync::watch;

/// Connections whose viewer is not known yet; each has a few seconds to say who they are. They have
/// seats of their own, so that strangers take none from those who may follow.
const STRANGERS_MAX: usize = 100;

/// The seats of a node.
#[derive(Debug, Default)]
pub struct Seats {
    taken: Mutex<Taken>,
    stopping: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Taken {
    strangers: usize,
    in_all: usize,
    by_viewer: HashMap<String, usize>,
}

/// A seat, until it is dropped.
#[derive(Debug)]
pub struct Seat {
    seats: Arc<Seats>,
    /// `None` for a stranger.
    viewer: Option<String>,
}

/// Why there is no seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoSeat {
    /// Come back later, or go to another node.
    #[error("{0} connections follow this node already: try again later")]
    InAll(u64),
    /// Close another connection first.
    #[error("this viewer has {0} connections to this node already: close one of them")]
    OfViewer(u64),
    /// Come back later.
    #[error("too many connections wait to be told whose they are: try again later")]
    Strangers,
}

impl Seats {
    /// A seat for somebody who is not known yet.
    ///
    /// # Errors
    /// When too many strangers are there.
    pub fn for_stranger(self: &Arc<Self>) -> Result<Seat, NoSeat> {
        let mut taken = self.taken();
        if taken.strangers >= STRANGERS_MAX {
            return Err(NoSeat::Strangers);
        }
        taken.strangers += 1;
        Ok(Seat {
            seats: Arc::clone(self),
            viewer: None,
        })
    }

    /// A seat for a viewer.
    ///
    /// # Errors
    /// When all seats, or all of the viewer's, are taken.
    pub fn for_viewer(self: &Arc<Self>, viewer: &str, limits: &Live) -> Result<Seat, NoSeat> {
        let mut taken = self.taken();
        if taken.in_all as u64 >= limits.connections_max {
            return Err(NoSeat::InAll(limits.connections_max));
        }
        let of_viewer = taken.by_viewer.entry(viewer.to_owned()).or_default();
        if *of_viewer as u64 >= limits.connections_per_viewer {
            return Err(NoSeat::OfViewer(limits.connections_per_viewer));
        }
        *of_viewer += 1;
        taken.in_all += 1;
        Ok(Seat {
            seats: Arc::clone(self),
            viewer: Some(viewer.to_owned()),
        })
    }

    /// Sends everybody away: the server is about to stop.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Tells when the server is about to stop.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        // Its own steps cannot fail half-way.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        let Some(viewer) = &self.viewer else {
            taken.strangers = taken.strangers.saturating_sub(1);
            return;
        };
        taken.in_all = taken.in_all.saturating_sub(1);
        if let Some(count) = taken.by_viewer.get_mut(viewer) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.by_viewer.remove(viewer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_limited_in_all_and_by_viewer_and_come_back() {
        let seats = Arc::new(Seats::default());
        let limits = Live {
            connections_max: 3,
            connections_per_viewer: 2,
            ..Live::default()
        };
        let take = |viewer: &str| seats.for_viewer(viewer, &limits);
        let (ann, _again) = (take("ann").unwrap(), take("ann").unwrap());
        assert_eq!(take("ann").unwrap_err(), NoSeat::OfViewer(2));
        let bob = take("bob").unwrap();
        assert_eq!(take("cy").unwrap_err(), NoSeat::InAll(3));
        drop(ann);
        let _ann = take("ann").unwrap();
        drop(bob);
        assert!(!seats.taken().by_viewer.contains_key("bob"));
    }

    #[test]
    fn strangers_take_no_seats_of_viewers() {
        let seats = Arc::new(Seats::default());
        let strangers: Vec<Seat> = (0..STRANGERS_MAX)
            .map(|_| seats.for_stranger().unwrap())
            .collect();
        assert_eq!(seats.for_stranger().unwrap_err(), NoSeat::Strangers);
        let _viewer = seats.for_viewer("ann", &Live::default()).unwrap();
        drop(strangers);
        assert!(seats.for_stranger().is_ok());
    }
}
