//! `map` blocks: `map $source $variable { key value; … }`.

use super::super::order::Order;
use super::super::paths::{no_placeholder, push_literal};
use super::super::regex::Filled;
use super::emit::Emit;
use super::server::{Location, NginxRedirect, Paths, hosts};
use super::tokens::{DirectiveEnd, Tokens};
use super::tree::{ConfigLine, Texts};
use super::value::filled;
use crate::links::bytes::shown;
use crate::words::counted;

/// What a map compares its keys with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Compared {
    /// Something of the request's address.
    Address {
        /// Whether it begins with `http://` or `https://`.
        scheme: bool,
        host: bool,
        path: bool,
        /// Whether the path is as it was sent, with its query.
        raw: bool,
    },
    /// `$arg_name`
    Argument(Vec<u8>),
    /// Anything else.
    Other,
}

impl Compared {
    pub(super) fn of(source: &[u8]) -> Compared {
        if let Some(name) = source.strip_prefix(b"$arg_") {
            let is_name = name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
            if is_name && !name.is_empty() {
                return Compared::Argument(name.to_vec());
            }
        }
        let braces: Vec<u8> =
            source.iter().copied().filter(|b| !matches!(b, b'{' | b'}')).collect();
        let mut rest = &braces[..];
        let mut eat = |texts: &[&[u8]]| {
            let found = texts.iter().find_map(|text| rest.strip_prefix(*text));
            rest = found.unwrap_or(rest);
            found.is_some()
        };
        let scheme = eat(&[b"$scheme://"]);
        let host = eat(&[b"$http_host", b"$host", b"$server_name"]);
        let raw = eat(&[b"$request_uri"]);
        let path = raw || eat(&[b"$uri", b"$document_uri"]);
        let query = path && eat(&[b"$is_args$args", b"?$args", b"$is_args$query_string"]);
        if !rest.is_empty() || !(host || path) || (scheme && !host) {
            return Compared::Other;
        }
        Compared::Address { scheme, host, path, raw: raw || query }
    }
}

/// A map that is read.
pub(super) struct Map<'m> {
    /// Without its `$`.
    pub(super) variable: &'m [u8],
    pub(super) compared: &'m Compared,
    /// The redirects that send its values.
    pub(super) uses: &'m [NginxRedirect],
}

/// What is known of a map while its entries are read.
#[derive(Default)]
struct State {
    hostnames: bool,
    order: Order,
}

impl Map<'_> {
    /// Reads the entries from byte `at` of a file on.
    pub(super) fn read(
        &self,
        texts: &mut Texts<'_>,
        file: usize,
        at: usize,
        line: u32,
        emit: &mut Emit<'_>,
    ) {
        self.entries(texts, file, (at, line), &mut State::default(), emit);
    }

    fn entries(
        &self,
        texts: &mut Texts<'_>,
        file: usize,
        (at, line): (usize, u32),
        state: &mut State,
        emit: &mut Emit<'_>,
    ) {
        // Taken out while it is read, because what it includes is put beside it.
        let bytes = core::mem::take(&mut texts.files[file].bytes);
        let mut tokens = Tokens::new(&bytes, at, line);
        let mut words = Vec::new();
        loop {
            let (line, end) = match tokens.next(&mut words) {
                Ok(read) => read,
                Err(message) => {
                    let message = format!("{message} (what follows was not read)");
                    emit.refuse(ConfigLine { file, line: tokens.line }, message);
                    break;
                }
            };
            let place = ConfigLine { file, line };
            match (end, &words[..]) {
                (DirectiveEnd::Close | DirectiveEnd::File, _) => break,
                (DirectiveEnd::Open, _) => {
                    let message =
                        "a `{` within a map; quote the word it is in (what follows was not read)";
                    emit.refuse(place, message.to_owned());
                    break;
                }
                (_, [word]) if word == b"hostnames" => state.hostnames = true,
                (_, [word]) if word == b"volatile" => {}
                (_, [word, pattern]) if word == b"include" => {
                    let mut wrong = Vec::new();
                    texts.include(pattern, place, &mut wrong, |texts, file, _| {
                        emit.within(texts, file);
                        self.entries(texts, file, (0, 1), state, emit);
                    });
                    emit.within(texts, file);
                    for (place, message) in wrong {
                        emit.refuse(place, message);
                    }
                }
                (_, [key, value]) => self.entry(key, value, place, state, emit),
                (_, _) => {
                    let message = format!(
                        "{} where a map has two; quote those that hold a space",
                        counted(words.len(), "word")
                    );
                    emit.refuse(place, message);
                }
            }
        }
        texts.files[file].bytes = bytes;
    }

    fn entry(
        &self,
        key: &[u8],
        value: &[u8],
        place: ConfigLine,
        state: &mut State,
        emit: &mut Emit<'_>,
    ) {
        let is_default = key == b"default";
        // In an `if` both are no.
        if value.is_empty() || value == b"0" {
            if !is_default {
                let message =
                    format!("{} has no value, so it is no redirect; leave it out", shown(key));
                emit.refuse(place, message);
            }
            return;
        }
        for found in self.uses {
            let paths = match is_default {
                true => self.default(found),
                false => self.paths(key, state.hostnames, found),
            };
            let mut paths = match paths {
                Ok(paths) => paths,
                Err(message) => return emit.refuse(place, message),
            };
            // Texts come first, then expressions in their order.
            if key.starts_with(b"~") {
                for filled in &paths.keys {
                    if let Some(earlier) = state.order.pass(&filled.key, place.line) {
                        paths.changed = Some(format!(
                            "nginx takes line {earlier}, which comes first; here the more exact key answers"
                        ));
                    }
                }
            }
            let value = filled(&found.value, self.variable, value);
            let has_host = matches!(self.compared, Compared::Address { host: true, .. });
            let hosts = if has_host && !is_default { &[][..] } else { &found.context.hosts[..] };
            emit.redirect(place, &paths, hosts, found, &value);
        }
    }

    /// The keys of `default`: all that the redirect is asked for.
    fn default(&self, found: &NginxRedirect) -> Result<Paths, String> {
        match self.compared {
            Compared::Argument(_) => found.paths(),
            _ if found.context.location == Location::All && found.context.paths.is_none() => {
                Ok(Paths::of(b"/*".to_vec()))
            }
            _ => found.paths(),
        }
    }

    fn paths(&self, key: &[u8], hostnames: bool, found: &NginxRedirect) -> Result<Paths, String> {
        let (expression, any_case) = match key {
            [b'~', b'*', rest @ ..] => (Some(rest), true),
            [b'~', rest @ ..] => (Some(rest), false),
            _ => (None, false),
        };
        // A backslash goes before what would be something special.
        let text = key.strip_prefix(b"\\").unwrap_or(key);
        match self.compared {
            Compared::Other => Err("it compares something else than the address".to_owned()),
            Compared::Argument(name) => {
                if expression.is_some() {
                    return Err(
                        "an expression of a parameter; write its values one by one".to_owned()
                    );
                }
                let mut paths = found.paths()?;
                for filled in &mut paths.keys {
                    filled.key.extend_from_slice(&[b"?", &name[..], b"=", text].concat());
                }
                Ok(paths)
            }
            Compared::Address { path: false, .. } => match expression {
                Some(expression) => whole_hosts(Paths::matched(expression, false)?, key),
                None => host_paths(text, hostnames),
            },
            Compared::Address { scheme, host, raw, .. } => {
                let paths = match expression {
                    Some(expression) => Paths::matched(expression, any_case)?,
                    None => text_paths(text, *scheme, *host, *raw)?,
                };
                if !*host && !paths.keys.iter().all(|filled| filled.key.starts_with(b"/")) {
                    return Err(format!(
                        "no path is `{}`, as each begins with a slash; write /{0}",
                        shown(text)
                    ));
                }
                within(paths, found)
            }
        }
    }
}

/// Keys of a map whose redirect stands in a location.
fn within(mut paths: Paths, found: &NginxRedirect) -> Result<Paths, String> {
    let start = match &found.context.location {
        Location::All => return Ok(paths),
        Location::Exact(path) | Location::Prefix { path, .. } => path,
        Location::Regex { .. } => {
            return Err(
                "its variable is used in a location of an expression; use it in the server"
                    .to_owned(),
            );
        }
    };
    if !paths.keys.iter().all(|filled| filled.key.starts_with(start)) {
        paths.changed = Some(format!(
            "nginx asks the map only for the location {}; here this key answers",
            shown(start)
        ));
    }
    Ok(paths)
}

/// The key of a text that is compared with a path, behind a host or not.
fn text_paths(text: &[u8], scheme: bool, host: bool, raw: bool) -> Result<Paths, String> {
    let mut changed = None;
    let mut rest = text;
    if scheme {
        let bare =
            [&b"https://"[..], b"http://"].iter().find_map(|scheme| text.strip_prefix(*scheme));
        rest = bare
            .ok_or_else(|| format!("no address is `{}`; write https://host/path", shown(text)))?;
        changed = Some("here it answers over http and https".to_owned());
    }
    let mut key = Vec::new();
    if host {
        let slash = rest.iter().position(|&byte| byte == b'/').unwrap_or(rest.len());
        key.extend_from_slice(&rest[..slash].to_ascii_lowercase());
        rest = &rest[slash..];
    }
    if raw {
        if rest.contains(&b'*') {
            return Err(format!(
                "`{}` has a `*` that stands for itself, which a key cannot say",
                shown(text)
            ));
        }
        no_placeholder(rest)?;
        key.extend_from_slice(rest);
        changed = changed.or_else(|| {
            let what = match rest.contains(&b'?') {
                true => "nginx compares the query as it stands; here its parameters may come in any order, with others between them",
                false => "nginx compares it with path and query; here it also answers with a query behind it",
            };
            Some(what.to_owned())
        });
    } else {
        push_literal(rest, &mut key)?;
    }
    let keys = vec![Filled { key, fills: Vec::new() }];
    Ok(Paths { keys, any_case: true, changed, ..Paths::default() })
}

/// The keys of a host: all its paths.
fn host_paths(text: &[u8], hostnames: bool) -> Result<Paths, String> {
    let names = match hostnames {
        true => hosts(text)?,
        false if text.starts_with(b".") || text.contains(&b'*') => {
            return Err(format!(
                "no host is `{}`; the map has no `hostnames;` that would give it a meaning",
                shown(text)
            ));
        }
        false => vec![text.to_ascii_lowercase()],
    };
    if names.is_empty() || text.contains(&b'/') {
        return Err(format!("no host is `{}`", shown(text)));
    }
    let key = |name: Vec<u8>| Filled { key: [&name, &b"/*"[..]].concat(), fills: Vec::new() };
    Ok(Paths { keys: names.into_iter().map(key).collect(), ..Paths::default() })
}

/// Hosts that an expression matches, with all their paths.
fn whole_hosts(mut paths: Paths, key: &[u8]) -> Result<Paths, String> {
    for filled in &mut paths.keys {
        if filled.key.contains(&b'/') {
            return Err(format!("`{}` is no single host; write hosts one by one", shown(key)));
        }
        filled.key.extend_from_slice(b"/*");
    }
    Ok(paths)
}
