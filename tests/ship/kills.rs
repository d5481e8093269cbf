//! `ship` killed at random moments, again and again over one folder and one sink,
//! while a server writes. `CAROM_KILLS` says how many kills.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use carom::ship::register;

use crate::common::scale::{from_env, seed};
use crate::common::{bare, ended};
use crate::log::{Log, lines, texts};
use crate::{arguments, to};

/// When a process is killed.
enum Moment {
    /// So long after its start, whatever it does then.
    After(Duration),
    /// When so many bytes of its standard output were read: it may be waiting for
    /// the rest to be, in the middle of a batch.
    AtByte(u64),
}

/// Ships to `sink` and kills that, then ships the rest. What each run printed goes
/// to a file of its own in `outs`.
pub fn kill_again_and_again(log: &mut Log, sink: &str, outs: &Path) {
    let kills: usize = from_env("CAROM_KILLS", 10);
    let mut rng = fastrand::Rng::with_seed(seed());
    let (mut killed, mut in_flight, mut runs) = (0, 0, 0);
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
        let child = bare().args(arguments(log.path(), &flags)).spawn().unwrap();
        // From its start to after all is shipped.
        let moment = match sink {
            "stdout" => Moment::AtByte(1 << rng.u32(0..20)),
            _ => Moment::After(Duration::from_micros(1 << rng.u32(10..18))),
        };
        let (code, out) = kill(child, &moment);
        fs::write(outs.join(runs.to_string()), out).unwrap();
        runs += 1;
        killed += usize::from(code.is_none());
        // Before its first batch it may not have registered.
        let checkpoint = register::read(log.path(), "out");
        in_flight += usize::from(checkpoint.is_ok_and(|it| it.in_flight.is_some()));
    }
    log.stop();
    let ran = crate::ship(log, &["--to", sink, "--name", "out"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    fs::write(outs.join("last"), ran.out).unwrap();
    let clicks = log.rows("ndjson").len();
    let kind = sink.split(':').next().unwrap();
    eprintln!(
        "ship to {kind}: {killed} kills, {in_flight} with a batch in flight; {clicks} clicks"
    );
    assert!(kills < 100 || in_flight > 5, "kills must meet what they are to interrupt");
}

/// Kills it at that moment, or at its end: its exit code, and what it printed.
fn kill(mut child: Child, moment: &Moment) -> (Option<i32>, Vec<u8>) {
    let mut out = Vec::new();
    let mut stdout = child.stdout.take().unwrap();
    match *moment {
        Moment::After(time) => {
            let until = Instant::now() + time;
            while Instant::now() < until && child.try_wait().unwrap().is_none() {
                std::thread::park_timeout(Duration::from_micros(100));
            }
        }
        Moment::AtByte(bytes) => {
            // One that follows prints no more once all is shipped.
            let pid = rustix::process::Pid::from_child(&child);
            let late = std::thread::spawn(move || {
                std::thread::park_timeout(Duration::from_millis(500));
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            });
            stdout.by_ref().take(bytes).read_to_end(&mut out).unwrap();
            late.thread().unpark();
            late.join().unwrap();
        }
    }
    child.kill().unwrap();
    // What it had written and nobody had read is still there.
    stdout.read_to_end(&mut out).unwrap();
    let ran = ended(child);
    assert!(matches!(ran.code, None | Some(0)), "it failed: {ran:?}");
    (ran.code, out)
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
    eprintln!("ship to stdout: {} rows came again", got.len() - distinct.len());
    assert!(distinct.into_iter().eq(log.rows("ndjson")), "equal clicks are equal rows");
}
