//! Many ids at once: one a line from standard input, and those of a file of conversions.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::process::Stdio;

use carom::clicks::{Click, ClickId, folder::list, key_file};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::ledger::{BEGIN_US, click, folder_of};
use crate::common::{Ran, bare, carom, ended};

/// Long enough that a segment has no more than 150 clicks.
const PATH: &[u8] = &[b'/'; 400];

/// A folder with so many clicks in several segments, and their ids.
fn many(count: u64) -> (TempDir, Vec<String>) {
    let dir = folder_of((0..count).map(|second| Click { path: PATH, ..click(second) }));
    let ids = carom(["clicks", "cat", at(&dir), "--columns", "id", "--format", "csv"]).out;
    let ids: Vec<_> = ids.lines().skip(1).map(str::to_owned).collect();
    assert_eq!(ids.len() as u64, count);
    (dir, ids)
}

fn at(dir: &TempDir) -> &str {
    dir.path().to_str().unwrap()
}

/// Runs `carom clicks get` with this on its standard input.
fn get(stdin: &str, arguments: &[&str]) -> Ran {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("stdin");
    fs::write(&path, stdin).unwrap();
    let mut command = bare();
    command.args(["clicks", "get"]).args(arguments);
    ended(command.stdin(Stdio::from(File::open(path).unwrap())).spawn().unwrap())
}

/// The seconds of the clicks in rows of JSON.
fn seconds(rows: &str) -> Vec<u64> {
    let second = |row: &str| {
        let row: Value = serde_json::from_str(row).unwrap();
        let time: jiff::Timestamp = row["time"].as_str().unwrap().parse().unwrap();
        (time.as_microsecond() as u64 - BEGIN_US) / 1_000_000
    };
    rows.lines().map(second).collect()
}

/// An id with another MAC.
fn forged(id: &str) -> String {
    let mut bytes = ClickId::parse(id.as_bytes()).unwrap().to_bytes();
    bytes[15] ^= 1;
    ClickId::from_bytes(bytes).to_string()
}

#[test]
fn ids_of_standard_input_are_answered_in_their_order() {
    let (dir, ids) = many(400);
    assert!(list(dir.path()).unwrap().len() > 2);
    let order = [399, 0, 200, 200, 7, 398];
    let lines: String = order.iter().map(|at| format!("{}\n", ids[*at])).collect();
    let ran = get(&lines, &["-", "--clicks", at(&dir)]);
    assert_eq!((ran.code, &*ran.err), (Some(0), ""), "{ran:?}");
    assert_eq!(seconds(&ran.out), order.map(|at| at as u64));
    let each =
        carom([&["clicks", "get", "--clicks", at(&dir)][..], &order.map(|at| &*ids[at])].concat());
    assert_eq!(each.out, ran.out);
    // With other columns behind, as a table, to a file.
    let lines: String = order.iter().map(|at| format!("\"{}\";9.50\r\n", ids[*at])).collect();
    let file = dir.path().join("out.csv");
    let flags = ["-", "--clicks", at(&dir), "--format", "csv", "--columns", "id,seq", "-o"];
    let ran = get(
        &format!("click id;payout\n{lines}"),
        &[&flags[..], &[file.to_str().unwrap()]].concat(),
    );
    assert_eq!((ran.code, &*ran.out), (Some(0), ""), "{ran:?}");
    assert!(ran.err.contains("the first line, click id, is taken for the name"), "{ran:?}");
    let rows: String = order.iter().map(|at| format!("{},{}\n", ids[*at], at + 1)).collect();
    assert_eq!(fs::read_to_string(file).unwrap(), format!("id,seq\n{rows}"));
}

#[test]
fn ids_that_give_no_click_are_said() {
    let (dir, ids) = many(400);
    fs::remove_file(&list(dir.path()).unwrap()[0].path).unwrap();
    let other = forged(&ids[1]);
    let lines = format!("{}\nsubid\n\n{other}\n{}\n{}\n", ids[399], ids[0], ids[398]);
    let ran = get(&lines, &["-", "--clicks", at(&dir)]);
    assert_eq!((ran.code, seconds(&ran.out)), (Some(1), vec![399, 398]), "{ran:?}");
    let said: Vec<_> = ran.err.lines().collect();
    assert_eq!(said.len(), 3, "{ran:?}");
    assert!(said[0].contains("subid: not a click id"), "{ran:?}");
    assert!(said[1].contains(&format!("{other}: its MAC does not fit")), "{ran:?}");
    assert!(
        said[2].contains(&format!("{}: segment 1 of shard 0, which held it", ids[0])),
        "{ran:?}"
    );
    let ran = get("", &["-", "--clicks", at(&dir)]);
    assert_eq!((ran.code, &*ran.out, &*ran.err), (Some(0), "", ""));
    let ran = get("", &["-", &ids[0], "--clicks", at(&dir)]);
    assert!(ran.code == Some(2) && ran.err.contains("- stands alone"), "{ran:?}");
}

/// A click that damage has hidden from who reads one after the other is found by its place,
/// and one that it took is told of.
#[test]
fn damage_costs_its_click() {
    let (dir, ids) = many(20);
    let file = &list(dir.path()).unwrap()[0].path;
    let mut bytes = fs::read(file).unwrap();
    let found = |rows: &str| seconds(rows);
    let place = key_file::load(&key_file::beside(dir.path())).unwrap();
    let place = place.open(ClickId::parse(ids[5].as_bytes()).unwrap()).unwrap();
    bytes[place.offset as usize + 30] ^= 0xff;
    fs::write(file, bytes).unwrap();
    let ran = get(&ids.join("\n"), &["-", "--clicks", at(&dir)]);
    let want: Vec<_> = (0..20).filter(|second| *second != 5).collect();
    assert_eq!((ran.code, found(&ran.out)), (Some(1), want), "{ran:?}");
    assert!(ran.err.contains(&format!("{}: the record at byte", ids[5])), "{ran:?}");
}

#[test]
fn conversions_get_the_columns_of_their_clicks() {
    let (dir, ids) = many(400);
    let rows = format!(
        "time,subid,payout\n1,{},-9.50\n2,,0\n3,{},\"a, b\"\n4,x,1\n5,{}\n",
        ids[399],
        ids[3],
        forged(&ids[0])
    );
    let path = dir.path().join("conversions.csv");
    fs::write(&path, &rows).unwrap();
    let file = path.to_str().unwrap();
    let join = |more: &[&str]| {
        carom([&["clicks", "get", at(&dir), "--join", file, "--column", "SubID"], more].concat())
    };
    let ran = join(&["--columns", "time,seq"]);
    let expected = format!(
        "time,subid,payout,click_time,seq\n1,{},-9.50,2025-11-22T08:33:19.000000Z,400\n2,,0,,\n3,{},\"a, b\",\
         2025-11-22T08:26:43.000000Z,4\n4,x,1,,\n5,{},,,\n",
        ids[399],
        ids[3],
        forged(&ids[0])
    );
    assert_eq!((ran.code, &*ran.out), (Some(1), &*expected), "{ran:?}");
    assert_eq!(
        ran.err,
        "carom: 5 rows: 2 with a click, 1 without an id, 1 with what is no id, 1 with an id that no \
         key here signed\n"
    );
    // The same from standard input, and to a file.
    let out = dir.path().join("out.csv");
    let flags = ["--clicks", at(&dir), "--join", "-", "--column", "2", "--columns", "time,seq"];
    let more = ["--json", "-o", out.to_str().unwrap()];
    let ran = get(&rows, &[&flags[..], &more].concat());
    assert_eq!((ran.code, fs::read_to_string(&out).unwrap()), (Some(1), expected), "{ran:?}");
    let totals: Value = serde_json::from_str(&ran.out).unwrap();
    let counts = |name: &str| totals[name].as_u64().unwrap();
    let names = ["rows", "found", "without_id", "no_id", "other_key", "deleted"];
    assert_eq!(names.map(counts), [5, 2, 1, 1, 1, 0]);
    // What is added where nothing is said, and beside that.
    let header = |ran: Ran| ran.out.lines().next().unwrap().to_owned();
    let usual = "time,subid,payout,click_time,key,target,tag,host,path,query,referer";
    assert_eq!(header(join(&[])), usual);
    assert_eq!(header(join(&["--columns", "+country,key"])), format!("{usual},country"));
    let ran = join(&["--json"]);
    assert_eq!(serde_json::from_str::<Value>(&ran.err).unwrap()["rows"], json!(5));
}

#[test]
fn conversions_as_people_have_them() {
    let (dir, ids) = many(2);
    let join = |text: &str, more: &[&str]| {
        let flags = ["--clicks", at(&dir), "--join", "-", "--columns", "seq,tag", "--column"];
        let ran = get(text, &[&flags[..], more].concat());
        (ran.code, ran.out, ran.err)
    };
    let (a, b) = (&ids[0], &ids[1]);
    let check = |text: &str, column: &str, want: &str| {
        let (code, out, said) = join(text, &[column]);
        assert_eq!((code, &*out), (Some(0), want), "{said}");
    };
    // Parted by others, with the line ends of before, or a first line that says so.
    check(
        &format!("\u{feff}subid;n\r\n{a};1,5\r\n{b};\r\n"),
        "subid",
        &format!("subid;n;seq;tag\r\n{a};1,5;1;\r\n{b};;2;\r\n"),
    );
    check(
        &format!("sep=|\nn,m|subid\n1,2|{a}\n"),
        "subid",
        &format!("n,m|subid|seq|tag\n1,2|{a}|1|\n"),
    );
    check(&format!("n\tsubid\n1\t{a}\n"), "subid", &format!("n\tsubid\tseq\ttag\n1\t{a}\t1\t\n"));
    // Without names.
    check(&format!("1,{a}\n2,{b}\n"), "2", &format!("1,{a},1,\n2,{b},2,\n"));
    // Cells may have lines, but a quote that is left open takes none with it.
    check(
        &format!("subid,note\n{a},\"one\ntwo\"\n"),
        "subid",
        &format!("subid,note,seq,tag\n{a},\"one\ntwo\",1,\n"),
    );
    let refused = |text: &str, column: &str, want: &str| {
        let (code, out, said) = join(text, &[column]);
        assert!(code == Some(2) && said.contains(want), "{code:?} {out} {said}");
    };
    refused(
        &format!("subid,note\n{a},\"one\n{b},two\n"),
        "subid",
        "standard input:2: a quote is opened",
    );
    refused(&format!("subid,note\n{a},1,2\n"), "subid", "standard input:2: the row has 3 cells");
    refused("subid,note\n", "clickid", "has no column `clickid`; it has subid, note");
    refused("subid,note\n", "3", "has no column `3`");
    refused("", "subid", "standard input has no rows");
    let ran = get("", &["--clicks", at(&dir), "--join", "-"]);
    assert!(ran.code == Some(2) && ran.err.contains("--column"), "{ran:?}");
    // For a spreadsheet, nothing of it is a formula; amounts are no formulas.
    let excel = join(&format!("subid,n,=x\n{a},-5.00,=1+1\n"), &["subid", "--excel"]);
    assert_eq!(excel.1, format!("\u{feff}subid;n;'=x;seq;tag\r\n{a};-5.00;'=1+1;1;\r\n"));
}

/// What nobody can be told of the clicks without their key is said once.
#[test]
fn who_has_no_key_is_told_that_ids_are_missing() {
    let dir = folder_of((0..3).map(click));
    let key = key_file::beside(dir.path());
    fs::remove_file(&key).unwrap();
    let name = key.to_str().unwrap();
    let ran = carom(["clicks", "cat", at(&dir)]);
    assert_eq!((ran.code, ran.out.matches("\"id\":null").count()), (Some(0), 3), "{ran:?}");
    assert_eq!(
        ran.err.matches("clicks are without their ids; name the key file").count(),
        1,
        "{ran:?}"
    );
    assert!(ran.err.contains(name), "{ran:?}");
    let ran = carom(["clicks", "cat", at(&dir), "--columns", "time"]);
    assert!(!ran.err.contains("without their ids"), "nobody asked for them: {ran:?}");
    let id = "000w0000000100025wqf2r8cm1";
    let file = dir.path().join("conversions.csv");
    fs::write(&file, format!("subid\n{id}\n")).unwrap();
    let join = ["clicks", "get", at(&dir), "--join", file.to_str().unwrap(), "--column", "subid"];
    let ship = ["ship", at(&dir), "--to", "stdout"];
    for needs in [&["clicks", "get", "--clicks", at(&dir), id][..], &join, &ship] {
        let ran = carom(needs);
        assert_eq!((ran.code, &*ran.out), (Some(2), ""), "{ran:?}");
        assert_eq!(ran.err.matches(name).count(), 1, "{ran:?}");
    }
    // Counts have no ids to lack.
    let ran = carom(["clicks", "stats", at(&dir)]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn rows_in_a_file_are_all_there_or_none() {
    let dir = folder_of((0..3).map(click));
    let out = dir.path().join("rows");
    let cat = |more: &[&str]| {
        carom([&["clicks", "cat", at(&dir), "-o", out.to_str().unwrap()], more].concat())
    };
    let printed = carom(["clicks", "cat", at(&dir)]);
    let ran = cat(&[]);
    assert_eq!((ran.code, &*ran.out, &ran.err), (Some(0), "", &printed.err), "{ran:?}");
    assert_eq!(fs::read_to_string(&out).unwrap(), printed.out);
    // What cannot be read leaves what is there.
    let ran = cat(&[dir.path().join("none").to_str().unwrap()]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert_eq!(fs::read_to_string(&out).unwrap(), printed.out);
    assert_eq!(cat(&["--follow"]).code, Some(2));
    let ran = carom(["clicks", "cat", at(&dir), "-o", at(&dir)]);
    assert!(ran.code == Some(2) && ran.err.contains("is a folder; name a file in it"), "{ran:?}");
    let parts = |entry: fs::DirEntry| entry.path().extension().is_some_and(|it| it == "part");
    assert!(!fs::read_dir(dir.path()).unwrap().any(|entry| parts(entry.unwrap())));
}

#[test]
fn only_a_file_gives_way_to_rows() {
    let (dir, ids) = many(3);
    let other = tempfile::tempdir().unwrap();
    let name = |name: &str| other.path().join(name);
    let socket = UnixListener::bind(name("socket")).unwrap();
    symlink("/dev/null", name("null")).unwrap();
    symlink("/proc/self/fd/1", name("stdout")).unwrap();
    let conversions = name("conversions.csv");
    fs::write(&conversions, format!("id\n{}\n", ids[0])).unwrap();
    let join = ["get", at(&dir), "--join", conversions.to_str().unwrap(), "--column", "id"];
    for arguments in [&["cat", at(&dir)][..], &["report", at(&dir)], &join] {
        for taken in ["socket", "null", "stdout"] {
            let to = name(taken);
            let ran = carom([&["clicks"], arguments, &["-o", to.to_str().unwrap()]].concat());
            assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{}", ran.err);
            assert!(ran.err.contains("there is a device, a pipe or a socket"), "{}", ran.err);
            assert!(!to.symlink_metadata().unwrap().is_file());
        }
        let segment = list(dir.path()).unwrap().remove(0).path;
        let before = fs::read(&segment).unwrap();
        let ran = carom([&["clicks"], arguments, &["-o", segment.to_str().unwrap()]].concat());
        assert_eq!(ran.code, Some(2), "{}", ran.err);
        assert!(ran.err.contains("is a segment of a click log"), "{}", ran.err);
        assert_eq!(fs::read(&segment).unwrap(), before);
    }
    drop(socket);
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_parquet_file_needs_a_build_with_it() {
    let dir = folder_of((0..3).map(click));
    let out = dir.path().join("out.parquet");
    let ran =
        carom(["clicks", "cat", at(&dir), "--format", "parquet", "-o", out.to_str().unwrap()]);
    assert!(ran.code == Some(2) && ran.err.contains("--features parquet"), "{ran:?}");
    assert!(!out.exists());
}

#[cfg(feature = "parquet")]
#[test]
fn a_parquet_file_has_the_rows() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;

    let (dir, _) = many(20_000);
    let out = dir.path().join("out.parquet");
    let format = ["--format", "parquet", "--columns", "seq,id,path"];
    let arguments =
        [&["clicks", "cat", at(&dir), "-o", out.to_str().unwrap()], &format[..]].concat();
    let ran = carom(arguments);
    assert_eq!((ran.code, &*ran.out), (Some(0), ""), "{ran:?}");
    let reader = SerializedFileReader::new(File::open(&out).unwrap()).unwrap();
    let row = |row: parquet::errors::Result<parquet::record::Row>| {
        let row = row.unwrap();
        let [id, path] = [1, 2].map(|at| row.get_string(at).unwrap().clone());
        json!({ "seq": row.get_ulong(0).unwrap(), "id": id, "path": path })
    };
    let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(row).collect();
    let printed = carom(["clicks", "cat", at(&dir), "--columns", "seq,id,path"]).out;
    let printed: Vec<Value> =
        printed.lines().map(|row| serde_json::from_str(row).unwrap()).collect();
    assert!(rows == printed && rows.len() == 20_000);
    // The same bytes on standard output, that is no terminal.
    let mut command = bare();
    command.args(["clicks", "cat", at(&dir)]).args(format);
    assert!(command.output().unwrap().stdout == fs::read(&out).unwrap());
    let ran = carom(["clicks", "cat", at(&dir), "--format", "parquet", "--follow"]);
    assert!(ran.code == Some(2) && ran.err.contains("leave out --follow"), "{ran:?}");
    let ran = carom(["clicks", "cat", at(&dir), "--format", "parquet", "--excel"]);
    assert!(ran.code == Some(2) && ran.err.contains("leave out `--format parquet`"), "{ran:?}");
}
