//! What the other servers of a configuration mean for a redirect.

use std::collections::{HashMap, HashSet};

use super::super::value::{Known, SentTarget};
use super::redirect::{Context, NginxRedirect};
use super::servers::{Others, Ports, Server};

/// What is known of all servers.
pub(super) struct Beside<'s> {
    servers: &'s [Server],
    by_host: HashMap<&'s [u8], Vec<usize>>,
    /// Those that do nothing but go to https.
    upgrades: HashSet<usize>,
    ports: Ports,
    /// One with names that does not answer all of them by a redirect.
    partly: Vec<usize>,
}

impl<'s> Beside<'s> {
    /// Said of what [`Beside::is_own`].
    pub(super) const OWN_HOST: &'static str =
        "it goes from http to https of its own host, and carom answers both: no redirect";
    /// The same, where no server of the file answers https.
    pub(super) const LOOP: &'static str = "it goes from http to https of its own host; over https it would send visitors to where they are, so let carom answer it over http alone";

    /// Of these servers, with all that was found in them; `whole`: those that answer
    /// all paths by redirects.
    pub(super) fn new(
        servers: &'s [Server],
        found: &[NginxRedirect],
        whole: &HashSet<usize>,
    ) -> Beside<'s> {
        let mut by_host: HashMap<&[u8], Vec<usize>> = HashMap::new();
        for (at, server) in servers.iter().enumerate() {
            for host in &server.hosts {
                by_host.entry(host).or_default().push(at);
            }
        }
        let goes_up = |redirect: &&NginxRedirect| {
            let server = redirect.context.server.and_then(|at| servers.get(at));
            server.is_some_and(|server| !server.is_tls() && is_upgrade(&redirect.value, server))
        };
        let upgrades = found.iter().filter(goes_up).filter_map(|found| found.context.server);
        let partly = |at: &usize| !servers[*at].hosts.is_empty() && !whole.contains(at);
        let partly = (0..servers.len()).filter(partly).collect();
        let ports = Ports::of(servers);
        Beside { servers, by_host, upgrades: upgrades.collect(), ports, partly }
    }

    fn server(&self, found: &NginxRedirect) -> Option<&'s Server> {
        found.context.server.and_then(|at| self.servers.get(at))
    }

    /// The name by which links of a server answer this host, if it has names.
    pub(super) fn name_of(&self, context: &Context, host: &[u8]) -> Option<Vec<u8>> {
        let server = context.server.and_then(|at| self.servers.get(at))?;
        let is_own = server.hosts.iter().any(|name| name == host);
        (!server.hosts.is_empty()).then(|| if is_own { host.to_vec() } else { b"*".to_vec() })
    }

    /// Whether its server is the default one by its own word.
    pub(super) fn is_default(&self, found: &NginxRedirect) -> bool {
        self.server(found).is_some_and(|server| server.others == Others::Default)
    }

    /// Whether a redirect is asked for this host.
    pub(super) fn is_asked(&self, host: &[u8], found: &NginxRedirect) -> bool {
        let Some(own) = found.context.server else { return true };
        host.is_empty() || self.ports.is_asked(&self.servers[own], own, host)
    }

    /// Whether a server answers this host over TLS.
    pub(super) fn has_tls(&self, host: &[u8]) -> bool {
        let named = self.by_host.get(host).into_iter().flatten();
        named.into_iter().any(|&at| self.servers[at].is_tls())
    }

    /// Why a redirect of any host is none here.
    pub(super) fn of_any_host(
        &self,
        known: &Known<'_>,
        found: &NginxRedirect,
        value: &[u8],
    ) -> Option<&'static str> {
        let server = self.server(found)?;
        let any = known.host.is_empty() || known.host.starts_with(b"*");
        let is_plain = found.context.http_only || !server.is_tls();
        (any && known.base.is_none() && is_plain && is_upgrade(value, server))
            .then_some(Beside::OWN_HOST)
    }

    /// Whether it goes to https of the host and path that were asked for.
    pub(super) fn is_own(
        &self,
        made: &SentTarget,
        known: &Known<'_>,
        keeps: bool,
        found: &NginxRedirect,
    ) -> bool {
        let is_plain =
            found.context.http_only || self.server(found).is_some_and(|server| !server.is_tls());
        let own = [b"https://", known.host, known.uri].concat();
        is_plain && keeps && !known.host.is_empty() && made.target == own
    }

    /// What other servers change.
    pub(super) fn changed(&self, key: &[u8], host: &[u8], found: &NginxRedirect) -> Option<String> {
        let own = found.context.server?;
        let server = self.servers.get(own)?;
        if server.others == Others::Default && !host.is_empty() && host == &key[..host.len()] {
            let picked = server.hosts != found.context.hosts;
            if !picked || found.context.leaves_hosts {
                return Some(
                    "as that of the default server, nginx takes it for hosts without a server too"
                        .to_owned(),
                );
            }
        }
        let own_host = match host.is_empty() {
            true => &key[..key.iter().position(|&byte| byte == b'/').unwrap_or(0)],
            false => host,
        };
        if let Some(other) = self.elsewhere(own, own_host) {
            return Some(format!(
                "the server on line {} has its host, too, at another port; here it answers at all ports",
                self.servers[other].place.line
            ));
        }
        self.swallows(key, host, own)
    }

    /// The server that nginx takes for the same host at another port.
    fn elsewhere(&self, own: usize, host: &[u8]) -> Option<usize> {
        if host.is_empty() || self.upgrades.contains(&own) {
            return None;
        }
        let mut others = self.ports.chosen(host).filter(|at| *at != own);
        others.find(|at| !self.upgrades.contains(at))
    }

    /// Of a key for more than one host, what servers of single ones would answer.
    fn swallows(&self, key: &[u8], host: &[u8], own: usize) -> Option<String> {
        let domain = host.strip_prefix(b"*");
        if !host.is_empty() && domain.is_none() {
            return None;
        }
        // A map has its hosts in its keys.
        if host.is_empty() && !key.starts_with(b"/") {
            return None;
        }
        let any = |at: &usize| {
            let server = &self.servers[*at];
            *at != own && host.is_empty() && server.others != Others::No
        };
        if let Some(other) = (0..self.servers.len()).find(any) {
            return Some(format!(
                "the server on line {} answers any host, too, at another port; here it answers at all ports",
                self.servers[other].place.line
            ));
        }
        let is_all = key[host.len()..] == b"/*"[..];
        let covers = |at: &usize| {
            *at != own
                && self.servers[*at].hosts.iter().any(|name| match domain {
                    None => true,
                    Some(domain) => name != host && name.ends_with(domain),
                })
        };
        let all: Vec<usize> = (0..self.servers.len()).collect();
        let among = if is_all { &self.partly } else { &all };
        among.iter().copied().find(covers).map(|at| {
            format!(
                "here it also answers hosts of the other servers that have no such key, as that on line {}",
                self.servers[at].place.line
            )
        })
    }
}

/// Whether a value is https, the host that was asked for, and its path and query.
fn is_upgrade(value: &[u8], server: &Server) -> bool {
    let Some(rest) = value.strip_prefix(b"https://") else { return false };
    let mark = rest.iter().position(|&byte| byte == b'$' || byte == b'/');
    let (host, path) = match rest.strip_prefix(b"$") {
        Some(variable) => {
            let end = variable.iter().position(|&byte| byte == b'$' || byte == b'/');
            rest.split_at(end.map_or(rest.len(), |end| end + 1))
        }
        None => rest.split_at(mark.unwrap_or(rest.len())),
    };
    let own = matches!(host, b"$host" | b"$http_host" | b"$server_name")
        || server.hosts.iter().any(|name| name == host);
    own && matches!(
        path,
        b"$request_uri" | b"$uri$is_args$args" | b"$1" | b"/$1" | b"$request_uri?"
    )
}
