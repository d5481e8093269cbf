//! Real links: every redirect that a government served in 2013, asked for by its
//! host, path and query. `../shared/data/README.md` tells where they come from.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::both_engines;
use crate::common::urls::{Parameters, Place, Url};
use crate::common::{self, Client, Reply, Setup, carom};

/// All rows of the four files; the README counts them.
const ROWS: usize = 32_612;
/// Rows that may be left out for a reason: "at most a few dozen".
const LEFT_OUT_MAX: usize = 36;
/// Requests sent in one go.
const CHUNK: usize = 64;

/// A row as the file has it.
struct Row {
    file: usize,
    line: u64,
    old: Url,
    new: String,
    status: String,
}

/// Where a row stands: file and line.
type Spot = (usize, u64);

fn files() -> Option<Vec<PathBuf>> {
    let folder = common::shared_data()?.join("govuk");
    let names = ["businesslink_piplinks", "directgov", "number10", "treasury"];
    Some(names.map(|name| folder.join(name).with_extension("csv")).to_vec())
}

fn rows(files: &[PathBuf]) -> Vec<Row> {
    let mut rows = Vec::new();
    for (file, path) in files.iter().enumerate() {
        // One row has fewer cells than the header.
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(path).unwrap();
        for record in reader.records() {
            let record = record.unwrap();
            rows.push(Row {
                file,
                line: record.position().unwrap().line(),
                old: Url::cut(record[0].trim()),
                new: record[1].trim().to_owned(),
                status: record[2].trim().to_owned(),
            });
        }
    }
    assert_eq!(rows.len(), ROWS);
    rows
}

/// What `links check --json` lists: a message for each bad line.
fn left_out(files: &[PathBuf]) -> BTreeMap<Spot, String> {
    let ran = carom(
        ["links", "check", "--json"]
            .map(Path::new)
            .into_iter()
            .chain(files.iter().map(PathBuf::as_path)),
    );
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let problems = report["problems"].as_array().unwrap();
    let spot = |problem: &Value| {
        let name = Path::new(problem["file"].as_str().unwrap());
        let file = files.iter().position(|path| path == name).unwrap();
        (file, problem["line"].as_u64().unwrap())
    };
    let message = |problem: &Value| problem["message"].as_str().unwrap().to_owned();
    let listed: BTreeMap<_, _> = problems.iter().map(|it| (spot(it), message(it))).collect();
    assert_eq!(listed.len(), problems.len(), "each line is listed once");
    listed
}

/// The rows that are served, by what a request for them says.
struct Served<'a> {
    rows: HashMap<(Place, Parameters), &'a Row>,
}

impl<'a> Served<'a> {
    /// Of two rows with one key the first is served. Where the program leaves
    /// another out, or serves the second, this fails.
    fn of(rows: &'a [Row], left_out: &BTreeMap<Spot, String>) -> Self {
        let mut served = HashMap::new();
        for row in rows {
            let key = (row.old.place(), row.old.parameters());
            let message = left_out.get(&(row.file, row.line));
            match (served.get(&key), message) {
                (None, None) => drop(served.insert(key, row)),
                (Some(_), Some(message)) => {
                    assert!(message.contains("already defined"), "{message}");
                }
                (None, Some(message)) => assert!(reason_holds(row, message), "{message}"),
                (Some(first), None) => {
                    let first: &Row = first;
                    panic!("lines {} and {} are one key: {:?}", first.line, row.line, row.old);
                }
            }
        }
        Self { rows: served }
    }

    /// The row that answers: the one with most of the request's parameters.
    fn answer(&self, url: &Url) -> Option<&'a Row> {
        let (place, parameters) = (url.place(), url.parameters());
        if let Some(row) = self.rows.get(&(place.clone(), parameters.clone())) {
            return Some(row);
        }
        // For the few rows that were left out.
        let fits = |(key, _): &(&(Place, Parameters), &&Row)| {
            key.0 == place && key.1.iter().all(|(name, value)| parameters.get(name) == Some(value))
        };
        let best = self.rows.iter().filter(fits).max_by_key(|(key, _)| key.1.len());
        best.map(|(_, row)| *row)
    }
}

/// Whether a person finds in the row what the message says of it.
fn reason_holds(row: &Row, message: &str) -> bool {
    let pattern = row.old.path.contains('*') && message.contains("`*`");
    let bracket = row.new.contains('[') && message.contains("write %5B for the `[`");
    pattern || bracket
}

/// Status, `Location` and verdict.
type Expected<'a> = (u16, Option<&'a str>, &'static str);

fn expected<'a>(row: Option<&'a Row>) -> Expected<'a> {
    match row {
        None => (404, None, "unknown"),
        Some(row) if row.status == "410" => (410, None, "gone"),
        Some(row) => (row.status.parse().unwrap(), Some(&row.new), "redirect"),
    }
}

both_engines!(every_row_is_answered_and_recorded, |engine| {
    let Some(files) = files() else { return };
    let rows = rows(&files);
    let left_out = left_out(&files);
    for ((file, line), message) in &left_out {
        eprintln!("left out: {}:{line}: {message}", files[*file].display());
    }
    assert!(left_out.len() <= LEFT_OUT_MAX);
    let served = Served::of(&rows, &left_out);
    let answers: Vec<_> = rows.iter().map(|row| expected(served.answer(&row.old))).collect();

    let mut setup = Setup::new(engine, "").segments("16MiB").flag("--on-bad-line", "skip");
    setup.links.clone_from(&files);
    let mut server = setup.start();
    assert_eq!(server.started["links"], ROWS - left_out.len());
    assert_eq!(server.started["bad_lines_left_out"], left_out.len());
    server.wait_until_said(&format!("{} bad lines left out", left_out.len()), 1);

    // A kept connection for each file, which is a host.
    for file in 0..files.len() {
        let asked: Vec<_> = rows.iter().zip(&answers).filter(|(row, _)| row.file == file).collect();
        let mut client = Client::new(server.connect());
        for chunk in asked.chunks(CHUNK) {
            ask(&mut client, chunk);
        }
    }

    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    let clicks = server.clicks();
    check_clicks(&clicks, &rows, &answers);
    // Each link that is served has answered, under an id of its own.
    let ids: HashSet<_> = clicks.rows.iter().filter_map(|click| click["link"].as_str()).collect();
    assert_eq!(ids.len(), served.rows.len());
    eprintln!("{} rows asked for, {} left out", rows.len(), left_out.len());
});

/// Asks for the rows of a chunk at once, and checks each answer.
fn ask(client: &mut Client, chunk: &[(&Row, &Expected<'_>)]) {
    let requests: String = chunk
        .iter()
        .map(|(row, _)| {
            format!("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", row.old.target(), row.old.host)
        })
        .collect();
    client.send(requests.as_bytes());
    for (row, (status, location, _)) in chunk {
        let want = Reply { status: *status, location: location.map(str::to_owned), close: false };
        assert_eq!(client.reply(), Some(want), "line {}: {:?}", row.line, row.old);
    }
}

/// One click for each request, and in the order of each connection.
fn check_clicks(clicks: &common::Clicks, rows: &[Row], answers: &[Expected<'_>]) {
    assert_eq!(clicks.code, Some(0), "{}", clicks.said);
    assert_eq!(clicks.rows.len(), rows.len());
    let mut by_host: HashMap<&str, Vec<&Value>> = HashMap::new();
    for click in &clicks.rows {
        by_host.entry(click["host"].as_str().unwrap()).or_default().push(click);
    }
    let mut by_host: HashMap<_, _> =
        by_host.into_iter().map(|(host, clicks)| (host, clicks.into_iter())).collect();
    for (row, (status, _, verdict)) in rows.iter().zip(answers) {
        let click = by_host.get_mut(&*row.old.host).and_then(Iterator::next).unwrap();
        let got = (
            click["path"].as_str().unwrap(),
            click["query"].as_str(),
            click["status"].as_u64().unwrap(),
            click["verdict"].as_str().unwrap(),
            click["link"].is_string(),
            click["generation"].as_u64().unwrap(),
            click["cut"].is_null(),
        );
        let linked = *verdict != "unknown";
        let want = (
            &*row.old.path,
            row.old.query.as_deref(),
            u64::from(*status),
            *verdict,
            linked,
            1,
            true,
        );
        assert_eq!(got, want, "line {}", row.line);
    }
}
