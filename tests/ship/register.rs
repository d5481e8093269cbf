//! Which sinks a folder knows, and what is said of them.

use serde_json::Value;

use crate::log::Log;
use crate::{ship, shipped, to};

/// What `--list --json` says of the only sink.
fn listed(log: &Log) -> Value {
    let ran = ship(log, &["--list", "--json"]);
    assert_eq!((ran.code, &*ran.err), (Some(0), ""), "{ran:?}");
    serde_json::from_str(&ran.out).unwrap()
}

#[test]
fn lag_is_counted() {
    let mut log = Log::of(1_500);
    let sink = to("file", &log.path().join("out"));
    assert_eq!(ship(&log, &["--list"]).out, "");
    shipped(&log, &["--to", &sink, "--name", "out"]);
    assert_eq!(
        ship(&log, &["--list"]).out,
        format!("out: {sink} ndjson: 1500 clicks in 1 batch; nothing is behind\n")
    );
    for more in [1, 700, 1_200] {
        log.write(more);
        let before = listed(&log)["clicks_behind"].as_u64().unwrap();
        assert!(before >= more, "{before}");
    }
    let behind = listed(&log);
    assert_eq!(behind["clicks_behind"], 1_901);
    assert!(behind["seconds_behind"].as_f64().unwrap() > 0.0);
    assert_eq!((&behind["name"], &behind["clicks"]), (&"out".into(), &1_500.into()));
    log.stop();
    assert_eq!(listed(&log)["clicks_behind"], 1_901, "sealed, they are as many");
    shipped(&log, &["--to", &sink, "--name", "out"]);
    assert_eq!(listed(&log)["clicks_behind"], 0);
}

#[test]
fn forgotten_it_begins_anew() {
    let log = Log::of(20);
    for _ in 0..2 {
        let named = ["--to", "stdout", "--name", "out"];
        assert_eq!(ship(&log, &named).out.lines().count(), 20);
        assert_eq!(shipped(&log, &["--forget", "out"]), "");
    }
    let ran = ship(&log, &["--forget", "out"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("no sink `out` is registered"), "{ran:?}");
}

#[test]
fn a_name_has_one_sink() {
    let log = Log::of(20);
    ship(&log, &["--to", "stdout", "--name", "a"]);
    let csv = ["--to", "stdout", "--format", "csv", "--name"];
    let ran = ship(&log, &[&csv[..], &["a"]].concat());
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("registered as `stdout ndjson`, not as `stdout csv"), "{ran:?}");
    assert_eq!(ship(&log, &[&csv[..], &["b"]].concat()).code, Some(0));
}

#[test]
fn a_folder_that_is_not_there_is_not_made() {
    let log = Log::new();
    let nowhere = log.path().join("nowhere");
    for flags in [&["--to", "stdout", "--no-ids"][..], &["--list"]] {
        let ran = crate::carom(crate::arguments(&nowhere, flags));
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.err.contains("nowhere"), "{ran:?}");
    }
    assert!(!nowhere.exists());
}

#[cfg(not(feature = "parquet"))]
#[test]
fn parquet_that_was_not_built_is_said() {
    let log = Log::of(1);
    let ran = ship(&log, &["--to", "parquet:out"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("cargo build --release --features parquet"), "{ran:?}");
}
