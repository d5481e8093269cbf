//! A disk that fails to sync: msync(2) of more than two pages gives EIO, from the
//! kernel itself, by a seccomp filter.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use carom::clicks::{
    Click, Ledger, ListKeys, Seal, SegmentMaker, SegmentReader, SegmentSyncer, ServerRun, Signer,
    Writer,
    folder::{Lock, list},
};
use carom::rehearsal::tape;
use rustix::io::Errno;
use seccompiler::{SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompRule};

use crate::both_engines;
use crate::common::seccomp::where_refused;
use crate::common::{self, Client, Setup, until};

const SEGMENT: u64 = 1024 * 1024;
/// Syncs of so many bytes still work: a click or two.
const SYNC_BYTES_MAX: u64 = 8192;
/// Clicks that take more.
const BURST: u64 = 500;

/// Calls `run` where longer syncs fail.
fn where_long_syncs_fail<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    let is_long =
        SeccompCondition::new(1, SeccompCmpArgLen::Qword, SeccompCmpOp::Gt, SYNC_BYTES_MAX);
    let rule = SeccompRule::new(vec![is_long.unwrap()]).unwrap();
    where_refused([(libc::SYS_msync, vec![rule])], Errno::IO, run)
}

fn append(writer: &mut Writer, count: u64) {
    let click = Click { referer: b"", user_agent: b"", ..common::ledger::click(0) };
    for _ in 0..count {
        writer.append(&click).unwrap();
    }
}

/// What the seals in a folder say, by number.
fn seals(folder: &Path) -> Vec<Seal> {
    let files = list(folder).unwrap().into_iter();
    let seal =
        |path| SegmentReader::open(File::open(path).unwrap()).unwrap().unwrap().seal().copied();
    files.map(|file| seal(file.path).unwrap()).collect()
}

fn run_in(folder: &Path) -> ServerRun {
    ServerRun {
        folder: folder.to_owned(),
        run: 1,
        boot: [0; 16],
        node: 0,
        keys: ListKeys::new(&tape::keys()),
        segment_bytes: SEGMENT,
    }
}

fn signer() -> Signer {
    Signer { keys: tape::keys(), node: 0, shard: 0 }
}

/// The files of a shard, from both sides.
fn files_in(run: &ServerRun) -> (SegmentMaker, SegmentSyncer) {
    let maker = SegmentMaker::new(0, 0, 1, 1, SEGMENT);
    let syncer = SegmentSyncer::new(run, 0, 1, maker.passage().clone());
    (maker, syncer)
}

#[test]
fn a_failed_sync_is_not_tried_again_and_the_shard_goes_on_elsewhere() {
    where_long_syncs_fail(|| {
        let folder = tempfile::tempdir().unwrap();
        let run = run_in(folder.path());
        let (mut maker, mut syncer) = files_in(&run);
        let [first, next] = std::array::from_fn(|_| maker.create(&run).unwrap());
        let (number, handover) = (first.number, maker.handover().clone());
        handover.ready.push(next).unwrap();
        let mut writer = Writer::new(handover, first, signer());

        append(&mut writer, BURST);
        syncer.plan_last_sync();
        let trouble = syncer.sync_step().unwrap_err().to_string();
        for words in ["Input/output error", "is not tried again", "marked suspect", "in another"] {
            assert!(trouble.contains(words), "{words}\n{trouble}");
        }
        syncer.plan_last_sync();
        assert!(!syncer.sync_step().unwrap(), "there is nothing left to sync");

        // Until it has gone on, the suspect one takes clicks and is synced.
        append(&mut writer, 1);
        syncer.plan_last_sync();
        assert!(!syncer.sync_step().unwrap());
        maker.plan_roll(Instant::now(), Duration::MAX);
        maker.populate().unwrap();
        maker.ask_to_leave();
        writer.tick();
        append(&mut writer, 1);
        writer.close();
        while syncer.seal_step().unwrap() {}
        assert_eq!((number, syncer.used_up), (1, 3));
        let seals = seals(folder.path());
        let told: Vec<_> = seals.iter().map(|seal| (seal.clicks, seal.suspect)).collect();
        assert_eq!(told, [(BURST + 1, true), (1, false)]);
    });
}

#[test]
fn a_sync_that_fails_when_it_is_sealed_marks_it_too() {
    where_long_syncs_fail(|| {
        let folder = tempfile::tempdir().unwrap();
        let run = run_in(folder.path());
        let (mut maker, mut syncer) = files_in(&run);
        let mut writer =
            Writer::new(maker.handover().clone(), maker.create(&run).unwrap(), signer());
        append(&mut writer, BURST);
        writer.close();
        assert!(syncer.seal_step().unwrap_err().to_string().contains("marked suspect"));
        assert!(!syncer.seal_step().unwrap());
        assert!(seals(folder.path())[0].suspect);
    });
}

/// What cannot be synced is no reason to have no segment.
#[test]
fn segments_are_made_where_nothing_can_be_synced() {
    let calls = [libc::SYS_msync, libc::SYS_fsync, libc::SYS_fdatasync];
    let calls = calls.map(|call| (call, Vec::new()));
    where_refused(calls, Errno::IO, || {
        let folder = tempfile::tempdir().unwrap();
        let run = run_in(folder.path());
        let (mut maker, mut syncer) = files_in(&run);
        let mut writer =
            Writer::new(maker.handover().clone(), maker.create(&run).unwrap(), signer());
        syncer.name_step().unwrap_err();
        for _ in 0..3 {
            append(&mut writer, BURST);
            let next = maker.create(&run).unwrap();
            let number = next.number - 1;
            maker.handover().ready.push(next).unwrap();
            maker.handover().leave.store(number, std::sync::atomic::Ordering::Relaxed);
            writer.tick();
        }
        writer.close();
        while syncer.seal_step().unwrap_or(true) {}
        syncer.delete_unused().unwrap();
        let seals = seals(folder.path());
        assert!(seals.len() == 3 && seals.iter().all(|it| it.suspect && it.clicks == BURST));
    });
}

both_engines!(a_server_says_it_and_goes_on, |engine| {
    let setup = Setup::new(engine, "/a https://a.example/\n");
    let setup = setup.flag("--cores", "1").flag("--sync-interval", "100ms");
    let setup = setup.flag("--segment-age", "1s");
    let mut server = where_long_syncs_fail(|| setup.start());
    let folder = server.setup.clicks_folder();
    let mut client = Client::new(server.connect());
    let mut served = 0;
    // One burst will do, unless it comes so slowly that it is synced bit by bit.
    while !server.has_said("clicks: syncing ") {
        client.send(&b"GET /a HTTP/1.1\r\nHost: t.example\r\n\r\n".repeat(BURST as usize));
        for _ in 0..BURST {
            assert_eq!(client.reply().unwrap().status, 302);
            served += 1;
        }
    }
    // With those that it was in during later bursts, and that it may not flee so soon.
    until("the shard has left them", || !server.clicks().said.contains("being written"));
    assert_eq!(client.get("t.example", "/a").unwrap().status, 302);
    drop(client);
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    let clicks = server.clicks();
    assert_eq!((clicks.rows.len(), clicks.code), (served + 1, Some(0)), "{}", clicks.said);
    let suspect = clicks.said.matches("a sync failed while it was written").count();
    assert_eq!(said.matches("clicks: syncing ").count(), 1, "{said}");
    let seals = seals(&folder);
    assert!(suspect > 0 && seals.len() > suspect, "{said}\n{}", clicks.said);
    assert!(!seals.last().unwrap().suspect, "the last click is safe");
    assert!(clicks.said.contains("suspect (a sync failed)"), "{}", clicks.said);
});

/// What a shard has passed over, as its disk was given up, holds no reader up.
#[test]
fn a_follower_reads_past_a_segment_that_will_not_be_begun() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_in(folder.path());
    let _lock = Lock::take(folder.path(), run.run).unwrap();
    let (mut maker, _syncer) = files_in(&run);
    let [first, passed, next] = std::array::from_fn(|_| maker.create(&run).unwrap());
    let handover = maker.handover().clone();
    let mut writer = Writer::new(handover.clone(), first, signer());
    let mut follower = Ledger::open(&[folder.path().to_owned()], true).unwrap();
    append(&mut writer, 3);
    assert_eq!(common::ledger::more(&mut follower).len(), 3);
    handover.ready.push(next).unwrap();
    handover.leave.store(1, std::sync::atomic::Ordering::Relaxed);
    writer.tick();
    assert_eq!(common::ledger::more(&mut follower).len(), 0);
    append(&mut writer, 2);
    follower.update().unwrap();
    assert_eq!(common::ledger::more(&mut follower).len(), 2);
    assert_eq!(passed.number, 2);
}
