//! What a command says at its end of all that it has read.

use serde_json::{Value, json};

use crate::clicks::{Filter, Tally};

/// The exit status of a command that has read all that there is.
pub fn status(tally: &Tally) -> u8 {
    if tally.unreadable > 0 { 2 } else { u8::from(!tally.is_whole()) }
}

/// The totals in one line; also how many clicks the filter took, if it is one.
pub fn total(filter: &Filter, taken: u64, what: &str, tally: &Tally) -> String {
    if *filter == Filter::ALL { tally.to_string() } else { format!("{taken} {what} of {tally}") }
}

pub fn tally_to_json(tally: &Tally) -> Value {
    let mut totals = json!({
        "segments": tally.files,
        "passed_over": tally.passed_over,
        "clicks": tally.clicks,
        "lost": tally.lost,
        "missing": tally.missing,
        "gaps": tally.gaps,
        "damaged_bytes": tally.damaged_bytes,
        "torn_tails": tally.torn_tails,
        "live": tally.live,
        "unsealed": tally.unsealed,
        "suspect": tally.suspect,
        "unreadable": tally.unreadable,
        "is_whole": tally.is_whole(),
    });
    // What only a list of segments can tell.
    let told = [("gone", tally.gone), ("changed", tally.changed), ("list_flaws", tally.list_flaws)];
    for (name, count) in told.into_iter().filter(|(_, count)| *count > 0) {
        totals[name] = count.into();
    }
    with_links(totals, tally)
}

/// The same with the numbers of links that are told of and of clicks whose reply was not
/// delivered, if there are any.
pub fn with_links(mut counts: Value, tally: &Tally) -> Value {
    if tally.links > 0 {
        counts["links"] = tally.links.into();
    }
    if tally.undelivered > 0 {
        counts["undelivered"] = tally.undelivered.into();
    }
    counts
}
