//! What arrives at a sink when nothing goes wrong, and when the ledger is damaged.

use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt};

use carom::ship::register;

use crate::log::{Log, lines, texts};
use crate::{ship, shipped, to};

#[test]
fn files_hold_what_clicks_cat_prints() {
    let log = Log::of(3_000);
    let out = log.path().join("out");
    let said = shipped(&log, &["--to", &to("file", &out), "--batch", "1000"]);
    assert!(said.contains("3000 clicks shipped in 3 batches"), "{said}");
    assert_eq!(lines(texts(&out)), log.rows("ndjson"));
    let first = out.join("clicks-0000000001.ndjson");
    assert_eq!(first.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    // In the order of time, though two shards wrote them.
    let times: Vec<_> = texts(&out).concat().lines().map(|row| row[..40].to_owned()).collect();
    assert!(times.is_sorted());
}

#[test]
fn each_csv_file_has_its_header() {
    let log = Log::of(300);
    let out = log.path().join("out");
    shipped(&log, &["--to", &to("file", &out), "--format", "csv", "--batch", "100"]);
    let mut rows = log.rows("csv");
    let header = rows.iter().find(|row| row.starts_with("time,shard,seq,")).unwrap().clone();
    rows.extend([header.clone(), header]);
    rows.sort_unstable();
    assert_eq!(lines(texts(&out)), rows);
}

#[test]
fn standard_output_gets_rows_and_nothing_else() {
    let log = Log::of(300);
    let named = &["--to", "stdout", "--name", "out"];
    let ran = ship(&log, named);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(lines([ran.out]), log.rows("ndjson"));
    let ran = ship(&log, named);
    assert_eq!(ran.out, "", "it has them");
}

#[test]
fn a_look_at_standard_output_is_not_registered() {
    let log = Log::of(300);
    for _ in 0..2 {
        let ran = ship(&log, &["--to", "stdout", "--batch", "100"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.err.contains("300 clicks shipped in 3 batches"), "{ran:?}");
        assert_eq!(lines([ran.out]), log.rows("ndjson"));
    }
    assert!(!register::folder(log.path()).exists() && ship(&log, &["--list"]).out.is_empty());
    let ran = ship(&log, &["--to", "stdout", "--delete-shipped"]);
    assert_eq!((ran.code, &*ran.out), (Some(2), ""), "{ran:?}");
    assert!(ran.err.contains("name it with --name"), "{ran:?}");
    assert!(!register::folder(log.path()).exists());
    // One that was registered so, when each was, goes on only where it is named.
    ship(&log, &["--to", "stdout", "--name", "stdout"]);
    let ran = ship(&log, &["--to", "stdout"]);
    assert!(ran.err.contains("--name stdout goes on where it was"), "{ran:?}");
    assert_eq!(lines([ran.out]), log.rows("ndjson"));
    assert_eq!(ship(&log, &["--to", "stdout", "--name", "stdout"]).out, "");
}

/// A sink that is registered with the columns of before has no others, and a batch of it
/// is sent again as it was.
#[test]
fn a_sink_keeps_the_columns_that_it_was_registered_with() {
    let mut log = Log::of(100);
    let out = log.path().join("out");
    let sink = to("file", &out);
    let address = format!("{sink} csv");
    drop(register::Registered::open(log.path(), "out", &address).unwrap());
    let flags = ["--to", &sink, "--name", "out", "--format", "csv"];
    let ends = || texts(&out).into_iter().map(|text| text.lines().next().unwrap()[60..].to_owned());
    for _ in 0..2 {
        let said = shipped(&log, &flags);
        assert_eq!(said.matches("keeps the columns that it has").count(), 1, "{said}");
        log.write(100);
    }
    assert!(ends().len() == 2 && ends().all(|end| end.ends_with(",id,cut")));
    // Named as they were, they are those.
    let same = to("file", &log.path().join("named"));
    let address = format!("{same} csv columns=+target");
    drop(register::Registered::open(log.path(), "named", &address).unwrap());
    let flags = ["--to", &same, "--name", "named", "--format", "csv", "--columns"];
    let said = shipped(&log, &[&flags[..], &["+target"]].concat());
    assert!(said.contains("keeps the columns that it has"), "{said}");
    let ran = ship(&log, &[&flags[..], &["+via"]].concat());
    assert!(ran.code == Some(2) && ran.err.contains("columns=+target`, not as"), "{ran:?}");
    // A new one has all.
    let new = log.path().join("new");
    let flags = ["--to", &to("file", &new), "--format", "csv"];
    let said = shipped(&log, &flags);
    assert!(!said.contains("keeps"), "{said}");
    assert!(texts(&new)[0].lines().next().unwrap().ends_with(",id,cut,key,target,via"));
}

#[test]
fn what_was_shipped_is_not_shipped_again() {
    let mut log = Log::of(500);
    let out = log.path().join("out");
    let sink = to("file", &out);
    for clicks in [0, 700, 0, 1] {
        log.write(clicks);
        shipped(&log, &["--to", &sink]);
        assert_eq!(lines(texts(&out)), log.rows("ndjson"));
    }
    assert_eq!(texts(&out).len(), 3, "no clicks, no file");
}

#[test]
fn sinks_know_nothing_of_each_other() {
    let log = Log::of(500);
    let (one, two) = (log.path().join("one"), log.path().join("two"));
    for out in [&one, &two] {
        shipped(&log, &["--to", &to("file", out)]);
        assert_eq!(lines(texts(out)), log.rows("ndjson"));
    }
}

#[test]
fn a_batch_in_flight_is_sent_again_byte_for_byte() {
    let mut log = Log::new();
    log.write(2_000);
    let out = log.path().join("out");
    let sink = to("file", &out);
    shipped(&log, &["--to", &sink, "--name", "out", "--batch", "600"]);
    let before = texts(&out);
    let checkpoint = register::read(log.path(), "out").unwrap();

    // As if it had been killed before the last acknowledgement, of 200 clicks. What
    // was a segment being written is a sealed one now, and there are more.
    log.write(500);
    log.stop();
    let address = checkpoint.address.clone();
    let mut registered = register::Registered::open(log.path(), "out", &address).unwrap();
    registered.checkpoint.batches = 0;
    registered.checkpoint.clicks = 0;
    registered.checkpoint.positions.clear();
    registered.checkpoint.in_flight =
        Some(carom::ship::checkpoint::InFlight { clicks: 2_000, ends: checkpoint.positions });
    registered.save().unwrap();
    drop(registered);
    for file in fs::read_dir(&out).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    let said = shipped(&log, &["--to", &sink, "--name", "out"]);
    assert!(said.contains("2500 clicks shipped in 2 batches"), "{said}");
    let after = texts(&out);
    assert_eq!(after[0], before.concat());
    assert_eq!(lines(after), log.rows("ndjson"));
}

#[test]
fn damage_costs_its_click_and_the_rest_is_shipped() {
    let log = Log::of(1_000);
    let segment = fs::File::options().write(true).open(&log.segments()[0].path).unwrap();
    segment.write_all_at(&[0xff; 16], 20_000).unwrap();
    let out = log.path().join("out");
    let ran = ship(&log, &["--to", &to("file", &out)]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.err.contains(" damaged, from byte ") && ran.err.contains("click missing"),
        "{ran:?}"
    );
    assert_eq!(lines(texts(&out)), log.rows("ndjson"));
}

#[test]
fn without_the_click_key_only_by_wish() {
    let log = Log::of(10);
    fs::remove_file(carom::clicks::key_file::beside(log.path())).unwrap();
    let ran = ship(&log, &["--to", "stdout"]);
    assert_eq!((ran.code, &*ran.out), (Some(2), ""), "{ran:?}");
    assert!(ran.err.contains("ship with --no-ids"), "{ran:?}");
    let ran = ship(&log, &["--to", "stdout", "--no-ids"]);
    assert_eq!(ran.out.matches("\"id\":null").count(), 10, "{ran:?}");
}

#[test]
fn a_file_of_others_is_not_overwritten() {
    let log = Log::of(10);
    let out = log.path().join("out");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("clicks-0000000001.ndjson"), "mine").unwrap();
    let ran = ship(&log, &["--to", &to("file", &out)]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("is there already"), "{ran:?}");
    assert_eq!(texts(&out), ["mine"]);
}

#[cfg(feature = "zstd")]
#[test]
fn compressed_files_hold_the_same() {
    let log = Log::of(1_000);
    let out = log.path().join("out");
    shipped(&log, &["--to", &to("file", &out), "--zstd", "--batch", "600"]);
    let unpacked = ["clicks-0000000001.ndjson.zst", "clicks-0000000002.ndjson.zst"].map(|name| {
        let packed = fs::read(out.join(name)).unwrap();
        String::from_utf8(zstd::decode_all(&packed[..]).unwrap()).unwrap()
    });
    assert_eq!(lines(unpacked), log.rows("ndjson"));
}

#[cfg(not(feature = "zstd"))]
#[test]
fn what_was_not_built_is_said() {
    let log = Log::of(1);
    let ran = ship(&log, &["--to", "file:out", "--zstd"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("cargo build --release --features zstd"), "{ran:?}");
}
