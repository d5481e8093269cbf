//! `carom clicks prune`: what goes, what stays, and what sinks are told of it.

use std::fs;
use std::os::unix::fs::MetadataExt;

use carom::clicks::{Actor, DeletedWhy, SegmentList, key_file};
use carom::ship::register;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::common::{Ran, bare, carom, ended, proof, until};
use crate::log::{Log, lines, texts};
use crate::{arguments, ship, shipped, to};

fn prune(log: &Log, flags: &[&str]) -> Ran {
    let words = ["clicks", "prune"].map(Into::into).into_iter().chain([log.path().into()]);
    carom(words.chain(flags.iter().map(std::ffi::OsString::from)).collect::<Vec<_>>())
}

/// The same where all goes that is to go: what it printed.
fn pruned(log: &Log, flags: &[&str]) -> String {
    let ran = prune(log, flags);
    assert_eq!((ran.code, &*ran.err), (Some(0), ""), "{ran:?}");
    ran.out
}

/// What `clicks verify` says of a folder that is whole.
fn verified(log: &Log) -> String {
    let ran = carom([&"clicks", &"verify", &log.path().to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.out
}

/// Clicks recorded, and deleted by rule; none is missing.
fn accounted(log: &Log) -> [u64; 2] {
    let (page, code) = proof(log.path());
    assert_eq!(code, Some(0), "{page}");
    let sum = |name: &str| -> u64 {
        page["rows"].as_array().unwrap().iter().map(|row| row[name].as_u64().unwrap()).sum()
    };
    assert_eq!(sum("missing"), 0, "{page}");
    [sum("recorded"), sum("deleted")]
}

fn used(log: &Log) -> u64 {
    log.segments().iter().map(|it| it.path.metadata().unwrap().blocks() * 512).sum()
}

fn times(rows: &[String]) -> Vec<String> {
    let time = |row: &String| {
        serde_json::from_str::<Value>(row).unwrap()["time"].as_str().unwrap().to_owned()
    };
    rows.iter().map(time).collect()
}

#[test]
fn old_segments_go_and_are_accounted_for() {
    let mut log = Log::of(3_000);
    let segments = log.segments().len();
    let dry = pruned(&log, &["--keep", "30d", "--dry-run"]);
    assert!(dry.contains(&format!("would delete {segments} segments with 3000 clicks")), "{dry}");
    assert_eq!((log.segments().len(), accounted(&log)), (segments, [3_000, 0]));
    let out = pruned(&log, &["--keep", "30d"]);
    assert_eq!(out.replace("would delete ", "deleted "), dry.replace("would delete ", "deleted "));
    assert_eq!(out.matches("; older than --keep").count(), segments);
    assert!(log.segments().is_empty() && log.rows("ndjson").is_empty());
    let said = verified(&log);
    let told = format!("by clicks prune, older than --keep: {segments} segments with 3000 clicks");
    assert!(said.contains(&told), "{said}");
    assert_eq!(accounted(&log), [0, 3_000]);
    let (page, _) = proof(log.path());
    let row = &page["deleted"][0];
    assert_eq!(
        (&row["by"], &row["why"], &row["clicks"]),
        (&"prune".into(), &"too-old".into(), &3_000.into())
    );

    // No number is given again, and the next clicks are missed by nobody.
    log.write(500);
    log.stop();
    assert_eq!((accounted(&log), log.rows("ndjson").len()), ([500, 3_000], 500));
    verified(&log);
}

#[test]
fn nothing_is_to_go() {
    let log = Log::of(500);
    let segments = log.segments().len();
    let out = pruned(&log, &["--keep", "3000d", "--max-disk", "1GiB", "--before", "2020-01-01"]);
    assert!(
        out.starts_with(&format!("nothing is deleted; there are {segments} segments, ")),
        "{out}"
    );
    let dry = pruned(&log, &["--keep", "3000d", "--dry-run"]);
    assert!(dry.starts_with("nothing would be deleted; "), "{dry}");
    assert_eq!(accounted(&log), [500, 0]);
}

#[test]
fn what_is_before_a_time() {
    let log = Log::of(3_000);
    let rows = log.rows("ndjson");
    let mut all = times(&rows);
    all.sort();
    let middle = all[all.len() / 2].clone();
    let out = pruned(&log, &["--before", &middle, "--json"]);
    let out: Value = serde_json::from_str(&out).unwrap();
    let left = log.rows("ndjson");
    let (gone, stayed) = (rows.len() - left.len(), left.len());
    assert!(gone > 0 && stayed > 0, "{out}");
    assert_eq!(out["total"]["clicks"], gone);
    assert!(out["deleted"].as_array().unwrap().iter().all(|it| it["why"] == "before"));
    let gone: Vec<_> = rows.into_iter().filter(|row| left.binary_search(row).is_err()).collect();
    assert!(times(&gone).iter().all(|time| **time < *middle), "only what is before");
    assert_eq!(accounted(&log), [stayed as u64, gone.len() as u64]);
    verified(&log);
}

#[test]
fn the_oldest_go_where_they_take_too_much() {
    let log = Log::of(6_000);
    let (all, segments) = (used(&log), log.segments().len());
    let most = all / 2;
    let out = pruned(&log, &["--max-disk", &format!("{most}B"), "--json"]);
    let out: Value = serde_json::from_str(&out).unwrap();
    let deleted = out["deleted"].as_array().unwrap();
    assert_eq!(deleted.len() + log.segments().len(), segments);
    let last = deleted[deleted.len() - 1]["bytes"].as_u64().unwrap();
    assert!(used(&log) <= most && used(&log) + last > most, "no more than needed");
    let to: Vec<_> = deleted.iter().map(|it| it["to"].as_str().unwrap()).collect();
    assert!(to.is_sorted(), "the oldest first, over all shards");
    let shards: Vec<_> = deleted.iter().map(|it| it["shard"].as_u64().unwrap()).collect();
    assert!(shards.contains(&0) && shards.contains(&1));
    let said = verified(&log);
    assert!(said.contains("deleted by clicks prune, over --max-disk: "), "{said}");
    assert_eq!(accounted(&log).iter().sum::<u64>(), 6_000);
}

/// Registers a sink that has nothing of the log; its name.
fn sink_that_lacks_all(log: &Log, sink: &str) -> String {
    shipped(log, &["--to", sink]);
    let name = register::names(log.path()).unwrap().remove(0);
    let address = register::read(log.path(), &name).unwrap().address;
    let mut behind = register::Registered::open(log.path(), &name, &address).unwrap();
    behind.checkpoint.positions.clear();
    behind.save().unwrap();
    name
}

#[test]
fn what_a_sink_lacks_stays_unless_it_is_forced() {
    let mut log = Log::of(3_000);
    let out = tempfile::tempdir().unwrap();
    let sink = to("file", &out.path().join("rows"));
    let name = sink_that_lacks_all(&log, &sink);
    let segments = log.segments().len();
    for rule in [["--keep", "30d"], ["--max-disk", "64KiB"]] {
        let ran = prune(&log, &rule);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        let lacks = format!("`{name}` lacks 3000 clicks of {segments} segments (");
        assert!(ran.err.contains(&lacks) || rule[0] == "--max-disk", "{ran:?}");
        assert!(ran.err.contains(&format!("--forget {name}")), "{ran:?}");
        assert!(ran.out.contains("nothing is deleted"), "{ran:?}");
        assert_eq!(log.segments().len(), segments);
    }
    let dry = prune(&log, &["--keep", "30d", "--force", "--dry-run"]);
    assert_eq!((dry.code, log.segments().len()), (Some(0), segments));
    assert!(dry.err.contains(&format!("the sink `{name}` would miss 3000 clicks")), "{dry:?}");
    let ran = prune(&log, &["--keep", "30d", "--force"]);
    assert_eq!((ran.code, log.segments().len()), (Some(0), 0), "{ran:?}");
    assert!(ran.err.contains(&format!("the sink `{name}` will miss 3000 clicks")), "{ran:?}");

    // It is told once, counts it, and goes on.
    log.write(400);
    log.stop();
    fs::remove_dir_all(out.path().join("rows")).unwrap();
    let ran = ship(&log, &["--to", &sink]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let said = "3000 clicks deleted by `carom clicks prune --force` before this sink had them";
    assert!(ran.err.contains(said) && ran.err.contains("400 clicks shipped"), "{ran:?}");
    assert!(ran.err.contains("3000 clicks deleted before that by force"), "{ran:?}");
    assert!(!ran.err.contains("missing, from"), "{ran:?}");
    assert_eq!(lines(texts(&out.path().join("rows"))), log.rows("ndjson"));
    assert!(!shipped(&log, &["--to", &sink]).contains("deleted"));
    assert_eq!(accounted(&log), [400, 3_000]);
}

#[test]
fn a_sink_that_has_all_holds_nothing() {
    let log = Log::of(2_000);
    let out = tempfile::tempdir().unwrap();
    shipped(&log, &["--to", &to("file", &out.path().join("rows"))]);
    pruned(&log, &["--keep", "30d"]);
    assert!(log.segments().is_empty(), "also those where it stands");
    assert_eq!(accounted(&log), [0, 2_000]);
}

#[test]
fn a_sink_that_is_behind_gets_the_rest() {
    let mut log = Log::of(2_000);
    let out = tempfile::tempdir().unwrap();
    let sink = to("file", &out.path().join("rows"));
    shipped(&log, &["--to", &sink]);
    log.write(2_000);
    log.stop();
    let rows = log.rows("ndjson");
    let ran = prune(&log, &["--keep", "30d"]);
    assert!(ran.code == Some(1) && ran.out.contains("\ndeleted "), "{ran:?}");
    assert!(ran.err.contains("lacks 2000 clicks of "), "{ran:?}");
    shipped(&log, &["--to", &sink]);
    assert_eq!(lines(texts(&out.path().join("rows"))), rows);
    pruned(&log, &["--keep", "30d"]);
    assert_eq!(accounted(&log), [0, 4_000]);
}

/// What a sink is reading goes meanwhile.
#[test]
fn forced_while_a_sink_follows() {
    let mut log = Log::of(3_000);
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().join("rows");
    let sink = to("file", &folder);
    let flags = ["--to", &sink, "--follow", "--wait", "1h"];
    let child = bare().args(arguments(log.path(), &flags)).spawn().unwrap();
    until("it is registered", || !register::names(log.path()).unwrap().is_empty());
    let ran = prune(&log, &["--keep", "30d", "--force"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    log.write(700);
    log.stop();
    let name = register::names(log.path()).unwrap().remove(0);
    until("it knows", || !carom::ship::pruned::is_told(log.path(), &name));
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let ran = ended(child);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    // Those that went while it was reading may be told as missing besides.
    assert!(ran.err.contains("3000 clicks deleted by `carom clicks prune --force`"), "{ran:?}");
    shipped(&log, &["--to", &sink]);
    // Behind what it had read of them, if it had.
    let (had, left) = (lines(texts(&folder)), log.rows("ndjson"));
    assert!(had.ends_with(&left), "{} rows, and {} in the log", had.len(), left.len());
}

#[test]
fn live_segments_stay_while_a_server_writes() {
    let mut log = Log::new();
    log.write(3_000);
    let rows = log.rows("ndjson");
    until("all but the last are sealed", || {
        let list = fs::read_to_string(log.path().join(".state/ledger")).unwrap_or_default();
        list.matches(" sealed ").count() >= 4
    });
    let ran = prune(&log, &["--max-disk", "1B"]);
    assert_eq!(ran.code, Some(1), "what is written and ready takes more: {ran:?}");
    assert!(ran.err.contains("still written, kept ready"), "{ran:?}");
    let left = log.rows("ndjson");
    assert!(left.len() < rows.len() && !left.is_empty(), "{} left", left.len());
    verified(&log);
    log.write(1_000);
    log.stop();
    let [recorded, deleted] = accounted(&log);
    assert_eq!((recorded + deleted, recorded), (4_000, log.rows("ndjson").len() as u64));
    assert_eq!(deleted as usize, rows.len() - left.len());
    verified(&log);
}

/// Their clicks are of 2025, as a clock would make them that has leapt since: the server
/// has not run for that long.
#[test]
fn what_the_present_server_wrote_is_judged_by_another_clock_too() {
    let mut log = Log::new();
    log.write(3_000);
    until("all but the last are sealed", || {
        let list = fs::read_to_string(log.path().join(".state/ledger")).unwrap_or_default();
        list.matches(" sealed ").count() >= 4
    });
    assert!(pruned(&log, &["--keep", "30d"]).starts_with("nothing is deleted; "));
    log.stop();
    assert!(pruned(&log, &["--keep", "30d"]).contains(" with 3000 clicks"));
}

/// As a kill between the list and the file leaves it.
pub fn half_deleted(log: &Log) -> (std::path::PathBuf, Vec<u8>) {
    let first = log.segments().remove(0);
    let bytes = fs::read(&first.path).unwrap();
    let keys = key_file::load_beside(log.path()).unwrap();
    let mut list = SegmentList::open(log.path(), &keys).unwrap();
    let told = (first.shard, first.number, DeletedWhy::TooOld);
    list.tell_deleted(Actor::Server, [told].into_iter()).unwrap();
    (first.path, bytes)
}

#[test]
fn killed_before_the_file_was_gone() {
    let mut log = Log::of(3_000);
    let (path, _) = half_deleted(&log);
    let out = pruned(&log, &["--before", "2020-01-01"]);
    assert_eq!(out, "deleted 1 segment, of which the list said so already\n");
    assert!(!path.exists());
    let (path, _) = half_deleted(&log);
    log.write(1);
    until("a start finishes it", || !path.exists());
    log.stop();
    let [recorded, deleted] = accounted(&log);
    assert_eq!((recorded + deleted, log.rows("ndjson").len() as u64), (3_001, recorded));
    verified(&log);
}

#[test]
fn what_was_put_back_stays() {
    let mut log = Log::of(3_000);
    let (path, bytes) = half_deleted(&log);
    fs::remove_file(&path).unwrap();
    // The kernel's clock for files goes in ticks.
    let told = jiff::Timestamp::now().as_microsecond();
    until("it is younger than the line", || {
        fs::write(&path, &bytes).unwrap();
        let it = path.metadata().unwrap();
        it.ctime() * 1_000_000 + it.ctime_nsec() / 1000 > told
    });
    let ran = prune(&log, &["--before", "2020-01-01"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.err.contains("does not tell of 1 segment, left alone"), "{ran:?}");
    log.write(1);
    log.stop();
    assert!(path.exists());
    assert_eq!((accounted(&log), log.rows("ndjson").len()), ([3_001, 0], 3_001));
}

#[test]
fn a_folder_without_a_list_is_left_alone() {
    let mut log = Log::of(1_000);
    for name in ["ledger", "ledger-head", "listed"] {
        fs::remove_file(log.path().join(".state").join(name)).unwrap();
    }
    let segments = log.segments().len();
    let ran = prune(&log, &["--keep", "30d"]);
    assert_eq!((ran.code, log.segments().len()), (Some(0), segments), "{ran:?}");
    assert!(ran.err.contains(&format!("does not tell of {segments} segments, left")), "{ran:?}");
    assert!(!log.path().join(".state/ledger").exists(), "nothing was written");
    // A start lists them.
    log.write(1);
    log.stop();
    assert!(pruned(&log, &["--keep", "30d"]).contains("with 1001 clicks"));
}

#[test]
fn somebody_elses_segment_stays() {
    let log = Log::of(2_000);
    let own = log.segments();
    let [first, .., last] = &own[..] else { panic!("there are some") };
    fs::copy(&first.path, &last.path).unwrap();
    let ran = prune(&log, &["--keep", "30d"]);
    assert!(ran.err.contains("1 segment not as the list of segments says"), "{ran:?}");
    assert_eq!(log.segments(), std::slice::from_ref(last));
}

/// A server has found that the clock leapt.
#[test]
fn a_clock_that_leapt_makes_nothing_old() {
    let log = Log::of(1_000);
    let now = jiff::Timestamp::now();
    let known = now - jiff::SignedDuration::from_hours(40 * 24);
    let text = format!("known {known}\nsaid {now} for 0\n");
    fs::write(log.path().join(".state/clock"), text).unwrap();
    let ran = prune(&log, &["--keep", "30d", "--max-disk", "1B"]);
    assert_eq!((ran.code, &*ran.out, accounted(&log)), (Some(2), "", [1_000, 0]), "{ran:?}");
    let (_, before) = ran.err.trim_end().rsplit_once(" --before ").unwrap();
    assert!(pruned(&log, &["--before", before]).contains("with 1000 clicks"));
}

#[test]
fn what_it_is_to_do_must_be_said() {
    let log = Log::of(10);
    for (flags, words) in [
        (&[][..], "--keep <TIME>|--max-disk <SIZE>|--before <TIME>"),
        (&["--keep", "1s"], "shorter than 60s"),
        (&["--keep", "30"], "write a time with its unit"),
        (&["--max-disk", "many"], "write a size with its unit"),
        (&["--before", "soon"], "write a time such as"),
    ] {
        let ran = prune(&log, flags);
        assert!(ran.code == Some(2) && ran.err.contains(words), "{ran:?}");
    }
    let ran = carom(["clicks", "prune", "/nowhere", "--keep", "30d"]);
    assert!(ran.code == Some(2) && ran.err.contains("cannot read /nowhere"), "{ran:?}");
    fs::remove_file(key_file::beside(log.path())).unwrap();
    let ran = prune(&log, &["--keep", "30d"]);
    assert!(ran.code == Some(2) && ran.err.contains("name it with --click-key"), "{ran:?}");
    assert!(!log.segments().is_empty());
}
