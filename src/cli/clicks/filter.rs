//! Which clicks a command is to take: times, a link, a verdict.

use clap::{Args, ValueEnum};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo, Timestamp};

use crate::clicks::{Filter, Verdict};
use crate::links::{Key, KeyScratch};

/// Which clicks are wanted.
#[derive(Args, Clone, Debug, Default)]
pub struct FilterArguments {
    /// Only clicks of this time and later: RFC 3339, a date (UTC), or so long ago,
    /// such as 15m, 2h or 7d.
    ///
    /// Segments whose first page says that they hold nothing of that time are not
    /// read.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub since: Option<u64>,
    /// Only clicks before this time.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub until: Option<u64>,
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
    /// The filter that is meant.
    #[must_use]
    pub fn filter(&self) -> Filter {
        Filter {
            times: self.since.unwrap_or(0)..self.until.unwrap_or(u64::MAX),
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

/// The time that an argument means, Unix µs.
///
/// # Errors
///
/// What to write instead.
pub fn time(text: &str) -> Result<u64, String> {
    time_at(text, Timestamp::now())
}

/// The time that `text` means, Unix µs, where it is `now`.
fn time_at(text: &str, now: Timestamp) -> Result<u64, String> {
    let time = match text.parse::<Span>() {
        // A sign would make it a time to come, or one that can be read twice.
        Ok(_) if text.starts_with(['-', '+']) || text.ends_with("ago") => None,
        Ok(span) => {
            let duration = span.to_duration(SpanRelativeTo::days_are_24_hours());
            duration.and_then(|duration| now.checked_sub(duration)).ok()
        }
        Err(_) => text.parse::<Timestamp>().ok().or_else(|| {
            let date = text.parse::<Date>().ok()?;
            (text.len() == DATE_BYTES)
                .then(|| date.to_zoned(TimeZone::UTC).ok())?
                .map(|midnight| midnight.timestamp())
        }),
    };
    time.and_then(|time| u64::try_from(time.as_microsecond()).ok()).ok_or_else(|| {
        "write a time such as 2026-11-22T13:00:00Z, a date such as 2026-11-22, or how long ago, \
         such as 15m, 2h or 7d"
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
        let time = time_at(text, now);
        assert_eq!(time.as_ref().ok().copied(), expected.map(|us| us as u64), "{text}");
        assert!(time.is_ok() || time.unwrap_err().contains("15m"));
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
