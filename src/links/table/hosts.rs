//! The hosts that keys name, by their numbers.

use std::sync::Arc;

use super::hash::hash;
use super::index::Index;
use crate::limits::HOST_BYTES_MAX;
use crate::links::key::{Key, SUBDOMAINS, host};

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
    /// Whether any of them is the [twin](Host::twin) of another.
    twins: bool,
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

/// Says in the place of a depth that there are patterns among a host's prefixes.
/// Every prefix has a slash, so none has depth 0.
pub(super) const PATTERNS: u64 = 1;

/// Begins the name of a twin. No request has it: its host is in lower case.
const TWIN: u8 = b'N';

#[derive(Clone, Debug)]
struct Host {
    /// Of a twin: [`TWIN`] and the name of the other.
    name: Arc<[u8]>,
    /// The number that stands for this host in keys that match in any case, or
    /// [`ANY_HOST`] if it has no such key. So they never meet its other keys.
    twin: u32,
    /// A bit for each depth: bit 2 is set when there is a prefix with two
    /// slashes, such as `/amz/*`, or a pattern with as many before its first
    /// placeholder. [`PATTERNS`] is beside them.
    depths: u64,
}

impl Hosts {
    pub(super) fn new() -> Hosts {
        let any = Host { name: Arc::default(), twin: ANY_HOST, depths: 0 };
        let index = Index::with_room(0);
        Hosts { hosts: vec![any], name_bytes: 0, index, twins: false, wildcards: 0 }
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

    /// The number that stands for a key's host in keys that match in any case,
    /// new if need be.
    pub(super) fn intern_twin(&mut self, name: &[u8]) -> u32 {
        let host = self.intern(name) as usize;
        if self.hosts[host].twin == ANY_HOST {
            self.hosts[host].twin = self.push(&[&[TWIN], name].concat());
            self.twins = true;
        }
        self.hosts[host].twin
    }

    fn push(&mut self, name: &[u8]) -> u32 {
        if let Some(below) = name.strip_prefix(SUBDOMAINS) {
            self.wildcards |= 1 << (memchr::memchr_iter(b'.', below).count() + 1);
        }
        // With what counts those that share it.
        self.name_bytes += name.len() + 2 * size_of::<usize>();
        self.hosts.push(Host { name: name.into(), twin: ANY_HOST, depths: 0 });
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
        self.hosts.iter().filter(|host| host.name.first().is_some_and(|&byte| byte != TWIN)).count()
    }

    /// Whether a request's keys are under its own host and under "any host", and
    /// nowhere else: there are no twins, and no hosts that stand for others.
    #[inline]
    pub(super) fn are_plain(&self) -> bool {
        !self.twins && self.wildcards == 0
    }

    /// Whether any host has keys that match in any case.
    #[inline]
    pub(super) fn have_twins(&self) -> bool {
        self.twins
    }

    /// Where the keys of a request are, the nearest first, if it begins at `host`:
    /// the numbers of hosts, and whether keys there match in any case.
    pub(super) fn scopes(&self, host: u32) -> impl Iterator<Item = (u32, bool)> {
        let next = |&host: &u32| {
            let name = &self.hosts[host as usize].name;
            (host != ANY_HOST).then(|| self.above(name.strip_prefix(SUBDOMAINS).unwrap_or(name)))
        };
        core::iter::successors(Some(host), next).flat_map(|host| {
            let twin = self.twin(host);
            [Some((host, false)), twin.map(|twin| (twin, true))].into_iter().flatten()
        })
    }

    /// The number of a host in keys that match in any case, if it has such keys.
    pub(super) fn twin(&self, host: u32) -> Option<u32> {
        Some(self.hosts[host as usize].twin).filter(|&twin| twin != ANY_HOST)
    }

    /// The name of a host as keys have it, and whether its keys match in any case.
    /// `None` for a number that no host has.
    pub(super) fn name(&self, host: u32) -> Option<(&[u8], bool)> {
        let name = &self.hosts.get(host as usize)?.name;
        Some(name.strip_prefix(&[TWIN]).map_or((name, false), |name| (name, true)))
    }

    /// The number of a key's host, if it has one and the depth of the key is known
    /// to be in use.
    pub(super) fn of_key(&self, key: &Key<'_>) -> Option<u32> {
        let host = match key.host {
            [] => ANY_HOST,
            name => self.named(hash_of(name), b"", name)?,
        };
        let host = if key.nocase { self.twin(host)? } else { host };
        let depths = if key.is_open() { Hosts::depths_of(key) } else { 0 };
        (self.depths(host) & depths == depths).then_some(host)
    }

    /// The same, with host and depth new if need be.
    pub(super) fn take_key(&mut self, key: &Key<'_>) -> u32 {
        let host = if key.nocase { self.intern_twin(key.host) } else { self.intern(key.host) };
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
            let base = name.strip_prefix(&[TWIN]).unwrap_or(name);
            let spelled = base.strip_prefix(SUBDOMAINS).unwrap_or(base);
            let is_good = host::canonical(spelled, &mut room).is_ok() && room == spelled;
            let got = match name {
                [] => ANY_HOST,
                _ if !base.is_empty() && !is_good => return None,
                [TWIN, ..] => {
                    // Behind its host, so that this makes no other.
                    let known = base.is_empty() || hosts.named(hash_of(base), b"", base).is_some();
                    if known { hosts.intern_twin(base) } else { return None }
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
        self.name_bytes + self.hosts.capacity() * size_of::<Host>() + self.index.bytes()
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
        let b_twin = hosts.intern_twin(b"b.example");
        let b = hosts.number(b"b.example").unwrap();
        assert!(hosts.scopes(a).eq([(a, false), (ANY_HOST, false)]));
        let any_twin = hosts.intern_twin(b"");
        assert_eq!((hosts.intern_twin(b"b.example"), hosts.intern_twin(b"")), (b_twin, any_twin));
        assert!(hosts.scopes(a).eq([(a, false), (ANY_HOST, false), (any_twin, true)]));
        let all = [(b, false), (b_twin, true), (ANY_HOST, false), (any_twin, true)];
        assert!(hosts.scopes(b).eq(all));
        assert!(hosts.scopes(ANY_HOST).eq(all[2..].iter().copied()));
        assert_eq!((hosts.count(), hosts.are_plain()), (2, false));
    }
}
