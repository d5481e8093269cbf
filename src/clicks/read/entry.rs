//! A click that was read, and where it comes from.

use std::path::Path;

use super::links::KnownLinks;
use crate::clicks::format::click::Click;
use crate::clicks::format::id::{ClickId, ClickPlace};

/// What is known of the link of a click.
#[derive(Clone, Copy, Debug)]
pub enum EntryLink<'a> {
    /// Nothing.
    Unknown,
    /// What its segment says of it.
    In(&'a KnownLinks),
    /// Its key and its target, as they were written.
    Is(&'a [u8], &'a [u8]),
}

/// One click and where it comes from.
#[derive(Clone, Copy, Debug)]
pub struct LedgerEntry<'a> {
    /// The folder of its segment.
    pub folder: &'a Path,
    /// Which shard wrote it.
    pub shard: u16,
    /// Its number within that shard's run.
    pub sequence: u64,
    /// Which machine wrote it.
    pub node: u16,
    /// Number of its segment within the shard.
    pub segment: u64,
    /// Where in the segment file its record begins, bytes.
    pub offset: u64,
    /// Number of the key that signed its id.
    pub key: u8,
    /// Its id, for whoever has that key; a ledger has none.
    pub id: Option<ClickId>,
    /// What it says.
    pub click: Click<'a>,
    /// What is known of its link.
    pub link: EntryLink<'a>,
}

impl LedgerEntry<'_> {
    /// Key and target of its link, or no key and the target of the fallback, as they were
    /// written; `None` where its segment does not say them.
    #[must_use]
    pub fn key_and_target(&self) -> Option<(&[u8], &[u8])> {
        match self.link {
            EntryLink::Unknown => None,
            EntryLink::In(links) => {
                let link = links.get(self.click.link, self.click.variant)?;
                Some((link.key, link.target))
            }
            EntryLink::Is(key, target) => Some((key, target)),
        }
    }

    /// Where its record stands.
    #[must_use]
    pub fn place(&self) -> ClickPlace {
        let Self { node, shard, segment, offset, .. } = *self;
        ClickPlace { node, shard, segment, offset }
    }
}
