//! `_redirects` files and haproxy maps as those meet them who bring them here: what is said
//! of each line, and what visitors get.

use std::fs;

use crate::common::{Client, Engine, Reply, Server, Setup, carom};

/// A file, how it is read, and a server of what is good in it.
struct Brought {
    said: String,
    server: Server,
}

impl Brought {
    fn new(name: &str, text: &str, flags: &[(&str, &str)]) -> Self {
        let mut setup = Setup::new(Engine::Epoll, "").flag("--on-bad-line", "skip");
        let path = setup.folder.path().join(name);
        fs::write(&path, text).unwrap();
        let mut words = vec!["links", "check", path.to_str().unwrap()];
        for (flag, value) in flags {
            words.extend([*flag, *value]);
            setup = setup.flag(flag, value);
        }
        let ran = carom(words);
        setup.links = vec![path];
        Self { said: ran.err, server: setup.start() }
    }

    fn get(&self, host: &str, target: &str) -> String {
        let Reply { status, location, .. } =
            Client::new(self.server.connect()).get(host, target).unwrap();
        format!("{status} {}", location.unwrap_or_default())
    }

    /// That something was said of a line.
    fn says(&self, line: usize, what: &str) {
        let begin = format!(":{line}: ");
        let found = self.said.lines().any(|it| it.contains(&begin) && it.contains(what));
        assert!(found, "{what}\n{}", self.said);
    }
}

const BASE: (&str, &str) = ("--base", "https://www.example.org");

#[test]
fn netlify_hosts_and_parameters() {
    let text = "https://old.example/a /b 301\n\
                http://old.example/a /b 301\n\
                https://bare.example /c 301\n\
                /s id=:id /item/:id 301\n\
                http://up.example/* https://up.example/:splat 301!\n";
    let brought = Brought::new("_redirects", text, &[BASE]);
    assert_eq!(brought.get("old.example", "/a"), "301 https://old.example/b");
    brought.says(1, "keeps the visitor's http or https; here it is https");
    assert_eq!(brought.get("bare.example", "/"), "301 https://bare.example/c");
    assert_eq!(brought.get("bare.example", "/x"), "404 ");
    brought.says(3, "here it answers over http and https");
    assert_eq!(brought.get("www.example.org", "/s?id=1"), "301 https://www.example.org/item/1");
    brought.says(4, "Netlify takes the last");
    assert_eq!(brought.get("up.example", "/x"), "404 ");
    brought.says(5, "it leads to its own address");
}

#[test]
fn what_cloudflare_pages_ignores() {
    let text = "/a /b 301 # moved\nnews /c\n/q?x=1 /d\n/h http://shop.example/\n/* /index.html\n";
    let brought = Brought::new("_redirects", text, &[("--format", "pages"), BASE]);
    let get = |target| brought.get("www.example.org", target);
    assert_eq!(get("/a"), "301 https://www.example.org/b");
    assert_eq!(get("/news"), "302 https://www.example.org/c");
    assert_eq!(get("/q"), "302 https://www.example.org/d");
    assert_eq!(get("/q?x=2"), "302 https://www.example.org/d?x=2");
    assert_eq!(get("/h"), "404 ");
    assert_eq!(get("/anything"), "404 ");
    brought.says(4, "Pages ignores targets that begin neither with https://");
    brought.says(5, "Pages takes it for a loop and ignores it");
}

#[test]
fn the_order_of_haproxys_lists() {
    let first = "haproxy takes line 1, which comes first; here the more exact key answers";
    for (format, dot) in [("haproxy-end", "."), ("haproxy-dom", "")] {
        let text = format!(
            "{dot}example.com https://shop.example/all\n{dot}pay.example.com https://shop.example/pay\n"
        );
        let brought = Brought::new("hosts.map", &text, &[("--format", format)]);
        brought.says(2, first);
        assert_eq!(brought.get("x.pay.example.com", "/"), "302 https://shop.example/pay");
        assert_eq!(brought.get("x.example.com", "/"), "302 https://shop.example/all");
    }
}
