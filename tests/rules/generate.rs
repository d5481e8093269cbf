//! Random rule sets: each way to write something comes often, and nothing that is refused.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::model::{Condition, Key, Line, Sticky, Test, World, conditions_of};
use crate::places::{COUNTRIES, LISTS, Places};

/// Zones with and without daylight saving time, with odd offsets, and at both ends.
const ZONES: [&str; 8] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "America/St_Johns",
];
/// So many minutes around now nothing changes.
const QUIET_MINUTES: i64 = 4;
const DAY_MINUTES: i64 = 24 * 60;
const TAGS: [&str; 10] =
    ["de", "de-AT", "de-CH", "en", "en-US", "pt-BR", "pt", "zh-Hant", "fr", "x"];
const DEVICES: [&str; 9] =
    ["android", "ios", "windows", "macos", "linux", "chromeos", "other", "mobile", "desktop"];
const REFERERS: [&str; 5] = ["example.com", "www.example.com", "news.example", "t.co", "*"];
/// Parameters that rules ask for, as they are meant.
pub const NAMES: [&str; 3] = ["src", "a b", "uid"];
/// And their values.
pub const VALUES: [&str; 7] = ["mail", "Mail", "a,b", "a b", "*", "é", "x=1"];
/// Everything that a visitor may ask for this family of keys.
pub struct Family {
    /// The name in its paths.
    pub name: String,
    /// Places of its keys in the world.
    pub keys: Vec<usize>,
}

pub struct Generator<'r> {
    pub random: &'r mut fastrand::Rng,
    pub now: Timestamp,
    places: Places,
    /// Zones in which it is not about midnight now.
    zones: Vec<&'static str>,
    /// Whether lines may have caps.
    has_caps: bool,
}

impl<'r> Generator<'r> {
    pub fn new(random: &'r mut fastrand::Rng, now: Timestamp, has_caps: bool) -> Self {
        let places = Places::random(random);
        let is_quiet = |zone: &&str| {
            let minute = minute_of_day(now, zone);
            (QUIET_MINUTES..DAY_MINUTES - QUIET_MINUTES).contains(&minute)
        };
        let zones = ZONES.into_iter().filter(is_quiet).collect();
        Self { places, zones, random, now, has_caps }
    }

    /// A world with so many rule sets, and what visitors may ask for.
    pub fn world(mut self, sets: usize) -> (World, Vec<Family>) {
        let (mut keys, mut families) = (Vec::new(), Vec::new());
        let mut have = 0;
        while have < sets {
            let name = format!("k{}", families.len());
            let mut family = Family { name: name.clone(), keys: Vec::new() };
            for key in self.family(&name) {
                have += usize::from(key.has_rules());
                family.keys.push(keys.len());
                keys.push(key);
            }
            families.push(family);
        }
        // These may answer wherever no line of another key holds.
        let root = |host| Key { host, path: "/".to_owned(), is_prefix: true, ..Key::default() };
        let robots = Key { path: "/robots.txt".to_owned(), ..Key::default() };
        let robots_at = keys.len();
        for key in [robots, root(None), root(Some("go.example"))] {
            if key.path.len() > 1 || self.random.bool() {
                let lines = self.lines(&key, 3);
                keys.push(Key { lines, ..key });
            }
        }
        let everywhere: Vec<_> = (robots_at..keys.len()).collect();
        families.push(Family { name: "robots.txt".to_owned(), keys: Vec::new() });
        families.iter_mut().for_each(|family| family.keys.extend(&everywhere));
        let fallback = self.random.bool().then(|| "https://fallback.example/".to_owned());
        let mut split_key = [0; 16];
        split_key.iter_mut().for_each(|byte| *byte = self.random.u8(..));
        let Self { places, now, .. } = self;
        (World { keys, places, split_key, fallback, now }, families)
    }

    /// The keys of one name: mostly one, else several of which each may answer.
    fn family(&mut self, name: &str) -> Vec<Key> {
        let path = format!("/{name}");
        let plain = Key { path: path.clone(), ..Key::default() };
        let below = Key { path: format!("{path}/"), is_prefix: true, ..Key::default() };
        let any_case = Key { path: path.to_ascii_uppercase(), nocase: true, ..Key::default() };
        let own_host = Key { host: Some("go.example"), ..plain.clone() };
        let query = Key { query: Some(("src", "mail")), ..plain.clone() };
        let below_query = Key { query: Some(("uid", "7")), ..below.clone() };
        let mut keys = vec![plain, below, any_case, own_host, query, below_query];
        let wanted = match self.random.u8(..10) {
            0..5 => 1,
            5 => keys.len(),
            _ => self.random.usize(2..4),
        };
        if wanted > 1 || self.random.u8(..3) == 0 {
            self.random.shuffle(&mut keys);
        }
        keys.truncate(wanted);
        for key in &mut keys {
            let most = if self.random.u8(..3) == 0 { 8 } else { 4 };
            key.lines = self.lines(key, most);
            let has_id = self.random.u8(..8) == 0;
            key.id = has_id.then(|| self.random.u64(1..));
        }
        keys
    }

    /// The lines of a key. Only the last can be without conditions, time, cap and weight.
    fn lines(&mut self, key: &Key, most: usize) -> Vec<Line> {
        let wanted = self.random.usize(1..=most);
        // A cap of what every family may meet would have all of them wait for each other.
        let is_everywhere = matches!(&*key.path, "/" | "/robots.txt");
        // One that has the id of another key shares its counts, each in its own zone.
        let has_caps = self.has_caps && !is_everywhere && !key.nocase && self.random.u8(..5) == 0;
        let mut lines: Vec<Line> = Vec::new();
        while lines.len() < wanted {
            let left = wanted - lines.len();
            let zone =
                self.random.bool().then(|| self.zones[self.random.usize(..self.zones.len())]);
            let wants_zone = zone.is_some();
            let is_open = if left == 1 { self.random.bool() } else { self.random.u8(..8) == 0 };
            let mut like = Line::default();
            if !is_open {
                like.conditions = self.conditions(zone.unwrap_or("UTC"));
            }
            like.zone = zone.filter(|_| like.conditions.iter().any(Condition::is_of_time));
            // Of two neighbours with the same conditions both have a weight, or neither.
            if lines.last().is_some_and(|last| conditions_of(last) == conditions_of(&like)) {
                continue;
            }
            let is_split = self.random.u8(..3) == 0 && left > 1;
            let count = if is_split { self.random.usize(2..=left.min(4)) } else { 1 };
            let weights = self.weights(count);
            let sticky_of_split = self.sticky();
            for (at, weight) in weights.into_iter().enumerate() {
                let split = is_split.then_some(weight);
                let says = is_split && (at == 0 || self.random.bool());
                let sticky = sticky_of_split.filter(|_| says);
                let mut line = Line { weight: split, sticky, ..like.clone() };
                self.random.shuffle(&mut line.conditions);
                let number = lines.len() + 1;
                // Of two that are gone nothing but the click would tell which it was.
                let may_be_gone = sticky_of_split != Some(Sticky::Off);
                self.answer(key, &mut line, number, (has_caps, may_be_gone));
                if is_open && !is_split && left > 1 {
                    // It has to leave something to those behind it.
                    self.bound(key, &mut line, number);
                    line.or_else = None;
                }
                if line.cap.is_some() && line.zone.is_none() && wants_zone {
                    line.zone = zone.filter(|_| !is_split);
                }
                lines.push(line);
            }
        }
        lines
    }

    /// What a line sends to, and when.
    fn answer(
        &mut self,
        key: &Key,
        line: &mut Line,
        number: usize,
        (has_caps, may_be_gone): (bool, bool),
    ) {
        line.tag = (self.random.u8(..4) == 0).then(|| format!("t{number}"));
        if may_be_gone && self.random.u8(..12) == 0 {
            return;
        }
        let rest = if key.is_prefix && self.random.bool() { ":splat" } else { "" };
        line.target = Some(format!("https://t.example/{}/{number}/{rest}", plain(key)));
        let statuses = [301, 303, 307, 308, 302];
        line.status = statuses.get(self.random.usize(..20)).copied();
        line.keeps_query = self.random.u8(..5) == 0;
        if self.random.u8(..4) == 0 {
            self.bound(key, line, number);
        }
        if has_caps && self.random.bool() {
            let periods = ["total", "month", "day", "hour"];
            let period = periods[self.random.usize(..if self.is_quiet_hour() { 4 } else { 1 })];
            line.cap = Some((self.random.u64(1..5), period));
            self.or_else(key, line, number);
        }
    }

    /// Whether no hour ends about now, nor in zones that differ by half of one.
    fn is_quiet_hour(&self) -> bool {
        let minute = minute_of_day(self.now, "UTC") % 30;
        (QUIET_MINUTES..30 - QUIET_MINUTES).contains(&minute)
    }

    /// Bounds the time of a line, so that it is in it, before it or behind it.
    fn bound(&mut self, key: &Key, line: &mut Line, number: usize) {
        let near = |random: &mut fastrand::Rng| {
            let minutes = [10, 60, 24 * 60, 400 * 24 * 60][random.usize(..4)];
            SignedDuration::from_mins(QUIET_MINUTES + random.i64(0..minutes))
        };
        let (past, ahead) = (self.now - near(self.random), self.now + near(self.random));
        let (earlier, later) = (past - near(self.random), ahead + near(self.random));
        (line.from, line.until) = match self.random.u8(..6) {
            0 => (Some(past), None),
            1 => (None, Some(ahead)),
            2 => (Some(past), Some(ahead)),
            3 => (Some(ahead), Some(later)),
            4 => (Some(earlier), Some(past)),
            _ => (None, Some(past)),
        };
        if line.target.is_none() {
            line.target = Some(format!("https://t.example/{}/{number}/", plain(key)));
        }
        self.or_else(key, line, number);
    }

    fn or_else(&mut self, key: &Key, line: &mut Line, number: usize) {
        if self.random.bool() {
            line.or_else = Some(format!("https://e.example/{}/{number}", plain(key)));
        }
    }

    fn weights(&mut self, count: usize) -> Vec<u64> {
        let pools: [&[u64]; 4] = [&[1], &[70, 30, 1, 99], &[0, 1, 5], &[1_000_000, 1, 999_999]];
        let pool = pools[self.random.usize(..4)];
        let mut weights: Vec<_> =
            (0..count).map(|_| pool[self.random.usize(..pool.len())]).collect();
        if weights.iter().sum::<u64>() == 0 {
            weights[self.random.usize(..count)] = 1;
        }
        weights
    }

    fn sticky(&mut self) -> Option<Sticky> {
        match self.random.u8(..10) {
            0 | 1 => Some(Sticky::Ip),
            2 | 3 => Some(Sticky::Query("uid")),
            4 => Some(Sticky::Visitor),
            5 => Some(Sticky::Off),
            _ => None,
        }
    }

    fn conditions(&mut self, zone: &str) -> Vec<Condition> {
        let wanted = [1, 1, 1, 2, 2, 3, 5][self.random.usize(..7)];
        let mut conditions: Vec<Condition> = Vec::new();
        while conditions.len() < wanted {
            let condition = Condition { test: self.test(zone), not: self.random.u8(..4) == 0 };
            if !conditions.contains(&condition) {
                conditions.push(condition);
            }
        }
        conditions
    }

    fn test(&mut self, zone: &str) -> Test {
        match self.random.u8(..9) {
            0 => Test::Country(self.some(&[&COUNTRIES[..], &["EU", "ZZ", "RU"]].concat())),
            1 => Test::Language(self.some(&TAGS)),
            2 => Test::Device(self.some(&DEVICES)),
            3 => {
                let count = self.random.usize(1..4);
                let one = |_| match self.random.u8(..6) {
                    0 => format!("@{}", LISTS[self.random.usize(..LISTS.len())]),
                    1 => ["::1", "::/64", "2001:db8::/32"][self.random.usize(..3)].to_owned(),
                    _ => self.places.network(self.random),
                };
                Test::Ip((0..count).map(one).collect())
            }
            4 => Test::Net(self.some(&LISTS)),
            5 => {
                let name = NAMES[self.random.usize(..NAMES.len())];
                let any = self.random.u8(..4) == 0;
                let values = self.some(&VALUES).into_iter().map(Some);
                Test::Query(name, if any { vec![None] } else { values.collect() })
            }
            6 => Test::Referer(self.some(&REFERERS)),
            7 => {
                let count = self.random.usize(1..3);
                Test::Time((0..count).map(|_| self.hours(zone)).collect())
            }
            _ => {
                let days: Vec<_> = (0..self.random.usize(1..3))
                    .map(|_| (self.random.u8(..7), self.random.u8(..7)))
                    .collect();
                Test::Day(days)
            }
        }
    }

    /// A range of the day that neither begins nor ends about now.
    fn hours(&mut self, zone: &str) -> (u32, u32) {
        let now = minute_of_day(self.now, zone);
        let mut minute = || {
            let far = [10, 60, DAY_MINUTES / 2][self.random.usize(..3)];
            let offset = self.random.i64(QUIET_MINUTES..far);
            let offset = if self.random.bool() { offset } else { -offset };
            (now + offset).rem_euclid(DAY_MINUTES) as u32
        };
        loop {
            let (from, to) = (minute(), minute());
            match (from, to) {
                (from, to) if from == to => {}
                (from, 0) => return (from, DAY_MINUTES as u32),
                range => return range,
            }
        }
    }

    fn some(&mut self, of: &[&'static str]) -> Vec<&'static str> {
        let count = self.random.usize(1..4);
        let mut some: Vec<_> = (0..count).map(|_| of[self.random.usize(..of.len())]).collect();
        some.sort_unstable();
        some.dedup();
        some
    }
}

/// What tells the targets of keys apart.
fn plain(key: &Key) -> String {
    key.name().replace(['*', '?', '='], "-").trim_matches('/').to_owned()
}

fn minute_of_day(now: Timestamp, zone: &str) -> i64 {
    let civil = now.to_zoned(TimeZone::get(zone).unwrap());
    i64::from(civil.hour()) * 60 + i64::from(civil.minute())
}
