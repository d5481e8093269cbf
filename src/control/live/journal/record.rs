//! What stands in the journal. Bytes in, records out: no file, no clock.
//!
//! The file begins with a line that names its version. Then comes one group after
//! the other, each written and synced as a whole:
//!
//! | bytes | field |
//! |---|---|
//! | 0–3 | size of the text, little-endian |
//! | 4–7 | CRC32C of the text |
//! | 8–11 | CRC32C of those eight bytes |
//! | 12– | text: a JSON array of records |
//!
//! As no group is begun before the one before it was synced, a crash can leave only
//! the last one torn.

use std::io::Read;

use serde::{Deserialize, Serialize};

use crate::control::live::who::{How, Who};
use crate::limits::JOURNAL_GROUP_BYTES_MAX;
use crate::sources::FileMark;

/// The first bytes of the file.
pub const HEADER: &[u8] = b"carom links journal 1\n";
const HEAD_BYTES: usize = 12;

/// A table that was served as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableServed {
    /// How it came.
    pub how: How,
    /// The generation it was first served as, where that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u32>,
    /// What it was read from.
    pub files: Vec<FileMark>,
    /// The link files of `serve`, as they were last read.
    pub link_files: Vec<FileMark>,
    /// The generation that was the first to serve this table; its file is named so.
    pub table: u32,
    /// The generation that is to be served again after a restart; `None`: the link
    /// files have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved: Option<u32>,
    /// How many links there are, with the changes over it.
    pub links: usize,
}

/// How many keys got a link, have another one, or lost theirs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyCounts {
    /// Keys that had no link before.
    pub added: usize,
    /// Keys that answer something else.
    pub changed: usize,
    /// Keys that have no link any more.
    pub removed: usize,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// From now on this table lies under the changes.
    Base(TableServed),
    /// This link was set.
    Set {
        /// Its key, as keys are written.
        key: String,
        /// Its line in the native format.
        line: String,
    },
    /// The link of this key was taken away.
    Unset {
        /// As keys are written.
        key: String,
    },
    /// This key is as the files say again.
    Reset {
        /// As keys are written.
        key: String,
    },
    /// Every key is.
    ResetAll,
    /// So many links there are since then.
    Links(usize),
    /// The changes of this generation take back those of another.
    Undo {
        /// The generation that is undone.
        of: u32,
    },
    /// How many links a generation changed, once they are counted.
    Counted {
        /// The generation.
        of: u32,
        /// The keys of what was served then and before.
        keys: KeyCounts,
    },
    /// Link files were staged; nothing else is served.
    Staged {
        /// Their names.
        files: Vec<String>,
        /// How many links there would be.
        links: usize,
    },
    /// What was staged was forgotten.
    Discarded,
    /// What stands before is only what is left of older changes: the log begins here.
    Cut,
    /// Numbers of generations up to this record's have been given.
    Mark,
}

/// One line of history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// The generation it made.
    pub generation: u32,
    /// When, microseconds since the Unix epoch.
    pub at_us: u64,
    /// Who asked for it.
    pub who: Who,
    /// What it was.
    pub what: Deed,
}

/// Appends a group.
///
/// # Errors
///
/// Its size, when it is over [`JOURNAL_GROUP_BYTES_MAX`].
pub fn encode(records: &[Recorded], out: &mut Vec<u8>) -> Result<(), usize> {
    let text = serde_json::to_vec(records).expect("records are plain");
    if text.len() > JOURNAL_GROUP_BYTES_MAX {
        return Err(text.len());
    }
    let mut head = [0; HEAD_BYTES];
    head[..4].copy_from_slice(&(text.len() as u32).to_le_bytes());
    head[4..8].copy_from_slice(&crc32c::crc32c(&text).to_le_bytes());
    let crc = crc32c::crc32c(&head[..8]);
    head[8..].copy_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(&head);
    out.extend_from_slice(&text);
    Ok(())
}

/// What was found in a journal.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct WholeGroups {
    /// All records of whole groups.
    pub records: Vec<Recorded>,
    /// Bytes up to the end of the last whole group.
    pub whole: usize,
}

/// Why a journal cannot be believed.
#[derive(Debug, PartialEq, Eq)]
pub enum Damage {
    /// It does not begin as a journal does.
    Header,
    /// A group that is not the last one is damaged; where it begins.
    Group(usize),
}

/// Reads a journal. What stands behind the last whole group was not acknowledged,
/// or is damaged, which cannot be told apart.
///
/// # Errors
///
/// When something before the last whole group is damaged.
pub fn decode(bytes: &[u8]) -> Result<WholeGroups, Damage> {
    if !bytes.starts_with(HEADER) {
        // Torn while it was made, before anything was in it.
        let is_torn = HEADER.starts_with(bytes) || bytes.iter().all(|&byte| byte == 0);
        return if is_torn { Ok(WholeGroups::default()) } else { Err(Damage::Header) };
    }
    let mut decoded = WholeGroups { records: Vec::new(), whole: HEADER.len() };
    let mut generation = 0;
    loop {
        let at = decoded.whole;
        let group = text_at(bytes, at).and_then(|text| {
            let records: Vec<Recorded> = serde_json::from_slice(text).ok()?;
            Some((at + HEAD_BYTES + text.len(), records))
        });
        let Some((end, records)) = group else {
            let is_in_the_middle = (at + 1..bytes.len()).any(|at| text_at(bytes, at).is_some());
            return if is_in_the_middle { Err(Damage::Group(at)) } else { Ok(decoded) };
        };
        for record in &records {
            if record.generation < generation {
                return Err(Damage::Group(at));
            }
            generation = record.generation;
        }
        decoded.records.extend(records);
        decoded.whole = end;
    }
}

/// The next group of a journal, behind its header, and how many bytes it takes; `None`
/// where no whole one is left.
pub fn next_group(bytes: &mut impl Read) -> Option<(Vec<Recorded>, u64)> {
    let mut head = [0; HEAD_BYTES];
    bytes.read_exact(&mut head).ok()?;
    let [size, of_text, of_head] = words(&head);
    if crc32c::crc32c(&head[..8]) != of_head {
        return None;
    }
    let mut text = Vec::new();
    bytes.take(size.into()).read_to_end(&mut text).ok()?;
    let is_whole = text.len() == size as usize && crc32c::crc32c(&text) == of_text;
    let records = is_whole.then(|| serde_json::from_slice(&text).ok()).flatten()?;
    Some((records, HEAD_BYTES as u64 + u64::from(size)))
}

fn words(head: &[u8; HEAD_BYTES]) -> [u32; 3] {
    [0, 4, 8].map(|at| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]))
}

/// The text of the group that begins here, if a whole one does.
fn text_at(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let (head, rest) = bytes.get(at..)?.split_first_chunk::<HEAD_BYTES>()?;
    let [size, of_text, of_head] = words(head);
    if crc32c::crc32c(&head[..8]) != of_head {
        return None;
    }
    let text = rest.get(..size as usize)?;
    (crc32c::crc32c(text) == of_text).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(generation: u32, what: Deed) -> Recorded {
        Recorded { generation, at_us: 7, who: Who { name: "ann".into(), uid: Some(5) }, what }
    }

    fn set(generation: u32, key: &str) -> Recorded {
        let line = format!("{key} https://a.example/");
        record(generation, Deed::Set { key: key.to_owned(), line })
    }

    fn journal(groups: &[&[Recorded]]) -> Vec<u8> {
        let mut bytes = HEADER.to_vec();
        for group in groups {
            encode(group, &mut bytes).unwrap();
        }
        bytes
    }

    fn every_kind() -> Vec<Recorded> {
        let mark = FileMark { name: "links.txt".into(), size: 3, crc: 9 };
        let base = TableServed {
            how: How::Rollback,
            from: Some(1),
            files: vec![mark.clone()],
            link_files: vec![mark],
            table: 1,
            saved: Some(7),
            links: 3,
        };
        let keys = KeyCounts { added: 1, changed: 2, removed: 3 };
        vec![
            record(2, Deed::Base(base)),
            set(2, "/a"),
            record(3, Deed::Unset { key: "/b".into() }),
            record(4, Deed::Reset { key: "/b".into() }),
            record(5, Deed::ResetAll),
            record(5, Deed::Links(3)),
            record(6, Deed::Undo { of: 4 }),
            record(6, Deed::Counted { of: 6, keys }),
            record(6, Deed::Staged { files: vec!["new.txt".into()], links: 2 }),
            record(6, Deed::Discarded),
            record(6, Deed::Cut),
            record(6, Deed::Mark),
        ]
    }

    #[test]
    fn what_goes_in_comes_out() {
        let records = every_kind();
        let bytes = journal(&[&records[..2], &records[2..]]);
        let groups = decode(&bytes);
        let mut rest = &bytes[HEADER.len()..];
        let read: Vec<Recorded> =
            std::iter::from_fn(|| next_group(&mut rest)).flat_map(|(group, _)| group).collect();
        assert_eq!(read, records, "one group at a time");
        assert_eq!(groups, Ok(WholeGroups { records, whole: bytes.len() }));
        let empty = WholeGroups { records: Vec::new(), whole: HEADER.len() };
        assert_eq!(decode(HEADER), Ok(empty));
    }

    #[test]
    fn a_torn_tail_is_left_out() {
        let (first, second) = ([set(1, "/a")], [set(2, "/b"), set(2, "/c")]);
        let whole = journal(&[&first]).len();
        let bytes = journal(&[&first, &second]);
        for end in whole..bytes.len() {
            let want = WholeGroups { records: first.to_vec(), whole };
            assert_eq!(decode(&bytes[..end]).unwrap(), want, "cut at {end}");
            let mut zeros = bytes[..end].to_vec();
            zeros.resize(bytes.len() + 40, 0);
            assert_eq!(decode(&zeros).unwrap(), want, "zeros from {end}");
        }
        for end in 0..HEADER.len() {
            assert_eq!(decode(&bytes[..end]), Ok(WholeGroups::default()));
        }
    }

    #[test]
    fn a_flip_anywhere_is_refused_or_cut() {
        let groups = [[set(1, "/a")], [set(2, "/b")], [set(3, "/c")]];
        let bytes = journal(&[&groups[0], &groups[1], &groups[2]]);
        let last = journal(&[&groups[0], &groups[1]]).len();
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                match decode(&flipped) {
                    Err(_) => assert!(at < last, "byte {at}"),
                    Ok(decoded) => {
                        assert!(at >= last, "byte {at} was misread");
                        assert_eq!(
                            decoded.records,
                            [groups[0].clone(), groups[1].clone()].concat()
                        );
                        assert_eq!(decoded.whole, last);
                    }
                }
            }
        }
    }

    #[test]
    fn generations_only_grow() {
        let bytes = journal(&[&[set(5, "/a")], &[set(4, "/b")]]);
        assert!(matches!(decode(&bytes), Err(Damage::Group(_))));
    }
}
