//! `carom ship` as an operator meets it: what arrives at each sink, once and after
//! being killed, and what happens to the segments.

#[path = "../common/mod.rs"]
mod common;
mod follow;
mod kills;
mod log;
#[cfg(feature = "parquet")]
mod parquet;
mod prune;
mod register;
mod sinks;
mod space;
mod speed;

use std::ffi::OsString;
use std::path::Path;

use common::{Ran, carom};
use log::Log;

/// Runs `carom ship` on a click folder, to its end.
fn ship(log: &Log, flags: &[&str]) -> Ran {
    carom(arguments(log.path(), flags))
}

/// The same where it is expected to succeed: what it said.
fn shipped(log: &Log, flags: &[&str]) -> String {
    let ran = ship(log, flags);
    assert_eq!((ran.code, &*ran.out), (Some(0), ""), "{ran:?}");
    ran.err
}

fn arguments(clicks: &Path, flags: &[&str]) -> Vec<OsString> {
    let words = [OsString::from("ship"), clicks.into()].into_iter();
    words.chain(flags.iter().map(OsString::from)).collect()
}

/// `file:DIR`, and the like.
fn to(kind: &str, folder: &Path) -> String {
    format!("{kind}:{}", folder.display())
}

/// Bytes of all files below a folder.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| if path.is_dir() { size(&path) } else { path.metadata().unwrap().len() })
        .sum()
}
