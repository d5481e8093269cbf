//! What a shard finds: a link where it lies.

use super::entries::{Entry, PATTERN, PREFIX};
use crate::links::link::{LinkAnswer, Options, Picked, Picking, RuleLines, Status, Tried};
use crate::links::targets::{Captured, CapturedBy, Target};
use crate::rules::Asked;

/// The link that answers a request.
#[derive(Clone, Copy, Debug)]
pub struct Hit<'a> {
    /// Its id; see [`Key::id`](crate::links::Key::id).
    pub id: u64,
    /// What it answers with.
    pub status: Status,
    /// Whether its key is the whole path: neither a prefix nor with placeholders.
    pub exact: bool,
    /// Where it sends.
    pub target: Target<'a>,
    /// Where in the normalised path the part behind the prefix begins; its end for
    /// a key without `/*`.
    pub splat_start: usize,
    /// What begins with its options, if it has any.
    options: Option<&'a [u8]>,
    /// Where it lies. Its key is read from there by whoever asks for it, which no
    /// reply does.
    pub(super) entry: Entry<'a>,
}

impl<'a> Hit<'a> {
    #[inline]
    pub(super) fn of(entry: Entry<'a>, splat_start: usize) -> Hit<'a> {
        Hit {
            id: entry.id(),
            status: entry.status(),
            exact: !entry.has(PREFIX | PATTERN),
            target: Target::stored(entry.target(), entry.blanks()),
            splat_start,
            options: entry.options(),
            entry,
        }
    }

    /// What of the path that was asked for can be filled into its targets.
    #[inline]
    #[must_use]
    pub fn captured<'p>(&self, path: &'p [u8]) -> Captured<'p>
    where
        'a: 'p,
    {
        let key = match self.entry.has(PATTERN) {
            true => CapturedBy {
                pattern: self.entry.path(),
                with_rest: self.entry.has(PREFIX),
                folded: self.options.is_some_and(|options| Options::stored(options).folds),
            },
            false => CapturedBy::NOTHING,
        };
        Captured::new(path, self.splat_start, key)
    }

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

    /// What tells it apart from all others of the same links.
    #[must_use]
    pub fn place(&self) -> usize {
        self.entry.address()
    }

    /// Whether its key has rules.
    #[inline]
    #[must_use]
    pub fn has_rules(&self) -> bool {
        self.options.is_some_and(Options::have_rules)
    }

    /// Which line of its rules answers. `told` is told of each that is tried.
    pub fn pick(
        &self,
        picking: &mut Picking<'_>,
        asked: &Asked<'_>,
        told: &mut impl FnMut(u8, Tried<'a>),
    ) -> Picked<'a> {
        let options = self.options.unwrap_or_default();
        let (target, blanks) = (self.entry.target(), self.entry.blanks());
        let lines = RuleLines::of(self.status, target, blanks, options);
        picking.pick(lines, asked, told)
    }

    /// Where the times of this line of its rules are meant.
    pub(in crate::links) fn zone_of(&self, line: u8) -> &'a [u8] {
        let options = self.options.unwrap_or_default();
        let (target, blanks) = (self.entry.target(), self.entry.blanks());
        let mut lines = RuleLines::of(self.status, target, blanks, options);
        lines.nth(usize::from(line).saturating_sub(1)).map_or(&[], |line| line.rule.zone())
    }

    /// What it answers at this time, Unix microseconds, if its key has no rules.
    #[must_use]
    pub fn answer(&self, unix_us: u64) -> LinkAnswer<'a> {
        let options = self.options.map_or_else(Options::default, Options::stored);
        options.answer(self.status, self.target, unix_us)
    }
}
