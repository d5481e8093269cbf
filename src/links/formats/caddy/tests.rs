//! Caddyfiles, and the rows that they come to.

use super::read;
use crate::links::formats::row::{self, written};
use crate::links::formats::source::Help;

fn check(text: &str, want: &[&str]) {
    let help = Help { base: Some("https://b"), ..Help::default() };
    let rows = written(|take| read(text.as_bytes(), &help, take));
    row::compare(text, &rows, want);
}

/// In a site, from line 2 on.
fn site(text: &str, want: &[&str]) {
    check(&format!("h.x {{\n{text}\n}}"), want);
}

#[test]
fn redirs() {
    site("redir https://x/", &["2 h.x/*|https://x/|302"]);
    site("redir https://x{uri} permanent", &["2 h.x/*|https://x/:splat|301|query=keep"]);
    site("redir /a https://x/?y 307", &["2 h.x/a|https://x/?y|307|nocase="]);
    site("redir /1/* /2{path}", &["2 h.x/1/*|https://h.x/2/1/:splat|302"]);
    site("redir /1* https://x/", &["2 ~h.x/1|https://x/|302", "2 ~h.x/1/*|https://x/|302"]);
    site("redir * /a", &["2 h.x/*|https://h.x/a|302"]);
    site("redir /a", &["2 !could take `/a` for a matcher"]);
    site("redir */a https://x/", &["2 !is no code; write it as redir"]);
    site("redir /a*b https://x/", &["2 !no key stands for the path"]);
    site("redir /a? https://x/", &["2 !no key stands for the path `/a?`; write /path"]);
    site("redir /a[bc] /x", &["2 !no key stands for the path `/a[bc]`"]);
    site("@a path /1 /a?\nredir @a /x", &["3 !no key stands for the path `/a?`"]);
    site("redir /1?/* /x", &["2 h.x/1%3F/*|https://h.x/x|302"]);
    site("redir https://x/ html", &["2 !and no redirect"]);
    site("redir https://x/{env.A}", &["2 !{env.A} cannot be told"]);
    site("redir https://{host}{uri}", &["2 !leads to its own address"]);
    // Longer paths come first.
    site(
        "redir /1/* https://x/\nredir /1/22 https://y/",
        &["3 h.x/1/22|https://y/|302", "2 h.x/1/*|https://x/|302"],
    );
    site(
        "redir /1/* https://x/\nredir /1/2 https://y/",
        &["3 ~h.x/1/2|https://y/|302", "2 h.x/1/*|https://x/|302"],
    );
    site(
        "redir /1* https://x/\nredir /1 https://y/",
        &["3 ~h.x/1|https://y/|302", "2 ~h.x/1/*|https://x/|302"],
    );
}

#[test]
fn what_other_versions_take_first() {
    site(
        "redir /1/* /x\nredir /1/22 /y",
        &["3 h.x/1/22|https://h.x/y|302", "2 h.x/1/*|https://h.x/x|302"],
    );
    site(
        "redir /1* /x\nredir /12 /y",
        &[
            "3 ~h.x/12|https://h.x/y|302",
            "2 ~h.x/1|https://h.x/x|302",
            "2 ~h.x/1/*|https://h.x/x|302",
        ],
    );
    // A redir that is none here, and takes what it is for.
    site(
        "redir /1* /x html\nredir * /y",
        &["2 !`html` sends a page", "3 ~h.x/*|https://h.x/y|302"],
    );
    site(
        "@m method GET\nredir /1 /x\nredir @m /y",
        &["3 h.x/1|https://h.x/x|302", "4 !the matcher `method`"],
    );
    site(
        "@m method GET\nredir @m /y\nredir /1 /x",
        &["3 !the matcher `method`", "4 ~h.x/1|https://h.x/x|302"],
    );
    // Of which nothing is left.
    site(
        "redir /1 /x\nredir /1/* /y\nredir /1* /z",
        &[
            "3 h.x/1/*|https://h.x/y|302",
            "2 ~h.x/1|https://h.x/x|302",
            "4 !its keys have redirs that come first",
        ],
    );
    site("redir /1 /2?a={query}", &["2 ~h.x/1|https://h.x/2?a={query}|302"]);
    site("redir /1//2 /3", &["2 !no request that browsers send fits"]);
}

#[test]
fn matchers() {
    site(
        "@old path /1 /2/*\nredir @old https://x/",
        &["3 h.x/1|https://x/|302", "3 h.x/2/*|https://x/|302"],
    );
    let of_host = "@o {\n host g.x\n path /1\n}\nredir @o https://x/\n}";
    check(&format!(":443 {{\n{of_host}"), &["6 g.x/1|https://x/|302"]);
    check(&format!("h.x {{\n{of_host}"), &["6 !its site does not answer for the host"]);
    site(
        "@r path_regexp p ^/p/([^/]+)$\nredir @r https://x/{re.p.1}",
        &["3 h.x/p/:p1|https://x/:p1|302"],
    );
    site("@q {\npath /1\nquery id=7\n}\nredir @q https://x/", &["6 ~h.x/1?id=7|https://x/|302"]);
    site("@m method GET\nredir @m https://x/", &["3 !the matcher `method`"]);
    site("redir @no https://x/", &["2 !no matcher is `@no`"]);
    site(
        "handle /a* {\nredir https://x/\n}\nencode gzip",
        &["2 -", "3 !it stands in `handle`", "5 -"],
    );
    site("import x", &["2 !`x` is no snippet that stands before it, so Caddy takes it for files"]);
}

#[test]
fn snippets() {
    let old = "(old) {\n@o path {args[0]}\nredir @o https://x{args[1]} permanent\n}\n";
    check(
        &format!(
            "{old}h.x {{\nimport old /1 /new\n}}\ng.x {{\nimport old /2 /n\nredir /a https://y/\n}}"
        ),
        &[
            "1 -",
            "3 h.x/1|https://x/new|301",
            "3 g.x/2|https://x/n|301",
            "10 g.x/a|https://y/|302|nocase=",
        ],
    );
    let sites = "(s) {\nh.x {\nredir https://{args.0}/\n}\n}\nimport s y";
    check(sites, &["1 -", "3 h.x/*|https://y/|302"]);
    let within = "(a) {\nredir /a https://x/\n}\n(b) {\nimport a\nredir {args[:]}\n}\nh.x {\nimport b /b https://y/\n}";
    check(
        within,
        &["1 -", "4 -", "2 h.x/a|https://x/|302|nocase=", "6 h.x/b|https://y/|302|nocase="],
    );
    // It stands behind; it imports itself; it is handed a block; nothing is handed to it.
    check(
        "h.x {\nimport a\n}\n(a) {\nredir https://x/\n}",
        &["4 -", "2 !is no snippet that stands before it"],
    );
    check(
        "(a) {\nimport a\n}\nh.x {\nimport a\n}",
        &["1 -", "2 !nor is a snippet that imports itself"],
    );
    check(
        "(a) {\nredir https://x/\n}\nh.x {\nimport a {\ny\n}\n}",
        &["1 -", "5 !it hands `a` a block"],
    );
    check("(a) {\nredir /a {args[0]}\n}\nh.x {\nimport a\n}", &["1 -", "2 !{args[0]}"]);
    check("import sites/*", &["1 !so Caddy takes it for files"]);
}

#[test]
fn sites() {
    check("a.x, b.x {\nredir https://x/\n}", &["2 a.x/*|https://x/|302", "2 b.x/*|https://x/|302"]);
    check("a.x\nredir https://x/ # c", &["2 a.x/*|https://x/|302"]);
    check(
        "{\nemail a\n}\na.x, b.x\n@o {\npath /1\n}\nredir @o https://x/\nhandle /y {\nrespond z\n}",
        &["1 -", "9 -", "8 a.x/1|https://x/|302", "8 b.x/1|https://x/|302"],
    );
    check("(s) {\nredir /1 https://x/\n}\na.x\nimport s", &["1 -", "2 a.x/1|https://x/|302"]);
    check("http://a.x {\nredir https://a.x{uri}\n}", &["2 -"]);
    check("http:// {\nredir https://{host}{uri} permanent\n}", &["2 -"]);
    check("http://a.x {\nredir https://x/\n}", &["2 ~a.x/*|https://x/|302"]);
    check(
        "{\nemail a\n}\n(s) {\nheader x\n}\n*.x {\nredir https://y/\n}\na.x {\nredir /1 https://z/\n}",
        &["1 -", "4 -", "8 ~*.x/*|https://y/|302", "11 a.x/1|https://z/|302"],
    );
    // Of two with one host Caddy takes that with the longer names, or else the first.
    check(
        "a.x {\nredir https://y/\n}\nhttps://a.x {\nredir /1 https://z/\n}",
        &["2 a.x/*|https://y/|302", "5 !the site on line 1 is of a.x, too"],
    );
    check(
        "a.x {\nredir https://y/\n}\na.x, b.aa.x {\nredir /1 https://z/\n}",
        &[
            "2 !the site on line 4 is of a.x, too",
            "5 a.x/1|https://z/|302",
            "5 b.aa.x/1|https://z/|302",
        ],
    );
    check("a.x:81 {\nredir /1 https://x/\n}", &["2 ~a.x/1|https://x/|302"]);
    check("http://a.x https://a.x {\nredir /1 /2\n}", &["2 ~a.x/1|https://a.x/2|302"]);
    check("{\norder redir last\n}\na.x {\n}", &["2 !another order of `redir`", "1 -"]);
    check("{$A} {\nredir https://x/\n}", &["1 !is not known; write the host"]);
    check("a.x {\nredir \"https://x/", &["2 !a quote is left open"]);
    check("a.x {\n{\nredir https://x/\n}\n}", &["2 -", "3 !it stands in ``"]);
    check("a.x {\n", &["1 !its `{` is not closed"]);
    check("}", &["1 !closes what is not open"]);
}
