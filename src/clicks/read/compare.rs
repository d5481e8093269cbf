//! Segments compared with the list of their folder: what is gone, what was changed, and
//! what the list does not tell of.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::reader::SegmentReader;
use super::source::{ReadAt, written_span};
use super::tally::Tally;
use crate::clicks::format::list_line::ListKeys;
use crate::clicks::format::listed::{Deletion, Harm};
use crate::clicks::format::origin::{self, Origin};
use crate::clicks::format::segment::Header;
use crate::clicks::list::digest::of_start;
use crate::clicks::list::known::{DeletedSum, Known, KnownSegments};
use crate::clicks::list::reader::ListReader;
use crate::clicks::list::{self, head};
use crate::clicks::{spares, staged};
use crate::disk::{regular, state};
use crate::limits::BAD_LINES_SHOWN;
use crate::words::counted;

/// The list of a folder.
#[derive(Debug)]
pub(super) struct FolderList {
    pub(super) folder: PathBuf,
    keys: Option<ListKeys>,
    /// `None` where there is none.
    reader: Option<ListReader>,
    known: KnownSegments,
    /// Nothing keeps this process from reading it.
    is_readable: bool,
    /// That there is none was said.
    is_missed: bool,
}

/// How bad it is what is to be said of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Whoever reads cannot compare, or not all.
    Told,
    /// Some of it nobody can check any more.
    Unproven,
    /// It is not what carom left there.
    Flaw,
}

/// What is to be said of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListNote {
    /// How bad that is.
    pub weight: Weight,
    /// What is to be said.
    pub sentence: String,
}

/// What the list says of a segment that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compared {
    /// It is what the list says, as far as it says anything.
    Same,
    /// It is not, in this.
    Changed(&'static str),
    /// The list does not tell of it, and should.
    Unlisted,
    /// The same, and it is not signed at all.
    Unsigned,
}

impl FolderList {
    /// Reads the list of `folder`. What is to be said of it is added to `notes`; returns
    /// what is wrong with it, counted.
    pub(super) fn open(
        folder: &Path,
        keys: Option<ListKeys>,
        notes: &mut Vec<ListNote>,
    ) -> (Self, u64) {
        let path = list::path(folder);
        let mut say = |weight, what: String| {
            notes.push(ListNote { weight, sentence: format!("{}: {what}", path.display()) });
        };
        let mut list = Self {
            folder: folder.to_owned(),
            keys,
            reader: None,
            known: KnownSegments::default(),
            is_readable: true,
            is_missed: false,
        };
        if let Err(error) = list.refresh() {
            (list.is_readable, list.is_missed) = (false, true);
            // Others than the owner may not read it; anything else is not what carom left.
            let is_refused = error.kind() == io::ErrorKind::PermissionDenied;
            let weight = if is_refused { Weight::Told } else { Weight::Flaw };
            say(
                weight,
                format!(
                    "the list of segments cannot be read, so what was removed or changed is not \
                     known: {error}"
                ),
            );
            return (list, u64::from(!is_refused));
        }
        let flaws = list.judge(say);
        (list, flaws)
    }

    /// Says what is wrong with the list; returns how much that is.
    fn judge(&mut self, mut say: impl FnMut(Weight, String)) -> u64 {
        let Some(reader) = &mut self.reader else { return 0 };
        let head = match head::lines(&self.folder) {
            Ok(Some(lines)) => {
                // Lines may have been added meanwhile.
                let _ = self.known.read(reader);
                reader.expect(lines);
                None
            }
            Ok(None) => Some("ledger-head beside it is damaged".to_owned()),
            Err(error) => Some(format!("ledger-head beside it cannot be read: {error}")),
        };
        let flaws = reader.flaws.len() + usize::from(head.is_some());
        head.into_iter().for_each(|head| say(Weight::Flaw, head));
        for flaw in reader.flaws.iter().take(BAD_LINES_SHOWN) {
            say(
                Weight::Flaw,
                format!("{flaw}. It is not what carom wrote; what it told of is not known"),
            );
        }
        if reader.flaws.len() > BAD_LINES_SHOWN {
            let more = reader.flaws.len() - BAD_LINES_SHOWN;
            say(Weight::Flaw, format!("and {more} more such findings"));
        }
        let harms = harms(&self.known);
        harms.iter().for_each(|harm| say(Weight::Flaw, harm.clone()));
        if reader.head().0 > 0 && self.keys.is_none() {
            // Whoever can read the list could read the key beside it.
            say(
                Weight::Unproven,
                "the MACs of its lines cannot be checked without the click key, which is not in \
                 .state/click-key; put it back from a copy, or name it with --click-key"
                    .to_owned(),
            );
        }
        for key in &reader.keys_gone {
            say(
                Weight::Unproven,
                format!(
                    "lines signed with a click key {key} that is not in the key file cannot be \
                     checked; put that key back from a copy"
                ),
            );
        }
        (flaws + harms.len()) as u64
    }

    /// Reads on in the list, also in one that was not there before.
    fn refresh(&mut self) -> io::Result<()> {
        if self.reader.is_none() {
            self.reader = ListReader::open(&self.folder, self.keys.clone())?;
        }
        let Some(reader) = &mut self.reader else { return Ok(()) };
        self.known.read(reader)
    }

    /// Whether there is a list.
    pub(super) fn is_there(&self) -> bool {
        self.reader.is_some()
    }

    /// Whether it can be told who wrote a header.
    pub(super) fn has_keys(&self) -> bool {
        self.keys.is_some()
    }

    /// What is to be said of there being none, once.
    pub(super) fn miss(&mut self) -> Option<ListNote> {
        let _ = self.refresh();
        if self.is_there() || std::mem::replace(&mut self.is_missed, true) {
            return None;
        }
        let is_flaw = state::path(&self.folder).is_dir() && self.is_readable;
        let sentence = match is_flaw {
            true => {
                "its list of segments, .state/ledger, is gone, so segments that were removed are \
                 not missed; put it back from a copy"
            }
            false => {
                "there is no list of segments to compare with, so segments that were removed are \
                 not missed; it is in .state/ledger of the folder that the server writes to"
            }
        };
        let sentence = format!("{}: {sentence}", self.folder.display());
        let weight = if is_flaw { Weight::Flaw } else { Weight::Told };
        Some(ListNote { weight, sentence })
    }

    /// The first segment of `shard` behind `after` and before `before` that should be
    /// there and is not.
    pub(super) fn gone(&mut self, shard: u16, after: u64, before: u64) -> Option<(u64, Known)> {
        let folder = self.folder.clone();
        let is_gone = |(number, known): &(u64, &Known)| {
            let path = folder.join(crate::clicks::folder::segment_name(shard, *number));
            match path.symlink_metadata() {
                Err(error) => {
                    error.kind() == io::ErrorKind::NotFound
                        && staged::has_image(&path, (shard, *number)) != Some(true)
                        && !is_in_spare(&folder, (shard, *number))
                }
                // Emptied, it is as good as gone.
                Ok(_) => known.contents.is_some() && holds_nothing(&path),
            }
        };
        let from = after.saturating_add(1);
        let next = |known: &KnownSegments| {
            known.of(shard, from..before).find(is_gone).map(|(number, _)| number)
        };
        next(&self.known)?;
        // Somebody may have deleted it, and said so, since the list was read.
        let _ = self.refresh();
        let number = next(&self.known)?;
        Some((number, self.known.get(shard, number)?.clone()))
    }

    /// Whether carom has deleted, by rule, a segment between these two.
    pub(super) fn has_deleted(&mut self, shard: u16, after: u64, before: u64) -> bool {
        let _ = self.refresh();
        self.known.has_deleted(shard, &(after.saturating_add(1)..before))
    }

    /// What carom has deleted by rule, by who did it and why.
    pub(super) fn deleted_by_rule(&self) -> impl Iterator<Item = (Deletion, DeletedSum)> {
        self.known.deleted_by_rule()
    }

    /// Whether carom has deleted a segment.
    pub(super) fn was_deleted(&mut self, shard: u16, number: u64) -> bool {
        let _ = self.refresh();
        self.known.get(shard, number).is_none() && self.known.is_deleted(shard, number)
    }

    /// Whether a segment at `path` that is not sealed was written in the stage of the last
    /// server, where it is not any more. To be asked while no server runs: a start brings
    /// to the disk what is in the stage, and makes another.
    pub(super) fn lacks_image(&self, shard: u16, number: u64, path: &Path) -> bool {
        let known = self.known.get(shard, number);
        let last_run = || self.known.all().map(|(.., known)| known.run).max();
        known.is_some_and(|known| {
            known.is_staged && known.contents.is_none() && Some(known.run) == last_run()
        }) && staged::has_image(path, (shard, number)) == Some(false)
    }

    /// The shards of which there should be segments.
    pub(super) fn shards(&self) -> Vec<u16> {
        self.known.shards().collect()
    }

    /// Whether a segment with this header is not the one that carom has at this place.
    /// `is_ordinary` is whether it may be one that the list does not tell of yet, where
    /// there are no keys to tell who wrote it.
    pub(super) fn identify(
        &mut self,
        (shard, number): (u16, u64),
        header: &Header,
        is_ordinary: bool,
    ) -> Compared {
        if (header.shard, header.number) != (shard, number) {
            return Compared::Changed("its name is that of another segment");
        }
        let is_of_it = |known: &Known| (known.run, known.salt) == (header.run, header.salt);
        if !self.known.get(shard, number).is_some_and(is_of_it) {
            // Of a number that was deleted unused the next run makes another segment.
            let _ = self.refresh();
        }
        let origin = self.keys.as_ref().map(|keys| origin::of(header, keys));
        match (self.known.get(shard, number), origin) {
            (Some(known), _) if !is_of_it(known) => {
                Compared::Changed("another segment had this name")
            }
            (Some(_), Some(Origin::Foreign)) => Compared::Changed("its header is another one"),
            (Some(_), _) | (None, Some(Origin::Own)) => Compared::Same,
            (None, Some(Origin::Unsigned)) => Compared::Unsigned,
            (None, Some(_)) => Compared::Unlisted,
            (None, None) if self.known.is_strange(shard, number) => Compared::Unlisted,
            (None, None) => {
                let is_fine = self.known.is_deleted(shard, number)
                    || is_ordinary && number > self.known.last(shard);
                if is_fine { Compared::Same } else { Compared::Unlisted }
            }
        }
    }

    /// Compares a segment that was read to its end, with `found` in it, with what the list
    /// tells of it. It is the one that carom has there.
    pub(super) fn compare(
        &mut self,
        (shard, number): (u16, u64),
        header: &Header,
        file: &File,
        found: &Tally,
    ) -> io::Result<Compared> {
        let Some(known) = self.known.get(shard, number) else { return Ok(Compared::Same) };
        let Some(contents) = &known.contents else { return Ok(Compared::Same) };
        if found.damaged_bytes + found.missing > 0 {
            // That says how it is not the same.
            return Ok(Compared::Same);
        }
        let bytes = file.metadata()?.len();
        if bytes != contents.bytes {
            // Where it could not be cut it is as long as it was made.
            if bytes != header.file_bytes || contents.bytes > bytes {
                return Ok(Compared::Changed("its length is another one"));
            }
            if written_span(file, contents.bytes, bytes)?.is_some() {
                return Ok(Compared::Changed("something stands behind its end"));
            }
        }
        Ok(match contents.digest {
            Some(digest) if of_start(file, contents.bytes)? != Some(digest) => {
                Compared::Changed("its bytes are others")
            }
            _ => Compared::Same,
        })
    }
}

/// What starts have found that somebody else had done, and that nothing else shows now.
fn harms(known: &KnownSegments) -> Vec<String> {
    let mut said = Vec::new();
    if known.list_has(Harm::HeadGone) {
        said.push(
            "ledger-head beside it was removed before a start: lines may have been taken off its \
             end, and what they told of is not missed. A page of `clicks prove` that is kept \
             elsewhere shows it"
                .to_owned(),
        );
    }
    if known.list_has(Harm::ListGone) {
        said.push(
            "the list was removed, and made anew at a start: what had been removed by then is not \
             missed. A page of `clicks prove` that is kept elsewhere shows it"
                .to_owned(),
        );
    }
    let mut say = |harm, what: &str| {
        let mut harmed = known.harmed(harm);
        if let Some((shard, number)) = harmed.next() {
            let (name, others) =
                (crate::clicks::folder::segment_name(shard, number), harmed.count());
            let others = match others {
                0 => String::new(),
                _ => format!(" and of {}", counted(others as u64, "other")),
            };
            said.push(format!("the image of {name}{others} in the stage {what}"));
        }
    };
    say(
        Harm::ImageGone,
        "was gone or emptied at the start after a kill: clicks recorded there after the last sync \
         are gone, and nothing tells how many",
    );
    say(
        Harm::ImageChanged,
        "was not the same as what had been synced of it, so somebody changed one of them; what had \
         been synced is what was kept",
    );
    said
}

/// What is to be said of a segment that is gone.
pub(super) fn sentence(known: &Known) -> String {
    let deleted = "it is gone, and carom did not delete it";
    match &known.contents {
        Some(contents) => {
            let clicks = counted(contents.clicks, "click");
            let (first, last) = (contents.first, contents.last);
            format!("{deleted}: {clicks} missing, of the numbers {first} to {last}")
        }
        None => format!(
            "{deleted}; its server did not come to say how many clicks it held, if it was used at \
             all"
        ),
    }
}
/// Whether the file is still without a header.
pub(super) fn is_blank(file: &File) -> io::Result<bool> {
    let mut page = [0; 512];
    let count = ReadAt::read_at(file, &mut page, 0)?;
    Ok(page[..count].iter().all(|&byte| byte == 0))
}

/// Whether there is a file in which nothing was written, but for its header.
fn holds_nothing(path: &Path) -> bool {
    regular::open(path).and_then(SegmentReader::open).is_ok_and(|opened| match opened {
        Ok(reader) => !reader.is_begun() && reader.seal().is_none(),
        Err(_) => regular::open(path).is_ok_and(|file| is_blank(&file).unwrap_or(false)),
    })
}

/// Whether a spare folder has it.
fn is_in_spare(clicks: &Path, (shard, number): (u16, u64)) -> bool {
    let name = crate::clicks::folder::segment_name(shard, number);
    spares::read(clicks).is_ok_and(|spares| spares.iter().any(|spare| spare.join(&name).exists()))
}
