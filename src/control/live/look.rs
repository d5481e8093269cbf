//! Looking at the links that are served: all of them, one of them, and what another
//! table would change.

use std::collections::BinaryHeap;
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use super::not_done::{NotDone, Reason};
use super::served::Served;
use super::testing::{self, TestGround, TestQuestion};
use super::url::split;
use super::wish::{Asker, Done, ExportPiece, ExportSender, Hidden, answer};
use crate::control::caps::CapKeeper;
use crate::limits::{DIFFERENCES_SHOWN, EXPORT_PIECE_BYTES};
use crate::links::{
    Change, Changes, Editor, Format, LinkDifference, Links, Listed, OnBadLine, Source, Table,
    compare, load, normalise,
};
use crate::machine::background;
use crate::rules::SplitKey;
use crate::shard::{Builtin, Builtins};
use crate::visitor::{Place, Places};
use crate::words::counted;

/// Every link there is, as a file of the native format. It breaks off where nobody takes
/// it.
pub fn export(editor: &Editor, generation: u32, to: ExportSender) {
    let links = editor.snapshot();
    aside(move || {
        let mut pieces = Pieces { to, text: Vec::with_capacity(2 * EXPORT_PIECE_BYTES) };
        let head = format_args!("# generation {generation}, {}\n", counted(links.len(), "link"));
        let mut written = pieces.text.write_fmt(head);
        for link in links.links() {
            written = written.and_then(|()| writeln!(pieces.text, "{link}"));
            if pieces.text.len() >= EXPORT_PIECE_BYTES {
                written = written.and_then(|()| pieces.send());
            }
            if written.is_err() {
                return;
            }
        }
        if pieces.send().is_ok() {
            let _ = pieces.put(ExportPiece::End);
        }
    });
}

/// How the caps of all links stand.
pub fn caps(editor: &Editor, counts: Arc<CapKeeper>, reply: Asker) {
    let links = editor.snapshot();
    aside(move || {
        let lines: Vec<_> = links.links().flat_map(|link| link.caps()).collect();
        answer(reply, Ok(Done::Caps { caps: counts.rows(&lines) }));
    });
}

struct Pieces {
    to: ExportSender,
    text: Vec<u8>,
}

impl Pieces {
    fn send(&mut self) -> io::Result<()> {
        let room = Vec::with_capacity(2 * EXPORT_PIECE_BYTES);
        let text = std::mem::replace(&mut self.text, room);
        self.put(ExportPiece::Text(text))
    }

    /// Waits for room, as long as there is a client. One that takes nothing is let go by
    /// its connection.
    fn put(&self, piece: ExportPiece) -> io::Result<()> {
        self.to.blocking_send(piece).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// Looks from a thread of its own, at low priority, so that the desk can go on. Without a
/// thread whoever waits is told that there is no answer.
pub fn aside(look: impl FnOnce() + Send + 'static) {
    let look = move || {
        background::begin();
        look();
    };
    let _ = std::thread::Builder::new().name("carom-look".to_owned()).spawn(look);
}

/// Which link answers a request for this URL, or this path on any host. That is one
/// lookup, so it is done at once.
///
/// # Errors
///
/// When it is no URL.
pub fn show(
    url: &str,
    served: &Served,
    builtins: &Builtins,
    generation: u32,
) -> Result<Done, NotDone> {
    let (host, path, query) = split(url).ok_or_else(|| {
        NotDone::new(
            Reason::NotUnderstood,
            format_args!("`{url}` is no URL; write /path or http://host/path"),
        )
    })?;
    let link =
        served.editor().answering(host.as_bytes(), path.as_bytes(), query.map(str::as_bytes));
    let mut room = Vec::new();
    let is_exact = link.is_some_and(|link| link.is_exact());
    let built_in = match is_exact {
        true => None,
        false => builtins.of_path(link.is_some(), normalise(path.as_bytes(), &mut room)),
    };
    let link = link.filter(|_| built_in.is_none());
    let is_set = link.is_some_and(|link| served.changes().get(&link.name()).is_some());
    Ok(Done::Shown {
        generation,
        link: link.map(|link| link.to_string()),
        id: link.map(|link| format!("{:016x}", link.id())),
        is_set,
        built_in: built_in.map(Builtin::words),
    })
}

/// What testing links goes by beside them.
pub struct Ground {
    pub builtins: Builtins,
    pub split_key: SplitKey,
    pub places: Option<Arc<Places>>,
    pub caps: Arc<CapKeeper>,
}

/// What a visitor would be answered. Many of them are asked for beside the desk.
pub fn test(
    editor: &Editor,
    generation: u32,
    question: TestQuestion,
    ground: Ground,
    reply: Asker,
) {
    let is_long = question.repeat.is_some();
    let test = move |links: &Links| {
        let Ground { builtins, split_key, places, caps } = &ground;
        let place = |address: &[u8; 16]| match places {
            Some(places) => places.of(address),
            None => Place::UNKNOWN,
        };
        let ground = TestGround {
            split_key: *split_key,
            builtins,
            place: &place,
            list_names: places.as_ref().map_or(&[], |places| places.names()),
            used: &|link, line, cap, zone| Some(caps.used(link, line, cap, zone)),
        };
        let tested = testing::test(links, &question, &ground);
        tested.map(|tested| Done::Tested { generation, tested })
    };
    match is_long {
        false => answer(reply, test(editor.served())),
        true => {
            let links = editor.links_for_shard();
            aside(move || answer(reply, test(&links)));
        }
    }
}

/// What a promotion of `staged` would change.
pub fn differences(served: &Served, staged: &Served, reply: Asker) {
    let (files, changes) = (staged.base().clone(), staged.changes().clone());
    let (served, staged) = (served.editor().snapshot(), staged.editor().snapshot());
    aside(move || {
        let (hidden, hides) = hidden(&files.table, &changes);
        let (mut added, mut changed, mut removed) = (Vec::new(), Vec::new(), Least::default());
        let put = |lines: &mut Vec<String>, line: fmt::Arguments<'_>| {
            if lines.len() < DIFFERENCES_SHOWN {
                lines.push(line.to_string());
            }
        };
        let counts = compare(&served, &staged, |difference| match difference {
            LinkDifference::Added(link) => put(&mut added, format_args!("{}", signed("+ ", &link))),
            LinkDifference::Changed { before, after } => {
                let (before, after) = (signed("- ", &before), signed("+ ", &after));
                put(&mut changed, format_args!("{before}\n{after}"));
            }
            LinkDifference::Removed(link) => removed.put(format_args!("{}", signed("- ", &link))),
        });
        let differences = Done::Differences {
            added: counts.added,
            removed: counts.removed,
            changed: counts.changed,
            lines: [removed.lines.into_sorted_vec(), changed, added].concat(),
            hidden,
            hides,
        };
        answer(reply, Ok(differences));
    });
}

/// Each line of a link behind this sign.
fn signed(sign: &str, link: &Listed<'_>) -> String {
    let lines = link.to_string();
    let lines: Vec<_> = lines.lines().map(|line| format!("{sign}{line}")).collect();
    lines.join("\n")
}

/// How many links of these files do not answer as they stand there, for a change over
/// them, and the first of these.
fn hidden(files: &Table, changes: &Changes) -> (usize, Vec<Hidden>) {
    let (mut count, mut first) = (0, Vec::new());
    for (key, change) in changes.iter() {
        let by = match change {
            Change::Set(line) => Some(line.to_string()),
            Change::Unset => None,
        };
        if let Some(file) = files.link(key).map(|link| link.to_string())
            && !by.as_ref().is_some_and(|by| is_same(by, &file))
        {
            count += 1;
            if first.len() < DIFFERENCES_SHOWN {
                first.push(Hidden { key: key.to_owned(), file, by });
            }
        }
    }
    (count, first)
}

/// Whether two native lines are the same link, however each is written.
fn is_same(line: &str, other: &str) -> bool {
    let link = |line: &str| {
        let source = Source::new("link", line.as_bytes(), Format::Native);
        let table = load(&[source], OnBadLine::Refuse).table?;
        table.links().next().map(|link| link.to_string())
    };
    line == other || link(line) == link(other)
}

/// The first lines in the order of the alphabet, as many as are shown.
#[derive(Default)]
struct Least {
    lines: BinaryHeap<String>,
    /// Room for one.
    line: String,
}

impl Least {
    fn put(&mut self, line: fmt::Arguments<'_>) {
        self.line.clear();
        // A string takes anything.
        let _ = fmt::Write::write_fmt(&mut self.line, line);
        if self.lines.len() < DIFFERENCES_SHOWN {
            self.lines.push(self.line.clone());
        } else if let Some(mut last) = self.lines.peek_mut()
            && self.line < *last
        {
            last.clone_from(&self.line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_lines_the_first_are_shown() {
        let mut least = Least::default();
        let count = 3 * DIFFERENCES_SHOWN + 7;
        // Each number once, in no order.
        (0..count).for_each(|at| least.put(format_args!("{:05}", at * 7919 % count)));
        let want: Vec<String> = (0..DIFFERENCES_SHOWN).map(|at| format!("{at:05}")).collect();
        assert_eq!(least.lines.into_sorted_vec(), want);
    }
}
