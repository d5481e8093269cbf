//! Which of a key's lines answers.

use super::answer::LinkAnswer;
use super::lines::{RuleLine, RuleLines};
use crate::rules::{Asked, Cap, Condition, Splits, Zones, point, within};

/// What the lines of a key come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picked<'a> {
    /// This line answers, counted from 1.
    Line(u8, LinkAnswer<'a>),
    /// Some line is for who asks, but not now.
    NotNow,
    /// None is.
    Nobody,
}

/// What is asked of a line on the way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tried<'a> {
    /// This condition does not hold.
    Fails(Condition<'a>),
    /// It is not its time.
    OutOfTime,
    /// Its cap is reached.
    OverCap(Cap),
    /// Another line of its split is picked: the visitor is at this point, of so many.
    OtherPart {
        /// Where the visitor is.
        point: u64,
        /// All weights of the lines that can answer.
        sum: u64,
        /// Where its own range begins and ends.
        range: (u64, u64),
    },
    /// Its split picks it.
    OwnPart {
        /// Where the visitor is.
        point: u64,
        /// All weights of the lines that can answer.
        sum: u64,
        /// Where its own range begins and ends.
        range: (u64, u64),
    },
    /// It answers, by its `else=` or itself.
    Answers {
        /// Whether by its `else=`.
        by_else: bool,
    },
}

/// What picking needs beside who asks.
pub struct Picking<'s> {
    /// The id of the link.
    pub link: u64,
    /// Where visitors are in splits.
    pub splits: &'s mut Splits,
    /// What time it is elsewhere.
    pub zones: &'s mut Zones,
    /// Takes one from the cap of a line, if there is one left.
    pub take: &'s mut dyn FnMut(u8, &Cap, &[u8]) -> bool,
}

impl Picking<'_> {
    /// Picks the line that answers. `told` is told of each line that is tried.
    pub(in crate::links) fn pick<'a>(
        &mut self,
        mut lines: RuleLines<'a>,
        asked: &Asked<'_>,
        told: &mut impl FnMut(u8, Tried<'a>),
    ) -> Picked<'a> {
        let mut none = Picked::Nobody;
        let mut number = 0;
        loop {
            let split = lines.clone();
            let Some(line) = lines.next() else { return none };
            number += 1;
            let is_part = line.rule.weight().is_some();
            let holds = match line.rule.failing(asked, self.zones) {
                Some(condition) => {
                    told(number, Tried::Fails(condition));
                    false
                }
                None => true,
            };
            if !is_part {
                if holds {
                    none = Picked::NotNow;
                    if let Some(answer) = self.answer(number, &line, asked.unix_us, told) {
                        return Picked::Line(number, answer);
                    }
                }
                continue;
            }
            let conditions = line.rule.condition_bytes();
            let is_same = move |other: &RuleLine<'_>| {
                other.rule.weight().is_some() && other.rule.condition_bytes() == conditions
            };
            let count = split.clone().take_while(is_same).count() as u8;
            if holds {
                none = Picked::NotNow;
                let parts = split.take(usize::from(count));
                if let Some(picked) = self.pick_part(number, parts, asked, told) {
                    return picked;
                }
            }
            // The others of the split are done, too.
            for _ in 1..count {
                lines.next();
                number += 1;
            }
        }
    }

    /// Picks a part of a split, whose first has this number.
    fn pick_part<'a>(
        &mut self,
        first: u8,
        parts: impl Iterator<Item = RuleLine<'a>> + Clone,
        asked: &Asked<'_>,
        told: &mut impl FnMut(u8, Tried<'a>),
    ) -> Option<Picked<'a>> {
        let sticky = parts.clone().find_map(|line| line.rule.sticky()).unwrap_or_default();
        let mut hash = self.splits.hash(sticky, asked, self.link);
        // Those that cannot answer, a bit for each.
        let mut out = 0_u64;
        for (at, line) in parts.clone().enumerate() {
            let (is_in_time, has_else) = line.standing(asked.unix_us);
            if !is_in_time && !has_else {
                told(first + at as u8, Tried::OutOfTime);
                out |= 1 << at;
            }
        }
        loop {
            let left = parts.clone().enumerate().filter(|(at, _)| out >> at & 1 == 0);
            let weight = |line: &RuleLine<'_>| u64::from(line.rule.weight().unwrap_or(0));
            let sum: u64 = left.clone().map(|(_, line)| weight(&line)).sum();
            if sum == 0 {
                return None;
            }
            let point = point(hash, sum);
            let mut begin = 0;
            let mut picked = None;
            for (at, line) in left {
                let range = (begin, begin + weight(&line));
                begin = range.1;
                match range.0 <= point && point < range.1 {
                    true => {
                        told(first + at as u8, Tried::OwnPart { point, sum, range });
                        picked = Some((at, line, range));
                    }
                    false => told(first + at as u8, Tried::OtherPart { point, sum, range }),
                }
            }
            let (at, line, range) = picked?;
            let number = first + at as u8;
            if let Some(answer) = self.answer(number, &line, asked.unix_us, told) {
                return Some(Picked::Line(number, answer));
            }
            // Its visitors alone are shared among the others, by their weights.
            out |= 1 << at;
            hash = within(hash, sum, range);
        }
    }

    /// What a line answers that is for who asks; `None` if nothing now.
    fn answer<'a>(
        &mut self,
        number: u8,
        line: &RuleLine<'a>,
        unix_us: u64,
        told: &mut impl FnMut(u8, Tried<'a>),
    ) -> Option<LinkAnswer<'a>> {
        let (is_in_time, _) = line.standing(unix_us);
        if !is_in_time {
            told(number, Tried::OutOfTime);
        } else {
            match line.rule.cap() {
                Some(cap) if !(self.take)(number, &cap, line.rule.zone()) => {
                    told(number, Tried::OverCap(cap));
                }
                _ => {
                    told(number, Tried::Answers { by_else: false });
                    return Some(line.answer(unix_us));
                }
            }
        }
        if !line.has_else() {
            return None;
        }
        told(number, Tried::Answers { by_else: true });
        Some(line.answer_else())
    }
}
