use super::*;

/// The keys with their fills, as `key[fill,fill]`, then ` ~` if they match
/// otherwise.
fn check(expression: &str, want: &str) {
    let got = match read(expression.as_bytes()) {
        Err(message) => format!("!{message}"),
        Ok(shape) => {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let keys = shape.keys.iter().map(|filled| {
                let fills: Vec<_> = filled.fills.iter().map(|fill| text(fill)).collect();
                assert_eq!(fills.len(), shape.names.len(), "{expression}");
                format!("{}[{}]", text(&filled.key), fills.join(","))
            });
            let changed = shape.changed.map_or("", |_| " ~");
            keys.collect::<Vec<_>>().join(" ") + changed
        }
    };
    let same = match want.strip_prefix('!') {
        Some(want) => got.starts_with('!') && got.contains(want),
        None => got == want,
    };
    assert!(same, "{expression}: {got}, not {want}");
}

#[test]
fn exact_paths() {
    check("^/a$", "/a[]");
    check(r"^/a\.html$", "/a.html[]");
    check(r"^/a\/b\-c$", "/a/b-c[]");
    check("^/a.html$", "/a.html[] ~");
    check("^/a/?$", "/a[] /a/[]");
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
    check("^/p/(?P<rest>.*)$", "/p/*[:splat]");
    check("^/p/(?:.*)$", "/p/*[]");
    check("^/p/(.+)$", "/p/*[:splat] ~");
    check("^/p(.*)$", "/p[] /p/*[/:splat] ~");
    check("^/p", "/p[] /p/*[] ~");
    check("^/p/?(.*)$", "/p[] /p/*[:splat] ~");
    check("^/p(/.*)?$", "/p/*[/:splat] /p[]");
    check("^/p(/.*)$", "/p/*[/:splat]");
    check("^/p(?:/|$)", "/p/*[] /p[]");
    check("^/(.*)$", "/*[:splat]");
    check("^(.*)$", "/*[/:splat]");
    check("(.*)", "/*[/:splat]");
    check("^", "/*[]");
    check("^/", "/*[]");
}

#[test]
fn segments() {
    check("^/b/([^/]+)/([^/]+)$", "/b/:p1/:p2[:p1,:p2]");
    check("^/b/(?<year>[^/]+)/x$", "/b/:year/x[:year]");
    check("^/b/([^/]+)/(.*)$", "/b/:p1/*[:p1,:splat]");
    check("^/b/([^/]+)/?$", "/b/:p1[:p1] /b/:p1/[:p1]");
}

#[test]
fn others_are_refused() {
    check("/a$", "!does not begin with ^");
    check("^/a+$", "!has a `+`");
    check("^/a*$", "!has a `*`");
    check("^/a?$", "!has a `?`");
    check("^/(a|b)$", "!has a group `(a|b)`");
    check("^/a|/b$", "!has a `|`");
    check("^/[ab]$", "!has a `[`");
    check("^/a{2}$", "!has a `{`");
    check(r"^/\d+$", r"!has a `\`");
    check(r"^/(\d+)$", r"!has a group `(\d+)`");
    check("^/b-([^/]+)$", "!captures part of a segment");
    check("^/b/([^/]+).html$", "!captures part of a segment");
    check("^/b/([^/]+)", "!does not end with $");
    check("^/(.*)/x$", "!goes on behind");
    check("^/(a", "!left open");
    check("^/(?i:a)$", "!has a group");
    check("^/(?!a).*$", "!has a group");
    check("^/a/:b$", "!begins with a colon");
    check("^$", "!matches the empty path");
    check(r"^/\*$", "!stands for itself");
}
