//! Decisions beside a model that is too simple to be wrong, over random links and
//! random requests; then those that are worth a line of their own.

use std::fmt::Write as _;
use std::sync::Arc;

use super::*;
use crate::connection::Peer;
use crate::http::{Parsed, parse};
use crate::links::{
    CheckedTarget, Format, Links, LookupScratch, OnBadLine, Source, load, normalise,
};
use crate::shard::builtins::Robots;

/// 1994-11-06T08:49:37Z.
const NOW_S: u64 = 784_111_777;
const PEER: Peer =
    Peer { kept: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1], ..Peer::NOBODY };
const FALLBACK: &str = "https://fall.example/{ip}";

/// When a link answers.
#[derive(Clone, Copy, PartialEq)]
enum Time {
    Always,
    /// From before now until so many seconds after.
    Now(u64),
    Over,
}

/// A link as the model keeps it.
struct Model {
    /// `/*` at its end makes it a prefix.
    key: &'static str,
    status: u16,
    /// Behind the target's host.
    target: &'static str,
    time: Time,
    has_else: bool,
    cache: Option<u64>,
    referrer: bool,
    tag: &'static str,
    id: u64,
}

const KEYS: [&str; 5] = ["/a", "/b", "/robots.txt", "/favicon.ico", "/p/*"];
const PATHS: [&str; 7] = ["/a", "/b", "/none", "/robots.txt", "/favicon.ico", "/p/x", "//a"];
const METHODS: [&str; 4] = ["GET", "HEAD", "POST", "OPTIONS"];

impl Model {
    fn random(rng: &mut fastrand::Rng, key: &'static str, id: u64) -> Self {
        let status = rng.choice([301, 302, 303, 307, 308, 410]).unwrap();
        let is_gone = status == 410;
        let is_plain = rng.bool();
        let time = rng.choice([Time::Always, Time::Now(9), Time::Over]).unwrap();
        let target = if key.ends_with('*') { ":splat" } else { "t={ts}" };
        Self {
            key,
            status,
            target: if rng.bool() { "" } else { target },
            time: if is_plain || is_gone { Time::Always } else { time },
            has_else: rng.bool(),
            cache: (!is_plain && rng.bool()).then_some(rng.u64(1..20)),
            referrer: !is_plain && !is_gone && rng.bool(),
            tag: if is_plain || rng.bool() { "" } else { "spring" },
            id,
        }
    }

    fn line(&self) -> String {
        let Self { key, status, target, id, .. } = self;
        let mut line = match status {
            410 => format!("{key} 410 id={id}"),
            _ => format!("{key} https://l{id}.example/{target} {status} id={id}"),
        };
        match self.time {
            Time::Always => {}
            Time::Now(seconds) => write!(line, " until={}", instant(NOW_S + seconds)).unwrap(),
            Time::Over => write!(line, " until={}", instant(NOW_S)).unwrap(),
        }
        if self.has_else && self.time != Time::Always {
            write!(line, " else=https://else{id}.example/").unwrap();
        }
        if let Some(seconds) = self.cache {
            write!(line, " cache={seconds}").unwrap();
        }
        if self.referrer {
            line.push_str(" referrer=origin");
        }
        if !self.tag.is_empty() {
            write!(line, " tag={}", self.tag).unwrap();
        }
        line + "\n"
    }

    fn answers(&self, path: &str) -> bool {
        match self.key.strip_suffix('*') {
            Some(prefix) => path.starts_with(prefix),
            None => path == self.key,
        }
    }

    /// What is said of its answer to a request for this path.
    fn decided(&self, path: &str) -> String {
        let Self { id, tag, .. } = self;
        let (status, to, is_over) = match (self.time, self.has_else) {
            (Time::Over, false) => (410, String::new(), true),
            (Time::Over, true) => {
                let status = [(301, 302), (308, 307)].iter().find(|(own, _)| *own == self.status);
                let status = status.map_or(self.status, |(_, now)| *now);
                (status, format!("https://else{id}.example/"), true)
            }
            _ => {
                let target = self.target.replace("{ts}", &NOW_S.to_string());
                let target = target.replace(":splat", path.trim_start_matches("/p/"));
                (self.status, format!("https://l{id}.example/{target}"), false)
            }
        };
        let is_gone = status == 410;
        let is_filled = !is_over && !is_gone && !self.target.is_empty();
        let cache = match (self.cache, self.time) {
            _ if is_over => None,
            (Some(seconds), Time::Now(left)) => Some(seconds.min(left)),
            (cache, _) => cache,
        };
        let has_options = self.cache.is_some() || self.referrer || !tag.is_empty();
        let reply = if is_gone {
            "gone".to_owned()
        } else if has_options || self.time != Time::Always || is_filled {
            format!("made {to}")
        } else {
            format!("plain {to}")
        };
        let (via, written) = match (is_gone, is_over) {
            (false, true) => ("else", format!(" {to}")),
            (is_gone, _) => {
                let via = if self.key.ends_with('*') { "prefix" } else { "link" };
                let written = format!(" https://l{id}.example/{}", self.target);
                (via, if is_gone { String::new() } else { written })
            }
        };
        let mut text = format!("{status} {reply} link={id} via={via}{written} tag={tag}");
        text.push_str(if is_gone { " gone" } else { " redirect" });
        if let Some(seconds) = cache {
            write!(text, " max-age={seconds}").unwrap();
        }
        if is_filled && self.target.contains("{ts}") {
            text.push_str(" private");
        }
        if self.referrer && !is_gone {
            text.push_str(" referrer");
        }
        text
    }
}

fn instant(unix_s: u64) -> String {
    jiff::Timestamp::from_second(unix_s as i64).unwrap().to_string()
}

/// What is to be decided, by the model.
fn expected(models: &[Model], method: &str, path: &str, refuses: bool, fallback: bool) -> String {
    let path = if path == "//a" { "/a" } else { path };
    let found = models.iter().find(|model| model.answers(path));
    let decided = found.map(|model| model.decided(path)).unwrap_or_default();
    let keeps_method = decided.starts_with("307") || decided.starts_with("308");
    if !(matches!(method, "GET" | "HEAD") || method == "POST" && keeps_method) {
        return "MethodNotAllowed".to_owned();
    }
    if found.is_none_or(|model| model.key.ends_with('*')) {
        match (path, method) {
            ("/robots.txt", "HEAD") => return "RobotsHead".to_owned(),
            ("/robots.txt", _) => return "Robots".to_owned(),
            ("/favicon.ico", _) => return "Favicon".to_owned(),
            _ => {}
        }
    }
    match found {
        _ if refuses => "Unavailable".to_owned(),
        Some(_) => decided,
        None if fallback => {
            format!(
                "302 made https://fall.example/192.0.2.1 link=0 via=fallback {FALLBACK} tag= unknown \
                 private"
            )
        }
        None => "404 not found link=0 via= tag= unknown".to_owned(),
    }
}

/// A decision as the model says it.
fn told(decision: &Decision<'_>, facts: &Facts<'_>) -> String {
    let decided = match decision {
        Decision::NoClick(fixed) => return format!("{fixed:?}"),
        Decision::Click(decided) => decided,
        Decision::ByRules(_) => panic!("no link here has rules"),
    };
    let (reply, extra) = match decided.reply {
        DecidedReply::Plain { location, .. } => {
            let location = String::from_utf8_lossy(location);
            (format!("plain {location}"), Extra::default())
        }
        DecidedReply::Made { target, captured, extra, .. } => {
            let mut location = Vec::new();
            target.write(&facts.visit(captured), &mut location).unwrap();
            (format!("made {}", String::from_utf8_lossy(&location)), extra)
        }
        DecidedReply::Gone(extra) => ("gone".to_owned(), extra),
        DecidedReply::NotFound => ("not found".to_owned(), Extra::default()),
    };
    if let DecidedReply::Plain { status, .. } | DecidedReply::Made { status, .. } = decided.reply {
        assert_eq!(status.code(), decided.status);
    }
    let DecidedClick { status, verdict, link, tag, via, target, .. } = *decided;
    assert_eq!((decided.variant, decided.reason, decided.signals), (0, 0, 0));
    let mut via = via.number_and_word().1.unwrap().to_owned();
    if !target.is_empty() {
        write!(via, " {}", String::from_utf8_lossy(target)).unwrap();
    }
    let tag = String::from_utf8_lossy(tag);
    let mut text = format!("{status} {reply} link={link} via={via} tag={tag} {verdict}");
    if let Some(seconds) = extra.max_age {
        write!(text, " max-age={seconds}").unwrap();
    }
    for (is_so, word) in [(extra.private, " private"), (extra.referrer.is_some(), " referrer")] {
        text.push_str(if is_so { word } else { "" });
    }
    text
}

fn links(text: &str) -> Links {
    let loaded = load(&[Source::new("links", text.as_bytes(), Format::Native)], OnBadLine::Refuse);
    Links::replicate(&Arc::new(loaded.table.unwrap_or_else(|| panic!("{}", loaded.report))))
}

/// What is decided about a head, as [`told`].
fn decided(links: &Links, head: &str, standing: &Standing<'_>) -> String {
    let bytes = head.as_bytes();
    let Parsed::Whole(request) = parse(bytes) else { panic!("{head}") };
    if let Some(fixed) = without_link(&request) {
        return format!("{fixed:?}");
    }
    let (mut scratch, mut room) = (LookupScratch::default(), Vec::new());
    let path = normalise(request.path.of(bytes), &mut room);
    let unix_us = NOW_S * 1_000_000;
    let facts = Facts { request: &request, bytes, path, peer: &PEER, unix_us };
    let ask = links.ask(facts.host(), path);
    let found = links.find(&ask, path, facts.query(), &mut scratch);
    told(&decide(found, &facts, standing), &facts)
}

fn fallback() -> Fallback {
    Fallback::new(CheckedTarget::parse(FALLBACK.as_bytes()).unwrap()).unwrap()
}

#[test]
fn thousands_of_decisions_are_those_of_a_model() {
    let seed =
        std::env::var("SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    eprintln!("SEED={seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let with_fallback = Builtins { fallback: Some(fallback()), ..Builtins::default() };
    for _ in 0..300 {
        let mut models = Vec::new();
        for (id, key) in (1..).zip(KEYS) {
            if rng.u8(..3) > 0 {
                models.push(Model::random(&mut rng, key, id));
            }
        }
        let text: String = models.iter().map(Model::line).collect();
        let links = links(&text);
        for _ in 0..40 {
            let method = if rng.u8(..8) == 0 { rng.choice(METHODS) } else { Some("GET") };
            let (method, path) = (method.unwrap(), rng.choice(PATHS).unwrap());
            let (refuses, has_fallback) = (rng.u8(..8) == 0, rng.bool());
            let builtins = if has_fallback { &with_fallback } else { &Builtins::default() };
            let standing = Standing { builtins, refuses };
            let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n");
            let wanted = expected(&models, method, path, refuses, has_fallback);
            assert_eq!(decided(&links, &head, &standing), wanted, "{method} {path} of\n{text}");
        }
    }
}

/// A GET of this path, decided with these links.
#[track_caller]
fn check(text: &str, path: &str, wanted: &str) {
    check_with(&Builtins::default(), text, path, wanted);
}

#[track_caller]
fn check_with(builtins: &Builtins, text: &str, path: &str, wanted: &str) {
    let head = format!("GET {path} HTTP/1.1\r\nHost: go.example\r\n\r\n");
    let standing = Standing { builtins, refuses: false };
    assert_eq!(decided(&links(text), &head, &standing), wanted);
}

#[test]
fn decisions_worth_a_line() {
    let redirect =
        "302 made https://a.example/?k=1 link=7 via=link https://a.example/ tag= redirect";
    check("/a https://a.example/ query=keep id=7", "/a?k=1", redirect);
    let own = "302 plain https://own.example/ link=7 via=link https://own.example/ tag= redirect";
    check("/a https://a.example/\ngo.example/a https://own.example/ id=7", "/a", own);
    check("/a https://a.example/", "/A", "404 not found link=0 via= tag= unknown");
    let moved = "302 plain https://a.example/ link=7 via=prefix https://a.example/ tag= redirect";
    check("/* https://a.example/ id=7", "/robots.txt", moved);
    check("/:x.ico https://a.example/ id=7", "/favicon.ico", moved);
    check("/a https://a.example/", "/robots.txt", "Robots");
    let quiet = Builtins {
        robots: Robots::NoReply,
        no_favicon: true,
        health_path: Some(b"/up"[..].into()),
        ..Builtins::default()
    };
    let none = "404 not found link=0 via= tag= unknown";
    for (path, wanted) in [("/robots.txt", none), ("/favicon.ico", none), ("/up", "Health")] {
        check_with(&quiet, "/a https://a.example/", path, wanted);
    }
    check_with(&quiet, "/* https://a.example/", "/up", "Health");
    let own = moved.replace("prefix", "link");
    check_with(&quiet, "/up https://a.example/ id=7", "/up", &own);
    let falls = Builtins { fallback: Some(fallback()), ..Builtins::default() };
    check_with(&falls, "/a https://a.example/", "/robots.txt", "Robots");
    check("/robots.txt 410 id=7", "/robots.txt", "410 gone link=7 via=link tag= gone");
    let early = "/a https://a.example/ from=1994-11-06T08:49:38Z tag=t id=7";
    check(early, "/a", "410 gone link=7 via=link tag=t gone");
}
