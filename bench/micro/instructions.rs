//! Operations done so many times and no more, for `scripts/instructions`. It runs
//! this with two numbers and takes the difference, so that what comes before
//! the first operation is not counted.

use std::io::Write;
use std::process::ExitCode;

use crate::clicks::Clicks;
use crate::lookup::{Lookups, Patterns};
use crate::parse::Heads;
use crate::reply::Redirects;
use crate::request::Turns;

/// Links looked up: the number changes what a lookup waits for, and not what it
/// does.
const LINKS: usize = 1_000;

/// A name, and what is done so many times.
type NamedOperation = (&'static str, fn(usize));

/// All do the same in every run.
const OPERATIONS: [NamedOperation; 8] = [
    ("parse_51", |times| {
        let mut heads = Heads::minimal();
        repeat(times, || heads.parse());
    }),
    ("parse_634", |times| {
        let mut heads = Heads::chrome();
        repeat(times, || heads.parse());
    }),
    ("lookup", |times| {
        let mut lookups = Lookups::new(LINKS);
        repeat(times, || lookups.one());
    }),
    ("lookup_in_16", |times| {
        let mut lookups = Lookups::new(LINKS);
        repeat(times / 16, || lookups.batch::<16>());
    }),
    ("lookup_placeholder", |times| {
        let mut patterns = Patterns::new(LINKS);
        repeat(times, || patterns.one());
    }),
    ("reply", |times| {
        let mut redirects = Redirects::new();
        repeat(times, || redirects.write());
    }),
    ("append", |times| {
        let mut clicks = Clicks::new();
        repeat(times, || clicks.append());
    }),
    ("request_in_16", |times| {
        let mut turns = Turns::new(LINKS);
        repeat(times / 16, || turns.turn::<16>());
    }),
];

fn repeat(times: usize, mut operation: impl FnMut()) {
    for _ in 0..times {
        operation();
    }
}

/// `instructions` names the operations; `instructions NAME TIMES` does one.
pub fn command(typed: &[String]) -> ExitCode {
    let named = |name: &str| OPERATIONS.iter().find(|(other, _)| *other == name);
    match typed {
        [] => {
            let names = OPERATIONS.map(|(name, _)| format!("{name}\n")).concat();
            let _ = std::io::stdout().lock().write_all(names.as_bytes());
        }
        [name, times] => match (named(name), times.parse()) {
            (Some((_, operation)), Ok(times)) => operation(times),
            _ => return ExitCode::FAILURE,
        },
        _ => return ExitCode::FAILURE,
    }
    ExitCode::SUCCESS
}
