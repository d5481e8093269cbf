//! Click folders of older formats, written by older versions of carom: they are read,
//! verified, counted and shipped as before, to the byte. `expected` holds what the last
//! version before format 4 made of them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use carom::ship::register::Registered;

use crate::common::bare;

/// A folder of clicks from `tests/fixtures`, in a place of its own.
struct Old {
    fixture: PathBuf,
    work: tempfile::TempDir,
}

impl Old {
    fn new(name: &str) -> Self {
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
        let work = tempfile::tempdir().unwrap();
        copy(&fixture.join("clicks"), &work.path().join("clicks"));
        let key = work.path().join("clicks/.state/click-key");
        fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
        Self { fixture, work }
    }

    fn expected(&self, name: &str) -> PathBuf {
        self.fixture.join("expected").join(name)
    }

    /// What `carom` says to these arguments on standard output and standard error.
    fn carom(&self, arguments: &str) -> (Vec<u8>, Vec<u8>) {
        let mut command = bare();
        command.args(arguments.split(' ')).current_dir(self.work.path());
        let ran = command.output().unwrap();
        assert_eq!(ran.status.code(), Some(0), "{arguments}: {ran:?}");
        (ran.stdout, ran.stderr)
    }

    /// Registers a sink as an older carom did.
    fn register(&self, name: &str, address: &str) {
        let (kind, rest) = address.split_once(':').unwrap();
        let address = format!("{kind}:{}/{rest}", self.work.path().display());
        drop(Registered::open(&self.work.path().join("clicks"), name, &address).unwrap());
    }

    fn prints(&self, arguments: &str, expected: &str) {
        same(&self.carom(arguments).0, &self.expected(expected));
    }

    fn complains(&self, arguments: &str, expected: &str) {
        same(&self.carom(arguments).1, &self.expected(expected));
    }
}

/// The usual columns of that time.
const COLUMNS: &str = "time,shard,seq,link,generation,ip,status,verdict,head,prefetch,host,path,\
                       query,referer,user_agent,tag,id,cut";

/// The same rows without the columns that came later, which say nothing of such clicks.
fn narrowed(rows: Vec<u8>) -> Vec<u8> {
    let rows = String::from_utf8(rows).unwrap();
    let narrow = |row: &str| {
        let more = if row.starts_with("time,") { ",key,target,via" } else { ",,," };
        row.strip_suffix(more).unwrap().to_owned() + "\n"
    };
    rows.lines().map(narrow).collect::<String>().into_bytes()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        match entry.file_type().unwrap().is_dir() {
            true => copy(&path, &to),
            false => drop(fs::copy(path, to).unwrap()),
        }
    }
}

fn same(found: &[u8], expected: &Path) {
    let wanted = fs::read(expected).unwrap();
    let at = found.iter().zip(&wanted).position(|(a, b)| a != b);
    let lengths = (found.len(), wanted.len());
    assert!(found == wanted, "{}: other bytes at {at:?} of {lengths:?}", expected.display());
}

fn read_verified_counted_and_shipped(name: &str) {
    let old = Old::new(name);
    old.prints("clicks cat clicks", "cat.ndjson");
    old.complains("clicks cat clicks", "cat.stderr");
    old.prints(&format!("clicks cat clicks --format csv --columns {COLUMNS}"), "cat.csv");
    let more = old.carom("clicks cat clicks --format csv").0;
    same(&narrowed(more), &old.expected("cat.csv"));
    old.prints("clicks verify clicks --all", "verify.txt");
    old.prints("clicks verify clicks --json", "verify.json");
    old.prints("clicks stats clicks", "stats.txt");
    old.prints("clicks stats clicks --format json", "stats.json");
    old.prints("ship clicks --to stdout", "cat.ndjson");
    old.complains("ship clicks --to file:rows", "ship.stderr");
    // Sinks that are registered keep the columns they have: those of before.
    old.register("table", "file:table csv");
    old.carom("ship clicks --name table --to file:table --format csv");
    let shipped = |path: &str| fs::read(old.work.path().join(path)).unwrap();
    same(&shipped("rows/clicks-0000000001.ndjson"), &old.expected("cat.ndjson"));
    same(&shipped("table/clicks-0000000001.csv"), &old.expected("cat.csv"));
    #[cfg(feature = "parquet")]
    {
        old.register("columns", "parquet:columns");
        old.carom("ship clicks --name columns --to parquet:columns --batch 100");
        for number in [1, 2] {
            let path = format!("date=2026-11-27/hour=13/part-{number:010}.parquet");
            let shipped = old.work.path().join("columns").join(&path);
            same_parquet(&shipped, &old.expected("parquet").join(path));
        }
    }
}

/// The same bytes; of another version of the library, at least the same rows.
#[cfg(feature = "parquet")]
fn same_parquet(found: &Path, expected: &Path) {
    use parquet::file::reader::{FileReader, SerializedFileReader};

    let open = |path: &Path| SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
    let (ours, theirs) = (open(found), open(expected));
    let by = |file: &SerializedFileReader<fs::File>| {
        file.metadata().file_metadata().created_by().map(str::to_owned)
    };
    if by(&ours) == by(&theirs) {
        return same(&fs::read(found).unwrap(), expected);
    }
    let rows = |file: SerializedFileReader<fs::File>| -> Vec<String> {
        file.into_iter().map(|row| row.unwrap().to_string()).collect()
    };
    assert_eq!(rows(ours), rows(theirs));
}

#[test]
fn of_format_2() {
    read_verified_counted_and_shipped("clicks-v2");
}

#[test]
fn of_format_3() {
    read_verified_counted_and_shipped("clicks-v3");
}
