#![allow(unsafe_code)] // sigaction(2), and mmap(2) over pages that are in use, have no safe forms

//! Maps of files whose disk may go away.
//!
//! A store into a mapped file raises SIGBUS where the file was cut, its file system
//! was shut down or its device is gone, and that ends a process. Not where a map is
//! watched here: memory without a file is put under it from that page on, the map is
//! marked, and the store goes on. What is stored there from then on is in no file.

use std::io;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, compiler_fence};

use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};

/// A place that is taken, and not filled in yet. No map begins there.
const TAKEN: usize = 1;
/// What faults is a page.
const PAGE_BYTES: usize = 4096;

/// A place for a map. There is no end to them, and none is ever freed, so a handler
/// may walk along them at any time.
#[derive(Debug)]
struct Place {
    /// Where the map begins; 0 while the place is free.
    begin: AtomicUsize,
    end: AtomicUsize,
    is_broken: AtomicBool,
    next: OnceLock<&'static Self>,
}

impl Place {
    const fn new(begin: usize) -> Self {
        Self {
            begin: AtomicUsize::new(begin),
            end: AtomicUsize::new(0),
            is_broken: AtomicBool::new(false),
            next: OnceLock::new(),
        }
    }

    /// The first free one from this on, taken.
    fn take(&'static self) -> &'static Self {
        let mut place = self;
        while place.begin.compare_exchange(0, TAKEN, Ordering::AcqRel, Ordering::Relaxed).is_err() {
            if let Some(next) = place.next.get() {
                place = next;
                continue;
            }
            let new: &'static Self = Box::leak(Box::new(Self::new(TAKEN)));
            match place.next.set(new) {
                Ok(()) => return new,
                // Another thread was faster; its successor will take this one.
                Err(new) => {
                    new.begin.store(0, Ordering::Release);
                    place = place.next.get().expect("it was just set");
                    place.append(new);
                }
            }
        }
        place
    }

    /// Puts a free one behind the last.
    fn append(&'static self, new: &'static Self) {
        let mut last = self;
        while last.next.set(new).is_err() {
            last = last.next.get().expect("it is set");
        }
    }

    /// The one from this on in whose map `address` lies. Safe in a signal handler.
    fn find(&'static self, address: usize) -> Option<&'static Self> {
        let mut place = Some(self);
        while let Some(this) = place {
            let begin = this.begin.load(Ordering::Acquire);
            if begin > TAKEN && (begin..this.end.load(Ordering::Acquire)).contains(&address) {
                return Some(this);
            }
            place = this.next.get().copied();
        }
        None
    }
}

static FIRST: Place = Place::new(0);

/// What was done with SIGBUS before; what is not ours goes on there.
static BEFORE: OnceLock<libc::sigaction> = OnceLock::new();

/// A map that is watched. To be dropped before the map is.
#[derive(Debug)]
pub struct Watched(&'static Place);

impl Watched {
    /// Watches the map of a file that begins at `begin` and is `bytes` long.
    ///
    /// # Errors
    ///
    /// Those of sigaction(2), when this is the first.
    pub fn new(begin: *mut u8, bytes: usize) -> io::Result<Self> {
        if BEFORE.get().is_none() {
            install()?;
        }
        let place = FIRST.take();
        place.is_broken.store(false, Ordering::Relaxed);
        place.end.store(begin.addr() + bytes, Ordering::Release);
        place.begin.store(begin.expose_provenance(), Ordering::Release);
        Ok(Self(place))
    }

    /// Whether a part of the map is in no file any more. Of what this thread has
    /// stored before, none breaks it later.
    #[inline]
    #[must_use]
    pub fn is_broken(&self) -> bool {
        // The handler runs on the thread that stores, at that very store. So it is
        // enough that the compiler leaves the look behind it: no instruction.
        compiler_fence(Ordering::SeqCst);
        self.0.is_broken.load(Ordering::Relaxed)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.begin.store(0, Ordering::Release);
    }
}

fn install() -> io::Result<()> {
    // SAFETY: all its fields may be zero: no flags, no signals, the default action.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    let mut before = action;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
    action.sa_sigaction = on_fault as *const () as usize;
    // First, so that the handler finds it.
    // SAFETY: it is asked for what is done now, and given room for the answer.
    let asked = unsafe { libc::sigaction(libc::SIGBUS, ptr::null(), &raw mut before) };
    if asked != 0 {
        return Err(io::Error::last_os_error());
    }
    if BEFORE.set(before).is_err() {
        return Ok(()); // another thread is at it
    }
    // SAFETY: `on_fault` is a handler of the kind that the flags tell, and it does
    // nothing that may not be done in one: it reads atomics and calls mmap(2) or
    // sigaction(2).
    let set = unsafe { libc::sigaction(libc::SIGBUS, &raw const action, ptr::null_mut()) };
    if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The handler. Returning from it tries the store again.
extern "C" fn on_fault(_: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: the kernel gives a handler of this kind a valid one.
    let info = unsafe { &*info };
    // Positive: the kernel says so, not another process.
    if info.si_code > 0 {
        // SAFETY: it is that of a fault, which has an address.
        let address = unsafe { info.si_addr() }.addr();
        if let Some(place) = FIRST.find(address) {
            // First, as syncing memory without a file never fails: who sees that a sync
            // of it went well must see this, too.
            place.is_broken.store(true, Ordering::Release);
            if replace(address / PAGE_BYTES * PAGE_BYTES, place.end.load(Ordering::Acquire)) {
                return;
            }
        }
    }
    // Not ours: as if there were no handler here. The fault comes again.
    let before = BEFORE.get().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: it is what sigaction(2) has told, or null, which changes nothing.
    unsafe { libc::sigaction(libc::SIGBUS, before, ptr::null_mut()) };
}

/// Puts zeroed memory under the pages from `begin` to `end`; whether there was any.
fn replace(begin: usize, end: usize) -> bool {
    let (read_and_write, flags) =
        (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE | MapFlags::FIXED);
    let at = ptr::with_exposed_provenance_mut(begin);
    // SAFETY: these pages lie in a map that is watched, so it lives and was made with
    // the same protection. Those who use it use atomics alone, and take any bits. All
    // pages are replaced at once, and no other map is touched.
    unsafe { mmap_anonymous(at, end - begin, read_and_write, flags | MapFlags::NORESERVE) }.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_while_they_are_taken_and_used_again() {
        let first: &'static Place = Box::leak(Box::new(Place::new(0)));
        let take = |begin: usize| {
            let place = first.take();
            place.end.store(begin + 0x2000, Ordering::Relaxed);
            place.begin.store(begin, Ordering::Relaxed);
            place
        };
        let [one, two, three] = [0x10000, 0x20000, 0x30000].map(take);
        assert!(ptr::eq(one, first));
        let found = |address| first.find(address).map(ptr::from_ref);
        assert_eq!(found(0x20000), Some(ptr::from_ref(two)));
        assert_eq!(found(0x31fff), Some(ptr::from_ref(three)));
        assert_eq!((found(0x32000), found(0xffff), found(0)), (None, None, None));
        two.begin.store(0, Ordering::Relaxed);
        assert_eq!(found(0x20000), None);
        assert!(ptr::eq(take(0x40000), two));
    }

    #[test]
    fn many_threads_take_places_of_their_own() {
        let first: &'static Place = Box::leak(Box::new(Place::new(0)));
        let taken: Vec<usize> = std::thread::scope(|scope| {
            let take = || (0..50).map(|_| ptr::from_ref(first.take()).addr()).collect::<Vec<_>>();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        let distinct: std::collections::BTreeSet<_> = taken.iter().collect();
        assert_eq!(distinct.len(), 200);
    }
}
