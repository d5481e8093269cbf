//! Segments that every sink has are deleted, and no others.

use std::path::Path;

use crate::log::{Log, lines, texts};
use crate::prune::half_deleted;
use crate::{shipped, to};

/// The lowest and highest segment number of shard 0.
fn numbers(log: &Log) -> (u64, u64) {
    let numbers = log.segments().into_iter().filter(|it| it.shard == 0).map(|it| it.number);
    let numbers: Vec<_> = numbers.collect();
    (numbers[0], numbers[numbers.len() - 1])
}

fn deletes(log: &Log, out: &Path, flags: &[&str]) -> String {
    let sink = to("file", out);
    shipped(log, &[&["--to", &sink, "--delete-shipped"], flags].concat())
}

#[test]
fn the_newest_segment_of_each_shard_stays() {
    let mut log = Log::of(3_000);
    let out = log.path().join("out");
    let (_, last) = numbers(&log);
    assert!(last > 3, "there are several");
    let rows = log.rows("ndjson");
    let said = deletes(&log, &out, &[]);
    assert!(said.contains(" segments deleted"), "{said}");
    assert_eq!(numbers(&log), (last, last));
    assert_eq!(log.segments().len(), 2, "one of each shard");
    assert_eq!(lines(texts(&out)), rows);

    // Numbers go on, and so does shipping.
    log.write(2_000);
    log.stop();
    assert!(numbers(&log).1 > last);
    let said = deletes(&log, &out, &[]);
    assert!(said.contains("2000 clicks shipped"), "{said}");
    assert_eq!(lines(texts(&out)).len(), 5_000);
}

#[test]
fn what_a_kill_left_half_deleted_goes() {
    let log = Log::of(3_000);
    let (out, rows) = (log.path().join("out"), log.rows("ndjson"));
    shipped(&log, &["--to", &to("file", &out)]);
    let (path, _) = half_deleted(&log);
    deletes(&log, &out, &[]);
    assert!(!path.exists());
    assert_eq!((log.segments().len(), lines(texts(&out))), (2, rows));
}

#[test]
fn nothing_is_deleted_that_another_sink_lacks() {
    let log = Log::of(3_000);
    let (one, two) = (log.path().join("one"), log.path().join("two"));
    let rows = log.rows("ndjson");
    // Registered, and behind.
    shipped(&log, &["--to", &to("file", &two), "--batch", "2000"]);
    let checkpoint = carom::ship::register::names(log.path()).unwrap();
    let name = &checkpoint[0];
    let address = carom::ship::register::read(log.path(), name).unwrap().address;
    let mut behind = carom::ship::register::Registered::open(log.path(), name, &address).unwrap();
    let has = std::mem::take(&mut behind.checkpoint.positions);
    behind.save().unwrap();

    let before = numbers(&log);
    deletes(&log, &one, &[]);
    assert_eq!(numbers(&log), before);

    behind.checkpoint.positions = has;
    behind.save().unwrap();
    deletes(&log, &one, &[]);
    assert_eq!(numbers(&log), (before.1, before.1));
    assert_eq!((lines(texts(&one)), lines(texts(&two))), (rows.clone(), rows));
}

#[test]
fn they_are_kept_for_as_long_as_wished() {
    let log = Log::of(3_000);
    let out = log.path().join("out");
    let before = numbers(&log);
    deletes(&log, &out, &["--keep-for", "1d"]);
    assert_eq!(numbers(&log), before);
    for file in log.segments() {
        let segment = std::fs::File::options().write(true).open(&file.path).unwrap();
        let hours = std::time::Duration::from_secs(25 * 3600);
        segment.set_modified(std::time::SystemTime::now() - hours).unwrap();
    }
    deletes(&log, &out, &["--keep-for", "1d"]);
    assert_eq!(numbers(&log), (before.1, before.1));
}

#[test]
fn a_folder_that_was_emptied_is_shipped_from_its_beginning() {
    let mut log = Log::of(3_000);
    let out = log.path().join("out");
    shipped(&log, &["--to", &to("file", &out)]);
    for file in log.segments() {
        std::fs::remove_file(file.path).unwrap();
    }
    for _ in 0..2 {
        log.write(1_000);
        log.stop();
        shipped(&log, &["--to", &to("file", &out)]);
    }
    assert_eq!(lines(texts(&out)).len(), 5_000);
}
