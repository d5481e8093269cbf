//! Looking at what is served: export, show, diff.

use rustix::io::Errno;

use crate::common::seccomp::where_refused;
use crate::common::{self, Engine, Server, carom};
use crate::{LINKS, both_engines, check, done, file, links, refused};

const NEW: &str = "https://new.example/";

both_engines!(an_export_is_the_current_truth, |engine| {
    let server = Server::start(engine, LINKS);
    assert_eq!(done(&server, &["export"]), format!("# generation 1, 2 links\n{LINKS}"));
    done(&server, &["set", "/a", NEW, "307", "tag=x"]);
    done(&server, &["unset", "/b"]);
    done(&server, &["set", "h.example/c/*", "410"]);
    let path = file(&server, "export.txt", "old");
    assert_eq!(done(&server, &["export", "-o", &path]), "");
    let text = std::fs::read_to_string(&path).unwrap();
    let want = "# generation 4, 2 links\n/a https://new.example/ 307 tag=x\nh.example/c/* 410\n";
    assert_eq!(text, want);
    // It is a link file, and nothing would be another with it.
    assert_eq!(carom(["links", "check", &path]).code, Some(0));
    done(&server, &["reset", "--all"]);
    done(&server, &["stage", &path]);
    done(&server, &["promote"]);
    check(&server, &[("/a", Some(NEW)), ("/b", None)]);
});

/// Otherwise a power loss could leave an empty file where a whole one was.
#[test]
fn an_export_takes_no_place_before_it_is_on_the_disk() {
    let server = Server::start(Engine::Epoll, LINKS);
    let path = file(&server, "export.txt", "old");
    let syncs = [libc::SYS_fsync, libc::SYS_fdatasync].map(|call| (call, Vec::new()));
    let ran = where_refused(syncs, Errno::IO, || links(&server, &["export", "-o", &path]));
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("cannot write ") && ran.err.contains("Input/output"), "{ran:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
    let beside = std::fs::read_dir(server.setup.folder.path()).unwrap().flatten();
    let is_part = |name: std::ffi::OsString| name.to_string_lossy().ends_with(".part");
    assert!(!beside.map(|entry| entry.file_name()).any(is_part), "nothing is left aside");
    done(&server, &["export", "-o", &path]);
    assert!(std::fs::read_to_string(&path).unwrap().ends_with(LINKS));
}

both_engines!(a_diff_shows_what_a_promotion_changes, |engine| {
    let server = Server::start(engine, LINKS);
    let (code, said) = refused(&server, &["diff"]);
    assert!(code == 2 && said.contains("error: nothing is staged"), "{said}");
    let staged =
        file(&server, "staged.txt", "/new https://new.example/\n/a https://a.example/ 301\n");
    done(&server, &["stage", &staged]);
    let want = "- /b https://b.example/ 301\n\
                - /a https://a.example/\n\
                + /a https://a.example/ 301\n\
                + /new https://new.example/\n\
                1 added, 1 removed, 1 changed\n";
    let ran = links(&server, &["diff"]);
    assert_eq!((ran.code, &*ran.out, &*ran.err), (Some(1), want, ""));
    // What is set lies over both.
    done(&server, &["set", "/a", NEW]);
    let ran = links(&server, &["diff", "--json"]);
    let answer: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&answer["added"], &answer["changed"]), (&1.into(), &0.into()));
    // The same links are no difference.
    done(&server, &["stage", server.setup.links[0].to_str().unwrap()]);
    assert_eq!(done(&server, &["diff"]).lines().next(), Some("0 added, 0 removed, 0 changed"));
});

both_engines!(the_link_that_answers_is_shown, |engine| {
    let links = "/a https://a.example/\nh.example/a https://own.example/ 301\n/p/* 410\n/q?x=1 https://q.example/\n";
    let server = Server::start(engine, links);
    done(&server, &["set", "/set", NEW]);
    let check = |url: &str, want: &str| {
        assert_eq!(done(&server, &["show", url]), format!("{want}\n"), "{url}");
    };
    check("/a", "/a https://a.example/");
    check("http://H.example:80//a", "h.example/a https://own.example/ 301");
    check("h.example/p/x%20y?z", "/p/* 410");
    check("/q?y=2&x=1", "/q?x=1 https://q.example/");
    check("/set", "/set https://new.example/  # set");
    check("/nothing", "no link answers");
    // Of links that share an id, the one that answers.
    done(&server, &["set", "/one", NEW, "id=7"]);
    done(&server, &["set", "/two", "https://other.example/", "id=7"]);
    check("/one", "/one https://new.example/ id=7  # set");
    check("/two", "/two https://other.example/ id=7  # set");
    let (code, said) = refused(&server, &["show", "nothing"]);
    assert!(
        code == 2 && said.contains("error: `nothing` is no URL; write /path or http"),
        "{said}"
    );
});

/// A staged table that changes in force do not go together with differs in no way that
/// could be told.
#[test]
fn a_diff_that_cannot_be_made_is_trouble() {
    let server = Server::start(Engine::Epoll, LINKS);
    let shapes: String = (0..32).map(|at| format!("/q?p{at}=1 https://q.example/{at}\n")).collect();
    done(&server, &["stage", &file(&server, "shapes.txt", &shapes)]);
    done(&server, &["set", "/q?zz=1", "https://set.example/"]);
    let (code, said) = refused(&server, &["diff"]);
    assert!(
        code == 2 && said.contains("error: a link that was set does not go together"),
        "{said}"
    );
}
