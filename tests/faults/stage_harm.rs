//! Files in a stage, and those on the disk of what is written in one, are cut, removed or
//! changed. The server says so, and loses nothing that it still has somewhere.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use carom::clicks::folder::parse_segment_name;
use carom::clicks::{Header, SEAL_AT, Seal, SealReason};
use tempfile::TempDir;

use crate::both_engines;
use crate::common::{self, Client, Engine, Server, Setup, carom, proof, until};
use crate::harm::{LINKS, left, live_segment, under_load};

/// Where the first page of a segment ends, bytes.
const RECORDS_AT: u64 = 4096;

fn memory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// A server of one core, in whose segments the load fits.
fn setup(engine: Engine, stage: &Path, sync_interval: &str) -> Setup {
    let setup = Setup::new(engine, LINKS).segments("16MiB").flag("--cores", "1");
    let setup = setup.flag("--sync-interval", sync_interval);
    setup.flag("--clicks-stage", stage.to_str().unwrap())
}

/// The one stage in this folder.
fn stage_in(folder: &Path) -> PathBuf {
    let mut entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let first = entries.next().expect("there is one");
    assert_eq!(entries.next(), None);
    first
}

/// The image of the segment that is written.
fn live_image(folder: &Path, stage: &Path) -> PathBuf {
    let live = live_segment(folder).expect("one is written");
    stage_in(stage).join(live.file_name().unwrap())
}

fn cut_to(path: &Path, bytes: u64) {
    File::options().write(true).open(path).unwrap().set_len(bytes).unwrap();
}

fn is_whole_for_verify(folder: &Path) {
    let verify = carom([Path::new("clicks"), Path::new("verify"), folder]);
    assert_eq!(verify.code, Some(0), "{}{}", verify.out, verify.err);
}

/// Nothing is missing from the folder, and no byte was changed.
fn is_whole(folder: &Path, recorded: u64) {
    is_whole_for_verify(folder);
    let (page, code) = proof(folder);
    let rows = page["rows"].as_array().unwrap();
    let sum = |name: &str| rows.iter().map(|row| row[name].as_u64().unwrap()).sum::<u64>();
    assert_eq!([sum("recorded"), sum("missing")], [recorded, 0], "{page}");
    assert_eq!(code, Some(0), "{page}");
}

/// What harms the click folder, or the file of the segment that is written, under load
/// costs nothing: all is in the stage.
fn harm_disk(engine: Engine, harm: fn(&Path, &Path), words: &[&str]) {
    let stage = memory();
    let mut server = setup(engine, stage.path(), "20ms").start();
    let harm_live = |folder: &Path| {
        let live = live_segment(folder).expect("one is written");
        until("it has a file", || live.exists());
        harm(folder, &live);
        left(folder, &live);
    };
    let outcome = under_load(&mut server, harm_live, words);
    let folder = server.setup.clicks_folder();
    assert_eq!((outcome.lost, outcome.doubtful), (0, 0), "{}", outcome.said);
    match folder.with_file_name("elsewhere").exists() {
        // The click key, without which nothing is proved, is there.
        true => assert_eq!(server.clicks().rows.len() as u64, outcome.served, "{}", outcome.said),
        false => is_whole(&folder, outcome.served),
    }
    assert!(fs::read_dir(stage.path()).unwrap().next().is_none(), "{}", outcome.said);
}

both_engines!(a_file_on_the_disk_is_removed, |engine| {
    let words = ["was removed while it was written. It was made again with all"];
    harm_disk(engine, |_, live| fs::remove_file(live).unwrap(), &words);
});
both_engines!(a_file_on_the_disk_is_cut, |engine| {
    // A sync may have made it longer again.
    let words = ["bytes while it was written. It was made again with all"];
    harm_disk(engine, |_, live| cut_to(live, 100), &words);
});
both_engines!(the_click_folder_is_moved, |engine| {
    let moved = |folder: &Path, _: &Path| {
        fs::rename(folder, folder.with_file_name("elsewhere")).unwrap();
    };
    let words = ["clicks is gone (it is ", "while it was written. It was made again with all"];
    harm_disk(engine, moved, &words);
});

both_engines!(
    /// The new one names the stage, so a kill loses nothing.
    the_click_folder_is_moved_before_a_kill,
    |engine| {
        let stage = memory();
        let mut server = setup(engine, stage.path(), "1h").start();
        let folder = server.setup.clicks_folder();
        let ask = |server: &Server, count: usize| {
            let mut client = Client::new(server.connect());
            (0..count).for_each(|_| assert_eq!(client.get("t.example", "/a").unwrap().status, 302));
        };
        ask(&server, 50);
        let first = live_segment(&folder).unwrap();
        fs::rename(&folder, folder.with_file_name("elsewhere")).unwrap();
        server.wait_until_said("Clicks go on in ", 1);
        // The shard goes on in a segment that was made after that.
        until("a later segment is written", || {
            ask(&server, 1);
            live_segment(&folder).is_some_and(|live| live.file_name() > first.file_name())
        });
        server.kill();
        let before = server.clicks();
        assert!(!before.said.contains("stage"), "{}", before.said);
        server.restart();
        server.wait_until_said("from its stage to the disk", 1);
        let (code, said) = server.stop();
        assert_eq!(code, Some(0), "{said}");
        let after = server.clicks();
        assert!(before.rows.len() > 50 && after.rows.len() == before.rows.len(), "{}", after.said);
    }
);

both_engines!(
    /// What is written into it is still in memory.
    an_image_is_removed,
    |engine| {
        let stage = memory();
        let mut server = setup(engine, stage.path(), "20ms").start();
        let remove = |folder: &Path| {
            let live = live_segment(folder).unwrap();
            fs::remove_file(live_image(folder, stage.path())).unwrap();
            until("it writes another segment", || {
                live_segment(folder).is_some_and(|now| now > live)
            });
        };
        let outcome = under_load(&mut server, remove, &["was removed or moved while it was"]);
        assert_eq!((outcome.lost, outcome.doubtful), (0, 0), "{}", outcome.said);
        is_whole(&server.setup.clicks_folder(), outcome.served);
        assert!(fs::read_dir(stage.path()).unwrap().next().is_none(), "{}", outcome.said);
    }
);

both_engines!(
    /// What was synced stays, and its memory serves no other segment.
    an_image_is_emptied,
    |engine| {
        let stage = memory();
        let mut server = setup(engine, stage.path(), "20ms").start();
        let empty = |folder: &Path| {
            let live = live_segment(folder).unwrap();
            cut_to(&live_image(folder, stage.path()), 0);
            left(folder, &live);
        };
        let outcome = under_load(&mut server, empty, &["in the stage was cut while it was"]);
        assert_eq!(outcome.lost, 0, "{}", outcome.said);
        assert!(outcome.doubtful < outcome.served, "{}", outcome.said);
        let recorded = server.clicks().rows.len() as u64;
        outcome.judge(recorded);
        // Those of a later segment are there to the last.
        let clicks = server.clicks();
        assert!(clicks.rows.last().is_some_and(|row| row["path"] == "/b"), "{}", clicks.said);
        let left = fs::read_dir(stage_in(stage.path())).unwrap();
        let names = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let images: Vec<_> = names.filter(|name| parse_segment_name(name).is_some()).collect();
        assert_eq!(images.len(), 1, "the image of what is suspect stays: {images:?}");
    }
);

both_engines!(
    /// Clicks go on in files on the disk.
    the_stage_is_removed,
    |engine| {
        let stage = memory();
        let mut server = setup(engine, stage.path(), "20ms").start();
        let remove = |folder: &Path| {
            let live = live_segment(folder).unwrap();
            fs::remove_dir_all(stage_in(stage.path())).unwrap();
            until("it writes another segment", || {
                live_segment(folder).is_some_and(|now| now > live)
            });
        };
        let outcome = under_load(&mut server, remove, &["is gone (it was removed). What is in"]);
        assert_eq!((outcome.lost, outcome.doubtful), (0, 0), "{}", outcome.said);
        let folder = server.setup.clicks_folder();
        is_whole(&folder, outcome.served);
        assert!(!folder.join("stage").exists(), "{}", outcome.said);
    }
);

/// Kills a server that has synced its first click and not its last ones, harms its stage,
/// and starts it again. Returns what that says, and how many clicks were recorded and are
/// there then.
fn harm_after_a_kill(
    engine: Engine,
    harm: fn(&Path, &Path),
    words: &str,
) -> (String, usize, usize) {
    let stage = memory();
    let mut server = setup(engine, stage.path(), "100ms").start();
    let folder = server.setup.clicks_folder();
    let mut client = Client::new(server.connect());
    assert_eq!(client.get("t.example", "/b").unwrap().status, 302);
    let live = live_segment(&folder).unwrap();
    until("the first click is synced", || {
        let mut word = [0; 8];
        let read = File::open(&live).and_then(|file| file.read_exact_at(&mut word, RECORDS_AT));
        read.is_ok() && word != [0; 8]
    });
    for _ in 0..500 {
        assert_eq!(client.get("t.example", "/a").unwrap().status, 302);
    }
    server.kill();
    let recorded = server.clicks().rows.len();
    assert_eq!(recorded, 501);
    let image = live_image(&folder, stage.path());
    harm(&image, &live);
    let verify = carom([Path::new("clicks"), Path::new("verify"), Path::new("--all"), &folder]);
    let is_missed = verify.out.contains("its image in the stage was removed or emptied");
    assert_eq!(is_missed, words.contains("was writing"), "{}", verify.out);
    // As long as the image is there, what was done to the file alone takes nothing away.
    let is_whole = verify.out.contains("; nothing is missing");
    assert_eq!(verify.code, Some(i32::from(!is_whole)), "{}", verify.out);
    server.restart();
    server.wait_until_said(words, 1);
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    let clicks = server.clicks();
    assert!(fs::read_dir(stage.path()).unwrap().next().is_none(), "{said}");
    stays_a_finding(&folder, "in the stage was ");
    (said, recorded, clicks.rows.len())
}

/// `verify` and `prove` still say this.
fn stays_a_finding(folder: &Path, words: &str) {
    let verify = carom([Path::new("clicks"), Path::new("verify"), folder]);
    assert!(verify.code == Some(1) && verify.out.contains(words), "{}", verify.out);
    let prove = carom([Path::new("clicks"), Path::new("prove"), folder]);
    assert!(prove.code == Some(1) && prove.err.contains(words), "{}{}", prove.out, prove.err);
}

/// Kills a server with clicks in its stage alone, removes the name of that from the click
/// folder, and starts it again with or without a stage. Returns what that says, and
/// how many clicks are there then.
fn stage_forgotten(engine: Engine, is_staged_again: bool) -> (PathBuf, String, usize, Server) {
    let stage = memory();
    let mut server = setup(engine, stage.path(), "1h").start();
    let folder = server.setup.clicks_folder();
    let mut client = Client::new(server.connect());
    for _ in 0..50 {
        assert_eq!(client.get("t.example", "/a").unwrap().status, 302);
    }
    server.kill();
    fs::remove_file(folder.join("stage")).unwrap();
    if !is_staged_again {
        let flags = &mut server.setup.flags;
        let at = flags.iter().position(|flag| flag == "--clicks-stage").unwrap();
        flags.drain(at..at + 2);
    }
    server.restart();
    server.wait_until_said("stage was removed, which says where the last clicks", 1);
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    let there = server.clicks().rows.len();
    (folder, said, there, server)
}

both_engines!(the_name_of_the_stage_is_removed_after_a_kill, |engine| {
    let (folder, said, there, _server) = stage_forgotten(engine, true);
    assert_eq!(there, 50, "{said}");
    is_whole(&folder, 50);
});
both_engines!(the_name_of_the_stage_is_removed_and_it_is_not_found, |engine| {
    let (folder, said, there, _server) = stage_forgotten(engine, false);
    assert_eq!(there, 0, "{said}");
    stays_a_finding(&folder, "in the stage was gone or emptied at the start after a kill");
});

both_engines!(
    /// Another start finds all of it on the disk.
    a_start_that_fails_when_it_has_emptied_the_stage,
    |engine| {
        let stage = memory();
        let mut server = setup(engine, stage.path(), "1h").start();
        let folder = server.setup.clicks_folder();
        let mut client = Client::new(server.connect());
        for _ in 0..50 {
            assert_eq!(client.get("t.example", "/a").unwrap().status, 302);
        }
        server.kill();
        let links = server.setup.links[0].to_str().unwrap();
        let (clicks, nowhere) = (folder.to_str().unwrap(), format!("{links}/nowhere"));
        let serve = ["serve", links, "--clicks", clicks, "--listen", ":0", "--cores", "1"];
        let ran = carom([&serve[..], &["--clicks-stage", &nowhere]].concat());
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.err.contains("cannot make a stage in"), "{}", ran.err);
        is_whole_for_verify(&folder);
        server.restart();
        let (code, said) = server.stop();
        assert!(code == Some(0) && !said.contains("was removed"), "{said}");
        is_whole(&folder, 50);
    }
);

both_engines!(a_stage_that_cannot_be_read_is_told, |engine| {
    let stage = memory();
    let server = setup(engine, stage.path(), "1h").start();
    let folder = server.setup.clicks_folder();
    let mut client = Client::new(server.connect());
    assert_eq!(client.get("t.example", "/a").unwrap().status, 302);
    let own = stage_in(stage.path());
    let moved = own.with_extension("away");
    fs::rename(&own, &moved).unwrap();
    stays_a_finding(&folder, "which cannot be read from here");
    fs::rename(&moved, &own).unwrap();
});

both_engines!(an_image_is_removed_after_a_kill, |engine| {
    let (said, recorded, there) = harm_after_a_kill(
        engine,
        |image, _| fs::remove_file(image).unwrap(),
        "1 segment that the last server was writing in the stage",
    );
    assert!(there >= 1 && there <= recorded, "{said}");
});
both_engines!(
    /// It is as one that was never used.
    an_image_loses_all_but_its_header_after_a_kill,
    |engine| {
        let (said, recorded, there) = harm_after_a_kill(
            engine,
            |image, _| {
                let bytes = image.metadata().unwrap().len();
                let header = &fs::read(image).unwrap()[..96];
                let page = [header, &[0; 2048 - 96][..], header].concat();
                fs::write(image, page).unwrap();
                File::options().write(true).open(image).unwrap().set_len(bytes).unwrap();
            },
            "1 segment that the last server was writing in the stage",
        );
        assert!(there >= 1 && there <= recorded, "{said}");
    }
);
both_engines!(
    /// A seal that its server did not write would hide what comes behind it.
    a_file_gets_a_seal_after_a_kill,
    |engine| {
        let (said, recorded, there) = harm_after_a_kill(
            engine,
            |_, file| {
                let salt = Header::read(&fs::read(file).unwrap()).unwrap().salt;
                let seal = Seal {
                    used_bytes: RECORDS_AT + 200,
                    clicks: 1,
                    lost: 0,
                    first_sequence: 1,
                    last_sequence: 1,
                    last_us: 1,
                    reason: SealReason::Stopped,
                    suspect: false,
                    set_back: false,
                };
                let file = File::options().write(true).open(file).unwrap();
                file.write_all_at(&seal.encode(salt), SEAL_AT as u64).unwrap();
            },
            "from what was synced",
        );
        assert_eq!(recorded, there, "{said}");
    }
);
both_engines!(an_image_is_emptied_after_a_kill, |engine| {
    let (said, recorded, there) = harm_after_a_kill(
        engine,
        |image, _| cut_to(image, 0),
        "1 segment that the last server was writing in the stage",
    );
    assert!(there >= 1 && there <= recorded, "{said}");
});
both_engines!(
    /// What the disk has already is believed rather than the image.
    an_image_is_changed_after_a_kill,
    |engine| {
        let change = |image: &Path, _: &Path| {
            let file = File::options().write(true).open(image).unwrap();
            file.write_all_at(&[0xff; 8], RECORDS_AT + 8).unwrap();
        };
        let (said, recorded, there) =
            harm_after_a_kill(engine, change, "differs in 8 bytes from what was synced");
        assert_eq!(recorded, there, "{said}");
    }
);

both_engines!(
    /// Also by one that does not know of the click folder.
    nobody_else_may_hold_a_stage,
    |engine| {
        let stage = memory();
        let mut server = setup(engine, stage.path(), "1h").start();
        let held = File::open(stage_in(stage.path())).unwrap();
        assert!(held.try_lock().is_err(), "its server holds it");
        server.kill();
        held.lock().unwrap();
        let folder = server.setup.clicks_folder();
        let links = server.setup.links[0].to_str().unwrap();
        let clicks = folder.to_str().unwrap();
        let ran = carom(["serve", links, "--clicks", clicks, "--listen", "127.0.0.1:0"]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.err.contains("is held by another carom (process "), "{}", ran.err);
        drop(held);
        server.restart();
        assert_eq!(server.stop().0, Some(0));
    }
);

both_engines!(
    /// A spare folder would be used too late: segments are made in the stage all the time.
    a_stage_and_a_spare_folder_are_refused_together,
    |engine| {
        let stage = memory();
        let setup = setup(engine, stage.path(), "1h");
        let links = setup.links[0].to_str().unwrap();
        let [clicks, spare] = ["clicks", "spare"].map(|name| setup.folder.path().join(name));
        let ran = carom([
            "serve",
            links,
            "--clicks",
            clicks.to_str().unwrap(),
            "--clicks-stage",
            stage.path().to_str().unwrap(),
            "--clicks-spare",
            spare.to_str().unwrap(),
            "--listen",
            "127.0.0.1:0",
        ]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.err.contains("cannot be used together: "), "{}", ran.err);
        assert!(!spare.exists());
    }
);
