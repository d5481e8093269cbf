//! nginx configuration: `map` blocks (its `ngx_http_map_module`), and `return` and
//! `rewrite` of servers and locations (`ngx_http_rewrite_module`), with what it
//! includes. Values of a map are sent by the `return $variable` that uses it, if
//! the file has one: then they have its status and its server's hosts.

mod emit;
mod map;
mod server;
mod tokens;
mod tree;
mod value;

use std::collections::HashMap;

use super::super::bytes::shown;
use super::order::Order;
use super::row::Line;
use super::source::Help;
use emit::Emit;
use map::{Compared, Map};
use server::{Context, NginxRedirect, Turn, Walk};
use tree::{Block, ConfigLine, Node, Texts};

pub(super) fn read(text: &[u8], help: &Help<'_>, take: &mut dyn FnMut(u32, Line<'_>)) {
    let mut texts = Texts::new(text, help);
    let mut walk = Walk::default();
    let tree = texts.tree(0, 0, &mut walk.wrong);
    walk.block(&tree, &Context::default());
    let mut maps = Vec::new();
    collect_maps(&tree, &mut maps);

    let named = walk.found.iter().filter(|found| !found.context.hosts.is_empty()).count();
    let mut emit = Emit {
        take,
        base: help.base,
        names: Vec::new(),
        file: 0,
        earlier: [Order::default(), Order::default()],
        others_have_names: named > 0,
    };
    emit.know(&texts);
    for place in &walk.others {
        emit.other(*place);
    }
    let (uses, plain) = sorted(core::mem::take(&mut walk.found), &maps, &mut walk.wrong);
    for node in maps {
        read_map(node, &uses, &mut texts, walk.has_servers, &mut emit);
    }
    for found in &plain {
        emit.found(found);
    }
    for (place, message) in walk.wrong {
        emit.refuse(place, message);
    }
    emit.within(&texts, 0);
}

fn collect_maps<'n>(nodes: &'n [Node], maps: &mut Vec<&'n Node>) {
    for node in nodes {
        match &node.block {
            Some(Block::Map { .. }) => maps.push(node),
            _ => collect_maps(node.nodes(), maps),
        }
    }
}

/// By the name of a variable, the redirects that send it.
type Uses = HashMap<Vec<u8>, Vec<NginxRedirect>>;

/// Parts redirects that send the value of a map from the others, and puts those in
/// the order in which nginx looks at them.
fn sorted(
    found: Vec<NginxRedirect>,
    maps: &[&Node],
    wrong: &mut Vec<(ConfigLine, String)>,
) -> (Uses, Vec<NginxRedirect>) {
    let mut uses = Uses::new();
    for node in maps {
        if let [_, _, variable] = &node.words[..] {
            uses.insert(variable.strip_prefix(b"$").unwrap_or(variable).to_vec(), Vec::new());
        }
    }
    let mut plain = Vec::new();
    for found in found {
        let used = value::variables(&found.value).find(|name| uses.contains_key(*name));
        let used = used.map(<[u8]>::to_vec);
        let unmet = found.context.wants.iter().find(|wanted| used.as_ref() != Some(wanted));
        if let Some(wanted) = unmet {
            let message = format!("no key can ask whether ${} is set", shown(wanted));
            wrong.push((found.place, message));
            continue;
        }
        match used.and_then(|name| uses.get_mut(&name)) {
            Some(uses) => uses.push(found),
            None => plain.push(found),
        }
    }
    plain.sort_by_key(|found| found.turn);
    (uses, plain)
}

fn read_map(
    node: &Node,
    uses: &Uses,
    texts: &mut Texts<'_>,
    has_servers: bool,
    emit: &mut Emit<'_>,
) {
    let ([_, source, variable], Some(Block::Map { at, line })) = (&node.words[..], &node.block)
    else {
        let message = "a map has a source and a variable: map $uri $target { … }";
        return emit.refuse(node.place, message.to_owned());
    };
    let variable = variable.strip_prefix(b"$").unwrap_or(variable);
    let compared = Compared::of(source);
    let uses = uses.get(variable).map_or(&[][..], |uses| &uses[..]);
    if uses.is_empty() && has_servers {
        // It is for something else than redirects.
        return emit.other(node.place);
    }
    if compared == Compared::Other {
        let message = format!(
            "the map compares `{}`, and a key only what is asked for; leave it out, or map $uri, $request_uri, $host or $host$uri",
            shown(source)
        );
        return emit.refuse(node.place, message);
    }
    let alone = [NginxRedirect {
        context: Context::default(),
        turn: Turn::Server,
        rewrite: None,
        status: b"302".to_vec(),
        value: [b"$", variable].concat(),
        keeps_query: false,
        place: ConfigLine { file: usize::MAX, line: 0 },
    }];
    let uses = if uses.is_empty() { &alone[..] } else { uses };
    let map = Map { variable, compared: &compared, uses };
    emit.within(texts, node.place.file);
    map.read(texts, node.place.file, *at, *line, emit);
}

#[cfg(test)]
mod tests;
