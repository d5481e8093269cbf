//! All links of one generation, unchangeable and shared by every shard.

use super::entries::Entries;
use super::hash::hash;
use super::index::Index;

/// The number of "any host". Hosts that keys name are numbered from 1.
pub(super) const ANY_HOST: u32 = 0;

/// Every link there is at one time. Made by [`load`](super::load()) or a
/// [`TableBuilder`](super::TableBuilder), then only read.
#[derive(Debug)]
pub struct Table {
    pub(super) generation: u32,
    pub(super) entries: Entries,
    /// What each shard copies for itself.
    pub(super) index: Index,
    pub(super) hosts: Hosts,
    /// Lists of shapes, each as the keys of some path need it: the shapes with
    /// most parameters first. Many paths share a list.
    pub(super) shape_lists: Vec<Box<[Box<[u8]>]>>,
    pub(super) counts: Counts,
}

/// How many there are of what, in one table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Links of every kind.
    pub links: usize,
    /// Different hosts that keys name.
    pub hosts: usize,
    /// Links whose key ends with `/*`.
    pub prefixes: usize,
    /// Links whose key has a query.
    pub with_query: usize,
    /// Different sets of parameter names, counted for each path that has them:
    /// what lookups by query cost.
    pub query_shapes: usize,
    /// Links that answer 410.
    pub gone: usize,
}

/// What a table takes, bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Keys and targets, once for all shards.
    pub entries: usize,
    /// One index. There is one in the table and one more in each shard.
    pub index: usize,
    /// Hosts and shapes, about.
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
        let shapes = self.shape_lists.iter().flatten();
        Memory {
            entries: self.entries.bytes(),
            index: self.index.bytes(),
            other: self.hosts.bytes()
                + shapes.map(|shape| shape.len() + size_of::<Box<[u8]>>()).sum::<usize>()
                + self.shape_lists.len() * size_of::<Box<[Box<[u8]>]>>(),
        }
    }
}

/// The hosts that keys name, each with a number, and the depths at which each
/// has prefixes.
#[derive(Debug)]
pub(super) struct Hosts {
    /// By number. The first is [`ANY_HOST`], which has no name.
    hosts: Vec<Host>,
    /// Hash of a name to number.
    index: Index,
}

#[derive(Debug)]
struct Host {
    name: Box<[u8]>,
    /// A bit for each depth: bit 2 is set when there is a prefix with two
    /// slashes, such as `/amz/*`.
    depths: u64,
}

impl Hosts {
    pub(super) fn new() -> Hosts {
        let any = Host { name: Box::default(), depths: 0 };
        Hosts { hosts: vec![any], index: Index::with_room(0) }
    }

    /// How many there are, without "any host".
    pub(super) fn len(&self) -> usize {
        self.hosts.len() - 1
    }

    /// The number of a canonical host, if a key names it. None is [`ANY_HOST`].
    #[inline]
    pub(super) fn number(&self, name: &[u8]) -> Option<u32> {
        let mut candidates = self.index.candidates(hash(0, name));
        candidates.find(|&number| *self.hosts[number as usize].name == *name)
    }

    /// The number of a key's host, new if need be; [`ANY_HOST`] for no host.
    pub(super) fn intern(&mut self, name: &[u8]) -> u32 {
        if name.is_empty() {
            return ANY_HOST;
        }
        if let Some(number) = self.number(name) {
            return number;
        }
        self.hosts.push(Host { name: name.into(), depths: 0 });
        if self.len() > self.index.room() {
            self.index = Index::with_room(self.len() * 2);
            for (number, host) in self.hosts.iter().enumerate().skip(1) {
                self.index.insert(hash(0, &host.name), number as u32);
            }
        } else {
            self.index.insert(hash(0, name), self.len() as u32);
        }
        self.len() as u32
    }

    /// The depths at which a host has prefixes, a bit each.
    #[inline]
    pub(super) fn depths(&self, host: u32) -> u64 {
        self.hosts[host as usize].depths
    }

    pub(super) fn add_depth(&mut self, host: u32, depth: usize) {
        self.hosts[host as usize].depths |= 1 << depth;
    }

    fn bytes(&self) -> usize {
        let names = self.hosts.iter().map(|host| host.name.len()).sum::<usize>();
        names + self.hosts.capacity() * size_of::<Host>() + self.index.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_keep_their_numbers() {
        let mut hosts = Hosts::new();
        assert_eq!(hosts.intern(b""), ANY_HOST);
        for number in 1..=1_000 {
            assert_eq!(hosts.intern(format!("h{number}.example").as_bytes()), number);
        }
        hosts.add_depth(7, 2);
        for number in 1..=1_000 {
            let name = format!("h{number}.example");
            assert_eq!(hosts.intern(name.as_bytes()), number);
            assert_eq!(hosts.number(name.as_bytes()), Some(number));
            assert_eq!(hosts.depths(number), if number == 7 { 4 } else { 0 });
        }
        assert_eq!(hosts.number(b"h0.example"), None);
        assert_eq!(hosts.number(b""), None);
        assert_eq!((hosts.len(), hosts.depths(ANY_HOST)), (1_000, 0));
    }
}
