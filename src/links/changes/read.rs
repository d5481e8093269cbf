//! Changes as people write them: links of the native format, and keys.

#[cfg(test)]
use super::list::{Change, Changes};
use crate::links::formats::{self, Defaults, Format, Help, Line, PlaceNames, Row, Source};
use crate::links::key::{KeyScratch, Loose, key_of, parse_name_with};
use crate::links::link::{Options, Setting};
use crate::links::load::{FileReport, OnBadLine, Problem, Report, load};
use crate::links::targets::Schemes;

/// The links that `text` sets, each as its key and its line. All are checked; targets may
/// have these schemes. What a line does not say itself stands in it as `defaults` say, so that
/// it means the same wherever it is read later.
///
/// # Errors
///
/// Every line that is wrong.
pub fn read_lines(
    name: &str,
    text: &str,
    schemes: &Schemes,
    defaults: &Defaults,
    places: Option<&PlaceNames>,
) -> Result<Vec<(String, String)>, Report> {
    let help = Help { schemes: Some(schemes), defaults: Some(defaults), places, ..Help::default() };
    let source = Source { help, ..Source::new(name, text.as_bytes(), Format::Native) };
    let mut report = load(&[source], OnBadLine::Refuse).report;
    if !report.problems.is_empty() {
        return Err(report);
    }
    let lines: Vec<&str> = text.lines().collect();
    let (mut scratch, mut folded) = (KeyScratch::default(), Vec::new());
    let mut links: Vec<(String, String)> = Vec::new();
    formats::read(&source, |number, line| {
        if let Line::Defaults(_) = line {
            report.files[0].bad_lines += 1;
            report.problems.push(Problem {
                file: 0,
                file_name: name.to_owned(),
                line: number,
                message: "a link that is set stands alone; write its options into its own line"
                    .to_owned(),
            });
        }
        let (Line::Link(row) | Line::Changed(row, _)) = line else { return };
        let mut settings = Vec::new();
        defaults.with(row.settings, row.status == Some(b"410"), &mut settings);
        let own = row.settings.len();
        let Ok(loose) = Options::parse(&settings, schemes).map(|options| options.loose) else {
            return;
        };
        let said = settings[..own].iter().any(|setting| setting.name == b"punctuation");
        let named = Loose { punctuation: loose.punctuation && said, ..loose };
        let Ok(mut key) = key_of(row.key, named, &mut scratch, &mut folded) else { return };
        // As a default it holds for those keys that can have it.
        key.loose.punctuation = loose.punctuation && !key.is_open();
        if key.is_open() && !said {
            settings.retain(|setting| setting.name != b"punctuation");
        }
        let line = lines[number as usize - 1].trim_start_matches('\u{feff}').trim();
        let (name, line) = (key.name(), filled(line, &row, &settings, defaults));
        match links.last_mut() {
            // The lines of one key are set together.
            Some((last, lines)) if *last == name => {
                lines.push('\n');
                lines.push_str(&line);
            }
            _ => links.push((name, line)),
        }
    });
    if report.problems.is_empty() { Ok(links) } else { Err(report) }
}

/// The line of a row that has these settings, of which its own come first, and the status of
/// `defaults` if it has none.
fn filled(line: &str, row: &Row<'_>, settings: &[Setting<'_>], defaults: &Defaults) -> String {
    let status = defaults.told_status().filter(|_| row.status.is_none());
    if status.is_none() && settings.len() == row.settings.len() {
        return line.to_owned();
    }
    let text = |part: &[u8]| String::from_utf8_lossy(part).into_owned();
    let mut columns = vec![text(row.key)];
    columns.extend((!row.target.is_empty()).then(|| text(row.target)));
    columns.extend(row.status.map(text));
    columns.extend(status.map(|status| status.code().to_string()));
    columns.extend(settings.iter().map(|setting| match setting.value {
        [] => text(setting.name),
        value => format!("{}={}", text(setting.name), text(value)),
    }));
    // What was written for people stays.
    let comment = line
        .char_indices()
        .find(|&(at, letter)| letter == '#' && line[..at].ends_with([' ', '\t']));
    columns.extend(comment.map(|(at, _)| line[at..].to_owned()));
    columns.join(" ")
}

/// The keys that stand in `text`, one a line, each as [`Changes`](super::Changes) knows it; `nocase`
/// behind a key means the one that holds in any case, as `defaults` mean it where a key does not
/// say `nocase=no`. Blank lines and lines that begin with `#` are none.
///
/// # Errors
///
/// Every line that is no key.
pub fn read_keys(name: &str, text: &str, defaults: &Defaults) -> Result<Vec<String>, Report> {
    let usual = defaults.loose();
    let mut keys = Vec::new();
    let mut problems = Vec::new();
    let (mut scratch, mut folded) = (KeyScratch::default(), Vec::new());
    let lines = text.lines().map(str::trim).enumerate();
    for (at, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
        match parse_name_with(line, usual, &mut scratch, &mut folded) {
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
    for (key, line) in read_lines("set", lines, &Schemes::NONE, &Defaults::default(), None).unwrap()
    {
        changes.put(&key, Some(Change::Set(line.into())));
    }
    for key in read_keys("unset", unset, &Defaults::default()).unwrap() {
        changes.put(&key, Some(Change::Unset));
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bad_line_is_told() {
        let text = "/a https://a/\n/b nowhere\n/c\n";
        let report =
            read_lines("set", text, &Schemes::NONE, &Defaults::default(), None).unwrap_err();
        assert_eq!(report.problems.iter().map(|bad| bad.line).collect::<Vec<_>>(), [2, 3]);
        let report = read_keys("unset", "/a\nb\n//c\n", &Defaults::default()).unwrap_err();
        assert_eq!(report.problems.iter().map(|bad| bad.line).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(
            report.problems[0].to_string(),
            "unset:2: the key `b` has no path; write /b for a path, or b/ for the front page of a host"
        );
    }

    #[test]
    fn a_line_says_what_it_takes_from_defaults() {
        let check = |defaults: &str, line: &str, want: &str| {
            let defaults: Defaults = defaults.parse().unwrap();
            let set = read_lines("set", line, &Schemes::NONE, &defaults, None).unwrap();
            let [(key, line)] = &set[..] else { panic!("{set:?}") };
            assert_eq!(format!("{key}: {line}"), want);
        };
        check("", "/a https://a/ # x", "/a: /a https://a/ # x");
        check("status=301", "/a https://a/", "/a: /a https://a/ 301");
        check("status=301", "/a https://a/ 308 # x", "/a: /a https://a/ 308 # x");
        check("status=301 query=keep", "/a 410", "/a: /a 410");
        check(
            "status=301 nocase query=keep",
            "/A  https://a/#b cache=5 # x",
            "/a nocase: /A https://a/#b 301 cache=5 nocase query=keep # x",
        );
        check(
            "nocase query=keep",
            "/A https://a/ nocase=no",
            "/A: /A https://a/ nocase=no query=keep",
        );
        check(
            "punctuation=ignore",
            "/a https://a/",
            "/a punctuation=ignore: /a https://a/ punctuation=ignore",
        );
        check(
            "punctuation=ignore slash=ignore",
            "/a/* https://a/",
            "/a/* slash=ignore: /a/* https://a/ slash=ignore",
        );
    }

    #[test]
    fn keys_are_those_that_defaults_mean() {
        let check = |defaults: &str, key: &str, want: &str| {
            let keys = read_keys("unset", key, &defaults.parse().unwrap()).unwrap();
            assert_eq!(keys, [want], "{defaults}: {key}");
        };
        check("", "/A", "/A");
        check("", "/A nocase=no", "/A");
        check("nocase", "/A", "/a nocase");
        check("nocase", "/A nocase", "/a nocase");
        check("nocase slash=ignore", "/A nocase=no", "/A slash=ignore");
        check("nocase slash=ignore", "/A slash=exact nocase=no", "/A");
        check("punctuation=ignore", "/a", "/a punctuation=ignore");
        check("punctuation=ignore", "/a/*", "/a/*");
    }
}
