#![allow(unsafe_code)] // mallopt(3) has no safe form

//! The `carom` program; everything else is in the library.

use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

/// Has the C library map large pieces of memory one by one, and so give them back
/// when they are freed. By itself it takes ever larger pieces from its pools once one
/// was freed, and there the holes that tables leave behind stay.
#[cfg(target_env = "gnu")]
fn map_large_pieces() {
    // SAFETY: no other thread runs yet, and the call takes numbers alone. Refused, it
    // changes nothing.
    unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, carom::limits::MAPPED_BYTES_MIN) };
}

/// Has a write beyond RLIMIT_FSIZE fail as any other may (EFBIG), and not end the process
/// without a word (SIGXFSZ, setrlimit(2)).
fn survive_size_limit() {
    // Refused, it changes nothing. Nobody asks whether the signal came: the write tells.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
}

/// Runs `work` on a stack that is large enough, however little RLIMIT_STACK leaves.
fn on_a_large_stack(work: fn() -> ExitCode) -> ExitCode {
    let thread = thread::Builder::new().name("carom".to_owned()).stack_size(STACK_BYTES);
    match thread.spawn(work).map(thread::JoinHandle::join) {
        Ok(Ok(code)) => code,
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        // No room for another thread: this one's stack may do.
        Err(_) => work(),
    }
}

/// What a program's first stack is by default, bytes.
const STACK_BYTES: usize = 8 * 1024 * 1024;

fn main() -> ExitCode {
    #[cfg(target_env = "gnu")]
    map_large_pieces();
    survive_size_limit();
    on_a_large_stack(carom::cli::run)
}
