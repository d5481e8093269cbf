//! From link files to one table, and a report of every line that is wrong.

mod told;

use core::fmt;
use core::str::FromStr;

use super::formats::{self, Defaults, Format, Line, Row, Source};
use super::key::{KeyScratch, Loose, key_of};
use super::link::{Link, Options, Origin, Setting, Status};
use super::room::{TableRoom, TooLarge};
use super::table::Table;
use super::table::{AddProblem, TableBuilder};
use super::targets::{CheckedTarget, Schemes};
use crate::limits::BAD_LINES_SHOWN;
use crate::pace;
use crate::words::{counted, visible};
use told::Told;

/// What reading a line takes, about.
const LINE_NS: u32 = 600;
/// What some formats remember of each link while they are read, bytes, about.
const SEEN_BYTES: u64 = 160;

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

/// What was read and what was wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// One for each file, in the order they were given, those that it includes
    /// behind it.
    pub files: Vec<FileReport>,
    /// Every line that was wrong, in the order of files and lines. As many as
    /// there are: they are bounded by the files, which were in memory anyway.
    pub problems: Vec<Problem>,
    /// Every line that was taken though it means something else here than where
    /// it comes from, in the same order.
    pub changed: Vec<Problem>,
    /// Every directive that has nothing to do with redirects, in the same order.
    pub passed: Vec<Problem>,
    /// What holds for a whole file, such as the columns that are not read, in the same order.
    pub notes: Vec<Problem>,
}

/// What one file held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileReport {
    /// Its name.
    pub name: String,
    /// Links in it that are good.
    pub links: usize,
    /// Lines in it that are wrong; of a line with several rules each rule that is.
    pub bad_lines: usize,
    /// Directives in it that have nothing to do with redirects.
    pub others: usize,
}

impl FileReport {
    fn new(name: &str) -> FileReport {
        FileReport { name: name.to_owned(), links: 0, bad_lines: 0, others: 0 }
    }
}

/// A line that is wrong, or means something else here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file's place in [`Report::files`].
    pub file: usize,
    /// The file's name.
    pub file_name: String,
    /// The line, counted from 1.
    pub line: u32,
    /// What is wrong and what would be right, or what it means here.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, message) = (visible(&self.file_name), visible(&self.message));
        write!(f, "{name}:{}: {message}", self.line)
    }
}

impl Report {
    /// Good links in all files.
    pub fn links(&self) -> usize {
        self.files.iter().map(|file| file.links).sum()
    }
}

impl fmt::Display for Report {
    /// A line for each problem, up to [`BAD_LINES_SHOWN`], and a count of the
    /// rest. Nothing if there is none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in self.problems.iter().take(BAD_LINES_SHOWN) {
            writeln!(f, "{problem}")?;
        }
        match self.problems.len().saturating_sub(BAD_LINES_SHOWN) {
            0 => Ok(()),
            rest => writeln!(f, "… and {}", counted(rest, "more bad line")),
        }
    }
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
            let mut said = |message| loader.problem(file, line, message);
            match taken {
                Ok(()) => {
                    report.files[file].links += 1;
                    report.changed.extend(what.map(&mut said));
                }
                // The links that one rule stands for have the same fault.
                Err(message) if !told.is_new(file, line, &message) => {}
                Err(message) => {
                    report.files[file].bad_lines += 1;
                    report.problems.push(said(message));
                }
            }
            loader.look_for_room();
        });
    }
    let refused = on_bad == OnBadLine::Refuse && !report.problems.is_empty();
    match loader.too_large {
        Some(too_large) if !refused => return Err(too_large),
        _ => {}
    }
    // A reader may come back to earlier lines.
    let lists = [&mut report.problems, &mut report.changed, &mut report.passed, &mut report.notes];
    for problems in lists {
        problems.sort_by_key(|problem| (problem.file, problem.line));
    }
    Ok(Loaded { table: (!refused).then(|| loader.builder.finish()), report })
}

struct Loader {
    /// Of files, as in [`Report::files`].
    names: Vec<String>,
    builder: TableBuilder,
    scratch: KeyScratch,
    /// Room for a path in lower case.
    folded: Vec<u8>,
    /// What links say that do not say it themselves.
    defaults: Defaults,
    /// Which schemes targets may have.
    schemes: Schemes,
    /// How much it all may take.
    room: TableRoom,
    /// What the format remembers of each link.
    seen_bytes: u64,
    /// What is said of lines takes so much.
    said_bytes: u64,
    /// There is not so much room.
    too_large: Option<TooLarge>,
}

impl Loader {
    fn new(sources: &[Source<'_>], room: TableRoom) -> Loader {
        let lines = |source: &Source<'_>| memchr::memchr_iter(b'\n', source.text).count() + 1;
        let (mut lines, mut bytes) = sources.iter().fold((0, 0), |(count, bytes), source| {
            (count + lines(source), bytes + source.text.len())
        });
        // Lines that are no links, such as empty ones, must not take what there is not.
        let left = usize::try_from(room.left()).unwrap_or(usize::MAX);
        (lines, bytes) = (lines.min(left / 64), bytes.min(left / 2));
        Loader {
            names: Vec::new(),
            builder: TableBuilder::with_capacity(lines, bytes),
            scratch: KeyScratch::default(),
            folded: Vec::new(),
            defaults: Defaults::default(),
            schemes: Schemes::NONE,
            room,
            seen_bytes: 0,
            said_bytes: 0,
            too_large: None,
        }
    }

    /// What follows is of this source.
    fn begin(&mut self, source: &Source<'_>) {
        self.seen_bytes = if source.format == Format::Native { 0 } else { SEEN_BYTES };
        self.defaults = source.help.defaults.cloned().unwrap_or_default();
        self.schemes = source.help.schemes.cloned().unwrap_or_default();
    }

    /// Whether there is room for one more link.
    fn look_for_room(&mut self) {
        let seen = self.seen_bytes * self.builder.len() as u64;
        let needed = self.builder.bytes(self.room.copies()) + seen + self.said_bytes;
        self.too_large = self.room.check(needed).err();
    }

    /// The place of a file in the report, which is within the one at `first`.
    fn file_within(&mut self, first: usize, name: &str, report: &mut Report) -> usize {
        let known = self.names[first..].iter().position(|known| known == name);
        if known.is_none() {
            self.names.push(name.to_owned());
            report.files.push(FileReport::new(name));
        }
        known.map_or(report.files.len() - 1, |known| first + known)
    }

    /// What is said of a line.
    fn problem(&mut self, file: usize, line: u32, message: String) -> Problem {
        let file_name = self.names[file].clone();
        // Lists grow to twice of what is in them.
        let bytes = 2 * size_of::<Problem>() + file_name.len() + message.len();
        self.said_bytes += bytes as u64;
        Problem { file, file_name, line, message }
    }

    /// Makes a link of a row. The first thing that is wrong with it is the one
    /// that is told.
    fn take(&mut self, origin: Origin, row: Row<'_>) -> Result<(), String> {
        // A file in another encoding would load as links that nobody can ask
        // for, because browsers send UTF-8.
        if !row.key.is_ascii() && core::str::from_utf8(row.key).is_err() {
            return Err("the key is not UTF-8; save the file as UTF-8".to_owned());
        }
        let mut settings: Vec<Setting<'_>> = Vec::new();
        self.defaults.with(row.settings, row.status == Some(b"410"), &mut settings);
        let options = Options::parse(&settings, &self.schemes)?;
        // As a default it holds for those keys that can have it.
        let own = row.settings.iter().any(|setting| setting.name == b"punctuation");
        let loose = Loose { punctuation: options.loose.punctuation && own, ..options.loose };
        let mut key = key_of(row.key, loose, &mut self.scratch, &mut self.folded)?;
        key.loose.punctuation = options.loose.punctuation && !key.is_open();
        let status = match row.status {
            None => self.defaults.status(),
            Some(status) => Status::parse(status)?,
        };
        let target = match row.target {
            [] => None,
            target => {
                let checked = CheckedTarget::parse_allowing(target, &self.schemes);
                Some(checked.map_err(|problem| problem.to_string())?)
            }
        };
        let link = Link { key, status, target, options, origin };
        self.builder.add(&link).map_err(|problem| match problem {
            AddProblem::Duplicate(first) => format!(
                "{key}{} is already defined at {}:{}; remove one of them",
                key.loose.to_string().replace(" nocase", " in any case"),
                self.names[first.file as usize],
                first.line
            ),
            other => other.to_string(),
        })
    }
}

#[cfg(test)]
mod tests;
