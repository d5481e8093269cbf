//! `carom clicks stats --by`: clicks counted by what somebody names.

use std::path::Path;

use carom::clicks::{Click, Verdict};
use serde_json::{Value, json};

use crate::common::ledger::{BEGIN_US, append, click, folder_of, keep};
use crate::common::{Ran, carom};

const HOUR: u64 = 3_600;
const PHONE: &[u8] = b"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Mobile/15E148";

/// Six clicks of two days, which are three in Berlin: 2025-11-22 from 8:26:40 UTC on.
fn few() -> tempfile::TempDir {
    let of = |second, link| Click { link, ..click(second) };
    folder_of([
        of(0, 1),
        Click { user_agent: PHONE, ..of(1, 1) },
        Click { referer: b"https://www.shop.example:8443/a?b", ..of(2, 2) },
        Click { referer: b"", user_agent: b"curl/8.7.1", ..of(15 * HOUR, 2) },
        Click { user_agent: b"", ..of(16 * HOUR, 2) },
        Click { status: 404, verdict: Verdict::UNKNOWN, ..of(39 * HOUR, 0) },
    ])
}

fn stats(dir: &Path, arguments: &[&str]) -> Ran {
    carom([&["clicks", "stats", dir.to_str().unwrap()], arguments].concat())
}

/// `stats` with these arguments must print these lines, and say nothing but the total.
fn check(arguments: &[&str], lines: &[&str]) {
    let ran = stats(few().path(), arguments);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.err, "carom: 6 clicks in 1 segment; nothing is missing\n");
    assert_eq!(ran.out.lines().collect::<Vec<_>>(), lines, "{arguments:?}");
}

#[test]
fn by_day() {
    let lines = ["clicks  day (UTC)", "     4  2025-11-22", "     2  2025-11-23"];
    let utc = [lines[0], "     4  2025-11-22", "     2  2025-11-23"];
    check(&["--by", "day"], &utc);
}

#[test]
fn by_day_of_a_zone() {
    let zone = ["--tz", "Europe/Berlin"];
    check(
        &["--by", "day", zone[0], zone[1]],
        &[
            "clicks  day (Europe/Berlin)",
            "     3  2025-11-22",
            "     2  2025-11-23",
            "     1  2025-11-24",
        ],
    );
    check(
        &["--by", "weekday", zone[0], zone[1]],
        &[
            "clicks  weekday (Europe/Berlin)",
            "     1  Monday",
            "     3  Saturday",
            "     2  Sunday",
        ],
    );
    check(
        &["--by", "hour", "--top", "2", zone[0], zone[1]],
        &[
            "clicks  hour (Europe/Berlin)",
            "     4  (2 hours before)",
            "     1  2025-11-23 01:00",
            "     1  2025-11-24 00:00",
        ],
    );
}

#[test]
fn by_what_kind_of_visitor() {
    check(
        &["--by", "agent_class"],
        &[
            "clicks  agent class",
            "     3  desktop",
            "     1  (none)",
            "     1  library",
            "     1  mobile",
        ],
    );
    check(
        &["--by", "referer-site", "--top", "1"],
        &["clicks  referer site", "     4  news.example", "     2  (2 others)"],
    );
}

#[test]
fn by_columns() {
    check(&["--by", "status"], &["clicks  status", "     5  302", "     1  404"]);
    check(&["--by", "verdict"], &["clicks  verdict", "     5  redirect", "     1  unknown"]);
    check(&["--by", "host"], &["clicks  host", "     6  go.example"]);
    check(&["--by", "shard"], &["clicks  shard", "     6  0"]);
    check(&["--by", "via"], &["clicks  via", "     6  (none)"]);
    check(&["--by", "head"], &["clicks  head", "     6  false"]);
    // This log does not tell the keys of links, so their ids stand for them.
    let rows = ["     3  0000000000000002", "     2  0000000000000001", "     1  (none)"];
    check(&["--by", "key"], &[&["clicks  key"], &rows[..]].concat());
}

#[test]
fn by_two_together() {
    check(
        &["--by", "day,link"],
        &[
            "clicks  day (UTC)   link",
            "     2  2025-11-22  0000000000000001",
            "     2  2025-11-22  0000000000000002",
            "     1  2025-11-23  (none)",
            "     1  2025-11-23  0000000000000002",
        ],
    );
}

#[test]
fn with_bars() {
    let bar = |eighths: usize| "█".repeat(eighths / 8);
    let line = |clicks, bar: String, name| format!("{clicks:>6}  {bar:24}  {name}");
    let [all, part] = [line(5, bar(192), "302"), line(1, bar(32) + "▊", "404")];
    let title = format!("clicks  {:24}  status", "");
    check(&["--by", "status", "--bars"], &[&title, &all, &part]);
}

#[test]
fn as_json() {
    for format in [&["--json"][..], &["--format", "json"]] {
        let by = ["--by", "day,status", "--tz", "+01:00", "--top", "1"];
        let ran = stats(few().path(), &[format, &by].concat());
        let counts: Value = serde_json::from_str(&ran.out).unwrap();
        let row = json!({ "day": "2025-11-22", "status": 302, "clicks": 3, "lacks_max": 0 });
        assert_eq!((&counts["rows"], &counts["clicks"]), (&json!([row]), &json!(6)), "{counts}");
        assert_eq!((&counts["others"], &counts["distinct"]), (&json!(3), &json!(3)));
        assert_eq!((&counts["by"], &counts["tz"]), (&json!(["day", "status"]), &json!("+01:00")));
        assert_eq!(counts["ledger"]["is_whole"], true);
    }
    // Where nothing is named it is the object of ever.
    let counts: Value = serde_json::from_str(&stats(few().path(), &["--json"]).out).unwrap();
    assert_eq!(counts["verdicts"]["redirect"], 5, "{counts}");
}

#[test]
fn as_csv() {
    let csv = ["--by", "hour,user_agent", "--format", "csv"];
    let hostile = Click { user_agent: b"a,\"b\"\x1b[31m\xff", ..click(0) };
    let dir = folder_of([hostile, Click { user_agent: b"", ..click(0) }]);
    let ran = stats(dir.path(), &csv);
    let rows = "hour,user_agent,clicks,lacks_max\n2025-11-22T08:00:00Z,,1,0\n\
                2025-11-22T08:00:00Z,\"a,\"\"b\"\"\\x1b[31m\\xff\",1,0\n";
    assert_eq!((&*ran.out, ran.code), (rows, Some(0)));
    // All rows, unless somebody says how many.
    let all = folder_of((0..30).map(|second| Click { user_agent: b"x", ..click(second) }));
    let by_link = ["--by", "link", "--format", "csv"];
    assert_eq!(stats(all.path(), &by_link).out.lines().count(), 31);
    let ran = stats(all.path(), &[&by_link[..], &["--top", "10"]].concat());
    assert_eq!(ran.out.lines().count(), 11);
    assert!(
        ran.err.contains("carom: 20 more rows, with 20 clicks, are not in the table"),
        "{ran:?}"
    );
}

#[test]
fn nothing_hidden_reaches_a_terminal() {
    let click = Click { referer: b"https://\x1b[2Jevil.example/", ..click(0) };
    let ran = stats(folder_of([click]).path(), &["--by", "referer_site,referer"]);
    assert!(ran.out.contains("\\u{1b}[2jevil.example  https://\\u{1b}[2J"), "{ran:?}");
    assert!(!ran.out.contains('\x1b'));
}

#[test]
fn days_of_since_and_until_are_of_the_zone() {
    let dir = few();
    let clicks = |arguments: &[&str]| {
        let ran = stats(dir.path(), &[arguments, &["--json", "--by", "status"]].concat());
        serde_json::from_str::<Value>(&ran.out).unwrap()["clicks"].as_u64()
    };
    assert_eq!(clicks(&["--since", "2025-11-23"]), Some(2));
    assert_eq!(clicks(&["--since", "2025-11-23", "--tz", "Europe/Berlin"]), Some(3));
    let day = ["--since", "2025-11-23", "--until", "2025-11-24", "--tz", "Europe/Berlin"];
    assert_eq!(clicks(&day), Some(2));
    assert_eq!(clicks(&["--since", "yesterday"]), Some(0));
    assert_eq!(clicks(&["--until", "yesterday"]), Some(6));
}

#[test]
fn what_cannot_be_counted_is_refused() {
    let dir = few();
    let refuse = |arguments: &[&str], expected: &str| {
        let ran = stats(dir.path(), arguments);
        assert!(ran.code == Some(2) && ran.out.is_empty(), "{ran:?}");
        assert!(ran.err.contains(expected), "{ran:?}");
    };
    refuse(&["--by", "city"], "clicks are not counted by `city`; count by month, day,");
    refuse(&["--by", "id"], "each click has its own `id`");
    refuse(&["--by", "day,day"], "day stands there twice");
    refuse(&["--format", "csv"], "CSV is one table; say by what clicks are counted");
    refuse(&["--tz", "Berlin", "--by", "day"], "is no time zone; write one such as Europe/Berlin");
    refuse(&["--json", "--format", "csv", "--by", "day"], "cannot be used with");
    refuse(&["--since", "tomorrow"], "yesterday, or how long ago");
}

#[test]
fn what_is_missing_is_said() {
    let dir = folder_of((0..2_000).map(click));
    let segment = carom::clicks::folder::list(dir.path()).unwrap().swap_remove(1).path;
    std::fs::remove_file(segment).unwrap();
    let ran = stats(dir.path(), &["--by", "day"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("it is gone, and carom did not"), "{ran:?}");
    assert!(ran.err.contains(" clicks missing, 1 segment gone"), "{ran:?}");
    let quiet = stats(dir.path(), &["--by", "day", "--quiet"]);
    assert_eq!((quiet.code, &*quiet.err), (Some(1), ""));
}

/// More rows than are counted one by one need many clicks; two shards are one table.
#[test]
fn shards_are_counted_together() {
    let dir = tempfile::tempdir().unwrap();
    let (keeper, mut writers) = keep(dir.path(), 2, carom::limits::SEGMENT_BYTES_MIN);
    for second in 0..10 {
        let time_us = BEGIN_US + second * HOUR * 1_000_000;
        append(&mut writers[second as usize % 2], &Click { time_us, ..click(second) });
    }
    drop(writers);
    keeper.finish();
    let ran = stats(dir.path(), &["--by", "shard,hour_of_day", "--top", "1"]);
    let lines: Vec<_> = ran.out.lines().collect();
    assert_eq!(lines[0], "clicks  shard  hour of day (UTC)", "{ran:?}");
    assert_eq!(lines[2], "     9  (9 others)", "{ran:?}");
}
