//! The table beside a model that is too simple to be wrong, over random links
//! and random requests.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::Arc;

mod keys;

use super::*;

/// A link as the model keeps it.
struct ModelLink {
    host: &'static str,
    /// A segment that begins with a colon is a placeholder.
    path: String,
    prefix: bool,
    /// Its path is then in lower case.
    nocase: bool,
    /// Sorted by name.
    query: Vec<(&'static str, &'static str)>,
    id: usize,
}

const HOSTS: [&str; 8] = [
    "",
    "a.example",
    "b.example",
    "*.a.example",
    "*.example",
    "unknown.example",
    "x.y.a.example",
    "other",
];
const SEGMENTS: [&str; 5] = ["a", "b", "A", "c-d", "e%2F"];
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

/// Puts placeholders in the place of some segments.
fn with_placeholders(rng: &mut fastrand::Rng, path: &str) -> String {
    let replaced = path.split('/').enumerate().map(|(at, segment)| {
        let is_replaced = !segment.is_empty() && rng.bool();
        if is_replaced { format!(":p{at}") } else { segment.to_owned() }
    });
    replaced.collect::<Vec<String>>().join("/")
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

/// Escapes here have no letter that folding would reach.
fn folded(path: &str) -> String {
    path.to_lowercase().replace("%2f", "%2F")
}

fn random_link(
    rng: &mut fastrand::Rng,
    hosts: usize,
    placeholders: bool,
    nocase: bool,
) -> ModelLink {
    let host = HOSTS[rng.usize(..hosts)];
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
        for (_, value) in &mut query {
            if rng.u8(..4) == 0 {
                *value = "*";
            }
        }
    }
    if nocase {
        path = folded(&path);
    }
    if placeholders && query.is_empty() && rng.bool() {
        path = with_placeholders(rng, &path);
    }
    ModelLink { host, path, prefix, nocase, query, id: 0 }
}

fn key_of(link: &ModelLink) -> String {
    let star = if link.prefix { "*" } else { "" };
    let mark = if link.query.is_empty() { "" } else { "?" };
    format!("{}{}{star}{mark}{}", link.host, link.path, written(&link.query))
}

/// Where a link's parameters are in the request's query, each at the first
/// place that has its value; `None` if one is missing.
fn places(link: &ModelLink, query: &[(&str, &str)]) -> Option<Vec<usize>> {
    let place = |wanted: &(&str, &str)| {
        query.iter().position(|pair| pair.0 == wanted.0 && (wanted.1 == "*" || pair == wanted))
    };
    link.query.iter().map(place).collect()
}

/// The names of its parameters, and whether each may have any value.
fn names_of(link: &ModelLink) -> Vec<(&'static str, bool)> {
    link.query.iter().map(|(name, value)| (*name, *value == "*")).collect()
}

/// The link that should answer, straight from the rules.
fn expected(links: &[ModelLink], host: &str, path: &str, query: &[(&str, &str)]) -> Option<usize> {
    let any_case = folded(path);
    let spelled = |link: &ModelLink| if link.nocase { any_case.as_str() } else { path };
    let holds = |scope: &str| match scope.strip_prefix('*') {
        Some(domain) => host.ends_with(domain),
        None => scope.is_empty() || scope == host,
    };
    // The nearest first: the host itself, then by how much of it is said.
    let mut scopes: Vec<&str> = HOSTS.into_iter().filter(|scope| holds(scope)).collect();
    scopes.sort_by_key(|scope| (scope.starts_with('*'), Reverse(scope.len())));
    scopes.sort_by_key(|scope| scope.is_empty());
    for (scope, nocase) in scopes.iter().flat_map(|scope| [(*scope, false), (*scope, true)]) {
        let here = |link: &&ModelLink| {
            let scoped = link.host == scope && link.nocase == nocase;
            scoped && !link.prefix && !link.path.contains(':') && link.path == spelled(link)
        };
        // The order of shapes: most parameters first, then most values that are
        // said, then the alphabet.
        let mut shapes: Vec<Vec<(&str, bool)>> = Vec::new();
        for link in links.iter().filter(here) {
            if !shapes.contains(&names_of(link)) {
                shapes.push(names_of(link));
            }
        }
        shapes.sort_by_key(|shape| {
            let text = |(name, any): &(&str, bool)| [*name, if *any { "*" } else { "" }].concat();
            let names: Vec<String> = shape.iter().map(text).collect();
            let any = shape.iter().filter(|(_, any)| *any).count();
            (Reverse(shape.len()), any, names.join("&"))
        });
        for shape in shapes {
            let matching = links.iter().filter(here).filter(|link| names_of(link) == shape);
            let mut found: Vec<(Vec<usize>, usize)> =
                matching.filter_map(|link| Some((places(link, query)?, link.id))).collect();
            found.sort();
            if let Some((_, id)) = found.first() {
                return Some(*id);
            }
        }
    }
    let open = links.iter().filter(|link| link.prefix || link.path.contains(':'));
    let matching = open.filter(|link| holds(link.host) && begins(link, spelled(link)));
    let best = matching.max_by_key(|link| {
        let literal = link.path.find(':').unwrap_or(link.path.len());
        let scope = scopes.iter().position(|scope| *scope == link.host);
        let literals = order_of(link).iter().filter(|&&says| says == 2).count();
        let pattern = link.path.contains(':');
        (literal, Reverse(scope), !link.nocase, pattern, literals, order_of(link))
    });
    best.map(|link| link.id)
}

/// Whether an open key matches: all of its segments and no more, or with `/*` any
/// that follow.
fn begins(link: &ModelLink, path: &str) -> bool {
    let (wanted, sent) =
        (link.path.split('/').collect::<Vec<_>>(), path.split('/').collect::<Vec<_>>());
    let (wanted, enough) = match link.prefix {
        true => (&wanted[..wanted.len() - 1], sent.len() >= wanted.len()),
        false => (&wanted[..], sent.len() == wanted.len()),
    };
    let fits = |(wanted, sent): (&&str, &&str)| match wanted.starts_with(':') {
        true => !sent.is_empty(),
        false => wanted == sent,
    };
    enough && wanted.iter().zip(&sent).all(fits)
}

/// A target with all that can be filled into it, and with its number.
fn target_of(link: &ModelLink) -> String {
    let names = link.path.split('/').filter(|segment| segment.starts_with(':'));
    let splat = link.prefix.then_some(":splat");
    let blanks: Vec<&str> = names.chain(splat).collect();
    format!("https://t.example/{}?{}", link.id, blanks.join("/"))
}

/// The same with the parts of a path in it, of which none needs to be encoded.
fn filled(link: &ModelLink, path: &str) -> String {
    let (wanted, sent) = (link.path.split('/'), path.split('/').collect::<Vec<_>>());
    let size = wanted.clone().count();
    let named = wanted.zip(&sent).filter(|(wanted, _)| wanted.starts_with(':'));
    let mut parts: Vec<&str> = named.map(|(_, sent)| *sent).collect();
    let rest = sent.get(size - 1..).unwrap_or_default().join("/");
    if link.prefix {
        parts.push(&rest);
    }
    format!("https://t.example/{}?{}", link.id, parts.join("/"))
}

/// Of each segment how much it says.
fn order_of(link: &ModelLink) -> Vec<u8> {
    let mut order: Vec<u8> =
        link.path.split('/').map(|segment| if segment.starts_with(':') { 1 } else { 2 }).collect();
    if link.prefix {
        *order.last_mut().unwrap() = 0;
    }
    order
}

#[test]
fn the_table_answers_as_the_model_does() {
    let seed = fastrand::u64(..);
    eprintln!("SEED={seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut hits = [0; 2];
    for round in 0..200 {
        // Tables without a feature are looked up in their own way.
        let (may_fold, hosts) = (round % 2 == 0, if round % 4 < 2 { 3 } else { 5 });
        let mut links: Vec<ModelLink> = Vec::new();
        let mut keys = HashSet::new();
        let mut text = String::new();
        for _ in 0..rng.usize(..60) {
            let nocase = may_fold && rng.u8(..3) == 0;
            let mut link = random_link(&mut rng, hosts, round % 3 > 0, nocase);
            let key = key_of(&link);
            if keys.insert((key.clone(), nocase)) {
                // Links are told apart by their targets: a key that matches in
                // any case may have the id of one that does not.
                link.id = links.len();
                let setting = if nocase { " nocase" } else { "" };
                writeln!(text, "{key} {}{setting}", target_of(&link)).unwrap();
                links.push(link);
            }
        }
        let source = Source::new("l", text.as_bytes(), Format::Native);
        let loaded = load(&[source], OnBadLine::Refuse);
        assert_eq!(loaded.report.to_string(), "");
        let table = Arc::new(loaded.table.unwrap());
        assert_eq!(table.len(), links.len());
        let shard = Links::replicate(&table);
        let mut scratch = LookupScratch::default();
        for _ in 0..200 {
            let host = rng.choice(HOSTS).unwrap().trim_start_matches("*.");
            let path = random_path(&mut rng);
            let query = random_query(&mut rng, 6);
            let ask = shard.ask(host.as_bytes(), path.as_bytes());
            let sent = written(&query);
            let got = shard.find(&ask, path.as_bytes(), Some(sent.as_bytes()), &mut scratch);
            let want = expected(&links, host, &path, &query);
            let answer = got.map(|hit| {
                let mut out = Vec::new();
                let captured = hit.captured(path.as_bytes());
                hit.target.write(&Visit { captured, ..Visit::default() }, &mut out).unwrap();
                String::from_utf8(out).unwrap()
            });
            let key = got.map(|hit| shard.link(&hit).unwrap().name());
            let named = |link: &ModelLink| key_of(link) + if link.nocase { " nocase" } else { "" };
            assert_eq!(key, want.map(|id| named(&links[id])), "{host}{path}?{sent} among\n{text}");
            let want = want.map(|id| filled(&links[id], &path));
            assert_eq!(answer, want, "{host}{path}?{sent} among\n{text}");
            hits[usize::from(got.is_some())] += 1;
        }
    }
    assert!(hits[0] > 1_000 && hits[1] > 1_000, "{hits:?}");
}
