//! How caps stand, as it is told.

use std::ops::Range;
use std::path::Path;

use anyhow::{Context, anyhow};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::files::CapFiles;
use crate::machine::clock::unix_us;
use crate::rules::caps::{
    Calendar, Cap, CapKey, CapLine, CapStanding, KeptCaps, NEVER_US, PeriodSpan,
};

/// How the cap of a line stands.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct CapRow {
    /// The key of its link.
    pub key: String,
    /// Number of the line within its key, from 1.
    pub line: u8,
    /// As it stands in the link file.
    pub cap: String,
    /// Where its days begin.
    pub tz: String,
    /// Id of its link, in hex.
    pub link: String,
    /// Clicks that it had in the present period.
    pub used: u64,
    /// Clicks that it can still have.
    pub left: u64,
    /// Since when it is counted, RFC 3339; none: as long as there is a log.
    pub since: Option<String>,
    /// When the present period began; none for a total.
    pub begins: Option<String>,
    /// When the next one begins.
    pub ends: Option<String>,
}

impl CapRow {
    /// Id of its link.
    pub fn link_id(&self) -> u64 {
        u64::from_str_radix(&self.link, 16).unwrap_or_default()
    }

    /// From when to when its clicks are counted, Unix µs.
    pub fn counted_us(&self) -> Range<u64> {
        let begins_us = self.begins.as_deref().map_or(0, parsed);
        let ends_us = self.ends.as_deref().map_or(NEVER_US, parsed);
        begins_us.max(self.since.as_deref().map_or(0, parsed))..ends_us
    }
}

fn parsed(time: &str) -> u64 {
    let time = time.parse().unwrap_or(Timestamp::UNIX_EPOCH);
    u64::try_from(time.as_microsecond()).unwrap_or_default()
}

fn spelled(unix_us: u64) -> String {
    let us = i64::try_from(unix_us).unwrap_or(i64::MAX);
    Timestamp::from_microsecond(us).unwrap_or(Timestamp::MAX).to_string()
}

/// A row for each line, by what is `known`.
pub fn rows(
    lines: &[CapLine],
    unix_us: u64,
    known: impl Fn(CapKey, &Cap, PeriodSpan) -> CapStanding,
) -> Vec<CapRow> {
    let mut calendar = Calendar::default();
    let row = |line: &CapLine| {
        let span = calendar.at(&line.zone, line.cap.period, unix_us);
        let CapStanding { used, left, since_us, .. } = known(CapKey::of(line), &line.cap, span);
        let has_end = span.ends_us != NEVER_US;
        CapRow {
            key: line.key.clone(),
            line: line.line,
            cap: line.cap.to_string(),
            tz: match &*line.zone {
                [] => "UTC".to_owned(),
                zone => String::from_utf8_lossy(zone).into_owned(),
            },
            link: format!("{:016x}", line.link),
            used,
            left,
            since: (since_us > 0).then(|| spelled(since_us)),
            begins: has_end.then(|| spelled(span.begins_us)),
            ends: has_end.then(|| spelled(span.ends_us)),
        }
    };
    lines.iter().map(row).collect()
}

/// The same by what the files of a server say, that need not run.
///
/// # Errors
///
/// A sentence: they cannot be read, or are none.
pub fn rows_of_files(state: &Path, lines: &[CapLine]) -> anyhow::Result<Vec<CapRow>> {
    let files = CapFiles::new(state);
    let path = files.path();
    let read = files.read().with_context(|| format!("cannot read {}", path.display()))?;
    let kept = match read {
        None => KeptCaps::default(),
        Some(read) => read.map_err(|_| {
            anyhow!(
                "{} is not what carom writes there; start the server, which counts anew from the \
                 click log",
                path.display()
            )
        })?,
    };
    Ok(rows(lines, unix_us(), |key, cap, span| {
        let kept = kept.get(key);
        let used = kept.map_or(0, |kept| kept.used(span.number));
        let since_us = kept.map_or(0, |kept| kept.since_us);
        CapStanding { used, left: cap.count.saturating_sub(used), span, since_us }
    }))
}
