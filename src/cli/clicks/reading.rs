//! Clicks that are read to be counted.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::totals::{status, total};
use crate::cli::pipe::is_broken_pipe;
use crate::cli::progress::Progress;
use crate::clicks::{Filter, Ledger, LedgerEntry, Tally, key_ring::KeyRing};
use crate::say::say_to;

/// What was read.
pub(super) struct ReadClicks {
    /// All of it.
    pub(super) tally: Tally,
    /// How many clicks the filter took.
    pub(super) taken: u64,
    /// What is wrong, a sentence each.
    pub(super) notes: Vec<String>,
}

/// Hands on each click that the filter takes, in no order of time.
///
/// # Errors
///
/// A folder or the key file cannot be read.
pub(super) fn read_clicks(
    paths: &[PathBuf],
    click_key: Option<&Path>,
    filter: &Filter,
    mut take: impl FnMut(&LedgerEntry<'_>),
) -> anyhow::Result<ReadClicks> {
    let keys = KeyRing::new(click_key)?;
    let mut ledger = Ledger::open(paths, false)?;
    ledger.compare_with_lists(|folder| keys.list_keys(folder));
    ledger.pass_over_all_but(filter.times.clone());
    let mut progress = Progress::new(Some(ledger.waiting_bytes()));
    let mut taken = 0;
    while let Some(entry) = ledger.next_click_by_shard()? {
        if filter.takes(&entry.click) {
            take(&entry);
            taken += 1;
        }
        progress.step(|| ledger.read_bytes());
    }
    Ok(ReadClicks { tally: ledger.tally(), taken, notes: ledger.take_notes() })
}

/// Says what is wrong, and unless it is to be `quiet` the totals, to `complaints`; returns the
/// exit status of a command that has counted, or could not.
pub(super) fn ended(
    read: anyhow::Result<ReadClicks>,
    filter: &Filter,
    quiet: bool,
    complaints: &mut impl Write,
) -> u8 {
    let mut say = |sentence: &str| say_to(complaints, sentence);
    match read {
        Ok(read) => {
            if !quiet {
                read.notes.iter().for_each(|note| say(note));
                say(&total(filter, read.taken, "counted", &read.tally));
            }
            status(&read.tally)
        }
        Err(error) if is_broken_pipe(&error) => 0,
        Err(error) => {
            say(&format!("{error:#}"));
            2
        }
    }
}
