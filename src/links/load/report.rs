//! What reading link files comes to: how much was good, and every line that is wrong.

use core::fmt;

use crate::limits::BAD_LINES_SHOWN;
use crate::words::{counted, visible};

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
    pub(super) fn new(name: &str) -> FileReport {
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
    /// A reader may come back to earlier lines.
    pub(super) fn sort(&mut self) {
        let Report { problems, changed, passed, notes, .. } = self;
        for lines in [problems, changed, passed, notes] {
            lines.sort_by_key(|line| (line.file, line.line));
        }
    }

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
