//! All entries of a table, one after the other in one piece of memory.
//!
//! An entry is a head of 20 bytes, then the key's path and query and the
//! target, so that comparing a key and copying its target touch neighbouring
//! cache lines; then [its options](super::options), if it has any. Little-endian, aligned to 4 bytes, named by its offset / 4: an
//! index slot has 32 bits for it, which reaches 16 GiB.
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

use super::hints::{large_pages, prefetch};
use super::status::Status;
use crate::limits::{KEY_PATH_BYTES_MAX, KEY_QUERY_BYTES_MAX, TARGET_BYTES_MAX};

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
/// The target holds `:splat`.
pub(super) const SPLAT: u8 = 2;
/// The target holds `{clickid}`.
pub(super) const CLICK_ID: u8 = 8;
/// What the target holds that is filled in for each request.
pub(super) const BLANKS: u8 = SPLAT | CLICK_ID;
/// Behind the target stand options.
pub(super) const OPTIONS: u8 = 16;
/// Not a link but a fork: some links differ from this path only in their
/// query. Its target is the reference of the link without a query (or 0) and
/// the number of the list of shapes, 4 bytes each.
pub(super) const FORK: u8 = 4;

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
    /// As [`Options::store`](super::Options::store) writes them; empty without.
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

impl<'a> Entry<'a> {
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
        Status::ALL[usize::from(self.head[18])]
    }

    #[inline]
    pub(super) fn has(&self, flag: u8) -> bool {
        self.head[19] & flag != 0
    }

    /// Those of its flags that say what is filled into its target.
    #[inline]
    pub(super) fn blanks(&self) -> u8 {
        self.head[19] & BLANKS
    }

    #[inline]
    pub(super) fn target(&self) -> &'a [u8] {
        let start = self.size(12) + self.size(14);
        &self.rest[start..start + self.size(16)]
    }

    /// What begins with its options, if it has any.
    #[inline]
    pub(super) fn options(&self) -> Option<&'a [u8]> {
        self.has(OPTIONS).then(|| &self.rest[self.size(12) + self.size(14) + self.size(16)..])
    }

    /// Whether it has this key; `prefix` is [`PREFIX`] or 0.
    #[inline]
    pub(super) fn is(&self, host: u32, prefix: u8, path: &[u8], query: &[u8]) -> bool {
        let end = path.len() + query.len();
        u32::from_le_bytes(self.field(8)) == host
            && self.size(12) == path.len()
            && self.size(14) == query.len()
            && self.head[19] & PREFIX == prefix
            && self.rest[..path.len()] == *path
            && (query.is_empty() || self.rest[path.len()..end] == *query)
    }

    /// Of a fork: the reference of its plain link, and its list of shapes.
    pub(super) fn fork(&self) -> (u32, u32) {
        let bytes = self.target().first_chunk().expect("a fork has two words");
        let words = u64::from_le_bytes(*bytes);
        (words as u32, (words >> 32) as u32)
    }
}

/// The target of a fork; see [`FORK`].
pub(super) fn fork_words(plain: u32, shapes: u32) -> [u8; 8] {
    (u64::from(plain) | u64::from(shapes) << 32).to_le_bytes()
}

/// The memory that holds them.
#[derive(Debug)]
pub(super) struct Entries {
    bytes: Vec<u8>,
}

impl Entries {
    /// None yet, with memory set aside for `bytes`.
    pub(super) fn with_capacity(bytes: usize) -> Entries {
        let mut entries = Entries { bytes: Vec::with_capacity(bytes.max(ALIGN)) };
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

    /// Whether references reach as far as `more` bytes from here.
    pub(super) fn have_room(&self, more: usize) -> bool {
        (self.bytes.len() + more) / ALIGN <= u32::MAX as usize
    }

    /// Adds an entry and gives its reference. The caller asked
    /// [`have_room`](Self::have_room) before.
    pub(super) fn push(&mut self, entry: &Parts<'_>) -> u32 {
        let reference = u32::try_from(self.bytes.len() / ALIGN).expect("there is room");
        let size = |part: &[u8]| (part.len() as u16).to_le_bytes();
        let out = &mut self.bytes;
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
        out.resize(out.len().next_multiple_of(ALIGN), 0);
        reference
    }

    /// The entry that [`push`](Self::push) gave this reference.
    #[inline]
    pub(super) fn get(&self, reference: u32) -> Entry<'_> {
        let bytes = &self.bytes[reference as usize * ALIGN..];
        let (head, rest) = bytes.split_first_chunk::<HEAD_BYTES>().expect("an entry has a head");
        Entry { head, rest }
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

    /// Size of all entries, bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.capacity()
    }

    /// Gives back memory that was set aside and not used.
    pub(super) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back_as_they_went_in() {
        let mut entries = Entries::with_capacity(0);
        let long = vec![b'x'; KEY_PATH_BYTES_MAX];
        let mut references = Vec::new();
        for size in [0, 1, 2, 3, 4, 15, 47, KEY_PATH_BYTES_MAX] {
            let entry = Parts {
                id: 0x0123_4567_89ab_cdef + size as u64,
                host: u32::MAX - size as u32,
                status: Status::ALL[size % 6],
                flags: PREFIX | SPLAT | if size % 2 == 0 { CLICK_ID } else { 0 },
                path: &long[..size],
                query: &long[..size / 2],
                target: &long[..size / 3],
                options: &long[..size % 5],
            };
            assert_eq!(Entries::size_of(&entry) % ALIGN, 0);
            references.push((entries.push(&entry), entry));
        }
        entries.shrink();
        for (reference, want) in references {
            let got = entries.get(reference);
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
