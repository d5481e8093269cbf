//! A real nginx and carom answer the same requests: 10,000 of a web server's log, and
//! each key of the map in other spellings. Skipped where nginx is not installed.
//!
//! nginx answers from `map $uri $target`, as `docs/links.md` tells to move from.

use std::collections::HashSet;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::both_engines;
use crate::common::{self, Client, Setup, carom, connect, shared_data, until};

/// Requests sent in one go.
const CHUNK: usize = 32;
/// Tries to get a port that nobody else takes before nginx does.
const TRIES: usize = 10;

const CONFIG: &str = "
    daemon off;
    master_process off;
    error_log stderr crit;
    pid {folder}/nginx.pid;
    events { worker_connections 1024; }
    http {
        client_body_temp_path {folder}/body;
        proxy_temp_path {folder}/proxy;
        fastcgi_temp_path {folder}/fastcgi;
        uwsgi_temp_path {folder}/uwsgi;
        scgi_temp_path {folder}/scgi;
        access_log off;
        keepalive_requests 1000000;
        large_client_header_buffers 8 32k;
        map_hash_max_size 65536;
        map_hash_bucket_size 4096;
        {http}
    }
";

const MAPPED: &str = "
    include {folder}/links.map;
    server {
        listen {address};
        if ($target) { return 302 $target; }
        return 404;
    }
";

/// A running nginx. Dropped, it is killed.
pub struct Nginx {
    child: Child,
    pub address: SocketAddr,
}

impl Nginx {
    /// One that serves `links.map` of this folder; `None`, with a message, where it is
    /// not installed.
    fn start(folder: &Path) -> Option<Self> {
        Self::start_with(folder, &|_| MAPPED.to_owned())
    }

    /// One that serves what is made for its port.
    pub fn start_with(folder: &Path, http: &dyn Fn(u16) -> String) -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
        let Some(program) = folders.map(|at| at.join("nginx")).find(|file| file.is_file()) else {
            eprintln!("skipped: nginx is not installed");
            return None;
        };
        let started = (0..TRIES).find_map(|_| Self::try_start(&program, folder, http));
        Some(started.expect("nginx starts"))
    }

    fn try_start(program: &Path, folder: &Path, http: &dyn Fn(u16) -> String) -> Option<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let config = CONFIG
            .replace("{http}", &http(address.port()))
            .replace("{folder}", &folder.display().to_string())
            .replace("{address}", &address.to_string());
        let path = folder.join("nginx.conf");
        fs::write(&path, config).unwrap();
        let mut command = Command::new(program);
        command.arg("-p").arg(folder).arg("-c").arg(&path).args(["-e", "stderr"]);
        let child = command.stdin(Stdio::null()).spawn().unwrap();
        let mut nginx = Self { child, address };
        let mut has_ended = false;
        // It writes that when it listens. Who answers at the address may be somebody else.
        let pid = folder.join("nginx.pid");
        until("nginx listens, or ends", || {
            has_ended = nginx.child.try_wait().unwrap().is_some();
            has_ended || pid.exists()
        });
        (!has_ended).then_some(nginx)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Status and location.
type Answer = (u16, Option<String>);

/// Asks for each of `targets` over kept connections, many at a time.
fn ask(address: SocketAddr, targets: &[String]) -> Vec<Answer> {
    let mut answers = Vec::new();
    while answers.len() < targets.len() {
        let mut client = Client::new(connect(address));
        'connection: for chunk in targets[answers.len()..].chunks(CHUNK) {
            let request = |target| format!("GET {target} HTTP/1.1\r\nHost: go.example\r\n\r\n");
            client.send(chunk.iter().map(request).collect::<String>().as_bytes());
            for _ in chunk {
                let reply = client.reply().expect("an answer");
                answers.push((reply.status, reply.location));
                if reply.close {
                    break 'connection;
                }
            }
        }
    }
    answers
}

/// What nginx calls `$uri`; `None` where that is not text.
fn uri(target: &str) -> Option<String> {
    let mut path = Vec::new();
    let mut rest = target.split('?').next().unwrap().as_bytes();
    while let [first, after @ ..] = rest {
        let byte = match rest {
            [b'%', digits @ ..] => {
                u8::from_str_radix(str::from_utf8(digits.get(..2)?).ok()?, 16).ok()?
            }
            _ => *first,
        };
        rest = if *first == b'%' { &after[2..] } else { after };
        if byte != b'/' || path.last() != Some(&b'/') {
            path.push(byte);
        }
    }
    String::from_utf8(path).ok()
}

/// Request targets of the log, and a folder with a map of some of them.
struct Case {
    folder: TempDir,
    targets: Vec<String>,
}

impl Case {
    fn new() -> Option<Self> {
        let log = fs::read_to_string(shared_data()?.join("access_log_combined.txt")).unwrap();
        let request = |line: &str| line.split('"').nth(1)?.split(' ').nth(1).map(str::to_owned);
        let mut targets: Vec<String> = log.lines().map(|line| request(line).unwrap()).collect();
        assert_eq!(targets.len(), 10_000);
        // carom answers these two by itself, unless a link claims them.
        let mut keys = vec!["/robots.txt".to_owned(), "/favicon.ico".to_owned()];
        let mut known: HashSet<_> = keys.iter().cloned().collect();
        // carom's keys have no star and no control character; it says so of either.
        let is_key = |uri: &String| !uri.contains(|c: char| c == '*' || c.is_control());
        for uri in targets.iter().filter_map(|target| uri(target)).filter(is_key) {
            // nginx compares keys in any case.
            if known.insert(uri.to_ascii_lowercase()) && !known.len().is_multiple_of(3) {
                keys.push(uri);
            }
        }
        targets.extend(keys.iter().flat_map(|key| spellings(key)));
        let folder = tempfile::tempdir().unwrap();
        let quoted = |key: &str| key.replace('\\', r"\\").replace('"', "\\\"");
        let line = |(at, key): (usize, &String)| {
            format!("    \"{}\" https://target.example/{at}?a=b;\n", quoted(key))
        };
        let lines: String = keys.iter().enumerate().map(line).collect();
        let regex = "    ~^/images/(.*)$ https://images.example/x/$1;\n";
        let map = format!("map $uri $target {{\n    default \"\";\n{lines}{regex}}}\n");
        fs::write(folder.path().join("links.map"), map).unwrap();
        Some(Self { folder, targets })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The map as native links.
    fn converted(&self) -> PathBuf {
        let (map, native) = (self.path("links.map"), self.path("links.txt"));
        let mut words = ["links", "convert", "--format", "nginx"].map(PathBuf::from).to_vec();
        words.extend([map, "--output".into(), native.clone()]);
        let ran = carom(words);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        native
    }
}

/// Characters of a path that mean the same to nginx with an escape, and not to carom
/// (RFC 3986 §2.2).
const RESERVED: &[u8] = b"!$&'()+,;=:@";

/// Other spellings of a key that nginx finds, or does not.
fn spellings(key: &str) -> Vec<String> {
    let is_reserved = |byte| RESERVED.contains(&byte);
    let encode = |byte: u8| match byte {
        b'/' | b'.' | b'-' | b'_' | b'~' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() || is_reserved(byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02x}"),
    };
    let encode_more = |byte: u8| match byte {
        byte if byte == b'/' || is_reserved(byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    let plain: String = key.bytes().map(encode).collect();
    vec![
        plain.to_ascii_uppercase(),
        format!("{plain}?a=b&c"),
        format!("{plain}/"),
        format!("{plain}x"),
        format!("/.{plain}"),
        format!("/x/..{plain}"),
        plain.replace('/', "//"),
        key.bytes().map(encode_more).collect(),
    ]
}

both_engines!(nginx_and_carom_answer_alike, |engine| {
    let Some(case) = Case::new() else { return };
    let Some(nginx) = Nginx::start(case.folder.path()) else { return };
    let wanted = ask(nginx.address, &case.targets);
    drop(nginx);
    let redirects = wanted.iter().filter(|(status, _)| *status == 302).count();
    assert!(redirects > 10_000, "{redirects}");
    for (file, format) in [(case.path("links.map"), "nginx"), (case.converted(), "native")] {
        let mut setup = Setup::new(engine, "").segments("16MiB").flag("--format", format);
        setup.links = vec![file];
        let mut server = setup.start();
        let got = ask(server.address, &case.targets);
        for ((target, got), wanted) in case.targets.iter().zip(got).zip(&wanted) {
            assert_eq!(got, *wanted, "{target}, from {format}");
        }
        assert_eq!(server.stop().0, Some(0));
    }
    eprintln!(
        "{}: {} requests answered alike, {redirects} of them with a redirect",
        engine.name(),
        wanted.len()
    );
});

/// The same is found without a server.
#[test]
fn a_replay_finds_no_difference() {
    let Some(case) = Case::new() else { return };
    let log = shared_data().unwrap().join("access_log_combined.txt");
    let path = |path: &Path| path.display().to_string();
    let (map, native) = (path(&case.path("links.map")), path(&case.converted()));
    let words = ["links", "replay", &path(&log), "--old", &map, "--old-format", "nginx"];
    let ran = carom(words.iter().chain(&["--new", &native, "--json"]));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let totals: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(totals["totals"]["different"], 0);
    assert!(totals["totals"]["redirects_new"].as_u64().unwrap() > 5_000, "{totals}");
}
