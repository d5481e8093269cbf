//! `carom links check` and `serve` on good and bad link files: what is said, where,
//! and with which exit code.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::{Client, Engine, Ran, Setup, carom};

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

#[test]
fn defaults_hold_for_links_that_say_nothing_else() {
    let file =
        links("/a https://a.example/\n!default slash=ignore cache=5\n/b https://b.example/ 301\n");
    let path = file.path.to_str().unwrap();
    let flags = ["--default", "status=308 nocase"];
    let ran = carom([&["links", "convert", path][..], &flags].concat());
    assert_eq!(
        ran.out,
        "/a https://a.example/ 308 nocase\n/b https://b.example/ 301 cache=5 nocase slash=ignore\n"
    );
    let ran = file.check(&["--json", "--default", "punctuation=ignore"]);
    let table = &serde_json::from_str::<Value>(&ran.out).unwrap()["table"];
    assert_eq!((&table["slash_ignored"], &table["punctuation_ignored"]), (&1.into(), &2.into()));
    let ran = file.check(&["--default", "301"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("`301` is no default; write name=value, as in status=301"), "{ran:?}");
    let other = file.folder.path().join("other.txt");
    std::fs::write(&other, "/a https://a.example/ 308\n/b/ https://b.example/ 301\n").unwrap();
    let ran = carom(["links", "diff", path, other.to_str().unwrap(), "--default", "status=308"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains("- /b slash=ignore https://b.example/ 301 cache=5"), "{ran:?}");
    assert!(!ran.out.contains("/a "), "{ran:?}");
}

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

#[test]
fn compiled_tables_are_checked_and_served() {
    let links = links(GOOD);
    let table = links.folder.path().join("links.table");
    let compile = |file: &Path| {
        carom([Path::new("links"), Path::new("compile"), file, Path::new("-o"), &table])
    };
    let ran = compile(&links.path);
    assert_eq!((ran.code, &*ran.err), (Some(0), ""), "{ran:?}");
    assert!(
        ran.out.contains("links.txt: 3 links\nwrote ")
            && ran.out.contains("links.table: 3 links, ")
    );
    let ran = carom([Path::new("links"), Path::new("check"), &table]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("links.table: 3 links\ncompiled 20"), "{ran:?}");
    assert!(ran.out.contains(", 1 gone\n"), "{ran:?}");
    // It stands alone, and is not made of itself.
    let ran = carom([Path::new("links"), Path::new("check"), &table, &links.path]);
    assert!(ran.code == Some(2) && ran.err.contains("which stands alone"), "{ran:?}");
    let ran = compile(&table);
    assert!(ran.code == Some(2) && ran.err.contains("is read and written"), "{ran:?}");
    // Bad lines leave what is there.
    let before = std::fs::read(&table).unwrap();
    std::fs::write(&links.path, bad(1)).unwrap();
    let ran = compile(&links.path);
    assert!(ran.code == Some(1) && ran.err.contains("nothing is written: 1 bad line"), "{ran:?}");
    assert_eq!(std::fs::read(&table).unwrap(), before);

    let mut setup = Setup::new(Engine::Epoll, "");
    setup.links = vec![table];
    let server = setup.start();
    let reply = Client::new(server.connect()).get("h.example", "/b").unwrap();
    assert_eq!((reply.status, reply.location.as_deref()), (301, Some("https://b.example/")));
    // A damaged one is refused, and says so.
    let mut bytes = before;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&links.path, bytes).unwrap();
    let ran = links.serve(&[]);
    assert!(ran.code == Some(1) && ran.err.contains("it is damaged: its index"), "{ran:?}");
}
