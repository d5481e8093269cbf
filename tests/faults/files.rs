//! The files of a running server are cut, removed, moved or replaced. It says so, counts
//! the clicks that are concerned, and goes on in new ones.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use carom::clicks::folder::list;

use crate::both_engines;
use crate::common::{self, Client, Engine, Server, Setup};
use crate::harm::{LINKS, left, live_segment, under_load};

/// A server of one core, in whose segments the load fits.
fn start(engine: Engine) -> Server {
    Setup::new(engine, LINKS).segments("16MiB").flag("--cores", "1").start()
}

/// What harms the click folder or the segment that is written (its second argument) is
/// said once and costs no click that is recorded later. Where it was moved elsewhere,
/// nothing is gone once that is read too.
fn harm(engine: Engine, harm: fn(&Path, &Path), words: &[&str]) {
    let mut server = start(engine);
    let harm_live = |folder: &Path| {
        let live = live_segment(folder).expect("one is written");
        harm(folder, &live);
        left(folder, &live);
    };
    let outcome = under_load(&mut server, harm_live, words);
    let clicks = server.clicks();
    let recorded = clicks.rows.len() as u64;
    outcome.judge(recorded);
    assert_eq!(outcome.lost, 0, "{}", outcome.said);
    assert!(outcome.doubtful >= 1 && outcome.doubtful < outcome.served, "{}", outcome.said);
    let is_last = |row: &serde_json::Value| row["path"] == "/b";
    assert!(clicks.rows.last().is_some_and(is_last), "{}", clicks.said);
    let gone = outcome.served - recorded;
    if gone > 0 {
        assert_eq!(clicks.code, Some(1), "{}", clicks.said);
        assert!(clicks.said.contains(&format!("{gone} clicks missing")), "{}", clicks.said);
    }
    let elsewhere = elsewhere(&server.setup.clicks_folder());
    if elsewhere.exists() {
        assert_eq!(common::clicks(&elsewhere).rows.len() as u64, gone, "{}", outcome.said);
        assert_eq!(outcome.doubtful, gone);
    }
    for words in words {
        assert_eq!(outcome.said.matches(words).count(), 1, "once\n{}", outcome.said);
    }
}

/// Beside the click folder.
fn elsewhere(folder: &Path) -> PathBuf {
    folder.with_file_name("elsewhere")
}

fn cut_to(path: &Path, bytes: u64) {
    File::options().write(true).open(path).unwrap().set_len(bytes).unwrap();
}

both_engines!(
    /// A store beyond the end of a file raises SIGBUS.
    a_live_segment_is_emptied,
    |engine| harm(engine, |_, live| cut_to(live, 0), &["was cut to 0 bytes while it was written"])
);
both_engines!(
    /// What is left of it is read.
    a_live_segment_is_cut,
    |engine| {
        let words = ["was cut to 70000 bytes while it was written", "find out who cuts files"];
        harm(engine, |_, live| cut_to(live, 70_000), &words);
    }
);
both_engines!(a_live_segment_is_removed, |engine| {
    harm(engine, |_, live| fs::remove_file(live).unwrap(), &["was removed while it was written"]);
});
both_engines!(a_live_segment_is_moved, |engine| {
    let moved = |folder: &Path, live: &Path| {
        fs::create_dir(elsewhere(folder)).unwrap();
        fs::rename(live, elsewhere(folder).join(live.file_name().unwrap())).unwrap();
    };
    harm(engine, moved, &[".clicks was moved to ", "move it back under its name"]);
});
both_engines!(
    /// As an editor or a restore does.
    a_live_segment_is_replaced_by_a_copy,
    |engine| {
        let replace = |folder: &Path, live: &Path| {
            let copy = folder.join("copy");
            fs::copy(live, &copy).unwrap();
            fs::rename(&copy, live).unwrap();
        };
        harm(engine, replace, &["was removed while it was written"]);
    }
);
both_engines!(the_click_folder_is_removed, |engine| {
    let remove = |folder: &Path, _: &Path| {
        // A segment may be made meanwhile.
        common::until("it is removed", || fs::remove_dir_all(folder).is_ok());
    };
    let words =
        ["clicks is gone (it was removed)", "in one that was made there", "was removed while"];
    harm(engine, remove, &words);
});
both_engines!(the_click_folder_is_moved, |engine| {
    let moved = |folder: &Path, _: &Path| fs::rename(folder, elsewhere(folder)).unwrap();
    let words = ["clicks is gone (it is ", "in one that was made there", ".clicks was moved to "];
    harm(engine, moved, &words);
});
both_engines!(
    /// Clicks go on in what is mounted. Needs root.
    something_is_mounted_over_the_click_folder,
    |engine| {
        let mount = |name: &str, arguments: &[&str], folder: &Path| {
            let ran = Command::new(name).args(arguments).arg(folder).output();
            ran.is_ok_and(|output| output.status.success())
        };
        let over = ["-t", "tmpfs", "-o", "size=128m", "tmpfs"];
        let probe = tempfile::tempdir().unwrap();
        if !(mount("mount", &over, probe.path()) && mount("umount", &[], probe.path())) {
            return eprintln!("skipped: cannot mount here");
        }
        let mut server = start(engine);
        let folder = server.setup.clicks_folder();
        let cover = |folder: &Path| {
            let live = live_segment(folder).expect("one is written");
            assert!(mount("mount", &over, folder));
            left(folder, &live);
        };
        let words = ["perhaps by what is mounted over it). Clicks go on in another"];
        let outcome = under_load(&mut server, cover, &words);
        let above = server.clicks();
        assert!(mount("umount", &[], &folder));
        let below = server.clicks();
        assert_eq!((below.rows.len() as u64, outcome.lost), (outcome.doubtful, 0), "{}", below.said);
        assert_eq!((above.rows.len() + below.rows.len()) as u64, outcome.served, "{}", above.said);
    }
);
both_engines!(
    /// The one that it has made meanwhile gives way.
    the_click_folder_is_moved_and_comes_back,
    |engine| {
        let mut server = start(engine);
        let there_and_back = |folder: &Path| {
            let first = live_segment(folder).expect("one is written");
            fs::rename(folder, elsewhere(folder)).unwrap();
            let meanwhile = left(folder, &first);
            fs::rename(folder, folder.with_file_name("meanwhile")).unwrap();
            fs::rename(elsewhere(folder), folder).unwrap();
            left(folder, &meanwhile);
        };
        let words = ["in another that is there now", ".clicks was moved to ", "/meanwhile/shard"];
        let outcome = under_load(&mut server, there_and_back, &words);
        let clicks = server.clicks();
        outcome.judge(clicks.rows.len() as u64);
        let is_last = |row: &serde_json::Value| row["path"] == "/b";
        assert!(clicks.rows.last().is_some_and(is_last), "{}", clicks.said);
    }
);

both_engines!(
    /// No click is concerned, and none will be.
    segments_that_are_ready_are_removed,
    |engine| {
        let mut server = start(engine);
        let folder = server.setup.clicks_folder();
        let segments = || list(&folder).unwrap();
        let before = segments();
        before.iter().for_each(|segment| fs::remove_file(&segment.path).unwrap());
        common::until("there are as many again", || segments().len() == before.len());
        assert_eq!(Client::new(server.connect()).get("t.example", "/b").unwrap().status, 302);
        let (code, said) = server.stop();
        assert!(code == Some(0) && !said.contains("may be gone"), "{said}");
        assert_eq!((server.clicks().rows.len(), segments().len()), (1, 1), "{said}");
    }
);
