//! A batch: the clicks that a sink gets at once, in memory.
//!
//! What is in it follows from where it begins and ends in each shard, and from
//! nothing else, so that it can be put together again after a crash.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::Path;

use foldhash::fast::RandomState;

use crate::clicks::key_ring::GoneKeys;
use crate::clicks::{ClickKeys, EntryLink, Ledger, LedgerEntry, Position, STRINGS};
use crate::limits::BATCH_TEXT_BYTES_MAX;

/// Clicks in the order of time, those of one moment by shard.
#[derive(Debug)]
pub struct ClickBatch {
    /// Its number, from 1 for each sink.
    pub number: u64,
    clicks_max: usize,
    keys: Option<ClickKeys>,
    clicks: Vec<KeptClick>,
    text: Vec<u8>,
    /// What the last click of each link and variant said that it is.
    links: HashMap<(u64, u8), KeptLink, RandomState>,
    ends: BTreeMap<u16, Position>,
    is_sorted: bool,
    /// Keys that signed clicks which got no id, as they are not there.
    pub gone_keys: GoneKeys,
}

/// A click without its strings, and where those stand in the text of the batch.
#[derive(Clone, Copy, Debug)]
struct KeptClick {
    entry: LedgerEntry<'static>,
    begin: u32,
    /// Lengths of the strings.
    bytes: [u16; STRINGS],
    link: Option<KeptLink>,
}

/// Where key and target of a link stand in the text of the batch, one behind the other.
#[derive(Clone, Copy, Debug)]
struct KeptLink {
    begin: u32,
    key: u16,
    target: u16,
}

impl KeptLink {
    fn of(self, text: &[u8]) -> (&[u8], &[u8]) {
        let (key, rest) = text[self.begin as usize..].split_at(usize::from(self.key));
        (key, &rest[..usize::from(self.target)])
    }
}

impl ClickBatch {
    /// An empty one, which is full with so many clicks. They get the ids that these
    /// keys have signed.
    #[must_use]
    pub fn new(number: u64, clicks_max: usize, keys: Option<ClickKeys>) -> Self {
        Self {
            number,
            clicks_max,
            keys,
            clicks: Vec::new(),
            text: Vec::new(),
            links: HashMap::default(),
            ends: BTreeMap::new(),
            is_sorted: true,
            gone_keys: GoneKeys::default(),
        }
    }

    /// Forgets its clicks, and keeps the memory for those of batch `number`.
    pub fn clear(&mut self, number: u64) {
        self.number = number;
        self.clicks.clear();
        self.text.clear();
        self.links.clear();
        self.ends.clear();
        self.is_sorted = true;
    }

    /// Adds the clicks that are next in `ledger`, until it is full or there are no
    /// more (yet).
    ///
    /// # Errors
    ///
    /// Those of reading.
    pub fn fill(&mut self, ledger: &mut Ledger) -> anyhow::Result<()> {
        while !self.is_full() && self.add_next(ledger)? {}
        Ok(())
    }

    /// Adds all clicks of `ledger`: a batch that was once full, put together again.
    ///
    /// # Errors
    ///
    /// Those of reading.
    pub fn fill_again(&mut self, ledger: &mut Ledger) -> anyhow::Result<()> {
        while self.add_next(ledger)? {}
        Ok(())
    }

    /// Adds the next click; `false` if there is none.
    fn add_next(&mut self, ledger: &mut Ledger) -> anyhow::Result<bool> {
        let Some(entry) = ledger.next_click()? else {
            return Ok(false);
        };
        self.push(&entry);
        if let Some(end) = ledger.position() {
            self.ends.insert(end.shard, end);
        }
        Ok(true)
    }

    fn push(&mut self, entry: &LedgerEntry<'_>) {
        let strings = entry.click.strings();
        let begin = self.text.len() as u32;
        for string in strings {
            self.text.extend_from_slice(string);
        }
        // Shards are merged as their clicks come, and some come late.
        self.is_sorted &= self.clicks.last().is_none_or(|last| key(last) <= key_of(entry));
        let click = entry.click.with_strings([&[]; STRINGS]);
        let id = self.keys.as_ref().and_then(|keys| {
            let id = keys.sign_as(entry.key, entry.place());
            id.is_none().then(|| self.gone_keys.note(entry.key));
            id
        });
        let link = self.keep_link(entry);
        let bytes = strings.map(|string| string.len() as u16);
        let (folder, unknown) = (Path::new(""), EntryLink::Unknown);
        let entry = LedgerEntry { folder, id, click, link: unknown, ..*entry };
        self.clicks.push(KeptClick { entry, begin, bytes, link });
    }

    /// Keeps what the link of a click is: once for all clicks of it, until it changes.
    fn keep_link(&mut self, entry: &LedgerEntry<'_>) -> Option<KeptLink> {
        let (key, target) = entry.key_and_target()?;
        let place = (entry.click.link, entry.click.variant);
        let before = self.links.get(&place).copied();
        if let Some(kept) = before.filter(|kept| kept.of(&self.text) == (key, target)) {
            return Some(kept);
        }
        let begin = self.text.len() as u32;
        self.text.extend_from_slice(key);
        self.text.extend_from_slice(target);
        let kept = KeptLink { begin, key: key.len() as u16, target: target.len() as u16 };
        self.links.insert(place, kept);
        Some(kept)
    }

    /// Whether it is to be shipped before more is added.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.clicks.len() >= self.clicks_max || self.text.len() >= BATCH_TEXT_BYTES_MAX
    }

    /// How many clicks are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.clicks.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.clicks.is_empty()
    }

    /// Where it ends, for each shard that it has clicks of.
    #[must_use]
    pub fn ends(&self) -> Vec<Position> {
        self.ends.values().copied().collect()
    }

    /// Puts the clicks in order. To be called once all are there.
    pub fn sort(&mut self) {
        if !self.is_sorted {
            // Stable, so those of one shard stay in the order of their numbers.
            self.clicks.sort_by_key(key);
            self.is_sorted = true;
        }
    }

    /// Its clicks, in the order of time once they are [sorted](Self::sort).
    pub fn iter(&self) -> impl Iterator<Item = LedgerEntry<'_>> {
        self.range(0..self.len())
    }

    /// When its clicks were, Unix µs, in their order.
    pub fn times(&self) -> impl Iterator<Item = u64> {
        self.clicks.iter().map(|kept| kept.entry.click.time_us)
    }

    /// Some of its clicks.
    pub fn range(&self, range: Range<usize>) -> impl Iterator<Item = LedgerEntry<'_>> {
        self.clicks[range].iter().map(|kept| {
            let mut rest = &self.text[kept.begin as usize..];
            let strings = kept.bytes.map(|bytes| {
                let (string, behind) = rest.split_at(usize::from(bytes));
                rest = behind;
                string
            });
            let link = kept.link.map_or(EntryLink::Unknown, |link| {
                let (key, target) = link.of(&self.text);
                EntryLink::Is(key, target)
            });
            LedgerEntry { click: kept.entry.click.with_strings(strings), link, ..kept.entry }
        })
    }
}

fn key(kept: &KeptClick) -> (u64, u16) {
    key_of(&kept.entry)
}

fn key_of(entry: &LedgerEntry<'_>) -> (u64, u16) {
    (entry.click.time_us, entry.shard)
}
