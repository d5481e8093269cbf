//! The links that are served at one time, to be looked at while they are changed on.

use std::collections::HashSet;
use std::sync::Arc;

use super::entries::{Entry, FORK};
use super::hash::hash_of;
use super::hosts::Hosts;
use super::links::Links;
use super::listed::Listed;
use super::shared::Table;
use crate::links::key::Key;

/// Links as they are at one time. It shares their table, whose index it looks keys up
/// in, and has no index of its own.
#[derive(Debug)]
pub struct Snapshot {
    table: Arc<Table>,
    hosts: Arc<Hosts>,
    patched: Vec<Option<Arc<[u8]>>>,
    gone: Arc<HashSet<u32>>,
    count: usize,
}

impl From<Arc<Table>> for Snapshot {
    /// Links as they are without any change.
    fn from(table: Arc<Table>) -> Snapshot {
        Snapshot {
            hosts: Arc::clone(&table.hosts),
            patched: Vec::new(),
            gone: Arc::default(),
            count: table.len(),
            table,
        }
    }
}

impl Snapshot {
    /// Links without those entries of their table that are `gone`; `count` of them are
    /// left.
    pub(super) fn of(links: &Links, gone: &Arc<HashSet<u32>>, count: usize) -> Snapshot {
        Snapshot {
            table: Arc::clone(&links.table),
            hosts: Arc::clone(&links.hosts),
            patched: links.patched.clone(),
            gone: Arc::clone(gone),
            count,
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Every link there is: first those of the table in their order, then those that
    /// were set.
    pub fn links(&self) -> impl Iterator<Item = Listed<'_>> {
        all(&self.table, &self.hosts, &self.patched, &self.gone)
    }
}

/// The links of a table that are not `gone`, and those of patched entries.
pub(super) fn all<'a>(
    table: &'a Table,
    hosts: &'a Hosts,
    patched: &'a [Option<Arc<[u8]>>],
    gone: &'a HashSet<u32>,
) -> impl Iterator<Item = Listed<'a>> {
    let base = table.entries.iter().filter(|(reference, _)| !gone.contains(reference));
    let all = base.map(|(_, entry)| entry).chain(entries(patched));
    all.filter_map(|entry| Listed::of(entry, hosts))
}

fn entries(patched: &[Option<Arc<[u8]>>]) -> impl Iterator<Item = Entry<'_>> {
    patched.iter().flatten().filter_map(|bytes| Entry::of_bytes(bytes))
}

/// Finds the links of a snapshot by their keys.
#[derive(Debug)]
pub(super) struct ByKey<'a> {
    snapshot: &'a Snapshot,
    /// The links of patched entries by the hash of their key.
    patched: Vec<(u64, Entry<'a>)>,
}

impl<'a> ByKey<'a> {
    pub(super) fn of(snapshot: &'a Snapshot) -> ByKey<'a> {
        let links = entries(&snapshot.patched).filter(|entry| !entry.has(FORK));
        let hashed = links.filter_map(|entry| {
            let link = Listed::of(entry, &snapshot.hosts)?;
            Some((hash_of(entry.host(), &link.key()), entry))
        });
        let mut patched: Vec<_> = hashed.collect();
        patched.sort_unstable_by_key(|(hash, _)| *hash);
        ByKey { snapshot, patched }
    }

    /// The link with this key, whose placeholders have these names, too.
    pub(super) fn get(&self, key: &Key<'_>) -> Option<Listed<'a>> {
        let Snapshot { table, hosts, gone, .. } = self.snapshot;
        let host = hosts.of_key(key)?;
        let hash = hash_of(host, key);
        let of_table = table.reference(hash, host, key);
        let of_table = of_table.filter(|reference| !gone.contains(reference));
        let entry = of_table.and_then(|reference| table.entries.get(reference)).or_else(|| {
            let from = self.patched.partition_point(|(other, _)| *other < hash);
            let same = self.patched[from..].iter().take_while(|(other, _)| *other == hash);
            same.map(|(_, entry)| *entry).find(|entry| entry.has_key(host, key))
        })?;
        Listed::of(entry, hosts).filter(|link| link.key() == *key)
    }
}
