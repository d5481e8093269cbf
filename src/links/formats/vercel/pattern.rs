//! Patterns of path-to-regexp 6, as expressions.

/// A pattern that was read.
#[derive(Debug, Default)]
pub(super) struct Pattern {
    /// The same as a regular expression.
    pub(super) expression: String,
    /// The names of its captures; empty for one without.
    pub(super) names: Vec<String>,
    /// Whether one of them takes any number of segments.
    pub(super) has_rest: bool,
    /// Names that are a whole segment of digits, or of word letters, with that type.
    pub(super) types: Vec<(String, &'static str)>,
}

/// Groups that are a type of a placeholder; Vercel looks at no case.
const TYPES: [(&str, &str); 9] = [
    ("\\d+", "(int)"),
    ("[0-9]+", "(int)"),
    ("[\\w-]+", "(word)"),
    ("[-\\w]+", "(word)"),
    ("[a-z0-9_-]+", "(word)"),
    ("[a-zA-Z0-9_-]+", "(word)"),
    ("[A-Za-z0-9_-]+", "(word)"),
    ("[a-zA-Z0-9-_]+", "(word)"),
    ("[A-Za-z0-9-_]+", "(word)"),
];

impl Pattern {
    /// Reads one.
    ///
    /// # Errors
    /// What of it is no key, as a sentence.
    pub(super) fn read(source: &str) -> Result<Pattern, String> {
        let mut pattern = Pattern { expression: "^".to_owned(), ..Pattern::default() };
        let mut rest = source;
        while !rest.is_empty() {
            rest = pattern.piece(rest)?;
        }
        pattern.expression.push('$');
        if pattern.names.len() > 9 {
            return Err("a source has at most 9 names here; write its links one by one".to_owned());
        }
        Ok(pattern)
    }

    fn piece<'s>(&mut self, text: &'s str) -> Result<&'s str, String> {
        let first = text.chars().next().expect("there is more");
        let rest = &text[first.len_utf8()..];
        match first {
            '/' | '.' if rest.starts_with([':', '(']) => self.capture(first, rest),
            ':' | '(' => self.capture('\0', text),
            '{' => {
                let end = rest.find('}').ok_or("a `{` is left open")?;
                let mut inner = Pattern::default();
                let mut part = &rest[..end];
                while !part.is_empty() {
                    part = inner.piece(part)?;
                }
                self.names.append(&mut inner.names);
                self.types.append(&mut inner.types);
                self.has_rest |= inner.has_rest;
                let (times, after) = modifier(&rest[end + 1..]);
                if matches!(times, Some('*' | '+')) {
                    return Err("it has a part that may be repeated, which no key says".to_owned());
                }
                self.expression.push_str(&format!("(?:{})", inner.expression));
                self.expression.extend(times);
                Ok(after)
            }
            '\\' => {
                let escaped = rest.chars().next().ok_or("it ends with a backslash")?;
                self.literal(escaped);
                Ok(&rest[escaped.len_utf8()..])
            }
            '*' | '+' | '?' | '}' => Err(format!(
                "the source has a `{first}` where Vercel takes none; write `:name{first}` or `(.*)`"
            )),
            literal => {
                self.literal(literal);
                Ok(rest)
            }
        }
    }

    fn literal(&mut self, literal: char) {
        if literal.is_ascii_punctuation() && literal != '/' {
            self.expression.push('\\');
        }
        self.expression.push(literal);
    }

    /// A key with the types of its placeholders.
    pub(super) fn typed(&self, key: &[u8]) -> Vec<u8> {
        let segments = key.split(|&byte| byte == b'/').map(|segment| {
            let typed = segment
                .strip_prefix(b":")
                .and_then(|name| self.types.iter().find(|(known, _)| known.as_bytes() == name));
            [segment, typed.map_or(&b""[..], |(_, typed)| typed.as_bytes())].concat()
        });
        segments.collect::<Vec<_>>().join(&b'/')
    }

    /// A name or a group behind what stands before it.
    fn capture<'s>(&mut self, prefix: char, text: &'s str) -> Result<&'s str, String> {
        let mut rest = text;
        let mut name = "";
        if let Some(named) = text.strip_prefix(':') {
            let end = named.find(|it: char| !it.is_ascii_alphanumeric() && it != '_');
            (name, rest) = named.split_at(end.unwrap_or(named.len()));
            if name.is_empty() {
                return Err("the source has a `:` without a name; write `\\\\:`".to_owned());
            }
        }
        let mut own = None;
        if rest.starts_with('(') {
            let end = closed(rest).ok_or("the source has a `(` that is left open")?;
            own = Some(&rest[1..end]);
            rest = &rest[end + 1..];
        }
        let (times, after) = modifier(rest);
        let is_segment =
            prefix == '/' && times.is_none() && (after.is_empty() || after.starts_with('/'));
        let begins = name.starts_with(|it: char| it.is_ascii_alphabetic());
        let group = match begins && name != "splat" {
            true => format!("(?<{name}>"),
            false => "(".to_owned(),
        };
        let typed = TYPES.iter().find(|(group, _)| own == Some(*group) && is_segment);
        if let Some((_, typed)) = typed.filter(|_| begins && name != "splat") {
            self.types.push((name.to_owned(), typed));
            own = None;
        }
        self.names.push(name.to_owned());
        let prefix = match prefix {
            '\0' => "",
            '.' => "\\.",
            _ => "/",
        };
        let text = match (own, times) {
            (None, None) => format!("{prefix}{group}[^/]+)"),
            (Some(own), None) => format!("{prefix}{group}{own})"),
            (None, Some('?')) => format!("(?:{prefix}{group}[^/]+))?"),
            (Some(own), Some('?')) => format!("(?:{prefix}{group}{own}))?"),
            (None, Some(times)) if prefix == "/" => {
                self.has_rest = true;
                match times {
                    '*' => format!("(?:/{group}.*))?"),
                    _ => format!("/{group}.+)"),
                }
            }
            _ => return Err("it has a part that may be repeated, which no key says".to_owned()),
        };
        self.expression.push_str(&text);
        Ok(after)
    }
}

fn modifier(text: &str) -> (Option<char>, &str) {
    match text.chars().next() {
        Some(times @ ('*' | '+' | '?')) => (Some(times), &text[1..]),
        _ => (None, text),
    }
}

/// Where the `)` is that closes the `(` at the beginning.
fn closed(text: &str) -> Option<usize> {
    let (mut depth, mut escaped) = (0, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'(' => depth += 1,
            b')' if depth == 1 => return Some(at),
            b')' => depth -= 1,
            _ => {}
        }
    }
    None
}
