#![allow(unsafe_code)] // Hints to processor and kernel have no safe form in the standard library.
//! Asking the processor for a cache line before it is needed, and the kernel for
//! large pages: the only unsafe code of `links`.

use std::mem::MaybeUninit;

use rustix::mm::{Advice, madvise};

/// Less memory than this is not worth a large page, bytes.
const LARGE_BYTES_MIN: usize = 4 * 1024 * 1024;
/// What madvise(2) counts in.
const PAGE_BYTES: usize = 4096;

/// Asks for large pages under `memory`, best before anything is written there.
///
/// A lookup touches memory at random. Over a table of some hundred megabytes
/// nearly every touch of a small page is a miss of the TLB too, for which even
/// a prefetch makes the processor wait. Where the kernel has no large pages to
/// give, everything works as it would have without.
pub(super) fn large_pages<T>(memory: &mut [MaybeUninit<T>]) {
    let bytes = size_of_val(memory);
    if bytes < LARGE_BYTES_MIN {
        return;
    }
    let start = memory.as_mut_ptr().cast::<u8>();
    // Whole pages, so that the neighbours' memory is left alone.
    let skipped = start.align_offset(PAGE_BYTES);
    let size = (bytes - skipped) / PAGE_BYTES * PAGE_BYTES;
    let first = start.wrapping_add(skipped);
    // SAFETY: the range is within `memory`, and MADV_HUGEPAGE changes nothing of
    // what it holds (madvise(2)).
    let _ = unsafe { madvise(first.cast(), size, Advice::LinuxHugepage) };
}

/// Begins to load the cache line of `slice[index]`. Any index will do: a
/// prefetch only hints, reads nothing into the program and never faults.
#[inline(always)]
pub(super) fn prefetch<T>(slice: &[T], index: usize) {
    let address = slice.as_ptr().wrapping_add(index);
    line(address.cast());
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn line(address: *const i8) {
    use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: PREFETCHT0 accepts every address, mapped or not, and has no
    // effect that the program can see (Intel SDM vol. 2, PREFETCHh).
    unsafe { _mm_prefetch::<_MM_HINT_T0>(address) }
}

#[cfg(target_arch = "aarch64")]
#[inline(always)]
fn line(address: *const i8) {
    // SAFETY: PRFM accepts every address, mapped or not, and has no effect that
    // the program can see (Arm ARM, C6.2 PRFM); no register or flag changes.
    unsafe {
        core::arch::asm!(
            "prfm pldl1keep, [{address}]",
            address = in(reg) address,
            options(nostack, preserves_flags, readonly),
        );
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
#[inline(always)]
fn line(_address: *const i8) {}

#[cfg(test)]
mod tests {
    use std::mem::MaybeUninit;

    #[test]
    fn large_pages_keep_what_is_there() {
        for bytes in [0, 1, 4096, 5 << 20] {
            let mut memory = vec![MaybeUninit::new(7_u8); bytes];
            super::large_pages(&mut memory[bytes.min(1)..]);
            // SAFETY: all of it was initialised above.
            assert!(memory.iter().all(|byte| unsafe { byte.assume_init() } == 7));
        }
    }
    #[test]
    fn any_index_is_harmless() {
        let bytes = [1u64, 2, 3];
        for index in [0, 2, 3, 1 << 40, usize::MAX / 8, usize::MAX] {
            super::prefetch(&bytes, index);
        }
        super::prefetch::<u8>(&[], 0);
    }
}
