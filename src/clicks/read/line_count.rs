//! Clicks of single lines of rules, counted once more: what their caps should say.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use fxhash::FxBuildHasher;

use super::ledger::Ledger;
use super::tally::Tally;
use crate::clicks::format::click::{Verdict, Via};
use crate::clicks::list::known::KnownSegments;

/// A line of a link's rules, and how often it answered in some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineCount {
    /// Id of the link.
    pub link: u64,
    /// Number of the line, from 1.
    pub line: u8,
    /// From when to when, Unix µs.
    pub times: Range<u64>,
    /// Its redirects, but for those to its `else=`.
    pub clicks: u64,
}

/// What was read to count.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinesRead {
    /// All of it.
    pub tally: Tally,
    /// Segments of the folder were deleted by rule, so that clicks may be gone.
    pub has_deleted: bool,
}

/// Counts the redirects of each of `lines` in a click folder.
///
/// # Errors
///
/// A sentence when the folder or a segment cannot be read.
pub fn count_lines(clicks: &Path, lines: &mut [LineCount]) -> anyhow::Result<LinesRead> {
    let known = KnownSegments::of_folder(clicks)?.unwrap_or_default();
    let has_deleted = known.deleted_by_rule().any(|(_, sum)| sum.clicks > 0);
    let mut places = HashMap::<(u64, u8), Vec<usize>, FxBuildHasher>::default();
    for (at, line) in lines.iter().enumerate() {
        places.entry((line.link, line.line)).or_default().push(at);
    }
    let begin = lines.iter().map(|line| line.times.start).min().unwrap_or(0);
    let end = lines.iter().map(|line| line.times.end).max().unwrap_or(0);
    let mut ledger = Ledger::open(&[clicks.to_owned()], false)?;
    ledger.pass_over_all_but(begin..end);
    while let Some(entry) = ledger.next_click_by_shard()? {
        let click = &entry.click;
        if click.verdict != Verdict::REDIRECT || click.flags.via() == Via::ELSE {
            continue;
        }
        for &at in places.get(&(click.link, click.variant)).into_iter().flatten() {
            lines[at].clicks += u64::from(lines[at].times.contains(&click.time_us));
        }
    }
    Ok(LinesRead { tally: ledger.tally(), has_deleted })
}
