use super::*;
use crate::limits::{ALLOWANCE_BYTES, OUTBOX_BYTES_PAUSE, REQUEST_HEAD_BYTES_MAX};

const TIMEOUTS: Timeouts = Timeouts { head_ms: 10_000, idle_ms: 60_000, send_ms: 30_000 };

struct Model {
    connections: Connections,
    counts: ShardCounts,
    crowd: Vec<u32>,
    random: fastrand::Rng,
}

impl Model {
    /// One of the crowd does what it may: a head grows, or replies of `size` bytes.
    fn grow(&mut self, id: u32, size: usize) {
        let connections = &mut self.connections;
        if self.random.u32(..8) == 0 {
            let room = REQUEST_HEAD_BYTES_MAX.saturating_sub(connections.get(id).held_bytes());
            let bytes = vec![b'x'; self.random.usize(..=room)];
            connections.keep(id, &bytes);
        }
        if self.random.u32(..16) > 0 {
            let pipelined = if self.random.bool() { 16 } else { 400 };
            for _ in 0..pipelined {
                if connections.get(id).has_room() {
                    let replies = connections.sides(id).replies;
                    replies.resize(replies.len() + size, b'x');
                }
            }
        }
        connections.leave_batch(id, &mut self.counts);
        self.steps(None);
    }

    /// Takes all steps; gives what `reader` was sent.
    fn steps(&mut self, reader: Option<u32>) -> usize {
        let mut sent = 0;
        while let Some((id, step)) = self.connections.next_step() {
            match step {
                Step::Close => {
                    let at = self.crowd.iter().position(|other| *other == id);
                    self.crowd.swap_remove(at.expect("who is cut is one of the crowd"));
                    self.connections.release(id);
                }
                Step::Send { .. } if Some(id) == reader => {
                    let size = self.connections.get(id).outgoing().len();
                    self.connections.sent(id, size, &mut self.counts);
                    sent += size;
                }
                _ => {}
            }
        }
        sent
    }

    /// Somebody asks with a head as long as it may be, and takes the reply.
    fn ask(&mut self, id: u32) {
        self.connections.keep(id, &[b'x'; 1_000]);
        self.connections.leave_batch(id, &mut self.counts);
        let _ = self.connections.get_mut(id).take_kept();
        self.connections.sides(id).replies.extend_from_slice(&[b'x'; 300]);
        self.connections.leave_batch(id, &mut self.counts);
        assert_eq!(self.steps(Some(id)), 300);
    }

    fn check(&self) {
        let excess = |id: &u32| self.connections.get(*id).held_bytes();
        let excess = self.crowd.iter().map(excess);
        let excess: usize = excess.map(|held| held.saturating_sub(ALLOWANCE_BYTES)).sum();
        assert_eq!(self.connections.excess.total(), excess);
        assert!(excess <= SHARED_BYTES_PER_SHARD_MAX);
    }
}

/// Replies of this size, asked for by thousands who take none.
fn a_crowd_beside_one(size: usize) {
    let seed =
        std::env::var("SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    eprintln!("SEED={seed}");
    let random = fastrand::Rng::with_seed(seed);
    let connections = Connections::new(TIMEOUTS, 0);
    let mut model =
        Model { connections, counts: ShardCounts::default(), crowd: Vec::new(), random };
    let ordinary = model.connections.open(Peer::NOBODY);
    for number in 0..4_000 {
        if number % 2 == 0 || model.crowd.is_empty() {
            let id = model.connections.open(Peer::NOBODY);
            model.crowd.push(id);
            model.grow(id, size);
        }
        for _ in 0..2 {
            if !model.crowd.is_empty() {
                let id = model.crowd[model.random.usize(..model.crowd.len())];
                model.grow(id, size);
            }
        }
        model.ask(ordinary);
        if number % 500 == 0 {
            model.check();
        }
    }
    while model.counts.overloaded == 0 {
        let id = model.connections.open(Peer::NOBODY);
        model.crowd.push(id);
        (0..4).for_each(|_| {
            if model.crowd.contains(&id) {
                model.grow(id, size);
            }
        });
        model.ask(ordinary);
        assert!(model.crowd.len() < 20_000, "never full");
    }
    model.check();
    for id in std::mem::take(&mut model.crowd) {
        model.connections.fail(id);
        model.crowd.push(id);
    }
    assert_eq!(model.connections.excess.total(), 0, "what failed is no burden");
    model.steps(None);
    assert_eq!(model.connections.len(), 1);
}

#[test]
fn one_is_answered_beside_a_crowd_with_long_replies() {
    a_crowd_beside_one(2_048);
}

#[test]
fn one_is_answered_beside_a_crowd_with_short_replies() {
    a_crowd_beside_one(200);
}

#[test]
fn one_is_answered_when_not_a_byte_is_left_to_share() {
    let (connections, counts) = (Connections::new(TIMEOUTS, 0), ShardCounts::default());
    let random = fastrand::Rng::with_seed(0); // nothing is drawn
    let mut model = Model { connections, counts, crowd: Vec::new(), random };
    for _ in 0..SHARED_BYTES_PER_SHARD_MAX / OUTBOX_BYTES_PAUSE {
        let id = model.connections.open(Peer::NOBODY);
        model.crowd.push(id);
        let bytes = OUTBOX_BYTES_PAUSE + ALLOWANCE_BYTES;
        model.connections.sides(id).replies.resize(bytes, b'x');
        model.connections.leave_batch(id, &mut model.counts);
    }
    model.steps(None);
    assert_eq!(model.connections.excess.total(), SHARED_BYTES_PER_SHARD_MAX);
    for _ in 0..1_000 {
        let id = model.connections.open(Peer::NOBODY);
        model.ask(id);
        model.crowd.push(id);
        model.connections.fail(id);
        model.steps(None);
    }
    assert_eq!(model.counts.overloaded, 0);
    model.check();
}

#[test]
fn who_holds_most_is_cut_and_then_who_made_no_progress() {
    let (mut connections, mut counts) = (Connections::new(TIMEOUTS, 0), ShardCounts::default());
    let mut hold = |connections: &mut Connections, bytes: usize| {
        let id = connections.open(Peer::NOBODY);
        connections.sides(id).replies.resize(bytes, b'x');
        connections.leave_batch(id, &mut counts);
        id
    };
    let usual = OUTBOX_BYTES_PAUSE + ALLOWANCE_BYTES;
    let early: Vec<u32> = (0..4_095).map(|_| hold(&mut connections, usual)).collect();
    while connections.next_step().is_some() {}
    // Now there is room for one more. The first has made progress since.
    connections.sent(early[0], 1, &mut ShardCounts::default());
    let largest = hold(&mut connections, 4 * OUTBOX_BYTES_PAUSE);
    assert!(connections.get(largest).is_over() && !connections.get(early[1]).is_over());
    let within = hold(&mut connections, ALLOWANCE_BYTES);
    let last = hold(&mut connections, usual);
    assert!(!connections.get(early[1]).is_over());
    let one_more = hold(&mut connections, usual);
    assert!(connections.get(early[1]).is_over(), "it made no progress for the longest time");
    for id in [early[0], early[2], within, last, one_more] {
        assert!(!connections.get(id).is_over());
    }
    assert_eq!(counts.overloaded, 2);
    // The rest of the batch may still be about it.
    connections.leave_batch(early[1], &mut ShardCounts::default());
    assert_eq!(connections.excess.total(), SHARED_BYTES_PER_SHARD_MAX);
}
