//! `firebase.json` beside superstatic, the server of Firebase's hosting emulator.

use carom::links::Format;
use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::compare::{Case, SITE};
use super::fitting::{path, pick};
use super::vendors;

const LITERALS: [&str; 8] = ["a", "b", "c", "d.html", "e-f", "A", "7", ".w"];
const NAMED: [&str; 9] =
    [":p", ":q", ":p?", ":p*", ":p+", ":p(a|b)", ":p(\\d+)", "a-:p", ":p.html"];
const GLOBS: [&str; 14] = [
    "*", "**", "a*", "*.html", "@(a|b)", "{a,b}", "?", "[ab]", "+(a|b)", "!(a)", "*b*", "(a|b)",
    "a{,b}", "**.html",
];
const ENDS: [&str; 9] = ["/**", "/*", "{,/**}", "/", "/*/", "/**/", "/**/*", "/:p*", "/:p+"];
const EXPRESSIONS: [&str; 24] = [
    "^/a$",
    "^/a/(.*)$",
    "^/a/?$",
    "^/a(/.*)?$",
    "^/a/(?P<p>.*)$",
    "^/a/(?<p>.*)$",
    "^/a/(?<p>[^/]+)$",
    "^/([^/]+)/b$",
    "^/(a|b)$",
    "^/(a|b)/(.*)$",
    "/a",
    "a",
    "^/a",
    "^/a/",
    "/b$",
    "^/d\\.html$",
    "^/d.html$",
    "^/a/(\\d+)$",
    "^/(?<p>[^/]+)/(?<q>[^/]+)$",
    "^/a/(.+)$",
    "^/(.*)$",
    "^/a|/b$",
    "^/$",
    "^/A$",
];
const ODD_SOURCES: [&str; 12] = [
    "a", "a/b", "/a//b", "/a?x=1", "/a b", "//a", "!/a", "/:p/:p", "/(.*)", "/a/**/b", "/**/b",
    "**",
];
const ODD_TARGETS: [&str; 9] = [
    "https://:p.example/t{}_",
    "t{}_",
    "//to.example/t{}_",
    "/t{}_/:nope",
    "/t{}_:p",
    "https://to.example:8443/t{}_",
    "https://to.example/t{}_/a%20b",
    "/t{}_/(a)",
    "/t{}_/a b",
];

fn source(rng: &mut Rng) -> String {
    if rng.u8(..16) == 0 {
        return pick(rng, &ODD_SOURCES).to_owned();
    }
    let mut source = String::new();
    for _ in 0..rng.usize(..4) {
        let segment = match rng.u8(..12) {
            0 => pick(rng, &GLOBS),
            1 | 2 => pick(rng, &NAMED),
            3 => ":p",
            _ => pick(rng, &LITERALS),
        };
        if !source.contains(segment) || !segment.contains(':') {
            source += &format!("/{segment}");
        }
    }
    if rng.u8(..3) == 0 {
        source += pick(rng, &ENDS);
    }
    if source.is_empty() { "/".to_owned() } else { source }
}

fn destination(rng: &mut Rng, line: usize, source: &str) -> String {
    if rng.u8(..14) == 0 {
        return pick(rng, &ODD_TARGETS).replace("{}", &line.to_string());
    }
    let host = pick(rng, &["", "", "https://to.example", "http://to.example"]);
    let mut target = format!("{host}/t{line}_");
    let has_names = source.contains(':') || source.contains('(');
    if has_names {
        for _ in 0..rng.usize(..3) {
            let before = pick(rng, &["/", "/", "/", "/x-", "", "/x."]);
            let behind = pick(rng, &["", "", "", ".html", "-x", "/", "/y"]);
            let names = [":p", ":p", ":p*", ":q", ":1", ":2", ":p?"];
            target += &format!("{before}{}{behind}", pick(rng, &names));
        }
    }
    match rng.u8(..14) {
        0 => target += "?x=1",
        1 => target += "?x=:p",
        2 => target += "#part",
        3 => target.push('?'),
        _ => {}
    }
    target
}

fn case(mut rng: Rng) -> Case {
    let rng = &mut rng;
    let (mut lines, mut sources) = (Vec::new(), Vec::new());
    // The first redirect is on line 2.
    for line in 2..rng.usize(3..10) {
        let mut redirect = Map::new();
        let (name, source) = match rng.u8(..6) {
            0 => ("regex", pick(rng, &EXPRESSIONS).to_owned()),
            1 => ("glob", source(rng)),
            _ => ("source", source(rng)),
        };
        redirect.insert(name.to_owned(), json!(source));
        redirect.insert("destination".to_owned(), json!(destination(rng, line, &source)));
        if rng.u8(..3) > 0 {
            redirect.insert("type".to_owned(), json!([301, 302, 303, 307, 308][rng.usize(..5)]));
        }
        sources.push(source);
        lines.push(Value::Object(redirect).to_string());
    }
    let text = format!("{{\"hosting\":{{\"redirects\":[\n{}\n]}}}}\n", lines.join(",\n"));
    let asks = (0..16).map(|_| {
        let source = &sources[rng.usize(..sources.len())];
        let path = path(rng, source, &LITERALS);
        let query = ["", "", "", "", "?y=2", "?x=3&y=2", "?x=a%20b", "?x=%C3%A9"];
        format!("{SITE}{path}{}", pick(rng, &query))
    });
    let asks = asks.collect();
    Case { format: Format::Firebase, text, asks }
}

#[test]
fn firebase() {
    vendors::check(Format::Firebase, 15, case);
}
