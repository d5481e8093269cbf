//! What a report counts.

use std::collections::HashMap;
use std::path::Path;

use super::chart::Point;
use crate::cli::clicks::filter::FilterArguments;
use crate::cli::clicks::reading::{ReadClicks, read_clicks};
use crate::clicks::{Breakdown, Facets};
use crate::limits::{REPORT_BYTES_MAX, REPORT_POINTS_MAX, REPORT_ROWS_MAX};

/// Tables of a report: what it is called, and by what it counts.
const TABLES: &[(&str, &str)] = &[
    ("Links", "key"),
    ("Targets", "target"),
    ("Sites that visitors came from", "referer_site"),
    ("Programs of visitors", "agent_class"),
    ("Statuses", "status"),
    ("Days of the week", "weekday"),
    ("Hours of the day", "hour_of_day"),
    ("Tags", "tag"),
];

/// Units of time, the finest first, and how many of them a picture may have.
const UNITS: [(&str, usize); 4] =
    [("minute", 120), ("hour", 72), ("day", 400), ("month", REPORT_POINTS_MAX)];

/// The counts of a report.
pub(super) struct ReportCounts {
    /// What was read for them.
    pub(super) read: ReadClicks,
    /// The earliest and the latest click, Unix µs.
    pub(super) span_us: Option<(u64, u64)>,
    /// By verdict.
    pub(super) verdicts: Breakdown,
    /// Tables, and what they are called.
    pub(super) tables: Vec<(&'static str, Breakdown)>,
    /// By unit of time.
    units: Vec<Breakdown>,
}

impl ReportCounts {
    /// Reads all clicks that the filter takes.
    ///
    /// # Errors
    ///
    /// A folder or the key file cannot be read.
    pub(super) fn read(
        paths: &[std::path::PathBuf],
        click_key: Option<&Path>,
        filter: &FilterArguments,
    ) -> anyhow::Result<Self> {
        let by = |name: &str| {
            let facets = Facets::parse(name).expect("there is such a column");
            Breakdown::within(facets, filter.zone(), REPORT_ROWS_MAX, REPORT_BYTES_MAX)
        };
        let mut verdicts = by("verdict");
        let mut tables: Vec<_> = TABLES.iter().map(|(title, name)| (*title, by(name))).collect();
        let mut units: Vec<_> = UNITS.iter().map(|(name, _)| by(name)).collect();
        let mut span_us: Option<(u64, u64)> = None;
        let read = read_clicks(paths, click_key, &filter.filter(), |entry| {
            let time_us = entry.click.time_us;
            let (first, last) = span_us.unwrap_or((time_us, time_us));
            span_us = Some((first.min(time_us), last.max(time_us)));
            let tables = tables.iter_mut().map(|(_, table)| table);
            for breakdown in tables.chain(&mut units).chain([&mut verdicts]) {
                breakdown.add(entry);
            }
        })?;
        Ok(Self { read, span_us, verdicts, tables, units })
    }

    /// Clicks with this verdict.
    pub(super) fn verdict(&self, verdict: &str) -> u64 {
        let rows = self.verdicts.part(usize::MAX).rows;
        let row = rows.iter().find(|row| row.shown().eq([verdict]));
        row.map_or(0, |row| row.count.clicks)
    }

    /// The finest unit of which a picture has room for all, its points, and the clicks
    /// before them. Times without clicks are among them.
    pub(super) fn timeline(&self) -> (&'static str, Vec<Point>, u64) {
        let mut timeline = ("month", Vec::new(), 0);
        for (breakdown, (name, points_max)) in self.units.iter().zip(UNITS) {
            let step = match name {
                "minute" => 60,
                "hour" => 3_600,
                _ => 1,
            };
            let part = breakdown.part(usize::MAX);
            let rows = part.rows.iter().filter_map(|row| Some((row.time()?, row.count.clicks)));
            let clicks: HashMap<i64, u64> = rows.collect();
            let (Some(first), Some(last)) = (clicks.keys().min(), clicks.keys().max()) else {
                return timeline;
            };
            let all = (last - first) / step + 1;
            let shown = all.min(points_max as i64);
            let times = (0..shown).rev().map(|back| last - back * step);
            let points = times.map(|time| {
                let clicks = clicks.get(&time).copied().unwrap_or(0);
                Point { name: breakdown.time_name(time), clicks }
            });
            let points: Vec<_> = points.collect();
            let before = breakdown.clicks() - points.iter().map(|point| point.clicks).sum::<u64>();
            timeline = (name, points, before);
            if all == shown {
                break;
            }
        }
        timeline
    }
}
