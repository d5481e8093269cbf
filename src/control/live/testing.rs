//! `carom links test`: what a visitor would be answered, and why.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use serde::{Deserialize, Serialize};

use super::not_done::{NotDone, Reason};
use super::url::split;
use crate::limits::TEST_VISITORS_MAX;
use crate::links::{AskedFor, Explained, Explaining, Links, UsedOf, normalise};
use crate::machine::clock::unix_us;
use crate::rules::{Asked, HeadFields, Known, SplitKey, Splits, Zones};
use crate::shard::{Builtin, Builtins};
use crate::visitor::{Country, Place};

/// Visitors that are made up come from here (RFC 2544, RFC 3330: for measurements), one
/// after the other.
const MADE_UP: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 0);

/// Who asks for what, where it is said.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct TestQuestion {
    /// `/path` or `http://host/path`, with a query.
    pub url: String,
    /// Address; without one that of a visitor that is made up.
    pub ip: Option<IpAddr>,
    /// `User-Agent`.
    pub user_agent: String,
    /// `Accept-Language`.
    pub language: String,
    /// `Sec-CH-UA-Platform`.
    pub platform: String,
    /// Country in place of that of the address.
    pub country: Option<String>,
    /// Lists that the address is on, in place of those that it is on.
    pub lists: Option<Vec<String>>,
    /// `Referer`.
    pub referer: String,
    /// When, RFC 3339; without it now.
    pub at: Option<String>,
    /// Which of those that are made up, from 1.
    pub visitor: Option<u64>,
    /// So many of them, one after the other, and how many each line answers.
    pub repeat: Option<u64>,
}

/// What a visitor is answered, or how many of several each line answers.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tested {
    /// The HTTP status.
    pub status: u16,
    /// `Location`; empty without.
    pub location: String,
    /// The number of the line that answers; 0 for a link without rules, or none.
    pub line: u8,
    /// Whether that is its `else=`.
    pub is_else: bool,
    /// The server itself answers, as no link does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub built_in: Option<&'static str>,
    /// The keys that were looked at, and why.
    pub keys: Vec<KeyTested>,
    /// Of several visitors: how many were answered with what.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<Share>,
}

/// A key, and of its lines each.
#[derive(Clone, Debug, Serialize)]
pub struct KeyTested {
    /// As links are changed by it.
    pub key: String,
    /// The id of its link.
    pub id: String,
    /// Each of its lines.
    pub lines: Vec<LineTested>,
}

/// A line, and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct LineTested {
    /// Its number, from 1; 0 of a link without rules.
    pub line: u8,
    /// As a link file has it.
    pub text: String,
    /// Whether it answers.
    pub answers: bool,
    /// Why it does, or does not.
    pub why: String,
}

/// How many visitors a line answers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Share {
    /// What they are answered.
    pub status: u16,
    /// `Location`.
    pub location: String,
    /// The number of the line.
    pub line: u8,
    /// How many.
    pub visitors: u64,
}

/// What is known beside the links.
pub struct TestGround<'g> {
    /// The key of splits.
    pub split_key: SplitKey,
    /// What the server answers by itself.
    pub builtins: &'g Builtins,
    /// What an address tells.
    pub place: &'g dyn Fn(&[u8; 16]) -> Place,
    /// The names of lists.
    pub list_names: &'g [String],
    /// How often lines with a cap have answered.
    pub used: UsedOf<'g>,
}

impl TestQuestion {
    fn address(&self, visitor: u64) -> [u8; 16] {
        match self.ip {
            Some(IpAddr::V4(address)) => address.to_ipv6_mapped().octets(),
            Some(IpAddr::V6(address)) => address.octets(),
            None => made_up(visitor),
        }
    }

    fn place(&self, known: Place, country: Option<Country>) -> Place {
        let lists = match &self.lists {
            // A bit for each of them.
            Some(lists) => u64::MAX.checked_shr(64 - lists.len().min(64) as u32).unwrap_or(0),
            None => known.lists,
        };
        Place { country: country.unwrap_or(known.country), lists }
    }

    fn time_us(&self) -> Result<u64, String> {
        let Some(text) = &self.at else { return Ok(unix_us()) };
        let time: Result<jiff::Timestamp, _> = text.parse();
        match time {
            Ok(time) => Ok(time.as_microsecond().max(0).cast_unsigned()),
            Err(_) => {
                Err(format!("`{text}` is no time; write one such as 2026-12-01T22:00:00+01:00"))
            }
        }
    }
}

/// What these links answer.
///
/// # Errors
///
/// What of the question is not understood.
pub fn test(
    links: &Links,
    question: &TestQuestion,
    ground: &TestGround<'_>,
) -> Result<Tested, NotDone> {
    let wrong = |message: String| NotDone::new(Reason::NotUnderstood, message);
    let Some((host, path, query)) = split(&question.url) else {
        let url = &question.url;
        return Err(wrong(format!("`{url}` is no URL; write /path or http://host/path")));
    };
    let at = question.time_us().map_err(wrong)?;
    let country = question.country.as_ref().map(|code| Country::parse(code.as_bytes()));
    let country = country.transpose().map_err(wrong)?;
    let names: Vec<String> = match &question.lists {
        Some(lists) => lists.clone(),
        None => ground.list_names.to_vec(),
    };
    let count = question.repeat.unwrap_or(1);
    if count == 0 || count > TEST_VISITORS_MAX {
        return Err(wrong(format!("--repeat {count} is not from 1 to {TEST_VISITORS_MAX}")));
    }
    let mut splits = Splits::new(ground.split_key, unix_us());
    let mut zones = Zones::default();
    let first = question.visitor.unwrap_or(1);
    let mut shares: BTreeMap<(u8, u16, String), u64> = BTreeMap::new();
    let mut tested = Tested::default();
    for visitor in first..first.saturating_add(count) {
        let address = question.address(visitor);
        let place = question.place((ground.place)(&address), country);
        let fields = HeadFields {
            language: question.language.as_bytes(),
            platform: question.platform.as_bytes(),
        };
        let asked = Asked {
            address,
            place,
            list_names: &names,
            user_agent: question.user_agent.as_bytes(),
            referer: question.referer.as_bytes(),
            query: query.map(str::as_bytes),
            unix_us: at,
            find_fields: &|| fields,
            known: Known::default(),
        };
        let asked_for = AskedFor { host: host.as_bytes(), path: path.as_bytes() };
        let mut explaining =
            Explaining { splits: &mut splits, zones: &mut zones, used: ground.used };
        let explained = links.explain(&asked_for, &asked, &mut explaining);
        let answered = answered(explained, path, ground.builtins);
        if question.repeat.is_some() {
            let key = (answered.line, answered.status, answered.location.clone());
            *shares.entry(key).or_default() += 1;
        }
        if visitor == first {
            tested = answered;
        }
    }
    tested.shares = shares
        .into_iter()
        .map(|((line, status, location), visitors)| Share { status, location, line, visitors })
        .collect();
    Ok(tested)
}

fn answered(explained: Explained, path: &str, builtins: &Builtins) -> Tested {
    let keys = explained.keys.into_iter().map(|key| KeyTested {
        key: key.key,
        id: format!("{:016x}", key.id),
        lines: key
            .lines
            .into_iter()
            .map(|line| LineTested {
                line: line.line,
                text: line.text,
                answers: line.answers,
                why: line.why,
            })
            .collect(),
    });
    let keys = keys.collect();
    let mut room = Vec::new();
    let is_exact = explained.answer.as_ref().is_some_and(|answer| answer.is_exact);
    let is_covered = explained.answer.is_some();
    let built_in = match is_exact {
        true => None,
        false => builtins.of_path(is_covered, normalise(path.as_bytes(), &mut room)),
    };
    if let Some(built_in) = built_in {
        return Tested { built_in: Some(Builtin::words(built_in)), keys, ..Tested::default() };
    }
    match (explained.answer, &builtins.fallback) {
        (Some(answer), _) => Tested {
            status: answer.status,
            location: answer.location,
            line: answer.line,
            is_else: answer.is_else,
            keys,
            ..Tested::default()
        },
        (None, Some(fallback)) => {
            Tested { status: 302, location: fallback.text().to_owned(), keys, ..Tested::default() }
        }
        (None, None) => Tested { status: 404, keys, ..Tested::default() },
    }
}

/// The address of a visitor that is made up.
fn made_up(visitor: u64) -> [u8; 16] {
    let first = u32::from(MADE_UP);
    let address = Ipv4Addr::from(first.wrapping_add(visitor as u32 & 0x1_ffff));
    let mut octets = address.to_ipv6_mapped().octets();
    // More of them than there are such addresses.
    if visitor > 0x1_ffff {
        octets = [0; 16];
        octets[..4].copy_from_slice(&[0x20, 0x01, 0x00, 0x02]); // RFC 5180, for measurements
        octets[4..8].copy_from_slice(&(visitor as u32).to_be_bytes());
    }
    octets
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::links::{Format, OnBadLine, Source, load};

    fn tested(text: &str, question: &TestQuestion) -> Tested {
        let source = Source::new("links", text.as_bytes(), Format::Native);
        let table = Arc::new(load(&[source], OnBadLine::Refuse).table.unwrap());
        let ground = TestGround {
            split_key: SplitKey([7; 16]),
            builtins: &Builtins::default(),
            place: &|_| Place::UNKNOWN,
            list_names: &[],
            used: &|_, _, _, _| None,
        };
        test(&Links::replicate(&table), question, &ground).unwrap()
    }

    fn question(url: &str) -> TestQuestion {
        TestQuestion { url: url.to_owned(), ..TestQuestion::default() }
    }

    const RULES: &str = "/app https://de.example/ Language=de\n\
                         /app https://a.example/ weight=70\n\
                         /app https://b.example/ weight=30\n\
                         /* https://rest.example/:splat\n\
                         /only https://only.example/ Country=FR\n";

    #[test]
    fn it_is_said_which_line_answers_and_why() {
        let german = TestQuestion { language: "de-AT,en;q=0.5".into(), ..question("/app") };
        let answer = tested(RULES, &german);
        assert_eq!(
            (answer.status, answer.line, &*answer.location),
            (302, 1, "https://de.example/")
        );
        let lines = &answer.keys[0].lines;
        assert!(lines[0].answers && lines[0].why == "all of its conditions hold", "{lines:?}");
        assert_eq!(lines[1].why, "it is not reached");

        let other = tested(RULES, &question("/app"));
        assert_eq!(
            other.keys[0].lines[0].why,
            "Language=de does not hold: no language is asked for"
        );
        assert!(other.keys[0].lines[usize::from(other.line) - 1].why.contains("of 100"));
    }

    #[test]
    fn a_key_that_is_for_others_is_as_if_it_were_not_there() {
        let answer = tested(RULES, &question("/only"));
        assert_eq!((&*answer.location, answer.line), ("https://rest.example/only", 0));
        assert_eq!(answer.keys.len(), 2);
        let french = TestQuestion { country: Some("fr".into()), ..question("/only") };
        assert_eq!(tested(RULES, &french).location, "https://only.example/");
    }

    #[test]
    fn shares_of_a_split_are_counted() {
        let many = TestQuestion { repeat: Some(20_000), ..question("/app") };
        let shares = tested(RULES, &many).shares;
        let of = |line| shares.iter().find(|share| share.line == line).unwrap().visitors;
        assert_eq!(of(2) + of(3), 20_000);
        assert!((13_700..14_300).contains(&of(2)), "{shares:?}");
    }

    #[test]
    fn visitors_that_are_made_up_differ() {
        let all: std::collections::HashSet<_> = (1..300_000).map(made_up).collect();
        assert_eq!(all.len(), 299_999);
    }
}
