//! Configurations, and the rows that they come to.

mod map;
mod server;

use super::read;
use crate::links::formats::row::written;
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

/// Compares rows with `want`: `!part` is for a refusal that has this part, `~row`
/// for one that has changed, all with their lines before them.
fn compare(text: &str, rows: &[String], want: &[&str]) {
    let same = rows.len() == want.len()
        && rows.iter().zip(want).all(|(row, want)| match want.split_once(['!', '~']) {
            Some((line, part)) if want.contains('!') => {
                row.strip_prefix(line).is_some_and(|row| row.starts_with('!') && row.contains(part))
            }
            Some((line, part)) => {
                row.split_once(" ~").is_some_and(|(row, _)| row == format!("{line}{part}"))
            }
            None => row == want,
        });
    assert!(same, "{text}: {rows:#?}");
}
