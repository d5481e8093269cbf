//! Link files of other programs, converted and compared.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::{Ran, bare, carom, ended, shared_data};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn file(&self, name: &str, text: &str) -> String {
        fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }
}

fn convert(arguments: &[&str]) -> Ran {
    carom([&["links", "convert"], arguments].concat())
}

fn diff(arguments: &[&str]) -> Ran {
    carom([&["links", "diff"], arguments].concat())
}

/// A fixture converts to what is written beside it, told by its name and content,
/// and the result converts to every other format and back to itself.
fn check(name: &str, code: i32, want: &str) {
    let file = fixtures().join(name);
    let ran = convert(&[file.to_str().unwrap(), "--on-bad-line=skip"]);
    assert_eq!(ran.code, Some(code), "{name}: {ran:?}");
    assert_eq!(ran.out, want, "{name}: {ran:?}");
    let folder = Folder::new();
    let native = folder.file("links.txt", &ran.out);
    for (to, name) in [("csv", "a.csv"), ("tsv", "a.tsv"), ("ndjson", "a.ndjson")] {
        let other = folder.path(name);
        let ran = convert(&[&native, "--to", to, "-o", &other]);
        assert_eq!(ran.code, Some(0), "{name}: {ran:?}");
        let back = convert(&[&other]);
        assert_eq!((back.code, &*back.out), (Some(0), want), "{to}: {back:?}");
    }
}

#[test]
fn cloudflare_bulk_redirects() {
    check(
        "cloudflare/bulk.csv",
        1,
        "example.com/contacts https://example.net/contact-us 301\n\
         example.com/about https://example.net/about-us 301\n\
         *.example.com/about https://example.net/about-us 301\n\
         example.com/docs https://example.com/draft-docs query=keep\n\
         example.com/old/* https://example.com/new/:splat 308\n\
         www.example.com/a,b https://example.com/ab 301\n",
    );
}

#[test]
fn cloudfront_key_value_stores() {
    check(
        "cloudfront/store.json",
        1,
        "/sale https://shop.example/sale\n\
         /docs https://docs.example/ 301\n\
         go.example.com/x https://x.example/\n\
         /bare https://bare.example/\n",
    );
}

#[test]
fn apache_files() {
    let folder = Folder::new();
    let base = ["--base", "https://www.example.com", "--on-bad-line=skip"];
    let file = fixtures().join("apache/site.htaccess");
    let ran = convert(&[&[file.to_str().unwrap()], &base[..]].concat());
    let want = "old.example.com/* https://new.example.com/:splat 301 query=keep\n\
                /summer/ https://shop.example/sale query=keep nocase\n\
                /summer https://shop.example/sale query=keep nocase\n\
                /item?id=* https://shop.example/p/{query:id} 301\n\
                /docs https://docs.example/v2 301 query=keep\n\
                /docs/* https://docs.example/v2/:splat 301 query=keep\n\
                /retired 410\n/retired/* 410\n";
    assert_eq!((ran.code, &*ran.out), (Some(1), want), "{ran:?}");
    for said in [
        "site.htaccess:11: `^/news/([0-9]+)$` asks which characters a segment has; the nearest key is /news/:p1",
        "site.htaccess:12: it has no [R], so Apache serves /index.php itself",
        "site.htaccess:14: Apache looks at line 12 first, which is no link here",
        "site.htaccess:16: `^/old/(.*)\\.html$` goes on behind what can be taken",
    ] {
        assert!(ran.err.contains(said), "{said}: {ran:?}");
    }
    let ran =
        convert(&[&[fixtures().join("apache/site.conf").to_str().unwrap()], &base[..]].concat());
    let host = |host: &str| {
        format!(
            "{host}/about https://corp.example/about 301 query=keep\n\
             {host}/about/* https://corp.example/about/:splat 301 query=keep\n"
        )
    };
    assert!(ran.out.contains("www.example.com/go/summer https://shop.example/summer query=keep\n"));
    assert!(
        ran.out.contains("example.com/go/:p1 https://www.example.com/ query=keep\n"),
        "{ran:?}"
    );
    for line in host("www.example.com").lines().chain(host("example.com").lines()) {
        assert!(ran.out.lines().any(|it| it == line), "{line}: {ran:?}");
    }
    // The file of a map is watched and read as one that is included.
    let broken = folder.file(
        "a.conf",
        "RewriteEngine on\nRewriteMap m txt:none\nRewriteRule ^/(.*)$ ${m:$1|/} [R]\n",
    );
    let ran = convert(&[&broken, "--base=https://b.example"]);
    assert!(
        ran.code == Some(1) && ran.err.contains("a.conf:3: the map none: cannot read"),
        "{ran:?}"
    );
}

#[test]
fn sites_of_vercel_firebase_and_netlify() {
    check(
        "vercel/vercel.json",
        1,
        "/sale https://shop.example/sale 307 query=keep nocase\n\
         /blog/:slug https://blog.example/:slug 308 query=keep nocase\n\
         /docs/* https://docs.example/:splat 301 query=keep nocase\n\
         /docs https://docs.example/ 301 query=keep nocase\n\
         /post/:id(int) https://blog.example/:id 308 query=keep nocase\n",
    );
    check(
        "firebase/firebase.json",
        1,
        "/sale https://shop.example/sale query=keep\n/sale/ https://shop.example/sale query=keep\n\
         /blog/:p1 https://blog.example/:p1 301 query=keep nocase\n\
         /blog/:p1/ https://blog.example/:p1 301 query=keep nocase\n\
         /old https://www.example.com/ 301 query=keep\n/old/* https://www.example.com/ 301 query=keep\n\
         /r/* https://r.example/:splat 301 query=keep\n",
    );
    check(
        "netlify-toml/netlify.toml",
        1,
        "/sale https://shop.example/sale query=keep\n/sale/ https://shop.example/sale query=keep\n\
         /docs/* https://docs.example/:splat 301 query=keep\n/docs https://docs.example/ 301 query=keep\n\
         /store?id=* https://shop.example/p/{query:id} 301\n/store/?id=* https://shop.example/p/{query:id} 301\n",
    );
    let refused = |file: &str, said: &str| {
        let file = fixtures().join(file);
        let ran = convert(&[file.to_str().unwrap()]);
        assert!(ran.code == Some(1) && ran.err.contains(said), "{said}: {ran:?}");
    };
    refused("vercel/vercel.json", "vercel.json:8: no key can ask for its condition (`header`)");
    refused("firebase/firebase.json", "firebase.json:9: no key stands for the glob `/img/@(a|b)`");
    refused(
        "netlify-toml/netlify.toml",
        "netlify.toml:20: Role= is nothing that can be asked here",
    );
}

#[test]
fn caddy_and_s3() {
    check(
        "caddy/Caddyfile",
        1,
        "www.example.com/* https://example.com/:splat 301 query=keep\n\
         example.com/old/:p1 https://archive.example/:p1 301\n\
         example.com/docs/* https://docs.example/docs/:splat 308 query=keep nocase\n\
         example.com/sale https://shop.example/sale nocase\n",
    );
    check("s3/website.json", 1, "/docs/* https://docs.example/v2/:splat 301\n");
    check("s3/website.xml", 1, "/* https://www.example.com/:splat 301\n");
    let refused = |file: &str, said: &str| {
        let file = fixtures().join(file);
        let ran = convert(&[file.to_str().unwrap()]);
        assert!(ran.code == Some(1) && ran.err.contains(said), "{said}: {ran:?}");
    };
    refused("caddy/Caddyfile", "Caddyfile:15: it stands in `handle`");
    refused("s3/website.json", "website.json:8: it answers where S3 has an error 404");
}

/// What an API answers is one document, with its objects in a list.
#[test]
fn whole_json_documents() {
    check(
        "bitly/bitlinks.json",
        0,
        "go.example/3xyz https://example.com/landing 301 tag=spring\n\
         go.example/spring https://example.com/landing 301 tag=spring\n",
    );
    let folder = Folder::new();
    let list = folder.file(
        "list.json",
        "[\n {\"source\": \"/a\",\n  \"target\": \"https://a.example/\"},\n {\"source\": \"b\", \"target\": \"ftp://b.example/\"}\n]\n",
    );
    let ran = convert(&[&list, "--on-bad-line=skip"]);
    assert_eq!((ran.code, &*ran.out), (Some(1), "/a https://a.example/\n"), "{ran:?}");
    assert!(ran.err.contains("list.json:4: "), "{ran:?}");
    let unknown = folder.file("what.json", "{\n  \"groups\": [],\n  \"plugin\": {}\n}\n");
    let ran = convert(&[&unknown]);
    let said = "what.json:1: the file is an object with the keys groups, plugin; carom reads";
    assert!(ran.code == Some(1) && ran.err.contains(said), "{ran:?}");
}

#[test]
fn shlink_exports() {
    check(
        "shlink/short_urls.csv",
        0,
        "s.test/abc123 https://example.com/a?x=1 query=override tag=news,may\n\
         other.test/sale https://example.com/sale query=override\n",
    );
    check(
        "shlink/api.ndjson",
        1,
        "s.test/12C18 https://example.com/ query=override from=2024-01-01T00:00:00Z\n",
    );
}

#[test]
fn yourls_and_bitly_exports() {
    let want = "/ozh http://ozh.org/ 301\n/ozh/ http://ozh.org/ 301\n\
                /yourls https://yourls.org/?a=1,2 301\n/yourls/ https://yourls.org/?a=1,2 301\n";
    check("yourls/urls.csv", 0, want);
    check(
        "bitly/links.csv",
        1,
        "go.example/3xyz https://example.com/landing 301 tag=spring,email\n\
         go.example/spring https://example.com/landing 301 tag=spring,email\n\
         /2abc https://example.com/other 301\n",
    );
}

#[test]
fn dub_exports() {
    check(
        "dub/links.csv",
        0,
        "d.example/sale https://shop.example/sale?utm_source=x query=override tag=spring,e-mail nocase\n\
         d.example/docs/api https://docs.example/ query=override nocase\n",
    );
}

/// Vercel's bulk redirects: any case unless they say otherwise, and 307 or 308.
#[test]
fn vercel_bulk_redirects() {
    let folder = Folder::new();
    let file = folder.file(
        "redirects.csv",
        "source,destination,permanent,caseSensitive,preserveQueryParams\n\
         /A,https://a.example/,true,,true\n/B,https://b.example/,false,true,false\n",
    );
    let ran = convert(&[&file]);
    let want = "/a https://a.example/ 308 query=keep nocase\n/B https://b.example/ 307\n";
    assert_eq!((ran.code, &*ran.out), (Some(0), want), "{ran:?}");
}

#[test]
fn tables_whose_columns_are_named() {
    let folder = Folder::new();
    let file = folder.file("a.csv", "1,go,https://a.example/,x y\n");
    let ran = convert(&[&file, "--columns", "key=2,host=2,target=3"]);
    assert_eq!((ran.code, &*ran.out), (Some(0), "go/go https://a.example/\n"), "{ran:?}");
    let ran = convert(&[&file, "--columns", "key=2,host=2,target=3,tag=4"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("a.csv:1: the white space of `tag=x y` cannot stand"), "{ran:?}");
}

#[test]
fn a_summary_says_what_became_of_each_line() {
    let folder = Folder::new();
    let file = folder.file(
        "a.csv",
        "example.com/a,https://a.example/\nhttps://example.com/b,https://b.example/\nexample.com/c,ftp://c.example/\n",
    );
    let out = folder.path("out.txt");
    let changed = "carom answers every scheme, Cloudflare only https";
    let ran = convert(&[&file, "--from", "cloudflare", "-o", &out]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("nothing is written") && !Path::new(&out).exists(), "{ran:?}");
    assert!(ran.out.contains(&format!("changed: {file}:2: {changed}\n")), "{ran:?}");
    assert!(
        ran.out.contains(&format!("refused: {file}:3: the target begins with `ftp:`")),
        "{ran:?}"
    );
    assert!(
        ran.out.ends_with("2 links taken, 1 of them changed in meaning, 1 line refused\n"),
        "{ran:?}"
    );

    let ran = convert(&[&file, "--dry-run", "--json"]);
    let summary: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &summary["taken"]), (Some(1), &2.into()));
    assert_eq!(
        (&summary["changed"][0]["line"], &summary["refused"][0]["line"]),
        (&2.into(), &3.into())
    );
    assert_eq!(summary["is_written"], false);

    let ran = convert(&[&file, "-o", &out, "--on-bad-line", "skip"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let want = "example.com/a https://a.example/ 301\nexample.com/b https://b.example/ 301\n";
    assert_eq!(folder.read("out.txt"), want);
    let names: Vec<_> = fs::read_dir(folder.0.path()).unwrap().collect();
    assert_eq!(names.len(), 2, "nothing is left aside: {names:?}");
}

/// A minified file has one line, and each rule of it that is refused is named and counted.
#[test]
fn each_refused_rule_of_a_line_is_told() {
    let folder = Folder::new();
    let refused = |name: &str, text: &str, parts: &[&str]| {
        let ran = convert(&["--dry-run", &folder.file(name, text)]);
        let said = ran.out.matches("refused: ").count();
        assert_eq!((ran.code, said), (Some(1), parts.len()), "{ran:?}");
        assert!(ran.out.ends_with(&format!(" {} lines refused\n", parts.len())), "{ran:?}");
        for part in parts {
            assert!(ran.out.contains(&format!("{name}:1: {part}")), "{part}: {ran:?}");
        }
    };
    let rule = |source: &str, more: &str| {
        format!(r#"{{"source":"{source}","destination":"https://x.example/"{more}}}"#)
    };
    let rules = [
        rule(r"/c/:id(\\d{4})", ""),
        rule("/ok", ""),
        rule(r"/e/:id(\\d{4})", ""),
        rule("/f", r#","missing":[1]"#),
        rule("/g", r#","missing":[1]"#),
    ];
    refused(
        "vercel.json",
        &format!(r#"{{"redirects":[{}]}}"#, rules.join(",")),
        &[
            r"the redirect of /c/:id(\d{4}): ",
            r"the redirect of /e/:id(\d{4}): ",
            "the redirect of /f: no key can ask for its condition (`missing`)",
            "the redirect of /g: no key can ask for its condition (`missing`)",
        ],
    );
    let rules = [rule("/c[ab]", ""), rule("/e[ab]", "")].join(",");
    refused(
        "firebase.json",
        &format!(r#"{{"hosting":{{"redirects":[{rules}]}}}}"#),
        &["the redirect of /c[ab]: no key stands", "the redirect of /e[ab]: no key stands"],
    );
    refused(
        "n.conf",
        "map $uri $t { a b; c d; /e https://x.example/; }\n",
        &["no path is `a`", "no path is `c`"],
    );
}

#[test]
fn what_cannot_be_done() {
    let folder = Folder::new();
    let file = folder.file("a.txt", "/a https://a.example/\n");
    let ran = convert(&[&folder.path("none")]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let ran = convert(&[&file, "-o", &folder.path("none/out")]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("cannot create"), "{ran:?}");
    let ran = convert(&[&file, "--from", "cloudfront"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("not a KeyValueStore's file"), "{ran:?}");
    assert_eq!(diff(&[&file, &folder.path("none")]).code, Some(2));
    let bad = folder.file("bad.txt", "/a\n");
    assert_eq!(diff(&[&file, &bad]).code, Some(2));
    assert_eq!(diff(&[&file, &bad, "--on-bad-line=skip"]).code, Some(1));
}

#[test]
fn differences_of_two_files() {
    let folder = Folder::new();
    let old = folder.file("old.txt", "/a https://a.example/\n/b https://b.example/ 301\n/c 410\n");
    let new = folder.file(
        "new.csv",
        "source,target,status\n/d,https://d.example/,\n/b,https://b.example/,302\n/a,https://a.example/,302\n",
    );
    let ran = diff(&[&old, &old]);
    assert_eq!((ran.code, &*ran.out), (Some(0), "0 added, 0 removed, 0 changed, 3 the same\n"));
    let ran = diff(&[&old, &new]);
    assert_eq!((ran.code, &*ran.err), (Some(1), ""), "{ran:?}");
    let mut lines: Vec<_> = ran.out.lines().collect();
    assert_eq!(lines.pop(), Some("1 added, 1 removed, 1 changed, 1 the same"));
    lines.sort_unstable();
    assert_eq!(
        lines,
        ["+ /d https://d.example/", "- /c 410", "~ /b https://b.example/ 301 → https://b.example/"]
    );
    let ran = diff(&[&old, &new, "--json"]);
    let lines: Vec<Value> = ran.out.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!((lines.len(), &lines[3]["same"]), (4, &1.into()));
    let added = lines.iter().find(|it| it["key"] == "/d").unwrap();
    assert_eq!((&added["after"], &added["before"]), (&"https://d.example/".into(), &Value::Null));
}

/// New and changed links stand in the order of the new file, then those that are gone in
/// the order of the old one.
#[test]
fn differences_have_the_order_of_the_files() {
    let folder = Folder::new();
    let (mut old, mut new) = (String::new(), String::new());
    let mut want = Vec::new();
    for number in 0..100 {
        old += &format!("/gone/{number} 410\n/kept/{number} 410\n/changed/{number} 410\n");
        new += &format!(
            "/new/{number} 410\n/changed/{number} https://a.example/\n/kept/{number} 410\n"
        );
        want.push(format!("+ /new/{number} 410"));
        want.push(format!("~ /changed/{number} 410 → https://a.example/"));
    }
    want.extend((0..100).map(|number| format!("- /gone/{number} 410")));
    want.push("100 added, 100 removed, 100 changed, 100 the same".to_owned());
    let ran = diff(&[&folder.file("old.txt", &old), &folder.file("new.txt", &new)]);
    assert_eq!(ran.out.lines().collect::<Vec<_>>(), want);
}

/// A compiled table is compared as what it was made of.
#[test]
fn differences_of_a_compiled_table() {
    let folder = Folder::new();
    let old = folder.file("old.txt", "/a https://a.example/\n/b 410\n");
    let (table, new) = (folder.path("old.table"), folder.file("new.txt", "/a 410\n/b 410\n"));
    assert_eq!(carom(["links", "compile", &old, "-o", &table]).code, Some(0));
    let want = "~ /a https://a.example/ → 410\n0 added, 0 removed, 1 changed, 1 the same\n";
    assert_eq!(diff(&[&table, &new]).out, want);
    assert_eq!(diff(&[&table, &old]).code, Some(0));
}

/// The old links wait in a file that nobody else sees.
#[test]
fn differences_leave_nothing_behind() {
    let folder = Folder::new();
    let file = folder.file("a.txt", "/a https://a.example/\n");
    let compare_in = |folder: &str| {
        ended(bare().env("TMPDIR", folder).args(["links", "diff", &file, &file]).spawn().unwrap())
    };
    let empty = folder.path("empty");
    fs::create_dir(&empty).unwrap();
    assert_eq!(compare_in(&empty).code, Some(0));
    assert_eq!(fs::read_dir(&empty).unwrap().count(), 0);
    let ran = compare_in(&folder.path("none"));
    assert_eq!((ran.code, &*ran.out), (Some(2), ""), "{ran:?}");
    assert!(ran.err.contains("temporary file in ") && ran.err.contains("TMPDIR"), "{ran:?}");
}

/// Native and CSV say the same of 32,612 links of a government.
#[test]
fn real_files_go_to_native_and_back() {
    let Some(data) = shared_data() else { return };
    let folder = Folder::new();
    for name in ["businesslink_piplinks", "directgov", "number10", "treasury"] {
        let file = data.join("govuk").join(name).with_extension("csv");
        let file = file.to_str().unwrap();
        let (native, back, again) =
            (folder.path("a.txt"), folder.path("b.csv"), folder.path("c.txt"));
        let ran = convert(&[file, "-o", &native, "--on-bad-line=skip"]);
        assert!(ran.code == Some(0) || ran.out.contains("refused: "), "{ran:?}");
        assert_eq!(convert(&[&native, "--to=csv", "-o", &back]).code, Some(0));
        assert_eq!(convert(&[&back, "-o", &again]).code, Some(0));
        assert_eq!(folder.read("a.txt"), folder.read("c.txt"), "{name}");
        let ran = diff(&[file, &back, "--on-bad-line=skip"]);
        assert_eq!(ran.code, Some(0), "{name}: {}", ran.out);
        assert!(ran.out.starts_with("0 added, 0 removed, 0 changed, "), "{}", ran.out);
    }
}
