//! Files that somebody could have written, for what no random one comes to.

use std::fmt::Write as _;

use carom::links::Format;

use super::compare::{Case, SITE, Tally};
use super::redirects::judge;
use super::vendors;

fn case(format: Format, text: &str, asks: &str) -> Case {
    let asked = |asked: &str| match asked.starts_with('/') {
        true => format!("{SITE}{asked}"),
        false => asked.to_owned(),
    };
    Case { format, text: text.to_owned(), asks: asks.split_whitespace().map(asked).collect() }
}

/// Both programs read these.
fn of_both(format: Format) -> Vec<Case> {
    let case = |text, asks| case(format, text, asks);
    vec![
        case(
            "# Moved\n/a /t2 301 # why\nnews /t3\n/q?x=1 /t4\n/h http://to.example/t5\n/* /t6/index.html\n",
            "/a /a/ /news /q /q?x=1 /q?x=2 /h / /else",
        ),
        case(
            "/docs/:version/* https://docs.example/t1/:splat?v=:version\n/docs/* /t2/:splat\n/docs /t3 302\n",
            "/docs /docs/ /docs/1 /docs/1/ /docs/1/a/b /docs/1/a?x=1",
        ),
        case(
            "/caf%C3%A9 /t1\n/a%20b /t2\n/plus+sign /t3\n/semi;colon=1,2 /t4\n/tilde~x /t5\n/UPPER /t6\n",
            "/caf%C3%A9 /a%20b /plus+sign /semi;colon=1,2 /tilde~x /UPPER /upper",
        ),
        case(
            "/s/* https://to.example/t1/:splat#part\n/p/:x https://to.example/t2?x=:x#y\n",
            "/s/a%20b /s/caf%C3%A9/ /s/a+b /p/a%20b /p/caf%C3%A9 /s /s/ /p/",
        ),
        case(
            "\u{feff}/a /t1\r\n\r\n\t/b\t\t/t3\t307\t\r\n/c /t4 308 \r\n",
            "/a /b /c /c?x=1 /b?x=1",
        ),
        case(
            "/a https://to.example/t1?x=1 301\n/b /t2?\n/c /t3?y=:y\n",
            "/a?x=2&z=3 /a /b?x=2 /c?y=1",
        ),
    ]
}

fn of_netlify() -> Vec<Case> {
    let case = |text, asks| case(Format::Netlify, text, asks);
    let mut cases = of_both(Format::Netlify);
    cases.push(case(
        "https://old.example/a /t1 301\nhttp://old.example/a /t1 301\nhttps://bare.example /t3 301\n\
         /s id=:id /t4/:id 301\n/s id=7 kind=:kind /t5/:kind\n/s /t6\n",
        "https://old.example/a http://old.example/a https://bare.example/ http://bare.example/ \
         /s?id=1 /s?id=1&id=2 /s?id=7&kind=x /s /s?id= /s?other=1",
    ));
    cases.push(case(
        "http://h.example/* https://www.h.example/t1/:splat 301!\n\
         https://h.example/* https://www.h.example/t1/:splat 301!\n/a /t3\n/* /t4 404\n",
        "http://h.example/ https://h.example/a/b?x=1 http://h.example/a /a /b http://www.h.example/b",
    ));
    cases
}

fn of_pages() -> Vec<Case> {
    let mut cases = of_both(Format::Pages);
    // The static ones behind a dynamic one count as dynamic.
    let (mut text, mut asks) = (String::from("/d/* /t1\n"), String::from("/d/x "));
    for line in 2..=103 {
        writeln!(text, "/s{line} /t{line}").unwrap();
        write!(asks, "/s{line} ").unwrap();
    }
    cases.push(case(Format::Pages, &text, &asks));
    let (mut text, mut asks) = (String::new(), String::new());
    for line in 1..=2003 {
        writeln!(text, "/s{line} /t{line}").unwrap();
    }
    for line in [1, 1999, 2000, 2001, 2003] {
        write!(asks, "/s{line} ").unwrap();
    }
    text.push_str("/d/* /t2004/:splat\n");
    cases.push(case(Format::Pages, &text, &(asks + "/d/x /d/")));
    let mut text = String::new();
    for (line, length) in (1..).zip([999, 1000, 1001, 1999, 2000, 2001]) {
        let begin = format!("/l{line} /t{line}/");
        writeln!(text, "{begin}{}", "x".repeat(length - begin.len())).unwrap();
    }
    cases.push(case(Format::Pages, &text, "/l1 /l2 /l3 /l4 /l5 /l6"));
    cases
}

#[test]
fn netlify() {
    let Some(packages) = vendors::packages() else { return };
    judge(&packages, &of_netlify(), &mut Tally::default());
}

#[test]
fn cloudflare_pages() {
    let Some(packages) = vendors::packages() else { return };
    judge(&packages, &of_pages(), &mut Tally::default());
}
