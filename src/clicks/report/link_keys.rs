//! What links are called, by their ids, for counts of them.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::clicks::read::entry::LedgerEntry;
use crate::limits::STATS_LINKS_MAX;

/// Keys by link. No more are kept than there are counts of links; those that come later
/// have none.
#[derive(Debug, Default)]
pub struct LinkKeys(HashMap<u64, Box<[u8]>, RandomState>);

impl LinkKeys {
    /// Learns what the link of this click is called, if its segment says so.
    pub(super) fn learn(&mut self, entry: &LedgerEntry<'_>) {
        let link = entry.click.link;
        if link == 0 || self.0.len() >= STATS_LINKS_MAX || self.0.contains_key(&link) {
            return;
        }
        if let Some((key, _)) = entry.key_and_target().filter(|(key, _)| !key.is_empty()) {
            self.0.insert(link, key.into());
        }
    }

    /// What a link is called, where that is known.
    #[must_use]
    pub fn get(&self, link: u64) -> Option<&[u8]> {
        self.0.get(&link).map(|key| &**key)
    }
}
