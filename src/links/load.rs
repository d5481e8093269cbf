//! From link files to one table, and a report of every line that is wrong.

mod loader;
mod pending;
mod report;
mod told;

use core::str::FromStr;

use super::formats::{self, Line, Source};
use super::link::Origin;
use super::room::{TableRoom, TooLarge};
use super::table::Table;
use crate::pace;
use loader::Loader;
pub use report::{FileReport, Problem, Report};
use told::Told;

/// What reading a line takes, about.
const LINE_NS: u32 = 600;

/// What becomes of the other links when a line is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnBadLine {
    /// There is no table.
    #[default]
    Refuse,
    /// The table has all links but those. Of two with one key the first stays.
    Skip,
}

impl OnBadLine {
    /// The names by which a person picks one.
    pub const NAMES: [&str; 2] = ["refuse", "skip"];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

impl FromStr for OnBadLine {
    type Err = String;

    fn from_str(name: &str) -> Result<OnBadLine, String> {
        match name {
            "refuse" => Ok(OnBadLine::Refuse),
            "skip" => Ok(OnBadLine::Skip),
            other => Err(format!("`{other}` is not known; write refuse or skip")),
        }
    }
}

/// What [`load`] made of the files.
#[derive(Debug)]
pub struct Loaded {
    /// The table, with generation 0; `None` if a line was wrong and that was to
    /// be [refused](OnBadLine::Refuse).
    pub table: Option<Table>,
    /// What was read and what was wrong.
    pub report: Report,
}

/// Reads all `sources` into one table. Every line is looked at, also after
/// bad ones, so the report is whole.
///
/// # Panics
///
/// Never.
pub fn load(sources: &[Source<'_>], on_bad: OnBadLine) -> Loaded {
    load_within(sources, on_bad, TableRoom::UNBOUNDED).expect("there is room for everything")
}

/// The same, if there is room for it. Where bad lines refuse the table, those are told that
/// there was room for.
///
/// # Errors
///
/// How much room there would have to be, at least. It is found before that is taken.
pub fn load_within(
    sources: &[Source<'_>],
    on_bad: OnBadLine,
    room: TableRoom,
) -> Result<Loaded, TooLarge> {
    let mut loader = Loader::new(sources, room);
    let (mut report, mut told) = (Report::default(), Told::default());
    for source in sources {
        loader.said_bytes += formats::read_bytes(source);
        loader.look_for_room();
        loader.begin(source);
        let defaults = loader.defaults.clone();
        let first = report.files.len();
        let mut file = first;
        loader.names.push(source.name.to_owned());
        report.files.push(FileReport::new(source.name));
        formats::read(source, |line, written| {
            // Nothing more is taken. The format goes on to its end, in vain.
            if loader.too_large.is_some() {
                return;
            }
            let (row, what) = match written {
                Line::Link(row) => (Ok(row), None),
                Line::Changed(row, what) => (Ok(row), Some(what)),
                Line::Refused(message) => (Err(message), None),
                Line::Other(what) => {
                    report.files[file].others += 1;
                    return report.passed.push(loader.problem(file, line, what));
                }
                Line::Note(what) => {
                    return report.notes.push(loader.problem(file, line, what));
                }
                Line::Defaults(nearer) => return loader.defaults = nearer.over(&defaults),
                Line::Within(None) => return file = first,
                Line::Within(Some(name)) => {
                    return file = loader.file_within(first, name, &mut report);
                }
            };
            pace::done(LINE_NS);
            let taken = row.and_then(|row| loader.take(Origin { file: file as u32, line }, row));
            loader.tell_late(&mut report);
            match taken {
                Ok(links) => {
                    report.files[file].links += links;
                    report.changed.extend(what.map(|what| loader.problem(file, line, what)));
                }
                // The links that one rule stands for have the same fault.
                Err(message) if !told.is_new(file, line, &message) => {}
                Err(message) => {
                    report.files[file].bad_lines += 1;
                    report.problems.push(loader.problem(file, line, message));
                }
            }
            loader.look_for_room();
        });
        loader.finish_key();
        loader.tell_late(&mut report);
    }
    let refused = on_bad == OnBadLine::Refuse && !report.problems.is_empty();
    match loader.too_large {
        Some(too_large) if !refused => return Err(too_large),
        _ => {}
    }
    report.sort();
    Ok(Loaded { table: (!refused).then(|| loader.builder.finish()), report })
}

#[cfg(test)]
mod tests;
