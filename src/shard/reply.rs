//! From a decision to the bytes of its reply.

use super::decide::DecidedReply;
use super::facts::Facts;
use crate::http::{Fixed, Keep, Moved, Replies};
use crate::limits::CLICK_ID_BYTES;
use crate::links::{Status, Target, TooLong, Visit};

/// A redirect with zeros in the place of its click's id.
pub(super) struct Unsigned<'a> {
    /// Where in the outgoing bytes its `Location` begins.
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

/// Appends a whole reply. Gives what is left to do when its click has an id.
///
/// # Errors
/// [`TooLong`], with `out` as it was.
#[inline]
pub(super) fn write<'a>(
    reply: &DecidedReply<'a>,
    facts: &Facts<'a>,
    replies: &Replies,
    keep: Keep,
    out: &mut Vec<u8>,
) -> Result<Option<Unsigned<'a>>, TooLong> {
    match *reply {
        // The usual link: three copies.
        DecidedReply::Plain { status, location } => {
            replies.begin(moved(status), keep, out);
            out.extend_from_slice(location);
            out.extend_from_slice(Replies::END);
        }
        DecidedReply::Made { status, target, captured, extra } => {
            let begin = out.len();
            replies.begin_with(moved(status), keep, extra, out);
            let made = Unsigned { location: out.len(), target, visit: facts.visit(captured) };
            if let Err(too_long) = target.write(&made.visit, out) {
                out.truncate(begin);
                return Err(too_long);
            }
            out.extend_from_slice(Replies::END);
            return Ok(target.has_click_id().then_some(made));
        }
        DecidedReply::Gone(extra) => replies.gone_with(keep, extra, out),
        DecidedReply::NotFound => replies.fixed(Fixed::NotFound, keep, out),
    }
    Ok(None)
}

/// How a link's status is said.
fn moved(status: Status) -> Moved {
    match status {
        Status::MovedPermanently => Moved::Permanently,
        Status::Found | Status::Gone => Moved::Found,
        Status::SeeOther => Moved::SeeOther,
        Status::TemporaryRedirect => Moved::TemporaryRedirect,
        Status::PermanentRedirect => Moved::PermanentRedirect,
    }
}
