//! How connections go on and end: bodies, closes, limits and deadlines.

use super::{GET, check, shard, summary};
use crate::connection::Step;
use crate::limits::{
    DRAIN_IDLE_MS, INBOX_BYTES_MAX, LINGER_BYTES_MAX, LINGER_MS, OUTBOX_BYTES_MAX,
    OUTBOX_BYTES_PAUSE,
};
use crate::rehearsal::{Ending, TIMEOUTS};

#[test]
fn a_body_is_never_a_request() {
    let body =
        format!("POST /tea HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{GET}", GET.len());
    check(&body, "405 lingering");
    let body = format!("GET /tea HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{GET}");
    check(&body, "301 https://tea.example/ lingering");
}

#[test]
fn expect_100_continue_is_answered_at_once() {
    let head = "GET /tea HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    check(head, "301 https://tea.example/ lingering");
}

#[test]
fn close_is_a_plain_close_when_nothing_follows() {
    let request = "GET /tea HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    check(request, "301 https://tea.example/ closed");
    check(&format!("{request}{GET}"), "301 https://tea.example/ lingering");
}

#[test]
fn half_closed_after_the_request_is_still_answered() {
    let played = shard().play(&[GET.as_bytes(), GET.as_bytes()], true);
    let twice = "301 https://tea.example/ 301 https://tea.example/ closed";
    assert_eq!(summary(&played.replies, played.ending), twice);
    let played = shard().play(&[&GET.as_bytes()[..9]], true);
    assert_eq!(summary(&played.replies, played.ending), "closed");
}

#[test]
fn lingering_ends_with_the_peer_or_its_limit_or_its_time() {
    let bad = b"nonsense\r\n\r\n";
    let played = shard().play(&[bad, b"more"], true);
    assert_eq!(summary(&played.replies, played.ending), "400 closed");
    let much = vec![b'x'; LINGER_BYTES_MAX + 1];
    let played = shard().play(&[bad, &much], false);
    assert_eq!(summary(&played.replies, played.ending), "400 closed");

    let mut shard = shard();
    let (id, mut ending) = (shard.open(), Ending::Open);
    shard.receive(id, bad, false);
    shard.send(id, usize::MAX, &mut ending);
    assert_eq!(ending, Ending::Lingering);
    shard.pass(LINGER_MS + 1000);
    shard.send(id, usize::MAX, &mut ending);
    assert_eq!(ending, Ending::Closed);
}

#[test]
fn a_client_that_does_not_read_is_not_read_and_not_grown() {
    let mut shard = shard();
    let id = shard.open();
    let flood = GET.repeat(100);
    let (mut held_most, mut delivered) = (0, 0);
    // An engine reads while the connection wants input. Nothing is ever sent.
    while shard.shard().connection(id).wants_input() {
        shard.receive(id, flood.as_bytes(), false);
        delivered += 100;
        while let Some((_, step)) = shard.shard().next_step() {
            assert!(matches!(step, Step::Send { .. } | Step::Wait), "{step:?}");
        }
        held_most = held_most.max(shard.shard().connection(id).held_bytes());
    }
    assert!(held_most >= OUTBOX_BYTES_PAUSE, "{held_most}");
    assert!(held_most <= OUTBOX_BYTES_MAX + INBOX_BYTES_MAX, "{held_most}");
    // Once it reads, it gets everything, in order.
    let mut ending = Ending::Open;
    let first = shard.shard().connection(id).outgoing().len();
    shard.shard().sent(id, first);
    let rest = shard.send(id, usize::MAX, &mut ending).len();
    let reply = self::shard().play(&[GET.as_bytes()], false).replies.len();
    assert_eq!(first + rest, delivered * reply);
    assert!(shard.shard().connection(id).wants_input());
}

#[test]
fn a_client_that_does_not_read_is_cut_off_in_time() {
    let mut shard = shard();
    let id = shard.open();
    shard.receive(id, GET.as_bytes(), false);
    assert!(shard.shard().next_step().is_some());
    shard.pass(TIMEOUTS.send_ms - 1000);
    assert!(!shard.shard().has_steps());
    shard.pass(2000);
    assert!(shard.shard().has_steps());
    let mut ending = Ending::Open;
    shard.send(id, usize::MAX, &mut ending);
    assert_eq!(ending, Ending::Closed);
}

#[test]
fn a_head_that_dribbles_gets_408() {
    let mut shard = shard();
    let (id, mut ending) = (shard.open(), Ending::Open);
    let mut replies = Vec::new();
    for byte in GET.as_bytes()[..20].chunks(1) {
        shard.receive(id, byte, false);
        shard.pass(TIMEOUTS.head_ms / 15);
        replies.extend(shard.send(id, usize::MAX, &mut ending));
        if ending != Ending::Open {
            break;
        }
    }
    assert_eq!(summary(&replies, ending), "408 lingering");
}

#[test]
fn silent_and_idle_connections_are_closed_without_a_word() {
    let mut shard = shard();
    let (silent, mut ending) = (shard.open(), Ending::Open);
    shard.pass(TIMEOUTS.head_ms + 1000);
    assert_eq!(shard.send(silent, usize::MAX, &mut ending), b"");
    assert_eq!(ending, Ending::Closed);

    let (id, mut ending) = (shard.open(), Ending::Open);
    shard.receive(id, GET.as_bytes(), false);
    shard.send(id, usize::MAX, &mut ending);
    shard.pass(TIMEOUTS.idle_ms - 1000);
    shard.send(id, usize::MAX, &mut ending);
    assert_eq!(ending, Ending::Open);
    shard.pass(2000);
    assert_eq!(shard.send(id, usize::MAX, &mut ending), b"");
    assert_eq!(ending, Ending::Closed);
}

#[test]
fn a_stopping_shard_says_close_and_lets_idle_ones_go() {
    let mut shard = shard();
    let (idle, busy) = (shard.open(), shard.open());
    let mut ending = Ending::Open;
    for id in [idle, busy] {
        shard.receive(id, GET.as_bytes(), false);
        shard.send(id, usize::MAX, &mut ending);
    }
    shard.receive(busy, &GET.as_bytes()[..20], false);
    shard.shard().drain();
    shard.pass(DRAIN_IDLE_MS + 100);
    shard.send(idle, usize::MAX, &mut ending);
    assert_eq!(ending, Ending::Lingering, "an idle one");
    let mut ending = Ending::Open;
    shard.receive(busy, &GET.as_bytes()[20..], false);
    let replies = shard.send(busy, usize::MAX, &mut ending);
    assert!(String::from_utf8_lossy(&replies).contains("\r\nConnection: close\r\n"));
    assert_eq!(summary(&replies, ending), "301 https://tea.example/ lingering");
}

#[test]
fn a_full_shard_lets_the_longest_idle_go() {
    let mut shard = shard();
    let ids: Vec<u32> = (0..4).map(|_| shard.open()).collect();
    for id in &ids[..3] {
        shard.pass(1);
        shard.receive(*id, GET.as_bytes(), false);
        shard.send(*id, usize::MAX, &mut Ending::Open);
    }
    assert!(shard.shard().evict_idle(2));
    let mut endings = [Ending::Open; 4];
    shard.send(ids[0], usize::MAX, &mut endings[0]);
    assert_eq!(endings[0], Ending::Closed);
    assert_eq!(shard.shard().connection_count(), 2, "the third, and the one that has not asked");
}
