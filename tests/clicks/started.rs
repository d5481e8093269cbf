//! What somebody did to a click folder stays a finding when a server has started on it
//! since.

use std::fs;
use std::path::Path;

use carom::clicks::folder::parse_segment_name;
use carom::clicks::{Actor, DeletedWhy, Header, SEAL_AT};

use crate::erasure::{Files, HEAD, LIST, harm, history, segments, serve, store, verified, write};
use crate::proving::{CLICKS, checked, page, totals};

/// Clicks of the start after the harm.
const LATER: u64 = 10;

/// A server starts in the folder, writes, and stops.
fn start(dir: &Path) {
    let (keeper, mut writers) = serve(dir);
    write(&mut writers, LATER);
    drop(writers);
    keeper.finish();
}

/// Both copies of the header of a segment with this done to them, and a checksum that
/// fits.
fn forge(segment: &mut [u8], change: impl Fn(&mut Header)) {
    let mut header = Header::read(segment).unwrap();
    change(&mut header);
    let page = header.page();
    for at in [0, 2048] {
        segment[at..at + 96].copy_from_slice(&page[at..at + 96]);
    }
}

/// A segment that was put there is a finding before and after a start, for a page from
/// before it too, and what is in it counts nowhere.
fn stays_strange(name: &str, segment: Vec<u8>) {
    let whole = store(history());
    let (_keep, page) = page(whole.path(), true);
    let mut files = history().clone();
    files.insert(name.to_owned(), segment);
    let dir = store(&files);
    for (round, clicks) in [CLICKS, CLICKS + LATER, CLICKS + 2 * LATER].into_iter().enumerate() {
        let (out, status) = verified(dir.path());
        assert!(status == 1 && out.contains(&format!("{name}: ")), "round {round}: {out}");
        assert!(!out.contains("missing"), "round {round}: {out}");
        let (sums, status) = totals(dir.path());
        assert_eq!((sums, status), ([clicks, clicks, 0, 0, 0], 1), "round {round}");
        let (out, complaints, status) = checked(dir.path(), &page);
        let is_told = complaints.contains("findings more") || complaints.contains("finding more");
        assert!(status == 1 && is_told && complaints.contains(name), "{out}{complaints}");
        start(dir.path());
    }
    fs::remove_file(dir.path().join(name)).unwrap();
    assert_eq!(verified(dir.path()).1, 0, "it was moved away");
}

/// The bytes of the segment at `from`, to be put at `to` with another header.
fn planted(from: usize, to: &str, change: impl Fn(&mut Header)) -> Vec<u8> {
    let mut segment = history()[&segments(history())[from]].clone();
    let (shard, number) = parse_segment_name(to).unwrap();
    forge(&mut segment, |header| {
        (header.shard, header.number) = (shard, number);
        change(header);
    });
    segment
}

#[test]
fn a_copy_under_another_number() {
    let name = "shard-000-0000000500.clicks";
    stays_strange(name, planted(1, name, |_| ()));
}
#[test]
fn a_copy_of_a_shard_that_there_is_not() {
    let name = "shard-007-0000000001.clicks";
    stays_strange(name, planted(0, name, |_| ()));
}
#[test]
fn a_forged_run() {
    let name = "shard-001-0000000500.clicks";
    stays_strange(name, planted(0, name, |header| header.run += 1));
}
#[test]
fn one_that_calls_itself_older_than_the_list() {
    let name = "shard-001-0000000500.clicks";
    let change = |header: &mut Header| (header.is_listed, header.mac) = (false, None);
    stays_strange(name, planted(0, name, change));
}
#[test]
fn one_that_is_not_sealed() {
    let name = "shard-000-0000000500.clicks";
    let mut segment = planted(1, name, |_| ());
    segment[SEAL_AT..SEAL_AT + 64].fill(0);
    stays_strange(name, segment);
}
#[test]
fn one_with_a_number_that_was_deleted_unused() {
    let text = String::from_utf8(history()[LIST].clone()).unwrap();
    let unused = text.lines().rfind(|line| line.contains(" why=unused ")).unwrap();
    let field = |name: &str| {
        let (_, rest) = unused.split_once(name).unwrap();
        rest.split(' ').next().unwrap().parse::<u64>().unwrap()
    };
    let (shard, number) = (field(" shard=") as u16, field(" segment="));
    let name = carom::clicks::folder::segment_name(shard, number);
    assert!(!history().contains_key(&name));
    stays_strange(&name, planted(1, &name, |_| ()));
}

/// Another segment in the place of one that a kill left.
#[test]
fn one_in_the_place_of_another() {
    let mut files = history().clone();
    let [first, second, ..] = &segments(&files)[..] else { panic!("there are some") };
    let name = second.clone();
    let segment = planted(0, &name, |_| ());
    assert_ne!(first, second);
    files.insert(name.clone(), segment);
    let dir = store(&files);
    for _ in 0..2 {
        let (out, status) = verified(dir.path());
        assert!(status == 1 && out.contains(&format!("{name}: ")), "{out}");
        let (sums, status) = totals(dir.path());
        assert!(status == 1 && sums[4] > 0, "{sums:?}");
        start(dir.path());
    }
}

/// Sealed segments with this done to them are missing, before and after starts.
fn stays_missing(harm: impl Fn(&mut Vec<u8>)) {
    let mut files = history().clone();
    let names: Vec<_> =
        segments(&files).into_iter().filter(|name| name.ends_with("-0000000001.clicks")).collect();
    names.iter().for_each(|name| harm(files.get_mut(name).unwrap()));
    let dir = store(&files);
    for _ in 0..2 {
        let (out, status) = verified(dir.path());
        assert!(status == 1 && names.iter().all(|name| out.contains(name)), "{out}");
        let (sums, status) = totals(dir.path());
        assert!(status == 1 && sums[3] == 0 && sums[4] > 1000, "{sums:?}");
        start(dir.path());
    }
}

#[test]
fn emptied_segments() {
    stays_missing(Vec::clear);
}
#[test]
fn segments_of_zeros() {
    stays_missing(|segment| segment.fill(0));
}
#[test]
fn segments_with_nothing_but_their_header() {
    stays_missing(|segment| {
        segment[96..2048].fill(0);
        segment[2144..].fill(0);
    });
}

/// A segment that is gone stays missing where its number could be given again.
#[test]
fn the_file_of_numbers_is_removed_too() {
    let mut files = history().clone();
    files.retain(|name, _| !name.starts_with("shard-") && !name.ends_with("segment-numbers"));
    let dir = store(&files);
    for clicks in [CLICKS, CLICKS + LATER, CLICKS + 2 * LATER] {
        let (sums, status) = totals(dir.path());
        assert_eq!((sums[0], sums[4], status), (clicks, CLICKS, 1), "{sums:?}");
        start(dir.path());
    }
}

/// What stands behind the end of a segment that was made as long as it was at first is
/// seen, and so is a change before that.
#[test]
fn a_segment_that_was_made_longer() {
    for (at, behind) in [(5000, 0), (usize::MAX, 7)] {
        let mut files = history().clone();
        let name = segments(&files).swap_remove(2);
        let segment = files.get_mut(&name).unwrap();
        if let Some(byte) = segment.get_mut(at) {
            *byte ^= 1;
        }
        segment.push(behind);
        segment.resize(64 * 1024, 0);
        let (out, status) = verified(store(&files).path());
        assert!(status == 1 && out.contains(&name), "{out}");
    }
}

/// The header of a listed segment is signed, too.
#[test]
fn another_boot_in_a_header() {
    let mut files = history().clone();
    let name = segments(&files).swap_remove(2);
    forge(files.get_mut(&name).unwrap(), |header| header.boot[3] ^= 1);
    let (out, status) = verified(store(&files).path());
    assert!(status == 1 && out.contains(&name), "{out}");
}

/// The highest number that there can be is taken, and clicks are recorded all the same.
#[test]
fn a_file_with_the_highest_number() {
    let mut files = history().clone();
    files.insert("shard-000-281474976710655.clicks".into(), b"x".to_vec());
    let dir = store(&files);
    start(dir.path());
    fs::remove_file(dir.path().join("shard-000-281474976710655.clicks")).unwrap();
    assert_eq!(totals(dir.path()), ([CLICKS + LATER, CLICKS + LATER, 0, 0, 0], 0));
}

/// Nothing is there any more but the key.
#[test]
fn a_list_and_all_segments_that_were_removed() {
    let mut files = history().clone();
    files.retain(|name, _| name != LIST && name != HEAD && !name.starts_with("shard-"));
    let dir = store(&files);
    start(dir.path());
    let (out, status) = verified(dir.path());
    assert!(status == 1 && out.contains("the list was removed, and made anew"), "{out}");
}

#[test]
fn its_length_removed() {
    let mut files = history().clone();
    files.remove(HEAD);
    let dir = store(&files);
    for words in ["ledger-head beside it cannot be read", "ledger-head beside it was removed"] {
        let (out, status) = verified(dir.path());
        assert!(status == 1 && out.contains(words), "{out}");
        start(dir.path());
    }
}

/// A start that was killed before it listed a segment has a list.
#[test]
fn killed_before_it_wrote_anything() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join(".state")).unwrap();
    let (keys, _) = carom::clicks::key_file::load_or_make(
        &carom::clicks::key_file::beside(dir.path()),
        dir.path(),
    )
    .unwrap();
    drop(carom::clicks::open_list(dir.path(), &keys).unwrap());
    let (keeper, mut writers) = serve(dir.path());
    write(&mut writers, 50);
    let killed = store(&crate::erasure::load(dir.path()));
    drop(writers);
    keeper.finish();
    start(killed.path());
    let (out, status) = verified(killed.path());
    assert_eq!(status, 0, "{out}");
}

/// The key is put back that a start did not find: what it signed is carom's again.
#[test]
fn a_key_that_is_back() {
    let mut files = history().clone();
    let key = files.remove(".state/click-key").unwrap();
    let dir = store(&files);
    start(dir.path());
    let path = dir.path().join(".state/click-key");
    let new = fs::read(&path).unwrap();
    fs::write(&path, [key, new].concat()).unwrap();
    start(dir.path());
    let (out, status) = verified(dir.path());
    assert_eq!(status, 0, "{out}");
}

/// Without its list and its length the folder gets another list, which says so.
fn list_removed(harm: impl Fn(&mut Files)) -> (tempfile::TempDir, String) {
    let mut files = history().clone();
    files.retain(|name, _| name != LIST && name != HEAD);
    harm(&mut files);
    let dir = store(&files);
    assert_eq!(verified(dir.path()).1, 1);
    start(dir.path());
    start(dir.path());
    let (out, status) = verified(dir.path());
    assert!(status == 1 && out.contains("the list was removed, and made anew"), "{out}");
    let (sums, status) = totals(dir.path());
    assert_eq!(status, 1, "{sums:?}");
    (dir, out)
}

#[test]
fn a_list_that_was_removed() {
    let (_, out) = list_removed(|_| ());
    assert!(!out.contains("not as listed"), "all segments are carom's: {out}");
}
#[test]
fn a_list_and_a_segment_that_were_removed() {
    let name = segments(history()).swap_remove(1);
    list_removed(|files| drop(files.remove(&name)));
}
#[test]
fn a_list_that_was_removed_where_something_was_put() {
    let name = "shard-000-0000000500.clicks";
    let (_, out) = list_removed(|files| {
        files.insert(name.into(), planted(1, name, |_| ()));
    });
    assert!(out.contains(&format!("{name}: ")), "{out}");
}

/// What ship deletes where there is no list any more does not hide that.
#[test]
fn a_list_that_was_removed_before_ship_deletes() {
    let mut files = history().clone();
    files.retain(|name, _| name != LIST && name != HEAD);
    let dir = store(&files);
    let keys = carom::clicks::key_file::load_beside(dir.path()).unwrap();
    let (mut list, said) = carom::clicks::open_list(dir.path(), &keys).unwrap();
    assert!(said.is_some_and(|said| said.contains("was removed, and another one begins")));
    let told = [(0, 1, DeletedWhy::Shipped)];
    list.tell_deleted(Actor::Ship, told.into_iter()).unwrap();
    fs::remove_file(dir.path().join(&segments(&files)[0])).unwrap();
    start(dir.path());
    let (out, status) = verified(dir.path());
    assert!(status == 1 && out.contains("the list was removed, and made anew"), "{out}");
    assert!(out.contains(", 1 finding in the list of segments"), "{out}");
}

/// What `erasure` does at random is reported after two starts as before them.
/// `CAROM_SEEDS` has more of them tried.
#[test]
fn each_harm_is_reported_after_starts() {
    let seeds = std::env::var("CAROM_SEEDS").map_or(40, |seeds| seeds.parse().unwrap());
    for seed in 0..seeds {
        let mut files = history().clone();
        let what = harm(&mut files, &mut fastrand::Rng::with_seed(seed));
        let dir = store(&files);
        start(dir.path());
        start(dir.path());
        let (out, status) = verified(dir.path());
        assert!(status > 0, "seed {seed}: {what}\n{out}");
    }
}
