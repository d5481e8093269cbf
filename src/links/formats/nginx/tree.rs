//! A configuration as a tree of directives, with what it includes in its place.

use std::borrow::Cow;

use super::super::source::Help;
use super::tokens::{DirectiveEnd, Tokens};
use crate::limits::{BLOCK_DEPTH_MAX, INCLUDE_NAME_BYTES_MAX, INCLUDED_FILES_MAX};
use crate::links::bytes::shown;

/// The variable that languages are read from.
pub(super) const LANGUAGES: &[u8] = b"$http_accept_language";

/// A directive.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) words: Vec<Vec<u8>>,
    pub(super) place: ConfigLine,
    /// `None` if it ends with `;`.
    pub(super) block: Option<Block>,
}

/// Where a directive stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConfigLine {
    /// Its file, by its number in [`Texts`].
    pub(super) file: usize,
    pub(super) line: u32,
}

/// What stands between braces.
#[derive(Debug)]
pub(super) enum Block {
    Nodes(Vec<Node>),
    /// That of a `map`, which can be long and is read as it is needed: where it
    /// begins.
    Map {
        at: usize,
        line: u32,
    },
}

impl Node {
    pub(super) fn name(&self) -> &[u8] {
        &self.words[0]
    }

    pub(super) fn nodes(&self) -> &[Node] {
        match &self.block {
            Some(Block::Nodes(nodes)) => nodes,
            _ => &[],
        }
    }
}

/// A file that was read: the source itself, or one that it includes.
#[derive(Debug)]
pub(super) struct Text<'a> {
    /// `None` for the source itself.
    pub(super) name: Option<String>,
    pub(super) bytes: Cow<'a, [u8]>,
}

/// All files that were read.
#[derive(Debug)]
pub(super) struct Texts<'a> {
    help: &'a Help<'a>,
    pub(super) files: Vec<Text<'a>>,
    /// Those that are being read, the outermost first.
    open: Vec<usize>,
}

/// What is wrong at a place.
pub(super) type Wrong = (ConfigLine, String);

impl<'a> Texts<'a> {
    pub(super) fn new(text: &'a [u8], help: &'a Help<'a>) -> Texts<'a> {
        let source = Text { name: None, bytes: Cow::Borrowed(text) };
        Texts { help, files: vec![source], open: vec![0] }
    }

    /// Finds what an `include` at `place` names, and calls `read` with the number
    /// of each of these files.
    pub(super) fn include(
        &mut self,
        pattern: &[u8],
        place: ConfigLine,
        wrong: &mut Vec<Wrong>,
        mut read: impl FnMut(&mut Texts<'a>, usize, &mut Vec<Wrong>),
    ) {
        let mut refuse = |message: String| wrong.push((place, message));
        let pattern = match core::str::from_utf8(pattern) {
            Ok(pattern) => pattern,
            Err(_) => return refuse("the name of an included file is not UTF-8".to_owned()),
        };
        if pattern.len() > INCLUDE_NAME_BYTES_MAX || pattern.contains(char::is_control) {
            return refuse(format!(
                "no file can be included by the name `{}`; a name has at most \
                 {INCLUDE_NAME_BYTES_MAX} bytes and no control characters",
                shown(pattern.as_bytes())
            ));
        }
        let Some(include) = self.help.include else {
            return refuse("no other file can be included here".to_owned());
        };
        let found = match (include.0)(pattern) {
            Ok(found) => found,
            Err(message) => return refuse(format!("include {pattern}: {message}")),
        };
        for (name, bytes) in found {
            let is_open = |&file: &usize| self.files[file].name.as_ref() == Some(&name);
            if self.open.iter().any(is_open) || self.open.len() > BLOCK_DEPTH_MAX {
                wrong.push((place, format!("include {pattern}: {name} includes itself")));
                continue;
            }
            if self.files.len() > INCLUDED_FILES_MAX {
                let most = format!("more than {INCLUDED_FILES_MAX} files are included");
                return wrong.push((place, most));
            }
            let file = self.files.len();
            self.files.push(Text { name: Some(name), bytes: Cow::Owned(bytes) });
            self.open.push(file);
            read(self, file, wrong);
            self.open.pop();
        }
    }

    /// The directives of a file. What is wrong ends it, and is added to `wrong`.
    pub(super) fn tree(&mut self, file: usize, depth: usize, wrong: &mut Vec<Wrong>) -> Vec<Node> {
        // Taken out while it is read, because what it includes is put beside it.
        let bytes = core::mem::take(&mut self.files[file].bytes);
        let mut tokens = Tokens::new(&bytes, 0, 1);
        let mut nodes = Vec::new();
        let read = self.block(&mut tokens, file, depth, &mut nodes, wrong);
        let ended = read.and_then(|end| match end {
            DirectiveEnd::Close => Err("a `}` without a block".to_owned()),
            _ => Ok(()),
        });
        if let Err(message) = ended {
            let message = format!("{message} (what follows was not read)");
            wrong.push((ConfigLine { file, line: tokens.line }, message));
        }
        self.files[file].bytes = bytes;
        nodes
    }

    fn block(
        &mut self,
        tokens: &mut Tokens<'_>,
        file: usize,
        depth: usize,
        nodes: &mut Vec<Node>,
        wrong: &mut Vec<Wrong>,
    ) -> Result<DirectiveEnd, String> {
        if depth > BLOCK_DEPTH_MAX {
            return Err(format!("more than {BLOCK_DEPTH_MAX} blocks within each other"));
        }
        let mut words = Vec::new();
        loop {
            let (line, end) = tokens.next(&mut words)?;
            let place = ConfigLine { file, line };
            match end {
                DirectiveEnd::Close | DirectiveEnd::File => return Ok(end),
                DirectiveEnd::Semicolon if words[0] == b"include" && words.len() == 2 => {
                    self.include(&words[1], place, wrong, |texts, file, wrong| {
                        nodes.extend(texts.tree(file, depth + 1, wrong));
                    });
                }
                DirectiveEnd::Semicolon => {
                    nodes.push(Node { words: core::mem::take(&mut words), place, block: None });
                }
                DirectiveEnd::Open => {
                    let words = core::mem::take(&mut words);
                    let opened = tokens.line;
                    let (end, block) =
                        if words[0] == b"map" && words.get(1).is_none_or(|it| it != LANGUAGES) {
                            let block = Block::Map { at: tokens.at(), line: tokens.line };
                            (skip_map(tokens)?, block)
                        } else {
                            let mut inner = Vec::new();
                            let end = self.block(tokens, file, depth + 1, &mut inner, wrong)?;
                            (end, Block::Nodes(inner))
                        };
                    let name = shown(&words[0]);
                    nodes.push(Node { words, place, block: Some(block) });
                    if end == DirectiveEnd::File {
                        return Err(format!("the block of `{name}` on line {opened} is left open"));
                    }
                }
            }
        }
    }
}

fn skip_map(tokens: &mut Tokens<'_>) -> Result<DirectiveEnd, String> {
    let mut words = Vec::new();
    loop {
        match tokens.next(&mut words)?.1 {
            DirectiveEnd::Semicolon => {}
            DirectiveEnd::Open => {
                return Err("a `{` within a map; quote the word it is in".to_owned());
            }
            end => return Ok(end),
        }
    }
}
