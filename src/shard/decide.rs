//! The seam where it is decided what a request is answered: what was found and who
//! asks make a [`Decision`], a plain value. Pure: it holds no buffer, counts nothing,
//! and knows neither connection nor clock. `reply` makes bytes of it, `account` a
//! click and counts.
//!
//! Where something new goes:
//!
//! - A fact of the request or its peer: [`Facts`].
//! - A condition, a weight, a cap or a check for fraud: [`of_link`], where a link with
//!   more to it than a target is decided. A plain link never gets there.
//! - How the shard stands (a limit that is reached, a ledger that is full): [`Standing`].
//! - Why it was decided so, or what is to be said of it in the click: a field of
//!   [`DecidedClick`], which `account` puts into the click.
//! - Another kind of reply: a variant of [`DecidedReply`], which `reply` writes.

#[cfg(test)]
mod tests;

use super::facts::Facts;
use crate::clicks::{Verdict, Via};
use crate::http::{Extra, Fixed, Method, Refusal, Request};
use crate::links::{Captured, Fallback, Hit, LinkAnswer, Status, Target};

/// What a request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision<'a> {
    /// One of the replies that are the same for everybody. It is no click.
    NoClick(Fixed),
    /// What the links say, even if that is nothing. It is a click.
    Click(DecidedClick<'a>),
}

/// A reply, and what its click says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DecidedClick<'a> {
    /// What is sent.
    pub(super) reply: DecidedReply<'a>,
    /// The HTTP status of that.
    pub(super) status: u16,
    /// What was found.
    pub(super) verdict: Verdict,
    /// What sends the visitor on.
    pub(super) via: Via,
    /// The id of the link that answers; 0 for none.
    pub(super) link: u64,
    /// Which of its targets was picked; 0 while links have one target.
    pub(super) variant: u8,
    /// What decided that the click does not count, by its number; 0 for nothing, and
    /// while no click is judged.
    pub(super) reason: u8,
    /// All that was noticed about the click, a bit for each; 0 while nothing is
    /// looked for.
    pub(super) signals: u16,
    /// What the operator calls clicks of this link; empty for nothing.
    pub(super) tag: &'a [u8],
    /// Where the link or the fallback sends now, as it was written; empty for nowhere.
    pub(super) target: &'a [u8],
}

impl DecidedClick<'_> {
    /// 404, and nothing more to be said of its click. What is decided elsewhere says in
    /// what it differs.
    const NOT_FOUND: Self = Self {
        reply: DecidedReply::NotFound,
        status: 404,
        verdict: Verdict::UNKNOWN,
        via: Via::UNTOLD,
        link: 0,
        variant: 0,
        reason: 0,
        signals: 0,
        tag: b"",
        target: b"",
    };
}

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DecidedReply<'a> {
    /// A redirect whose `Location` is the same for every request, and nothing besides.
    Plain { status: Status, location: &'a [u8] },
    /// A redirect whose `Location` is made for this request, or that says more.
    Made { status: Status, target: Target<'a>, captured: Captured<'a>, extra: Extra },
    /// 410.
    Gone(Extra),
    /// 404.
    NotFound,
}

/// How the shard stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Standing<'a> {
    /// Where unknown keys are sent.
    pub(super) fallback: Option<&'a Fallback>,
    /// There is no room for a click, and then requests are refused.
    pub(super) refuses: bool,
}

/// The `Location` of a decision would be longer than any that is answered. That shows
/// when it is written, and then this is decided instead.
pub(super) const TOO_LONG: Fixed = Fixed::Refused(Refusal::TargetTooLong);

/// Decides what needs no link: methods that no link answers.
#[inline]
pub(super) fn without_link(request: &Request) -> Option<Fixed> {
    (request.method == Method::Other).then_some(Fixed::MethodNotAllowed)
}

/// Decides by the link that was found, or that there is none.
///
/// Inlined, so that the decision for a plain link is never stored: read back at once, it
/// waits for all stores before it, those into the click log included.
#[inline(always)]
pub(super) fn decide<'a>(
    found: Option<Hit<'a>>,
    facts: &Facts<'a>,
    standing: &Standing<'a>,
) -> Decision<'a> {
    if facts.method() == Method::Changing && !keeps_method(found, facts) {
        return Decision::NoClick(Fixed::MethodNotAllowed);
    }
    if !found.as_ref().is_some_and(|hit| hit.exact)
        && let Some(fixed) = unclaimed(facts)
    {
        return Decision::NoClick(fixed);
    }
    if standing.refuses {
        return Decision::NoClick(Fixed::Unavailable);
    }
    match found {
        // The usual link: there is nothing more to look at.
        Some(hit) if let Some(location) = hit.plain() => Decision::Click(DecidedClick {
            reply: DecidedReply::Plain { status: hit.status, location },
            status: hit.status.code(),
            verdict: Verdict::REDIRECT,
            via: via(&hit),
            link: hit.id,
            variant: 0,
            reason: 0,
            signals: 0,
            tag: b"",
            target: location,
        }),
        Some(hit) => of_link(hit, facts),
        None => of_no_link(standing.fallback),
    }
}

/// Whether what was found redirects with the same method and body (RFC 9110 §15.4.8,
/// §15.4.9).
#[cold]
fn keeps_method(found: Option<Hit<'_>>, facts: &Facts<'_>) -> bool {
    let status = found.map(|hit| hit.answer(facts.unix_us).status);
    matches!(status, Some(Status::TemporaryRedirect | Status::PermanentRedirect))
}

/// What browsers and robots ask for by themselves, unless a link claims it.
#[inline(never)]
fn unclaimed(facts: &Facts<'_>) -> Option<Fixed> {
    match facts.path {
        b"/robots.txt" if facts.method() == Method::Head => Some(Fixed::RobotsHead),
        b"/robots.txt" => Some(Fixed::Robots),
        b"/favicon.ico" => Some(Fixed::Favicon),
        _ => None,
    }
}

/// How a link that answers with its own target was found.
#[inline]
fn via(hit: &Hit<'_>) -> Via {
    if hit.exact { Via::LINK } else { Via::PREFIX }
}

/// Decides by a link that has options, blanks in its target, or no target.
#[inline(never)]
fn of_link<'a>(hit: Hit<'a>, facts: &Facts<'a>) -> Decision<'a> {
    let answer = hit.answer(facts.unix_us);
    let is_gone = answer.status == Status::Gone;
    Decision::Click(DecidedClick {
        reply: said(&answer, hit.captured(facts.path)),
        status: answer.status.code(),
        verdict: if is_gone { Verdict::GONE } else { Verdict::REDIRECT },
        via: if answer.is_else { Via::ELSE } else { via(&hit) },
        link: hit.id,
        tag: answer.tag,
        target: if is_gone { b"" } else { answer.target.text() },
        ..DecidedClick::NOT_FOUND
    })
}

/// Decides where no link was found.
#[inline(never)]
fn of_no_link(fallback: Option<&Fallback>) -> Decision<'_> {
    Decision::Click(match fallback.map(LinkAnswer::from) {
        Some(answer) => DecidedClick {
            reply: said(&answer, Captured::default()),
            status: answer.status.code(),
            via: Via::FALLBACK,
            target: answer.target.text(),
            ..DecidedClick::NOT_FOUND
        },
        None => DecidedClick::NOT_FOUND,
    })
}

/// How an answer is said.
fn said<'a>(answer: &LinkAnswer<'a>, captured: Captured<'a>) -> DecidedReply<'a> {
    let &LinkAnswer { status, target, max_age, referrer, .. } = answer;
    let extra = Extra { max_age, private: target.is_personal(), referrer };
    match status {
        Status::Gone => DecidedReply::Gone(extra),
        status => DecidedReply::Made { status, target, captured, extra },
    }
}
