//! The seam where it is decided what a request is answered: what was found and who
//! asks make a [`Decision`], a plain value. Pure: it holds no buffer, counts nothing,
//! and knows neither connection nor clock. `reply` makes bytes of it, `account` a
//! click and counts.
//!
//! Where something new goes:
//!
//! - A fact of the request or its peer: [`Facts`].
//! - A condition, a weight or a cap: [`crate::rules`]; what they come to is decided in
//!   [`settled`]. A check for fraud: [`of_answer`]. A plain link gets to neither.
//! - How the shard stands (a limit that is reached, a ledger that is full): [`Standing`].
//! - Why it was decided so, or what is to be said of it in the click: a field of
//!   [`DecidedClick`], which `account` puts into the click.
//! - Another kind of reply: a variant of [`DecidedReply`], which `reply` writes.

#[cfg(test)]
mod tests;

use super::builtins::Builtins;
use super::facts::Facts;
use super::rules::{Settled, keeps_method};
use crate::clicks::{Verdict, Via};
use crate::http::{Extra, Fixed, Method, Refusal, Request};
use crate::links::{Captured, Fallback, Hit, LinkAnswer, Status, Target};

/// What a request is answered.
#[derive(Debug, Clone, Copy)]
pub(super) enum Decision<'a> {
    /// One of the replies that are the same for everybody. It is no click.
    NoClick(Fixed),
    /// What the links say, even if that is nothing. It is a click.
    Click(DecidedClick<'a>),
    /// The rules of this link decide: [`settled`] says what.
    ByRules(Hit<'a>),
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
    /// Which line of its rules answers, from 1; 0 for a link without rules.
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
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing<'a> {
    /// What is answered where no link says it.
    pub(super) builtins: &'a Builtins,
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
    if facts.method() == Method::Changing && !may_change(found, facts) {
        return Decision::NoClick(Fixed::MethodNotAllowed);
    }
    if !found.as_ref().is_some_and(|hit| hit.exact)
        && let Some(fixed) = standing.builtins.answer(found.is_some(), facts)
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
        None => of_no_link(standing.builtins.fallback.as_ref()),
    }
}

/// Whether what was found keeps the method, or its rules have yet to say it.
#[cold]
fn may_change(found: Option<Hit<'_>>, facts: &Facts<'_>) -> bool {
    found.is_some_and(|hit| hit.has_rules() || keeps_method(hit.answer(facts.unix_us).status))
}

/// How a link that answers with its own target was found.
#[inline]
fn via(hit: &Hit<'_>) -> Via {
    if hit.exact { Via::LINK } else { Via::PREFIX }
}

/// Decides by a link that has options, blanks in its target, or no target.
#[inline(never)]
fn of_link<'a>(hit: Hit<'a>, facts: &Facts<'a>) -> Decision<'a> {
    if hit.has_rules() {
        return Decision::ByRules(hit);
    }
    Decision::Click(of_answer(&hit, 0, &hit.answer(facts.unix_us), facts))
}

/// What a link, or that line of its rules, answers.
fn of_answer<'a>(
    hit: &Hit<'a>,
    line: u8,
    answer: &LinkAnswer<'a>,
    facts: &Facts<'a>,
) -> DecidedClick<'a> {
    let is_gone = answer.status == Status::Gone;
    DecidedClick {
        reply: said(answer, hit.captured(facts.path)),
        status: answer.status.code(),
        verdict: if is_gone { Verdict::GONE } else { Verdict::REDIRECT },
        via: if answer.is_else { Via::ELSE } else { via(hit) },
        link: hit.id,
        variant: line,
        tag: answer.tag,
        target: if is_gone { b"" } else { answer.target.text() },
        ..DecidedClick::NOT_FOUND
    }
}

/// Decides by what rules came to. Gives the link that answers, too.
#[inline(never)]
pub(super) fn settled<'a>(
    settled: Settled<'a>,
    facts: &Facts<'a>,
    standing: &Standing<'a>,
) -> (Option<Hit<'a>>, Decision<'a>) {
    let (hit, line, answer) = match settled {
        Settled::Line(hit, line, answer) => (hit, line, answer),
        Settled::NotNow(hit) => (hit, 0, LinkAnswer::GONE),
        Settled::Other(found) => return (found, decide(found, facts, standing)),
    };
    let decision = match facts.method() {
        Method::Changing if !keeps_method(answer.status) => {
            Decision::NoClick(Fixed::MethodNotAllowed)
        }
        _ => Decision::Click(of_answer(&hit, line, &answer, facts)),
    };
    (Some(hit), decision)
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
