//! Power loss: of what was synced every page is there; of what came later each
//! page is there or not, as it was at any moment since. A file that was never synced
//! may be gone with its name, or lack its first page.
//!
//! `SEED` repeats one loss, `CAROM_POWER_LOSSES` says how many there are (1,000).

use std::ops::Range;

use carom::clicks::{CLICK_ROOM_MAX, Click, SegmentEvent, Writer};
use carom::rehearsal::tape::{OwnedClick, Tape, TapeContents, read};

/// What the disk writes as one.
const PAGE: usize = 4096;
/// Room for some twenty clicks and the texts that they refer to.
const SEGMENT: usize = PAGE + 4 * CLICK_ROOM_MAX;

/// A file, as it was at some moments.
struct File {
    /// The first is nothing: a shard may write before the keeper has synced the name.
    versions: Vec<Vec<u8>>,
    /// The last of them that is known to be on the disk.
    synced: usize,
}

impl File {
    fn now(&mut self, image: Vec<u8>) {
        if self.versions.last() != Some(&image) {
            self.versions.push(image);
        }
    }

    fn sync(&mut self) {
        self.synced = self.versions.len() - 1;
    }

    /// What is left of it. Its length and each page are of some version since the
    /// last sync.
    fn left(&self, rng: &mut fastrand::Rng) -> Vec<u8> {
        let some = self.synced..self.versions.len();
        let mut left = vec![0; self.versions[rng.usize(some.clone())].len()];
        for at in (0..left.len()).step_by(PAGE) {
            let version = &self.versions[rng.usize(some.clone())];
            let page = at.min(version.len())..left.len().min(version.len()).min(at + PAGE);
            left[page.clone()].copy_from_slice(&version[page]);
        }
        left
    }
}

/// A shard, its keeper and the disk.
struct Machine {
    rng: fastrand::Rng,
    tape: Tape,
    files: Vec<File>,
    /// By number, from 1; `None` for those that were lost.
    clicks: Vec<Option<OwnedClick>>,
}

impl Machine {
    fn new(seed: u64) -> (Self, Writer) {
        let (tape, writer) = Tape::new(SEGMENT);
        let rng = fastrand::Rng::with_seed(seed);
        let mut machine = Self { rng, tape, files: Vec::new(), clicks: Vec::new() };
        machine.look();
        (machine, writer)
    }

    /// Notes what the files hold now.
    fn look(&mut self) {
        for (index, image) in self.tape.images().into_iter().enumerate() {
            match self.files.get_mut(index) {
                Some(file) => file.now(image),
                None => self.files.push(File { versions: vec![Vec::new(), image], synced: 0 }),
            }
        }
    }

    fn sync(&mut self) {
        self.look();
        self.files.iter_mut().for_each(File::sync);
    }

    /// Seals what is full: its records are synced first.
    fn seal(&mut self) {
        self.look();
        let before: Vec<_> = self.files.iter().map(|file| file.versions.len()).collect();
        self.tape.seal();
        self.look();
        for (file, versions) in self.files.iter_mut().zip(before) {
            if file.versions.len() > versions {
                file.synced = versions - 1;
                if self.rng.bool() {
                    file.sync();
                }
            }
        }
    }

    fn click(&mut self) -> OwnedClick {
        let rng = &mut self.rng;
        let sequence = self.clicks.len() as u64 + 1;
        let mut string = |count: u32, bytes: Range<usize>| {
            let number = rng.u32(..count).to_string();
            number.repeat(1 + rng.usize(bytes) / number.len()).into_bytes()
        };
        let tag = if sequence.is_multiple_of(3) { string(5, 20..21) } else { Vec::new() };
        let [host, path] = [string(3, 10..11), string(1_000_000, 1..400)];
        let [referer, user_agent] = [string(12, 60..61), string(30, 120..121)];
        let click = Click {
            time_us: 1_763_800_000_000_000 + sequence,
            link: sequence * 7,
            generation: 1,
            ip: [sequence as u8; 16],
            status: 302,
            host: &host,
            path: &path,
            referer: &referer,
            user_agent: &user_agent,
            tag: &tag,
            ..Click::default()
        };
        OwnedClick::of(sequence, &click)
    }

    fn step(&mut self, writer: &mut Writer) {
        match self.rng.u8(..20) {
            0..3 => drop(self.tape.make_ready()),
            3..5 => self.seal(),
            5..7 => self.sync(),
            _ => {
                let click = self.click();
                let is_kept = writer.append(&click.click()).is_ok();
                self.clicks.push(is_kept.then_some(click));
                if self.rng.bool() {
                    return;
                }
            }
        }
        // Also so that a new file is known before anything is written to it.
        self.look();
    }

    /// Takes the power away, and reads what is left.
    fn lose_power(&mut self) {
        self.look();
        let (mut left, mut synced) = (TapeContents::default(), TapeContents::default());
        let (mut expected, mut expected_synced) = (Some(1), Some(1));
        for file in &self.files {
            match read(file.left(&mut self.rng), expected, &mut left) {
                Ok(next) => expected = next,
                // No click of it was called synced.
                Err(gone) => assert_eq!(file.synced, 0, "{gone}"),
            }
            if file.synced > 0 {
                let image = file.versions[file.synced].clone();
                expected_synced = read(image, expected_synced, &mut synced).unwrap();
            }
        }

        let mut before = 0;
        for click in &left.clicks {
            assert!(click.sequence > before, "a click came twice");
            before = click.sequence;
            let written = self.clicks[click.sequence as usize - 1].as_ref();
            assert!(written.is_some_and(|it| click.is_left_of(it)), "{click:?} is invented");
        }
        for click in &synced.clicks {
            assert!(left.clicks.contains(click), "{click:?} was synced and is gone");
        }
        // Each number up to the last that is known of is a click, missing or lost.
        let (mut missing, mut lost) = (0, 0);
        for finding in &left.findings {
            match finding {
                SegmentEvent::Missing { count, .. } => missing += count,
                SegmentEvent::Lost(gap) => lost += gap.count,
                SegmentEvent::Damage { .. } | SegmentEvent::TornTail { .. } => {}
                other => panic!("found {other:?}"),
            }
        }
        let known = expected.unwrap() - 1;
        assert_eq!(left.clicks.len() as u64 + missing + lost, known);
        assert!(known >= expected_synced.unwrap() - 1 && known <= self.clicks.len() as u64);
        let all_lost = self.clicks.iter().filter(|click| click.is_none()).count();
        assert!(lost <= all_lost as u64, "{lost} lost, of {all_lost}");
    }
}

#[test]
fn what_was_synced_is_there_and_nothing_else_is_believed() {
    let from_env = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seed = from_env("SEED");
    let losses = from_env("CAROM_POWER_LOSSES").unwrap_or(1_000);
    let first = seed.unwrap_or_else(|| fastrand::u64(..u64::MAX / 2));
    for seed in first..first + if seed.is_some() { 1 } else { losses } {
        // The last one that is printed is the one that fails.
        eprintln!("SEED={seed}");
        let (mut machine, mut writer) = Machine::new(seed);
        for _ in 0..machine.rng.u32(1..60) {
            machine.step(&mut writer);
        }
        machine.lose_power();
    }
}
