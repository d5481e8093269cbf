//! Work beside the serving: reading, copying and writing tables.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::slice::ask_for_short_slices;
use crate::pace;

/// The calling thread's from now on: it has low priority, and lets requests go first
/// after each piece of its work. Even a thread of low priority keeps its CPU until the
/// kernel's next tick, 4 ms where that comes 250 times a second, unless it gives way.
pub fn begin() {
    // Refused, both only mean that requests wait a little.
    let _ = rustix::process::nice(10);
    // So that little is lost by giving way.
    ask_for_short_slices();
    pace::after_each_piece(std::thread::yield_now);
}

/// Bytes of a file that are read at once, and what that takes, about.
const BYTES_AT_ONCE: u64 = 256 * 1024;
const READ_NS: u32 = 100_000;

/// All of a file, in pieces.
///
/// # Errors
///
/// As [`std::fs::read`].
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let size = file.metadata().map_or(0, |about| about.len());
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(usize::try_from(size).unwrap_or(usize::MAX))?;
    while file.by_ref().take(BYTES_AT_ONCE).read_to_end(&mut bytes)? > 0 {
        pace::done(READ_NS);
    }
    Ok(bytes)
}
