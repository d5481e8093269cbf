//! Which requests a key, a location or an expression is for, so that two of them can
//! be compared.

use core::cmp::Reverse;

/// Requests of one server.
#[derive(Clone, Debug)]
pub(super) struct Region {
    /// Empty for any host of the server.
    pub(super) host: Vec<u8>,
    /// What all its paths begin with.
    pub(super) lead: Vec<u8>,
    pub(super) paths: PathsOf,
    pub(super) any_case: bool,
    pub(super) query: Vec<u8>,
}

/// Which paths that begin so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PathsOf {
    /// That alone.
    Exact,
    /// All of them.
    Below,
    /// Those that fit this key with placeholders.
    Pattern(Vec<u8>),
}

impl Region {
    /// All that begins with this.
    pub(super) fn below(lead: Vec<u8>, any_case: bool) -> Region {
        Region { host: Vec::new(), lead, paths: PathsOf::Below, any_case, query: Vec::new() }
    }

    /// That of a key as links have it.
    pub(super) fn of_key(key: &[u8], any_case: bool) -> Region {
        let slash = key.iter().position(|&byte| byte == b'/').unwrap_or(key.len());
        let (host, rest) = key.split_at(slash);
        let mark = rest.iter().position(|&byte| byte == b'?').unwrap_or(rest.len());
        let (path, query) = rest.split_at(mark);
        let named =
            |window: &[u8]| matches!(window, [b'/', b':', letter] if letter.is_ascii_alphabetic());
        let placeholder = path.windows(3).position(named);
        let (lead, paths) = match (placeholder, path.strip_suffix(b"*")) {
            (Some(at), _) => (&path[..=at], PathsOf::Pattern(path.to_vec())),
            (None, Some(lead)) => (lead, PathsOf::Below),
            (None, None) => (path, PathsOf::Exact),
        };
        let (host, lead, query) = (host.to_vec(), lead.to_vec(), query.to_vec());
        Region { host, lead, paths, any_case, query }
    }

    /// Whether some request may be of both.
    pub(super) fn meets(&self, other: &Region) -> bool {
        let hosts_differ = !hosts_meet(&self.host, &other.host);
        let queries_differ =
            !self.query.is_empty() && !other.query.is_empty() && self.query != other.query;
        if hosts_differ || queries_differ {
            return false;
        }
        let fold = self.any_case || other.any_case;
        let begins = |text: &[u8], start: &[u8]| {
            text.len() >= start.len() && same(&text[..start.len()], start, fold)
        };
        match (&self.paths, &other.paths) {
            (PathsOf::Exact, PathsOf::Exact) => same(&self.lead, &other.lead, fold),
            (PathsOf::Exact, PathsOf::Below) => begins(&self.lead, &other.lead),
            (PathsOf::Below, PathsOf::Exact) => begins(&other.lead, &self.lead),
            (PathsOf::Exact, PathsOf::Pattern(pattern)) => fits(pattern, &self.lead, fold),
            (PathsOf::Pattern(pattern), PathsOf::Exact) => fits(pattern, &other.lead, fold),
            _ => begins(&self.lead, &other.lead) || begins(&other.lead, &self.lead),
        }
    }

    /// Whether every request of `other` is of this, too.
    pub(super) fn covers(&self, other: &Region) -> bool {
        let fold = self.any_case;
        if other.any_case && !fold && self.lead.iter().any(u8::is_ascii_alphabetic) {
            return false;
        }
        let begins = other.lead.len() >= self.lead.len()
            && same(&other.lead[..self.lead.len()], &self.lead, fold);
        match (&self.paths, &other.paths) {
            (PathsOf::Below, _) => begins,
            (PathsOf::Exact, PathsOf::Exact) => same(&self.lead, &other.lead, fold),
            (PathsOf::Exact, _) => false,
            (PathsOf::Pattern(pattern), PathsOf::Exact) => fits(pattern, &other.lead, fold),
            (PathsOf::Pattern(pattern), PathsOf::Pattern(its)) => same(pattern, its, fold),
            (PathsOf::Pattern(_), PathsOf::Below) => false,
        }
    }

    /// Whether carom looks at a link of this before one of `other`, where both match.
    pub(super) fn goes_before(&self, other: &Region) -> bool {
        self.rank() < other.rank()
    }

    fn rank(&self) -> impl Ord + use<> {
        let host = match &self.host[..] {
            [] => 2,
            [b'*', ..] => 1,
            _ => 0,
        };
        let no_query = self.query.is_empty();
        let (class, length, pattern) = match self.paths {
            PathsOf::Exact => (0, Reverse(0), 0),
            PathsOf::Pattern(_) => (1, Reverse(self.lead.len()), 0),
            PathsOf::Below => (1, Reverse(self.lead.len()), 1),
        };
        (class, length, host, self.any_case, pattern, no_query)
    }
}

/// Whether some host is of both.
fn hosts_meet(one: &[u8], other: &[u8]) -> bool {
    let below = |host: &[u8], wild: &[u8]| {
        wild.strip_prefix(b"*").is_some_and(|domain| host.ends_with(domain))
    };
    one.is_empty() || other.is_empty() || one == other || below(one, other) || below(other, one)
}

fn same(one: &[u8], other: &[u8], fold: bool) -> bool {
    if fold { one.eq_ignore_ascii_case(other) } else { one == other }
}

/// Whether a path fits a key with placeholders.
fn fits(pattern: &[u8], path: &[u8], fold: bool) -> bool {
    let mut segments = path.split(|&byte| byte == b'/');
    let mut wanted = pattern.split(|&byte| byte == b'/');
    loop {
        match (wanted.next(), segments.next()) {
            (None, None) => return true,
            (Some(b"*"), Some(_)) => return true,
            (Some([b':', letter, ..]), Some(segment))
                if letter.is_ascii_alphabetic() && !segment.is_empty() => {}
            (Some(wanted), Some(segment)) if same(wanted, segment, fold) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_meet_and_cover() {
        let check = |one: &str, other: &str, meets: bool, covers: bool| {
            let (a, b) =
                (Region::of_key(one.as_bytes(), false), Region::of_key(other.as_bytes(), false));
            assert_eq!((a.meets(&b), a.covers(&b)), (meets, covers), "{one} and {other}");
        };
        check("/a", "/a", true, true);
        check("/a", "/b", false, false);
        check("/a/*", "/a/b", true, true);
        check("/a/*", "/a", false, false);
        check("/a/b", "/a/*", true, false);
        check("/a/*", "/*", true, false);
        check("/:x/b", "/a/b", true, true);
        check("/:x/b", "/a/c", false, false);
        check("h/a", "g/a", false, true);
        check("/a?x=1", "/a?x=2", false, true);
        let mixed = Region::of_key(b"/A", true);
        assert!(mixed.meets(&Region::of_key(b"/a", false)));
    }

    #[test]
    fn which_carom_looks_at_first() {
        let order = ["h/a?x=1", "h/a", "/a", "h/a/b/*", "h/a/*", "*.h/a/*", "/a/*", "/*"];
        for pair in order.windows(2) {
            let [first, second] = [0, 1].map(|at| Region::of_key(pair[at].as_bytes(), false));
            assert!(first.goes_before(&second) && !second.goes_before(&first), "{pair:?}");
        }
    }
}
