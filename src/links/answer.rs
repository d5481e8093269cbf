//! What a link answers at a time: its options at work.

use super::find::Hit;
use super::options::Options;
use super::status::Status;
use super::target::Target;

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

impl<'a> Hit<'a> {
    /// What it answers at this time, Unix microseconds.
    #[must_use]
    pub fn answer(&self, unix_us: u64) -> Answer<'a> {
        let options =
            self.options.map_or_else(Options::default, |StoredOptions(it)| Options::stored(it));
        let mut answer = Answer {
            status: self.status,
            target: self.target,
            max_age: options.max_age(unix_us),
            referrer: options.referrer(),
            tag: options.tag,
        };
        if !options.is_at(unix_us) {
            answer.max_age = None;
            (answer.status, answer.target) = match &options.otherwise {
                Some(otherwise) => (for_now(self.status), otherwise.target()),
                None => (Status::Gone, Target::none()),
            };
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
