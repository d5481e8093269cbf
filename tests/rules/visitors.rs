//! Visitors that come close to the bounds of the rules that they meet.

use crate::generate::{Family, NAMES, VALUES};
use crate::model::{Key, Line, Test, Visitor, World};

const AGENTS: [&str; 15] = [
    "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15",
    "Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) AppleWebKit/605.1.15",
    "Mozilla/5.0 (iPod touch; CPU iPhone OS 12_0 like Mac OS X)",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile",
    "Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Safari/605.1.15",
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/140.0.0.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (X11; OpenBSD amd64) Gecko/20100101",
    "Dalvik/2.1.0 (Linux; U; android)",
    "curl/8.5.0",
    "iphone",
    "x",
];
const PLATFORMS: [&str; 12] = [
    "\"Android\"",
    "\"iOS\"",
    "\"Windows\"",
    "\"macOS\"",
    "\"Linux\"",
    "\"Chrome OS\"",
    "\"Chromium OS\"",
    "\"Unknown\"",
    "\"Fuchsia\"",
    "\"\"",
    "Tizen",
    "\"OS X\"",
];
const TAGS: [&str; 16] = [
    "de",
    "de-AT",
    "DE-ch-1996",
    "den",
    "d",
    "en",
    "en-US",
    "EN",
    "pt",
    "pt-BR",
    "pt-br-x",
    "zh",
    "zh-Hant-TW",
    "fr",
    "*",
    "x-y",
];
const QUALITIES: [&str; 10] =
    ["", "", ";q=1", ";q=1.0", ";q=0.9", ";q=0.5", ";q=0.500", "; q=0.8", ";Q=0.7", ";q=0"];
const REFERERS: [&str; 14] = [
    "https://www.example.com/x?y#z",
    "https://example.com",
    "http://EXAMPLE.com:8080/?q",
    "https://a.www.example.com./",
    "https://notexample.com/",
    "https://example.com.evil.example/",
    "https://example.com@evil.example/",
    "https://user:x@news.example/",
    "https://t.co?x=example.com",
    "android-app://com.example/",
    "example.com/x",
    "https:///x",
    "https://[2001:db8::1]/",
    "about:blank",
];

/// A visitor of this family, aimed at one of its lines.
pub fn visitor(world: &World, family: &Family, random: &mut fastrand::Rng) -> Visitor {
    let some = |random: &mut fastrand::Rng, of: &[&'static str]| of[random.usize(..of.len())];
    let aimed = &world.keys[family.keys[random.usize(..family.keys.len())]];
    let path = path(&family.name, aimed, random);
    let host = some(random, &["go.example", "go.example", "other.example"]);
    let addresses = &world.places.addresses;
    let mut visitor = Visitor {
        address: addresses[random.usize(..addresses.len())],
        method: some(random, &["GET", "GET", "GET", "GET", "GET", "GET", "HEAD", "POST"]),
        is_prefetch: random.u8(..10) == 0,
        host,
        path,
        query: (random.u8(..3) > 0).then(|| query(random)),
        user_agent: (random.u8(..10) > 0).then(|| some(random, &AGENTS).to_owned()),
        language: (random.u8(..6) > 0).then(|| language(random)),
        platform: (random.u8(..2) == 0).then(|| some(random, &PLATFORMS)),
        referer: (random.u8(..3) > 0).then(|| some(random, &REFERERS)),
    };
    if let Some((name, value)) = aimed.query.filter(|_| random.u8(..4) > 0) {
        add(&mut visitor, &format!("{name}={value}"));
    }
    if random.u8(..6) > 0 {
        let line = &aimed.lines[random.usize(..aimed.lines.len())];
        for condition in &line.conditions {
            let alone =
                Line { conditions: vec![condition.clone()], zone: line.zone, ..Line::default() };
            // Some miss it by that one condition.
            if random.u8(..8) > 0 {
                fit(world, &mut visitor, &alone, random);
            }
        }
    }
    visitor
}

/// A path that a key may answer, and sometimes another of its family.
fn path(name: &str, aimed: &Key, random: &mut fastrand::Rng) -> String {
    let is_own = aimed.path.len() > 1 && random.u8(..6) > 0;
    match (is_own, random.u8(..6)) {
        (true, 0) if aimed.is_prefix => format!("/{name}/x/y"),
        (true, _) if aimed.is_prefix => format!("/{name}/x"),
        (true, 1..4) if aimed.nocase => format!("/{}", name.to_ascii_uppercase()),
        (false, 0) => format!("/{}", name.to_ascii_uppercase()),
        (false, 1) => format!("/{name}/x"),
        _ => format!("/{name}"),
    }
}

/// Tries to have the visitor fit a line, which has one condition.
fn fit(world: &World, visitor: &mut Visitor, line: &Line, random: &mut fastrand::Rng) {
    let one = |random: &mut fastrand::Rng, of: &[&'static str]| of[random.usize(..of.len())];
    for _ in 0..12 {
        if world.holds(line, visitor) {
            return;
        }
        match &line.conditions[0].test {
            Test::Country(_) | Test::Ip(_) | Test::Net(_) => {
                let addresses = &world.places.addresses;
                visitor.address = addresses[random.usize(..addresses.len())];
            }
            Test::Language(ranges) => {
                let more = one(random, &["", "-AT", "n", ",en;q=0.9", ";q=0.3,*"]);
                visitor.language = Some(format!("{}{more}", one(random, ranges)));
            }
            Test::Device(_) if random.bool() => {
                visitor.platform = None;
                visitor.user_agent = Some(one(random, &AGENTS).to_owned());
            }
            Test::Device(_) => visitor.platform = Some(one(random, &PLATFORMS)),
            Test::Query(name, values) => {
                let value = values[random.usize(..values.len())].unwrap_or("any");
                let name = encoded(name, random);
                add(visitor, &format!("{name}={}", encoded(value, random)));
            }
            Test::Referer(_) => visitor.referer = Some(one(random, &REFERERS)),
            Test::Time(_) | Test::Day(_) => return,
        }
    }
}

fn add(visitor: &mut Visitor, parameter: &str) {
    let before = visitor.query.take().map(|query| query + "&").unwrap_or_default();
    visitor.query = Some(before + parameter);
}

fn query(random: &mut fastrand::Rng) -> String {
    let mut query = Vec::new();
    for _ in 0..random.usize(..5) {
        let name = ["src", "Src", "uid", "uid", "a b", "n"][random.usize(..6)];
        let value = VALUES[random.usize(..VALUES.len())];
        query.push(match random.u8(..8) {
            0 => encoded(name, random),
            1 => String::new(),
            2 => format!("{}=", encoded(name, random)),
            3 => format!("uid={}", random.u8(..)),
            _ => format!("{}={}", encoded(name, random), encoded(value, random)),
        });
    }
    // Parameters behind the 64th are not looked at.
    if random.u8(..30) == 0 {
        query.insert(0, vec!["z"; random.usize(61..66)].join("&"));
    }
    query.join("&")
}

/// One of the ways in which a browser may send a name or a value.
fn encoded(text: &str, random: &mut fastrand::Rng) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' if random.bool() => out.push('+'),
            b'a'..=b'z' | b'A'..=b'Z' if random.u8(..8) > 0 => out.push(char::from(byte)),
            b',' | b'*' if random.bool() => out.push(char::from(byte)),
            byte if random.bool() => out += &format!("%{byte:02X}"),
            byte => out += &format!("%{byte:02x}"),
        }
    }
    out
}

fn language(random: &mut fastrand::Rng) -> String {
    let one = |random: &mut fastrand::Rng| {
        let tag = TAGS[random.usize(..TAGS.len())];
        format!("{tag}{}", QUALITIES[random.usize(..QUALITIES.len())])
    };
    let tags: Vec<_> = (0..random.usize(..5)).map(|_| one(random)).collect();
    tags.join(if random.bool() { "," } else { ", " })
}

/// Parameters as the model and rules know them are the same ones.
#[test]
fn parameters_are_sent_as_they_are_meant() {
    let mut random = fastrand::Rng::with_seed(7);
    for name in NAMES {
        for value in VALUES {
            let query = format!("{}={}", encoded(name, &mut random), encoded(value, &mut random));
            let sent = crate::values::parameters(Some(&query));
            assert_eq!((&*sent[0].0, &*sent[0].1), (name.as_bytes(), value.as_bytes()), "{query}");
        }
    }
}
