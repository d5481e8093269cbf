//! Rules that are no links here, and that their program looks at before those behind them.

use std::collections::HashMap;

use super::region::{PathsOf, Region};

/// Most of what is no link that is compared with links behind it, for one first segment.
const CLAIMS_MAX: usize = 1000;

/// What such rules are for, with their lines.
#[derive(Default)]
pub(super) struct Claimed {
    /// Under their first segment, if they have one.
    claims: HashMap<Vec<u8>, Vec<(Region, u32)>>,
}

impl Claimed {
    /// Notes the rule of a line.
    pub(super) fn add(&mut self, regions: &[Region], line: u32) {
        for region in regions {
            let list = self.claims.entry(first(region)).or_default();
            if list.len() < CLAIMS_MAX {
                list.push((region.clone(), line));
            }
        }
    }

    /// The line of the first rule that is for some of these requests, too.
    pub(super) fn before(&self, region: &Region) -> Option<u32> {
        if self.claims.is_empty() {
            return None;
        }
        let own = first(region);
        let lists: Vec<_> = match own.is_empty() || region.any_case {
            true => self.claims.values().collect(),
            false => [&own[..], b""].iter().filter_map(|key| self.claims.get(*key)).collect(),
        };
        let met = lists.into_iter().flatten().filter(|(claim, _)| claim.meets(region));
        met.map(|(_, line)| *line).min()
    }
}

/// The first segment of a region's paths, if all have the same.
fn first(region: &Region) -> Vec<u8> {
    let mut parts = region.lead.strip_prefix(b"/").unwrap_or(&region.lead).split(|it| *it == b'/');
    let first = parts.next().unwrap_or_default();
    let is_whole = parts.next().is_some() && !region.any_case;
    if is_whole { first.to_vec() } else { Vec::new() }
}

/// About what a pattern or a glob that is no key is for: what begins as it does.
pub(super) fn of_pattern(source: &str, any_case: bool) -> Vec<Region> {
    let is_special = |it: char| ":*?+(){}[]\\^$|@!".contains(it);
    let (lead, rest) = source.split_at(source.find(is_special).unwrap_or(source.len()));
    let below = Region::below(lead.as_bytes().to_vec(), any_case);
    let exact =
        |path: &str| Region { paths: PathsOf::Exact, ..Region::below(path.into(), any_case) };
    match lead.strip_suffix('/') {
        _ if rest.is_empty() => vec![exact(lead)],
        // What is left out there takes the slash with it.
        Some(above) if rest.contains(['?', '*']) && !above.is_empty() => vec![below, exact(above)],
        _ => vec![below],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_for_what_begins_so() {
        let check = |source: &str, key: &str, want: bool| {
            let mut claimed = Claimed::default();
            claimed.add(&of_pattern(source, false), 7);
            let found = claimed.before(&Region::of_key(key.as_bytes(), false));
            assert_eq!(found, want.then_some(7), "{source} and {key}");
        };
        check("/a/:id(\\d+)", "/a/7", true);
        check("/a/:id(\\d+)", "/*", true);
        check("/a/:id(\\d+)", "/b/*", false);
        check("/a/:id(\\d+)", "/a", false);
        check("/a/:id(\\d+)?", "/a", true);
        check("/a", "/a", true);
        check("/a", "/a/b", false);
        check("/a", "/:x", true);
        check("/a[bc]", "/ab/c", true);
    }
}
