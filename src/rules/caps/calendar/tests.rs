//! Midnights, ends of months, and nights on which clocks are set.

use super::*;

const SECOND: u64 = 1_000_000;

fn us(time: &str) -> u64 {
    time.parse::<Timestamp>().unwrap().as_microsecond() as u64
}

/// A period of this zone at `time` is that from `begins` to `ends`, also at its first and
/// last moment, and its neighbours have the numbers before and after it.
#[track_caller]
fn lies(zone: &str, period: Period, time: &str, begins: &str, ends: &str) -> PeriodSpan {
    let zone = built_in(zone.as_bytes());
    let at = |us| PeriodSpan::at(period, &zone, us);
    let span = at(us(time));
    let said = |us: u64| Timestamp::from_microsecond(us as i64).unwrap().to_string();
    assert_eq!((&*said(span.begins_us), &*said(span.ends_us)), (begins, ends));
    assert_eq!(at(span.begins_us), span);
    assert_eq!(at(span.ends_us - 1), span);
    let (before, after) = (at(span.begins_us - 1), at(span.ends_us));
    assert_eq!((before.ends_us, after.begins_us), (span.begins_us, span.ends_us));
    assert_eq!((before.number + 1, after.number), (span.number, span.number + 1));
    span
}

fn hours(span: PeriodSpan) -> u64 {
    (span.ends_us - span.begins_us) / SECOND / 3600
}

#[test]
fn a_minute_ends_with_it() {
    let (begins, ends) = ("2026-03-01T10:59:00Z", "2026-03-01T11:00:00Z");
    lies("Europe/Berlin", Period::Minute, "2026-03-01T10:59:59.999999Z", begins, ends);
}

#[test]
fn a_day_ends_at_midnight_where_it_is() {
    let lies = |zone, time, begins, ends| lies(zone, Period::Day, time, begins, ends);
    let time = "2026-01-10T23:30:00Z";
    lies("UTC", time, "2026-01-10T00:00:00Z", "2026-01-11T00:00:00Z");
    lies("Europe/Berlin", time, "2026-01-10T23:00:00Z", "2026-01-11T23:00:00Z");
    lies("America/New_York", time, "2026-01-10T05:00:00Z", "2026-01-11T05:00:00Z");
    lies("Asia/Kolkata", time, "2026-01-10T18:30:00Z", "2026-01-11T18:30:00Z");
}

#[test]
fn a_day_of_23_or_25_hours_is_one_day() {
    let lies = |zone, time, begins, ends| hours(lies(zone, Period::Day, time, begins, ends));
    let berlin = "Europe/Berlin";
    let spring = ("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z");
    for time in ["2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z"] {
        assert_eq!(lies(berlin, time, spring.0, spring.1), 23);
    }
    let autumn = ("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z");
    for time in ["2026-10-25T00:59:59Z", "2026-10-25T01:00:00Z"] {
        assert_eq!(lies(berlin, time, autumn.0, autumn.1), 25);
    }
    let sydney = "Australia/Sydney";
    let autumn = ("2026-04-04T13:00:00Z", "2026-04-05T14:00:00Z");
    for time in ["2026-04-04T15:59:59Z", "2026-04-04T16:00:00Z"] {
        assert_eq!(lies(sydney, time, autumn.0, autumn.1), 25);
    }
    let spring = ("2026-10-03T14:00:00Z", "2026-10-04T13:00:00Z");
    for time in ["2026-10-03T15:59:59Z", "2026-10-03T16:00:00Z"] {
        assert_eq!(lies(sydney, time, spring.0, spring.1), 23);
    }
}

/// Where it is set at midnight, the day begins at one, or its first hour is there twice.
#[test]
fn a_day_begins_when_its_date_does() {
    let lies = |zone, time, begins, ends| hours(lies(zone, Period::Day, time, begins, ends));
    let santiago = "America/Santiago";
    let (begins, ends) = ("2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z");
    assert_eq!(lies(santiago, "2026-09-06T04:00:00Z", begins, ends), 23);
    let (begins, ends) = ("2026-04-04T03:00:00Z", "2026-04-05T04:00:00Z");
    assert_eq!(lies(santiago, "2026-04-05T03:30:00Z", begins, ends), 25);
}

#[test]
fn a_month_ends_where_it_is() {
    let lies = |zone, time, begins, ends| lies(zone, Period::Month, time, begins, ends);
    lies("UTC", "2026-02-28T23:59:59Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z");
    lies("UTC", "2028-02-29T12:00:00Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z");
    let berlin = "Europe/Berlin";
    lies(berlin, "2026-12-31T23:00:00Z", "2026-12-31T23:00:00Z", "2027-01-31T23:00:00Z");
    let march =
        lies(berlin, "2026-03-31T21:59:59Z", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z");
    assert_eq!(hours(march), 31 * 24 - 1);
}

#[test]
fn an_hour_is_one_where_the_clock_shows_it_twice() {
    let lies = |zone, time, begins, ends| lies(zone, Period::Hour, time, begins, ends);
    let berlin = "Europe/Berlin";
    lies(berlin, "2026-10-25T00:30:00Z", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z");
    lies(berlin, "2026-10-25T01:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z");
    lies(berlin, "2026-03-29T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z");
    lies("Asia/Kolkata", "2026-03-29T01:15:00Z", "2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z");
    // There it is set by half an hour.
    let howe = "Australia/Lord_Howe";
    lies(howe, "2026-10-03T15:40:00Z", "2026-10-03T14:30:00Z", "2026-10-03T16:00:00Z");
    lies(howe, "2026-04-04T15:10:00Z", "2026-04-04T15:00:00Z", "2026-04-04T15:30:00Z");
}

#[test]
fn a_total_never_ends() {
    let span = PeriodSpan::at(Period::Total, &TimeZone::UTC, us("2026-01-01T00:00:00Z"));
    assert_eq!((span.number, span.ends_us), (0, NEVER_US));
    // Nor does anything else end badly.
    for period in Period::ALL {
        for time in [0, u64::MAX] {
            let _ = PeriodSpan::at(period, &built_in(b"Europe/Berlin"), time);
        }
    }
}

/// Through two years and in each zone of these, minutes apart, periods follow each other.
#[test]
fn periods_follow_each_other() {
    let zones =
        ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu"];
    for zone in zones {
        let mut calendar = Calendar::default();
        let mut last = Period::ALL.map(|_| PeriodSpan::default());
        let step = 17 * 60 * SECOND + 1;
        for time in (us("2026-01-01T00:00:00Z")..us("2027-12-31T00:00:00Z")).step_by(step as usize)
        {
            for (period, last) in Period::ALL.into_iter().zip(&mut last) {
                let span = calendar.at(zone.as_bytes(), period, time);
                assert!(span.holds(time), "{zone} {period:?} {time}");
                assert!(
                    span == *last || span.begins_us >= last.ends_us,
                    "{zone} {period:?} {time}"
                );
                let next = span.number == last.number + 1 && span.begins_us == last.ends_us;
                let is_far = last.ends_us == 0 || period == Period::Minute;
                assert!(
                    span == *last || next || is_far,
                    "{zone} {period:?} {time}: {span:?} {last:?}"
                );
                *last = span;
            }
        }
    }
}

#[test]
fn a_clock_that_is_set_back_finds_the_period_that_it_shows() {
    let mut calendar = Calendar::default();
    let mut number = |time| calendar.at(b"Europe/Berlin", Period::Day, us(time)).number;
    let late = number("2026-01-02T00:00:00Z");
    assert_eq!(number("2026-01-01T00:00:00Z") + 1, late);
    assert_eq!(number("2026-01-02T01:00:00Z"), late);
}
