//! Clicks counted: by verdict, status, hour, link, referer and user agent.

use std::collections::BTreeMap;

use super::record::{Click, Flags, Verdict};
use super::top::Top;
use crate::limits::{STATS_HOURS_MAX, STATS_LINKS_MAX, STATS_TEXTS_MAX};

/// An hour, µs.
pub const HOUR_US: u64 = 3_600_000_000;

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
}

impl Stats {
    /// No click yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
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
        }
    }

    /// Counts a click.
    pub fn add(&mut self, click: &Click<'_>) {
        let time_us = click.time_us;
        self.clicks += 1;
        self.span_us = Some(match self.span_us {
            Some((first, last)) => (first.min(time_us), last.max(time_us)),
            None => (time_us, time_us),
        });
        for (verdict, clicks) in &mut self.verdicts {
            *clicks += u64::from(*verdict == click.verdict);
        }
        *self.statuses.entry(click.status).or_default() += 1;
        self.head += u64::from(click.flags.contains(Flags::HEAD));
        self.prefetch += u64::from(click.flags.contains(Flags::PREFETCH));
        self.hours.add(&(time_us / HOUR_US));
        self.links.add(&click.link);
        self.referers.add(click.referer);
        self.user_agents.add(click.user_agent);
    }
}

impl Default for Stats {
    fn default() -> Self {
        Self::new()
    }
}
