//! The clicks of a shard and their ids, and what becomes of requests without room for
//! them.

use super::{GET, LINKS, shard, summary};
use crate::clicks::{
    CLICK_BYTES_MIN, ClickId, ClickPlace, Flags, SegmentEvent, Undelivered, Verdict, Via,
};
use crate::connection::Step;
use crate::limits::{CLICK_ID_BYTES, SEGMENT_BYTES_MIN};
use crate::rehearsal::{Ending, PEER, Rehearsal, tape};

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
        String::from_utf8(shard.tape().click_at(&place).unwrap().click().path.to_vec()).unwrap()
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
    let click = click.click();
    assert_eq!(click.path, b"/tea?x=1");
    assert_eq!(click.host, b"GO.example:80");
    assert_eq!(click.user_agent, b"ua/1");
    assert_eq!(click.referer, b"https://r.example/");
    assert_eq!(click.flags, Flags::HEAD | Flags::PREFETCH | Flags::of_via(Via::LINK));
    assert_eq!((click.status, click.verdict, click.generation), (302, Verdict::REDIRECT, 1));
    assert_eq!((click.ip, click.time_us), (PEER, 784_111_777_000_000));
    assert_ne!(click.link, 0);
}

#[test]
fn one_click_for_each_redirect_404_and_410_and_none_else() {
    let request = |line: &str| format!("{line} HTTP/1.1\r\nHost: x\r\n\r\n");
    let lines = ["GET /tea", "GET /none", "GET /gone", "POST /tea", "GET /robots.txt", "HEAD /tea"];
    let played = shard().play(&[lines.map(request).concat().as_bytes()], false);
    let statuses: Vec<u16> = played.clicks.iter().map(|click| click.click().status).collect();
    assert_eq!(statuses, [301, 404, 410, 301]);
}

/// One request in a turn of its own.
fn ask(shard: &mut Rehearsal, id: u32, request: &str) -> String {
    let mut ending = Ending::Open;
    shard.receive(id, request.as_bytes(), false);
    let replies = shard.send(id, usize::MAX, &mut ending);
    summary(&replies, ending)
}

#[test]
fn replies_that_never_left_are_counted_and_written_down() {
    let mut shard = shard();
    let cut = |shard: &mut Rehearsal, sent: usize| {
        let id = shard.open();
        shard.receive(id, GET.repeat(3).as_bytes(), false);
        assert!(matches!(shard.shard().next_step(), Some((_, Step::Send { .. }))));
        let reply = shard.shard().connection(id).outgoing().len() / 3;
        shard.shard().sent(id, sent * reply / 2);
        // What comes later waits behind it.
        shard.receive(id, GET.as_bytes(), false);
        shard.shard().failed(id);
        shard.send(id, usize::MAX, &mut Ending::Open);
        std::mem::take(&mut shard.shard().account.counts.undelivered)
    };
    assert_eq!(cut(&mut shard, 0), 4);
    // Half of the first, all of it, and half of the last.
    assert_eq!(cut(&mut shard, 1), 3);
    assert_eq!(cut(&mut shard, 2), 3);
    shard.pass(1);
    let begin_us = shard.tape().contents().clicks[0].click().time_us;
    assert_eq!(cut(&mut shard, 5), 1);
    shard.pass(1);
    let undelivered =
        |count, us| SegmentEvent::Undelivered(Undelivered { count, from_us: us, to_us: us });
    let contents = shard.tape().contents();
    // Each is written in the next turn.
    let first = [4, 3, 3].map(|count| undelivered(count, begin_us));
    let told = [&first[..], &[undelivered(1, begin_us + 1000)]].concat();
    let is_name = |event: &SegmentEvent| matches!(event, SegmentEvent::Link { .. });
    let (names, findings): (Vec<_>, Vec<_>) = contents.findings.into_iter().partition(is_name);
    assert_eq!((findings, names.len()), (told, 1));
    assert_eq!(contents.clicks.len(), 16);
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
    let lost = shard.shard().account.counts.clicks_lost;
    assert_eq!(shard.new_clicks().len() as u64 + lost, MANY);
    assert!(lost > 0 && shard.shard().account.counts.unrecorded == 0);
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
    let counts = shard.shard().account.counts;
    assert_eq!((counts.unrecorded, counts.clicks_lost), (4, 0));
    assert_eq!((counts.redirects, counts.unknown, counts.gone), (redirects, 0, 0));
    assert_eq!(shard.new_clicks().len() as u64, redirects);
    assert_eq!(ask(&mut shard, id, GET), "301 https://tea.example/ open", "there is room again");
}
