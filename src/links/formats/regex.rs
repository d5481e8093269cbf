//! Regular expressions that are keys in disguise: an exact path, a prefix with
//! what follows it captured, whole segments captured. All others are refused:
//! carom looks keys up and tries no patterns.

use super::paths::push_literal;
use crate::links::bytes::shown;

/// What a regular expression comes to.
#[derive(Clone, Debug, Default)]
pub(super) struct Shape {
    /// The keys that match what it matches.
    pub(super) keys: Vec<Filled>,
    /// The names of its captures; empty for one without.
    pub(super) names: Vec<Vec<u8>>,
    /// In what the keys match otherwise, as a sentence.
    pub(super) changed: Option<String>,
}

/// A key, and what each capture of the expression is by it.
#[derive(Clone, Debug)]
pub(super) struct Filled {
    pub(super) key: Vec<u8>,
    pub(super) fills: Vec<Vec<u8>>,
}

impl Shape {
    /// The number of a capture by its name or number, counted from 0.
    pub(super) fn capture(&self, name: &[u8]) -> Option<usize> {
        if let [digit @ b'1'..=b'9'] = name {
            return Some(usize::from(digit - b'1')).filter(|&at| at < self.names.len());
        }
        self.names.iter().position(|known| !known.is_empty() && known == name)
    }
}

/// Reads an expression of paths (or hosts with paths), without a `~` before it.
///
/// # Errors
/// Why it is no key, as a sentence.
pub(super) fn read(expression: &[u8]) -> Result<Shape, String> {
    let unlike = |why: &str| {
        format!(
            "`{}` {why}; expressions such as ^/path$, ^/path/(.*)$ and ^/path/([^/]+)/page$ can be taken, for others write the links one by one",
            shown(expression)
        )
    };
    let Some(rest) = expression.strip_prefix(b"^") else {
        if matches!(expression, b"" | b".*" | b"(.*)") {
            return read(b"^(.*)$");
        }
        return Err(unlike("does not begin with ^"));
    };
    let mut reader = ExpressionReader {
        rest,
        key: Vec::new(),
        fills: Vec::new(),
        names: Vec::new(),
        dot: false,
    };
    let ends = reader.ends().map_err(|why| unlike(&why))?;
    reader.shape(ends).map_err(|why| unlike(&why))
}

/// How an expression ends.
enum ExpressionEnd {
    /// `$`
    Exact,
    /// `/?$`
    MaybeSlash,
    /// Anything may follow; captured?
    Open { captured: bool },
    /// `(.+)`
    OpenFilled { captured: bool },
    /// `/?(.*)`
    MaybeSlashOpen,
    /// `(/.*)?$`, `(/|$)`: nothing, or what begins with a slash.
    Below { captured: bool, or_nothing: bool },
}

struct ExpressionReader<'a> {
    rest: &'a [u8],
    key: Vec<u8>,
    fills: Vec<Vec<u8>>,
    names: Vec<Vec<u8>>,
    /// Whether a dot was taken for a dot.
    dot: bool,
}

impl ExpressionReader<'_> {
    fn eat(&mut self, text: &[u8]) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Reads to the end, where `$` may be left out of what anything may follow.
    fn ends(&mut self) -> Result<ExpressionEnd, String> {
        let end = self.path()?;
        let anchored = self.eat(b"$");
        if !self.rest.is_empty() {
            return Err("goes on behind what can be taken".to_owned());
        }
        Ok(match end {
            ExpressionEnd::Exact if !anchored => ExpressionEnd::Open { captured: false },
            ExpressionEnd::MaybeSlash if !anchored => ExpressionEnd::Open { captured: false },
            other => other,
        })
    }

    fn path(&mut self) -> Result<ExpressionEnd, String> {
        loop {
            match self.rest {
                [] | [b'$'] => return Ok(ExpressionEnd::Exact),
                [b'/', b'?', ..] => {
                    self.rest = &self.rest[2..];
                    return match self.rest {
                        [] | [b'$'] => Ok(ExpressionEnd::MaybeSlash),
                        [b'(', b'.', b'*', b')', ..] => {
                            self.rest = &self.rest[4..];
                            self.names.push(Vec::new());
                            Ok(ExpressionEnd::MaybeSlashOpen)
                        }
                        _ => Err("has a slash that may be left out".to_owned()),
                    };
                }
                [b'(', ..] => {
                    if let Some(end) = self.group()? {
                        return Ok(end);
                    }
                }
                [b'.', b'*', ..] => {
                    self.rest = &self.rest[2..];
                    return Ok(ExpressionEnd::Open { captured: false });
                }
                [b'.', b'+', ..] => {
                    self.rest = &self.rest[2..];
                    return Ok(ExpressionEnd::OpenFilled { captured: false });
                }
                [b'\\', escaped, rest @ ..] if !escaped.is_ascii_alphanumeric() => {
                    self.rest = rest;
                    self.literal(*escaped)?;
                }
                [b'.', rest @ ..] => {
                    self.dot = true;
                    self.rest = rest;
                    self.literal(b'.')?;
                }
                [byte, ..] if b"\\[]{}()*+?|^$".contains(byte) => {
                    return Err(format!("has a `{}` where no key can follow it", *byte as char));
                }
                [byte, rest @ ..] => {
                    self.rest = rest;
                    self.literal(*byte)?;
                }
            }
        }
    }

    fn literal(&mut self, byte: u8) -> Result<(), String> {
        if let [repeat @ (b'*' | b'+' | b'?' | b'{'), ..] = self.rest {
            return Err(format!("has a `{}` where no key can follow it", *repeat as char));
        }
        match byte {
            b':' if self.key.ends_with(b"/") => {
                Err("has a segment that begins with a colon".to_owned())
            }
            _ => {
                let mut spelled = Vec::new();
                push_literal(&[byte], &mut spelled)?;
                self.key.extend_from_slice(&spelled);
                Ok(())
            }
        }
    }

    fn group(&mut self) -> Result<Option<ExpressionEnd>, String> {
        let close = self.rest.iter().position(|&byte| byte == b')');
        let close = close.ok_or("has a group that is left open")?;
        let inside = &self.rest[1..close];
        self.rest = &self.rest[close + 1..];
        let (name, inside) = named(inside)?;
        let captured = name.is_some();
        let is_tail = |end| Ok(Some(end));
        let note = |reader: &mut Self| reader.names.extend(name.map(<[u8]>::to_vec));
        match inside {
            b".*" => {
                note(self);
                is_tail(ExpressionEnd::Open { captured })
            }
            b".+" => {
                note(self);
                is_tail(ExpressionEnd::OpenFilled { captured })
            }
            b"/.*" => {
                note(self);
                let or_nothing = self.eat(b"?");
                is_tail(ExpressionEnd::Below { captured, or_nothing })
            }
            b"/|$" | b"$|/" if !captured || self.rest.is_empty() => {
                if captured {
                    return Err("captures where the path ends".to_owned());
                }
                is_tail(ExpressionEnd::Below { captured: false, or_nothing: true })
            }
            b"[^/]+" => {
                if !self.key.ends_with(b"/") || !matches!(self.rest, [] | [b'/', ..] | b"$") {
                    return Err("captures part of a segment".to_owned());
                }
                if self.rest.is_empty() {
                    return Err("does not end with $ behind a segment".to_owned());
                }
                let number = self.fills.len() + 1;
                let placeholder = match name {
                    Some(name) if !name.is_empty() && name != b"splat" => [b":", name].concat(),
                    _ => format!(":p{number}").into_bytes(),
                };
                self.key.extend_from_slice(&placeholder);
                if captured {
                    self.names.push(name.unwrap_or_default().to_vec());
                    self.fills.push(placeholder);
                }
                Ok(None)
            }
            _ => Err(format!("has a group `({})`", shown(inside))),
        }
    }

    fn shape(self, end: ExpressionEnd) -> Result<Shape, String> {
        let ExpressionReader { key, fills, names, dot, .. } = self;
        let slash = key.ends_with(b"/");
        let filled = |more: &[u8], fill: Option<&[u8]>| Filled {
            key: [&key, more].concat(),
            fills: fills.iter().cloned().chain(fill.map(<[u8]>::to_vec)).collect(),
        };
        let some = |captured: bool, fill: &'static [u8]| captured.then_some(fill);
        let text = shown(&key);
        let longer = || {
            Some(format!(
                "the expression also matches {text}… without a slash between; here it is {text} and what is below it"
            ))
        };
        let (keys, changed) = match end {
            ExpressionEnd::Exact => (vec![filled(b"", None)], None),
            ExpressionEnd::MaybeSlash if slash => (vec![filled(b"", None)], None),
            ExpressionEnd::MaybeSlash => (vec![filled(b"", None), filled(b"/", None)], None),
            ExpressionEnd::Open { captured } if slash => {
                (vec![filled(b"*", some(captured, b":splat"))], None)
            }
            ExpressionEnd::Open { captured } | ExpressionEnd::OpenFilled { captured }
                if key.is_empty() =>
            {
                (vec![filled(b"/*", some(captured, b"/:splat"))], None)
            }
            ExpressionEnd::Open { captured } => (
                vec![filled(b"", some(captured, b"")), filled(b"/*", some(captured, b"/:splat"))],
                longer(),
            ),
            ExpressionEnd::OpenFilled { captured } if slash => (
                vec![filled(b"*", some(captured, b":splat"))],
                Some(format!(
                    "the expression does not match {text} itself, which is answered here"
                )),
            ),
            ExpressionEnd::OpenFilled { .. } => {
                return Err("has a `.+` behind part of a segment".to_owned());
            }
            ExpressionEnd::MaybeSlashOpen => {
                (vec![filled(b"", Some(b"")), filled(b"/*", Some(b":splat"))], longer())
            }
            ExpressionEnd::Below { .. } if slash => {
                return Err("has two slashes in a row".to_owned());
            }
            ExpressionEnd::Below { captured, or_nothing } => {
                let mut keys = vec![filled(b"/*", some(captured, b"/:splat"))];
                if or_nothing && !key.is_empty() {
                    keys.push(filled(b"", some(captured, b"")));
                }
                (keys, None)
            }
        };
        if keys.iter().any(|filled| filled.key.is_empty()) {
            return Err("matches the empty path alone".to_owned());
        }
        let dots = "an unescaped `.` in the expression is any character; here it is a dot";
        let changed = changed.or_else(|| dot.then(|| dots.to_owned()));
        Ok(Shape { keys, names, changed })
    }
}

/// The name of a group (empty: numbered alone; `None`: captures nothing) and
/// what is in it.
fn named(inside: &[u8]) -> Result<(Option<&[u8]>, &[u8]), String> {
    let Some(rest) = inside.strip_prefix(b"?") else {
        return Ok((Some(b""), inside));
    };
    if let Some(rest) = rest.strip_prefix(b":") {
        return Ok((None, rest));
    }
    let rest = rest.strip_prefix(b"P").unwrap_or(rest);
    let name = rest.strip_prefix(b"<").and_then(|rest| {
        let end = rest.iter().position(|&byte| byte == b'>')?;
        Some((&rest[..end], &rest[end + 1..]))
    });
    match name {
        Some((name, rest))
            if name.first().is_some_and(u8::is_ascii_alphabetic)
                && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') =>
        {
            Ok((Some(name), rest))
        }
        _ => Err(format!("has a group `({})`", shown(inside))),
    }
}

#[cfg(test)]
mod tests;
