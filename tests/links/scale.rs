//! What commands that look at many links take. At full scale:
//!
//! ```sh
//! CAROM_LINKS=10000000 cargo test --release --test links scale -- --nocapture
//! ```

use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::path::Path;

use rustix::process::Pid;

use crate::common::process::peak;
use crate::common::scale::from_env;
use crate::common::{bare, ended};

/// As many links that are sent to `host`.
fn file(folder: &Path, host: &str, count: u64) -> String {
    let mut text = String::new();
    for number in 0..count {
        writeln!(text, "/go/{number:08} https://{host}/p/{number:08}?ref=aff_{number:06}").unwrap();
    }
    let path = folder.join(host);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The most memory that a command has taken by the time it prints, which waits for who
/// reads.
fn taken(arguments: &[&str]) -> u64 {
    let mut child = bare().arg("links").args(arguments).spawn().unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    let peak = peak(Pid::from_child(&child)).unwrap();
    assert!(ended(child).code.is_some());
    peak
}

/// One table is built at a time, and that takes more than two that are built.
#[test]
fn a_diff_takes_the_memory_of_one_table() {
    let count = from_env("CAROM_LINKS", 100_000_u64);
    let folder = tempfile::tempdir().unwrap();
    let [old, new] = ["old.example", "new.example"].map(|host| file(folder.path(), host, count));
    let (one, two) = (taken(&["convert", &old]), taken(&["diff", &old, &new]));
    println!("{count} links: convert takes {} KiB, diff {} KiB", one >> 10, two >> 10);
    assert!(two < one + one / 10, "{one} {two}");
}
