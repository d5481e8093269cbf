//! Trouble that shards count, said while it lasts.

use crate::mailbox::ShardCounts;
use crate::say::say;
use crate::words::counted;

/// At most a line a second for each kind of trouble.
pub fn report(before: &ShardCounts, now: &ShardCounts) {
    let refused = now.accepts_refused - before.accepts_refused;
    if refused > 0 {
        say(format_args!(
            "warning: out of descriptors, {} in the last second; new connections wait; raise \
             LimitNOFILE= or lower --max-connections",
            counted(refused, "time")
        ));
    }
    let waits = now.log_waits - before.log_waits;
    if waits > 0 {
        say(format_args!(
            "warning: requests waited {} for room in the click log in the last second; use a larger \
             --segment-size or --reserve, or a faster disk",
            counted(waits, "time")
        ));
    }
    let lost = now.clicks_lost - before.clicks_lost;
    if lost > 0 {
        say(format_args!(
            "warning: {} lost in the last second: no segment was ready. What is lost is counted in \
             the click log; free space in its folder, or use a faster disk or a larger \
             --segment-size",
            counted(lost, "click")
        ));
    }
    let unrecorded = now.unrecorded - before.unrecorded;
    if unrecorded > 0 {
        say(format_args!(
            "warning: {} refused (503) in the last second: no segment was ready for a click. Free \
             space in the click folder, or use a faster disk or a larger --segment-size",
            counted(unrecorded, "request")
        ));
    }
    let evicted = now.evicted - before.evicted;
    if evicted > 0 {
        say(format_args!(
            "warning: {} closed to make room for new ones; raise --max-connections, or shorten \
             --idle-timeout",
            counted(evicted, "idle connection")
        ));
    }
    let overloaded = now.overloaded - before.overloaded;
    if overloaded > 0 {
        say(format_args!(
            "warning: {} cut, those that held most: too many bytes waited for peers that ask for \
             much and do not read",
            counted(overloaded, "connection")
        ));
    }
}
