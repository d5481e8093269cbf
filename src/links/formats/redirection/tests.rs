use super::read;
use crate::links::formats::row::{compare, written};
use crate::links::formats::source::Help;

#[track_caller]
fn check_file(text: &str, want: &[&str]) {
    let help = Help { base: Some("https://b"), ..Help::default() };
    let rows = written(|take| read(text.as_bytes(), &help, take));
    compare(text, &rows, want);
}

#[track_caller]
fn check(redirects: &str, want: &[&str]) {
    check_file(&format!("{{\"redirects\":[{redirects}]}}"), want);
}

/// A redirect of this source with these flags to `/new`.
fn one(url: &str, flags: &str) -> String {
    format!(
        r#"{{"url":"{url}","match_data":{{"source":{{{flags}}}}},"action_code":301,"action_type":"url","action_data":{{"url":"/new"}},"match_type":"url"}}"#
    )
}

fn to(url: &str, target: &str) -> String {
    one(url, r#""flag_query":"exact","flag_regex":true"#).replace("/new", target)
}

const IGNORE: &str = r#""flag_query":"ignore""#;

#[test]
fn flags_of_a_source() {
    check(&one("/old", IGNORE), &["1 /old|https://b/new|301"]);
    check(&one("/old", r#""flag_query":"exact""#), &["1~ /old|https://b/new|301"]);
    check(&one("/old?a=1", r#""flag_query":"exactorder""#), &["1~ /old?a=1|https://b/new|301"]);
    check(&one("/old?a=1", r#""flag_query":"pass""#), &["1 /old?a=1|https://b/new|301|query=keep"]);
    check(
        &one("/old", r#""flag_query":"ignore","flag_case":true"#),
        &["1 /old|https://b/new|301|nocase="],
    );
    check(
        &one("/old?A=1", r#""flag_query":"ignore","flag_case":true"#),
        &["1~ /old?A=1|https://b/new|301|nocase="],
    );
    for url in ["/old", "/old/"] {
        check(
            &one(url, r#""flag_query":"ignore","flag_trailing":true"#),
            &["1 /old|https://b/new|301", "1 /old/|https://b/new|301"],
        );
    }
    check(&one("/", r#""flag_query":"ignore","flag_trailing":true"#), &["1 /|https://b/new|301"]);
    check(&one("/old", r#""flag_query":"some""#), &["1 !`some` is not understood"]);
}

#[test]
fn sources_are_decoded() {
    check(&one("old", IGNORE), &["1 /old|https://b/new|301"]);
    check(&one("/a b%41ü", IGNORE), &["1 /a%20bAü|https://b/new|301"]);
    check(&one("/a+b", IGNORE), &["1~ /a+b|https://b/new|301"]);
    check(&one("/a/*", IGNORE), &["1 !a `*` that stands for itself"]);
    check(&one("https://h.example/a", IGNORE), &["1 !its source has a host"]);
}

#[test]
fn expressions() {
    check(&to("^/a/(.*)$", "/b/$1"), &["1 /a/*|https://b/b/:splat|301|query=keep"]);
    check(&to("^/a/(.*)", "/b/$1"), &["1 /a/*|https://b/b/:splat|301|query=keep"]);
    check(&to("^/a/.*$", "/b"), &["1 /a/*|https://b/b|301"]);
    check(&to("^/a/(.*)$", "/b/$1/c"), &["1~ /a/*|https://b/b/:splat/c|301"]);
    check(&to("^/a$", "/b"), &["1~ /a|https://b/b|301"]);
    check(&to("^/a", "/b"), &["1 !puts what follows `^/a` behind the target"]);
    check(&to("/a/(.*)$", "/b/$1"), &["1 !does not begin with ^"]);
    check(&to("^/a/(.*)$", "/b/$2"), &["1 !a number that no group has"]);
    check(&to("^/ü/(.*)$", "/b/$1"), &["1 !with the decoded path"]);
    check(
        &to(r"/posts/[\\d]{4}/[\\d]{2}/[\\d]{2}/(.*)$", "/post/$1"),
        &[r"1 !`/posts/[\d]{4}/[\d]{2}/[\d]{2}/(.*)$`"],
    );
    check(
        r#"{"url":"^/a/(.*)$","regex":true,"action_type":"url","action_code":302,"action_data":"/b/$1","match_type":"url"}"#,
        &["1 /a/*|https://b/b/:splat|302|query=keep"],
    );
}

#[test]
fn actions() {
    let action = |kind: &str, code: u16| {
        one("/old", IGNORE)
            .replace(r#""action_type":"url""#, &format!(r#""action_type":"{kind}""#))
            .replace("301", &code.to_string())
    };
    check(&action("url", 308), &["1 /old|https://b/new|308"]);
    check(&action("url", 0), &["1 /old|https://b/new|301"]);
    check(&action("error", 410), &["1 /old||410"]);
    check(&action("error", 404), &["1 !it answers with an error (404)"]);
    check(&action("nothing", 0), &["1 !leaves such requests alone"]);
    check(&action("random", 301), &["1 !to a post by chance"]);
    check(&action("pass", 0), &["1 !shows the target under its own URL"]);
    check(&one("/old", IGNORE).replace("/new", ""), &["1 !it has no target"]);
    check(&one("/old", IGNORE).replace("/new", "12"), &["1 !the number of a post"]);
    check(&one("/old", IGNORE).replace("/new", "/u/[userlogin]"), &["1 !fills `userlogin`"]);
    check(&one("/old", IGNORE).replace("/new", "/a$1{x}"), &["1 /old|https://b/a%241%7Bx%7D|301"]);
}

#[test]
fn conditions() {
    let matched = |kind: &str, data: &str| {
        one("/old", IGNORE)
            .replace(r#""match_type":"url""#, &format!(r#""match_type":"{kind}""#))
            .replace(r#"{"url":"/new"}"#, data)
    };
    for kind in ["referrer", "agent", "login", "role", "header", "cookie", "ip", "language", "page"]
    {
        check(&matched(kind, "{}"), &[&format!("1 !its condition (`{kind}`)")]);
    }
    check(
        &matched("server", r#"{"server":"https://h.example","url_from":"/new","url_notfrom":""}"#),
        &["1 h.example/old|https://h.example/new|301"],
    );
    check(
        &matched("server", r#"{"server":"h.example","url_from":"/new","url_notfrom":"/x"}"#),
        &["1 !visitors of other hosts elsewhere"],
    );
    check(&matched("server", r#"{"server":"","url_from":"/new"}"#), &["1 !it names no server"]);
}

#[test]
fn what_is_switched_off_is_passed_over() {
    let off =
        one("/old", IGNORE).replace("{\"url\":\"/old\"", "{\"url\":\"/old\",\"enabled\":false");
    check(&off, &["1 -"]);
    let in_group =
        one("/old", IGNORE).replace("{\"url\":\"/old\"", "{\"url\":\"/old\",\"group_id\":7");
    let file = |group: &str| {
        format!(r#"{{"groups":[{{"id":7,"name":"g",{group}}}],"redirects":[{in_group}]}}"#)
    };
    check_file(&file(r#""enabled":false"#), &["1 -"]);
    check_file(&file(r#""status":"disabled""#), &["1 -"]);
    check_file(&file(r#""enabled":true"#), &["1 /old|https://b/new|301"]);
}

#[test]
fn positions_say_which_comes_first() {
    let at = |url: &str, flags: &str, position: u32| {
        let begin = format!("{{\"position\":{position},\"url\":");
        one(url, flags).replacen("{\"url\":", &begin, 1)
    };
    let regex = r#""flag_regex":true"#;
    let exact = at("/a/b", IGNORE, 0);
    let all = at("^/a/.*$", regex, 1);
    check(&format!("{all},\n{exact}"), &["2 /a/b|https://b/new|301", "1 /a/*|https://b/new|301"]);
    let exact = at("/a/b", IGNORE, 2);
    check(&format!("{all},\n{exact}"), &["1 /a/*|https://b/new|301", "2~ /a/b|https://b/new|301"]);
    // Behind one that no link is.
    let refused = at("/a/b", IGNORE, 0).replace("\"match_type\":\"url\"", "\"match_type\":\"ip\"");
    check(&format!("{refused},\n{all}"), &["1 !its condition", "2~ /a/*|https://b/new|301"]);
}

#[test]
fn files() {
    check_file(r#"{"redirects":[]}"#, &[]);
    check_file(r#"{"plugin":{},"settings":{},"redirects":[]}"#, &["1 -", "1 -"]);
    check_file(r#"{"plugin":{},"groups":[]}"#, &["1 !an object with the keys plugin"]);
    check_file("x", &["1 !not an export of Redirection"]);
    let bare = r#"{"url":"/source1","id":1,"group_id":5005,"match_type":"url","action_type":"url","action_data":{"url":"/test"}}"#;
    check(bare, &["1~ /source1|https://b/test|301"]);
    let set = r#"{"settings":{"flag_query":"pass","flag_case":true},"#;
    check_file(
        &format!("{set}\"redirects\":[{bare}]}}"),
        &["1 /source1|https://b/test|301|query=keep|nocase=", "1 -"],
    );
}
