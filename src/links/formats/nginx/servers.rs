//! Servers, and which of them nginx takes (`server_name`, `listen`).

use super::tree::{ConfigLine, Node, Wrong};
use crate::links::bytes::shown;

/// A server.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) place: ConfigLine,
    /// Hosts, as keys name them.
    pub(super) hosts: Vec<Vec<u8>>,
    listens: Vec<Listen>,
    /// What becomes of hosts that no server names.
    pub(super) others: Others,
    /// Why nothing of it can be taken.
    pub(super) never: Option<String>,
}

/// Whether a server answers hosts that none names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Others {
    No,
    /// As the first at its address.
    First,
    /// As `default_server`.
    Default,
}

#[derive(Clone, Debug)]
struct Listen {
    port: Vec<u8>,
    is_default: bool,
    tls: bool,
}

impl Server {
    fn read(node: &Node, wrong: &mut Vec<Wrong>) -> Server {
        let mut hosts = Vec::new();
        let mut refused = false;
        let named =
            |name: &'static [u8]| node.nodes().iter().filter(move |inner| inner.name() == name);
        for inner in named(b"server_name") {
            for name in &inner.words[1..] {
                match names(name) {
                    Ok(more) => hosts.extend(more),
                    Err(message) => {
                        refused = true;
                        wrong.push((inner.place, message));
                    }
                }
            }
        }
        let ssl = named(b"ssl").any(|inner| inner.words.get(1).is_some_and(|word| word == b"on"));
        let mut listens: Vec<Listen> =
            named(b"listen").filter_map(|node| listen(node, ssl)).collect();
        if listens.is_empty() {
            listens.push(Listen { port: b"80".to_vec(), is_default: false, tls: ssl });
        }
        let why = "no name of its server can be taken".to_owned();
        let never = (refused && hosts.is_empty()).then_some(why);
        Server { place: node.place, hosts, listens, others: Others::No, never }
    }

    /// Whether it answers over TLS.
    pub(super) fn is_tls(&self) -> bool {
        self.listens.iter().any(|listen| listen.tls)
    }

    /// Whether both listen at some port.
    pub(super) fn shares_port(&self, other: &Server) -> bool {
        self.listens.iter().any(|own| other.listens.iter().any(|its| own.port == its.port))
    }
}

/// Whether nginx takes the server with this number for a host, at some port.
pub(super) fn is_asked(all: &[Server], own: usize, host: &[u8]) -> bool {
    all[own].listens.iter().any(|listen| {
        let here = |at: &usize| all[*at].listens.iter().any(|its| its.port == listen.port);
        let there: Vec<usize> = (0..all.len()).filter(here).collect();
        // The name itself, then the longest that ends with it.
        let fit = |name: &Vec<u8>| match name.strip_prefix(b"*") {
            Some(domain) if name != host => host.ends_with(domain).then_some(name.len()),
            _ => (name == host).then_some(usize::MAX),
        };
        let best = |at: &usize| all[*at].hosts.iter().filter_map(fit).max();
        match there.iter().filter_map(|at| Some((best(at)?, *at))).max_by_key(|found| found.0) {
            Some((_, chosen)) => chosen == own,
            None => {
                let default = |at: &&usize| {
                    all[**at].listens.iter().any(|its| its.port == listen.port && its.is_default)
                };
                there.iter().find(default).or(there.first()) == Some(&own)
            }
        }
    })
}

/// All servers of a configuration, in their order.
pub(super) fn servers(tree: &[Node], wrong: &mut Vec<Wrong>) -> Vec<Server> {
    let mut all = Vec::new();
    collect(tree, &mut all, wrong);
    for at in 0..all.len() {
        let mut others = Others::No;
        for listen in &all[at].listens {
            let at_port = |server: &Server, default: bool| {
                server
                    .listens
                    .iter()
                    .any(|its| its.port == listen.port && its.is_default >= default)
            };
            let chosen = all.iter().position(|server| at_port(server, true));
            let first = all.iter().position(|server| at_port(server, false));
            match (chosen, first) {
                (Some(chosen), _) if chosen == at => others = Others::Default,
                (None, Some(first)) if first == at && others == Others::No => {
                    others = Others::First;
                }
                _ => {}
            }
        }
        all[at].others = others;
    }
    for at in 0..all.len() {
        let (before, server) = all.split_at_mut(at);
        let server = &mut server[0];
        let had_names = !server.hosts.is_empty();
        // Of two servers with one name at one port nginx takes the first.
        let taken = |host: &Vec<u8>| {
            before.iter().any(|other| other.hosts.contains(host) && other.shares_port(server))
        };
        let kept: Vec<_> = server.hosts.iter().filter(|host| !taken(host)).cloned().collect();
        server.hosts = kept;
        // The default one answers without a name, too.
        let is_default = server.others != Others::No;
        if server.never.is_some() || !server.hosts.is_empty() || is_default {
            continue;
        }
        let why = match had_names {
            true => "another server before it has its name",
            false => "its server has no name, and another one is the default",
        };
        server.never = Some(why.to_owned());
    }
    all
}

fn collect(nodes: &[Node], all: &mut Vec<Server>, wrong: &mut Vec<Wrong>) {
    for node in nodes {
        match (node.name(), &node.block) {
            (b"server", Some(_)) => all.push(Server::read(node, wrong)),
            (b"http", Some(_)) => collect(node.nodes(), all, wrong),
            _ => {}
        }
    }
}

fn listen(node: &Node, ssl: bool) -> Option<Listen> {
    let (address, flags) = node.words.get(1..)?.split_first()?;
    let has = |names: &[&[u8]]| flags.iter().any(|flag| names.contains(&&flag[..]));
    let port = match address.iter().rposition(|&byte| byte == b':') {
        _ if address.starts_with(b"unix:") => &address[..],
        Some(at) if !address.ends_with(b"]") => &address[at + 1..],
        _ if address.iter().all(u8::is_ascii_digit) => &address[..],
        _ => b"80",
    };
    let tls = ssl || has(&[b"ssl", b"quic"]) || port == b"443";
    Some(Listen { port: port.to_vec(), is_default: has(&[b"default_server", b"default"]), tls })
}

/// The hosts of a name as keys have them; none for one that no visitor asks for.
pub(super) fn names(name: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    match name {
        b"_" | b"" | b"\"\"" => Ok(Vec::new()),
        [b'~', ..] => {
            Err(format!("the server name `{}` is an expression; write names", shown(name)))
        }
        [.., b'.', b'*'] => {
            Err(format!("the name `{}` ends with a `*`; write whole names", shown(name)))
        }
        [b'.', rest @ ..] => {
            let rest = rest.to_ascii_lowercase();
            Ok(vec![rest.clone(), [b"*.", &rest[..]].concat()])
        }
        _ => Ok(vec![name.to_ascii_lowercase()]),
    }
}
