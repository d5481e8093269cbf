//! All entries of a table, one after the other in one piece of memory.
//!
//! An entry is a head of 20 bytes, then the key's path and query and the
//! target, so that comparing a key and copying its target touch neighbouring
//! cache lines; then [its options](crate::links::link::Options), if it has any. Little-endian,
//! aligned to 4 bytes, named by its offset / 4: an index slot has 32 bits for it,
//! which reaches 16 GiB.
//!
//! | bytes | field |
//! |---|---|
//! | 0–7 | link id |
//! | 8–11 | host |
//! | 12–13 | size of the path |
//! | 14–15 | size of the query |
//! | 16–17 | size of the target |
//! | 18 | status, as its place in [`Status::ALL`] |
//! | 19 | flags |

use std::sync::Arc;

use bytes::Bytes;

use super::hints::{large_pages, prefetch};
use crate::limits::{
    KEY_PATH_BYTES_MAX, KEY_QUERY_BYTES_MAX, PATCHED_ENTRIES_MAX, TARGET_BYTES_MAX,
};
use crate::links::key::{Key, pattern};
use crate::links::link::{Options, Status};
use crate::links::targets::BLANKS;

const HEAD_BYTES: usize = 20;
const ALIGN: usize = 4;
/// How far into an entry its reader will get, for most entries: a head, a
/// short path and a URL.
const PREFETCH_BYTES: usize = 96;

const _: () = assert!(KEY_PATH_BYTES_MAX <= u16::MAX as usize);
const _: () = assert!(KEY_QUERY_BYTES_MAX <= u16::MAX as usize);
const _: () = assert!(TARGET_BYTES_MAX <= u16::MAX as usize);

/// The path is a prefix.
pub(super) const PREFIX: u8 = 1;
/// Behind the target stand options.
pub(super) const OPTIONS: u8 = 16;
/// The path is a [pattern]; with [`PREFIX`] it ends with `*`.
pub(super) const PATTERN: u8 = 64;
/// Not a link but a [fork](super::fork): some links differ from this path only in their
/// query, or with [`PATTERN`]: some patterns have it as their literal beginning. Its target
/// is the reference of the link without a query (or 0), 4 bytes, and shapes in the order in
/// which they are tried, each behind its size, 2 bytes.
pub(super) const FORK: u8 = 4;

// What is filled into a target has the other bits.
const _: () = assert!(BLANKS & (PREFIX | FORK | OPTIONS | PATTERN) == 0);

/// What an entry is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    pub(super) id: u64,
    pub(super) host: u32,
    pub(super) status: Status,
    pub(super) flags: u8,
    pub(super) path: &'a [u8],
    pub(super) query: &'a [u8],
    pub(super) target: &'a [u8],
    /// As [`Options::store`](crate::links::link::Options::store) writes them; empty without.
    pub(super) options: &'a [u8],
}

/// One entry where it lies. A field is read when it is asked for: most entries
/// are only compared, and copying all of it would cost more than the lookup.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    head: &'a [u8; HEAD_BYTES],
    /// Begins with path, query and target, and goes on to the end of memory.
    rest: &'a [u8],
}

/// What stands where a reference leads nowhere, which only that of an emptied
/// place or of a crafted file does. It is found by no key.
pub(super) const NOTHING: Entry<'static> = Entry { head: &[0xff; HEAD_BYTES], rest: &[] };

impl<'a> Entry<'a> {
    /// The entry that `bytes` begin with.
    #[inline]
    pub(super) fn of_bytes(bytes: &'a [u8]) -> Option<Entry<'a>> {
        let (head, rest) = bytes.split_first_chunk()?;
        Some(Entry { head, rest })
    }

    /// Where it lies: no other entry does.
    pub(super) fn address(&self) -> usize {
        self.head.as_ptr().addr()
    }

    #[inline]
    fn field<const SIZE: usize>(&self, at: usize) -> [u8; SIZE] {
        *self.head[at..].first_chunk().expect("the head has this field")
    }

    #[inline]
    fn size(&self, at: usize) -> usize {
        usize::from(u16::from_le_bytes(self.field(at)))
    }

    #[inline]
    pub(super) fn id(&self) -> u64 {
        u64::from_le_bytes(self.field(0))
    }

    #[inline]
    pub(super) fn status(&self) -> Status {
        Status::ALL.get(usize::from(self.head[18])).copied().unwrap_or(Status::Gone)
    }

    #[inline]
    pub(super) fn has(&self, flag: u8) -> bool {
        self.head[19] & flag != 0
    }

    /// Those of its flags that say what its path is: [`PREFIX`] and [`PATTERN`].
    pub(super) fn kind(&self) -> u8 {
        self.head[19] & (PREFIX | PATTERN)
    }

    /// Those of its flags that say what is filled into its target.
    #[inline]
    pub(super) fn blanks(&self) -> u8 {
        self.head[19] & BLANKS
    }

    #[inline]
    pub(super) fn target(&self) -> &'a [u8] {
        let start = self.size(12) + self.size(14);
        self.rest.get(start..start + self.size(16)).unwrap_or(&[])
    }

    #[inline]
    pub(super) fn query(&self) -> &'a [u8] {
        let start = self.size(12);
        self.rest.get(start..start + self.size(14)).unwrap_or(&[])
    }

    /// What it is made of.
    pub(super) fn parts(&self) -> Parts<'a> {
        let options = self.options().unwrap_or_default();
        Parts {
            id: self.id(),
            host: self.host(),
            status: self.status(),
            flags: self.head[19] & !OPTIONS,
            path: self.path(),
            query: self.query(),
            target: self.target(),
            options: &options[..Options::size(options)],
        }
    }

    /// What begins with its options, if it has any.
    #[inline]
    pub(super) fn options(&self) -> Option<&'a [u8]> {
        if !self.has(OPTIONS) {
            return None;
        }
        self.rest.get(self.size(12) + self.size(14) + self.size(16)..)
    }

    #[inline]
    pub(super) fn host(&self) -> u32 {
        u32::from_le_bytes(self.field(8))
    }

    #[inline]
    pub(super) fn path(&self) -> &'a [u8] {
        self.rest.get(..self.size(12)).unwrap_or(&[])
    }

    /// Whether it has this key; `kind` is [`PREFIX`] or 0, or [`PATTERN`] for a fork
    /// of patterns.
    #[inline]
    pub(super) fn is(&self, host: u32, kind: u8, path: &[u8], query: &[u8]) -> bool {
        let both = path.len() + query.len();
        self.host() == host
            && self.size(12) == path.len()
            && self.size(14) == query.len()
            && self.head[19] & (PREFIX | PATTERN) == kind
            && self.rest.get(..both).is_some_and(|own| {
                own[..path.len()] == *path && (query.is_empty() || own[path.len()..] == *query)
            })
    }

    /// Whether it has this key, whose host has this number; that of a key without a
    /// query may be a fork.
    pub(super) fn has_key(&self, host: u32, key: &Key<'_>) -> bool {
        let kind = if key.prefix { PREFIX } else { 0 };
        match key.pattern {
            false => self.is(host, kind, key.path, key.query),
            true => {
                self.host() == host
                    && self.has(PATTERN)
                    && !self.has(FORK)
                    && self.has(PREFIX) == key.prefix
                    && pattern::is_same(self.path(), key.path)
            }
        }
    }

    /// Of a fork: the reference of its plain link or 0, and its shapes.
    pub(super) fn fork(&self) -> (u32, impl Iterator<Item = &'a [u8]> + use<'a>) {
        let (plain, mut shapes) = match self.target().split_first_chunk::<4>() {
            Some((plain, shapes)) => (u32::from_le_bytes(*plain), shapes),
            None => (0, &[][..]),
        };
        let shapes = core::iter::from_fn(move || {
            let (size, behind) = shapes.split_first_chunk::<2>()?;
            let (shape, behind) = behind.split_at_checked(u16::from_le_bytes(*size).into())?;
            shapes = behind;
            Some(shape)
        });
        (plain, shapes)
    }
}

/// All entries of a finished table: heap memory or a mapped file.
#[derive(Clone, Debug)]
pub(super) struct Entries {
    bytes: Bytes,
}

impl Entries {
    /// The entry that [`push`](Arena::push) gave this reference. `None` behind
    /// the end.
    #[inline]
    pub(super) fn get(&self, reference: u32) -> Option<Entry<'_>> {
        entry_at(&self.bytes, reference)
    }

    /// Begins to load an entry. Two cache lines hold most entries whole, and
    /// three those that begin near the end of one: left out, that third line
    /// costs a quarter of all lookups a miss.
    #[inline]
    pub(super) fn prefetch(&self, reference: u32) {
        let at = reference as usize * ALIGN;
        prefetch(&self.bytes, at);
        prefetch(&self.bytes, at + 64);
        prefetch(&self.bytes, at + PREFETCH_BYTES);
    }

    /// Every entry with its reference, in the order in which they were added.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, Entry<'_>)> {
        let mut at = ALIGN;
        core::iter::from_fn(move || {
            let reference = u32::try_from(at / ALIGN).ok()?;
            let entry = self.get(reference)?;
            at += Arena::size_of(&entry.parts());
            Some((reference, entry))
        })
    }

    /// All of them, as a compiled table has them.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What a compiled table has; `None` where references do not reach.
    pub(super) fn stored(bytes: Bytes) -> Option<Entries> {
        let reach = (u32::MAX as usize - PATCHED_ENTRIES_MAX) * ALIGN;
        (bytes.len() <= reach).then_some(Entries { bytes })
    }

    /// The first reference behind them.
    #[inline]
    pub(super) fn end(&self) -> u32 {
        self.bytes.len().div_ceil(ALIGN) as u32
    }

    /// Size of all entries, bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }
}

#[inline]
fn entry_at(bytes: &[u8], reference: u32) -> Option<Entry<'_>> {
    Entry::of_bytes(bytes.get(reference as usize * ALIGN..)?)
}

/// Appends an entry to `out`.
fn write(entry: &Parts<'_>, out: &mut Vec<u8>) {
    let size = |part: &[u8]| (part.len() as u16).to_le_bytes();
    out.extend_from_slice(&entry.id.to_le_bytes());
    out.extend_from_slice(&entry.host.to_le_bytes());
    out.extend_from_slice(&size(entry.path));
    out.extend_from_slice(&size(entry.query));
    out.extend_from_slice(&size(entry.target));
    let flags = entry.flags | if entry.options.is_empty() { 0 } else { OPTIONS };
    out.extend_from_slice(&[entry.status as u8, flags]);
    out.extend_from_slice(entry.path);
    out.extend_from_slice(entry.query);
    out.extend_from_slice(entry.target);
    out.extend_from_slice(entry.options);
}

/// An entry by itself.
pub(super) fn alone(entry: &Parts<'_>) -> Arc<[u8]> {
    let mut bytes = Vec::with_capacity(Arena::size_of(entry));
    write(entry, &mut bytes);
    bytes.into()
}

/// The entries of a table in the making.
#[derive(Debug)]
pub(super) struct Arena {
    bytes: Vec<u8>,
}

impl Arena {
    /// None yet, with memory set aside for `bytes`.
    pub(super) fn with_capacity(bytes: usize) -> Arena {
        let mut entries = Arena { bytes: Vec::with_capacity(bytes.max(ALIGN)) };
        large_pages(entries.bytes.spare_capacity_mut());
        // Reference 0 means "none", so nothing begins there.
        entries.bytes.resize(ALIGN, 0);
        entries
    }

    /// What an entry of these parts takes, bytes.
    pub(super) fn size_of(entry: &Parts<'_>) -> usize {
        let Parts { path, query, target, options, .. } = entry;
        let size = HEAD_BYTES + path.len() + query.len() + target.len() + options.len();
        size.next_multiple_of(ALIGN)
    }

    /// Whether references reach as far as `more` bytes from here, and those of
    /// patched entries from there.
    pub(super) fn have_room(&self, more: usize) -> bool {
        (self.bytes.len() + more) / ALIGN <= u32::MAX as usize - PATCHED_ENTRIES_MAX
    }

    /// What they take, bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Adds an entry and gives its reference. The caller asked
    /// [`have_room`](Self::have_room) before.
    pub(super) fn push(&mut self, entry: &Parts<'_>) -> u32 {
        let reference = u32::try_from(self.bytes.len() / ALIGN).expect("there is room");
        write(entry, &mut self.bytes);
        self.bytes.resize(self.bytes.len().next_multiple_of(ALIGN), 0);
        reference
    }

    /// The entry that [`push`](Self::push) gave this reference.
    pub(super) fn get(&self, reference: u32) -> Entry<'_> {
        entry_at(&self.bytes, reference).unwrap_or(NOTHING)
    }

    /// No more are added. Gives back memory that was set aside and not used.
    pub(super) fn finish(mut self) -> Entries {
        self.bytes.shrink_to_fit();
        Entries { bytes: self.bytes.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::links::targets::{NAMES, SPLAT};

    #[test]
    fn entries_come_back_as_they_went_in() {
        let mut entries = Arena::with_capacity(0);
        let long = vec![b'x'; KEY_PATH_BYTES_MAX];
        let mut references = Vec::new();
        for size in [0, 1, 2, 3, 4, 15, 47, KEY_PATH_BYTES_MAX] {
            let entry = Parts {
                id: 0x0123_4567_89ab_cdef + size as u64,
                host: u32::MAX - size as u32,
                status: Status::ALL[size % 6],
                flags: PREFIX | SPLAT | if size % 2 == 0 { NAMES } else { 0 },
                path: &long[..size],
                query: &long[..size / 2],
                target: &long[..size / 3],
                options: &long[..size % 5],
            };
            assert_eq!(Arena::size_of(&entry) % ALIGN, 0);
            references.push((entries.push(&entry), entry));
        }
        let entries = entries.finish();
        for (reference, want) in references {
            let got = entries.get(reference).unwrap();
            assert_ne!(reference, 0);
            assert_eq!((got.id(), got.status()), (want.id, want.status));
            assert_eq!(got.target(), want.target);
            assert_eq!(got.options().is_some(), !want.options.is_empty());
            assert!(got.options().is_none_or(|options| options.starts_with(want.options)));
            assert!(got.has(PREFIX) && got.has(SPLAT) && !got.has(FORK));
            assert_eq!(got.blanks(), want.flags & BLANKS);
            let is = |host, prefix, path, query| got.is(host, prefix, path, query);
            assert!(is(want.host, PREFIX, want.path, want.query));
            assert!(!is(want.host, 0, want.path, want.query));
            assert!(!is(0, PREFIX, want.path, want.query));
            assert!(!is(want.host, PREFIX, b"y", want.query));
            assert!(!is(want.host, PREFIX, want.path, b"y"));
            entries.prefetch(reference);
        }
    }
}
