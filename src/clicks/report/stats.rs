//! Clicks counted: by verdict, status, hour, and by the columns that say so.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::columns::{COLUMNS, Column, Counting, MaybeBytesOf, Of, Spelled, Values};
use super::link_keys::LinkKeys;
use super::local_time::LocalTime;
use super::top::Top;
use crate::clicks::format::click::{Flags, Verdict};
use crate::clicks::read::entry::LedgerEntry;
use crate::limits::{STATS_HOURS_MAX, STATS_LINKS_MAX, STATS_TEXTS_MAX};

/// Numbers that are counted in one go. What counts one mostly waits for memory, and
/// the processor waits for several at once if nothing else is between them.
const NUMBERS_AT_ONCE: usize = 256;

/// How many clicks there are of what kind, in bounded memory.
#[derive(Debug)]
pub struct Stats {
    /// All of them.
    pub clicks: u64,
    /// Times of the earliest and the latest, Unix µs.
    pub span_us: Option<(u64, u64)>,
    /// By verdict: those that a server gives, and others that there are.
    pub verdicts: Vec<(Verdict, u64)>,
    /// By HTTP status.
    pub statuses: BTreeMap<u16, u64>,
    /// Those whose method was HEAD.
    pub head: u64,
    /// Those of browsers that only looked ahead.
    pub prefetch: u64,
    /// By hour: when it began, Unix s.
    pub hours: Top<i64>,
    /// What hours they are.
    pub local: LocalTime,
    /// By each column that is counted.
    pub columns: Vec<ByColumn>,
    /// Keys of links, as far as they are known.
    pub keys: LinkKeys,
}

/// How many clicks there are for each value of a column.
#[derive(Debug)]
pub struct ByColumn {
    /// What the column is called.
    pub name: &'static str,
    /// How it is counted.
    pub counted: Counting,
    /// The counts.
    pub values: ByValue,
}

/// Counts by value, and how values are read.
#[derive(Debug)]
pub enum ByValue {
    /// By number; 0 for none.
    Numbers {
        /// The counts.
        top: Top<u64>,
        /// How a number is read.
        of: Of<u64>,
        /// Those that are yet to be counted.
        waiting: Vec<u64>,
    },
    /// By string; empty for none.
    Texts {
        /// The counts.
        top: Top<Vec<u8>>,
        /// How a string is read.
        of: MaybeBytesOf,
    },
}

impl ByColumn {
    /// No click yet. `None` for a column that is not counted.
    fn new(column: &Column) -> Option<Self> {
        let values = match column.values {
            Values::Text(Spelled::Digits(of)) => {
                let waiting = Vec::with_capacity(NUMBERS_AT_ONCE);
                ByValue::Numbers { top: Top::new(STATS_LINKS_MAX), of, waiting }
            }
            Values::Text(Spelled::MaybeBytes(of)) => {
                ByValue::Texts { top: Top::new(STATS_TEXTS_MAX), of }
            }
            _ => return None,
        };
        Some(Self { name: column.name, counted: column.counted?, values })
    }

    fn add(&mut self, entry: &LedgerEntry<'_>) {
        match &mut self.values {
            ByValue::Numbers { of, waiting, .. } => {
                let number = of(entry);
                if self.counted.none || number != 0 {
                    waiting.push(number);
                    if waiting.len() == NUMBERS_AT_ONCE {
                        self.settle();
                    }
                }
            }
            ByValue::Texts { top, of } => {
                let text = of(entry).unwrap_or_default();
                if self.counted.none || !text.is_empty() {
                    top.add(text);
                }
            }
        }
    }

    /// Counts those that wait for it.
    fn settle(&mut self) {
        if let ByValue::Numbers { top, waiting, .. } = &mut self.values {
            for number in waiting.drain(..) {
                top.add(&number);
            }
        }
    }
}

/// Counts clicks.
#[derive(Debug)]
pub struct ClickCounter(Stats);

impl ClickCounter {
    /// No click yet; hours are those of a zone.
    #[must_use]
    pub fn new(zone: TimeZone) -> Self {
        Self(Stats {
            clicks: 0,
            span_us: None,
            verdicts: vec![(Verdict::REDIRECT, 0), (Verdict::UNKNOWN, 0), (Verdict::GONE, 0)],
            statuses: BTreeMap::new(),
            head: 0,
            prefetch: 0,
            hours: Top::new(STATS_HOURS_MAX),
            local: LocalTime::new(zone),
            columns: COLUMNS.iter().filter_map(ByColumn::new).collect(),
            keys: LinkKeys::default(),
        })
    }

    /// Counts a click.
    pub fn add(&mut self, entry: &LedgerEntry<'_>) {
        let (stats, click) = (&mut self.0, &entry.click);
        let time_us = click.time_us;
        stats.clicks += 1;
        stats.span_us = Some(match stats.span_us {
            Some((first, last)) => (first.min(time_us), last.max(time_us)),
            None => (time_us, time_us),
        });
        match stats.verdicts.iter_mut().find(|(verdict, _)| *verdict == click.verdict) {
            Some((_, clicks)) => *clicks += 1,
            None => stats.verdicts.push((click.verdict, 1)),
        }
        *stats.statuses.entry(click.status).or_default() += 1;
        stats.head += u64::from(click.flags.contains(Flags::HEAD));
        stats.prefetch += u64::from(click.flags.contains(Flags::PREFETCH));
        stats.hours.add(&stats.local.hour(time_us));
        stats.keys.learn(entry);
        stats.columns.iter_mut().for_each(|column| column.add(entry));
    }

    /// What was counted.
    #[must_use]
    pub fn finish(mut self) -> Stats {
        self.0.columns.iter_mut().for_each(ByColumn::settle);
        self.0
    }
}
