//! The hosts that keys name, by their numbers.

use std::sync::Arc;

use super::hash::hash;
use super::index::Index;
use crate::limits::HOST_BYTES_MAX;
use crate::links::key::{Key, Loose, SUBDOMAINS, host};

/// The number of "any host". Hosts that keys name are numbered from 1.
pub(super) const ANY_HOST: u32 = 0;

/// The hosts that keys name, each with a number, and the depths at which each
/// has prefixes.
#[derive(Clone, Debug)]
pub(super) struct Hosts {
    /// By number. The first is [`ANY_HOST`], which has no name.
    hosts: Vec<Host>,
    /// Of all their names.
    name_bytes: usize,
    /// Hash of a name to number.
    index: Index,
    /// Of hosts that have twins: the numbers of those, each at that of what its keys take
    /// no notice of, [`ANY_HOST`] for none. The first is that of hosts without.
    twins: Vec<[u32; Loose::COUNT]>,
    /// What keys of any twin take no notice of.
    loose: Loose,
    /// A bit for each number of labels behind the `*.` of a host that stands for
    /// others: bit 2 is set when there is one such as `*.example.com`.
    wildcards: u128,
}

// What a host can have: a label and a dot are two bytes.
const _: () = assert!(HOST_BYTES_MAX.div_ceil(2) < u128::BITS as usize);

/// What the index knows a name by. Hosts that stand for others have a place of
/// their own, so that no request's host is taken for one.
fn hash_of(name: &[u8]) -> u64 {
    match name.strip_prefix(SUBDOMAINS) {
        Some(name) => hash(1, name),
        None => hash(0, name),
    }
}

/// What the keys of a twin with this name take no notice of; `None` if it is none.
fn loose_of(name: &[u8]) -> Option<Loose> {
    let number = TWINS.iter().position(|first| name.first() == Some(first))?;
    (number > 0).then(|| Loose::of_number(number))
}

/// Says in the place of a depth that there are patterns among a host's prefixes.
/// Every prefix has a slash, so none has depth 0.
pub(super) const PATTERNS: u64 = 1;

/// What the names of twins begin with, by the numbers of what their keys take no notice
/// of. No request has it: its host is in lower case.
const TWINS: [u8; Loose::COUNT] = *b"-NSTPQRU";

#[derive(Clone, Debug)]
struct Host {
    /// Of a twin: one of [`TWINS`] and the name of the other.
    name: Arc<[u8]>,
    /// The place of its twins in [`Hosts::twins`]: hosts that stand for it in keys that
    /// take no notice of something. So they never meet its other keys.
    twins: u32,
    /// A bit for each depth: bit 2 is set when there is a prefix with two
    /// slashes, such as `/amz/*`, or a pattern with as many before its first
    /// placeholder. [`PATTERNS`] is beside them.
    depths: u64,
}

impl Hosts {
    pub(super) fn new() -> Hosts {
        let any = Host { name: Arc::default(), twins: 0, depths: 0 };
        let index = Index::with_room(0);
        let twins = vec![[ANY_HOST; Loose::COUNT]];
        Hosts { hosts: vec![any], name_bytes: 0, index, twins, loose: Loose::NOTHING, wildcards: 0 }
    }

    /// How many there are, without "any host", and with twins.
    pub(super) fn len(&self) -> usize {
        self.hosts.len() - 1
    }

    /// The number of a request's host, if a key names it. None is [`ANY_HOST`].
    #[inline]
    pub(super) fn number(&self, name: &[u8]) -> Option<u32> {
        self.named(hash(0, name), b"", name)
    }

    /// The host that has this hash, and this name in two parts.
    #[inline]
    fn named(&self, hash: u64, start: &[u8], rest: &[u8]) -> Option<u32> {
        let mut candidates = self.index.candidates(hash);
        candidates.find(|&number| {
            let name = &self.hosts[number as usize].name;
            name.strip_prefix(start).is_some_and(|name| name == rest)
        })
    }

    /// The number of the nearest host that stands for `name` and others, if there
    /// is one, or else [`ANY_HOST`]: of `*.b.example` and `*.example` the first for
    /// `a.b.example`, but the second for `b.example`.
    #[inline]
    pub(super) fn above(&self, name: &[u8]) -> u32 {
        if self.wildcards == 0 { ANY_HOST } else { self.wildcard_above(name) }
    }

    fn wildcard_above(&self, name: &[u8]) -> u32 {
        let dots = memchr::memchr_iter(b'.', name);
        let labels = (1..=dots.clone().count() as u32).rev();
        let mut suffixes = dots.map(|at| &name[at + 1..]).zip(labels);
        let found = suffixes.find_map(|(suffix, labels)| {
            let has = 1_u128.checked_shl(labels).is_some_and(|bit| self.wildcards & bit != 0);
            if has { self.named(hash(1, suffix), SUBDOMAINS, suffix) } else { None }
        });
        found.unwrap_or(ANY_HOST)
    }

    /// The number of a key's host, new if need be; [`ANY_HOST`] for no host.
    pub(super) fn intern(&mut self, name: &[u8]) -> u32 {
        if name.is_empty() {
            return ANY_HOST;
        }
        if let Some(number) = self.named(hash_of(name), b"", name) {
            return number;
        }
        self.push(name)
    }

    /// The number that stands for a key's host in keys that take no notice of `loose`,
    /// new if need be.
    pub(super) fn intern_twin(&mut self, name: &[u8], loose: Loose) -> u32 {
        let host = self.intern(name) as usize;
        if loose == Loose::NOTHING {
            return host as u32;
        }
        if self.hosts[host].twins == 0 {
            self.hosts[host].twins = self.twins.len() as u32;
            self.twins.push([ANY_HOST; Loose::COUNT]);
        }
        let (twins, number) = (self.hosts[host].twins as usize, loose.number());
        if self.twins[twins][number] == ANY_HOST {
            self.twins[twins][number] = self.push(&[&[TWINS[number]], name].concat());
            self.loose.nocase |= loose.nocase;
            self.loose.slash |= loose.slash;
            self.loose.punctuation |= loose.punctuation;
        }
        self.twins[twins][number]
    }

    fn push(&mut self, name: &[u8]) -> u32 {
        if let Some(below) = name.strip_prefix(SUBDOMAINS) {
            self.wildcards |= 1 << (memchr::memchr_iter(b'.', below).count() + 1);
        }
        // With what counts those that share it.
        self.name_bytes += name.len() + 2 * size_of::<usize>();
        self.hosts.push(Host { name: name.into(), twins: 0, depths: 0 });
        if self.len() > self.index.room() {
            self.index = Index::with_room(self.len() * 2);
            for (number, host) in self.hosts.iter().enumerate().skip(1) {
                self.index.insert(hash_of(&host.name), number as u32);
            }
        } else {
            self.index.insert(hash_of(name), self.len() as u32);
        }
        self.len() as u32
    }

    /// How many hosts keys name: "any host" and twins are none.
    pub(super) fn count(&self) -> usize {
        let is_named = |host: &&Host| !host.name.is_empty() && loose_of(&host.name).is_none();
        self.hosts.iter().filter(is_named).count()
    }

    /// Whether a request's keys are under its own host and under "any host", and
    /// nowhere else: there are no twins, and no hosts that stand for others.
    #[inline]
    pub(super) fn are_plain(&self) -> bool {
        !self.have_twins() && self.wildcards == 0
    }

    /// Whether any host has keys that take no notice of something.
    #[inline]
    pub(super) fn have_twins(&self) -> bool {
        self.twins.len() > 1
    }

    /// What keys of any host take no notice of.
    #[inline]
    pub(super) fn loose(&self) -> Loose {
        self.loose
    }

    /// Where the keys of a request are, the nearest first, if it begins at `host`:
    /// the numbers of hosts, and what keys there take no notice of.
    pub(super) fn scopes(&self, host: u32) -> impl Iterator<Item = (u32, Loose)> {
        let next = |&host: &u32| {
            let name = &self.hosts[host as usize].name;
            (host != ANY_HOST).then(|| self.above(name.strip_prefix(SUBDOMAINS).unwrap_or(name)))
        };
        core::iter::successors(Some(host), next).flat_map(|host| {
            let twins = self.twins[self.hosts[host as usize].twins as usize];
            let has = move |(_, twin): &(usize, u32)| *twin != ANY_HOST;
            let twins = twins.into_iter().enumerate().filter(has);
            let twins = twins.map(|(number, twin)| (twin, Loose::of_number(number)));
            core::iter::once((host, Loose::NOTHING)).chain(twins)
        })
    }

    /// The number of a host in keys that take no notice of `loose`, if it has such keys.
    pub(super) fn twin(&self, host: u32, loose: Loose) -> Option<u32> {
        let twins = &self.twins[self.hosts[host as usize].twins as usize];
        Some(twins[loose.number()]).filter(|&twin| twin != ANY_HOST)
    }

    /// The name of a host as keys have it, and what its keys take no notice of.
    /// `None` for a number that no host has.
    pub(super) fn name(&self, host: u32) -> Option<(&[u8], Loose)> {
        let name = &self.hosts.get(host as usize)?.name;
        Some(loose_of(name).map_or((name, Loose::NOTHING), |loose| (&name[1..], loose)))
    }

    /// The number of a key's host, if it has one and the depth of the key is known
    /// to be in use.
    pub(super) fn of_key(&self, key: &Key<'_>) -> Option<u32> {
        let host = match key.host {
            [] => ANY_HOST,
            name => self.named(hash_of(name), b"", name)?,
        };
        let host = if key.loose == Loose::NOTHING { host } else { self.twin(host, key.loose)? };
        let depths = if key.is_open() { Hosts::depths_of(key) } else { 0 };
        (self.depths(host) & depths == depths).then_some(host)
    }

    /// The same, with host and depth new if need be.
    pub(super) fn take_key(&mut self, key: &Key<'_>) -> u32 {
        let host = self.intern_twin(key.host, key.loose);
        if key.is_open() {
            self.hosts[host as usize].depths |= Hosts::depths_of(key);
        }
        host
    }

    fn depths_of(key: &Key<'_>) -> u64 {
        1 << memchr::memchr_iter(b'/', key.literal()).count()
            | if key.pattern { PATTERNS } else { 0 }
    }

    /// The depths at which a host has prefixes or patterns, a bit each, and
    /// [`PATTERNS`].
    #[inline]
    pub(super) fn depths(&self, host: u32) -> u64 {
        self.hosts[host as usize].depths
    }

    /// Writes them into `out`, as a compiled table has them.
    pub(super) fn store(&self, out: &mut Vec<u8>) {
        for host in &self.hosts {
            out.extend_from_slice(&host.depths.to_le_bytes());
            out.extend_from_slice(&(host.name.len() as u16).to_le_bytes());
            out.extend_from_slice(&host.name);
        }
    }

    /// What [`store`](Self::store) wrote; `None` for anything else.
    pub(super) fn stored(mut bytes: &[u8]) -> Option<Hosts> {
        let mut hosts = Hosts::new();
        let mut room = Vec::new();
        let mut number = ANY_HOST;
        while !bytes.is_empty() {
            let (depths, rest) = bytes.split_first_chunk::<8>()?;
            let (size, rest) = rest.split_first_chunk::<2>()?;
            let (name, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*size)))?;
            bytes = rest;
            let loose = loose_of(name).unwrap_or(Loose::NOTHING);
            let base = if loose == Loose::NOTHING { name } else { &name[1..] };
            let spelled = base.strip_prefix(SUBDOMAINS).unwrap_or(base);
            let is_good = host::canonical(spelled, &mut room).is_ok() && room == spelled;
            let got = match name {
                [] => ANY_HOST,
                _ if !base.is_empty() && !is_good => return None,
                _ if loose != Loose::NOTHING => {
                    // Behind its host, so that this makes no other.
                    let known = base.is_empty() || hosts.named(hash_of(base), b"", base).is_some();
                    if known { hosts.intern_twin(base, loose) } else { return None }
                }
                name => hosts.intern(name),
            };
            // A name that was there has another number.
            if got != number {
                return None;
            }
            hosts.hosts[got as usize].depths = u64::from_le_bytes(*depths);
            number += 1;
        }
        (number > ANY_HOST).then_some(hosts)
    }

    /// What they take, bytes, about.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.twins[..])
            + self.name_bytes
            + self.hosts.capacity() * size_of::<Host>()
            + self.index.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::links::key::KeyScratch;

    #[test]
    fn hosts_keep_their_numbers() {
        let mut scratch = KeyScratch::default();
        let mut hosts = Hosts::new();
        assert_eq!(hosts.intern(b""), ANY_HOST);
        for number in 1..=1_000 {
            assert_eq!(hosts.intern(format!("h{number}.example").as_bytes()), number);
        }
        let key = Key::parse(b"h7.example/a/*", &mut scratch).unwrap();
        assert_eq!((hosts.of_key(&key), hosts.take_key(&key)), (None, 7));
        assert_eq!(hosts.of_key(&key), Some(7));
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

    #[test]
    fn hosts_that_stand_for_others() {
        let mut hosts = Hosts::new();
        let own = hosts.intern(b"a.b.example");
        assert_eq!(hosts.above(b"a.b.example"), ANY_HOST);
        let [example, b, deep] =
            [&b"*.example"[..], b"*.b.example", b"*.x.y.b.example"].map(|name| hosts.intern(name));
        assert_eq!([hosts.intern(b"*.example"), hosts.intern(b"*.b.example")], [example, b]);
        let check = |name: &str, want| assert_eq!(hosts.above(name.as_bytes()), want, "{name}");
        check("a.b.example", b);
        check("x.a.b.example", b);
        check("z.x.y.b.example", deep);
        check("x.y.b.example", b);
        check("b.example", example);
        check("ab.example", example);
        check("example", ANY_HOST);
        check("a.b.other", ANY_HOST);
        check("", ANY_HOST);
        check(&"a.".repeat(126), ANY_HOST);
        check(&".".repeat(253), ANY_HOST);
        assert!(hosts.scopes(own).map(|(host, _)| host).eq([own, b, example, ANY_HOST]));
        assert!(hosts.scopes(deep).map(|(host, _)| host).eq([deep, b, example, ANY_HOST]));
        // A request cannot name one.
        assert_eq!(hosts.number(b"*.example"), None);
        assert_eq!((hosts.count(), hosts.are_plain()), (4, false));
    }

    #[test]
    fn twins_are_found_through_their_hosts() {
        let mut hosts = Hosts::new();
        let a = hosts.intern(b"a.example");
        assert!(hosts.are_plain());
        let nocase = Loose { nocase: true, ..Loose::NOTHING };
        let plain = Loose::NOTHING;
        let b_twin = hosts.intern_twin(b"b.example", nocase);
        let b = hosts.number(b"b.example").unwrap();
        assert!(hosts.scopes(a).eq([(a, plain), (ANY_HOST, plain)]));
        let any_twin = hosts.intern_twin(b"", nocase);
        let again = [&b"b.example"[..], b""].map(|name| hosts.intern_twin(name, nocase));
        assert_eq!(again, [b_twin, any_twin]);
        assert!(hosts.scopes(a).eq([(a, plain), (ANY_HOST, plain), (any_twin, nocase)]));
        let all = [(b, plain), (b_twin, nocase), (ANY_HOST, plain), (any_twin, nocase)];
        assert!(hosts.scopes(b).eq(all));
        assert!(hosts.scopes(ANY_HOST).eq(all[2..].iter().copied()));
        let both = Loose { slash: true, ..nocase };
        let b_both = hosts.intern_twin(b"b.example", both);
        assert!(hosts.scopes(b).take(3).eq([(b, plain), (b_twin, nocase), (b_both, both)]));
        assert_eq!(hosts.name(b_both), Some((&b"b.example"[..], both)));
        assert_eq!((hosts.count(), hosts.are_plain()), (2, false));
    }
}
