//! Work beside the serving: reading, copying and writing tables.

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
