//! What lies among the segments of a click folder and only bears the name of one.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use carom::clicks::folder::{list, segment_name};
use carom::clicks::key_file;
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::both_engines;
use crate::common::ledger::{append, click, folder_of, keep, links};
use crate::common::{self, Client, Setup, carom};

/// Each with what is to be said of it.
const STRAYS: [(u16, u64, &str); 5] = [
    (0, 5, "it is a named pipe, no regular file, and is passed over; move it away"),
    (0, 6, "it is a folder, no regular file, and is passed over"),
    (0, 7, "it is a symbolic link that cannot be followed (Too many levels"),
    (0, 8, "it is a named pipe, no regular file, and is passed over"),
    (0, u64::MAX, "it has a number that no segment gets, and is passed over"),
];

/// Lays them into the folder.
fn lay(folder: &Path) {
    let path = |number: u64| folder.join(segment_name(0, number));
    mknodat(CWD, path(5), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    fs::create_dir(path(6)).unwrap();
    symlink(path(7), path(7)).unwrap();
    symlink(path(5), path(8)).unwrap();
    fs::write(path(u64::MAX), "").unwrap();
}

/// Each is named once.
fn check(folder: &Path, said: &str) {
    for (shard, number, what) in STRAYS {
        let path = folder.join(segment_name(shard, number)).display().to_string();
        assert!(said.contains(&format!("{path}: ")) && said.contains(what), "{what}\n{said}");
        assert_eq!(said.matches(&path).count(), 1, "{path}\n{said}");
    }
}

#[test]
fn readers_pass_them_over() {
    let folder = folder_of([click(0), click(1)]);
    let dir = folder.path();
    // What leads to a segment is one.
    fs::rename(dir.join(segment_name(0, 1)), dir.join("elsewhere")).unwrap();
    symlink("elsewhere", dir.join(segment_name(0, 1))).unwrap();
    lay(dir);
    let name = dir.to_str().unwrap();
    let ran = carom(["clicks", "cat", name]);
    check(dir, &ran.err);
    assert_eq!((ran.code, ran.out.lines().count()), (Some(2), 2), "{ran:?}");
    assert!(ran.err.contains("2 clicks in 1 segment, 5 files unreadable"), "{ran:?}");
    let ran = carom(["clicks", "verify", "--all", name]);
    check(dir, &ran.out);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let ran = carom(["clicks", "stats", name]);
    check(dir, &ran.err);
    let ran =
        carom(["ship", name, "--to", "stdout", "--name", "out", "--no-ids", "--delete-shipped"]);
    check(dir, &ran.err);
    assert_eq!((ran.code, ran.out.lines().count()), (Some(1), 2), "{ran:?}");
    let ran = carom(["ship", name, "--list"]);
    assert!(ran.code == Some(0) && ran.out.contains("nothing is behind"), "{ran:?}");
    // By themselves, too.
    for number in [5, 7, 8] {
        let path = dir.join(segment_name(0, number));
        let ran = carom([Path::new("clicks"), "cat".as_ref(), &path]);
        assert_eq!(ran.code, Some(2), "{ran:?}");
    }
}

#[test]
fn a_key_beside_the_clicks_that_is_a_pipe_is_not_waited_for() {
    let folder = folder_of([click(0)]);
    let key = key_file::beside(folder.path());
    fs::remove_file(&key).unwrap();
    mknodat(CWD, key, FileType::Fifo, Mode::RUSR, 0).unwrap();
    let ran = carom([Path::new("clicks"), "cat".as_ref(), folder.path()]);
    assert!(ran.code == Some(0) && ran.out.contains("\"id\":null"), "{ran:?}");
}

#[test]
fn a_lock_that_is_a_pipe_is_not_waited_for() {
    let folder = folder_of([click(0)]);
    fs::remove_file(folder.path().join("lock")).unwrap();
    mknodat(CWD, folder.path().join("lock"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    let ran = carom([Path::new("clicks"), "cat".as_ref(), folder.path()]);
    assert!(ran.code == Some(0) && ran.out.lines().count() == 1, "{ran:?}");
}

/// Numbers of segments go on behind them, as a file of their name can not be made.
#[test]
fn a_keeper_passes_them_over() {
    let folder = folder_of([click(0)]);
    lay(folder.path());
    for run in 1..3 {
        let (keeper, mut writers) = keep(folder.path(), 1, carom::limits::SEGMENT_BYTES_MIN);
        append(&mut writers[0], &click(run));
        drop(writers);
        keeper.finish();
    }
    assert_eq!(links(folder.path()).0, [1, 2, 3]);
    let numbers: Vec<u64> =
        list(folder.path()).unwrap().iter().map(|segment| segment.number).collect();
    assert_eq!(numbers, [1, 9, 10]);
}

both_engines!(a_server_starts_beside_them, |engine| {
    let setup = Setup::new(engine, "/a https://a.example/\n");
    let folder = setup.clicks_folder();
    fs::create_dir(&folder).unwrap();
    lay(&folder);
    let mut server = setup.start();
    let reply = Client::new(server.connect()).get("h", "/a").unwrap();
    assert_eq!(reply.status, 302);
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    check(&folder, &said);
    assert_eq!(server.clicks().rows.len(), 1);
});
