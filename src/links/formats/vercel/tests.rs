//! What vercel.json comes to.

use super::read;
use crate::links::formats::row::written;
use crate::links::formats::source::Help;

/// Rows of a file with these redirects, all on line 1.
fn check(redirects: &str, want: &[&str]) {
    check_file(&format!("{{\"redirects\":[{redirects}]}}"), want);
}

fn check_file(text: &str, want: &[&str]) {
    let help = Help { base: Some("https://b"), ..Help::default() };
    let rows = written(|take| read(text.as_bytes(), &help, take));
    let same = rows.len() == want.len()
        && rows.iter().zip(want).all(|(row, want)| match want.strip_prefix('!') {
            Some(part) => row.split_once(" !").is_some_and(|(_, message)| message.contains(part)),
            None => match want.strip_prefix('~') {
                Some(want) => row.split_once(" ~").is_some_and(|(row, _)| row.ends_with(want)),
                None => row.ends_with(&format!(" {want}")),
            },
        });
    assert!(same, "{text}: {rows:#?}");
}

fn one(source: &str, destination: &str, want: &[&str]) {
    check(&format!(r#"{{"source":"{source}","destination":"{destination}"}}"#), want);
}

#[test]
fn sources_and_destinations() {
    one("/a", "/c", &["/a|https://b/c|308|query=keep|nocase="]);
    one("/a/", "https://x/", &["/a/|https://x/|308|query=keep|nocase="]);
    one("/a/:s", "https://x/:s?y=:s", &["/a/:s|https://x/:s?y=:s|308|query=keep|nocase="]);
    one(
        "/d/:path*",
        "https://x/:path*",
        &["~/d/*|https://x/:splat|308|query=keep|nocase=", "~/d|https://x/|308|query=keep|nocase="],
    );
    one("/d/:path+", "/e/:path", &["~/d/*|https://b/e/:splat|308|query=keep|nocase="]);
    one("/(.*)", "https://x/$1", &["/*|https://x/:splat|308|query=keep"]);
    one("/:all(.*)", "https://x/:all", &["/*|https://x/:splat|308|query=keep"]);
    one(
        "/a{/b}?",
        "/z",
        &["/a/b|https://b/z|308|query=keep|nocase=", "/a|https://b/z|308|query=keep|nocase="],
    );
    one("/a.html", "/z", &["/a.html|https://b/z|308|query=keep|nocase="]);
    one("/n/:id(\\\\d+)", "/z/:id", &["/n/:id(int)|https://b/z/:id|308|query=keep|nocase="]);
    one("/n/:id([0-9]+)/x", "/z", &["/n/:id(int)/x|https://b/z|308|query=keep|nocase="]);
    one("/n/:w([\\\\w-]+)", "/z/:w", &["/n/:w(word)|https://b/z/:w|308|query=keep|nocase="]);
    one("/n/:w([a-z]+)", "/z/:w", &["!the nearest key is /n/:w"]);
    one("/n/:id(\\\\d{4})", "/z/:id", &["!the nearest key is /n/:id"]);
    one("/n/:id(\\\\d+)?", "/z", &["!the nearest key is /n/:id"]);
    one("/n-:id(\\\\d+)", "/z", &["!"]);
    // Digits alone go before any text here, whichever comes first.
    check(
        r#"{"source":"/n/:s","destination":"/z"},{"source":"/n/:id(\\d+)","destination":"/y"}"#,
        &[
            "/n/:s|https://b/z|308|query=keep|nocase=",
            "~/n/:id(int)|https://b/y|308|query=keep|nocase=",
        ],
    );
    check(
        r#"{"source":"/n/:id(\\d+)","destination":"/y"},{"source":"/n/:s","destination":"/z"},{"source":"/n/new","destination":"/x"}"#,
        &[
            "/n/:id(int)|https://b/y|308|query=keep|nocase=",
            "/n/:s|https://b/z|308|query=keep|nocase=",
            "~/n/new|https://b/x|308|query=keep|nocase=",
        ],
    );
    one("/a-:b", "/z", &["!captures part of a segment"]);
    one("/:path((?!uk/).*)", "/uk/:path*", &["!has a group"]);
    one("/a", "https://x/:nope", &["!names :nope, which the source does not have"]);
    one("/a*", "/b", &["!a `*` where Vercel takes none"]);
    one("/a(", "/b", &["!left open"]);
}

#[test]
fn patterns_of_one_file_are_looked_at_in_one_way() {
    check(
        r#"{"source":"/:p/:q/c","destination":"/b"},{"source":"/:q/:all(.*)","destination":"/d"}"#,
        &[
            "/:p/:q/c|https://b/b|308|query=keep|nocase=",
            "/:q/*|https://b/d|308|query=keep|nocase=",
        ],
    );
    one(
        "/:p(a|b)",
        "/c/:p",
        &["~/a|https://b/c/a|308|query=keep|nocase=", "~/b|https://b/c/b|308|query=keep|nocase="],
    );
    one("/a//b", "/c", &["!no request that browsers send fits"]);
}

#[test]
fn what_vercel_looks_at_before_a_redirect_is_said() {
    let later = r#"{"source":"/n/new","destination":"/c"}"#;
    let row = "/n/new|https://b/c|308|query=keep|nocase=";
    let first = |source: &str, want: &str| {
        let first = format!(r#"{{"source":"{source}","destination":"/z","missing":[1]}}"#);
        check(&format!("{first},{later}"), &["!(`missing`)", want]);
        check(&format!("{later},{first}"), &[row, "!(`missing`)"]);
    };
    first("/n/:id", &format!("~{row}"));
    first("/N/new", &format!("~{row}"));
    first("/m/:id", row);
}

#[test]
fn statuses_and_conditions() {
    check(
        r#"{"source":"/1","destination":"/b","permanent":false},{"source":"/2","destination":"/b","permanent":true},
           {"source":"/3","destination":"/b","statusCode":301}"#,
        &[
            "/1|https://b/b|307|query=keep",
            "/2|https://b/b|308|query=keep",
            "/3|https://b/b|301|query=keep",
        ],
    );
    let has = |has: &str, want: &[&str]| {
        check(&format!(r#"{{"source":"/1","destination":"/b","has":[{has}]}}"#), want);
    };
    has(
        r#"{"type":"host","value":"h.example"}"#,
        &["h.example/1|https://h.example/b|308|query=keep"],
    );
    has(r#"{"type":"query","key":"k","value":"v"}"#, &["~/1?k=v|https://b/b|308|query=keep"]);
    has(r#"{"type":"query","key":"k"}"#, &["~/1?k=*|https://b/b|308|query=keep"]);
    has(r#"{"type":"header","key":"x"}"#, &["!(`header`)"]);
    has(r#"{"type":"host","value":"(a|b).c"}"#, &["!(`host`)"]);
    check(
        r#"{"source":"/1","destination":"/b","missing":[{"type":"cookie","key":"a"}]}"#,
        &["!(`missing`)"],
    );
    check(r#"{"source":"/1","destination":"/b","env":["A"]}"#, &["!`env` is not understood"]);
    check(r#"{"source":"/1"}"#, &["!missing field `destination`"]);
}

#[test]
fn whole_files() {
    check(
        r#"{"source":"/a/:x","destination":"/b"},{"source":"/A/c","destination":"/d"}"#,
        &["/a/:x|https://b/b|308|query=keep|nocase=", "~/A/c|https://b/d|308|query=keep|nocase="],
    );
    check_file(
        "{\"redirects\":[],\n\"cleanUrls\":true,\"headers\":[1]}",
        &["!`cleanUrls` redirects", "-"],
    );
    check_file(r#"{"rewrites":[]}"#, &["!an object with the keys rewrites"]);
    check_file("{", &["!not a vercel.json"]);
}
