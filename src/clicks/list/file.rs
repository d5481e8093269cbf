//! The file of a list of segments, as those add to it who made or deleted some: the
//! server, and `carom ship` beside it.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate};

use super::head::{self, ListHead};
use crate::clicks::format::id::ClickKeys;
use crate::clicks::format::list_line::{self, LINE_BYTES_MAX, ListKeys, Mac};
use crate::clicks::format::listed::{Actor, DeletedWhy, Listed, ListedEvent};
use crate::disk::aside::Aside;
use crate::disk::{folder, regular, state};
use crate::machine::clock::unix_us;

/// Where the last whole line is looked for, bytes from the end.
const TAIL_BYTES: u64 = 16 * LINE_BYTES_MAX as u64;

/// Room that the disk keeps for lines to come, bytes.
const ROOM_BYTES: u64 = 64 * 1024;

/// The list of a click folder, to be added to.
#[derive(Debug)]
pub struct SegmentList {
    clicks: PathBuf,
    file: File,
    head: ListHead,
    keys: ListKeys,
    tail: Tail,
    /// The disk has kept room up to here, bytes.
    room_to: u64,
    /// What says how long it is was not there when it was opened.
    lacked_head: bool,
}

/// How a list ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tail {
    /// Behind its last whole line, bytes.
    end: u64,
    /// Number of that line.
    index: u64,
    /// What ends it.
    mac: Mac,
}

impl SegmentList {
    /// Opens it, and makes it if there is none (mode 0600).
    ///
    /// # Errors
    ///
    /// Those of open(2) and of reading.
    pub fn open(clicks: &Path, keys: &ClickKeys) -> io::Result<Self> {
        state::make(clicks)?;
        let lacked_head = !head::path(clicks).exists();
        // First, as it is missed beside a list.
        let head = ListHead::open(clicks)?;
        let path = super::path(clicks);
        let is_new = !path.exists();
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(&path)?;
        regular::check(file.metadata()?.file_type())?;
        if is_new {
            folder::sync(folder::of(&path))?;
        }
        let keys = ListKeys::new(keys);
        let mut tail = tail(&file)?;
        // Lines were taken off its end. Numbers go on behind them, so that they are missed
        // for good.
        if let Some(lines) = head::lines(clicks)?.filter(|lines| *lines > tail.index) {
            (tail.index, tail.mac) = (lines, [0; 16]);
        }
        let clicks = clicks.to_owned();
        Ok(Self { clicks, tail, file, head, keys, room_to: 0, lacked_head })
    }

    /// Whether it has no line, nor had any that were taken off.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.tail.index == 0
    }

    /// Whether what says how long it is was not there when it was opened.
    #[must_use]
    pub fn lacked_head(&self) -> bool {
        self.lacked_head
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        super::path(&self.clicks)
    }

    /// Adds lines: all of them, or none. Whether the file had been removed, and was put
    /// back with all that stood in it.
    ///
    /// # Errors
    ///
    /// Those of writing.
    pub fn append(&mut self, listed: &[Listed]) -> io::Result<bool> {
        if listed.is_empty() {
            return Ok(false);
        }
        let is_back = self.put_back()?;
        self.file.lock()?;
        let written = self.write(listed);
        self.file.unlock()?;
        written.map(|()| is_back)
    }

    /// Tells that these segments, by shard and number, are deleted; that outlasts a power
    /// loss when this returns.
    ///
    /// # Errors
    ///
    /// Those of writing and of fdatasync(2).
    pub fn tell_deleted(
        &mut self,
        by: Actor,
        segments: impl Iterator<Item = (u16, u64, DeletedWhy)>,
    ) -> io::Result<()> {
        let listed = |(shard, number, why)| {
            let event = ListedEvent::Deleted { by, why };
            Listed { shard, number, event }
        };
        let listed: Vec<_> = segments.map(listed).collect();
        self.append(&listed)?;
        self.sync()
    }

    fn write(&mut self, listed: &[Listed]) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        // Another one has added lines. If it is shorter, lines were taken out, and the
        // numbers of those that follow tell so.
        if length > self.tail.end {
            self.tail = tail(&self.file)?;
        }
        let Tail { mut end, mut index, mut mac } = self.tail;
        if length < end {
            end = tail(&self.file)?.end;
        }
        let (mut text, now) = (String::new(), unix_us());
        for listed in listed {
            index += 1;
            mac = list_line::write(&mut text, &self.keys, &mac, index, now, listed);
        }
        // What is torn behind the last whole line was never acknowledged.
        if length != end {
            self.file.set_len(end)?;
        }
        self.keep_room(end + text.len() as u64);
        self.file.seek(SeekFrom::Start(end))?;
        if let Err(error) = self.file.write_all(text.as_bytes()) {
            self.file.set_len(end)?;
            return Err(error);
        }
        self.tail = Tail { end: end + text.len() as u64, index, mac };
        Ok(())
    }

    /// Has the disk keep room for lines to come, so that they can be added when it is full:
    /// then segments are still sealed. Where it cannot, adding may fail.
    fn keep_room(&mut self, end: u64) {
        if end + ROOM_BYTES / 2 > self.room_to {
            let flags = FallocateFlags::KEEP_SIZE;
            if fallocate(&self.file, flags, 0, end + ROOM_BYTES).is_ok() {
                self.room_to = end + ROOM_BYTES;
            }
        }
    }

    /// Makes what was added outlast a power loss.
    ///
    /// # Errors
    ///
    /// Those of fdatasync(2) and of writing down how long it is.
    pub fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        if !self.head.is_there(&self.clicks) {
            self.head = ListHead::open(&self.clicks)?;
        }
        self.head.write(self.tail.index)
    }

    /// Puts the file back at its path if another or none is there.
    fn put_back(&mut self) -> io::Result<bool> {
        let path = super::path(&self.clicks);
        let own = self.file.metadata()?;
        if path.metadata().is_ok_and(|it| (it.dev(), it.ino()) == (own.dev(), own.ino())) {
            return Ok(false);
        }
        state::make(&self.clicks)?;
        let copy = Aside::create(&path, 0o600)?;
        let (mut buffer, mut at) = (vec![0; 64 * 1024], 0);
        loop {
            let count = self.file.read_at(&mut buffer, at)?;
            if count == 0 {
                break;
            }
            copy.file().write_all(&buffer[..count])?;
            at += count as u64;
        }
        copy.sync()?.name()?;
        self.head = ListHead::open(&self.clicks)?;
        self.room_to = 0;
        self.file = OpenOptions::new().read(true).write(true).open(&path)?;
        Ok(true)
    }
}

/// How this file ends. What is no line is counted as one, so that what comes behind it
/// does not pass for what stood there.
fn tail(file: &File) -> io::Result<Tail> {
    let length = file.metadata()?.len();
    let begin = length.saturating_sub(TAIL_BYTES);
    let mut bytes = vec![0; (length - begin) as usize];
    file.read_exact_at(&mut bytes, begin)?;
    let Some(last) = memchr::memrchr(b'\n', &bytes) else {
        // Nothing, or nothing of ours.
        return Ok(Tail { end: if begin == 0 { 0 } else { length }, ..Tail::default() });
    };
    let mut tail = Tail { end: begin + last as u64 + 1, ..Tail::default() };
    for (back, line) in (0..).zip(bytes[..last].rsplit(|&byte| byte == b'\n')) {
        if let Some(line) = str::from_utf8(line).ok().and_then(list_line::read) {
            tail.index = line.index + back;
            tail.mac = if back == 0 { line.mac } else { [0; 16] };
            break;
        }
    }
    Ok(tail)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::clicks::format::frame::Salt;
    use crate::clicks::list::path;
    use crate::clicks::list::reader::{FlawKind, ListFlaw, ListReader};

    fn keys() -> ClickKeys {
        ClickKeys::parse("0 000102030405060708090a0b0c0d0e0f\n").unwrap()
    }

    fn begun(number: u64) -> Listed {
        let event = ListedEvent::Begun { run: 1, salt: Salt::new(2), is_staged: false };
        Listed { shard: 0, number, event }
    }

    /// The segments that the list of this folder tells of, and what is wrong with it.
    fn read(clicks: &Path) -> (Vec<u64>, Vec<ListFlaw>) {
        let mut reader = ListReader::open(clicks, Some(ListKeys::new(&keys()))).unwrap().unwrap();
        let mut numbers = Vec::new();
        reader.read(|line| numbers.push(line.listed.unwrap().number)).unwrap();
        (numbers, reader.flaws)
    }

    fn list(clicks: &Path) -> SegmentList {
        SegmentList::open(clicks, &keys()).unwrap()
    }

    #[test]
    fn two_add_to_it_in_turns() {
        let clicks = tempfile::tempdir().unwrap();
        let mut both = [list(clicks.path()), list(clicks.path())];
        for number in 1..=9 {
            assert!(!both[number as usize % 2].append(&[begun(number), begun(100)]).unwrap());
        }
        let mut third = list(clicks.path());
        third.append(&[begun(10)]).unwrap();
        third.append(&[]).unwrap();
        let (mut numbers, flaws) = read(clicks.path());
        numbers.retain(|number| *number < 100);
        assert_eq!((numbers, flaws), ((1..=10).collect(), vec![]));
    }

    #[test]
    fn what_a_power_loss_tore_is_cut_off() {
        let clicks = tempfile::tempdir().unwrap();
        list(clicks.path()).append(&[begun(1), begun(2)]).unwrap();
        let text = fs::read(path(clicks.path())).unwrap();
        for torn in [&text[..60], &[0; 5000]] {
            fs::write(path(clicks.path()), [&text, torn].concat()).unwrap();
            assert_eq!(read(clicks.path()), (vec![1, 2], vec![]));
            list(clicks.path()).append(&[begun(3)]).unwrap();
            assert_eq!(read(clicks.path()), (vec![1, 2, 3], vec![]));
        }
    }

    #[test]
    fn a_removed_file_is_put_back() {
        let clicks = tempfile::tempdir().unwrap();
        let mut list = list(clicks.path());
        list.append(&[begun(1)]).unwrap();
        for number in [2, 3] {
            fs::remove_dir_all(state::path(clicks.path())).unwrap();
            assert!(list.append(&[begun(number)]).unwrap());
        }
        assert!(!list.append(&[begun(4)]).unwrap());
        assert_eq!(read(clicks.path()), (vec![1, 2, 3, 4], vec![]));
    }

    /// A change of the text must be told so, also when lines are added later.
    fn changed(change: impl Fn(&mut Vec<String>), line: u64, kind: FlawKind) {
        let clicks = tempfile::tempdir().unwrap();
        let mut early = list(clicks.path());
        early.append(&(1..=6).map(begun).collect::<Vec<_>>()).unwrap();
        let text = fs::read_to_string(path(clicks.path())).unwrap();
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        change(&mut lines);
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(path(clicks.path()), text).unwrap();
        early.append(&[begun(7)]).unwrap();
        let (numbers, flaws) = read(clicks.path());
        assert_eq!((numbers.last(), &*flaws), (Some(&7), &[ListFlaw { line, kind }][..]));
    }

    /// With a checksum that fits.
    fn edited(line: &str, from: &str, to: &str) -> String {
        let (signed, mac) = line.rsplit_once(" mac=").unwrap();
        let text = signed.rsplit_once(" crc=").unwrap().0.replace(from, to);
        format!("{text} crc={:08x} mac={mac}", crc32c::crc32c(text.as_bytes()))
    }

    #[test]
    fn an_edited_line() {
        let edit = |lines: &mut Vec<String>| lines[2] = edited(&lines[2], "run=1", "run=9");
        changed(edit, 3, FlawKind::Changed);
    }
    #[test]
    fn an_edited_last_line() {
        let edit = |lines: &mut Vec<String>| lines[5] = edited(&lines[5], "run=1", "run=9");
        changed(edit, 6, FlawKind::Changed);
    }
    #[test]
    fn a_garbled_line() {
        changed(|lines| lines[3].replace_range(0..1, "x"), 4, FlawKind::Damaged);
    }
    #[test]
    fn a_line_taken_out() {
        changed(|lines| drop(lines.remove(2)), 4, FlawKind::Jump);
    }
    #[test]
    fn the_first_line_taken_out() {
        changed(|lines| drop(lines.remove(0)), 2, FlawKind::Jump);
    }
    #[test]
    fn the_last_lines_taken_out() {
        changed(|lines| lines.truncate(4), 7, FlawKind::Jump);
    }
}
