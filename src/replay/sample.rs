//! A sample of a log's lines: the same ones each time, and as many from its end as
//! from its beginning.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::str::FromStr;

use super::formats::LogColumns;
use crate::limits::REPLAY_SAMPLE_BYTES_MAX;

/// How many lines are to be taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sample {
    /// So many of however many there are.
    Lines(usize),
    /// Each with this probability.
    Share(f64),
}

impl FromStr for Sample {
    type Err = String;

    fn from_str(text: &str) -> Result<Sample, String> {
        let wrong = || format!("`{text}` is no sample; write a number of lines, or 0.5% of them");
        if let Some(percent) = text.strip_suffix('%') {
            let percent: f64 = percent.trim().parse().map_err(|_| wrong())?;
            let is_share = percent > 0.0 && percent <= 100.0;
            return is_share.then_some(Sample::Share(percent / 100.0)).ok_or_else(wrong);
        }
        let lines = text.parse().ok().filter(|&lines| lines > 0).ok_or_else(wrong)?;
        Ok(Sample::Lines(lines))
    }
}

impl Sample {
    /// Whether a share takes this line.
    #[must_use]
    pub fn takes(self, line: u64) -> bool {
        match self {
            Self::Share(share) => (lot(line) as f64) < share * 2_f64.powi(64),
            Self::Lines(_) => true,
        }
    }
}

/// A number that a line draws, evenly from all there are (splitmix64).
fn lot(line: u64) -> u64 {
    let mut z = line.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// A line that was drawn; the highest lot is the first to go.
#[derive(Debug)]
struct Lot {
    lot: u64,
    line: DrawnLine,
}

impl Ord for Lot {
    fn cmp(&self, other: &Self) -> Ordering {
        self.lot.cmp(&other.lot)
    }
}

impl PartialOrd for Lot {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Lot {
    fn eq(&self, other: &Self) -> bool {
        self.lot == other.lot
    }
}

impl Eq for Lot {}

/// A line of the sample.
#[derive(Debug)]
pub struct DrawnLine {
    /// Its number in the log.
    pub number: u64,
    /// What it says.
    pub text: Box<[u8]>,
    /// What a heading said before it.
    pub columns: LogColumns,
}

/// Of all lines seen so far those with the lowest lots.
#[derive(Debug, Default)]
pub struct Drawn {
    lines: BinaryHeap<Lot>,
    most: usize,
    bytes: usize,
    is_cut: bool,
}

impl Drawn {
    /// A sample of at most so many lines.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    /// Takes a line, if its lot is low enough, in the place of another.
    pub fn offer(&mut self, number: u64, text: &[u8], columns: LogColumns) {
        let lot = lot(number);
        if self.lines.len() == self.most {
            if self.lines.peek().is_none_or(|highest| lot >= highest.lot) {
                return;
            }
            self.drop_one();
        }
        self.bytes += text.len() + size_of::<Lot>();
        let line = DrawnLine { number, text: text.into(), columns };
        self.lines.push(Lot { lot, line });
        while self.bytes > REPLAY_SAMPLE_BYTES_MAX {
            self.drop_one();
            self.most = self.lines.len();
            self.is_cut = true;
        }
    }

    fn drop_one(&mut self) {
        if let Some(dropped) = self.lines.pop() {
            self.bytes -= dropped.line.text.len() + size_of::<Lot>();
        }
    }

    /// Whether it has fewer lines than wished, for want of memory.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Its lines, in the order of the log.
    #[must_use]
    pub fn into_lines(self) -> Vec<DrawnLine> {
        let mut lines: Vec<_> = self.lines.into_iter().map(|lot| lot.line).collect();
        lines.sort_unstable_by_key(|line| line.number);
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written() {
        let check = |text: &str, wanted| assert_eq!(text.parse::<Sample>().ok(), wanted, "{text}");
        check("1000", Some(Sample::Lines(1000)));
        check("25%", Some(Sample::Share(0.25)));
        check("0.5 %", Some(Sample::Share(0.005)));
        check("100%", Some(Sample::Share(1.0)));
        for wrong in ["", "0", "-1", "0%", "101%", "NaN%", "x", "%"] {
            check(wrong, None);
        }
    }

    #[test]
    fn a_share_is_that_large_and_everywhere() {
        let sample = Sample::Share(0.1);
        for begin in [0, 100_000, 10_000_000] {
            let taken = (begin..begin + 10_000).filter(|&line| sample.takes(line)).count();
            assert!((900..1100).contains(&taken), "{taken} from {begin}");
        }
        assert!((1..10_000).all(|line| Sample::Share(1.0).takes(line)));
    }

    #[test]
    fn lines_are_drawn_from_the_whole_log() {
        let draw = |count: u64| {
            let mut drawn = Drawn::new(1000);
            (1..=count).for_each(|line| {
                drawn.offer(line, line.to_string().as_bytes(), LogColumns::default());
            });
            assert!(!drawn.is_cut());
            drawn.into_lines()
        };
        assert_eq!(draw(10).len(), 10);
        let lines = draw(100_000);
        assert_eq!(lines.len(), 1000);
        assert!(lines.is_sorted_by_key(|line| line.number));
        assert!(lines.iter().all(|line| line.number.to_string().as_bytes() == &*line.text));
        let early = lines.iter().filter(|line| line.number <= 50_000).count();
        assert!((400..600).contains(&early), "{early} of the first half");
    }

    #[test]
    fn too_long_lines_make_the_sample_smaller() {
        let mut drawn = Drawn::new(1000);
        drawn.bytes = REPLAY_SAMPLE_BYTES_MAX - 200;
        (1..=100).for_each(|line| drawn.offer(line, &[b'x'; 50], LogColumns::default()));
        assert!(drawn.is_cut() && drawn.lines.len() < 5);
    }
}
