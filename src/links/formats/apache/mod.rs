//! Apache's configuration: `Redirect` and its kin (mod_alias), and `RewriteRule` with
//! `RewriteCond` and `RewriteMap` (mod_rewrite), in servers, `<VirtualHost>`s, directories
//! and `.htaccess` files.

mod alias;
mod asked;
mod condition;
mod emit;
mod flags;
mod keys;
mod lines;
mod make;
mod maps;
mod query;
mod row;
mod rule;
mod sent;
mod substitution;
mod walk;

use super::row::Line;
use super::source::Help;
use make::Maker;
use walk::{Place, Walk};

/// Which of Apache's files it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ApacheFile {
    /// That of a server, or a part of it.
    Config,
    /// `.htaccess`, of a directory.
    Htaccess,
}

/// Directives that a file of Apache begins with, in lower case.
const BEGINS: [&str; 12] = [
    "<virtualhost",
    "<ifmodule",
    "<location",
    "<directory",
    "redirect",
    "redirectmatch",
    "redirectpermanent",
    "rewriteengine",
    "rewriterule",
    "rewritecond",
    "rewritemap",
    "servername",
];

/// Whether a text begins as a file of Apache does.
pub(super) fn begins(text: &[u8]) -> bool {
    let lines = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let first = lines.into_iter().find(|line| !line.is_empty() && line[0] != b'#');
    let word = first.and_then(|line| line.split(u8::is_ascii_whitespace).next());
    word.is_some_and(|word| {
        // A directive of nginx ends with a `;`.
        BEGINS.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
    })
}

pub(super) fn read(
    text: &[u8],
    file: ApacheFile,
    help: &Help<'_>,
    take: &mut dyn FnMut(u32, Line<'_>),
) {
    let mut wrong = Vec::new();
    let nodes = lines::tree(text, &mut wrong);
    let place = match file {
        ApacheFile::Config => Place::Server,
        ApacheFile::Htaccess => Place::Here,
    };
    let walk = Walk::of(&nodes, &place, wrong);
    let mut maker = Maker::new(&walk, help);
    maker.all();
    let made = core::mem::take(&mut maker.made);
    emit::emit(&walk, &made, take);
}

#[cfg(test)]
mod tests;
