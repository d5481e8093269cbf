//! What rules mean, as `docs/rules.md` says it: plain values, searched from one end to the
//! other.

use std::collections::HashMap;
use std::net::IpAddr;

use jiff::{Timestamp, tz::TimeZone};

use crate::hash::{fnv_1a, siphash_1_3};
use crate::places::Places;
use crate::values::{device, holds_for_referer, is_in_time, language, parameters};

/// All links of a server, and what it knows of visitors.
pub struct World {
    pub keys: Vec<Key>,
    pub places: Places,
    pub split_key: [u8; 16],
    pub fallback: Option<String>,
    /// When all requests come, about: nothing changes near to it.
    pub now: Timestamp,
}

/// One key and its lines.
#[derive(Debug, Clone, Default)]
pub struct Key {
    pub host: Option<&'static str>,
    /// As it is written, without a `*` at its end.
    pub path: String,
    pub is_prefix: bool,
    pub nocase: bool,
    /// A parameter that it asks for, and its value.
    pub query: Option<(&'static str, &'static str)>,
    pub id: Option<u64>,
    pub lines: Vec<Line>,
}

#[derive(Debug, Clone, Default)]
pub struct Line {
    pub conditions: Vec<Condition>,
    /// Without one it is a 410.
    pub target: Option<String>,
    pub status: Option<u16>,
    pub keeps_query: bool,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub or_else: Option<String>,
    pub weight: Option<u64>,
    pub sticky: Option<Sticky>,
    pub cap: Option<(u64, &'static str)>,
    pub zone: Option<&'static str>,
    pub tag: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    pub test: Test,
    pub not: bool,
}

impl Condition {
    /// Whether it depends on the zone of its line.
    pub fn is_of_time(&self) -> bool {
        matches!(self.test, Test::Time(_) | Test::Day(_))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    Country(Vec<&'static str>),
    Language(Vec<&'static str>),
    Device(Vec<&'static str>),
    /// Networks, and lists as `@name`.
    Ip(Vec<String>),
    Net(Vec<&'static str>),
    /// A parameter's name and values as they are meant; `None` is any.
    Query(&'static str, Vec<Option<&'static str>>),
    /// Hosts; `*` is any.
    Referer(Vec<&'static str>),
    /// Minutes of the day.
    Time(Vec<(u32, u32)>),
    /// First and last day, from 0 for Monday.
    Day(Vec<(u8, u8)>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sticky {
    Visitor,
    Ip,
    Off,
    Query(&'static str),
}

/// Who asks, and for what.
#[derive(Debug, Clone)]
pub struct Visitor {
    pub address: IpAddr,
    pub method: &'static str,
    pub is_prefetch: bool,
    pub host: &'static str,
    pub path: String,
    pub query: Option<String>,
    pub user_agent: Option<String>,
    pub language: Option<String>,
    pub platform: Option<&'static str>,
    pub referer: Option<&'static str>,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub location: Option<String>,
    /// What its click says; what the server answers by itself is none.
    pub click: Option<Click>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Click {
    pub link: u64,
    pub variant: usize,
    pub verdict: &'static str,
    pub via: Option<&'static str>,
    pub tag: String,
}

/// One answer that may be given, and the line whose cap it takes one of.
#[derive(Debug, Clone)]
pub struct Possible {
    pub answer: Answer,
    pub takes: Option<CapName>,
}

/// What a count is kept by: the link's id, the line's place and the period.
pub type CapName = (u64, usize, &'static str);
/// What lines with caps have sent.
pub type Used = HashMap<CapName, u64>;

impl World {
    /// What may be answered: one thing, or several where a split is not sticky. `mine` are
    /// the places of the keys that may match.
    pub fn answers(&self, mine: &[usize], visitor: &Visitor, used: &Used) -> Vec<Possible> {
        let possible = self.found(mine, visitor, used);
        let is_refused =
            |it: &Possible| visitor.method == "POST" && !matches!(it.answer.status, 307 | 308);
        let refused = Answer { status: 405, location: None, click: None };
        let one = |it: Possible| match is_refused(&it) {
            true => Possible { answer: refused.clone(), takes: None },
            false => it,
        };
        possible.into_iter().map(one).collect()
    }

    fn found(&self, mine: &[usize], visitor: &Visitor, used: &Used) -> Vec<Possible> {
        let mut found: Vec<_> =
            mine.iter().filter_map(|&at| Some((self.keys[at].rank(visitor)?, at))).collect();
        found.sort();
        for (_, at) in found {
            let possible = self.of_key(at, visitor, used);
            if !possible.is_empty() {
                return possible;
            }
        }
        vec![Possible { answer: self.of_no_link(visitor), takes: None }]
    }

    fn of_no_link(&self, visitor: &Visitor) -> Answer {
        let by_itself = |status| Answer { status, location: None, click: None };
        match &*visitor.path {
            "/robots.txt" => return by_itself(200),
            "/favicon.ico" => return by_itself(204),
            _ => {}
        }
        let location = self.fallback.clone();
        let via = location.is_some().then_some("fallback");
        let status = if location.is_some() { 302 } else { 404 };
        let click = Click { link: 0, variant: 0, verdict: "unknown", via, tag: String::new() };
        Answer { status, location, click: Some(click) }
    }

    /// What a key may answer; nothing where none of its lines holds.
    fn of_key(&self, at: usize, visitor: &Visitor, used: &Used) -> Vec<Possible> {
        let key = &self.keys[at];
        let mut held = false;
        let mut next = 0;
        while next < key.lines.len() {
            let group = next..key.end_of_group(next);
            next = group.end;
            if !self.holds(&key.lines[group.start], visitor) {
                continue;
            }
            held = true;
            let picked = match key.lines[group.start].weight {
                None => group.filter(|&line| self.can(at, line, used)).collect(),
                Some(_) => self.picked(at, group, visitor, used),
            };
            if !picked.is_empty() {
                return picked.iter().map(|&line| self.of_line(at, line, visitor, used)).collect();
            }
        }
        if !held {
            return Vec::new();
        }
        // A link without rules has one line, and its click that line's tag.
        let tag = key.lines[0].tag.clone().filter(|_| !key.has_rules()).unwrap_or_default();
        let click = Click { tag, ..key.click("gone") };
        let answer = Answer { status: 410, location: None, click: Some(click) };
        vec![Possible { answer, takes: None }]
    }

    /// Whether a line holds for a visitor.
    pub fn holds(&self, line: &Line, visitor: &Visitor) -> bool {
        line.conditions.iter().all(|condition| {
            self.one_holds(&condition.test, visitor, line.zone.unwrap_or("UTC")) != condition.not
        })
    }

    fn one_holds(&self, test: &Test, visitor: &Visitor, zone: &str) -> bool {
        let places = &self.places;
        let is_on = |name: &str| places.is_on(name, visitor.address);
        match test {
            Test::Country(codes) => {
                codes.iter().any(|code| places.is_in_country(visitor.address, code))
            }
            Test::Language(ranges) => match language(visitor.language.as_deref()) {
                Some(tag) => ranges.iter().any(|range| {
                    let range = range.to_ascii_lowercase();
                    tag == range || tag.starts_with(&format!("{range}-"))
                }),
                None => false,
            },
            Test::Device(names) => {
                let own = device(visitor.platform, visitor.user_agent.as_deref());
                let groups: &[&str] = match own {
                    "android" | "ios" => &["mobile"],
                    "other" => &[],
                    _ => &["desktop"],
                };
                names.iter().any(|name| *name == own || groups.contains(name))
            }
            Test::Ip(values) => values.iter().any(|value| match value.strip_prefix('@') {
                Some(name) => is_on(name),
                None => crate::places::is_in(value, visitor.address),
            }),
            Test::Net(names) => names.iter().any(|name| is_on(name)),
            Test::Query(name, values) => {
                let sent = parameters(visitor.query.as_deref());
                let mut own = sent.iter().filter(|(own, ..)| own == name.as_bytes());
                own.any(|(_, value, _)| {
                    values.iter().any(|want| want.is_none_or(|want| want.as_bytes() == value))
                })
            }
            Test::Referer(hosts) => {
                hosts.iter().any(|host| holds_for_referer(host, visitor.referer))
            }
            Test::Time(ranges) => {
                let civil = self.now.to_zoned(TimeZone::get(zone).unwrap());
                let minute = civil.hour() as u32 * 60 + civil.minute() as u32;
                ranges.iter().any(|&range| is_in_time(range, minute))
            }
            Test::Day(ranges) => {
                let civil = self.now.to_zoned(TimeZone::get(zone).unwrap());
                let today = civil.weekday().to_monday_zero_offset() as u8;
                let is_in =
                    |&(first, last): &(u8, u8)| (today + 7 - first) % 7 <= (last + 7 - first) % 7;
                ranges.iter().any(is_in)
            }
        }
    }

    /// Whether a line is in its time and not over its cap.
    fn is_open(&self, key: usize, at: usize, used: &Used) -> bool {
        let line = &self.keys[key].lines[at];
        let id = self.keys[key].id();
        let is_left = |(most, period)| used.get(&(id, at, period)).copied().unwrap_or(0) < most;
        self.is_in_time(line) && line.cap.is_none_or(is_left)
    }

    fn is_in_time(&self, line: &Line) -> bool {
        line.from.is_none_or(|from| self.now >= from)
            && line.until.is_none_or(|until| self.now < until)
    }

    fn can(&self, key: usize, at: usize, used: &Used) -> bool {
        self.is_open(key, at, used) || self.keys[key].lines[at].or_else.is_some()
    }

    /// Which of the lines of a split answers, or which may.
    fn picked(
        &self,
        at: usize,
        group: std::ops::Range<usize>,
        visitor: &Visitor,
        used: &Used,
    ) -> Vec<usize> {
        let key = &self.keys[at];
        let weight = |line: usize| key.lines[line].weight.unwrap();
        let said = group.clone().find_map(|line| key.lines[line].sticky);
        let sticky = said.unwrap_or(Sticky::Visitor);
        if sticky == Sticky::Off {
            return group.filter(|&it| self.can(at, it, used) && weight(it) > 0).collect();
        }
        let is_there =
            |line: &usize| self.is_in_time(&key.lines[*line]) || key.lines[*line].or_else.is_some();
        let mut left: Vec<_> = group.filter(is_there).collect();
        let mut hash = siphash_1_3(&self.split_key, &hashed(sticky, visitor, key.id()));
        loop {
            let sum: u64 = left.iter().map(|&line| weight(line)).sum();
            if sum == 0 {
                return Vec::new();
            }
            let whole = u128::from(hash) * u128::from(sum);
            let mut before = 0;
            let mut lines = left.iter().copied();
            let line = lines.find(|&line| {
                let is_it = (whole >> 64) < u128::from(before + weight(line));
                before += if is_it { 0 } else { weight(line) };
                is_it
            });
            let line = line.unwrap();
            if self.can(at, line, used) {
                return vec![line];
            }
            left.retain(|&other| other != line);
            hash = ((whole - (u128::from(before) << 64)) / u128::from(weight(line))) as u64;
        }
    }

    fn of_line(&self, at: usize, line: usize, visitor: &Visitor, used: &Used) -> Possible {
        let (key, said) = (&self.keys[at], &self.keys[at].lines[line]);
        let variant = if key.has_rules() { line + 1 } else { 0 };
        let tag = said.tag.clone().unwrap_or_default();
        let Some(target) = &said.target else {
            let click = Click { variant, tag, ..key.click("gone") };
            let answer = Answer { status: 410, location: None, click: Some(click) };
            return Possible { answer, takes: None };
        };
        let status = said.status.unwrap_or(302);
        let is_open = self.is_open(at, line, used);
        let (target, status, via) = match &said.or_else {
            Some(url) if !is_open => {
                let for_now = match status {
                    301 => 302,
                    308 => 307,
                    other => other,
                };
                (url, for_now, Some("else"))
            }
            _ => (target, status, key.click("").via),
        };
        let rest = visitor.path.get(key.path.len()..).unwrap_or_default();
        let mut location = target.replace(":splat", rest);
        let sent: Vec<_> = visitor.query.iter().flat_map(|it| it.split('&')).collect();
        let sent: Vec<_> = sent.into_iter().filter(|piece| !piece.is_empty()).take(64).collect();
        if said.keeps_query && !sent.is_empty() {
            location += &format!("?{}", sent.join("&"));
        }
        let click = Click { variant, via, tag, ..key.click("redirect") };
        let takes = said.cap.filter(|_| is_open).map(|(_, period)| (key.id(), line, period));
        Possible { answer: Answer { status, location: Some(location), click: Some(click) }, takes }
    }
}

/// What is hashed of a visitor.
pub fn hashed(sticky: Sticky, visitor: &Visitor, id: u64) -> Vec<u8> {
    let address = match visitor.address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets()[..8].to_vec(),
    };
    let id = id.to_le_bytes();
    let sent = parameters(visitor.query.as_deref());
    let value = |name: &str| sent.iter().find(|(own, ..)| own == name.as_bytes());
    match sticky {
        Sticky::Ip => [&[1][..], &address, &id].concat(),
        Sticky::Query(name) if let Some((_, _, value)) = value(name) => {
            [&[2][..], value.as_bytes(), &id].concat()
        }
        _ => {
            let agent = visitor.user_agent.as_deref().unwrap_or_default();
            [&[0][..], &address, agent.as_bytes(), &id].concat()
        }
    }
}

impl Key {
    /// In which order keys that match a request are looked at; `None` for one that does not.
    fn rank(&self, visitor: &Visitor) -> Option<impl Ord + use<>> {
        let cased = |path: &str| if self.nocase { path.to_ascii_lowercase() } else { path.into() };
        let (own, asked) = (cased(&self.path), cased(&visitor.path));
        let is_found = if self.is_prefix { asked.starts_with(&own) } else { asked == own };
        let is_host = self.host.is_none_or(|host| host == visitor.host);
        let is_query = self.query.is_none_or(|(name, value)| {
            let mut sent = parameters(visitor.query.as_deref()).into_iter();
            sent.any(|(own, is, _)| own == name.as_bytes() && is == value.as_bytes())
        });
        let length = if self.is_prefix { usize::MAX - own.len() } else { 0 };
        let place = (self.is_prefix, length, self.host.is_none(), self.nocase);
        (is_found && is_host && is_query).then_some((place, self.query.is_none()))
    }

    /// Where the lines end that are tried together with this one.
    fn end_of_group(&self, first: usize) -> usize {
        let lines = &self.lines[first..];
        let is_one =
            |line: &&Line| line.weight.is_some() && conditions_of(line) == conditions_of(&lines[0]);
        first + 1.max(lines.iter().take_while(is_one).count())
    }

    pub fn has_rules(&self) -> bool {
        let is_rule = |line: &Line| {
            !line.conditions.is_empty() || line.weight.is_some() || line.cap.is_some()
        };
        self.lines.len() > 1 || self.lines.iter().any(is_rule)
    }

    /// Its normal form.
    pub fn name(&self) -> String {
        let path = if self.nocase { self.path.to_ascii_lowercase() } else { self.path.clone() };
        let star = if self.is_prefix { "*" } else { "" };
        let query = self.query.map(|(name, value)| format!("?{name}={value}"));
        format!("{}{path}{star}{}", self.host.unwrap_or_default(), query.unwrap_or_default())
    }

    pub fn id(&self) -> u64 {
        self.id.unwrap_or_else(|| fnv_1a(&self.name()))
    }

    fn click(&self, verdict: &'static str) -> Click {
        let via = Some(if self.is_prefix { "prefix" } else { "link" });
        Click { link: self.id(), variant: 0, verdict, via, tag: String::new() }
    }
}

/// The conditions of a line in the one form in which the same ones are equal.
pub fn conditions_of(line: &Line) -> Vec<String> {
    let one = |condition: &Condition| {
        let mut values = match &condition.test {
            Test::Device(names) => names.iter().flat_map(|name| devices(name)).collect(),
            Test::Time(ranges) => minutes(|at| ranges.iter().any(|&it| is_in_time(it, at))),
            Test::Day(ranges) => days(ranges),
            test => crate::print::values(test),
        };
        let is_query = matches!(condition.test, Test::Query(..));
        values.iter_mut().filter(|_| !is_query).for_each(|value| value.make_ascii_lowercase());
        values.sort();
        values.dedup();
        format!("{}{}{values:?}", crate::print::name(&condition.test), condition.not)
    };
    let mut all: Vec<_> = line.conditions.iter().map(one).collect();
    all.sort();
    all
}

fn is_in_days(&(first, last): &(u8, u8), day: u8) -> bool {
    (day + 7 - first) % 7 <= (last + 7 - first) % 7
}

fn days(ranges: &[(u8, u8)]) -> Vec<String> {
    let is_in = |day: &u8| ranges.iter().any(|range| is_in_days(range, *day));
    (0..7).filter(is_in).map(|day| day.to_string()).collect()
}

fn minutes(is_in: impl Fn(u32) -> bool) -> Vec<String> {
    (0..24 * 60).filter(|&at| is_in(at)).map(|at| at.to_string()).collect()
}

fn devices(name: &str) -> Vec<String> {
    let all: &[&str] = match name {
        "mobile" => &["android", "ios"],
        "desktop" => &["windows", "macos", "linux", "chromeos"],
        _ => &[name],
    };
    all.iter().map(|&name| name.to_owned()).collect()
}
