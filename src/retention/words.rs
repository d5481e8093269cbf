//! What is said of segments that go, or stay.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::Rules;
use super::carry_out::Pruned;
use super::choose::Choice;
use super::survey::Survey;
use crate::words::{counted, mebibytes};

/// The flags that were given.
pub(super) fn flags(rules: &Rules) -> String {
    let flags = [
        ("--keep", rules.keep.is_some()),
        ("--before", rules.before_us.is_some()),
        ("--max-disk", rules.disk_bytes_max.is_some()),
    ];
    let given: Vec<_> = flags.into_iter().filter(|(_, is_given)| *is_given).collect();
    given.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(" and ")
}

/// RFC 3339, UTC.
pub(super) fn time(us: u64) -> String {
    let time = i64::try_from(us).ok().and_then(|us| Timestamp::from_microsecond(us).ok());
    time.map_or_else(|| us.to_string(), |time| time.to_string())
}

/// A time, in whole units.
pub(super) fn duration(us: u64) -> String {
    let time = Duration::from_micros(us);
    match time.as_secs() {
        seconds @ 0..120 => counted(seconds, "second"),
        seconds @ 120..7200 => counted(seconds.div_ceil(60), "minute"),
        seconds => counted(seconds.div_ceil(3600), "hour"),
    }
}

/// What a server keeps; `None` for everything.
#[must_use]
pub fn rules(rules: &Rules) -> Option<String> {
    let keep = rules.keep.map(|keep| format!("for {}", long(keep)));
    let most = rules.disk_bytes_max.map(|bytes| format!("at most {}", mebibytes(bytes)));
    let parts: Vec<_> = keep.into_iter().chain(most).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// A time that is whole days, or not.
fn long(time: Duration) -> String {
    let (seconds, day) = (time.as_secs(), 86_400);
    match seconds % day {
        0 => counted(seconds / day, "day"),
        _ => duration(u64::try_from(time.as_micros()).unwrap_or(u64::MAX)),
    }
}

/// What went.
#[must_use]
pub fn went(went: &Pruned) -> String {
    format!(
        "{} with {}, {}, from {} to {}",
        counted(went.segments, "segment"),
        counted(went.clicks, "click"),
        mebibytes(went.bytes),
        time(went.from_us),
        time(went.to_us)
    )
}

/// What is held by sinks; `None` for nothing.
#[must_use]
pub fn held(clicks: &Path, rules: &Rules, survey: &Survey, choice: &Choice) -> Option<String> {
    let held: Vec<_> = choice
        .held
        .iter()
        .map(|held| {
            format!(
                "`{}` lacks {} of {} ({})",
                survey.sinks[held.sink],
                counted(held.clicks, "click"),
                counted(held.segments, "segment"),
                mebibytes(held.bytes)
            )
        })
        .collect();
    let first = &survey.sinks[choice.held.first()?.sink];
    let (folder, over) = (
        clicks.display(),
        match choice.over_bytes {
            0 => String::new(),
            over => format!(", and the click folder takes {} too much", mebibytes(over)),
        },
    );
    Some(format!(
        "some segments that are to go by {} stay, as registered sinks lack them: {}{over}. Let \
         `carom ship` bring them there; forget a sink that is not wanted any more with `carom ship \
         {folder} --forget {first}`; or delete them all the same with `carom clicks prune {folder} \
         --force`",
        flags(rules),
        held.join(", ")
    ))
}

/// Where nothing more may go.
#[must_use]
pub fn over(rules: &Rules, over_bytes: u64) -> String {
    let max = rules.disk_bytes_max.unwrap_or(0);
    format!(
        "the click folder takes {} more than --max-disk says ({}), and all that is left is still \
         written, kept ready, or not in the list of segments: give it more, make segments smaller \
         with --segment-size, or see with `carom clicks verify` what is not listed",
        mebibytes(over_bytes),
        mebibytes(max)
    )
}
