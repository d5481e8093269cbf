//! Tables as people have them: from spreadsheets, shops and content management systems, each
//! row taken, changed or refused, and nothing left out without a word.

use std::fs;

use serde_json::Value;

use crate::common::{Client, Engine, Ran, Setup, carom};

/// `links convert` of a file of this name and content.
fn convert(name: &str, content: &[u8], flags: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    let mut ran = carom(["links", "convert", path.to_str().unwrap()].iter().chain(flags));
    let folder = format!("{}/", folder.path().display());
    (ran.out, ran.err) = (ran.out.replace(&folder, ""), ran.err.replace(&folder, ""));
    ran
}

/// A file is taken whole as these native lines, as it was meant.
fn taken(content: &[u8], want: &str) {
    let ran = convert("a.csv", content, &[]);
    assert_eq!((ran.code, &*ran.out), (Some(0), want), "{ran:?}");
}

/// A table of one row: refused with these words.
fn refused(header: &str, row: &str, want: &str) {
    let ran = convert("a.csv", format!("{header}\n{row}\n").as_bytes(), &[]);
    assert_eq!((ran.code, &*ran.out), (Some(1), ""), "{row}: {ran:?}");
    assert!(ran.err.contains(&format!("refused: a.csv:2: {want}")), "{row}: {ran:?}");
}

/// A table of one row: changed with these words, and then this line.
fn changed(header: &str, row: &str, flags: &[&str], line: &str, want: &str) {
    let ran = convert("a.csv", format!("{header}\n{row}\n").as_bytes(), flags);
    assert_eq!((ran.code, &*ran.out), (Some(1), &*format!("{line}\n")), "{row}: {ran:?}");
    assert!(ran.err.contains(&format!("changed: a.csv:2: {want}")), "{row}: {ran:?}");
}

#[test]
fn what_parts_the_cells_is_told_from_the_file() {
    let want = "/a https://a.example/?b=1 301\n/c https://c.example/ 301\n";
    for mark in [",", ";", "\t", "|"] {
        let text =
            "source,target,status\n/a,https://a.example/?b=1,301\n/c,https://c.example/,301\n";
        taken(text.replace(',', mark).as_bytes(), want);
        let quoted = text.replace("source", "\"source\"").replace("/c,", "\"/c\",");
        taken(quoted.replace(',', mark).as_bytes(), want);
    }
    let comma = "/a https://a.example/?b=1,2\n";
    taken(b"source;target\r\n/a;https://a.example/?b=1,2\r\n", comma);
    taken(b"sep=;\r\nsource;target\r\n/a;https://a.example/?b=1,2\r\n", comma);
    taken(b"sep=^\r\nsource^target\r\n/a^https://a.example/?b=1,2\r\n", comma);
    refused("source,target", "/a,https://a.example/?b=1,2", "cell 3, `2`, has no column; quote");
}

#[test]
fn encodings_and_line_ends_of_spreadsheets() {
    let want = "/%C3%BC https://a.example/\n/b https://b.example/\n";
    let text = "source,target\n/%c3%bc,https://a.example/\n/b,https://b.example/\n";
    taken(format!("\u{feff}{text}").as_bytes(), want);
    taken(text.replace('\n', "\r\n").as_bytes(), want);
    taken(text.replace('\n', "\r").as_bytes(), want);
    taken(text.replace('\n', "\n\n").as_bytes(), want);
    taken(text.replace('\n', ",,\n").as_bytes(), want);
    taken(text.replace("source,target", "\" SOURCE \",\"Target\" ").as_bytes(), want);
    let tabs = format!("\u{feff}{}", text.replace(',', "\t").replace('\n', "\r\n"));
    for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
        let text: Vec<u8> = tabs.encode_utf16().flat_map(bytes).collect();
        taken(&text, want);
        assert_eq!(convert("a.tsv", &text, &[]).out, want);
        assert_eq!(convert("a.txt", &text, &["--format", "tsv"]).out, want);
    }
    let ran = convert("a.csv", b"s\0o\0u\0r\0c\0e\0", &[]);
    assert!(ran.code == Some(1) && ran.err.contains("save it as UTF-8"), "{ran:?}");
    let ran = convert("a.csv", b"source,target\n/\xfc,https://a.example/\n", &[]);
    assert!(ran.err.contains("a.csv:2: the key is not UTF-8; save the file as UTF-8"), "{ran:?}");
}

#[test]
fn rows_are_named_by_their_lines() {
    for end in ["\n", "\r\n", "\r"] {
        let text = "sep=;\n\nsource;target\n/a;https://a.example/\n\n/b;x\n".replace('\n', end);
        let ran = convert("a.csv", text.as_bytes(), &[]);
        assert!(ran.err.contains("refused: a.csv:6: the target `x` is not absolute"), "{ran:?}");
    }
}

#[test]
fn a_quote_left_open_is_named_by_its_line() {
    let ran = convert(
        "a.csv",
        b"from;to;note\n/a;https://a.example/;\"x\n/b;https://b.example/;y\n",
        &[],
    );
    let want = "refused: a.csv:2: a quote is opened here and not closed; line 3 would be a part";
    assert!(ran.code == Some(1) && ran.err.contains(want), "{ran:?}");
    let text = "from\tto\tnote\n/a\thttps://a.example/\t\"x\n/b\thttps://b.example/\t27\" y\n";
    let ran = convert("a.tsv", text.as_bytes(), &[]);
    let want = "/a https://a.example/\n/b https://b.example/\n";
    assert_eq!((ran.code, &*ran.out), (Some(0), want), "{ran:?}");
}

#[test]
fn columns_that_are_not_read_are_named_once() {
    let text =
        b"source,Title,target,Created by\n/a,x,https://a.example/,me\n/b,y,https://b.example/,me\n";
    let want = "note: a.csv:1: columns are not read: `Title`, `Created by`\n";
    let ran = convert("a.csv", text, &[]);
    assert_eq!((ran.code, ran.err.matches(want).count()), (Some(0), 1), "{ran:?}");
    let ran = convert("a.csv", text, &["--json", "--dry-run"]);
    let summary: Value = serde_json::from_str(&ran.out).unwrap();
    let note = &summary["notes"][0];
    assert_eq!((&note["line"], summary["notes"].as_array().map(Vec::len)), (&1.into(), Some(1)));
    assert!(note["message"].as_str().unwrap().contains("`Created by`"), "{ran:?}");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap();
    let ran = carom(["links", "check", path]);
    assert!(
        ran.err.ends_with(
            want.strip_prefix("note: a")
                .unwrap()
                .replacen(".csv:1: ", "a.csv:1: note: ", 1)
                .as_str()
        ),
        "{ran:?}"
    );
    let ran = carom(["links", "check", "--json", path]);
    let summary: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(summary["notes"][0]["line"], 1, "{ran:?}");
}

#[test]
fn options_of_a_link_are_columns() {
    taken(
        b"key,target,status,query,nocase,cache,referrer,until,else,tag\n\
          /A,https://a.example/,301,keep,yes,60,origin,2027-01-01T00:00:00Z,https://b.example/,x\n\
          /b,https://b.example/,,,,,,,,\n",
        "/a https://a.example/ 301 query=keep cache=60 referrer=origin until=2027-01-01T00:00:00Z \
         else=https://b.example/ tag=x nocase\n/b https://b.example/\n",
    );
    let row = "/a,https://a.example/,maybe";
    refused("source,target,query", row, "query=maybe is not known");
    refused("source,target,cache", row, "cache=maybe");
    refused("source,target,nocase", row, "nocase is `maybe`; write true or false");
    // An id is mostly the number of a row; it has to be wished.
    let text = b"id,source,target\n7,/a,https://a.example/\n";
    assert!(convert("a.csv", text, &[]).err.contains("a column is not read: `id`"));
    let ran = convert("a.csv", text, &["--columns", "key=source,target=target,id=id"]);
    assert_eq!(ran.out, "/a https://a.example/ id=7\n", "{ran:?}");
}

#[test]
fn conditions_that_are_not_understood_refuse_the_row() {
    let check = |column: &str, value: &str, want: &str| {
        let header = format!("source,target,{column}");
        refused(&header, &format!("/a,https://a.example/,{value}"), want);
    };
    check("regex", "1", "`/a` is an expression (the column regex)");
    check("enabled", "no", "the row is switched off; leave it out");
    check("active", "sometimes", "enabled is `sometimes`; write true or false");
    check("disabled", "TRUE", "the row is switched off");
    check("status", "inactive", "the row is switched off");
    check("match", "referrer", "the row answers only where match is `referrer`");
    check("has", "cookie", "the row answers only where has is `cookie`");
    check("missing", "x", "the row answers only where missing is `x`");
    check("country", "DE", "the row answers only where country is `DE`");
    check("language", "de", "the row answers only where language is `de`");
    check("device", "mobile", "the row answers only where device is `mobile`");
    check("weight", "50", "the row answers only where weight is `50`");
    check("browser", "Firefox", "the row answers only where browser is `Firefox`");
    check("cookie", "a", "the row answers only where cookie is `a`");
    check("role", "editor", "the row answers only where role is `editor`");
    check("type", "random", "type is `random`, and what that does is not known here");
    check("max clicks", "100", "the row ends after visit 100");
    check("password", "secret", "the row asks for a password first");
    for (column, value) in [
        ("regex", "0"),
        ("enabled", "true"),
        ("enabled", "always"),
        ("active", "WAHR"),
        ("disabled", ""),
        ("match", "url"),
        ("has", "[]"),
        ("country", "all"),
        ("language", "*"),
        ("device", "any"),
        ("weight", "100"),
        ("type", "url"),
        ("max clicks", "0"),
        ("status", "active"),
    ] {
        let text = format!("source,target,{column}\n/a,https://a.example/,{value}\n");
        taken(text.as_bytes(), "/a https://a.example/\n");
    }
}

#[test]
fn conditions_hold_where_columns_are_named() {
    let text = b"Kurz;Ziel;enabled;note\na;https://a.example/;0;x\nb;https://b.example/;1;\n";
    let flags = ["--columns", "key=kurz,target=ziel", "--on-bad-line=skip"];
    let ran = convert("a.csv", text, &flags);
    assert_eq!((ran.code, &*ran.out), (Some(1), "/b https://b.example/\n"), "{ran:?}");
    assert!(ran.err.contains("refused: a.csv:2: the row is switched off"), "{ran:?}");
    assert!(ran.err.contains("note: a.csv:1: a column is not read: `note`"), "{ran:?}");
    let line = br#"{"k":"/a","t":"https://a.example/","country":["DE"]}"#;
    let ran = convert("a.ndjson", line, &["--columns", "key=k,target=t"]);
    assert!(ran.err.contains("refused: a.ndjson:1: the row answers only where country"), "{ran:?}");
}

/// What plugins and shops hand out.
#[test]
fn tables_of_known_programs() {
    // Rank Math
    taken(
        b"id,source,matching,destination,type,category,status,ignore\n1,old-page,exact,https://a.example/,301,,active,case\n",
        "/old-page https://a.example/ 301 nocase\n",
    );
    refused(
        "id,source,matching,destination,type,category,status,ignore",
        "1,old,contains,https://a.example/,301,,active,",
        "the row answers only where match is `contains`",
    );
    // Yoast
    taken(
        b"Origin,Target,Type,Format\nold,https://a.example/,301,plain\n",
        "/old https://a.example/ 301\n",
    );
    refused(
        "Origin,Target,Type,Format",
        "o.d,https://a.example/,301,regex",
        "`o.d` is an expression",
    );
    // Shopify
    let ran = convert(
        "a.csv",
        b"Redirect from,Redirect to\n/old,/new\n",
        &["--base", "https://a.example"],
    );
    assert_eq!((ran.code, &*ran.out), (Some(0), "/old https://a.example/new\n"), "{ran:?}");
    refused(
        "Redirect from,Redirect to",
        "/old,/new",
        "the target `/new` is only a path; say of which host",
    );
}

#[test]
fn slugs_get_their_slash_and_what_stands_before() {
    let text =
        b"slug,url\nsummer,https://a.example/\n/b,https://b.example/\nc.html,https://c.example/\n";
    taken(text, "/summer https://a.example/\n/b https://b.example/\n/c.html https://c.example/\n");
    let ran = convert("a.csv", text, &["--prefix", "/go/"]);
    let want =
        "/go/summer https://a.example/\n/go/b https://b.example/\n/go/c.html https://c.example/\n";
    assert_eq!((ran.code, &*ran.out), (Some(0), want), "{ran:?}");
    let ran = convert("a.csv", text, &["--prefix", "/go", "--host", "Go.example"]);
    assert!(
        ran.out.starts_with("go.example/go/summer https://a.example/\ngo.example/go/b "),
        "{ran:?}"
    );
    let text = b"source,target\nhttps://x.example/a,https://a.example/\nx.example/b,https://b.example/\n/c,https://c.example/\n";
    let ran = convert("a.csv", text, &["--prefix=/go/", "--host=go.example"]);
    let want = "x.example/a https://a.example/\nx.example/b https://b.example/\ngo.example/go/c https://c.example/\n";
    assert_eq!(ran.out, want, "{ran:?}");
    changed(
        "source,target",
        "blog/x,https://a.example/",
        &[],
        "/blog/x https://a.example/",
        "`blog/x` is taken for the path `/blog/x`",
    );
    refused(
        "source,target",
        "shop.html,https://a.example/",
        "the key `shop.html` has no path; write /shop.html",
    );
    // Of every format.
    let ran = convert("a.txt", b"/x https://a.example/\n", &["--prefix=/go/", "--host=go.example"]);
    assert_eq!((ran.code, &*ran.out), (Some(0), "go.example/go/x https://a.example/\n"), "{ran:?}");
    for flags in [["--prefix", "go"], ["--host", "a/b"], ["--tz", "Berlin"]] {
        let ran = convert("a.csv", text, &flags);
        assert!(ran.code == Some(2) && ran.err.contains(flags[1]), "{ran:?}");
    }
}

#[test]
fn spaces_and_umlauts_are_encoded_and_said() {
    changed(
        "source,target",
        "/a,https://a.example/größe x?y=ä",
        &[],
        "/a https://a.example/gr%C3%B6%C3%9Fe%20x?y=%C3%A4",
        "the target is written `https://a.example/gr%C3%B6%C3%9Fe%20x?y=%C3%A4`",
    );
    changed(
        "source,target",
        "/a,https://bücher.example/",
        &[],
        "/a https://xn--bcher-kva.example/",
        "the target is written `https://xn--bcher-kva.example/`",
    );
    changed(
        "source,target",
        "/über uns,https://a.example/",
        &[],
        "/%C3%BCber%20uns https://a.example/",
        "the key is written `/%C3%BCber%20uns`",
    );
    refused("source,target", "/a,https://a.example/ https://b.example/", "write %20 for the space");
}

#[test]
fn times_as_people_write_them() {
    let header = "source,target,start date,expires";
    let text = format!("{header}\n/a,https://a.example/,2026-12-01,31.12.2026 18:00\n");
    let ran = convert("a.csv", text.as_bytes(), &["--tz", "Europe/Berlin"]);
    let want = "/a https://a.example/ from=2026-11-30T23:00:00Z until=2026-12-31T17:00:00Z\n";
    assert_eq!((ran.code, &*ran.out), (Some(0), want), "{ran:?}");
    let ran = convert("a.csv", text.as_bytes(), &[]);
    assert!(
        ran.err.contains(
            "a.csv:2: from is `2026-12-01`, and of which time zone is not said; say it with --tz"
        ),
        "{ran:?}"
    );
    changed(
        "source,target,valid until",
        "/a,https://a.example/,2026-07-01",
        &["--tz=Europe/Berlin"],
        "/a https://a.example/ until=2026-06-30T22:00:00Z",
        "the link ends as 2026-07-01 begins, at 2026-07-01T00:00:00+02:00",
    );
    refused(
        "source,target,expiry date",
        "/a,https://a.example/,12/01/2026",
        "until is `12/01/2026`; write a time such as 2026-12-01",
    );
    refused("source,target,ends at", "/a,https://a.example/,soon", "until is `soon`; write a time");
    taken(
        b"source,target,until\n/a,https://a.example/,2026-12-01 10:00:00Z\n",
        "/a https://a.example/ until=2026-12-01T10:00:00Z\n",
    );
}

#[test]
fn a_file_without_a_header_row() {
    let ran = convert("a.csv", b"/a,https://a.example/\n/b,https://b.example/\n", &[]);
    let want = "/a https://a.example/\n/b https://b.example/\n";
    assert_eq!((ran.code, &*ran.out), (Some(0), want), "{ran:?}");
    assert!(
        ran.err.contains("note: a.csv:1: there is no header row; the columns are taken for"),
        "{ran:?}"
    );
    taken(b"/a;https://a.example/?b=1,2;301\n", "/a https://a.example/?b=1,2 301\n");
    taken(b"summer;https://a.example/\n", "/summer https://a.example/\n");
    let ran = convert("a.csv", b"/a;https://a.example/;hello;x\n", &[]);
    assert!(ran.err.contains("columns are not read: `3`, `4`"), "{ran:?}");
    let ran = convert("a.csv", b"name,number\nx,1\n", &[]);
    assert!(ran.code == Some(1) && ran.err.contains("the header has no source column"), "{ran:?}");
}

/// The server, and what it is to stage, are read with the flags that they are given.
#[test]
fn a_server_reads_tables_with_the_same_flags() {
    let mut setup = Setup::new(Engine::Epoll, "");
    let table = setup.folder.path().join("a.csv");
    fs::write(&table, "slug;url;expires\nx;https://a.example/;2999-12-01 10:00\n").unwrap();
    setup.links = vec![table.clone()];
    setup.flags.extend(["--prefix=/go/", "--host=go.example", "--tz=+01:00"].map(str::to_owned));
    let server = setup.start();
    let answer = |path: &str| {
        let reply = Client::new(server.connect()).get("go.example", path).unwrap();
        reply.location.unwrap_or_else(|| reply.status.to_string())
    };
    assert_eq!(
        (&*answer("/go/x"), &*answer("/x"), &*answer("/to/x")),
        ("https://a.example/", "404", "404")
    );
    let clicks = server.setup.clicks_folder();
    let run = |words: &[&str]| {
        let words = [&["links"], words, &["--clicks", clicks.to_str().unwrap()]].concat();
        let ran = carom(&words);
        assert_eq!(ran.code, Some(0), "{words:?} {ran:?}");
    };
    let table = table.to_str().unwrap();
    run(&["stage", table, "--prefix", "/to", "--host", "*.example", "--tz", "Europe/Berlin"]);
    run(&["promote"]);
    assert_eq!((&*answer("/go/x"), &*answer("/to/x")), ("404", "https://a.example/"));
}
