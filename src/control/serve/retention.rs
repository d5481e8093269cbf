//! What a server deletes of its click log.

use std::time::Duration;

use anyhow::ensure;

use super::plan::ServePlan;
use crate::clicks::ClickKeys;
use crate::limits::{SEGMENTS_READY_MAX, SMALL_SEGMENTS_BYTES};
use crate::retention::{Retention, Rules};
use crate::say::say;
use crate::words::{counted, mebibytes};

/// Whether the rules can hold beside what is written and kept ready, on so many cores.
///
/// # Errors
///
/// A sentence for the operator.
pub fn check(plan: &ServePlan, cores: usize) -> anyhow::Result<()> {
    let Rules { keep, disk_bytes_max, .. } = plan.retention;
    ensure!(
        keep.is_none_or(|keep| keep > plan.segment_age),
        "--keep {:?} is no longer than --segment-age {:?}: clicks would be deleted as soon as their \
         segment is sealed. Keep them longer, or make segments younger",
        keep.unwrap_or(Duration::ZERO),
        plan.segment_age
    );
    // What is written, what is ready, and one that is sealed.
    let size = plan.segment_bytes;
    let small = SMALL_SEGMENTS_BYTES.min(size.saturating_mul(SEGMENTS_READY_MAX as u64));
    let ready = small.max(size.saturating_mul(plan.reserve as u64));
    let least = (ready + 2 * size).saturating_mul(cores as u64);
    ensure!(
        disk_bytes_max.is_none_or(|most| most >= least),
        "--max-disk {} is too little: on {}, with segments of up to {}, what is written and kept \
         ready, and a sealed segment for each, can take {}. Give it more, make segments smaller with \
         --segment-size, fewer with --reserve, or serve on fewer cores",
        mebibytes(disk_bytes_max.unwrap_or(0)),
        counted(cores as u64, "core"),
        mebibytes(size),
        mebibytes(least)
    );
    Ok(())
}

/// Starts deleting, if there are rules for it; it ends when what is returned is dropped.
///
/// # Errors
///
/// A sentence when there can be no thread.
pub fn start(plan: &ServePlan, keys: ClickKeys) -> anyhow::Result<Option<Retention>> {
    if plan.retention.is_none() {
        return Ok(None);
    }
    let say = Box::new(|sentence: &str| say(format_args!("clicks: {sentence}")));
    Retention::start(plan.clicks.clone(), plan.retention, keys, say).map(Some)
}
