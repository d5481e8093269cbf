//! `RewriteCond`: what a key can ask for.

use super::super::regex::{self, Fill, Subject};
use super::keys::Matched;
use super::query::{self, QueryWish};
use super::substitution::map_call;
use crate::links::bytes::shown;

/// A condition as it is written.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub(super) line: u32,
    test: Vec<u8>,
    pattern: Vec<u8>,
    any_case: bool,
    /// Whether it or the next has to hold.
    pub(super) or_next: bool,
}

/// What a condition wants.
#[derive(Clone, Debug)]
pub(super) enum Wish {
    Path(Matched),
    /// A host: text, or an expression.
    Host(HostWish),
    Query(QueryWish),
    /// That it came over http; or over https.
    Scheme {
        http: bool,
    },
    /// That a map has something for this.
    InMap(Vec<u8>),
}

/// What a condition wants of the host.
#[derive(Clone, Debug)]
pub(super) struct HostWish {
    pub(super) expression: Vec<u8>,
    pub(super) any_case: bool,
    pub(super) is_text: bool,
    pub(super) negated: bool,
}

impl Condition {
    /// Of the words of a directive.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub(super) fn of(line: u32, words: &[Vec<u8>]) -> Result<Condition, String> {
        let [test, pattern, flags @ ..] = words else {
            return Err("a condition has a text and a pattern: RewriteCond %{HTTP_HOST} ^…$".into());
        };
        let mut made = Condition {
            line,
            test: test.clone(),
            pattern: pattern.clone(),
            any_case: false,
            or_next: false,
        };
        for flag in super::flags::flags(flags)? {
            match &flag.to_ascii_uppercase()[..] {
                b"NC" | b"NOCASE" => made.any_case = true,
                b"OR" | b"ORNEXT" => made.or_next = true,
                b"NV" | b"NOVARY" => {}
                _ => {
                    return Err(format!("the flag `{}` of a condition is not known", shown(&flag)));
                }
            }
        }
        Ok(made)
    }

    /// What it wants.
    ///
    /// # Errors
    /// Why no key can ask for that, as a sentence.
    pub(super) fn wish(&self) -> Result<Wish, String> {
        let (negated, pattern) = match self.pattern.strip_prefix(b"!") {
            Some(pattern) => (true, pattern),
            None => (false, &self.pattern[..]),
        };
        let text = pattern.strip_prefix(b"=");
        let text = text.map(|text| if text == b"\"\"" { b"" } else { text });
        if let Some(call) = map_call(&self.test) {
            let has = matches!(
                (negated, text, pattern),
                (true, Some(b""), _)
                    | (true, None, b"^$")
                    | (false, None, b"." | b".+" | b"^.+$" | b"(.+)")
            );
            return match has {
                true => Ok(Wish::InMap(call.to_vec())),
                false => Err(self.unknown()),
            };
        }
        let name = self.test.strip_prefix(b"%{").and_then(|rest| rest.strip_suffix(b"}"));
        let name = name.ok_or_else(|| self.unknown())?.to_ascii_uppercase();
        match &name[..] {
            b"REQUEST_URI" if negated => Err(format!(
                "no key asks for all paths but those of `{}`; write links of their own for what is left",
                shown(pattern)
            )),
            b"REQUEST_URI" => self.path(pattern, text).map(Wish::Path),
            b"HTTP_HOST" | b"SERVER_NAME" => Ok(Wish::Host(HostWish {
                expression: text.unwrap_or(pattern).to_vec(),
                any_case: self.any_case,
                is_text: text.is_some(),
                negated,
            })),
            b"QUERY_STRING" if negated => Err(self.unknown()),
            b"QUERY_STRING" => self.query(pattern, text).map(Wish::Query),
            b"HTTPS" => self.scheme(negated, pattern, [b"off", b"on"]),
            b"SERVER_PORT" => self.scheme(negated, pattern, [b"80", b"443"]),
            b"REQUEST_SCHEME" | b"HTTP:X-FORWARDED-PROTO" => {
                self.scheme(negated, pattern, [b"http", b"https"])
            }
            _ => Err(self.unknown()),
        }
    }

    fn path(&self, pattern: &[u8], text: Option<&[u8]>) -> Result<Matched, String> {
        let Some(text) = text else {
            return Matched::of_expression(pattern, self.any_case, None);
        };
        let mut matched = Matched::below(text)?;
        matched.keys.truncate(1);
        if text.ends_with(b"/") {
            matched.keys[0].key.pop();
        }
        matched.keys[0].rule.clear();
        matched.any_case = self.any_case;
        Ok(matched)
    }

    fn query(&self, pattern: &[u8], text: Option<&[u8]>) -> Result<QueryWish, String> {
        match text {
            Some(text) => {
                let mut quoted = vec![b'^'];
                for &byte in text {
                    if matches!(byte, b'.' | b'$' | b'^' | b'(' | b')' | b'|' | b'?') {
                        quoted.push(b'\\');
                    }
                    quoted.push(byte);
                }
                quoted.push(b'$');
                query::read(&quoted)
            }
            None => query::read(pattern),
        }
    }

    fn scheme(&self, negated: bool, pattern: &[u8], words: [&[u8]; 2]) -> Result<Wish, String> {
        let bare = pattern.strip_prefix(b"=").unwrap_or(pattern);
        let bare = bare.strip_prefix(b"^").unwrap_or(bare);
        let bare = bare.strip_suffix(b"$").unwrap_or(bare);
        let at = words.iter().position(|word| bare.eq_ignore_ascii_case(word));
        // What is found anywhere in `https`, too.
        let loose = bare == b"http" && !pattern.ends_with(b"$") && !pattern.starts_with(b"=");
        match at {
            Some(at) if !loose => Ok(Wish::Scheme { http: (at == 0) != negated }),
            _ => Err(self.unknown()),
        }
    }

    fn unknown(&self) -> String {
        format!(
            "no key can ask for the condition on line {}, `{} {}`; leave it out if it always holds, or the rule",
            self.line,
            shown(&self.test),
            shown(&self.pattern)
        )
    }
}

/// Hosts with what was captured of each, and what is said of them.
type NamedHosts = (Vec<(Vec<u8>, Vec<Fill>)>, Option<String>);

/// The hosts that an expression names, without knowing any.
///
/// # Errors
/// Why it names none, as a sentence.
pub(super) fn hosts_named(wish: &HostWish) -> Result<NamedHosts, String> {
    if wish.is_text {
        return Ok((vec![(wish.expression.to_ascii_lowercase(), Vec::new())], None));
    }
    let mut expression = wish.expression.clone();
    let mut changed = None;
    if !expression.ends_with(b"$") {
        expression.push(b'$');
        let shown = shown(&wish.expression);
        changed = Some(format!("`{shown}` also matches hosts that only begin so"));
    }
    let subject = Subject { host: true, ..Subject::default() };
    let shape = regex::read(&expression, subject)?;
    if shape.keys.iter().any(|filled| filled.key.contains(&b'/')) {
        return Err(format!("`{}` is no single host", shown(&wish.expression)));
    }
    let hosts = shape.keys.into_iter().map(|it| (it.key.to_ascii_lowercase(), it.fills));
    Ok((hosts.collect(), changed.or(shape.changed)))
}
