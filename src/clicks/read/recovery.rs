//! What a killed server left behind, told at the next start.

use std::path::{Path, PathBuf};

use super::ledger::Ledger;
use super::reader::SegmentReader;
use super::tally::Tally;
use crate::clicks::folder;

/// Reads what the last server left unsealed in `folder` and says what it is:
/// `None` if it was not killed. What a server writes now is left alone.
///
/// # Errors
///
/// A sentence when the folder or one of those segments cannot be read.
pub fn left_behind(folder: &Path) -> anyhow::Result<Option<Tally>> {
    let own_run = folder::live_run(folder);
    let (mut last_run, mut unsealed) = (0, Vec::<(u64, PathBuf)>::new());
    for segment in folder::list(folder)? {
        // One that is no segment is told of when the ledger is read.
        let Ok(Ok(reader)) = segment.open().and_then(SegmentReader::open) else {
            continue;
        };
        let run = reader.header().run;
        if !reader.is_begun() || Some(run) == own_run {
            continue;
        }
        last_run = last_run.max(run);
        if reader.seal().is_none() {
            unsealed.push((run, segment.path));
        }
    }
    unsealed.retain(|(run, _)| *run == last_run);
    if unsealed.is_empty() {
        return Ok(None);
    }
    let paths: Vec<_> = unsealed.into_iter().map(|(_, path)| path).collect();
    let mut ledger = Ledger::open(&paths, false)?;
    while ledger.next_click_by_shard()?.is_some() {}
    Ok(Some(ledger.tally()))
}
