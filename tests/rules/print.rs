//! Rule sets as lines of a link file.

use jiff::Timestamp;

use crate::model::{Condition, Key, Line, Sticky, Test};

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// All lines of a key, with words in any order and case that mean the same.
pub fn key(key: &Key, random: &mut fastrand::Rng) -> String {
    let all = key.name();
    // `name` has a `nocase` path in small letters; here it is as it was meant.
    let written =
        if key.nocase { all.replace(&key.path.to_ascii_lowercase(), &key.path) } else { all };
    let mut text = String::new();
    // The first line says for all what belongs to the key; of the id any does.
    let says_id = random.usize(..key.lines.len());
    for (at, line) in key.lines.iter().enumerate() {
        let says = |first: usize, random: &mut fastrand::Rng| at == first || random.u8(..4) == 0;
        let nocase = key.nocase && says(0, random);
        let id = key.id.filter(|_| says(says_id, random));
        let mut shared = Vec::new();
        shared.extend(nocase.then(|| "nocase".to_owned()));
        shared.extend(id.map(|id| format!("id={id}")));
        text += &format!("{written} {}\n", self::line(line, shared, random));
        match random.u8(..8) {
            0 => text += "# a comment\n",
            1 => text += "\n",
            _ => {}
        }
    }
    text
}

fn line(line: &Line, mut words: Vec<String>, random: &mut fastrand::Rng) -> String {
    let time = |name: &str, time: Timestamp| format!("{name}={}", time.strftime("%FT%TZ"));
    words.extend(line.from.map(|from| time("from", from)));
    words.extend(line.until.map(|until| time("until", until)));
    words.extend(line.or_else.as_ref().map(|url| format!("else={url}")));
    words.extend(line.weight.map(|weight| format!("weight={weight}")));
    words.extend(line.cap.map(|(most, period)| format!("cap={most}/{period}")));
    words.extend(line.zone.map(|zone| format!("tz={zone}")));
    words.extend(line.tag.as_ref().map(|tag| format!("tag={tag}")));
    words.extend(line.keeps_query.then(|| "query=keep".to_owned()));
    words.extend(line.sticky.map(|sticky| match sticky {
        Sticky::Visitor => "sticky=visitor".to_owned(),
        Sticky::Ip => "sticky=ip".to_owned(),
        Sticky::Off => "sticky=off".to_owned(),
        Sticky::Query(name) => format!("sticky=query:{name}"),
    }));
    words.extend(line.conditions.iter().map(|it| condition(it, random)));
    random.shuffle(&mut words);
    let target = line.target.clone().unwrap_or_else(|| "410".to_owned());
    let status = line.status.map(|status| status.to_string());
    [target].into_iter().chain(status).chain(words).collect::<Vec<_>>().join(" ")
}

fn condition(condition: &Condition, random: &mut fastrand::Rng) -> String {
    let mut values = values(&condition.test);
    let is_cased = matches!(condition.test, Test::Query(..) | Test::Ip(_) | Test::Net(_));
    for value in &mut values {
        match random.u8(..3) {
            0 if !is_cased => value.make_ascii_uppercase(),
            1 if !is_cased => value.make_ascii_lowercase(),
            _ => {}
        }
    }
    random.shuffle(&mut values);
    let sign = if condition.not { "!=" } else { "=" };
    format!("{}{sign}{}", name(&condition.test), values.join(","))
}

pub fn name(test: &Test) -> String {
    match test {
        Test::Country(_) => "Country".to_owned(),
        Test::Language(_) => "Language".to_owned(),
        Test::Device(_) => "Device".to_owned(),
        Test::Ip(_) => "IP".to_owned(),
        Test::Net(_) => "Net".to_owned(),
        Test::Query(name, _) => format!("Query.{}", encoded(name)),
        Test::Referer(_) => "Referer".to_owned(),
        Test::Time(_) => "Time".to_owned(),
        Test::Day(_) => "Day".to_owned(),
    }
}

pub fn values(test: &Test) -> Vec<String> {
    let owned = |texts: &Vec<&'static str>| texts.iter().map(|&text| text.to_owned()).collect();
    match test {
        Test::Country(values)
        | Test::Language(values)
        | Test::Device(values)
        | Test::Net(values)
        | Test::Referer(values) => owned(values),
        Test::Ip(values) => values.clone(),
        Test::Query(_, values) => {
            values.iter().map(|value| value.map_or("*".to_owned(), encoded)).collect()
        }
        Test::Time(ranges) => {
            let clock = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
            ranges.iter().map(|&(from, to)| format!("{}-{}", clock(from), clock(to))).collect()
        }
        Test::Day(ranges) => ranges
            .iter()
            .map(|&(first, last)| match (DAYS[usize::from(first)], DAYS[usize::from(last)]) {
                (first, last) if first == last => first.to_owned(),
                (first, last) => format!("{first}-{last}"),
            })
            .collect(),
    }
}

/// As it is written in a rule.
fn encoded(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}
