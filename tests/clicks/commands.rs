//! `carom clicks verify` and `stats`, and which clicks `cat` and `stats` take.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use carom::cli::clicks::cat::{CatArguments, cat};
use carom::cli::clicks::filter::{ClickTime, FilterArguments, VerdictArgument};
use carom::cli::clicks::row_choice::FileFormatName;
use carom::cli::clicks::stats::{self, StatsArguments, stats};
use carom::cli::clicks::verify::{VerifyArguments, verify};
use carom::clicks::{Click, Flags, Verdict, folder::list};
use carom::limits::SEGMENT_BYTES_MIN;
use serde_json::{Value, json};

use crate::common::ledger::{BEGIN_US, append, click, folder_of, keep, killed};

/// Standard output, standard error, exit status.
type Printed = (String, String, u8);

fn printed(run: impl FnOnce(&mut Vec<u8>, &mut Vec<u8>) -> u8) -> Printed {
    let (mut out, mut complaints) = (Vec::new(), Vec::new());
    let status = run(&mut out, &mut complaints);
    (String::from_utf8(out).unwrap(), String::from_utf8(complaints).unwrap(), status)
}

fn verified(path: &Path, all: bool) -> Printed {
    let wish = VerifyArguments { paths: vec![path.to_owned()], all, json: false, click_key: None };
    printed(|out, complaints| verify(&wish, out, complaints))
}

fn verified_json(path: &Path) -> Value {
    let wish =
        VerifyArguments { paths: vec![path.to_owned()], all: false, json: true, click_key: None };
    let (out, complaints, _) = printed(|out, complaints| verify(&wish, out, complaints));
    assert_eq!(complaints, "");
    serde_json::from_str(&out).unwrap()
}

fn cat_of(path: &Path, filter: FilterArguments) -> Printed {
    let paths = vec![path.to_owned()];
    let format = Some(FileFormatName::Ndjson);
    let wish = CatArguments {
        paths,
        format,
        output: None,
        columns: None,
        follow: false,
        excel: false,
        click_key: None,
        filter,
        quiet: false,
    };
    printed(|out, complaints| cat(&wish, out, complaints, &AtomicBool::new(false)))
}

fn stats_of(
    path: &Path,
    filter: FilterArguments,
    top: usize,
    format: stats::StatsFormat,
) -> Printed {
    let (paths, top, format) = (vec![path.to_owned()], Some(top), Some(format));
    let wish = StatsArguments { paths, filter, top, format, ..StatsArguments::default() };
    printed(|out, complaints| stats(&wish, out, complaints))
}

/// Clicks of a second each, in about five segments.
const MANY: u64 = 2_000;

fn many() -> tempfile::TempDir {
    let dir = folder_of((0..MANY).map(click));
    assert!(list(dir.path()).unwrap().len() > 3);
    dir
}

fn segment(dir: &Path, index: usize) -> PathBuf {
    list(dir).unwrap().swap_remove(index).path
}

/// Changes a byte of the second click of a segment.
fn damage(file: &Path) {
    let mut bytes = fs::read(file).unwrap();
    bytes[4096 + 350] ^= 1;
    fs::write(file, bytes).unwrap();
}

#[test]
fn a_whole_ledger_has_one_line() {
    let dir = many();
    let segments = list(dir.path()).unwrap().len();
    let total = format!("total: 2000 clicks in {segments} segments; nothing is missing\n");
    assert_eq!(verified(dir.path(), false), (total.clone(), String::new(), 0));
    let (out, _, status) = verified(dir.path(), true);
    assert_eq!((out.lines().count(), status), (segments + 1, 0));
    assert!(out.lines().all(|line| line.ends_with(" clicks; sealed") || total.starts_with(line)));
    let report = verified_json(dir.path());
    assert_eq!(report["total"]["is_whole"], true);
    assert_eq!(report["segments"].as_array().unwrap().len(), segments);
}

#[test]
fn damage_is_told_with_its_segment() {
    let dir = many();
    let file = segment(dir.path(), 1);
    damage(&file);
    let (out, complaints, status) = verified(dir.path(), false);
    let lines: Vec<_> = out.lines().collect();
    assert_eq!((lines.len(), complaints.as_str(), status), (3, "", 1));
    let line = format!("{}: ", file.display());
    assert!(lines[0].starts_with(&line), "{out}");
    assert!(lines[0].ends_with("clicks, 1 click missing, 112 bytes damaged; sealed"), "{out}");
    assert!(lines[1].starts_with("total: 1999 clicks in "), "{out}");
    assert_eq!(lines[2], "  (--all shows where)");

    let (out, _, _) = verified(dir.path(), true);
    let found: Vec<_> = out.lines().filter(|line| line.starts_with("  ")).collect();
    assert!(found[0].starts_with("  112 bytes damaged, from byte ") && found.len() == 2, "{out}");

    let report = verified_json(dir.path());
    let segment = &report["segments"][1];
    assert_eq!(segment["file"], file.to_str().unwrap());
    assert_eq!((&segment["missing"], &segment["gaps"]), (&json!(1), &json!(1)));
    assert_eq!((&segment["damaged_bytes"], &segment["state"]), (&json!(112), &json!("sealed")));
    assert_eq!(segment["findings"].as_array().unwrap().len(), 2);
    assert_eq!(report["total"]["is_whole"], false);

    // It is not the fault of the others.
    assert_eq!(verified(&self::segment(dir.path(), 0), false).2, 0);
    assert_eq!(verified(&file, false).2, 1);
}

#[test]
fn missing_segments_are_gaps() {
    let dir = folder_of((0..4 * MANY).map(click));
    fs::remove_file(segment(dir.path(), 4)).unwrap();
    fs::remove_file(segment(dir.path(), 2)).unwrap();
    let (out, _, status) = verified(dir.path(), false);
    assert_eq!((out.lines().count(), status), (4, 1), "{out}");
    assert!(out.contains(" clicks missing in 2 places, 2 segments gone\n"), "{out}");
}

#[test]
fn what_is_no_segment_cannot_be_verified() {
    let dir = folder_of([click(0)]);
    fs::write(dir.path().join("shard-000-0000000009.clicks"), "hello").unwrap();
    let (out, _, status) = verified(dir.path(), false);
    assert!(status == 2 && out.contains("1 file unreadable; unreadable"), "{out}");
    assert_eq!(verified_json(dir.path())["segments"][1]["shard"], Value::Null);
    let (out, complaints, status) = verified(&dir.path().join("none"), false);
    assert!(status == 2 && out.is_empty() && complaints.contains("cannot read"), "{complaints}");
}

#[test]
fn what_is_being_written_is_whole_and_what_a_kill_leaves_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let (keeper, mut writers) = keep(dir.path(), 2, SEGMENT_BYTES_MIN);
    for second in 0..1_000 {
        append(&mut writers[1], &click(second));
    }
    let (out, _, status) = verified(dir.path(), false);
    assert_eq!((out.lines().count(), status), (1, 0), "{out}");
    assert!(out.ends_with(", 1 segment being written; nothing is missing\n"), "{out}");
    let (out, _, _) = verified(dir.path(), true);
    assert!(out.contains("clicks; live\n"), "{out}");

    let left = killed(dir.path());
    let (out, _, status) = verified(left.path(), false);
    assert!(status == 0 && out.contains(" not sealed (the server was killed); unsealed"), "{out}");
    assert!(out.contains("total: 1000 clicks in "), "{out}");
    drop(writers);
    keeper.finish();
}

/// A second of [`many`], as an argument.
fn second(second: u64) -> Option<ClickTime> {
    Some(ClickTime::At(BEGIN_US + second * 1_000_000))
}

/// `filter` must take `expected` clicks out of [`many`], and so must `stats`;
/// returns what was said.
fn takes(dir: &Path, filter: FilterArguments, expected: u64) -> String {
    let (out, said, status) = cat_of(dir, filter.clone());
    assert_eq!((out.lines().count() as u64, status), (expected, 0), "{said}");
    assert!(said.contains(&format!("carom: {expected} printed of ")), "{said}");
    let (out, counted, status) = stats_of(dir, filter, 3, stats::StatsFormat::Json);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((report["clicks"].as_u64(), status), (Some(expected), 0));
    assert_eq!(counted, said.replace("printed", "counted"));
    said
}

#[test]
fn since() {
    let filter = FilterArguments { since: second(MANY - 10), ..FilterArguments::default() };
    let said = takes(many().path(), filter, 10);
    assert!(said.contains(" outside that time not read; nothing is missing"), "{said}");
}
#[test]
fn until() {
    let filter = FilterArguments { until: second(10), ..FilterArguments::default() };
    let said = takes(many().path(), filter, 10);
    assert!(said.contains("in 1 segment, ") && said.contains(" not read;"), "{said}");
}
#[test]
fn between() {
    let (since, until) = (second(900), second(1_100));
    takes(many().path(), FilterArguments { since, until, ..FilterArguments::default() }, 200);
}
#[test]
fn after_all() {
    let filter = FilterArguments { since: second(MANY), ..FilterArguments::default() };
    let said = takes(many().path(), filter, 0);
    assert!(said.contains("0 clicks in 0 segments, "), "{said}");
}
#[test]
fn by_link() {
    let filter = FilterArguments { link: Some(8), ..FilterArguments::default() };
    takes(many().path(), filter, 1);
}
#[test]
fn by_verdict() {
    let verdict = Some(VerdictArgument::Gone);
    let gone = Click { verdict: Verdict::GONE, status: 410, ..click(1) };
    let dir = folder_of([click(0), gone, click(2)]);
    takes(dir.path(), FilterArguments { verdict, ..FilterArguments::default() }, 1);
}

#[test]
fn by_tag() {
    let tagged = Click { tag: b"spring-sale", ..click(1) };
    let dir = folder_of([click(0), tagged, click(2), Click { tag: b"spring", ..click(3) }]);
    let filter = |tag: &str| {
        let tag = Some(tag.to_owned());
        FilterArguments { tag, ..FilterArguments::default() }
    };
    takes(dir.path(), filter("spring-sale"), 1);
    takes(dir.path(), filter("autumn"), 0);
    takes(dir.path(), filter(""), 2);
}

#[test]
fn segments_outside_the_time_are_not_read() {
    let dir = many();
    damage(&segment(dir.path(), 1));
    let filter = FilterArguments { since: second(MANY - 10), ..FilterArguments::default() };
    takes(dir.path(), filter, 10);
}

#[test]
fn what_is_missing_is_missing_also_where_nothing_is_read() {
    let dir = folder_of((0..2 * MANY).map(click));
    fs::remove_file(segment(dir.path(), 2)).unwrap();
    let filter = FilterArguments { since: second(2 * MANY), ..FilterArguments::default() };
    let (out, said, status) = cat_of(dir.path(), filter);
    assert_eq!((&*out, status), ("", 1));
    assert!(said.lines().count() == 2 && said.contains("it is gone, and carom did not"), "{said}");
    let (_, all, _) = cat_of(dir.path(), FilterArguments::default());
    assert_eq!(all.lines().next(), said.lines().next());
}

/// Five clicks of two hours.
fn few() -> tempfile::TempDir {
    let other = Click {
        user_agent: b"curl/8.7.1 \x1b[31m\xff",
        referer: b"",
        flags: Flags::HEAD | Flags::PREFETCH,
        ..click(3_600)
    };
    let none = Click { link: 0, status: 404, verdict: Verdict::UNKNOWN, ..click(3_601) };
    let again = Click { link: 1, tag: b"spring-sale", ..click(1) };
    folder_of([click(0), again, click(2), other, none])
}

#[test]
fn stats_for_people() {
    let (out, said, status) =
        stats_of(few().path(), FilterArguments::default(), 2, stats::StatsFormat::Text);
    assert_eq!((&*said, status), ("carom: 5 clicks in 1 segment; nothing is missing\n", 0));
    assert_eq!(
        out,
        "     5  clicks
     4  redirect
     1  unknown
     0  gone
     4  302
     1  404
     1  HEAD
     1  prefetch
from 2025-11-22 08:26:40 UTC to 2025-11-22 09:26:41 UTC

clicks  hour (UTC)
     3  2025-11-22 08:00
     2  2025-11-22 09:00

clicks  link
     2  0000000000000001
     1  (none)
     2  (2 others)

clicks  referer
     4  https://news.example/front-page
     1  (none)

clicks  user agent
     4  Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0
     1  curl/8.7.1 \\u{1b}[31m\\xff

clicks  tag
     1  spring-sale
"
    );
}

#[test]
fn stats_for_programs() {
    let (out, _, _) =
        stats_of(few().path(), FilterArguments::default(), 1, stats::StatsFormat::Json);
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let top = |name: &str, value: &str, clicks: u64, others: u64, distinct: u64| {
        json!({
            "top": [{ name: value, "clicks": clicks, "lacks_max": 0 }],
            "others": others, "distinct": distinct, "lacks_max": 0,
        })
    };
    assert_eq!(
        serde_json::from_str::<Value>(&out).unwrap(),
        json!({
            "clicks": 5,
            "first": "2025-11-22T08:26:40.000000Z",
            "last": "2025-11-22T09:26:41.000000Z",
            "head": 1,
            "prefetch": 1,
            "verdicts": { "redirect": 4, "unknown": 1, "gone": 0 },
            "statuses": { "302": 4, "404": 1 },
            "hours": [
                { "hour": "2025-11-22T08:00:00Z", "clicks": 3 },
                { "hour": "2025-11-22T09:00:00Z", "clicks": 2 },
            ],
            "links": top("link", "0000000000000001", 2, 3, 4),
            "referers": top("referer", "https://news.example/front-page", 4, 1, 2),
            "user_agents": top("user_agent", agent, 4, 1, 2),
            "tags": top("tag", "spring-sale", 1, 0, 1),
            "ledger": {
                "segments": 1, "passed_over": 0, "clicks": 5, "lost": 0, "missing": 0, "gaps": 0,
                "damaged_bytes": 0, "torn_tails": 0, "live": 0, "unsealed": 0, "suspect": 0,
                "unreadable": 0, "is_whole": true,
            },
        })
    );
}

#[test]
fn stats_of_nothing() {
    let filter = FilterArguments { since: second(9_999), ..FilterArguments::default() };
    let (out, _, status) = stats_of(few().path(), filter.clone(), 5, stats::StatsFormat::Text);
    assert_eq!((out.lines().count(), status), (6, 0), "{out}");
    let (out, _, _) = stats_of(few().path(), filter, 5, stats::StatsFormat::Json);
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["first"], Value::Null);
}

#[test]
fn stats_say_what_is_missing() {
    let dir = many();
    damage(&segment(dir.path(), 0));
    let (_, said, status) =
        stats_of(dir.path(), FilterArguments::default(), 5, stats::StatsFormat::Text);
    assert!(status == 1 && said.contains("112 bytes damaged, from byte"), "{said}");
    assert!(said.contains("carom: 1999 clicks in"), "{said}");
}
