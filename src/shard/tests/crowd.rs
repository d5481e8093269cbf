//! A crowd that takes all the room there is, beside somebody who asks for one thing.

use super::{GET, summary};
use crate::connection::Step;
use crate::limits::{ALLOWANCE_BYTES, SHARED_BYTES_PER_SHARD_MAX};
use crate::rehearsal::{Ending, Rehearsal};

/// More than there is room for.
const CROWD: usize = 8_000;

/// Does what the shard asks of an engine, but only `reader` takes its replies. Gives
/// those, and who was cut.
fn turn(shard: &mut Rehearsal, reader: Option<u32>) -> (Vec<u8>, Vec<u32>) {
    let (mut replies, mut cut) = (Vec::new(), Vec::new());
    while let Some((id, step)) = shard.shard().next_step() {
        match step {
            Step::Send { .. } if Some(id) == reader => {
                let outgoing = shard.shard().connection(id).outgoing();
                replies.extend_from_slice(outgoing);
                let size = outgoing.len();
                shard.shard().sent(id, size);
            }
            Step::Close => {
                cut.push(id);
                shard.shard().release(id);
            }
            _ => {}
        }
    }
    (replies, cut)
}

/// Somebody new asks once, and must be answered. Gives who was cut for it.
#[track_caller]
fn ask(shard: &mut Rehearsal) -> Vec<u32> {
    let id = shard.open();
    let (first, second) = GET.as_bytes().split_at(20);
    shard.receive(id, first, false);
    let (_, mut cut) = turn(shard, Some(id));
    shard.receive(id, second, false);
    let (replies, cut_then) = turn(shard, Some(id));
    assert_eq!(summary(&replies, Ending::Open), "301 https://tea.example/ open");
    cut.extend(cut_then);
    assert!(!cut.contains(&id));
    shard.shard().failed(id);
    turn(shard, None);
    cut
}

#[test]
fn a_crowd_that_never_reads_takes_nothing_from_others() {
    let seed =
        std::env::var("SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    eprintln!("SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let long = "x".repeat(2_000);
    let links = format!("/tea https://tea.example/ 301\n/long https://long.example/{long}\n");
    let mut shard = Rehearsal::new(&links, None);
    let pipelined = GET.replace("tea", "long").repeat(40);
    let (mut crowd, mut cut_in_all) = (Vec::new(), 0);
    for _ in 0..CROWD {
        let id = shard.open();
        // Most ask for as much as they can; some for little, or for nothing whole.
        let requests = match random.u32(..30) {
            0 => &GET.as_bytes()[..random.usize(1..GET.len())],
            1 => GET.as_bytes(),
            _ => pipelined.as_bytes(),
        };
        shard.receive(id, requests, false);
        crowd.push(id);
        let (_, mut cut) = turn(&mut shard, None);
        if random.u32(..4) == 0 {
            cut.extend(ask(&mut shard));
        }
        cut_in_all += cut.len();
        for id in cut {
            let at = crowd.iter().position(|other| *other == id).expect("one of the crowd");
            crowd.swap_remove(at);
        }
    }
    assert!(cut_in_all > 0, "the room was not full");
    let mut held = |id: &u32| shard.shard().connection(*id).held_bytes();
    let shared = crowd.iter().map(&mut held).map(|held| held.saturating_sub(ALLOWANCE_BYTES));
    let shared: usize = shared.sum();
    assert!(shared <= SHARED_BYTES_PER_SHARD_MAX);
    assert!(shared > SHARED_BYTES_PER_SHARD_MAX * 9 / 10, "{shared} of the room are taken");
    for _ in 0..100 {
        assert!(ask(&mut shard).is_empty(), "who stays within its allowance costs nobody anything");
    }
}
