//! Regular expressions as nginx reads them (PCRE), as far as keys can come of them.

use crate::links::bytes::shown;

/// What stands at one place of an expression, and how often.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) piece: Piece,
    pub(super) least: u32,
    /// `None`: as often as one likes.
    pub(super) most: Option<u32>,
}

/// What stands at one place.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    Byte(u8),
    /// `.`
    Any,
    /// One of these bytes.
    Class(Box<[bool; 256]>),
    /// `^`
    Start,
    /// `$`
    End,
    /// One of these, in their order; `capture` counts from 0.
    Group {
        capture: Option<usize>,
        alternatives: Vec<Vec<Item>>,
    },
}

/// An expression that was read.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) alternatives: Vec<Vec<Item>>,
    /// The names of its captures; empty for one without.
    pub(super) names: Vec<Vec<u8>>,
    /// `(?i)`
    pub(super) any_case: bool,
}

/// Groups within each other.
const DEPTH_MAX: usize = 16;
/// How often something may be repeated that is written out for it.
const REPEAT_MAX: u32 = 16;

/// Reads an expression.
///
/// # Errors
/// What no key can come of, as the end of a sentence.
pub(super) fn parse(expression: &[u8]) -> Result<Parsed, String> {
    let mut any_case = false;
    let mut rest = expression;
    if let Some(after) = rest.strip_prefix(b"(?i)") {
        any_case = true;
        rest = after;
    } else if let Some(after) = rest.strip_prefix(b"^(?i)") {
        // Where the letters begin makes no difference.
        any_case = true;
        let mut moved = vec![b'^'];
        moved.extend_from_slice(after);
        return Ok(Parsed { any_case, ..parse(&moved)? });
    }
    let mut parser = Parser { rest, names: Vec::new() };
    let alternatives = parser.alternatives(0)?;
    if !parser.rest.is_empty() {
        return Err("closes a group that is not open".to_owned());
    }
    Ok(Parsed { alternatives, names: parser.names, any_case })
}

struct Parser<'a> {
    rest: &'a [u8],
    names: Vec<Vec<u8>>,
}

impl Parser<'_> {
    fn alternatives(&mut self, depth: usize) -> Result<Vec<Vec<Item>>, String> {
        if depth > DEPTH_MAX {
            return Err("has too many groups within each other".to_owned());
        }
        let mut all = vec![Vec::new()];
        while let [first, after @ ..] = self.rest {
            match first {
                b')' => break,
                b'|' => {
                    self.rest = after;
                    all.push(Vec::new());
                }
                _ => {
                    let piece = self.piece(depth)?;
                    let (least, most) = self.repeat()?;
                    let current = all.last_mut().expect("there is always one");
                    current.push(Item { piece, least, most });
                }
            }
        }
        Ok(all)
    }

    fn piece(&mut self, depth: usize) -> Result<Piece, String> {
        let (&first, after) = self.rest.split_first().expect("there is more");
        self.rest = after;
        Ok(match first {
            b'^' => Piece::Start,
            b'$' => Piece::End,
            b'.' => Piece::Any,
            b'(' => return self.group(depth),
            b'[' => return self.class(),
            b'\\' => return self.escape(),
            b'*' | b'+' | b'?' | b'{' => {
                return Err(format!("has a `{}` where no key can follow it", first as char));
            }
            byte => Piece::Byte(byte),
        })
    }

    fn escape(&mut self) -> Result<Piece, String> {
        let (&first, after) = self.rest.split_first().ok_or("ends with a backslash")?;
        self.rest = after;
        match shorthand(first) {
            Some(class) => Ok(Piece::Class(Box::new(class))),
            None if first.is_ascii_alphanumeric() => {
                Err(format!("has a `\\{}` where no key can follow it", first as char))
            }
            None => Ok(Piece::Byte(first)),
        }
    }

    fn group(&mut self, depth: usize) -> Result<Piece, String> {
        let start = self.rest;
        let mut capture = None;
        if let Some(after) = self.rest.strip_prefix(b"?:") {
            self.rest = after;
        } else if let Some(after) = self.rest.strip_prefix(b"?") {
            let named = after.strip_prefix(b"P").unwrap_or(after).strip_prefix(b"<");
            let named = named.and_then(|named| {
                let end = named.iter().position(|&byte| byte == b'>')?;
                Some((&named[..end], &named[end + 1..]))
            });
            let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
            match named {
                Some((name, after))
                    if name.first().is_some_and(u8::is_ascii_alphabetic)
                        && name.iter().all(is_word) =>
                {
                    self.rest = after;
                    capture = Some(self.names.len());
                    self.names.push(name.to_vec());
                }
                _ => {
                    let end = start.iter().position(|&byte| byte == b')').unwrap_or(start.len());
                    return Err(format!("has a group `({})`", shown(&start[..end])));
                }
            }
        } else {
            capture = Some(self.names.len());
            self.names.push(Vec::new());
        }
        let alternatives = self.alternatives(depth + 1)?;
        self.rest = self.rest.strip_prefix(b")").ok_or("has a group that is left open")?;
        Ok(Piece::Group { capture, alternatives })
    }

    fn class(&mut self) -> Result<Piece, String> {
        let mut set = [false; 256];
        let negated = self.rest.first() == Some(&b'^');
        if negated {
            self.rest = &self.rest[1..];
        }
        let mut first = true;
        loop {
            let (&byte, after) = self.rest.split_first().ok_or("has a `[` that is left open")?;
            self.rest = after;
            let low = match byte {
                b']' if !first => break,
                b'[' if after.first() == Some(&b':') => {
                    return Err("has a class of letters by name".to_owned());
                }
                b'\\' => {
                    let (&escaped, after) = after.split_first().ok_or("ends with a backslash")?;
                    self.rest = after;
                    if let Some(class) = shorthand(escaped) {
                        (0..256).for_each(|at| set[at] |= class[at]);
                        first = false;
                        continue;
                    }
                    escaped
                }
                byte => byte,
            };
            first = false;
            let high = match self.rest {
                [b'-', high, after @ ..] if *high != b']' && *high != b'\\' => {
                    self.rest = after;
                    *high
                }
                _ => low,
            };
            (low..=high).for_each(|byte| set[usize::from(byte)] = true);
        }
        if negated {
            set.iter_mut().for_each(|is_in| *is_in = !*is_in);
        }
        Ok(Piece::Class(Box::new(set)))
    }

    /// How often the piece before stands there.
    fn repeat(&mut self) -> Result<(u32, Option<u32>), String> {
        let (counts, after) = match self.rest {
            [b'*', after @ ..] => ((0, None), after),
            [b'+', after @ ..] => ((1, None), after),
            [b'?', after @ ..] => ((0, Some(1)), after),
            [b'{', after @ ..] => {
                let end = after.iter().position(|&byte| byte == b'}');
                let end = end.ok_or("has a `{` where no key can follow it")?;
                let text = core::str::from_utf8(&after[..end]).unwrap_or_default();
                let number = |text: &str| text.parse().ok().filter(|&n| n <= REPEAT_MAX);
                let counts = match text.split_once(',') {
                    None => number(text).map(|count| (count, Some(count))),
                    Some((least, "")) => number(least).map(|least| (least, None)),
                    Some((least, most)) => number(least).zip(number(most).map(Some)),
                };
                let counts = counts.ok_or("has a `{` where no key can follow it")?;
                (counts, &after[end + 1..])
            }
            _ => return Ok((1, Some(1))),
        };
        self.rest = after;
        // Less greedy: what is matched stays the same where a key comes of it.
        match self.rest {
            [b'?', after @ ..] => self.rest = after,
            [b'+' | b'*', ..] => return Err("has two repeats in a row".to_owned()),
            _ => {}
        }
        Ok(counts)
    }
}

/// `\d`, `\w` and `\s`, and their opposites.
fn shorthand(letter: u8) -> Option<[bool; 256]> {
    let is_in: fn(u8) -> bool = match letter.to_ascii_lowercase() {
        b'd' => |byte| byte.is_ascii_digit(),
        b'w' => |byte| byte.is_ascii_alphanumeric() || byte == b'_',
        b's' => |byte| byte.is_ascii_whitespace() || byte == 0x0b,
        _ => return None,
    };
    let negated = letter.is_ascii_uppercase();
    let mut set = [false; 256];
    (0..=255u8).for_each(|byte| set[usize::from(byte)] = is_in(byte) != negated);
    Some(set)
}
