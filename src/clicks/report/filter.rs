//! Which clicks are wanted.

use std::ops::Range;

use crate::clicks::format::click::{Click, Verdict};

/// What a click must be to be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// When it was, Unix µs.
    pub times: Range<u64>,
    /// Which link it was for.
    pub link: Option<u64>,
    /// What was found for it.
    pub verdict: Option<Verdict>,
    /// Its tag; empty for clicks without one.
    pub tag: Option<Vec<u8>>,
}

impl Filter {
    /// Takes every click.
    pub const ALL: Self = Self { times: 0..u64::MAX, link: None, verdict: None, tag: None };

    /// Whether `click` is wanted.
    #[must_use]
    pub fn takes(&self, click: &Click<'_>) -> bool {
        self.times.contains(&click.time_us)
            && self.link.is_none_or(|link| link == click.link)
            && self.verdict.is_none_or(|verdict| verdict == click.verdict)
            && self.tag.as_ref().is_none_or(|tag| tag == click.tag)
    }
}
