//! What a shard answers, played without sockets.

use super::{GET, LINKS, check, shard, summary};
use crate::clicks::Verdict;
use crate::limits::REQUESTS_PER_ROUND_MAX;
use crate::links::{Editor, Patch};
use crate::rehearsal::{Ending, Rehearsal};

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
    let click = played.clicks[0].click();
    assert_eq!((click.status, click.verdict, click.link), (302, Verdict::UNKNOWN, 0));
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
    assert_eq!(answer("/a https://a.example/", Some("https://f.example/")), unclaimed);
    let all = "302 https://all.example/ 302 https://all.example/ open".to_owned();
    assert_eq!(answer("/* https://all.example/", None), (all, 2));
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
        assert_eq!(played.clicks.last().unwrap().click().generation, generation);
    };
    check(editor.set("/tea https://new.example/", 2).unwrap(), "302 https://new.example/ open", 2);
    check(editor.unset("/tea", 3).unwrap().unwrap(), "404 open", 3);
    check(editor.set("/tea 410", 4).unwrap(), "410 open", 4);
}
