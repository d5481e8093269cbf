use super::{compare, rows};

/// Rows of a server with `location = /x { return 302 …; }` behind these directives, without
/// the lines.
fn check(directives: &str, sent: &str, want: &[&str]) {
    let text = format!("{directives} server {{ location = /x {{ return 302 {sent}; }} }}");
    let want: Vec<String> = want.iter().map(|want| format!("1 {want}")).collect();
    let want: Vec<&str> = want.iter().map(String::as_str).collect();
    compare(&text, &rows(&text, None), &want);
}

#[test]
fn networks() {
    check(
        "geo $to { default us; 192.0.2.0/24 de; 192.0.2.7 at; 198.51.100.0/24 de; 2001:db8::/32 ch; }",
        "https://$to.example/",
        &[
            "/x|https://at.example/|302|IP=192.0.2.7",
            "/x|https://ch.example/|302|IP=2001:db8::/32",
            "/x|https://de.example/|302|IP=192.0.2.0/24,198.51.100.0/24",
            "/x|https://us.example/|302",
        ],
    );
    check("geo $remote_addr $to { default https://a/; }", "$to", &["/x|https://a/|302"]);
    check("geo $arg_ip $to { default a; }", "https://$to/", &["!it is told by `$arg_ip`"]);
    check("geo $to { ranges; default a; }", "https://$to/", &["!`ranges` is not understood"]);
    check("geo $to { 192.0.2.0/24 https://a/; }", "$to", &["!$to can be empty"]);
    check("geo $to { default a; }", "https://y/", &["-", "/x|https://y/|302"]);
}

#[test]
fn shares() {
    let split = |by: &str| format!("split_clients \"{by}\" $v {{ 0.5% a; 20% b; * c; }}");
    let rows = |sticky: &str| {
        [("a", 50), ("b", 2000), ("c", 7950)].map(|(value, weight)| {
            format!("~/x|https://{value}.example/|302|weight={weight}|sticky={sticky}")
        })
    };
    for (by, sticky) in [
        ("${remote_addr}${http_user_agent}", "visitor"),
        ("$http_user_agent salt $remote_addr", "visitor"),
        ("$binary_remote_addr", "ip"),
        ("${request_id}", "off"),
        ("$arg_uid", "query:uid"),
    ] {
        let want = rows(sticky);
        let want = want.each_ref().map(String::as_str);
        check(&split(by), "https://$v.example/", &want);
    }
    check(&split("$cookie_id"), "https://$v/", &["!it splits by `$cookie_id`"]);
    let odd = |lines: &str| format!("split_clients $remote_addr $v {{ {lines} }}");
    check(&odd("50% a;"), "https://$v/", &["!do not add up to 100%"]);
    check(&odd("70% a; 70% b;"), "https://$v/", &["!`70%` is no share of what is left"]);
    check(&odd("0.001% a; * b;"), "https://$v/", &["!`0.001%` is no share"]);
    check(&odd("half a; * b;"), "https://$v/", &["!`half` is no share"]);
}

#[test]
fn languages() {
    check(
        "map $http_accept_language $l { default en; ~*^de-AT at; ~*^de de; ~^fr.* fr; }",
        "https://x/$l/",
        &[
            "~/x|https://x/at/|302|Language=de-AT",
            "~/x|https://x/de/|302|Language=de",
            "~/x|https://x/fr/|302|Language=fr",
            "~/x|https://x/en/|302",
        ],
    );
    check(
        "map $http_accept_language $l { default en; ~*de de; }",
        "https://x/$l/",
        &["!`~*de` asks for no language that can be named; write ~*^de"],
    );
    check(
        "map $http_accept_language $l { default en; }",
        "https://y/",
        &["-", "/x|https://y/|302"],
    );
}

#[test]
fn the_lines_of_each_key_stand_together() {
    let text = "geo $to { default b; 192.0.2.0/24 a; }\nserver { server_name h i; location = /x { return 302 https://$to/; } }";
    let want = [
        "2 h/x|https://a/|302|IP=192.0.2.0/24",
        "2 h/x|https://b/|302",
        "2 i/x|https://a/|302|IP=192.0.2.0/24",
        "2 i/x|https://b/|302",
    ];
    compare(text, &rows(text, None), &want);
    let two = "geo $a { default b; } geo $c { default d; } server { location = /x { return 302 https://$a.$c/; } }";
    compare(two, &rows(two, None), &["1 -", "1 -", "1 !$c is told by who asks, too"]);
}
