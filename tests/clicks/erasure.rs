//! What is removed from a click folder, or changed in it, shows.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use carom::cli::clicks::verify::{VerifyArguments, verify};
use carom::clicks::folder::{parse_segment_name, segment_name};
use carom::clicks::{
    Actor, DeletedWhy, Keeper, KeeperOptions, Ledger, SegmentList, ShardInfo, key_file, key_ring,
};
use carom::limits::SEGMENT_BYTES_MIN;
use tempfile::TempDir;

use crate::common::ledger::{append, click, options, wait_until};

pub const LIST: &str = ".state/ledger";
pub const HEAD: &str = ".state/ledger-head";
const KEY: &str = ".state/click-key";

/// The files of a folder by their path in it.
pub type Files = BTreeMap<String, Vec<u8>>;

pub fn load(dir: &Path) -> Files {
    let mut files = Files::new();
    for sub in ["", ".state"] {
        for entry in dir.join(sub).read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let name = path.strip_prefix(dir).unwrap().to_str().unwrap().to_owned();
                files.insert(name, fs::read(path).unwrap());
            }
        }
    }
    files
}

pub fn store(files: &Files) -> TempDir {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    dir
}

/// A server of this folder, with its own key.
pub fn serve(dir: &Path) -> (Keeper, Vec<carom::clicks::Writer>) {
    fs::create_dir_all(dir.join(".state")).unwrap();
    let (keys, _) = key_file::load_or_make(&key_file::beside(dir), dir).unwrap();
    let (wish, _) = options(Duration::from_millis(1));
    let wish = KeeperOptions { keys, ..wish };
    Keeper::open(dir, &[ShardInfo { cpu: 0 }, ShardInfo { cpu: 1 }], wish).unwrap()
}

pub fn write(writers: &mut [carom::clicks::Writer], clicks: u64) {
    for number in 0..clicks {
        append(&mut writers[number as usize % 2], &click(number));
    }
}

/// A server wrote and stopped, one was killed, and a third took over.
pub fn history() -> &'static Files {
    static FILES: OnceLock<Files> = OnceLock::new();
    FILES.get_or_init(|| {
        let first = tempfile::tempdir().unwrap();
        let (keeper, mut writers) = serve(first.path());
        write(&mut writers, 4000);
        drop(writers);
        keeper.finish();
        let (keeper, mut writers) = serve(first.path());
        write(&mut writers, 1500);
        let list = || fs::read_to_string(first.path().join(LIST)).unwrap();
        let is_sealed = |shard| list().contains(&format!(" sealed shard={shard} segment=5 "));
        wait_until("what is full is sealed", || is_sealed(0) && is_sealed(1));
        let second = store(&load(first.path()));
        drop(writers);
        keeper.finish();
        let (keeper, mut writers) = serve(second.path());
        write(&mut writers, 600);
        let list = || fs::read_to_string(second.path().join(LIST)).unwrap();
        let is_found = |shard| list().contains(&format!(" found shard={shard} segment=6 "));
        wait_until("the list tells of them", || is_found(0) && is_found(1));
        drop(writers);
        keeper.finish();
        load(second.path())
    })
}

/// What `clicks verify` prints, and its exit status.
pub fn verified(dir: &Path) -> (String, u8) {
    let paths = vec![dir.to_owned()];
    let wish = VerifyArguments { paths, all: false, json: false, click_key: None };
    let (mut out, mut complaints) = (Vec::new(), Vec::new());
    let status = verify(&wish, &mut out, &mut complaints);
    let out = String::from_utf8([out, complaints].concat()).unwrap();
    (out, status)
}

pub fn segments(files: &Files) -> Vec<String> {
    let is_segment = |name: &&String| parse_segment_name(name).is_some();
    files.keys().filter(is_segment).cloned().collect()
}

/// Does one thing to the files that carom would not do, and says what.
pub fn harm(files: &mut Files, random: &mut fastrand::Rng) -> String {
    if random.u32(..14) < 10 { harm_segment(files, random) } else { harm_list(files, random) }
}

fn harm_segment(files: &mut Files, random: &mut fastrand::Rng) -> String {
    let names = segments(files);
    let one = names[random.usize(..names.len())].clone();
    let other = names[random.usize(..names.len())].clone();
    let (shard, number) = parse_segment_name(&one).unwrap();
    let bytes = files[&one].clone();
    match random.u32(..10) {
        0 => {
            files.remove(&one);
            format!("{one} removed")
        }
        1 => {
            let new = segment_name(shard, random.u64(1000..100_000));
            files.remove(&one);
            files.insert(new.clone(), bytes);
            format!("{one} moved to {new}")
        }
        2 => {
            files.remove(&one);
            files.insert(format!("old-{one}"), bytes);
            format!("{one} moved out of sight")
        }
        3 if one != other => {
            files.insert(one.clone(), files[&other].clone());
            files.insert(other.clone(), bytes);
            format!("{one} and {other} swapped")
        }
        4 => {
            let length = random.usize(..bytes.len());
            files.insert(one.clone(), bytes[..length].to_owned());
            format!("{one} truncated to {length}")
        }
        5 => {
            let more = std::iter::repeat_with(|| random.u8(..)).take(8);
            files.get_mut(&one).unwrap().extend(more);
            format!("8 bytes added to {one}")
        }
        6 if one != other => {
            files.insert(one.clone(), files[&other].clone());
            format!("{other} copied over {one}")
        }
        7 => {
            let new = segment_name(shard, number + 500);
            files.insert(new.clone(), bytes);
            format!("{one} copied to {new}")
        }
        _ => {
            let at = random.usize(..bytes.len());
            files.get_mut(&one).unwrap()[at] ^= 1 << random.u32(..8);
            format!("byte {at} of {one} changed")
        }
    }
}

fn harm_list(files: &mut Files, random: &mut fastrand::Rng) -> String {
    let text = String::from_utf8(files[LIST].clone()).unwrap();
    let mut lines: Vec<_> = text.lines().collect();
    let line = random.usize(..lines.len());
    match random.u32(..4) {
        0 => {
            lines.remove(line);
            files.insert(LIST.into(), (lines.join("\n") + "\n").into());
            format!("line {line} taken out of {}", lines.len())
        }
        1 => {
            let kept: String = lines[..line].iter().map(|line| format!("{line}\n")).collect();
            files.insert(LIST.into(), kept.into());
            format!("the list cut after {line} of {} lines", lines.len())
        }
        2 => {
            let at = random.usize(..text.len());
            files.get_mut(LIST).unwrap()[at] ^= 1;
            format!("byte {at} of the list changed")
        }
        _ => {
            let name = *random.choice(&[LIST, HEAD, KEY]).unwrap();
            files.remove(name);
            format!("{name} removed")
        }
    }
}

#[test]
fn nothing_is_reported_of_what_carom_did_itself() {
    let dir = store(history());
    let (out, status) = verified(dir.path());
    assert!(status == 0 && out.contains("; nothing is missing\n"), "{out}");
    assert!(!out.contains(".state"), "{out}");
}

/// `CAROM_SEEDS` has more of them tried.
#[test]
fn each_removal_move_truncation_swap_and_edit_is_reported() {
    let seeds = std::env::var("CAROM_SEEDS").map_or(300, |seeds| seeds.parse().unwrap());
    let whole = verified(store(history()).path()).0;
    for seed in 0..seeds {
        let mut files = history().clone();
        let what = harm(&mut files, &mut fastrand::Rng::with_seed(seed));
        let (out, status) = verified(store(&files).path());
        assert!(status > 0 && out != whole, "seed {seed}: {what}, status {status}\n{out}");
    }
}

#[test]
fn the_clicks_of_a_removed_segment_are_counted_exactly() {
    let names = segments(history());
    let dir = store(history());
    let count = |dir: &Path| {
        let mut ledger = Ledger::open(&[dir.to_owned()], false).unwrap();
        let keys = key_ring::KeyRing::new(None).unwrap();
        ledger.compare_with_lists(|folder| keys.list_keys(folder));
        while ledger.next_click_by_shard().unwrap().is_some() {}
        ledger.tally()
    };
    let whole = count(dir.path());
    for name in names {
        let mut files = history().clone();
        files.remove(&name);
        let tally = count(store(&files).path());
        assert_eq!((tally.gone, tally.clicks + tally.missing), (1, whole.clicks), "{name}");
        assert!(tally.missing > 0 && !tally.is_whole(), "{name}");
    }
}

#[test]
fn the_last_segment_and_a_whole_shard_are_missed_too() {
    let mut files = history().clone();
    files.retain(|name, _| !name.starts_with("shard-001"));
    let (out, status) = verified(store(&files).path());
    assert!(status == 1 && out.contains("shard-001-") && out.contains("gone"), "{out}");
    files.retain(|name, _| !name.starts_with("shard-"));
    let (out, status) = verified(store(&files).path());
    assert!(
        status == 1 && out.contains("total: 0 clicks in 0 segments, 6100 clicks missing"),
        "{out}"
    );
}

#[test]
fn without_its_list_a_copy_is_read_and_that_is_said() {
    let mut files = history().clone();
    files.retain(|name, _| !name.starts_with(".state"));
    let (out, status) = verified(store(&files).path());
    assert!(status == 0 && out.contains("there is no list of segments to compare with"), "{out}");
    assert!(out.contains("; nothing is missing\n"), "{out}");
}

/// A start says what is gone since, once.
#[test]
fn a_start_says_what_is_gone() {
    let mut files = history().clone();
    let gone = segments(&files).swap_remove(1);
    files.remove(&gone);
    let dir = store(&files);
    let keys = key_file::load(&key_file::beside(dir.path())).unwrap();
    for round in 0..2 {
        let (wish, said) = options(Duration::from_millis(1));
        let wish = KeeperOptions { keys: keys.clone(), segment_bytes: SEGMENT_BYTES_MIN, ..wish };
        let (keeper, writers) = Keeper::open(dir.path(), &[ShardInfo { cpu: 0 }], wish).unwrap();
        drop(writers);
        let missed = || said.lock().unwrap().iter().any(|said| said.contains("did not delete it"));
        if round == 0 {
            wait_until("it is said", missed);
        }
        keeper.finish();
        assert_eq!(missed(), round == 0, "{said:?}");
        let (out, status) = verified(dir.path());
        assert!(status == 1 && out.contains(&format!("{gone}: ")), "{out}");
    }
}

/// What is taken off the list, or all of it, is missed also after the next start, which
/// goes on with the list.
fn stays_missed(harm: impl Fn(&mut Files)) {
    let mut files = history().clone();
    harm(&mut files);
    let dir = store(&files);
    let (out, status) = verified(dir.path());
    assert_eq!(status, 1, "{out}");
    let (keeper, mut writers) = serve(dir.path());
    write(&mut writers, 10);
    drop(writers);
    keeper.finish();
    let (out, status) = verified(dir.path());
    assert!(status == 1 && out.contains(" were taken out or put in"), "{out}");
}

#[test]
fn lines_taken_off_the_end_stay_missed() {
    stays_missed(|files| {
        let list = files.get_mut(LIST).unwrap();
        let end = list.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(20).unwrap().0;
        list.truncate(end + 1);
    });
}
#[test]
fn a_whole_list_stays_missed() {
    stays_missed(|files| drop(files.remove(LIST)));
}

/// Whoever reads while carom deletes misses nothing.
#[test]
fn what_is_deleted_by_rule_while_others_are_read_is_not_missed() {
    let dir = store(history());
    let keys = key_file::load(&key_file::beside(dir.path())).unwrap();
    let mut ledger = Ledger::open(&[dir.path().to_owned()], false).unwrap();
    ledger.compare_with_lists(|_| key_ring::KeyRing::new(None).unwrap().list_keys(dir.path()));
    assert!(ledger.next_click_by_shard().unwrap().is_some());
    let mut list = SegmentList::open(dir.path(), &keys).unwrap();
    let told = [2, 3].map(|number| (0, number, DeletedWhy::Shipped));
    list.tell_deleted(Actor::Ship, told.into_iter()).unwrap();
    for number in [2, 3] {
        fs::remove_file(dir.path().join(segment_name(0, number))).unwrap();
    }
    while ledger.next_click_by_shard().unwrap().is_some() {}
    let tally = ledger.tally();
    assert!(tally.is_whole(), "{tally} {:?}", ledger.take_notes());
}
