//! Caddyfiles beside a real Caddy.

use carom::links::Format;
use fastrand::Rng;

use super::batches;
use super::caddy::{Caddy, program};
use super::compare::{Answer, Campaign, Case, Own, SITE, Tally, host_and_target};
use super::fitting::{path, pick};
use super::httpd::capitals;
use crate::common::scale::seed;

/// Addresses of a site; the first ones make most of them.
const SITES: [&str; 16] = [
    "h.example",
    "www.h.example",
    "x.example",
    "http://h.example",
    "http://x.example",
    "https://h.example",
    "h.example, www.h.example",
    "h.example,\n\tx.example",
    "*.h.example",
    ":443",
    ":80",
    "http://",
    "h.example:8443",
    "H.example",
    "http://*.h.example",
    "http://h.example https://h.example",
];
const LITERALS: [&str; 7] = ["a", "b", "c", "d.html", "e-f", "A", "7"];
const PATHS: [&str; 26] = [
    "/a", "/a/", "/a/*", "/c/d", "/a/b", "/a/b/", "/a/b/*", "/b", "/b/*", "/ab", "/A", "/A/*",
    "/d.html", "/e-f/*", "/*", "*", "/", "/a*", "/c*", "*.html", "/a*b", "/a?", "/[ab]", "/*/b",
    "/a//b", "/c/./d",
];
const EXPRESSIONS: [&str; 18] = [
    "^/a$",
    "^/a/(.*)$",
    "^/a/?$",
    "^/a(/.*)?$",
    "^/a",
    "^/a/",
    "/a",
    "^/([^/]+)/b$",
    "^/(a|b)/(.*)$",
    "^/a/(?P<p>[^/]+)$",
    "^/d.html$",
    "^/d\\.html$",
    "(?i)^/a$",
    "^/(.*)$",
    "^/a/(\\d+)$",
    "^/a/(.+)$",
    "^/A$",
    "^/$",
];
const CODES: [&str; 14] = [
    "",
    "",
    "",
    "",
    "",
    "permanent",
    "permanent",
    "temporary",
    "301",
    "302",
    "303",
    "307",
    "308",
    "html",
];
/// What stands beside redirects.
const OTHERS: [&str; 10] = [
    "encode gzip",
    "header X-A b",
    "respond /a 404",
    "respond \"not here\" 404",
    "root * /nowhere",
    "log",
    "rewrite /a /b",
    "handle /b/* {\n\t\trespond 204\n\t}",
    "error /a 403",
    "# a comment",
];

struct Writer {
    rng: Rng,
    text: String,
    line: usize,
    /// Paths and expressions that are asked for.
    sources: Vec<String>,
}

impl Writer {
    fn write(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
        self.line += 1 + line.matches('\n').count();
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        pick(&mut self.rng, from)
    }

    fn target(&mut self, captures: &[&str]) -> String {
        let hosts = ["https://to.example", "http://to.example", "", "https://{host}"];
        let most = if self.rng.u8(..8) == 0 { 4 } else { 3 };
        let mut target = format!("{}/t{}_", self.pick(&hosts[..most]), self.line);
        for _ in 0..self.rng.usize(..3) {
            if !captures.is_empty() {
                let before = self.pick(&["/", "/", "/x-", ""]);
                let behind = self.pick(&["", "", ".html", "-x", "/"]);
                target += &format!("{before}{}{behind}", self.pick(captures));
            }
        }
        target += match self.rng.u8(..16) {
            0..3 => "{uri}",
            3 => "{path}",
            4 => "?{query}",
            5 => "?q={query}",
            6 => "?x=1",
            7 => "#part",
            8 => "{path}?x=1",
            9 => "?h={host}",
            10 => "{uri}/x",
            11 => "?p={path}",
            12 => "{http.request.uri.path}?{http.request.uri.query}",
            _ => "",
        };
        target
    }

    /// Declares a matcher; the captures that a target may have.
    fn matcher(&mut self, name: &str) -> Vec<&'static str> {
        let expression = self.pick(&EXPRESSIONS);
        let path = [self.pick(&PATHS), self.pick(&PATHS)];
        let host = self.pick(&["h.example", "x.example", "h.example www.h.example", "H.example"]);
        let query = self.pick(&["id=7", "id=*", "id=7 k=v", "id="]);
        let condition = match self.rng.u8(..14) {
            0..3 => format!("path {}", path[0]),
            3 => format!("path {} {}", path[0], path[1]),
            4..7 => format!("path_regexp re \"{expression}\""),
            7 => format!("path_regexp \"{expression}\""),
            8 => format!("host {host}"),
            9 => format!("query {query}"),
            10 => format!("not path {}", path[0]),
            11 => "method GET".to_owned(),
            12 => "header X-A b".to_owned(),
            _ => "protocol https".to_owned(),
        };
        let is_expression = condition.starts_with("path_regexp");
        self.sources.push(if is_expression { expression } else { path[0] }.to_owned());
        match self.rng.u8(..4) {
            0 => {
                self.write(&format!("\t@{name} {{"));
                self.write(&format!("\t\t{condition}"));
                match self.rng.u8(..4) {
                    0 if !condition.starts_with("host") => {
                        self.write(&format!("\t\thost {host}"));
                    }
                    1 => self.write(&format!("\t\tquery {query}")),
                    _ => {}
                }
                self.write("\t}");
            }
            _ => self.write(&format!("\t@{name} {condition}")),
        }
        if is_expression {
            vec!["{re.re.1}", "{re.re.2}", "{http.regexp.re.1}"]
        } else {
            Vec::new()
        }
    }

    fn redir(&mut self, at: usize) {
        let name = format!("m{at}");
        let (matcher, captures) = match self.rng.u8(..8) {
            0 => (String::new(), Vec::new()),
            1 => ("*".to_owned(), Vec::new()),
            2 | 3 => {
                let captures = self.matcher(&name);
                (format!("@{name}"), captures)
            }
            _ => {
                let most = if self.rng.bool() { 12 } else { PATHS.len() };
                let path = self.pick(&PATHS[..most]);
                self.sources.push(path.to_owned());
                (path.to_owned(), Vec::new())
            }
        };
        let target = self.target(&captures);
        let code = self.pick(&CODES);
        let quote = if self.rng.u8(..8) == 0 { "\"" } else { "" };
        let line = format!("\tredir {matcher} {quote}{target}{quote} {code}");
        match self.rng.u8(..24) {
            0 => {
                let block = self.pick(&["handle", "route", "handle /a/*", "handle_path /a/*"]);
                self.write(&format!("\t{block} {{"));
                let target = self.target(&[]);
                self.write(&format!("\t\tredir {target} {code}"));
                self.write("\t}");
            }
            _ => self.write(&line),
        }
    }
}

fn case(rng: Rng) -> Case {
    let mut own = Writer { rng, text: String::new(), line: 1, sources: Vec::new() };
    if own.rng.u8(..8) == 0 {
        own.write("{\n\temail a@h.example\n}");
    }
    let has_snippet = own.rng.u8(..8) == 0;
    if has_snippet {
        own.write("(moved) {");
        for at in 6..own.rng.usize(7..9) {
            own.redir(at);
        }
        own.write("}");
    }
    let mut hosts = Vec::new();
    for _ in 0..[1, 1, 1, 2, 2, 3][own.rng.usize(..6)] {
        let most = if own.rng.u8(..3) > 0 { 3 } else { SITES.len() };
        let site = own.pick(&SITES[..most]);
        // Two of one address are none to Caddy.
        if hosts.contains(&site) {
            continue;
        }
        hosts.push(site);
        own.write(&format!("{site} {{"));
        for at in 0..own.rng.usize(1..6) {
            own.redir(at);
            if has_snippet && at == 0 {
                own.write("\timport moved");
            }
            if own.rng.u8(..8) == 0 {
                let other = own.pick(&OTHERS);
                own.write(&format!("\t{other}"));
            }
        }
        own.write("}");
    }
    let asks = (0..16).map(|_| own.asked(&hosts)).collect();
    Case { format: Format::Caddy, text: own.text, asks }
}

impl Writer {
    /// A URL; over http only where a site is asked for so.
    fn asked(&mut self, sites: &[&str]) -> String {
        let site = self.pick(sites);
        let is_plain = site.starts_with("http://") || site == ":80";
        let host = match self.rng.u8(..8) {
            0 if !is_plain => {
                self.pick(&["www.h.example", "h.example", "x.example", "y.h.example", "z.example"])
            }
            _ if site.contains('*') => {
                self.pick(&["y.h.example", "www.h.example", "y.z.h.example"])
            }
            _ if site.contains("x.example") && self.rng.bool() => "x.example",
            _ if site.contains("www.") => "www.h.example",
            _ if site.to_lowercase().contains("h.example") => "h.example",
            _ => "x.example",
        };
        let scheme = if is_plain && self.rng.u8(..4) > 0 { "http" } else { "https" };
        let source = match self.sources.is_empty() {
            true => String::new(),
            false => self.sources[self.rng.usize(..self.sources.len())].clone(),
        };
        let path = match self.rng.u8(..12) {
            0 => self.pick(&["/a/x%20y", "/a/caf%C3%A9", "/else", "/dXhtml"]).to_owned(),
            _ => path(&mut self.rng, &source, &LITERALS),
        };
        let query = self.pick(&["", "", "", "", "?y=2", "?id=7", "?id=8&k=v", "?id=7&k=v", "?id="]);
        format!("{scheme}://{host}{path}{query}")
    }
}

/// A location that is a path stays on the host that was asked; of sites for any host carom
/// was told one.
fn spelled(asked: &str, own: &Answer, theirs: Answer) -> Answer {
    let (status, location) = theirs?;
    // Nobody sees the difference of an empty query.
    let location = capitals(&location).replace("?#", "#");
    let location = location.strip_suffix('?').unwrap_or(&location).to_owned();
    if !location.starts_with('/') {
        return Some((status, location));
    }
    let stays = own.as_ref().is_some_and(|(_, location)| location.starts_with(SITE));
    let scheme = asked.split("://").next().unwrap();
    let origin = format!("{scheme}://{}", host_and_target(asked).0);
    Some((status, format!("{}{location}", if stays { SITE } else { &origin })))
}

fn judge(caddy: &Caddy, cases: &[Case], mut judge: impl FnMut(&Case, &Own, &[Answer])) {
    let servers: Vec<_> = cases.iter().map(|case| caddy.servers(&case.text)).collect();
    let served: Vec<_> = servers.iter().flatten().cloned().collect();
    caddy.serve(&served);
    // What it refuses as a whole answers nothing.
    let taken = cases.iter().zip(&servers).filter(|(_, servers)| servers.is_some());
    for (number, (case, _)) in taken.enumerate() {
        let own = case.own();
        let theirs = caddy.ask(number, &case.asks).into_iter();
        let theirs = theirs.zip(&case.asks).zip(&own.answers);
        let theirs: Vec<_> = theirs.map(|((it, asked), own)| spelled(asked, own, it)).collect();
        judge(case, &own, &theirs);
    }
}

/// Compares hand-made files.
pub fn judge_all(cases: &[Case]) {
    let Some(program) = program() else { return };
    let folder = tempfile::tempdir().unwrap();
    judge(&Caddy::start(&program, folder.path()), cases, |case, own, theirs| {
        if let Err(message) = case.judge(own, theirs, &mut Tally::default()) {
            panic!("{message}");
        }
    });
}

/// Files that one Caddy serves at a time.
const BATCH: usize = 200;

#[test]
fn caddyfiles() {
    let Some(program) = program() else { return };
    let folder = tempfile::tempdir().unwrap();
    let caddy = Caddy::start(&program, folder.path());
    let mut rng = Rng::with_seed(seed());
    let mut campaign = Campaign::default();
    for count in batches(BATCH) {
        let cases: Vec<Case> = (0..count).map(|_| case(rng.fork())).collect();
        judge(&caddy, &cases, |case, own, theirs| campaign.judge(case, own, theirs));
    }
    campaign.done("Caddy", 20);
}
