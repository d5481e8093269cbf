//! Why a request is answered as it is: every key that is looked at, and of its rules each
//! line, with what decided it. For people; a shard goes the same way without a word.

use crate::limits::PAST_MAX;
use crate::links::key::normalise;
use crate::links::link::{LinkAnswer, Picked, Picking, Status, Tried};
use crate::links::table::{Hit, Links, LookupScratch};
use crate::links::targets::Visit;
use crate::rules::{Asked, Cap, Splits, Zones};

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct AskedFor<'a> {
    /// `Host`.
    pub host: &'a [u8],
    /// The path, as it was sent.
    pub path: &'a [u8],
}

/// How often a line of a link has answered in the present period of its cap, in that zone;
/// `None`: that is not known.
pub type UsedOf<'s> = &'s dyn Fn(u64, u8, &Cap, &[u8]) -> Option<u64>;

/// What explaining needs beside the links and who asks.
pub struct Explaining<'s> {
    /// Where visitors are in splits.
    pub splits: &'s mut Splits,
    /// What time it is elsewhere.
    pub zones: &'s mut Zones,
    /// How often lines with a cap have answered.
    pub used: UsedOf<'s>,
}

/// One line of a key, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineExplained {
    /// Its number within its key, from 1.
    pub line: u8,
    /// As it stands in a link file.
    pub text: String,
    /// Whether it answers.
    pub answers: bool,
    /// Why it does, or does not.
    pub why: String,
}

/// One key that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyExplained {
    /// The key.
    pub key: String,
    /// The id of its link.
    pub id: u64,
    /// Its lines.
    pub lines: Vec<LineExplained>,
}

/// What is answered, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explained {
    /// The keys that were looked at, in that order: the last one answers, unless none does.
    pub keys: Vec<KeyExplained>,
    /// What is answered; `None`: no link answers.
    pub answer: Option<AnswerExplained>,
}

/// What a link answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerExplained {
    /// The HTTP status.
    pub status: u16,
    /// `Location`; empty with a 410.
    pub location: String,
    /// The number of the line; 0 for a link without rules.
    pub line: u8,
    /// Whether that is its `else=`.
    pub is_else: bool,
    /// Whether the key is the whole path.
    pub is_exact: bool,
}

impl Links {
    /// What these links answer, and why.
    #[must_use]
    pub fn explain(
        &self,
        question: &AskedFor<'_>,
        asked: &Asked<'_>,
        explaining: &mut Explaining<'_>,
    ) -> Explained {
        let (mut room, mut scratch) = (Vec::new(), LookupScratch::default());
        let path = normalise(question.path, &mut room);
        let ask = self.ask(question.host, path);
        let mut past = Vec::new();
        let mut explained = Explained::default();
        while past.len() < PAST_MAX {
            let found = self.find_past(&ask, path, asked.query, &mut scratch, &past);
            let Some(hit) = found else { break };
            let Some(link) = self.link(&hit) else { break };
            past.push(hit.place());
            let mut key = KeyExplained { key: link.name(), id: hit.id, lines: Vec::new() };
            let (line, answer) = match hit.has_rules() {
                false => {
                    let answer = hit.answer(asked.unix_us);
                    key.lines.push(of_link(&link.to_string(), &answer));
                    (0, answer)
                }
                true => match explaining.pick(&hit, asked, &link.to_string(), &mut key.lines) {
                    Picked::Line(line, answer) => (line, answer),
                    Picked::NotNow => (0, LinkAnswer::GONE),
                    Picked::Nobody => {
                        explained.keys.push(key);
                        continue;
                    }
                },
            };
            explained.keys.push(key);
            let visit = Visit {
                path,
                captured: hit.captured(path),
                query: asked.query.unwrap_or_default(),
                host: question.host,
                referer: asked.referer,
                user_agent: asked.user_agent,
                ip: asked.address,
                unix_seconds: asked.unix_us / 1_000_000,
            };
            let mut location = Vec::new();
            // One that is too long is told as none.
            let _ = answer.target.write(&visit, &mut location);
            explained.answer = Some(AnswerExplained {
                status: answer.status.code(),
                location: String::from_utf8_lossy(&location).into_owned(),
                line,
                is_else: answer.is_else,
                is_exact: hit.exact,
            });
            break;
        }
        explained
    }
}

fn of_link(text: &str, answer: &LinkAnswer<'_>) -> LineExplained {
    let why = match (answer.is_else, answer.status) {
        (true, _) => "it is not its time, so its else= answers",
        (false, Status::Gone) => "it is gone, or it is not its time",
        _ => "it has no rules, and answers everybody",
    };
    LineExplained { line: 0, text: text.to_owned(), answers: true, why: why.to_owned() }
}

impl Explaining<'_> {
    /// Picks as a shard does, and says of each line why.
    fn pick<'a>(
        &mut self,
        hit: &Hit<'a>,
        asked: &Asked<'_>,
        text: &str,
        lines: &mut Vec<LineExplained>,
    ) -> Picked<'a> {
        lines.extend((1..).zip(text.lines()).map(|(line, text)| LineExplained {
            line,
            text: text.to_owned(),
            answers: false,
            why: "it is not reached".to_owned(),
        }));
        let mut tried = Vec::new();
        let used = self.used;
        let mut take = |line: u8, cap: &Cap, zone: &[u8]| {
            used(hit.id, line, cap, zone).is_none_or(|used| used < cap.count)
        };
        let mut picking = Picking {
            link: hit.id,
            splits: &mut *self.splits,
            zones: &mut *self.zones,
            take: &mut take,
        };
        let picked = hit.pick(&mut picking, asked, &mut |line, what| tried.push((line, what)));
        for (number, what) in tried {
            let Some(line) = lines.get_mut(usize::from(number) - 1) else { continue };
            let zone = hit.zone_of(number);
            let why = self.why(&what, asked, zone, &line.why);
            (line.answers, line.why) = (matches!(what, Tried::Answers { .. }), why);
        }
        picked
    }

    fn why(&mut self, what: &Tried<'_>, asked: &Asked<'_>, zone: &[u8], before: &str) -> String {
        // What was said of a split comes before what then became of its line.
        let before = if before.starts_with("the visitor is at") {
            format!("{before}; ")
        } else {
            String::new()
        };
        match what {
            Tried::Fails(condition) => {
                format!("{condition} does not hold: {}", condition.seen(asked, self.zones, zone))
            }
            Tried::OutOfTime => format!("{before}it is not its time (from=, until=)"),
            Tried::OverCap(cap) => format!("{before}its cap of {cap} is reached"),
            Tried::OwnPart { point, sum, range: (begin, end) } => {
                format!("the visitor is at {point} of {sum}, and its share is {begin} to {end}")
            }
            Tried::OtherPart { point, sum, range: (begin, end) } => format!(
                "the visitor is at {point} of {sum}, and its share is {begin} to {end}: another line is picked"
            ),
            Tried::Answers { by_else: true } => format!("{before}its else= answers"),
            Tried::Answers { by_else: false } if before.is_empty() => {
                "all of its conditions hold".to_owned()
            }
            Tried::Answers { by_else: false } => format!("{before}it answers"),
        }
    }
}
