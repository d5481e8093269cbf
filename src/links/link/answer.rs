//! What a link answers at a time: its options at work.

use super::options::Options;
use super::status::Status;
use crate::links::targets::{Fallback, Target};

/// What a link with options answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkAnswer<'a> {
    /// With what.
    pub status: Status,
    /// Where it sends; nowhere with 410.
    pub target: Target<'a>,
    /// For how long it may be cached, seconds; `None`: it is not to be stored.
    pub max_age: Option<u32>,
    /// The value of `Referrer-Policy`.
    pub referrer: Option<&'static str>,
    /// The label that its click carries; empty without.
    pub tag: &'a [u8],
    /// Whether that is its `else=`.
    pub is_else: bool,
}

impl LinkAnswer<'_> {
    /// What is answered where no line of a link is for now.
    pub const GONE: LinkAnswer<'static> = LinkAnswer {
        status: Status::Gone,
        target: Target::none(),
        max_age: None,
        referrer: None,
        tag: &[],
        is_else: false,
    };
}

impl<'a> From<&'a Fallback> for LinkAnswer<'a> {
    /// What is answered where there is no link.
    fn from(fallback: &'a Fallback) -> LinkAnswer<'a> {
        let (status, target) = (Status::Found, fallback.target());
        LinkAnswer { status, target, max_age: None, referrer: None, tag: &[], is_else: false }
    }
}

impl<'a> Options<'a> {
    /// What a link with them answers at this time, Unix microseconds.
    pub(in crate::links) fn answer(
        &self,
        status: Status,
        target: Target<'a>,
        unix_us: u64,
    ) -> LinkAnswer<'a> {
        match self.is_at(unix_us) {
            true => self.answer_own(status, target, unix_us),
            false => self.answer_else(status),
        }
    }

    /// What it answers in its time.
    pub(in crate::links) fn answer_own(
        &self,
        status: Status,
        target: Target<'a>,
        unix_us: u64,
    ) -> LinkAnswer<'a> {
        LinkAnswer {
            status,
            target: target.with_query(self.query),
            max_age: self.max_age(unix_us),
            // With a 410 nobody goes anywhere.
            referrer: self.referrer().filter(|_| status != Status::Gone),
            tag: self.tag,
            is_else: false,
        }
    }

    /// What it answers outside its time, or over its cap.
    pub(in crate::links) fn answer_else(&self, status: Status) -> LinkAnswer<'a> {
        let (status, target) = match &self.otherwise {
            Some(otherwise) => (for_now(status), otherwise.target().with_query(self.query)),
            None => (Status::Gone, Target::none()),
        };
        let is_else = self.otherwise.is_some();
        let referrer = self.referrer().filter(|_| status != Status::Gone);
        LinkAnswer { status, target, max_age: None, referrer, tag: self.tag, is_else }
    }
}

/// What sends elsewhere for as long as a link is out of its time: never for good,
/// or browsers would remember it.
fn for_now(status: Status) -> Status {
    match status {
        Status::MovedPermanently => Status::Found,
        Status::PermanentRedirect => Status::TemporaryRedirect,
        other => other,
    }
}
