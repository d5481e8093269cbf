//! Links that were set or unset one by one. They lie over those of the link
//! files until they are reset.

use std::collections::BTreeMap;

use super::formats::{self, Format, Line, Source};
use super::key::{KeyScratch, key_of, parse_name};
use super::link::Options;
use super::load::{FileReport, OnBadLine, Problem, Report, load};

/// What became of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It answers as this line of the native format says.
    Set(String),
    /// It has no link, whatever the files say.
    Unset,
}

/// Changes by the canonical text of their key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    by_key: BTreeMap<String, Change>,
}

impl Changes {
    /// How many keys are changed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// What became of this key, if anything.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Change> {
        self.by_key.get(key)
    }

    /// All, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Change)> {
        self.by_key.iter().map(|(key, change)| (&**key, change))
    }

    /// Changes a key; with `None` it is again as the files say. Returns what it was.
    pub fn put(&mut self, key: &str, change: Option<Change>) -> Option<Change> {
        match change {
            Some(change) => self.by_key.insert(key.to_owned(), change),
            None => self.by_key.remove(key),
        }
    }

    /// The links that are set, as a file of the native format.
    #[must_use]
    pub fn lines(&self) -> String {
        let mut text = String::new();
        for change in self.by_key.values() {
            if let Change::Set(line) = change {
                text.push_str(line);
                text.push('\n');
            }
        }
        text
    }
}

/// The links that `text` sets, each as its key and its line. All are checked.
///
/// # Errors
///
/// Every line that is wrong.
pub fn read_lines(name: &str, text: &str) -> Result<Vec<(String, String)>, Report> {
    let source = Source::new(name, text.as_bytes(), Format::Native);
    let report = load(&[source], OnBadLine::Refuse).report;
    if !report.problems.is_empty() {
        return Err(report);
    }
    let lines: Vec<&str> = text.lines().collect();
    let (mut scratch, mut folded) = (KeyScratch::default(), Vec::new());
    let mut links = Vec::new();
    formats::read(&source, |number, line| {
        if let Line::Link(row) | Line::Changed(row, _) = line
            && let Ok(options) = Options::parse(row.settings)
            && let Ok(key) = key_of(row.key, options.nocase, &mut scratch, &mut folded)
        {
            let line = lines[number as usize - 1].trim_start_matches('\u{feff}').trim();
            links.push((key.name(), line.to_owned()));
        }
    });
    Ok(links)
}

/// The keys that stand in `text`, one a line, each as [`Changes`] knows it; `nocase`
/// behind a key means the one that holds in any case. Blank lines and lines that
/// begin with `#` are none.
///
/// # Errors
///
/// Every line that is no key.
pub fn read_keys(name: &str, text: &str) -> Result<Vec<String>, Report> {
    let mut keys = Vec::new();
    let mut problems = Vec::new();
    let (mut scratch, mut folded) = (KeyScratch::default(), Vec::new());
    let lines = text.lines().map(str::trim).enumerate();
    for (at, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
        match parse_name(line, &mut scratch, &mut folded) {
            Ok(key) => keys.push(key.name()),
            Err(problem) => problems.push(Problem {
                file: 0,
                file_name: name.to_owned(),
                line: at as u32 + 1,
                message: problem,
            }),
        }
    }
    if problems.is_empty() {
        return Ok(keys);
    }
    let file = FileReport {
        name: name.to_owned(),
        links: keys.len(),
        bad_lines: problems.len(),
        others: 0,
    };
    Err(Report { files: vec![file], problems, changed: Vec::new() })
}

/// Those of native lines that are set and keys that are unset, for tests.
#[cfg(test)]
pub fn changes(lines: &str, unset: &str) -> Changes {
    let mut changes = Changes::default();
    for (key, line) in read_lines("set", lines).unwrap() {
        changes.put(&key, Some(Change::Set(line)));
    }
    for key in read_keys("unset", unset).unwrap() {
        changes.put(&key, Some(Change::Unset));
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bad_line_is_told() {
        let report = read_lines("set", "/a https://a/\n/b nowhere\n/c\n").unwrap_err();
        assert_eq!(report.problems.iter().map(|bad| bad.line).collect::<Vec<_>>(), [2, 3]);
        let report = read_keys("unset", "/a\nb\n//c\n").unwrap_err();
        assert_eq!(report.problems.iter().map(|bad| bad.line).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(
            report.problems[0].to_string(),
            "unset:2: the key `b` has no path; write /b for a path, or b/ for the front page of a host"
        );
    }

    #[test]
    fn a_change_can_be_taken_back() {
        let mut changes = changes("/a https://a.example/", "/b");
        assert_eq!((changes.len(), changes.lines()), (2, "/a https://a.example/\n".to_owned()));
        assert_eq!(changes.put("/b", None), Some(Change::Unset));
        assert_eq!(changes.put("/c", None), None);
        assert!(changes.put("/a", None).is_some() && changes.is_empty());
    }
}
