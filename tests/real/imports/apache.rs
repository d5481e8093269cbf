//! `.htaccess` files and servers of Apache beside a real one.

use carom::links::Format;
use fastrand::Rng;

use super::batches;
use super::compare::{Campaign, Case, MAP, MAP_LINES, SITE};
use super::httpd::{ADDRESS, Httpd, modules};
use crate::common::scale::seed;

const HOSTS: [&str; 3] = ["h.example", "www.h.example", "x.example"];
const PATHS: [&str; 14] = [
    "/", "/a", "/a/", "/a/b", "/a/b/", "/ab", "/b", "/b/c", "/A", "/d.html", "/a/b/c", "/e-f",
    "/c/", "/a//b",
];
/// Of whole paths.
const EXPRESSIONS: [&str; 36] = [
    "^/a$",
    "^/a/",
    "^/a",
    "^/a/?$",
    "^/a(/.*)?$",
    "^/a/(.*)$",
    "^/a/(.+)$",
    "^/a(.*)$",
    "^/$",
    "^/",
    "/a$",
    "a",
    "^/(a|b)$",
    "^/d.html$",
    r"^/d\.html$",
    "^/a/([^/]+)$",
    "^/[ab]$",
    "^/A$",
    "^/a/b",
    "^/b/(.*)$",
    "^/(.*)$",
    "(.*)",
    "^",
    "^/([^/]+)/([^/]+)$",
    "^/a/([0-9]+)$",
    "^/?a$",
    "^a$",
    "^/c/?$|^/e-f$",
    "^/(a|b)/(.*)$",
    "^/([^/]+)$",
    "^/.*$",
    r"^/(?i)b$",
    "^/a/(b|c)/?$",
    "!^/a",
    "^/a/(.*)/$",
    "^/go/(.*)$",
];
const HOST_PATTERNS: [&str; 10] = [
    r"^h\.example$",
    r"^(www\.)?h\.example$",
    "=x.example",
    r"!^www\.h\.example$",
    r"^www\.",
    "h",
    r"^www\.(.*)$",
    "^h.example$",
    r"^x\.example",
    r"^(.+)\.h\.example$",
];
const QUERY_PATTERNS: [&str; 8] = [
    "^id=7$",
    "^id=([^&]*)$",
    "(^|&)id=7(&|$)",
    "^id=([0-9]+)$",
    "^$",
    "id=7",
    "=id=7",
    "^id=7&k=(v)$",
];
const FLAGS: [&str; 18] = [
    "R,L",
    "R=301,L",
    "R=302,L",
    "L,R=303",
    "R=307,L,NE",
    "R=308,L,QSA",
    "R",
    "R=301",
    "L",
    "R,L,NC",
    "R=permanent,L,QSD",
    "R,L,QSA,NE",
    "NC,R=301,L",
    "R,END",
    "R=410,L",
    "G",
    "F",
    "R,L,E=x:y",
];

fn pick<'a>(rng: &mut Rng, from: &[&'a str]) -> &'a str {
    from[rng.usize(..from.len())]
}

/// One random file.
struct Writer {
    rng: Rng,
    is_directory: bool,
    /// Whether targets may be paths, which stay on the host.
    has_hosts: bool,
    text: String,
    line: usize,
}

impl Writer {
    fn write(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
        self.line += 1;
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        pick(&mut self.rng, from)
    }

    fn target(&mut self, captures: &[&str]) -> String {
        let may_stay = !self.has_hosts || !self.is_directory;
        let hosts = ["https://to.example", "http://to.example", ""];
        let host = self.pick(&hosts[..if may_stay { 3 } else { 2 }]);
        let mut target = format!("{host}/t{}_", self.line);
        for _ in 0..self.rng.usize(..3) {
            if !captures.is_empty() {
                let before = self.pick(&["/", "/", "/", "/x-", ""]);
                let behind = self.pick(&["", "", "", ".html", "-x", "/"]);
                target += &format!("{before}{}{behind}", self.pick(captures));
            }
        }
        match self.rng.u8(..12) {
            0 => target.push_str("?x=1"),
            1 => target.push('?'),
            2 => target.push_str("#part"),
            3 if !captures.is_empty() => target += &format!("?q={}", self.pick(captures)),
            4 => target.push('/'),
            _ => {}
        }
        target
    }

    fn alias(&mut self) {
        let status = self.pick(&["", "", "301 ", "permanent ", "302 ", "seeother ", "307 "]);
        if self.rng.u8(..8) == 0 {
            let path = self.pick(&PATHS);
            let gone = self.pick(&["gone", "410"]);
            return self.write(&format!("Redirect {gone} {path}"));
        }
        if self.rng.bool() {
            let path = self.pick(&PATHS);
            let target = self.target(&[]);
            let name = self.pick(&["Redirect", "Redirect", "redirect", "RedirectPermanent"]);
            let status = if name.len() > 8 { "" } else { status };
            self.write(&format!("{name} {status}{path} {target}"));
        } else {
            let expression = self.pick(&EXPRESSIONS);
            let target = self.target(&["$1", "$1", "$2", "$0"]);
            self.write(&format!("RedirectMatch {status}\"{expression}\" {target}"));
        }
    }

    fn rule(&mut self) {
        let mut expression = self.pick(&EXPRESSIONS).to_owned();
        // Paths of a directory begin with no slash.
        if self.is_directory && self.rng.u8(..12) > 0 {
            expression = expression.replacen("^/?", "^", 1).replacen("^/", "^", 1);
        }
        let mut captures = vec!["$1", "$1", "$2", "$0"];
        for _ in 0..if self.rng.u8(..3) == 0 { self.rng.usize(1..3) } else { 0 } {
            let or = self.pick(&["", "", "[NC]", "[OR]", "[NC,OR]"]);
            let condition = match self.rng.u8(..if self.has_hosts { 8 } else { 4 }) {
                0 => format!("%{{QUERY_STRING}} {}", self.pick(&QUERY_PATTERNS)),
                1 => format!("%{{REQUEST_URI}} \"{}\"", self.pick(&EXPRESSIONS)),
                2 => format!("%{{HTTPS}} {}", self.pick(&["off", "on", "!=on"])),
                3 => "%{REQUEST_FILENAME} !-f".to_owned(),
                _ => format!("%{{HTTP_HOST}} {}", self.pick(&HOST_PATTERNS)),
            };
            self.write(&format!("RewriteCond {condition} {or}"));
            captures.extend(["%1", "%{REQUEST_URI}"]);
        }
        if !self.is_directory && self.rng.u8(..8) == 0 {
            captures = vec!["${m:$1}", "${m:$1|none}", "$1"];
        }
        let flags = self.pick(&FLAGS);
        let mut target = self.target(&captures);
        match self.rng.u8(..16) {
            0 => target = "-".to_owned(),
            1 => {
                let to = "/i/n/d/e.php";
                return self.write(&format!("RewriteRule \"{expression}\" {to} [L]"));
            }
            2 if !self.is_directory => {
                target = format!("${{m:$1|https://to.example/t{}}}", self.line);
            }
            3 if !self.is_directory => {
                self.write("RewriteCond ${m:$1} !=\"\"");
                target = "${m:$1}".to_owned();
            }
            4 => target = format!("https://%{{HTTP_HOST}}/t{}%{{REQUEST_URI}}", self.line),
            _ => {}
        }
        self.write(&format!("RewriteRule \"{expression}\" {target} [{flags}]"));
    }

    fn lines(&mut self, count: usize) {
        for _ in 0..count {
            match self.rng.u8(..12) {
                0 => self.write("# a comment"),
                1 => {
                    self.write("<IfModule !mod_alias.c>");
                    self.write("Redirect / https://never.example/");
                    self.write("</IfModule>");
                }
                2..6 => self.alias(),
                _ => self.rule(),
            }
        }
    }

    /// A part of a file that is for a part of the paths.
    fn location(&mut self) {
        let path = self.pick(&["/a", "/b", "/a/b"]);
        self.write(&format!("<Location \"{path}\">"));
        match self.rng.u8(..3) {
            0 => self.alias(),
            _ => {
                let target = format!("https://to.example/t{}", self.line);
                self.write(&format!("Redirect 301 {target}"));
            }
        }
        self.write("</Location>");
    }

    fn new(rng: Rng, is_directory: bool) -> Self {
        Self { rng, is_directory, has_hosts: false, text: String::new(), line: 1 }
    }

    fn htaccess(rng: Rng) -> Case {
        let mut own = Self::new(rng, true);
        own.has_hosts = own.rng.u8(..3) == 0;
        if own.rng.u8(..20) > 0 {
            own.write("RewriteEngine On");
        }
        let count = own.rng.usize(1..7);
        own.lines(count);
        let text = own.text.clone();
        let asks = (0..16).map(|_| own.asked(&text)).collect();
        Case { format: Format::Htaccess, text, asks }
    }

    fn config(rng: Rng) -> Case {
        let mut own = Self::new(rng, false);
        own.has_hosts = true;
        for _ in 0..own.rng.usize(1..3) {
            own.write(&format!("<VirtualHost {ADDRESS}>"));
            let host = own.pick(&HOSTS);
            own.write(&format!("ServerName {host}"));
            if own.rng.u8(..3) == 0 {
                let alias = own.pick(&["www.h.example", "x.example", "*.h.example"]);
                own.write(&format!("ServerAlias {alias}"));
            }
            own.write("RewriteEngine On");
            own.write(&format!("RewriteMap m txt:{MAP}"));
            let count = own.rng.usize(1..5);
            own.lines(count);
            if own.rng.u8(..5) == 0 {
                own.location();
            }
            own.write("</VirtualHost>");
        }
        let text = own.text.clone();
        let asks = (0..16).map(|_| own.asked(&text)).collect();
        Case { format: Format::Apache, text, asks }
    }

    /// A URL; of a server, at a host that it has.
    fn asked(&mut self, text: &str) -> String {
        let named = |host: &&str| {
            let is = |line: &str| {
                let names = ["ServerName ", "ServerAlias "];
                let name = names.iter().find_map(|word| line.strip_prefix(*word));
                name.is_some_and(|name| {
                    name == *host || name.strip_prefix('*').is_some_and(|end| host.ends_with(end))
                })
            };
            text.lines().any(is)
        };
        let hosts: Vec<&str> = HOSTS.iter().copied().filter(named).collect();
        let host = match (self.is_directory, self.has_hosts) {
            (true, true) if self.rng.bool() => self.pick(&HOSTS),
            (true, _) => &SITE[7..],
            (false, _) => self.pick(&hosts),
        };
        let path = match self.rng.u8(..6) {
            0 => self.pick(&["/a/x%20y", "/a/caf%C3%A9", "/B", "/a/1", "/else", "/dXhtml", "/aX"]),
            1 => self.pick(&["/go/one", "/go/two", "/go/none", "/c", "/a/c", "/b/x/y"]),
            _ => self.pick(&PATHS),
        };
        let query =
            self.pick(&["", "", "", "", "?y=2", "?id=7", "?id=8", "?id=7&k=v", "?k=v&id=7"]);
        format!("http://{host}{}{query}", path.replace("//", "/"))
    }
}

/// Files that one Apache reads.
const BATCH: usize = 200;

fn check(whose: &str, make: fn(Rng) -> Case) {
    let Some(modules) = modules() else { return };
    let mut rng = Rng::with_seed(seed());
    let mut campaign = Campaign::default();
    for count in batches(BATCH) {
        let folder = tempfile::tempdir().unwrap();
        let cases: Vec<Case> = (0..count).map(|_| make(rng.fork())).collect();
        let httpd = Httpd::start(&modules, folder.path(), &cases, &[(MAP, MAP_LINES)]);
        for (number, case) in cases.iter().enumerate() {
            campaign.judge(case, &case.own(), &httpd.ask(number, &case.asks));
        }
    }
    campaign.done(whose, 25);
}

#[test]
fn htaccess() {
    check(".htaccess", Writer::htaccess);
}

#[test]
fn apache_servers() {
    check("Apache", Writer::config);
}
