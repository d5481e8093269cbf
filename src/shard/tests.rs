//! Connections, limits and deadlines of a shard, played without sockets.

use crate::clicks::{CLICK_BYTES_MIN, ClickId, ClickPlace, Flags, Verdict};
use crate::connection::Step;
use crate::limits::{
    CLICK_ID_BYTES, DRAIN_IDLE_MS, INBOX_BYTES_MAX, LINGER_BYTES_MAX, LINGER_MS, OUTBOX_BYTES_MAX,
    OUTBOX_BYTES_PAUSE, REQUESTS_PER_ROUND_MAX, SEGMENT_BYTES_MIN,
};
use crate::links::{Editor, Patch};
use crate::rehearsal::{Ending, PEER, Rehearsal, TIMEOUTS, tape};

const LINKS: &str = "/tea https://tea.example/ 301\n\
                     go.example/tea https://own.example/\n\
                     /amz/* https://amazon.example/dp/:splat\n\
                     /old?id=7 https://seven.example/\n\
                     /gone 410\n";

const GET: &str = "GET /tea HTTP/1.1\r\nHost: x\r\n\r\n";

fn shard() -> Rehearsal {
    Rehearsal::new(LINKS, None)
}

/// Statuses and targets of all replies, then how the connection ended.
fn summary(replies: &[u8], ending: Ending) -> String {
    let text = String::from_utf8_lossy(replies);
    let mut parts = Vec::new();
    for line in text.lines() {
        if let Some(status) = line.strip_prefix("HTTP/1.1 ") {
            parts.push(status[..3].to_owned());
        } else if let Some(target) = line.strip_prefix("Location: ") {
            parts.push(target.to_owned());
        }
    }
    parts.push(format!("{ending:?}").to_lowercase());
    parts.join(" ")
}

#[track_caller]
fn check(input: &str, expected: &str) {
    let played = shard().play(&[input.as_bytes()], false);
    assert_eq!(summary(&played.replies, played.ending), expected);
}

#[test]
fn a_known_key() {
    check(GET, "301 https://tea.example/ open");
}
#[test]
fn a_key_of_the_host() {
    check("GET /tea HTTP/1.1\r\nHost: GO.example:80\r\n\r\n", "302 https://own.example/ open");
}
#[test]
fn a_key_with_a_query() {
    check("GET /old?a=b&id=7 HTTP/1.1\r\nHost: x\r\n\r\n", "302 https://seven.example/ open");
}
#[test]
fn a_path_that_needs_normalising() {
    check("GET //%74ea HTTP/1.1\r\nHost: x\r\n\r\n", "301 https://tea.example/ open");
}
#[test]
fn a_prefix_with_splat() {
    check(
        "GET /amz/B00%2f?q HTTP/1.1\r\nHost: x\r\n\r\n",
        "302 https://amazon.example/dp/B00%2F open",
    );
}
#[test]
fn an_unknown_key() {
    check("GET /none HTTP/1.1\r\nHost: x\r\n\r\n", "404 open");
}
#[test]
fn a_retired_link() {
    check("GET /gone HTTP/1.1\r\nHost: x\r\n\r\n", "410 open");
}
#[test]
fn a_splat_that_grows_too_long() {
    // 4,000 bytes that each become three.
    let long = "\u{e9}".repeat(2000);
    check(&format!("GET /amz/{long} HTTP/1.1\r\nHost: x\r\n\r\n"), "414 open");
}

#[test]
fn a_fallback_takes_unknown_keys() {
    let mut shard = Rehearsal::new(LINKS, Some("https://fall.example/"));
    let played = shard.play(&[b"GET /none HTTP/1.1\r\nHost: x\r\n\r\n"], false);
    assert_eq!(summary(&played.replies, played.ending), "302 https://fall.example/ open");
    let click = &played.clicks[0];
    assert_eq!((click.status, click.verdict, click.link), (302, Verdict::Unknown, 0));
}

/// The ids in the `Location`s of some replies, of which each `at` begins one.
fn ids(replies: &[u8], at: &str) -> Vec<ClickId> {
    let text = String::from_utf8_lossy(replies);
    let locations = text.lines().filter_map(|line| line.strip_prefix("Location: "));
    let ids = locations.flat_map(|location| location.split(at).skip(1));
    ids.map(|id| ClickId::parse(&id.as_bytes()[..CLICK_ID_BYTES]).unwrap()).collect()
}

#[test]
fn a_click_id_is_that_of_its_own_click() {
    let links = "/a https://a.example/?c=~{clickid}\n\
                 /b https://b.example/\n\
                 /s/* https://s.example/~{clickid}/:splat#~{clickid}&:splat\n\
                 /gone 410\n";
    let mut shard = Rehearsal::new(links, Some("https://f.example/~{clickid}"));
    let asked = ["/a?1", "/b", "/s/x", "/gone", "/none", "/robots.txt", "/a?2"];
    let input: String =
        asked.map(|path| format!("GET {path} HTTP/1.1\r\nHost: a.host.example\r\n\r\n")).concat();
    let played = shard.play(&[input.as_bytes()], false);
    let ids = ids(&played.replies, "~");
    let clicks = ids.iter().map(|id| {
        let place = tape::keys().open(*id).unwrap();
        String::from_utf8(shard.tape().click_at(&place).unwrap().path).unwrap()
    });
    assert_eq!(clicks.collect::<Vec<_>>(), ["/a?1", "/s/x", "/s/x", "/none", "/a?2"]);
    // What is around the ids is as it would be without them.
    let text = ids.iter().fold(summary(&played.replies, played.ending), |text, id| {
        text.replace(&id.to_string(), "ID")
    });
    assert_eq!(
        text,
        "302 https://a.example/?c=~ID 302 https://b.example/ 302 https://s.example/~ID/x#~ID&x 410 \
         302 https://f.example/~ID 200 302 https://a.example/?c=~ID open"
    );
}

#[test]
fn a_lost_click_has_an_id_that_says_so() {
    let mut shard = Rehearsal::new("/a https://a.example/~{clickid}", None);
    // More than the first segment holds, while no other is ready.
    let count = SEGMENT_BYTES_MIN as usize / CLICK_BYTES_MIN + 1;
    let input = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n".repeat(count);
    let played = shard.play(&[input.as_bytes()], false);
    let ids = ids(&played.replies, "~");
    assert_eq!(ids.len(), count);
    let (recorded, lost) = ids.split_at(played.clicks.len());
    assert!(!lost.is_empty());
    for (id, click) in recorded.iter().zip(&played.clicks) {
        let place = tape::keys().open(*id).unwrap();
        assert_eq!(shard.tape().click_at(&place).as_ref(), Ok(click));
    }
    for id in lost {
        let place = tape::keys().open(*id).unwrap();
        assert_eq!(place, ClickPlace { node: 0, shard: 0, segment: 1, offset: 0 });
    }
}

#[test]
fn a_click_says_what_was_asked() {
    let request = "HEAD /tea?x=1 HTTP/1.1\r\nHost: GO.example:80\r\nUser-Agent: ua/1\r\n\
                   Referer: https://r.example/\r\nPurpose: prefetch\r\n\r\n";
    let played = shard().play(&[request.as_bytes()], false);
    let [click] = &*played.clicks else { panic!("{:?}", played.clicks) };
    assert_eq!(click.path, b"/tea?x=1");
    assert_eq!(click.host, b"GO.example:80");
    assert_eq!(click.user_agent, b"ua/1");
    assert_eq!(click.referer, b"https://r.example/");
    assert_eq!(click.flags, Flags::HEAD | Flags::PREFETCH);
    assert_eq!((click.status, click.verdict, click.generation), (302, Verdict::Redirect, 1));
    assert_eq!((click.ip, click.time_us), (PEER, 784_111_777_000_000));
    assert_ne!(click.link, 0);
}

/// One request in a turn of its own.
fn ask(shard: &mut Rehearsal, id: u32, request: &str) -> String {
    let mut ending = Ending::Open;
    shard.receive(id, request.as_bytes(), false);
    let replies = shard.send(id, usize::MAX, &mut ending);
    summary(&replies, ending)
}

/// More than a segment takes.
const MANY: u64 = 2_000;

#[test]
fn without_room_for_clicks_they_are_lost_and_counted() {
    let mut shard = shard();
    let id = shard.open();
    for _ in 0..MANY {
        assert_eq!(ask(&mut shard, id, GET), "301 https://tea.example/ open");
    }
    let lost = shard.shard().counts.clicks_lost;
    assert_eq!(shard.new_clicks().len() as u64 + lost, MANY);
    assert!(lost > 0 && shard.shard().counts.unrecorded == 0);
}

#[test]
fn without_room_for_clicks_requests_are_refused_where_that_is_wished() {
    let mut shard = Rehearsal::refusing(LINKS);
    let id = shard.open();
    let mut redirects = 0;
    while ask(&mut shard, id, GET) == "301 https://tea.example/ open" {
        redirects += 1;
    }
    // All that makes a click, and nothing else.
    for path in ["/tea", "/none", "/gone"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(ask(&mut shard, id, &request), "503 open");
    }
    assert_eq!(ask(&mut shard, id, "GET /robots.txt HTTP/1.1\r\nHost: x\r\n\r\n"), "200 open");
    let counts = shard.shard().counts;
    assert_eq!((counts.unrecorded, counts.clicks_lost), (4, 0));
    assert_eq!((counts.redirects, counts.unknown, counts.gone), (redirects, 0, 0));
    assert_eq!(shard.new_clicks().len() as u64, redirects);
    assert_eq!(ask(&mut shard, id, GET), "301 https://tea.example/ open", "there is room again");
}

#[test]
fn one_click_for_each_redirect_404_and_410_and_none_else() {
    let request = |line: &str| format!("{line} HTTP/1.1\r\nHost: x\r\n\r\n");
    let lines = ["GET /tea", "GET /none", "GET /gone", "POST /tea", "GET /robots.txt", "HEAD /tea"];
    let played = shard().play(&[lines.map(request).concat().as_bytes()], false);
    let statuses: Vec<u16> = played.clicks.iter().map(|click| click.status).collect();
    assert_eq!(statuses, [301, 404, 410, 301]);
}

#[test]
fn robots_and_favicon_are_answered_unless_a_link_claims_them() {
    let get =
        "GET /robots.txt HTTP/1.1\r\nHost: x\r\n\r\nGET /favicon.ico HTTP/1.1\r\nHost: x\r\n\r\n";
    let answer = |links: &str, fallback| {
        let played = Rehearsal::new(links, fallback).play(&[get.as_bytes()], false);
        (summary(&played.replies, played.ending), played.clicks.len())
    };
    let unclaimed = ("200 204 open".to_owned(), 0);
    assert_eq!(answer("", None), unclaimed);
    assert_eq!(answer("/* https://all.example/", Some("https://f.example/")), unclaimed);
    let links = "/robots.txt https://r.example/\n/favicon.ico https://f.example/";
    let claimed = "302 https://r.example/ 302 https://f.example/ open".to_owned();
    assert_eq!(answer(links, None), (claimed, 2));
}

#[test]
fn pipelined_requests_are_answered_in_order_however_many() {
    let count = 5 * REQUESTS_PER_ROUND_MAX + 3;
    let request = |n: usize| format!("GET /amz/{n} HTTP/1.1\r\nHost: x\r\n\r\n");
    let input: String = (0..count).map(request).collect();
    let played = shard().play(&[input.as_bytes()], false);
    let expected: String =
        (0..count).map(|n| format!("302 https://amazon.example/dp/{n} ")).collect();
    assert_eq!(summary(&played.replies, played.ending), expected + "open");
    assert_eq!(played.clicks.len(), count);
}

#[test]
fn connections_of_one_batch_get_their_own_replies() {
    let mut shard = shard();
    let ids: Vec<u32> = (0..3).map(|_| shard.open()).collect();
    for (n, id) in ids.iter().enumerate() {
        shard.receive(*id, format!("GET /amz/{n} HTTP/1.1\r\n").as_bytes(), false);
    }
    for (n, id) in ids.iter().enumerate() {
        shard.receive(*id, b"Host: x\r\n\r\n", false);
        let replies = shard.send(*id, 7, &mut Ending::Open);
        let expected = format!("302 https://amazon.example/dp/{n} open");
        assert_eq!(summary(&replies, Ending::Open), expected);
    }
}

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

#[test]
fn a_swapped_table_answers_the_next_batch() {
    let mut before = shard();
    let mut after = Rehearsal::new("/tea https://new.example/", None);
    let links = after.shard().links.clone();
    let old = before.shard().swap(links);
    assert_eq!(old.table().len(), 5);
    let played = before.play(&[GET.as_bytes()], false);
    assert_eq!(summary(&played.replies, played.ending), "302 https://new.example/ open");
}

#[test]
fn a_patch_answers_the_next_batch_under_its_number() {
    let mut shard = shard();
    let mut editor = Editor::new(shard.shard().table());
    let mut check = |patch: Patch, want: &str, generation| {
        shard.shard().patch(&patch);
        let played = shard.play(&[GET.as_bytes()], false);
        assert_eq!(summary(&played.replies, played.ending), want);
        assert_eq!(played.clicks.last().unwrap().generation, generation);
    };
    check(editor.set("/tea https://new.example/", 2).unwrap(), "302 https://new.example/ open", 2);
    check(editor.unset("/tea", 3).unwrap().unwrap(), "404 open", 3);
    check(editor.set("/tea 410", 4).unwrap(), "410 open", 4);
}
