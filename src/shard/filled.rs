//! Replies that are not the same for every request: of links with options, and of
//! targets with something to fill in.

use crate::http::{Extra, Fixed, Keep, Moved, Replies};
use crate::limits::CLICK_ID_BYTES;
use crate::links::{Answer, Status, Target, TooLong, Visit};

/// A redirect with zeros in the place of its click's id.
pub(super) struct Unsigned<'a> {
    /// Where in the outbox its `Location` begins.
    location: usize,
    target: Target<'a>,
    visit: Visit<'a>,
}

impl Unsigned<'_> {
    /// Writes the end of the last reply in `out` again, now with the id.
    pub(super) fn sign(&self, id: &[u8; CLICK_ID_BYTES], out: &mut Vec<u8>) {
        out.truncate(self.location);
        self.target.write_with_id(&self.visit, id, out).expect("it fitted before");
        out.extend_from_slice(Replies::END);
    }
}

/// Appends the whole reply of a visit; without an answer, 404. Gives what is left to do when its click has
/// an id.
///
/// # Errors
/// [`TooLong`], with `out` as it was.
pub(super) fn write<'a>(
    replies: &Replies,
    answer: Option<&Answer<'a>>,
    keep: Keep,
    visit: Visit<'a>,
    out: &mut Vec<u8>,
) -> Result<Option<Unsigned<'a>>, TooLong> {
    let Some(&Answer { status, target, max_age, referrer, .. }) = answer else {
        replies.fixed(Fixed::NotFound, keep, out);
        return Ok(None);
    };
    let extra = Extra { max_age, private: target.is_personal(), referrer };
    if status == Status::Gone {
        replies.gone_with(keep, extra, out);
        return Ok(None);
    }
    let begin = out.len();
    replies.begin_with(moved(status), keep, extra, out);
    let location = out.len();
    if let Err(too_long) = target.write(&visit, out) {
        out.truncate(begin);
        return Err(too_long);
    }
    out.extend_from_slice(Replies::END);
    Ok(target.has_click_id().then_some(Unsigned { location, target, visit }))
}

/// How a link's status is said.
pub(super) fn moved(status: Status) -> Moved {
    match status {
        Status::MovedPermanently => Moved::Permanently,
        Status::Found | Status::Gone => Moved::Found,
        Status::SeeOther => Moved::SeeOther,
        Status::TemporaryRedirect => Moved::TemporaryRedirect,
        Status::PermanentRedirect => Moved::PermanentRedirect,
    }
}
