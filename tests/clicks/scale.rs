//! `carom clicks stats` over many clicks, with no more memory than it may take.
//! `CAROM_STATS_CLICKS` says how many clicks (10,000,000 for the figures in
//! `docs/performance.md`), `CAROM_STATS_LINKS` on how many links, and
//! `CAROM_STATS_FOLDER` where a folder for them is made.

use std::process::Command;
use std::time::Instant;

use carom::clicks::Click;
use carom::limits::SEGMENT_BYTES_DEFAULT;
use serde_json::Value;

use crate::common::ledger::{append, click, keep};
use crate::common::scale;

/// What the command may take. Its own memory, stacks and libraries: all that it
/// could ever touch.
const MEMORY_BYTES: u64 = 256 * 1024 * 1024;

/// Clicks on two shards: of `distinct` links, a third as many visitors' referers,
/// and user agents of which most are one of a few hundred.
fn write(dir: &std::path::Path, clicks: u64, distinct: u64) {
    let (keeper, mut writers) =
        keep(dir, 2, SEGMENT_BYTES_DEFAULT.min(1 << (20 + clicks.ilog10())));
    let mut rng = fastrand::Rng::with_seed(7);
    // Few of many: the square of a fraction is small more often than not.
    let mut some = |most: u64| (rng.f64() * rng.f64() * most as f64) as u64;
    for number in 0..clicks {
        let link = some(distinct);
        let path = format!("/go/{link:07}");
        let referer = format!("https://news.example/{:07}/front-page", some(distinct / 3 + 1));
        let rare = if number % 50 == 0 { number } else { some(300) };
        let agent = format!(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
             Chrome/1{rare:08}.0 Safari/537.36"
        );
        let click = Click {
            time_us: click(0).time_us + number * 1_000,
            link: link + 1,
            path: path.as_bytes(),
            referer: referer.as_bytes(),
            user_agent: agent.as_bytes(),
            ..click(0)
        };
        append(&mut writers[number as usize % 2], &click);
    }
    drop(writers);
    keeper.finish();
}

#[test]
fn stats_of_many_clicks_in_bounded_memory() {
    let clicks = scale::from_env("CAROM_STATS_CLICKS", 20_000);
    let folder = scale::from_env("CAROM_STATS_FOLDER", std::env::temp_dir().display().to_string());
    let dir = tempfile::tempdir_in(folder).unwrap();
    // Where there are many clicks: more of everything than is counted one by one.
    write(dir.path(), clicks, scale::from_env("CAROM_STATS_LINKS", clicks / 2));
    let begun = Instant::now();
    let Some(report) = stats(dir.path(), &[]) else { return };
    let took = begun.elapsed().as_secs_f64();
    assert_eq!(report["clicks"], clicks);
    let sum = |name: &str| {
        let top = report[name]["top"].as_array().unwrap();
        let top = top.iter().map(|row| row["clicks"].as_u64().unwrap()).sum::<u64>();
        top + report[name]["others"].as_u64().unwrap()
    };
    for name in ["links", "referers", "user_agents"] {
        assert_eq!(sum(name), clicks, "{name}");
        eprintln!(
            "{name}: {} distinct, {} let go",
            report[name]["distinct"], report[name]["lacks_max"]
        );
    }
    eprintln!("{clicks} clicks in {took:.2} s, {:.2} M/s", clicks as f64 / took / 1e6);
    by_two(dir.path(), clicks);
}

/// What the command prints; `None` where nothing bounds its memory.
fn stats(dir: &std::path::Path, arguments: &[&str]) -> Option<Value> {
    let output = Command::new("prlimit")
        .arg(format!("--as={MEMORY_BYTES}"))
        .arg(env!("CARGO_BIN_EXE_carom"))
        .args(["clicks", "stats", "--format", "json"])
        .args(arguments)
        .arg(dir)
        .output();
    let Ok(output) = output else {
        eprintln!("skipped: prlimit (util-linux) is not here");
        return None;
    };
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// The same by long texts together, of which there are almost as many as clicks.
fn by_two(dir: &std::path::Path, clicks: u64) {
    let begun = Instant::now();
    let Some(report) = stats(dir, &["--by", "user_agent,referer"]) else { return };
    let took = begun.elapsed().as_secs_f64();
    let rows = report["rows"].as_array().unwrap();
    let shown: u64 = rows.iter().map(|row| row["clicks"].as_u64().unwrap()).sum();
    assert_eq!((rows.len(), shown + report["others"].as_u64().unwrap()), (20, clicks));
    eprintln!(
        "user_agent,referer: {} distinct, {} let go, {:.2} M/s",
        report["distinct"],
        report["lacks_max"],
        clicks as f64 / took / 1e6
    );
}
