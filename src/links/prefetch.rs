#![allow(unsafe_code)] // Prefetch instructions have no safe form in the standard library.
//! Asking the processor for a cache line before it is needed: the only unsafe
//! code of `links`.

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
    #[test]
    fn any_index_is_harmless() {
        let bytes = [1u64, 2, 3];
        for index in [0, 2, 3, 1 << 40, usize::MAX / 8, usize::MAX] {
            super::prefetch(&bytes, index);
        }
        super::prefetch::<u8>(&[], 0);
    }
}
