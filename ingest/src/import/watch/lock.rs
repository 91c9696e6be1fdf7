//! Whether somebody writes to a file: guacd holds a lock on the recording that it is writing.

use std::fs::File;

use rustix::process::{Flock, FlockType, fcntl_getlk};

/// Whether another process holds a lock for writing on any part of the file. Where locks cannot be asked for, as
/// on some network file systems, nobody seems to.
pub(super) fn is_locked_for_writing(file: &File) -> bool {
    let wanted = Flock::from(FlockType::ReadLock);
    matches!(fcntl_getlk(file, &wanted), Ok(Some(held)) if held.typ == FlockType::WriteLock)
}
