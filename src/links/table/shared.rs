//! All links of one generation, unchangeable and shared by every shard.

use std::sync::Arc;

use super::entries::{Entries, FORK};
use super::hash::hash_of;
use super::hosts::Hosts;
use super::index::Stored;
use super::listed::Listed;
use crate::links::key::{Key, KeyScratch, parse_name};

/// Every link there is at one time. Made by [`load`](crate::links::load()) or a
/// [`TableBuilder`](super::TableBuilder), then only read.
#[derive(Clone, Debug)]
pub struct Table {
    pub(super) generation: u32,
    pub(super) entries: Entries,
    /// What each shard copies for itself.
    pub(super) index: Stored,
    pub(super) hosts: Arc<Hosts>,
    pub(super) counts: Counts,
}

/// How many there are of what, in one table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Links of every kind.
    pub links: usize,
    /// Different hosts that keys name.
    pub hosts: usize,
    /// Links whose key ends with `*`.
    pub prefixes: usize,
    /// Links whose key has placeholders, or a `*` inside a segment.
    pub placeholders: usize,
    /// Different places in which those have them, counted for each beginning of a key:
    /// what lookups among them cost.
    pub placeholder_shapes: usize,
    /// Links whose key matches in any case.
    pub nocase: usize,
    /// Links that answer with and without a slash at the end.
    pub slash: usize,
    /// Links that answer with punctuation behind their key, too.
    pub punctuation: usize,
    /// Links whose key has a query.
    pub with_query: usize,
    /// Different sets of parameter names, counted for each path that has them:
    /// what lookups by query cost.
    pub query_shapes: usize,
    /// Links that answer 410.
    pub gone: usize,
    /// Keys that have rules.
    pub with_rules: usize,
    /// Lines of theirs that have a cap.
    pub caps: usize,
}

/// What a table takes, bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Keys and targets, once for all shards.
    pub entries: usize,
    /// One index. There is one in the table and one more in each shard.
    pub index: usize,
    /// Hosts, about.
    pub other: usize,
}

impl Memory {
    /// With `shards` shards, bytes.
    pub fn total(&self, shards: usize) -> usize {
        self.entries + self.other + self.index * (1 + shards)
    }
}

impl Table {
    /// The number of this table among those that were served; 0 until
    /// [`with_generation`](Self::with_generation). Every click carries it.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// The same table under this number.
    #[must_use]
    pub fn with_generation(self, generation: u32) -> Table {
        Table { generation, ..self }
    }

    /// How many links it has.
    pub fn len(&self) -> usize {
        self.counts.links
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.counts.links == 0
    }

    /// How many there are of what.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// What it takes, bytes.
    pub fn memory(&self) -> Memory {
        Memory {
            entries: self.entries.bytes(),
            index: self.index.bytes(),
            other: self.hosts.bytes(),
        }
    }

    /// What it takes, with so many copies of its index, bytes. What is mapped from a file
    /// does not count: the kernel reads it again when it needs the memory.
    pub fn held_bytes(&self, copies: usize) -> u64 {
        let Memory { entries, index, other } = self.memory();
        let own = match self.index {
            Stored::Made(_) => entries + index,
            Stored::File(_) => 0,
        };
        (own + other + index * copies) as u64
    }

    /// Its links, in the order in which they were added.
    pub fn links(&self) -> impl Iterator<Item = Listed<'_>> {
        self.entries.iter().filter_map(|(_, entry)| Listed::of(entry, &self.hosts))
    }

    /// The link with this key, written as in the native format, with ` nocase` behind
    /// one that matches in any case; `None` if there is none.
    pub fn link(&self, name: &str) -> Option<Listed<'_>> {
        let (mut scratch, mut folded) = (KeyScratch::default(), Vec::new());
        let key = parse_name(name, &mut scratch, &mut folded).ok()?;
        let host = self.hosts.of_key(&key)?;
        let reference = self.reference(hash_of(host, &key), host, &key)?;
        Listed::of(self.entries.get(reference)?, &self.hosts)
    }

    /// The reference of the link with this key, whose host has this number. `hash` is of
    /// all of it.
    pub(super) fn reference(&self, hash: u64, host: u32, key: &Key<'_>) -> Option<u32> {
        let references = self.index.references(hash);
        let mut entries = references.filter_map(|at| Some((at, self.entries.get(at)?)));
        let (reference, entry) = entries.find(|(_, entry)| entry.has_key(host, key))?;
        match entry.has(FORK) {
            true => Some(entry.fork().0).filter(|&plain| plain != 0),
            false => Some(reference),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::links::{Format, OnBadLine, Source, load};

    #[test]
    fn links_are_found_by_their_keys() {
        let text = "/a https://a/\n/A/b https://b/ 301 nocase\nh.example/c/* 410\n\
                    /q?x=1&b=2 https://q/\n/q https://plain/\n/only?x=1 https://only/\n\
                    /p/:year https://p/\n";
        let source = Source::new("f", text.as_bytes(), Format::Native);
        let table = load(&[source], OnBadLine::Refuse).table.unwrap();
        let check = |name: &str, want: Option<&str>| {
            let link = table.link(name).map(|link| link.to_string());
            assert_eq!(link.as_deref(), want, "{name}");
        };
        check("/a", Some("/a https://a/"));
        check("/%61", Some("/a https://a/"));
        check("/a nocase", None);
        check("/A/B nocase", Some("/a/b https://b/ 301 nocase"));
        check("/a/b", None);
        check("H.example/c/*", Some("h.example/c/* 410"));
        check("/c/*", None);
        check("/q?b=2&x=1", Some("/q?b=2&x=1 https://q/"));
        check("/q", Some("/q https://plain/"));
        check("/only", None);
        check("/p/:month", Some("/p/:year https://p/"));
        check("nonsense", None);
    }
}
