//! What `cap=` says: how often a line answers in each period.

use core::fmt;

use crate::limits::CAP_COUNT_MAX;
use crate::rules::bytes::cut;
use crate::words::visible;

/// How long a cap counts before it begins anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Period {
    /// A minute of the clock.
    Minute = 0,
    /// An hour of the clock.
    Hour = 1,
    /// A day of the calendar, be it of 23 or 25 hours.
    Day = 2,
    /// A month of the calendar.
    Month = 3,
    /// For ever.
    Total = 4,
}

impl Period {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 5] = [Self::Minute, Self::Hour, Self::Day, Self::Month, Self::Total];

    /// Its name in a link file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
            Self::Total => "total",
        }
    }

    /// The one with this number; one that no carom has stored is [`Total`](Self::Total).
    #[must_use]
    pub fn numbered(number: u8) -> Self {
        Self::ALL.get(usize::from(number)).copied().unwrap_or(Self::Total)
    }
}

/// How often a line answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap {
    /// How often in each period.
    pub count: u64,
    /// See [`Period`].
    pub period: Period,
}

impl Cap {
    /// Reads the value of `cap=`, as in `50000/day`.
    ///
    /// # Errors
    ///
    /// What is wrong, as a sentence with its remedy.
    pub fn parse(value: &[u8]) -> Result<Self, String> {
        let wrong = |why: &str| {
            let value = String::from_utf8_lossy(value);
            format!("cap={} {why}", visible(&value))
        };
        let Some(slash) = value.iter().position(|&byte| byte == b'/') else {
            return Err(wrong(
                "names no period; write cap=N/minute, /hour, /day, /month or /total",
            ));
        };
        let (count, name) = (&value[..slash], &value[slash + 1..]);
        let period = Period::ALL.into_iter().find(|period| period.name().as_bytes() == name);
        let period = period.ok_or_else(|| {
            wrong("has a period that there is not; write /minute, /hour, /day, /month or /total")
        })?;
        let is_number = !count.is_empty() && count.iter().all(u8::is_ascii_digit);
        let number = core::str::from_utf8(count).ok().and_then(|text| text.parse::<u64>().ok());
        match number.filter(|number| is_number && (1..=CAP_COUNT_MAX).contains(number)) {
            Some(count) => Ok(Self { count, period }),
            None => Err(wrong(&format!(
                "is not a number from 1 to {CAP_COUNT_MAX} in a period; write it as in cap=50000/day"
            ))),
        }
    }

    /// Appends it as [`read`](Self::read) takes it.
    pub fn store(&self, out: &mut Vec<u8>) {
        out.push(self.period as u8);
        out.extend_from_slice(&self.count.to_le_bytes());
    }

    /// Takes one off the front of what was stored.
    #[must_use]
    pub fn read(stored: &mut &[u8]) -> Self {
        let [period] = cut(stored);
        Self { period: Period::numbered(period), count: u64::from_le_bytes(cut(stored)) }
    }
}

impl fmt::Display for Cap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.count, self.period.name())
    }
}

/// A line that has a cap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapLine {
    /// The key of its link, for people.
    pub key: String,
    /// Id of its link.
    pub link: u64,
    /// Number of the line within its key, from 1.
    pub line: u8,
    /// See [`Cap`].
    pub cap: Cap,
    /// Where its days begin; empty for UTC.
    pub zone: Box<[u8]>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn taken(value: &str, count: u64, period: Period) {
        let cap = Cap::parse(value.as_bytes()).unwrap();
        assert_eq!(cap, Cap { count, period });
        assert_eq!(cap.to_string(), value);
        let mut stored = Vec::new();
        cap.store(&mut stored);
        stored.push(7);
        let mut rest = &stored[..];
        assert_eq!((Cap::read(&mut rest), rest), (cap, &[7][..]));
    }

    #[track_caller]
    fn refused(value: &[u8], why: &str) {
        let said = Cap::parse(value).unwrap_err();
        assert!(said.contains(why), "{said}");
    }

    #[test]
    fn caps_are_read_and_said_alike() {
        taken("1/minute", 1, Period::Minute);
        taken("500/hour", 500, Period::Hour);
        taken("50000/day", 50_000, Period::Day);
        taken("7/month", 7, Period::Month);
        taken("1099511627776/total", 1 << 40, Period::Total);
    }

    #[test]
    fn what_is_no_cap_is_refused_with_its_remedy() {
        refused(b"50000", "cap=50000 names no period; write cap=N/minute");
        refused(b"5/week", "a period that there is not; write /minute, /hour");
        refused(b"5/Day", "a period that there is not");
        refused(b"5/", "a period that there is not");
        refused(b"0/day", "is not a number from 1 to 1099511627776");
        refused(b"1099511627777/day", "is not a number from 1 to");
        refused(b"+5/day", "is not a number");
        refused(b"/day", "is not a number");
        refused(b"99999999999999999999/day", "is not a number");
        refused(b"\x1b\xff/day", "cap=");
    }
}
