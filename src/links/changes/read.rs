//! Changes as people write them: links of the native format, and keys.

#[cfg(test)]
use super::list::{Change, Changes};
use crate::links::formats::{self, Format, Line, Source};
use crate::links::key::{KeyScratch, key_of, parse_name};
use crate::links::link::Options;
use crate::links::load::{FileReport, OnBadLine, Problem, Report, load};

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

/// The keys that stand in `text`, one a line, each as [`Changes`](super::Changes) knows it; `nocase`
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
    Err(Report { files: vec![file], problems, ..Report::default() })
}

/// Those of native lines that are set and keys that are unset, for tests.
#[cfg(test)]
pub fn changes(lines: &str, unset: &str) -> Changes {
    let mut changes = Changes::default();
    for (key, line) in read_lines("set", lines).unwrap() {
        changes.put(&key, Some(Change::Set(line.into())));
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
}
