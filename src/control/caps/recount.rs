//! What is used of caps, counted from the click log.

use std::path::Path;

use super::rows::CapRow;
use crate::clicks::{LineCount, LinesRead, count_lines};
use crate::rules::caps::{Calendar, CapKey, CapLine};

/// What the log says of a cap.
pub struct Counted {
    pub key: CapKey,
    /// Since when it is counted, Unix µs.
    pub since_us: u64,
    /// Its present period.
    pub number: u64,
    /// What it had in that.
    pub clicks: u64,
}

/// Counts the clicks of these lines, each since some time, in their present periods.
/// Whether every click that there was is still in the log.
///
/// # Errors
///
/// A sentence when the log cannot be read.
pub fn count(
    clicks: &Path,
    lines: &[(&CapLine, u64)],
    unix_us: u64,
) -> anyhow::Result<(Vec<Counted>, bool)> {
    let mut calendar = Calendar::default();
    let (mut counts, mut all) = (Vec::new(), Vec::new());
    for &(line, since_us) in lines {
        let CapLine { link, line: number, cap, ref zone, .. } = *line;
        let span = calendar.at(zone, cap.period, unix_us);
        let times = span.begins_us.max(since_us)..span.ends_us;
        counts.push(LineCount { link, line: number, times, clicks: 0 });
        all.push(Counted { key: CapKey::of(line), since_us, number: span.number, clicks: 0 });
    }
    let LinesRead { tally, has_deleted } = count_lines(clicks, &mut counts)?;
    for (counted, count) in all.iter_mut().zip(counts) {
        counted.clicks = count.clicks;
    }
    Ok((all, tally.is_whole() && !has_deleted))
}

/// What was counted once more.
pub struct Recounted {
    /// The clicks of each row.
    pub clicks: Vec<u64>,
    /// What was read.
    pub read: LinesRead,
}

/// Counts the clicks of these rows anew, in the periods that they tell of.
///
/// # Errors
///
/// A sentence when the log cannot be read.
pub fn recount(clicks: &Path, rows: &[CapRow]) -> anyhow::Result<Recounted> {
    let count = |row: &CapRow| LineCount {
        link: row.link_id(),
        line: row.line,
        times: row.counted_us(),
        clicks: 0,
    };
    let mut counts: Vec<_> = rows.iter().map(count).collect();
    let read = count_lines(clicks, &mut counts)?;
    Ok(Recounted { clicks: counts.into_iter().map(|count| count.clicks).collect(), read })
}
