//! How fast clicks are shipped, and in how much memory. `CAROM_SHIP_CLICKS` says
//! how many; figures are of a release build with all features.

use std::path::Path;
use std::time::{Duration, Instant};

use carom::clicks::Click;
use rustix::process::Pid;

use crate::common::process::{cpu_time, peak};
use crate::common::scale::from_env;
use crate::common::{bare, ended};
use crate::log::Log;
use crate::{arguments, to};

/// 3,000 clicks a second.
const STEP_US: u64 = 333;

/// A folder of clicks as a shop has them: 10,000 links, 200 user agents, visitors
/// all over the world, and a query of its own for every fourth.
fn log(clicks: u64) -> Log {
    let mut log = Log::with_segments(128 * 1024 * 1024);
    let mut rng = fastrand::Rng::with_seed(7);
    for number in 0..clicks {
        let link = rng.u64(1..=100) * rng.u64(1..=100);
        let path = match number % 4 {
            0 => format!("/go/offer-{link}?gclid=Cj0KCQiA{:016x}", rng.u64(..)),
            1 => format!("/go/offer-{link}?utm_source=mail&utm_campaign={}", rng.u8(..50)),
            _ => format!("/go/offer-{link}"),
        };
        let user_agent = format!(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
             Chrome/{}.0.0.0 Safari/537.36",
            rng.u8(..200)
        );
        let referer = format!("https://news-{}.example/front-page", rng.u8(..100));
        log.append(&Click {
            time_us: 1_763_801_400_000_000 + number * STEP_US,
            link,
            generation: 1,
            ip: std::net::Ipv4Addr::from(rng.u32(..)).to_ipv6_mapped().octets(),
            status: 302,
            host: b"go.example",
            path: path.as_bytes(),
            referer: if number % 3 == 0 { b"" } else { referer.as_bytes() },
            user_agent: user_agent.as_bytes(),
            tag: b"",
            ..Click::default()
        });
    }
    log.stop();
    log
}

/// Ships all of it, and prints what that took.
fn measure(what: &str, log: &Log, clicks: u64, flags: &[&str], out: &Path) {
    let begun = Instant::now();
    let mut child = bare().args(arguments(log.path(), flags)).spawn().unwrap();
    let pid = Pid::from_child(&child);
    let (mut cpu, mut bytes) = (Duration::ZERO, 0);
    // Before it is waited for, its figures are there even if it has ended.
    loop {
        (cpu, bytes) = (cpu_time(pid).max(cpu), peak(pid).unwrap_or(0).max(bytes));
        if child.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
    let seconds = begun.elapsed().as_secs_f64();
    let ran = ended(child);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.err.contains(&format!("{clicks} clicks shipped in ")), "{ran:?}");
    let size = crate::size(out);
    eprintln!(
        "ship {what}: {clicks} clicks, {:.2} M/s by CPU time, {:.2} M/s by the clock, {} MiB at most, \
         {:.1} bytes a click",
        clicks as f64 / 1e6 / cpu.as_secs_f64().max(0.001),
        clicks as f64 / 1e6 / seconds,
        bytes / 1024 / 1024,
        size as f64 / clicks as f64
    );
    assert!(bytes <= 256 * 1024 * 1024, "{bytes} bytes of memory");
}

#[test]
fn figures() {
    let clicks: u64 = from_env("CAROM_SHIP_CLICKS", 20_000);
    let log = log(clicks);
    let segments: u64 = log.segments().iter().map(|it| it.path.metadata().unwrap().len()).sum();
    eprintln!(
        "ship from segments: {clicks} clicks in {:.1} bytes each",
        segments as f64 / clicks as f64
    );
    for (what, kind, flags, is_built) in [
        ("file", "file", &[][..], true),
        ("file, zstd", "file", &["--zstd"], cfg!(feature = "zstd")),
        ("parquet", "parquet", &[], cfg!(feature = "parquet")),
    ] {
        if !is_built {
            continue;
        }
        let out = tempfile::tempdir_in(log.path()).unwrap();
        let sink = to(kind, out.path());
        measure(what, &log, clicks, &[&["--to", &sink], flags].concat(), out.path());
    }
}
