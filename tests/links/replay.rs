//! `carom links replay`: an access log answered with two sets of links.

use std::fs::File;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{CAROM, Ran, bare, carom, ended, shared_data};

const OLD: &str = "/same https://same.example/\n/moved https://old.example/?s={clickid}\n\
                   /lost https://lost.example/\n/status https://status.example/ 301\n\
                   go.example/own https://own.example/\n/gone 410\n/p/* https://p.example/:splat\n";
const NEW: &str = "/same https://same.example/\n/moved https://new.example/?s={clickid}\n\
                   /new https://found.example/\n/status https://status.example/ 308\n\
                   /p/* https://p.example/:splat\n";

/// Lines of a log, and what is expected of each.
const LOG: &str = r#"192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET /same HTTP/1.1" 302 0 "-" "Agent"
192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET /moved?x HTTP/1.1" 302 0 "-" "Agent"
192.0.2.2 - - [17/May/2015:10:05:03 +0000] "GET /lost HTTP/1.0" 302 0 "-" "Agent"
192.0.2.3 - - [17/May/2015:10:05:03 +0000] "GET /lost HTTP/2.0" 302 0 "https://r.example/" "Other"
192.0.2.1 - - [17/May/2015:10:05:03 +0000] "HEAD /new HTTP/1.1" 302 0 "-" "Agent"
192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET /status HTTP/1.1" 302 0
go.example 192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET /own HTTP/1.1" 302 0 "-" "Agent"
192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET /own HTTP/1.1" 404 0 "-" "Agent"
192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET /gone HTTP/1.1" 410 0 "-" "Agent"
192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET /none HTTP/1.1" 404 0 "-" "Agent"
192.0.2.1 - - [17/May/2015:10:05:03 +0000] "POST /same HTTP/1.1" 405 0 "-" "Agent"
192.0.2.1 - - [17/May/2015:10:05:03 +0000] "-" 408 0 "-" "-"
"#;

/// A folder with that log and those links.
pub struct Case(TempDir);

impl Case {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("old.txt", OLD), ("new.txt", NEW), ("access.log", LOG)] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        Self(folder)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Replays `log` from the links `old` to the links `new`.
    pub fn between(&self, [log, old, new]: [&str; 3], flags: &[&str]) -> Ran {
        let path = |name: &str| self.path(name).display().to_string();
        let words = ["links", "replay", &path(log), "--old", &path(old), "--new", &path(new)];
        carom(words.iter().chain(flags))
    }

    fn replay(&self, flags: &[&str]) -> Ran {
        self.between(["access.log", "old.txt", "new.txt"], flags)
    }
}

#[test]
fn each_distinct_request_is_listed_once() {
    let ran = Case::new().replay(&[]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(
        ran.out,
        "lost: /lost (line 3, 2 times)\n  old: 302 https://lost.example/\n  new: 404\n\
         target: /moved?x (line 2)\n  old: 302 https://old.example/?s={clickid}\n  \
         new: 302 https://new.example/?s={clickid}\n\
         new: HEAD /new (line 5)\n  old: 404\n  new: 302 https://found.example/\n\
         status: /status (line 6)\n  old: 301 https://status.example/\n  \
         new: 308 https://status.example/\n\
         lost: go.example/own (line 7)\n  old: 302 https://own.example/\n  new: 404\n\
         status: /gone (line 9)\n  old: 410\n  new: 404\n\
         12 lines: 10 requests, 1 skipped that are none, 1 of other methods\n\
         redirects: 6 from the old links, 4 from the new\n\
         same: 3, different: 7 (lost 3, new 1, target 1, status 2), in 6 distinct requests\n"
    );
    let hint = "access.log:12: no request: \
                192.0.2.1 - - [17/May/2015:10:05:03 +0000] \"-\" 408 0 \"-\" \"-\"\n\
                carom: 9 requests without a host, so no link of a host answers; pass --host\n";
    assert!(ran.err.ends_with(hint), "{}", ran.err);
}

#[test]
fn a_host_is_named_for_those_that_have_none() {
    let ran = Case::new().replay(&["--host", "go.example:80"]);
    assert!(ran.code == Some(1) && !ran.err.contains("pass --host"), "{ran:?}");
    assert!(ran.out.contains("lost: go.example:80/own (line 8)\n"), "{}", ran.out);
}

#[test]
fn as_many_as_wished_are_listed() {
    let case = Case::new();
    let out = case.replay(&["--limit", "1"]).out;
    assert!(out.starts_with("lost: /lost (line 3, 2 times)\n"), "{out}");
    assert!(out.contains("  new: 404\n… and 5 more distinct requests (--limit N"), "{out}");
    let out = case.replay(&["--all", "--limit", "2"]).out;
    assert!(out.starts_with("target: /moved?x (line 2)\n"), "{out}");
    assert!(out.contains("… and 5 more lines (--limit N lists more)\n12 lines: "), "{out}");
    let out = case.replay(&["--all"]).out;
    assert!(out.contains("lost: /lost (line 3)\n") && out.contains("lost: /lost (line 4)\n"));
    assert!(out.ends_with("different: 7 (lost 3, new 1, target 1, status 2)\n"), "{out}");
}

#[test]
fn programs_get_a_line_of_json_for_each() {
    let ran = Case::new().replay(&["--json"]);
    let lines: Vec<Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 7);
    let (first, totals) = (&lines[0], &lines[6]["totals"]);
    assert_eq!((&first["kind"], &first["requests"]), (&json!("lost"), &json!(2)));
    assert_eq!(first["old"]["location"], "https://lost.example/");
    assert_eq!(
        first["new"],
        json!({ "status": 404, "location": null,
                                     "fields": ["Cache-Control: no-store"] })
    );
    assert_eq!((&totals["requests"], &totals["different"]), (&json!(10), &json!(7)));
    let kinds = json!({ "lost": 3, "new": 1, "target": 1, "status": 2, "fields": 0 });
    assert_eq!(totals["by_kind"], kinds);
}

#[test]
fn the_same_links_answer_the_same() {
    let case = Case::new();
    let ran = case.between(["access.log", "old.txt", "old.txt"], &["--host", "go.example"]);
    assert!(ran.code == Some(0) && ran.err.lines().count() == 1, "{ran:?}");
    assert!(ran.out.ends_with("same: 10, different: 0\n"), "{}", ran.out);
}

#[test]
fn a_log_comes_from_standard_input_too() {
    let case = Case::new();
    let mut command = bare();
    command.stdin(File::open(case.path("access.log")).unwrap());
    command.args(["links", "replay", "-", "--old"]).arg(case.path("old.txt"));
    let ran = ended(command.arg("--new").arg(case.path("new.txt")).spawn().unwrap());
    assert_eq!((ran.code, ran.out), (Some(1), case.replay(&[]).out));
}

#[test]
fn what_cannot_be_read_is_named() {
    let case = Case::new();
    std::fs::write(case.path("bad.txt"), "/x\n").unwrap();
    let check = |files, words: &str| {
        let ran = case.between(files, &[]);
        assert_eq!((ran.code, &*ran.out), (Some(2), ""), "{ran:?}");
        assert!(ran.err.contains(words), "{}", ran.err);
    };
    check(["none.log", "old.txt", "new.txt"], "cannot read the access log");
    check([".", "old.txt", "new.txt"], "cannot read the access log");
    check(["access.log", "none.txt", "new.txt"], "cannot read the link file");
    check(["access.log", "old.txt", "bad.txt"], "bad.txt:1: /x has no target");
    let files = ["access.log", "old.txt", "bad.txt"];
    let ran = case.between(files, &["--on-bad-line", "skip", "--host", "x.example"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("bad.txt:1: /x has no target"), "{}", ran.err);
}

/// More than one block of requests, in lines of every length, and a sample of them.
#[test]
fn long_logs() {
    let case = Case::new();
    let line = |at: usize| {
        let agent = "x".repeat(at % 700);
        let path = if at.is_multiple_of(1000) { "/lost" } else { "/p/" };
        format!("::1 - - [t] \"GET {path} HTTP/1.1\" 302 0 \"-\" \"{agent}\"\n")
    };
    let mut text: String = (0..20_000).map(line).collect();
    text.push_str(&"a line that does not end ".repeat(20_000));
    std::fs::write(case.path("long.log"), text).unwrap();
    let totals = |flags: &[&str]| -> Value {
        let flags: Vec<_> = ["--json"].iter().chain(flags).copied().collect();
        let ran = case.between(["long.log", "old.txt", "new.txt"], &flags);
        let value: Value = serde_json::from_str(ran.out.lines().last().unwrap()).unwrap();
        value["totals"].clone()
    };
    let all = totals(&[]);
    assert_eq!((&all["lines"], &all["requests"]), (&json!(20_001), &json!(20_000)));
    assert_eq!((&all["unreadable"], &all["different"]), (&json!(1), &json!(20)));
    assert_eq!(all["redirects_old"], 20_000);
    let some = totals(&["--sample", "9000"]);
    assert_eq!((&some["lines"], &some["taken"]), (&json!(20_001), &json!(9000)));
    let some = totals(&["--sample", "10%"]);
    let taken = some["taken"].as_u64().unwrap();
    assert!((1_800..2_200).contains(&taken), "{taken}");
    assert_eq!(totals(&["--sample", "10%"]), some);
}

/// Real traffic: nothing of it is skipped but what is neither GET nor HEAD.
#[test]
fn a_real_log() {
    let Some(folder) = shared_data() else { return };
    let case = Case::new();
    std::fs::write(case.path("old.txt"), "/presentations/* https://p.example/:splat\n").unwrap();
    let log = folder.join("access_log_combined.txt");
    let log = log.canonicalize().unwrap().display().to_string();
    let ran = case.between([&log, "old.txt", "new.txt"], &["--json", "--limit", "0"]);
    let value: Value = serde_json::from_str(&ran.out).expect(CAROM);
    let text = std::fs::read_to_string(log).unwrap();
    let count = |words: &str| text.lines().filter(|line| line.contains(words)).count();
    let totals = &value["totals"];
    assert_eq!(totals["lines"], 10_000);
    assert_eq!(totals["unreadable"], 0);
    assert_eq!(totals["requests"], count("] \"GET ") + count("] \"HEAD "));
    let lost = count("] \"GET /presentations/") + count("] \"HEAD /presentations/");
    assert_eq!((&totals["redirects_old"], &totals["different"]), (&json!(lost), &json!(lost)));
}
