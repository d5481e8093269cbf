//! Finding a link where a request's keys may be in more places than under its own host
//! and under any host: hosts that stand for others, and keys that take no notice of case,
//! a slash at the end, or punctuation.

use super::super::entries::{Entry, PREFIX};
use super::super::hash::{hash, seed};
use super::super::hosts::PATTERNS;
use super::super::links::Links;
use super::{Lookup, LookupScratch, Past, Query, slashes};
use crate::limits::PREFIX_DEPTH_MAX;

impl Links {
    /// The same as [`find`](Self::find), for tables in which a request's keys may
    /// be in more places than under its own host and under any host.
    #[inline(never)]
    pub(super) fn find_in_scopes(
        &self,
        ask: &Lookup,
        path: &[u8],
        query: Option<&[u8]>,
        scratch: &mut LookupScratch,
        past: impl Past,
    ) -> Option<(Entry<'_>, usize)> {
        let LookupScratch { parameters, query: text, folded, spellings } = scratch;
        let mut query = Query::new(query, parameters, text, past);
        let hosts = &self.hosts;
        spellings.read(path, hosts.loose(), folded);
        for (scope, loose) in hosts.scopes(ask.host) {
            for path_there in spellings.forms(loose) {
                let hash = hash(seed(scope, false), path_there);
                if let Some(entry) = self.exact(scope, hash, path_there, &mut query) {
                    return Some((entry, path.len()));
                }
            }
        }
        // The longest of each; of equal ones the nearest.
        let (mut found, mut longest) = (None, 0);
        let mut ends = [0; PREFIX_DEPTH_MAX + 1];
        for (scope, loose) in hosts.scopes(ask.host) {
            let has = hosts.depths(scope);
            let forms = spellings.open_forms(loose);
            // That with a slash at its end has all beginnings of the other.
            let long = if forms[0].len() > forms[1].len() { forms[0] } else { forms[1] };
            let mut depths = slashes(long, has, &mut ends);
            while depths != 0 {
                let depth = depths.ilog2();
                depths ^= 1 << depth;
                let end = ends[depth as usize];
                if end <= longest {
                    break;
                }
                if let Some((entry, rest)) =
                    self.open_at(scope, (forms, long, end), has, &mut query)
                {
                    let rest = if entry.has(PREFIX) { rest.min(path.len()) } else { path.len() };
                    (found, longest) = (Some((entry, rest)), end);
                    break;
                }
            }
        }
        found
    }

    /// The best of the patterns that match a path in one of two forms and whose literal
    /// beginning ends at `end`, or else the prefix that does.
    fn open_at(
        &self,
        scope: u32,
        (forms, long, end): ([&[u8]; 2], &[u8], usize),
        has: u64,
        query: &mut Query<'_, impl Past>,
    ) -> Option<(Entry<'_>, usize)> {
        let literal = &long[..end];
        let hash = hash(seed(scope, true), literal);
        if has & PATTERNS != 0 {
            for path in forms {
                if let Some(found) = self.pattern(hash, scope, path, end, query.text, query.past) {
                    return Some(found);
                }
            }
        }
        Some((self.of_kind(scope, hash, PREFIX, literal, query)?, end))
    }
}
