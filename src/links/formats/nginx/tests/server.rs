//! Redirects of servers and locations, one by one.

use super::{compare, rows};

/// What the directives of a server come to, each row without its line.
fn check(server: &str, want: &[&str]) {
    let text = format!("server {{ server_name h; {server} }}");
    let want: Vec<String> = want.iter().map(|want| format!("1 {want}")).collect();
    let want: Vec<&str> = want.iter().map(String::as_str).collect();
    compare(&text, &rows(&text, Some("https://b")), &want);
}

#[test]
fn exact_locations() {
    check("location = /x { return 301 https://y/; }", &["h/x|https://y/|301"]);
    check("location =/x { return 302 https://y/; }", &["h/x|https://y/|302"]);
    check("location = /x { return 307 /z; }", &["h/x|https://b/z|307"]);
    check("location = /x { return 410; }", &["h/x||410"]);
    check("location = /x { return https://y/; }", &["h/x|https://y/|302"]);
    check(
        "location = /x { return 301 https://y$request_uri; }",
        &["h/x|https://y/x|301|query=keep"],
    );
    check("location = /x { return 301 https://y/?c=$arg_c; }", &["h/x|https://y/?c={query:c}|301"]);
    check("location = \"/a b\" { return 301 https://y/; }", &["h/a%20b|https://y/|301"]);
    check("location = /x { return 301; }", &["!return 301 without a target"]);
}

#[test]
fn locations_that_begin_with() {
    check("location /x/ { return 301 https://y/; }", &["h/x/*|https://y/|301"]);
    check("location ^~ /x/ { return 301 https://y$uri; }", &["h/x/*|https://y/x/:splat|301"]);
    check(
        "location /x { return 301 https://y/; }",
        &["~h/x|https://y/|301", "~h/x/*|https://y/|301"],
    );
    check(
        "location / { return 301 https://y$request_uri; }",
        &["h/*|https://y/:splat|301|query=keep"],
    );
}

#[test]
fn locations_of_expressions() {
    check("location ~ ^/x/(.*)$ { return 301 https://y/$1; }", &["h/x/*|https://y/:splat|301"]);
    check("location ~* ^/x$ { return 301 https://y/; }", &["h/x|https://y/|301|nocase="]);
    check(r"location ~ \.php$ { return 301 https://y/; }", &["!does not begin with ^"]);
    // An expression is looked at before a longer path, but not if that is strong.
    let both =
        "location /x/y/ { return 301 https://z/; } location ~ ^/x/ { return 301 https://y/; }";
    check(both, &["h/x/*|https://y/|301", "~h/x/y/*|https://z/|301"]);
    let strong =
        "location ^~ /x/y/ { return 301 https://z/; } location ~ ^/x/ { return 301 https://y/; }";
    check(strong, &["h/x/y/*|https://z/|301", "h/x/*|https://y/|301"]);
}

#[test]
fn what_an_open_expression_takes_first_is_said() {
    let open = "rewrite ^/a/i https://x/1 redirect;";
    let own = ["~h/a/i|https://x/1|302|query=keep", "~h/a/i/*|https://x/1|302|query=keep"];
    let both = |other: &str, row: &str| check(&format!("{open} {other}"), &[own[0], own[1], row]);
    both("rewrite ^/a/ix$ https://x/2 redirect;", "~h/a/ix|https://x/2|302|query=keep");
    both("rewrite ^/a/ix/(.*)$ https://x/2 redirect;", "~h/a/ix/*|https://x/2|302|query=keep");
    both("rewrite ^/a/x$ https://x/2 redirect;", "h/a/x|https://x/2|302|query=keep");
    let exact = "rewrite ^/a/ix$ https://x/2 redirect;";
    check(&format!("{exact} {open}"), &["h/a/ix|https://x/2|302|query=keep", own[0], own[1]]);
}

#[test]
fn rewrites() {
    check("rewrite ^/x$ https://y/ permanent;", &["h/x|https://y/|301|query=keep"]);
    check("rewrite ^/x$ https://y/? redirect;", &["h/x|https://y/|302"]);
    check("rewrite ^/x$ https://y/#f redirect;", &["~h/x|https://y/#f|302|query=keep"]);
    check("rewrite ^/x$ https://y/#f? redirect;", &["h/x|https://y/#f|302"]);
    check("rewrite ^/x$ https://y/;", &["h/x|https://y/|302|query=keep"]);
    check("rewrite ^/x$ /z permanent;", &["h/x|https://b/z|301|query=keep"]);
    check("rewrite ^/p/(.*)$ https://y/$1 permanent;", &["h/p/*|https://y/:splat|301|query=keep"]);
    check("rewrite ^(.*)$ https://y$1 permanent;", &["h/*|https://y/:splat|301|query=keep"]);
    check("rewrite ^ https://y$request_uri? permanent;", &["h/*|https://y/:splat|301|query=keep"]);
    check("rewrite ^/x$ /z last;", &["!is no redirect"]);
    check("rewrite ^/x$ /z;", &["!is no redirect"]);
    check(
        "rewrite ^/(a|b)$ https://y/$1? permanent;",
        &["h/a|https://y/a|301", "h/b|https://y/b|301"],
    );
    check(
        "location /p/ { rewrite ^/p/(.*)$ https://y/$1 redirect; }",
        &["h/p/*|https://y/:splat|302|query=keep"],
    );
    // The location does not match /p/ itself.
    check(
        "location ~ ^/p/(.+)$ { rewrite ^/p/ https://y/ permanent; }",
        &["~h/p/*|https://y/|301|query=keep"],
    );
    check("location = /x { rewrite ^ https://y/? permanent; }", &["h/x|https://y/|301"]);
    check(
        "location /p/ { rewrite ^/q$ https://y/ redirect; }",
        &["!matches nothing of what is around it"],
    );
}

#[test]
fn what_comes_first() {
    let two = "rewrite ^/p/ https://y/ permanent; rewrite ^/p/q$ https://z/ permanent;";
    check(two, &["h/p/*|https://y/|301|query=keep", "~h/p/q|https://z/|301|query=keep"]);
    let later = "location = /p/q { return 301 https://z/; } rewrite ^/p/ https://y/ permanent;";
    check(later, &["h/p/*|https://y/|301|query=keep", "~h/p/q|https://z/|301"]);
    check(
        "return 301 https://y/; location = /a { return 301 https://z/; }",
        &["h/*|https://y/|301", "!line 1 answers before it"],
    );
    check(
        "location = /a { return 301 https://y/; return 302 https://z/; }",
        &["h/a|https://y/|301", "!line 1 answers before it"],
    );
}

#[test]
fn conditions() {
    check(
        "if ($host = old.example) { return 301 https://y$request_uri; }",
        &["old.example/*|https://y/:splat|301|query=keep"],
    );
    check(
        "if ($request_uri = \"/a?b=c\") { return 301 https://y/; }",
        &["~h/a?b=c|https://y/|301"],
    );
    check("if ($uri = /a) { return 301 https://y/; }", &["h/a|https://y/|301"]);
    check("if ($uri ~ ^/p/(.*)$) { return 301 https://y/$1; }", &["h/p/*|https://y/:splat|301"]);
    check(
        "location = /p { if ($arg_id = 7) { return 301 https://y/; } }",
        &["h/p?id=7|https://y/|301"],
    );
    check(
        "if ($scheme = http) { return 301 https://y/; }",
        &["!no key can ask whether it came over http"],
    );
    check("if ($host != h) { return 301 https://y/; }", &["!no key can ask"]);
    check("if (-f $request_filename) { return 301 https://y/; }", &["!no key can ask"]);
    check("if ($http_user_agent ~* bot) { return 301 https://y/; }", &["!no key can ask"]);
}

#[test]
fn other_directives_are_counted() {
    check(
        "listen 80; root /x; location = /x { add_header A b; return 301 https://y/; }",
        &["-", "-", "-", "h/x|https://y/|301"],
    );
    check("location / { return 404; }", &["-"]);
    check("location / { return 200 ok; }", &["-"]);
    check("location /x/ { internal; return 301 https://y/; }", &["-", "!is internal"]);
    check("location @x { return 301 https://y/; }", &["!no visitor asks for the location `@x`"]);
    check("set $a b; return 301 https://y/$a;", &["-", "!$a cannot be told"]);
}

#[test]
fn names_of_servers() {
    let of = |text: &str, want: &[&str]| compare(text, &rows(text, None), want);
    let server =
        |names: &str| format!("server {{ {names} location = /x {{ return 301 https://y/; }} }}");
    of(&server("server_name a b;"), &["1 a/x|https://y/|301", "1 b/x|https://y/|301"]);
    of(
        &server("server_name .a.example;"),
        &["1 a.example/x|https://y/|301", "1 *.a.example/x|https://y/|301"],
    );
    of(&server("server_name _;"), &["1 /x|https://y/|301"]);
    of(&server(""), &["1 /x|https://y/|301"]);
    of(
        &server(r"server_name ~^a\d;"),
        &["1 !is an expression", "1 !no name of its server can be taken"],
    );
    of(&server("listen 80 default_server; server_name a;"), &["1 -", "1 ~a/x|https://y/|301"]);
    let two = format!("{}\n{}", server("server_name a;"), server(""));
    of(&two, &["1 -", "1 a/x|https://y/|301", "2 !has no name, and another one is the default"]);
}

#[test]
fn which_server_answers() {
    let of = |text: &str, want: &[&str]| compare(text, &rows(text, None), want);
    let server = |words: &str| format!("server {{ {words} return 301 https://y/; }}");
    // Of two with one name at one port the first.
    let two = format!("{}\n{}", server("server_name a b;"), server("server_name b c;"));
    of(&two, &["1 -", "1 a/*|https://y/|301", "1 b/*|https://y/|301", "2 c/*|https://y/|301"]);
    // At two ports both, and here one.
    let two = format!("{}\n{}", server("listen 8080; server_name a;"), server("server_name a;"));
    of(&two, &["1 -", "1 -", "2 -", "1 ~a/*|https://y/|301", "2 ~a/*|https://y/|301"]);
    // A host that another server has.
    let two = format!(
        "{}\n{}",
        server("if ($host = c) { return 410; }"),
        "server { server_name c; return 404; }"
    );
    of(&two, &["2 -", "1 !nginx takes another server for c", "1 ~/*|https://y/|301"]);
    // Of all hosts, beside one that has no redirects.
    let two = format!("{}\n{}", server("listen 80 default_server;"), "server { server_name c; }");
    of(&two, &["1 -", "1 ~/*|https://y/|301"]);
}

#[test]
fn locations_within_others() {
    let inner = "location /a/ { location /a/b/ { return 301 https://y/; } return 301 https://z/; }";
    check(inner, &["h/a/b/*|https://y/|301", "h/a/*|https://z/|301"]);
    let page = "location /a/ { location = /a/b { root x; } return 301 https://z/; }";
    check(page, &["-", "~h/a/*|https://z/|301"]);
    let images = r"location /a/ { return 301 https://z/; } location ~ \.gif$ { root x; }";
    check(images, &["-", "~h/a/*|https://z/|301"]);
    let strong = r"location ^~ /a/ { return 301 https://z/; } location ~ \.gif$ { root x; }";
    check(strong, &["-", "h/a/*|https://z/|301"]);
    check(
        "location ~ ^/a/ { location ~ ^/a/b$ { return 301 https://z/; } }",
        &["!a location within that of the expression"],
    );
}

#[test]
fn from_http_to_https() {
    let up = "server { server_name a; return 301 https://$host$request_uri; }";
    let of = |text: &str, want: &[&str]| compare(text, &rows(text, None), want);
    of(up, &["1 ~a/*|https://a/:splat|301|query=keep"]);
    let both = format!("{up}\nserver {{ listen 443 ssl; server_name a; return 404; }}");
    of(&both, &["2 -", "2 -", "1 -", "2 -", "1 -"]);
    of("server { return 301 https://$host$request_uri; }", &["1 -"]);
    check("if ($scheme = http) { return 301 https://$host$request_uri; }", &["-"]);
}

#[test]
fn hosts_of_conditions() {
    let of = |condition: &str, want: &[&str]| {
        let text = format!(
            "server {{ server_name a www.a; if ({condition}) {{ return 301 https://y/; }} }}"
        );
        compare(&text, &rows(&text, None), want);
    };
    of("$host != a", &["1 www.a/*|https://y/|301"]);
    of("$host ~ ^www", &["1 www.a/*|https://y/|301"]);
    of("$host ~ a$", &["1 !no key can ask"]);
    of("$host ~ ^WWW", &["1 !not one of the names"]);
    of("$host ~* ^WWW", &["1 www.a/*|https://y/|301"]);
    of("$host = A", &["1 !is in lower case"]);
    of("$arg_x", &["1 !the nearest line is `/path?x=* …`"]);
}

#[test]
fn snippets_without_a_server() {
    let of = |text: &str, want: &[&str]| compare(text, &rows(text, None), want);
    of("location = /x { return 301 https://y/; }", &["1 /x|https://y/|301"]);
    of("rewrite ^/x$ https://y/ permanent;", &["1 /x|https://y/|301|query=keep"]);
    of("http {\nserver {\nlocation = /x { return 301 https://y/; } } }", &["3 /x|https://y/|301"]);
}
