//! Configurations of nginx as people have them: what is said of each line, and what
//! a server answers by them.

use serde_json::Value;
use tempfile::TempDir;

use crate::common::{Client, Engine, Ran, Setup, carom};

/// A folder with a file of this name, and its path.
fn file(name: &str, text: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn check(path: &str, flags: &[&str]) -> Ran {
    carom([&["links", "check", "--format", "nginx", path], flags].concat())
}

/// What a server of the file answers to each, as `status location`.
fn answers(path: &str, asked: &[&str]) -> Vec<String> {
    let mut setup = Setup::new(Engine::Epoll, "").flag("--format", "nginx");
    setup.links = vec![path.into()];
    let server = setup.start();
    let mut client = Client::new(server.connect());
    let mut answer = |target: &&str| {
        let reply = client.get("www.example.org", target).unwrap();
        format!("{} {}", reply.status, reply.location.unwrap_or_default())
    };
    asked.iter().map(&mut answer).collect()
}

#[test]
fn what_a_catch_all_covers_is_named() {
    let (_folder, path) = file(
        "a.conf",
        "server {
            listen 80;
            server_name www.example.org;
            location /.well-known/acme-challenge/ { root /var/www; }
            location = /healthz { return 200 ok; }
            error_page 404 /404.html;
            location / { return 301 https://www.example.org$request_uri; }
        }",
    );
    let ran = check(&path, &["--verbose"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let said = |words: &str| assert!(ran.err.contains(words), "{words}: {}", ran.err);
    said(
        "a.conf:7: changed: nginx answers by location /.well-known/acme-challenge/ (line 4), location = /healthz (line 5); here this link answers there, too",
    );
    said("it goes from http to https of its own host");
    said("a.conf:4: passed over: root /var/www: no redirect");
    said("a.conf:5: passed over: return 200 ok: no redirect");
    said("a.conf:6: passed over: error_page 404 /404.html: no redirect");
    assert!(ran.out.contains("1 link, 4 other directives\nchanged: 1 link"), "{}", ran.out);
    let json: Value = serde_json::from_str(&check(&path, &["--json"]).out).unwrap();
    assert_eq!(json["passed_over"].as_array().unwrap().len(), 4);
    assert_eq!(
        (&json["passed_over"][1]["line"], &json["changed"][0]["line"]),
        (&4.into(), &7.into())
    );
}

#[test]
fn a_list_that_a_map_includes_is_read_alone() {
    let text = "# included by: map $uri $to { include redirects.map; }
/spring   https://shop.example/spring;
/summer   https://shop.example/summer;
~^/sale/(.*)$ https://shop.example/$1; # all of it
default \"none\";\n";
    let (_folder, path) = file("redirects.map", text);
    for flags in [&["--format", "nginx"][..], &[]] {
        let ran = carom([&["links", "convert", &path], flags].concat());
        let want = "/spring https://shop.example/spring nocase\n\
                    /summer https://shop.example/summer nocase\n\
                    /sale/* https://shop.example/:splat\n";
        assert_eq!((ran.code, &*ran.out), (Some(0), want), "{ran:?}");
    }
    let got = answers(&path, &["/spring", "/Summer", "/sale/x?y=1", "/other"]);
    let want = [
        "302 https://shop.example/spring",
        "302 https://shop.example/summer",
        "302 https://shop.example/x",
        "404 ",
    ];
    assert_eq!(got, want);
    // Hosts, and what is no line of a list.
    let (_folder, path) =
        file("hosts.map", "hostnames;\n.a.example https://b.example$request_uri;\n/x;\n");
    let ran = carom(["links", "convert", &path, "--on-bad-line=skip"]);
    let want = "a.example/* https://b.example/:splat query=keep\n\
                *.a.example/* https://b.example/:splat query=keep\n";
    assert_eq!(ran.out, want, "{ran:?}");
    assert!(ran.err.contains("hosts.map:3: 1 word where a map has two"), "{ran:?}");
}

#[test]
fn request_uri_is_as_it_was_sent() {
    let (_folder, path) = file(
        "a.conf",
        r#"map $request_uri $to {
    "~^/item\?id=5$"   https://shop.example/five;
    ~^/p/(.*)$         https://shop.example/$1;
    ~^/two%20words$    https://shop.example/two;
    ~^/exact$          https://shop.example/exact;
    ~^/any(\?.*)?$     https://shop.example/any$1;
}
server { listen 80; if ($to) { return 302 $to; } }"#,
    );
    let got = answers(&path, &["/item?id=5", "/item", "/p/x?click=1", "/two%20words", "/any?a=1"]);
    let want = [
        "302 https://shop.example/five",
        "404 ",
        "302 https://shop.example/x?click=1",
        "302 https://shop.example/two",
        "302 https://shop.example/any?a=1",
    ];
    assert_eq!(got, want);
    let ran = check(&path, &[]);
    for (line, what) in [
        (2, "its parameters may come in any order"),
        (4, "here it also answers with a query behind it"),
        (5, "here it also answers with a query behind it"),
    ] {
        let of_line =
            |said: &str| said.contains(&format!("a.conf:{line}: changed")) && said.contains(what);
        assert!(ran.err.lines().any(of_line), "{line}: {}", ran.err);
    }
    assert_eq!(ran.err.matches("changed").count(), 3, "{}", ran.err);
}

#[test]
fn from_http_to_https_of_its_own_host_is_no_loop() {
    let (_folder, path) = file(
        "a.conf",
        "server { listen 80; server_name www.example.org; return 301 https://$host$request_uri; }
         server {
            listen 443 ssl;
            server_name www.example.org;
            location = /old { return 301 https://www.example.org/new; }
         }",
    );
    let ran = check(&path, &["--verbose"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.err.contains("a.conf:1: passed over: it goes from http to https of its own host"));
    assert!(!ran.err.contains("changed"), "{}", ran.err);
    let got = answers(&path, &["/old", "/new"]);
    assert_eq!(got, ["301 https://www.example.org/new", "404 "]);
}

#[test]
fn conditions_that_no_key_can_ask_are_refused() {
    let (_folder, path) = file(
        "a.conf",
        "server {
            if ($http_user_agent ~* bot) { return 403; }
            if ($request_method = POST) { return 301 https://a.example/; }
            location ~ ^/n/(\\d+)$ { return 301 https://a.example/$1; }
        }",
    );
    let ran = check(&path, &[]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let said = |words: &str| assert!(ran.err.contains(words), "{words}: {}", ran.err);
    said(
        "a.conf:2: what it answers cannot be taken: no key can ask `if ($http_user_agent ~* bot)`",
    );
    said("a.conf:3: no key can ask what $request_method is");
    said(
        "a.conf:4: `^/n/(\\d+)$` asks which characters a segment has; the nearest line is `/n/:p1 https://a.example/:p1 301`",
    );
}

#[test]
fn hosts_that_an_expression_matches() {
    let (_folder, path) = file(
        "a.conf",
        "server {
            server_name example.org www.example.org;
            if ($host ~* ^www\\.(.+)$) { return 301 https://$1$request_uri; }
        }",
    );
    let ran = check(&path, &[]);
    assert_eq!((ran.code, &*ran.err), (Some(0), ""), "{ran:?}");
    assert_eq!(answers(&path, &["/a?b=c"]), ["301 https://example.org/a?b=c"]);
}
