//! What every format makes of its lines.

use super::defaults::Defaults;
use crate::links::link::Setting;

/// One link as it was written: nothing is checked yet.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::links) struct Row<'a> {
    pub(in crate::links) key: &'a [u8],
    /// Empty if there is none.
    pub(in crate::links) target: &'a [u8],
    pub(in crate::links) status: Option<&'a [u8]>,
    /// In the order they were written.
    pub(in crate::links) settings: &'a [Setting<'a>],
}

/// What a line of a link file is.
#[derive(Clone, Debug)]
pub(in crate::links) enum Line<'a> {
    /// A link, to be taken as it was meant.
    Link(Row<'a>),
    /// A link that will mean something else here than where it comes from; what,
    /// as a sentence.
    Changed(Row<'a>, String),
    /// Nothing that can be taken; why, as a sentence with its remedy.
    Refused(String),
    /// Something that has nothing to do with redirects; what, for those who ask.
    Other(String),
    /// Something that holds for the whole file, for everybody.
    Note(String),
    /// What the links that follow say where they do not say it themselves, to the end of
    /// the file or the next of these.
    Defaults(Defaults),
    /// No line: those that follow are of the file with this name, which was
    /// included; without one, of the source itself.
    Within(Option<&'a str>),
}

/// What a reader hands over, for tests: rows as `line key|target|status`, then a
/// `|name=value` for each setting; changed ones with ` ~what` behind them;
/// refusals as `line !message`, others as `line -`, notes as `line #what`, included files as `line @name`.
#[cfg(test)]
pub(super) fn written(read: impl FnOnce(&mut dyn FnMut(u32, Line<'_>))) -> Vec<String> {
    let text = |part: &[u8]| String::from_utf8_lossy(part).into_owned();
    let row = |row: Row<'_>| {
        let mut out = format!("{}|{}|", text(row.key), text(row.target));
        out.push_str(&row.status.map_or("-".into(), text));
        for setting in row.settings {
            out.push_str(&format!("|{}={}", text(setting.name), text(setting.value)));
        }
        out
    };
    let mut lines = Vec::new();
    read(&mut |number, line| {
        lines.push(match line {
            Line::Link(link) => format!("{number} {}", row(link)),
            Line::Changed(link, what) => format!("{number} {} ~{what}", row(link)),
            Line::Refused(message) => format!("{number} !{message}"),
            Line::Other(_) => format!("{number} -"),
            Line::Note(what) => format!("{number} #{what}"),
            Line::Defaults(defaults) => format!("{number} ={defaults}"),
            Line::Within(name) => format!("{number} @{}", name.unwrap_or_default()),
        });
    });
    lines
}

/// Compares rows, as [`written`] has them, with `want`: `!part` is for a refusal that has this
/// part, `~row` for one that has changed; all with their lines before them.
#[cfg(test)]
#[track_caller]
pub(super) fn compare(text: &str, rows: &[String], want: &[&str]) {
    let same = rows.len() == want.len()
        && rows.iter().zip(want).all(|(row, want)| match want.split_once(['!', '~']) {
            Some((line, part)) if want.contains('!') => {
                let said = row.strip_prefix(line).and_then(|row| row.strip_prefix('!'));
                said.is_some_and(|said| said.contains(part))
            }
            Some((line, part)) => {
                row.split_once(" ~").is_some_and(|(row, _)| row == format!("{line}{part}"))
            }
            None => row == want,
        });
    assert!(same, "{text}: {rows:#?}");
}
