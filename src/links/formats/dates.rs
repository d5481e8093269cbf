//! Times as people write them into tables, and the time zone that is meant.

use core::fmt;
use core::str::FromStr;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use crate::links::bytes::shown;

/// Where times are meant that say no zone of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneName {
    /// As it was written.
    text: String,
    zone: TimeZone,
}

impl ZoneName {
    /// Its clocks.
    #[must_use]
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }
}

impl fmt::Display for ZoneName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for ZoneName {
    type Err = String;

    /// `Europe/Berlin`, `UTC` or `+01:00`.
    fn from_str(text: &str) -> Result<ZoneName, String> {
        let zone = match offset(text) {
            Some(offset) => Some(TimeZone::fixed(offset)),
            None => TimeZone::get(text).ok(),
        };
        let zone = zone.ok_or_else(|| {
            format!("`{text}` is no time zone; write one such as Europe/Berlin, UTC or +01:00")
        })?;
        Ok(ZoneName { text: text.to_owned(), zone })
    }
}

/// A time, as an option of a link has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WrittenTime {
    /// As RFC 3339 has it.
    pub(super) text: String,
    /// In what it may be another than was meant: a sentence.
    pub(super) said: Option<String>,
}

/// Reads the time of the setting `name`: RFC 3339; the same with a space, or without seconds;
/// and without a zone, which is then `zone`. A date alone is its first moment.
///
/// # Errors
///
/// It is none of these, or there is no zone; with its remedy.
pub(super) fn time(name: &str, text: &str, zone: Option<&ZoneName>) -> Result<WrittenTime, String> {
    let known = shown(text.as_bytes());
    let unknown = || {
        format!(
            "{name} is `{known}`; write a time such as 2026-12-01, 2026-12-01 10:00 or \
             2026-12-01T10:00:00Z"
        )
    };
    let (date, rest) = match text.split_once([' ', 'T', 't']) {
        Some((date, rest)) => (date, rest.trim_start()),
        None => (text, ""),
    };
    let date_bytes = date.len();
    let date = self::date(date).ok_or_else(unknown)?;
    let (clock, place) = match rest.find(|letter: char| !matches!(letter, '0'..='9' | ':' | '.')) {
        Some(at) => (&rest[..at], rest[at..].trim_start()),
        None => (rest, ""),
    };
    // RFC 3339 reads years that jiff does not, and is checked with the other options.
    let has_letter =
        text.as_bytes().get(date_bytes).is_some_and(|byte| byte.eq_ignore_ascii_case(&b'T'));
    if has_letter && clock.len() >= 8 && !place.is_empty() {
        return Ok(WrittenTime { text: text.to_owned(), said: None });
    }
    let time = match clock {
        "" => Time::midnight(),
        clock => self::clock(clock).ok_or_else(unknown)?,
    };
    let local = date.to_datetime(time);
    if !place.is_empty() {
        let offset = offset(place).filter(|_| !clock.is_empty()).ok_or_else(unknown)?;
        return Ok(WrittenTime { text: written(local, offset), said: None });
    }
    let zone = zone.ok_or_else(|| {
        format!(
            "{name} is `{known}`, and of which time zone is not said; say it with --tz, as in \
             --tz Europe/Berlin"
        )
    })?;
    let ambiguous = zone.zone.to_ambiguous_timestamp(local);
    let is_plain = matches!(ambiguous.offset(), AmbiguousOffset::Unambiguous { .. });
    let timestamp = ambiguous.compatible().map_err(|_| unknown())?;
    let offset = zone.zone.to_offset(timestamp);
    let text_written = written(offset.to_datetime(timestamp), offset);
    let said = match (is_plain, name == "until" && clock.is_empty()) {
        (true, false) => None,
        (true, true) => {
            Some(format!("the link ends as {text} begins, at {text_written}, not as it ends"))
        }
        (false, _) => Some(format!(
            "clocks are changed then, and {text} is taken for {text_written} ({zone})"
        )),
    };
    Ok(WrittenTime { text: text_written, said })
}

/// `2026-12-01`, or `1.12.2026`. What stands between slashes could be of two countries.
fn date(text: &str) -> Option<Date> {
    let parts = |mark| text.split(mark).collect::<Vec<_>>();
    let (year, month, day) = match (&*parts('-'), &*parts('.')) {
        ([year, month, day], _) | (_, [day, month, year]) => (*year, *month, *day),
        _ => return None,
    };
    let number = |text: &str, digits: usize| {
        let is_number = !text.is_empty() && text.len() <= digits;
        text.parse::<i16>().ok().filter(|_| is_number && text.bytes().all(|b| b.is_ascii_digit()))
    };
    let year = number(year, 4).filter(|_| year.len() == 4)?;
    let (month, day) = (number(month, 2)?, number(day, 2)?);
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// `10:00`, `10:00:30` or `10:00:30.5`.
fn clock(text: &str) -> Option<Time> {
    let padded = if text.find(':') == Some(1) { format!("0{text}") } else { text.to_owned() };
    let has_shape = matches!(padded.split(':').count(), 2 | 3)
        && padded.split([':', '.']).take(3).all(|part| part.len() == 2);
    has_shape.then(|| padded.parse().ok()).flatten()
}

/// `Z`, `UTC`, `GMT`, `+01:00` or `+0100`.
fn offset(text: &str) -> Option<Offset> {
    if ["z", "utc", "gmt"].iter().any(|known| text.eq_ignore_ascii_case(known)) {
        return Some(Offset::UTC);
    }
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits: String = match digits.len() {
        4 => digits.to_owned(),
        5 if digits.as_bytes()[2] == b':' => digits.replace(':', ""),
        _ => return None,
    };
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: i32 = digits.parse().ok().filter(|_| is_number)?;
    let (hours, minutes) = (number / 100, number % 100);
    (hours < 24 && minutes < 60)
        .then(|| Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok())?
}

fn written(local: DateTime, offset: Offset) -> String {
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    let place = match minutes {
        0 => "Z".to_owned(),
        _ => format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60),
    };
    // A zone of a time before it had whole minutes is of no time that a link has.
    format!("{}{place}", local.strftime("%Y-%m-%dT%H:%M:%S%.f"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(text: &str) -> ZoneName {
        text.parse().unwrap()
    }

    #[test]
    fn times_as_people_write_them() {
        let berlin = zone("Europe/Berlin");
        let check = |text: &str, want: &str| {
            let time = time("from", text, Some(&berlin)).map(|time| (time.text, time.said));
            assert_eq!(time, Ok((want.to_owned(), None)), "{text}");
        };
        check("2026-12-01", "2026-12-01T00:00:00+01:00");
        check("2026-7-1", "2026-07-01T00:00:00+02:00");
        check("2026-12-01 10:00", "2026-12-01T10:00:00+01:00");
        check("2026-12-01T10:00", "2026-12-01T10:00:00+01:00");
        check("2026-12-01 9:05:30", "2026-12-01T09:05:30+01:00");
        check("1.12.2026", "2026-12-01T00:00:00+01:00");
        check("01.12.2026 10:00", "2026-12-01T10:00:00+01:00");
        check("2026-12-01 10:00:00 UTC", "2026-12-01T10:00:00Z");
        check("2026-12-01 10:00:00+0530", "2026-12-01T10:00:00+05:30");
        check("2026-12-01 10:00Z", "2026-12-01T10:00:00Z");
        check("2026-12-01T10:00:00.5-08:00", "2026-12-01T10:00:00.5-08:00");
        check("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z");
    }

    #[test]
    fn what_may_be_meant_otherwise_is_said() {
        let check = |name: &str, text: &str, want: &str, said: &str| {
            let time = time(name, text, Some(&zone("Europe/Berlin"))).unwrap();
            assert_eq!(time.text, want, "{text}");
            assert!(time.said.as_ref().is_some_and(|it| it.contains(said)), "{text}: {time:?}");
        };
        let midnight = "2026-12-01T00:00:00+01:00";
        check(
            "until",
            "2026-12-01",
            midnight,
            "the link ends as 2026-12-01 begins, at 2026-12-01T",
        );
        check("from", "2026-03-29 02:30", "2026-03-29T03:30:00+02:00", "clocks are changed then");
        check("from", "2026-10-25 02:30", "2026-10-25T02:30:00+02:00", "clocks are changed then");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        let check = |text: &str, zone: Option<&ZoneName>, want: &str| {
            let said = time("until", text, zone).unwrap_err();
            assert!(said.contains(want), "{text}: {said}");
        };
        let berlin = zone("Europe/Berlin");
        check("2026-12-01", None, "of which time zone is not said; say it with --tz");
        let cases = "12/01/2026 2026-13-01 2026-02-30 26-12-01 46357 soon 2026-12-01T25:00 2026-12-01T1 +2026-1-1 2026-12-01Z";
        for text in cases.split(' ') {
            check(text, Some(&berlin), "write a time such as 2026-12-01");
        }
        check("2026-12-01 10:00 MEZ", Some(&berlin), "write a time such as");
        check("2026-12-01 10:00:00+99:00", Some(&berlin), "write a time such as");
    }

    #[test]
    fn zones_by_name_and_offset() {
        for name in ["Europe/Berlin", "UTC", "+01:00", "-0330", "America/New_York"] {
            assert_eq!(zone(name).to_string(), name);
        }
        for name in ["", "Berlin/Europe", "+1", "../etc/passwd"] {
            assert!(name.parse::<ZoneName>().unwrap_err().contains("is no time zone"), "{name}");
        }
    }
}
