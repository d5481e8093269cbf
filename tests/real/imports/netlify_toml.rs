//! `netlify.toml` beside Netlify's own parser and matcher.

use carom::links::Format;
use fastrand::Rng;

use super::compare::Case;
use super::fitting::pick;
use super::redirects::Writer;
use super::vendors;

/// What else a redirect may say.
const OTHERS: [&str; 13] = [
    "force = true",
    "force = false",
    "force = true",
    "query = {id = \":id\"}",
    "params = {id = \"7\"}",
    "parameters = {k = \":k\", id = \"7\"}",
    "conditions = {Country = [\"us\"]}",
    "conditions = {Language = \"de\"}",
    "headers = {X-A = \"b\"}",
    "signed = \"KEY\"",
    "conditions = {}",
    "query = {id = \"\"}",
    "query = {}",
];
const STATUSES: [&str; 16] = [
    "301", "301", "301", "301", "302", "302", "303", "307", "308", "200", "404", "410", "\"301\"",
    "3_01", "0", "0x12D",
];

fn redirect(own: &mut Writer, is_list: bool) {
    let mut others = Vec::new();
    if own.rng.bool() {
        others.push(format!("status = {}", pick(&mut own.rng, &STATUSES)));
    }
    if own.rng.u8(..5) == 0 {
        others.push(pick(&mut own.rng, &OTHERS).to_owned());
    }
    // Its line is that of its source.
    let before = if is_list { 0 } else { own.rng.usize(..=others.len()) };
    let behind = others.split_off(before);
    others.iter().for_each(|line| own.write(line));
    let (source, target) = own.source_and_target();
    let hosts = ["", "", "", "", "http://h.example", "https://h.example", "https://www.example"];
    let host = pick(&mut own.rng, &hosts);
    let quote = pick(&mut own.rng, &["\"", "\"", "'"]);
    let (from, to) = match own.rng.u8(..32) {
        0 => ("origin", "to"),
        1 => ("from", "destination"),
        _ => ("from", "to"),
    };
    let from = format!("{from} = {quote}{host}{source}{quote}");
    let to = format!("{to} = {quote}{target}{quote}");
    let lines = [vec![from, to], behind].concat();
    match is_list {
        true => own.write(&format!("{{{}}},", lines.join(", "))),
        false => lines.iter().for_each(|line| own.write(line)),
    }
}

/// One random file: tables, or a list.
fn case(rng: Rng) -> Case {
    let mut own = Writer::new(rng, Format::NetlifyToml);
    let is_list = own.rng.u8(..5) == 0;
    match (is_list, own.rng.u8(..3)) {
        (true, _) => own.write("redirects = ["),
        (false, 0) => {
            own.write("[build]");
            own.write("command = \"make\" # a comment");
        }
        _ => {}
    }
    for _ in 0..own.rng.usize(1..10) {
        if own.rng.u8(..10) == 0 {
            let line = pick(&mut own.rng, &["# a comment", ""]);
            own.write(line);
        }
        if !is_list {
            own.write("[[redirects]]");
        }
        redirect(&mut own, is_list);
    }
    if is_list {
        own.write("]");
    }
    own.done()
}

#[test]
fn netlify_toml() {
    vendors::check(Format::NetlifyToml, 5, case);
}
