//! What a rule or `RedirectMatch` sends: text with what was captured, and variables.

use super::super::paths::push_literal;
use crate::links::bytes::shown;

/// A part of what is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// As it stands in a target.
    Text(Vec<u8>),
    /// `$n`
    Rule(usize),
    /// `%n`
    Condition(usize),
    /// The variable of nginx that is the same.
    Variable(&'static str),
    /// `${name:key|default}`
    Map(MapCall),
}

impl Piece {
    /// Whether it brings a `?`.
    pub(super) fn has_query(&self) -> bool {
        matches!(self, Piece::Text(text) if text.contains(&b'?'))
    }
}

/// A look into a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MapCall {
    /// As it is written, up to its `|`.
    pub(super) asked: Vec<u8>,
    pub(super) name: Vec<u8>,
    pub(super) key: Vec<Piece>,
    pub(super) default: Option<Vec<Piece>>,
}

/// How text is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As mod_rewrite escapes it; with `[NE]`, not.
    Rewrite { escapes: bool },
    /// As `RedirectMatch` does.
    Match,
}

/// Deepest default of a map within another.
const DEPTH_MAX: usize = 4;

/// What a byte becomes where Apache escapes paths (its `T_OS_ESCAPE_PATH`).
fn escaped(byte: u8, out: &mut Vec<u8>) {
    match byte.is_ascii_alphanumeric() || b"$-_.+!*'(),:;@&=/~".contains(&byte) {
        true => out.push(byte),
        false => out.extend_from_slice(format!("%{byte:02X}").as_bytes()),
    }
}

/// Reads what is sent.
///
/// # Errors
/// What no target can say, as a sentence.
pub(super) fn read(text: &[u8], spelling: Spelling) -> Result<Vec<Piece>, String> {
    Reader { spelling, in_query: false, in_fragment: false }.pieces(text, 0)
}

/// A value of a map, as it is sent.
pub(super) fn map_value(text: &[u8], escapes: bool) -> Vec<u8> {
    let mut reader =
        Reader { spelling: Spelling::Rewrite { escapes }, in_query: false, in_fragment: false };
    let mut out = Vec::new();
    text.iter().for_each(|byte| reader.text(*byte, &mut out));
    out
}

struct Reader {
    spelling: Spelling,
    in_query: bool,
    in_fragment: bool,
}

impl Reader {
    fn pieces(&mut self, text: &[u8], depth: usize) -> Result<Vec<Piece>, String> {
        let mut pieces = Vec::new();
        let mut plain = Vec::new();
        let mut rest = text;
        while let Some((&byte, behind)) = rest.split_first() {
            let piece = match (byte, behind) {
                (b'\\', [escaped, after @ ..]) => {
                    self.text(*escaped, &mut plain);
                    rest = after;
                    continue;
                }
                (b'$', [digit @ b'0'..=b'9', after @ ..]) => {
                    rest = after;
                    Piece::Rule(usize::from(digit - b'0'))
                }
                (b'%', [digit @ b'0'..=b'9', after @ ..]) if self.spelling != Spelling::Match => {
                    rest = after;
                    Piece::Condition(usize::from(digit - b'0'))
                }
                (b'%', [b'{', after @ ..]) if self.spelling != Spelling::Match => {
                    let end = after.iter().position(|&byte| byte == b'}');
                    let end = end.ok_or("a `%{` is left open")?;
                    rest = &after[end + 1..];
                    Piece::Variable(variable(&after[..end])?)
                }
                (b'$', [b'{', ..]) if self.spelling != Spelling::Match => {
                    let (call, after) = self.map(behind, depth)?;
                    rest = after;
                    Piece::Map(call)
                }
                _ => {
                    self.text(byte, &mut plain);
                    rest = behind;
                    continue;
                }
            };
            if !plain.is_empty() {
                pieces.push(Piece::Text(core::mem::take(&mut plain)));
            }
            pieces.push(piece);
        }
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(pieces)
    }

    fn text(&mut self, byte: u8, plain: &mut Vec<u8>) {
        let escapes = match self.spelling {
            Spelling::Rewrite { escapes } => escapes,
            Spelling::Match => !self.in_query && !self.in_fragment,
        };
        match byte {
            b'?' if !self.in_query => {
                self.in_query = true;
                plain.push(b'?');
            }
            b'#' if self.spelling == Spelling::Match || !escapes => {
                self.in_fragment = true;
                plain.push(b'#');
            }
            _ if escapes => escaped(byte, plain),
            _ => plain.push(byte),
        }
    }

    /// A look into a map, and what follows it.
    fn map<'t>(&mut self, text: &'t [u8], depth: usize) -> Result<(MapCall, &'t [u8]), String> {
        if depth == DEPTH_MAX {
            return Err("maps within maps are too deep".to_owned());
        }
        let end = closed(text).ok_or("a `${` is left open")?;
        let inner = &text[1..end];
        let colon = inner.iter().position(|&byte| byte == b':');
        let colon = colon.ok_or_else(|| format!("`${{{}}}` has no key", shown(inner)))?;
        let (name, rest) = (&inner[..colon], &inner[colon + 1..]);
        let bar = bar(rest);
        let (key, default) = match bar {
            Some(bar) => (&rest[..bar], Some(&rest[bar + 1..])),
            None => (rest, None),
        };
        let in_query = self.in_query;
        let call = MapCall {
            asked: inner[..colon + 1 + key.len()].to_vec(),
            name: name.to_vec(),
            key: self.pieces(key, depth + 1)?,
            default: default.map(|text| self.pieces(text, depth + 1)).transpose()?,
        };
        // A default may have a query of its own.
        self.in_query = in_query;
        Ok((call, &text[end + 1..]))
    }
}

/// Where the `}` is that closes the `{` at the beginning.
fn closed(text: &[u8]) -> Option<usize> {
    let mut depth = 0;
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Where the `|` is before a default.
fn bar(text: &[u8]) -> Option<usize> {
    let mut depth = 0;
    text.iter().position(|byte| {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        depth == 0 && *byte == b'|'
    })
}

/// What is looked up, where a text is a look into a map and nothing else.
pub(super) fn map_call(text: &[u8]) -> Option<&[u8]> {
    let inner = text.strip_prefix(b"$")?;
    let end = closed(inner)?;
    let asked = &inner[1..end];
    let asked = &asked[..bar(asked).unwrap_or(asked.len())];
    (end + 1 == inner.len()).then_some(asked)
}

/// The variable of nginx that is the same.
fn variable(name: &[u8]) -> Result<&'static str, String> {
    Ok(match &name.to_ascii_uppercase()[..] {
        b"HTTP_HOST" | b"SERVER_NAME" => "host",
        b"REQUEST_URI" => "uri",
        b"QUERY_STRING" => "args",
        b"REQUEST_SCHEME" => "scheme",
        b"REMOTE_ADDR" => "remote_addr",
        b"HTTP_USER_AGENT" => "http_user_agent",
        b"HTTP_REFERER" => "http_referer",
        _ => {
            return Err(format!(
                "%{{{}}} cannot be told in a target; write its value",
                shown(name)
            ));
        }
    })
}

/// The key of a map, as part of the key of a link.
pub(super) fn map_key(text: &[u8]) -> Result<Vec<u8>, String> {
    let mut key = Vec::new();
    push_literal(text, &mut key)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, spelling: Spelling, want: &str) {
        let got = match read(text.as_bytes(), spelling) {
            Ok(pieces) => pieces.iter().map(written).collect(),
            Err(message) => format!("!{message}"),
        };
        let same = match want.strip_prefix('!') {
            Some(want) => got.contains(want),
            None => got == want,
        };
        assert!(same, "{text}: {got}");
    }

    fn written(piece: &Piece) -> String {
        match piece {
            Piece::Text(text) => shown(text),
            Piece::Rule(at) => format!("<${at}>"),
            Piece::Condition(at) => format!("<%{at}>"),
            Piece::Variable(name) => format!("<{name}>"),
            Piece::Map(call) => format!(
                "<{} {}|{}>",
                shown(&call.name),
                call.key.iter().map(written).collect::<String>(),
                call.default.iter().flatten().map(written).collect::<String>()
            ),
        }
    }

    #[test]
    fn of_rules() {
        let escaping = Spelling::Rewrite { escapes: true };
        check("https://x/$1", escaping, "https://x/<$1>");
        check("https://x/a#b|c", escaping, "https://x/a%23b%7Cc");
        check(r"https://x/\$1\%20", escaping, "https://x/$1%2520");
        check("https://x/a?", escaping, "https://x/a?");
        check("https://x/a?b=%1#c", escaping, "https://x/a?b=<%1>%23c");
        check("https://x/a?$1", escaping, "https://x/a?<$1>");
        check("https://x/?a?b", escaping, "https://x/?a%3Fb");
        check("https://%{HTTP_HOST}%{REQUEST_URI}", escaping, "https://<host><uri>");
        check("%{ENV:x}", escaping, "!%{ENV:x} cannot be told");
        check("%{HTTP_HOST", escaping, "!is left open");
        check("${m:$1|https://x/%1}", escaping, "<m <$1>|https://x/<%1>>");
        check("${m:a${n:$1|b}|c}d", escaping, "<m a<n <$1>|b>|c>d");
        check("${m}", escaping, "!has no key");
        check("https://x/#a%b", Spelling::Rewrite { escapes: false }, "https://x/#a%b");
    }

    #[test]
    fn of_redirect_match() {
        check("https://x/%20$1?a=%20#f%1", Spelling::Match, "https://x/%2520<$1>?a=%20#f%1");
        check("https://x/#f%20", Spelling::Match, "https://x/#f%20");
        check("${x}", Spelling::Match, "$%7Bx%7D");
    }

    #[test]
    fn looks_into_maps() {
        assert_eq!(map_call(b"${m:$1}"), Some(&b"m:$1"[..]));
        assert_eq!(map_call(b"${m:$1|x}"), Some(&b"m:$1"[..]));
        assert_eq!(map_call(b"${m:$1}x"), None);
        assert_eq!(map_call(b"$1"), None);
    }
}
