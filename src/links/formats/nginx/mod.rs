//! nginx configuration: `map` blocks (its `ngx_http_map_module`), and `return` and
//! `rewrite` of servers and locations (`ngx_http_rewrite_module`), with what it
//! includes. Values of a map are sent by the `return $variable` that uses it, if
//! the file has one: then they have its status and its server's hosts.

mod beside;
mod choices;
mod claims;
mod compared;
mod condition;
mod emit;
mod list;
mod location;
mod map;
mod paths;
mod redirect;
mod servers;
mod tokens;
mod tree;
mod walk;

use std::collections::{HashMap, HashSet};

use super::super::bytes::shown;
use super::row::Line;
use super::source::Help;
use super::value;
use beside::Beside;
use choices::Choices;
use claims::Claim;
use compared::Compared;
use emit::Emit;
use map::Map;
use paths::Paths;
use redirect::{Context, NginxRedirect};
use servers::Others;
use tree::{Block, ConfigLine, Node, Texts};
use walk::Walk;

pub(super) use list::is_list;

pub(super) fn read(text: &[u8], help: &Help<'_>, take: &mut dyn FnMut(u32, Line<'_>)) {
    let mut texts = Texts::new(text, help);
    let mut walk = Walk::default();
    let tree = texts.tree(0, 0, &mut walk.wrong);
    let listed = list::compared(&tree);
    if listed.is_none() {
        walk.servers = servers::servers(&tree, &mut walk.wrong);
        walk.tree(&tree);
    }
    let mut maps = Vec::new();
    collect_maps(&tree, &mut maps);
    let found = core::mem::take(&mut walk.found);
    let (uses, mut plain) = sorted(found, &maps, &mut walk.wrong);
    spread(&tree, &mut plain, &mut walk);
    let plain = claimed(plain, &mut walk);
    say_defaults(&mut walk);

    let servers = core::mem::take(&mut walk.servers);
    let redirects: Vec<NginxRedirect> = plain.iter().map(|(found, _)| found.clone()).collect();
    let beside = Beside::new(&servers, &redirects, &whole(&plain));
    let mut emit = Emit {
        take,
        base: help.base,
        names: Vec::new(),
        file: 0,
        claims: core::mem::take(&mut walk.claims),
        beside,
    };
    emit.know(&texts);
    for (place, what) in walk.others {
        emit.other(place, what);
    }
    if let Some(compared) = listed {
        let uses = [alone(b"value")];
        let map = Map { variable: b"value", compared: &compared, uses: &uses };
        map.read(&mut texts, 0, 0, 1, &mut emit);
    }
    let first_use = |node: &&Node| uses_of(node, &uses).iter().map(|used| used.turn).min();
    maps.sort_by_key(first_use);
    for node in maps {
        read_map(node, &uses, &mut texts, !servers.is_empty(), &mut emit);
    }
    for (found, paths) in plain {
        emit.found(&found, paths);
    }
    for (place, message) in walk.wrong {
        emit.refuse(place, message);
    }
    emit.within(&texts, 0);
}

/// Makes lines of redirects that send other targets to others.
fn spread(tree: &[Node], plain: &mut Vec<NginxRedirect>, walk: &mut Walk) {
    let mut choices = Choices::default();
    choices.collect(tree);
    plain.retain_mut(|found| match choices.spread(found) {
        Ok(()) => true,
        Err(message) => {
            walk.wrong.push((found.place, message));
            false
        }
    });
    let is_at = |place: ConfigLine| {
        move |other: &ConfigLine| other.file == place.file && other.line == place.line
    };
    for place in choices.places(true) {
        walk.others.retain(|(other, _)| !is_at(place)(other));
    }
    for place in choices.places(false) {
        if !walk.others.iter().any(|(other, _)| is_at(place)(other)) {
            let what = "map $http_accept_language: no redirect sends what it gives";
            walk.others.push((place, what.to_owned()));
        }
    }
}

fn collect_maps<'n>(nodes: &'n [Node], maps: &mut Vec<&'n Node>) {
    for node in nodes {
        match &node.block {
            Some(Block::Map { .. }) => maps.push(node),
            _ => collect_maps(node.nodes(), maps),
        }
    }
}

/// By the name of a variable, the redirects that send it or ask for it.
type Uses = HashMap<Vec<u8>, Vec<NginxRedirect>>;

/// Redirects that no map is for, with their keys.
type Plain = Vec<(NginxRedirect, Result<Paths, String>)>;

fn variable_of(node: &Node) -> &[u8] {
    let variable = node.words.get(2).map_or(&b""[..], |word| word);
    variable.strip_prefix(b"$").unwrap_or(variable)
}

fn uses_of<'u>(node: &Node, uses: &'u Uses) -> &'u [NginxRedirect] {
    uses.get(variable_of(node)).map_or(&[], |uses| &uses[..])
}

/// Parts redirects that send the value of a map, or ask for it, from the others.
fn sorted(
    found: Vec<NginxRedirect>,
    maps: &[&Node],
    wrong: &mut Vec<(ConfigLine, String)>,
) -> (Uses, Vec<NginxRedirect>) {
    let mut uses: Uses = maps.iter().map(|node| (variable_of(node).to_vec(), Vec::new())).collect();
    let mut plain = Vec::new();
    for found in found {
        let sent = value::variables(&found.value).filter(|name| uses.contains_key(*name));
        let asked = found.context.wants.iter().map(|want| &want.name[..]);
        let mut names: Vec<Vec<u8>> = sent.chain(asked).map(<[u8]>::to_vec).collect();
        names.dedup();
        let unmet = names.iter().find(|name| !uses.contains_key(*name));
        let message = match (unmet, &names[..]) {
            (Some(name), _) => {
                format!("no key can ask what ${} is; write its links one by one", shown(name))
            }
            (None, [_, other, ..]) => {
                format!("${} is of a second map, and a key is of one", shown(other))
            }
            (None, [name]) => {
                uses.entry(name.clone()).or_default().push(found);
                continue;
            }
            (None, []) => {
                plain.push(found);
                continue;
            }
        };
        wrong.push((found.place, message));
    }
    // Of two with one key the first stays.
    plain.sort_by_key(|found| (found.stand().about(), found.turn));
    (uses, plain)
}

/// Finds the keys of redirects, and notes what nginx answers by them.
fn claimed(plain: Vec<NginxRedirect>, walk: &mut Walk) -> Plain {
    let mut done = Vec::new();
    for found in plain {
        let paths = found.paths();
        if let Ok(paths) = &paths {
            let query = found.context.query.strip_prefix(b"?").unwrap_or_default();
            let mut regions = paths.claimed();
            if !query.is_empty() {
                regions.iter_mut().for_each(|region| region.query = query.to_vec());
            }
            let claim = Claim {
                chain: found.context.chain.clone(),
                turn: found.turn,
                regions: found.context.at_hosts(regions, &walk.servers),
                is_taken: true,
                place: found.place,
                what: String::new(),
            };
            walk.claims.add(found.context.server, claim);
        }
        done.push((found, paths));
    }
    done
}

/// Servers that answer all paths by redirects.
fn whole(plain: &Plain) -> HashSet<usize> {
    let is_all = |found: &&(NginxRedirect, Result<Paths, String>)| {
        let (found, paths) = found;
        let asks = found.context.in_condition || !found.context.query.is_empty();
        !asks && paths.as_ref().is_ok_and(|paths| paths.keys.iter().any(|key| key.key == b"/*"))
    };
    plain.iter().filter(is_all).filter_map(|(found, _)| found.context.server).collect()
}

/// Says which named server nginx takes for hosts that none names.
fn say_defaults(walk: &mut Walk) {
    if walk.servers.len() < 2 {
        return;
    }
    for server in &walk.servers {
        if server.others == Others::First && !server.hosts.is_empty() && server.never.is_none() {
            let what = "as the first server nginx takes it for hosts without a server too; here only its names answer";
            walk.others.push((server.place, what.to_owned()));
        }
    }
}

/// A map that no redirect of the file uses is sent with 302.
fn alone(variable: &[u8]) -> NginxRedirect {
    NginxRedirect {
        context: Context::default(),
        turn: 0,
        rewrite: None,
        status: b"302".to_vec(),
        value: [b"$", variable].concat(),
        parts: Vec::new(),
        keeps_query: false,
        place: ConfigLine { file: usize::MAX, line: 0 },
    }
}

fn read_map(
    node: &Node,
    uses: &Uses,
    texts: &mut Texts<'_>,
    has_servers: bool,
    emit: &mut Emit<'_>,
) {
    let ([_, source, _], Some(Block::Map { at, line })) = (&node.words[..], &node.block) else {
        let message = "a map has a source and a variable: map $uri $target { … }";
        return emit.refuse(node.place, message.to_owned());
    };
    let variable = variable_of(node);
    let compared = Compared::of(source);
    let uses = uses_of(node, uses);
    if uses.is_empty() && has_servers {
        // It is for something else than redirects.
        return emit.other(node.place, walk::passed(node));
    }
    if compared == Compared::Other {
        let message = format!(
            "the map compares `{}`, and a key only what is asked for; leave it out, or map $uri, $request_uri, $host or $host$uri",
            shown(source)
        );
        return emit.refuse(node.place, message);
    }
    let alone = [alone(variable)];
    let uses = if uses.is_empty() { &alone[..] } else { uses };
    let map = Map { variable, compared: &compared, uses };
    emit.within(texts, node.place.file);
    map.read(texts, node.place.file, *at, *line, emit);
}

#[cfg(test)]
mod tests;
