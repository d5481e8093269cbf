//! What links are called, by their ids, for counts of them.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::clicks::read::entry::LedgerEntry;
use crate::limits::{STATS_KEYS_BYTES_MAX, STATS_LINKS_MAX};

/// Keys by link. No more are kept than there are counts of links, nor more bytes than
/// have room; those that come later have none.
#[derive(Debug, Default)]
pub struct LinkKeys {
    keys: HashMap<u64, Box<[u8]>, RandomState>,
    bytes: usize,
}

impl LinkKeys {
    /// Learns what the link of this click is called, if its segment says so.
    pub(super) fn learn(&mut self, entry: &LedgerEntry<'_>) {
        let link = entry.click.link;
        if link == 0 || self.keys.contains_key(&link) {
            return;
        }
        if let Some((key, _)) = entry.key_and_target() {
            self.keep(link, key);
        }
    }

    fn keep(&mut self, link: u64, key: &[u8]) {
        let bytes = self.bytes + key.len();
        if key.is_empty() || self.keys.len() >= STATS_LINKS_MAX || bytes > STATS_KEYS_BYTES_MAX {
            return;
        }
        self.bytes = bytes;
        self.keys.insert(link, key.into());
    }

    /// What a link is called, where that is known.
    #[must_use]
    pub fn get(&self, link: u64) -> Option<&[u8]> {
        self.keys.get(&link).map(|key| &**key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_their_room() {
        let mut keys = LinkKeys::default();
        let long = vec![b'k'; STATS_KEYS_BYTES_MAX / 4];
        (1..=5).for_each(|link| keys.keep(link, &long));
        keys.keep(6, b"");
        keys.keep(7, b"/a");
        assert_eq!(
            [1, 4, 5, 6, 7].map(|link| keys.get(link).map(<[u8]>::len)),
            [Some(long.len()), Some(long.len()), None, None, None]
        );
    }
}
