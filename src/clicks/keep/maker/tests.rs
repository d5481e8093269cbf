//! Tests of `maker.rs`.

use tempfile::TempDir;

use super::*;
use crate::clicks::format::list_line::ListKeys;
use crate::rehearsal::tape;

const MIB: u64 = 1 << 20;

/// The maker of a shard with a reserve of two, and the shard.
struct Bench {
    _folder: TempDir,
    run: ServerRun,
    maker: SegmentMaker,
    begun: Instant,
    current: Arc<Segment>,
}

impl Bench {
    fn new(largest: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let run = ServerRun {
            folder: folder.path().to_owned(),
            run: 1,
            boot: [0; 16],
            node: 0,
            keys: ListKeys::new(&tape::keys()),
            segment_bytes: largest,
        };
        let mut maker = SegmentMaker::new(0, 0, 1, 2, largest);
        let current = maker.create(&run).unwrap();
        let mut bench = Self { _folder: folder, run, maker, begun: Instant::now(), current };
        bench.make();
        bench
    }

    /// Sizes of those that are made ready until no more are wanted, MiB.
    fn make(&mut self) -> Vec<u64> {
        let mut sizes = Vec::new();
        while self.maker.wants_segment(self.begun) {
            let segment = self.maker.create(&self.run).unwrap();
            sizes.push(segment.map().bytes() as u64 / MIB);
            self.maker.handover().ready.push(segment).unwrap();
        }
        sizes
    }

    /// The shard goes on in the next one, MiB.
    fn roll(&mut self) -> u64 {
        self.current.set_used(self.current.map().bytes());
        self.current = self.maker.handover().ready.pop().unwrap();
        self.current.map().bytes() as u64 / MIB
    }

    /// All that the shard has left is sealed.
    fn seal(&mut self) {
        let current = self.current.number;
        for own in self.maker.open.iter().filter(|own| own.shared.segment.number < current) {
            own.shared.is_retired.store(true, Ordering::Release);
            self.maker.passage.open.fetch_sub(1, Ordering::AcqRel);
        }
        self.maker.look(self.begun);
    }

    fn look(&mut self, ms: u64) {
        let now = self.begun + Duration::from_millis(ms);
        self.maker.look(now);
        self.maker.give_back(now);
    }
}

#[test]
fn what_is_ready_follows_what_is_written() {
    let mut bench = Bench::new(32 * MIB);
    assert_eq!(bench.maker.ready(), Held { count: 2, bytes: 8 * MIB });
    // 8 MiB are to be ready, and they are.
    bench.current.set_used(MIB as usize);
    bench.look(4);
    assert_eq!(bench.make(), [0; 0]);
    assert_eq!(bench.roll(), 4);
    bench.look(16);
    assert_eq!(bench.make(), [8, 16], "for four MiB in 16 ms");
    assert_eq!((bench.roll(), bench.roll()), (4, 8));
    bench.look(48);
    assert_eq!(bench.make(), [32], "twice the largest that may be ready");
    assert_eq!(bench.maker.waiting(bench.maker.ready()), Held { count: 3, bytes: 12 * MIB });
    assert!(!bench.maker.is_short());
}

#[test]
fn what_is_too_large_is_given_back_one_by_one() {
    let mut bench = Bench::new(16 * MIB);
    bench.current.set_used(3 * MIB as usize);
    bench.look(4);
    bench.roll();
    bench.roll();
    assert_eq!(bench.make(), [8, 16]);
    bench.seal();
    (1..280).for_each(|at| bench.look(250 * at));
    assert_eq!(bench.maker.ready().count, 2, "the oldest is not four times as large");
    assert_eq!((bench.roll(), bench.make()), (8, vec![8]));
    bench.seal();
    // That was another burst.
    (280..760).for_each(|at| bench.look(250 * at));
    assert_eq!(bench.maker.ready(), Held { count: 1, bytes: 8 * MIB });
    assert_eq!(bench.make(), [4]);
    let Retired { segment, seal: None } = bench.maker.handover().retired.pop().unwrap() else {
        panic!("nothing was written in it")
    };
    assert_eq!(segment.map().bytes() as u64, 16 * MIB);
    (760..1500).for_each(|at| bench.look(250 * at));
    assert_eq!(bench.maker.ready(), Held { count: 2, bytes: 12 * MIB }, "that is not much");
}

/// Nothing is sealed; sizes of those that are made until no more can be, MiB.
fn stuck(largest: u64) -> (Vec<u64>, usize) {
    let mut bench = Bench::new(largest * MIB);
    let mut sizes = Vec::new();
    for ms in (4..4000).step_by(4) {
        bench.look(ms);
        sizes.extend(bench.make());
        if bench.maker.handover().ready.is_empty() {
            break;
        }
        bench.roll();
    }
    (sizes, bench.maker.open.len())
}

#[test]
fn no_more_wait_for_the_disk_than_there_is_room_for() {
    let (sizes, count) = stuck(128);
    assert_eq!(sizes[..5], [8, 16, 32, 64, 128]);
    let all: u64 = 3 * 4 + sizes.iter().sum::<u64>();
    assert!((1024..=1024 + 2 * 128).contains(&all), "as much as eight of the largest: {all}");
    assert!(count < 1 + 2 * 16, "{count}");
    let (sizes, count) = stuck(1);
    assert_eq!((sizes.iter().all(|it| *it == 1), count), (true, 1 + 2 * 64));
}

#[test]
fn a_smaller_one_is_made_where_there_is_no_space() {
    for (kind, expected) in [(StorageFull, &[8, 4][..]), (ErrorKind::Other, &[8])] {
        let mut bench = Bench::new(64 * MIB);
        bench.current.set_used(3 * MIB as usize);
        bench.look(4);
        let mut tried = Vec::new();
        let made = bench.maker.create_fitting(|maker, bytes| {
            tried.push(bytes / MIB);
            match bytes > 4 * MIB {
                true => Err(kind.into()),
                false => maker.create_file(&bench.run, &bench.run.folder, bytes),
            }
        });
        assert_eq!((made.is_ok(), &tried[..]), (kind == StorageFull, expected));
    }
}
