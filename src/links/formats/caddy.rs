//! A Caddyfile: the `redir`s of its sites. Caddy sorts them, so that those of longer paths
//! come first, and compares paths in any case.

mod imports;
mod rule;
mod tokens;

use super::ordered::{Ordered, OrderedRule, emit};
use super::row::Line;
use super::source::Help;
use crate::links::bytes::shown;
use imports::{expanded, refused};
use rule::{Matcher, Matchers, everything, named, of_path, sent, status};
use tokens::{Node, tree};

/// A site, by its addresses.
#[derive(Default)]
struct Site {
    /// Empty for any.
    hosts: Vec<String>,
    /// Whether all of its addresses are of http alone.
    is_plain: bool,
}

const OWN_HOST: &str =
    "it goes from http to https of its own host, and carom answers both: no redirect";
const PLAIN: &str = "its site answers over http alone; here it answers over both";

pub(super) fn read(text: &[u8], help: &Help<'_>, take: &mut dyn FnMut(u32, Line<'_>)) {
    let nodes = match core::str::from_utf8(text) {
        Ok(text) => tree(text),
        Err(_) => Err((1, "the file is not UTF-8; save it as UTF-8".to_owned())),
    };
    let mut all = Vec::new();
    match nodes {
        Err((line, message)) => all.push(Ordered::Refused(line, message)),
        Ok(nodes) => sites(&expanded(nodes), help, &mut all),
    }
    emit("Caddy", &all, take);
}

fn sites(nodes: &[Node], help: &Help<'_>, all: &mut Vec<Ordered>) {
    // A site without braces is the last one, whose address is its first line.
    let is_aside = |node: &Node| {
        let name = node.name();
        name == "import" || (node.block.is_some() && (name.is_empty() || name.starts_with('(')))
    };
    let first = nodes.iter().position(|node| !is_aside(node));
    let bare = first.filter(|&at| nodes[at].block.is_none());
    let (nodes, rest) = nodes.split_at(bare.unwrap_or(nodes.len()));
    let last = rest.split_first().map(|(first, rest)| Node {
        line: first.line,
        words: first.words.clone(),
        block: Some(rest.to_vec()),
    });
    let nodes = nodes.iter().chain(&last);
    let mut known: Vec<(u32, Site)> = Vec::new();
    let mut found = Vec::new();
    for node in nodes {
        let Some(block) = &node.block else {
            all.push(odd(node));
            continue;
        };
        match node.words.first().map(String::as_str) {
            None => all.push(Ordered::Other(node.line, "global options".to_owned())),
            Some(name) if name.starts_with('(') => {
                all.push(Ordered::Other(node.line, format!("the snippet {name}")));
            }
            Some("import") => all.push(Ordered::Refused(node.line, refused(node))),
            Some(_) => match site(&node.words) {
                Ok(site) => {
                    found.push((known.len(), block));
                    known.push((node.line, site));
                }
                Err(message) => all.push(Ordered::Refused(node.line, message)),
            },
        }
    }
    for (at, block) in found {
        let mut reader = SiteReader { help, site: &known[at].1, all: Vec::new() };
        reader.read(block);
        let beside = |rule: &OrderedRule| beside(&known, at, rule);
        all.extend(reader.all.into_iter().map(|it| match it {
            Ordered::Rule(mut rule) => {
                rule.said.extend(beside(&rule));
                Ordered::Rule(rule)
            }
            other => other,
        }));
    }
}

/// A directive outside of each site.
fn odd(node: &Node) -> Ordered {
    match node.name() {
        "import" => Ordered::Refused(node.line, refused(node)),
        name => Ordered::Refused(
            node.line,
            format!(
                "`{}` stands in no site; write the site's address before it",
                shown(name.as_bytes())
            ),
        ),
    }
}

fn site(words: &[String]) -> Result<Site, String> {
    let mut site = Site { hosts: Vec::new(), is_plain: true };
    let mut is_any = false;
    for word in words.iter().flat_map(|word| word.split(',')).filter(|word| !word.is_empty()) {
        if word.contains('{') {
            return Err(format!("the address `{word}` is not known; write the host"));
        }
        let (scheme, rest) = word.split_once("://").unwrap_or(("", word));
        let (host, port) = rest.split_once(':').unwrap_or((rest, ""));
        if host.contains('/') {
            return Err(format!("the address `{word}` has a path; leave it out"));
        }
        site.is_plain &= scheme == "http" || port == "80";
        match host {
            "" | "*" => is_any = true,
            host => site.hosts.push(host.to_ascii_lowercase()),
        }
    }
    if is_any {
        site.hosts.clear();
    }
    Ok(site)
}

/// What other sites, which Caddy takes for their hosts, change.
fn beside(known: &[(u32, Site)], own: usize, rule: &OrderedRule) -> Option<String> {
    let slash = rule.key.iter().position(|&byte| byte == b'/')?;
    let host = String::from_utf8_lossy(&rule.key[..slash]).into_owned();
    let domain = match &*host {
        "" => "",
        host => host.strip_prefix('*')?,
    };
    let has = |(at, (_, site)): &(usize, &(u32, Site))| {
        *at != own && site.hosts.iter().any(|name| *name != host && name.ends_with(domain))
    };
    let (_, (line, _)) = known.iter().enumerate().find(has)?;
    Some(format!("Caddy takes the site on line {line} for its hosts; here it answers them, too"))
}

struct SiteReader<'r> {
    help: &'r Help<'r>,
    site: &'r Site,
    all: Vec<Ordered>,
}

/// A `redir`, and what sorts it.
struct Redir<'n> {
    line: u32,
    matcher: Matcher,
    is_matched: bool,
    to: &'n str,
    code: Option<&'n str>,
}

impl SiteReader<'_> {
    fn read(&mut self, block: &[Node]) {
        let names = block.iter().filter(|node| node.name().starts_with('@'));
        let matchers: Matchers = names.map(|node| (node.name().to_owned(), named(node))).collect();
        let mut redirs = Vec::new();
        for node in block {
            let name = node.name();
            match name {
                "redir" => match redir(node, &matchers) {
                    Ok(redir) => redirs.push(redir),
                    Err(message) => self.all.push(Ordered::Refused(node.line, message)),
                },
                "import" => self.all.push(Ordered::Refused(node.line, refused(node))),
                name if name.starts_with('@') => {}
                _ => {
                    self.all.push(Ordered::Other(node.line, name.to_owned()));
                    self.within(node, name);
                }
            }
        }
        // As Caddy sorts them.
        redirs
            .sort_by_key(|redir| (core::cmp::Reverse(redir.matcher.path.len()), !redir.is_matched));
        // Of `/a` and `/a*` the first comes first.
        for at in 1..redirs.len() {
            let open = format!("{}*", redirs[at].matcher.path);
            if let Some(before) = redirs[..at].iter().position(|it| it.matcher.path == open) {
                redirs[before..=at].rotate_right(1);
            }
        }
        for redir in &redirs {
            match self.rows(redir) {
                Ok(rows) => self.all.extend(rows),
                Err(message) => self.all.push(Ordered::Refused(redir.line, message)),
            }
        }
    }

    /// Refuses each `redir` in the block of another directive.
    fn within(&mut self, node: &Node, name: &str) {
        for inner in node.block.iter().flatten() {
            if matches!(inner.name(), "redir" | "import") {
                let message = format!(
                    "it stands in `{}`, and which of such blocks answers is not understood; write it in \
                     the site, with its path",
                    shown(name.as_bytes())
                );
                self.all.push(Ordered::Refused(inner.line, message));
            }
            self.within(inner, name);
        }
    }

    /// Whether a `redir` that comes first has a key.
    fn has(&self, key: &[u8]) -> bool {
        self.all.iter().any(|it| matches!(it, Ordered::Rule(rule) if rule.key == key))
    }

    fn rows(&self, redir: &Redir<'_>) -> Result<Vec<Ordered>, String> {
        let Redir { line, matcher, to, .. } = redir;
        let status = status(redir.code)?;
        let hosts = match &matcher.hosts {
            Some(hosts) => hosts.clone(),
            None => self.site.hosts.clone(),
        };
        let hosts = if hosts.is_empty() { vec![String::new()] } else { hosts };
        let mut rows = Vec::new();
        for host in &hosts {
            for filled in &matcher.shape.keys {
                let key = [host.as_bytes(), &filled.key, matcher.query.as_bytes()].concat();
                // What is left of `/a*` behind `/a`.
                if matcher.shape.keys.len() > 1 && self.has(&key) {
                    continue;
                }
                if !matcher.query.is_empty() && filled.key.ends_with(b"*") {
                    return Err("no key asks for a parameter at all paths; write each path".into());
                }
                let is_exact = !host.is_empty() && !host.starts_with('*');
                let scheme = if self.site.is_plain { "http" } else { "https" };
                let own = is_exact.then(|| format!("{scheme}://{host}"));
                let base = own.as_deref().or(self.help.base);
                let some = is_own(to) && host.is_empty();
                let asked = if some { "carom.invalid" } else { host };
                let (target, keeps, mut said) = sent(to, matcher, filled, asked, base)?;
                let uri = filled.key.strip_suffix(b"*").unwrap_or(&filled.key);
                let same = [b"https://", asked.as_bytes(), uri].concat();
                let bare = target.strip_suffix(b":splat").unwrap_or(&target);
                if keeps && bare == same {
                    if !self.site.is_plain {
                        return Err("it leads to its own address; leave it out".to_owned());
                    }
                    rows.push(Ordered::Other(*line, OWN_HOST.to_owned()));
                    continue;
                }
                if some {
                    return Err(
                        "{host} as the host of a target lets a visitor choose it; write the host"
                            .into(),
                    );
                }
                said.extend(self.site.is_plain.then(|| PLAIN.to_owned()));
                said.extend(matcher.said.iter().cloned());
                rows.push(Ordered::Rule(OrderedRule {
                    line: *line,
                    key,
                    target,
                    status: status.clone(),
                    keeps_query: keeps,
                    any_case: matcher.any_case,
                    said,
                }));
            }
        }
        Ok(rows)
    }
}

/// Whether a target begins with the host that was asked.
fn is_own(to: &str) -> bool {
    let rest = to.strip_prefix("https://");
    rest.is_some_and(|rest| rest.starts_with("{host}") || rest.starts_with("{http.request.host}"))
}

fn redir<'n>(node: &'n Node, matchers: &Matchers) -> Result<Redir<'n>, String> {
    let words = &node.words[1..];
    let is_matcher = |word: &String| word == "*" || word.starts_with(['/', '@']);
    let (matcher, rest) = match words {
        [first, rest @ ..] if is_matcher(first) && !rest.is_empty() => (Some(first), rest),
        [first] if first.starts_with('/') => {
            return Err(format!("Caddy could take `{first}` for a matcher; write redir * {first}"));
        }
        _ => (None, words),
    };
    let (to, code) = match rest {
        [to] => (to, None),
        [to, code] => (to, Some(&**code)),
        _ => return Err("write it as redir [matcher] https://host/path [permanent]".to_owned()),
    };
    let is_matched = matcher.is_some_and(|word| word != "*");
    let matcher = match matcher {
        None => everything(),
        Some(name) if name.starts_with('@') => {
            let known = matchers.get(name).ok_or_else(|| format!("no matcher is `{name}`"))?;
            known.clone()?
        }
        Some(path) => of_path(path)?,
    };
    Ok(Redir { line: node.line, matcher, is_matched, to, code })
}

#[cfg(test)]
mod tests;
