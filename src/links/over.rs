//! A table with changes over it, as a table of its own.

use std::sync::Arc;

use super::changes::{Change, Changes};
use super::edit::{EditProblem, Editor};
use super::load::{FileReport, Loaded, Problem, Report};
use super::table::Table;

/// The name of what was set link by link, where a file would have its own.
const SET: &str = "links set";

/// As [`load_over`](super::load_over), for a `table` that stands in a file of this
/// name. A change that does not fit is a problem of a file behind the only one.
pub fn table_over(name: &str, table: &Table, changes: &Changes) -> Loaded {
    let mut report = Report {
        files: vec![FileReport { name: name.to_owned(), links: table.len(), ..Default::default() }],
        ..Default::default()
    };
    if changes.is_empty() {
        return Loaded { table: Some(table.clone()), report };
    }
    let mut editor = Editor::new(&Arc::new(table.clone()));
    for (key, change) in changes.iter() {
        if let Err(problem) = put(&mut editor, key, change) {
            report.problems.push(Problem {
                file: 1,
                file_name: SET.to_owned(),
                line: 1,
                message: problem.to_string(),
            });
        }
    }
    let folded = editor.fold();
    if let Err(problem) = &folded {
        let message = problem.to_string();
        report.problems.push(Problem { file: 1, file_name: SET.to_owned(), line: 1, message });
    }
    Loaded { table: folded.ok().filter(|_| report.problems.is_empty()), report }
}

/// Makes a change, folding before it where there is no more room.
fn put(editor: &mut Editor, key: &str, change: &Change) -> Result<(), EditProblem> {
    if editor.is_crowded() {
        let folded = editor.fold().map_err(|problem| EditProblem::Refused(problem.to_string()))?;
        *editor = Editor::new(&Arc::new(folded));
    }
    match change {
        Change::Set(line) => editor.set(line, 0).map(drop),
        Change::Unset => editor.unset(key, 0).map(drop),
    }
}
