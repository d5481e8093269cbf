//! What the desk says to whoever asked it, and to the operator.

use std::io;

use super::journal::KeyCounts;
use super::not_done::{NotDone, Reason};
use super::who::Who;
use crate::links::Report;
use crate::say::say;
use crate::sources::Base;
use crate::words::counted;

/// Says how many lines of link files are bad, and which.
pub fn say_bad_lines(report: &Report) {
    let count = report.problems.len();
    if count > 0 {
        let count = counted(count, "bad line");
        say(format_args!("{count}:\n{}", report.to_string().trim_end()));
    }
}

/// What needs a staged table cannot be done.
pub fn nothing_staged() -> NotDone {
    NotDone::new(
        Reason::NotNow,
        "nothing is staged; stage link files first, with `carom links stage FILE…`",
    )
}

/// A reload would leave so few links in the place of those before that it is not done.
pub fn too_few(before: usize, after: usize, percent: u8) -> NotDone {
    NotDone::new(
        Reason::Wrong,
        format_args!(
            "the link files hold {}, and those that are served came from files with {before}; a \
             reload may lose {percent} % (serve --max-loss). If that is meant, use `carom links \
             reload --force`; otherwise mend the files",
            counted(after, "link")
        ),
    )
}

/// The link files were read again, and what tells of addresses could not be.
pub fn links_alone(generation: u32, why: &str) -> NotDone {
    NotDone::new(
        Reason::Wrong,
        format_args!(
            "{why}\nso countries and lists stay as they were. The links are reloaded, as \
             generation {generation}"
        ),
    )
}

/// What a table was read from.
pub fn names(base: &Base) -> Vec<String> {
    base.files.iter().map(|file| file.name.clone()).collect()
}

/// The machine gave no more.
pub fn failed(error: anyhow::Error) -> NotDone {
    NotDone::new(Reason::Unavailable, format_args!("{error:#}; nothing is changed"))
}

/// The journal took no more.
pub fn unwritten(error: &io::Error) -> NotDone {
    NotDone::new(
        Reason::Disk,
        format_args!(
            "the journal cannot be written: {error}; nothing is changed. Free space in the state \
             folder, or mend its disk, and try again"
        ),
    )
}

/// The journal is there and cannot be read.
pub fn unread(error: &io::Error) -> NotDone {
    NotDone::new(
        Reason::Disk,
        format_args!(
            "the journal cannot be read: {error}; nothing is changed. Mend the disk of the state \
             folder, and try again"
        ),
    )
}

/// What lies over the files, in a sentence.
pub fn over(changes: usize) -> String {
    match changes {
        0 => String::new(),
        count => format!(", {} over the files", counted(count, "change")),
    }
}

/// How many keys of what, in a sentence.
pub fn of_keys(keys: KeyCounts) -> String {
    let KeyCounts { added, changed, removed } = keys;
    format!("{added} added, {changed} changed, {removed} removed")
}

/// A change cannot be taken back, as a key was changed again: by this generation, if it is
/// known.
pub fn changed_since(of: u32, key: &str, by: Option<u32>) -> NotDone {
    let by = by.map_or(String::new(), |by| format!(" by generation {by}"));
    NotDone::new(
        Reason::NotNow,
        format_args!(
            "{key} was changed again after generation {of}{by}, so nothing is undone. \
             `carom links log {key}` tells of each change: undo that first where it is one of \
             single links, or pass --force"
        ),
    )
}

/// Says that keys are other ones since this generation, with so many changes in force.
pub fn say_edited(
    verb: &str,
    who: &Who,
    changed: usize,
    keys: KeyCounts,
    generation: u32,
    changes: usize,
) {
    say(format_args!(
        "{verb} by {who}: {}, generation {generation}: {}{}",
        counted(changed, "key"),
        of_keys(keys),
        over(changes)
    ));
}
