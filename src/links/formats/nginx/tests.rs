//! Configurations, and the rows that they come to.

mod choices;
mod map;
mod server;

use super::read;
use crate::links::formats::row::{compare, written};
use crate::links::formats::source::{Help, Include, Included};

/// Files that can be included.
const FILES: &[(&str, &str)] = &[
    ("more.map", "/i https://i/;\n/j;\n"),
    ("conf.d/a.conf", "map $uri $a { /a https://a/; }"),
    ("self.map", "include self.map;\n/s https://s/;"),
    ("open.map", "/o \"https://o/;"),
];

fn included(pattern: &str) -> Included {
    let found = FILES.iter().find(|(name, _)| *name == pattern);
    let (name, text) = found.ok_or_else(|| "there is no such file".to_owned())?;
    Ok(vec![((*name).to_owned(), text.as_bytes().to_vec())])
}

fn rows(text: &str, base: Option<&str>) -> Vec<String> {
    let help = Help { base, include: Some(Include(&included)), ..Help::default() };
    written(|take| read(text.as_bytes(), &help, take))
}
