//! The lines of a key that has rules. The first is the link that its entry is made of;
//! what makes them rules is a block behind its options:
//!
//! | bytes | field |
//! |---|---|
//! | 2 + n | of the first line: size, [rule](Rule) |
//!
//! and for each further line:
//!
//! | bytes | field |
//! |---|---|
//! | 1 | status, as its place in [`Status::ALL`] |
//! | 1 | what is filled into its target |
//! | 2 + n | size, target |
//! | 2 + n | size, options |
//! | 2 + n | size, rule |

use super::answer::LinkAnswer;
use super::options::Options;
use super::status::Status;
use crate::links::targets::Target;
use crate::rules::{Rule, cut, cut_slice};

/// One line of a key's rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleLine<'a> {
    /// What it answers with.
    pub status: Status,
    /// Where it sends, as it was written; empty for a 410.
    pub target: &'a [u8],
    /// What is filled into that.
    pub(in crate::links) blanks: u8,
    /// Its options as they are stored.
    pub(in crate::links) options: &'a [u8],
    /// When it answers.
    pub rule: Rule<'a>,
}

impl<'a> RuleLine<'a> {
    /// What else it says.
    pub fn options(&self) -> Options<'a> {
        Options::stored(self.options).with_rules(&[])
    }

    /// Whether it is its time, and whether it has an `else=` for when it is not.
    pub(in crate::links) fn standing(&self, unix_us: u64) -> (bool, bool) {
        match Options::is_timeless(self.options) {
            true => (true, false),
            false => {
                let options = Options::stored(self.options);
                (options.is_at(unix_us), options.otherwise.is_some())
            }
        }
    }

    /// Whether it has an `else=`.
    pub(in crate::links) fn has_else(&self) -> bool {
        Options::stored(self.options).otherwise.is_some()
    }

    /// What it answers in its time.
    pub(in crate::links) fn answer(&self, unix_us: u64) -> LinkAnswer<'a> {
        let target = Target::stored(self.target, self.blanks);
        self.options().answer_own(self.status, target, unix_us)
    }

    /// What it answers out of its time or over its cap.
    pub(in crate::links) fn answer_else(&self) -> LinkAnswer<'a> {
        self.options().answer_else(self.status)
    }

    /// Whether a line behind it is never reached: it holds for everybody, at any time.
    pub fn is_final(&self) -> bool {
        let has_cap = self.rule.cap().is_some();
        let is_part = self.rule.weight().is_some();
        let has_conditions = self.rule.conditions().next().is_some();
        let options = self.options();
        let always = !has_cap && options.is_always() || options.otherwise.is_some();
        always && !has_conditions && !is_part
    }

    /// Appends it as a further line.
    pub(in crate::links) fn store(&self, out: &mut Vec<u8>) {
        out.extend([self.status as u8, self.blanks]);
        put(self.target, out);
        put(self.options, out);
        put(self.rule.bytes(), out);
    }
}

/// Appends bytes behind their size. Each is bounded when it is read.
pub(in crate::links) fn put(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend((bytes.len() as u16).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn take<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let size = u16::from_le_bytes(cut(rest));
    cut_slice(rest, usize::from(size))
}

/// The lines of a key, the first of which is made of these.
#[derive(Clone, Debug)]
pub(in crate::links) struct RuleLines<'a> {
    first: Option<RuleLine<'a>>,
    rest: &'a [u8],
}

impl<'a> RuleLines<'a> {
    /// Those of an entry; `options` are stored ones.
    pub(in crate::links) fn of(
        status: Status,
        target: &'a [u8],
        blanks: u8,
        options: &'a [u8],
    ) -> RuleLines<'a> {
        let mut rest = Options::stored(options).rules;
        let rule = Rule::stored(take(&mut rest));
        RuleLines { first: Some(RuleLine { status, target, blanks, options, rule }), rest }
    }
}

impl<'a> Iterator for RuleLines<'a> {
    type Item = RuleLine<'a>;

    #[inline]
    fn next(&mut self) -> Option<RuleLine<'a>> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        let (&[status, blanks], behind) = self.rest.split_first_chunk()?;
        self.rest = behind;
        let status = Status::ALL.get(usize::from(status)).copied().unwrap_or(Status::Gone);
        let (target, options) = (take(&mut self.rest), take(&mut self.rest));
        Some(RuleLine { status, target, blanks, options, rule: Rule::stored(take(&mut self.rest)) })
    }
}
