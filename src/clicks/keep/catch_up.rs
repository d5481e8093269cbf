//! What the list of segments does not tell because its server was killed, or is older
//! than the list; and what it tells of and is not there. Looked for beside serving.

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use anyhow::Context;

use super::open_segment::ServerRun;
use super::trouble::Reporter;
use crate::clicks::folder::{self, SegmentFile};
use crate::clicks::format::list_line::ListKeys;
use crate::clicks::format::listed::{Contents, Harm, Listed, ListedEvent};
use crate::clicks::format::origin::{self, Origin};
use crate::clicks::list::digest::of_file;
use crate::clicks::list::known::{Known, KnownSegments};
use crate::clicks::list::reader::ListReader;
use crate::clicks::read::event::SegmentEvent;
use crate::clicks::read::half_deleted::finish_deleting;
use crate::clicks::read::reader::SegmentReader;
use crate::machine::background;
use crate::words::counted;

/// Compares the folder with its list, once.
pub struct CatchUp {
    folder: PathBuf,
    /// Segments of this run are the syncer's to tell of.
    run: u64,
    keys: ListKeys,
    stop: Arc<AtomicBool>,
    reporter: Reporter,
    found: Sender<Vec<Listed>>,
}

/// What a segment of an earlier run is.
enum Found {
    /// Carom's, with this in it.
    Own(Contents),
    /// Not what carom left there.
    Strange,
    /// Of this run, or not there, or nothing in it.
    Nothing,
}

impl CatchUp {
    /// Does it on a thread of its own, which hands over what the list is to tell. When it
    /// is to stop it ends, done or not: the next start does it again.
    ///
    /// # Errors
    ///
    /// A sentence when there can be no thread.
    pub fn start(
        run: &ServerRun,
        stop: Arc<AtomicBool>,
        reporter: Reporter,
    ) -> anyhow::Result<Receiver<Vec<Listed>>> {
        let (found, finds) = channel();
        let (folder, keys) = (run.folder.clone(), run.keys.clone());
        let catch_up = Self { folder, run: run.run, keys, stop, reporter, found };
        thread::Builder::new()
            .name("clicks-list".to_owned())
            .spawn(move || catch_up.run())
            .context("cannot start a thread of the click keeper")?;
        Ok(finds)
    }

    fn run(self) {
        background::begin();
        if let Err(error) = self.compare() {
            self.reporter.say(format!(
                "cannot compare {} with its list of segments: {error}; `carom clicks verify` does it \
                 too",
                self.folder.display()
            ));
        }
    }

    fn compare(&self) -> io::Result<()> {
        let Some(mut reader) = ListReader::open(&self.folder, Some(self.keys.clone()))? else {
            return Ok(());
        };
        let mut known = KnownSegments::default();
        let mut files = folder::list(&self.folder)?;
        known.read(&mut reader)?;
        if finish_deleting(&self.folder, &known, &files)? > 0 {
            files = folder::list(&self.folder)?;
        }
        if let Some(flaw) = reader.flaws.first() {
            let more = counted(reader.flaws.len() as u64, "finding");
            self.reporter.say(format!(
                "the list of segments of {} is not what carom wrote: {flaw} ({more} in all). What \
                 was removed from the folder may not be missed; see to who did that",
                self.folder.display()
            ));
        }
        // Those that a kill has left come first and are few: a stop waits for them. The rest
        // is what an older carom has left.
        let is_left = |file: &&SegmentFile| known.get(file.shard, file.number).is_some();
        let (left, rest): (Vec<_>, Vec<_>) = files.iter().partition(is_left);
        let mut strange = Vec::new();
        for (is_rest, file) in
            left.iter().map(|it| (false, it)).chain(rest.iter().map(|it| (true, it)))
        {
            if is_rest && self.stop.load(Ordering::Acquire) {
                break;
            }
            if self.take_in(file, &known)? {
                strange.push(file.path.display().to_string());
            }
        }
        self.say_strange(&strange);
        if self.stop.load(Ordering::Acquire) && !rest.is_empty() {
            return Ok(());
        }
        // Somebody may have deleted a segment, and said so, since.
        known.read(&mut reader)?;
        // With those in spare folders, and made meanwhile.
        let files = folder::list(&self.folder)?;
        self.miss(&known, &files.iter().map(|file| (file.shard, file.number)).collect());
        Ok(())
    }

    /// Has the list tell what is in a segment, if it does not yet. Whether it is not what
    /// carom left there, and nobody has said so.
    fn take_in(&self, file: &SegmentFile, known: &KnownSegments) -> io::Result<bool> {
        let (shard, number) = (file.shard, file.number);
        let before = known.get(shard, number);
        if let Some(contents) = before.and_then(|known| known.contents) {
            self.compare_length(file, &contents);
            return Ok(false);
        }
        let (event, is_strange) = match self.read(file, before)? {
            Found::Nothing => return Ok(false),
            // Also where its key is back.
            Found::Own(contents) => (ListedEvent::Found(contents), false),
            Found::Strange if known.is_strange(shard, number) => return Ok(false),
            Found::Strange => (ListedEvent::Harmed(Harm::Unlisted), true),
        };
        // The list told of another one here, which is still missed.
        if !(is_strange && before.is_some()) {
            self.hand_over(Listed { shard, number, event });
        }
        Ok(is_strange)
    }

    fn say_strange(&self, strange: &[String]) {
        if let [first, ..] = strange {
            self.reporter.say(format!(
                "{} in {} {} not what carom wrote there, {first} first: put there, or given another \
                 header, by somebody else. What is in {} counts nowhere. Find out who did that, and \
                 move {} away; `carom clicks verify` names {}",
                counted(strange.len() as u64, "segment"),
                self.folder.display(),
                if strange.len() == 1 { "is" } else { "are" },
                if strange.len() == 1 { "it" } else { "them" },
                if strange.len() == 1 { "it" } else { "them" },
                if strange.len() == 1 { "it" } else { "them" },
            ));
        }
    }

    fn hand_over(&self, listed: Listed) {
        // Nobody takes it any more when the server stops.
        let _ = self.found.send(vec![listed]);
    }

    /// What is in a segment of an earlier run that its server could not tell. `before` is
    /// what the list has of it.
    fn read(&self, file: &SegmentFile, before: Option<&Known>) -> io::Result<Found> {
        let opened = match file.open() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
            opened => opened?,
        };
        let Ok(reader) = SegmentReader::open(opened)? else { return Ok(Found::Nothing) };
        let header = reader.header();
        if header.run == self.run || !reader.is_begun() {
            return Ok(Found::Nothing);
        }
        let is_named = (header.shard, header.number) == (file.shard, file.number);
        let is_own = match before {
            Some(known) => (known.run, known.salt) == (header.run, header.salt),
            // Its server was killed, or the list took no line, when it was made.
            None => origin::of(header, &self.keys) == Origin::Own,
        };
        if !is_named || !is_own {
            return Ok(Found::Strange);
        }
        let bytes = reader.source().metadata()?.len();
        let mut contents = contents(reader)?;
        contents.digest = of_file(&file.open()?, bytes)?;
        Ok(Found::Own(Contents { bytes, ..contents }))
    }

    fn compare_length(&self, file: &SegmentFile, contents: &Contents) {
        let Ok(metadata) = file.path.metadata() else { return };
        if metadata.len() < contents.bytes {
            self.reporter.say(format!(
                "{} has {}, and had {} when it was sealed: `carom clicks verify` says which clicks \
                 are missing",
                file.path.display(),
                counted(metadata.len(), "byte"),
                contents.bytes
            ));
        }
    }

    /// Says what is gone and was not deleted by carom, once.
    fn miss(&self, known: &KnownSegments, there: &HashSet<(u16, u64)>) {
        let is_gone = |shard: u16, number: u64, known: &Known| {
            let path = self.folder.join(folder::segment_name(shard, number));
            let is_there = || there.contains(&(shard, number)) || path.exists();
            !known.is_gone && known.run != self.run && !is_there()
        };
        let (mut segments, mut clicks) = (0, 0);
        for (shard, number, known) in known.all() {
            if is_gone(shard, number, known) {
                segments += 1;
                clicks += known.contents.map_or(0, |contents| contents.clicks);
                self.hand_over(Listed { shard, number, event: ListedEvent::Gone });
            }
        }
        if segments > 0 {
            self.reporter.say(format!(
                "{} of {} with at least {} {} gone, and carom did not delete {}: put {} back from a \
                 copy. `carom clicks verify` names {}",
                counted(segments, "segment"),
                self.folder.display(),
                counted(clicks, "click"),
                if segments == 1 { "is" } else { "are" },
                if segments == 1 { "it" } else { "them" },
                if segments == 1 { "it" } else { "them" },
                if segments == 1 { "it" } else { "them" },
            ));
        }
    }
}

/// What a segment holds, but for its length and digest.
fn contents(mut reader: SegmentReader<std::fs::File>) -> io::Result<Contents> {
    let header = *reader.header();
    let start = reader.start().copied();
    let first = start.map_or(0, |start| start.first_sequence);
    let from_us = start.map_or(0, |start| start.first_us);
    let mut contents = Contents {
        run: header.run,
        salt: header.salt,
        first,
        last: first,
        clicks: 0,
        lost: 0,
        bytes: 0,
        from_us,
        to_us: from_us,
        digest: None,
    };
    if let Some(seal) = reader.seal() {
        let (first, last, to_us) = (seal.first_sequence, seal.last_sequence, seal.last_us);
        let (clicks, lost) = (seal.clicks, seal.lost);
        return Ok(Contents { first, last, to_us, clicks, lost, ..contents });
    }
    loop {
        match reader.next(false)? {
            SegmentEvent::Click { time_us, .. } => {
                contents.clicks += 1;
                contents.to_us = time_us;
            }
            SegmentEvent::Lost(gap) => contents.lost = contents.lost.saturating_add(gap.count),
            SegmentEvent::End => break,
            _ => {}
        }
    }
    let expected = reader.expected().unwrap_or(first);
    Ok(Contents { last: expected.saturating_sub(1), ..contents })
}
