//! The table beside a model that is too simple to be wrong, over random links
//! and random requests.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::Arc;

use super::*;

/// A link as the model keeps it.
struct Model {
    host: &'static str,
    path: String,
    prefix: bool,
    /// Sorted by name.
    query: Vec<(&'static str, &'static str)>,
    id: u64,
}

const HOSTS: [&str; 4] = ["", "a.example", "b.example", "unknown.example"];
const SEGMENTS: [&str; 4] = ["a", "b", "c-d", "e%2F"];
const NAMES: [&str; 3] = ["id", "k", "z"];
const VALUES: [&str; 3] = ["1", "2", ""];

fn random_path(rng: &mut fastrand::Rng) -> String {
    let mut path = String::new();
    for _ in 0..rng.usize(..4) {
        write!(path, "/{}", rng.choice(SEGMENTS).unwrap()).unwrap();
    }
    if path.is_empty() || rng.u8(..4) == 0 {
        path.push('/');
    }
    path
}

fn random_query(rng: &mut fastrand::Rng, size_max: usize) -> Vec<(&'static str, &'static str)> {
    let size = rng.usize(..=size_max);
    let pair =
        |rng: &mut fastrand::Rng| (*rng.choice(&NAMES).unwrap(), *rng.choice(&VALUES).unwrap());
    (0..size).map(|_| pair(rng)).collect()
}

fn written(query: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

fn random_link(rng: &mut fastrand::Rng) -> Model {
    let host = HOSTS[rng.usize(..3)];
    let mut path = random_path(rng);
    let prefix = rng.u8(..4) == 0;
    let mut query = Vec::new();
    if prefix {
        if !path.ends_with('/') {
            path.push('/');
        }
    } else if rng.bool() {
        query = random_query(rng, 3);
        query.sort_by_key(|(name, _)| *name);
        query.dedup_by_key(|(name, _)| *name);
    }
    Model { host, path, prefix, query, id: 0 }
}

fn key_of(link: &Model) -> String {
    let star = if link.prefix { "*" } else { "" };
    let mark = if link.query.is_empty() { "" } else { "?" };
    format!("{}{}{star}{mark}{}", link.host, link.path, written(&link.query))
}

/// Where a link's parameters are in the request's query, each at the first
/// place that has its value; `None` if one is missing.
fn places(link: &Model, query: &[(&str, &str)]) -> Option<Vec<usize>> {
    let place = |wanted: &(&str, &str)| query.iter().position(|pair| pair == wanted);
    link.query.iter().map(place).collect()
}

fn names_of(link: &Model) -> Vec<&'static str> {
    link.query.iter().map(|(name, _)| *name).collect()
}

/// The link that should answer, straight from the rules.
fn expected(links: &[Model], host: &str, path: &str, query: &[(&str, &str)]) -> Option<u64> {
    for scope in [host, ""] {
        let here = |link: &&Model| link.host == scope && !link.prefix && link.path == path;
        // The order of shapes: most parameters first, then first appearance.
        let mut shapes: Vec<Vec<&str>> = Vec::new();
        for link in links.iter().filter(here) {
            if !shapes.contains(&names_of(link)) {
                shapes.push(names_of(link));
            }
        }
        shapes.sort_by_key(|shape| std::cmp::Reverse(shape.len()));
        for shape in shapes {
            let matching = links.iter().filter(here).filter(|link| names_of(link) == shape);
            let mut found: Vec<(Vec<usize>, u64)> =
                matching.filter_map(|link| Some((places(link, query)?, link.id))).collect();
            found.sort();
            if let Some((_, id)) = found.first() {
                return Some(*id);
            }
        }
    }
    let prefixes = links.iter().filter(|link| link.prefix && path.starts_with(&link.path));
    let allowed = prefixes.filter(|link| link.host.is_empty() || link.host == host);
    allowed.max_by_key(|link| (link.path.len(), !link.host.is_empty())).map(|link| link.id)
}

#[test]
fn the_table_answers_as_the_model_does() {
    let seed = fastrand::u64(..);
    eprintln!("SEED={seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut hits = [0; 2];
    for _ in 0..150 {
        let mut links: Vec<Model> = Vec::new();
        let mut keys = HashSet::new();
        let mut text = String::new();
        for _ in 0..rng.usize(..60) {
            let mut link = random_link(&mut rng);
            let key = key_of(&link);
            if keys.insert(key.clone()) {
                writeln!(text, "{key} https://t.example/").unwrap();
                link.id = Key::parse(key.as_bytes(), &mut KeyScratch::default()).unwrap().id();
                links.push(link);
            }
        }
        let source = Source::new("l", text.as_bytes(), Format::Native);
        let loaded = load(&[source], OnBadLine::Refuse);
        assert_eq!(loaded.report.to_string(), "");
        let table = Arc::new(loaded.table.unwrap());
        assert_eq!(table.len(), links.len());
        let shard = Links::replicate(&table);
        let mut scratch = Scratch::default();
        for _ in 0..200 {
            let host = rng.choice(HOSTS).unwrap();
            let path = random_path(&mut rng);
            let query = random_query(&mut rng, 6);
            let ask = shard.ask(host.as_bytes(), path.as_bytes());
            let sent = written(&query);
            let got = shard.find(&ask, path.as_bytes(), Some(sent.as_bytes()), &mut scratch);
            let want = expected(&links, host, &path, &query);
            assert_eq!(got.map(|hit| hit.id), want, "{host}{path}?{sent} among\n{text}");
            hits[usize::from(got.is_some())] += 1;
        }
    }
    assert!(hits[0] > 1_000 && hits[1] > 1_000, "{hits:?}");
}
