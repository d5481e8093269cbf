//! The strings of a click that stand elsewhere: among the texts that were passed, or
//! read where they stand.

use std::io;
use std::ops::Range;

use super::source::ReadAt;
use super::texts::KnownTexts;
use crate::clicks::format::click::SHARED;
use crate::clicks::format::lengths::TEXT_RECORD_BYTES_MAX;
use crate::clicks::format::record::{DecodedRecord, RecordBody, decode};
use crate::clicks::format::segment::Header;
use crate::clicks::format::text::{StringFields, TextPlace};
use crate::limits::SEGMENT_HEADER_BYTES;

/// The texts of a segment, and the strings of one click.
#[derive(Debug, Default)]
pub(super) struct ClickStrings {
    texts: KnownTexts,
    /// Where those of the click stand in `texts`; `None` also for one that is nowhere.
    found: [Option<Range<usize>>; SHARED],
}

impl ClickStrings {
    /// Keeps a text that stands at `offset`.
    pub(super) fn pass(&mut self, offset: u64, text: &[u8]) {
        if offset < TextPlace::END {
            self.texts.make_room();
            self.texts.keep(TextPlace::of(offset), text);
        }
    }

    /// Finds the strings of the click at `offset`.
    ///
    /// # Errors
    ///
    /// Those of the source.
    pub(super) fn find(
        &mut self,
        source: &impl ReadAt,
        header: &Header,
        offset: u64,
        fields: &StringFields,
    ) -> io::Result<()> {
        self.texts.make_room();
        for (found, field) in self.found.iter_mut().zip(fields) {
            *found = match field.place() {
                None => None,
                Some(place) => match self.texts.find(place) {
                    Some(range) => Some(range),
                    None => read_text(source, header, place, offset)?
                        .map(|text| self.texts.keep(place, &text)),
                },
            };
        }
        Ok(())
    }

    /// The string of this kind, if it was found.
    pub(super) fn get(&self, kind: usize) -> Option<&[u8]> {
        Some(self.texts.get(self.found[kind].clone()?))
    }
}

/// Reads the text at `place`, such as one whose number is out of order. `None` if there
/// is none before `offset`.
///
/// # Errors
///
/// Those of the source.
pub(super) fn read_text(
    source: &impl ReadAt,
    header: &Header,
    place: TextPlace,
    offset: u64,
) -> io::Result<Option<Vec<u8>>> {
    let at = place.offset();
    if !(SEGMENT_HEADER_BYTES as u64..offset).contains(&at) {
        return Ok(None);
    }
    let mut record = [0; TEXT_RECORD_BYTES_MAX];
    let want = TEXT_RECORD_BYTES_MAX.min((offset - at) as usize);
    let count = source.read_at(&mut record[..want], at)?;
    Ok(match decode(&record[..count], header.salt, header.record_bytes_max()) {
        DecodedRecord::Whole(record) => match record.body {
            RecordBody::Text(text) => Some(text.to_vec()),
            _ => None,
        },
        _ => None,
    })
}
