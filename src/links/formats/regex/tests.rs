use super::*;

/// The keys with their fills, as `key[fill,fill]` (`+`: with the query), then ` ~` if
/// they match otherwise, ` i` if in any case.
fn compare(expression: &str, subject: Subject, want: &str) {
    let got = match read(expression.as_bytes(), subject) {
        Err(message) => format!("!{message}"),
        Ok(shape) => {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let fill = |fill: &Fill| text(&fill.text) + if fill.query { "+" } else { "" };
            let keys = shape.keys.iter().map(|filled| {
                let fills: Vec<_> = filled.fills.iter().map(fill).collect();
                assert_eq!(fills.len(), shape.names.len(), "{expression}");
                format!("{}[{}]", text(&filled.key), fills.join(","))
            });
            let case = if shape.any_case { " i" } else { "" };
            let changed = shape.changed.map_or("", |_| " ~");
            keys.collect::<Vec<_>>().join(" ") + case + changed
        }
    };
    let same = match want.strip_prefix('!') {
        Some(want) => got.starts_with('!') && got.contains(want),
        None => got == want,
    };
    assert!(same, "{expression}: {got}, not {want}");
}

fn check(expression: &str, want: &str) {
    compare(expression, Subject::default(), want);
}

fn raw(expression: &str, want: &str) {
    compare(expression, Subject { raw: true, host: false }, want);
}

#[test]
fn exact_paths() {
    check("^/a$", "/a[]");
    check(r"^/a\.html$", "/a.html[]");
    check(r"^/a\/b\-c$", "/a/b-c[]");
    check("^/a.html$", "/a.html[] ~");
    check("^/a/?$", "/a/[] /a[]");
    check("^/$", "/[]");
    check(r"^/a\?b$", "/a%3Fb[]");
    check("^/a b%$", "/a%20b%25[]");
}

#[test]
fn prefixes() {
    check("^/p/(.*)$", "/p/*[:splat]");
    check("^/p/(.*)", "/p/*[:splat]");
    check("^/p/.*$", "/p/*[]");
    check("^/p/", "/p/*[]");
    check("^/p/(?<rest>.*)$", "/p/*[:splat]");
    check("^/p/(?P<rest>.*?)$", "/p/*[:splat]");
    check("^/p/(?:.*)$", "/p/*[]");
    check("^/p/(.+)$", "/p/*[:splat] ~");
    check("^/p(.*)$", "/p[] /p/*[/:splat] ~");
    check("^/p", "/p[] /p/*[] ~");
    check("^/p/?(.*)$", "/p/*[:splat] /p[] ~");
    check("^/p(/.*)?$", "/p/*[/:splat] /p[]");
    check("^/p(/.*)$", "/p/*[/:splat]");
    check("^/p(?:/|$)", "/p/*[] /p[]");
    check("^/(p/.*)$", "/p/*[p/:splat]");
    check("^/p/(.*)/?$", "/p/*[:splat]");
    check("^/(.*)$", "/*[:splat]");
    check("^(.*)$", "/*[/:splat]");
    check("(.*)", "/*[/:splat]");
    check("^", "/*[]");
    check("^/", "/*[]");
    check("", "/*[]");
}

#[test]
fn segments() {
    check("^/b/([^/]+)/([^/]+)$", "/b/:p1/:p2[:p1,:p2]");
    check("^/b/(?<year>[^/]+)/x$", "/b/:year/x[:year]");
    check("^/b/([^/]+)/(.*)$", "/b/:p1/*[:p1,:splat]");
    check("^/b/([^/]+)/?$", "/b/:p1/[:p1] /b/:p1[:p1]");
    check("^/b/([^/]+/x)$", "/b/:p1/x[:p1/x]");
}

#[test]
fn alternatives_and_what_may_be_left_out() {
    check("^/(a|b)$", "/a[a] /b[b]");
    check(
        "^/(?:a|b)/(c|d)/?$",
        "/a/c/[c] /a/c[c] /a/d/[d] /a/d[d] /b/c/[c] /b/c[c] /b/d/[d] /b/d[d]",
    );
    check("^/a$|^/b$", "/a[] /b[]");
    check("^/(a)?b$", "/ab[a] /b[]");
    check("^/colou?r$", "/colour[] /color[]");
    check("^/[ab]$", "/a[] /b[]");
    check("^/a{2}$", "/aa[]");
    check("(?i)^/A$", "/A[] i");
    check("^(?i)/A$", "/A[] i");
    check("^/(en|de)/(.*)$", "/en/*[en,:splat] /de/*[de,:splat]");
    check(r"^/index\.(html?|php)$", "/index.html[html] /index.htm[htm] /index.php[php]");
}

#[test]
fn paths_as_they_were_sent() {
    raw(r"^/item\?id=5$", "/item?id=5[] ~");
    raw("^/p/(.*)$", "/p/*[:splat+]");
    raw("^/two%20words$", "/two%20words[] ~");
    raw(r"^/exact(\?.*)?$", "/exact[+]");
    raw(r"^/exact(?:\?|$)", "/exact[]");
    raw(r"^/exact/?(\?.*)?$", "/exact/[+] /exact[+]");
    raw(r"^/exact\?", "/exact[] ~");
    raw(r"^/exact\?(.*)$", "/exact[+] ~");
    raw("^/b/([^/?]+)", "!does not end with $");
    raw(r"^/a\?id=(.*)$", "!captures part of a query");
    raw("^/p/", "/p/*[]");
}

#[test]
fn others_are_refused_with_what_comes_nearest() {
    check("/a$", "!does not begin with ^; the nearest key is /*");
    check("^/a+$", "!has a `+`");
    check("^/a*$", "!has a `*`");
    check(r"^/n/\d+$", "!asks which characters a segment has; the nearest key is /n/:p1");
    check(r"^/n/(\d+)/x$", "!the nearest key is /n/:p1/x");
    check("^/b-([^/]+)$", "!captures part of a segment; the nearest key is /*");
    check("^/b/([^/]+).html$", "!captures part of a segment; the nearest key is /b/*");
    check("^/b/([^/]+)", "!does not end with $");
    check("^/(.*)/x$", "!goes on behind");
    check("^/(a", "!left open");
    check("^/(?i:a)$", "!has a group");
    check("^/(?!a).*$", "!has a group");
    check("^/a/:b$", "!begins with a colon");
    check("^$", "!matches the empty path");
    check(r"^/\*$", "!stands for itself");
    check(r"^/x\b", r"!has a `\b`");
    check("^/[a-m][a-m]$", "!more characters than can be written out");
    check("^/(1|2|3|4|5|6|7|8|9)(1|2|3|4|5|6|7|8|9)$", "!stands for more than 64 keys");
}

#[test]
fn what_all_begins_with() {
    let of = |expression: &str| String::from_utf8(lead(expression.as_bytes())).unwrap();
    assert_eq!(of("^/ab?c"), "/a");
    assert_eq!(of(r"^/a\.b(c|d)"), "/a.b");
    assert_eq!(of("^/a|b"), "");
    assert_eq!(of(r"\.php$"), "");
}
