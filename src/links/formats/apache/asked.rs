//! What a rule and its conditions ask for, taken together.

use super::super::regex::{self, Fill};
use super::condition::{Condition, HostWish, Wish, hosts_named};
use super::keys::Matched;
use super::query::Captured;
use super::walk::Server;
use crate::links::bytes::shown;

/// Ways in which conditions with `[OR]` can hold; more are refused.
const WAYS_MAX: usize = 32;

/// One way in which all conditions of a rule hold.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) matched: Matched,
    /// Hosts with what was captured of each; `None`: those of the server.
    pub(super) hosts: Option<Vec<HostFills>>,
    /// `id=7&k=*`
    pub(super) query: Vec<u8>,
    /// Whether it has to come over http.
    pub(super) http: bool,
    /// What has to be in a map.
    pub(super) in_map: Vec<Vec<u8>>,
    pub(super) last: LastCaptures,
    pub(super) said: Vec<String>,
}

/// A host, and `%0`, `%1` … by it.
pub(super) type HostFills = (Vec<u8>, Vec<Fill>);

/// Of which condition `%1` is.
#[derive(Clone, Debug, Default)]
pub(super) enum LastCaptures {
    #[default]
    None,
    Host,
    Path,
    Query(Vec<Captured>),
}

/// All ways in which a rule is asked for.
///
/// # Errors
/// Why no key can ask for them, as a sentence.
pub(super) fn ways(
    matched: &Matched,
    conditions: &[Condition],
    server: &Server,
) -> Result<Vec<Asked>, String> {
    let start = Asked {
        matched: matched.clone(),
        hosts: None,
        query: Vec::new(),
        http: false,
        in_map: Vec::new(),
        last: LastCaptures::None,
        said: Vec::new(),
    };
    let mut all = vec![start];
    if conditions.last().is_some_and(|last| last.or_next) {
        return Err("its last condition has [OR], so it always holds; leave [OR] out".to_owned());
    }
    let mut rest = conditions;
    while !rest.is_empty() {
        let more = rest.iter().take_while(|condition| condition.or_next).count();
        let (group, after) = rest.split_at((more + 1).min(rest.len()));
        rest = after;
        let wishes = group.iter().map(Condition::wish).collect::<Result<Vec<_>, _>>()?;
        if all.len() * wishes.len() > WAYS_MAX {
            return Err("its conditions can hold in too many ways; write its links".to_owned());
        }
        // Of hosts that are alternatives each is one.
        let mut next = Vec::new();
        let mut unmet = None;
        for asked in &all {
            for wish in &wishes {
                match asked.clone().and(wish, server) {
                    Ok(asked) => next.push(asked),
                    Err(why) if wishes.len() == 1 => return Err(why.text),
                    Err(why) if why.never => unmet = Some(why),
                    Err(why) => return Err(why.text),
                }
            }
        }
        if let (true, Some(why)) = (next.is_empty(), unmet) {
            return Err(why.text);
        }
        all = next;
    }
    Ok(all)
}

/// Why a condition cannot be asked for.
struct Unmet {
    text: String,
    /// Whether it never holds.
    never: bool,
}

impl From<String> for Unmet {
    fn from(text: String) -> Unmet {
        Unmet { text, never: false }
    }
}

impl Asked {
    fn and(mut self, wish: &Wish, server: &Server) -> Result<Asked, Unmet> {
        match wish {
            Wish::Path(matched) => {
                self.matched = self.matched.and(&matched.clone().into_condition())?;
                self.last = LastCaptures::Path;
            }
            Wish::Host(wish) => {
                let found = self.hosts(wish, server)?;
                self.hosts = Some(match self.hosts.take() {
                    None => found,
                    Some(known) => {
                        let is_known = |host: &HostFills| known.iter().any(|it| it.0 == host.0);
                        found.into_iter().filter(is_known).collect()
                    }
                });
                if self.hosts.as_ref().is_some_and(Vec::is_empty) {
                    let text = format!(
                        "no host of the server fits `{}`; leave it out",
                        shown(&wish.expression)
                    );
                    return Err(Unmet { text, never: true });
                }
                if !wish.negated {
                    self.last = LastCaptures::Host;
                }
            }
            Wish::Query(wish) => {
                if !self.query.is_empty() {
                    self.query.push(b'&');
                }
                self.query.extend_from_slice(&wish.text);
                self.last = LastCaptures::Query(wish.captures.clone());
                if !self.said.iter().any(|said| said == wish.changed) {
                    self.said.push(wish.changed.to_owned());
                }
            }
            Wish::Scheme { http } => match (server.ports.is_empty(), server.tls == *http) {
                (true, _) if *http => self.http = true,
                (true, _) => {
                    return Err(
                        "no key can ask whether it came over https; leave the condition out"
                            .to_owned()
                            .into(),
                    );
                }
                // The port of the server says it.
                (false, false) => {}
                (false, true) => {
                    let text =
                        "the condition never holds at the port of its server; leave the rule out";
                    return Err(Unmet { text: text.to_owned(), never: true });
                }
            },
            Wish::InMap(call) => self.in_map.push(call.clone()),
        }
        Ok(self)
    }

    /// The hosts of a server that are wished for.
    fn hosts(&mut self, wish: &HostWish, server: &Server) -> Result<Vec<HostFills>, Unmet> {
        let fill = |text: &[u8]| Fill { text: text.to_vec(), query: false };
        let (wild, exact): (Vec<_>, Vec<_>) =
            server.hosts.iter().cloned().partition(|host| host.starts_with(b"*"));
        let named = |host: Vec<u8>| {
            let whole = fill(&host);
            (host, vec![whole])
        };
        let mut found: Vec<HostFills> = Vec::new();
        if !exact.is_empty() {
            let matched = match wish.is_text {
                true => {
                    let is_it = |host: &&Vec<u8>| host.eq_ignore_ascii_case(&wish.expression);
                    exact.iter().filter(is_it).cloned().map(|host| (host, Vec::new())).collect()
                }
                false => {
                    regex::of_hosts(&wish.expression, wish.any_case, &exact)
                        .map_err(|why| format!("`{}` {why}", shown(&wish.expression)))?
                        .1
                }
            };
            found.extend(matched.into_iter().map(|(host, fills)| {
                let whole = fill(&host);
                (host, [whole].into_iter().chain(fills).collect())
            }));
        }
        if wish.negated {
            if exact.is_empty() || !wild.is_empty() {
                return Err(format!(
                    "no key asks for all hosts but those of `{}`; write each host that is left as a key",
                    shown(&wish.expression)
                )
                .into());
            }
            let is_left = |host: &Vec<u8>| found.iter().all(|known| known.0 != *host);
            return Ok(exact.into_iter().filter(is_left).map(named).collect());
        }
        if exact.is_empty() || !wild.is_empty() {
            let (hosts, said) = hosts_named(wish)?;
            let count = found.len();
            for (host, fills) in hosts {
                let is_below = |wild: &Vec<u8>| host.ends_with(&wild[1..]);
                let is_asked = server.hosts.is_empty() || wild.iter().any(is_below);
                if is_asked && found.iter().all(|known| known.0 != host) {
                    let whole = fill(&host);
                    found.push((host, [whole].into_iter().chain(fills).collect()));
                }
            }
            if found.len() > count {
                self.said.extend(said);
            }
        }
        Ok(found)
    }
}
