//! What looking at many links costs a server. At full scale:
//!
//! ```sh
//! CAROM_LINKS=10000000 cargo test --release --test live scale -- --nocapture
//! ```

use std::fmt::Write as _;
use std::fs;

use crate::common::process::{memory, peak};
use crate::common::scale::from_env;
use crate::common::{Engine, Server};
use crate::{done, file};

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
    let said = done(&server, &["diff"]);
    let half = count / 2;
    let want = format!("\n{half} added, {half} removed, {half} changed\n");
    assert!(said.ends_with(&want), "{}", said.lines().last().unwrap());
    let more = peak(pid).unwrap().saturating_sub(before);
    println!("diff of {count} links: {} KiB at most beside them", more >> 10);
    assert!(more < BYTES_MAX.min(80 * count), "{more}");
}
