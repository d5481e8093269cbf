//! nginx's words, as its `ngx_conf_read_token` takes them: parted by white space,
//! quoted or not, with `;`, `{` and `}` between directives.

/// What ends a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DirectiveEnd {
    /// `;`
    Semicolon,
    /// `{`
    Open,
    /// `}`, with no words before it.
    Close,
    /// The file, with no words before it.
    File,
}

/// The words of a file, directive by directive.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    text: &'a [u8],
    at: usize,
    /// Counted from 1.
    pub(super) line: u32,
}

impl<'a> Tokens<'a> {
    /// Those of `text` from byte `at` on, which is on this line.
    pub(super) fn new(text: &'a [u8], at: usize, line: u32) -> Tokens<'a> {
        Tokens { text, at, line }
    }

    /// How far it has come, bytes.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Reads a directive into `words`; returns the line of its first word and its
    /// end.
    ///
    /// # Errors
    /// Why this is no configuration, as a sentence. What follows cannot be read.
    pub(super) fn next(&mut self, words: &mut Vec<Vec<u8>>) -> Result<(u32, DirectiveEnd), String> {
        words.clear();
        let mut first = self.line;
        loop {
            let Some(&byte) = self.text.get(self.at) else {
                if words.is_empty() {
                    return Ok((self.line, DirectiveEnd::File));
                }
                return Err("the file ends within a directive; write the `;` behind it".to_owned());
            };
            match byte {
                b'\n' => {
                    self.line += 1;
                    self.at += 1;
                }
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'#' => {
                    let rest = &self.text[self.at..];
                    self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                }
                b';' | b'{' if words.is_empty() => {
                    return Err(format!("a `{}` without words before it", byte as char));
                }
                b'}' if !words.is_empty() => {
                    return Err("a `}` within a directive; write the `;` before it".to_owned());
                }
                b';' | b'{' | b'}' => {
                    self.at += 1;
                    let end = match byte {
                        b';' => DirectiveEnd::Semicolon,
                        b'{' => DirectiveEnd::Open,
                        _ => DirectiveEnd::Close,
                    };
                    return Ok((if words.is_empty() { self.line } else { first }, end));
                }
                _ => {
                    if words.is_empty() {
                        first = self.line;
                    }
                    let word = match byte {
                        b'"' | b'\'' => self.quoted(byte)?,
                        _ => self.plain(),
                    };
                    words.push(word);
                }
            }
        }
    }

    fn quoted(&mut self, quote: u8) -> Result<Vec<u8>, String> {
        let start = self.at + 1;
        let mut at = start;
        let mut lines = 0;
        while let Some(&byte) = self.text.get(at) {
            match byte {
                b'\\' => at += 1,
                b'\n' => lines += 1,
                _ if byte == quote => break,
                _ => {}
            }
            at += 1;
        }
        if at >= self.text.len() {
            return Err("a quote is left open".to_owned());
        }
        self.at = at + 1;
        // A line end behind a backslash is counted by nobody else.
        let escaped = self.text[start..at].windows(2).filter(|pair| pair == b"\\\n").count();
        self.line += lines + escaped as u32;
        match self.text.get(self.at) {
            None | Some(b' ' | b'\t' | b'\r' | b'\n' | b';' | b'{' | b')') => {
                Ok(unescaped(&self.text[start..at]))
            }
            Some(byte) => {
                Err(format!("`{}` stands right behind a quote; part them", byte.escape_ascii()))
            }
        }
    }

    fn plain(&mut self) -> Vec<u8> {
        let start = self.at;
        let mut variable = false;
        while let Some(&byte) = self.text.get(self.at) {
            match byte {
                b'{' if variable => {}
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'{' => break,
                b'\\' => {
                    self.at += 1;
                    self.line += u32::from(self.text.get(self.at) == Some(&b'\n'));
                }
                _ => {}
            }
            variable = byte == b'$';
            self.at += 1;
        }
        self.at = self.at.min(self.text.len());
        unescaped(&self.text[start..self.at])
    }
}

/// A backslash goes before a quote or another one, and makes a control character
/// of some letters; before anything else it stays.
fn unescaped(word: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some((&byte, behind)) = rest.split_first() {
        let escaped = match (byte, behind.first()) {
            (b'\\', Some(b't')) => Some(b'\t'),
            (b'\\', Some(b'r')) => Some(b'\r'),
            (b'\\', Some(b'n')) => Some(b'\n'),
            (b'\\', Some(&next @ (b'"' | b'\'' | b'\\'))) => Some(next),
            _ => None,
        };
        out.push(escaped.unwrap_or(byte));
        rest = if escaped.is_some() { &behind[1..] } else { behind };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Directives as `line word|word` and their end.
    fn check(text: &str, want: &[&str]) {
        let mut tokens = Tokens::new(text.as_bytes(), 0, 1);
        let mut words = Vec::new();
        let mut got = Vec::new();
        loop {
            let ended = tokens.next(&mut words);
            let joined = String::from_utf8_lossy(&words.join(&b'|')).into_owned();
            match ended {
                Ok((_, DirectiveEnd::File)) => break,
                Ok((line, end)) => {
                    let end = match end {
                        DirectiveEnd::Semicolon => ';',
                        DirectiveEnd::Open => '{',
                        _ => '}',
                    };
                    got.push(format!("{line} {joined}{end}"));
                }
                Err(message) => {
                    got.push(format!("{} !{}", tokens.line, message.split(';').next().unwrap()));
                    break;
                }
            }
        }
        assert_eq!(got, want, "{text:?}");
    }

    #[test]
    fn directives() {
        check("", &[]);
        check("a b;c{d;}", &["1 a|b;", "1 c{", "1 d;", "1 }"]);
        check("a\n  b # ; c\n\t;\nd;", &["1 a|b;", "4 d;"]);
        check("a#b c;", &["1 a#b|c;"]);
        check("a}b;", &["1 a}b;"]);
        check("a ${x}y$z;", &["1 a|${x}y$z;"]);
    }

    #[test]
    fn quotes_and_backslashes() {
        check(r#"a "b ;{ \" 'c" 'd "';"#, &[r#"1 a|b ;{ " 'c|d ";"#]);
        check(r"a \default b\;c d\ e;", &[r"1 a|\default|b\;c|d\ e;"]);
        check(r#"a ~^/x\.y$ "\\" "\d";"#, &[r"1 a|~^/x\.y$|\|\d;"]);
        check("a \"b\nc\";\nd;", &["1 a|b\nc;", "3 d;"]);
        check(r#"if ($a = "b"){"#, &["1 if|($a|=|b|){"]);
        check(r#"a "";"#, &["1 a|;"]);
    }

    #[test]
    fn what_is_no_configuration() {
        check("a;\nb", &["1 a;", "2 !the file ends within a directive"]);
        check("a\n}", &["2 !a `}` within a directive"]);
        check("{", &["1 !a `{` without words before it"]);
        check(";", &["1 !a `"]);
        check("a \"b;", &["1 !a quote is left open"]);
        check("a \"b\\", &["1 !a quote is left open"]);
        check("a \"b\"c;", &["1 !`c` stands right behind a quote"]);
        check("a b\\", &["1 !the file ends within a directive"]);
    }
}
