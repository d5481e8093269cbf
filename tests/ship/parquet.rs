//! Parquet: what arrives, once and after kills, and what `DuckDB` makes of it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
use serde_json::Value;

use crate::kills::kill_again_and_again;
use crate::log::Log;
use crate::{ship, shipped, to};

/// All files below a folder. None may be left unfinished.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let is_whole = path.extension().is_some_and(|ending| ending == "parquet");
            assert!(is_whole, "{}", path.display());
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The ids in all files, sorted.
fn ids(folder: &Path) -> Vec<String> {
    let mut ids = Vec::new();
    for path in files(folder) {
        let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
        for row in reader.get_row_iter(None).unwrap() {
            let row = row.unwrap();
            let at = row.get_column_iter().position(|(name, _)| name == "id").unwrap();
            ids.push(row.get_string(at).unwrap().clone());
        }
    }
    ids.sort_unstable();
    ids
}

/// The ids of all clicks, sorted.
fn clicks(log: &Log) -> Vec<String> {
    let rows = log.rows("ndjson").into_iter();
    let mut ids: Vec<_> = rows
        .map(|row| serde_json::from_str::<Value>(&row).unwrap()["id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort_unstable();
    ids
}

#[test]
fn partitions_by_date_and_hour() {
    let log = Log::of(6_000);
    let out = log.path().join("out");
    shipped(&log, &["--to", &to("parquet", &out), "--batch", "3000"]);
    let names: Vec<_> = files(&out)
        .iter()
        .map(|path| path.strip_prefix(&out).unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        names,
        [
            "date=2025-11-22/hour=08/part-0000000001.parquet",
            "date=2025-11-22/hour=09/part-0000000001.parquet",
            "date=2025-11-22/hour=09/part-0000000002.parquet",
            "date=2025-11-22/hour=10/part-0000000002.parquet",
        ]
    );
    assert_eq!(ids(&out), clicks(&log));
}

#[test]
fn columns_that_were_asked_for() {
    let log = Log::of(100);
    let (out, sink) = (log.path().join("out"), to("parquet", &log.path().join("out")));
    shipped(&log, &["--to", &sink, "--columns", "+country,reason,signals"]);
    let reader = SerializedFileReader::new(File::open(&files(&out)[0]).unwrap()).unwrap();
    let row = reader.get_row_iter(None).unwrap().next().unwrap().unwrap();
    let names: Vec<_> = row.get_column_iter().map(|(name, _)| &**name).collect();
    let ends = ["cut", "key", "target", "via", "country", "reason", "signals"];
    assert_eq!((names.len(), &names[17..]), (24, &ends[..]));
    assert_eq!((row.get_string(0).is_err(), row.get_ubyte(22).unwrap()), (true, 0));
    // A sink has the same columns for as long as it is registered.
    let ran = ship(&log, &["--to", &sink]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("columns=+key,target,via,country,reason,signals`, not as"), "{ran:?}");
}

#[test]
fn a_file_of_others_is_not_overwritten() {
    let log = Log::of(100);
    let out = log.path().join("out");
    let taken = out.join("date=2025-11-22/hour=08");
    fs::create_dir_all(&taken).unwrap();
    fs::write(taken.join("part-0000000001.parquet"), "mine").unwrap();
    let ran = ship(&log, &["--to", &to("parquet", &out)]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("is there already"), "{ran:?}");
}

#[test]
fn killed_it_holds_each_click_exactly_once() {
    let mut log = Log::new();
    let (out, outs) = (log.path().join("out"), tempfile::tempdir().unwrap());
    kill_again_and_again(&mut log, &to("parquet", &out), outs.path());
    assert_eq!(ids(&out), clicks(&log));
}

const QUERY: &str = "
import duckdb, json, sys
clicks = f\"read_parquet('{sys.argv[1]}/*/*/*.parquet', hive_partitioning = true)\"
ask = lambda query: duckdb.sql(query.replace('CLICKS', clicks)).fetchall()
print(json.dumps({
    'count': ask('select count(*), count(distinct id) from CLICKS')[0],
    'links': dict(ask('select coalesce(link, \\'\\'), count(*) from CLICKS group by 1')),
    'hours': ask('select count(*) from CLICKS where extract(hour from (time at time zone \\'UTC\\')) <> hour::int')[0][0],
    'dates': ask('select count(*) from CLICKS where (time at time zone \\'UTC\\')::date <> date::date')[0][0],
    'types': dict((name, kind) for name, kind, *_ in ask('describe select * from CLICKS')),
    'first': ask('select epoch_us(time), shard, seq, ip, status, verdict, head, host, path, query, referer, cut from CLICKS order by time limit 1')[0],
}))
";

/// `scripts/test` names a Python that has `DuckDB`.
#[test]
fn duckdb_counts_what_the_ledger_counts() {
    let Some(python) = std::env::var_os("CAROM_PYTHON") else {
        eprintln!("skipped: CAROM_PYTHON does not name a Python with DuckDB; scripts/test sets it");
        return;
    };
    let log = Log::of(6_000);
    let out = log.path().join("out");
    shipped(&log, &["--to", &to("parquet", &out), "--batch", "2500"]);
    let asked = Command::new(python).args(["-c", QUERY]).arg(&out).output().unwrap();
    let complaints = String::from_utf8_lossy(&asked.stderr);
    assert!(asked.status.success(), "{complaints}");
    let found: Value = serde_json::from_slice(&asked.stdout).unwrap();

    let mut links: BTreeMap<String, u64> = BTreeMap::new();
    for row in log.rows("ndjson") {
        let row: Value = serde_json::from_str(&row).unwrap();
        *links.entry(row["link"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    assert_eq!(found["count"], serde_json::json!([6_000, 6_000]));
    assert_eq!(found["links"], serde_json::to_value(links).unwrap());
    assert_eq!((&found["hours"], &found["dates"]), (&0.into(), &0.into()));
    let types = ["time", "shard", "seq", "id", "generation", "status", "verdict", "head", "path"]
        .map(|name| found["types"][name].as_str().unwrap());
    let expected = [
        "TIMESTAMP WITH TIME ZONE",
        "USMALLINT",
        "UBIGINT",
        "VARCHAR",
        "UINTEGER",
        "USMALLINT",
        "VARCHAR",
        "BOOLEAN",
        "VARCHAR",
    ];
    assert_eq!(types, expected);
    assert_eq!(
        found["first"],
        serde_json::json!([
            1_763_801_400_000_000_u64,
            0,
            1,
            "192.0.2.0",
            302,
            "redirect",
            false,
            "go.example",
            "/go/0",
            "from=mail",
            "https://news.example/front-page",
            null
        ])
    );
}
