//! Single links: set, unset, reset.

use crate::common::{self, Server};
use crate::{LINKS, both_engines, check, done, file, json, refused, replace};

const A: &str = "https://a.example/";
const B: &str = "https://b.example/";
const NEW: &str = "https://new.example/";

both_engines!(set_unset_and_reset, |engine| {
    let server = Server::start(engine, LINKS);
    let said = done(&server, &["set", "/a", NEW, "307"]);
    assert_eq!(said, "1 link changed, serving generation 2, 1 change over the files\n");
    done(&server, &["set", "/new", NEW]);
    done(&server, &["unset", "/b"]);
    check(&server, &[("/a", Some(NEW)), ("/b", None), ("/new", Some(NEW))]);
    // The same again changes nothing.
    let said = done(&server, &["unset", "/b"]);
    let want = "0 links changed, serving generation 4, 3 changes over the files\n\
                there was no link /b\n";
    assert_eq!(said, want);
    // What was not there is said, and stays away whatever a later file says.
    let answer = json(&server, &["unset", "/new", "/typo", "/other"]);
    assert_eq!(answer["absent"], serde_json::json!(["/typo", "/other"]));
    assert_eq!(answer["changed"], 3);
    done(&server, &["undo", "5"]);
    done(&server, &["reset", "/b"]);
    check(&server, &[("/a", Some(NEW)), ("/b", Some(B)), ("/new", Some(NEW))]);
    let said = done(&server, &["reset", "--all"]);
    assert_eq!(said, "2 links changed, serving generation 8\n");
    check(&server, &[("/a", Some(A)), ("/b", Some(B)), ("/new", None)]);
});

both_engines!(many_at_once_are_all_or_none, |engine| {
    let server = Server::start(engine, LINKS);
    let bad = file(&server, "set.txt", "/a https://new.example/\n/x nowhere\n");
    let (code, said) = refused(&server, &["set", "--from", &bad]);
    assert_eq!(code, 1);
    assert!(said.contains(&format!("{bad}:2: the target `nowhere` is not absolute")), "{said}");
    assert!(said.contains("error: 1 bad line, so nothing is changed; mend it"), "{said}");
    check(&server, &[("/a", Some(A))]);
    let good =
        file(&server, "set.txt", "# two\n/a https://new.example/\n/x https://x.example/ 301\n");
    assert_eq!(json(&server, &["set", "--from", &good])["changed"], 2);
    check(&server, &[("/a", Some(NEW)), ("/x", Some("https://x.example/"))]);
    let keys = file(&server, "keys.txt", "/x\n/a\n");
    assert_eq!(json(&server, &["unset", "--from", &keys])["generation"], 3);
    check(&server, &[("/a", None), ("/x", None), ("/b", Some(B))]);
    assert_eq!(json(&server, &["reset", "--from", &keys])["changes"], 0);
    check(&server, &[("/a", Some(A)), ("/x", None), ("/b", Some(B))]);
    let (code, said) = refused(&server, &["unset", "nowhere"]);
    assert!(code == 1 && said.contains("command line:1: the key `nowhere` has no path"), "{said}");
});

both_engines!(changes_lie_over_reloads_and_promotions, |engine| {
    let server = Server::start(engine, LINKS);
    done(&server, &["set", "/a", NEW]);
    replace(&server.setup.links[0], "/a https://file.example/\n/b https://file.example/\n");
    let said = done(&server, &["reload"]);
    assert_eq!(said, "serving generation 3: 2 links, 1 change over the files\n");
    check(&server, &[("/a", Some(NEW)), ("/b", Some("https://file.example/"))]);
    let staged = file(&server, "staged.txt", "/a https://staged.example/\n");
    let said = done(&server, &["stage", &staged]);
    assert!(said.starts_with("staged: 1 link, 1 change over the files; "), "{said}");
    // Also one that is made while it is staged.
    done(&server, &["set", "/c", NEW]);
    let said = done(&server, &["promote"]);
    assert_eq!(said, "serving generation 5: 2 links, 2 changes over the files\n");
    check(&server, &[("/a", Some(NEW)), ("/b", None), ("/c", Some(NEW))]);
    done(&server, &["reset", "/a"]);
    check(&server, &[("/a", Some("https://staged.example/"))]);
    // Those that were in force come back with the table.
    done(&server, &["rollback", "3"]);
    check(&server, &[("/a", Some(NEW)), ("/b", Some("https://file.example/")), ("/c", None)]);
    done(&server, &["rollback", "1"]);
    check(&server, &[("/a", Some(A)), ("/b", Some(B)), ("/c", None)]);
});
