//! From a decision to the bytes of its reply.

use super::decide::DecidedReply;
use super::facts::Facts;
use crate::http::{Fixed, Keep, Moved, Replies};
use crate::limits::CLICK_ID_BYTES;
use crate::links::{Status, TooLong};

/// Appends a whole reply. Gives where its `Location` begins if there are zeros in it, in
/// the place of the id of its click; see [`sign`].
///
/// # Errors
/// [`TooLong`], with `out` as it was.
#[inline(always)]
pub(super) fn write(
    reply: DecidedReply<'_>,
    facts: &Facts<'_>,
    replies: &Replies,
    keep: Keep,
    out: &mut Vec<u8>,
) -> Result<Option<usize>, TooLong> {
    // The usual link: three copies.
    let DecidedReply::Plain { status, location } = reply else {
        return write_made(reply, facts, replies, keep, out);
    };
    replies.begin(moved(status), keep, out);
    out.extend_from_slice(location);
    out.extend_from_slice(Replies::END);
    Ok(None)
}

#[inline(never)]
fn write_made(
    reply: DecidedReply<'_>,
    facts: &Facts<'_>,
    replies: &Replies,
    keep: Keep,
    out: &mut Vec<u8>,
) -> Result<Option<usize>, TooLong> {
    match reply {
        DecidedReply::Made { status, target, captured, extra } => {
            let begin = out.len();
            replies.begin_with(moved(status), keep, extra, out);
            let location = out.len();
            if let Err(too_long) = target.write(&facts.visit(captured), out) {
                out.truncate(begin);
                return Err(too_long);
            }
            out.extend_from_slice(Replies::END);
            return Ok(target.has_click_id().then_some(location));
        }
        DecidedReply::Gone(extra) => replies.gone_with(keep, extra, out),
        DecidedReply::NotFound => replies.fixed(Fixed::NotFound, keep, out),
        DecidedReply::Plain { .. } => unreachable!("`write` writes it"),
    }
    Ok(None)
}

/// Writes the end of the last reply in `out` again, from its `location` on, now with the id
/// of its click.
#[cold]
pub(super) fn sign(
    reply: DecidedReply<'_>,
    facts: &Facts<'_>,
    location: usize,
    id: &[u8; CLICK_ID_BYTES],
    out: &mut Vec<u8>,
) {
    if let DecidedReply::Made { target, captured, .. } = reply {
        out.truncate(location);
        target.write_with_id(&facts.visit(captured), id, out).expect("it fitted before");
        out.extend_from_slice(Replies::END);
    }
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
