//! Compiled tables: a [`Table`] as bytes that are used where they lie.
//!
//! `docs/compiled-tables.md` describes them. [`write()`] hands out the bytes of a
//! table, piece by piece; [`read`] checks bytes and borrows them. After that
//! whatever they hold is read within bounds, as with any table: a file that was
//! made up, with checksums that are right, gives wrong answers at worst.

use core::fmt;
use core::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use crc32c::{crc32c, crc32c_append};

use super::entries::Entries;
use super::hosts::Hosts;
use super::index::{SLOT_BYTES, Stored};
use super::shared::{Counts, Table};
use crate::limits::{COMPILED_ABOUT_BYTES_MAX, LINKS_MAX};
use crate::pace;

/// What a compiled table begins with.
pub const MAGIC: [u8; 8] = *b"CAROMTBL";
/// The version of the format. What another one wrote is refused.
const VERSION: u32 = 4;
const HEADER_BYTES: usize = 256;
/// Sections begin at multiples of this.
const ALIGN: usize = 8;
const COUNTS: usize = 13;
const COUNTS_AT: usize = 24;
const SECTIONS: usize = 4;
const SECTIONS_AT: usize = COUNTS_AT + COUNTS * 8;
const SECTION_BYTES: usize = 24;
const CRC_AT: usize = HEADER_BYTES - 4;

const _: () = assert!(SECTIONS_AT + SECTIONS * SECTION_BYTES <= CRC_AT);
const _: () = assert!(HEADER_BYTES.is_multiple_of(ALIGN));

/// Bytes that are checked or handed out at once, and what each takes, about.
const BYTES_AT_ONCE: usize = 256 * 1024;
const CRC_NS: u32 = 30_000;
const WRITE_NS: u32 = 100_000;

/// Why bytes are no compiled table that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompiledProblem {
    /// They do not begin as one does.
    NotATable,
    /// Another version of the format.
    Version(u32),
    /// There are `has` bytes of `size`.
    CutShort {
        /// How many there are.
        has: u64,
        /// How many there should be.
        size: u64,
    },
    /// This part is not as it was written.
    Damaged(&'static str),
}

impl fmt::Display for CompiledProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CompiledProblem::NotATable => write!(f, "it is not a compiled table")?,
            CompiledProblem::Version(version) => write!(
                f,
                "it is a compiled table of format {version}, and this carom reads format {VERSION}"
            )?,
            CompiledProblem::CutShort { has, size } => {
                write!(f, "it is cut short: {has} of {size} bytes are there")?;
            }
            CompiledProblem::Damaged(part) => write!(f, "it is damaged: {part}")?,
        }
        f.write_str("; compile it again with `carom links compile`")
    }
}

impl std::error::Error for CompiledProblem {}

/// A compiled table that was read.
#[derive(Debug)]
pub struct Compiled {
    /// The table, with generation 0.
    pub table: Table,
    /// What whoever wrote it said of where it is from.
    pub about: Bytes,
}

/// The CRC32C of many bytes.
pub fn checksum(bytes: &[u8]) -> u32 {
    bytes.chunks(BYTES_AT_ONCE).fold(0, |crc, piece| {
        pace::done(CRC_NS);
        crc32c_append(crc, piece)
    })
}

fn padding(bytes: usize) -> &'static [u8] {
    &[0; ALIGN][..bytes.next_multiple_of(ALIGN) - bytes]
}

/// Hands the bytes of a compiled table to `out`, in their order. `about` says for
/// people where it is from, up to [`COMPILED_ABOUT_BYTES_MAX`]; more is cut.
///
/// # Errors
/// The first of `out`.
pub fn write<E>(
    table: &Table,
    about: &[u8],
    mut out: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let about = &about[..about.len().min(COMPILED_ABOUT_BYTES_MAX)];
    let mut hosts = Vec::new();
    table.hosts.store(&mut hosts);
    let entries = table.entries.as_bytes();
    let mut index_crc = 0;
    table.index.pieces(|piece| {
        index_crc = crc32c_append(index_crc, piece);
        Ok::<(), E>(())
    })?;
    let padded_crc = |bytes: &[u8]| crc32c_append(checksum(bytes), padding(bytes.len()));
    let sections = [
        (about.len(), padded_crc(about)),
        (hosts.len(), padded_crc(&hosts)),
        (table.index.bytes(), index_crc),
        (entries.len(), padded_crc(entries)),
    ];
    out(&header(&table.counts, &sections))?;
    for part in [about, &hosts] {
        out(part)?;
        out(padding(part.len()))?;
    }
    table.index.pieces(&mut out)?;
    for piece in entries.chunks(BYTES_AT_ONCE) {
        out(piece)?;
        pace::done(WRITE_NS);
    }
    out(padding(entries.len()))
}

fn header(counts: &Counts, sections: &[(usize, u32); SECTIONS]) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &MAGIC);
    put(8, &VERSION.to_le_bytes());
    for (at, count) in numbers_of(counts).into_iter().enumerate() {
        put(COUNTS_AT + at * 8, &(count as u64).to_le_bytes());
    }
    let mut offset = HEADER_BYTES;
    for (at, (size, crc)) in sections.iter().enumerate() {
        let place = SECTIONS_AT + at * SECTION_BYTES;
        put(place, &(offset as u64).to_le_bytes());
        put(place + 8, &(*size as u64).to_le_bytes());
        put(place + 16, &crc.to_le_bytes());
        offset += size.next_multiple_of(ALIGN);
    }
    put(16, &(offset as u64).to_le_bytes());
    let crc = crc32c(&header[..CRC_AT]);
    header[CRC_AT..].copy_from_slice(&crc.to_le_bytes());
    header
}

fn numbers_of(counts: &Counts) -> [usize; COUNTS] {
    let Counts {
        links,
        hosts,
        prefixes,
        placeholders,
        placeholder_shapes,
        nocase,
        slash,
        punctuation,
        with_query,
        query_shapes,
        gone,
        with_rules,
        caps,
    } = *counts;
    [
        links,
        hosts,
        prefixes,
        placeholders,
        placeholder_shapes,
        nocase,
        slash,
        punctuation,
        with_query,
        query_shapes,
        gone,
        with_rules,
        caps,
    ]
}

fn counts_of(numbers: [usize; COUNTS]) -> Counts {
    let [
        links,
        hosts,
        prefixes,
        placeholders,
        placeholder_shapes,
        nocase,
        slash,
        punctuation,
        with_query,
        query_shapes,
        gone,
        with_rules,
        caps,
    ] = numbers;
    Counts {
        links,
        hosts,
        prefixes,
        placeholders,
        placeholder_shapes,
        nocase,
        slash,
        punctuation,
        with_query,
        query_shapes,
        gone,
        with_rules,
        caps,
    }
}

/// Whether `bytes` begin as a compiled table does.
pub fn is_compiled(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// Checks all of a compiled table, and makes a table that reads it where it lies.
///
/// # Errors
/// What is wrong with it.
pub fn read(bytes: Bytes) -> Result<Compiled, CompiledProblem> {
    if !is_compiled(&bytes) {
        return Err(CompiledProblem::NotATable);
    }
    let has = bytes.len() as u64;
    let Some(header) = bytes.first_chunk::<HEADER_BYTES>() else {
        return Err(CompiledProblem::CutShort { has, size: HEADER_BYTES as u64 });
    };
    let word = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|byte| header[at + byte]));
    let number = |at: usize| u64::from(word(at)) | u64::from(word(at + 4)) << 32;
    if word(8) != VERSION {
        return Err(CompiledProblem::Version(word(8)));
    }
    if crc32c(&header[..CRC_AT]) != word(CRC_AT) {
        return Err(CompiledProblem::Damaged("its header is not as it was written"));
    }
    let size = number(16);
    if has < size {
        return Err(CompiledProblem::CutShort { has, size });
    }
    let mut end = HEADER_BYTES as u64;
    let mut sections: [Range<usize>; SECTIONS] = Default::default();
    let names = ["what it is from", "its hosts", "its index", "its entries"];
    for (at, (section, name)) in sections.iter_mut().zip(names).enumerate() {
        let place = SECTIONS_AT + at * SECTION_BYTES;
        let (start, length) = (number(place), number(place + 8));
        let padded = length.checked_next_multiple_of(ALIGN as u64);
        let next = padded.and_then(|padded| start.checked_add(padded));
        let next = next.filter(|&next| start == end && next <= size);
        end = next.ok_or(CompiledProblem::Damaged("its sections are not where they belong"))?;
        if checksum(&bytes[start as usize..end as usize]) != word(place + 16) {
            return Err(CompiledProblem::Damaged(name));
        }
        *section = start as usize..(start + length) as usize;
    }
    if end != size || has != size {
        return Err(CompiledProblem::Damaged("there is more behind its end"));
    }
    let [about, hosts, index, entries] = sections;
    let counts: [usize; COUNTS] = core::array::from_fn(|at| {
        usize::try_from(number(COUNTS_AT + at * 8)).unwrap_or(usize::MAX)
    });
    let counts = counts_of(counts);
    // Searches end at an empty slot, so there has to be one.
    let has_empty = bytes[index.clone()].as_chunks::<SLOT_BYTES>().0.contains(&[0; SLOT_BYTES]);
    if counts.links > LINKS_MAX || !index.len().is_multiple_of(SLOT_BYTES) || !has_empty {
        return Err(CompiledProblem::Damaged("its index is none"));
    }
    let hosts = Hosts::stored(&bytes[hosts]);
    let hosts = hosts.ok_or(CompiledProblem::Damaged("its hosts are none"))?;
    let entries = Entries::stored(bytes.slice(entries));
    let entries = entries.ok_or(CompiledProblem::Damaged("it has too many entries"))?;
    let index = Stored::File(bytes.slice(index));
    let table = Table { generation: 0, entries, index, hosts: Arc::new(hosts), counts };
    Ok(Compiled { table, about: bytes.slice(about) })
}

#[cfg(test)]
mod tests;
