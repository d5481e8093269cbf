//! Finding the link of a request: what a shard asks of its links.
//!
//! A batch is looked up in phases, so that the cache misses of its requests
//! overlap: [`Links::ask`] for each, [`Links::prefetch_slot`] for each,
//! [`Links::prefetch_entry`] for each, then [`Links::find`] for each.

use self::spellings::Spellings;
use super::entries::{Entry, FORK, PREFIX};
use super::hash::{hash, seed, with_query};
use super::hit::Hit;
use super::hosts::{ANY_HOST, PATTERNS};
use super::links::Links;
use crate::limits::{
    HOST_BYTES_MAX, KEY_PARAMETERS_MAX, PREFIX_DEPTH_MAX, QUERY_COMBINATIONS_MAX,
    REQUEST_PARAMETERS_MAX,
};
use crate::links::key::host;
use crate::links::key::query::{Parameters, names};

/// A lookup that is worked out as far as it can be without touching the table's
/// memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// Hash of the path on any host.
    any: u64,
    /// Hash of the path on the request's own host, if keys name that host, or on
    /// the nearest that stands for it and others.
    own: u64,
    /// Number of that host.
    host: u32,
}

/// Memory for matching queries, reused from request to request.
#[derive(Debug, Default)]
pub struct LookupScratch {
    parameters: Parameters,
    query: Vec<u8>,
    folded: Vec<u8>,
    spellings: Spellings,
}

/// Which links are passed over, as if there were none with their keys.
trait Past: Copy {
    fn has(self, entry: &Entry<'_>) -> bool;
}

/// None are.
#[derive(Clone, Copy)]
struct Nothing;

impl Past for Nothing {
    #[inline(always)]
    fn has(self, _: &Entry<'_>) -> bool {
        false
    }
}

/// Those at these addresses.
impl Past for &[usize] {
    fn has(self, entry: &Entry<'_>) -> bool {
        self.contains(&entry.address())
    }
}

/// The query of a request, and what reading it has come to.
struct Query<'r, P> {
    sent: Option<&'r [u8]>,
    parameters: &'r mut Parameters,
    read: bool,
    /// Room for one of a key.
    text: &'r mut Vec<u8>,
    /// Combinations of repeated parameters that may still be tried.
    combinations: usize,
    past: P,
}

impl<'r, P: Past> Query<'r, P> {
    fn new(
        sent: Option<&'r [u8]>,
        parameters: &'r mut Parameters,
        text: &'r mut Vec<u8>,
        past: P,
    ) -> Self {
        let sent = sent.filter(|query| !query.is_empty());
        Self { sent, parameters, read: false, text, combinations: QUERY_COMBINATIONS_MAX, past }
    }
}

impl Links {
    /// Prepares a lookup. `host` is the authority as it was sent (any case,
    /// with or without port, possibly empty); `path` is
    /// [normalised](crate::links::normalise()).
    #[inline]
    pub fn ask(&self, host: &[u8], path: &[u8]) -> Lookup {
        let host = self.host_number(host);
        let any = hash(seed(ANY_HOST, false), path);
        let own = match host {
            ANY_HOST => any,
            host => hash(seed(host, false), path),
        };
        if self.hosts.have_twins() {
            self.prefetch_twins(path);
        }
        Lookup { any, own, host }
    }

    #[cold]
    fn prefetch_twins(&self, path: &[u8]) {
        // Right for the paths that are spelled as keys are, which are nearly all.
        for (twin, _) in self.hosts.scopes(ANY_HOST).skip(1) {
            self.index.prefetch(hash(seed(twin, false), path));
        }
    }

    #[inline]
    fn host_number(&self, host: &[u8]) -> u32 {
        let hosts = &self.hosts;
        if hosts.len() == 0 {
            return ANY_HOST;
        }
        let mut buffer = [0; HOST_BYTES_MAX];
        let name = host::of_request(host, &mut buffer);
        match name {
            Some(name) => hosts.number(name).unwrap_or_else(|| hosts.above(name)),
            None => ANY_HOST,
        }
    }

    /// Begins to load what [`prefetch_entry`](Self::prefetch_entry) will read.
    #[inline]
    pub fn prefetch_slot(&self, ask: &Lookup) {
        if ask.host != ANY_HOST {
            self.index.prefetch(ask.own);
        }
        self.index.prefetch(ask.any);
    }

    /// Begins to load the entry that [`find`](Self::find) will look at first.
    #[inline]
    pub fn prefetch_entry(&self, ask: &Lookup) {
        // The entry on any host is only looked at if there is no own one.
        let own = self.index.candidates(ask.own).next();
        let first = own.or_else(|| match ask.host {
            ANY_HOST => None,
            _ => self.index.candidates(ask.any).next(),
        });
        if let Some(reference) = first {
            self.table.entries.prefetch(reference);
        }
    }

    /// The link that answers, if there is one: the request's own host and exact
    /// path, then any host and exact path (each time first the links whose
    /// query the request has, those with most parameters first), then the
    /// longest prefix, at equal length that of its own host; keys with placeholders
    /// count by what stands before them, and go before a `/*` there. Hosts that stand for
    /// others (`*.example.com`) come between, those with most labels first, and
    /// links that match in any case right behind the others of their host.
    ///
    /// `ask` was made from the same `path`; `query` is what follows the `?`.
    ///
    /// Inlined as far as the usual link goes, so that its hit stays in registers: what is
    /// stored and read back at once, in other pieces, waits for all stores before it,
    /// those into the click log included.
    #[inline(always)]
    pub fn find<'a>(
        &'a self,
        ask: &Lookup,
        path: &[u8],
        query: Option<&[u8]>,
        scratch: &mut LookupScratch,
    ) -> Option<Hit<'a>> {
        if !self.hosts.are_plain() {
            let (entry, splat_start) = self.find_in_scopes(ask, path, query, scratch, Nothing)?;
            return Some(Hit::of(entry, splat_start));
        }
        let mut found = self.entry(ask.own, ask.host, 0, path, &[]);
        if found.is_none() && ask.host != ANY_HOST {
            found = self.entry(ask.any, ANY_HOST, 0, path, &[]);
        }
        match found {
            Some(entry) if !entry.has(FORK) => Some(Hit::of(entry, path.len())),
            Some(_) => {
                let (entry, splat_start) =
                    self.find_by_query(ask, path, query, scratch, Nothing)?;
                Some(Hit::of(entry, splat_start))
            }
            None => {
                let (entry, splat_start) = self.find_open(ask.host, path, query, scratch)?;
                Some(Hit::of(entry, splat_start))
            }
        }
    }

    /// The same as if there were no links in these [places](Hit::place).
    #[inline(never)]
    pub fn find_past<'a>(
        &'a self,
        ask: &Lookup,
        path: &[u8],
        query: Option<&[u8]>,
        scratch: &mut LookupScratch,
        past: &[usize],
    ) -> Option<Hit<'a>> {
        let (entry, splat_start) = match self.hosts.are_plain() {
            true => self.find_by_query(ask, path, query, scratch, past)?,
            false => self.find_in_scopes(ask, path, query, scratch, past)?,
        };
        Some(Hit::of(entry, splat_start))
    }

    /// The same where some links differ from the path only in their query.
    #[inline(never)]
    fn find_by_query(
        &self,
        ask: &Lookup,
        path: &[u8],
        query: Option<&[u8]>,
        scratch: &mut LookupScratch,
        past: impl Past,
    ) -> Option<(Entry<'_>, usize)> {
        let mut query = Query::new(query, &mut scratch.parameters, &mut scratch.query, past);
        let mut found = None;
        if ask.host != ANY_HOST {
            found = self.exact(ask.host, ask.own, path, &mut query);
        }
        if found.is_none() {
            found = self.exact(ANY_HOST, ask.any, path, &mut query);
        }
        match found {
            Some(entry) => Some((entry, path.len())),
            None => self.prefix(ask.host, path, &mut query),
        }
    }

    /// The same where there is no link for the path alone.
    #[inline(never)]
    fn find_open(
        &self,
        host: u32,
        path: &[u8],
        query: Option<&[u8]>,
        scratch: &mut LookupScratch,
    ) -> Option<(Entry<'_>, usize)> {
        let mut query = Query::new(query, &mut scratch.parameters, &mut scratch.query, Nothing);
        self.prefix(host, path, &mut query)
    }

    /// The entry with this key. `hash` is of all of it.
    #[inline(always)]
    fn entry(
        &self,
        hash: u64,
        host: u32,
        kind: u8,
        path: &[u8],
        query: &[u8],
    ) -> Option<Entry<'_>> {
        let mut candidates = self.index.candidates(hash).map(|reference| self.get(reference));
        candidates.find(|entry| entry.is(host, kind, path, query))
    }

    fn exact(
        &self,
        host: u32,
        hash: u64,
        path: &[u8],
        query: &mut Query<'_, impl Past>,
    ) -> Option<Entry<'_>> {
        self.of_kind(host, hash, 0, path, query)
    }

    /// The link of a path or, with [`PREFIX`], of a prefix: the first of those with a
    /// query that the request's has, then the one without.
    #[inline]
    fn of_kind(
        &self,
        host: u32,
        hash: u64,
        kind: u8,
        path: &[u8],
        query: &mut Query<'_, impl Past>,
    ) -> Option<Entry<'_>> {
        let entry = self.entry(hash, host, kind, path, &[])?;
        let past = query.past;
        if !entry.has(FORK) {
            return Some(entry).filter(|entry| !past.has(entry));
        }
        let (plain, shapes) = entry.fork();
        let by_hash = (hash, kind);
        if let Some(entry) = self.by_query(host, by_hash, path, shapes, query) {
            return Some(entry);
        }
        (plain != 0).then(|| self.get(plain)).filter(|entry| !past.has(entry))
    }

    /// Of the links that differ from a path only in their query, the first that
    /// the request's query satisfies.
    fn by_query<'t>(
        &self,
        host: u32,
        (hash, kind): (u64, u8),
        path: &[u8],
        shapes: impl Iterator<Item = &'t [u8]>,
        query: &mut Query<'_, impl Past>,
    ) -> Option<Entry<'_>> {
        let Query { sent, parameters, read, text, combinations, past } = query;
        let sent = (*sent)?;
        if !core::mem::replace(read, true) {
            parameters.read(sent, REQUEST_PARAMETERS_MAX);
        }
        for shape in shapes {
            // For each name of the shape, the parameters that have it.
            let mut runs = [(0, 0); KEY_PARAMETERS_MAX];
            let mut any_value = [false; KEY_PARAMETERS_MAX];
            let mut count = 0;
            let mut from = 0;
            for (name, any) in names(shape).take(KEY_PARAMETERS_MAX) {
                let run = parameters.run(name, from);
                if run.is_empty() {
                    break;
                }
                from = run.end;
                // With any value, one of them is as good as all.
                runs[count] = (run.start, if any { 1 } else { run.len() });
                any_value[count] = any;
                count += 1;
            }
            if count < names(shape).count() {
                continue;
            }
            // Usually a name occurs once and there is one combination. It is
            // always tried; further ones as long as the request's share lasts.
            let mut picks = [0; KEY_PARAMETERS_MAX];
            loop {
                text.clear();
                for at in 0..count {
                    match any_value[at] {
                        false => parameters.append(runs[at].0 + picks[at], text),
                        true => parameters.append_any(runs[at].0, text),
                    }
                }
                let hash = with_query(hash, text);
                let found = self.entry(hash, host, kind, path, text);
                if let Some(entry) = found.filter(|entry| !past.has(entry)) {
                    return Some(entry);
                }
                if *combinations == 0 || !step(&mut picks[..count], &runs) {
                    break;
                }
                *combinations -= 1;
            }
        }
        None
    }

    /// The longest prefix of `path` or the best pattern behind it, and where in
    /// `path` its rest begins. Only as many slashes as some prefix of these hosts has
    /// are tried.
    fn prefix(
        &self,
        host: u32,
        path: &[u8],
        query: &mut Query<'_, impl Past>,
    ) -> Option<(Entry<'_>, usize)> {
        let hosts = &self.hosts;
        let any = hosts.depths(ANY_HOST);
        let own = match host {
            ANY_HOST => 0,
            host => hosts.depths(host),
        };
        let mut ends = [0; PREFIX_DEPTH_MAX + 1];
        let mut depths = slashes(path, any | own, &mut ends);
        while depths != 0 {
            let depth = depths.ilog2();
            depths ^= 1 << depth;
            let end = ends[depth as usize];
            for (host, has) in [(host, own), (ANY_HOST, any)] {
                if has & 1 << depth == 0 {
                    continue;
                }
                if let Some(found) = self.prefix_at(host, path, end, has & PATTERNS != 0, query) {
                    return Some(found);
                }
            }
        }
        None
    }

    /// The prefix that ends at `end` of `path`, or before it the best of the
    /// patterns whose literal beginning does, and where in `path` its rest begins.
    #[inline]
    fn prefix_at(
        &self,
        host: u32,
        path: &[u8],
        end: usize,
        patterns: bool,
        query: &mut Query<'_, impl Past>,
    ) -> Option<(Entry<'_>, usize)> {
        let literal = &path[..end];
        let hash = hash(seed(host, true), literal);
        if patterns && let Some(found) = self.pattern(hash, host, path, end, query.text, query.past)
        {
            return Some(found);
        }
        self.of_kind(host, hash, PREFIX, literal, query).map(|entry| (entry, end))
    }
}

/// Those of `depths` that `path` has; `ends[n]` becomes where its first `n`
/// slashes end.
#[inline]
fn slashes(path: &[u8], depths: u64, ends: &mut [usize; PREFIX_DEPTH_MAX + 1]) -> u64 {
    let deepest = u64::BITS - depths.leading_zeros();
    let mut found = 0;
    for (depth, at) in (1..deepest as usize).zip(memchr::memchr_iter(b'/', path)) {
        ends[depth] = at + 1;
        found |= 1 << depth;
    }
    found & depths
}

/// Goes on to the next combination, the last name fastest; `false` after the
/// last one.
fn step(picks: &mut [usize], runs: &[(usize, usize)]) -> bool {
    for (pick, (_, length)) in picks.iter_mut().zip(runs).rev() {
        *pick += 1;
        if *pick < *length {
            return true;
        }
        *pick = 0;
    }
    false
}

mod patterns;
mod scopes;
mod spellings;
#[cfg(test)]
mod tests;
