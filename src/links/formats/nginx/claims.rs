//! What nginx would look at before a redirect, so that what a link answers in its
//! place is said.

use core::hash::{Hash, Hasher};
use std::collections::{BTreeMap, HashMap};
use std::hash::DefaultHasher;

use super::super::region::{PathsOf, Region};
use super::location::{Stand, Step};
use super::redirect::NginxRedirect;
use super::tree::ConfigLine;

/// Something that nginx answers.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) chain: Vec<Step>,
    pub(super) turn: usize,
    pub(super) regions: Vec<Region>,
    /// Whether it becomes links.
    pub(super) is_taken: bool,
    pub(super) place: ConfigLine,
    /// As it is named in messages.
    pub(super) what: String,
}

/// All of them, by their servers.
#[derive(Debug, Default)]
pub(super) struct Claims {
    servers: HashMap<Option<usize>, ServerClaims>,
    texts: HashMap<Option<usize>, Vec<TextKeys>>,
}

/// Texts of a map in one use of it. There can be many.
#[derive(Debug)]
struct TextKeys {
    chain: Vec<Step>,
    turn: usize,
    /// By their hash in lower case.
    places: HashMap<u64, ConfigLine>,
}

#[derive(Debug, Default)]
struct ServerClaims {
    all: Vec<Claim>,
    /// Claim and region, by what the paths begin with, in lower case.
    leads: BTreeMap<Vec<u8>, Vec<(usize, usize)>>,
}

impl Claims {
    pub(super) fn add(&mut self, server: Option<usize>, claim: Claim) {
        let claims = self.servers.entry(server).or_default();
        for (at, region) in claim.regions.iter().enumerate() {
            let lead = region.lead.to_ascii_lowercase();
            claims.leads.entry(lead).or_default().push((claims.all.len(), at));
        }
        claims.all.push(claim);
    }

    /// Notes texts of a map, which nginx compares in any case.
    pub(super) fn add_texts(
        &mut self,
        found: &NginxRedirect,
        regions: &[Region],
        place: ConfigLine,
    ) {
        let texts = self.texts.entry(found.context.server).or_default();
        if texts.last().is_none_or(|last| last.turn != found.turn) {
            let chain = found.context.chain.clone();
            match texts.iter().position(|keys| keys.turn == found.turn) {
                Some(at) => {
                    let last = texts.len() - 1;
                    texts.swap(at, last);
                }
                None => texts.push(TextKeys { chain, turn: found.turn, places: HashMap::new() }),
            }
        }
        let keys = texts.last_mut().expect("one was put there");
        for region in regions {
            keys.places.entry(hash(&region.host, &region.lead)).or_insert(place);
        }
    }

    /// Where a text of a map stands that nginx takes before an exact path in one case,
    /// which carom takes first.
    pub(super) fn text_before(
        &self,
        server: Option<usize>,
        stand: &Stand<'_>,
        region: &Region,
    ) -> Option<ConfigLine> {
        if region.any_case || region.paths != PathsOf::Exact {
            return None;
        }
        let texts = self.texts.get(&server)?.iter();
        let first = |keys: &&TextKeys| {
            let own = Stand { chain: &keys.chain, turn: keys.turn };
            keys.turn == stand.turn || own.comes_before(stand)
        };
        let ways = [hash(b"", &region.lead), hash(&region.host, &region.lead)];
        texts
            .filter(first)
            .find_map(|keys| ways.iter().find_map(|way| keys.places.get(way)).copied())
    }

    /// Those that nginx looks at before what stands here, and carom does not, of
    /// requests that both are for; in the order of the file. `named`: the host that
    /// links of the server have where the region has its own, if it has names.
    pub(super) fn before(
        &self,
        server: Option<usize>,
        stand: &Stand<'_>,
        region: &Region,
        named: Option<&[u8]>,
    ) -> Vec<&Claim> {
        let Some(claims) = self.servers.get(&server) else { return Vec::new() };
        let mut found: Vec<usize> = Vec::new();
        let mut look = |places: &[(usize, usize)]| {
            for &(at, which) in places {
                let claim = &claims.all[at];
                let theirs = &claim.regions[which];
                let other = Stand { chain: &claim.chain, turn: claim.turn };
                let is_same = claim.turn == stand.turn;
                if !is_same
                    && theirs.meets(region)
                    && other.comes_before(stand)
                    && !(claim.is_taken && answers_first(theirs, region, named))
                {
                    found.push(at);
                }
            }
        };
        let lead = region.lead.to_ascii_lowercase();
        for end in 0..lead.len() {
            claims.leads.get(&lead[..end]).into_iter().for_each(|places| look(places));
        }
        // Longer ones begin with what it begins with.
        match region.paths {
            PathsOf::Exact => {
                claims.leads.get(&lead).into_iter().for_each(|places| look(places));
            }
            _ => {
                let longer = claims.leads.range(lead.clone()..);
                let longer = longer.take_while(|(start, _)| start.starts_with(&lead));
                longer.for_each(|(_, places)| look(places));
            }
        }
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(|at| &claims.all[at]).collect()
    }
}

fn hash(host: &[u8], path: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    host.hash(&mut hasher);
    path.to_ascii_lowercase().hash(&mut hasher);
    hasher.finish()
}

/// Whether carom looks first at a link of `one`, or would not take `other` beside it.
fn answers_first(one: &Region, other: &Region, named: Option<&[u8]>) -> bool {
    if let (Some(host), true) = (named, one.host.is_empty()) {
        let one = Region { host: host.to_vec(), ..one.clone() };
        return one.goes_before(other) || is_one(&one, other);
    }
    one.goes_before(other) || is_one(one, other)
}

/// Whether both are the same key, of which the loader refuses the second.
fn is_one(one: &Region, other: &Region) -> bool {
    one.paths == other.paths
        && one.lead == other.lead
        && one.host == other.host
        && one.query == other.query
        && one.any_case == other.any_case
}
