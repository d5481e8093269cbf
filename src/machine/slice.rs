#![allow(unsafe_code)] // sched_setattr(2) has no safe form in the crates used here

//! Short time slices: a thread that has them runs soon after it wakes.

use rustix::process::getpriority_process;

/// The shortest that the kernel grants.
const SLICE_NS: u64 = 100_000;

/// Asks the kernel to let the calling thread run soon after it wakes, ahead of
/// others that are in the middle of longer slices, such as the keeper at a sync
/// or another program on this CPU. It gets no more time for that, only sooner
/// (EEVDF, Linux 6.12; earlier kernels ignore it).
pub fn ask_for_short_slices() {
    let attributes = libc::sched_attr {
        size: size_of::<libc::sched_attr>() as u32,
        sched_policy: libc::SCHED_OTHER as u32,
        sched_flags: 0,
        sched_nice: getpriority_process(None).unwrap_or(0),
        sched_priority: 0,
        sched_runtime: SLICE_NS,
        sched_deadline: 0,
        sched_period: 0,
    };
    // SAFETY: the kernel reads `size` bytes there, which is all of it, and keeps
    // no pointer to them. A refusal changes nothing.
    let _ = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
}
