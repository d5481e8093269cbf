//! Clicks counted: by verdict, status, hour, link, referer, user agent and tag.

use std::collections::BTreeMap;

use super::top::Top;
use crate::clicks::record::{Click, Flags, Verdict};
use crate::limits::{STATS_HOURS_MAX, STATS_LINKS_MAX, STATS_TEXTS_MAX};

/// An hour, µs.
pub const HOUR_US: u64 = 3_600_000_000;

/// Links that are counted in one go. What counts one mostly waits for memory, and
/// the processor waits for several at once if nothing else is between them.
const LINKS_AT_ONCE: usize = 256;

/// How many clicks there are of what kind, in bounded memory.
#[derive(Debug)]
pub struct Stats {
    /// All of them.
    pub clicks: u64,
    /// Times of the earliest and the latest, Unix µs.
    pub span_us: Option<(u64, u64)>,
    /// By verdict.
    pub verdicts: [(Verdict, u64); 3],
    /// By HTTP status.
    pub statuses: BTreeMap<u16, u64>,
    /// Those whose method was HEAD.
    pub head: u64,
    /// Those of browsers that only looked ahead.
    pub prefetch: u64,
    /// By hour, counted from 1970 (UTC).
    pub hours: Top<u64>,
    /// By link; 0 for none.
    pub links: Top<u64>,
    /// By referer; empty for none.
    pub referers: Top<Vec<u8>>,
    /// By user agent; empty for none.
    pub user_agents: Top<Vec<u8>>,
    /// By tag, those that have one.
    pub tags: Top<Vec<u8>>,
}

/// Counts clicks.
#[derive(Debug)]
pub struct Counter {
    stats: Stats,
    /// Links that are yet to be counted.
    links: Vec<u64>,
}

impl Counter {
    /// No click yet.
    #[must_use]
    pub fn new() -> Self {
        let stats = Stats {
            clicks: 0,
            span_us: None,
            verdicts: [(Verdict::Redirect, 0), (Verdict::Unknown, 0), (Verdict::Gone, 0)],
            statuses: BTreeMap::new(),
            head: 0,
            prefetch: 0,
            hours: Top::new(STATS_HOURS_MAX),
            links: Top::new(STATS_LINKS_MAX),
            referers: Top::new(STATS_TEXTS_MAX),
            user_agents: Top::new(STATS_TEXTS_MAX),
            tags: Top::new(STATS_TEXTS_MAX),
        };
        Self { stats, links: Vec::with_capacity(LINKS_AT_ONCE) }
    }

    /// Counts a click.
    pub fn add(&mut self, click: &Click<'_>) {
        let (stats, time_us) = (&mut self.stats, click.time_us);
        stats.clicks += 1;
        stats.span_us = Some(match stats.span_us {
            Some((first, last)) => (first.min(time_us), last.max(time_us)),
            None => (time_us, time_us),
        });
        for (verdict, clicks) in &mut stats.verdicts {
            *clicks += u64::from(*verdict == click.verdict);
        }
        *stats.statuses.entry(click.status).or_default() += 1;
        stats.head += u64::from(click.flags.contains(Flags::HEAD));
        stats.prefetch += u64::from(click.flags.contains(Flags::PREFETCH));
        stats.hours.add(&(time_us / HOUR_US));
        stats.referers.add(click.referer);
        stats.user_agents.add(click.user_agent);
        if !click.tag.is_empty() {
            stats.tags.add(click.tag);
        }
        self.links.push(click.link);
        if self.links.len() == LINKS_AT_ONCE {
            self.count_links();
        }
    }

    /// What was counted.
    #[must_use]
    pub fn finish(mut self) -> Stats {
        self.count_links();
        self.stats
    }

    fn count_links(&mut self) {
        for link in self.links.drain(..) {
            self.stats.links.add(&link);
        }
    }
}

impl Default for Counter {
    fn default() -> Self {
        Self::new()
    }
}
