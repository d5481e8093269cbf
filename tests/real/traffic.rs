//! Real traffic: 10,000 requests of a web server's log, sent again with their
//! referers and user agents. `../shared/data/README.md` tells where they are from.
//!
//! - Values are sent as the log has them. Its escapes (`\xe4`, for bytes outside
//!   ASCII) stay the four characters they are, which a header may hold.
//! - `-` means that there was no such header, and none is sent.
//! - One line has lost its end, within the user agent: it is sent as far as it
//!   goes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use carom::clicks::{Click, LinkName, SegmentEvent, SegmentReader};
use carom::limits::{
    CLICK_PATH_BYTES_MAX, CLICK_REFERER_BYTES_MAX, CLICK_USER_AGENT_BYTES_MAX, SEGMENT_HEADER_BYTES,
};
use carom::rehearsal::tape::{OwnedClick, Tape};
use serde_json::{Value, json};

use crate::both_engines;
use crate::common::urls::segments;
use crate::common::{self, Client, Reply, Server, Setup};

/// All lines of the log; the README counts them.
const LINES: usize = 10_000;
/// Clients that send at the same time.
const CLIENTS: usize = 8;
/// Requests a client sends in one go, at most.
const CHUNK: usize = 16;

const FALLBACK: &str = "https://fallback.example/";
/// What the links answer, in turn.
const STATUSES: [u16; 6] = [301, 302, 303, 307, 308, 410];

/// One line of the log.
struct Logged {
    address: String,
    method: String,
    target: String,
    version: String,
    referer: Option<String>,
    user_agent: Option<String>,
    /// The line has no end.
    torn: bool,
}

impl Logged {
    /// `address - - [time] "method target version" status size "referer" "user agent"`
    fn read(line: &str) -> Self {
        let mut quotes = line.split('"');
        let mut next = || quotes.next().unwrap();
        let (before, request, _, referer, _, user_agent) =
            (next(), next(), next(), next(), next(), next());
        let words: Vec<&str> = request.split(' ').collect();
        let [method, target, version] = words[..] else { panic!("no request: {line}") };
        let given = |value: &str| (value != "-").then(|| value.to_owned());
        Self {
            address: before.split(' ').next().unwrap().to_owned(),
            method: method.to_owned(),
            target: target.to_owned(),
            version: version.to_owned(),
            referer: given(referer),
            user_agent: given(user_agent),
            torn: !line.ends_with('"'),
        }
    }

    fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }

    /// HTTP/1.0 ends the connection (RFC 9112 §9.3).
    fn is_last(&self) -> bool {
        self.version == "HTTP/1.0"
    }

    fn request(&self, host: &str) -> String {
        let Self { method, target, version, .. } = self;
        let field = |name: &str, value: &Option<String>| {
            value.as_ref().map_or(String::new(), |value| format!("{name}: {value}\r\n"))
        };
        let referer = field("Referer", &self.referer);
        let user_agent = field("User-Agent", &self.user_agent);
        let text =
            format!("{method} {target} {version}\r\nHost: {host}\r\n{referer}{user_agent}\r\n");
        // RFC 9110 §5.5: what a field may hold. No line of the log is outside.
        assert!(text.bytes().all(|byte| matches!(byte, b'\r' | b'\n' | b' '..=b'~')), "{text:?}");
        text
    }
}

/// The log; `None`, with a message, where it is absent.
fn log() -> Option<Vec<Logged>> {
    let path = common::shared_data()?.join("access_log_combined.txt");
    let text = std::fs::read_to_string(path).unwrap();
    let log: Vec<_> = text.lines().map(Logged::read).collect();
    assert_eq!(log.len(), LINES);
    Some(log)
}

/// Links for every third path, by its segments.
struct Links(HashMap<Vec<Vec<u8>>, Link>);

struct Link {
    path: String,
    status: u16,
    target: String,
}

impl Links {
    fn sample(log: &[Logged]) -> Self {
        let mut links = HashMap::new();
        let paths: BTreeSet<&str> = log.iter().map(Logged::path).collect();
        // Of what browsers and robots ask for by themselves, one is claimed. A key
        // cannot name a star.
        let usable = |path: &&str| *path != "/robots.txt" && !path.contains('*');
        let sampled = paths.into_iter().filter(usable).step_by(3);
        for (at, path) in sampled.chain(["/favicon.ico"]).enumerate() {
            let status = STATUSES[at % STATUSES.len()];
            let target = format!("https://target.example/{at}");
            let link = || Link { path: path.to_owned(), status, target };
            links.entry(segments(path)).or_insert_with(link);
        }
        Self(links)
    }

    /// As a link file, with keys spelled otherwise than the requests are.
    fn text(&self) -> String {
        let spelled = |path: &str| {
            path.replace('-', "%2d").replace('.', "%2E").replace('_', "%5f").replace("/%", "//%")
        };
        let line = |link: &Link| match (link.status, spelled(&link.path)) {
            (410, key) => format!("{key} 410\n"),
            (status, key) => format!("{key} {} {status}\n", link.target),
        };
        self.0.values().map(line).collect()
    }

    /// What a request is answered with: the reply, and the verdict if it is one
    /// that makes a click.
    fn answer(&self, logged: &Logged) -> (Reply, Option<&'static str>) {
        let reply = |status, location: Option<&str>| Reply {
            status,
            location: location.map(str::to_owned),
            close: logged.is_last(),
        };
        if !matches!(&*logged.method, "GET" | "HEAD") {
            return (reply(405, None), None);
        }
        match self.0.get(&segments(logged.path())) {
            Some(Link { status: 410, .. }) => (reply(410, None), Some("gone")),
            Some(link) => (reply(link.status, Some(&link.target)), Some("redirect")),
            None if logged.path() == "/robots.txt" => (reply(200, None), None),
            None => (reply(302, Some(FALLBACK)), Some("unknown")),
        }
    }
}

/// What one connection has sent: its host, by which its clicks are found, and
/// the clicks it should have.
type Sent = (String, Vec<Value>);

both_engines!(every_request_is_recorded_as_it_was_sent, |engine| {
    let Some(log) = log() else { return };
    let links = Links::sample(&log);
    let server = Setup::new(engine, &links.text()).segments("16MiB");
    let mut server = server.flag("--fallback", FALLBACK).flag("--ip", "full").start();
    assert_eq!(server.started["fallback"], FALLBACK);

    // A visitor's requests go over one client, in the order of the log.
    let mut by_client: Vec<Vec<&Logged>> = vec![Vec::new(); CLIENTS];
    for logged in &log {
        by_client[logged.address.bytes().map(usize::from).sum::<usize>() % CLIENTS].push(logged);
    }
    let sent: Vec<Sent> = std::thread::scope(|scope| {
        let (server, links) = (&server, &links);
        let mut clients = Vec::new();
        for (at, requests) in by_client.iter().enumerate() {
            clients.push(scope.spawn(move || replay(server, links, at, requests)));
        }
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });

    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    let clicks = server.clicks();
    assert_eq!(clicks.code, Some(0), "{}", clicks.said);
    compare(&clicks.rows, &sent);
    report(&log, &links, &clicks.rows, sent.len());
});

/// Sends the requests of one client, over as many connections as HTTP/1.0 wants.
fn replay(server: &Server, links: &Links, client: usize, requests: &[&Logged]) -> Vec<Sent> {
    let mut sent = Vec::new();
    for (at, requests) in requests.split_inclusive(|logged| logged.is_last()).enumerate() {
        let host = format!("connection-{at}.client-{client}.example");
        let mut connection = Client::new(server.connect());
        let mut clicks = Vec::new();
        for chunk in requests.chunks(CHUNK) {
            let bytes: String = chunk.iter().map(|logged| logged.request(&host)).collect();
            connection.send(bytes.as_bytes());
            for logged in chunk {
                let (reply, verdict) = links.answer(logged);
                assert_eq!(connection.reply().as_ref(), Some(&reply), "{}", logged.target);
                clicks.extend(verdict.map(|verdict| click(logged, &host, &reply, verdict)));
            }
        }
        if requests.last().is_some_and(|logged| logged.is_last()) {
            assert_eq!(connection.reply(), None, "it is closed");
        }
        sent.push((host, clicks));
    }
    sent
}

/// The click that a request should make, without the fields that only the
/// server knows.
fn click(logged: &Logged, host: &str, reply: &Reply, verdict: &str) -> Value {
    let mut cuts = Vec::new();
    let mut keep = |name, text: &str, bytes_max| {
        if text.len() <= bytes_max {
            return text.to_owned();
        }
        cuts.push(name);
        text[..bytes_max].to_owned()
    };
    let target = keep("path", &logged.target, CLICK_PATH_BYTES_MAX);
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (&*target, None),
    };
    let mut field = |name, value: &Option<String>, bytes_max| {
        value.as_ref().map(|value| shown(&keep(name, value, bytes_max)))
    };
    let referer = field("referer", &logged.referer, CLICK_REFERER_BYTES_MAX);
    let user_agent = field("user_agent", &logged.user_agent, CLICK_USER_AGENT_BYTES_MAX);
    let mut click = json!({
        "generation": 1,
        "ip": "127.0.0.1",
        "status": reply.status,
        "verdict": verdict,
        "head": logged.method == "HEAD",
        "prefetch": false,
        "host": host,
        "path": shown(path),
        "query": query.map(shown),
        "referer": referer,
        "user_agent": user_agent,
        "tag": null,
        "via": if verdict == "unknown" { "fallback" } else { "link" },
    });
    if let Some(location) = &reply.location {
        click["target"] = json!(location);
    }
    if !cuts.is_empty() {
        click["cut"] = json!(cuts);
    }
    click
}

/// How output spells a value: a backslash that could be taken for its own escape
/// is escaped itself (docs/click-log.md).
fn shown(text: &str) -> String {
    text.replace("\\x", "\\x5cx")
}

/// The path of a click, as it was sent; the log has none that is cut.
fn path_of(row: &Value) -> &str {
    row["path"].as_str().unwrap()
}

/// Every click is one that was sent, and those of a connection are in its order.
fn compare(rows: &[Value], sent: &[Sent]) {
    assert_eq!(rows.len(), sent.iter().map(|(_, clicks)| clicks.len()).sum::<usize>());
    let mut by_host: HashMap<&str, Vec<Value>> = HashMap::new();
    let mut named = 0;
    for row in rows {
        let mut click = row.clone();
        let fields = click.as_object_mut().unwrap();
        for name in ["time", "shard", "seq", "id"] {
            fields.remove(name).unwrap();
        }
        let link = fields.remove("link").unwrap();
        assert_eq!(link.is_null(), row["verdict"] == "unknown", "{row}");
        // A key is spelled otherwise than the path that was asked for.
        let key = fields.remove("key");
        let own = |key: &Value| segments(key.as_str().unwrap()) == segments(path_of(row));
        assert!(key.as_ref().is_none_or(own), "{row}");
        let has_name = key.is_some() || row.get("target").is_some();
        named += usize::from(has_name);
        click["has_name"] = json!(has_name);
        by_host.entry(row["host"].as_str().unwrap()).or_default().push(click);
    }
    for (host, clicks) in sent {
        let got = by_host.remove(&**host).unwrap_or_default();
        assert_eq!(got.len(), clicks.len(), "{host}");
        for (got, want) in got.iter().zip(clicks) {
            let mut want = want.clone();
            want["has_name"] = got["has_name"].clone();
            if want["has_name"] == false {
                want.as_object_mut().unwrap().remove("target");
            }
            assert_eq!(*got, want);
        }
    }
    eprintln!("{named} of {} clicks say where they were sent", rows.len());
    assert!(named > rows.len() / 2, "{named}");
    assert!(by_host.is_empty(), "clicks that nobody made: {by_host:?}");
}

/// A link for each path, which sends to the same path elsewhere.
struct Name<'a>(&'a str, String);

impl LinkName for Name<'_> {
    fn target(&self) -> &[u8] {
        self.1.as_bytes()
    }

    fn key(&self) -> String {
        self.0.to_owned()
    }

    fn key_bytes_max(&self) -> usize {
        self.0.len()
    }
}

/// What a click takes in a segment, its share of the strings included, and with the names
/// of its links.
#[test]
fn a_click_takes_little_room() {
    let Some(log) = log() else { return };
    let paths: BTreeSet<&str> = log.iter().map(Logged::path).collect();
    let name = |path| Name(path, format!("https://www.target.example{path}"));
    let names: BTreeMap<&str, Name<'_>> =
        paths.into_iter().map(|path| (path, name(path))).collect();
    let (nameless, ..) = average_bytes(&log, |_| None);
    let (average, written, named) = average_bytes(&log, |logged| names.get(logged.path()));
    let of = names.len();
    eprintln!(
        "{nameless:.1} bytes a click; {average:.1} with {written} of {of} names, of {named} clicks"
    );
    assert!(nameless <= 130.0 && average - nameless <= 3.0, "{nameless}, {average}");
}

fn id(path: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

/// Bytes of all that is written for the log, for each of its clicks, how many records
/// of names are among it, and for how many clicks those say what their link was.
fn average_bytes<'a>(
    log: &[Logged],
    name: impl Fn(&Logged) -> Option<&'a Name<'a>>,
) -> (f64, usize, usize) {
    let (mut tape, mut writer) = Tape::new(4 * 1024 * 1024);
    let mut written = Vec::new();
    for (sequence, logged) in (1..).zip(log) {
        let text = |text: &Option<String>| text.clone().unwrap_or_default().into_bytes();
        let (referer, user_agent) = (text(&logged.referer), text(&logged.user_agent));
        let click = Click {
            time_us: 1_763_800_000_000_000 + sequence,
            link: id(logged.path()),
            generation: 1,
            ip: [7; 16],
            status: 302,
            host: b"go.example",
            path: logged.target.as_bytes(),
            referer: &referer,
            user_agent: &user_agent,
            tag: b"",
            ..Click::default()
        };
        writer.append_named(&click, name(logged)).unwrap();
        written.push(OwnedClick::of(sequence, &click.cut()));
    }
    writer.close();
    tape.seal();
    let contents = tape.contents();
    assert_eq!(contents.clicks, written);
    assert!(contents.findings.iter().all(|event| matches!(event, SegmentEvent::Link { .. })));
    let bytes: usize = tape.images().iter().map(|image| image.len() - SEGMENT_HEADER_BYTES).sum();
    let mut reader = SegmentReader::open(tape.images().remove(0)).unwrap().unwrap();
    let (mut named, mut event) = (0, reader.next(false).unwrap());
    while event != SegmentEvent::End {
        let is_click = matches!(event, SegmentEvent::Click { .. });
        named += usize::from(is_click && reader.link(reader.click().link, 0).is_some());
        event = reader.next(false).unwrap();
    }
    (bytes as f64 / LINES as f64, contents.findings.len(), named)
}

/// Says how much was compared.
fn report(log: &[Logged], links: &Links, rows: &[Value], connections: usize) {
    let count = |what: &dyn Fn(&Logged) -> bool| log.iter().filter(|logged| what(logged)).count();
    let cut = |name: &str| {
        let has =
            |row: &&Value| row["cut"].as_array().is_some_and(|cut| cut.contains(&json!(name)));
        rows.iter().filter(has).count()
    };
    let other_methods = count(&|logged| !matches!(&*logged.method, "GET" | "HEAD"));
    let robots = count(&|logged| logged.path() == "/robots.txt");
    assert_eq!(rows.len(), LINES - other_methods - robots);
    eprintln!(
        "{LINES} requests over {connections} connections and {} links: {} clicks, {other_methods} \
         other methods, {robots} for robots.txt; {} HEAD; {} lines without their end; cut: {} \
         paths, {} referers, {} user agents",
        links.0.len(),
        rows.len(),
        count(&|logged| logged.method == "HEAD"),
        count(&|logged| logged.torn),
        cut("path"),
        cut("referer"),
        cut("user_agent"),
    );
}
