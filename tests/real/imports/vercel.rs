//! `vercel.json` beside Vercel's own converter.

use carom::links::Format;
use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::compare::{Case, SITE};
use super::fitting::{path, pick};
use super::vendors;

const LITERALS: [&str; 7] = ["a", "b", "c", "d.html", "e-f", "A", "7"];
/// Segments, with the names that a destination may have of each.
const SEGMENTS: [(&str, &[&str]); 12] = [
    (":p", &[":p"]),
    (":q", &[":q"]),
    (":p?", &[":p"]),
    ("(a|b)", &["$1"]),
    (":p(a|b)", &[":p", "$1"]),
    ("([^/]+)", &["$1"]),
    (":id(\\d+)", &[":id"]),
    ("a-:p", &[":p"]),
    (":p.html", &[":p"]),
    ("([a-z]+)", &["$1"]),
    (":w([\\w-]+)", &[":w"]),
    (":n([0-9]+)", &[":n"]),
];
const ENDS: [(&str, &[&str]); 12] = [
    ("/:rest*", &[":rest*", ":rest", ":rest*"]),
    ("/:rest+", &[":rest+", ":rest", ":rest*"]),
    ("/(.*)", &["$1"]),
    ("/(.+)", &["$1"]),
    ("/:all(.*)", &[":all", ":all*", "$1"]),
    ("/:all(.+)", &[":all"]),
    ("(.*)", &["$1"]),
    ("{/b}?", &[]),
    ("{/:p}?", &[":p"]),
    ("/", &[]),
    ("(/.*)?", &["$1"]),
    ("/:p((?!b).*)", &[":p"]),
];
const ODD_SOURCES: [&str; 12] = [
    "/a*",
    "a",
    "/a//b",
    "/a?x=1",
    "/a#b",
    "/:p/:p",
    "/a\\:b",
    "/:p-:q",
    "/(.*)/b",
    "/",
    "/caf%C3%A9",
    "/a b",
];
const ODD_TARGETS: [&str; 8] = [
    "https://:p.example/t{}_",
    "t{}_",
    "//to.example/t{}_",
    "/t{}_/:nope",
    "https://to.example:8443/t{}_",
    "https://to.example/t{}_/a%20b",
    "/t{}_/$2",
    "/t{}_:p",
];
const CONDITIONS: [&str; 12] = [
    r#"{"type":"host","value":"h.example"}"#,
    r#"{"type":"host","value":"h\\.example"}"#,
    r#"{"type":"host","value":"(h|w)\\.example"}"#,
    r#"{"type":"host","value":"(?<sub>.*)\\.example"}"#,
    r#"{"type":"query","key":"id","value":"7"}"#,
    r#"{"type":"query","key":"id"}"#,
    r#"{"type":"query","key":"id","value":"(?<n>.*)"}"#,
    r#"{"type":"query","key":"k","value":"v|w"}"#,
    r#"{"type":"query","key":"k","value":"v.w"}"#,
    r#"{"type":"header","key":"x-test"}"#,
    r#"{"type":"cookie","key":"c","value":"1"}"#,
    r#"{"type":"host","value":"site.example"}"#,
];

fn source(rng: &mut Rng) -> (String, Vec<&'static str>) {
    if rng.u8(..16) == 0 {
        return (pick(rng, &ODD_SOURCES).to_owned(), vec![":p"]);
    }
    let (mut source, mut names) = (String::new(), Vec::new());
    for _ in 0..rng.usize(..4) {
        let (segment, its): (_, &[&str]) = match rng.u8(..4) {
            0 => SEGMENTS[rng.usize(..SEGMENTS.len())],
            _ => (pick(rng, &LITERALS), &[]),
        };
        if its.iter().any(|name| names.contains(name)) {
            continue;
        }
        names.extend(its);
        source += &format!("/{segment}");
    }
    if rng.u8(..3) == 0 {
        let (end, its) = ENDS[rng.usize(..ENDS.len())];
        source += end;
        names.extend(its);
    }
    if !source.starts_with('/') {
        source.insert(0, '/');
    }
    (source, names)
}

fn destination(rng: &mut Rng, line: usize, names: &[&'static str]) -> String {
    if rng.u8(..14) == 0 {
        return pick(rng, &ODD_TARGETS).replace("{}", &line.to_string());
    }
    let host = pick(rng, &["", "", "https://to.example", "http://to.example", "https://h.example"]);
    let mut target = format!("{host}/t{line}_");
    let name = |rng: &mut Rng| if names.is_empty() { "x" } else { pick(rng, names) };
    for _ in 0..rng.usize(..3) {
        let before = pick(rng, &["/", "/", "/", "/x-", ""]);
        let behind = pick(rng, &["", "", "", ".html", "-x", "/", "/y"]);
        target += &format!("{before}{}{behind}", name(rng));
    }
    match rng.u8(..12) {
        0 => target += "?x=1",
        1 => target += &format!("?x={}", name(rng)),
        2 => target += "#part",
        3 => target += &format!("#{}", name(rng)),
        4 => target.push('?'),
        5 => target += &format!("?x={}&y=2#z", name(rng)),
        _ => {}
    }
    target
}

fn case(mut rng: Rng) -> Case {
    let rng = &mut rng;
    let (mut lines, mut sources) = (Vec::new(), Vec::new());
    // The first redirect is on line 2.
    for line in 2..rng.usize(3..10) {
        let (source, names) = source(rng);
        let mut redirect = Map::new();
        redirect.insert("destination".to_owned(), json!(destination(rng, line, &names)));
        redirect.insert("source".to_owned(), json!(source));
        sources.push(source);
        match rng.u8(..6) {
            0 => redirect.insert("permanent".to_owned(), json!(rng.bool())),
            1 => redirect.insert("statusCode".to_owned(), json!(301 + rng.u16(..3))),
            2 => redirect.insert("statusCode".to_owned(), json!(307)),
            _ => None,
        };
        let condition =
            |rng: &mut Rng| -> Value { serde_json::from_str(pick(rng, &CONDITIONS)).unwrap() };
        match rng.u8(..16) {
            0 | 1 => redirect.insert("has".to_owned(), json!([condition(rng)])),
            2 => redirect.insert("has".to_owned(), json!([condition(rng), condition(rng)])),
            3 => redirect.insert("missing".to_owned(), json!([condition(rng)])),
            _ => None,
        };
        lines.push(Value::Object(redirect).to_string());
    }
    let text = format!("{{\"redirects\":[\n{}\n]}}\n", lines.join(",\n"));
    let asks = (0..16).map(|_| {
        let source = &sources[rng.usize(..sources.len())];
        let path = path(rng, source, &LITERALS);
        let query = ["", "", "", "", "?y=2", "?x=3&y=2", "?id=7", "?id=8&k=v", "?id=7&k=v"];
        let host = pick(rng, &[SITE, SITE, "https://h.example", "https://w.example"]);
        format!("{host}{path}{}", pick(rng, &query))
    });
    let asks = asks.collect();
    Case { format: Format::Vercel, text, asks }
}

#[test]
fn vercel() {
    vendors::check(Format::Vercel, 8, case);
}
