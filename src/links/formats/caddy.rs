//! A Caddyfile: the `redir`s of its sites. Caddy sorts them, so that those of longer paths
//! come first, and compares paths in any case.

mod imports;
mod redir;
mod rule;
mod site;
mod sorted;
mod tokens;
mod versions;

use std::collections::HashSet;

use super::ordered::{Ordered, OrderedRule, emit};
use super::paths::plain_path;
use super::row::Line;
use super::source::Help;
use crate::links::bytes::shown;
use imports::{expanded, refused};
use redir::Redir;
use rule::{Matchers, Named, sent, status};
use site::{Site, beside, outdone};
use tokens::{Node, tree};
use versions::{KeyOf, Orders};

const OWN_HOST: &str =
    "it goes from http to https of its own host, and carom answers both: no redirect";

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
            None => {
                let sorts = |node: &&Node| {
                    node.name() == "order" && node.words.iter().any(|word| word == "redir")
                };
                all.extend(block.iter().find(sorts).map(|node| {
                    let message = "another order of `redir` is not understood; leave it out";
                    Ordered::Refused(node.line, message.to_owned())
                }));
                all.push(Ordered::Other(node.line, "global options".to_owned()));
            }
            Some(name) if name.starts_with('(') => {
                all.push(Ordered::Other(node.line, format!("the snippet {name}")));
            }
            Some("import") => all.push(Ordered::Refused(node.line, refused(node))),
            Some(_) => match Site::read(&node.words) {
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
        let mut refused = HashSet::new();
        for it in reader.all {
            let Ordered::Rule(mut rule) = it else {
                all.push(it);
                continue;
            };
            match outdone(&known, at, &rule.key) {
                Some(message) if refused.insert((rule.line, message.clone())) => {
                    all.push(Ordered::Refused(rule.line, message));
                }
                Some(_) => {}
                None => {
                    rule.said.extend(beside(&known, at, &rule));
                    all.push(Ordered::Rule(rule));
                }
            }
        }
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

struct SiteReader<'r> {
    help: &'r Help<'r>,
    site: &'r Site,
    all: Vec<Ordered>,
}

impl SiteReader<'_> {
    fn read(&mut self, block: &[Node]) {
        let names = block.iter().filter(|node| node.name().starts_with('@'));
        let matchers: Matchers<'_> = names.map(|node| (node.name(), Named::read(node))).collect();
        let mut redirs = Vec::new();
        for node in block {
            let name = node.name();
            match name {
                "redir" => match Redir::read(node, &matchers) {
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
        self.take(&redirs);
    }

    /// Takes those of the site, in the order in which Caddy looks at them.
    fn take(&mut self, redirs: &[Redir<'_>]) {
        let keys: Vec<_> = redirs.iter().map(|redir| self.keys(redir)).collect();
        let orders = Orders::of(redirs, &keys);
        for &at in &orders.order {
            let redir = &redirs[at];
            match self.rows(redir) {
                Ok(rows) => self.all.extend(rows.into_iter().map(|it| match it {
                    Ordered::Rule(mut rule) => {
                        rule.said.extend(orders.said(at, &rule.key));
                        Ordered::Rule(rule)
                    }
                    other => other,
                })),
                Err(message) => {
                    self.all.push(Ordered::Refused(redir.line, message));
                    self.all.push(Ordered::Claim(redir.line, redir.regions()));
                }
            }
        }
    }

    /// The keys of a `redir`; none where it is refused.
    fn keys(&self, redir: &Redir<'_>) -> Vec<KeyOf> {
        let Ok(rows) = self.rows(redir) else { return Vec::new() };
        let key = |row| match row {
            Ordered::Rule(rule) => Some((rule.key, rule.any_case)),
            _ => None,
        };
        rows.into_iter().filter_map(key).collect()
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
        let matcher = matcher.as_ref().map_err(Clone::clone)?;
        let status = status(redir.code)?;
        let hosts = self.site.hosts_of(matcher.hosts.as_deref())?;
        let mut rows = Vec::new();
        let mut is_left = false;
        for host in &hosts {
            for filled in &matcher.shape.keys {
                plain_path(&filled.key, "Caddy")?;
                let key = [host.as_bytes(), &filled.key, matcher.query.as_bytes()].concat();
                // What is left of `/a*` behind `/a`.
                if matcher.shape.keys.len() > 1 && self.has(&key) {
                    is_left = true;
                    continue;
                }
                if !matcher.query.is_empty() && filled.key.ends_with(b"*") {
                    return Err("no key asks for a parameter at all paths; write each path".into());
                }
                let is_exact = !host.is_empty() && !host.starts_with('*');
                let scheme = if self.site.is_plain() { "http" } else { "https" };
                let own = is_exact.then(|| format!("{scheme}://{host}"));
                let base = own.as_deref().or(self.help.base);
                let some = is_own(to) && host.is_empty();
                let asked = if some { "carom.invalid" } else { host };
                let (target, keeps, mut said) = sent(to, matcher, filled, asked, base)?;
                let uri = filled.key.strip_suffix(b"*").unwrap_or(&filled.key);
                let same = [b"https://", asked.as_bytes(), uri].concat();
                let bare = target.strip_suffix(b":splat").unwrap_or(&target);
                if keeps && bare == same {
                    if !self.site.is_plain() {
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
                said.extend(self.site.said(host, to));
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
        match rows.is_empty() && is_left {
            true => {
                Err("its keys have redirs that come first, and what else it is for is no key"
                    .into())
            }
            false => Ok(rows),
        }
    }
}

/// Whether a target begins with the host that was asked.
fn is_own(to: &str) -> bool {
    let rest = to.strip_prefix("https://");
    rest.is_some_and(|rest| rest.starts_with("{host}") || rest.starts_with("{http.request.host}"))
}

#[cfg(test)]
mod tests;
