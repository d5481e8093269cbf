//! How far a sink is behind the ledger.

use std::fmt;
use std::path::Path;

use anyhow::Context;

use crate::clicks::folder::{self, SegmentFile};
use crate::clicks::{Position, SegmentEvent, SegmentReader};
use crate::machine::clock::unix_us;
use crate::words::counted;

/// What a sink does not have yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    /// How many clicks.
    pub clicks: u64,
    /// How old the oldest of them is, µs.
    pub age_us: u64,
}

impl fmt::Display for Lag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.clicks == 0 {
            return f.write_str("nothing is behind");
        }
        let seconds = self.age_us as f64 / 1e6;
        write!(f, "{} behind, the oldest by {seconds:.1} s", counted(self.clicks, "click"))
    }
}

/// What lies behind these positions in a folder. Sealed segments are counted by
/// their seals, others click by click.
///
/// # Errors
///
/// When the folder cannot be read.
pub fn of(clicks: &Path, positions: &[Position]) -> anyhow::Result<Lag> {
    let files = folder::list(clicks)
        .with_context(|| format!("cannot read the click folder {}", clicks.display()))?;
    let mut lag = Lag::default();
    let mut oldest_us = None;
    for files in files.chunk_by(|a, b| a.shard == b.shard) {
        let position = positions.iter().find(|position| position.shard == files[0].shard);
        let passed = position.map_or(0, |position| position.passed(files));
        let mut is_first = true;
        for file in &files[passed..] {
            // One that cannot be read is told of where it is shipped.
            let Some(unread) = unread(file, position, is_first) else {
                continue;
            };
            lag.clicks = lag.clicks.saturating_add(unread.clicks);
            if let Some(first_us) = unread.first_us {
                is_first = false;
                oldest_us = Some(oldest_us.map_or(first_us, |oldest| first_us.min(oldest)));
            }
        }
    }
    lag.age_us = oldest_us.map_or(0, |oldest| unix_us().saturating_sub(oldest));
    Ok(lag)
}

/// The part of a segment behind a position.
struct Unread {
    clicks: u64,
    first_us: Option<u64>,
}

/// Counts in one segment; finds the time of its first click where that is wanted.
fn unread(file: &SegmentFile, position: Option<&Position>, wants_first: bool) -> Option<Unread> {
    let mut reader = SegmentReader::open(file.open().ok()?).ok()?.ok()?;
    let own = position.filter(|position| position.is_in(file));
    if let Some(position) = own {
        reader.skip_to(position.offset, position.sequence);
    }
    let sealed = reader.seal().map(|seal| match own {
        Some(position) => seal.last_sequence.saturating_add(1).saturating_sub(position.sequence),
        None => seal.clicks,
    });
    let mut unread = Unread { clicks: 0, first_us: None };
    while sealed.is_none() || (wants_first && unread.first_us.is_none()) {
        match reader.next(true).ok()? {
            SegmentEvent::Click { time_us, .. } => {
                unread.clicks += 1;
                unread.first_us.get_or_insert(time_us);
            }
            SegmentEvent::End => break,
            _ => {}
        }
    }
    unread.clicks = sealed.unwrap_or(unread.clicks);
    Some(unread)
}
