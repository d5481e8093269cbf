//! From the ways through an expression to keys.

use super::super::paths::push_literal;
use super::expand::{Atom, Way};
use super::shape::{Fill, Filled, Subject};
use crate::links::bytes::shown;

const DOTS: &str = "an unescaped `.` in the expression is any character; here it is a dot";
const NO_QUERY: &str =
    "nginx compares it with path and query; here it also answers with a query behind it";
const QUERY_NEEDED: &str =
    "nginx answers only with a query behind it; here it also answers without one";
const PARAMETERS: &str = "nginx compares the query as it stands; here its parameters may come in any order, with others between them";

/// The keys of all ways, and in what they match otherwise.
///
/// # Errors
/// What no key can come of, as the end of a sentence.
pub(super) fn keys(
    ways: &[Way],
    names: &[Vec<u8>],
    subject: Subject,
) -> Result<(Vec<Filled>, Option<String>), String> {
    let mut found = Found { subject, count: names.len(), keys: Vec::new(), changed: None };
    let mut unlike = None;
    for way in ways {
        let way = anchored(way)?;
        let mut walk = Walked { names, subject, ..Walked::default() };
        match walk.through(&way) {
            Ok(()) => found.add(walk)?,
            // Greedy, `.*` takes it all where it may end there, too.
            Err(_) if walk.rest.is_some() && ends_at_rest(ways, &way) => {}
            Err(why) => unlike = unlike.or(Some(why)),
        }
    }
    if let Some(why) = unlike {
        return Err(why);
    }
    if found.keys.is_empty() {
        return Err("matches nothing that a visitor asks for".to_owned());
    }
    Ok(found.done())
}

/// With its `^`, which `.*` at the beginning does not need.
fn anchored(way: &Way) -> Result<Way, String> {
    let mut marks = way.iter().filter(|atom| !matches!(atom, Atom::Open(_) | Atom::Close(_)));
    match marks.next() {
        Some(Atom::Start) => Ok(way.clone()),
        Some(Atom::Rest { filled: false }) | None => {
            Ok(core::iter::once(Atom::Start).chain(way.iter().copied()).collect())
        }
        _ => Err("does not begin with ^".to_owned()),
    }
}

/// Whether another way is the same up to its `.*`, and ends there.
fn ends_at_rest(ways: &[Way], way: &Way) -> bool {
    let plain = |way: &Way| -> Vec<Atom> {
        let mark = |atom: &&Atom| !matches!(atom, Atom::Open(_) | Atom::Close(_) | Atom::End);
        way.iter().filter(mark).copied().collect()
    };
    let mut start = plain(way);
    let rest = start.iter().position(|atom| matches!(atom, Atom::Rest { .. }));
    start.truncate(rest.map_or(0, |at| at + 1));
    ways.iter().any(|other| plain(other) == start)
}

/// A way as far as it was walked.
#[derive(Default)]
struct Walked<'a> {
    names: &'a [Vec<u8>],
    subject: Subject,
    key: Vec<u8>,
    /// Where each capture begins and ends in the key.
    spans: Vec<(usize, usize, usize)>,
    open: Vec<(usize, usize)>,
    /// What anything may follow: whether that must be something, and the captures that
    /// have it.
    rest: Option<(bool, Vec<usize>)>,
    ended: bool,
    dot: bool,
    placeholders: usize,
    /// Whether a query would be part of the last segment.
    loose_end: bool,
}

impl Walked<'_> {
    fn through(&mut self, way: &Way) -> Result<(), String> {
        for (at, atom) in way.iter().enumerate() {
            match *atom {
                Atom::Open(capture) => self.open.push((capture, self.key.len())),
                Atom::Close(capture) => {
                    let begun = self.open.pop().map_or(0, |(_, begun)| begun);
                    self.spans.push((capture, begun, self.key.len()));
                }
                Atom::Start if self.key.is_empty() => {}
                Atom::Start => return Err("has a `^` within it".to_owned()),
                Atom::End => self.ended = true,
                _ if self.rest.is_some() || self.ended => {
                    return Err("goes on behind what can be taken".to_owned());
                }
                Atom::Literal(byte) => self.literal(byte)?,
                Atom::Dot => {
                    self.dot = true;
                    self.literal(b'.')?;
                }
                Atom::Rest { filled } => {
                    let within = self.open.iter().map(|(capture, _)| *capture).collect();
                    self.rest = Some((filled, within));
                }
                Atom::Segment { no_query, .. } => self.segment(no_query, way, at)?,
            }
        }
        if !self.ended && self.rest.is_none() {
            self.rest = Some((false, Vec::new()));
        }
        Ok(())
    }

    fn literal(&mut self, byte: u8) -> Result<(), String> {
        if byte == b':' && self.key.ends_with(b"/") {
            return Err("has a segment that begins with a colon".to_owned());
        }
        // A request has no raw space, quote or control character; it is compared as sent.
        if self.subject.raw && byte != b'*' {
            self.key.push(byte);
            return Ok(());
        }
        let mut spelled = Vec::new();
        push_literal(&[byte], &mut spelled)?;
        self.key.extend_from_slice(&spelled);
        Ok(())
    }

    fn segment(&mut self, no_query: bool, way: &[Atom], at: usize) -> Result<(), String> {
        let mut after =
            way[at + 1..].iter().filter(|atom| !matches!(atom, Atom::Open(_) | Atom::Close(_)));
        let next = after.next();
        if next.is_none() {
            return Err("does not end with $ behind a segment".to_owned());
        }
        let ends = [Atom::Literal(b'/'), Atom::Literal(b'?'), Atom::End];
        let is_whole = self.key.ends_with(b"/") && next.is_some_and(|next| ends.contains(next));
        if !is_whole || self.key.contains(&b'?') {
            return Err("captures part of a segment".to_owned());
        }
        self.loose_end = !no_query && next == Some(&Atom::End);
        self.placeholders += 1;
        let name = match at.checked_sub(1).map(|before| way[before]) {
            Some(Atom::Open(capture)) => &self.names[capture][..],
            _ => b"",
        };
        self.key.push(b':');
        match name {
            b"" | b"splat" => {
                self.key.extend_from_slice(format!("p{}", self.placeholders).as_bytes());
            }
            name => self.key.extend_from_slice(name),
        }
        Ok(())
    }
}

/// A key with what was seen of queries behind it.
struct FoundKey {
    filled: Filled,
    with_query: bool,
    without_query: bool,
}

struct Found {
    subject: Subject,
    count: usize,
    keys: Vec<FoundKey>,
    changed: Option<String>,
}

impl Found {
    fn changes(&mut self, what: &str) {
        self.changed.get_or_insert_with(|| what.to_owned());
    }

    fn add(&mut self, way: Walked<'_>) -> Result<(), String> {
        let slash = way.key.iter().position(|&byte| byte == b'/').unwrap_or(way.key.len());
        let is_empty = way.key.is_empty();
        if !self.subject.host && slash > 0 {
            return Err("does not begin with a slash, as each path does".to_owned());
        }
        if self.subject.host && (is_empty || (slash == way.key.len() && way.rest.is_some())) {
            return Err("is no single host".to_owned());
        }
        if way.dot {
            self.changes(DOTS);
        }
        if self.subject.raw
            && let Some(mark) = way.key.iter().position(|&byte| byte == b'?')
        {
            return self.with_query(&way, mark);
        }
        if way.loose_end && self.subject.raw {
            self.changes(NO_QUERY);
        }
        let text = shown(&way.key);
        let open = self.subject.raw;
        match &way.rest {
            None if is_empty => return Err("matches the empty path alone".to_owned()),
            None => self.put(&way, b"", b"", (false, !way.loose_end)),
            Some((filled, _)) if way.key.ends_with(b"/") => {
                self.put(&way, b"*", b":splat", (open, true));
                if *filled {
                    self.changes(&format!(
                        "the expression does not match {text} itself, which is answered here"
                    ));
                }
            }
            Some(_) if is_empty => self.put(&way, b"/*", b"/:splat", (open, true)),
            Some((true, _)) => return Err("has a `.+` behind part of a segment".to_owned()),
            Some((false, _)) => {
                self.put(&way, b"", b"", (open, true));
                self.put(&way, b"/*", b"/:splat", (open, true));
                self.changes(&format!(
                    "the expression also matches {text}… without a slash between; here it is {text} and what is below it"
                ));
            }
        }
        Ok(())
    }

    /// A way whose query begins at `mark`.
    fn with_query(&mut self, way: &Walked<'_>, mark: usize) -> Result<(), String> {
        let captures = way.rest.as_ref().is_some_and(|(_, within)| !within.is_empty());
        match (&way.key[mark + 1..], &way.rest) {
            (b"", None) => Err("wants a `?` with nothing behind it".to_owned()),
            (b"", Some(_)) => {
                let path = Walked { key: way.key[..mark].to_vec(), ..clone(way) };
                self.put(&path, b"", b"", (true, false));
                Ok(())
            }
            (_, Some(_)) if captures => Err("captures part of a query".to_owned()),
            _ if way.spans.iter().any(|&(_, _, end)| end > mark) => {
                Err("captures part of a query".to_owned())
            }
            _ => {
                self.changes(PARAMETERS);
                self.put(way, b"", b"", (true, true));
                Ok(())
            }
        }
    }

    /// Notes a key; of two that are the same the first is the one that nginx takes.
    fn put(&mut self, way: &Walked<'_>, more: &[u8], splat: &[u8], query: (bool, bool)) {
        let key = [&way.key, more].concat();
        if let Some(known) = self.keys.iter_mut().find(|known| known.filled.key == key) {
            known.with_query |= query.0;
            known.without_query |= query.1;
            return;
        }
        let mut fills = vec![Fill::default(); self.count];
        for &(capture, begun, ended) in &way.spans {
            let ended = ended.min(way.key.len());
            let mut text = way.key[begun.min(ended)..ended].to_vec();
            let is_rest = way.rest.as_ref().is_some_and(|(_, within)| within.contains(&capture));
            if is_rest {
                text.extend_from_slice(splat);
            }
            fills[capture] = Fill { text, query: is_rest && self.subject.raw };
        }
        let filled = Filled { key, fills };
        self.keys.push(FoundKey { filled, with_query: query.0, without_query: query.1 });
    }

    fn done(mut self) -> (Vec<Filled>, Option<String>) {
        if self.subject.raw {
            if self.keys.iter().any(|key| !key.with_query) {
                self.changes(NO_QUERY);
            } else if self.keys.iter().any(|key| !key.without_query) {
                self.changes(QUERY_NEEDED);
            }
        }
        (self.keys.into_iter().map(|key| key.filled).collect(), self.changed)
    }
}

fn clone<'a>(way: &Walked<'a>) -> Walked<'a> {
    Walked {
        names: way.names,
        spans: way.spans.clone(),
        open: Vec::new(),
        rest: way.rest.clone(),
        key: Vec::new(),
        ..*way
    }
}
