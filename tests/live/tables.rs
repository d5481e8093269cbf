//! Whole tables: staged, promoted, taken back.

use crate::common::{self, Server, Setup};
use crate::{LINKS, both_engines, check, done, file, json, links, refused, replace};

const A: &str = "https://a.example/";
const NEW: &str = "https://new.example/";

both_engines!(staged_promoted_and_rolled_back, |engine| {
    let server = Server::start(engine, LINKS);
    let staged = file(&server, "staged.txt", "/a https://new.example/\n/c 410\n");
    let said = done(&server, &["stage", &staged]);
    assert_eq!(said, "staged: 2 links; `carom links diff` shows what `promote` will change\n");
    check(&server, &[("/a", Some(A)), ("/b", Some("https://b.example/"))]);
    assert_eq!(done(&server, &["promote"]), "serving generation 2: 2 links\n");
    check(&server, &[("/a", Some(NEW)), ("/b", None)]);
    assert_eq!(done(&server, &["rollback"]), "serving generation 3: 2 links\n");
    check(&server, &[("/a", Some(A)), ("/b", Some("https://b.example/"))]);
    assert_eq!(done(&server, &["rollback", "2"]), "serving generation 4: 2 links\n");
    check(&server, &[("/a", Some(NEW)), ("/b", None)]);

    let list = json(&server, &["generations"]);
    assert_eq!(list["serving"], 4);
    let how: Vec<_> = list["generations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|about| {
            (
                about["generation"].as_u64().unwrap(),
                about["how"].as_str().unwrap(),
                about["from"].as_u64(),
            )
        })
        .collect();
    let want = [
        (1, "start", None),
        (2, "staged", None),
        (3, "rollback", Some(1)),
        (4, "rollback", Some(2)),
    ];
    assert_eq!(how, want);
    assert_eq!(list["generations"][1]["files"][0], *staged);
    assert_eq!(list["generations"][0]["who"], "start");
    let uid = format!("(uid {})", rustix::process::getuid().as_raw());
    assert!(list["generations"][1]["who"].as_str().unwrap().ends_with(&uid), "{list}");
    let text = done(&server, &["generations"]);
    assert!(text.starts_with("*      4  20") && text.contains("  rollback to 2  "), "{text}");
});

both_engines!(clicks_carry_the_generation_that_answered, |engine| {
    let mut server = Server::start(engine, LINKS);
    check(&server, &[("/a", Some(A))]);
    let staged = file(&server, "staged.txt", "/a https://new.example/\n");
    done(&server, &["stage", &staged]);
    done(&server, &["promote"]);
    check(&server, &[("/a", Some(NEW))]);
    done(&server, &["set", "/a", A]);
    check(&server, &[("/a", Some(A))]);
    done(&server, &["rollback", "1"]);
    check(&server, &[("/a", Some(A))]);
    assert_eq!(server.stop().0, Some(0));
    let rows = server.clicks().rows;
    let generations: Vec<_> = rows.iter().map(|row| row["generation"].as_u64().unwrap()).collect();
    assert_eq!(generations, [1, 2, 3, 4]);
});

both_engines!(bad_files_are_refused_with_their_lines, |engine| {
    let server = Server::start(engine, LINKS);
    let bad = file(&server, "bad.txt", "/a https://new.example/\n/b nowhere\n/c\n");
    let (code, said) = refused(&server, &["stage", &bad]);
    assert_eq!(code, 1);
    for words in [
        format!("{bad}:2: the target `nowhere` is not absolute; write https://host/path\n"),
        format!("{bad}:3: /c has no target"),
        "carom: error: 2 bad lines, so nothing is staged; mend them".to_owned(),
    ] {
        assert!(said.contains(&words), "{words}\n{said}");
    }
    let (code, said) = refused(&server, &["promote"]);
    assert!(
        code == 2 && said.contains("error: nothing is staged; stage link files first"),
        "{said}"
    );
    let (code, said) = refused(&server, &["stage", "/nowhere/links.txt"]);
    assert!(
        code == 1 && said.contains("cannot read the link file /nowhere/links.txt: No such"),
        "{said}"
    );

    replace(&server.setup.links[0], "/a nowhere\n");
    let (code, said) = refused(&server, &["reload"]);
    assert!(code == 1 && said.contains(":1: the target `nowhere` is not absolute"), "{said}");
    assert!(said.contains("1 bad line, so the old links stay; mend it"), "{said}");
    check(&server, &[("/a", Some(A))]);
    replace(&server.setup.links[0], "/a https://new.example/\n");
    assert_eq!(done(&server, &["reload"]), "serving generation 2: 1 link\n");
    check(&server, &[("/a", Some(NEW)), ("/b", None)]);
    // What can be served of it is, where that is asked for.
    let said = done(&server, &["stage", &bad, "--on-bad-line", "skip"]);
    assert!(said.starts_with("staged: 1 link, 2 bad lines left out; "), "{said}");
    assert_eq!(done(&server, &["discard"]), "discarded: 1 link\n");
    assert_eq!(refused(&server, &["discard"]).0, 2);
});

both_engines!(the_newest_generations_are_kept, |engine| {
    let server = Setup::new(engine, LINKS).flag("--keep-generations", "2").start();
    let staged = file(&server, "staged.txt", "/a https://new.example/\n");
    for _ in 0..3 {
        done(&server, &["stage", &staged]);
        done(&server, &["promote"]);
    }
    let list = json(&server, &["generations"]);
    assert_eq!(list["generations"].as_array().unwrap().len(), 2);
    let (code, said) = refused(&server, &["rollback", "1"]);
    assert!(
        code == 2 && said.contains("error: generation 1 is not kept; `carom links gen"),
        "{said}"
    );
    let (code, said) = refused(&server, &["rollback", "4"]);
    assert!(code == 2 && said.contains("error: generation 4 is being served"), "{said}");
    assert_eq!(links(&server, &["rollback"]).code, Some(0));
});

both_engines!(staged_links_mean_what_they_would_mean_to_the_server, |engine| {
    let setup = Setup::new(engine, "/a https://a.example/\n")
        .flag("--default", "status=301 nocase")
        .flag("--prefix", "/go/");
    let server = setup.start();
    let same = server.setup.links[0].to_str().unwrap().to_owned();
    done(&server, &["stage", &same]);
    assert_eq!(done(&server, &["diff"]), "0 added, 0 removed, 0 changed\n");
    done(&server, &["promote"]);
    let reply = common::Client::new(server.connect()).get("go.example", "/go/A").unwrap();
    assert_eq!((reply.status, reply.location.as_deref()), (301, Some(A)));
    done(&server, &["stage", &same, "--prefix", "/other/"]);
    done(&server, &["promote"]);
    check(&server, &[("/go/a", None), ("/other/a", Some(A))]);
});
