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

both_engines!(keys_that_take_no_notice_of_a_slash, |engine| {
    let server = Server::start(engine, LINKS);
    done(&server, &["set", "/new", NEW, "slash=ignore", "punctuation=ignore"]);
    done(&server, &["set", "/deep/*", NEW, "slash=ignore"]);
    check(&server, &[("/new/", Some(NEW)), ("/new.", Some(NEW)), ("/deep", Some(NEW))]);
    let shown = done(&server, &["show", "/new/"]);
    assert!(shown.contains("/new https://new.example/ slash=ignore punctuation=ignore"), "{shown}");
    done(&server, &["unset", "/new punctuation=ignore slash=ignore"]);
    done(&server, &["reset", "/deep/* slash=ignore"]);
    check(&server, &[("/new/", None), ("/deep", None)]);
    let bad = file(&server, "set.txt", "!default nocase\n/a https://new.example/\n");
    let (code, said) = refused(&server, &["set", "--from", &bad]);
    assert!(code == 1 && said.contains("a link that is set stands alone"), "{said}");
});

both_engines!(what_is_set_takes_the_defaults_of_the_server, |engine| {
    let setup = common::Setup::new(engine, LINKS).flag("--default", "status=301 nocase query=keep");
    let mut server = setup.start();
    let answer = |server: &Server, path: &str| {
        let reply = common::Client::new(server.connect()).get("go.example", path).unwrap();
        (reply.status, reply.location)
    };
    done(&server, &["set", "/New", NEW]);
    done(&server, &["set", "/own", NEW, "307", "nocase=no", "query=drop"]);
    let new = (301, Some("https://new.example/?x=1".to_owned()));
    assert_eq!(answer(&server, "/nEW?x=1"), new);
    assert_eq!(answer(&server, "/own?x=1"), (307, Some(NEW.to_owned())));
    check(&server, &[("/OWN", None)]);
    // A key means what it means in the files.
    done(&server, &["unset", "/B"]);
    check(&server, &[("/b", None)]);
    done(&server, &["reset", "/B"]);
    check(&server, &[("/b", Some(B))]);
    let listed = done(&server, &["changes"]);
    assert!(listed.contains("/New https://new.example/ 301 nocase query=keep"), "{listed}");
    // What was taken stays when the server is started with others.
    server
        .setup
        .flags
        .retain(|flag| !flag.starts_with("--default") && !flag.starts_with("status=301"));
    server.restart();
    assert_eq!(answer(&server, "/nEW?x=1"), new);
    done(&server, &["unset", "/new nocase"]);
    done(&server, &["unset", "/own"]);
    check(&server, &[("/new", None), ("/own", None)]);
});

both_engines!(what_the_server_answers_by_itself, |engine| {
    let server = Server::start(engine, LINKS);
    let shown = done(&server, &["show", "/robots.txt"]);
    assert_eq!(shown, "the server itself answers: /robots.txt (--robots)\n");
    assert!(done(&server, &["show", "/favicon.ico"]).contains("204 (--favicon)"));
    done(&server, &["set", "/robots.txt", NEW]);
    assert!(done(&server, &["show", "/robots.txt"]).starts_with("/robots.txt https://new."));
    check(&server, &[("/robots.txt", Some(NEW))]);
    done(&server, &["set", "/*", NEW]);
    check(&server, &[("/favicon.ico", Some(NEW))]);
    assert!(json(&server, &["show", "/favicon.ico"])["built_in"].is_null());
});

both_engines!(targets_of_apps_are_taken_where_they_are_allowed, |engine| {
    let links = "/a https://a.example/\n/app/* myapp://open/:splat\n";
    let setup = common::Setup::new(engine, links).flag("--allow-scheme", "myapp");
    let mut server = setup.start();
    done(&server, &["set", "/new", "MyApp://new/x"]);
    check(&server, &[("/app/1", Some("myapp://open/1")), ("/new", Some("MyApp://new/x"))]);
    let (code, said) = refused(&server, &["set", "/x", "other://x"]);
    assert!(code == 1 && said.contains("allow other:// of an app with --allow-scheme"), "{said}");
    let (code, _) = refused(&server, &["set", "/x", "javascript://x"]);
    assert_eq!(code, 1);
    server.restart();
    check(&server, &[("/new", Some("MyApp://new/x"))]);
});
