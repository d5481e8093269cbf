//! What somebody did to a click folder stays a finding when a server has started on it
//! since.

use std::fs;
use std::path::Path;

use carom::clicks::folder::parse_segment_name;
use carom::clicks::{Header, SEAL_AT};

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
    list.tell_shipped([(0, 1)].into_iter()).unwrap();
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
        // The list is whole, and the next start notes its length again.
        if what == format!("{HEAD} removed") {
            continue;
        }
        let dir = store(&files);
        start(dir.path());
        start(dir.path());
        let (out, status) = verified(dir.path());
        assert!(status > 0, "seed {seed}: {what}\n{out}");
    }
}
