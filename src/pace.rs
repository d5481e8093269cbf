//! Long work of the core, in pieces.
//!
//! A large table takes long to read, to check and to copy, and that is done beside
//! requests. The core knows no thread, so it only says here, again and again, how
//! much it has done; whoever runs it is told after each piece and may let others go
//! first.

use core::cell::Cell;

/// What a piece takes, about, nanoseconds. Requests that wait for a CPU wait so long.
const PIECE_NS: u32 = 200_000;

thread_local! {
    static HOOK: Cell<Option<fn()>> = const { Cell::new(None) };
    static DONE_NS: Cell<u32> = const { Cell::new(0) };
}

/// From now on `hook` is called on this thread after each piece of long work.
pub fn after_each_piece(hook: fn()) {
    HOOK.set(Some(hook));
}

/// So much was done: about how many nanoseconds it took.
#[inline]
pub fn done(ns: u32) {
    let done = DONE_NS.get().saturating_add(ns);
    DONE_NS.set(done);
    if done >= PIECE_NS {
        piece();
    }
}

#[cold]
fn piece() {
    DONE_NS.set(0);
    if let Some(hook) = HOOK.get() {
        hook();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    thread_local! {
        static PIECES: Cell<u32> = const { Cell::new(0) };
    }

    #[test]
    fn the_hook_is_called_after_each_piece() {
        after_each_piece(|| PIECES.set(PIECES.get() + 1));
        for _ in 0..9 {
            done(PIECE_NS / 3 + 1);
        }
        assert_eq!(PIECES.get(), 3);
        done(u32::MAX);
        assert_eq!(PIECES.get(), 4);
        std::thread::spawn(|| done(u32::MAX)).join().unwrap();
        assert_eq!(PIECES.get(), 4);
    }
}
