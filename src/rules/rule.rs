//! What one line of a key's rules says beside its target and options.
//!
//! | bytes | field |
//! |---|---|
//! | 1 | bits: which of the following are there |
//! | 4 | `weight=` |
//! | n | `sticky=` |
//! | n | `cap=` |
//! | 1 + n | `tz=`: size, name |
//! | n | conditions, sorted |

use core::fmt;

use super::asked::Asked;
use super::bytes::{cut, cut_slice};
use super::caps::Cap;
use super::condition::{self, Condition};
use super::split::Sticky;
use super::zone::{self, Zones};
use crate::limits::{CONDITIONS_MAX, WEIGHT_MAX};
use crate::words::visible;

const WEIGHT: u8 = 1;
const STICKY: u8 = 2;
const CAP: u8 = 4;
const ZONE: u8 = 8;

/// A column `name=value` of a line, for those that are rules.
pub type RuleSetting<'a> = (&'a [u8], &'a [u8]);

/// A rule where it lies. [`Default`] is that of a line without any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rule<'a> {
    bytes: &'a [u8],
}

/// Its parts before the conditions.
#[derive(Clone, Copy, Debug, Default)]
struct Parts<'a> {
    weight: Option<u32>,
    sticky: Option<Sticky<'a>>,
    cap: Option<Cap>,
    zone: &'a [u8],
    conditions: &'a [u8],
}

/// Whether a setting of this name is one of a rule.
pub fn is_of_rules(name: &[u8]) -> bool {
    matches!(name, b"weight" | b"sticky" | b"cap" | b"tz") || condition::is_condition(name)
}

impl<'a> Rule<'a> {
    /// Reads the settings of a line that are rules, and keeps in `room` what they say.
    ///
    /// # Errors
    /// The first thing that is wrong, as a sentence with its remedy.
    pub fn parse(settings: &[RuleSetting<'_>], room: &'a mut Vec<u8>) -> Result<Self, String> {
        room.clear();
        if settings.is_empty() {
            return Ok(Self { bytes: room });
        }
        let mut parts = Parts::default();
        let mut conditions: Vec<Vec<u8>> = Vec::new();
        let mut seen: Vec<&[u8]> = Vec::new();
        for &(name, value) in settings {
            let is_condition = condition::is_condition(name);
            if !is_condition && seen.contains(&name) {
                let name = String::from_utf8_lossy(name);
                return Err(format!("{name}= is there twice; write it once"));
            }
            seen.push(name);
            match name {
                b"weight" => parts.weight = Some(weight(value)?),
                b"sticky" => parts.sticky = Some(Sticky::parse(value)?),
                b"cap" => parts.cap = Some(Cap::parse(value)?),
                b"tz" => {
                    zone::check(value)?;
                    parts.zone = value;
                }
                _ => {
                    let mut stored = Vec::new();
                    condition::parse(name, value, &mut stored)?;
                    conditions.push(stored);
                }
            }
        }
        conditions.sort_unstable();
        conditions.dedup();
        if conditions.len() > CONDITIONS_MAX {
            return Err(format!(
                "the line has {} conditions; at most {CONDITIONS_MAX} are allowed",
                conditions.len()
            ));
        }
        if parts.sticky.is_some() && parts.weight.is_none() {
            return Err(
                "sticky= needs a weight=; it says who stays in which part of a split".to_owned()
            );
        }
        parts.store(room);
        room.extend(conditions.iter().flatten());
        let rule = Self { bytes: room };
        if seen.contains(&&b"tz"[..]) && !rule.asks_time() {
            return Err(
                "tz= needs a Time=, a Day= or a cap=, which it is about; leave it out".to_owned()
            );
        }
        Ok(rule)
    }

    /// What was stored as these bytes.
    pub fn stored(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// How it is stored; empty for none.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    #[inline]
    fn parts(&self) -> Parts<'a> {
        let mut rest = self.bytes;
        let [head] = cut(&mut rest);
        let has = |flag: u8| head & flag != 0;
        Parts {
            weight: has(WEIGHT).then(|| u32::from_le_bytes(cut(&mut rest))),
            sticky: has(STICKY).then(|| Sticky::read(&mut rest)),
            cap: has(CAP).then(|| Cap::read(&mut rest)),
            zone: match has(ZONE) {
                true => {
                    let [size] = cut(&mut rest);
                    cut_slice(&mut rest, usize::from(size))
                }
                false => &[],
            },
            conditions: rest,
        }
    }

    /// Its share of a split.
    pub fn weight(&self) -> Option<u32> {
        self.parts().weight
    }

    /// What keeps visitors in their part, if it says it.
    pub fn sticky(&self) -> Option<Sticky<'a>> {
        self.parts().sticky
    }

    /// How often it answers.
    pub fn cap(&self) -> Option<Cap> {
        self.parts().cap
    }

    /// Where its times are meant; empty for UTC.
    pub fn zone(&self) -> &'a [u8] {
        self.parts().zone
    }

    /// Its conditions as they are stored: equal ones are equal bytes. Those of time are
    /// equal only in one zone.
    pub fn condition_bytes(&self) -> (&'a [u8], &'a [u8]) {
        let Parts { conditions, zone, .. } = self.parts();
        (conditions, if self.asks_hours() { zone } else { &[] })
    }

    /// Its conditions.
    pub fn conditions(&self) -> impl Iterator<Item = Condition<'a>> + use<'a> {
        let mut rest = self.parts().conditions;
        core::iter::from_fn(move || Condition::read(&mut rest))
    }

    /// The first of its conditions that does not hold for who asks; `None` if all do.
    #[inline]
    pub fn failing(&self, asked: &Asked<'_>, zones: &mut Zones) -> Option<Condition<'a>> {
        if self.is_empty() {
            return None;
        }
        let Parts { mut conditions, zone, .. } = self.parts();
        while let Some(condition) = Condition::read(&mut conditions) {
            if !condition.holds(asked, zones, zone) {
                return Some(condition);
            }
        }
        None
    }

    fn asks_hours(&self) -> bool {
        self.conditions().any(|condition| condition.is_of_hours())
    }

    fn asks_time(&self) -> bool {
        self.cap().is_some() || self.asks_hours()
    }
}

impl Parts<'_> {
    fn store(&self, out: &mut Vec<u8>) {
        let flag = |is_there: bool, flag: u8| if is_there { flag } else { 0 };
        out.push(
            flag(self.weight.is_some(), WEIGHT)
                | flag(self.sticky.is_some(), STICKY)
                | flag(self.cap.is_some(), CAP)
                | flag(!self.zone.is_empty(), ZONE),
        );
        out.extend(self.weight.map(u32::to_le_bytes).iter().flatten());
        if let Some(sticky) = &self.sticky {
            sticky.store(out);
        }
        if let Some(cap) = &self.cap {
            cap.store(out);
        }
        if !self.zone.is_empty() {
            out.push(self.zone.len() as u8);
            out.extend_from_slice(self.zone);
        }
    }
}

impl fmt::Display for Rule<'_> {
    /// As it stands in a link file, each part behind a space.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for condition in self.conditions() {
            write!(f, " {condition}")?;
        }
        let Parts { weight, sticky, cap, zone, .. } = self.parts();
        if let Some(weight) = weight {
            write!(f, " weight={weight}")?;
        }
        if let Some(sticky) = sticky {
            write!(f, " sticky={sticky}")?;
        }
        if let Some(cap) = cap {
            write!(f, " cap={cap}")?;
        }
        if !zone.is_empty() {
            write!(f, " tz={}", String::from_utf8_lossy(zone))?;
        }
        Ok(())
    }
}

fn weight(value: &[u8]) -> Result<u32, String> {
    let is_number = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let number = core::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
    number.filter(|&number| is_number && number <= WEIGHT_MAX).ok_or_else(|| {
        let value = visible(&String::from_utf8_lossy(value)).to_string();
        format!("weight={value} is not a number up to {WEIGHT_MAX}; write a share, as in weight=70")
    })
}
