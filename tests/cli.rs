//! The commands as a person or a program meets them: what they print, where, and
//! with which exit code.

mod common;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use common::{Client, Engine, Ran, Server, Setup, bare, carom, ended};
use serde_json::Value;

/// A folder with one link file.
struct Links {
    folder: tempfile::TempDir,
    path: PathBuf,
}

fn links(text: &str) -> Links {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("links.txt");
    std::fs::write(&path, text).unwrap();
    Links { folder, path }
}

impl Links {
    fn check(&self, flags: &[&str]) -> Ran {
        carom(["links", "check"].iter().chain(flags).map(Path::new).chain([&*self.path]))
    }

    /// `serve` where it is not expected to begin.
    fn serve(&self, flags: &[&str]) -> Ran {
        let clicks = self.folder.path().join("clicks");
        let own = ["--listen", "127.0.0.1:0", "--engine", "epoll", "--clicks"];
        let flags = own.iter().map(Path::new).chain([&*clicks]).chain(flags.iter().map(Path::new));
        let ran = carom([Path::new("serve"), &*self.path].into_iter().chain(flags));
        assert!(!clicks.exists(), "nothing is touched");
        ran
    }

    /// A bad line as it is told.
    fn at(&self, line: usize, message: &str) -> String {
        format!("{}:{line}: {message}", self.path.display())
    }
}

const GOOD: &str = "/a https://a.example/\nh.example/b https://b.example/ 301\n/c 410\n";

/// That many bad lines, after one that is good.
fn bad(count: usize) -> String {
    format!("/good https://a.example/\n{}", "/z nowhere\n".repeat(count))
}

const NOWHERE: &str = "the target `nowhere` is not absolute; write https://host/path";

#[test]
fn good_links_are_counted() {
    let ran = links(GOOD).check(&[]);
    assert_eq!((ran.code, &*ran.err), (Some(0), ""));
    assert!(ran.out.contains("links.txt: 3 links\n") && ran.out.contains(", 1 gone\n"), "{ran:?}");
}

#[test]
fn bad_links_are_listed_and_refused() {
    let links = links(&bad(2));
    let ran = links.check(&[]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(ran.err, format!("{}\n{}\n", links.at(2, NOWHERE), links.at(3, NOWHERE)));
    assert!(ran.out.contains("1 link, 2 bad lines\nrefused: 2 bad lines; mend "), "{ran:?}");
}

#[test]
fn bad_links_are_left_out_where_that_is_wished() {
    let links = links(&bad(2));
    let ran = links.check(&["--on-bad-line", "skip"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.err.contains(&links.at(3, NOWHERE)), "{ran:?}");
    assert!(ran.out.contains("total: 1 link,") && ran.out.contains("left out: 2 bad lines\n"));
}

#[test]
fn twenty_bad_lines_are_shown_and_the_rest_counted() {
    let links = links(&bad(23));
    for ran in [links.check(&[]), links.serve(&[])] {
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert_eq!(ran.err.matches("links.txt:").count(), 20, "{ran:?}");
        let last = format!("{}\n… and 3 more bad lines\n", links.at(21, NOWHERE));
        assert!(ran.err.contains(&last), "{ran:?}");
    }
    assert_eq!(links.check(&["--all"]).err.matches("links.txt:").count(), 23);
}

#[test]
fn json_is_for_programs() {
    let links = links(&bad(23));
    let ran = links.check(&["--json"]);
    assert_eq!((ran.code, &*ran.err), (Some(1), ""));
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let problems = report["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 23);
    assert_eq!(problems[22]["file"], links.path.to_str().unwrap());
    assert_eq!((&problems[22]["line"], &problems[22]["message"]), (&24.into(), &NOWHERE.into()));
    assert_eq!(report["table"], Value::Null);

    let ran = links.check(&["--json", "--on-bad-line", "skip"]);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &report["table"]["links"]), (Some(0), &1.into()));
}

#[test]
fn a_link_needs_no_file_of_its_own() {
    // One key in two files is one too many; the first is named.
    let (one, two) = (links(GOOD), links("/new https://n.example/\n/a https://b.example/\n"));
    let ran = carom([Path::new("links"), Path::new("check"), &one.path, &two.path]);
    let message =
        format!("/a is already defined at {}:1; remove one of them\n", one.path.display());
    assert_eq!((ran.code, ran.err), (Some(1), two.at(2, &message)));
}

#[test]
fn bad_links_are_not_served() {
    let links = links(&bad(2));
    let ran = links.serve(&[]);
    assert_eq!((ran.code, &*ran.out), (Some(1), ""));
    for words in [&*links.at(2, NOWHERE), &*links.at(3, NOWHERE), "--on-bad-line skip"] {
        assert!(ran.err.contains(words), "{words}\n{ran:?}");
    }
}

#[test]
fn the_rest_is_served_where_that_is_wished() {
    let mut server = Setup::new(Engine::Epoll, &bad(2)).flag("--on-bad-line", "skip").start();
    assert_eq!(server.started["bad_lines_left_out"], 2);
    assert_eq!(Client::new(server.connect()).get("h", "/good").unwrap().status, 302);
    assert_eq!(Client::new(server.connect()).get("h", "/z").unwrap().status, 404);
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("links.txt:2: ") && said.contains(", 2 bad lines left out"), "{said}");
}

#[test]
fn the_example_loads_cleanly() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/links.txt");
    let ran = carom([Path::new("links"), Path::new("check"), &example]);
    assert_eq!((ran.code, &*ran.err), (Some(0), ""), "{}", ran.out);
}

/// A command that cannot read what it is given.
fn check_refusal(arguments: &[&str], code: i32, words: &[&str]) {
    let ran = carom(arguments);
    assert_eq!((ran.code, &*ran.out), (Some(code), ""), "{ran:?}");
    for words in words {
        assert!(ran.err.contains(words), "{words}\n{ran:?}");
    }
    assert!(ran.err.starts_with("carom: ") || ran.err.starts_with("error: "), "{ran:?}");
    assert!(!ran.err.contains("panicked"), "{ran:?}");
}

#[test]
fn unreadable_paths_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    let missing = &*format!("{folder}/missing");
    let file = &*format!("{folder}/file");
    std::fs::write(file, "x").unwrap();
    let no_file = "No such file or directory";

    check_refusal(
        &["links", "check", missing],
        2,
        &["cannot read the link file", missing, no_file],
    );
    check_refusal(&["links", "check", folder], 2, &["cannot read the link file", folder]);
    check_refusal(&["serve", missing], 1, &["error: cannot read the link file", missing, no_file]);
    check_refusal(&["clicks", "cat", missing], 2, &["cannot read", missing, no_file]);
    check_refusal(&["clicks", "cat", "--follow", file], 2, &["cannot follow", file]);
    // What is no segment is said to be none.
    check_refusal(&["clicks", "cat", file], 2, &[file]);

    let links = links(GOOD);
    let ran = carom([Path::new("serve"), &links.path, Path::new("--clicks"), Path::new(file)]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("click folder") && ran.err.contains(file), "{ran:?}");
}

#[test]
fn clicks_are_asked_for_in_words_that_are_understood() {
    let check = |flag: &str, value: &str, words: &str| {
        for command in ["cat", "stats"] {
            check_refusal(&["clicks", command, "clicks", flag, value], 2, &[flag, value, words]);
        }
    };
    check("--since", "13:00", "how long ago, such as 15m, 2h or 7d");
    check("--until", "1mo", "2026-11-22T13:00:00Z");
    check("--link", "summer-deal", "such as /go/summer-deal");
    check("--link", "/go/x#y", "the key has a fragment");
    check("--verdict", "lost", "possible values: redirect, unknown, gone");
    let follow = ["clicks", "cat", "clicks", "--follow", "--until", "2h"];
    check_refusal(&follow, 2, &["'--follow' cannot be used with '--until"]);
}

#[test]
fn wrong_arguments_say_what_would_be_right() {
    let check = |flag: &str, value: &str, words: &str| {
        check_refusal(&["serve", "links.txt", flag, value], 2, &[flag, value, words]);
    };
    check("--listen", "localhost", "write an IP address and a port: 127.0.0.1:8080");
    check("--cores", "0", "leave --cores out to use all");
    check("--engine", "mio", "possible values: auto, io_uring, epoll");
    check("--fallback", "/home", "write https://host/path");
    check("--fallback", "https://a.example/:splat", "only a /* link can");
    check("--format", "xml", "write one of native | nginx | haproxy");
    check("--columns", "key=1", "the columns of key and target are needed");
    check("--on-bad-line", "ignore", "write refuse or skip");
    check("--header-timeout", "10", "write a time with its unit: 10s, 250ms or 1m");
    check("--segment-size", "1KiB", "a segment is between");
    check("--segment-size", "big", "write a size with its unit: 64MiB or 1GiB");
    check("--node", "65536", "is not in 0..=65535");
    check("--fallback", "https://{clickid}.a/", "move it behind");
    check("--segment-age", "10ms", "shorter than 1s");
    check("--reserve", "0", "is not in 1..=64");
    check("--when-full", "wait", "possible values: drop, refuse");
    check("--ip", "none", "possible values: full, truncate, hash");
    check("--max-connections", "0", "is not in 1..=65536");
    check_refusal(&["serve"], 2, &["<LINKS>"]);
}

#[test]
fn help_has_every_default_and_variable() {
    let ran = carom(["serve", "--help"]);
    assert_eq!((ran.code, &*ran.err), (Some(0), ""));
    // A flag and what follows it up to the next, without the line breaks.
    let flat = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    let check = |flag: &str, default: &str| {
        let (_, rest) = flat.split_once(&format!(" --{flag}")).expect(flag);
        let help = rest.split(" --").next().unwrap();
        let variable = format!("[env: CAROM_{}=]", flag.to_uppercase().replace('-', "_"));
        assert!(rest.contains(&variable), "{flag}");
        assert!(help.contains(&format!("[default: {default}")), "{flag}: {help}");
    };
    check("listen", "127.0.0.1:8080]");
    check("cores", "all this process may use]");
    check("engine", "auto]");
    check("clicks", "./clicks]");
    check("fallback", "none");
    check("format", "as each file looks]");
    check("base", "they are refused]");
    check("columns", "by their names]");
    check("on-bad-line", "refuse]");
    check("header-timeout", "10s]");
    check("idle-timeout", "60s]");
    check("send-timeout", "30s]");
    check("drain-timeout", "10s]");
    check("max-connections", "65536]");
    check("node", "0]");
    check("click-key", ".state/click-key in the click folder]");
    check("backlog", "4096]");
    check("defer-accept", "5s]");
    check("segment-size", "128MiB]");
    check("segment-age", "5m]");
    check("reserve", "2]");
    check("sync-interval", "250ms]");
    check("when-full", "drop]");
    check("ip", "truncate]");
    assert!(flat.contains("[env: CAROM_LINKS=]") && flat.contains("[env: CAROM_JSON=]"));
}

/// A server that has stopped after these requests.
fn after(requests: usize) -> Server {
    let mut server = Setup::new(Engine::Epoll, GOOD).segments("16MiB").start();
    let mut client = Client::new(server.connect());
    let agent = "x".repeat(200);
    let request =
        format!("GET /a?n=1,2 HTTP/1.1\r\nHost: h.example\r\nUser-Agent: {agent}\r\n\r\n");
    for _ in 0..requests / 50 {
        client.send(request.repeat(50).as_bytes());
        (0..50).for_each(|_| drop(client.reply().unwrap()));
    }
    drop(client);
    assert_eq!(server.stop().0, Some(0));
    server
}

#[test]
fn clicks_as_csv() {
    let server = after(50);
    let folder = server.setup.clicks_folder();
    let ran = carom([Path::new("clicks"), Path::new("cat"), &folder, Path::new("--format=csv")]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.err, "carom: 50 clicks in 1 segment; nothing is missing\n");
    let mut reader = csv::Reader::from_reader(ran.out.as_bytes());
    let columns = reader.headers().unwrap().clone();
    let rows: Vec<_> = reader.records().map(|row| row.unwrap()).collect();
    assert_eq!(rows.len(), 50);
    // The same as the other format says.
    let json = &server.clicks().rows[49];
    for (column, cell) in columns.iter().zip(&rows[49]) {
        let want = match &json[column] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        assert_eq!(cell, want, "{column}");
    }
    assert_eq!(columns.iter().filter(|column| *column == "query").count(), 1);
    assert_eq!(&rows[49][12], "n=1,2");
}

#[test]
fn a_reader_that_has_seen_enough_ends_it_quietly() {
    // More than the buffers and the pipe hold together.
    let server = after(3_000);
    for format in ["--format=ndjson", "--format=csv"] {
        let mut command = bare();
        let mut child = command
            .args(["clicks", "cat", format])
            .arg(server.setup.clicks_folder())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        drop(out);
        let ran = ended(child);
        assert_eq!((ran.code, &*ran.err), (Some(0), ""), "{format}");
    }
}

#[test]
fn quiet_says_nothing() {
    let server = after(50);
    let folder = server.setup.clicks_folder();
    let ran = carom([Path::new("clicks"), Path::new("cat"), Path::new("-q"), &folder]);
    assert_eq!((ran.code, &*ran.err, ran.out.lines().count()), (Some(0), "", 50));
}
