//! `import`s of snippets that stand in the same Caddyfile, as their lines.

use std::collections::HashMap;

use super::tokens::Node;
use crate::links::bytes::shown;

/// Snippets within each other; deeper ones are refused.
const DEPTH_MAX: usize = 16;
/// Lines that all imports together may come to.
const LINES_MAX: usize = 100_000;

/// The lines of snippets, by their names.
type Snippets = HashMap<String, Vec<Node>>;

/// All lines, with those of a snippet in the place of each `import` of it. What cannot be
/// imported stays as it is.
pub(super) fn expanded(nodes: Vec<Node>) -> Vec<Node> {
    let mut snippets = Snippets::new();
    let mut left = LINES_MAX;
    let mut all = Vec::new();
    for node in nodes {
        let name = node.name().strip_prefix('(').and_then(|name| name.strip_suffix(')'));
        if let (Some(name), Some(block)) = (name, &node.block) {
            // It is known to what stands behind it, as in Caddy.
            snippets.insert(name.to_owned(), block.clone());
            all.push(node);
            continue;
        }
        put(node, &snippets, 0, &mut left, &mut all);
    }
    all
}

fn put(mut node: Node, snippets: &Snippets, depth: usize, left: &mut usize, out: &mut Vec<Node>) {
    if let Some(lines) = imported(&node, snippets).filter(|_| depth < DEPTH_MAX)
        && lines.len() <= *left
    {
        *left -= lines.len();
        for line in lines {
            put(with_arguments(line, &node.words[2..]), snippets, depth + 1, left, out);
        }
        return;
    }
    if let Some(block) = node.block.take() {
        let mut inner = Vec::new();
        for line in block {
            put(line, snippets, depth, left, &mut inner);
        }
        node.block = Some(inner);
    }
    out.push(node);
}

/// The lines that an `import` stands for.
fn imported<'s>(node: &Node, snippets: &'s Snippets) -> Option<&'s [Node]> {
    match &*node.words {
        [import, name, ..] if import == "import" && node.block.is_none() => {
            snippets.get(name).map(Vec::as_slice)
        }
        _ => None,
    }
}

/// A line with what was handed to the snippet in the place of `{args[0]}`.
fn with_arguments(node: &Node, arguments: &[String]) -> Node {
    let word = |word: &String| {
        let mut word = word.clone();
        if !word.contains("{args") {
            return vec![word];
        }
        if word == "{args[:]}" {
            return arguments.to_vec();
        }
        for (at, argument) in arguments.iter().enumerate() {
            for name in [format!("{{args[{at}]}}"), format!("{{args.{at}}}")] {
                word = word.replace(&name, argument);
            }
        }
        vec![word]
    };
    Node {
        line: node.line,
        words: node.words.iter().flat_map(word).collect(),
        block: node
            .block
            .as_ref()
            .map(|block| block.iter().map(|inner| with_arguments(inner, arguments)).collect()),
    }
}

/// Why an `import` is refused.
pub(super) fn refused(node: &Node) -> String {
    let Some(name) = node.words.get(1) else {
        return "it imports nothing; leave it out".to_owned();
    };
    let name = shown(name.as_bytes());
    if node.block.is_some() {
        return format!("it hands `{name}` a block, which is not understood; put its lines here");
    }
    format!(
        "`{name}` is no snippet that stands before it, so Caddy takes it for files, which are not read \
         (nor is a snippet that imports itself); put their lines here"
    )
}
