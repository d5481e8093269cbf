//! `_redirects` of Netlify and Cloudflare Pages beside their own programs.

use carom::links::Format;
use fastrand::Rng;

use super::compare::{Case, SITE};
use super::vendors;

const HOSTS: [&str; 2] = ["h.example", "www.example"];
const SEGMENTS: [&str; 5] = ["a", "b", "c", "d.html", "e-f"];
const NAMES: [&str; 4] = [":p", ":q", ":year", ":x_1"];
/// Sources and targets that people write by mistake.
const ODD_SOURCES: [&str; 16] = [
    "a",
    "a/b",
    "h.example/a",
    "//a",
    "/a//b",
    "/a?x=1",
    "/a#b",
    "/a/*/b",
    "/a*",
    "/a-:p",
    "/:p.html",
    "/A",
    "/:p/:p",
    "/:p/:pq",
    "/a/./b",
    "*",
];
const ODD_TARGETS: [&str; 12] = [
    "/t{}/index.html",
    "/t{}/index",
    "//t{}.example/t{}",
    "t{}",
    "http://t{}.example",
    "https://t{}.example",
    "https://t{}.example?x=1",
    "HTTPS://t{}.example/",
    "https://:p.example/t{}",
    "/t{}/",
    "/t{}",
    "https://t{}.example/#?x",
];
const STATUSES: [&str; 24] = [
    "",
    "",
    "",
    "",
    "301",
    "302",
    "303",
    "301!",
    "",
    "",
    "",
    "",
    "",
    "301",
    "302",
    "303",
    "307",
    "308",
    "301!",
    "200",
    "404",
    "410",
    "3o1",
    "Country=us",
];

/// One random file.
pub struct Writer {
    pub rng: Rng,
    format: Format,
    text: String,
    line: usize,
    /// Of its rules.
    sources: Vec<String>,
}

impl Writer {
    pub fn new(rng: Rng, format: Format) -> Self {
        Writer { rng, format, text: String::new(), line: 1, sources: Vec::new() }
    }

    fn is_netlify(&self) -> bool {
        self.format != Format::Pages
    }

    /// A path, and the names that a target may have.
    fn path(&mut self) -> (String, Vec<&'static str>) {
        let mut names = Vec::new();
        let mut path = String::new();
        for _ in 0..self.rng.usize(..4) {
            let segment = match self.rng.u8(..5) {
                0 => NAMES[self.rng.usize(..NAMES.len())],
                _ => SEGMENTS[self.rng.usize(..SEGMENTS.len())],
            };
            if names.contains(&segment) {
                continue;
            }
            if segment.starts_with(':') {
                names.push(segment);
            }
            path.push('/');
            path.push_str(segment);
        }
        match self.rng.u8(..8) {
            0 | 1 => {
                path.push_str("/*");
                names.push(":splat");
            }
            2 => path.push('/'),
            _ if path.is_empty() => path.push('/'),
            _ => {}
        }
        (path, names)
    }

    fn target(&mut self, names: &[&'static str]) -> String {
        if self.rng.u8(..12) == 0 {
            let target = ODD_TARGETS[self.rng.usize(..ODD_TARGETS.len())];
            return target.replace("{}", &self.line.to_string());
        }
        let host = [
            "",
            "https://to.example",
            "http://to.example",
            "https://other.example",
            "https://h.example",
        ];
        // A target on the host that was asked is a path to Pages.
        let host = &host[..if self.is_netlify() { 5 } else { 4 }];
        let mut target = format!("{}/t{}", host[self.rng.usize(..host.len())], self.line);
        let name = |rng: &mut Rng| match names.is_empty() || rng.u8(..9) == 0 {
            true => NAMES[rng.usize(..NAMES.len())],
            false => names[rng.usize(..names.len())],
        };
        for _ in 0..self.rng.usize(..3) {
            let before = ["/", "/", "/", "/x-", "."][self.rng.usize(..5)];
            let behind = ["", "", "", "", "ter", ".html", "-x"][self.rng.usize(..7)];
            target.push_str(&format!("{before}{}{behind}", name(&mut self.rng)));
        }
        match self.rng.u8(..10) {
            0 => target.push_str("?x=1"),
            1 => target.push_str(&format!("?x={}", name(&mut self.rng))),
            2 => target.push_str("#part"),
            3 => target.push('?'),
            _ => {}
        }
        target
    }

    /// Of a rule on this line.
    pub fn source_and_target(&mut self) -> (String, String) {
        let (mut source, names) = self.path();
        if self.rng.u8(..12) == 0 {
            source = ODD_SOURCES[self.rng.usize(..ODD_SOURCES.len())].to_owned();
        }
        self.sources.push(source.clone());
        (source, self.target(&names))
    }

    fn rule(&mut self) {
        let (source, mut target) = self.source_and_target();
        let mut parameters = String::new();
        if self.is_netlify() && self.rng.u8(..10) == 0 {
            let known = [" id=:id", " id=7", " k=:k id=7", " id", " k=a%20b"];
            parameters = known[self.rng.usize(..known.len())].to_owned();
            if target.starts_with("/t") && self.rng.bool() {
                target.push_str("/:id");
            }
        }
        let status = STATUSES[self.rng.usize(..STATUSES.len())];
        let comment = if self.rng.u8(..12) == 0 { "  # a comment" } else { "" };
        let space = [" ", " ", " ", "\t", "   ", "\u{a0}"][self.rng.usize(..6)];
        let rest = format!("{parameters}{space}{target}{space}{status}{comment}");
        let of_host = self.rng.u8(..if self.is_netlify() { 6 } else { 40 }) == 0;
        if !of_host {
            self.write(&format!("{source}{rest}"));
            // To Netlify it is the same rule again.
            if self.is_netlify() && self.rng.u8(..12) == 0 {
                let other = source.strip_suffix('/').map_or(format!("{source}/"), str::to_owned);
                self.write(&format!("{other}{rest}"));
            }
            return;
        }
        let host = HOSTS[self.rng.usize(..HOSTS.len())];
        let path = if self.rng.u8(..9) == 0 { "" } else { &source };
        let scheme = if self.rng.bool() { "http" } else { "https" };
        self.write(&format!("{scheme}://{host}{path}{rest}"));
        if self.rng.bool() {
            let other = if scheme == "http" { "https" } else { "http" };
            self.write(&format!("{other}://{host}{path}{rest}"));
        }
    }

    pub fn write(&mut self, line: &str) {
        let ends = ["\n", "\n", "\n", "\r\n", " \n"];
        let begins = ["", "", "", "", " "];
        self.text.push_str(begins[self.rng.usize(..begins.len())]);
        self.text.push_str(line);
        self.text.push_str(ends[self.rng.usize(..ends.len())]);
        self.line += 1;
    }

    fn case(rng: Rng, format: Format) -> Case {
        let mut own = Writer::new(rng, format);
        for _ in 0..own.rng.usize(1..12) {
            match own.rng.u8(..20) {
                0 => own.write("# a comment"),
                1 => own.write(""),
                _ => own.rule(),
            }
        }
        own.done()
    }

    /// The file, and what is asked of it.
    pub fn done(mut self) -> Case {
        let asks = (0..16).map(|_| self.asked()).collect();
        Case { format: self.format, text: self.text, asks }
    }

    /// A URL that a source of the file fits, or nearly.
    fn asked(&mut self) -> String {
        let source = self.sources.get(self.rng.usize(..self.sources.len().max(1)));
        let source = source.cloned().unwrap_or_default();
        let mut path = String::new();
        for segment in source.split(['?', '#']).next().unwrap().split('/') {
            let literal = SEGMENTS[self.rng.usize(..SEGMENTS.len())];
            let filled = match segment {
                "" | "." => continue,
                "*" => match self.rng.u8(..3) {
                    0 => "/".to_owned(),
                    1 => format!("/{literal}"),
                    _ => format!("/{literal}/b"),
                },
                _ if segment.starts_with(':') || self.rng.u8(..12) == 0 => format!("/{literal}"),
                _ if segment.contains(['*', ':']) => "/ax".to_owned(),
                _ => format!("/{segment}"),
            };
            path.push_str(&filled);
        }
        match self.rng.u8(..6) {
            0 if path.ends_with('/') => {
                path.pop();
            }
            0 => path.push('/'),
            1 => path.push_str("/b"),
            _ => {}
        }
        let path = path.replace("//", "/");
        let path = if path.is_empty() { "/" } else { &path };
        let query = ["", "", "", "", "?y=2", "?x=3&y=2", "?id=7", "?id=8&k=v", "?id=1&id=7"];
        let query = query[self.rng.usize(..query.len())];
        match self.rng.u8(..if self.is_netlify() { 3 } else { 9 }) {
            0 => {
                let scheme = if self.rng.bool() { "http" } else { "https" };
                format!("{scheme}://{}{path}{query}", HOSTS[self.rng.usize(..HOSTS.len())])
            }
            _ => format!("{SITE}{path}{query}"),
        }
    }
}

#[test]
fn netlify() {
    vendors::check(Format::Netlify, 5, |rng| Writer::case(rng, Format::Netlify));
}

#[test]
fn cloudflare_pages() {
    vendors::check(Format::Pages, 5, |rng| Writer::case(rng, Format::Pages));
}
