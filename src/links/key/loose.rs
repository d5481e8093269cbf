//! What a key takes no notice of in a path: its case, a slash at its end, punctuation
//! behind it.

use core::fmt;

use memchr::memrchr;

/// What a key takes no notice of, beside what every key takes for the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Loose {
    /// `nocase`: upper and lower case letters are the same.
    pub nocase: bool,
    /// `slash=ignore`: it answers with a slash at the end of the path and without.
    pub slash: bool,
    /// `punctuation=ignore`: it answers with punctuation at the end of the path, too.
    pub punctuation: bool,
}

impl Loose {
    /// Everything counts.
    pub(in crate::links) const NOTHING: Loose =
        Loose { nocase: false, slash: false, punctuation: false };

    /// How many there are.
    pub(in crate::links) const COUNT: usize = 8;

    /// Its number among all; 0 is that of [`NOTHING`](Self::NOTHING). Those that take
    /// notice of more come first.
    pub(in crate::links) fn number(self) -> usize {
        usize::from(self.nocase) | usize::from(self.slash) << 1 | usize::from(self.punctuation) << 2
    }

    /// The one with this number.
    pub(in crate::links) fn of_number(number: usize) -> Loose {
        let has = |bit: usize| number & bit != 0;
        Loose { nocase: has(1), slash: has(2), punctuation: has(4) }
    }

    /// Reads what stands behind a key: any of its options, each once. `None` for
    /// anything else.
    pub(super) fn add(&mut self, option: &[u8]) -> Option<()> {
        let part = match option {
            b"nocase" => &mut self.nocase,
            b"slash=ignore" => &mut self.slash,
            b"punctuation=ignore" => &mut self.punctuation,
            _ => return None,
        };
        (!core::mem::replace(part, true)).then_some(())
    }

    /// Reads what takes one of these back. `None` for anything else.
    pub(super) fn take_back(&mut self, option: &[u8]) -> Option<()> {
        let part = match option {
            b"nocase=no" => &mut self.nocase,
            b"slash=exact" => &mut self.slash,
            b"punctuation=exact" => &mut self.punctuation,
            _ => return None,
        };
        *part = false;
        Some(())
    }
}

impl fmt::Display for Loose {
    /// As options of a link, each after a space.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.nocase { " nocase" } else { "" })?;
        f.write_str(if self.slash { " slash=ignore" } else { "" })?;
        f.write_str(if self.punctuation { " punctuation=ignore" } else { "" })
    }
}

/// What people's programs take into a link that stands in a sentence, as paths are
/// spelled.
const PUNCTUATION: [&[u8]; 17] = [
    b".",
    b",",
    b";",
    b":",
    b"!",
    b"'",
    b")",
    b"%22",
    b"%27",
    b"%3F",
    b"%3E",
    b"%5D",
    b"%7D",
    b"%60",
    b"%E2%80%99",
    b"%E2%80%9D",
    b"%E2%80%A6",
];

/// A normalised path without a slash at its end, the root excepted.
pub(in crate::links) fn without_slash(path: &[u8]) -> &[u8] {
    match path {
        [rest @ .., b'/'] if !rest.is_empty() => rest,
        path => path,
    }
}

/// A normalised path without punctuation at the end of its last segment, unless that is
/// nothing else.
pub(in crate::links) fn without_punctuation(path: &[u8]) -> &[u8] {
    let start = memrchr(b'/', path).map_or(0, |at| at + 1);
    let mut segment = &path[start..];
    while let Some(rest) = PUNCTUATION.iter().find_map(|mark| segment.strip_suffix(*mark)) {
        segment = rest;
    }
    if segment.is_empty() { path } else { &path[..start + segment.len()] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_all() {
        for number in 0..Loose::COUNT {
            assert_eq!(Loose::of_number(number).number(), number);
        }
        assert_eq!(Loose::of_number(0), Loose::NOTHING);
        assert_eq!(Loose::of_number(7).to_string(), " nocase slash=ignore punctuation=ignore");
    }

    #[test]
    fn what_stands_behind_a_sentence() {
        let check = |path: &str, want: &str| {
            let got = without_punctuation(path.as_bytes());
            assert_eq!(core::str::from_utf8(got), Ok(want), "{path}");
        };
        check("/go", "/go");
        check("/go.", "/go");
        check("/go...", "/go");
        check("/go),", "/go");
        check("/go.html", "/go.html");
        check("/go%22.%E2%80%9D", "/go");
        check("/go%3F", "/go");
        check("/go-", "/go-");
        check("/go./", "/go./");
        check("/...", "/...");
        check("/a/,", "/a/,");
        check("/", "/");
    }

    #[test]
    fn slashes() {
        for (path, want) in [("/", "/"), ("/a/", "/a"), ("/a", "/a"), ("/a/b/", "/a/b")] {
            assert_eq!(without_slash(path.as_bytes()), want.as_bytes());
        }
    }
}
