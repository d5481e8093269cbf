//! History that can be read: changes in force, the log, undoing one change.

use serde_json::{Value, json};

use crate::common::{self, Server, Setup, carom, until};
use crate::{LINKS, both_engines, check, done, file, json, links, refused, replace, state};

const A: &str = "https://a.example/";
const B: &str = "https://b.example/";
const NEW: &str = "https://new.example/";

/// What the log says without the times: newest first.
fn log(server: &Server, words: &[&str]) -> Vec<Value> {
    json(server, &[&["log"], words].concat())["entries"].as_array().unwrap().clone()
}

/// Number and kind of each entry.
fn kinds(server: &Server, words: &[&str]) -> Vec<String> {
    let kind = |entry: &Value| format!("{} {}", entry["number"], entry["what"].as_str().unwrap());
    log(server, words).iter().map(kind).collect()
}

fn counts(added: u64, changed: u64, removed: u64) -> Value {
    json!({ "added": added, "changed": changed, "removed": removed })
}

/// Waits until the table of this generation is counted.
fn counted(server: &Server, generation: u64, want: &Value) {
    until("the table is counted", || {
        let entries = log(server, &[]);
        let entry = entries.iter().find(|entry| entry["number"] == generation);
        let counts = entry.unwrap()["counts"].clone();
        assert!(counts.is_null() || counts == *want, "{counts}");
        !counts.is_null()
    });
}

both_engines!(changes_in_force_are_listed, |engine| {
    let mut server = Server::start(engine, LINKS);
    assert_eq!(done(&server, &["changes"]), "generation 1, 0 changes over the files\n");
    done(&server, &["set", "/a", NEW, "307"]);
    done(&server, &["set", "/new", NEW]);
    done(&server, &["unset", "/b"]);
    // What is the same again is no newer for it.
    done(&server, &["set", "/a", NEW, "307"]);
    let want = |at: usize, generation: u32, old: Option<&str>, new: Option<&str>, list: &Value| {
        let change = &list["changes"][at];
        assert_eq!((&change["old"], &change["new"]), (&json!(old), &json!(new)), "{change}");
        assert_eq!(change["generation"], generation);
        assert!(change["who"].as_str().unwrap().contains("(uid "), "{change}");
        assert!(change["time"].as_str().unwrap().ends_with('Z'), "{change}");
    };
    // After a kill and a start, too.
    for serving in [4, 5] {
        let list = json(&server, &["changes"]);
        assert_eq!((&list["total"], &list["generation"]), (&json!(3), &json!(serving)));
        want(0, 2, Some("/a https://a.example/"), Some("/a https://new.example/ 307"), &list);
        want(1, 4, Some("/b https://b.example/ 301"), None, &list);
        want(2, 3, None, Some("/new https://new.example/"), &list);
        server.kill();
        server.restart();
    }
    let text = done(&server, &["changes", "--limit", "1"]);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("/a  2") && lines[0].contains(", generation 2, by "), "{text}");
    let rest = [
        "  - /a https://a.example/",
        "  + /a https://new.example/ 307",
        "… and 2 more changes (--limit)",
        "generation 6, 3 changes over the files",
    ];
    assert_eq!(lines[1..], rest);
});

both_engines!(the_log_tells_of_every_change, |engine| {
    let mut server = Server::start(engine, LINKS);
    done(&server, &["set", "/a", NEW]);
    done(&server, &["set", "/new", NEW]);
    done(&server, &["unset", "/b"]);
    done(&server, &["reset", "/a"]);
    let staged = file(&server, "staged.txt", "/a https://staged.example/\n/c 410\n");
    done(&server, &["stage", &staged]);
    done(&server, &["discard"]);
    done(&server, &["stage", &staged]);
    done(&server, &["promote"]);
    counted(&server, 6, &counts(1, 1, 0));
    done(&server, &["rollback", "2"]);
    counted(&server, 7, &counts(1, 1, 2));
    replace(&server.setup.links[0], "/a https://file.example/\n/b https://file.example/\n/d 410\n");
    done(&server, &["reload"]);
    counted(&server, 8, &counts(1, 1, 0));
    server.kill();
    server.restart();
    let want = [
        "9 start",
        "8 reload",
        "7 rollback to 2",
        "6 promote",
        "null stage",
        "null discard",
        "null stage",
        "5 reset",
        "4 unset",
        "3 set",
        "2 set",
        "1 start",
    ];
    assert_eq!(kinds(&server, &[]), want);
    let entries = log(&server, &[]);
    let who = entries[9]["uid"].as_u64().unwrap();
    assert_eq!(who, u64::from(rustix::process::getuid().as_raw()));
    assert_eq!(entries[9]["counts"], counts(1, 0, 0));
    let keys = json!([{ "key": "/new", "old": null, "new": "/new https://new.example/" }]);
    assert_eq!(entries[9]["keys"], keys);
    assert_eq!(
        (&entries[8]["counts"], &entries[8]["keys"][0]["new"]),
        (&counts(0, 0, 1), &json!("unset"))
    );
    assert_eq!(
        (&entries[7]["counts"], &entries[7]["keys"][0]["new"]),
        (&counts(0, 1, 0), &Value::Null)
    );
    assert_eq!((&entries[4]["files"][0], &entries[4]["links"]), (&json!(staged), &json!(3)));
    assert_eq!(entries[1]["links"], 3);
    // Of one key, and the newest alone.
    assert_eq!(kinds(&server, &["/a"]), ["7 rollback to 2", "5 reset", "2 set"]);
    assert_eq!(kinds(&server, &["/a", "--limit", "1"]), ["7 rollback to 2"]);
    assert_eq!(kinds(&server, &["--since", "1h"]).len(), want.len());
    assert_eq!(kinds(&server, &["--since", "2999-01-01"]), [""; 0]);
    // Without a server, and for people.
    assert_eq!(server.stop().0, Some(0));
    assert_eq!(kinds(&server, &[]), want);
    let text = done(&server, &["log", "/b"]);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[2].starts_with("       4  2") && lines[2].contains("Z  unset "), "{text}");
    assert!(lines[2].contains("0 added, 0 changed, 1 removed; 2 links  by "), "{text}");
    assert_eq!(lines[3], "            /b: as the files say → unset");
});

both_engines!(one_change_is_undone, |engine| {
    let mut server = Server::start(engine, LINKS);
    done(&server, &["set", "/a", "https://one.example/"]);
    let many =
        file(&server, "set.txt", "/a https://two.example/\n/b https://two.example/\n/c 410\n");
    done(&server, &["set", "--from", &many]);
    done(&server, &["set", "/other", NEW]);
    let said = done(&server, &["undo", "3"]);
    assert_eq!(said, "3 links changed, serving generation 5, 2 changes over the files\n");
    let before = [("/a", Some("https://one.example/")), ("/b", Some(B)), ("/other", Some(NEW))];
    check(&server, &before);
    server.wait_until_said(": 3 keys, generation 5: 0 added, 2 changed, 1 removed, 2 changes", 1);
    server.wait_until_said("carom: undo of 3 by ", 1);
    // It is a change itself, also after a kill.
    server.kill();
    server.restart();
    check(&server, &before);
    assert_eq!(kinds(&server, &["--limit", "2"]), ["6 start", "5 undo of 3"]);
    done(&server, &["undo", "5"]);
    let two = Some("https://two.example/");
    check(&server, &[("/a", two), ("/b", two), ("/other", Some(NEW))]);
});

both_engines!(what_was_changed_again_is_not_undone, |engine| {
    let server = Server::start(engine, LINKS);
    let many = file(&server, "set.txt", "/a https://one.example/\n/b https://one.example/\n");
    done(&server, &["set", "--from", &many]);
    done(&server, &["set", "/b", "https://two.example/"]);
    let (code, said) = refused(&server, &["undo", "2"]);
    let want = "carom: error: /b was changed again after generation 2 by generation 3, so nothing \
                is undone. `carom links log /b` tells of each change: undo that first where it is \
                one of single links, or pass --force\n";
    assert_eq!((code, &*said), (2, want));
    check(&server, &[("/a", Some("https://one.example/")), ("/b", Some("https://two.example/"))]);
    // Those between go first, or all is put back at once.
    done(&server, &["undo", "3"]);
    let (_, said) = refused(&server, &["undo", "2"]);
    assert!(said.contains("by generation 3, so"), "{said}");
    assert_eq!(json(&server, &["undo", "2", "--force"])["keys"], counts(0, 2, 0));
    check(&server, &[("/a", Some(A)), ("/b", Some(B))]);
    let (code, said) = refused(&server, &["undo", "77"]);
    assert!(code == 2 && said.contains("generation 77 is not in the log, so nothing"), "{said}");
    let (code, said) = refused(&server, &["undo", "1"]);
    assert!(code == 2 && said.contains("generation 1 is a whole table (start) and no"), "{said}");
});

/// More keys than shards are told of one by one.
#[test]
fn a_change_of_many_keys_is_undone() {
    let server = Server::start(common::Engine::Epoll, LINKS);
    let lines = (0..9_000).map(|key| format!("/m/{key} https://m.example/{key}\n"));
    let many = file(&server, "many.txt", &lines.chain(["/a 410\n".into()]).collect::<String>());
    let set = json(&server, &["set", "--from", &many]);
    assert_eq!((&set["changed"], &set["keys"]), (&json!(9_001), &counts(9_000, 1, 0)));
    check(&server, &[("/a", None), ("/m/8999", Some("https://m.example/8999"))]);
    let undone = json(&server, &["undo", "2"]);
    assert_eq!((&undone["changed"], &undone["keys"]), (&json!(9_001), &counts(0, 1, 9_000)));
    check(&server, &[("/a", Some(A)), ("/m/8999", None)]);
    assert_eq!(kinds(&server, &["--limit", "1"]), ["3 undo of 2"]);
    assert_eq!(log(&server, &["/m/7", "--limit", "1"])[0]["counts"], counts(0, 1, 9_000));
    let text = done(&server, &["log", "--limit", "1"]);
    assert!(text.contains("9001 keys; 0 added, 1 changed, 9000 removed; 2 links"), "{text}");
    assert!(text.ends_with("… and 8998 more keys\n"), "{text}");
}

both_engines!(the_server_says_what_was_changed, |engine| {
    let server = Server::start(engine, LINKS);
    let staged = file(&server, "staged.txt", "/a 410\n");
    for words in [
        &["set", "/a", NEW][..],
        &["unset", "/b"],
        &["reset", "/b"],
        &["undo", "2"],
        &["stage", &staged],
        &["promote"],
        &["rollback"],
        &["reload"],
        &["stage", &staged],
        &["discard"],
    ] {
        done(&server, words);
    }
    for line in [
        "carom: set by ",
        "): 1 key, generation 2: 0 added, 1 changed, 0 removed, 1 change over the files\n",
        "carom: unset by ",
        "): 1 key, generation 3: 0 added, 0 changed, 1 removed, 2 changes over the files\n",
        "carom: reset by ",
        "): 1 key, generation 4: 1 added, 0 changed, 0 removed, 1 change over the files\n",
        "carom: undo of 2 by ",
        "carom: staged by ",
        "staged.txt, 1 link; generation 5 stays\n",
        "carom: promoted by ",
        "): generation 6, 1 link\n",
        "carom: rolled back to generation 5 by ",
        "): generation 7, 2 links\n",
        "carom: reloaded: generation 8, 2 links, read in ",
        "s, by ",
        "carom: discarded by ",
    ] {
        server.wait_until_said(line, 1);
    }
    server.wait_until_said("carom: generation 8: 0 added, 0 changed, 0 removed\n", 1);
});

both_engines!(a_diff_shows_what_changes_hide, |engine| {
    let server = Server::start(engine, LINKS);
    done(&server, &["set", "/a", NEW]);
    done(&server, &["unset", "/b"]);
    done(&server, &["set", "/same", "https://same.example/   302"]);
    let text = "/a https://staged.example/\n/b 410\n/same https://same.example/\n";
    done(&server, &["stage", &file(&server, "staged.txt", text)]);
    let ran = links(&server, &["diff"]);
    let want = "0 added, 0 removed, 0 changed\n\
                ! /a https://staged.example/  # hidden: /a https://new.example/ was set\n\
                ! /b 410  # hidden: its key was unset\n\
                2 links of the staged files are hidden by changes in force; `carom links reset \
                KEY` lets the files speak\n";
    // Nothing that is served would be another.
    assert_eq!((ran.code, &*ran.out, &*ran.err), (Some(0), want, ""));
    let answer = json(&server, &["diff"]);
    assert_eq!((&answer["hidden"], &answer["hides"][1]["by"]), (&json!(2), &Value::Null));
    done(&server, &["reset", "/a"]);
    let ran = links(&server, &["diff", "--json"]);
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &answer["hidden"], &answer["changed"]), (Some(1), &json!(1), &json!(1)));
});

/// The journal is rewritten in between: what is told stays, and what is too old is said.
#[test]
fn the_log_outlasts_a_rewritten_journal() {
    let mut server = Setup::new(common::Engine::Epoll, LINKS).start();
    done(&server, &["set", "/first", NEW]);
    let target = "x".repeat(1_900);
    let mut admin = common::admin::Admin::of(&server);
    // Each is some 40 KiB, so the journal grows over 4 MiB and is made short.
    for round in 0..110 {
        let lines = (0..20).map(|key| format!("/k/{key} https://t.example/{round}/{target}\n"));
        admin.done("/links/set", &json!({ "lines": lines.collect::<String>() }));
    }
    let journal = state(&server).join("links.journal");
    let size = || std::fs::metadata(&journal).unwrap().len();
    assert!(size() < 4 << 20, "{}", size());
    done(&server, &["set", "/last", NEW]);
    for _ in 0..2 {
        let list = json(&server, &["changes"]);
        assert_eq!(
            (&list["changes"][0]["key"], &list["changes"][0]["generation"]),
            (&json!("/first"), &json!(2))
        );
        assert_eq!(kinds(&server, &["/last"]), ["113 set"]);
        let all = json(&server, &["log", "/k/7"]);
        assert_eq!(all["is_cut"], true);
        let entries = all["entries"].as_array().unwrap();
        assert!((20..110).contains(&entries.len()), "{}", entries.len());
        let old = entries[0]["keys"][0]["old"].as_str().unwrap();
        assert!(old.starts_with("/k/7 https://t.example/108/x"), "{old}");
        assert!(done(&server, &["log"]).ends_with("  older changes are no longer told\n"));
        server.kill();
        server.restart();
    }
    // What is told can be undone.
    done(&server, &["undo", "112"]);
    let (_, said) = refused(&server, &["undo", "2"]);
    assert!(said.contains("generation 2 is not in the log"), "{said}");
}

#[test]
fn a_log_that_is_not_there_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let ran = carom(["links", "log", "--state", folder.path().to_str().unwrap()]);
    assert!(ran.err.contains("there is no journal of links in "), "{ran:?}");
    assert_eq!((ran.code, &*ran.out), (Some(2), ""));
    let ran = carom(["links", "log", "nowhere"]);
    assert!(ran.code == Some(2) && ran.err.contains("the key `nowhere` has no path"), "{ran:?}");
}
