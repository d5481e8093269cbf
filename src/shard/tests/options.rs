//! What a link answers as time goes by, and what its clicks then say. The clock of
//! a rehearsal begins at 1994-11-06T08:49:37Z.

use crate::clicks::Verdict;
use crate::limits::LOCATION_BYTES_MAX;
use crate::rehearsal::Rehearsal;

/// The fields of the reply to a GET that say where, and for how long.
fn get(shard: &mut Rehearsal, path: &str) -> (String, Verdict, u64, String) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nReferer: r\r\n\r\n");
    let played = shard.play(&[request.as_bytes()], false);
    let text = String::from_utf8(played.replies).unwrap();
    let is_told = |line: &&str| line.starts_with("Location") || line.starts_with("Cache-Control");
    let told = text.lines().filter(is_told).map(|line| line.split_once(": ").unwrap().1);
    let reply = [&text[9..12], &told.collect::<Vec<_>>().join(" ")].join(" ");
    let [click] = &played.clicks[..] else { panic!("{text}") };
    let click = click.click();
    assert_eq!(text[9..12], click.status.to_string());
    (reply, click.verdict, click.link, String::from_utf8(click.tag.to_vec()).unwrap())
}

#[test]
fn a_link_answers_in_its_time_alone() {
    let links = "/a https://a.example/ 301 from=1994-11-06T08:49:40Z until=1994-11-06T08:49:50Z else=https://e.example/{ts} cache=5 id=7 tag=t\n\
                 /b https://b.example/ until=1994-11-06T08:49:40Z id=8\n";
    let mut shard = Rehearsal::new(links, None);
    let mut check = |passes: u32, a: &str, b: (&str, Verdict)| {
        shard.pass(passes);
        let (reply, verdict, link, tag) = get(&mut shard, "/a");
        assert_eq!((&*reply, verdict, link, &*tag), (a, Verdict::REDIRECT, 7, "t"));
        let (reply, verdict, link, tag) = get(&mut shard, "/b");
        assert_eq!((&*reply, verdict, link, &*tag), (b.0, b.1, 8, ""));
    };
    let open = ("302 no-store https://b.example/", Verdict::REDIRECT);
    let over = ("410 no-store", Verdict::GONE);
    check(0, "302 no-store https://e.example/784111777", open);
    check(2_999, "302 no-store https://e.example/784111779", open);
    check(1, "301 max-age=5 https://a.example/", over);
    // It is cached no longer than it answers.
    check(7_000, "301 max-age=3 https://a.example/", over);
    check(2_999, "301 max-age=0 https://a.example/", over);
    check(1, "302 no-store https://e.example/784111790", over);
}

#[test]
fn macros_tell_what_a_click_keeps() {
    let links = "/a https://a.example/?i={ip}&t={ts}";
    let mut shard = Rehearsal::new(links, None);
    let (reply, ..) = get(&mut shard, "/a");
    assert_eq!(reply, "302 no-store https://a.example/?i=192.0.2.1&t=784111777");
    let privacy = crate::clicks::Privacy::Truncate;
    shard.shard().set_privacy(privacy);
    let (reply, ..) = get(&mut shard, "/a");
    assert_eq!(reply, "302 no-store https://a.example/?i=192.0.2.0&t=784111777");
}

#[test]
fn a_fallback_is_filled_in() {
    let mut shard = Rehearsal::new("", Some("https://f.example/{slug}?q={query}&r={referer}"));
    let (reply, verdict, link, _) = get(&mut shard, "/x/none?a=1");
    assert_eq!(reply, "302 no-store https://f.example/none?q=a%3D1&r=r");
    assert_eq!((verdict, link), (Verdict::UNKNOWN, 0));
    let long = "\"".repeat(LOCATION_BYTES_MAX / 3);
    let request = format!("GET /?{long} HTTP/1.1\r\nHost: x\r\n\r\n");
    let played = shard.play(&[request.as_bytes()], false);
    assert!(played.replies.starts_with(b"HTTP/1.1 414 ") && played.clicks.is_empty());
}
