//! Rules of which the first that fits answers, as rows.

use std::collections::{HashMap, HashSet};

use super::claimed::Claimed;
use super::region::Region;
use super::rivals::Rivals;
use super::row::{Line, Row};
use crate::links::link::Setting;

/// A rule, in one key.
#[derive(Clone, Debug, Default)]
pub(super) struct OrderedRule {
    pub(super) line: u32,
    pub(super) key: Vec<u8>,
    pub(super) target: Vec<u8>,
    pub(super) status: String,
    pub(super) keeps_query: bool,
    /// Whether case makes no difference.
    pub(super) any_case: bool,
    pub(super) said: Vec<String>,
}

/// What a line of such a file is.
#[derive(Clone, Debug)]
pub(super) enum Ordered {
    Rule(OrderedRule),
    Refused(u32, String),
    /// The rule of a line is refused, and is for these requests.
    Claim(u32, Vec<Region>),
    Other(u32, String),
}

/// Hands them over; `whose`: whose rules they are.
pub(super) fn emit(whose: &str, all: &[Ordered], take: &mut dyn FnMut(u32, Line<'_>)) {
    let rules = || {
        all.iter().filter_map(|it| match it {
            Ordered::Rule(rule) => Some(rule),
            _ => None,
        })
    };
    let has_hosts = rules().any(|rule| !rule.key.starts_with(b"/"));
    let folds = rules().any(|rule| rule.any_case);
    let spelled = |rule: &OrderedRule| match folds {
        true => rule.key.to_ascii_lowercase(),
        false => rule.key.clone(),
    };
    let mut outdone = HashSet::new();
    if has_hosts {
        let mut rivals = Rivals::new(true);
        for rule in rules() {
            rivals.pass_spelled(&spelled(rule), rule.line, rule.any_case);
        }
        outdone = rivals.outdone();
    }
    let (mut rivals, mut claimed) = (Rivals::new(has_hosts), Claimed::default());
    let mut known: HashMap<Vec<u8>, &OrderedRule> = HashMap::new();
    for it in all {
        let rule = match it {
            Ordered::Rule(rule) => rule,
            Ordered::Refused(line, message) => {
                take(*line, Line::Refused(message.clone()));
                continue;
            }
            Ordered::Claim(line, regions) => {
                claimed.add(regions, *line);
                continue;
            }
            Ordered::Other(line, what) => {
                take(*line, Line::Other(what.clone()));
                continue;
            }
        };
        let key = spelled(rule);
        if let Some(earlier) = known.get(&key) {
            // The second key of another rule, or the same again.
            let is_same = earlier.target == rule.target && earlier.status == rule.status;
            if is_same || earlier.line == rule.line {
                continue;
            }
        }
        let mut said = rule.said.clone();
        let same = known.get(&key).filter(|it| it.any_case && !rule.any_case);
        let same = same.map(|earlier| earlier.line);
        let region = || Region::of_key(&rule.key, rule.any_case);
        if let Some(earlier) = rivals.pass_spelled(&key, rule.line, rule.any_case).or(same) {
            said.push(format!(
                "{whose} takes line {earlier}, which comes first; here the more exact key answers"
            ));
        } else if let Some(line) = claimed.before(&region()) {
            said.push(format!("{whose} looks at line {line} first, which is no link here"));
        }
        if outdone.contains(&rule.line) {
            said.push(format!(
                "to {whose} it comes before the rules below it; here more exact keys of any host answer first"
            ));
        }
        known.entry(key).or_insert(rule);
        hand_over(rule, &said, take);
    }
}

fn hand_over(rule: &OrderedRule, said: &[String], take: &mut dyn FnMut(u32, Line<'_>)) {
    let mut settings = Vec::new();
    if rule.keeps_query {
        settings.push(Setting { name: b"query", value: b"keep" });
    }
    if rule.any_case {
        settings.push(Setting { name: b"nocase", value: b"" });
    }
    let row = Row {
        key: &rule.key,
        target: &rule.target,
        status: Some(rule.status.as_bytes()),
        settings: &settings,
    };
    take(
        rule.line,
        match said {
            [] => Line::Link(row),
            said => Line::Changed(row, said.join("; ")),
        },
    );
}
