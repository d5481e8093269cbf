//! Minutes, hours and days of clicks, by the clocks of a time zone.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// A minute, s.
const MINUTE_S: i64 = 60;
/// An hour, s.
const HOUR_S: i64 = 3_600;
/// A day, s.
const DAY_S: i64 = 24 * HOUR_S;

/// Tells the time of a zone. Clicks come in an order in which the next is mostly of the
/// same minute, within which no zone has changed its clocks in a century.
#[derive(Clone, Debug)]
pub struct LocalTime {
    zone: TimeZone,
    minute: i64,
    /// How far its clocks are ahead in that minute, s.
    ahead_s: i64,
}

impl LocalTime {
    /// Of this zone.
    #[must_use]
    pub fn new(zone: TimeZone) -> Self {
        Self { zone, minute: i64::MIN, ahead_s: 0 }
    }

    /// When the hour of this time (Unix µs) began, Unix s. An hour that clocks show twice
    /// is two.
    pub fn hour(&mut self, time_us: u64) -> i64 {
        self.begun(time_us, HOUR_S)
    }

    /// The same for its minute.
    pub fn minute(&mut self, time_us: u64) -> i64 {
        self.begun(time_us, MINUTE_S)
    }

    fn begun(&mut self, time_us: u64, unit_s: i64) -> i64 {
        let time_s = seconds(time_us);
        let ahead_s = self.ahead_s(time_s);
        (time_s + ahead_s).div_euclid(unit_s) * unit_s - ahead_s
    }

    /// How many days after 1970-01-01 it is there.
    pub fn day(&mut self, time_us: u64) -> i64 {
        self.local_s(time_us).div_euclid(DAY_S)
    }

    /// Which hour of the day it is there.
    pub fn hour_of_day(&mut self, time_us: u64) -> i64 {
        self.local_s(time_us).rem_euclid(DAY_S) / HOUR_S
    }

    fn local_s(&mut self, time_us: u64) -> i64 {
        let time_s = seconds(time_us);
        time_s + self.ahead_s(time_s)
    }

    fn ahead_s(&mut self, time_s: i64) -> i64 {
        let minute = time_s.div_euclid(MINUTE_S);
        if minute != self.minute {
            self.minute = minute;
            self.ahead_s = self.zone.to_offset(timestamp(time_s)).seconds().into();
        }
        self.ahead_s
    }

    /// The beginning of an hour or a minute, as RFC 3339.
    #[must_use]
    pub fn begin_for_programs(&self, begin_s: i64) -> String {
        let time = timestamp(begin_s);
        match self.zone == TimeZone::UTC {
            true => time.strftime("%FT%TZ").to_string(),
            false => time.to_zoned(self.zone.clone()).strftime("%FT%T%:z").to_string(),
        }
    }

    /// The same for people; the offset is only said where clocks show that time twice.
    #[must_use]
    pub fn begin_for_people(&self, begin_s: i64) -> String {
        let zoned = timestamp(begin_s).to_zoned(self.zone.clone());
        let is_twice = self.zone.to_ambiguous_timestamp(zoned.datetime()).is_ambiguous();
        zoned.strftime(if is_twice { "%F %H:%M (%:z)" } else { "%F %H:%M" }).to_string()
    }

    /// A time (Unix µs), to the second.
    #[must_use]
    pub fn second_for_people(&self, time_us: u64) -> String {
        let zoned = timestamp(seconds(time_us)).to_zoned(self.zone.clone());
        zoned
            .strftime(if self.zone == TimeZone::UTC { "%F %T UTC" } else { "%F %T %:z" })
            .to_string()
    }
}

/// The day so many days after 1970-01-01; the latest that has a name, if it has none.
#[must_use]
pub fn date(day: i64) -> Date {
    let span = Span::new().try_days(day);
    let date = span.and_then(|days| Date::constant(1970, 1, 1).checked_add(days));
    date.unwrap_or(Date::MAX)
}

/// The name of a day of the week, from 1 for Monday on.
#[must_use]
pub fn weekday(number: i64) -> &'static str {
    const NAMES: [&str; 7] =
        ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    NAMES[(number - 1).rem_euclid(7) as usize]
}

/// Which day of the week a day is, from 1 for Monday on.
#[must_use]
pub fn weekday_of(day: i64) -> i64 {
    Weekday::to_monday_one_offset(date(day).weekday()).into()
}

/// Whole seconds of what is Unix µs.
fn seconds(time_us: u64) -> i64 {
    let latest_s = Timestamp::MAX.as_second();
    i64::try_from(time_us / 1_000_000).map_or(latest_s, |time_s| time_s.min(latest_s))
}

fn timestamp(time_s: i64) -> Timestamp {
    Timestamp::from_second(time_s).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> LocalTime {
        LocalTime::new(TimeZone::get(name).unwrap())
    }

    /// The hour and the day of `time` in `zone_name`.
    fn check(zone_name: &str, time: &str, hour: &str, day: &str) {
        let time_us = time.parse::<Timestamp>().unwrap().as_microsecond() as u64;
        let mut local = zone(zone_name);
        let hour_s = local.hour(time_us);
        assert_eq!(local.begin_for_programs(hour_s), hour);
        assert_eq!(date(local.day(time_us)).to_string(), day);
    }

    #[test]
    fn hours_and_days_of_a_zone() {
        check("UTC", "2026-11-01T23:59:59Z", "2026-11-01T23:00:00Z", "2026-11-01");
        check("Europe/Berlin", "2026-11-01T23:30:00Z", "2026-11-02T00:00:00+01:00", "2026-11-02");
        check("Asia/Kolkata", "2026-11-01T18:45:00Z", "2026-11-02T00:00:00+05:30", "2026-11-02");
        check(
            "America/New_York",
            "2026-11-02T04:59:59Z",
            "2026-11-01T23:00:00-05:00",
            "2026-11-01",
        );
    }

    #[test]
    fn an_hour_that_comes_twice_is_two() {
        check("Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T02:00:00+02:00", "2026-10-25");
        check("Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25T02:00:00+01:00", "2026-10-25");
        let berlin = zone("Europe/Berlin");
        let hour =
            |time: &str| berlin.begin_for_people(time.parse::<Timestamp>().unwrap().as_second());
        assert_eq!(hour("2026-10-25T00:00:00Z"), "2026-10-25 02:00 (+02:00)");
        assert_eq!(hour("2026-10-25T01:00:00Z"), "2026-10-25 02:00 (+01:00)");
        assert_eq!(hour("2026-10-25T02:00:00Z"), "2026-10-25 03:00");
    }

    #[test]
    fn minutes_of_a_zone() {
        let mut kolkata = zone("Asia/Kolkata");
        let time_us = |time: &str| time.parse::<Timestamp>().unwrap().as_microsecond() as u64;
        let minute_s = kolkata.minute(time_us("2026-11-01T18:44:59Z"));
        assert_eq!(kolkata.begin_for_programs(minute_s), "2026-11-02T00:14:00+05:30");
        assert_eq!(kolkata.begin_for_people(minute_s), "2026-11-02 00:14");
    }

    #[test]
    fn days_of_the_week() {
        assert_eq!(weekday(weekday_of(0)), "Thursday");
        assert_eq!(weekday(weekday_of(20_759)), "Monday");
        assert_eq!(date(20_759).to_string(), "2026-11-02");
    }

    #[test]
    fn beyond_all_calendars() {
        let mut berlin = zone("Europe/Berlin");
        assert_eq!(date(berlin.day(u64::MAX)).to_string(), "9999-12-30");
        let hour_s = berlin.hour(u64::MAX);
        assert!(berlin.begin_for_people(hour_s).starts_with("9999-12-3"));
        assert_eq!(date(i64::MAX), Date::MAX);
    }
}
