//! Link files that are compressed, read as what is in them.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::common::{Ran, bare, carom, ended};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

fn gzip(text: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_ref()).unwrap();
    encoder.finish().unwrap()
}

fn convert(file: &str) -> Ran {
    carom(["links", "convert", file])
}

#[track_caller]
fn check_refused(ran: &Ran, what: &str) {
    assert_eq!((ran.code, &*ran.out), (Some(2), ""), "{ran:?}");
    assert!(ran.err.contains("cannot read the link file") && ran.err.contains(what), "{ran:?}");
}

#[test]
fn the_format_is_told_from_the_name_before_the_ending_and_what_is_in_it() {
    let folder = Folder::new();
    let check = |name: &str, text: &str, want: &str| {
        let ran = convert(&folder.file(name, gzip(text)));
        assert_eq!(ran.out, want, "{name}: {ran:?}");
    };
    check("links.txt.gz", "/a https://a.example/\n", "/a https://a.example/\n");
    check("links.csv.gz", "from,to\n/a,https://a.example/\n", "/a https://a.example/\n");
    check(
        "_redirects.GZ",
        "/a https://a.example/ 302\n",
        "/a https://a.example/ query=keep\n/a/ https://a.example/ query=keep\n",
    );
    check(
        "links.json.gz",
        r#"{"key":"/a","target":"https://a.example/"}"#,
        "/a https://a.example/\n",
    );
    // Its first bytes say that it is compressed, not its name.
    check("links.csv", "from,to\n/a,https://a.example/\n", "/a https://a.example/\n");
    let plain = folder.file("plain.csv.gz", "from,to\n/a,https://a.example/\n");
    assert_eq!(convert(&plain).out, "/a https://a.example/\n");
}

#[test]
fn lines_are_named_by_the_file_that_was_named() {
    let folder = Folder::new();
    let file = folder.file("links.csv.gz", gzip("from,to\n/a,nowhere\n"));
    let ran = carom(["links", "check", &file]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!((ran.out + &ran.err).contains("links.csv.gz:2: the target `nowhere`"));
}

#[test]
fn members_behind_each_other_are_one_file_and_standard_input_is_unpacked_too() {
    let folder = Folder::new();
    let both = [gzip("/a https://a.example/\n"), gzip("/b https://b.example/\n")].concat();
    let want = "/a https://a.example/\n/b https://b.example/\n";
    let file = folder.file("links.gz", &both);
    assert_eq!(convert(&file).out, want);
    let mut command = bare();
    command.args(["links", "convert", "-"]).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&both).unwrap();
    assert_eq!(ended(child).out, want);
    let plain = folder.file("links.txt", want);
    let ran = carom(["links", "diff", &file, &plain]);
    assert_eq!((ran.code, &*ran.out), (Some(0), "0 added, 0 removed, 0 changed, 2 the same\n"));
}

#[test]
fn what_is_not_whole_or_damaged_is_refused() {
    let folder = Folder::new();
    let packed = gzip("/a https://a.example/\n/b https://b.example/\n");
    let cut = folder.file("cut.gz", &packed[..packed.len() - 3]);
    check_refused(&convert(&cut), "it ends in the middle of what is compressed with gzip");
    check_refused(&carom(["links", "check", &cut]), "was cut off, or is still being written");
    check_refused(&convert(&folder.file("empty.csv.gz", "")), "it is empty, and its name says");
    let behind = [&packed[..], b"/c https://c.example/\n"].concat();
    check_refused(&convert(&folder.file("behind.gz", behind)), "something else stands behind");
    let twice = gzip(&packed);
    check_refused(&convert(&folder.file("twice.gz", twice)), "it is compressed twice");
    check_refused(&convert(&folder.file("links.bz2", b"BZh91AY&SY")), "unpack it first: `bzcat ");
}

#[cfg(feature = "zstd")]
#[test]
fn zstd_is_unpacked() {
    let folder = Folder::new();
    let packed = zstd::encode_all(&b"from,to\n/a,https://a.example/\n"[..], 1).unwrap();
    let file = folder.file("links.csv.zst", &packed);
    assert_eq!(convert(&file).out, "/a https://a.example/\n");
    let cut = folder.file("cut.csv.zst", &packed[..packed.len() - 1]);
    check_refused(&convert(&cut), "it ends in the middle of what is compressed with zstd");
}

#[cfg(not(feature = "zstd"))]
#[test]
fn zstd_says_which_build_unpacks_it() {
    let folder = Folder::new();
    let file = folder.file("links.csv.zst", b"\x28\xb5\x2f\xfd\x04");
    check_refused(
        &convert(&file),
        "build it with the feature zstd (cargo install --path . --features zstd)",
    );
}
