//! Hours of the day and days of the week, as `Time=` and `Day=` name them.

use core::fmt;
use std::borrow::Cow;

use crate::words::shown;

/// Minutes of a day.
const DAY: u16 = 24 * 60;
/// A range where it is stored: its first minute and the one behind it, two bytes each.
const RANGE_BYTES: usize = 4;

/// Ranges of minutes of a day, each without its end. Equal ones are stored in equal bytes:
/// cut at midnight, in their order, none touching another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours<'a>(Cow<'a, [u8]>);

impl<'a> Hours<'a> {
    /// Reads `22:00-06:00,12:00-13:00`.
    ///
    /// # Errors
    ///
    /// One is no range; with its remedy.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let mut ranges = Vec::new();
        for range in text.split(|&byte| byte == b',') {
            let (start, end) = self::range(range)?;
            if start < end {
                ranges.push((start, end));
            } else {
                ranges.extend([(start, DAY), (0, end)]);
            }
        }
        ranges.retain(|(start, end)| start < end);
        ranges.sort_unstable();
        let mut whole = Vec::<(u16, u16)>::new();
        for (start, end) in ranges {
            match whole.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => whole.push((start, end)),
            }
        }
        let stored = whole.iter().flat_map(|(start, end)| [start.to_le_bytes(), end.to_le_bytes()]);
        Ok(Self(stored.flatten().collect()))
    }

    /// Appends them as they are stored.
    pub fn store(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }

    /// Those that are stored there.
    #[inline]
    #[must_use]
    pub fn read(stored: &'a [u8]) -> Self {
        Self(Cow::Borrowed(stored))
    }

    /// Whether this minute of the day is in one of them.
    #[inline]
    #[must_use]
    pub fn holds(&self, minute_of_day: u16) -> bool {
        self.ranges().any(|(start, end)| (start..end).contains(&minute_of_day))
    }

    #[inline]
    fn ranges(&self) -> impl ExactSizeIterator<Item = (u16, u16)> {
        let ranges = self.0.as_chunks::<RANGE_BYTES>().0.iter();
        ranges.map(|&[a, b, c, d]| (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])))
    }
}

impl fmt::Display for Hours<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut ranges: Vec<_> = self.ranges().collect();
        // What midnight cut is one again.
        if let [(0, end), .., (_, last)] = &mut ranges[..]
            && *last == DAY
        {
            *last = *end;
            ranges.remove(0);
        }
        for (at, (start, end)) in ranges.into_iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{}-{}", Clock(start), Clock(end))?;
        }
        Ok(())
    }
}

struct Clock(u16);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// The ends of `22:00-06:00`.
fn range(text: &[u8]) -> Result<(u16, u16), String> {
    let wrong = |right: &str| Err(format!("`{}` is no range of hours; {right}", shown(text)));
    let ends = text.split(|&byte| byte == b'-').map(minute).collect::<Option<Vec<_>>>();
    match ends.as_deref() {
        Some([start, end]) if start == end => {
            wrong("for the whole day write 00:00-24:00, or leave out Time")
        }
        Some([DAY, _]) => wrong("write 00:00 for the beginning of a day"),
        Some([start, end]) => Ok((*start, *end)),
        _ => wrong("write one as 22:00-06:00"),
    }
}

/// The minute of the day that `6:30` is.
fn minute(text: &[u8]) -> Option<u16> {
    let (hour, minute) = match text {
        [hour, b':', minute @ ..] => ([b'0', *hour], minute),
        [tens, hour, b':', minute @ ..] => ([*tens, *hour], minute),
        _ => return None,
    };
    let number = |digits: [u8; 2]| {
        let is_number = digits.iter().all(u8::is_ascii_digit);
        is_number.then(|| digits.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0')))
    };
    let (hour, minute) = (number(hour)?, number(minute.try_into().ok()?)?);
    let at = hour * 60 + minute;
    (minute < 60 && at <= DAY).then_some(at)
}

/// Days of the week: a bit for each, the lowest for Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days(u8);

impl Days {
    const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

    /// Reads `fri,sat` and `mon-fri` in any case; a range may go over Sunday.
    ///
    /// # Errors
    ///
    /// One is no day; with its remedy.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let mut days = 0;
        for part in text.split(|&byte| byte == b',') {
            let mut ends = part.split(|&byte| byte == b'-');
            let (first, last) = (ends.next().unwrap_or_default(), ends.next());
            let (first, last) = match (first, last, ends.next()) {
                (first, None, _) => (day(first)?, day(first)?),
                (first, Some(last), None) => {
                    let (first, last) = (day(first)?, day(last)?);
                    if first == last {
                        let name = Self::NAMES[first];
                        return Err(format!(
                            "`{}` is no range of days; write {name} for that day, or leave out Day \
                             for all",
                            shown(part)
                        ));
                    }
                    (first, last)
                }
                _ => return Err(no_day(part)),
            };
            let count = (last + 7 - first) % 7;
            days |= (first..=first + count).fold(0, |days, day| days | 1 << (day % 7));
        }
        Ok(Self(days))
    }

    /// Appends them as they are stored: a byte.
    pub fn store(self, out: &mut Vec<u8>) {
        out.push(self.0);
    }

    /// Those that are stored there.
    #[inline]
    #[must_use]
    pub fn read(stored: &[u8]) -> Self {
        Self(stored.first().copied().unwrap_or(0))
    }

    /// Whether this day is one of them, counted from 0 for Monday.
    #[inline]
    #[must_use]
    pub const fn holds(self, weekday: u8) -> bool {
        weekday < 7 && self.0 >> weekday & 1 == 1
    }

    /// The name of a day, counted from 0 for Monday.
    #[must_use]
    pub fn name(weekday: u8) -> &'static str {
        Self::NAMES[usize::from(weekday % 7)]
    }
}

fn day(text: &[u8]) -> Result<usize, String> {
    let is = |name: &&str| name.as_bytes().eq_ignore_ascii_case(text);
    Days::NAMES.iter().position(is).ok_or_else(|| no_day(text))
}

fn no_day(text: &[u8]) -> String {
    let names = Days::NAMES.join(", ");
    format!("`{}` is no day; write one of {names}, or a range as mon-fri", shown(text))
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 & 0x7f == 0x7f {
            return f.write_str("mon-sun");
        }
        let holds = |day: u8| self.holds(day % 7);
        let mut comma = "";
        for first in (0..7).filter(|&day| holds(day) && !holds(day + 6)) {
            let last = (first..).find(|&day| !holds(day + 1)).unwrap_or(first);
            let (one, other) = (Self::name(first), Self::name(last));
            match last - first {
                0 => write!(f, "{comma}{one}")?,
                1 => write!(f, "{comma}{one},{other}")?,
                _ => write!(f, "{comma}{one}-{other}")?,
            }
            comma = ",";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
