//! The servers and sections of a configuration, and the redirects in each.

use std::collections::HashMap;

use super::alias::Alias;
use super::condition::Condition;
use super::lines::Node;
use super::rule::Rule;
use crate::links::bytes::shown;

/// A server: the main one, then each `<VirtualHost>`.
#[derive(Debug, Default)]
pub(super) struct Server {
    pub(super) line: u32,
    /// Its names in lower case; `*.…` for those below a domain.
    pub(super) hosts: Vec<Vec<u8>>,
    /// Empty for the main one.
    pub(super) ports: Vec<Vec<u8>>,
    pub(super) tls: bool,
    root: Option<Vec<u8>>,
    /// Sources of its maps, by their names.
    pub(super) maps: HashMap<Vec<u8>, Vec<u8>>,
}

/// Where directives stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Server,
    /// `.htaccess`
    Here,
    Directory(Vec<u8>),
    Location(Vec<u8>),
    /// A section that asks for what is not understood; as it is written.
    Unclear(String),
}

/// What stands in one place of one server.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) server: usize,
    pub(super) place: Place,
    /// `RewriteEngine`
    pub(super) engine: Option<bool>,
    /// `RewriteBase`
    pub(super) base: Option<Vec<u8>>,
    pub(super) rules: Vec<Rule>,
    pub(super) aliases: Vec<Alias>,
    /// Lines and paths of what goes to another server.
    pub(super) proxied: Vec<(u32, Vec<u8>)>,
    conditions: Vec<Condition>,
    wrong: Option<String>,
}

/// All of a configuration.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) servers: Vec<Server>,
    pub(super) scopes: Vec<Scope>,
    pub(super) wrong: Vec<(u32, String)>,
    pub(super) others: Vec<(u32, String)>,
}

impl Walk {
    /// Reads a tree whose top is this place.
    pub(super) fn of(nodes: &[Node], top: &Place, wrong: Vec<(u32, String)>) -> Walk {
        let mut walk = Walk { servers: vec![Server::default()], wrong, ..Walk::default() };
        walk.nodes(nodes, 0, top);
        for scope in &mut walk.scopes {
            for condition in scope.conditions.drain(..) {
                walk.others.push((condition.line, "RewriteCond without a rule behind it".into()));
            }
        }
        walk
    }

    fn nodes(&mut self, nodes: &[Node], server: usize, place: &Place) {
        for node in nodes {
            match &node.nodes {
                Some(inner) => self.section(node, inner, server, place),
                None => self.directive(node, server, place),
            }
        }
    }

    fn section(&mut self, node: &Node, inner: &[Node], server: usize, place: &Place) {
        let words = node.words();
        let first = words.first().map_or(&b""[..], |word| word);
        match (&node.name[..], place) {
            (b"ifmodule", _) if first.starts_with(b"!") => {
                let what = format!("<IfModule {}>, taken for one that is there", shown(first));
                self.others.push((node.line, what));
            }
            (b"ifmodule", _) => self.nodes(inner, server, place),
            (b"virtualhost", Place::Server) => {
                let ports: Vec<_> = words.iter().map(|word| port(word)).collect();
                let tls = ports.iter().any(|port| port == b"443");
                self.servers.push(Server { line: node.line, ports, tls, ..Server::default() });
                self.nodes(inner, self.servers.len() - 1, place);
            }
            (b"directory", Place::Server) if words.len() == 1 && !first.contains(&b'*') => {
                self.nodes(inner, server, &Place::Directory(first.to_vec()));
            }
            (b"location", Place::Server)
                if words.len() == 1 && first.starts_with(b"/") && !first.contains(&b'*') =>
            {
                self.nodes(inner, server, &Place::Location(first.to_vec()));
            }
            _ => {
                let name = String::from_utf8_lossy(&node.name).into_owned();
                let text = format!("<{name} {}> on line {}", shown(&node.rest), node.line);
                self.nodes(inner, server, &Place::Unclear(text));
            }
        }
    }

    fn scope(&mut self, server: usize, place: &Place) -> &mut Scope {
        let is_it = |scope: &Scope| scope.server == server && scope.place == *place;
        let at = self.scopes.iter().position(is_it).unwrap_or(self.scopes.len());
        if at == self.scopes.len() {
            self.scopes.push(Scope {
                server,
                place: place.clone(),
                engine: None,
                base: None,
                rules: Vec::new(),
                aliases: Vec::new(),
                proxied: Vec::new(),
                conditions: Vec::new(),
                wrong: None,
            });
        }
        &mut self.scopes[at]
    }

    fn directive(&mut self, node: &Node, server: usize, place: &Place) {
        let words = node.words();
        let first = words.first().map_or(&b""[..], |word| word);
        let line = node.line;
        match &node.name[..] {
            b"servername" | b"serveralias" if *place == Place::Server => {
                self.names(server, line, &words);
            }
            b"sslengine" => self.servers[server].tls = first.eq_ignore_ascii_case(b"on"),
            b"documentroot" => self.servers[server].root = Some(first.to_vec()),
            b"rewriteengine" => {
                self.scope(server, place).engine = Some(first.eq_ignore_ascii_case(b"on"));
            }
            b"rewritebase" => self.scope(server, place).base = Some(first.to_vec()),
            b"rewritecond" => {
                let scope = self.scope(server, place);
                match Condition::of(line, &node.raw_words()) {
                    Ok(condition) => scope.conditions.push(condition),
                    Err(message) => scope.wrong = Some(message),
                }
            }
            b"rewriterule" => {
                let scope = self.scope(server, place);
                let conditions = core::mem::take(&mut scope.conditions);
                let mut rule = Rule::of(line, &node.raw_words(), conditions);
                rule.wrong = rule.wrong.or(scope.wrong.take());
                scope.rules.push(rule);
            }
            b"rewritemap" => self.map(server, line, &words),
            b"rewriteoptions" => self.wrong.push((
                line,
                "RewriteOptions changes which rules Apache takes, which is not understood; leave it out"
                    .to_owned(),
            )),
            b"redirect" | b"redirectmatch" | b"redirectpermanent" | b"redirecttemp" => {
                match Alias::of(node, matches!(place, Place::Location(_))) {
                    Ok(alias) => self.scope(server, place).aliases.push(alias),
                    Err(message) => self.wrong.push((line, message)),
                }
            }
            b"proxypass" if first.starts_with(b"/") && words.get(1).is_none_or(|to| to != b"!") => {
                self.scope(server, place).proxied.push((line, first.to_vec()));
                self.other(node);
            }
            b"include" | b"includeoptional" | b"use" => self.wrong.push((
                line,
                format!("what {} brings is not read; put its lines here", shown(first)),
            )),
            b"errordocument" if words.get(1).is_some_and(|to| to.starts_with(b"http")) => {
                self.wrong.push((
                    line,
                    "no key stands for what answers with an error; leave it out, or use --fallback"
                        .to_owned(),
                ));
            }
            _ => self.other(node),
        }
    }

    fn other(&mut self, node: &Node) {
        self.others.push((node.line, shown(&node.name)));
    }

    /// Notes the names of a server.
    fn names(&mut self, server: usize, line: u32, words: &[Vec<u8>]) {
        for word in words {
            if word.starts_with(b"#") {
                let message = "Apache has no comments behind a directive, and takes each of these words \
                               for a name; put the comment on a line of its own";
                return self.wrong.push((line, message.to_owned()));
            }
            let bare = word.rsplit(|&byte| byte == b'/').next().unwrap_or(word);
            let end = bare.iter().position(|&byte| byte == b':').unwrap_or(bare.len());
            let name = bare[..end].to_ascii_lowercase();
            let wild = name.strip_prefix(b"*.").unwrap_or(&name);
            if name.is_empty() {
                let message = format!("`{}` names no host; write it as h.example", shown(word));
                self.wrong.push((line, message));
            } else if wild.iter().any(|byte| matches!(byte, b'*' | b'?')) {
                let message = format!(
                    "no key stands for the hosts of `{}`; write each, or *.example.com",
                    shown(word)
                );
                self.wrong.push((line, message));
            } else if !self.servers[server].hosts.contains(&name) {
                self.servers[server].hosts.push(name);
            }
        }
    }

    fn map(&mut self, server: usize, line: u32, words: &[Vec<u8>]) {
        let [name, source, ..] = words else {
            let message = "a map has a name and a source: RewriteMap name txt:/path".to_owned();
            return self.wrong.push((line, message));
        };
        self.servers[server].maps.insert(name.clone(), source.clone());
    }

    /// The path at which visitors find a directory; with a slash at its end.
    pub(super) fn path_of(&self, server: usize, directory: &[u8]) -> Option<Vec<u8>> {
        let own = self.servers[server].root.as_ref();
        let root = own.or(self.servers[0].root.as_ref())?;
        let bare = |path: &[u8]| path.strip_suffix(b"/").unwrap_or(path).to_vec();
        let below = bare(directory).strip_prefix(&bare(root)[..])?.to_vec();
        match below.first() {
            None | Some(b'/') => Some([&below[..], b"/"].concat()),
            _ => None,
        }
    }
}

/// The port of an address; `*` for any.
fn port(address: &[u8]) -> Vec<u8> {
    let colon = address.iter().rposition(|&byte| byte == b':');
    let port = colon.map(|at| &address[at + 1..]);
    let port = port.filter(|port| !port.is_empty() && !port.contains(&b']'));
    port.unwrap_or(b"*").to_vec()
}
