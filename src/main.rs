#![allow(unsafe_code)] // mallopt(3) has no safe form

//! The `carom` program; everything else is in the library.

/// Has the C library map large pieces of memory one by one, and so give them back
/// when they are freed. By itself it takes ever larger pieces from its pools once one
/// was freed, and there the holes that tables leave behind stay.
#[cfg(target_env = "gnu")]
fn map_large_pieces() {
    // SAFETY: no other thread runs yet, and the call takes numbers alone. Refused, it
    // changes nothing.
    unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, carom::limits::MAPPED_BYTES_MIN) };
}

fn main() -> std::process::ExitCode {
    #[cfg(target_env = "gnu")]
    map_large_pieces();
    carom::cli::run()
}
