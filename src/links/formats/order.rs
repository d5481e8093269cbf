//! Where the first rule that fits answers, an early one can cover a later one
//! that is more exact. Here the more exact key answers, wherever it stands, so
//! such a later one changes its meaning.

use std::collections::HashMap;

/// The rules of a file so far, by their native keys.
#[derive(Default)]
pub(super) struct Order {
    /// Host, path with `:` for each placeholder, and `*` for a prefix: its line.
    seen: HashMap<Vec<u8>, u32>,
    /// Which segments are placeholders, once for every such choice.
    choices: Vec<u64>,
}

/// Most choices of placeholder segments that are compared with later rules.
const CHOICES_MAX: usize = 64;

impl Order {
    /// The line of an earlier rule that answers whatever `key` would, and notes
    /// this rule for those to come.
    pub(super) fn pass(&mut self, key: &[u8], line: u32) -> Option<u32> {
        let earlier = self.covering(key);
        let (path, query) = split_query(key);
        if !query {
            let choice = placeholders(path);
            if choice != 0 && !self.choices.contains(&choice) && self.choices.len() < CHOICES_MAX {
                self.choices.push(choice);
            }
            self.seen.entry(blanked(path, choice)).or_insert(line);
        }
        earlier
    }

    /// The line of an earlier rule that answers whatever `key` would.
    pub(super) fn covering(&self, key: &[u8]) -> Option<u32> {
        let (path, query) = split_query(key);
        let start = path.iter().position(|&byte| byte == b'/')?;
        let own = placeholders(path);
        // A rule of any host covers those of one host too.
        let ways = [Some(path), (start > 0).then_some(&path[start..])];
        let mut least = None;
        for choice in core::iter::once(0).chain(self.choices.iter().copied()) {
            for way in ways.into_iter().flatten() {
                let is_own = !query && way.len() == path.len() && choice == own;
                let line = self.lookup(&blanked(way, choice), is_own);
                least = least.into_iter().chain(line).min();
            }
        }
        least
    }

    /// The first line of a rule for this path or a prefix of it; `is_own`: but not
    /// for the path as it is, which is for whoever reads the links to refuse.
    fn lookup(&self, path: &[u8], is_own: bool) -> Option<u32> {
        let mut least = self.seen.get(path).filter(|_| !is_own).copied();
        let mut prefix = Vec::with_capacity(path.len() + 1);
        for at in memchr::memchr_iter(b'/', path) {
            prefix.clear();
            prefix.extend_from_slice(&path[..=at]);
            prefix.push(b'*');
            if prefix != path {
                least = least.into_iter().chain(self.seen.get(&prefix).copied()).min();
            }
        }
        least
    }
}

/// The key without its query, and whether it has one.
fn split_query(key: &[u8]) -> (&[u8], bool) {
    match key.iter().position(|&byte| byte == b'?') {
        Some(at) => (&key[..at], true),
        None => (key, false),
    }
}

/// A bit for each segment that is a placeholder.
fn placeholders(path: &[u8]) -> u64 {
    let segments = path.split(|&byte| byte == b'/').skip(1).take(u64::BITS as usize);
    let named =
        |segment: &[u8]| matches!(segment, [b':', letter, ..] if letter.is_ascii_alphabetic());
    segments.enumerate().map(|(at, segment)| u64::from(named(segment)) << at).sum()
}

fn blanked(path: &[u8], choice: u64) -> Vec<u8> {
    if choice == 0 {
        return path.to_vec();
    }
    let mut out = Vec::with_capacity(path.len());
    for (at, segment) in path.split(|&byte| byte == b'/').enumerate() {
        if at > 0 {
            out.push(b'/');
        }
        // The first part is the host.
        let blank = (1..=u64::BITS as usize).contains(&at) && choice >> (at - 1) & 1 == 1;
        out.extend_from_slice(if blank && segment != b"*" { b":" } else { segment });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of `rules` are covered, as `rule<line of the earlier one`.
    fn check(rules: &str, want: &str) {
        let mut order = Order::default();
        let mut covered = Vec::new();
        for (line, rule) in (1..).zip(rules.split(' ')) {
            if let Some(earlier) = order.pass(rule.as_bytes(), line) {
                covered.push(format!("{rule}<{earlier}"));
            }
        }
        assert_eq!(covered.join(" "), want, "{rules}");
    }

    #[test]
    fn early_rules_cover_later_ones() {
        check("/a /b /a/*", "");
        check("/a/* /a/b /a/b/* /a /b", "/a/b<1 /a/b/*<1");
        check("/* /a h/b", "/a<1 h/b<1");
        check("h/* /a h/b g/b", "h/b<1");
        check("/a/b /a/*", "");
        check("/a /a?id=7 /b?id=7 /b", "/a?id=7<1");
    }

    #[test]
    fn placeholders_cover_what_fills_them() {
        check("/a/:x /a/b /a/b/c /a/:y", "/a/b<1");
        check("/a/:x/* /a/b/c /a/b/* /a/b", "/a/b/c<1 /a/b/*<1");
        check("/a/:x /a/:y?q=1 /a/b?q=1", "/a/:y?q=1<1 /a/b?q=1<1");
        check("/:x/b/* /a/b/c /a/c/b", "/a/b/c<1");
    }
}
