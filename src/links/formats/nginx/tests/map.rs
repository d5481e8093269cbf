//! Quirks of `map`, one by one.

use super::{compare, rows};

/// The entries of a map of `$uri`, each row without its line.
fn check(entries: &str, want: &[&str]) {
    of("$uri", entries, want);
}

fn of(source: &str, entries: &str, want: &[&str]) {
    let text = format!("map {source} $new {{ {entries} }}");
    let want: Vec<String> = want.iter().map(|want| format!("1 {want}")).collect();
    let want: Vec<&str> = want.iter().map(String::as_str).collect();
    compare(&text, &rows(&text, Some("https://b.example")), &want);
}

#[test]
fn texts_match_in_any_case() {
    check("/a https://x/;", &["/a|https://x/|302|nocase="]);
    check("/A/b/ https://x/;", &["/A/b/|https://x/|302|nocase="]);
    check("/ https://x/;", &["/|https://x/|302"]);
}

#[test]
fn texts_are_decoded_paths() {
    check("\"/a b\" https://x/;", &["/a%20b|https://x/|302|nocase="]);
    check("/a%20b https://x/;", &["/a%2520b|https://x/|302|nocase="]);
    check("'/a?b' https://x/;", &["/a%3Fb|https://x/|302|nocase="]);
    check("/é https://x/;", &["/é|https://x/|302|nocase="]);
    check("/a* https://x/;", &["!stands for itself"]);
    check("/:a https://x/;", &["!begins with a colon"]);
    check("a https://x/;", &["!each begins with a slash; write /a"]);
}

#[test]
fn quotes_escapes_and_comments() {
    check(r#""/a\"b" 'https://x/';"#, &[r#"/a"b|https://x/|302|nocase="#]);
    check("/a https://x/; # /b https://y/;\n", &["/a|https://x/|302|nocase="]);
    check("/a\n\thttps://x/\n;", &["/a|https://x/|302|nocase="]);
    check("/a https://x/?a=1&b=2#c;", &["/a|https://x/?a=1&b=2#c|302|nocase="]);
}

#[test]
fn special_parameters_and_what_looks_like_them() {
    check("hostnames; volatile; /a https://x/;", &["/a|https://x/|302|nocase="]);
    check("default https://x/;", &["/*|https://x/|302"]);
    check("\"default\" https://x/;", &["/*|https://x/|302"]);
    check("default \"\"; default 0;", &[]);
    of("$host$uri", r"\default https://x/;", &["default|https://x/|302"]);
    of("$host$uri", r"\volatile/a https://x/;", &["volatile/a|https://x/|302|nocase="]);
    check(r"\/a https://x/;", &["/a|https://x/|302|nocase="]);
    check("/a \"\";", &["!/a has no value"]);
    check("/a;", &["!1 word where a map has two"]);
    check("/a b c;", &["!3 words where a map has two"]);
}

#[test]
fn expressions() {
    check("~^/p/(.*)$ https://x/$1;", &["/p/*|https://x/:splat|302"]);
    check("~*^/p/(?<rest>.*)$ https://x/$rest;", &["/p/*|https://x/:splat|302|nocase="]);
    check("~^/e$ https://x/;", &["/e|https://x/|302"]);
    check("~*^/e$ https://x/;", &["/e|https://x/|302|nocase="]);
    check("\"~^/b/([^/]+)/([^/]+)$\" https://x/$2-$1;", &["/b/:p1/:p2|https://x/:p2-:p1|302"]);
    check(r"~^/e\.html$ https://x/;", &["/e.html|https://x/|302"]);
    check("~/e https://x/;", &["!does not begin with ^"]);
    check("~^/(a|b)$ https://x/$1;", &["/a|https://x/a|302", "/b|https://x/b|302"]);
    check("~(?i)^/e$ https://x/;", &["/e|https://x/|302|nocase="]);
    check(r"~^/n/(\d+)$ https://x/$1;", &["!the nearest line is `/n/:p1 https://x/:p1 302`"]);
    check("~^/p(.*)$ https://x$1;", &["~/p|https://x|302", "~/p/*|https://x/:splat|302"]);
    check(r"\~^/a https://x/;", &["!each begins with a slash"]);
    check(
        "~^/p/ https://x/; ~^/p/q$ https://y/;",
        &["/p/*|https://x/|302", "~/p/q|https://y/|302"],
    );
    check(
        "~^/p/ https://x/; /p/q https://y/;",
        &["/p/q|https://y/|302|nocase=", "/p/*|https://x/|302"],
    );
}

#[test]
fn values() {
    check("/a /new;", &["/a|https://b.example/new|302|nocase="]);
    check("/a https://x/$is_args$args;", &["/a|https://x/|302|query=keep|nocase="]);
    check("/a https://x$uri;", &["~/a|https://x/a|302|nocase="]);
    check("/a https://x/?id=$arg_id;", &["/a|https://x/?id={query:id}|302|nocase="]);
    check("/a $backend;", &["!$backend cannot be told"]);
    compare("", &rows("map $uri $x { /a /b; }", None), &["1 !--base https://host"]);
}

#[test]
fn sources() {
    of("$request_uri", "/a?b=1 https://x/;", &["~/a?b=1|https://x/|302|nocase="]);
    of("$request_uri", "/a%20b https://x/;", &["~/a%20b|https://x/|302|nocase="]);
    of("$host$uri", "A.example/a https://x/;", &["a.example/a|https://x/|302|nocase="]);
    of(
        "\"$scheme://$host$uri\"",
        "https://a.example/a https://x/;",
        &["~a.example/a|https://x/|302|nocase="],
    );
    of("$scheme://${host}$request_uri", "/a https://x/;", &["!no address is `/a`"]);
    of("$uri$is_args$args", "/a?b=1 https://x/;", &["~/a?b=1|https://x/|302|nocase="]);
    of("$host$uri", r"~^a\.example/p/(.*)$ https://x/$1;", &["a.example/p/*|https://x/:splat|302"]);
    of("$http_user_agent", "a https://x/;", &["!the map compares `$http_user_agent`"]);
    of("$cookie_a$uri", "a https://x/;", &["!the map compares"]);
    of("$uri", "", &[]);
}

#[test]
fn hosts_of_maps() {
    of(
        "$host",
        "A.example https://x$request_uri;",
        &["a.example/*|https://x/:splat|302|query=keep"],
    );
    of(
        "$host",
        "hostnames; .a.example https://x/;",
        &["a.example/*|https://x/|302", "*.a.example/*|https://x/|302"],
    );
    of("$http_host", "hostnames; *.a.example https://x/;", &["*.a.example/*|https://x/|302"]);
    of("$host", "hostnames; a.* https://x/;", &["!ends with a `*`"]);
    of("$host", "*.a.example https://x/;", &["!has no `hostnames;`"]);
    of("$host", r"~^www\.a\.example$ https://x/;", &["www.a.example/*|https://x/|302"]);
    of("$host", r"~^www\. https://x/;", &["!is no single host"]);
    of("$host", "default https://x/;", &["/*|https://x/|302"]);
}

#[test]
fn arguments() {
    let text = "map $arg_id $new { 7 https://x/; default https://y/; }
        server { location = /p { if ($new) { return 301 $new; } } }";
    compare(text, &rows(text, None), &["1 /p?id=7|https://x/|301", "1 /p|https://y/|301"]);
}

#[test]
fn what_a_server_does_with_a_map() {
    let of = |server: &str, want: &[&str]| {
        let text = format!("map $uri $new {{ /a /b; }} server {{ {server} }}");
        compare(&text, &rows(&text, Some("https://c")), want);
    };
    of("if ($new) { return 301 $new; }", &["1 /a|https://c/b|301|nocase="]);
    of("if ($new != \"\") { return 308 https://d$new; }", &["1 /a|https://d/b|308|nocase="]);
    of(
        "server_name e f; return 301 $new;",
        &["1 e/a|https://c/b|301|nocase=", "1 f/a|https://c/b|301|nocase=", "1 -"],
    );
    of("rewrite ^ $new permanent;", &["1 /a|https://c/b|301|query=keep|nocase=", "1 -"]);
    of("rewrite ^ $new? redirect;", &["1 /a|https://c/b|302|nocase=", "1 -"]);
    of(
        "return 301 https://d$new$is_args$args;",
        &["1 /a|https://d/b|301|query=keep|nocase=", "1 -"],
    );
    of(
        "location /z/ { return 301 $new; }",
        &["1 !`/a` matches nothing of what is around it", "1 -"],
    );
    // It is for something else.
    of("proxy_pass http://x$new;", &["1 -", "1 -"]);
    of("if ($new) { return 301 https://e/; }", &["1 /a|https://e/|301|nocase="]);
    of("if ($new) { return 410; }", &["1 /a||410|nocase="]);
    of("if ($new = /b) { return 302 https://e/; }", &["1 /a|https://e/|302|nocase="]);
    of("if ($new != /b) { return 302 https://e/; }", &["1 ~/*|https://e/|302"]);
    of("if ($other) { return 410; }", &["1 -", "1 !no key can ask what $other is"]);
}

#[test]
fn several_maps() {
    let text = "map $uri $a { /a https://x/; }\nmap $uri $b { /b https://y/; }";
    compare(
        text,
        &rows(text, None),
        &["1 /a|https://x/|302|nocase=", "2 /b|https://y/|302|nocase="],
    );
}

#[test]
fn included_files() {
    let of = |text: &str, want: &[&str]| compare(text, &rows(text, None), want);
    of(
        "map $uri $a {\ninclude more.map;\n/k https://k/; }",
        &[
            "0 @more.map",
            "1 /i|https://i/|302|nocase=",
            "2 !1 word where a map has two",
            "0 @",
            "3 /k|https://k/|302|nocase=",
        ],
    );
    of("include conf.d/a.conf;", &["0 @conf.d/a.conf", "1 /a|https://a/|302|nocase=", "0 @"]);
    of(
        "include a\\nb;",
        &[
            "1 !no file can be included by the name `a\\nb`; a name has at most 1024 bytes and no control characters",
        ],
    );
    of("map $uri $a { include none.map; }", &["1 !include none.map: there is no such file"]);
    of(
        "map $uri $a { include self.map; }",
        &["0 @self.map", "1 !self.map includes itself", "2 /s|https://s/|302|nocase=", "0 @"],
    );
    of("map $uri $a { include open.map; }", &["0 @open.map", "1 !a quote is left open", "0 @"]);
}

#[test]
fn what_cannot_be_read() {
    let of = |text: &str, want: &[&str]| compare(text, &rows(text, None), want);
    of("map $uri $a { /a https://x/; ", &["1 /a|https://x/|302|nocase=", "1 !is left open"]);
    of("map $uri $a { ~^/a{2}$ b; }", &["1 !a `{` within a map; quote"]);
    of("map $uri { /a b; }", &["1 !a map has a source and a variable"]);
    of("}", &["1 !a `}` without a block"]);
    of(&"a{".repeat(10_000), &["1 !more than 32 blocks"]);
}
