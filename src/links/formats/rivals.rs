//! Where the first rule that fits answers, two rules can fit one request and here the
//! later one answers, because its key is more exact: another host, a longer beginning,
//! fewer placeholders. Here earlier rules are found that fit what a later one fits, or some of
//! it.

use core::cmp::{Ordering, Reverse};
use std::collections::{HashMap, HashSet};

/// The rules of a file so far, by their native keys.
#[derive(Default)]
pub(super) struct Rivals {
    /// Whether there can be keys for one host. Without one, those that are no patterns
    /// have no rivals but patterns.
    has_hosts: bool,
    /// Keys that are no patterns, without their query, and the first line of each, which
    /// for a key with a query is another than for the one without.
    exact: HashMap<(Box<[u8]>, bool), u32>,
    /// Patterns, under the first segment of their path where that is literal.
    patterns: HashMap<Box<[u8]>, Vec<Rule>>,
    /// Lines of rules for one host that later ones for any host answer before. As one such
    /// rule meets most that follow, this is said of it, and not of them.
    outdone: HashSet<u32>,
}

/// Most patterns of one first segment that are compared with later rules: each is, with
/// each rule.
const PATTERNS_MAX: usize = 1000;

/// Under which patterns are whose first segment may be any.
const ANY: &[u8] = b":";

/// A rule, by its key.
struct Rule {
    host: Box<[u8]>,
    /// Without the one that has the `*`.
    segments: Vec<Segment>,
    is_open: bool,
    /// What stands before the `*` in its segment.
    stem: Box<[u8]>,
    has_query: bool,
    /// Bytes before the first placeholder or the `*`.
    beginning: usize,
    any_case: bool,
    line: u32,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Literal,
    /// A placeholder, by what it takes: fewer letters come first.
    Placeholder(Taken),
    Rest,
}

/// What a placeholder takes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Taken {
    Digits,
    Word,
    Any,
}

#[derive(PartialEq, Eq)]
enum Segment {
    Literal(Box<[u8]>),
    Placeholder(Taken),
}

impl Segment {
    fn of(segment: &[u8]) -> Segment {
        match segment {
            [b':', letter, ..] if letter.is_ascii_alphabetic() => {
                Segment::Placeholder(match segment {
                    _ if segment.ends_with(b"(int)") => Taken::Digits,
                    _ if segment.ends_with(b"(word)") => Taken::Word,
                    _ => Taken::Any,
                })
            }
            literal => Segment::Literal(literal.into()),
        }
    }
}

impl Rivals {
    /// No rules yet; `has_hosts`: some may be for one host.
    pub(super) fn new(has_hosts: bool) -> Rivals {
        Rivals { has_hosts, ..Rivals::default() }
    }

    /// The line of an earlier rule that fits a request which here `key` answers, and notes
    /// this one for those to come.
    pub(super) fn pass(&mut self, key: &[u8], line: u32) -> Option<u32> {
        self.pass_spelled(key, line, false)
    }

    /// The same of a key in small letters; `any_case`: whether it answers in any.
    pub(super) fn pass_spelled(&mut self, key: &[u8], line: u32, any_case: bool) -> Option<u32> {
        let rule = Rule { any_case, ..Rule::of(key, line)? };
        let path = without_query(key);
        let earlier = self.earlier(&rule, path);
        if rule.is_pattern() {
            let list = self.patterns.entry(rule.first().into()).or_default();
            if list.len() < PATTERNS_MAX {
                list.push(rule);
            }
        } else if self.has_hosts {
            self.exact.entry((path.into(), rule.has_query)).or_insert(line);
        }
        earlier
    }

    /// The lines of rules for one host that later ones for any host answer before.
    pub(super) fn outdone(self) -> HashSet<u32> {
        self.outdone
    }

    fn earlier(&mut self, rule: &Rule, key: &[u8]) -> Option<u32> {
        let mut least = None;
        let mut note = |line: Option<u32>| least = least.into_iter().chain(line).min();
        if !rule.is_pattern() {
            let exact = |key: &[u8], query| self.exact.get(&(key.into(), query)).copied();
            let path = &key[rule.host.len()..];
            if rule.has_query {
                note(exact(key, false));
            }
            if !rule.host.is_empty() {
                note(exact(path, false));
                note(exact(path, true));
            }
        }
        let first = rule.first();
        let lists: Vec<&Vec<Rule>> = match first {
            ANY => self.patterns.values().collect(),
            _ => [first, ANY].iter().filter_map(|first| self.patterns.get(*first)).collect(),
        };
        for earlier in lists.into_iter().flatten() {
            if !rule.meets(earlier) || !rule.answers_before(earlier) {
                continue;
            }
            if rule.host.is_empty() && !earlier.host.is_empty() {
                self.outdone.insert(earlier.line);
            } else {
                note(Some(earlier.line));
            }
        }
        least
    }
}

impl Rule {
    /// `None` for what is no key.
    fn of(key: &[u8], line: u32) -> Option<Rule> {
        let path = without_query(key);
        let start = path.iter().position(|&byte| byte == b'/')?;
        let (host, whole) = path.split_at(start);
        let open = whole.strip_suffix(b"*").and_then(|path| {
            let slash = path.iter().rposition(|&byte| byte == b'/')?;
            Some((&path[..slash], &path[slash + 1..]))
        });
        let is_open = open.is_some();
        let (path, stem) = open.unwrap_or((whole, b""));
        let parts = path.split(|&byte| byte == b'/').skip(1);
        let segments: Vec<Segment> = parts.map(Segment::of).collect();
        let literal = |segment: &Segment| match segment {
            Segment::Literal(text) => Some(1 + text.len()),
            Segment::Placeholder(_) => None,
        };
        let mut beginning = segments.iter().map_while(literal).sum::<usize>() + 1;
        if segments.iter().all(|it| matches!(it, Segment::Literal(_))) {
            beginning += stem.len();
        }
        let has_query = path.len() + start < key.len() && key.contains(&b'?');
        let host = host.to_ascii_lowercase().into();
        let (stem, any_case) = (stem.into(), false);
        Some(Rule { host, segments, is_open, stem, has_query, beginning, any_case, line })
    }

    fn has_placeholders(&self) -> bool {
        self.segments.iter().any(|it| matches!(it, Segment::Placeholder(_)))
    }

    fn is_pattern(&self) -> bool {
        self.is_open || self.has_placeholders()
    }

    fn first(&self) -> &[u8] {
        match self.segments.first() {
            Some(Segment::Literal(text)) => text,
            _ => ANY,
        }
    }

    /// Whether here it answers what both fit, and `other` does not.
    fn answers_before(&self, other: &Rule) -> bool {
        if !self.is_pattern() || !other.is_pattern() {
            return !self.is_pattern();
        }
        let rank = |rule: &Rule| {
            let literals =
                rule.segments.iter().filter(|it| matches!(it, Segment::Literal(_))).count();
            let patterned = rule.has_placeholders().then_some(literals);
            let kinds = Reverse(rule.kinds());
            (rule.beginning, !rule.host.is_empty(), !rule.any_case, patterned, kinds)
        };
        rank(self).cmp(&rank(other)) == Ordering::Greater
    }

    fn kinds(&self) -> Vec<Kind> {
        let kinds = self.segments.iter().map(|segment| match segment {
            Segment::Literal(_) => Kind::Literal,
            Segment::Placeholder(taken) => Kind::Placeholder(*taken),
        });
        kinds.chain(self.is_open.then_some(Kind::Rest)).collect()
    }

    /// Whether a request fits both.
    fn meets(&self, other: &Rule) -> bool {
        if !self.host.is_empty() && !other.host.is_empty() && self.host != other.host {
            return false;
        }
        let (mine, theirs) = (self.segments.len(), other.segments.len());
        let fits = match mine.cmp(&theirs) {
            Ordering::Equal => self.is_open == other.is_open,
            // What is open stands for a segment at least, which may be empty.
            Ordering::Less => self.is_open,
            Ordering::Greater => other.is_open,
        };
        let same = |(mine, theirs): (&Segment, &Segment)| match (mine, theirs) {
            (Segment::Literal(mine), Segment::Literal(theirs)) => mine == theirs,
            (Segment::Literal(text), _) | (_, Segment::Literal(text)) => !text.is_empty(),
            _ => true,
        };
        fits && self.segments.iter().zip(&other.segments).all(same)
            && self.may_open_to(other)
            && other.may_open_to(self)
    }

    /// Whether what it has before its `*`, if that is in a segment, may begin what stands there
    /// in `other`.
    fn may_open_to(&self, other: &Rule) -> bool {
        let at = self.segments.len();
        match other.segments.get(at) {
            _ if self.stem.is_empty() => true,
            Some(Segment::Literal(text)) => text.starts_with(&self.stem),
            Some(Segment::Placeholder(_)) => true,
            None if at > other.segments.len() => true,
            None => self.stem.starts_with(&other.stem) || other.stem.starts_with(&self.stem),
        }
    }
}

fn without_query(key: &[u8]) -> &[u8] {
    key.split(|&byte| byte == b'?').next().unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of `rules` have an earlier rival, as `rule<line of the first one`.
    fn check(rules: &str, want: &str) {
        let mut rivals = Rivals::new(true);
        let mut found = Vec::new();
        for (line, rule) in (1..).zip(rules.split(' ')) {
            if let Some(earlier) = rivals.pass(rule.as_bytes(), line) {
                found.push(format!("{rule}<{earlier}"));
            }
        }
        found.extend(rivals.outdone().iter().map(|line| format!("!{line}")));
        assert_eq!(found.join(" "), want, "{rules}");
    }

    #[test]
    fn those_that_are_covered() {
        check("/a /b /a/*", "");
        check("/a/* /a/b /a/b/* /a /b", "/a/b<1 /a/b/*<1");
        check("/* /a h/b", "/a<1 h/b<1");
        check("/a/b h/a/b", "h/a/b<1");
        check("h/* /a h/b g/b", "h/b<1 !1");
        check("/a /a?id=7 /b?id=7 /b", "/a?id=7<1");
        check("/a/:x /a/b /a/b/c /a/:y", "/a/b<1");
    }

    #[test]
    fn those_that_begin_within_a_segment() {
        check("/x-* /x-b /x-b/c /x /y-b", "/x-b<1 /x-b/c<1");
        check("/x-* /x-b/* /x-bb* /x-* /w-*", "/x-b/*<1 /x-bb*<1");
        check("/x-bb* /x-* /x/*", "");
        check("/* /x-* /a/b-* /a/c-d", "/x-*<1 /a/b-*<1 /a/c-d<1");
        check("/a/:x /a/b-* /a/*", "/a/b-*<1");
        check("/a/b-* /a/c-* /a/b /a/d-e", "");
        check("/a/b* /a/b", "/a/b<1");
    }

    #[test]
    fn those_that_notice_case_come_first() {
        let mut rivals = Rivals::new(false);
        assert_eq!(rivals.pass_spelled(b"/:p/:q/c", 1, true), None);
        assert_eq!(rivals.pass_spelled(b"/:q/*", 2, false), Some(1));
        assert_eq!(rivals.pass_spelled(b"/:r/:s/d/*", 3, true), None);
    }

    #[test]
    fn those_that_share_some_requests() {
        check("/a/:x/b /a/b/:y", "/a/b/:y<1");
        check("/a/b/:y /a/:x/b", "");
        check("/:x/b/* /a/* /c/d/*", "/a/*<1");
        check("/:x/b/* /c/d/*", "");
        check("h/x/* /y /x/*", "");
        check("h/x/* /x/y", "!1");
        check("h/x/* /x/y/*", "!1");
        check("/x/* h/x/*", "h/x/*<1");
        check("/:x/:y /:x/b /a/:y /a/b", "/:x/b<1 /a/:y<1 /a/b<1");
        check("/x?a=1 h/x", "h/x<1");
        check("/a/:x /a/", "");
        check("/a/* /a/", "/a/<1");
        check("/a/:x/* /a/:x/:y", "/a/:x/:y<1");
        check("/a/:x/:y /a/:x/*", "");
        check("/a/:x /a/:y(word) /a/:z(int) /a/b", "/a/:y(word)<1 /a/:z(int)<1 /a/b<1");
        check("/a/:z(int) /a/:y(word) /a/:x", "");
    }
}
