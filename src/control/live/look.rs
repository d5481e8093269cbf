//! Looking at the links that are served: all of them, one of them, and what another
//! table would change.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::ask::{Answer, Refusal, Reply};
use super::desk::{Desk, answer};
use super::served::Served;
use crate::control::background;
use crate::limits::DIFFERENCES_SHOWN;
use crate::links::Editor;

impl Desk {
    /// Every link that is served, as a file of the native format.
    pub(super) fn export(&self, reply: Reply) {
        let (editor, generation) = (self.served.editor().snapshot(), self.generation);
        aside(reply, move || {
            let mut text = format!("# generation {generation}, {} links\n", editor.len());
            for link in editor.links() {
                // A string takes anything.
                let _ = writeln!(text, "{link}");
            }
            Ok(Answer::Exported(text))
        });
    }
}

/// Answers from a thread of its own, at low priority, so that the desk can go on.
fn aside(reply: Reply, look: impl FnOnce() -> Result<Answer, Refusal> + Send + 'static) {
    let look = move || {
        background::begin();
        answer(reply, look());
    };
    // Without a thread whoever waits is told that there is no answer.
    let _ = std::thread::Builder::new().name("carom-look".to_owned()).spawn(look);
}

/// Which link answers a request for this URL, or this path on any host. That is one
/// lookup, so it is done at once.
///
/// # Errors
///
/// When it is no URL.
pub fn show(url: &str, served: &Served, generation: u32) -> Result<Answer, Refusal> {
    let (host, path, query) = split(url).ok_or_else(|| {
        Refusal::new(400, format_args!("`{url}` is no URL; write /path or http://host/path"))
    })?;
    let link =
        served.editor().answering(host.as_bytes(), path.as_bytes(), query.map(str::as_bytes));
    let is_set = link.is_some_and(|link| served.changes().get(&link.name()).is_some());
    Ok(Answer::Shown {
        generation,
        link: link.map(|link| link.to_string()),
        id: link.map(|link| format!("{:016x}", link.id())),
        is_set,
    })
}

/// What a promotion of `staged` would change.
pub fn differences(served: &Served, staged: &Served, reply: Reply) {
    let (served, staged) = (served.editor().snapshot(), staged.editor().snapshot());
    aside(reply, move || {
        let mut differences = Differences::default();
        let mut old: HashMap<String, String> = lines(&served).collect();
        for (key, new) in lines(&staged) {
            match old.remove(&key) {
                None => differences.added.put(format!("+ {new}")),
                Some(old) if old != new => {
                    differences.changed.put(format!("- {old}\n+ {new}"));
                }
                Some(_) => {}
            }
        }
        let mut gone: Vec<String> = old.into_values().collect();
        gone.sort_unstable();
        gone.into_iter().for_each(|old| differences.removed.put(format!("- {old}")));
        let Differences { added, removed, changed } = differences;
        Ok(Answer::Differences {
            added: added.count,
            removed: removed.count,
            changed: changed.count,
            lines: [removed.lines, changed.lines, added.lines].concat(),
        })
    });
}

#[derive(Default)]
struct Differences {
    added: Listed,
    removed: Listed,
    changed: Listed,
}

/// How many there are, and the first of them.
#[derive(Default)]
struct Listed {
    count: usize,
    lines: Vec<String>,
}

impl Listed {
    fn put(&mut self, line: String) {
        self.count += 1;
        if self.lines.len() < DIFFERENCES_SHOWN {
            self.lines.push(line);
        }
    }
}

/// Each link by its key: its line.
fn lines(editor: &Editor) -> impl Iterator<Item = (String, String)> {
    editor.links().map(|link| (link.name(), link.to_string()))
}

/// Host (empty for any), path and query.
fn split(url: &str) -> Option<(&str, &str, Option<&str>)> {
    let url = url.split('#').next().unwrap_or_default();
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let (rest, is_url) = (rest.unwrap_or(url), rest.is_some());
    let (rest, query) = match rest.split_once('?') {
        Some((rest, query)) => (rest, Some(query)),
        None => (rest, None),
    };
    match rest.find('/') {
        Some(at) => Some((&rest[..at], &rest[at..], query)),
        None => is_url.then_some((rest, "/", query)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let check = |url: &str, want| assert_eq!(split(url), want, "{url}");
        check("/a?b=c#d", Some(("", "/a", Some("b=c"))));
        check("h.example/a", Some(("h.example", "/a", None)));
        check("http://h.example:80", Some(("h.example:80", "/", None)));
        check("https://h.example/a?b", Some(("h.example", "/a", Some("b"))));
        check("a", None);
        check("", None);
    }
}
