//! `carom clicks get`: the clicks with these ids, each read where it stands, or beside the
//! rows of a file that have them.

mod answers;
mod arguments;
mod asked;
mod join;
mod joined_file;
mod why;

use std::io::{self, BufRead, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::ensure;

use self::answers::Answers;
pub use self::arguments::GetArguments;
use self::asked::{AskedId, AskedLines};
use self::why::{is_unreadable, why};
use super::output::{Output, PRIVATE};
use super::row_choice;
use crate::cli::pipe::is_broken_pipe;
use crate::clicks::ClickKeys;
use crate::limits::{CLICKS_FOLDER_DEFAULT, LOOKUP_IDS_MAX};
use crate::say::say_to;

/// Runs the command.
#[must_use]
pub fn run(wish: &GetArguments) -> ExitCode {
    let (ids, out) = (io::stdin().lock(), io::stdout().lock());
    ExitCode::from(get(wish, ids, out, &mut io::stderr().lock()))
}

/// Prints the clicks to `out`, and why one cannot be to `complaints`; returns the
/// exit status. What is read from standard input is read from `ids`.
pub fn get(
    wish: &GetArguments,
    ids: impl BufRead,
    out: impl Write,
    complaints: &mut impl Write,
) -> u8 {
    let done = match &wish.join {
        Some(path) => join::join(wish, path, ids, out, complaints),
        None => print(wish, ids, out, &mut |sentence| say_to(complaints, sentence)),
    };
    match done {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => 0,
        Err(error) => {
            say_to(complaints, format_args!("{error:#}"));
            2
        }
    }
}

fn print(
    wish: &GetArguments,
    lines: impl BufRead,
    out: impl Write,
    say: &mut dyn FnMut(&str),
) -> anyhow::Result<u8> {
    let clicks = wish.clicks.as_deref().unwrap_or(Path::new(CLICKS_FOLDER_DEFAULT));
    let keys = wish.keys(clicks)?;
    let are_typed = wish.ids.iter().all(|id| id != "-");
    ensure!(are_typed || wish.ids.len() == 1, "- stands alone: it reads all ids");
    let mut output = Output::begin(wish.output.as_deref(), PRIVATE, out)?;
    let mut out = BufWriter::new(&mut output);
    let mut code = 0;
    if are_typed {
        let asked: Vec<_> = wish.ids.iter().map(|id| AskedId::parse(id.as_bytes())).collect();
        code = print_some(wish, (clicks, &keys), &asked, true, &mut out, say)?;
    } else {
        let (mut lines, mut is_first) = (AskedLines::new(lines), true);
        let mut is_over = false;
        while !is_over {
            let mut asked = Vec::new();
            while asked.len() < LOOKUP_IDS_MAX && !is_over {
                let next = lines.next()?;
                is_over = next.is_none();
                asked.extend(next);
            }
            if let Some(name) = lines.passed.take() {
                say(&format!("the first line, {name}, is taken for the name of a column"));
            }
            let some = print_some(wish, (clicks, &keys), &asked, is_first, &mut out, say)?;
            code = code.max(some);
            is_first = false;
        }
    }
    out.flush()?;
    drop(out);
    output.finish()?;
    Ok(code)
}

/// Prints the clicks with these ids, in their order, behind a header if they are the first.
fn print_some(
    wish: &GetArguments,
    (clicks, keys): (&Path, &ClickKeys),
    asked: &[AskedId],
    are_first: bool,
    out: &mut impl Write,
    say: &mut dyn FnMut(&str),
) -> anyhow::Result<u8> {
    let columns = wish.columns.clone().unwrap_or_default();
    let ids = asked.iter().map(AskedId::id);
    let answers = Answers::find(clicks, keys, ids, &|spool| {
        row_choice::begin(wish.format, wish.excel, &columns, spool)
    })?;
    let (mut row, mut code) = (Vec::new(), 0);
    if are_first {
        answers.head(&mut row)?;
        out.write_all(&row)?;
    }
    for (number, asked) in asked.iter().enumerate() {
        match answers.row(number, &mut row)? {
            Ok(()) => out.write_all(&row)?,
            Err(no_row) => {
                say(&format!("{}: {}", asked.shown(), why(&no_row, asked.id().ok(), keys)));
                code = code.max(if is_unreadable(&no_row) { 2 } else { 1 });
            }
        }
    }
    Ok(code)
}
