//! `ship` killed at random moments, again and again over one folder and one sink,
//! while a server writes. `CAROM_KILLS` says how many kills.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::common::scale::{from_env, seed};
use crate::common::{bare, ended};
use crate::log::{Log, lines, texts};
use crate::{arguments, to};

/// Ships to `sink` and kills that, then ships the rest. Each run's standard output
/// goes to a file of its own in `outs`.
pub fn kill_again_and_again(log: &mut Log, sink: &str, outs: &Path) {
    let kills: usize = from_env("CAROM_KILLS", 10);
    let mut rng = fastrand::Rng::with_seed(seed());
    let mut killed = 0;
    let mut runs = 0;
    while killed < kills {
        log.write(rng.u64(0..1_500));
        if rng.u8(0..4) == 0 {
            log.stop();
        }
        let batch = rng.u32(1..400).to_string();
        let mut flags = vec!["--to", sink, "--name", "out", "--batch", &batch];
        if rng.bool() {
            flags.extend(["--follow", "--wait", "0s"]);
        }
        let out = File::create(outs.join(runs.to_string())).unwrap();
        runs += 1;
        let mut child = bare().args(arguments(log.path(), &flags)).stdout(out).spawn().unwrap();
        // From its start to long after all is shipped.
        let until = Instant::now() + Duration::from_micros(1 << rng.u32(10..18));
        while Instant::now() < until && child.try_wait().unwrap().is_none() {
            std::thread::park_timeout(Duration::from_micros(100));
        }
        child.kill().unwrap();
        let ran = ended(child);
        killed += usize::from(ran.code.is_none());
        assert!(matches!(ran.code, None | Some(0)), "it failed: {ran:?}");
    }
    log.stop();
    let ran = crate::ship(log, &["--to", sink, "--name", "out"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    fs::write(outs.join("last"), ran.out).unwrap();
    eprintln!("{sink}: {killed} kills in {runs} runs, {} clicks", log.rows("ndjson").len());
}

#[test]
fn files_hold_each_click_exactly_once() {
    let mut log = Log::new();
    let (out, outs) = (log.path().join("out"), tempfile::tempdir().unwrap());
    kill_again_and_again(&mut log, &to("file", &out), outs.path());
    assert_eq!(lines(texts(&out)), log.rows("ndjson"));
}

#[test]
fn a_stream_gets_each_click_at_least_once_with_equal_ids() {
    let mut log = Log::new();
    let outs = tempfile::tempdir().unwrap();
    kill_again_and_again(&mut log, "stdout", outs.path());
    let whole = texts(outs.path()).into_iter().map(|mut text| {
        // The last row may be cut by the kill.
        text.truncate(text.rfind('\n').map_or(0, |end| end + 1));
        text
    });
    let got = lines(whole);
    let distinct: BTreeSet<_> = got.iter().cloned().collect();
    eprintln!("stdout: {} rows came again", got.len() - distinct.len());
    assert!(distinct.into_iter().eq(log.rows("ndjson")), "equal clicks are equal rows");
}
