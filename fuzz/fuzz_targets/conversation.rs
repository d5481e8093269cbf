//! A client's bytes, whole and split: the replies, the clicks and the end of
//! the connection never depend on where the pieces were cut.
#![no_main]

use std::cell::RefCell;

use carom::rehearsal::tape::OwnedClick;
use carom::rehearsal::{Ending, Played, Rehearsal};
use libfuzzer_sys::fuzz_target;

const LINKS: &str = "/a https://a.example/\n/gone 410\nown.example/a https://own.example/ 301\n\
                     /p/* https://p.example/x/:splat\n/q?id=7&k=2 https://q.example/both\n\
                     /q?id=7 https://q.example/id\n";

/// A rehearsal serves many inputs before its click log grows long.
const INPUTS_EACH: usize = 64;

thread_local! {
    static REHEARSAL: RefCell<(usize, Option<Rehearsal>)> = const { RefCell::new((0, None)) };
}

fn comparable(played: Played) -> (Vec<u8>, bool, Vec<OwnedClick>) {
    let clicks = played.clicks.into_iter().map(|mut click| {
        click.sequence = 0;
        click
    });
    (played.replies, played.ending == Ending::Open, clicks.collect())
}

fuzz_target!(|data: &[u8]| {
    // The first two bytes say how to cut the rest.
    let Some(([ends, size], input)) = data.split_first_chunk::<2>().map(|(a, b)| (*a, b)) else {
        return;
    };
    let end = ends & 1 == 1;
    REHEARSAL.with_borrow_mut(|(used, rehearsal)| {
        if *used % INPUTS_EACH == 0 {
            *rehearsal = None;
        }
        *used += 1;
        let rehearsal = rehearsal.get_or_insert_with(|| Rehearsal::new(LINKS, None));
        let whole = rehearsal.play(&[input], end);
        // Pieces of growing size, from the size given: 1, 2, 3 … bytes.
        let mut pieces = Vec::new();
        let (mut rest, mut next) = (input, usize::from(size).max(1));
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(next.min(rest.len()));
            pieces.push(piece);
            rest = after;
            next = next % 64 + usize::from(ends >> 1).max(1);
        }
        if pieces.is_empty() {
            return;
        }
        let parts = rehearsal.play(&pieces, end);
        assert_eq!(comparable(whole), comparable(parts));
    });
});
