//! Servers, and which of them nginx takes (`server_name`, `listen`).

use std::collections::HashMap;

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
}

/// Which server nginx takes for each host at each port.
#[derive(Debug, Default)]
pub(super) struct Ports {
    ports: HashMap<Vec<u8>, Port>,
}

#[derive(Debug)]
struct Port {
    /// By their names, of which `*.x` is one.
    named: HashMap<Vec<u8>, usize>,
    /// For hosts that none names: the first, or the one that says so.
    default: usize,
    is_chosen: bool,
}

impl Ports {
    /// Of these servers; of two with one name the first has it.
    pub(super) fn of(all: &[Server]) -> Ports {
        let mut ports: HashMap<Vec<u8>, Port> = HashMap::new();
        for (at, server) in all.iter().enumerate() {
            for listen in &server.listens {
                let port = ports.entry(listen.port.clone()).or_insert_with(|| Port {
                    named: HashMap::new(),
                    default: at,
                    is_chosen: false,
                });
                if listen.is_default && !port.is_chosen {
                    (port.default, port.is_chosen) = (at, true);
                }
                for host in &server.hosts {
                    port.named.entry(host.clone()).or_insert(at);
                }
            }
        }
        Ports { ports }
    }

    /// The servers that a host comes to, at all ports.
    pub(super) fn chosen(&self, host: &[u8]) -> impl Iterator<Item = usize> {
        self.ports.values().map(|port| port.chosen(host))
    }

    /// Whether nginx takes the server with this number for a host, at some port.
    pub(super) fn is_asked(&self, server: &Server, own: usize, host: &[u8]) -> bool {
        let ports = server.listens.iter().filter_map(|listen| self.ports.get(&listen.port));
        ports.into_iter().any(|port| port.chosen(host) == own)
    }

    fn others(&self, server: &Server, own: usize) -> Others {
        let ports = server.listens.iter().filter_map(|listen| self.ports.get(&listen.port));
        let own = ports.filter(|port| port.default == own);
        match own.map(|port| port.is_chosen).max() {
            None => Others::No,
            Some(false) => Others::First,
            Some(true) => Others::Default,
        }
    }
}

impl Port {
    fn chosen(&self, host: &[u8]) -> usize {
        if let Some(&named) = self.named.get(host) {
            return named;
        }
        // The longest that ends with it.
        let dots = memchr::memchr_iter(b'.', host);
        let wild = dots.map(|at| [b"*", &host[at..]].concat());
        wild.filter_map(|name| self.named.get(&name)).next().copied().unwrap_or(self.default)
    }
}

/// All servers of a configuration, in their order.
pub(super) fn servers(tree: &[Node], wrong: &mut Vec<Wrong>) -> Vec<Server> {
    let mut all = Vec::new();
    collect(tree, &mut all, wrong);
    let ports = Ports::of(&all);
    for (own, server) in all.iter_mut().enumerate() {
        server.others = ports.others(server, own);
        let had_names = !server.hosts.is_empty();
        // Of two servers with one name at one port nginx takes the first.
        let listens = server.listens.iter().filter_map(|listen| ports.ports.get(&listen.port));
        let listens: Vec<&Port> = listens.collect();
        let has = |host: &Vec<u8>| listens.iter().all(|port| port.named.get(host) == Some(&own));
        server.hosts.retain(has);
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
