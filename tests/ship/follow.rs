//! Shipping while a server writes.

use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

use crate::common::{bare, ended, until};
use crate::log::{Log, lines, texts};
use crate::{arguments, to};

/// How many rows have arrived in a folder.
fn rows(folder: &Path) -> usize {
    let Ok(files) = fs::read_dir(folder) else {
        return 0;
    };
    let paths = files.map(|file| file.unwrap().path());
    let whole = paths.filter(|path| path.extension().is_some_and(|ending| ending == "ndjson"));
    whole.map(|path| fs::read_to_string(path).unwrap().lines().count()).sum()
}

#[test]
fn clicks_are_shipped_as_they_come() {
    let mut log = Log::new();
    let out = log.path().join("out");
    let sink = to("file", &out);
    let flags = ["--to", &sink, "--follow", "--wait", "0s", "--delete-shipped"];
    let child = bare().args(arguments(log.path(), &flags)).spawn().unwrap();
    let pid = Pid::from_child(&child);
    let mut written = 0;
    for clicks in [1, 2, 1_000, 1, 600] {
        log.write(clicks);
        written += clicks as usize;
        until("they have arrived", || rows(&out) == written);
    }
    // The next server goes on in the same folder.
    log.stop();
    log.write(700);
    until("they have arrived", || rows(&out) == written + 700);
    kill_process(pid, Signal::TERM).unwrap();
    let ran = ended(child);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.err.contains("2304 clicks shipped in"), "{ran:?}");
    let all = lines(texts(&out));
    assert!(log.rows("ndjson").iter().all(|row| all.binary_search(row).is_ok()));
    let mut left = log.segments().into_iter();
    assert!(left.all(|it| (it.shard, it.number) != (0, 1)), "shipped ones are deleted");
}

#[test]
fn told_to_stop_it_ships_what_it_has() {
    let mut log = Log::new();
    log.write(500);
    let out = log.path().join("out");
    let sink = to("file", &out);
    let flags = ["--to", &sink, "--follow", "--wait", "1h"];
    let child = bare().args(arguments(log.path(), &flags)).spawn().unwrap();
    until("it has begun", || out.exists());
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let ran = ended(child);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(lines(texts(&out)), log.rows("ndjson"));
}

#[test]
fn a_sink_that_fails_is_tried_again() {
    let mut log = Log::new();
    log.write(500);
    let out = log.path().join("out");
    fs::create_dir(&out).unwrap();
    // A folder where the file is to be written.
    let taken = out.join(".clicks-0000000001.ndjson.part");
    fs::create_dir(&taken).unwrap();
    let sink = to("file", &out);
    let flags = ["--to", &sink, "--follow", "--wait", "0s", "--name", "out"];
    let mut child = bare().args(arguments(log.path(), &flags)).spawn().unwrap();
    let said = crate::common::said_by(&mut child);
    said.wait_for("clicks wait", 2);
    fs::remove_dir(&taken).unwrap();
    until("they have arrived", || rows(&out) == 500);
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{}", said.join());
}

#[test]
fn a_sink_that_cannot_be_looked_at_is_tried_again() {
    let mut log = Log::new();
    log.write(500);
    let (out, away) = (log.path().join("out"), log.path().join("away"));
    let sink = to("file", &out);
    let flags = ["--to", &sink, "--follow", "--wait", "0s", "--name", "out"];
    let mut child = bare().args(arguments(log.path(), &flags)).spawn().unwrap();
    let said = crate::common::said_by(&mut child);
    until("they have arrived", || rows(&out) == 500);
    // As where a disk is not mounted: what is there cannot be asked for the next file.
    fs::rename(&out, &away).unwrap();
    fs::write(&out, "").unwrap();
    log.write(300);
    said.wait_for("clicks wait", 2);
    fs::remove_file(&out).unwrap();
    fs::rename(&away, &out).unwrap();
    until("they have arrived", || rows(&out) == 800);
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{}", said.join());
}
