//! Counts below each other, and what they are of.

use std::fmt::Write;

use crate::clicks::Count;
use crate::words::counted;

/// How long the longest bar is, characters.
const BAR_CHARACTERS: u64 = 24;

/// Characters up to which a cell is filled, so that those behind it stand below each other.
const CELL_CHARACTERS_MAX: usize = 48;

/// One line: what is counted, and how many clicks it has.
pub(super) struct Line {
    pub(super) cells: Vec<String>,
    pub(super) count: Count,
    /// What stands for others has no bar beside those that it is more than.
    pub(super) has_bar: bool,
}

impl Line {
    /// Of one thing.
    pub(super) fn new(name: String, count: Count) -> Self {
        Self { cells: vec![name], count, has_bar: true }
    }

    /// Of all that is not shown, if there is anything.
    pub(super) fn others(others: Option<usize>, clicks: u64, what: &str) -> Option<Self> {
        let name = match others {
            Some(others) => format!("({})", counted(others, what)),
            None => "(others, more than are counted one by one)".to_owned(),
        };
        let line = Self { cells: vec![name], count: exact(clicks), has_bar: false };
        (clicks > 0).then_some(line)
    }
}

/// A count that lacks nothing.
pub(super) fn exact(clicks: u64) -> Count {
    Count { clicks, lacks_max: 0 }
}

/// Appends a table. One without titles has no header.
pub(super) fn push_table(page: &mut String, titles: &[String], lines: &[Line], bars: bool) {
    let digits = lines.iter().map(|line| line.count.clicks.to_string().len()).max().unwrap_or(0);
    let width = digits.max("clicks".len());
    let most = lines.iter().filter(|line| line.has_bar).map(|line| line.count.clicks).max();
    let most = most.filter(|_| bars);
    let widths: Vec<usize> = (0..titles.len()).map(|at| cell_width(at, titles, lines)).collect();
    let mut put = |count: &str, bar: String, cells: &[String], after: &str| {
        let mut line = format!("{count:>width$}  ");
        if most.is_some() {
            let characters = BAR_CHARACTERS as usize;
            write!(line, "{bar:characters$}  ").expect("a string takes anything");
        }
        for (at, cell) in cells.iter().enumerate() {
            // What is last needs nothing behind it.
            let width = if at + 1 == cells.len() { 0 } else { widths[at] };
            let gap = if at > 0 { "  " } else { "" };
            write!(line, "{gap}{cell:width$}").expect("a string takes anything");
        }
        page.push_str((line + after).trim_end());
        page.push('\n');
    };
    if !titles.is_empty() {
        put("clicks", String::new(), titles, "");
    }
    for line in lines {
        let lacks = match line.count.lacks_max {
            0 => String::new(),
            most => format!("  (up to {most} more)"),
        };
        let clicks = line.count.clicks;
        let bar = most.filter(|_| line.has_bar).map_or(String::new(), |most| bar(clicks, most));
        put(&clicks.to_string(), bar, &line.cells, &lacks);
    }
}

fn cell_width(at: usize, titles: &[String], lines: &[Line]) -> usize {
    // What stands for others fills no cell, but goes over all of them.
    let rows = lines.iter().filter(|line| line.cells.len() == titles.len());
    let cells = rows.map(|line| &line.cells[at]);
    let widths = cells.chain([&titles[at]]).map(|cell| cell.chars().count());
    widths.filter(|width| *width <= CELL_CHARACTERS_MAX).max().unwrap_or(0)
}

/// A bar as long as `clicks` are of `most`, in eighths of a character; what is more than
/// nothing has one.
fn bar(clicks: u64, most: u64) -> String {
    let eighths = u128::from(clicks) * u128::from(BAR_CHARACTERS * 8) / u128::from(most.max(1));
    let eighths = (eighths as usize).max(usize::from(clicks > 0));
    let mut bar = "█".repeat(eighths / 8);
    if eighths % 8 > 0 {
        bar.push(['▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8 - 1]);
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_clicks() {
        assert_eq!(bar(0, 10), "");
        assert_eq!(bar(1, 1_000_000), "▏");
        assert_eq!(bar(5, 10), "█".repeat(12));
        assert_eq!(bar(10, 10), "█".repeat(24));
        assert_eq!(bar(u64::MAX, u64::MAX), "█".repeat(24));
        assert_eq!(bar(11, 12), "█".repeat(22));
    }

    #[test]
    fn others_are_told() {
        let name = |others| Line::others(others, 5, "other").map(|line| line.cells[0].clone());
        assert_eq!(name(Some(1)).unwrap(), "(1 other)");
        assert_eq!(name(Some(2)).unwrap(), "(2 others)");
        assert!(name(None).unwrap().contains("more than are counted"));
        assert!(Line::others(Some(0), 0, "other").is_none());
    }
}
