//! Workbooks, where they cannot be read.

use crate::links::formats::row::Line;
use crate::links::formats::source::Source;

pub(super) fn read(_: &Source<'_>, take: &mut impl FnMut(u32, Line<'_>)) {
    let message = "this carom reads no .xlsx workbooks; build it with the feature xlsx (cargo install \
                   --path . --features xlsx), or save the sheet as CSV";
    take(1, Line::Refused(message.to_owned()));
}

/// About how many bytes that takes beside the file.
pub(super) fn read_bytes(_: &[u8]) -> u64 {
    0
}
