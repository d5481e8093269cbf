//! Which segments go.

use std::path::PathBuf;

use super::Rules;
use super::survey::{Survey, Surveyed};
use crate::clicks::DeletedWhy;

/// Now, as far as a segment may be judged by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The time, Unix µs.
    pub now_us: u64,
    /// The clock can be believed, so segments go by their age.
    pub is_trusted: bool,
}

/// A segment that goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Going {
    /// Which of the survey.
    pub segment: usize,
    /// Why.
    pub why: DeletedWhy,
}

/// What stays because a sink lacks it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Which of the sinks of the survey.
    pub sink: usize,
    /// Segments that would go.
    pub segments: u64,
    /// Clicks of them that it lacks.
    pub clicks: u64,
    /// What they take on the disk, bytes.
    pub bytes: u64,
}

/// What goes, and what does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// What goes, the oldest first.
    pub goes: Vec<Going>,
    /// What is held, by sink.
    pub held: Vec<Held>,
    /// Segments that would go, and are not what the list says.
    pub strange: u64,
    /// By how much some folder still takes more than it may, bytes.
    pub over_bytes: u64,
}

/// Chooses. `is_free` says whether a segment that is to go may, apart from sinks;
/// with `force` they are not asked.
pub fn choose(
    survey: &Survey,
    rules: &Rules,
    moment: Moment,
    force: bool,
    is_free: impl Fn(&Surveyed) -> bool,
) -> Choice {
    let mut choosing = Choosing {
        survey,
        force,
        is_free,
        is_decided: vec![false; survey.segments.len()],
        choice: Choice::default(),
    };
    let mut order: Vec<_> =
        (0..survey.segments.len()).filter(|&at| survey.segments[at].contents.is_some()).collect();
    order.sort_by_key(|&at| (survey.segments[at].last_us.unwrap_or(u64::MAX), at));
    for &at in &order {
        if let Some(why) = too_old(survey, &survey.segments[at], rules, moment) {
            choosing.take(at, why);
        }
    }
    if let Some(bytes_max) = rules.disk_bytes_max {
        choosing.make_room(&order, bytes_max);
    }
    choosing.choice.held.sort_by_key(|held| held.sink);
    choosing.choice
}

/// Whether a segment is to go for its age.
fn too_old(
    survey: &Survey,
    segment: &Surveyed,
    rules: &Rules,
    moment: Moment,
) -> Option<DeletedWhy> {
    let last_us = segment.last_us?;
    if rules.before_us.is_some_and(|before_us| last_us < before_us) {
        return Some(DeletedWhy::Before);
    }
    let keep_us = rules.keep.filter(|_| moment.is_trusted)?.as_micros();
    let is_old = |age_us: u64| u128::from(age_us) >= keep_us;
    let is_due = is_old(moment.now_us.saturating_sub(last_us))
        // What the present server has written is judged by a clock that nobody sets, too.
        && survey.monotonic_age_us(segment).is_none_or(is_old);
    is_due.then_some(DeletedWhy::TooOld)
}

struct Choosing<'a, F> {
    survey: &'a Survey,
    force: bool,
    is_free: F,
    /// It goes, or may not.
    is_decided: Vec<bool>,
    choice: Choice,
}

impl<F: Fn(&Surveyed) -> bool> Choosing<'_, F> {
    /// Has a segment go, if it may; whether it does.
    fn take(&mut self, at: usize, why: DeletedWhy) -> bool {
        let segment = &self.survey.segments[at];
        if std::mem::replace(&mut self.is_decided[at], true) {
            return false;
        }
        if !(self.is_free)(segment) {
            self.choice.strange += 1;
            return false;
        }
        if !self.force && !segment.lacking.is_empty() {
            for lacking in &segment.lacking {
                let held = &mut self.choice.held;
                let place = held.iter().position(|it| it.sink == lacking.sink);
                let place = place.unwrap_or_else(|| {
                    held.push(Held { sink: lacking.sink, ..Held::default() });
                    held.len() - 1
                });
                held[place].segments += 1;
                held[place].clicks += lacking.clicks;
                held[place].bytes += segment.bytes;
            }
            return false;
        }
        self.choice.goes.push(Going { segment: at, why });
        true
    }

    /// Has the oldest of each folder go that takes more than it may.
    fn make_room(&mut self, order: &[usize], bytes_max: u64) {
        let survey = self.survey;
        let folder = |at: usize| survey.segments[at].file.path.parent();
        let mut folders: Vec<_> = (0..survey.segments.len()).filter_map(folder).collect();
        folders.sort_unstable();
        folders.dedup();
        for own in folders.into_iter().map(PathBuf::from) {
            let is_own = |at: &usize| folder(*at) == Some(&own);
            let bytes = |at: usize| survey.segments[at].bytes;
            let there: u64 = (0..survey.segments.len()).filter(is_own).map(bytes).sum();
            let going = self.choice.goes.iter().map(|going| going.segment).filter(is_own);
            let mut used = there - going.map(bytes).sum::<u64>();
            for at in order.iter().copied().filter(is_own) {
                if used <= bytes_max {
                    break;
                }
                if self.take(at, DeletedWhy::MaxDisk) {
                    used -= bytes(at);
                }
            }
            let over = used.saturating_sub(bytes_max);
            self.choice.over_bytes = over.max(self.choice.over_bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::survey::Lacking;
    use super::*;
    use crate::clicks::folder::SegmentFile;
    use crate::clicks::{Contents, Salt};

    const NOW: Moment = Moment { now_us: 1_000_000, is_trusted: true };

    /// A segment of 100 bytes in this folder, whose last click was at this time.
    fn segment(folder: &str, shard: u16, number: u64, last_us: Option<u64>) -> Surveyed {
        let contents = Contents {
            run: 1,
            salt: Salt::new(2),
            first: 1,
            last: 10,
            clicks: 10,
            lost: 0,
            bytes: 90,
            from_us: 0,
            to_us: last_us.unwrap_or(u64::MAX),
            digest: None,
        };
        let path = PathBuf::from(format!("{folder}/{shard}-{number}"));
        let file = SegmentFile { shard, number, path };
        Surveyed { file, bytes: 100, contents: Some(contents), last_us, lacking: Vec::new() }
    }

    /// Two shards, whose segments took turns; one that is open, and one of a time to come.
    fn survey() -> Survey {
        let mut segments = vec![
            segment("a", 0, 1, Some(100)),
            segment("a", 0, 2, Some(300)),
            segment("a", 0, 3, None),
            segment("a", 1, 1, Some(200)),
            segment("a", 1, 2, Some(400)),
        ];
        segments.push(Surveyed { contents: None, ..segment("a", 1, 3, None) });
        let sinks = vec!["one".to_owned(), "two".to_owned()];
        Survey { segments, sinks, ..Survey::default() }
    }

    /// What goes: which segments, in this order.
    fn goes(survey: &Survey, rules: Rules, moment: Moment, force: bool) -> (Vec<usize>, Choice) {
        let choice = choose(survey, &rules, moment, force, |_| true);
        (choice.goes.iter().map(|going| going.segment).collect(), choice)
    }

    fn keep_us(us: u64) -> Rules {
        Rules { keep: Some(std::time::Duration::from_micros(us)), ..Rules::default() }
    }

    fn at_most(bytes: u64) -> Rules {
        Rules { disk_bytes_max: Some(bytes), ..Rules::default() }
    }

    #[test]
    fn what_is_old_goes_and_nothing_of_a_time_to_come() {
        assert_eq!(goes(&survey(), keep_us(999_700), NOW, false).0, [0, 3, 1]);
        assert_eq!(goes(&survey(), keep_us(1), NOW, false).0, [0, 3, 1, 4]);
        assert!(goes(&survey(), keep_us(1_000_000), NOW, false).0.is_empty());
        let doubted = Moment { is_trusted: false, ..NOW };
        assert!(goes(&survey(), keep_us(1), doubted, true).0.is_empty());
        let before = Rules { before_us: Some(300), ..Rules::default() };
        assert_eq!(goes(&survey(), before, doubted, false).0, [0, 3]);
    }

    #[test]
    fn the_oldest_go_and_no_more_than_needed() {
        assert!(goes(&survey(), at_most(600), NOW, false).0.is_empty());
        assert_eq!(goes(&survey(), at_most(599), NOW, false).0, [0]);
        let (gone, choice) = goes(&survey(), at_most(300), NOW, false);
        assert_eq!((gone, choice.over_bytes), (vec![0, 3, 1], 0));
        // What is open stays.
        let (gone, choice) = goes(&survey(), at_most(0), NOW, false);
        assert_eq!((gone, choice.over_bytes), (vec![0, 3, 1, 4, 2], 100));
        // What goes for its age makes room, too.
        let both = Rules { disk_bytes_max: Some(300), ..keep_us(999_700) };
        let (gone, choice) = goes(&survey(), both, NOW, false);
        assert!(gone == [0, 3, 1] && choice.goes.iter().all(|it| it.why == DeletedWhy::TooOld));
    }

    #[test]
    fn a_spare_folder_has_a_bound_of_its_own() {
        let mut survey = survey();
        survey.segments.push(segment("b", 2, 1, Some(1)));
        survey.segments.push(segment("b", 2, 2, Some(2)));
        assert_eq!(goes(&survey, at_most(500), NOW, false).0, [0]);
        assert_eq!(goes(&survey, at_most(100), NOW, false).0, [0, 3, 1, 4, 2, 6]);
    }

    #[test]
    fn what_sinks_lack_is_held_and_others_go_for_it() {
        let mut survey = survey();
        survey.segments[0].lacking = vec![Lacking { sink: 1, clicks: 4 }];
        survey.segments[1].lacking = [0, 1].map(|sink| Lacking { sink, clicks: 10 }).to_vec();
        let (gone, choice) = goes(&survey, keep_us(1), NOW, false);
        let held = |sink, segments, clicks| Held { sink, segments, clicks, bytes: 100 * segments };
        assert_eq!((gone, choice.held), (vec![3, 4], vec![held(0, 1, 10), held(1, 2, 14)]));
        assert_eq!(goes(&survey, keep_us(1), NOW, true).0, [0, 3, 1, 4]);
        let (gone, choice) = goes(&survey, at_most(400), NOW, false);
        assert_eq!((gone, choice.over_bytes), (vec![3, 4], 0));
    }

    #[test]
    fn what_is_not_as_listed_stays() {
        let choice = choose(&survey(), &keep_us(1), NOW, true, |it| it.file.number != 1);
        let gone: Vec<_> = choice.goes.iter().map(|going| going.segment).collect();
        assert_eq!((gone, choice.strange), (vec![1, 4], 2));
    }
}
