//! How long records are, bytes.

use super::click::SHARED;
use super::tail::TAIL_BYTES;
use crate::limits::{
    CLICK_HOST_BYTES_MAX, CLICK_PATH_BYTES_MAX, CLICK_REFERER_BYTES_MAX, CLICK_TAG_BYTES_MAX,
    CLICK_USER_AGENT_BYTES_MAX, LOGGED_KEY_BYTES_MAX, LOGGED_TARGET_BYTES_MAX,
};

/// What every record has, whatever its type: frame, type and sequence.
pub const RECORD_BYTES_MIN: usize = 24;
/// The longest record that a reader takes.
pub const RECORD_BYTES_MAX: usize = LINK_RECORD_BYTES_MAX;
/// The longest record of formats 2 and 3.
pub const RECORD_BYTES_MAX_BEFORE_4: usize = 1368;

/// Where a click says where its shared strings are.
pub const SHARED_AT: usize = 64;
/// How many of them every click has. The last, the tag, has its field only in clicks
/// that have one.
pub const UNTAGGED: usize = SHARED - 1;
const TAG_FIELD_BYTES: usize = 4;
/// A click without its strings, and without tag and tail.
pub const CLICK_BYTES_MIN: usize = SHARED_AT + 4 * UNTAGGED;
/// The longest click.
pub const CLICK_RECORD_BYTES_MAX: usize = (CLICK_BYTES_MIN
    + CLICK_PATH_BYTES_MAX
    + CLICK_HOST_BYTES_MAX
    + CLICK_REFERER_BYTES_MAX
    + CLICK_USER_AGENT_BYTES_MAX
    + TAG_FIELD_BYTES
    + CLICK_TAG_BYTES_MAX
    + TAIL_BYTES)
    .next_multiple_of(8);

/// The longest text: the longest string that a click can refer to.
pub const TEXT_BYTES_MAX: usize = CLICK_USER_AGENT_BYTES_MAX;
/// The longest record of a text.
pub const TEXT_RECORD_BYTES_MAX: usize = text_bytes(TEXT_BYTES_MAX);
/// A click and the texts that it is the first to refer to take no more.
pub const CLICK_ROOM_MAX: usize = CLICK_RECORD_BYTES_MAX + TEXTS_ROOM;
/// What it can cost a click, beyond the strings, to write each of them as a text
/// of its own: the record around it, and its padding. The field of a tag and a tail
/// are in it too, so that nothing has to be asked of the click.
pub const TEXTS_ROOM: usize =
    SHARED * (RECORD_BYTES_MIN + 8) + (TAG_FIELD_BYTES + TAIL_BYTES).next_multiple_of(8);

/// A gap.
pub const GAP_BYTES: usize = 48;

/// Clicks whose reply never left.
pub const UNDELIVERED_BYTES: usize = 48;

/// What a link was, without its strings.
pub const LINK_BYTES_MIN: usize = 40;
/// The longest record of what a link was.
pub const LINK_RECORD_BYTES_MAX: usize =
    (LINK_BYTES_MIN + LOGGED_KEY_BYTES_MAX + LOGGED_TARGET_BYTES_MAX).next_multiple_of(8);

// The widths of the length fields.
const _: () = assert!(CLICK_PATH_BYTES_MAX <= u16::MAX as usize);
const _: () = assert!(TEXT_BYTES_MAX <= u16::MAX as usize);
const _: () = assert!(LOGGED_KEY_BYTES_MAX <= u16::MAX as usize);
const _: () = assert!(LOGGED_TARGET_BYTES_MAX <= u16::MAX as usize);
const _: () = assert!(TAIL_BYTES <= u8::MAX as usize);
// A later version may give a click as long a tail as there can be.
const _: () = assert!(CLICK_RECORD_BYTES_MAX + u8::MAX as usize <= RECORD_BYTES_MAX);

/// Length of the record of a text of `bytes`.
#[must_use]
pub const fn text_bytes(bytes: usize) -> usize {
    (RECORD_BYTES_MIN + bytes).next_multiple_of(8)
}
