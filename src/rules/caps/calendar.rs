//! Which minute, hour, day or month it is in a zone, and when it began and ends. A shard
//! asks the calendar once in each of them.

use std::collections::HashMap;

use fxhash::FxBuildHasher;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan};

use super::cap::Period;
use crate::rules::zone::built_in;

/// Of a period that does not end.
pub const NEVER_US: u64 = u64::MAX;

const HOUR_S: i64 = 3600;

/// One minute, hour, day or month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeriodSpan {
    /// Its number among those of its kind. The one after it has the next.
    pub number: u64,
    /// When it began, Unix µs.
    pub begins_us: u64,
    /// When the next one begins, Unix µs; [`NEVER_US`] if none does.
    pub ends_us: u64,
}

impl PeriodSpan {
    /// The one of this kind in `zone` at this time.
    #[must_use]
    pub fn at(period: Period, zone: &TimeZone, unix_us: u64) -> Self {
        let unix_s = (unix_us / 1_000_000).min(Timestamp::MAX.as_second() as u64) as i64;
        let time = Timestamp::from_second(unix_s).expect("it is no later than the last one");
        let span = match period {
            Period::Total => Self { number: 0, begins_us: 0, ends_us: NEVER_US },
            Period::Minute => {
                let minute = unix_s.div_euclid(60);
                Self::of(minute, minute * 60, Some((minute + 1) * 60))
            }
            Period::Hour => hour(zone, time),
            Period::Day => day(zone, time),
            Period::Month => month(zone, time),
        };
        debug_assert!(span.holds(unix_us) || unix_us / 1_000_000 > unix_s as u64);
        span
    }

    /// Whether this time is in it.
    #[inline]
    #[must_use]
    pub fn holds(&self, unix_us: u64) -> bool {
        self.begins_us <= unix_us && unix_us < self.ends_us
    }

    fn of(number: i64, begins_s: i64, ends_s: Option<i64>) -> Self {
        let us = |seconds: i64| u64::try_from(seconds).unwrap_or(0) * 1_000_000;
        let number = u64::try_from(number).unwrap_or(0);
        Self { number, begins_us: us(begins_s), ends_us: ends_s.map_or(NEVER_US, us) }
    }
}

/// An hour that the clock shows twice, as it is set back, is two; where it is set by less
/// than an hour, one is longer or shorter.
fn hour(zone: &TimeZone, time: Timestamp) -> PeriodSpan {
    let shift = |offset: Offset| i64::from(offset.seconds()).rem_euclid(HOUR_S);
    let number = |unix_s: i64, offset: Offset| (unix_s + shift(offset)).div_euclid(HOUR_S);
    let (now_s, offset) = (time.as_second(), zone.to_offset(time));
    let this = number(now_s, offset);
    let begin = |offset: Offset| this * HOUR_S - shift(offset);
    let (mut begins_s, mut ends_s) = (begin(offset), begin(offset) + HOUR_S);
    let set = zone.preceding(seconds(now_s + 1)).next();
    if let Some(set_s) = set.map(|set| set.timestamp().as_second()).filter(|set| *set >= begins_s) {
        let before = zone.to_offset(seconds(set_s - 1));
        let goes_on = number(set_s - 1, before) == this;
        begins_s = if goes_on { begin(before) } else { set_s };
    }
    if let Some(set) = zone.following(time).next()
        && set.timestamp().as_second() <= ends_s
    {
        let (set_s, after) = (set.timestamp().as_second(), set.offset());
        ends_s = if number(set_s, after) == this { begin(after) + HOUR_S } else { set_s };
    }
    PeriodSpan::of(this, begins_s, Some(ends_s))
}

fn day(zone: &TimeZone, time: Timestamp) -> PeriodSpan {
    let date = zone.to_datetime(time).date();
    let number = first_second(date, &TimeZone::UTC).unwrap_or(0).div_euclid(24 * HOUR_S);
    let ends_s = date.tomorrow().ok().and_then(|next| first_second(next, zone));
    around(PeriodSpan::of(number, first_second(date, zone).unwrap_or(0), ends_s), time)
}

fn month(zone: &TimeZone, time: Timestamp) -> PeriodSpan {
    let first = zone.to_datetime(time).date().first_of_month();
    let number = i64::from(first.year()) * 12 + i64::from(first.month()) - 1;
    let next = first.checked_add(1.month()).ok();
    let ends_s = next.and_then(|next| first_second(next, zone));
    around(PeriodSpan::of(number, first_second(first, zone).unwrap_or(0), ends_s), time)
}

/// The first second of a date, which is not midnight where the clock is set at midnight.
fn first_second(date: Date, zone: &TimeZone) -> Option<i64> {
    let midnight = date.to_zoned(zone.clone()).ok()?;
    Some(midnight.start_of_day().ok()?.timestamp().as_second())
}

/// The same, with this time in it: where a clock was once set back over midnight, a date
/// was there twice.
fn around(span: PeriodSpan, time: Timestamp) -> PeriodSpan {
    let (begins, next) = (time.as_second(), time.as_second() + 1);
    let second = PeriodSpan::of(0, begins, Some(next));
    let PeriodSpan { number, begins_us, ends_us } = span;
    PeriodSpan {
        number,
        begins_us: begins_us.min(second.begins_us),
        ends_us: ends_us.max(second.ends_us),
    }
}

fn seconds(unix_s: i64) -> Timestamp {
    Timestamp::from_second(unix_s).unwrap_or(Timestamp::MIN)
}

/// A calendar that remembers the present periods of each zone.
#[derive(Debug, Default)]
pub struct Calendar {
    utc: Zoned,
    /// No more than there are zones.
    zones: HashMap<Box<[u8]>, Zoned, FxBuildHasher>,
}

#[derive(Debug)]
struct Zoned {
    zone: TimeZone,
    spans: [PeriodSpan; Period::ALL.len()],
}

impl Default for Zoned {
    fn default() -> Self {
        Self::new(TimeZone::UTC)
    }
}

impl Zoned {
    fn new(zone: TimeZone) -> Self {
        Self { zone, spans: Default::default() }
    }

    #[inline]
    fn at(&mut self, period: Period, unix_us: u64) -> PeriodSpan {
        let span = &mut self.spans[period as usize];
        if !span.holds(unix_us) {
            *span = PeriodSpan::at(period, &self.zone, unix_us);
        }
        *span
    }
}

impl Calendar {
    /// The period of this kind at this time. `zone` is the name of one that there is, or
    /// empty for UTC.
    #[inline]
    pub fn at(&mut self, zone: &[u8], period: Period, unix_us: u64) -> PeriodSpan {
        if zone.is_empty() {
            return self.utc.at(period, unix_us);
        }
        match self.zones.get_mut(zone) {
            Some(zoned) => zoned.at(period, unix_us),
            None => self.at_first(zone, period, unix_us),
        }
    }

    #[cold]
    fn at_first(&mut self, zone: &[u8], period: Period, unix_us: u64) -> PeriodSpan {
        let mut zoned = Zoned::new(built_in(zone));
        let span = zoned.at(period, unix_us);
        self.zones.insert(zone.into(), zoned);
        span
    }
}

#[cfg(test)]
mod tests;
