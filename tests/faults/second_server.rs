//! A second server comes for the folders of one that runs, by whatever path. It is told
//! who has them.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::common::{Client, Engine, Server, Setup};

const LINKS: &str = "/a https://a.example/\n";

/// A server whose click folder is what `make` puts there.
fn with_clicks(make: impl FnOnce(&Path)) -> Setup {
    let setup = Setup::new(Engine::Auto, LINKS);
    make(&setup.clicks_folder());
    setup
}

fn assert_refused(server: &Server, second: Setup, what: &str) {
    let refusal = second.refusal();
    assert!(refusal.contains(what), "{refusal}");
    let pid = format!("process {}", server.pid().as_raw_nonzero());
    assert!(refusal.contains(&pid), "{pid}: {refusal}");
}

/// As it is, and again without its lock file, which is not made again so soon.
fn assert_refused_twice(server: &Server, second: impl Fn() -> Setup) {
    assert_refused(server, second(), "is held by another carom");
    fs::remove_file(server.setup.clicks_folder().join("lock")).unwrap();
    assert_refused(server, second(), "is held by another carom");
}

#[test]
fn a_click_folder_by_its_path_and_by_a_link() {
    let mut server = Server::start(Engine::Auto, LINKS);
    let folder = server.setup.clicks_folder();
    assert_refused_twice(&server, || with_clicks(|path| symlink(&folder, path).unwrap()));
    server.wait_until_said("was removed or replaced, and was made again", 1);
    assert!(folder.join("lock").exists());
    assert_eq!(Client::new(server.connect()).get("t.example", "/a").unwrap().status, 302);
    assert_eq!(server.stop().0, Some(0));
    assert_eq!((server.clicks().rows.len(), server.clicks().code), (1, Some(0)));
}

#[test]
fn a_click_folder_by_a_bind_mount() {
    let server = Server::start(Engine::Auto, LINKS);
    let folder = server.setup.clicks_folder();
    let other = tempfile::tempdir().unwrap();
    let mut bind = Command::new("mount");
    let bound = bind.arg("--bind").arg(&folder).arg(other.path()).output();
    if !bound.is_ok_and(|output| output.status.success()) {
        return eprintln!("skipped: cannot mount here");
    }
    assert_refused_twice(&server, || with_clicks(|path| symlink(other.path(), path).unwrap()));
    assert!(Command::new("umount").arg(other.path()).status().unwrap().success());
}

#[test]
fn a_state_folder() {
    let state = tempfile::tempdir().unwrap();
    let setup = || Setup::new(Engine::Auto, LINKS).flag("--state", state.path().to_str().unwrap());
    let server = setup().start();
    assert_refused(&server, setup(), "is used by another carom");
    fs::remove_file(state.path().join("lock")).unwrap();
    assert_refused(&server, setup(), "is used by another carom");
    server.wait_until_said("was removed or replaced, and was made again", 1);
}

#[test]
fn who_only_reads_keeps_no_server_away() {
    let mut server = Server::start(Engine::Auto, LINKS);
    let folder = server.setup.clicks_folder();
    server.kill();
    let held = [folder.clone(), folder.join("lock")].map(|path| File::open(path).unwrap());
    held.iter().for_each(|file| file.lock_shared().unwrap());
    server.restart();
    assert_refused(&server, with_clicks(|path| symlink(&folder, path).unwrap()), "is held by");
    assert_eq!(Client::new(server.connect()).get("t.example", "/a").unwrap().status, 302);
    // It is seen as running, so its segment is not taken for one that was left.
    let clicks = server.clicks();
    assert_eq!((clicks.rows.len(), clicks.code), (1, Some(0)), "{}", clicks.said);
    assert!(!clicks.said.contains("not sealed"), "{}", clicks.said);
}
