//! What is wrong with files of countries and lists.

use std::fmt;

use crate::limits::BAD_LINES_SHOWN;
use crate::words::{counted, visible};

/// Characters of a text that an error shows.
const SHOWN_CHARACTERS: usize = 60;

/// So much of a text of a file as an error shows.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_CHARACTERS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// What is wrong in one place of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacesProblem {
    /// The line; `None`: the file as a whole.
    pub line: Option<usize>,
    /// What it is, and what would be right.
    pub what: String,
}

/// All that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacesProblems {
    /// The file, as it was named.
    pub file: String,
    /// The first of them.
    pub shown: Vec<PlacesProblem>,
    /// How many more there are.
    pub more: usize,
}

impl PlacesProblems {
    pub(super) fn new(file: &str) -> Self {
        Self { file: file.to_owned(), shown: Vec::new(), more: 0 }
    }

    /// The file as a whole is wrong.
    pub(super) fn whole(file: &str, what: impl fmt::Display) -> Self {
        let mut problems = Self::new(file);
        problems.add(None, what);
        problems
    }

    pub(super) fn add(&mut self, line: Option<usize>, what: impl fmt::Display) {
        if self.shown.len() < BAD_LINES_SHOWN {
            self.shown.push(PlacesProblem { line, what: what.to_string() });
        } else {
            self.more += 1;
        }
    }

    pub(super) fn result<T>(self, good: T) -> Result<T, Self> {
        if self.shown.is_empty() { Ok(good) } else { Err(self) }
    }
}

impl fmt::Display for PlacesProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.shown.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            match problem.line {
                Some(line) => write!(f, "{}:{line}: {}", self.file, visible(&problem.what))?,
                None => write!(f, "{}: {}", self.file, visible(&problem.what))?,
            }
        }
        if self.more > 0 {
            write!(f, "\nand {} of {}", counted(self.more, "more bad line"), self.file)?;
        }
        Ok(())
    }
}

impl std::error::Error for PlacesProblems {}
