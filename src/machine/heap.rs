#![allow(unsafe_code)] // malloc_trim(3) has no safe form in the crates used here

//! The memory that the C library keeps for what comes next.

/// Gives the system back every page in which nothing is allocated any more. The C library
/// does so by itself only at the end of its heaps.
///
/// Allocations of other threads wait meanwhile, some 40 ms for each GiB that there is. Does
/// nothing with C libraries other than GNU's.
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it takes the locks of the allocator itself, and touches nothing that is
    // allocated.
    let _ = unsafe { libc::malloc_trim(0) };
}
