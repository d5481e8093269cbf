//! What a link answers at a time: its options at work.

use super::find::Hit;
use super::options::Options;
use super::status::Status;
use super::targets::{Fallback, Target};

/// The options of a link as a table keeps them, unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredOptions<'a>(pub(super) &'a [u8]);

/// What a link with options answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer<'a> {
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
}

impl<'a> From<&'a Fallback> for Answer<'a> {
    /// What is answered where there is no link.
    fn from(fallback: &'a Fallback) -> Answer<'a> {
        let (status, target) = (Status::Found, fallback.target());
        Answer { status, target, max_age: None, referrer: None, tag: &[] }
    }
}

impl<'a> Hit<'a> {
    /// Its whole `Location`, if it answers the same to every request and says
    /// nothing else.
    #[inline]
    #[must_use]
    pub fn plain(&self) -> Option<&'a [u8]> {
        match (self.options, self.status) {
            (Some(_), _) | (None, Status::Gone) => None,
            (None, _) => self.target.plain(),
        }
    }

    /// What it answers at this time, Unix microseconds.
    #[must_use]
    pub fn answer(&self, unix_us: u64) -> Answer<'a> {
        let options =
            self.options.map_or_else(Options::default, |StoredOptions(it)| Options::stored(it));
        let mut answer = Answer {
            status: self.status,
            target: self.target.with_query(options.query),
            max_age: options.max_age(unix_us),
            referrer: options.referrer(),
            tag: options.tag,
        };
        if !options.is_at(unix_us) {
            answer.max_age = None;
            (answer.status, answer.target) = match &options.otherwise {
                Some(otherwise) => {
                    (for_now(self.status), otherwise.target().with_query(options.query))
                }
                None => (Status::Gone, Target::none()),
            };
        }
        if answer.status == Status::Gone {
            answer.referrer = None; // nobody goes anywhere
        }
        answer
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
