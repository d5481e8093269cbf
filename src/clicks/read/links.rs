//! What the links of a segment were, as far as it was read.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::clicks::format::link::LoggedLink;
use crate::limits::LOGGED_LINKS_BYTES_MAX;

/// The last that a segment says of each link and variant. Where it says more than
/// there is room for, and where something of it is missing, what was known is forgotten.
#[derive(Debug, Default)]
pub struct KnownLinks {
    records: HashMap<(u64, u8), Box<[u8]>, RandomState>,
    bytes: usize,
}

impl KnownLinks {
    /// Keeps the link that this record tells of.
    pub(super) fn keep(&mut self, link: &LoggedLink<'_>, record: &[u8]) {
        if self.bytes + record.len() > LOGGED_LINKS_BYTES_MAX {
            self.forget();
        }
        self.bytes += record.len();
        if let Some(before) = self.records.insert((link.link, link.variant), record.into()) {
            self.bytes -= before.len();
        }
    }

    /// Forgets them all: what came last may have been missed.
    pub(super) fn forget(&mut self) {
        self.records.clear();
        self.bytes = 0;
    }

    /// What this link was.
    pub(super) fn get(&self, link: u64, variant: u8) -> Option<LoggedLink<'_>> {
        LoggedLink::of(self.records.get(&(link, variant))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clicks::format::frame::Salt;
    use crate::clicks::format::scratch::RecordScratch;

    fn keep(known: &mut KnownLinks, link: u64, target: &[u8]) {
        let (key, variant, generation) = (&b"/go"[..], 0, 1);
        let (is_key_cut, is_target_cut) = (false, false);
        let link = LoggedLink { link, variant, generation, key, target, is_key_cut, is_target_cut };
        let mut scratch = RecordScratch::new();
        known.keep(&link, link.encode(1, Salt::new(1), &mut scratch));
    }

    fn target(known: &KnownLinks, link: u64) -> Option<&[u8]> {
        known.get(link, 0).map(|link| link.target)
    }

    #[test]
    fn the_last_word_counts() {
        let mut known = KnownLinks::default();
        keep(&mut known, 1, b"https://a.example/");
        keep(&mut known, 2, b"https://b.example/");
        keep(&mut known, 1, b"");
        assert_eq!(target(&known, 1), Some(&b""[..]));
        assert_eq!(target(&known, 2), Some(&b"https://b.example/"[..]));
        assert_eq!(known.get(2, 1), None);
        assert_eq!(target(&known, 3), None);
    }

    #[test]
    fn never_more_than_there_is_room_for() {
        let mut known = KnownLinks::default();
        for number in 0..3 * (LOGGED_LINKS_BYTES_MAX / 1000) as u64 {
            keep(&mut known, number % 6000, &[b't'; 1000]);
            let bytes: usize = known.records.values().map(|record| record.len()).sum();
            assert_eq!(known.bytes, bytes);
            assert!(bytes <= LOGGED_LINKS_BYTES_MAX);
            assert!(target(&known, number % 6000).is_some());
        }
    }
}
