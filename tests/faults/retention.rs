//! `--keep` and `--max-disk`: a server deletes what is too old or too much, and nothing
//! that a sink lacks.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use carom::clicks::folder::list;
use carom::limits::SEGMENT_BYTES_MIN;
use carom::ship::register;

use crate::both_engines;
use crate::common::ledger::{append, click, keep};
use crate::common::{self, Client, Engine, Setup, carom, proof, until};

/// Clicks of 2025, in sealed segments of an earlier run.
const OLD: u64 = 2_000;

/// A server whose click folder has old segments, and keeps clicks for 30 days.
fn setup(engine: Engine, old: u64) -> Setup {
    let setup = Setup::new(engine, "/a https://t.example/a\n").flag("--cores", "1");
    let folder = setup.clicks_folder();
    fs::create_dir_all(folder.join(".state")).unwrap();
    let (keeper, mut writers) = keep(&folder, 1, SEGMENT_BYTES_MIN);
    (0..old).for_each(|second| append(&mut writers[0], &click(second)));
    drop(writers);
    keeper.finish();
    setup
}

/// Clicks recorded, and deleted by rule; none is missing or lost.
fn accounted(folder: &Path) -> [u64; 2] {
    let (page, code) = proof(folder);
    assert_eq!(code, Some(0), "{page}");
    let sum = |name: &str| -> u64 {
        page["rows"].as_array().unwrap().iter().map(|row| row[name].as_u64().unwrap()).sum()
    };
    assert_eq!(sum("missing") + sum("lost"), 0, "{page}");
    [sum("recorded"), sum("deleted")]
}

fn verified(folder: &Path) -> String {
    let ran = carom(["clicks", "verify", folder.to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.out
}

fn ask(server: &common::Server, times: usize) {
    let mut client = Client::new(server.connect());
    for _ in 0..times {
        assert_eq!(client.get("t.example", "/a").unwrap().status, 302);
    }
}

/// Segments of an earlier run that are there.
fn old(folder: &Path, before: &[std::path::PathBuf]) -> usize {
    list(folder).unwrap().iter().filter(|it| before.contains(&it.path)).count()
}

fn paths(folder: &Path) -> Vec<std::path::PathBuf> {
    list(folder).unwrap().into_iter().map(|file| file.path).collect()
}

both_engines!(
    /// What is older than that goes, and what is written stays.
    old_clicks_go,
    |engine| {
        let setup = setup(engine, OLD);
        let (folder, before) = (setup.clicks_folder(), paths(&setup.clicks_folder()));
        let mut server = setup.env("CAROM_KEEP", "30d").start();
        ask(&server, 30);
        until("the old ones are gone", || old(&folder, &before) == 0);
        server.wait_until_said("clicks: deleted by --keep: ", 1);
        assert!(server.has_said("\n  kept      for 30 days\n"));
        assert_eq!(server.started["keep_seconds"], 30.0 * 86_400.0);
        ask(&server, 30);
        let (code, said) = server.stop();
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains(&format!("with {OLD} clicks")), "{said}");
        assert_eq!(accounted(&folder), [60, OLD]);
        let told = format!("deleted by the server, older than --keep: {} segments", before.len());
        assert!(verified(&folder).contains(&told));
        assert_eq!(common::clicks(&folder).rows.len(), 60);
    }
);

both_engines!(
    /// The folder stays within its bound under load, and after kills.
    the_oldest_go,
    |engine| {
        const MOST: u64 = 5 << 20;
        // A sixth of them is too much, beside what is kept ready.
        let before = 20 * OLD;
        let setup = setup(engine, before).segments("64KiB").flag("--max-disk", "5MiB");
        let folder = setup.clicks_folder();
        let mut server = setup.start();
        let mut asked = 0;
        for round in 0..3 {
            ask(&server, 4_000);
            asked += 4_000;
            let used = || -> u64 {
                let files = list(&folder).unwrap();
                let bytes = files.iter().filter_map(|it| Some(it.path.metadata().ok()?.blocks()));
                bytes.sum::<u64>() * 512
            };
            until("it is within its bound", || used() <= MOST);
            if round < 2 {
                server.restart();
            }
        }
        let newest = common::clicks(&folder).rows.len() as u64;
        assert!(newest > 5_000, "no more goes than has to: {newest}");
        let (code, said) = server.stop();
        assert_eq!(code, Some(0), "{said}");
        let [recorded, deleted] = accounted(&folder);
        assert_eq!(recorded + deleted, before + asked);
        assert!(recorded <= newest, "{recorded} of {newest}");
        assert!(deleted > 2_000 && deleted < before, "the oldest first: {deleted}");
        assert!(verified(&folder).contains("deleted by the server, over --max-disk: "));
    }
);

both_engines!(
    /// Of what was deleted when it was killed, the next start leaves nothing, also one that
    /// has no rules.
    killed_while_it_deletes,
    |engine| {
        let before = 10 * OLD;
        let setup = setup(engine, before);
        let (folder, old_paths) = (setup.clicks_folder(), paths(&setup.clicks_folder()));
        let mut server = setup.flag("--keep", "30d").start();
        let listed = || {
            let list = fs::read_to_string(folder.join(".state/ledger")).unwrap();
            list.matches(" by=server why=too-old ").count()
        };
        until("it has begun", || listed() > 0);
        server.kill();
        assert_eq!(listed(), old_paths.len(), "the list tells of all of them, first");
        let flags = &mut server.setup.flags;
        let at = flags.iter().position(|flag| flag == "--keep").unwrap();
        flags.drain(at..at + 2);
        server.restart();
        until("nothing is left of them", || old(&folder, &old_paths) == 0);
        ask(&server, 3);
        let (code, said) = server.stop();
        assert_eq!(code, Some(0), "{said}");
        assert_eq!(accounted(&folder), [3, before]);
        verified(&folder);
    }
);

both_engines!(
    /// Segments that are written in a stage go from the disk when they are sealed there.
    with_a_stage,
    |engine| {
        let stage = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let setup = setup(engine, 30 * OLD).segments("64KiB").flag("--max-disk", "5MiB");
        let setup = setup.flag("--clicks-stage", stage.path().to_str().unwrap());
        let folder = setup.clicks_folder();
        let mut server = setup.start();
        ask(&server, 3_000);
        server.wait_until_said("deleted by --max-disk: ", 1);
        server.restart();
        ask(&server, 100);
        let (code, said) = server.stop();
        assert_eq!(code, Some(0), "{said}");
        let [recorded, deleted] = accounted(&folder);
        assert_eq!(recorded + deleted, 30 * OLD + 3_100);
        assert!(deleted > OLD && recorded > 3_100, "{recorded} left");
        verified(&folder);
    }
);

both_engines!(
    /// What a sink lacks stays, and is named, until the sink has it or is forgotten.
    a_sink_holds_back,
    |engine| {
        let setup = setup(engine, OLD);
        let (folder, before) = (setup.clicks_folder(), paths(&setup.clicks_folder()));
        let to = format!("file:{}", setup.folder.path().join("rows").display());
        drop(register::Registered::open(&folder, "rows", &to).unwrap());
        let mut server = setup.flag("--keep", "30d").start();
        server.wait_until_said(&format!("`rows` lacks {OLD} clicks of "), 1);
        ask(&server, 5);
        assert_eq!(old(&folder, &before), before.len());
        let words = ["ship", folder.to_str().unwrap(), "--forget", "rows"];
        assert_eq!(carom(words).code, Some(0));
        let shipped = carom(["ship", folder.to_str().unwrap(), "--to", &to, "--name", "rows"]);
        assert_eq!(shipped.code, Some(0), "{shipped:?}");
        until("the old ones are gone", || old(&folder, &before) == 0);
        let (code, said) = server.stop();
        assert_eq!(code, Some(0), "{said}");
        assert_eq!(accounted(&folder), [5, OLD]);
    }
);

both_engines!(
    /// The clock is 40 days ahead of what it was when the last server looked.
    a_clock_that_leapt,
    |engine| {
        let setup = setup(engine, OLD).segments("64KiB").flag("--max-disk", "256MiB");
        let (folder, before) = (setup.clicks_folder(), paths(&setup.clicks_folder()));
        let known = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(40 * 24);
        fs::write(folder.join(".state/clock"), format!("known {known}\n")).unwrap();
        let mut server = setup.flag("--keep", "30d").start();
        server.wait_until_said("nothing is deleted by --keep until it is set right", 1);
        // A start does not make it true.
        server.restart();
        server.wait_until_said("nothing is deleted by --keep until it is set right", 1);
        assert_eq!(old(&folder, &before), before.len());
        let words = ["clicks", "prune", folder.to_str().unwrap(), "--keep", "30d"];
        let refused = carom(words);
        assert_eq!((refused.code, &*refused.out), (Some(2), ""), "{refused:?}");
        // Who says the day does not need the clock.
        let words = ["clicks", "prune", folder.to_str().unwrap(), "--before", "2026-01-01"];
        assert_eq!(carom(words).code, Some(0));
        assert_eq!(old(&folder, &before), 0);
        ask(&server, 7);
        server.stop();
        assert_eq!(accounted(&folder), [7, OLD]);
    }
);

/// A list that cannot be added to keeps everything, and serving goes on.
#[test]
fn what_cannot_be_listed_stays() {
    let setup = setup(Engine::Epoll, OLD);
    let (folder, before) = (setup.clicks_folder(), paths(&setup.clicks_folder()));
    // What is no checkpoint may be one that a later carom wrote.
    fs::create_dir_all(register::folder(&folder)).unwrap();
    fs::write(register::folder(&folder).join("rows"), [7; 300_000]).unwrap();
    let mut server = setup.flag("--keep", "30d").start();
    server.wait_until_said("nothing is deleted by --keep: the checkpoint ", 1);
    ask(&server, 9);
    assert_eq!(old(&folder, &before), before.len());
    fs::remove_file(register::folder(&folder).join("rows")).unwrap();
    until("the old ones are gone", || old(&folder, &before) == 0);
    server.stop();
    assert_eq!(accounted(&folder), [9, OLD]);
}

#[test]
fn bounds_that_cannot_hold_are_refused() {
    let refused = |name: &str, value: &str, words: &str| {
        let setup = Setup::new(Engine::Auto, "/a https://t.example/a\n").flag("--cores", "1");
        let setup = setup.flag(name, value);
        let said = setup.refusal();
        assert!(said.contains(words), "{said}");
        assert!(!setup.clicks_folder().exists(), "nothing is made");
    };
    refused("--keep", "2m", "--keep 120s is no longer than --segment-age 300s");
    refused(
        "--max-disk",
        "60MiB",
        "with segments of up to 1.0 MiB, what is written and kept ready, and a sealed segment for each, can take 66.0 MiB",
    );
    for (name, value, words) in
        [("--keep", "30s", "shorter than 60s"), ("--max-disk", "much", "write a size with its")]
    {
        let ran = carom(["serve", "links.txt", name, value]);
        assert!(ran.code == Some(2) && ran.err.contains(words), "{ran:?}");
    }
    assert!(Duration::from_millis(carom::limits::KEEP_MS_MIN) == Duration::from_mins(1));
}
