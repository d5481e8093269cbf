//! A click that was read, and where it comes from.

use std::path::Path;

use crate::clicks::format::click::Click;
use crate::clicks::format::id::{ClickId, ClickPlace};

/// One click and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}

impl LedgerEntry<'_> {
    /// Where its record stands.
    #[must_use]
    pub fn place(&self) -> ClickPlace {
        let Self { node, shard, segment, offset, .. } = *self;
        ClickPlace { node, shard, segment, offset }
    }
}
