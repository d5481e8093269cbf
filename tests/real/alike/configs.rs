//! Random configurations of nginx, in which each target names the line it stands on.

use std::collections::HashSet;
use std::fmt::Write;

use fastrand::Rng;

/// Stands for the address of the port in `listen`.
pub const ADDRESSES: [&str; 2] = ["{80}", "{81}"];

const PATHS: [&str; 10] =
    ["/a", "/a/", "/a/b", "/a/b/", "/b", "/ab", "/", "/A", "/a/b/c", "/x.php"];
const EXPRESSIONS: [&str; 20] = [
    "^/a$",
    "^/a/(.*)$",
    "^/a/",
    "^/(a|b)$",
    "^/a/?$",
    "^/a(/.*)?$",
    "^/(.*)$",
    "^/a/([^/]+)$",
    r"\.php$",
    "^/b",
    "^/a/b",
    "(?i)^/a$",
    "^/(a|b)/(.*)$",
    "^/A/(.*)$",
    "/b$",
    "^/a/b(?:/|$)",
    "^/a/(b|c)?$",
    "^/a/(?<rest>.+)$",
    "^/(a/.*)$",
    "^",
];
const RAW: [&str; 10] = [
    "^/a$",
    r"^/a\?id=7$",
    "^/a/(.*)$",
    r"^/a(\?.*)?$",
    r"^/a\?",
    "^/b/([^/?]+)$",
    "^/(.*)$",
    r"^/a/b\?id=7&z=1$",
    "^/a/",
    r"^/A/?(?:\?|$)",
];
const NAMES: [&str; 6] =
    ["one.test", "two.test www.two.test", ".wild.test", "_", "three.wild.test", "www.two.test"];
/// Hosts that are asked for.
const HOSTS: [&str; 7] = [
    "one.test",
    "two.test",
    "www.two.test",
    "wild.test",
    "a.wild.test",
    "three.wild.test",
    "other.test",
];
const STATUSES: [&str; 5] = ["301", "302", "303", "307", "308"];

/// Configurations as people have them, a target for each line.
pub const MADE_BY_HAND: [&str; 4] = [
    "map $request_uri $m_new {
    /old-about https://l2.test/about;
    ~*^/a/(.+)$ https://l3.test/$1;
    default \"\";
}
server {
    listen {80};
    server_name one.test;
    if ($m_new != \"\") { return 301 $m_new; }
    location /b { return 301 https://l10.test/b/; }
    location ~ \\.php$ { return 611 ok; }
    location / { return 302 https://l12.test$request_uri; }
}
",
    "server {
    listen {80};
    server_name two.test www.two.test;
    if ($host ~* ^www\\.(.+)$) { return 301 https://l4.test/$1$request_uri; }
    location = /a { return 308 https://l5.test/; }
    location /a/ { return 301 https://l6.test$request_uri; }
    location ^~ /a/b/ { return 607 ok; }
    rewrite ^/b/?$ https://l8.test/? permanent;
}
",
    "server {
    listen {80} default_server;
    server_name _;
    location /a { return 302 https://l4.test/; }
}
server {
    listen {80};
    server_name .wild.test;
    location ~ ^/(a|b)/(.*)$ { return 301 https://l9.test/$2/$1; }
    location / { return 610 ok; }
}
",
    "map $uri $m_flag {
    default 0;
    /a 1;
    ~^/b 1;
}
server {
    listen {80};
    if ($m_flag) { return 307 https://l8.test$request_uri; }
    location / {
        location /a/ { return 301 https://l10.test/; }
        location ~ b { return 611 ok; }
        return 303 https://l12.test/;
    }
}
",
];

/// Makes a configuration.
pub struct Maker<'r> {
    rng: &'r mut Rng,
    /// Stands in the names of variables, which all configurations of a process share.
    number: usize,
    text: String,
    maps: Vec<String>,
    /// What `location`s there are, as nginx takes each once.
    locations: HashSet<String>,
    defaults: HashSet<&'static str>,
}

impl<'r> Maker<'r> {
    /// The text of a configuration with this number, as it stands within `http`.
    pub fn make(rng: &'r mut Rng, number: usize) -> String {
        let (text, maps, locations) = (String::new(), Vec::new(), HashSet::new());
        let mut maker = Maker { rng, number, text, maps, locations, defaults: HashSet::new() };
        for _ in 0..maker.rng.usize(0..3) {
            maker.map();
        }
        for _ in 0..maker.rng.usize(1..4) {
            maker.server();
        }
        maker.text
    }

    fn pick<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        self.rng.choice(texts).unwrap()
    }

    /// The line that is written next.
    fn line(&self) -> usize {
        self.text.matches('\n').count() + 1
    }

    fn add(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn target(&mut self, captures: bool) -> String {
        let start = format!("https://l{}.test", self.line());
        let ends = [
            "/",
            "/x/y",
            "$request_uri",
            "$uri",
            "/$is_args$args",
            "/?q=$arg_id",
            "/x?k=1",
            "/?u=1&$args",
            "/$1",
            "/c/$1",
            "/$1",
        ];
        let end = self.pick(&ends[..if captures { ends.len() } else { ends.len() - 3 }]);
        start + end
    }

    fn map(&mut self) {
        let name = format!("m{}_{}", self.number, self.maps.len());
        let sources =
            ["$uri", "$uri", "$uri", "$request_uri", "$host", "$host$uri", "$arg_id", "$http_x"];
        let source = self.pick(&sources);
        self.add(&format!("map {source} ${name} {{"));
        if self.rng.u8(..3) == 0 {
            let value = self.target(false);
            let value = self.pick(&["\"\"", "0", "none", &value]).to_owned();
            self.add(&format!("    default {value};"));
        }
        let mut keys = HashSet::new();
        for _ in 0..self.rng.usize(1..5) {
            let is_expression = self.rng.bool() && matches!(source, "$uri" | "$request_uri");
            let key = match source {
                "$uri" if is_expression => self.expression(&EXPRESSIONS),
                "$request_uri" if is_expression => self.expression(&RAW),
                "$uri" => self.pick(&PATHS).to_owned(),
                "$request_uri" => self.pick(&["/a", "/a?id=7", "/b/?z=1", "/A/b"]).to_owned(),
                "$host" => self.pick(&["one.test", "a.wild.test", "Two.test"]).to_owned(),
                "$host$uri" => self.pick(&["one.test/a", "a.wild.test/A", "two.test/"]).to_owned(),
                _ => self.pick(&["7", "8", "x"]).to_owned(),
            };
            if !keys.insert(key.to_ascii_lowercase()) {
                continue;
            }
            let captures = key.contains('(') && !key.contains("(?:");
            let value = match self.rng.u8(..12) {
                0 => "none".to_owned(),
                1 => "1".to_owned(),
                _ => self.target(captures && key.starts_with("\"~")),
            };
            self.add(&format!("    {key} {value};"));
        }
        self.add("}");
        self.maps.push(name);
    }

    fn expression(&mut self, texts: &[&str]) -> String {
        let mark = self.pick(&["~", "~", "~*"]);
        format!("\"{mark}{}\"", self.pick(texts))
    }

    fn server(&mut self) {
        self.add("server {");
        let ports = if self.rng.u8(..4) == 0 { &ADDRESSES[..] } else { &ADDRESSES[..1] };
        for port in ports {
            let default = self.rng.u8(..6) == 0 && self.defaults.insert(port);
            self.add(&format!(
                "    listen {port}{};",
                if default { " default_server" } else { "" }
            ));
        }
        if self.rng.u8(..4) > 0 {
            let name = self.pick(&NAMES);
            self.add(&format!("    server_name {name};"));
        }
        self.locations.clear();
        for _ in 0..self.rng.usize(1..6) {
            self.item(1, "/");
        }
        self.add("}");
    }

    /// One directive of a server, or of a location of this path.
    fn item(&mut self, depth: usize, path: &str) {
        let indent = "    ".repeat(depth);
        match self.rng.u8(..14) {
            0..=6 if depth < 3 => self.location(depth, path),
            7 | 8 => {
                let expression = self.pick(&EXPRESSIONS);
                let captures = expression.contains('(') && !expression.contains("(?");
                let target = self.target(captures);
                let flag = self.pick(&["permanent", "redirect"]);
                let drop = if self.rng.bool() { "?" } else { "" };
                let drop = if target.contains('?') { "" } else { drop };
                self.add(&format!("{indent}rewrite \"{expression}\" {target}{drop} {flag};"));
            }
            9 | 10 => {
                let condition = self.condition();
                let answer = self.answer(false);
                self.add(&format!("{indent}if ({condition}) {{ {answer} }}"));
            }
            11 | 12 if !self.maps.is_empty() => {
                let map = self.rng.choice(&self.maps).unwrap().clone();
                let condition = match self.rng.u8(..4) {
                    0 => format!("${map} != none"),
                    1 => format!("${map} = 1"),
                    _ => format!("${map}"),
                };
                let status = self.pick(&STATUSES);
                let line = self.line();
                let answer = match self.rng.u8(..4) {
                    0 => "return 410;".to_owned(),
                    1 => format!("return {status} https://l{line}.test/;"),
                    _ => format!("return {status} ${map};"),
                };
                self.add(&format!("{indent}if ({condition}) {{ {answer} }}"));
            }
            13 if self.rng.bool() => {
                let answer = self.answer(false);
                self.add(&format!("{indent}{answer}"));
            }
            _ => {}
        }
    }

    fn location(&mut self, depth: usize, around: &str) {
        let indent = "    ".repeat(depth);
        let (words, path, captures) = if self.rng.u8(..3) == 0 {
            let expression = self.pick(&EXPRESSIONS);
            let mark = self.pick(&["~", "~", "~*"]);
            let captures = expression.contains('(') && !expression.contains("(?");
            (format!("{mark} \"{expression}\""), None, captures)
        } else {
            let path = self.pick(&PATHS);
            let mark = self.pick(&["= ", "^~ ", "", ""]);
            let known = if mark == "= " { format!("= {path}") } else { path.to_owned() };
            if !path.starts_with(around) || !self.locations.insert(known) {
                return;
            }
            (format!("{mark}{path}"), (mark != "= ").then_some(path), false)
        };
        let has_inner = path.is_some() && self.rng.u8(..3) == 0;
        if has_inner || self.rng.u8(..5) == 0 {
            self.add(&format!("{indent}location {words} {{"));
            for _ in 0..self.rng.usize(0..3) {
                // What has an expression takes no location with a path.
                match path {
                    Some(path) => self.item(depth + 1, path),
                    None => self.item(3, "none"),
                }
            }
            if self.rng.bool() {
                let answer = self.answer(false);
                self.add(&format!("{indent}    {answer}"));
            }
            self.add(&format!("{indent}}}"));
        } else {
            let answer = self.answer(captures);
            self.add(&format!("{indent}location {words} {{ {answer} }}"));
        }
    }

    fn answer(&mut self, captures: bool) -> String {
        match self.rng.u8(..10) {
            0 => "return 410;".to_owned(),
            // The status tells the line.
            1 | 2 => format!("return {} ok;", 600 + self.line()),
            _ => {
                let (status, target) = (self.pick(&STATUSES), self.target(captures));
                format!("return {status} {target};")
            }
        }
    }

    fn condition(&mut self) -> String {
        let path = self.pick(&PATHS);
        let expression = self.pick(&EXPRESSIONS);
        let raw = self.pick(&RAW);
        match self.rng.u8(..11) {
            0 => format!("$uri = {path}"),
            1 => format!("$uri ~ \"{expression}\""),
            2 => format!("$uri ~* \"{expression}\""),
            3 => format!("$request_uri ~ \"{raw}\""),
            4 => self.pick(&["$request_uri = /a", "$request_uri = \"/a?id=7\""]).to_owned(),
            5 => format!("$host = {}", self.pick(&HOSTS)),
            6 => format!("$host != {}", self.pick(&HOSTS)),
            7 => {
                self.pick(&["$arg_id = 7", "$arg_id", "$arg_id = \"\"", "$arg_id != 7"]).to_owned()
            }
            8 => self.pick(&["$args = id=7", "$args", "$args ~ id"]).to_owned(),
            9 => self.pick(&["$http_user_agent ~ bot", "$request_method = POST"]).to_owned(),
            _ => {
                let hosts = ["^www", r"^www\.(.+)$", "^(two|one).test$", "^WWW", "test$", "^(.*)$"];
                format!("$host {} \"{}\"", self.pick(&["~", "~*"]), self.pick(&hosts))
            }
        }
    }
}

/// Whether a server names this host, or carom takes the one for hosts that none names.
pub fn is_asked(text: &str, host: &str) -> bool {
    let names = |line: &str| -> bool {
        let names = line.trim().strip_prefix("server_name ").unwrap_or_default();
        names
            .trim_end_matches(';')
            .split(' ')
            .any(|name| name == host || name.starts_with('.') && format!(".{host}").ends_with(name))
    };
    let first = text.split("server {").nth(1).unwrap_or_default();
    let is_named = first.contains("server_name") && !first.contains("server_name _;");
    let has_default = text.contains(&format!("listen {} default_server", ADDRESSES[0]));
    text.lines().any(names) || has_default || !is_named
}

/// What a visitor may ask for.
pub fn probes(rng: &mut Rng, count: usize) -> Vec<(&'static str, String)> {
    const ASKED: [&str; 22] = [
        "/", "/a", "/a/", "/A", "/a/b", "/a/B", "/a/b/", "/a/b/c", "/ab", "/b", "/b/", "/b/a",
        "/x.php", "/a/x.php", "/c", "/a//b", "/a/c", "/A/b", "/abc", "/a/b.php", "/b/x/y",
        "/a/%20x",
    ];
    const QUERIES: [&str; 7] = ["", "", "", "?id=7", "?id=8", "?id=7&z=1", "?z=1"];
    let probe = |rng: &mut Rng| {
        let mut target = (*rng.choice(ASKED).unwrap()).to_owned();
        write!(target, "{}", rng.choice(QUERIES).unwrap()).unwrap();
        let host = HOSTS[rng.usize(..HOSTS.len())];
        (host, target)
    };
    (0..count).map(|_| probe(rng)).collect()
}
