//! `--watch`: link files that are saved are served.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::Signal;

use crate::common::{self, Engine, Server, Setup, until};
use crate::{LINKS, both_engines, check, done, json, location, refused, replace};

const A: &str = "https://a.example/";

fn line(target: &str) -> String {
    format!("/a {target}\n")
}

/// Waits until `/a` is sent there.
fn served(server: &Server, target: &str) {
    until("the new links are served", || location(server, "/a").as_deref() == Some(target));
}

fn watching(engine: Engine) -> Server {
    let mut setup = Setup::new(engine, LINKS);
    setup.flags.push("--watch".to_owned());
    setup.start()
}

both_engines!(files_are_saved_in_every_way, |engine| {
    let server = watching(engine);
    let path = server.setup.links[0].clone();
    // By a rename, as editors do.
    replace(&path, &line("https://rename.example/"));
    served(&server, "https://rename.example/");
    // In place, in two goes: half of it is never served.
    let mut file = OpenOptions::new().write(true).truncate(true).open(&path).unwrap();
    file.write_all(b"/a https://in-pl").unwrap();
    file.write_all(b"ace.example/\n").unwrap();
    drop(file);
    served(&server, "https://in-place.example/");
    // Moved away first.
    fs::rename(&path, path.with_extension("bak")).unwrap();
    fs::write(&path, line("https://again.example/")).unwrap();
    served(&server, "https://again.example/");
    let list = json(&server, &["generations"]);
    let who: Vec<_> = list["generations"].as_array().unwrap().iter().map(|g| &g["who"]).collect();
    assert!(who[1..].iter().all(|who| *who == "watch"), "{list}");
});

both_engines!(what_is_being_written_is_waited_for, |engine| {
    let server = watching(engine);
    let path = server.setup.links[0].clone();
    let said = "links.txt is still being written; it is read when that is done";
    // Empty, and then with half a line that is a link of its own.
    let mut file = File::create(&path).unwrap();
    server.wait_until_said(said, 1);
    check(&server, &[("/a", Some(A))]);
    file.write_all(b"/b https://b.example/\n/a https://slow.co").unwrap();
    // It looks at others in between.
    let other = path.with_file_name("other.txt");
    (0..3).for_each(|_| fs::write(&other, "/a https://other.example/").unwrap());
    check(&server, &[("/a", Some(A))]);
    file.write_all(b".example/\n").unwrap();
    drop(file);
    served(&server, "https://slow.co.example/");
    // Closed, a last line needs no end.
    fs::write(&path, "/a https://no-end.example/").unwrap();
    served(&server, "https://no-end.example/");
    assert_eq!(json(&server, &["generations"])["serving"].as_u64(), Some(3));
});

both_engines!(a_compressed_file_is_served_once_it_is_whole, |engine| {
    let server = watching(engine);
    let path = server.setup.links[0].clone();
    let packed = |target: &str| {
        let text = line(target) + "/b https://b.example/\n";
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let whole = packed("https://packed.example/");
    // In two goes: half of it is waited for.
    let mut file = File::create(&path).unwrap();
    file.write_all(&whole[..whole.len() / 2]).unwrap();
    server.wait_until_said("links.txt is still being written; it is read when that is done", 1);
    file.write_all(&whole[whole.len() / 2..]).unwrap();
    drop(file);
    served(&server, "https://packed.example/");
    // Half of one that takes its place is refused.
    let half = packed("https://half.example/");
    let aside = path.with_extension("aside");
    fs::write(&aside, &half[..half.len() - 1]).unwrap();
    fs::rename(&aside, &path).unwrap();
    server.wait_until_said("it ends in the middle of what is compressed with gzip", 1);
    check(&server, &[("/a", Some("https://packed.example/"))]);
    // The same file again is no change; another one is.
    fs::write(&aside, packed("https://again.example/")).unwrap();
    fs::rename(&aside, &path).unwrap();
    served(&server, "https://again.example/");
});

both_engines!(a_reload_that_loses_most_links_is_refused, |engine| {
    let server = watching(engine);
    let path = server.setup.links[0].clone();
    let kept = "not reloaded, generation 1 stays: the link files hold 0 links, and those that are \
                served came from files with 2; a reload may lose 50 % (serve --max-loss)";
    replace(&path, "");
    server.wait_until_said(kept, 1);
    server.signal(Signal::HUP);
    server.wait_until_said(kept, 2);
    let (code, said) = refused(&server, &["reload"]);
    assert!(code == 1 && said.contains("carom links reload --force"), "{said}");
    check(&server, &[("/a", Some(A)), ("/b", Some("https://b.example/"))]);
    done(&server, &["reload", "--force"]);
    check(&server, &[("/a", None), ("/b", None)]);
    // Of none, none are lost; and half may go.
    replace(&path, LINKS);
    served(&server, A);
    replace(&path, "/a https://half.example/\n");
    served(&server, "https://half.example/");
});

#[test]
fn what_may_be_lost_can_be_said() {
    let setup = Setup::new(Engine::Epoll, LINKS).flag("--max-loss", "100");
    let server = setup.start();
    replace(&server.setup.links[0], "");
    done(&server, &["reload"]);
    check(&server, &[("/a", None)]);
    let server = Setup::new(Engine::Epoll, LINKS).flag("--max-loss", "0").start();
    replace(&server.setup.links[0], "/a https://a.example/\n");
    let (code, said) = refused(&server, &["reload"]);
    assert!(code == 1 && said.contains("hold 1 link, and"), "{said}");
}

#[test]
fn a_bad_file_is_refused_and_a_gone_one_waited_for() {
    let server = watching(Engine::Epoll);
    let path = server.setup.links[0].clone();
    replace(&path, "/a nowhere\n");
    server.wait_until_said("not reloaded, generation 1 stays: mend the lines", 1);
    check(&server, &[("/a", Some(A))]);
    fs::remove_file(&path).unwrap();
    server.wait_until_said("links.txt is gone; its links stay as they are", 1);
    check(&server, &[("/a", Some(A))]);
    fs::write(&path, line("https://back.example/")).unwrap();
    served(&server, "https://back.example/");
}

both_engines!(
    /// Nobody ever writes into that pipe: whoever waited for it would read no link file
    /// any more.
    a_named_pipe_in_place_of_a_link_file_holds_up_no_reload,
    |engine| {
        let server = watching(engine);
        let path = server.setup.links[0].clone();
        fs::remove_file(&path).unwrap();
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let refusal = "not reloaded, generation 1 stays: cannot read the link file";
        server.wait_until_said(refusal, 1);
        assert!(server.has_said("links.txt: it is a named pipe, no regular file; write what"));
        server.signal(Signal::HUP);
        server.wait_until_said(refusal, 2);
        let (code, said) = refused(&server, &["stage", path.to_str().unwrap()]);
        assert!(code != 0 && said.contains("it is a named pipe"), "{said}");
        check(&server, &[("/a", Some(A))]);
        replace(&path, &line("https://back.example/"));
        served(&server, "https://back.example/");
    }
);

/// A server whose link file is reached through this link.
fn through(link: &Path) -> Server {
    let mut setup = Setup::new(Engine::Epoll, "");
    setup.links = vec![link.to_owned()];
    setup.flags.push("--watch".to_owned());
    setup.start()
}

#[test]
fn a_symbolic_link_is_swapped() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for (name, target) in [("one", A), ("two", "https://two.example/")] {
        fs::create_dir(root.join(name)).unwrap();
        fs::write(root.join(name).join("links.txt"), line(target)).unwrap();
    }
    symlink("one", root.join("now")).unwrap();
    symlink("now/links.txt", root.join("links.txt")).unwrap();
    let server = through(&root.join("links.txt"));
    check(&server, &[("/a", Some(A))]);
    symlink("two", root.join("next")).unwrap();
    fs::rename(root.join("next"), root.join("now")).unwrap();
    served(&server, "https://two.example/");
    // What it leads to is watched, too.
    replace(&root.join("two/links.txt"), &line("https://three.example/"));
    served(&server, "https://three.example/");
}

both_engines!(included_files_are_watched, |engine| {
    let mut setup = Setup::new(engine, "");
    let path = |name: &str| setup.folder.path().join(name);
    let (main, one, two) = (path("links.conf"), path("one.map"), path("two.map"));
    let includes = |names: &str| format!("map $uri $new {{ {names} }}\n");
    let answer = |target: &str| format!("/a {target};\n");
    fs::write(&main, includes("include one.map;")).unwrap();
    fs::write(&one, answer(A)).unwrap();
    setup.links = vec![main.clone()];
    setup.flags.extend(["--watch", "--format", "nginx"].map(str::to_owned));
    let server = setup.start();
    check(&server, &[("/a", Some(A))]);
    replace(&one, &answer("https://one.example/"));
    served(&server, "https://one.example/");
    // One that is included since a reload, and one that no longer is.
    fs::write(&two, answer("https://two.example/")).unwrap();
    replace(&main, &includes("include two.map;"));
    served(&server, "https://two.example/");
    replace(&two, &answer("https://again.example/"));
    served(&server, "https://again.example/");
    let serving = json(&server, &["generations"])["serving"].as_u64();
    fs::remove_file(&one).unwrap();
    replace(&two, &answer("https://last.example/"));
    served(&server, "https://last.example/");
    assert_eq!(json(&server, &["generations"])["serving"].as_u64(), serving.map(|last| last + 1));
    assert!(!server.has_said("is gone"));
});
