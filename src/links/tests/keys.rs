//! Keys with text beside placeholders, types, `*` inside a segment, parameters of
//! prefixes and slashes that are ignored, beside a model that compares every key with
//! every request by itself.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::Arc;

use super::super::*;

/// One segment of a key: what stands before its placeholder, its type and what stands
/// behind it; without a type it is text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct ModelSegment(&'static str, Option<&'static str>, &'static str);

const SEGMENTS: [ModelSegment; 12] = [
    ModelSegment("a", None, ""),
    ModelSegment("a", None, ""),
    ModelSegment("12", None, ""),
    ModelSegment("a-12", None, ""),
    ModelSegment("", Some(""), ""),
    ModelSegment("", Some("(int)"), ""),
    ModelSegment("", Some("(word)"), ""),
    ModelSegment("a-", Some("(any)"), ""),
    ModelSegment("a", Some("(int)"), ""),
    ModelSegment("", Some(""), "-2"),
    ModelSegment("", Some("(int)"), ".x"),
    ModelSegment("a", Some("(any)"), ".x"),
];
const SENT: [&str; 9] = ["a", "12", "a-12", "a1", "a-", "5.x", "a.b.x", "b-2", "ab~"];

struct ModelLink {
    segments: Vec<ModelSegment>,
    /// What stands before a `*`, if it ends with one.
    rest: Option<&'static str>,
    slash: bool,
    query: &'static str,
}

impl ModelLink {
    fn random(rng: &mut fastrand::Rng) -> ModelLink {
        let segments = (0..rng.usize(..4)).map(|_| *rng.choice(&SEGMENTS).unwrap());
        let segments: Vec<ModelSegment> = segments.collect();
        let rest = *rng.choice(&[None, None, Some(""), Some("a"), Some("a-")]).unwrap();
        let is_text = segments.iter().all(|segment| segment.1.is_none());
        let may_ask = is_text && rest.is_none_or(str::is_empty);
        let query = if may_ask { *rng.choice(&["", "k=1", "k=2"]).unwrap() } else { "" };
        ModelLink { segments, rest, slash: rng.u8(..4) == 0, query }
    }

    fn key(&self) -> String {
        let mut key = String::new();
        for (at, ModelSegment(before, hole, behind)) in self.segments.iter().enumerate() {
            let hole = hole.map(|hole| format!(":n{at}{hole}")).unwrap_or_default();
            write!(key, "/{before}{hole}{behind}").unwrap();
        }
        match self.rest {
            Some(before) => write!(key, "/{before}*").unwrap(),
            None if key.is_empty() => key.push('/'),
            None => {}
        }
        if self.query.is_empty() { key } else { format!("{key}?{}", self.query) }
    }

    /// Whether it matches this very path.
    fn fits(&self, path: &str) -> bool {
        let mut sent = path[1..].split('/');
        for segment in &self.segments {
            let Some(text) = sent.next() else { return false };
            if !segment.fits(text) {
                return false;
            }
        }
        match self.rest {
            Some(before) => sent.next().is_some_and(|text| text.starts_with(before)),
            None if self.segments.is_empty() => path == "/",
            None => sent.next().is_none(),
        }
    }

    /// What it is sorted by among those that match.
    fn rank(&self, path: &str) -> impl Ord + use<> {
        let is_open = |segment: &ModelSegment| segment.1.is_some();
        let text = self.segments.iter().take_while(|segment| !is_open(segment)).count();
        let is_exact = text == self.segments.len() && self.rest.is_none();
        // What a beginning has: as many slashes as segments of text, and one more.
        let is_plain_prefix = text == self.segments.len() && self.rest == Some("");
        let texts = self.segments.iter().filter(|segment| !is_open(segment)).count();
        let mut says: Vec<(u8, Reverse<usize>, u8)> =
            self.segments[text..].iter().map(ModelSegment::says).collect();
        says.extend(self.rest.map(|before| match before {
            "" => (3, Reverse(0), 0),
            before => (1, Reverse(before.len()), 4),
        }));
        let in_other_spelling = !self.fits(path);
        (
            !is_exact,
            is_exact && self.slash,
            if is_exact { 0 } else { usize::MAX - text },
            !is_exact && self.slash,
            is_exact && in_other_spelling,
            is_plain_prefix,
            !is_exact && in_other_spelling,
            (Reverse(texts), says, self.query.is_empty()),
        )
    }
}

impl ModelSegment {
    fn fits(&self, text: &str) -> bool {
        let &ModelSegment(before, hole, behind) = self;
        let Some(hole) = hole else { return text == before };
        let part = text.strip_prefix(before).and_then(|text| text.strip_suffix(behind));
        part.is_some_and(|part| {
            !part.is_empty()
                && part.chars().all(|character| match hole {
                    "(int)" => character.is_ascii_digit(),
                    "(word)" => character.is_ascii_alphanumeric() || "-_".contains(character),
                    _ => true,
                })
        })
    }

    fn says(&self) -> (u8, Reverse<usize>, u8) {
        let &ModelSegment(before, hole, behind) = self;
        let kind = match hole {
            None => return (0, Reverse(0), 0),
            Some("(int)") => 1,
            Some("(word)") => 2,
            Some(_) => 3,
        };
        let text = before.len() + behind.len();
        (if text == 0 { 2 } else { 1 }, Reverse(text), kind)
    }
}

fn random_path(rng: &mut fastrand::Rng) -> String {
    let mut path = String::new();
    for _ in 0..rng.usize(..4) {
        write!(path, "/{}", rng.choice(SENT).unwrap()).unwrap();
    }
    if path.is_empty() || rng.u8(..4) == 0 {
        path.push('/');
    }
    path
}

fn other_slash(path: &str) -> String {
    match path.strip_suffix('/') {
        Some("") => path.to_owned(),
        Some(without) => without.to_owned(),
        None => format!("{path}/"),
    }
}

#[test]
fn open_keys_answer_as_the_model_does() {
    let seed = fastrand::u64(..);
    eprintln!("SEED={seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut hits = [0; 2];
    for _ in 0..150 {
        let mut links: Vec<ModelLink> = Vec::new();
        let (mut keys, mut text) = (HashSet::new(), String::new());
        for _ in 0..rng.usize(1..80) {
            let link = ModelLink::random(&mut rng);
            let name = format!("{}{}", link.key(), if link.slash { " slash=ignore" } else { "" });
            // `:n0` and `:n0(any)` are one key.
            if keys.insert(name.replace("(any)", "")) {
                let (key, option) = name.split_once(' ').unwrap_or((&name, ""));
                writeln!(text, "{key} https://t.example/ {option}").unwrap();
                links.push(link);
            }
        }
        let source = Source::new("l", text.as_bytes(), Format::Native);
        let loaded = load(&[source], OnBadLine::Refuse);
        assert_eq!(loaded.report.to_string(), "");
        let shard = Links::replicate(&Arc::new(loaded.table.unwrap()));
        let mut scratch = LookupScratch::default();
        for _ in 0..200 {
            let (path, query) = (random_path(&mut rng), *rng.choice(&["", "k=1"]).unwrap());
            let ask = shard.ask(b"", path.as_bytes());
            let hit = shard.find(&ask, path.as_bytes(), Some(query.as_bytes()), &mut scratch);
            let got = hit.map(|hit| shard.link(&hit).unwrap().name());
            let other = other_slash(&path);
            let matching = links.iter().filter(|link| {
                let fits = link.fits(&path) || link.slash && link.fits(&other);
                fits && (link.query.is_empty() || link.query == query)
            });
            let want = matching.min_by(|one, two| one.rank(&path).cmp(&two.rank(&path)));
            let name = |link: &ModelLink| {
                format!("{}{}", link.key(), if link.slash { " slash=ignore" } else { "" })
            };
            assert_eq!(got, want.map(name), "{path}?{query} among\n{text}");
            hits[usize::from(got.is_some())] += 1;
        }
    }
    assert!(hits[0] > 500 && hits[1] > 5_000, "{hits:?}");
}
