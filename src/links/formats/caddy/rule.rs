//! A `redir` of a Caddyfile, under its matcher.

use std::collections::HashMap;

use super::super::paths::push_literal;
use super::super::regex::{self, Fill, Filled, Shape, Subject};
use super::super::value::{Known, SPELLED, target};
use super::tokens::Node;
use crate::links::bytes::shown;

/// What a matcher is for.
#[derive(Clone, Debug, Default)]
pub(super) struct Matcher {
    pub(super) shape: Shape,
    /// The name of its expression, which captures have.
    name: String,
    /// `None`: those of the site.
    pub(super) hosts: Option<Vec<String>>,
    pub(super) query: String,
    pub(super) any_case: bool,
    pub(super) said: Vec<String>,
}

const ANYTHING: &str = "Caddy compares the beginning of a path, and so answers what goes on behind it without a slash, too";
const PARAMETERS: &str = "here other parameters may stand beside";

/// All paths.
pub(super) fn everything() -> Matcher {
    let mut matcher = Matcher::default();
    matcher.shape.keys.push(Filled { key: b"/*".to_vec(), fills: Vec::new() });
    matcher
}

/// Named matchers of a site.
pub(super) type Matchers<'n> = HashMap<&'n str, Named<'n>>;

/// A named matcher.
#[derive(Clone, Debug)]
pub(super) struct Named<'n> {
    /// What it is, or why it is none.
    pub(super) matcher: Result<Matcher, String>,
    /// Its one path; empty where it has none, or several.
    pub(super) path: &'n str,
}

impl Named<'_> {
    pub(super) fn read(node: &Node) -> Named<'_> {
        let own = core::iter::once(&node.words[1..]);
        let wishes = own.chain(node.block.iter().flatten().map(|node| &node.words[..]));
        let paths = wishes.filter(|words| words.first().is_some_and(|kind| kind == "path"));
        let mut paths = paths.flat_map(|words| &words[1..]);
        let path = match (paths.next(), paths.next()) {
            (Some(path), None) => path,
            _ => "",
        };
        Named { matcher: named(node), path }
    }
}

/// A named matcher: `@name path /a`, or a block.
///
/// # Errors
/// Why no key can ask for it, as a sentence.
fn named(node: &Node) -> Result<Matcher, String> {
    let own = &node.words[1..];
    let mut wishes: Vec<&[String]> = Vec::new();
    if !own.is_empty() {
        wishes.push(own);
    }
    wishes.extend(node.block.iter().flatten().map(|node| &node.words[..]));
    let mut matcher = everything();
    let mut has_paths = false;
    for wish in wishes {
        let (kind, rest) = wish.split_first().ok_or("an empty matcher; leave it out")?;
        match &**kind {
            "path" | "path_regexp" if has_paths => {
                return Err("it asks for two kinds of paths; write one".to_owned());
            }
            "path" => {
                has_paths = true;
                let mut paths = Matcher::default();
                for path in rest {
                    let one = of_path(path)?;
                    paths.any_case |= one.any_case;
                    paths.shape.keys.extend(one.shape.keys);
                    paths.said.extend(one.said);
                }
                paths.said.dedup();
                matcher = Matcher { hosts: matcher.hosts, query: matcher.query, ..paths };
            }
            "path_regexp" => {
                has_paths = true;
                let (name, expression) = match rest {
                    [name, expression] => (name.clone(), expression),
                    [expression] => (node.words[0][1..].to_owned(), expression),
                    _ => return Err("path_regexp has a name and an expression".to_owned()),
                };
                let mut shape = regex::read(expression.as_bytes(), Subject::default())?;
                matcher.said.extend(shape.changed.take());
                matcher.any_case = shape.any_case;
                matcher.shape = shape;
                matcher.name = name;
            }
            "host" => matcher.hosts = Some(rest.iter().map(|it| it.to_ascii_lowercase()).collect()),
            "query" => {
                for parameter in rest {
                    if !parameter.contains('=') || parameter.contains(['{', '&', '#', '%']) {
                        return Err(format!("no key asks for the query `{parameter}`"));
                    }
                    matcher.query.push(if matcher.query.is_empty() { '?' } else { '&' });
                    matcher.query.push_str(parameter);
                }
                matcher.said.push(PARAMETERS.to_owned());
            }
            other => {
                return Err(format!(
                    "no key can ask for the matcher `{}`; leave the redir out",
                    shown(other.as_bytes())
                ));
            }
        }
    }
    Ok(matcher)
}

/// A path, which Caddy compares in any case.
///
/// # Errors
/// Why it is no key, as a sentence.
pub(super) fn of_path(path: &str) -> Result<Matcher, String> {
    let mut matcher = Matcher::default();
    let mut put = |key: Vec<u8>| {
        matcher.shape.keys.push(Filled { key, fills: Vec::new() });
    };
    if matches!(path, "*" | "/*") {
        put(b"/*".to_vec());
        return Ok(matcher);
    }
    let text = path.strip_suffix('*').unwrap_or(path);
    // Behind a sole `*` at the end the others of Go's path.Match mean themselves.
    let is_glob = text.len() == path.len() && text.contains(['?', '[', '\\']);
    if is_glob || text.contains(['*', '{', '%']) || !text.starts_with('/') {
        return Err(format!(
            "no key stands for the path `{}`; write /path, /path/* or /path*",
            shown(path.as_bytes())
        ));
    }
    let mut key = Vec::new();
    push_literal(text.as_bytes(), &mut key)?;
    let is_open = text.len() < path.len();
    match (is_open, key.ends_with(b"/")) {
        (false, _) => put(key),
        (true, true) => put([&key, &b"*"[..]].concat()),
        (true, false) => {
            put(key.clone());
            put([&key, &b"/*"[..]].concat());
            matcher.said.push(ANYTHING.to_owned());
        }
    }
    matcher.any_case = text.bytes().any(|byte| byte.is_ascii_alphabetic());
    Ok(matcher)
}

/// The status of a code.
///
/// # Errors
/// Why it is none, as a sentence.
pub(super) fn status(code: Option<&str>) -> Result<String, String> {
    match code {
        None | Some("temporary") => Ok("302".to_owned()),
        Some("permanent") => Ok("301".to_owned()),
        Some("html") => {
            Err("`html` sends a page that goes on, and no redirect; write temporary".to_owned())
        }
        Some(number) if number.bytes().all(|byte| byte.is_ascii_digit()) => Ok(number.to_owned()),
        Some(other) => Err(format!(
            "`{}` is no code; write it as redir [matcher] https://host/path [permanent]",
            shown(other.as_bytes())
        )),
    }
}

const ENCODED: &str = "what {query} stands for is encoded here";

/// What is sent in one key: the target, whether with the visitor's query, what is said.
pub(super) type SentRow = (Vec<u8>, bool, Vec<String>);

/// What `to` is in one key.
///
/// # Errors
/// What no target can say, as a sentence.
pub(super) fn sent(
    to: &str,
    matcher: &Matcher,
    filled: &Filled,
    host: &str,
    base: Option<&str>,
) -> Result<SentRow, String> {
    let mut value = Vec::new();
    let mut shape = Shape::default();
    let mut fills: Vec<Fill> = Vec::new();
    let mut rest = to;
    let mut encoded = None;
    while let Some(at) = rest.find('{') {
        text(&rest[..at], &mut value);
        let end = rest[at..].find('}').ok_or("a `{` is left open in its target")? + at;
        let name = &rest[at + 1..end];
        rest = &rest[end + 1..];
        let known = match name {
            "uri" | "http.request.uri" if rest.is_empty() => "request_uri",
            "path" | "http.request.uri.path" => "uri",
            "query" | "http.request.uri.query" => "args",
            "host" | "http.request.host" | "hostport" | "http.request.hostport" => "host",
            "scheme" | "http.request.scheme" => "scheme",
            "remote_host" | "http.request.remote.host" | "client_ip" => "remote_addr",
            "header.User-Agent" | "http.request.header.User-Agent" => "http_user_agent",
            "header.Referer" | "http.request.header.Referer" => "http_referer",
            _ => {
                let captured = name.strip_prefix("http.regexp.").or(name.strip_prefix("re."));
                let unknown = || format!("{{{name}}} cannot be told in a target; write its value");
                let captured = captured.ok_or_else(unknown)?;
                let own = captured.strip_prefix(&matcher.name[..]);
                let group = own.and_then(|own| own.strip_prefix('.')).unwrap_or(captured);
                let at = matcher.shape.capture(group.as_bytes()).ok_or_else(unknown)?;
                let fill = filled.fills.get(at).ok_or_else(unknown)?;
                let name = format!("m{}", fills.len()).into_bytes();
                value.extend_from_slice(&[b"${", &name[..], b"}"].concat());
                shape.names.push(name);
                fills.push(fill.clone());
                continue;
            }
        };
        let stands_alone = matches!(value.last(), Some(b'?' | b'&'))
            && matches!(rest.bytes().next(), None | Some(b'&' | b'#'));
        if known == "args" && !stands_alone {
            encoded = Some(ENCODED.to_owned());
        }
        value.extend_from_slice(&[b"${", known.as_bytes(), b"}"].concat());
    }
    text(rest, &mut value);
    let uri = match filled.key.strip_suffix(b"*") {
        Some(start) => [start, b":splat"].concat(),
        None => filled.key.clone(),
    };
    let known = Known { host: host.as_bytes(), uri: &uri, captures: Some((&shape, &fills)), base };
    let made = target(&value, &known)?;
    let said = made.changed.iter().map(|what| (*what).to_owned());
    let spelled = (matcher.any_case && made.spelled).then(|| SPELLED.to_owned());
    Ok((made.target, made.keeps_query, said.chain(spelled).chain(encoded).collect()))
}

/// Text that means itself.
fn text(text: &str, value: &mut Vec<u8>) {
    for (at, byte) in text.bytes().enumerate() {
        let next = text.as_bytes().get(at + 1);
        match byte {
            b'$' => value.extend_from_slice(b"%24"),
            b':' if next.is_some_and(u8::is_ascii_alphabetic) => value.extend_from_slice(b"%3A"),
            _ => value.push(byte),
        }
    }
}
