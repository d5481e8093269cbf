//! Times and sizes as people write them.

use std::time::Duration;

use bytesize::ByteSize;

const DAY_SECONDS: u64 = 24 * 60 * 60;

/// A time that something may take: a day is long enough for any of them, and far from
/// where clocks wrap.
pub fn time(text: &str) -> Result<Duration, String> {
    let time = parsed(text).ok_or("write a time with its unit: 10s, 250ms or 1m")?;
    let time_max = Duration::from_secs(DAY_SECONDS);
    if time <= time_max { Ok(time) } else { Err("longer than a day".to_owned()) }
}

/// A time that something is kept, which may be days: ten years are for ever here.
pub fn long_time(text: &str) -> Result<Duration, String> {
    let days = text.strip_suffix('d').and_then(|days| days.trim().parse::<u32>().ok());
    let time = match days {
        Some(days) => Some(Duration::from_secs(u64::from(days) * DAY_SECONDS)),
        None => parsed(text),
    };
    let time = time.ok_or("write a time with its unit: 10s, 5m, 12h or 7d")?;
    let time_max = Duration::from_secs(3650 * DAY_SECONDS);
    if time <= time_max { Ok(time) } else { Err("longer than ten years".to_owned()) }
}

fn parsed(text: &str) -> Option<Duration> {
    text.parse::<jiff::SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok())
}

/// A number of bytes.
pub fn size(text: &str) -> Result<ByteSize, String> {
    text.parse().map_err(|_| "write a size with its unit: 64MiB or 1GiB".to_owned())
}

/// How a time is written: in minutes where it is some of them.
pub fn written_time(time: Duration) -> String {
    match time.as_secs() {
        _ if time.is_zero() => "0s".to_owned(),
        seconds if seconds >= 120 && time == Duration::from_secs(seconds / 60 * 60) => {
            format!("{}m", seconds / 60)
        }
        _ => format!("{time:?}"),
    }
}

/// How a number of bytes is written: in the largest unit of which it is a multiple.
pub fn written_size(bytes: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "B")];
    let unit = units.into_iter().find(|(size, _)| bytes.is_multiple_of(*size) && bytes > 0);
    let (size, name) = unit.unwrap_or((1, "B"));
    format!("{}{name}", bytes / size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let check = |text: &str, seconds: Option<u64>| {
            assert_eq!(long_time(text).ok(), seconds.map(Duration::from_secs), "{text}");
        };
        check("0s", Some(0));
        check("90s", Some(90));
        check("5m", Some(300));
        check("7d", Some(604_800));
        check("4000d", None);
        check("-1s", None);
        check("7", None);
        check("d", None);
        assert_eq!(time("24h"), Ok(Duration::from_secs(DAY_SECONDS)));
        assert!(time("25h").is_err() && time("7d").is_err());
    }

    #[test]
    fn what_is_written_is_read_as_the_same() {
        let check = |ms: u64, text: &str| {
            let a_time = Duration::from_millis(ms);
            assert_eq!((written_time(a_time), time(text)), (text.to_owned(), Ok(a_time)));
        };
        check(0, "0s");
        check(250, "250ms");
        check(1_500, "1.5s");
        check(60_000, "60s");
        check(90_000, "90s");
        check(300_000, "5m");
        check(301_000, "301s");
        let check = |bytes: u64, text: &str| {
            assert_eq!((written_size(bytes), size(text)), (text.to_owned(), Ok(ByteSize(bytes))));
        };
        check(0, "0B");
        check(1023, "1023B");
        check(64 << 10, "64KiB");
        check(128 << 20, "128MiB");
        check(3 << 30, "3GiB");
    }
}
