//! `carom links check`: what link files hold and what is wrong with them.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use bytesize::ByteSize;
use clap::Args;
use serde_json::{Value, json};

use super::bad_lines::{bad_lines, passed_over};
use crate::cli::places::PlaceArguments;
use crate::cli::reading::ReadingArguments;
use crate::links::{OnBadLine, Problem, Table};
use crate::say::say;
use crate::sources::{Contents, Reading, Sources};
use crate::words::{counted, visible_json, visible_lines};

/// What `carom links check` is asked to do.
#[derive(Args, Clone, Debug)]
pub struct CheckArguments {
    /// Link files; together they make one table
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// What tells of addresses
    #[command(flatten)]
    pub places: PlaceArguments,
    /// How they are read
    #[command(flatten)]
    pub reading: ReadingArguments,
    /// When a line is bad: refuse all links, or skip it and take the rest
    #[arg(long, default_value = OnBadLine::default().name(), value_name = "refuse|skip")]
    pub on_bad_line: Option<OnBadLine>,
    /// Show every bad line, not only the first ones
    #[arg(long)]
    pub all: bool,
    /// List every directive that was passed over
    #[arg(long)]
    pub verbose: bool,
    /// Print everything, with every bad line, as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
pub fn run(wish: &CheckArguments) -> ExitCode {
    let sources = Sources {
        paths: wish.files.clone(),
        reading: Reading { places: wish.places.names(), ..wish.reading.plan() },
        on_bad_line: wish.on_bad_line.unwrap_or_default(),
    };
    let read = match sources.read() {
        Ok(read) => read,
        Err(error) => {
            say(format_args!("{error:#}"));
            return ExitCode::from(2);
        }
    };
    // Whoever stopped reading (`links check | head`) has seen enough.
    let _ = print(wish, &read, &mut io::stdout().lock(), &mut io::stderr().lock());
    ExitCode::from(u8::from(read.table.is_none()))
}

fn print(
    wish: &CheckArguments,
    read: &Contents,
    out: &mut impl Write,
    complaints: &mut impl Write,
) -> io::Result<()> {
    if wish.json {
        return writeln!(out, "{}", visible_json(&to_json(read)));
    }
    complaints.write_all(bad_lines(&read.report, wish.all).as_bytes())?;
    if wish.verbose {
        complaints.write_all(passed_over(&read.report).as_bytes())?;
    }
    out.write_all(visible_lines(&description(read)).as_bytes())
}

fn description(read: &Contents) -> String {
    let mut text = String::new();
    for file in &read.report.files {
        let bad = match file.bad_lines {
            0 => String::new(),
            count => format!(", {}", counted(count, "bad line")),
        };
        let others = match file.others {
            0 => String::new(),
            count => format!(", {}", counted(count, "other directive")),
        };
        text.push_str(&format!("{}: {}{bad}{others}\n", file.name, counted(file.links, "link")));
    }
    text.push_str(&origin(read));
    let bad = read.report.problems.len();
    if !read.report.changed.is_empty() {
        let changed = counted(read.report.changed.len(), "link");
        text.push_str(&format!("changed: {changed}, taken but not quite as in their format\n"));
    }
    match &read.table {
        None => text.push_str(&format!(
            "refused: {}; mend the lines, or pass --on-bad-line skip to leave them out\n",
            counted(bad, "bad line")
        )),
        Some(table) => {
            text.push_str(&totals(table));
            if bad > 0 {
                text.push_str(&format!("left out: {}\n", counted(bad, "bad line")));
            }
        }
    }
    text.push_str(&format!("read in {:.1?}\n", read.took));
    text
}

/// Of a compiled table, what it was made of.
fn origin(read: &Contents) -> String {
    let about = read.about.as_deref().and_then(|about| serde_json::from_str::<Value>(about).ok());
    let Some(about) = about else { return String::new() };
    let said = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let mut text = format!(
        "compiled {} by carom {}, from:\n",
        said(&about["compiled"]),
        said(&about["carom"])
    );
    for file in about["files"].as_array().into_iter().flatten() {
        let links = file["links"].as_u64().unwrap_or(0) as usize;
        let (name, modified) = (said(&file["file"]), said(&file["modified"]));
        text.push_str(&format!("  {name} of {modified}: {}\n", counted(links, "link")));
    }
    text
}

fn totals(table: &Table) -> String {
    let counts = table.counts();
    let memory = table.memory();
    let rules = match counts.with_rules {
        0 => String::new(),
        count => format!(", {} with rules", counted(count, "key")),
    };
    format!(
        "total: {}, {}, {}, {} ({}), {} gone{}\nmemory: {} shared, and {} for each core\n",
        counted(counts.links, "link"),
        counted(counts.hosts, "host"),
        counted(counts.prefixes, "prefix"),
        counted(counts.with_query, "link") + " with a query",
        counted(counts.query_shapes, "query shape"),
        counts.gone,
        rules,
        // The table keeps an index of its own to copy from.
        ByteSize::b(memory.total(0) as u64),
        ByteSize::b(memory.index as u64),
    )
}

fn to_json(read: &Contents) -> Value {
    let report = &read.report;
    let files = report
        .files
        .iter()
        .map(|file| json!({ "file": file.name, "links": file.links, "bad_lines": file.bad_lines, "others": file.others }));
    let line = |problem: &Problem| json!({ "file": problem.file_name, "line": problem.line, "message": problem.message });
    let (problems, changed) = (report.problems.iter().map(line), report.changed.iter().map(line));
    let (passed, notes) = (report.passed.iter().map(line), report.notes.iter().map(line));
    let table = read.table.as_ref().map(|table| {
        let (counts, memory) = (table.counts(), table.memory());
        json!({
            "links": counts.links,
            "hosts": counts.hosts,
            "prefixes": counts.prefixes,
            "placeholders": counts.placeholders,
            "placeholder_shapes": counts.placeholder_shapes,
            "nocase": counts.nocase,
            "slash_ignored": counts.slash,
            "punctuation_ignored": counts.punctuation,
            "with_query": counts.with_query,
            "query_shapes": counts.query_shapes,
            "gone": counts.gone,
            "with_rules": counts.with_rules,
            "caps": counts.caps,
            "shared_bytes": memory.total(0),
            "bytes_per_core": memory.index,
        })
    });
    json!({
        "files": files.collect::<Vec<_>>(),
        "table": table,
        "problems": problems.collect::<Vec<_>>(),
        "changed": changed.collect::<Vec<_>>(),
        "passed_over": passed.collect::<Vec<_>>(),
        "notes": notes.collect::<Vec<_>>(),
        "took_ms": read.took.as_secs_f64() * 1e3,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::BAD_LINES_SHOWN;
    use crate::links::Format;

    /// What is printed (standard output, standard error) for these links.
    fn printed(text: &str, flags: &[&str]) -> (String, String) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("links.txt");
        std::fs::write(&file, text).unwrap();
        let has = |flag| flags.contains(&flag);
        let on_bad_line = if has("skip") { OnBadLine::Skip } else { OnBadLine::Refuse };
        let wish = CheckArguments {
            files: vec![file.clone()],
            places: PlaceArguments::default(),
            reading: ReadingArguments::default(),
            on_bad_line: Some(on_bad_line),
            all: has("all"),
            verbose: has("verbose"),
            json: has("json"),
        };
        let reading = wish.reading.plan();
        let read = Sources { paths: wish.files.clone(), reading, on_bad_line }.read().unwrap();
        let (mut out, mut complaints) = (Vec::new(), Vec::new());
        print(&wish, &read, &mut out, &mut complaints).unwrap();
        let folder = format!("{}/", folder.path().display());
        let text = |bytes| String::from_utf8(bytes).unwrap().replace(&folder, "");
        (text(out), text(complaints))
    }

    const GOOD: &str =
        "/x https://a.example/\na.example/y/* https://b.example/:splat\n/q?id=1 410\n";

    #[test]
    fn good_files_are_described() {
        let (out, complaints) = printed(GOOD, &[]);
        assert_eq!(complaints, "");
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines[0], "links.txt: 3 links");
        assert_eq!(
            lines[1],
            "total: 3 links, 1 host, 1 prefix, 1 link with a query (1 query shape), 1 gone"
        );
        assert!(lines[2].starts_with("memory: ") && lines[3].starts_with("read in "));
    }

    #[test]
    fn bad_lines_are_refused_or_left_out() {
        let (out, complaints) = printed(&format!("{GOOD}/z\n"), &[]);
        assert!(complaints.starts_with("links.txt:4: /z has no target"), "{complaints}");
        assert!(out.contains("links.txt: 3 links, 1 bad line\nrefused: 1 bad line; mend"), "{out}");
        let (out, complaints) = printed(&format!("{GOOD}/z\n"), &["skip"]);
        assert!(complaints.starts_with("links.txt:4: "));
        assert!(out.contains("total: 3 links") && out.contains("left out: 1 bad line\n"), "{out}");
    }

    #[test]
    fn twenty_bad_lines_are_shown_or_all() {
        let text = "/z\n".repeat(30);
        let complaints = printed(&text, &[]).1;
        assert_eq!(complaints.lines().count(), BAD_LINES_SHOWN + 2);
        assert!(complaints.contains("… and 10 more bad lines\n  (--all"), "{complaints}");
        assert_eq!(printed(&text, &["all"]).1.lines().count(), 30);
    }

    #[test]
    fn what_other_formats_mean_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("site.conf");
        std::fs::write(&file, "listen 80;\nlocation /a { return 301 /b; }\n").unwrap();
        let wish = CheckArguments {
            files: vec![file],
            places: PlaceArguments::default(),
            reading: ReadingArguments {
                format: Some(Format::Nginx),
                base: Some("https://h.example".to_owned()),
                ..ReadingArguments::default()
            },
            on_bad_line: Some(OnBadLine::Refuse),
            all: false,
            verbose: true,
            json: false,
        };
        let sources = Sources {
            paths: wish.files.clone(),
            reading: wish.reading.plan(),
            on_bad_line: wish.on_bad_line.unwrap_or_default(),
        };
        let read = sources.read().unwrap();
        let (mut out, mut complaints) = (Vec::new(), Vec::new());
        print(&wish, &read, &mut out, &mut complaints).unwrap();
        let (out, complaints) =
            (String::from_utf8(out).unwrap(), String::from_utf8(complaints).unwrap());
        assert!(out.contains("site.conf: 2 links, 1 other directive\nchanged: 2 links"), "{out}");
        assert_eq!(complaints.matches("site.conf:2: changed: nginx answers all that").count(), 2);
        assert!(complaints.contains("site.conf:1: passed over: listen 80: no redirect\n"));
        assert_eq!(to_json(&read)["changed"][0]["line"], 2);
        assert_eq!(to_json(&read)["passed_over"][0]["line"], 1);
    }

    #[test]
    fn json_has_every_bad_line() {
        let (out, complaints) = printed(&"/z\n".repeat(30), &["json"]);
        assert_eq!(complaints, "");
        let value: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(value["problems"].as_array().unwrap().len(), 30);
        assert_eq!(value["problems"][29]["line"], 30);
        assert!(value["table"].is_null());
        let value: Value = serde_json::from_str(&printed(GOOD, &["json"]).0).unwrap();
        assert_eq!(value["table"]["links"], 3);
        assert_eq!(value["files"][0]["links"], 3);
    }
}
