//! Rows of one key: one for each host that it is asked at.

use std::collections::HashSet;

use super::asked::{Asked, HostFills};
use super::keys::KeyFills;
use super::row::{Made, Parts};
use super::substitution::Piece;
use super::walk::Server;
use crate::links::bytes::shown;

/// What is sent, and of which line.
pub(super) struct Sent<'s> {
    /// That of a map.
    pub(super) file: Option<&'s str>,
    pub(super) line: u32,
    pub(super) pieces: &'s [Piece],
    pub(super) status: &'s [u8],
    /// Before a target that is neither a URL nor a path.
    pub(super) directory: Option<&'s [u8]>,
    pub(super) is_alias: bool,
    pub(super) adds_query: bool,
    pub(super) drops_query: bool,
}

/// The server that something stands in.
pub(super) struct Beside<'s> {
    pub(super) index: usize,
    pub(super) server: &'s Server,
    pub(super) tls_hosts: &'s HashSet<&'s [u8]>,
    pub(super) base: Option<&'s str>,
}

/// Said of a [`Made::Upgrade`].
pub(super) const OWN_HOST: &str =
    "it goes from http to https of its own host, and carom answers both: no redirect";
const LOOP: &str = "it goes from http to https of its own host; over https it would send visitors to where they are, so let carom answer it over http alone";

impl Sent<'_> {
    /// Makes them.
    ///
    /// # Errors
    /// What no link can do, as a sentence.
    pub(super) fn rows(
        &self,
        beside: &Beside<'_>,
        asked: &Asked,
        keys: &KeyFills,
    ) -> Result<Vec<Made>, String> {
        let own = beside.server.hosts.iter().map(|host| (host.clone(), Vec::new()));
        let mut hosts: Vec<HostFills> = asked.hosts.clone().unwrap_or_else(|| own.collect());
        if hosts.is_empty() {
            hosts.push((Vec::new(), Vec::new()));
        }
        if !asked.query.is_empty() && keys.key.ends_with(b"*") {
            return Err(format!(
                "no key asks for a parameter at all paths; the nearest line is `/path?{} …`",
                shown(&asked.query)
            ));
        }
        hosts.iter().map(|host| self.row(beside, asked, keys, host)).collect()
    }

    fn row(
        &self,
        beside: &Beside<'_>,
        asked: &Asked,
        keys: &KeyFills,
        (host, host_fills): &HostFills,
    ) -> Result<Made, String> {
        let server = beside.server;
        let (base, guessed) = base_of(host, beside);
        let parts = Parts {
            pieces: self.pieces,
            keys,
            host,
            host_fills,
            last: &asked.last,
            base: base.as_deref(),
            directory: self.directory,
            is_alias: self.is_alias,
            adds_query: self.adds_query,
            drops_query: self.drops_query,
            any_case: asked.matched.any_case,
        };
        let mut row = match self.status {
            b"410" => parts.gone(),
            _ if host.starts_with(b"*") => {
                parts.row().map_err(|why| match why.contains("--base") {
                    true => format!("its target is on each host of {}; write a URL", shown(host)),
                    false => why,
                })?
            }
            _ => parts.row()?,
        };
        let is_plain = asked.http || (!server.ports.is_empty() && !server.tls);
        if row.is_upgrade {
            let has_tls = beside.tls_hosts.contains(&host[..]);
            if asked.http || (is_plain && (has_tls || host.is_empty())) {
                let (line, server) = (self.line, beside.index);
                return Ok(Made::Upgrade { line, server, host: host.clone() });
            }
            if host.is_empty() {
                return Err("it leads to its own address over https; leave it out".to_owned());
            }
            row.said.push(LOOP.to_owned());
        } else if asked.http {
            return Err(
                "no key can ask whether it came over http; leave the condition out".to_owned()
            );
        }
        if guessed && base.is_some_and(|base| row.target.starts_with(base.as_bytes())) {
            row.said.push(
                "a target that is a path keeps the visitor's http or https; here it is https"
                    .into(),
            );
        }
        if !asked.query.is_empty() {
            row.key.push(b'?');
            row.key.extend_from_slice(&asked.query);
        }
        row.said.extend(asked.matched.changed.clone());
        row.said.extend(asked.said.iter().cloned());
        (row.file, row.line) = (self.file.map(str::to_owned), self.line);
        row.server = beside.index;
        row.status = self.status.to_vec();
        let mut parts = keys.key.split(|&byte| byte == b'/').filter(|part| !part.starts_with(b":"));
        let has_letters = parts.any(|part| part.iter().any(u8::is_ascii_alphabetic));
        row.any_case = asked.matched.any_case && has_letters;
        Ok(Made::Row(Box::new(row)))
    }
}

/// What stands before a target that is a path: it stays on the host that was asked; and
/// whether its scheme is not known.
fn base_of(host: &[u8], beside: &Beside<'_>) -> (Option<String>, bool) {
    if host.is_empty() {
        return (beside.base.map(str::to_owned), false);
    }
    if host.starts_with(b"*") {
        return (None, false);
    }
    let host = String::from_utf8_lossy(host);
    let given = beside.base.and_then(|base| base.split_once("://"));
    if given.is_some_and(|(_, its)| its.eq_ignore_ascii_case(&host)) {
        return (beside.base.map(str::to_owned), false);
    }
    let is_known = !beside.server.ports.is_empty();
    let scheme = if is_known && !beside.server.tls { "http" } else { "https" };
    (Some(format!("{scheme}://{host}")), !is_known)
}
