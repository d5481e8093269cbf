//! Finding the link of a request: what a shard asks of its links.
//!
//! A batch is looked up in phases, so that the cache misses of its requests
//! overlap: [`Links::ask`] for each, [`Links::prefetch_slot`] for each,
//! [`Links::prefetch_entry`] for each, then [`Links::find`] for each.

use super::entries::{Entry, FORK, PATTERN, PREFIX};
use super::hash::{hash, seed, with_query};
use super::hit::Hit;
use super::hosts::{ANY_HOST, PATTERNS};
use super::links::Links;
use crate::limits::{
    HOST_BYTES_MAX, KEY_PARAMETERS_MAX, PREFIX_DEPTH_MAX, QUERY_COMBINATIONS_MAX,
    REQUEST_PARAMETERS_MAX,
};
use crate::links::key::path::fold;
use crate::links::key::query::{Parameters, names};
use crate::links::key::{host, pattern};

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
}

/// The query of a request, and what reading it has come to.
struct Query<'r> {
    sent: Option<&'r [u8]>,
    parameters: &'r mut Parameters,
    read: bool,
    /// Room for one of a key.
    text: &'r mut Vec<u8>,
    /// Combinations of repeated parameters that may still be tried.
    combinations: usize,
}

impl<'r> Query<'r> {
    fn new(sent: Option<&'r [u8]>, parameters: &'r mut Parameters, text: &'r mut Vec<u8>) -> Self {
        let sent = sent.filter(|query| !query.is_empty());
        Self { sent, parameters, read: false, text, combinations: QUERY_COMBINATIONS_MAX }
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
        if self.hosts.have_twins()
            && let Some(twin) = self.hosts.twin(ANY_HOST)
        {
            // Right for the paths that have no capital, which are nearly all.
            self.index.prefetch(hash(seed(twin, false), path));
        }
        Lookup { any, own, host }
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
            let (entry, splat_start) = self.find_in_scopes(ask, path, query, scratch)?;
            return Some(Hit::of(entry, splat_start));
        }
        let mut found = self.entry(ask.own, ask.host, 0, path, &[]);
        if found.is_none() && ask.host != ANY_HOST {
            found = self.entry(ask.any, ANY_HOST, 0, path, &[]);
        }
        match found {
            Some(entry) if !entry.has(FORK) => Some(Hit::of(entry, path.len())),
            Some(_) => {
                let (entry, splat_start) = self.find_by_query(ask, path, query, scratch)?;
                Some(Hit::of(entry, splat_start))
            }
            None => self.prefix(ask.host, path).map(|(entry, at)| Hit::of(entry, at)),
        }
    }

    /// The same where some links differ from the path only in their query.
    #[inline(never)]
    fn find_by_query(
        &self,
        ask: &Lookup,
        path: &[u8],
        query: Option<&[u8]>,
        scratch: &mut LookupScratch,
    ) -> Option<(Entry<'_>, usize)> {
        let mut query = Query::new(query, &mut scratch.parameters, &mut scratch.query);
        let mut found = None;
        if ask.host != ANY_HOST {
            found = self.exact(ask.host, ask.own, path, &mut query);
        }
        if found.is_none() {
            found = self.exact(ANY_HOST, ask.any, path, &mut query);
        }
        found.map(|entry| (entry, path.len())).or_else(|| self.prefix(ask.host, path))
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

    fn exact(&self, host: u32, hash: u64, path: &[u8], query: &mut Query<'_>) -> Option<Entry<'_>> {
        let entry = self.entry(hash, host, 0, path, &[])?;
        if !entry.has(FORK) {
            return Some(entry);
        }
        let (plain, shapes) = entry.fork();
        if let Some(entry) = self.by_query(host, hash, path, shapes, query) {
            return Some(entry);
        }
        (plain != 0).then(|| self.get(plain))
    }

    /// Of the links that differ from a path only in their query, the first that
    /// the request's query satisfies.
    fn by_query<'t>(
        &self,
        host: u32,
        hash: u64,
        path: &[u8],
        shapes: impl Iterator<Item = &'t [u8]>,
        query: &mut Query<'_>,
    ) -> Option<Entry<'_>> {
        let Query { sent, parameters, read, text, combinations } = query;
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
                if let Some(entry) = self.entry(hash, host, 0, path, text) {
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
    #[inline(never)]
    fn prefix(&self, host: u32, path: &[u8]) -> Option<(Entry<'_>, usize)> {
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
                if let Some(found) = self.prefix_at(host, path, end, has & PATTERNS != 0) {
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
    ) -> Option<(Entry<'_>, usize)> {
        let literal = &path[..end];
        let hash = hash(seed(host, true), literal);
        if patterns && let Some(found) = self.pattern(hash, host, path, end) {
            return Some(found);
        }
        self.entry(hash, host, PREFIX, literal, &[]).map(|entry| (entry, end))
    }

    #[cold]
    fn pattern(&self, hash: u64, host: u32, path: &[u8], end: usize) -> Option<(Entry<'_>, usize)> {
        let candidates = self.index.candidates(hash).map(|reference| self.get(reference));
        let patterns = candidates.filter(|entry| entry.has(PATTERN) && entry.host() == host);
        let matching = patterns.filter_map(|entry| {
            let key = (entry.path(), entry.has(PREFIX));
            let rest = pattern::matches(key.0, key.1, path)?;
            (pattern::literal(key.0).len() == end).then_some((entry, rest, key))
        });
        let best = matching.min_by(|(_, _, one), (_, _, other)| pattern::order(*one, *other))?;
        Some((best.0, best.1))
    }

    /// The same as [`find`](Self::find), for tables in which a request's keys may
    /// be in more places than under its own host and under any host.
    #[inline(never)]
    fn find_in_scopes(
        &self,
        ask: &Lookup,
        path: &[u8],
        query: Option<&[u8]>,
        scratch: &mut LookupScratch,
    ) -> Option<(Entry<'_>, usize)> {
        let LookupScratch { parameters, query: text, folded } = scratch;
        let mut query = Query::new(query, parameters, text);
        let hosts = &self.hosts;
        if hosts.have_twins() {
            fold(path, folded);
        }
        let scopes = || {
            let spelled = |nocase| if nocase { &folded[..] } else { path };
            hosts.scopes(ask.host).map(move |(scope, nocase)| (scope, spelled(nocase)))
        };
        for (scope, path) in scopes() {
            let hash = hash(seed(scope, false), path);
            if let Some(entry) = self.exact(scope, hash, path, &mut query) {
                return Some((entry, path.len()));
            }
        }
        // The longest of each; of equal ones the nearest.
        let (mut found, mut longest) = (None, 0);
        let mut ends = [0; PREFIX_DEPTH_MAX + 1];
        for (scope, path) in scopes() {
            let patterns = hosts.depths(scope) & PATTERNS != 0;
            let mut depths = slashes(path, hosts.depths(scope), &mut ends);
            while depths != 0 {
                let depth = depths.ilog2();
                depths ^= 1 << depth;
                let end = ends[depth as usize];
                if end <= longest {
                    break;
                }
                if let Some(better) = self.prefix_at(scope, path, end, patterns) {
                    (found, longest) = (Some(better), end);
                    break;
                }
            }
        }
        found
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

#[cfg(test)]
mod tests;
