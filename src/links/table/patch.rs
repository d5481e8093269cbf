//! What a shard is told when single links change.

use std::sync::Arc;

use super::hosts::Hosts;

/// A change of one link, for every shard; see [`Links::apply`](super::Links::apply).
#[derive(Debug, Default)]
pub struct Patch {
    pub(super) generation: u32,
    pub(super) slots: Vec<(usize, u64)>,
    pub(super) entries: Vec<(usize, Option<Arc<[u8]>>)>,
    pub(super) hosts: Option<Arc<Hosts>>,
    /// What it replaces, so that it goes with the patch, where time does not matter,
    /// and not in a shard.
    pub(super) old_entries: Vec<Arc<[u8]>>,
    pub(super) old_hosts: Option<Arc<Hosts>>,
}

impl Patch {
    /// The number under which the links are served from it on.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// One patch that makes the changes of all of these, in their order, so that no
    /// batch sees a part of them. The links are served as `generation` from it on.
    #[must_use]
    pub fn all(patches: Vec<Patch>, generation: u32) -> Patch {
        let mut all = Patch { generation, ..Patch::default() };
        for patch in patches {
            all.slots.extend(patch.slots);
            all.entries.extend(patch.entries);
            all.old_entries.extend(patch.old_entries);
            all.hosts = patch.hosts.or(all.hosts);
            // Of several the first are what shards have.
            all.old_hosts = all.old_hosts.or(patch.old_hosts);
        }
        all
    }
}
