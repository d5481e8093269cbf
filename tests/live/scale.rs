//! What many links cost a server that is asked about them, or changes them. At full scale:
//!
//! ```sh
//! CAROM_LINKS=10000000 cargo test --release --test live scale -- --nocapture
//! ```

use std::fmt::Write as _;
use std::fs;
use std::time::Instant;

use serde_json::json;

use crate::common::admin::Admin;
use crate::common::live::quantile;
use crate::common::process::{memory, peak};
use crate::common::scale::from_env;
use crate::common::{Engine, Server};
use crate::{check, done, file, links};

/// What a comparison of any number of links may take.
const BYTES_MAX: u64 = 64 << 20;

/// Links with these numbers, sent to `host`.
fn text(numbers: impl Iterator<Item = u64>, host: &str) -> String {
    let mut text = String::new();
    for number in numbers {
        writeln!(text, "/go/{number:08} https://{host}/p/{number:08}?ref=aff_{number:06}").unwrap();
    }
    text
}

/// Nothing is the same on both sides, which is the most there can be to tell.
#[test]
fn a_diff_takes_little_memory() {
    let count = from_env("CAROM_LINKS", 50_000_u64);
    let server = Server::start(Engine::Epoll, &text(0..count, "old.example"));
    let staged = file(&server, "staged", &text(count / 2..count + count / 2, "new.example"));
    done(&server, &["stage", &staged]);
    // From here on its peak is counted anew (proc(5)).
    let pid = server.pid();
    fs::write(format!("/proc/{}/clear_refs", pid.as_raw_nonzero()), "5").unwrap();
    let before = memory(pid).resident;
    let said = links(&server, &["diff"]).out;
    let half = count / 2;
    let want = format!("\n{half} added, {half} removed, {half} changed\n");
    assert!(said.ends_with(&want), "{}", said.lines().last().unwrap());
    let more = peak(pid).unwrap().saturating_sub(before);
    println!("diff of {count} links: {} KiB at most beside them", more >> 10);
    assert!(more < BYTES_MAX.min(80 * count), "{more}");
}

/// A tenth of all links is set at once. Beside it links are shown and set.
#[test]
fn a_bulk_change_holds_nobody_up() {
    let count = from_env("CAROM_LINKS", 50_000_u64).max(90_000);
    let server = Server::start(Engine::Epoll, &text(0..count, "old.example"));
    let lines = text(0..count / 10, "new.example");
    let (mut shown, mut set) = (Vec::new(), Vec::new());
    let took = std::thread::scope(|scope| {
        let bulk = scope.spawn(|| {
            let begun = Instant::now();
            let answer = Admin::of(&server).done("/links/set", &json!({ "lines": lines }));
            assert_eq!(answer["changed"], count / 10);
            begun.elapsed()
        });
        let mut admin = Admin::of(&server);
        while !bulk.is_finished() {
            let lines = format!("/small/{} 410", set.len());
            let begun = Instant::now();
            admin.done("/links/set", &json!({ "lines": lines }));
            set.push(begun.elapsed());
            let begun = Instant::now();
            done(&server, &["show", "/go/00000001"]);
            shown.push(begun.elapsed());
        }
        bulk.join().unwrap()
    });
    check(&server, &[("/go/00000001", Some("https://new.example/p/00000001?ref=aff_000001"))]);
    println!(
        "{} of {count} links set at once in {took:.1?}; beside it {} shown (a process each), \
         median {:.1?}, at most {:.1?}, and set, median {:.1?}, at most {:.1?}",
        count / 10,
        shown.len(),
        quantile(&mut shown, 0.5),
        quantile(&mut shown, 1.0),
        quantile(&mut set, 0.5),
        quantile(&mut set, 1.0),
    );
}
