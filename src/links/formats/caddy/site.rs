//! A site of a Caddyfile, by its addresses, and what other sites change.

use core::cmp::Reverse;

use super::super::ordered::OrderedRule;

/// A site.
#[derive(Debug, Default)]
pub(super) struct Site {
    /// Empty for any.
    pub(super) hosts: Vec<String>,
    /// Whether it answers over http, and over https.
    has_http: bool,
    has_https: bool,
    /// A port that is that of neither.
    port: Option<String>,
}

impl Site {
    /// Reads the addresses.
    ///
    /// # Errors
    /// Which of them is not understood, as a sentence.
    pub(super) fn read(words: &[String]) -> Result<Site, String> {
        let mut site = Site::default();
        let mut is_any = false;
        let words = words.iter().flat_map(|word| word.split(','));
        for word in words.filter(|word| !word.is_empty()) {
            if word.contains('{') {
                return Err(format!("the address `{word}` is not known; write the host"));
            }
            let (scheme, rest) = word.split_once("://").unwrap_or(("", word));
            let (host, port) = rest.split_once(':').unwrap_or((rest, ""));
            if host.trim_start_matches("*.").contains('*') && host != "*" {
                return Err(format!("the address `{word}` has a `*` within; write each host"));
            }
            if host.contains('/') {
                return Err(format!("the address `{word}` has a path; leave it out"));
            }
            let is_http = scheme == "http" || port == "80";
            site.has_http |= is_http;
            site.has_https |= !is_http;
            if !matches!(port, "" | "80" | "443") {
                site.port = Some(port.to_owned());
            }
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

    /// Whether it has this host as it stands; empty is any.
    fn is_of(&self, host: &str) -> bool {
        match host {
            "" => self.hosts.is_empty(),
            host => self.hosts.iter().any(|name| name == host),
        }
    }

    /// Whether it answers over http alone.
    pub(super) fn is_plain(&self) -> bool {
        self.has_http && !self.has_https
    }

    /// The hosts of its keys, where a matcher asks for some; one without text is any.
    ///
    /// # Errors
    /// If it has none of them, as a sentence.
    pub(super) fn hosts_of(&self, asked: Option<&[String]>) -> Result<Vec<String>, String> {
        let any = |hosts: &[String]| match hosts {
            [] => vec![String::new()],
            hosts => hosts.to_vec(),
        };
        let Some(asked) = asked else { return Ok(any(&self.hosts)) };
        if self.hosts.is_empty() {
            return Ok(any(asked));
        }
        let mut both = Vec::new();
        for (one, other) in asked.iter().flat_map(|one| self.hosts.iter().map(move |it| (one, it)))
        {
            both.extend(
                [one, other].into_iter().find(|it| has(one, it) && has(other, it)).cloned(),
            );
        }
        match both.is_empty() {
            true => Err("its site does not answer for the host that it asks for".to_owned()),
            false => Ok(both),
        }
    }

    /// What is said of each redirect of it, at this host, to this target.
    pub(super) fn said(&self, host: &str, to: &str) -> Vec<String> {
        let plain = "its site answers over http alone; here it answers over both";
        let both = "there a path stays with the visitor's scheme; here it is https";
        let stays = self.has_http && self.has_https && to.starts_with('/');
        let port = self.port.as_ref().map(|port| {
            format!("its site answers at port {port}; here at each that carom listens on")
        });
        let wild = "to Caddy a `*` in a host is one name; here it answers hosts below that, too";
        let wild = host.starts_with('*').then_some(wild);
        let said = [self.is_plain().then_some(plain), stays.then_some(both), wild];
        said.into_iter().flatten().map(str::to_owned).chain(port).collect()
    }
}

/// Whether a host, or one with `*` in front, has all that `other` has.
fn has(host: &str, other: &str) -> bool {
    host == other || host.strip_prefix('*').is_some_and(|domain| other.ends_with(domain))
}

impl Site {
    /// Where Caddy has it among all: those with longer hosts come first, those of any host last.
    fn place(&self, at: usize) -> impl Ord + use<> {
        let length = |host: &String| host.trim_start_matches('*').len();
        let longest = self.hosts.iter().map(length).max().unwrap_or_default();
        let is_wild = self.hosts.iter().any(|host| host.contains('*'));
        (self.hosts.is_empty(), is_wild, Reverse(longest), at)
    }
}

/// Why a site never answers by this key: another one has its host, too, and comes first.
pub(super) fn outdone(known: &[(u32, Site)], own: usize, key: &[u8]) -> Option<String> {
    let site = &known[own].1;
    let host = host_of(key);
    let is_before = |(at, (_, other)): &(usize, &(u32, Site))| {
        let has_all = (other.has_http || !site.has_http) && (other.has_https || !site.has_https);
        has_all && other.place(*at) < site.place(own) && other.is_of(&host)
    };
    let (_, (line, _)) = known.iter().enumerate().find(is_before)?;
    let host = if host.is_empty() { "any host" } else { &host };
    Some(format!(
        "the site on line {line} is of {host}, too, and Caddy takes that one; leave it out"
    ))
}

/// The host of a key.
fn host_of(key: &[u8]) -> String {
    let slash = key.iter().position(|&byte| byte == b'/').unwrap_or(key.len());
    String::from_utf8_lossy(&key[..slash]).into_owned()
}

/// What other sites, which Caddy takes for their hosts, change.
pub(super) fn beside(known: &[(u32, Site)], own: usize, rule: &OrderedRule) -> Option<String> {
    let host = host_of(&rule.key);
    let (_, site) = &known[own];
    let others = || known.iter().enumerate().filter(|(at, _)| *at != own).map(|(_, it)| it);
    let is_own = |name: &String| *name == host;
    let takes = |name: &String| match &*host {
        "" => true,
        host => {
            (name != host && has(host, name)) || (name == host && !site.hosts.iter().any(is_own))
        }
    };
    if let Some((line, _)) = others().find(|(_, other)| other.hosts.iter().any(takes)) {
        return Some(format!(
            "Caddy takes the site on line {line} for its hosts; here it answers them, too"
        ));
    }
    // A site of more hosts is that of this one, where this one does not answer.
    let is_of =
        |other: &Site| other.hosts.is_empty() || other.hosts.iter().any(|name| has(name, &host));
    let over_http = |(_, other): &&(u32, Site)| !site.has_http && other.has_http && is_of(other);
    if let Some((line, _)) = others().find(over_http) {
        return Some(format!("over http Caddy takes the site on line {line}; here this answers"));
    }
    let shares = |(at, (_, other)): &(usize, &(u32, Site))| {
        let meets = (site.has_http && other.has_http) || (site.has_https && other.has_https);
        meets && *at != own && other.place(*at) < site.place(own) && other.is_of(&host)
    };
    let (_, (line, _)) = known.iter().enumerate().find(shares)?;
    Some(format!("Caddy takes the site on line {line}, which has its host, too; here both answer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_that_a_site_and_a_matcher_have() {
        let check = |site: &str, asked: &str, want: &str| {
            let site = Site::read(&[site.to_owned()]).unwrap();
            let asked: Vec<_> = asked.split_whitespace().map(str::to_owned).collect();
            let hosts = site.hosts_of(Some(&asked[..]));
            assert_eq!(hosts.map_or_else(|why| why, |hosts| hosts.join(" ")), want);
        };
        check("a.x,b.x", "b.x c.x", "b.x");
        check("*.x", "a.x x", "a.x");
        check("a.x", "*.x", "a.x");
        check(":443", "a.x", "a.x");
        check("a.x", "b.x", "its site does not answer for the host that it asks for");
    }
}
