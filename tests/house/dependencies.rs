//! What carom is built from: each exception in `deny.toml` has a reason and is needed. This
//! needs no network; `cargo deny check`, where it is there, looks further.

use std::collections::BTreeMap;
use std::fs;

use crate::root;

/// Crates of which an advisory is known, each with how it is dealt with.
const KNOWN: [(&str, Dealt); 3] =
    [("bitmaps", Dealt::Replaced), ("fxhash", Dealt::Excepted), ("instant", Dealt::NotBuilt)];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dealt {
    /// Another crate, of ours, is built in its place.
    Replaced,
    /// `deny.toml` has an exception.
    Excepted,
    /// It is in Cargo.lock for machines on which carom does not run.
    NotBuilt,
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// The crates of `Cargo.lock`, and whether each comes from a registry.
fn locked() -> BTreeMap<String, bool> {
    let lock = read("Cargo.lock");
    let packages = lock.split("[[package]]").skip(1);
    let package = |text: &str| {
        let name = text.lines().find_map(|line| line.strip_prefix("name = \"")).unwrap();
        (name.trim_end_matches('"').to_owned(), text.contains("\nsource = "))
    };
    packages.map(package).collect()
}

/// What stands between `name = "` and the next quote of a line.
fn value<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(&format!("{name} = \""))?;
    rest.split_once('"').map(|(value, _)| value)
}

/// The lines of a list of `deny.toml`.
fn list<'a>(deny: &'a str, name: &str) -> Vec<&'a str> {
    let (_, rest) = deny.split_once(&format!("\n{name} = [\n")).unwrap();
    rest.split_once("\n]").unwrap().0.lines().map(str::trim).collect()
}

/// The crate of an exception, and why there is one.
fn reason_of(line: &str) -> (&str, &str) {
    let reason = value(line, "reason").unwrap_or_default();
    reason.split_once(": ").unwrap_or_else(|| panic!("write `reason = \"CRATE: WHY\"`: {line}"))
}

#[test]
fn each_exception_has_a_reason_and_is_needed() {
    let (deny, locked) = (read("deny.toml"), locked());
    for line in list(&deny, "ignore") {
        let id = value(line, "id").unwrap();
        let (name, reason) = reason_of(line);
        assert!(id.starts_with("RUSTSEC-"), "{line}");
        assert!(reason.len() > 20, "deny.toml gives no reason for {id}: {line}");
        assert!(locked.contains_key(name), "deny.toml excepts {name}, which is no longer used");
    }
    for line in list(&deny, "exceptions") {
        let name = value(line, "crate").unwrap();
        let (_, reason) = line.split_once("# ").unwrap_or_default();
        assert!(!reason.is_empty(), "deny.toml gives no reason: {line}");
        assert!(locked.contains_key(name), "deny.toml excepts {name}, which is no longer used");
    }
}

#[test]
fn what_is_known_of_crates_is_dealt_with() {
    let (deny, locked) = (read("deny.toml"), locked());
    let excepted: Vec<_> =
        list(&deny, "ignore").into_iter().map(|line| reason_of(line).0).collect();
    for (name, dealt) in KNOWN {
        let is_there = locked.get(name);
        let is_right = match dealt {
            Dealt::Replaced => is_there == Some(&false),
            Dealt::Excepted => is_there == Some(&true) && excepted.contains(&name),
            Dealt::NotBuilt => is_there == Some(&true) && deny.contains(&format!("`{name}`")),
        };
        assert!(
            is_right,
            "{name} is no longer {dealt:?}: say in deny.toml and here what it is now"
        );
    }
}
