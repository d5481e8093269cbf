//! Queries as sets of parameters, and the one spelling in which the queries of
//! keys are stored and looked up.
//!
//! A query is cut at `&`; empty pieces are dropped. A piece is cut at its first
//! `=` (`flag` is `flag=`). Name and value are decoded (`%XX`, `+` for a space:
//! the URL Standard's `application/x-www-form-urlencoded`) and encoded again in
//! one way, so that two spellings of a parameter are equal bytes and neither
//! name nor value holds a raw `&`, `=`, `+`, `;`, `%` or `*`. In a key `id=*` is a
//! parameter with any value; nothing else is spelled so.

use core::cmp::Reverse;
use core::ops::Range;

use memchr::memchr;

use crate::links::bytes::{PARAMETER, escape, is, push_escape};

/// Stands in keys for any value.
pub(in crate::links) const ANY_VALUE: &[u8] = b"*";

/// The parameters of one query in canonical spelling. Reused from query to
/// query, so that reading one needs no memory of its own.
#[derive(Debug, Default)]
pub(in crate::links) struct Parameters {
    text: Vec<u8>,
    list: Vec<Parameter>,
}

#[derive(Clone, Debug)]
struct Parameter {
    /// Its place in the query: parameters of one name keep their order.
    ordinal: u32,
    name: Range<u32>,
    value: Range<u32>,
}

impl Parameters {
    /// Reads the first `count_max` parameters of a request's `query` in place of
    /// those it held, and sorts them by name.
    pub(in crate::links) fn read(&mut self, query: &[u8], count_max: usize) {
        self.read_as::<false>(query, count_max);
    }

    /// The same for a key's, in which [`ANY_VALUE`] stays what it is.
    pub(in crate::links) fn read_key(&mut self, query: &[u8], count_max: usize) {
        self.read_as::<true>(query, count_max);
    }

    fn read_as<const KEY: bool>(&mut self, query: &[u8], count_max: usize) {
        self.text.clear();
        self.list.clear();
        let pieces = query.split(|&byte| byte == b'&');
        for piece in pieces.filter(|piece| !piece.is_empty()).take(count_max) {
            let (name, value) = match memchr(b'=', piece) {
                Some(at) => (&piece[..at], &piece[at + 1..]),
                None => (piece, &[][..]),
            };
            let ordinal = self.list.len() as u32;
            let name = self.push(name);
            let value = match value {
                ANY_VALUE if KEY => {
                    self.text.extend_from_slice(ANY_VALUE);
                    self.text.len() as u32 - 1..self.text.len() as u32
                }
                value => self.push(value),
            };
            self.list.push(Parameter { ordinal, name, value });
        }
        let text = &self.text;
        // Unstable sorting allocates nothing; the ordinal makes it stable.
        self.list.sort_unstable_by(|a, b| {
            (part(text, &a.name), a.ordinal).cmp(&(part(text, &b.name), b.ordinal))
        });
    }

    fn push(&mut self, mut raw: &[u8]) -> Range<u32> {
        let start = self.text.len() as u32;
        while let Some(&byte) = raw.first() {
            let (value, length) = match (byte, escape(raw)) {
                (_, Some(value)) => (value, 3),
                (b'+', None) => (b' ', 1),
                (_, None) => (byte, 1),
            };
            if is(value, PARAMETER) {
                self.text.push(value);
            } else {
                push_escape(value, &mut self.text);
            }
            raw = &raw[length..];
        }
        start..self.text.len() as u32
    }

    pub(in crate::links) fn len(&self) -> usize {
        self.list.len()
    }

    pub(in crate::links) fn name(&self, index: usize) -> &[u8] {
        part(&self.text, &self.list[index].name)
    }

    /// Appends parameter `index` to a canonical query.
    pub(in crate::links) fn append(&self, index: usize, out: &mut Vec<u8>) {
        self.append_with(index, part(&self.text, &self.list[index].value), out);
    }

    /// Appends it as it stands in a key that takes it with any value.
    pub(in crate::links) fn append_any(&self, index: usize, out: &mut Vec<u8>) {
        self.append_with(index, ANY_VALUE, out);
    }

    fn append_with(&self, index: usize, value: &[u8], out: &mut Vec<u8>) {
        if !out.is_empty() {
            out.push(b'&');
        }
        out.extend_from_slice(self.name(index));
        out.push(b'=');
        out.extend_from_slice(value);
    }

    /// A name that two parameters have, if there is one.
    pub(in crate::links) fn repeated_name(&self) -> Option<&[u8]> {
        let mut pairs = self.list.windows(2);
        let pair = pairs
            .find(|pair| part(&self.text, &pair[0].name) == part(&self.text, &pair[1].name))?;
        Some(part(&self.text, &pair[0].name))
    }

    /// The parameters named `name`, given that those before `from` have smaller
    /// names: a run of neighbours, in the order of the query; empty if none is.
    pub(in crate::links) fn run(&self, name: &[u8], from: usize) -> Range<usize> {
        let mut start = from;
        while start < self.len() && self.name(start) < name {
            start += 1;
        }
        let mut end = start;
        while end < self.len() && self.name(end) == name {
            end += 1;
        }
        start..end
    }
}

fn part<'a>(text: &'a [u8], range: &Range<u32>) -> &'a [u8] {
    &text[range.start as usize..range.end as usize]
}

/// Whether a `*` in a key's raw `query` stands anywhere but for a whole value.
pub(in crate::links) fn has_stray_star(query: &[u8]) -> bool {
    query.split(|&byte| byte == b'&').any(|piece| match memchr(b'*', piece) {
        None => false,
        Some(at) => memchr(b'=', piece).is_none_or(|end| at != end + 1) || at + 1 < piece.len(),
    })
}

/// Writes the names of a canonical query into `out`, separated by `&`, those
/// that may have any value with a `*` behind them: the *shape* of every key with
/// these names.
pub(in crate::links) fn shape_of(query: &[u8], out: &mut Vec<u8>) {
    out.clear();
    for (index, parameter) in query.split(|&byte| byte == b'&').enumerate() {
        if index > 0 {
            out.push(b'&');
        }
        let end = memchr(b'=', parameter).unwrap_or(parameter.len());
        out.extend_from_slice(&parameter[..end]);
        if parameter[end..] == *b"=*" {
            out.push(b'*');
        }
    }
}

/// The names of a shape, sorted, and whether each may have any value.
pub(in crate::links) fn names(shape: &[u8]) -> impl Iterator<Item = (&[u8], bool)> {
    shape.split(|&byte| byte == b'&').map(|name| match name.strip_suffix(ANY_VALUE) {
        Some(name) => (name, true),
        None => (name, false),
    })
}

/// By what the shapes of a path are sorted: those with most names come first, of
/// equally many those that say most values, then in the order of the alphabet. So
/// the order in which links were added decides nothing.
pub(in crate::links) fn rank(shape: &[u8]) -> (Reverse<usize>, usize, &[u8]) {
    (Reverse(names(shape).count()), names(shape).filter(|(_, any)| *any).count(), shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(query: &str) -> String {
        let mut parameters = Parameters::default();
        parameters.read(b"left=over", 8);
        parameters.read(query.as_bytes(), 8);
        let mut out = Vec::new();
        for index in 0..parameters.len() {
            parameters.append(index, &mut out);
        }
        String::from_utf8(out).unwrap()
    }

    fn check(query: &str, want: &str) {
        assert_eq!(canonical(query), want, "{query}");
        assert_eq!(canonical(want), want, "twice: {query}");
    }

    #[test]
    fn one_spelling() {
        check("id=7&k=2", "id=7&k=2");
        check("k=2&id=7", "id=7&k=2");
        check("&&a=1&", "a=1");
        check("", "");
        check("flag", "flag=");
        check("flag=", "flag=");
        check("=x", "=x");
        check("a=b=c", "a=b%3Dc");
        check("a=b%3dc", "a=b%3Dc");
        check("a%3Db=c", "a%3Db=c");
        check("q=a+b", "q=a%20b");
        check("q=a%20b", "q=a%20b");
        check("q=a%2bb", "q=a%2Bb");
        check("q=a%26b", "q=a%26b");
        check("q=%41%zz", "q=A%25zz");
        check("q=é", "q=%C3%A9");
        check("q=/x?y:z@,;", "q=/x?y:z@,%3B");
        check("t%5B%5D=all&t[]=b", "t%5B%5D=all&t%5B%5D=b");
    }

    #[test]
    fn repeats_keep_their_order() {
        check("b=9&a=2&b=1&a=3&a=1", "a=2&a=3&a=1&b=9&b=1");
    }

    #[test]
    fn only_the_first_are_read() {
        let mut parameters = Parameters::default();
        parameters.read(b"z=1&&y=2&x=3", 2);
        assert_eq!(parameters.len(), 2);
        assert_eq!(parameters.name(0), b"y");
    }

    #[test]
    fn repeated_names_and_runs() {
        let mut parameters = Parameters::default();
        parameters.read(b"b=1&a=1&b=2&d=1", 8);
        assert_eq!(parameters.repeated_name(), Some(&b"b"[..]));
        assert_eq!(parameters.run(b"a", 0), 0..1);
        assert_eq!(parameters.run(b"b", 1), 1..3);
        assert_eq!(parameters.run(b"c", 1), 3..3);
        assert_eq!(parameters.run(b"e", 0), 4..4);
        parameters.read(b"b=1&a=1", 8);
        assert_eq!(parameters.repeated_name(), None);
    }

    #[test]
    fn shapes_are_the_names() {
        let mut shape = Vec::new();
        shape_of(b"a=1&b=&c%3D=x", &mut shape);
        assert_eq!(shape, b"a&b&c%3D");
        let plain = |name| (name, false);
        assert!(names(&shape).eq([&b"a"[..], b"b", b"c%3D"].map(plain)));
        shape_of(b"=1", &mut shape);
        assert!(names(&shape).eq([plain(&b""[..])]));
        shape_of(b"a=*&b=%2A&c=", &mut shape);
        assert_eq!(shape, b"a*&b&c");
        assert!(names(&shape).eq([(&b"a"[..], true), plain(b"b"), plain(b"c")]));
        shape_of(b"=*", &mut shape);
        assert!(names(&shape).eq([(&b""[..], true)]));
    }

    #[test]
    fn shapes_that_say_most_come_first() {
        let mut shapes = [&b"a*"[..], b"b", b"a*&b*", b"b&c*", b"a", b"a*&b", b"a&b"];
        shapes.sort_by(|a, b| rank(a).cmp(&rank(b)));
        assert_eq!(shapes, [&b"a&b"[..], b"a*&b", b"b&c*", b"a*&b*", b"a", b"b", b"a*"]);
    }

    #[test]
    fn any_value_is_for_keys() {
        let mut parameters = Parameters::default();
        let mut text = |read: fn(&mut Parameters, &[u8], usize)| {
            read(&mut parameters, b"b=*&a=%2a&c=**", 8);
            let mut out = Vec::new();
            (0..3).for_each(|index| parameters.append(index, &mut out));
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text(Parameters::read), "a=%2A&b=%2A&c=%2A%2A");
        assert_eq!(text(Parameters::read_key), "a=%2A&b=*&c=%2A%2A");
    }

    #[test]
    fn stray_stars() {
        for good in ["", "a=1", "a=*", "a=*&b=*&c", "=*"] {
            assert!(!has_stray_star(good.as_bytes()), "{good}");
        }
        for bad in ["*", "*=1", "a=**", "a=*b", "a=b*", "a=b=*", "a*=*", "a=1&*", "a=*&b=*c"] {
            assert!(has_stray_star(bad.as_bytes()), "{bad}");
        }
    }
}
