//! Lines that are bad, or were taken otherwise than they say, one after the other; and what
//! holds for whole files.

use crate::limits::BAD_LINES_SHOWN;
use crate::links::{Problem, Report};
use crate::words::{counted, visible};

/// As they are shown: the first ones, or all.
pub fn bad_lines(report: &Report, all: bool) -> String {
    let mut text = report.to_string();
    if all {
        text = report.problems.iter().map(|problem| format!("{problem}\n")).collect();
    }
    let shown = if all { usize::MAX } else { BAD_LINES_SHOWN };
    for changed in report.changed.iter().take(shown) {
        let (name, message) = (visible(&changed.file_name), visible(&changed.message));
        text.push_str(&format!("{name}:{}: changed: {message}\n", changed.line));
    }
    if let Some(rest) = report.changed.len().checked_sub(shown).filter(|&rest| rest > 0) {
        text.push_str(&format!("… and {}\n", counted(rest, "more changed link")));
    }
    for note in &report.notes {
        let (name, message) = (visible(&note.file_name), visible(&note.message));
        text.push_str(&format!("{name}:{}: note: {message}\n", note.line));
    }
    if report.problems.len().max(report.changed.len()) > shown {
        text.push_str("  (--all shows every one)\n");
    }
    text
}

/// Every directive that was passed over.
pub fn passed_over(report: &Report) -> String {
    let line = |passed: &Problem| {
        let (name, message) = (visible(&passed.file_name), visible(&passed.message));
        format!("{name}:{}: passed over: {message}\n", passed.line)
    };
    report.passed.iter().map(line).collect()
}
