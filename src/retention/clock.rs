//! Whether the clock of the machine may be believed where segments are to go by their age:
//! one that leaps ahead makes everything old at once.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use super::survey::Survey;
use super::words::{duration, time};
use crate::disk::aside::Aside;
use crate::disk::state;
use crate::limits::{CLOCK_DOUBT_MS_MAX, CLOCK_SLACK_MS};

/// Name of the file that it is kept in, in the state folder.
const NAME: &str = "clock";
const SLACK_US: u64 = CLOCK_SLACK_MS * 1000;

/// What is known of the clock, from one look to the next, and from one run to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockTrust {
    /// What it should say, Unix µs.
    known_us: u64,
    /// It says something else.
    doubt: Option<Doubt>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Doubt {
    /// What it said last, Unix µs.
    said_us: u64,
    /// For how long it has gone on from there, µs.
    steady_us: u64,
}

/// What a look at the clock came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockState {
    /// It can be believed.
    Trusted,
    /// It is not what it should be.
    Doubted {
        /// What it should be, Unix µs.
        known_us: u64,
        /// It is believed when it has gone on for so long from where it is now, µs.
        left_us: u64,
    },
}

/// How far a clock may be ahead of what is known after a time of which nothing is known:
/// a quarter of what is kept, so that no more than that goes too early.
pub(super) fn gap_us(keep: Duration) -> u64 {
    u64::try_from(keep.as_micros() / 4).unwrap_or(u64::MAX)
}

fn doubt_us_max(keep: Duration) -> u64 {
    gap_us(keep).min(CLOCK_DOUBT_MS_MAX * 1000)
}

/// Whether a clock that says `now_us` has gone on from `before_us` as it should: for
/// `elapsed_us`, or where that is not known, for no longer than what is allowed.
fn goes_on(before_us: u64, now_us: u64, elapsed_us: Option<u64>, keep: Duration) -> bool {
    let (least, most) = elapsed_us.map_or((0, gap_us(keep)), |elapsed| (elapsed, elapsed));
    let from = before_us.saturating_add(least).saturating_sub(SLACK_US);
    (from..=before_us.saturating_add(most).saturating_add(SLACK_US)).contains(&now_us)
}

impl ClockTrust {
    /// One that believes the clock, which says this.
    #[must_use]
    pub fn new(now_us: u64) -> Self {
        Self { known_us: now_us, doubt: None }
    }

    /// Looks at the clock, which says `now_us`, so long after the last look; `None` where
    /// that is not known, as another process looked last.
    pub fn look(&mut self, now_us: u64, elapsed_us: Option<u64>, keep: Duration) -> ClockState {
        if goes_on(self.known_us, now_us, elapsed_us, keep) {
            *self = Self::new(now_us);
            return ClockState::Trusted;
        }
        let passed_us = elapsed_us.unwrap_or(0);
        self.known_us = self.known_us.saturating_add(passed_us);
        let before = self.doubt.filter(|it| goes_on(it.said_us, now_us, elapsed_us, keep));
        let steady_us = before.map_or(0, |doubt| doubt.steady_us.saturating_add(passed_us));
        if before.is_some() && steady_us >= doubt_us_max(keep) {
            *self = Self::new(now_us);
            return ClockState::Trusted;
        }
        self.doubt = Some(Doubt { said_us: now_us, steady_us });
        let left_us = doubt_us_max(keep).saturating_sub(steady_us);
        ClockState::Doubted { known_us: self.known_us, left_us }
    }

    /// What a click folder keeps of it, where there is such a file and it can be understood.
    ///
    /// # Errors
    ///
    /// Those of reading.
    pub fn load(clicks: &Path) -> io::Result<Option<Self>> {
        match fs::read_to_string(path(clicks)) {
            Ok(text) => Ok(Self::read(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps it there.
    ///
    /// # Errors
    ///
    /// Those of writing.
    pub fn save(&self, clicks: &Path) -> io::Result<()> {
        state::make(clicks)?;
        Aside::create(&path(clicks), 0o600)?.put(self.text().as_bytes())
    }

    fn text(&self) -> String {
        let known = format!("known {}\n", time(self.known_us));
        match self.doubt {
            None => known,
            Some(Doubt { said_us, steady_us }) => {
                format!("{known}said {} for {steady_us}\n", time(said_us))
            }
        }
    }

    fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let known_us = time_of(lines.next()?.strip_prefix("known ")?)?;
        let doubt = lines.next().and_then(|line| {
            let (said, steady) = line.strip_prefix("said ")?.split_once(" for ")?;
            Some(Doubt { said_us: time_of(said)?, steady_us: steady.parse().ok()? })
        });
        Some(Self { known_us, doubt })
    }
}

/// Why segments are not to be deleted for their age by a command, where the clock says
/// `now_us`; `None` where they may be. A clock that is behind deletes too little, at most.
#[must_use]
pub fn doubted(clicks: &Path, survey: &Survey, now_us: u64, keep: Duration) -> Option<String> {
    let kept = ClockTrust::load(clicks).ok().flatten();
    let known_us = match kept {
        // A server that doubts the clock adds to the list by it all the same.
        Some(ClockTrust { known_us, doubt: Some(_) }) => known_us,
        _ => kept.map(|clock| clock.known_us).max(survey.told_us)?,
    };
    let ahead_us = now_us.saturating_sub(known_us);
    if ahead_us <= gap_us(keep).saturating_add(SLACK_US) {
        return None;
    }
    let keep_us = u64::try_from(keep.as_micros()).unwrap_or(u64::MAX);
    Some(format!(
        "the clock says {}, {} after what {} last knew of: if it is wrong, --keep deletes what is \
         not old. Set it right; or, if it is, say --before {}",
        time(now_us),
        duration(ahead_us),
        clicks.display(),
        time(now_us.saturating_sub(keep_us) / 1_000_000 * 1_000_000)
    ))
}

fn path(clicks: &Path) -> PathBuf {
    state::path(clicks).join(NAME)
}

fn time_of(text: &str) -> Option<u64> {
    u64::try_from(text.parse::<Timestamp>().ok()?.as_microsecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000_000;
    const DAY: u64 = 24 * HOUR;
    const KEEP: Duration = Duration::from_hours(30 * 24);
    const BEGIN: u64 = 1_795_000_000_000_000;

    /// Looks at these times, so long after the look before; whether the clock was believed.
    fn looks<const N: usize>(looks: [(u64, Option<u64>); N]) -> [bool; N] {
        let mut trust = ClockTrust::new(BEGIN);
        looks.map(|(now, elapsed)| {
            // As it would be kept.
            trust = ClockTrust::read(&trust.text()).unwrap();
            trust.look(now, elapsed, KEEP) == ClockState::Trusted
        })
    }

    #[test]
    fn it_goes_on() {
        let (a, b) = (BEGIN + HOUR, BEGIN + 2 * HOUR + 1_000_000);
        assert_eq!(looks([(a, Some(HOUR)), (b, Some(HOUR))]), [true; 2]);
    }
    #[test]
    fn it_leaps_ahead_and_comes_back() {
        let ahead = BEGIN + 100 * DAY;
        let steps =
            [(ahead, Some(HOUR)), (ahead + HOUR, Some(HOUR)), (BEGIN + 3 * HOUR, Some(HOUR))];
        assert_eq!(looks(steps), [false, false, true]);
    }
    #[test]
    fn it_leaps_ahead_and_stays_there() {
        let ahead = BEGIN + 100 * DAY;
        let steps =
            [(ahead, Some(HOUR)), (ahead + DAY / 2, Some(DAY / 2)), (ahead + DAY, Some(DAY / 2))];
        assert_eq!(looks(steps), [false, false, true]);
    }
    #[test]
    fn starts_do_not_make_a_leap_true() {
        let ahead = BEGIN + 100 * DAY;
        let steps = [(ahead, None), (ahead + HOUR, None), (ahead + 2 * HOUR, Some(HOUR))];
        assert_eq!(looks(steps), [false; 3]);
    }
    #[test]
    fn it_is_set_back() {
        let behind = BEGIN - 100 * DAY;
        assert_eq!(looks([(behind, None), (BEGIN + DAY, None)]), [false, true]);
    }
    #[test]
    fn the_machine_was_off_for_a_while() {
        assert_eq!(looks([(BEGIN + 7 * DAY, None)]), [true]);
        assert_eq!(looks([(BEGIN + 8 * DAY, None)]), [false]);
    }
    #[test]
    fn what_is_no_such_file() {
        for text in ["", "known", "known yesterday\n"] {
            assert_eq!(ClockTrust::read(text), None);
        }
    }
}
