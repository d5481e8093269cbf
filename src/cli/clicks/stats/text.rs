//! Counts as tables, for people.

use std::fmt::Write;

use super::table::{Line, exact, push_table};
use crate::clicks::{ByValue, Stats, Top, spell};
use crate::words::{counted, visible};

/// Hours that a table shows: two days. JSON has all.
const HOURS_SHOWN: usize = 48;

/// How tables look.
pub(super) struct Page {
    /// Whether there are bars.
    pub(super) bars: bool,
    /// The zone that hours are of.
    pub(super) zone: String,
}

impl Page {
    /// All counts.
    pub(super) fn all(&self, stats: &Stats, rows: usize) -> String {
        let mut page = String::new();
        let mut figures = vec![("clicks".to_owned(), stats.clicks)];
        figures.extend(stats.verdicts.iter().map(|(it, clicks)| (it.to_string(), *clicks)));
        figures.extend(stats.statuses.iter().map(|(it, clicks)| (it.to_string(), *clicks)));
        figures.push(("HEAD".to_owned(), stats.head));
        figures.push(("prefetch".to_owned(), stats.prefetch));
        let figures = figures.into_iter().map(|(name, clicks)| Line::new(name, exact(clicks)));
        push_table(&mut page, &[], &figures.collect::<Vec<_>>(), false);
        if let Some((first, last)) = stats.span_us {
            let time = |time_us| stats.local.second_for_people(time_us);
            let span = format!("from {} to {}\n", time(first), time(last));
            page.push_str(&span);
        }
        self.push_hours(&mut page, stats);
        for column in &stats.columns {
            let title = column.name.replace('_', " ");
            match &column.values {
                ByValue::Numbers { top, .. } => {
                    let show = |&link: &u64| match stats.keys.get(link) {
                        Some(key) => shown(key),
                        None if link == 0 => "(none)".to_owned(),
                        None => format!("{link:016x}"),
                    };
                    self.push_top(&mut page, title, top, rows, show);
                }
                ByValue::Texts { top, .. } => {
                    self.push_top(&mut page, title, top, rows, |bytes| shown(bytes));
                }
            }
        }
        page
    }

    fn push_hours(&self, page: &mut String, stats: &Stats) {
        let mut hours = stats.hours.most(usize::MAX);
        hours.sort_unstable_by_key(|(hour, _)| **hour);
        let (early, late) = hours.split_at(hours.len().saturating_sub(HOURS_SHOWN));
        let mut lines = Vec::new();
        if !early.is_empty() {
            let clicks = early.iter().map(|(_, count)| count.clicks).sum();
            let name = counted(early.len(), "hour") + " before";
            lines.push(Line { has_bar: false, ..Line::new(name, exact(clicks)) });
        }
        let line =
            |(hour, count): &(&i64, _)| Line::new(stats.local.begin_for_people(**hour), *count);
        lines.extend(late.iter().map(line));
        self.push(page, format!("hour ({})", visible(&self.zone)), &lines);
    }

    fn push_top<K: Eq + std::hash::Hash + Ord>(
        &self,
        page: &mut String,
        title: String,
        top: &Top<K>,
        rows: usize,
        show: impl Fn(&K) -> String,
    ) {
        let most = top.most(rows);
        let clicks: u64 = most.iter().map(|(_, count)| count.clicks).sum();
        let others = top.distinct().map(|distinct| distinct - most.len());
        let lines = most.iter().map(|(key, count)| Line::new(show(key), *count));
        let others = Line::others(others, top.clicks() - clicks, "other");
        self.push(page, title, &lines.chain(others).collect::<Vec<_>>());
    }

    /// A table, if there is anything in it.
    fn push(&self, page: &mut String, title: String, lines: &[Line]) {
        if !lines.is_empty() {
            writeln!(page).expect("a string takes anything");
            push_table(page, &[title], lines, self.bars);
        }
    }
}

/// A string that a visitor chose, for a terminal.
fn shown(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "(none)".to_owned();
    }
    visible(&spell(bytes)).into_owned()
}
