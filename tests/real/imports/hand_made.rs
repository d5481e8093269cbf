//! Files that somebody could have written, for what no random one comes to.

use std::fmt::Write as _;

use carom::links::Format;

use super::caddyfiles;
use super::compare::{Case, SITE};
use super::vendors::judge;

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

fn of_toml() -> Vec<Case> {
    let case = |text, asks| case(Format::NetlifyToml, text, asks);
    vec![
        case(
            "[build]\n  publish = \"dist\"\n\n[[redirects]]\n  from = \"/old/*\"\n  to = \"/t5/:splat\"\n\n\
             [[redirects]]\n  from = \"/a\"\n  to = \"https://to.example/t9\"\n  status = 302\n  force = true\n\n\
             [[redirects]]\n  from = \"/*\"\n  to = \"/t15.html\"\n  status = 200\n",
            "/old /old/ /old/x/y?z=1 /a /a/ /a?x=1 /else /",
        ),
        // As they were named before.
        case(
            "[[redirects]]\norigin = \"/a\"\ndestination = \"/t2\"\nstatus = \"302!\"\n\
             [[redirects]]\nfrom = \"/s\"\nto = \"/t6/:id\"\nparameters = {id = \":id\"}\n\
             [[redirects]]\nfrom = \"/p\"\nto = \"/t10\"\nparams = {k = \"v\"}\nquery = {id = \"7\"}\n",
            "/a /s?id=7 /s /p?k=v /p?id=7 /p",
        ),
    ]
}

/// Vercel's redirects, one a line from line 2 on.
fn of_vercel() -> Vec<Case> {
    let case = |redirects: &str, asks| {
        case(Format::Vercel, &format!("{{\"redirects\":[\n{redirects}\n]}}"), asks)
    };
    vec![
        case(
            r#"{"source":"/about","destination":"/t2","permanent":true},
{"source":"/blog/:slug","destination":"https://blog.example/t3/:slug"},
{"source":"/docs/:path*","destination":"/t4/:path*","permanent":false},
{"source":"/view/(.*)","destination":"https://to.example/t5/$1","statusCode":301},
{"source":"/:lang(en|de)/x","destination":"/t6/:lang"}"#,
            "/about /About /about/ /about?x=1 /blog/a%20b /blog/a/b /docs /docs/ /docs/a/b?x=1 /view/ /view/a/b \
             /en/x /DE/x /fr/x",
        ),
        // No request has such a path.
        case(
            r#"{"source":"/a//b","destination":"/t2"},
{"source":"/:p/:q/c","destination":"/t3/:q"},
{"source":"/:q/:all(.*)","destination":"/t4/:all"}"#,
            "/a/b /a/b/c /7/q/c /7/q/C",
        ),
        case(
            r#"{"source":"/:path*","destination":"https://new.example/t2/:path*","has":[{"type":"host","value":"old.example"}]},
{"source":"/x","destination":"/t3/:id","has":[{"type":"query","key":"id"}]},
{"source":"/x","destination":"/t4","missing":[{"type":"header","key":"x-a"}]}"#,
            "https://old.example/a/b https://old.example/ /a/b /x?id=7 /x",
        ),
    ]
}

/// Firebase's redirects, one a line from line 2 on.
fn of_firebase() -> Vec<Case> {
    let case = |redirects: &str, asks| {
        let text = format!("{{\"hosting\":{{\"redirects\":[\n{redirects}\n]}}}}");
        case(Format::Firebase, &text, asks)
    };
    vec![
        case(
            r#"{"source":"/foo","destination":"/t2","type":301},
{"source":"/foo/**","destination":"/t3","type":302},
{"source":"/bar{,/**}","destination":"https://to.example/t4"},
{"source":"/blog/:post*","destination":"https://blog.example/t5/:post*"},
{"source":"/users/:id/profile","destination":"/t6/:id/newProfile"},
{"regex":"^/r/(?P<rest>.*)$","destination":"/t7/:rest"}"#,
            "/foo /foo/ /foo/a /foo/.a /bar /bar/a/b /blog /blog/ /blog/a/b /users/7/profile /Users/7/profile/ \
             /r/ /r/a/b?x=1 /r",
        ),
        // What its templates make of text that looks like a name.
        case(
            r#"{"source":"/a/:p","destination":"https://to.example:8443/t2/:p"},
{"source":"/b/:p","destination":"/t3/:p?x=1"},
{"source":"/c/:p/:p","destination":"/t4/:p"},
{"source":"/d/:p/:q","destination":"/t5/:p-:q"},
{"source":"/e/:p*","destination":"/t6/:p"},
{"regex":"^/f/(.*)$","destination":"/t7/x-:1"},
{"source":"/g","destination":"/t8/a%20b"},
{"regex":"^/h(/.*)?$","destination":"/t9/:1"},
{"source":"//i//j","destination":"/t10"},
{"source":"/k/:p","destination":"/t11/:1"}"#,
            "/a/x /b/x /b/x?y=1 /c/x/y /d/x/e-f /d/x/y /e/x /e/x/y /f/x /g /h /h/ /h/x /i/j /k/x",
        ),
    ]
}

#[test]
fn netlify() {
    judge(&of_netlify());
}

#[test]
fn cloudflare_pages() {
    judge(&of_pages());
}

#[test]
fn netlify_toml() {
    judge(&of_toml());
}

#[test]
fn vercel() {
    judge(&of_vercel());
}

#[test]
fn firebase() {
    judge(&of_firebase());
}

#[test]
fn caddy() {
    let case = |text: &str, asks: &str| case(Format::Caddy, text, asks);
    caddyfiles::judge_all(&[
        case(
            "www.h.example {\n\tredir https://h.example/t2{uri} permanent\n}\n\n\
             h.example {\n\tencode gzip\n\tredir /old/* https://to.example/t7{uri}\n\
             \tredir /old/new /t8\n\tredir /a* /t9 301\n\tredir /ab /t10\n\tfile_server\n}\n",
            "https://www.h.example/ https://www.h.example/a/b?x=1 https://h.example/old/x?y=2 \
             https://h.example/OLD/new https://h.example/old https://h.example/a https://h.example/ab \
             https://h.example/abc https://h.example/",
        ),
        // Which of them comes first, and which only looks so.
        case(
            "h.example {\n\t@m method GET\n\tredir /a/b /t3\n\tredir @m /t4\n\tredir /a /t5\n}\n",
            "https://h.example/a/b https://h.example/a https://h.example/x",
        ),
        case(
            "h.example {\n\tredir /a* https://to.example/t2 html\n\tredir * /t3\n\tredir /c//d /t4\n}\n",
            "https://h.example/ab https://h.example/b https://h.example/c/d",
        ),
        // A matcher of a host that the site does not have.
        case(
            "x.example {\n\t@h host h.example\n\tredir @h /t3\n}\nhttp:// {\n\tredir /a /t6\n}\n",
            "https://h.example/ https://x.example/ http://h.example/a http://x.example/a",
        ),
        // One of a port, and one of all names below a host.
        case(
            "h.example:8443 {\n\tredir * /t2\n}\n*.h.example {\n\tredir * /t5\n}\n",
            "https://h.example/ https://a.h.example/ https://a.b.h.example/",
        ),
    ]);
}
