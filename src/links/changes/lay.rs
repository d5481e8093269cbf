//! Many changes over a table at once, as a table of its own.

use super::list::{Change, Changes};
use crate::limits::CHANGES_LAID_SINGLY_MAX;
use crate::links::formats::{Format, Help, Source};
use crate::links::load::{OnBadLine, load};
use crate::links::room::{TableRoom, TooLarge};
use crate::links::table::{Listed, Table, TableBuilder};
use crate::links::targets::Schemes;

/// The links of `table` with these changes over them: first what is left of them in their
/// order, then those that were set. It takes one pass over all links, however many are
/// changed, where each change of its own takes a search.
///
/// # Errors
///
/// Why one of them does not go together with the others, as a sentence.
pub fn lay_over(table: &Table, changes: &Changes) -> Result<Table, String> {
    let mut lines = String::new();
    for (_, change) in changes.iter() {
        if let Change::Set(line) = change {
            lines.push_str(line);
            lines.push('\n');
        }
    }
    // They were checked when they were set.
    let help = Help { schemes: Some(&Schemes::CHECKED), ..Help::default() };
    let source = Source { help, ..Source::new("set", lines.as_bytes(), Format::Native) };
    let set = load(&[source], OnBadLine::Refuse);
    let set = set.table.ok_or_else(|| match set.report.problems.first() {
        Some(problem) => problem.message.clone(),
        None => "they cannot be read".to_owned(),
    })?;
    drop(lines);
    let bytes = table.memory().entries + set.memory().entries;
    let count = table.len() + set.len();
    // An entry's head is counted by the builder.
    let mut builder = TableBuilder::with_capacity(count, bytes - 20 * count.min(bytes / 20));
    let mut add = |link: &Listed<'_>| {
        builder.add_listed(link).map_err(|problem| format!("{}: {problem}", link.name()))
    };
    for link in table.links().filter(|link| changes.get(&link.name()).is_none()) {
        add(&link)?;
    }
    for link in set.links() {
        add(&link)?;
    }
    Ok(builder.finish())
}

/// Whether there is room to lay these changes over a table that is there, one by one or
/// with [`lay_over`], and to serve both.
///
/// # Errors
///
/// How much room there would have to be.
pub fn check_lay(table: &Table, changes: &Changes, room: TableRoom) -> Result<(), TooLarge> {
    room.check(match changes.len() {
        0..=CHANGES_LAID_SINGLY_MAX => (table.memory().index * room.copies()) as u64,
        _ => lay_bytes(table, changes, room.copies()),
    })
}

/// What [`lay_over`] takes beside the table, and what it makes of it when it is served with
/// so many copies of its index, at most, bytes.
fn lay_bytes(table: &Table, changes: &Changes, copies: usize) -> u64 {
    let line_bytes = |(_, change): (_, &Change)| match change {
        Change::Set(line) => line.len() as u64 + 1,
        Change::Unset => 0,
    };
    // The lines, the entries made of them, and those among the others. An entry is no
    // longer than its line and its head.
    let lines: u64 = changes.iter().map(line_bytes).sum();
    let entries = table.memory().entries as u64 + 3 * lines + 40 * changes.len() as u64;
    let set = TableBuilder::bytes_for(changes.len(), 1);
    entries + set + TableBuilder::bytes_for(table.len() + changes.len(), 1 + copies)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::links::changes;

    const FILE: &str = "/a https://a.example/ 301\n/q?x=1 https://q.example/\nh.example/b/* 410\n\
                        /c https://c.example/ nocase\n";

    fn check(lines: &str, unset: &str, want: Result<&str, &str>) {
        let load = |text: &str| {
            let source = Source::new("file", text.as_bytes(), Format::Native);
            load(&[source], OnBadLine::Refuse).table.unwrap()
        };
        let laid = lay_over(&load(FILE), &changes(lines, unset));
        let listed = |table: Table| table.links().map(|link| format!("{link}\n")).collect();
        let laid: Result<String, String> = laid.map(listed);
        assert_eq!(laid.as_deref().map_err(|why| &**why), want, "{lines} {unset}");
    }

    #[test]
    fn what_is_set_takes_the_place_of_what_was_there() {
        check("", "", Ok(FILE));
        let rest = &FILE[FILE.find("/q").unwrap()..];
        check("", "/a", Ok(rest));
        check("", "/none", Ok(FILE));
        check("/a 410", "", Ok(&format!("{rest}/a 410\n")));
        check(
            "/%61 410",
            "/q?x=1",
            Ok("h.example/b/* 410\n/c https://c.example/ nocase\n/a 410\n"),
        );
        check(
            "/c 410 nocase",
            "",
            Ok(&format!("{}/c 410 nocase\n", FILE.split("/c").next().unwrap())),
        );
    }

    #[test]
    fn what_does_not_go_together_is_named() {
        let queries: String =
            (0..33).map(|at| format!("/p?x{at}=1 https://p.example/\n")).collect();
        let named = check_error(&queries);
        assert!(named.starts_with("/p?x"), "{named}");
    }

    fn check_error(lines: &str) -> String {
        let (one, rest) = lines.split_once('\n').unwrap();
        let source = Source::new("file", one.as_bytes(), Format::Native);
        let table = load(&[source], OnBadLine::Refuse).table.unwrap();
        lay_over(&table, &changes(rest, "")).unwrap_err()
    }
}
