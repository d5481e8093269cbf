//! Which clicks a command is to take: times, a link, a verdict.

use clap::{Args, ValueEnum};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo, Timestamp};

use crate::clicks::{Filter, LocalTime, Verdict};
use crate::links::{Key, KeyScratch, ZoneName};

/// Which clicks are wanted.
#[derive(Args, Clone, Debug, Default)]
pub struct FilterArguments {
    /// Only clicks of this time and later: RFC 3339, a date, today, yesterday, or so long
    /// ago, such as 15m, 2h or 7d.
    ///
    /// Segments whose first page says that they hold nothing of that time are not
    /// read.
    #[arg(long, value_name = "TIME", value_parser = ClickTime::parse)]
    pub since: Option<ClickTime>,
    /// Only clicks before this time.
    #[arg(long, value_name = "TIME", value_parser = ClickTime::parse)]
    pub until: Option<ClickTime>,
    /// Time zone in which days begin, such as Europe/Berlin or +01:00 [default: UTC].
    #[arg(long, value_name = "ZONE")]
    pub tz: Option<ZoneName>,
    /// Only clicks of this link: its id as clicks show it, or its key or its id=N as
    /// in a link file.
    #[arg(long, value_name = "ID|id=N|KEY", value_parser = link)]
    pub link: Option<u64>,
    /// Only clicks with this verdict.
    #[arg(long, value_enum)]
    pub verdict: Option<VerdictArgument>,
    /// Only clicks with this tag; with an empty one, those that have none.
    #[arg(long)]
    pub tag: Option<String>,
}

/// What was found for a click.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum VerdictArgument {
    /// A link, or the fallback.
    Redirect,
    /// No link: 404.
    Unknown,
    /// A link without a target: 410.
    Gone,
}

impl FilterArguments {
    /// The zone that is meant.
    #[must_use]
    pub fn zone(&self) -> TimeZone {
        self.tz.as_ref().map_or(TimeZone::UTC, |tz| tz.zone().clone())
    }

    /// The zone, as it was said.
    #[must_use]
    pub fn zone_name(&self) -> String {
        self.tz.as_ref().map_or_else(|| "UTC".to_owned(), ToString::to_string)
    }

    /// What clicks must be, for people; empty where all are taken.
    #[must_use]
    pub fn told(&self) -> String {
        let (zone, filter) = (self.zone(), self.filter());
        let local = LocalTime::new(zone.clone());
        let time = |time: ClickTime| local.second_for_people(time.at(&zone));
        let verdict = self.verdict.and_then(|verdict| verdict.to_possible_value());
        let parts = [
            self.since.map(|since| format!("since {}", time(since))),
            self.until.map(|until| format!("before {}", time(until))),
            filter.link.map(|link| format!("link {link:016x}")),
            verdict.map(|verdict| format!("verdict {}", verdict.get_name())),
            self.tag.as_ref().map(|tag| match &**tag {
                "" => "without a tag".to_owned(),
                tag => format!("tag {tag}"),
            }),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// The filter that is meant.
    #[must_use]
    pub fn filter(&self) -> Filter {
        let zone = self.zone();
        let time = |time: ClickTime| time.at(&zone);
        Filter {
            times: self.since.map_or(0, time)..self.until.map_or(u64::MAX, time),
            link: self.link,
            verdict: self.verdict.map(|verdict| match verdict {
                VerdictArgument::Redirect => Verdict::REDIRECT,
                VerdictArgument::Unknown => Verdict::UNKNOWN,
                VerdictArgument::Gone => Verdict::GONE,
            }),
            tag: self.tag.clone().map(String::into_bytes),
        }
    }
}

/// A time that an argument means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClickTime {
    /// Unix µs.
    At(u64),
    /// The beginning of a day, by the clocks of a zone.
    Day(Date),
    /// The beginning of the day so many days before that of a moment.
    DaysBefore(i64, Timestamp),
}

impl ClickTime {
    /// Reads what an argument says now.
    ///
    /// # Errors
    ///
    /// What to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        time_at(text, Timestamp::now())
    }

    /// When it is in this zone, Unix µs; the earliest or the latest of all clicks, where it
    /// is out of their reach.
    #[must_use]
    pub fn at(self, zone: &TimeZone) -> u64 {
        let begin = |date: Date| {
            let begin = date.to_zoned(zone.clone());
            let us = begin.map_or(i64::MAX, |begin| begin.timestamp().as_microsecond());
            u64::try_from(us).unwrap_or(0)
        };
        match self {
            Self::At(us) => us,
            Self::Day(date) => begin(date),
            Self::DaysBefore(days, now) => {
                let today = now.to_zoned(zone.clone()).date();
                begin(today.saturating_sub(Span::new().days(days)))
            }
        }
    }
}

impl From<u64> for ClickTime {
    fn from(time_us: u64) -> Self {
        Self::At(time_us)
    }
}

/// The time that an argument means, Unix µs; days are those of UTC.
///
/// # Errors
///
/// What to write instead.
pub fn time(text: &str) -> Result<u64, String> {
    ClickTime::parse(text).map(|time| time.at(&TimeZone::UTC))
}

/// The time that `text` means, where it is `now`.
fn time_at(text: &str, now: Timestamp) -> Result<ClickTime, String> {
    match text {
        "now" => return Ok(ClickTime::At(u64::try_from(now.as_microsecond()).unwrap_or(0))),
        "today" => return Ok(ClickTime::DaysBefore(0, now)),
        "yesterday" => return Ok(ClickTime::DaysBefore(1, now)),
        _ => {}
    }
    // What clicks can be of began in 1970.
    if let Ok(date) = text.parse::<Date>()
        && text.len() == DATE_BYTES
        && date.year() >= 1970
    {
        return Ok(ClickTime::Day(date));
    }
    let time = match text.parse::<Span>() {
        // A sign would make it a time to come, or one that can be read twice.
        Ok(_) if text.starts_with(['-', '+']) || text.ends_with("ago") => None,
        Ok(span) => {
            let duration = span.to_duration(SpanRelativeTo::days_are_24_hours());
            duration.and_then(|duration| now.checked_sub(duration)).ok()
        }
        Err(_) => text.parse::<Timestamp>().ok(),
    };
    let time = time.and_then(|time| u64::try_from(time.as_microsecond()).ok());
    time.map(ClickTime::At).ok_or_else(|| {
        "write a time such as 2026-11-22T13:00:00Z, a date such as 2026-11-22, today, yesterday, or \
         how long ago, such as 15m, 2h or 7d"
            .to_owned()
    })
}

/// Length of a date by itself.
const DATE_BYTES: usize = "2026-11-22".len();

/// The id of the link that `text` means. Keys have a slash, ids have none.
fn link(text: &str) -> Result<u64, String> {
    if let Some(number) = text.strip_prefix("id=") {
        let number = number.parse().ok().filter(|&id| id > 0);
        return number.ok_or_else(|| format!("{text} is no id from 1 to {}", u64::MAX));
    }
    if text.contains('/') {
        let mut scratch = KeyScratch::default();
        return Key::parse(text.as_bytes(), &mut scratch)
            .map(|key| key.id())
            .map_err(|problem| problem.to_string());
    }
    let is_id = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let id = if is_id { u64::from_str_radix(text, 16).ok() } else { None };
    id.ok_or_else(|| {
        "write the 16 hexadecimal digits that clicks show, or the key as it stands in the link \
         file, such as /go/summer-deal"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `text` must mean `expected`, where it is noon of 2026-11-22.
    fn check(text: &str, expected: Option<&str>) {
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        let expected = expected.map(|time| time.parse::<Timestamp>().unwrap().as_microsecond());
        let time = time_at(text, now).map(|time| time.at(&TimeZone::UTC));
        assert_eq!(time.as_ref().ok().copied(), expected.map(|us| us as u64), "{text}");
        assert!(time.is_ok() || time.unwrap_err().contains("15m"));
    }

    /// The same in a zone, where it is half past midnight there.
    fn check_in(zone: &str, text: &str, expected: &str) {
        let now = "2026-11-21T23:30:00Z".parse().unwrap();
        let zone: ZoneName = zone.parse().unwrap();
        let expected = expected.parse::<Timestamp>().unwrap().as_microsecond();
        assert_eq!(time_at(text, now).unwrap().at(zone.zone()), expected as u64, "{text}");
    }

    #[test]
    fn a_moment() {
        check("2026-11-21T13:19:22.577824Z", Some("2026-11-21T13:19:22.577824Z"));
    }
    #[test]
    fn a_moment_elsewhere() {
        check("2026-11-21T13:19:22+02:00", Some("2026-11-21T11:19:22Z"));
    }
    #[test]
    fn a_day() {
        check("2026-11-21", Some("2026-11-21T00:00:00Z"));
    }
    #[test]
    fn days_of_a_zone() {
        check("today", Some("2026-11-22T00:00:00Z"));
        check("yesterday", Some("2026-11-21T00:00:00Z"));
        check_in("Europe/Berlin", "today", "2026-11-21T23:00:00Z");
        check_in("Europe/Berlin", "yesterday", "2026-11-20T23:00:00Z");
        check_in("UTC", "yesterday", "2026-11-20T00:00:00Z");
        check_in("America/New_York", "2026-11-01", "2026-11-01T04:00:00Z");
        check_in("Europe/Berlin", "1970-01-01", "1970-01-01T00:00:00Z");
        check_in("Europe/Berlin", "2h", "2026-11-21T21:30:00Z");
        check("now", Some("2026-11-22T12:00:00Z"));
    }
    #[test]
    fn minutes_ago() {
        check("15m", Some("2026-11-22T11:45:00Z"));
    }
    #[test]
    fn hours_ago() {
        check("2h", Some("2026-11-22T10:00:00Z"));
    }
    #[test]
    fn days_ago() {
        check("7d", Some("2026-11-15T12:00:00Z"));
    }
    #[test]
    fn several_units_ago() {
        check("1d 30m", Some("2026-11-21T11:30:00Z"));
    }
    #[test]
    fn months_have_no_fixed_length() {
        check("1mo", None);
    }
    #[test]
    fn a_time_of_no_day() {
        check("13:00", None);
        check("2026-11-21T13:00:00", None);
    }
    #[test]
    fn a_time_to_come() {
        check("-2h", None);
    }
    #[test]
    fn before_the_epoch() {
        check("1969-12-31", None);
        check("100000d", None);
    }

    #[test]
    fn links_by_id_and_by_key() {
        assert_eq!(link("e01447c5e8eaa6a1"), Ok(0xe014_47c5_e8ea_a6a1));
        assert_eq!(link("/go/summer-deal"), Ok(0xe014_47c5_e8ea_a6a1));
        assert_eq!(link("/go/%73ummer-deal"), Ok(0xe014_47c5_e8ea_a6a1));
        assert_ne!(link("go.example/go/summer-deal"), link("/go/summer-deal"));
        assert_eq!(link("id=42"), Ok(42));
        assert_eq!(link("000000000000002a"), Ok(42));
        assert!(link("id=0").unwrap_err().contains("from 1 to"));
        assert!(link("id=2a").unwrap_err().contains("from 1 to"));
        assert!(link("e01447c5").unwrap_err().contains("16 hexadecimal digits"));
        assert!(link("summer-deal").unwrap_err().contains("16 hexadecimal digits"));
        assert!(link("/go/x#y").unwrap_err().contains("fragment"));
    }
}
