//! `map` blocks: `map $source $variable { key value; … }`.

use super::super::paths::{no_placeholder, push_literal};
use super::super::region::PathsOf;
use super::super::value::filled;
use super::claims::{Claim, Claims};
use super::compared::Compared;
use super::condition::escaped;
use super::emit::{Emit, near};
use super::location::Stand;
use super::paths::{Paths, nothing, of_location};
use super::redirect::NginxRedirect;
use super::servers::names;
use super::tokens::{DirectiveEnd, Tokens};
use super::tree::{ConfigLine, Texts};
use crate::links::bytes::shown;
use crate::links::formats::regex::{Filled, Subject};
use crate::words::counted;

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
    default: Option<(Vec<u8>, ConfigLine)>,
    /// Keys with their values that nginx tries when no text fits.
    expressions: Vec<(Vec<u8>, Vec<u8>, ConfigLine)>,
    /// Hosts that the map names, if it is one of hosts.
    hosts: Vec<Vec<u8>>,
    /// By the number of a use, what comes first in it: expressions, and what the
    /// condition around the redirect does not want.
    claims: Claims,
    turns: usize,
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
        let mut state = State::default();
        self.entries(texts, file, (at, line), &mut state, emit);
        for (key, value, place) in core::mem::take(&mut state.expressions) {
            self.entry(&key, &value, place, &mut state, emit);
        }
        self.default(&state, emit);
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
                (_, [key, value]) if key == b"default" => {
                    state.default = Some((value.clone(), place));
                }
                (_, [key, value]) if key.starts_with(b"~") => {
                    state.expressions.push((key.clone(), value.clone(), place));
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
        // In an `if` both are no.
        if value.is_empty() || (value == b"0" && self.uses.iter().all(NginxRedirect::asks_no_value))
        {
            let message =
                format!("{} has no value, so it is no redirect; leave it out", shown(key));
            return emit.refuse(place, message);
        }
        let mut outside = None;
        let mut taken = false;
        let what = format!("`{}`", shown(key));
        state.turns += 1;
        for (at, found) in self.uses.iter().enumerate() {
            let mut paths = match self.paths(key, state.hostnames, found) {
                Ok(paths) if paths.keys.is_empty() => continue,
                Ok(paths) => paths,
                Err(message) => {
                    let sent = filled(&found.value, self.variable, value);
                    outside.get_or_insert_with(|| near(message, found, &sent));
                    continue;
                }
            };
            taken = true;
            if let Compared::Address { path: false, .. } = self.compared {
                state.hosts.extend(paths.keys.iter().map(|filled| host_of(&filled.key)));
            }
            let is_text = !key.starts_with(b"~");
            let is_wanted = found.wants(value);
            if !is_text || !is_wanted {
                let turn = if is_text { 0 } else { state.turns };
                paths.changed = state.before(at, turn, &paths).or(paths.changed);
                state.note(at, turn, (&paths, is_wanted), place);
            }
            let regions = paths.regions();
            if is_text
                && paths.any_case
                && regions.iter().all(|region| region.paths == PathsOf::Exact)
            {
                emit.claims.add_texts(found, &regions, place);
            } else {
                emit.claims.add(found.context.server, claim(found, &paths, is_wanted, place));
            }
            if is_wanted {
                let value = filled(&found.value, self.variable, value);
                let has_host = matches!(self.compared, Compared::Address { host: true, .. });
                let hosts = if has_host { &[][..] } else { &found.context.hosts[..] };
                emit.redirect(place, &paths, hosts, found, &value);
            }
        }
        match outside {
            Some(message) => emit.refuse(place, message),
            None if !taken => emit.refuse(place, nothing(&what)),
            None => {}
        }
    }

    /// What nothing else of the map is for: all that the redirect is asked for.
    fn default(&self, state: &State, emit: &mut Emit<'_>) {
        let absent = (Vec::new(), ConfigLine { file: usize::MAX, line: 0 });
        let (value, place) = state.default.as_ref().unwrap_or(&absent);
        for (at, found) in self.uses.iter().enumerate() {
            let is_alone = found.place.file == usize::MAX;
            if !found.wants(value) || (is_alone && matches!(&value[..], b"" | b"0")) {
                continue;
            }
            // What a condition elsewhere compares with.
            if is_alone && !value.iter().any(|byte| b"/$.".contains(byte)) {
                emit.other(*place, format!("default {}: no redirect", shown(value)));
                continue;
            }
            let place = if place.file == usize::MAX { found.place } else { *place };
            let sent = filled(&found.value, self.variable, value);
            let mut paths = match found.paths() {
                Ok(paths) => paths,
                Err(message) => {
                    emit.refuse(place, near(message, found, &sent));
                    continue;
                }
            };
            let is_fixed = found.is_fixed(self.variable);
            let is_taken = is_fixed || !matches!(&value[..], b"" | b"0");
            emit.claims.add(found.context.server, claim(found, &paths, is_taken, place));
            if !is_taken && value.is_empty() {
                let what =
                    "where the map has no value nginx sends an empty Location; here it is 404";
                emit.other(found.place, what.to_owned());
                continue;
            }
            paths.changed = state.before(at, usize::MAX, &paths).or(paths.changed);
            // Hosts that the map has are no others.
            let mut hosts = found.context.hosts.clone();
            hosts.retain(|host| !state.hosts.contains(host));
            if hosts.is_empty() && !found.context.hosts.is_empty() {
                if emit.beside.is_default(found) {
                    let message = "the map has all names of its server, and what is left are hosts that no server names; write a `/*` link if it should answer them";
                    emit.refuse(place, message.to_owned());
                }
                continue;
            }
            emit.redirect(place, &paths, &hosts, found, &sent);
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
        let around = found.paths()?;
        match self.compared {
            Compared::Other => Err("it compares something else than the address".to_owned()),
            Compared::Argument(name) => {
                if expression.is_some() {
                    return Err(
                        "an expression of a parameter; write its values one by one".to_owned()
                    );
                }
                Ok(argument_paths(around, name, text))
            }
            Compared::Address { path: false, .. } => {
                let hosts = match expression {
                    Some(expression) => {
                        let subject = Subject { host: true, raw: false };
                        whole_hosts(Paths::matched(expression, false, subject)?, key)?
                    }
                    None => host_paths(text, hostnames)?,
                };
                Ok(at_hosts(&hosts, &around))
            }
            Compared::Address { scheme, host, raw, .. } => {
                let paths = match expression {
                    Some(expression) => {
                        let subject = Subject { host: *host, raw: *raw };
                        Paths::matched(expression, any_case, subject)?
                    }
                    None => text_paths(text, *scheme, *host, *raw)?,
                };
                if !*host && !paths.keys.iter().all(|filled| filled.key.starts_with(b"/")) {
                    return Err(format!(
                        "no path is `{}`, as each begins with a slash; write /{0}",
                        shown(text)
                    ));
                }
                let regions = match found.context.chain.last() {
                    None if found.context.paths.is_none() => return Ok(paths),
                    Some(step) if found.context.paths.is_none() => of_location(&step.location),
                    _ => around.regions(),
                };
                paths.within(&regions, &format!("`{}`", shown(key)))
            }
        }
    }
}

fn host_of(key: &[u8]) -> Vec<u8> {
    key.split(|&byte| byte == b'/').next().unwrap_or_default().to_vec()
}

impl State {
    /// What comes first in a use of the map and answers otherwise, as a sentence.
    fn before(&self, at: usize, turn: usize, paths: &Paths) -> Option<String> {
        let stand = Stand { chain: &[], turn };
        let regions = paths.regions();
        let found = regions.iter().find_map(|region| {
            self.claims.before(Some(at), &stand, region, Some(&region.host)).first().copied()
        })?;
        let line = found.place.line;
        Some(match found.is_taken {
            true => format!(
                "nginx takes line {line}, which comes first; here the more exact key answers"
            ),
            false => format!("nginx does not answer what line {line} is for; here this link does"),
        })
    }

    fn note(
        &mut self,
        at: usize,
        turn: usize,
        (paths, is_taken): (&Paths, bool),
        place: ConfigLine,
    ) {
        let (chain, regions, what) = (Vec::new(), paths.regions(), String::new());
        self.claims.add(Some(at), Claim { chain, turn, regions, is_taken, place, what });
    }
}

/// What nginx looks at where an expression of a map is, or its default.
fn claim(found: &NginxRedirect, paths: &Paths, is_taken: bool, place: ConfigLine) -> Claim {
    let (chain, turn) = (found.context.chain.clone(), found.turn);
    let what = "a value of the map that is no target".to_owned();
    Claim { chain, turn, regions: paths.regions(), is_taken, place, what }
}

/// Keys with a parameter that has a value.
fn argument_paths(mut paths: Paths, name: &[u8], value: &[u8]) -> Paths {
    if value.iter().any(u8::is_ascii_alphabetic) {
        paths.changed.get_or_insert_with(|| {
            "nginx compares the value in any case; here it is as it is written".to_owned()
        });
    }
    for filled in &mut paths.keys {
        filled.key.extend_from_slice(&[b"?", name, b"=", &escaped(value)].concat());
    }
    paths
}

/// Paths at each of these hosts.
fn at_hosts(hosts: &Paths, around: &Paths) -> Paths {
    let mut paths = Paths { changed: hosts.changed.clone(), ..around.clone() };
    paths.changed = paths.changed.or_else(|| around.changed.clone());
    let pairs = hosts.keys.iter().flat_map(|host| {
        let name = host.key.strip_suffix(b"/*").unwrap_or(&host.key);
        around.keys.iter().map(move |filled| {
            let key = [name, &filled.key[..]].concat();
            let fills = if hosts.shape.is_some() { &host.fills } else { &filled.fills };
            Filled { key, fills: fills.clone() }
        })
    });
    paths.keys = pairs.collect();
    paths.shape = hosts.shape.clone().or(paths.shape);
    paths
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
    let found = match hostnames {
        true => names(text)?,
        false if text.starts_with(b".") || text.contains(&b'*') => {
            return Err(format!(
                "no host is `{}`; the map has no `hostnames;` that would give it a meaning",
                shown(text)
            ));
        }
        false => vec![text.to_ascii_lowercase()],
    };
    if found.is_empty() || text.contains(&b'/') {
        return Err(format!("no host is `{}`", shown(text)));
    }
    let key = |name: Vec<u8>| Filled { key: [&name, &b"/*"[..]].concat(), fills: Vec::new() };
    Ok(Paths { keys: found.into_iter().map(key).collect(), ..Paths::default() })
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
