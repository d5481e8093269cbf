//! `clicks prove`: every click is accounted for, on a page that can be checked later.

use std::fs;
use std::path::{Path, PathBuf};

use carom::cli::clicks::prove::{ProveArguments, prove};
use carom::clicks::{Actor, DeletedWhy, SegmentList, key_file};
use serde_json::Value;
use tempfile::TempDir;

use crate::erasure::{Files, history, segments, store};

/// What was appended to the folder of [`history`].
pub const CLICKS: u64 = 4000 + 1500 + 600;

fn wish(folder: &Path) -> ProveArguments {
    let folder = folder.to_owned();
    ProveArguments { folder, since: None, until: None, json: false, check: None, click_key: None }
}

/// Output, complaints and exit status.
fn proved(wish: &ProveArguments) -> (String, String, u8) {
    let (mut out, mut complaints) = (Vec::new(), Vec::new());
    let status = prove(wish, &mut out, &mut complaints);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(out), text(complaints), status)
}

/// Answered, recorded, lost, deleted and missing, and the exit status.
pub fn totals(folder: &Path) -> ([u64; 5], u8) {
    let (out, _, status) = proved(&ProveArguments { json: true, ..wish(folder) });
    let page: Value = serde_json::from_str(&out).unwrap();
    let rows = page["page"]["rows"].as_array().unwrap();
    let names = ["answered", "recorded", "lost", "deleted", "missing"];
    let sum = |name: &str| rows.iter().map(|row| row[name].as_u64().unwrap()).sum();
    (names.map(sum), status)
}

/// A page of `folder`, text or JSON, in a file of its own.
pub fn page(folder: &Path, json: bool) -> (TempDir, PathBuf) {
    let (out, _, status) = proved(&ProveArguments { json, ..wish(folder) });
    assert_eq!(status, 0, "{out}");
    let elsewhere = tempfile::tempdir().unwrap();
    let path = elsewhere.path().join("page");
    fs::write(&path, out).unwrap();
    (elsewhere, path)
}

pub fn checked(folder: &Path, page: &Path) -> (String, String, u8) {
    proved(&ProveArguments { check: Some(page.to_owned()), ..wish(folder) })
}

/// As `carom ship` does when every sink has it.
fn delete_shipped(folder: &Path, name: &str) {
    let (shard, number) = carom::clicks::folder::parse_segment_name(name).unwrap();
    let keys = key_file::load(&key_file::beside(folder)).unwrap();
    let mut list = SegmentList::open(folder, &keys).unwrap();
    let told = [(shard, number, DeletedWhy::Shipped)];
    list.tell_deleted(Actor::Ship, told.into_iter()).unwrap();
    fs::remove_file(folder.join(name)).unwrap();
}

fn without(name: &str) -> Files {
    let mut files = history().clone();
    files.remove(name);
    files
}

#[test]
fn every_click_is_accounted_for() {
    let dir = store(history());
    assert_eq!(totals(dir.path()), ([CLICKS, CLICKS, 0, 0, 0], 0));
    let (out, complaints, _) = proved(&wish(dir.path()));
    assert!(out.contains("Every click is accounted for") && complaints.is_empty(), "{out}");
    assert!(out.contains("2025-11-22"), "{out}");
    for json in [false, true] {
        let (_keep, page) = page(dir.path(), json);
        let (out, complaints, status) = checked(dir.path(), &page);
        assert!(status == 0 && out.contains("genuine"), "{out}{complaints}");
    }
}

#[test]
fn what_is_removed_is_missing() {
    let [_, name, ..] = &segments(history())[..] else { panic!("there are some") };
    let (whole, dir) = (store(history()), store(&without(name)));
    let (sums, status) = totals(dir.path());
    assert_eq!((sums[0], sums[1] + sums[4], status), (CLICKS, CLICKS, 1));
    assert!(sums[4] > 0);
    let (out, complaints, _) = proved(&wish(dir.path()));
    assert!(out.contains("NOT every click") && complaints.contains(name), "{out}{complaints}");
    let (_keep, page) = page(whole.path(), false);
    let (_, complaints, status) = checked(dir.path(), &page);
    let said = format!("{} clicks missing that were there when the page was made", sums[4]);
    assert!(status == 1 && complaints.contains(&said), "{complaints}");
}

#[test]
fn what_was_deleted_by_rule_is_accounted_for_also_later() {
    let dir = store(history());
    let (_keep, page) = page(dir.path(), true);
    let name = segments(history()).swap_remove(0);
    delete_shipped(dir.path(), &name);
    let (sums, status) = totals(dir.path());
    assert_eq!((sums[0], sums[1] + sums[3], sums[4], status), (CLICKS, CLICKS, 0, 0));
    assert!(sums[3] > 0);
    let (out, complaints, status) = checked(dir.path(), &page);
    assert_eq!(status, 0, "{out}{complaints}");
}

#[test]
fn what_is_changed_is_told() {
    let mut files = history().clone();
    let name = segments(&files).swap_remove(2);
    // In the first page, which readers of clicks ignore there.
    files.get_mut(&name).unwrap()[3000] ^= 1;
    let dir = store(&files);
    let (out, complaints, status) = proved(&wish(dir.path()));
    assert!(status == 1 && out.contains("changed segments 1,"), "{out}");
    assert!(complaints.contains("its bytes are others"), "{complaints}");
}

/// What only the list tells of is on the page too, not merely in the exit status.
#[test]
fn what_is_wrong_with_the_list_is_on_the_page() {
    let mut files = history().clone();
    files.remove(".state/ledger-head");
    let dir = store(&files);
    let (out, _, status) = proved(&wish(dir.path()));
    assert!(status == 1 && out.contains("NOT every click") && out.contains("findings 1,"), "{out}");
}

/// A copy under another name takes no click away, and adds none.
#[test]
fn a_planted_copy_is_counted_neither_way() {
    let mut files = history().clone();
    let name = segments(&files).swap_remove(1);
    let copy = files[&name].clone();
    files.insert("shard-000-0000009999.clicks".into(), copy);
    let dir = store(&files);
    let (sums, status) = totals(dir.path());
    assert_eq!((sums, status), ([CLICKS, CLICKS, 0, 0, 0], 1));
}

/// A page that is none, or not of this folder, is refused in these words.
fn refused(page: &str, words: &str) {
    let dir = store(history());
    let path = dir.path().join("page");
    fs::write(&path, page).unwrap();
    let (out, complaints, status) = checked(dir.path(), &path);
    assert!(status == 2 && complaints.contains(words), "{status}: {complaints}{out}");
}

#[test]
fn a_page_that_is_none() {
    refused("hello\n", "is no page of `carom clicks prove`");
}

#[test]
fn a_page_that_was_changed() {
    let dir = store(history());
    let (_keep, page) = page(dir.path(), true);
    let text = fs::read_to_string(page).unwrap();
    refused(&text.replace("\"missing\":0", "\"missing\":1"), "was not signed with click key 0");
}

#[test]
fn a_list_that_was_cut_since() {
    let dir = store(history());
    let (_keep, page) = page(dir.path(), false);
    let list = dir.path().join(".state/ledger");
    let text = fs::read_to_string(&list).unwrap();
    let kept: String = text.lines().take(3).map(|line| format!("{line}\n")).collect();
    fs::write(&list, kept).unwrap();
    let (_, complaints, status) = checked(dir.path(), &page);
    assert!(status == 2 && complaints.contains("it was cut"), "{complaints}");
}

#[test]
fn without_a_list_nothing_is_proved() {
    let mut files = history().clone();
    files.retain(|name, _| !name.contains("ledger"));
    let dir = store(&files);
    let (_, complaints, status) = proved(&wish(dir.path()));
    assert!(status == 2 && complaints.contains("has no list of segments"), "{complaints}");
}
