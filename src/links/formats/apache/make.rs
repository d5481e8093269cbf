//! From rules and redirects to rows, in the order in which Apache looks at them: rules of a
//! server, its redirects, rules of a directory, redirects of directories and locations.

use std::collections::{HashMap, HashSet};

use super::super::regex::lead;
use super::super::region::Region;
use super::super::source::Help;
use super::alias::{Alias, AliasFrom};
use super::asked::{Asked, LastCaptures, ways};
use super::keys::{KeyFills, Matched};
use super::maps::{self, MapFile};
use super::row::Made;
use super::rule::Rule;
use super::sent::{Beside, Sent};
use super::substitution::{self, MapCall, Piece, Spelling};
use super::walk::{Place, Scope, Walk};
use crate::links::bytes::shown;

/// Makes rows.
pub(super) struct Maker<'m> {
    walk: &'m Walk,
    help: &'m Help<'m>,
    /// Hosts that a server answers over TLS.
    tls_hosts: HashSet<&'m [u8]>,
    files: HashMap<Vec<u8>, Result<MapFile, String>>,
    pub(super) made: Vec<Made>,
}

const UNSAFE_QUERY: &str = "since 2.4.60 Apache answers 403 where a map brings the `?` and the rule has no [UnsafeAllow3F]; here it is sent";
const GOES_ON: &str =
    "without [L] Apache goes on with the rules behind it, where its target is the path; write [L]";

impl<'m> Maker<'m> {
    pub(super) fn new(walk: &'m Walk, help: &'m Help<'m>) -> Maker<'m> {
        let tls = walk.servers.iter().filter(|server| server.tls);
        let tls_hosts = tls.flat_map(|server| server.hosts.iter().map(|host| &host[..])).collect();
        Maker { walk, help, tls_hosts, files: HashMap::new(), made: Vec::new() }
    }

    /// Makes all of them.
    pub(super) fn all(&mut self) {
        let walk = self.walk;
        // The main server's redirects come behind those of each other.
        let order = || {
            walk.scopes
                .iter()
                .filter(|it| it.server > 0)
                .chain(walk.scopes.iter().filter(|it| it.server == 0))
        };
        let is_dir = |scope: &&Scope| !matches!(scope.place, Place::Server | Place::Location(_));
        order().filter(|it| it.place == Place::Server).for_each(|scope| self.rules(scope));
        order().for_each(|scope| self.proxied(scope));
        // Of those that hold the last one comes first.
        let locations: Vec<_> =
            order().filter(|it| matches!(it.place, Place::Location(_))).collect();
        let is_whole = |alias: &&Alias| matches!(alias.from, AliasFrom::Location);
        for scope in locations.iter().rev() {
            self.rules(scope);
            scope.aliases.iter().filter(is_whole).for_each(|alias| self.alias(scope, alias));
        }
        let aliases = |maker: &mut Self, scope: &Scope| {
            let with_path = scope.aliases.iter().filter(|alias| !is_whole(alias));
            with_path.for_each(|alias| maker.alias(scope, alias));
        };
        order().filter(|it| it.place == Place::Server).for_each(|scope| aliases(self, scope));
        order().filter(is_dir).for_each(|scope| self.rules(scope));
        locations.iter().rev().for_each(|scope| aliases(self, scope));
        order().filter(is_dir).for_each(|scope| aliases(self, scope));
    }

    fn place(&self, scope: &Scope) -> Beside<'_> {
        Beside {
            index: scope.server,
            server: &self.walk.servers[scope.server],
            tls_hosts: &self.tls_hosts,
            base: self.help.base,
        }
    }

    fn proxied(&mut self, scope: &Scope) {
        for (line, path) in &scope.proxied {
            let regions = vec![Region::below(path.clone(), false)];
            self.made.push(Made::Claim { line: *line, regions: self.at_hosts(scope, regions) });
        }
    }

    /// The same regions, at each host of the server.
    fn at_hosts(&self, scope: &Scope, regions: Vec<Region>) -> Vec<Region> {
        let hosts = &self.walk.servers[scope.server].hosts;
        if hosts.is_empty() {
            return regions;
        }
        let at = |host: &Vec<u8>| {
            let host = host.clone();
            regions.iter().map(move |region| Region { host: host.clone(), ..region.clone() })
        };
        hosts.iter().flat_map(at).collect()
    }

    fn rules(&mut self, scope: &Scope) {
        let mut skipped = 0_usize;
        for (at, rule) in scope.rules.iter().enumerate() {
            let flags = &rule.flags;
            let is_idle = rule.substitution == b"-" && rule.wrong.is_none() && !flags.answers();
            if scope.engine == Some(false) || (is_idle && skipped == 0) {
                let what = format!("RewriteRule {}", shown(&rule.pattern));
                self.made.push(Made::Other(rule.line, what));
                continue;
            }
            let made = match skipped > 0 {
                true => {
                    Err("a rule before it says whether it is looked at, with [C] or [S]".into())
                }
                false => self.rule(scope, rule, &scope.rules[at + 1..]),
            };
            skipped = skipped.saturating_sub(1).max(flags.skips);
            match made {
                Ok(made) => self.made.extend(made),
                Err(message) => {
                    let regions = self.at_hosts(scope, self.regions(scope, rule));
                    self.made.push(Made::Refused(rule.line, message));
                    self.made.push(Made::Claim { line: rule.line, regions });
                }
            }
        }
    }

    /// What a rule may be for that comes to no link.
    fn regions(&self, scope: &Scope, rule: &Rule) -> Vec<Region> {
        let any_case = rule.flags.any_case;
        let Ok(Some(directory)) = self.directory(scope) else {
            let is_server = scope.place == Place::Server;
            return match Matched::of_expression(&rule.pattern, any_case, None) {
                Ok(matched) if is_server && matched.changed.is_none() => regions_of(&matched),
                _ if is_server => vec![Region::below(lead(&rule.pattern), any_case)],
                _ => vec![Region::below(Vec::new(), false)],
            };
        };
        match Matched::of_expression(&rule.pattern, any_case, Some(&directory)) {
            Ok(matched) if matched.changed.is_none() => regions_of(&matched),
            _ => {
                let begun = [&directory[..], &lead(&rule.pattern)].concat();
                vec![Region::below(begun, any_case)]
            }
        }
    }

    /// The path of the directory that rules are for, if they are for one.
    ///
    /// # Errors
    /// Why it is not known, as a sentence.
    fn directory(&self, scope: &Scope) -> Result<Option<Vec<u8>>, String> {
        match &scope.place {
            Place::Server => Ok(None),
            Place::Here => {
                let base = scope.base.as_ref().filter(|base| base.starts_with(b"/"));
                let base = base.map_or(&b"/"[..], |base| base);
                let base = base.strip_suffix(b"/").unwrap_or(base);
                Ok(Some([base, b"/"].concat()))
            }
            Place::Directory(path) => match self.walk.path_of(scope.server, path) {
                Some(path) => Ok(Some(path)),
                None => Err(format!(
                    "<Directory {}> is not below a DocumentRoot of the file; put the rule into the server",
                    shown(path)
                )),
            },
            Place::Location(path) => Err(format!(
                "Apache does not support rules in <Location {}>; put it into the server",
                shown(path)
            )),
            Place::Unclear(section) => Err(within(section)),
        }
    }

    fn rule(&mut self, scope: &Scope, rule: &Rule, behind: &[Rule]) -> Result<Vec<Made>, String> {
        let server = &self.walk.servers[scope.server];
        if scope.engine.is_none() {
            return Err("RewriteEngine is not on here; write RewriteEngine On above".to_owned());
        }
        if scope.server == 0 && scope.place == Place::Server && self.walk.servers.len() > 1 {
            return Err(
                "Apache takes it for no VirtualHost; put it into those that are meant".into()
            );
        }
        let status = rule.status()?;
        let directory = self.directory(scope)?;
        if rule.pattern.starts_with(b"!") {
            return Err(format!(
                "no key asks for all paths but those of `{}`; write links for what is left",
                shown(&rule.pattern[1..])
            ));
        }
        let matched =
            Matched::of_expression(&rule.pattern, rule.flags.any_case, directory.as_deref())?;
        if !rule.flags.last && status != b"410" && behind.iter().any(may_take_a_url) {
            return Err(GOES_ON.to_owned());
        }
        let pieces = match status == b"410" {
            true => Vec::new(),
            false => {
                let spelling = Spelling::Rewrite { escapes: !rule.flags.no_escape };
                substitution::read(&rule.substitution, spelling)?
            }
        };
        let mut made = Vec::new();
        for mut asked in ways(&matched, &rule.conditions, server)? {
            if rule.flags.sets_cookie {
                asked.said.push("its cookie is not set here".to_owned());
            }
            let base = scope.base.as_ref().filter(|base| **base != b"/"[..]);
            if let (Place::Here, Some(base)) = (&scope.place, base) {
                asked.said.push(format!(
                    "the file is taken for that of {}, as its RewriteBase says",
                    shown(base)
                ));
            }
            let mut refused_in_map = None;
            for looked in self.looked_up(scope, rule, &asked, &pieces)? {
                let sent = match looked {
                    // The default comes last.
                    Ok(looked) => {
                        if looked.0.is_none() {
                            asked.said.extend(refused_in_map.take());
                        }
                        self.sent(scope, rule, &asked, &status, looked)?
                    }
                    Err(refused) => vec![refused],
                };
                if let Some(Made::RefusedIn(file, line, _)) = sent.first() {
                    refused_in_map.get_or_insert_with(|| {
                        format!("what {file} says on line {line} is refused, so this is its answer")
                    });
                }
                made.extend(sent);
            }
        }
        Ok(made)
    }

    /// The rows of one key of a rule.
    fn sent(
        &self,
        scope: &Scope,
        rule: &Rule,
        asked: &Asked,
        status: &[u8],
        (file, line, keys, pieces): Looked,
    ) -> Result<Vec<Made>, String> {
        if rule.flags.redirect.is_none() && status != b"410" && !is_url(&pieces) {
            return Err("it has no [R], so Apache serves the path itself; write [R=302,L]".into());
        }
        let mut asked = asked.clone();
        if file.is_some() && pieces.iter().any(Piece::has_query) && !rule.allows_query() {
            asked.said.push(UNSAFE_QUERY.to_owned());
        }
        let sent = Sent {
            file: file.as_deref(),
            line,
            pieces: &pieces,
            status,
            directory: scope.base.as_deref(),
            is_alias: false,
            adds_query: rule.flags.adds_query,
            drops_query: rule.flags.drops_query,
        };
        match (sent.rows(&self.place(scope), &asked, &keys), file) {
            (Ok(rows), _) => Ok(rows),
            (Err(why), Some(file)) => Ok(vec![Made::RefusedIn(file, line, why)]),
            (Err(why), None) => Err(why),
        }
    }

    /// The keys of a rule, each with what it sends; of one that looks into a map, those of
    /// the map.
    fn looked_up(
        &mut self,
        scope: &Scope,
        rule: &Rule,
        asked: &Asked,
        pieces: &[Piece],
    ) -> Result<Vec<Result<Looked, Made>>, String> {
        let mut calls = pieces.iter().enumerate().filter_map(|(at, piece)| match piece {
            Piece::Map(call) => Some((at, call)),
            _ => None,
        });
        let all = asked.matched.keys.iter();
        let Some((at, call)) = calls.next() else {
            if !asked.in_map.is_empty() {
                return Err("a condition asks for a map that the rule does not send".to_owned());
            }
            let plain = |keys: &KeyFills| Ok((None, rule.line, keys.clone(), pieces.to_vec()));
            return Ok(all.map(plain).collect());
        };
        if calls.next().is_some() {
            return Err("it looks into two maps; write its links one by one".to_owned());
        }
        if asked.matched.any_case {
            return Err("a map looks at case, and [NC] does not; write its links".to_owned());
        }
        let with = |instead: &[Piece]| [&pieces[..at], instead, &pieces[at + 1..]].concat();
        let file = self.map_file(scope, call)?.clone();
        let mut found = Vec::new();
        for entry in &file.entries {
            let count = found.len();
            for keys in &asked.matched.keys {
                if let Some(keys) = entry.of(call, keys)? {
                    let value = vec![Piece::Text(entry.value(!rule.flags.no_escape))];
                    found.push(Ok((Some(file.name.clone()), entry.line, keys, with(&value))));
                }
            }
            // The expression may match more than its keys.
            if found.len() == count && asked.matched.changed.is_some() {
                let why = format!(
                    "the rule on line {} may ask for it by a path that none of its keys has; write its link",
                    rule.line
                );
                found.push(Err(Made::RefusedIn(file.name.clone(), entry.line, why)));
            }
        }
        if asked.in_map.iter().any(|wanted| *wanted != call.asked) {
            return Err("a condition asks for a map that the rule does not send".to_owned());
        }
        match &call.default {
            Some(default) => {
                found.extend(all.map(|keys| Ok((None, rule.line, keys.clone(), with(default)))));
            }
            None if asked.in_map.is_empty() => {
                return Err(format!(
                    "Apache sends what the map does not have to its own front page; write `${{{0}|https://…}}`, \
                     or the condition `${{{0}}} !=\"\"` before it",
                    shown(&call.asked)
                ));
            }
            None => {}
        }
        Ok(found)
    }

    fn map_file(&mut self, scope: &Scope, call: &MapCall) -> Result<&MapFile, String> {
        let servers = [scope.server, 0].map(|at| &self.walk.servers[at]);
        let source = servers.iter().find_map(|server| server.maps.get(&call.name));
        let source = source
            .ok_or_else(|| format!("no RewriteMap of the file is `{}`", shown(&call.name)))?;
        let file = self.files.entry(source.clone());
        file.or_insert_with(|| maps::file(source, self.help)).as_ref().map_err(Clone::clone)
    }

    fn alias(&mut self, scope: &Scope, alias: &Alias) {
        match self.alias_rows(scope, alias) {
            Ok(made) => self.made.extend(made),
            Err(message) => {
                let region = match &alias.from {
                    AliasFrom::Path(path) => Region::below(path.clone(), false),
                    AliasFrom::Expression(expression) => Region::below(lead(expression), false),
                    AliasFrom::Location => Region::below(Vec::new(), false),
                };
                let regions = self.at_hosts(scope, vec![region]);
                self.made.push(Made::Refused(alias.line, message));
                self.made.push(Made::Claim { line: alias.line, regions });
            }
        }
    }

    fn alias_rows(&self, scope: &Scope, alias: &Alias) -> Result<Vec<Made>, String> {
        let around = match &scope.place {
            Place::Server | Place::Here => None,
            Place::Directory(path) => match self.walk.path_of(scope.server, path) {
                Some(path) if path == b"/" => None,
                Some(path) => Some(Matched::below(&path[..path.len() - 1])?),
                None => {
                    return Err("its <Directory> is not below a DocumentRoot of the file".into());
                }
            },
            Place::Location(path) => Some(Matched::below(path)?),
            Place::Unclear(section) => return Err(within(section)),
        };
        if !alias.to.is_empty() && !is_target(&alias.to) {
            return Err(format!("`{}` is no URL and no path; write https://…", shown(&alias.to)));
        }
        let text = Piece::Text(alias.to.clone());
        let (matched, pieces) = match &alias.from {
            AliasFrom::Path(path) => {
                if path.ends_with(b"/") && is_bare_host(&alias.to) {
                    return Err(format!(
                        "Apache puts what follows {} right behind the host, as {}x; write {0}/ as its target",
                        shown(&alias.to),
                        shown(&alias.to)
                    ));
                }
                (Matched::below(path)?, vec![text, Piece::Rule(1)])
            }
            AliasFrom::Expression(expression) => (
                Matched::of_expression(expression, false, None)?,
                substitution::read(&alias.to, Spelling::Match)?,
            ),
            AliasFrom::Location => match alias.to.windows(2).any(|part| part == b"%{") {
                true => return Err("its target is an expression; write the URL".to_owned()),
                false => (around.clone().unwrap_or_default(), vec![text]),
            },
        };
        let matched = match around {
            Some(around) => matched.and(&around)?,
            None => matched,
        };
        let asked = Asked {
            matched,
            hosts: None,
            query: Vec::new(),
            http: false,
            in_map: Vec::new(),
            last: LastCaptures::None,
            said: Vec::new(),
        };
        let mut made = Vec::new();
        for keys in &asked.matched.keys {
            let sent = Sent {
                file: None,
                line: alias.line,
                pieces: &pieces,
                status: &alias.status,
                directory: None,
                is_alias: true,
                adds_query: false,
                drops_query: false,
            };
            made.extend(sent.rows(&self.place(scope), &asked, keys)?);
        }
        Ok(made)
    }
}

/// The file of a map, a line, a key and what is sent.
type Looked = (Option<String>, u32, KeyFills, Vec<Piece>);

fn regions_of(matched: &Matched) -> Vec<Region> {
    matched.keys.iter().map(|it| Region::of_key(&it.key, matched.any_case)).collect()
}

fn within(section: &str) -> String {
    format!("it stands in {section}, which no key asks for; move it out if it always holds")
}

/// Whether what is sent begins as an absolute URL.
fn is_url(pieces: &[Piece]) -> bool {
    let Some(Piece::Text(text)) = pieces.first() else { return false };
    text.starts_with(b"http://") || text.starts_with(b"https://")
}

fn is_target(text: &[u8]) -> bool {
    let is_url = text.windows(3).any(|part| part == b"://");
    is_url || text.starts_with(b"/")
}

/// Whether a URL has nothing behind its host.
fn is_bare_host(url: &[u8]) -> bool {
    let at = url.windows(3).position(|part| part == b"://");
    at.is_some_and(|at| !url[at + 3..].iter().any(|byte| matches!(byte, b'/' | b'?' | b'#')))
}

/// Whether a rule may match what the redirect before it has made of the path.
fn may_take_a_url(rule: &Rule) -> bool {
    let begins = match &rule.pattern[..] {
        [b'^', b'\\', escaped, ..] => !escaped.is_ascii_alphanumeric(),
        [b'^', first, second, ..] => {
            let is_text = first.is_ascii_alphanumeric() || *first == b'/' || *first == b'-';
            is_text && *first != b'h' && !matches!(second, b'?' | b'*' | b'{')
        }
        _ => false,
    };
    !begins || rule.pattern.contains(&b'|')
}
