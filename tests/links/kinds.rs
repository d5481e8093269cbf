//! Link files that are no files: named, with what they are, and never waited for.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::common::{Engine, Setup, carom};

const PIPE: &str = "it is a named pipe, no regular file; write what comes out of it into a file";

/// A folder with one of each kind, and what is to be said of it.
struct Kinds {
    folder: tempfile::TempDir,
    known: Vec<(PathBuf, &'static str)>,
    _socket: UnixListener,
}

fn pipe(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

fn kinds() -> Kinds {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    pipe(&path("pipe"));
    symlink("pipe", path("to-pipe")).unwrap();
    std::fs::create_dir(path("folder")).unwrap();
    symlink("loop", path("loop")).unwrap();
    let socket = UnixListener::bind(path("socket")).unwrap();
    let known = [
        ("pipe", PIPE),
        ("to-pipe", PIPE),
        ("folder", "it is a folder, no regular file; name a file in it"),
        ("socket", "it is a socket, no regular file; name a file"),
        ("/dev/zero", "it is a device, no regular file; name a file"),
        ("loop", "Too many levels of symbolic links"),
    ];
    let known = known.map(|(name, what)| (path(name), what)).to_vec();
    Kinds { folder, known, _socket: socket }
}

#[test]
fn only_regular_files_are_read_as_links() {
    let kinds = kinds();
    let good = kinds.folder.path().join("good.txt");
    std::fs::write(&good, "/a https://a.example/\n").unwrap();
    let file = good.to_str().unwrap();
    for (path, what) in &kinds.known {
        let name = path.to_str().unwrap();
        let said = format!("carom: cannot read the link file {name}: {what}");
        let output = kinds.folder.path().join("links.table");
        let output = output.to_str().unwrap();
        let commands: &[&[&str]] = &[
            &["links", "check", name],
            &["links", "diff", file, name],
            &["links", "diff", name, file],
            &["links", "convert", "--to", "csv", name],
            &["links", "compile", name, "-o", output],
        ];
        for words in commands {
            let ran = carom(words.iter());
            assert!(ran.err.starts_with(&said), "{words:?}: {ran:?}");
            assert_ne!(ran.code, Some(0), "{words:?}");
        }
        let mut setup = Setup::new(Engine::Epoll, "");
        setup.links = vec![path.clone()];
        let refusal = setup.refusal();
        assert!(refusal.contains(&said["carom: ".len()..]), "{refusal}");
    }
    // What leads to a file is as good as the file.
    let link = kinds.folder.path().join("link");
    symlink("good.txt", &link).unwrap();
    let ran = carom([Path::new("links"), Path::new("check"), &link]);
    assert_eq!((ran.code, &*ran.err), (Some(0), ""), "{ran:?}");
}

#[test]
fn only_regular_files_are_included() {
    let kinds = kinds();
    let main = kinds.folder.path().join("main.conf");
    for (path, what) in &kinds.known {
        let name = path.to_str().unwrap();
        std::fs::write(&main, format!("map $uri $new {{ include {name}; }}\n")).unwrap();
        let words = [Path::new("links"), "check".as_ref(), "--format".as_ref(), "nginx".as_ref()];
        let ran = carom(words.into_iter().chain([&*main]));
        let said = format!("main.conf:1: include {name}: cannot read {name}: {what}");
        assert!(ran.code == Some(1) && ran.err.contains(&said), "{said}\n{ran:?}");
    }
}
