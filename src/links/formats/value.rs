//! What a redirect of nginx sends: text with variables. Those that the links of
//! carom know are written in their way, the others are refused.

use super::paths::absolute;
use crate::links::bytes::shown;
use crate::links::formats::regex::{Fill, Shape};

/// What variables stand for, in one key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    /// That of the key; empty for any, `*.…` for one below a domain.
    pub(super) host: &'a [u8],
    /// The path, as a target writes it.
    pub(super) uri: &'a [u8],
    /// The expression that was matched, and what its captures are.
    pub(super) captures: Option<(&'a Shape, &'a [Fill])>,
    pub(super) base: Option<&'a str>,
}

/// A target.
#[derive(Debug)]
pub(super) struct SentTarget {
    pub(super) target: Vec<u8>,
    /// Whether it passes the visitor's query on.
    pub(super) keeps_query: bool,
    /// In what it is something else.
    pub(super) changed: Option<&'static str>,
    /// Whether text of the key, and so its spelling, is in it.
    pub(super) spelled: bool,
}

/// The name of a variable at the start of `text`, behind its `$`, and what
/// follows.
pub(super) fn variable(text: &[u8]) -> Option<(&[u8], &[u8])> {
    if let Some(rest) = text.strip_prefix(b"{") {
        let end = rest.iter().position(|&byte| byte == b'}')?;
        return (end > 0).then_some((&rest[..end], &rest[end + 1..]));
    }
    if let Some(b'1'..=b'9') = text.first() {
        return Some(text.split_at(1));
    }
    let end = text.iter().position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_'));
    let end = end.unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// The names of all variables in `text`.
pub(super) fn variables(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let places = memchr::memchr_iter(b'$', text);
    places.filter_map(|at| variable(&text[at + 1..])).map(|(name, _)| name)
}

/// `text` with `value` for every `$name`.
pub(super) fn filled(text: &[u8], name: &[u8], value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + value.len());
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        match variable(behind).filter(|_| byte == b'$') {
            Some((found, after)) if found == name => {
                out.extend_from_slice(value);
                rest = after;
            }
            _ => {
                out.push(byte);
                rest = behind;
            }
        }
    }
    out
}

/// About what would be written for it in a key that comes near what it is for.
pub(super) fn loose(value: &[u8], key: &str) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match variable(behind).filter(|_| byte == b'$') {
            Some((name, after)) => {
                rest = after;
                let numbered = format!(":p{}", String::from_utf8_lossy(name));
                out.push_str(match name {
                    b"request_uri" | b"uri" => "/:splat",
                    [b'1'..=b'9'] if key.contains(&numbered) => &numbered,
                    [b'1'..=b'9'] => ":splat",
                    _ => "…",
                });
            }
            None => out.push(char::from(byte)),
        }
    }
    shown(out.as_bytes())
}

/// What is said of a target with a fragment that passes the visitor's query on: `whose`
/// program puts it where the target ends.
pub(super) fn behind_fragment(target: &[u8], keeps_query: bool, whose: &str) -> Option<String> {
    (keeps_query && target.contains(&b'#')).then(|| {
        format!("{whose} puts the visitor's query behind the `#`; here it stands before it")
    })
}

/// What is said where the spelling of a key, which answers in any case, is in what is sent.
pub(super) const SPELLED: &str =
    "what is sent has the spelling of the key, not that of the visitor";

/// The target that `value` is in a key.
///
/// # Errors
/// What cannot be said by a target, as a sentence.
pub(super) fn target(value: &[u8], known: &Known<'_>) -> Result<SentTarget, String> {
    let mut made =
        SentTarget { target: Vec::new(), keeps_query: false, changed: None, spelled: false };
    let mut rest = value;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            b'$' => {
                let (name, after) = variable(behind)
                    .ok_or_else(|| format!("`{}` has a `$` without a name", shown(value)))?;
                rest = made.variable(name, after, known)?;
            }
            // To a target they would be a macro.
            b'{' => made.target.extend_from_slice(b"%7B"),
            b'}' => made.target.extend_from_slice(b"%7D"),
            _ => made.target.push(byte),
        }
    }
    let target = absolute(&made.target, known.base)?.into_owned();
    Ok(SentTarget { target, ..made })
}

impl SentTarget {
    /// Writes a variable; returns what is left of what follows it.
    fn variable<'v>(
        &mut self,
        name: &[u8],
        after: &'v [u8],
        known: &Known<'_>,
    ) -> Result<&'v [u8], String> {
        let out = &mut self.target;
        let at_start = out.is_empty();
        match name {
            b"scheme" if at_start && after.starts_with(b"://") => {
                out.extend_from_slice(b"https");
                self.changed = Some("$scheme is https here");
            }
            b"host" | b"http_host" | b"server_name" if out.ends_with(b"://") => {
                match (known.host, known.base) {
                    (host, _) if !host.is_empty() && !host.starts_with(b"*") => {
                        out.extend_from_slice(host);
                    }
                    (_, Some(base)) => {
                        *out = base.as_bytes().to_vec();
                        self.changed = Some("the host of its target is that of --base here");
                    }
                    _ => {
                        return Err(format!(
                            "${} as the host of a target lets a visitor choose it; say which with --base https://host",
                            shown(name)
                        ));
                    }
                }
            }
            b"host" | b"http_host" | b"server_name" => out.extend_from_slice(b"{host}"),
            b"uri" | b"document_uri" => return self.text(known.uri, after),
            b"request_uri" if after.is_empty() && !out.contains(&b'?') => {
                self.keeps_query = true;
                return self.text(known.uri, after);
            }
            b"is_args" if matches!(after, b"$args" | b"$query_string") => {
                self.keeps_query = true;
                return Ok(b"");
            }
            b"args" | b"query_string" => match out.last() {
                Some(b'?' | b'&') if after.is_empty() => {
                    out.pop();
                    self.keeps_query = true;
                }
                _ => out.extend_from_slice(b"{query}"),
            },
            b"remote_addr" => out.extend_from_slice(b"{ip}"),
            b"http_user_agent" => out.extend_from_slice(b"{ua}"),
            b"http_referer" => out.extend_from_slice(b"{referer}"),
            _ => {
                if let Some(parameter) = name.strip_prefix(b"arg_") {
                    out.extend_from_slice(&[b"{query:", parameter, b"}"].concat());
                    return Ok(after);
                }
                let fill = known
                    .captures
                    .and_then(|(shape, fills)| shape.capture(name).and_then(|at| fills.get(at)));
                let fill = fill.ok_or_else(|| {
                    format!("${} cannot be told in a target; write its value", shown(name))
                })?;
                if fill.query {
                    self.query_behind(after);
                }
                return self.text(&fill.text, after);
            }
        }
        Ok(after)
    }

    /// Notes that the visitor's query is part of what was captured.
    fn query_behind(&mut self, after: &[u8]) {
        match after.is_empty() && !self.target.contains(&b'?') {
            true => self.keeps_query = true,
            false => self.changed = Some("what was captured is here without its query"),
        }
    }

    /// Writes what may end with a placeholder, which ends where no letter follows.
    fn text<'v>(&mut self, text: &[u8], after: &'v [u8]) -> Result<&'v [u8], String> {
        let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let ends_with_name = |text: &[u8]| {
            let name = text.iter().rev().take_while(|byte| word(byte)).count();
            let (before, name) = text.split_at(text.len() - name);
            before.ends_with(b":") && name.first().is_some_and(u8::is_ascii_alphabetic)
        };
        let behind = [(&self.target[..], text), (text, after)];
        for (before, behind) in behind {
            if ends_with_name(before) && behind.first().is_some_and(word) {
                return Err(format!(
                    "`{}` stands right behind what was captured, and would be part of its name",
                    shown(behind)
                ));
            }
        }
        // In a placeholder the visitor's own spelling comes back.
        let literal = text.split(|&byte| byte == b'/').filter(|part| !part.starts_with(b":"));
        self.spelled |= literal.flatten().any(u8::is_ascii_alphabetic);
        self.target.extend_from_slice(text);
        Ok(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::links::formats::regex::{self, Subject};

    fn check(value: &str, want: &str) {
        check_in(value, b"h.example", None, want);
    }

    /// As a target under `/p/*`; ` +` if it passes the query on, ` ~` if changed.
    fn check_in(value: &str, host: &[u8], base: Option<&str>, want: &str) {
        let shape = regex::read(b"^/p/(?<rest>.*)$", Subject::default()).unwrap();
        let captures = Some((&shape, &*shape.keys[0].fills));
        let known = Known { host, uri: b"/p/:splat", captures, base };
        let got = match target(value.as_bytes(), &known) {
            Ok(made) => {
                let keeps = if made.keeps_query { " +" } else { "" };
                let changed = if made.changed.is_some() { " ~" } else { "" };
                String::from_utf8(made.target).unwrap() + keeps + changed
            }
            Err(message) => format!("!{message}"),
        };
        let same = match want.strip_prefix('!') {
            Some(want) => got.starts_with('!') && got.contains(want),
            None => got == want,
        };
        assert!(same, "{value}: {got}, not {want}");
    }

    #[test]
    fn captures_and_paths() {
        check("https://x/", "https://x/");
        check("https://x/$1", "https://x/:splat");
        check("https://x/${rest}/y", "https://x/:splat/y");
        check("https://x$request_uri", "https://x/p/:splat +");
        check("https://x$uri", "https://x/p/:splat");
        check("https://x/$2", "!$2 cannot be told");
        check("https://x/${1}y", "!stands right behind what was captured");
        check("https://x/a$1$1", "https://x/a:splat:splat");
    }

    #[test]
    fn queries() {
        check("https://x/$is_args$args", "https://x/ +");
        check("https://x/?$args", "https://x/ +");
        check("https://x/?a=1&$query_string", "https://x/?a=1 +");
        check("https://x/?a=$arg_b", "https://x/?a={query:b}");
        check("https://x/?u=$args&v=1", "https://x/?u={query}&v=1");
        check("https://x/?a=1$is_args", "!$is_args cannot be told");
        check("https://x/?u=$request_uri", "!$request_uri cannot be told");
    }

    #[test]
    fn hosts_and_schemes() {
        check("$scheme://$host/y", "https://h.example/y ~");
        check("https://$host/y", "https://h.example/y");
        check("https://x/?h=$host", "https://x/?h={host}");
        check_in("https://$host/y", b"", None, "!lets a visitor choose it; say which with --base");
        check_in("https://$host/y", b"", Some("https://b"), "https://b/y ~");
        check_in("https://$host/y", b"*.h.example", None, "!--base");
        check_in("/y", b"", Some("https://b"), "https://b/y");
        check("/y", "!is only a path");
    }

    #[test]
    fn other_variables_and_braces() {
        check("https://x/?i=$remote_addr&u=$http_user_agent", "https://x/?i={ip}&u={ua}");
        check("https://x/$cookie_a", "!$cookie_a cannot be told");
        check("https://x/{clickid}", "https://x/%7Bclickid%7D");
        check("https://x/$", "!a `$` without a name");
    }
}
